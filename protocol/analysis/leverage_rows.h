/*
 * leverage_rows: what leverage.c and leverage_rows.c have in common.
 */
#ifndef COHORTIUM_PROTOCOL_ANALYSIS_LEVERAGE_ROWS_H
#define COHORTIUM_PROTOCOL_ANALYSIS_LEVERAGE_ROWS_H

#include "protocol/analysis/leverage.h"

/* The sums of a round of counting: these, then people of each column of
 * levels, then of each term of levels those whom none of its columns has. */
enum leverage_sums { LEVERAGE_PEOPLE, LEVERAGE_COLUMNS };

const struct design *leverage_design(const struct analysis *analysis);
enum term_levels leverage_column_levels(
    const struct design *design, size_t column);
/* Of products in a round of SEGMENT_PRODUCTS or SEGMENT_OWN_PRODUCTS. */
int leverage_products_bits(
    const struct analysis *analysis, enum segment_step step);

#endif
