/*
 * cohort_parser: what the parts of the cohort parser share: tokens, values,
 * tests of one variable. Private to cohort_*.c. A function that fails says
 * where and what in parser->error.
 */
#ifndef COHORTIUM_PROTOCOL_QUERY_COHORT_PARSER_H
#define COHORTIUM_PROTOCOL_QUERY_COHORT_PARSER_H

#include "protocol/query/cohort_lexer.h"

struct cohort_parser {
    const char *text;
    const char *at;         /* behind `token` */
    struct token token;     /* the next one */
    const char *test_start; /* of the test that is being read */
    const struct dictionary *dictionary;
    struct arena *arena;
    size_t node_count;
    size_t depth;
    bool inside; /* the text of a derived variable, which takes no other */
    struct cohort_error *error;
};

/* ---- cohort_parse.c ---- */

void cohort_advance(struct cohort_parser *parser);
enum status cohort_fail(struct cohort_parser *parser, const char *where,
    enum status status, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* "expected WHAT, found .." at the next token, or its habit. */
enum status cohort_expected(struct cohort_parser *parser, const char *what);
/* Says what to write instead of what stands there, if it is a known habit. */
bool cohort_says_habit(struct cohort_parser *parser, const struct token *token);
/* A copy of it in the arena. */
enum status cohort_add_node(struct cohort_parser *parser,
    const struct cohort_node *made, const struct cohort_node **out);

/* ---- cohort_value.c ---- */

/* A variable that is no vector. */
enum status cohort_name(struct cohort_parser *parser, size_t *variable);
/* The next token and the unit behind it, whatever they mean. */
enum status cohort_take_value(
    struct cohort_parser *parser, struct token *token, struct token *unit);
/* A value whose tokens have been taken, as a code of the variable. */
enum status cohort_read_value(struct cohort_parser *parser, size_t variable,
    const struct token *token, const struct token *unit, int32_t *code);
enum status cohort_value(
    struct cohort_parser *parser, size_t variable, int32_t *code);
/* A value that is no member of a list: "25,5" is a habit there. */
enum status cohort_single_value(
    struct cohort_parser *parser, size_t variable, int32_t *code);

/* ---- cohort_test.c ---- */

/* What follows a name that stands at `where`. */
enum status cohort_test(struct cohort_parser *parser, size_t variable,
    const char *where, bool negate, const struct cohort_node **out);
/* value compare name */
enum status cohort_mirrored_test(
    struct cohort_parser *parser, bool negate, const struct cohort_node **out);

#endif
