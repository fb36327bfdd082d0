#include "protocol/query/cohort_lexer.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "protocol/query/habits.h"

static const char *const keywords[] = {
    "and", "or", "not", "in", "is", "between", "missing"};

bool token_is(const struct token *token, const char *keyword)
{
    return token->kind == TOKEN_WORD && token->size == strlen(keyword) &&
           strncasecmp(token->start, keyword, token->size) == 0;
}

bool token_is_keyword(const struct token *token)
{
    for (size_t i = 0; i < sizeof keywords / sizeof keywords[0]; i++) {
        if (token_is(token, keywords[i]))
            return true;
    }
    return false;
}

static const char *skip_blanks(const char *at)
{
    while (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r')
        at++;
    return at;
}

static bool starts_number(const char *at)
{
    if (*at == '+' || *at == '-')
        at++;
    return isdigit((unsigned char)*at) ||
           (*at == '.' && isdigit((unsigned char)at[1]));
}

static size_t number_size(const char *at)
{
    const char *start = at;
    if (*at == '+' || *at == '-')
        at++;
    while (isdigit((unsigned char)*at) || *at == '.')
        at++;
    if (*at == 'e' || *at == 'E') {
        const char *digits = at + 1;
        if (*digits == '+' || *digits == '-')
            digits++;
        if (isdigit((unsigned char)*digits)) {
            while (isdigit((unsigned char)*digits))
                digits++;
            at = digits;
        }
    }
    return (size_t)(at - start);
}

static struct token take(
    enum token_kind kind, const char *start, size_t size, const char **at)
{
    *at = start + size;
    return (struct token){.kind = kind, .start = start, .size = size};
}

static struct token take_comparison(const char *start, const char **at)
{
    static const struct {
        const char *text;
        enum comparison comparison;
    } forms[] = {{"==", COMPARE_EQUAL}, {"!=", COMPARE_UNEQUAL},
        {"<>", COMPARE_UNEQUAL}, {"<=", COMPARE_LESS_EQUAL},
        {">=", COMPARE_GREATER_EQUAL}, {"<", COMPARE_LESS},
        {">", COMPARE_GREATER}, {"=", COMPARE_EQUAL}};
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        size_t size = strlen(forms[i].text);
        if (strncmp(start, forms[i].text, size) != 0)
            continue;
        struct token token = take(TOKEN_COMPARE, start, size, at);
        token.comparison = forms[i].comparison;
        return token;
    }
    return take(TOKEN_BAD, start, 1, at);
}

static struct token take_quoted(const char *start, const char **at)
{
    const char *end = strchr(start + 1, *start);
    if (end == NULL)
        return take(TOKEN_BAD, start, strlen(start), at);
    *at = end + 1;
    return (struct token){.kind = TOKEN_TEXT,
        .start = start + 1,
        .size = (size_t)(end - start - 1)};
}

/* Letters of all languages: a category may have them. */
static size_t word_size(const char *at)
{
    size_t size = 0;
    while (isalnum((unsigned char)at[size]) || at[size] == '_' ||
           ((unsigned char)at[size] >= 0x80 &&
               habit_sign(HABIT_COHORT, at + size) == 0))
        size++;
    return size;
}

struct token lexer_next(const char **at)
{
    const char *start = skip_blanks(*at);
    switch (*start) {
    case '\0': return take(TOKEN_END, start, 0, at);
    case '(': return take(TOKEN_OPEN, start, 1, at);
    case ')': return take(TOKEN_CLOSE, start, 1, at);
    case ',': return take(TOKEN_COMMA, start, 1, at);
    case '\'':
    case '"': return take_quoted(start, at);
    default: break;
    }
    if (starts_number(start))
        return take(TOKEN_NUMBER, start, number_size(start), at);
    size_t size = word_size(start);
    if (size > 0)
        return take(TOKEN_WORD, start, size, at);
    size = habit_sign(HABIT_COHORT, start);
    return size > 0 ? take(TOKEN_BAD, start, size, at)
                    : take_comparison(start, at);
}

/* "mg/l", "1/min", "%", but no sign or blank that people type. */
static size_t unit_size(const char *at)
{
    size_t size = strcspn(at, " \t\r\n(),<>=!'\"&|;#[]");
    for (size_t i = 0; i < size; i++) {
        const bool may_end =
            i == 0 || at[i] == '-' || (unsigned char)at[i] >= 0x80;
        if (may_end && habit_sign(HABIT_COHORT, at + i) > 0)
            return i;
    }
    return size;
}

struct token lexer_unit(const char **at)
{
    const char *start = skip_blanks(*at);
    struct token unit = {
        .kind = TOKEN_WORD, .start = start, .size = unit_size(start)};
    if (unit.size == 0 || token_is_keyword(&unit)) {
        unit.size = 0;
        return unit;
    }
    *at = start + unit.size;
    return unit;
}
