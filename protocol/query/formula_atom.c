#include <stdio.h>
#include <string.h>

#include "protocol/query/edges.h"
#include "protocol/query/formula_parser.h"
#include "protocol/query/habits.h"
#include "protocol/query/nearest.h"

enum status formula_name_atom(
    struct formula_parser *parser, struct formula_atom *atom)
{
    if (strlen(parser->name) + 1 == sizeof parser->name)
        return formula_fail(parser, parser->word.start, STATUS_LIMIT_REACHED,
            "an expression of more than %d characters", FORMULA_NAME_MAX - 2);
    atom->name = formula_keep(parser, parser->name);
    return atom->name == NULL ? STATUS_NO_MEMORY : STATUS_OK;
}

static void set_levels(
    struct formula_atom *atom, const struct dictionary *dictionary)
{
    const struct variable *variable = &dictionary->variables[atom->variable];
    atom->kind = ATOM_LEVELS;
    atom->level_count = variable_level_count(variable);
}

/* No variable of a dictionary has this name. */
static enum status read_center(
    struct formula_parser *parser, struct formula_atom *atom)
{
    const struct center_list *centers = parser->centers;
    if (centers->count < 2)
        return formula_fail(parser, parser->word.start, STATUS_TOO_FEW_CENTERS,
            "'center' as a term compares centers; one alone answers");
    const char **names =
        arena_allocate(parser->arena, centers->count * sizeof *names);
    for (size_t i = 0; names != NULL && i < centers->count; i++) {
        names[i] = formula_keep(parser, centers->names[i]);
        if (names[i] == NULL)
            return STATUS_NO_MEMORY;
    }
    if (names == NULL)
        return STATUS_NO_MEMORY;
    *atom = (struct formula_atom){.kind = ATOM_LEVELS,
        .variable = FORMULA_CENTER,
        .plain = true,
        .level_count = centers->count,
        .centers = names};
    parser->formula->center_term = true;
    formula_name_add(parser, parser->word.start, parser->word.size);
    formula_advance(parser);
    return formula_name_atom(parser, atom);
}

enum status formula_plain(
    struct formula_parser *parser, struct formula_atom *atom)
{
    struct word word = parser->word;
    size_t variable = 0;
    if (formula_word_is(parser, "center"))
        return read_center(parser, atom);
    enum status status = formula_variable(parser, &variable);
    if (status != STATUS_OK)
        return status;
    if (variable_level_count(&parser->dictionary->variables[variable]) > 0) {
        formula_name_add(parser, word.start, word.size);
        atom->variable = variable;
        atom->plain = true;
        set_levels(atom, parser->dictionary);
        return formula_name_atom(parser, atom);
    }
    parser->word = word; /* once more, as an expression of one name */
    parser->at = word.start + word.size;
    struct expression_step *step = arena_allocate(parser->arena, sizeof *step);
    if (step == NULL)
        return STATUS_NO_MEMORY;
    *step =
        (struct expression_step){.kind = STEP_VARIABLE, .variable = variable};
    *atom = (struct formula_atom){.kind = ATOM_NUMBER,
        .variable = variable,
        .plain = true,
        .degree = 1,
        .expression = {1, step}};
    formula_name_add(parser, word.start, word.size);
    formula_advance(parser);
    return formula_name_atom(parser, atom);
}

/* factor(v): behind the name. */
static enum status read_factor(
    struct formula_parser *parser, struct formula_atom *atom)
{
    struct word word = parser->word;
    enum status status = formula_variable(parser, &atom->variable);
    if (status == STATUS_OK)
        status = formula_take(parser, ")");
    if (status != STATUS_OK)
        return status;
    const struct variable *variable =
        &parser->dictionary->variables[atom->variable];
    set_levels(atom, parser->dictionary);
    if (atom->level_count == 0) {
        int64_t span = (int64_t)variable->max - variable->min + 1;
        if (variable->type != VARIABLE_INTEGER ||
            span > DICTIONARY_CATEGORIES_MAX) {
            return formula_fail(parser, word.start, STATUS_MALFORMED,
                "factor() takes a category, or a whole number with at most %d "
                "values",
                DICTIONARY_CATEGORIES_MAX);
        }
        atom->level_count = (size_t)span;
        atom->first_level = variable->min;
    }
    snprintf(parser->name, sizeof parser->name, "factor(%s)", variable->name);
    return formula_name_atom(parser, atom);
}

static bool read_whole(const struct word *word, int32_t *out)
{
    const struct decimal one = {1, 0};
    struct decimal value;
    bool exact = false;
    return word->kind == WORD_NUMBER &&
           decimal_parse(&value, word->start, word->size) == STATUS_OK &&
           decimal_divide(out, &exact, value, one) == STATUS_OK && exact;
}

