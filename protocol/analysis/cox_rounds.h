/*
 * cox_rounds: the sums and the rounds of a Cox model; cox.c reads its
 * parameters and tells its result.
 */
#ifndef COHORTIUM_PROTOCOL_ANALYSIS_COX_ROUNDS_H
#define COHORTIUM_PROTOCOL_ANALYSIS_COX_ROUNDS_H

#include "protocol/analysis/cox_likelihood.h"
#include "protocol/analysis/model.h"
#include "protocol/analysis/standard.h"

struct cox {
    struct design *design;
    int64_t grid;
    bool efron, by_center;
    size_t first, count;             /* columns without the intercept */
    struct standard_columns columns; /* these */
    size_t steps, strata;
    struct cox_layout layout;
    size_t risk_sets; /* on the grid: room for so many a stratum */
    const struct variable *stop, *start; /* start NULL: from 0 */
};

/* The sums of the cell: these, then of events x [p] and time * x [p], then in
 * the first round of all rows x [p] and x^2 [p] (standard.h); then by center a
 * likelihood's numbers and PAIRS_COUNT, on the grid in the first round
 * STEP_COUNTS a step, in the others those of the risk sets, stratum by stratum.
 */
enum cox_sums {
    SUM_EVENTS,  /* rows with an event */
    SUM_INVALID, /* rows whose exp(x b) is too large */
    SUM_LOGLIK,  /* by center */
    SUM_X
};

/* Whole numbers; only where the round says so (the number after beta). */
enum cox_pair_sums {
    PAIRS_CONCORDANT,
    PAIRS_DISCORDANT,
    PAIRS_TIED,
    PAIRS_COUNT
};

static inline size_t cox_rest(const struct cox *cox)
{
    return SUM_X + 2 * cox->count + standard_count(&cox->columns);
}

/* Every center is told [p] coefficients, then 1 if it is to count pairs, or on
 * the grid where risk sets start; then by what covariates were made those that
 * coefficients are of (standard.h): all sums of a round after the first are of
 * these. A constant less does not change a partial likelihood. */
static inline size_t cox_standard_at(const struct cox *cox)
{
    return cox->count + (cox->by_center ? 1 : cox->strata * cox->risk_sets);
}
static inline const int128 *cox_moments(
    const struct cox *cox, const int128 *cell)
{
    return cell + COUNTS_CELL + SUM_X + 2 * cox->count;
}

/* Times of events are told in parts of the whole grid. */
/* Places of a time: a step of a stratum. */
static inline size_t cox_places(const struct cox *cox)
{
    return cox->strata * cox->steps;
}
static inline double cox_time_unit(const struct cox *cox)
{
    return 1.0 / (double)cox->steps;
}

#define COX_ALIASED 1e-13 /* the information has 64 bits, not 113 */

/* What the coordinator remembers: [count] coefficients, [count] standard errors
 * (-1: the column is left out), then these, then [count + 1] statistics of
 * cox_zph, [count] whether a column is that of a reference level, [2 count]
 * what is told by standard.h, and of the columns as they are [count] estimates
 * and [count] standard errors. */
enum cox_remembered {
    KEPT_LOGLIK,
    KEPT_NULL,
    KEPT_SCORE,
    KEPT_WALD,
    KEPT_RANK,
    KEPT_ROUNDS,
    KEPT_SETTLED,
    KEPT_CONVERGED,
    KEPT_UNBOUNDED, /* 1: the likelihood stands still, a coefficient grows */
    KEPT_INVALID,   /* 1: in the last round exp(x b) of a row was too large */
    KEPT_EVENTS,
    KEPT_RISK_SETS,
    KEPT_MERGED,
    KEPT_CONCORDANCE, /* -1: not known */
    KEPT_COUNT
};

static inline size_t cox_out_at(const struct cox *cox)
{
    return 2 * cox->count + KEPT_COUNT + cox->count + 1;
}
static inline size_t cox_told_at(const struct cox *cox)
{
    return cox_out_at(cox) + cox->count;
}
static inline size_t cox_estimates_at(const struct cox *cox)
{
    return cox_told_at(cox) + standard_count(&cox->columns);
}
/* From the first round's sums. */
void cox_levels(
    const struct cox *cox, const int128 *cell, struct design_levels *out);
/* Likewise; as in struct analysis_kind. */
bool cox_has_few_levels(const struct analysis *analysis,
    const struct shape *shape, const int128 *elements, int64_t min_cell);
/* Once steps and strata are known: layout and risk_sets. */
void cox_plan(struct cox *cox);
enum status cox_shape(const struct analysis *analysis,
    const struct dictionary *dictionary, struct shape *out);
void cox_parts(const struct analysis *analysis, const struct shape *shape,
    struct part_list *parts);
bool cox_whole(const struct analysis *analysis);
size_t cox_state_size(
    const struct analysis *analysis, const struct shape *shape);
size_t cox_row_size(const struct analysis *analysis);
void cox_contribute(const struct analysis *analysis, const struct shape *shape,
    const struct row_block *block, void *state, int128 *elements,
    struct cell_facts *facts);
void cox_flush(const struct analysis *analysis, const struct shape *shape,
    void *state, const double *values, int128 *elements,
    struct cell_facts *facts);
size_t cox_value_count(
    const struct analysis *analysis, const struct shape *shape);
size_t cox_memory_count(
    const struct analysis *analysis, const struct shape *shape);
enum status cox_advance(
    const struct analysis *analysis, struct summed_round *round);

#endif
