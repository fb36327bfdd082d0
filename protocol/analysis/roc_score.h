/*
 * roc_score: a score that a model fitted earlier gives, for roc.
 *
 *     {"formula": "death ~ age + sex", "score": "probability",
 *      "coefficients": {"(Intercept)": -3.1, "age": 0.04, "sexM": 0.5}}
 *
 * The coefficients stand in the signed question, as they were released: nothing
 * has to be believed of an earlier result, and the question is whole by itself.
 * (`of`, which result they come from, is a note for its readers.) A linear
 * predictor has no scale of its own: its mean and standard deviation are summed
 * first, and it is counted as (score - mean) / sd, which keeps the order.
 */
#ifndef COHORTIUM_PROTOCOL_ANALYSIS_ROC_SCORE_H
#define COHORTIUM_PROTOCOL_ANALYSIS_ROC_SCORE_H

#include "protocol/analysis/glm_rounds.h"

#define ROC_BINS ((size_t)512)

/* Counts with the outcome, without it, and sums of probabilities. */
enum roc_bins { BINS_WITH, BINS_WITHOUT, BINS_EXPECTED, BINS_COUNT };

/* share: in [0, 1], where a row stands among the bins. */
static inline void roc_count(int128 *bins, bool with, double share)
{
    size_t bin = share > 0 ? (size_t)(share * ROC_BINS) : 0;
    if (bin >= ROC_BINS)
        bin = ROC_BINS - 1;
    bins[(with ? BINS_WITH : BINS_WITHOUT) * ROC_BINS + bin]++;
    bins[BINS_EXPECTED * ROC_BINS + bin] += design_fixed(share, GLM_BITS);
}

struct roc_score {
    double *coefficients; /* of scaled columns; NULL: no score is given */
    bool is_probability;
};

/* What a round counts: for calibration, then between cuts (cuts.h). */
enum roc_counted { COUNTED_NOT, COUNTED_BINS, COUNTED_CUTS };

/* What a round after the first is told, and what is remembered of it. */
enum roc_score_value {
    SCORE_MEAN,
    SCORE_SD,
    SCORE_COUNTED, /* enum roc_counted */
    SCORE_VALUES
};

/* Members "score", "coefficients" and "of", where there are; the model's design
 * is read. */
enum status roc_score_parse(struct roc_score *score,
    const struct design *design, const struct field *parameters,
    struct diagnostic *diagnostic);
/* A linear predictor in the unit in which it is counted, and back in its own.
 * values: SCORE_VALUES; a probability has no need of them. */
double roc_score_unit(
    const struct roc_score *score, const double *values, double eta);
double roc_score_eta(
    const struct roc_score *score, const double *values, double unit);
/* A block's bins, or in the first round of a linear predictor its sums. */
void roc_score_contribute(const struct roc_score *score, const struct glm *glm,
    const struct row_block *block, uint64_t *last, int128 *cell);
/* Whether the sums of a round at `values` (NULL: the first) are bins; if not,
 * next[SCORE_VALUES]. */
bool roc_score_is_counted(const struct roc_score *score, const int128 *cell,
    double *next, const double *values);

#endif
