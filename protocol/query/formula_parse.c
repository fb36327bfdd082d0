#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/query/formula_form.h"
#include "protocol/query/formula_parser.h"
#include "protocol/wire/defence.h"

/* Terms as sets of atoms; the empty set is the intercept. */
struct terms {
    size_t count;
    uint64_t sets[FORMULA_TERMS_MAX];
    bool alone; /* strata() or offset(): no term, and takes part in none */
    bool zero;  /* "0": no intercept */
};

/* The formula being built, in the arena. */
struct built {
    struct formula *formula;
    struct formula_atom *atoms; /* [FORMULA_ATOMS_MAX] */
};

struct reader {
    struct formula_parser parser;
    struct built built;
};

static enum status parse_sum(struct reader *reader, struct terms *out);

/* ---- sets of terms ---- */

static double degree_of(const struct reader *reader, uint64_t set)
{
    double degree = 0;
    for (size_t i = 0; i < reader->built.formula->atom_count; i++) {
        if ((set >> i & 1) != 0)
            degree += reader->built.atoms[i].degree;
    }
    return degree;
}

static enum status terms_add(
    struct reader *reader, struct terms *terms, uint64_t set)
{
    if (degree_of(reader, set) > FORMULA_DEGREE_MAX &&
        DEFENCE("plain-formulas"))
        return formula_fail(&reader->parser, reader->parser.word.start,
            STATUS_MALFORMED,
            "an interaction of numbers has a total degree of at most %d, as "
            "x:y:z or x:I(y^2)",
            FORMULA_DEGREE_MAX);
    for (size_t i = 0; i < terms->count; i++) {
        if (terms->sets[i] == set)
            return STATUS_OK;
    }
    if (terms->count == FORMULA_TERMS_MAX)
        return formula_fail(&reader->parser, reader->parser.word.start,
            STATUS_LIMIT_REACHED, "more than %d terms", FORMULA_TERMS_MAX);
    terms->sets[terms->count++] = set;
    return STATUS_OK;
}

static void terms_remove(struct terms *terms, uint64_t set)
{
    size_t kept = 0;
    for (size_t i = 0; i < terms->count; i++) {
        if (terms->sets[i] != set)
            terms->sets[kept++] = terms->sets[i];
    }
    terms->count = kept;
}

/* a:b for each a of left and b of right; with `and_both` left and right too,
 * which is a*b. */
static enum status terms_cross(struct reader *reader, struct terms *left,
    const struct terms *right, bool and_both)
{
    struct formula_parser *parser = &reader->parser;
    struct terms out = {0};
    enum status status = STATUS_OK;
    if (left->alone || right->alone) {
        return formula_fail(parser, parser->word.start, STATUS_MALFORMED,
            "strata() and offset() are added with '+' and take part in no "
            "interaction");
    }
    if (and_both)
        out = *left;
    for (size_t i = 0; and_both && status == STATUS_OK && i < right->count; i++)
        status = terms_add(reader, &out, right->sets[i]);
    for (size_t i = 0; i < left->count; i++) {
        for (size_t j = 0; status == STATUS_OK && j < right->count; j++)
            status = terms_add(reader, &out, left->sets[i] | right->sets[j]);
    }
    *left = out;
    return status;
}

/* ---- atoms ---- */

static enum status add_atom(
    struct reader *reader, const struct formula_atom *made, struct terms *out)
{
    struct built *built = &reader->built;
    size_t at = 0;
    while (at < built->formula->atom_count &&
           strcmp(built->atoms[at].name, made->name) != 0)
        at++;
    if (at == FORMULA_ATOMS_MAX)
        return formula_fail(&reader->parser, reader->parser.word.start,
            STATUS_LIMIT_REACHED, "more than %d variables", FORMULA_ATOMS_MAX);
    if (at == built->formula->atom_count)
        built->atoms[built->formula->atom_count++] = *made;
    return terms_add(reader, out, (uint64_t)1 << at);
}

/* ---- the right side ---- */

/* (1 | center): behind what stands before the bar. */
static enum status read_random(struct formula_parser *parser, struct terms *out)
{
    const bool intercept = out->count == 1 && out->sets[0] == 0;
    const char *bar = parser->word.start;
    formula_advance(parser);
    if (!intercept || !formula_word_is(parser, "center"))
        return formula_fail(parser, bar, STATUS_MALFORMED,
            "the random effect that can be asked for is (1 | center)");
    formula_advance(parser);
    parser->formula->random_center = true;
    *out = (struct terms){.alone = true};
    return STATUS_OK;
}

/* NOLINTBEGIN(misc-no-recursion): FORMULA_DEPTH_MAX at most */

