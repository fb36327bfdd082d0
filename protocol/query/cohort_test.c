#include <string.h>

#include "protocol/query/arena.h"
#include "protocol/query/cohort_parser.h"
#include "protocol/query/interval_set.h"

static enum status new_leaf(struct cohort_parser *parser, size_t variable,
    const struct interval_set *set, bool missing,
    const struct cohort_node **out)
{
    struct interval *intervals =
        arena_allocate(parser->arena, set->count * sizeof *intervals);
    if (intervals == NULL)
        return STATUS_NO_MEMORY;
    memcpy(intervals, set->intervals, set->count * sizeof *intervals);
    struct cohort_node leaf = {.kind = COHORT_LEAF,
        .offset = (size_t)(parser->test_start - parser->text),
        .variable = variable,
        .missing = missing,
        .interval_count = set->count,
        .intervals = intervals};
    return cohort_add_node(parser, &leaf, out);
}

static enum status nobody(struct cohort_parser *parser, const char *where,
    const struct variable *variable)
{
    char min[DECIMAL_TEXT], max[DECIMAL_TEXT];
    if (variable_level_count(variable) > 0)
        return cohort_fail(parser, where, STATUS_OUT_OF_RANGE,
            "no value of '%s' can meet this", variable->name);
    variable_value_text(variable, variable->min, min, sizeof min);
    variable_value_text(variable, variable->max, max, sizeof max);
    return cohort_fail(parser, where, STATUS_OUT_OF_RANGE,
        "no value of '%s' can meet this: it goes from %s to %s%s%s",
        variable->name, min, max, variable->unit != NULL ? " " : "",
        variable->unit != NULL ? variable->unit : "");
}

/* The leaf of a positive set; "not" takes the complement among values that are
 * not missing. A set that nobody can be in is a mistake, and is said so. */
