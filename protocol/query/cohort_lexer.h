/*
 * cohort_lexer: the words of a cohort expression, with their places.
 */
#ifndef COHORTIUM_PROTOCOL_QUERY_COHORT_LEXER_H
#define COHORTIUM_PROTOCOL_QUERY_COHORT_LEXER_H

#include "protocol/query/cohort.h"

enum token_kind {
    TOKEN_END,
    TOKEN_WORD,   /* a name, keyword or bare category */
    TOKEN_NUMBER, /* its text; a unit is read separately */
    TOKEN_TEXT,   /* the inside of quotes */
    TOKEN_COMPARE,
    TOKEN_OPEN,
    TOKEN_CLOSE,
    TOKEN_COMMA,
    TOKEN_BAD
};

enum comparison {
    COMPARE_EQUAL,
    COMPARE_UNEQUAL,
    COMPARE_LESS,
    COMPARE_LESS_EQUAL,
    COMPARE_GREATER,
    COMPARE_GREATER_EQUAL
};

struct token {
    enum token_kind kind;
    enum comparison comparison;
    const char *start; /* in the expression */
    size_t size;
};

/* The token at *at; moves *at behind it. */
struct token lexer_next(const char **at);
/* After a number: the unit that stands there (size 0: none). */
struct token lexer_unit(const char **at);
/* Whether the token is this keyword, in either case. */
bool token_is(const struct token *token, const char *keyword);
/* Whether it is any keyword of the language. */
bool token_is_keyword(const struct token *token);

#endif
