/*
 * glm_rounds: what a center adds to a round of a generalized linear model, and
 * what the coordinator makes of the sum. Private to glm*.c.
 */
#ifndef COHORTIUM_PROTOCOL_ANALYSIS_GLM_ROUNDS_H
#define COHORTIUM_PROTOCOL_ANALYSIS_GLM_ROUNDS_H

#include "protocol/analysis/glm_family.h"
#include "protocol/analysis/linear.h"
#include "protocol/analysis/standard.h"

#define GLM_BITS 60 /* of the fraction of every sum */
/* What a row may add at most: 2^40 rows of it do not leave 128 bits. A row
 * beyond is invalid, never cut short. */
#define GLM_TERM_MAX 0x1p26

struct glm {
    struct design *design;
    struct standard_columns columns; /* all of the design */
    enum glm_family family;
    enum glm_link link;
    double response_unit; /* the response is computed in this unit */
    double eta_unit;      /* eta in R's units = eta here times this */
};

enum glm_extra {
    EXTRA_INVALID, /* rows, a whole number */
    EXTRA_DEVIANCE,
    EXTRA_PEARSON,
    EXTRA_RATIO,     /* Gamma: (y - mu) / mu */
    EXTRA_SATURATED, /* log-likelihood of the saturated model; Gamma: log y */
    EXTRA_Y,
    EXTRA_Y2,   /* squares; poisson: y log y */
    EXTRA_NULL, /* deviance at eta = offset, for models without intercept */
    EXTRA_COUNT
};

enum glm_outcome {
    GOING,
    CONVERGED,
    NOT_CONVERGED,
    INVALID_START,
    OUT_OF_RANGE,
    UNBOUNDED /* an estimate that grows for ever, while the deviance stands */
};

/* Every center is told [p] coefficients, of the columns as standard.h has them,
 * and by what these were made: centers and factors [p]. */

/* Of the coordinator: these, then the vectors. */
enum glm_memory {
    MEMORY_OUTCOME,
    MEMORY_ITERATIONS,
    MEMORY_HALVINGS,
    MEMORY_RANK,
    MEMORY_DECREMENT, /* the last step's square in standard errors */
    MEMORY_EXTRAS,
    MEMORY_VECTORS = MEMORY_EXTRAS + EXTRA_COUNT
};

/* What follows MEMORY_VECTORS, [p] each. */
enum glm_vectors {
    VECTOR_GOOD, /* the last good coefficients, as told */
    VECTOR_NEXT, /* those to be told */
    VECTOR_ESTIMATE, /* the same of the design's columns */
    VECTOR_INVERSE,  /* of whose information the inverse's diagonal; 0: the
                        column is not used */
    VECTOR_OUT,      /* 1: that of a reference level */
    VECTOR_TOLD,     /* [2 p], standard.h */
    VECTOR_COUNT = VECTOR_TOLD + 2
};

static inline size_t glm_columns(const struct analysis *analysis)
{
    const struct glm *glm = analysis->model;
    return glm->design->column_count;
}

/* Of the sums of enum glm_extra: squares of a response that is told in its scale
 * are at most 4, and may be of differences far smaller than it. */
static inline int glm_extra_bits(const struct glm *glm)
{
    return glm->family == FAMILY_GAUSSIAN && glm->link != LINK_LOG ? 84
                                                                   : GLM_BITS;
}
/* From the first round's sums. */
void glm_levels(const struct analysis *analysis, const int128 *cell,
    struct design_levels *out);

/* For rule D9: weighted by the fit's own weights, as R's hatvalues. */
extern const struct model_check glm_check;
/* At least `width` sums, for those who need more room. */
void glm_shape(
    const struct analysis *analysis, size_t width, struct shape *out);
/* A row's weight in X'WX, at its linear predictor; of many (model_check). */
double glm_weight(const struct glm *glm, double eta);
void glm_weights(const struct analysis *analysis, const struct model_rows *rows,
    const double *values, double *out);
/* The linear predictor of a row of the design, at coefficients of its columns. */
double glm_linear(
    const struct glm *glm, const double *x, const double *coefficients);
/* Sums of the columns and their squares, in the first round (standard.h). */
const int128 *glm_moments(
    const struct analysis *analysis, const int128 *cell);
static inline double *glm_vector(
    const struct analysis *analysis, double *memory, enum glm_vectors which)
{
    return memory + MEMORY_VECTORS + (size_t)which * glm_columns(analysis);
}
static inline const double *glm_kept(const struct analysis *analysis,
    const double *memory, enum glm_vectors which)
{
    return memory + MEMORY_VECTORS + (size_t)which * glm_columns(analysis);
}
/* The weight of a row in the first round, at R's starting values. */
double glm_start_weight(const struct glm *glm, double y);
/* As in struct analysis_kind. */
void glm_contribute(const struct analysis *analysis, const struct shape *shape,
    const struct row_block *block, void *state, int128 *elements,
    struct cell_facts *facts);
size_t glm_value_count(
    const struct analysis *analysis, const struct shape *shape);
size_t glm_memory_count(
    const struct analysis *analysis, const struct shape *shape);
enum status glm_advance(
    const struct analysis *analysis, struct summed_round *round);

#endif
