#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "protocol/query/cohort_parser.h"
#include "protocol/query/habits.h"
#include "protocol/query/levels.h"
#include "protocol/query/nearest.h"

enum status cohort_name(struct cohort_parser *parser, size_t *variable)
{
    char message[DICTIONARY_MESSAGE_MAX];
    struct token token = parser->token;
    if (token.kind != TOKEN_WORD || token_is_keyword(&token))
        return cohort_expected(parser, "a variable");
    const struct view name = {(const uint8_t *)token.start, token.size};
    enum status status =
        dictionary_resolve(parser->dictionary, variable, message, name);
    if (status != STATUS_OK && cohort_says_habit(parser, &token))
        return status;
    const struct token behind = {.start = token.start + token.size};
    if (status != STATUS_OK && *behind.start == '$' &&
        cohort_says_habit(parser, &behind))
        return status;
    if (status != STATUS_OK)
        return cohort_fail(parser, token.start, status, "%s", message);
    const struct variable *found = &parser->dictionary->variables[*variable];
    if (found->type == VARIABLE_VECTOR) {
        return cohort_fail(parser, token.start, STATUS_MALFORMED,
            "'%s' is a vector of %zu numbers; a cohort compares single values",
            found->name, found->length);
    }
    cohort_advance(parser);
    return STATUS_OK;
}

static enum status check_unit(struct cohort_parser *parser,
    const struct variable *variable, const struct token *unit)
{
    const char *known = variable->unit;
    if (unit->size == 0 || (known != NULL && strlen(known) == unit->size &&
                               strncmp(known, unit->start, unit->size) == 0))
        return STATUS_OK;
    if (isdigit((unsigned char)*unit->start))
        return cohort_fail(parser, unit->start, STATUS_MALFORMED,
            "a number stands without blanks, found '%.*s' behind it",
            (int)unit->size, unit->start);
    if (known == NULL)
        return cohort_fail(parser, unit->start, STATUS_OUT_OF_RANGE,
            "'%s' has no unit, found '%.*s'", variable->name, (int)unit->size,
            unit->start);
    return cohort_fail(parser, unit->start, STATUS_OUT_OF_RANGE,
        "'%s' is recorded in %s, found '%.*s'", variable->name, known,
        (int)unit->size, unit->start);
}

/* A threshold as a code. Beyond 32 bits it saturates: it is then beyond every
 * value, which is all that a comparison needs. */
static enum status read_threshold(struct cohort_parser *parser,
    const struct variable *variable, const struct token *token, int32_t *code)
{
    struct decimal value;
    bool exact = true;
    enum status status = decimal_parse(&value, token->start, token->size);
    if (status == STATUS_MALFORMED)
        return cohort_fail(parser, token->start, STATUS_MALFORMED,
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
        return cohort_fail(parser, token->start, STATUS_THRESHOLD_OFF_GRID,
            "thresholds of '%s' stand on multiples of %s, found %.*s",
            variable->name, step, (int)token->size, token->start);
    }
    return STATUS_OK;
}

static enum status unknown_level(struct cohort_parser *parser,
    const struct variable *variable, const struct token *token)
{
    char text[VARIABLE_NAME_MAX + 1], levels[256], hint[NAME_HINT_MAX];
    snprintf(text, sizeof text, "%.*s", (int)token->size, token->start);
    if (token->kind == TOKEN_WORD && cohort_says_habit(parser, token))
        return STATUS_UNKNOWN_NAME;
    if (variable->type == VARIABLE_BOOLEAN) {
        return cohort_fail(parser, token->start, STATUS_UNKNOWN_NAME,
            "'%s' is true or false, found '%s'", variable->name, text);
    }
    levels_list(levels, sizeof levels, variable);
    return cohort_fail(parser, token->start, STATUS_UNKNOWN_NAME,
        "'%s' has no category '%s'; it has %s%s", variable->name, text, levels,
        name_hint(hint, levels_begun(variable, text)));
}

/* The value whose token has been taken (a unit may follow it). */
enum status cohort_read_value(struct cohort_parser *parser, size_t index,
    const struct token *token, const struct token *unit, int32_t *code)
{
    const struct variable *variable = &parser->dictionary->variables[index];
    enum status status = check_unit(parser, variable, unit);
    if (status != STATUS_OK)
        return status;
    if (variable_level_count(variable) == 0) {
        if (token->kind == TOKEN_WORD && cohort_says_habit(parser, token))
            return STATUS_MALFORMED;
        if (token->kind != TOKEN_NUMBER) {
            return cohort_fail(parser, token->start, STATUS_MALFORMED,
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

enum status cohort_take_value(
    struct cohort_parser *parser, struct token *token, struct token *unit)
{
    *token = parser->token;
    *unit = (struct token){.kind = TOKEN_WORD};
    if (token->kind != TOKEN_NUMBER && token->kind != TOKEN_TEXT &&
        (token->kind != TOKEN_WORD || token_is_keyword(token)))
        return cohort_expected(parser, "a value");
    if (token->kind == TOKEN_NUMBER)
        *unit = lexer_unit(&parser->at);
    cohort_advance(parser);
    return STATUS_OK;
}

enum status cohort_value(
    struct cohort_parser *parser, size_t variable, int32_t *code)
{
    struct token token, unit;
    enum status status = cohort_take_value(parser, &token, &unit);
    return status == STATUS_OK
               ? cohort_read_value(parser, variable, &token, &unit, code)
               : status;
}

/* A value that is no member of a list: "25,5" is a habit there. */
enum status cohort_single_value(
    struct cohort_parser *parser, size_t variable, int32_t *code)
{
    enum status status = cohort_value(parser, variable, code);
    const char *at = parser->token.start;
    if (status == STATUS_OK && parser->token.kind == TOKEN_COMMA &&
        isdigit((unsigned char)at[-1]) && isdigit((unsigned char)at[1]))
        return cohort_fail(parser, at, STATUS_MALFORMED,
            "a comma in a number: write a decimal point, and no thousands");
    return status;
}
