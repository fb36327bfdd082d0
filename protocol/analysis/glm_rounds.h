/*
 * glm_rounds: what a center adds to a round of a generalized linear model, and
 * what the coordinator makes of the sum. Private to glm*.c.
 */
#ifndef COHORTIUM_PROTOCOL_ANALYSIS_GLM_ROUNDS_H
#define COHORTIUM_PROTOCOL_ANALYSIS_GLM_ROUNDS_H

#include "protocol/analysis/glm_family.h"
#include "protocol/analysis/linear.h"

#define GLM_BITS 60 /* of the fraction of every sum */
/* What a row may add at most: 2^40 rows of it do not leave 128 bits. A row
 * beyond is invalid, never cut short. */
#define GLM_TERM_MAX 0x1p26

struct glm {
    struct design *design;
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
    OUT_OF_RANGE
};

/* Of the coordinator: these, then the last good coefficients, the coefficients
 * to be told, and the diagonal of the inverse (0: not used). */
enum glm_memory {
    MEMORY_OUTCOME,
    MEMORY_ITERATIONS,
    MEMORY_HALVINGS,
    MEMORY_RANK,
    MEMORY_DECREMENT, /* the last step's square in standard errors */
    MEMORY_EXTRAS,
    MEMORY_VECTORS = MEMORY_EXTRAS + EXTRA_COUNT
};

static inline size_t glm_columns(const struct analysis *analysis)
{
    const struct glm *glm = analysis->model;
    return glm->design->column_count;
}

/* For rule D9: weighted by the fit's own weights, as R's hatvalues. */
extern const struct model_check glm_check;
/* At least `width` sums, for those who need more room. */
void glm_shape(
    const struct analysis *analysis, size_t width, struct shape *out);
/* A row's weight in X'WX, at its linear predictor; of many (model_check). */
double glm_weight(const struct glm *glm, double eta);
void glm_weights(const struct analysis *analysis, const struct model_rows *rows,
    const double *values, double *out);
/* The linear predictor of a row of the design. */
double glm_linear(
    const struct glm *glm, const double *x, const double *coefficients);
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