static enum status parse_primary(struct reader *reader, struct terms *out)
{
    struct formula_parser *parser = &reader->parser;
    *out = (struct terms){0};
    if (formula_word_is(parser, "0") || formula_word_is(parser, "1")) {
        out->zero = *parser->word.start == '0';
        formula_advance(parser);
        return terms_add(reader, out, 0);
    }
    if (formula_word_is(parser, "(")) {
        if (++parser->depth > FORMULA_DEPTH_MAX)
            return formula_fail(parser, parser->word.start,
                STATUS_LIMIT_REACHED, "parentheses nested too deeply");
        formula_advance(parser);
        enum status status = parse_sum(reader, out);
        parser->depth--;
        if (status == STATUS_OK && formula_word_is(parser, "|"))
            status = read_random(parser, out);
        return status == STATUS_OK ? formula_take(parser, ")") : status;
    }
    if (parser->word.kind != WORD_NAME)
        return formula_expected(parser, "a variable");
    struct formula_atom atom;
    enum status status = formula_atom(parser, &atom, &out->alone);
    return status == STATUS_OK && !out->alone ? add_atom(reader, &atom, out)
                                              : status;
}

/* (a + b)^2 */
static enum status parse_power(struct reader *reader, struct terms *out)
{
    struct formula_parser *parser = &reader->parser;
    enum status status = parse_primary(reader, out);
    if (status != STATUS_OK || !formula_word_is(parser, "^"))
        return status;
    formula_advance(parser);
    char digit = '\0';
    if (parser->word.size == 1)
        digit = *parser->word.start;
    if (digit < '1' || digit > '9')
        return formula_expected(
            parser, "1 to 9; a square of values is written I(x^2)");
    formula_advance(parser);
    struct terms once = *out;
    for (char i = '1'; status == STATUS_OK && i < digit; i++)
        status = terms_cross(reader, out, &once, true);
    return status;
}

static enum status parse_cross(struct reader *reader, struct terms *out)
{
    enum status status = parse_power(reader, out);
    while (status == STATUS_OK && formula_word_is(&reader->parser, ":")) {
        struct terms right;
        formula_advance(&reader->parser);
        status = parse_power(reader, &right);
        if (status == STATUS_OK)
            status = terms_cross(reader, out, &right, false);
    }
    return status;
}

static enum status parse_product(struct reader *reader, struct terms *out)
{
    enum status status = parse_cross(reader, out);
    while (status == STATUS_OK && formula_word_is(&reader->parser, "*")) {
        struct terms right;
        formula_advance(&reader->parser);
        status = parse_cross(reader, &right);
        if (status == STATUS_OK)
            status = terms_cross(reader, out, &right, true);
    }
    return status;
}

static enum status join(struct reader *reader, struct terms *out,
    const struct terms *right, bool subtract)
{
    enum status status = STATUS_OK;
    if (subtract && right->alone) {
        return formula_fail(&reader->parser, reader->parser.word.start,
            STATUS_MALFORMED,
            "strata(), offset() and (1 | center) are not taken away");
    }
    for (size_t i = 0; status == STATUS_OK && i < right->count; i++) {
        if (right->zero != subtract)
            terms_remove(out, right->sets[i]);
        else
            status = terms_add(reader, out, right->sets[i]);
    }
    return status;
}

static enum status parse_sum(struct reader *reader, struct terms *out)
{
    struct formula_parser *parser = &reader->parser;
    bool outermost = parser->depth == 0;
    bool subtract = formula_word_is(parser, "-");
    enum status status = STATUS_OK;
    *out = (struct terms){0};
    if (outermost)
        out->count = 1; /* the intercept, unless taken away */
    if (subtract || formula_word_is(parser, "+"))
        formula_advance(parser);
    for (;;) {
        struct terms right;
        status = parse_product(reader, &right);
        if (status == STATUS_OK)
            status = join(reader, out, &right, subtract);
        subtract = formula_word_is(parser, "-");
        if (status != STATUS_OK || (!subtract && !formula_word_is(parser, "+")))
            return status;
        formula_advance(parser);
    }
}

/* NOLINTEND(misc-no-recursion) */

/* ---- the left side ---- */

static enum status read_time(struct reader *reader, size_t *variable)
{
    struct formula_parser *parser = &reader->parser;
    struct word word = parser->word;
    enum status status = formula_variable(parser, variable);
    if (status == STATUS_OK &&
        variable_level_count(&parser->dictionary->variables[*variable]) > 0) {
        status = formula_fail(parser, word.start, STATUS_MALFORMED,
            "a time is a number or days; '%.*s' has categories", (int)word.size,
            word.start);
    }
    return status;
}

/* The last name in Surv() is the event, those before it are times. */
static enum status read_survival(struct reader *reader)
{
    struct formula_parser *parser = &reader->parser;
    struct formula_survival *survival = &reader->built.formula->survival;
    struct word event;
    enum status status = read_time(reader, &survival->stop);
    if (status == STATUS_OK)
        status = formula_take(parser, ",");
    event = parser->word;
    if (status == STATUS_OK)
        status = formula_variable(parser, &survival->event);
    if (status == STATUS_OK && formula_word_is(parser, ",")) {
        parser->word = event; /* it was the second time */
        parser->at = event.start + event.size;
        survival->has_start = true;
        survival->start = survival->stop;
        status = read_time(reader, &survival->stop);
        formula_advance(parser);
        event = parser->word;
        if (status == STATUS_OK)
            status = formula_variable(parser, &survival->event);
    }
    if (status != STATUS_OK)
        return status;
    enum variable_type type =
        parser->dictionary->variables[survival->event].type;
    if (type == VARIABLE_REAL || type == VARIABLE_DAYS)
        return formula_fail(parser, event.start, STATUS_MALFORMED,
            "an event is a boolean, a category or a whole number");
    reader->built.formula->response_kind = RESPONSE_SURVIVAL;
    return formula_take(parser, ")");
}

