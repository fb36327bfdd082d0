/*
 * told: sets of rows in words, and what of a result was answered by a
 * combination of sets that were told before (rule 2 of policy/README.md). The
 * words name the combination, never whether or how many people it differs by.
 */
#ifndef COHORTIUM_COORDINATOR_TOLD_H
#define COHORTIUM_COORDINATOR_TOLD_H

#include "coordinator/families.h"
#include "protocol/analysis/sets.h"
#include "protocol/wire/json_text.h"

/* As "age >= 50; sex = 1; lvef known"; cut to the capacity. */
void told_describe(
    const struct sets *sets, size_t index, char *out, size_t capacity);
/* Adds to each result that needs it a member "answered_by": texts, one for each
 * set that is not answered by its own rows or in its own words. results: one
 * entry a segment of the plan. */
enum status told_add(json_t *results, const struct sets *sets,
    const struct instruction *instruction, const struct family *family);

#endif
