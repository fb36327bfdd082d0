#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/query/arena.h"
#include "protocol/query/cohort_lexer.h"
#include "protocol/query/habits.h"
#include "protocol/query/interval_set.h"
#include "protocol/query/levels.h"
#include "protocol/query/nearest.h"

struct parser {
    const char *text;
    const char *at;     /* behind `token` */
    struct token token; /* the next one */
    const struct dictionary *dictionary;
    struct arena *arena;
    size_t node_count;
    size_t depth;
    struct cohort_error *error;
};

static enum status parse_or(
    struct parser *parser, bool negate, const struct cohort_node **out);

static enum status fail_at(struct parser *parser, const char *where,
    enum status status, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static enum status fail_at(struct parser *parser, const char *where,
    enum status status, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    parser->error->offset = (size_t)(where - parser->text);
    vsnprintf(
        parser->error->message, sizeof parser->error->message, format, list);
    va_end(list);
    return status;
}

static void advance(struct parser *parser)
{
    parser->token = lexer_next(&parser->at);
}

/* Says what to write instead of what stands there, if it is a known habit. */
static bool says_habit(struct parser *parser, const struct token *token)
{
    char habit[HABIT_TEXT_MAX];
    if (!habit_explain(habit, HABIT_COHORT, token->start))
        return false;
    fail_at(parser, token->start, STATUS_MALFORMED, "%s", habit);
    return true;
}

static enum status expected(struct parser *parser, const char *what)
{
    const struct token *token = &parser->token;
    if (token->kind == TOKEN_END)
        return fail_at(parser, token->start, STATUS_MALFORMED,
            "expected %s, found the end", what);
    if (token->kind == TOKEN_BAD &&
        (*token->start == '\'' || *token->start == '"'))
        return fail_at(parser, token->start, STATUS_MALFORMED,
            "a quote that is not closed");
    if (says_habit(parser, token))
        return STATUS_MALFORMED;
    return fail_at(parser, token->start, STATUS_MALFORMED,
        "expected %s, found '%.*s'", what, (int)token->size, token->start);
}

/* ---- nodes ---- */

static enum status new_node(struct parser *parser,
    const struct cohort_node *made, const struct cohort_node **out)
{
    if (++parser->node_count > COHORT_NODES_MAX)
        return fail_at(parser, parser->token.start, STATUS_LIMIT_REACHED,
            "an expression of more than %d parts", COHORT_NODES_MAX);
    struct cohort_node *node = arena_allocate(parser->arena, sizeof *node);
    if (node == NULL)
        return STATUS_NO_MEMORY;
    *node = *made;
    *out = node;
    return STATUS_OK;
}

static enum status new_leaf(struct parser *parser, size_t variable,
    const struct interval_set *set, bool missing,
    const struct cohort_node **out)
{
    struct interval *intervals =
        arena_allocate(parser->arena, set->count * sizeof *intervals);
    if (intervals == NULL)
        return STATUS_NO_MEMORY;
    memcpy(intervals, set->intervals, set->count * sizeof *intervals);
    struct cohort_node leaf = {.kind = COHORT_LEAF,
        .variable = variable,
        .missing = missing,
        .interval_count = set->count,
        .intervals = intervals};
    return new_node(parser, &leaf, out);
}

static enum status new_group(struct parser *parser, enum cohort_node_kind kind,
    const struct cohort_node *const *children, size_t count,
    const struct cohort_node **out)
{
    if (count == 1) {
        *out = children[0];
        return STATUS_OK;
    }
    const struct cohort_node **kept =
        /* NOLINTNEXTLINE(bugprone-sizeof-expression): an array of pointers */
        arena_allocate(parser->arena, count * sizeof *kept);
    if (kept == NULL)
        return STATUS_NO_MEMORY;
    /* NOLINTNEXTLINE(bugprone-sizeof-expression): an array of pointers */
    memcpy(kept, children, count * sizeof *kept);
    struct cohort_node group = {
        .kind = kind, .child_count = count, .children = kept};
    return new_node(parser, &group, out);
}

/* ---- names and values ---- */

static enum status parse_name(struct parser *parser, size_t *variable)
{
    char message[DICTIONARY_MESSAGE_MAX];
    struct token token = parser->token;
    if (token.kind != TOKEN_WORD || token_is_keyword(&token))
        return expected(parser, "a variable");
    const struct view name = {(const uint8_t *)token.start, token.size};
    enum status status =
        dictionary_resolve(parser->dictionary, variable, message, name);
    if (status != STATUS_OK && says_habit(parser, &token))
        return status;
    const struct token behind = {.start = token.start + token.size};
    if (status != STATUS_OK && *behind.start == '$' &&
        says_habit(parser, &behind))
        return status;
    if (status != STATUS_OK)
        return fail_at(parser, token.start, status, "%s", message);
    const struct variable *found = &parser->dictionary->variables[*variable];
    if (found->type == VARIABLE_VECTOR) {
        return fail_at(parser, token.start, STATUS_MALFORMED,
            "'%s' is a vector of %zu numbers; a cohort compares single values",
            found->name, found->length);
    }
    advance(parser);
    return STATUS_OK;
}

static enum status check_unit(struct parser *parser,
    const struct variable *variable, const struct token *unit)
{
    const char *known = variable->unit;
    if (unit->size == 0 || (known != NULL && strlen(known) == unit->size &&
                               strncmp(known, unit->start, unit->size) == 0))
        return STATUS_OK;
    if (isdigit((unsigned char)*unit->start))
        return fail_at(parser, unit->start, STATUS_MALFORMED,
            "a number stands without blanks, found '%.*s' behind it",
            (int)unit->size, unit->start);
    if (known == NULL)
        return fail_at(parser, unit->start, STATUS_OUT_OF_RANGE,
            "'%s' has no unit, found '%.*s'", variable->name, (int)unit->size,
            unit->start);
    return fail_at(parser, unit->start, STATUS_OUT_OF_RANGE,
        "'%s' is recorded in %s, found '%.*s'", variable->name, known,
        (int)unit->size, unit->start);
}

/* A threshold as a code. Beyond 32 bits it saturates: it is then beyond every
 * value, which is all that a comparison needs. */
static enum status read_threshold(struct parser *parser,
    const struct variable *variable, const struct token *token, int32_t *code)
{
    struct decimal value;
    bool exact = true;
    enum status status = decimal_parse(&value, token->start, token->size);
    if (status == STATUS_MALFORMED)
        return fail_at(parser, token->start, STATUS_MALFORMED,
            "'%.*s' is not a number", (int)token->size, token->start);
    if (status == STATUS_OK)
        status = decimal_divide(code, &exact, value, variable->resolution);
    if (status != STATUS_OK) {
        *code = token->start[0] == '-' ? -INT32_MAX : INT32_MAX;
        return STATUS_OK;
    }
    if (!exact) {
        char step[DECIMAL_TEXT];
        decimal_multiple_text(step, 1, variable->resolution);
        return fail_at(parser, token->start, STATUS_THRESHOLD_OFF_GRID,
            "thresholds of '%s' stand on multiples of %s, found %.*s",
            variable->name, step, (int)token->size, token->start);
    }
    return STATUS_OK;
}

static enum status unknown_level(struct parser *parser,
    const struct variable *variable, const struct token *token)
{
    char text[VARIABLE_NAME_MAX + 1], levels[256], hint[NAME_HINT_MAX];
    snprintf(text, sizeof text, "%.*s", (int)token->size, token->start);
    if (token->kind == TOKEN_WORD && says_habit(parser, token))
        return STATUS_UNKNOWN_NAME;
    if (variable->type == VARIABLE_BOOLEAN) {
        return fail_at(parser, token->start, STATUS_UNKNOWN_NAME,
            "'%s' is true or false, found '%s'", variable->name, text);
    }
    levels_list(levels, sizeof levels, variable);
    return fail_at(parser, token->start, STATUS_UNKNOWN_NAME,
        "'%s' has no category '%s'; it has %s%s", variable->name, text, levels,
        name_hint(hint, levels_begun(variable, text)));
}

/* The value whose token has been taken (a unit may follow it). */
static enum status read_value(struct parser *parser, size_t index,
    const struct token *token, const struct token *unit, int32_t *code)
{
    const struct variable *variable = &parser->dictionary->variables[index];
    enum status status = check_unit(parser, variable, unit);
    if (status != STATUS_OK)
        return status;
    if (variable_level_count(variable) == 0) {
        if (token->kind == TOKEN_WORD && says_habit(parser, token))
            return STATUS_MALFORMED;
        if (token->kind != TOKEN_NUMBER) {
            return fail_at(parser, token->start, STATUS_MALFORMED,
                "'%s' is a number, found '%.*s'", variable->name,
                (int)token->size, token->start);
        }
        return read_threshold(parser, variable, token, code);
    }
    if (variable_read_value(variable, token->start, token->size, code) !=
        VALUE_ACCEPTED)
        return unknown_level(parser, variable, token);
    return STATUS_OK;
}

static enum status take_value(
    struct parser *parser, struct token *token, struct token *unit)
{
    *token = parser->token;
    *unit = (struct token){.kind = TOKEN_WORD};
    if (token->kind != TOKEN_NUMBER && token->kind != TOKEN_TEXT &&
        (token->kind != TOKEN_WORD || token_is_keyword(token)))
        return expected(parser, "a value");
    if (token->kind == TOKEN_NUMBER)
        *unit = lexer_unit(&parser->at);
    advance(parser);
    return STATUS_OK;
}

static enum status parse_value(
    struct parser *parser, size_t variable, int32_t *code)
{
    struct token token, unit;
    enum status status = take_value(parser, &token, &unit);
    return status == STATUS_OK
               ? read_value(parser, variable, &token, &unit, code)
               : status;
}

/* A value that is no member of a list: "25,5" is a habit there. */
static enum status parse_single_value(
    struct parser *parser, size_t variable, int32_t *code)
{
    enum status status = parse_value(parser, variable, code);
    const char *at = parser->token.start;
    if (status == STATUS_OK && parser->token.kind == TOKEN_COMMA &&
        isdigit((unsigned char)at[-1]) && isdigit((unsigned char)at[1]))
        return fail_at(parser, at, STATUS_MALFORMED,
            "a comma in a number: write a decimal point, and no thousands");
    return status;
}

/* ---- tests ---- */

static enum status nobody(
    struct parser *parser, const char *where, const struct variable *variable)
{
    char min[DECIMAL_TEXT], max[DECIMAL_TEXT];
    if (variable_level_count(variable) > 0)
        return fail_at(parser, where, STATUS_OUT_OF_RANGE,
            "no value of '%s' can meet this", variable->name);
    variable_value_text(variable, variable->min, min, sizeof min);
    variable_value_text(variable, variable->max, max, sizeof max);
    return fail_at(parser, where, STATUS_OUT_OF_RANGE,
        "no value of '%s' can meet this: it goes from %s to %s%s%s",
        variable->name, min, max, variable->unit != NULL ? " " : "",
        variable->unit != NULL ? variable->unit : "");
}

/* The leaf of a positive set; "not" takes the complement among values that are
 * not missing. A set that nobody can be in is a mistake, and is said so. */
static enum status finish_leaf(struct parser *parser, size_t index,
    struct interval_set *set, bool negate, const char *where,
    const struct cohort_node **out)
{
    const struct variable *variable = &parser->dictionary->variables[index];
    const struct interval range = {variable->min, variable->max};
    enum status status = interval_set_intersect(set, &range, 1);
    if (status == STATUS_OK && set->count == 0)
        return nobody(parser, where, variable);
    if (status == STATUS_OK && negate)
        status = interval_set_complement(set, variable->min, variable->max);
    return status == STATUS_OK ? new_leaf(parser, index, set, false, out)
                               : status;
}

static enum comparison mirrored(enum comparison comparison)
{
    switch (comparison) {
    case COMPARE_LESS: return COMPARE_GREATER;
    case COMPARE_LESS_EQUAL: return COMPARE_GREATER_EQUAL;
    case COMPARE_GREATER: return COMPARE_LESS;
    case COMPARE_GREATER_EQUAL: return COMPARE_LESS_EQUAL;
    default: return comparison;
    }
}

static enum status comparison_set(
    struct interval_set *set, enum comparison comparison, int32_t code)
{
    switch (comparison) {
    case COMPARE_LESS: return interval_set_add(set, INT32_MIN + 1, code - 1);
    case COMPARE_LESS_EQUAL: return interval_set_add(set, INT32_MIN + 1, code);
    case COMPARE_GREATER:
        return code == INT32_MAX ? STATUS_OK
                                 : interval_set_add(set, code + 1, INT32_MAX);
    case COMPARE_GREATER_EQUAL: return interval_set_add(set, code, INT32_MAX);
    default: return interval_set_add(set, code, code);
    }
}

struct comparing {
    size_t variable;
    const struct token *sign;
    int32_t code;
    bool mirrored; /* value compare name */
    bool negate;
};

static enum status finish_comparison(struct parser *parser,
    const struct comparing *c, const struct cohort_node **out)
{
    const struct variable *variable =
        &parser->dictionary->variables[c->variable];
    enum comparison comparison =
        c->mirrored ? mirrored(c->sign->comparison) : c->sign->comparison;
    bool equality =
        comparison == COMPARE_EQUAL || comparison == COMPARE_UNEQUAL;
    if (!equality && variable_level_count(variable) > 0) {
        return fail_at(parser, c->sign->start, STATUS_MALFORMED,
            "the values of '%s' have no order; use = or in (...)",
            variable->name);
    }
    struct interval_set set = {0};
    enum status status = comparison_set(&set, comparison, c->code);
    if (status != STATUS_OK)
        return status;
    return finish_leaf(parser, c->variable, &set,
        c->negate != (comparison == COMPARE_UNEQUAL), c->sign->start, out);
}

static enum status parse_in(struct parser *parser, size_t variable, bool negate,
    const struct cohort_node **out)
{
    const char *where = parser->token.start;
    struct interval_set set = {0};
    if (parser->token.kind != TOKEN_OPEN)
        return expected(parser, "in (1, 2) or between 1 and 2");
    do {
        int32_t code = VALUE_MISSING;
        advance(parser);
        enum status status = parse_value(parser, variable, &code);
        if (status == STATUS_OK &&
            interval_set_add(&set, code, code) != STATUS_OK)
            status = fail_at(parser, where, STATUS_LIMIT_REACHED,
                "a list of more than %d values", INTERVALS_MAX);
        if (status != STATUS_OK)
            return status;
    } while (parser->token.kind == TOKEN_COMMA);
    if (parser->token.kind != TOKEN_CLOSE)
        return expected(parser, "',' or ')'");
    advance(parser);
    return finish_leaf(parser, variable, &set, negate, where, out);
}

static enum status parse_between(struct parser *parser, size_t variable,
    bool negate, const struct cohort_node **out)
{
    const char *where = parser->token.start;
    const struct variable *described = &parser->dictionary->variables[variable];
    int32_t low = VALUE_MISSING, high = VALUE_MISSING;
    if (variable_level_count(described) > 0)
        return fail_at(parser, where, STATUS_MALFORMED,
            "the values of '%s' have no order; use in (...)", described->name);
    enum status status = parse_single_value(parser, variable, &low);
    if (status != STATUS_OK)
        return status;
    if (!token_is(&parser->token, "and"))
        return expected(parser, "'and' of between");
    advance(parser);
    status = parse_single_value(parser, variable, &high);
    if (status != STATUS_OK)
        return status;
    if (low > high)
        return fail_at(parser, where, STATUS_OUT_OF_RANGE,
            "between goes from the lower value to the higher");
    struct interval_set set = {0};
    status = interval_set_add(&set, low, high);
    return status == STATUS_OK
               ? finish_leaf(parser, variable, &set, negate, where, out)
               : status;
}

static enum status parse_missing(struct parser *parser, size_t index,
    bool negate, const struct cohort_node **out)
{
    const struct variable *variable = &parser->dictionary->variables[index];
    struct interval_set set = {0};
    if (token_is(&parser->token, "not")) {
        negate = !negate;
        advance(parser);
    }
    if (!token_is(&parser->token, "missing"))
        return fail_at(parser, parser->token.start, STATUS_MALFORMED,
            "write 'is missing' or 'is not missing' for what is not there; "
            "values are compared with '='");
    advance(parser);
    if (negate)
        interval_set_add(&set, variable->min, variable->max);
    return new_leaf(parser, index, &set, !negate, out);
}

/* After a name. */
static enum status parse_name_test(struct parser *parser, size_t variable,
    const char *where, bool negate, const struct cohort_node **out)
{
    struct token token = parser->token;
    if (token.kind == TOKEN_COMPARE) {
        struct comparing c = {
            .variable = variable, .sign = &token, .negate = negate};
        advance(parser);
        enum status status = parse_single_value(parser, variable, &c.code);
        return status == STATUS_OK ? finish_comparison(parser, &c, out)
                                   : status;
    }
    if (token_is(&token, "is")) {
        advance(parser);
        return parse_missing(parser, variable, negate, out);
    }
    if (token_is(&token, "not")) {
        advance(parser);
        negate = !negate;
        if (!token_is(&parser->token, "in") &&
            !token_is(&parser->token, "between"))
            return expected(parser, "'in' or 'between' after not");
    }
    if (token_is(&parser->token, "in")) {
        advance(parser);
        return parse_in(parser, variable, negate, out);
    }
    if (token_is(&parser->token, "between")) {
        advance(parser);
        return parse_between(parser, variable, negate, out);
    }
    const struct variable *described = &parser->dictionary->variables[variable];
    if (described->type != VARIABLE_BOOLEAN &&
        says_habit(parser, &parser->token))
        return STATUS_MALFORMED;
    if (described->type != VARIABLE_BOOLEAN) {
        return fail_at(parser, where, STATUS_MALFORMED,
            "'%s' is not true or false by itself; compare it with a value",
            described->name);
    }
    struct interval_set set = {0};
    interval_set_add(&set, 1, 1);
    return finish_leaf(parser, variable, &set, negate, where, out);
}

static bool is_variable(const struct parser *parser, const struct token *token)
{
    char message[DICTIONARY_MESSAGE_MAX];
    size_t variable;
    const struct view name = {(const uint8_t *)token->start, token->size};
    return dictionary_resolve(parser->dictionary, &variable, message, name) ==
           STATUS_OK;
}

/* value compare name */
static enum status parse_mirrored(
    struct parser *parser, bool negate, const struct cohort_node **out)
{
    struct token value, unit;
    enum status status = take_value(parser, &value, &unit);
    if (status != STATUS_OK)
        return status;
    struct token sign = parser->token;
    if (sign.kind != TOKEN_COMPARE)
        return expected(parser, "a comparison after a value");
    if (value.kind == TOKEN_TEXT && is_variable(parser, &value))
        return fail_at(parser, value.start, STATUS_MALFORMED,
            "a variable's name stands without quotes");
    advance(parser);
    struct comparing c = {.sign = &sign, .mirrored = true, .negate = negate};
    status = parse_name(parser, &c.variable);
    if (status == STATUS_OK)
        status = read_value(parser, c.variable, &value, &unit, &c.code);
    if (status == STATUS_OK && parser->token.kind == TOKEN_COMPARE)
        return fail_at(parser, parser->token.start, STATUS_MALFORMED,
            "two comparisons are joined by 'and': a < x and x < b; or write "
            "x between a and b");
    return status == STATUS_OK ? finish_comparison(parser, &c, out) : status;
}

static enum status parse_not(
    struct parser *parser, bool negate, const struct cohort_node **out)
{
    enum status status;
    const char *where = parser->token.start;
    size_t variable;
    while (token_is(&parser->token, "not")) {
        negate = !negate;
        advance(parser);
    }
    if (parser->token.kind == TOKEN_OPEN) {
        if (++parser->depth > COHORT_DEPTH_MAX)
            return fail_at(parser, where, STATUS_LIMIT_REACHED,
                "parentheses deeper than %d", COHORT_DEPTH_MAX);
        advance(parser);
        status = parse_or(parser, negate, out);
        if (status != STATUS_OK)
            return status;
        if (parser->token.kind != TOKEN_CLOSE)
            return expected(parser, "'and', 'or' or ')'");
        parser->depth--;
        advance(parser);
        return STATUS_OK;
    }
    if (parser->token.kind == TOKEN_NUMBER || parser->token.kind == TOKEN_TEXT)
        return parse_mirrored(parser, negate, out);
    where = parser->token.start;
    status = parse_name(parser, &variable);
    return status == STATUS_OK
               ? parse_name_test(parser, variable, where, negate, out)
               : status;
}

typedef enum status parse_operand(
    struct parser *parser, bool negate, const struct cohort_node **out);

/* operand (word operand)*; under a "not" the other connective (De Morgan). */
static enum status parse_chain(struct parser *parser, bool negate,
    const char *word, parse_operand *operand, const struct cohort_node **out)
{
    const struct cohort_node *children[COHORT_NODES_MAX];
    size_t count = 0;
    bool conjunction = (strcmp(word, "and") == 0) != negate;
    for (;;) {
        if (count == COHORT_NODES_MAX)
            return fail_at(parser, parser->token.start, STATUS_LIMIT_REACHED,
                "an expression of more than %d parts", COHORT_NODES_MAX);
        children[count] = NULL;
        enum status status = operand(parser, negate, &children[count++]);
        if (status != STATUS_OK)
            return status;
        if (!token_is(&parser->token, word))
            break;
        advance(parser);
    }
    return new_group(
        parser, conjunction ? COHORT_AND : COHORT_OR, children, count, out);
}

static enum status parse_and(
    struct parser *parser, bool negate, const struct cohort_node **out)
{
    return parse_chain(parser, negate, "and", parse_not, out);
}

static enum status parse_or(
    struct parser *parser, bool negate, const struct cohort_node **out)
{
    return parse_chain(parser, negate, "or", parse_and, out);
}

static enum status parse_expression(
    struct parser *parser, const struct cohort_node **out)
{
    advance(parser);
    if (parser->token.kind == TOKEN_END)
        return STATUS_OK; /* everybody */
    enum status status = parse_or(parser, false, out);
    if (status == STATUS_OK && parser->token.kind != TOKEN_END)
        status = expected(parser, "'and', 'or' or the end");
    return status;
}

enum status cohort_parse(struct cohort **out, const char *text,
    const struct dictionary *dictionary, struct cohort_error *error)
{
    *out = NULL;
    memset(error, 0, sizeof *error);
    struct cohort *cohort = calloc(1, sizeof *cohort);
    struct arena *arena = calloc(1, sizeof *arena);
    if (cohort == NULL || arena == NULL) {
        free(cohort);
        free(arena);
        return STATUS_NO_MEMORY;
    }
    cohort->storage = arena;
    struct parser parser = {.text = text,
        .at = text,
        .dictionary = dictionary,
        .arena = arena,
        .error = error};
    enum status status =
        strlen(text) > COHORT_TEXT_MAX
            ? fail_at(&parser, text, STATUS_TOO_LARGE,
                  "an expression of more than %d bytes", COHORT_TEXT_MAX)
            : parse_expression(&parser, &cohort->root);
    if (status != STATUS_OK) {
        cohort_destroy(cohort);
        return status;
    }
    *out = cohort;
    return STATUS_OK;
}