static enum status read_response(struct reader *reader)
{
    struct formula_parser *parser = &reader->parser;
    struct formula *formula = reader->built.formula;
    struct formula_atom *response = &formula->response;
    size_t variable;
    if (formula_word_is(parser, "~"))
        return STATUS_OK;
    if (formula_word_is(parser, "Surv") && *parser->at == '(') {
        formula_advance(parser);
        formula_advance(parser);
        return read_survival(reader);
    }
    struct formula_parser before = *parser;
    if (parser->word.kind == WORD_NAME && *parser->at != '(') {
        enum status status = formula_variable(parser, &variable);
        if (status != STATUS_OK)
            return status;
        bool levels =
            variable_level_count(&parser->dictionary->variables[variable]) > 0;
        bool alone = formula_word_is(parser, "~");
        *parser = before;
        if (levels && alone) {
            formula->response_kind = RESPONSE_LEVELS;
            return formula_plain(parser, response);
        }
    }
    enum status status = formula_expression(parser, response, false);
    formula->response_kind = RESPONSE_NUMBER;
    return status == STATUS_OK ? formula_name_atom(parser, response) : status;
}

/* ---- the whole ---- */

/* Stable, by the number of variables: R's order. */
static enum status keep_terms(struct reader *reader, const struct terms *terms)
{
    struct formula *formula = reader->built.formula;
    struct formula_term *kept =
        arena_allocate(reader->parser.arena, (terms->count + 1) * sizeof *kept);
    if (kept == NULL)
        return STATUS_NO_MEMORY;
    for (size_t order = 0; order <= FORMULA_ATOMS_MAX; order++) {
        for (size_t i = 0; i < terms->count; i++) {
            if ((size_t)__builtin_popcountll(terms->sets[i]) != order)
                continue;
            if (order == 0)
                formula->intercept = true;
            else
                kept[formula->term_count++] =
                    (struct formula_term){terms->sets[i], order};
        }
    }
    formula->terms = kept;
    return STATUS_OK;
}

static enum status read_formula(struct reader *reader)
{
    struct formula_parser *parser = &reader->parser;
    struct terms terms;
    if (strlen(parser->text) > FORMULA_TEXT_MAX)
        return formula_fail(parser, parser->text, STATUS_LIMIT_REACHED,
            "a formula of more than %d characters", FORMULA_TEXT_MAX);
    formula_advance(parser);
    enum status status = read_response(reader);
    if (status == STATUS_OK && formula_word_is(parser, "="))
        return formula_fail(parser, parser->word.start, STATUS_MALFORMED,
            "write '~' for '=' between the two sides");
    if (status == STATUS_OK)
        status = formula_take(parser, "~");
    if (status == STATUS_OK && formula_word_is(parser, "."))
        return formula_fail(parser, parser->word.start, STATUS_MALFORMED,
            "'.' names nothing here; name the variables");
    if (status == STATUS_OK)
        status = parse_sum(reader, &terms);
    if (status == STATUS_OK && parser->word.kind != WORD_END)
        status = formula_expected(parser,
            formula_word_is(parser, "/") ? "'+' or the end, and a + a:b for a/b"
            : formula_word_is(parser, "|")
                ? "'+' or the end, and (1 | center) for a random effect"
                : "'+' or the end");
    return status == STATUS_OK ? keep_terms(reader, &terms) : status;
}

enum status formula_parse(struct formula **out, const char *text,
    const struct dictionary *dictionary, const struct center_list *centers,
    struct formula_error *error)
{
    static char unknown[2][NAME_MAX_BYTES + 1];
    static const struct center_list two_unknown = {2, unknown};
    struct arena arena = {0};
    struct formula_error ignored;
    *out = NULL;
    error = error == NULL ? &ignored : error;
    *error = (struct formula_error){0};
    struct arena *kept = malloc(sizeof *kept);
    struct formula *formula = arena_allocate(&arena, sizeof *formula);
    struct formula_atom *atoms =
        arena_allocate(&arena, FORMULA_ATOMS_MAX * sizeof *atoms);
    struct reader reader = {
        .parser = {.text = text,
            .at = text,
            .dictionary = dictionary,
            .centers = centers == NULL ? &two_unknown : centers,
            .arena = &arena,
            .error = error,
            .formula = formula},
        .built = {formula, atoms}};
    enum status status = kept == NULL || formula == NULL || atoms == NULL
                             ? STATUS_NO_MEMORY
                             : read_formula(&reader);
    if (status != STATUS_OK) {
        arena_free(&arena);
        free(kept);
        return status;
    }
    *kept = arena;
    formula->atoms = atoms;
    formula->storage = kept;
    *out = formula;
    return STATUS_OK;
}