/* ns(v, n): behind the name. */
static enum status read_spline(
    struct formula_parser *parser, struct formula_atom *atom)
{
    struct word word = parser->word;
    bool named = false;
    enum status status = formula_variable(parser, &atom->variable);
    if (status == STATUS_OK)
        status = formula_take(parser, ",");
    if (status == STATUS_OK && formula_word_is(parser, "df")) {
        named = true;
        formula_advance(parser);
        status = formula_take(parser, "=");
    }
    if (status != STATUS_OK)
        return status;
    const struct variable *variable =
        &parser->dictionary->variables[atom->variable];
    if (variable_level_count(variable) > 0 || variable->min >= variable->max)
        return formula_fail(parser, word.start, STATUS_MALFORMED,
            "ns() takes a number; '%s' is none", variable->name);
    int32_t df = 0;
    if (!read_whole(&parser->word, &df) || df < 1 || df > FORMULA_DF_MAX)
        return formula_fail(parser, parser->word.start, STATUS_MALFORMED,
            "expected degrees of freedom, 1 to %d", FORMULA_DF_MAX);
    if (variable->knot_count == 0 && df > 1) {
        return formula_fail(parser, parser->word.start, STATUS_MALFORMED,
            "ns(%s, %d) needs %d or more \"knots\" of '%s' in the dictionary, "
            "and there are none; without them write ns(%s, 1), or "
            "%s + I(%s^2)",
            variable->name, (int)df, (int)df - 1, variable->name,
            variable->name, variable->name, variable->name);
    }
    if ((size_t)df > variable->knot_count + 1) {
        return formula_fail(parser, parser->word.start, STATUS_MALFORMED,
            "the dictionary has %zu knots of '%s', for up to %zu degrees of "
            "freedom",
            variable->knot_count, variable->name, variable->knot_count + 1);
    }
    formula_advance(parser);
    status = formula_take(parser, ")");
    if (status != STATUS_OK)
        return status;
    atom->kind = ATOM_SPLINE;
    atom->degree = 1;
    atom->df = (size_t)df;
    snprintf(parser->name, sizeof parser->name, "ns(%s, %s%zu)", variable->name,
        named ? "df = " : "", atom->df);
    return formula_name_atom(parser, atom);
}

static enum status read_stratum(struct formula_parser *parser)
{
    struct formula *formula = parser->formula;
    struct word word = parser->word;
    size_t variable = 0;
    if (formula_word_is(parser, "center")) {
        formula->strata_center = true;
        formula_advance(parser);
        return STATUS_OK;
    }
    enum status status = formula_variable(parser, &variable);
    if (status != STATUS_OK)
        return status;
    if (variable_level_count(&parser->dictionary->variables[variable]) == 0) {
        return formula_fail(parser, word.start, STATUS_MALFORMED,
            "strata are of categories; '%.*s' is a number", (int)word.size,
            word.start);
    }
    if (formula->strata_count == FORMULA_STRATA_MAX)
        return formula_fail(parser, word.start, STATUS_LIMIT_REACHED,
            "more than %d variables in strata()", FORMULA_STRATA_MAX);
    formula->strata[formula->strata_count++] = variable;
    return STATUS_OK;
}

/* strata(a, b): behind the name. */
static enum status read_strata(struct formula_parser *parser)
{
    for (;;) {
        enum status status = read_stratum(parser);
        if (status != STATUS_OK)
            return status;
        if (!formula_word_is(parser, ","))
            return formula_take(parser, ")");
        formula_advance(parser);
    }
}

/* offset(e): behind the name. */
static enum status read_offset(struct formula_parser *parser)
{
    struct formula *formula = parser->formula;
    if (formula->has_offset)
        return formula_fail(parser, parser->word.start, STATUS_MALFORMED,
            "one offset only: add the two inside it");
    enum status status = formula_expression(parser, &formula->offset, false);
    if (status == STATUS_OK)
        status = formula_take(parser, ")");
    if (status == STATUS_OK)
        status = formula_name_atom(parser, &formula->offset);
    formula->has_offset = status == STATUS_OK;
    return status;
}

/* ---- a number in two ---- */

/* "I(" name, then a sign that compares; at the "(". */
static bool is_cut(const struct formula_parser *parser)
{
    struct formula_parser ahead = *parser;
    formula_advance(&ahead);
    formula_advance(&ahead);
    const enum word_kind kind = ahead.word.kind;
    formula_advance(&ahead);
    return kind == WORD_NAME &&
           (*ahead.word.start == '<' || *ahead.word.start == '>');
}

