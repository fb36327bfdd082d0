/*
 * result_formula: the parts of a formula in an entry's parameters, as text. The
 * center has checked it; here it is only shown.
 */
#ifndef COHORTIUM_COORDINATOR_CLIENT_RESULT_FORMULA_H
#define COHORTIUM_COORDINATOR_CLIENT_RESULT_FORMULA_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* Length of text up to the first `end` outside parentheses and brackets. */
size_t formula_piece(const char *text, char end);
/* text[size] without blanks around it. */
void formula_copy(char *out, size_t capacity, const char *text, size_t size);
/* What is left of "~": an expression, or "Surv(...)". Each of these writes ""
 * when the entry has no formula, or that part is not in it. */
void formula_response(const json_t *entry, char *out, size_t capacity);
/* What is right of "~". */
void formula_right(const json_t *entry, char *out, size_t capacity);
/* The event of Surv(), its last argument; else the response. */
void formula_event(const json_t *entry, char *out, size_t capacity);
/* The variable of the only term: "sex" of "y ~ sex", "nyha" of "y ~
 * factor(nyha)". */
void formula_group(const json_t *entry, char *out, size_t capacity);
/* The names in strata(...): "center", "sex, center". */
void formula_strata(const json_t *entry, char *out, size_t capacity);

#endif
