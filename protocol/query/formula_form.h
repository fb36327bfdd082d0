/*
 * formula_form: which arithmetic a formula may hold. Sums of many values are
 * told of it, and a free number inside a curved function can be chosen so that
 * one person makes the sum: exp(-50 * abs(age - 62)) is 1 for who is 62 and 0
 * for everybody else. So a formula has polynomials of its numbers up to a total
 * degree of FORMULA_DEGREE_MAX, log() and sqrt() of a variable (times and plus
 * a number), and quotients by products of variables. Whatever sums of these are
 * asked, they lie in the span of a few sums that everybody could ask for.
 *
 * Arithmetic of dictionaries (derived variables, rules) is free: a federation
 * agrees on it before anybody asks.
 */
#ifndef COHORTIUM_PROTOCOL_QUERY_FORMULA_FORM_H
#define COHORTIUM_PROTOCOL_QUERY_FORMULA_FORM_H

#include "protocol/query/expression.h"

#define FORMULA_DEGREE_MAX 3 /* of a column: x^3, x * y * z, x:y:z */
#define FORMULA_WHY_MAX 256

struct formula_form {
    double degree;             /* of an expression that is taken */
    size_t step;               /* of one that is not: where it fails */
    char why[FORMULA_WHY_MAX]; /* and what to write instead */
};

/* STATUS_MALFORMED: not taken. Pure. */
enum status formula_form_of(struct formula_form *out,
    const struct expression *expression, const struct dictionary *dictionary);

#endif