static enum status read_edge(struct formula_parser *parser,
    const struct variable *variable, int32_t *code)
{
    const bool negative = formula_word_is(parser, "-");
    struct decimal value = {0, 0};
    bool exact = false;
    if (negative)
        formula_advance(parser);
    const struct word word = parser->word;
    if (word.kind != WORD_NUMBER ||
        decimal_parse(&value, word.start, word.size) != STATUS_OK)
        return formula_expected(parser, "a number");
    if (negative)
        value.mantissa = -value.mantissa;
    if (decimal_divide(code, &exact, value, variable->resolution) !=
            STATUS_OK ||
        !exact)
        return formula_fail(parser, word.start, STATUS_THRESHOLD_OFF_GRID,
            "'%s' has no such value; it is cut at its edges", variable->name);
    formula_advance(parser);
    return STATUS_OK;
}

/* Behind the sign; *first: the lowest code above the cut. */
static enum status check_cut(struct formula_parser *parser, const char *where,
    const struct variable *variable, int32_t first)
{
    char why[EDGES_TEXT_MAX];
    if (first <= variable->min || first > variable->max)
        return formula_fail(parser, where, STATUS_OUT_OF_RANGE,
            "all values of '%s' are on one side of this", variable->name);
    if (edges_cut(variable, first))
        return STATUS_OK;
    edges_explain(why, variable, first);
    return formula_fail(parser, where, STATUS_THRESHOLD_OFF_GRID, "%s", why);
}

/* From the "I" on. */
static enum status read_cut(
    struct formula_parser *parser, struct formula_atom *atom)
{
    int32_t code = 0;
    formula_advance(parser);
    formula_advance(parser);
    const char *where = parser->word.start;
    enum status status = formula_variable(parser, &atom->variable);
    if (status != STATUS_OK)
        return status;
    const struct variable *variable =
        &parser->dictionary->variables[atom->variable];
    const char *sign = parser->word.start;
    const bool equal = sign[1] == '=';
    if (variable_level_count(variable) > 0)
        return formula_fail(parser, where, STATUS_MALFORMED,
            "'%s' has categories, which have no order: write it as a term",
            variable->name);
    parser->at = sign + 1 + equal;
    formula_advance(parser);
    status = read_edge(parser, variable, &code);
    if (status != STATUS_OK)
        return status;
    atom->kind = ATOM_CUT;
    atom->level_count = 2;
    atom->below = *sign == '<';
    atom->first_level = code + (atom->below == equal ? 1 : 0);
    status = check_cut(parser, where, variable, atom->first_level);
    if (status == STATUS_OK)
        status = formula_take(parser, ")");
    snprintf(parser->name, sizeof parser->name, "I(%s %c%s %.15g)",
        variable->name, *sign, equal ? "=" : "",
        variable_value(variable, code));
    return status == STATUS_OK ? formula_name_atom(parser, atom) : status;
}

/* I(...), log(...): from the name on. */
static enum status read_number(
    struct formula_parser *parser, struct formula_atom *atom)
{
    enum status status = formula_expression(parser, atom, true);
    if (status == STATUS_OK)
        status = formula_name_atom(parser, atom);
    return status;
}

/* A call that is no arithmetic, behind its "(". */
static enum status read_call(struct formula_parser *parser,
    const struct word *word, struct formula_atom *atom)
{
    static const char *const known[] = {"I", "factor", "ns", "strata", "offset",
        "log", "log2", "log10", "log1p", "exp", "sqrt", "abs", "Surv"};
    char name[VARIABLE_NAME_MAX + 1];
    snprintf(name, sizeof name, "%.*s", (int)word->size, word->start);
    if (strcmp(name, "strata") == 0)
        return read_strata(parser);
    if (strcmp(name, "offset") == 0)
        return read_offset(parser);
    if (strcmp(name, "factor") == 0)
        return read_factor(parser, atom);
    if (strcmp(name, "ns") == 0)
        return read_spline(parser, atom);
    const char *instead = habit_function(name);
    if (instead != NULL)
        return formula_fail(parser, word->start, STATUS_UNKNOWN_NAME,
            "a formula has no function '%s'; %s", name, instead);
    char hint[NAME_HINT_MAX];
    return formula_fail(parser, word->start, STATUS_UNKNOWN_NAME,
        "a formula has no function '%s'%s; it has I, factor, ns, strata, "
        "offset, Surv, log, log2, log10, log1p and sqrt",
        name,
        name_hint(
            hint, nearest_name(name, known, sizeof known / sizeof known[0])));
}

enum status formula_atom(
    struct formula_parser *parser, struct formula_atom *atom, bool *alone)
{
    struct word word = parser->word;
    *atom = (struct formula_atom){0};
    *alone = false;
    parser->name[0] = '\0';
    if (*parser->at != '(')
        return formula_plain(parser, atom);
    if (formula_word_is(parser, "I") && is_cut(parser))
        return read_cut(parser, atom);
    if (formula_is_function(&word) || formula_word_is(parser, "I"))
        return read_number(parser, atom);
    *alone =
        formula_word_is(parser, "strata") || formula_word_is(parser, "offset");
    formula_advance(parser);
    formula_advance(parser);
    return read_call(parser, &word, atom);
}
