/*
 * mask: which rows of a block are in a cohort. One byte a row, 0xFF in and
 * 0x00 out, so that masks combine and select by bitwise and.
 */
#ifndef COHORTIUM_PROTOCOL_ANALYSIS_MASK_H
#define COHORTIUM_PROTOCOL_ANALYSIS_MASK_H

#include "protocol/analysis/analysis.h"

/* Blocks of scratch that mask_cohort needs for this tree. */
size_t mask_scratch_blocks(const struct cohort *cohort);
/* out[count] of rows first..first+count-1; scratch has
 * mask_scratch_blocks * BLOCK_ROWS bytes. */
void mask_cohort(const struct cohort *cohort, const struct rows *rows,
    size_t first, size_t count, uint8_t *out, uint8_t *scratch);
/* out = in and (column == code). */
void mask_level(const struct column *column, int32_t code, size_t first,
    size_t count, const uint8_t *in, uint8_t *out);
/* out = in and (first_code <= column <= last_code), none of them missing. */
void mask_codes(const struct column *column, int32_t first_code,
    int32_t last_code, size_t first, size_t count, const uint8_t *in,
    uint8_t *out);
/* out = in and (column has a value); in and out may be one. */
void mask_known(const struct column *column, size_t first, size_t count,
    const uint8_t *in, uint8_t *out);
/* Rows that count. */
uint64_t mask_count(const uint8_t *mask, size_t count);
/* Keeps each patient's first row only. *last: the patient kept last, carried
 * from block to block (UINT32_MAX at first). */
void mask_first_of_patient(
    const uint32_t *patients, size_t count, uint8_t *mask, uint32_t *last);

#endif
