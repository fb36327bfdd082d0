/*
 * formula_parser: what the parts of the formula parser share: words with
 * their places, and expressions. Private to formula_*.c.
 */
#ifndef COHORTIUM_PROTOCOL_QUERY_FORMULA_PARSER_H
#define COHORTIUM_PROTOCOL_QUERY_FORMULA_PARSER_H

#include "protocol/query/formula.h"

#define FORMULA_DEPTH_MAX 24
#define FORMULA_NAME_MAX 1024 /* of an atom as R deparses it */

enum word_kind { WORD_END, WORD_NAME, WORD_NUMBER, WORD_MARK, WORD_BAD };

struct word {
    enum word_kind kind;
    const char *start;
    size_t size; /* WORD_MARK: 1 */
};

struct formula_parser {
    const char *text;
    const char *at;   /* behind `word` */
    struct word word; /* the next one */
    const struct dictionary *dictionary;
    const struct center_list *centers;
    struct arena *arena;
    struct formula_error *error;
    struct formula *formula; /* where strata and the offset go */
    size_t depth;
    size_t step_count; /* the expression being read */
    struct expression_step steps[EXPRESSION_STEPS_MAX];
    const char *places[EXPRESSION_STEPS_MAX]; /* where each is written */
    size_t stack; /* values it has left to combine */
    bool nested;  /* inside a call */
    char name[FORMULA_NAME_MAX];
};

void formula_advance(struct formula_parser *parser);
bool formula_word_is(const struct formula_parser *parser, const char *text);
enum status formula_fail(struct formula_parser *parser, const char *where,
    enum status status, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
enum status formula_expected(struct formula_parser *parser, const char *what);
/* The one-character mark, or says that it was expected. */
enum status formula_take(struct formula_parser *parser, const char *mark);
/* A variable of the dictionary that is no vector. */
enum status formula_variable(struct formula_parser *parser, size_t *variable);
bool formula_is_function(const struct word *word);
/* An expression, or with call_only one call such as log(x) and nothing behind
 * it; fills a NUMBER. */
enum status formula_expression(
    struct formula_parser *parser, struct formula_atom *atom, bool call_only);
/* Adds to parser->name, what does not fit is an error of the caller's. */
void formula_name_add(
    struct formula_parser *parser, const char *text, size_t size);
/* Copy in the arena; NULL without memory. */
const char *formula_keep(struct formula_parser *parser, const char *text);

/* One atom of the right side, from its name on. *alone: it was strata() or
 * offset(), which went into the formula, and is no atom. */
enum status formula_atom(
    struct formula_parser *parser, struct formula_atom *atom, bool *alone);
/* A name alone. */
enum status formula_plain(
    struct formula_parser *parser, struct formula_atom *atom);
/* Gives the atom parser->name. */
enum status formula_name_atom(
    struct formula_parser *parser, struct formula_atom *atom);

#endif
