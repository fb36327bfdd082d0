/*
 * moments: exact integer sums of a variable's codes and of their squares, and
 * what they are made of, person by person (D4).
 */
#ifndef COHORTIUM_PROTOCOL_ANALYSIS_MOMENTS_H
#define COHORTIUM_PROTOCOL_ANALYSIS_MOMENTS_H

#include "protocol/analysis/analysis.h"

/* One variable's running patient, where a patient has several rows; zeroed
 * before the first block. */
struct open_patient {
    uint64_t patient; /* + 1; 0 before the first */
    int64_t sum;
};

/* The rows of a block that count and have a value, to a cell of TABLE_MOMENTS
 * and to its facts. */
void moments_add(const struct row_block *block, const struct column *column,
    struct open_patient *open, int128 *cell, struct cell_facts *facts);
/* After the last block. */
void moments_close(struct open_patient *open, struct cell_facts *facts);

#endif
