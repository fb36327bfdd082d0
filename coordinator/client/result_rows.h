/*
 * result_rows: what tables, exports and pictures ask of a result's entries and
 * of the rows of their tables.
 */
#ifndef COHORTIUM_COORDINATOR_CLIENT_RESULT_ROWS_H
#define COHORTIUM_COORDINATOR_CLIENT_RESULT_ROWS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* The keys of all rows, in the order in which they first come, without lists
 * and without the keys of skip[skip_count]; at most `capacity`. */
size_t result_keys(const json_t *rows, const char *const *skip,
    size_t skip_count, const char **keys, size_t capacity);
/* {"suppressed": true, ...} */
bool result_is_suppressed(const json_t *object);
/* Whether the member of an entry is one value, withheld or not, that is of the
 * whole analysis. */
bool result_is_fact(const char *key, const json_t *value);
/* "hazard_ratio", "odds_ratio_low": of a row of a model, the power of e of its
 * estimate or of an end of its interval. */
bool result_is_ratio(const char *key);
/* A number of a row; NaN when it is not there. */
double result_number(const json_t *row, const char *key);
/* A text of a row; "" when it is not there. */
const char *result_string(const json_t *row, const char *key);
/* The level of an entry's confidence intervals. */
double result_level(const json_t *entry);
/* What exp(estimate) of a term is called: hazard, odds, risk or rate ratio,
 * ratio of means; NULL where it is none of them. */
const char *result_ratio_name(const json_t *entry);

#endif
