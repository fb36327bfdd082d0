/*
 * roc_curve: the receiver operating characteristic from counts of both outcomes
 * at each score, in increasing order. Hanley and McNeil 1982; the variance of
 * the area by DeLong, DeLong and Clarke-Pearson 1988; the threshold by Youden
 * 1950. R: pROC's definitions, on the counted scores.
 */
#ifndef COHORTIUM_PROTOCOL_ANALYSIS_ROC_CURVE_H
#define COHORTIUM_PROTOCOL_ANALYSIS_ROC_CURVE_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

struct roc_counts {
    size_t count;
    const double *with, *without;                /* the outcome; [count] each */
    double (*score)(const void *arg, size_t at); /* what a place stands for */
    const void *arg;
};

/* Sets "auc", "conf_low", "conf_high", "youden", "threshold", "sensitivity",
 * "specificity" and the "table" of the curve; neighbours are merged there until
 * at least min_cell of both outcomes lie between two points, and the first one,
 * where all are positive, has no threshold. A score at or above a threshold is
 * a positive test. */
void roc_set_curve(json_t *out, const struct roc_counts *counts, double level,
    int64_t min_cell);

/* Tenths of the people by score: `expected` is the sum of their probabilities
 * [count], observed the share with the outcome, withheld where it is of few. */
json_t *roc_calibration(
    const struct roc_counts *counts, const double *expected, int64_t min_cell);

#endif
