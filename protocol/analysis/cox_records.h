/*
 * cox_records: what a Cox model reads of a row, packed, one record after the
 * other in order of time. Rows stand in the table in no order of time: they are
 * read there once, from the first to the last, and each record is written where
 * it belongs, so that nothing is read at random.
 */
#ifndef COHORTIUM_PROTOCOL_ANALYSIS_COX_RECORDS_H
#define COHORTIUM_PROTOCOL_ANALYSIS_COX_RECORDS_H

#include "protocol/analysis/cox_rounds.h"

#define COX_EVENT 1u  /* the row has one, at this place */
#define COX_BEGINS 2u /* the row is at risk after this place: it goes again */

/* A row at a place (stratum and step) where the risk set changes. */
struct cox_move {
    uint32_t row;
    uint32_t place; /* times 4, with COX_EVENT, COX_BEGINS */
};

/* Bytes of a record; `count` of them and an end take count + 1. */
size_t cox_record_size(const struct cox *cox);
/* The records of moves[count], which are in order of rows: of the latest place
 * first, then in order of rows; and an end. starts[strata * steps + 1]: room.
 */
void cox_records_sort(const struct cox *cox, const struct rows *rows,
    const struct cox_move *moves, size_t count, uint32_t *starts,
    uint8_t *records);
/* count <= DESIGN_ROWS of them: places[count + 1] with that of the next or
 * UINT32_MAX at the end, and codes[design->right_count]. */
void cox_records_read(const struct cox *cox, const uint8_t *records,
    size_t count, uint32_t *places, int32_t (*codes)[DESIGN_ROWS]);

#endif
