/*
 * rows: the registry as columns of compact integers, borrowed from whoever
 * built them (the node's frame).
 *
 * Rows stand sorted by patient; each patient's rows are in the order in which
 * the exams were done (or recorded). A column holds the dictionary's codes in
 * the variable's width (1, 2 or 4 bytes, signed); missing is the lowest value
 * of that width. The arrays are aligned to 64 bytes and readable up to the
 * next multiple of 64 bytes.
 */
#ifndef COHORTIUM_PROTOCOL_ANALYSIS_ROWS_H
#define COHORTIUM_PROTOCOL_ANALYSIS_ROWS_H

#include <stddef.h>
#include <stdint.h>

struct column {
    int width;        /* 1, 2, 4; 0: no data, every value is missing */
    const void *data; /* int8_t, int16_t or int32_t [count] */
};

struct rows {
    size_t count;
    size_t patient_count;
    const uint32_t *patients; /* [count], non-decreasing from 0; NULL when each
                                 row is a person of its own */
    const struct column *columns;  /* one a column of the dictionary */
    const uint8_t *const *refused; /* one a column: [count], 1 where a value is
        missing because the one that came was out of range; NULL: nowhere. NULL:
        in no column */
    size_t center; /* whose rows: a place in the session's list of centers */
};

#endif
