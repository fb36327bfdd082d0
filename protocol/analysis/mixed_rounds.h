/*
 * mixed_rounds: a linear model with a random intercept for each center, fitted
 * by restricted maximum likelihood (Patterson and Thompson 1971). mixed.c reads
 * its parameters and tells its result.
 *
 * With l = variance of the centers / residual variance, and Z = [X y], the
 * generalized least squares need Z'Z - sum over centers w z z' with z the sums
 * of a center's rows, w = l / (1 + n l), and the slope in l needs
 * - sum z z' / (1 + n l)^2. Each center adds its own, rounded once to 2^-BITS;
 * the coordinator looks for the l at which the slope is nil, a round a step.
 */
#ifndef COHORTIUM_PROTOCOL_ANALYSIS_MIXED_ROUNDS_H
#define COHORTIUM_PROTOCOL_ANALYSIS_MIXED_ROUNDS_H

#include "protocol/analysis/leverage.h"
#include "protocol/analysis/model.h"

/* What the coordinator remembers: these, then [p] coefficients, [p] standard
 * errors (-1: the column is left out), in units of the design's scales, and [p]
 * whether a column is that of a reference level. */
enum mixed_memory {
    MIXED_LOW, /* l where the criterion still falls, and its slope there */
    MIXED_LOW_SLOPE,
    MIXED_HIGH,
    MIXED_HIGH_SLOPE,
    MIXED_SIDE, /* which end moved last: -1, 1 */
    MIXED_ROUNDS,
    MIXED_CONVERGED,
    MIXED_RATIO,     /* l */
    MIXED_RESIDUAL,  /* residual variance */
    MIXED_CRITERION, /* -2 restricted log-likelihood, of scaled columns */
    MIXED_CENTERS,
    MIXED_RANK,
    MIXED_TERMS
};

enum status mixed_shape(const struct analysis *analysis,
    const struct dictionary *dictionary, struct shape *out);
bool mixed_whole(const struct analysis *analysis);
size_t mixed_state_size(
    const struct analysis *analysis, const struct shape *shape);
void mixed_contribute(const struct analysis *analysis,
    const struct shape *shape, const struct row_block *block, void *state,
    int128 *elements, struct cell_facts *facts);
void mixed_flush(const struct analysis *analysis, const struct shape *shape,
    void *state, const double *values, int128 *elements,
    struct cell_facts *facts);
size_t mixed_value_count(
    const struct analysis *analysis, const struct shape *shape);
size_t mixed_memory_count(
    const struct analysis *analysis, const struct shape *shape);
enum status mixed_advance(
    const struct analysis *analysis, struct summed_round *round);

/* From the first round's sums: there the centers do not differ. */
void mixed_levels(const struct design *design, const int128 *cell,
    struct design_levels *out);

/* The fixed terms for rule D9, as if the centers did not differ. */
extern const struct model_check mixed_check;

#endif
