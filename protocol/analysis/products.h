/*
 * products: sums of values and of their products, over the rows that have all
 * of the analysis' variables, exact: what correlation and pca share.
 */
#ifndef COHORTIUM_PROTOCOL_ANALYSIS_PRODUCTS_H
#define COHORTIUM_PROTOCOL_ANALYSIS_PRODUCTS_H

#include "protocol/analysis/least_squares.h"
#include "protocol/analysis/model.h"

enum status products_shape(const struct analysis *analysis,
    const struct dictionary *dictionary, struct shape *out);
void products_contribute(const struct analysis *analysis,
    const struct shape *shape, const struct row_block *block, void *state,
    int128 *elements, struct cell_facts *facts);
/* n times the sum of products of variables i <= j of m about their means, in
 * units of both resolutions. */
wide products_spread(const int128 *cell, size_t m, size_t i, size_t j);

#endif