static enum status finish_leaf(struct cohort_parser *parser, size_t index,
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

static enum status finish_comparison(struct cohort_parser *parser,
    const struct comparing *c, const struct cohort_node **out)
{
    const struct variable *variable =
        &parser->dictionary->variables[c->variable];
    enum comparison comparison =
        c->mirrored ? mirrored(c->sign->comparison) : c->sign->comparison;
    bool equality =
        comparison == COMPARE_EQUAL || comparison == COMPARE_UNEQUAL;
    if (!equality && variable_level_count(variable) > 0) {
        return cohort_fail(parser, c->sign->start, STATUS_MALFORMED,
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

static enum status parse_in(struct cohort_parser *parser, size_t variable,
    bool negate, const struct cohort_node **out)
{
    const char *where = parser->token.start;
    struct interval_set set = {0};
    if (parser->token.kind != TOKEN_OPEN)
        return cohort_expected(parser, "in (1, 2) or between 1 and 2");
    do {
        int32_t code = VALUE_MISSING;
        cohort_advance(parser);
        enum status status = cohort_value(parser, variable, &code);
        if (status == STATUS_OK &&
            interval_set_add(&set, code, code) != STATUS_OK)
            status = cohort_fail(parser, where, STATUS_LIMIT_REACHED,
                "a list of more than %d values", INTERVALS_MAX);
        if (status != STATUS_OK)
            return status;
    } while (parser->token.kind == TOKEN_COMMA);
    if (parser->token.kind != TOKEN_CLOSE)
        return cohort_expected(parser, "',' or ')'");
    cohort_advance(parser);
    return finish_leaf(parser, variable, &set, negate, where, out);
}

static enum status parse_between(struct cohort_parser *parser, size_t variable,
    bool negate, const struct cohort_node **out)
{
    const char *where = parser->token.start;
    const struct variable *described = &parser->dictionary->variables[variable];
    int32_t low = VALUE_MISSING, high = VALUE_MISSING;
    if (variable_level_count(described) > 0)
        return cohort_fail(parser, where, STATUS_MALFORMED,
            "the values of '%s' have no order; use in (...)", described->name);
    enum status status = cohort_single_value(parser, variable, &low);
    if (status != STATUS_OK)
        return status;
    if (!token_is(&parser->token, "and"))
        return cohort_expected(parser, "'and' of between");
    cohort_advance(parser);
    status = cohort_single_value(parser, variable, &high);
    if (status != STATUS_OK)
        return status;
    if (low > high)
        return cohort_fail(parser, where, STATUS_OUT_OF_RANGE,
            "between goes from the lower value to the higher");
    struct interval_set set = {0};
    status = interval_set_add(&set, low, high);
    return status == STATUS_OK
               ? finish_leaf(parser, variable, &set, negate, where, out)
               : status;
}

static enum status parse_missing(struct cohort_parser *parser, size_t index,
    bool negate, const struct cohort_node **out)
{
    const struct variable *variable = &parser->dictionary->variables[index];
    struct interval_set set = {0};
    if (token_is(&parser->token, "not")) {
        negate = !negate;
        cohort_advance(parser);
    }
    if (!token_is(&parser->token, "missing"))
        return cohort_fail(parser, parser->token.start, STATUS_MALFORMED,
            "write 'is missing' or 'is not missing' for what is not there; "
            "values are compared with '='");
    cohort_advance(parser);
    if (negate)
        interval_set_add(&set, variable->min, variable->max);
    return new_leaf(parser, index, &set, !negate, out);
}

/* After a name. */
enum status cohort_test(struct cohort_parser *parser, size_t variable,
    const char *where, bool negate, const struct cohort_node **out)
{
    struct token token = parser->token;
    if (token.kind == TOKEN_COMPARE) {
        struct comparing c = {
            .variable = variable, .sign = &token, .negate = negate};
        cohort_advance(parser);
        enum status status = cohort_single_value(parser, variable, &c.code);
        return status == STATUS_OK ? finish_comparison(parser, &c, out)
                                   : status;
    }
    if (token_is(&token, "is")) {
        cohort_advance(parser);
        return parse_missing(parser, variable, negate, out);
    }
    if (token_is(&token, "not")) {
        cohort_advance(parser);
        negate = !negate;
        if (!token_is(&parser->token, "in") &&
            !token_is(&parser->token, "between"))
            return cohort_expected(parser, "'in' or 'between' after not");
    }
    if (token_is(&parser->token, "in")) {
        cohort_advance(parser);
        return parse_in(parser, variable, negate, out);
    }
    if (token_is(&parser->token, "between")) {
        cohort_advance(parser);
        return parse_between(parser, variable, negate, out);
    }
    const struct variable *described = &parser->dictionary->variables[variable];
    if (described->type != VARIABLE_BOOLEAN &&
        cohort_says_habit(parser, &parser->token))
        return STATUS_MALFORMED;
    if (described->type != VARIABLE_BOOLEAN) {
        return cohort_fail(parser, where, STATUS_MALFORMED,
            "'%s' is not true or false by itself; compare it with a value",
            described->name);
    }
    struct interval_set set = {0};
    interval_set_add(&set, 1, 1);
    return finish_leaf(parser, variable, &set, negate, where, out);
}

static bool is_variable(
    const struct cohort_parser *parser, const struct token *token)
{
    char message[DICTIONARY_MESSAGE_MAX];
    size_t variable;
    const struct view name = {(const uint8_t *)token->start, token->size};
    return dictionary_resolve(parser->dictionary, &variable, message, name) ==
           STATUS_OK;
}

/* value compare name */
enum status cohort_mirrored_test(
    struct cohort_parser *parser, bool negate, const struct cohort_node **out)
{
    struct token value, unit;
    enum status status = cohort_take_value(parser, &value, &unit);
    if (status != STATUS_OK)
        return status;
    struct token sign = parser->token;
    if (sign.kind != TOKEN_COMPARE)
        return cohort_expected(parser, "a comparison after a value");
    if (value.kind == TOKEN_TEXT && is_variable(parser, &value))
        return cohort_fail(parser, value.start, STATUS_MALFORMED,
            "a variable's name stands without quotes");
    cohort_advance(parser);
    struct comparing c = {.sign = &sign, .mirrored = true, .negate = negate};
    status = cohort_name(parser, &c.variable);
    if (status == STATUS_OK)
        status = cohort_read_value(parser, c.variable, &value, &unit, &c.code);
    if (status == STATUS_OK && parser->token.kind == TOKEN_COMPARE)
        return cohort_fail(parser, parser->token.start, STATUS_MALFORMED,
            "two comparisons are joined by 'and': a < x and x < b; or write "
            "x between a and b");
    return status == STATUS_OK ? finish_comparison(parser, &c, out) : status;
}
