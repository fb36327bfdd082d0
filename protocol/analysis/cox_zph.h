/*
 * cox_zph: whether hazards are proportional: the score test of a coefficient
 * that changes with time in a line, term by term and of all together. R:
 * cox.zph(fit, transform = "identity") of survival 3, which tests the same.
 */
#ifndef COHORTIUM_PROTOCOL_ANALYSIS_COX_ZPH_H
#define COHORTIUM_PROTOCOL_ANALYSIS_COX_ZPH_H

#include "protocol/analysis/cox_rounds.h"

/* `here`: at the fitted coefficients; memory: the coordinator's, with standard
 * errors. statistics[count + 1]: one a term of the formula, in order, then that
 * of all. STATUS_NO_MEMORY. */
enum status cox_zph(const struct cox *cox, const struct cox_likelihood *here,
    const double *memory, double *statistics);
/* The rows of the result's "zph"; used[count]: standard errors, below 0 where a
 * column is not in the model. */
json_t *cox_zph_table(
    const struct cox *cox, const double *used, const double *statistics);

#endif
