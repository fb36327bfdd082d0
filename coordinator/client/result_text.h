/*
 * result_text: values of a result as people read them. In a column all numbers
 * have the same decimals where their sizes allow it, so that they can be
 * compared down the column; elsewhere a number has four significant digits.
 */
#ifndef COHORTIUM_COORDINATOR_CLIENT_RESULT_TEXT_H
#define COHORTIUM_COORDINATOR_CLIENT_RESULT_TEXT_H

#include <jansson.h>
#include <stddef.h>

#include "coordinator/client/result_words.h"

#define RESULT_TEXT_SIGNIFICANT (-1) /* four significant digits for each */

/* The decimals that show every number of `key` in rows (a list of objects) with
 * three significant digits, at most six: 0 when all are whole, and
 * RESULT_TEXT_SIGNIFICANT when the largest is 10,000 times the smallest. For
 * conf_low the numbers of conf_high count as well. */
int result_text_decimals(const json_t *rows, const char *key);
/* decimals: as above; p values have three, and "<0.001", whatever it is. */
void result_text_write(char *out, size_t capacity, const char *key,
    const json_t *value, int decimals);
/* A hazard, odds or rate ratio from its logarithm: two decimals, as ratios are
 * set; three digits where these would say nothing. */
void result_text_ratio(char *out, size_t capacity, double log_ratio);

/* A key of the JSON as people read it: "p value" for p_value; appended. */
void result_text_key(struct words *out, const char *key);

#endif
