/*
 * result_rows: what the rows of a result's table have in common.
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

#endif
