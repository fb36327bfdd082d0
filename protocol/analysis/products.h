/*
 * products: sums of values and of their products, over the rows that have all
 * of several variables, exact: what correlation and pca share.
 */
#ifndef COHORTIUM_PROTOCOL_ANALYSIS_PRODUCTS_H
#define COHORTIUM_PROTOCOL_ANALYSIS_PRODUCTS_H

#include "protocol/analysis/least_squares.h"
#include "protocol/analysis/model.h"

struct products {
    size_t count;
    const size_t *columns; /* [count] of the dictionary */
};

/* One cell of TABLE_SUMS, for m variables. */
void products_shape(struct shape *out, size_t m);
size_t products_state_size(size_t m);
/* state: zeroed before the first block. */
void products_add(const struct products *products,
    const struct row_block *block, void *state, int128 *cell);
/* n times the sum of products of variables i <= j of m about their means, in
 * units of both resolutions. */
wide products_spread(const int128 *cell, size_t m, size_t i, size_t j);

#endif
