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

#include "protocol/wire/status.h"

#define ROC_POINTS_MAX 2000 /* of the curve that is told */

/* A curve on its way, as numbers that a fit's memory can hold: people of
 * either outcome, those passed so far, sums for the area and its variance, the
 * best threshold and those passed there, and the points. */
enum roc_curve_place {
    CURVE_WITH,
    CURVE_WITHOUT,
    CURVE_PASSED_WITH,
    CURVE_PASSED_WITHOUT,
    CURVE_SUM,
    CURVE_SQUARES,
    CURVE_OTHER,
    CURVE_BEST,
    CURVE_BEST_WITH,
    CURVE_BEST_WITHOUT,
    CURVE_BEST_LOW,
    CURVE_BEST_HIGH,
    CURVE_LAST_WITH,
    CURVE_LAST_WITHOUT,
    CURVE_POINTS,
    CURVE_POINT /* ROC_POINTS_MAX of three: key, and those passed */
};
#define ROC_CURVE_SIZE (CURVE_POINT + 3 * ROC_POINTS_MAX)

/* People of one score, or of some between which no other outcome lies: their
 * keys are from low to below high. */
struct roc_step {
    double low, high;
    double with, without;
};

/* All people of either outcome. */
void roc_curve_begin(double *curve, double with, double without);
/* The next step, in increasing order. Points are exact; neighbours are left out
 * until at least min_cell of both outcomes lie between two of them, and where
 * there would be too many to tell. */
void roc_curve_add(
    double *curve, const struct roc_step *step, int64_t min_cell);

/* The unit of a key: the score at or above which a test is positive. */
typedef double roc_score_of(const void *arg, double key);

/* Sets "auc", "conf_low", "conf_high", "events", "youden", "threshold",
 * "sensitivity", "specificity" and the "table" of the curve. There is no interval
 * where one alone has an outcome, or one has not. The best threshold
 * is that of all of them, or withheld where fewer than min_cell people with or
 * without the outcome lie on one side of it. */
void roc_set_curve(json_t *out, const double *curve, double level,
    int64_t min_cell, roc_score_of *score, const void *arg);

/* People of either outcome by bins of the score, in increasing order, and of
 * probabilities their sums. */
struct roc_counts {
    size_t count;
    const double *with, *without, *expected; /* [count] each */
};
/* The curve of bins: their keys are their places, from 0. */
enum status roc_set_counts(json_t *out, const struct roc_counts *counts,
    double level, int64_t min_cell, roc_score_of *score, const void *arg);
/* Tenths of the people by score: "expected" is their mean probability,
 * "observed" the share with the outcome. Neighbours are joined until none is of
 * few with or without it; withheld where all are. */
json_t *roc_calibration(const struct roc_counts *bins, int64_t min_cell);

#endif
