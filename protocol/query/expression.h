/*
 * expression: arithmetic on a row's numbers, in R's words: + - * / ^,
 * parentheses, log log2 log10 log1p exp sqrt abs I. A formula has them, and a
 * variable that is derived from others. Missing in, missing out.
 */
#ifndef COHORTIUM_PROTOCOL_QUERY_EXPRESSION_H
#define COHORTIUM_PROTOCOL_QUERY_EXPRESSION_H

#include "protocol/query/arena.h"
#include "protocol/query/dictionary.h"

#define EXPRESSION_STEPS_MAX 64
#define EXPRESSION_STACK_MAX 16

enum step_kind {
    STEP_VARIABLE,
    STEP_CONSTANT,
    STEP_ADD,
    STEP_SUBTRACT,
    STEP_MULTIPLY,
    STEP_DIVIDE,
    STEP_POWER,
    STEP_NEGATE,
    STEP_LOG,
    STEP_LOG2,
    STEP_LOG10,
    STEP_LOG1P,
    STEP_EXP,
    STEP_SQRT,
    STEP_ABS
};

/* One step in postfix order. */
struct expression_step {
    enum step_kind kind;
    size_t variable; /* STEP_VARIABLE: a number or a boolean */
    double constant; /* STEP_CONSTANT */
};

struct expression {
    size_t step_count;
    const struct expression_step *steps; /* in the parser's arena */
};

struct formula_error { /* of a formula, or of an expression by itself */
    size_t offset;     /* bytes from the start of text */
    char message[512];
};

/* The whole of text. STATUS_MALFORMED, STATUS_UNKNOWN_NAME (the message names
 * the nearest), STATUS_LIMIT_REACHED. */
enum status expression_parse(struct expression *out, const char *text,
    const struct dictionary *dictionary, struct arena *arena,
    struct formula_error *error);
bool expression_takes_two(enum step_kind kind);
/* An operation; b is not read where it takes one. */
double expression_apply(enum step_kind kind, double a, double b);
/* Every variable that it reads (may repeat). */
void expression_visit_variables(const struct expression *expression,
    void (*visit)(void *arg, size_t variable), void *arg);
/* For codes[variable] of a row; NaN when a variable is missing there or the
 * result is not finite. */
double expression_value(const struct expression *expression,
    const struct dictionary *dictionary, const int32_t *codes);
/* No bound is larger: a value that may be is no number to sum. */
#define EXPRESSION_BOUND_MAX 1e30
/* A bound on |value|, from the dictionary's ranges and resolutions; > 0 and
 * finite. A value beyond it (a division by almost nothing, where it is not
 * known how little it may be) counts as missing. */
double expression_bound(
    const struct expression *expression, const struct dictionary *dictionary);
/* Whether the numbers written in it decide which rows it has a value for, as in
 * log(age - 50), 1 / (age - 50) or exp(20 * age), which is too large from some
 * age on. Not so where it has a value all over the dictionary's ranges, and
 * where the argument that may have none is of variables alone, as in log(bnp)
 * or 1 / bnp: 0 has no logarithm, whoever asks. */
bool expression_chooses_rows(
    const struct expression *expression, const struct dictionary *dictionary);

#endif
