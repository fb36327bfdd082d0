/*
 * steps: how many rows have each value of a variable, on its grid, in groups:
 * what quantiles, rank tests and ROC curves are made of.
 */
#ifndef COHORTIUM_PROTOCOL_ANALYSIS_STEPS_H
#define COHORTIUM_PROTOCOL_ANALYSIS_STEPS_H

#include "protocol/analysis/analysis.h"

#define STEPS_MAX 40000

/* Whether the variable has few enough steps between its min and max to count
 * each in one round; others are cut (cuts.h). */
bool steps_are_few(const struct variable *variable);
/* Its steps as keys of cuts: floor(code / grid) of its codes. */
void steps_range(const struct variable *variable, double *low, double *high);
/* TABLE_ORDERED, a row a group. */
void steps_shape(
    struct shape *out, const struct variable *variable, size_t groups);

struct steps_group {
    size_t variable;
    int32_t first_level; /* the code of group 0 */
};

/* group NULL: all in one. Rows without a value or a group count nowhere. state:
 * of a tally over all cells. */
void steps_add(const struct table_shape *table, const struct row_block *block,
    size_t variable, const struct steps_group *group, void *state,
    int128 *elements);

/* D7: whether at least so many people lie on the nearer side of a quantile of
 * one group of a segment. */
bool steps_tail_shows(const int128 *elements, const struct table_shape *table,
    size_t group, double prob, int64_t least);
/* Some center gave no steps, or a group is of few people. "suppressed", "rule"
 * and "message". */
void steps_set_withheld(json_t *out);
bool steps_tail_is_enough(double people, double prob, int64_t least);
/* The step of one group that holds the value of rank `rank`, from 1. */
size_t steps_of_rank(const int128 *elements, const struct table_shape *table,
    size_t group, int128 rank);
/* R's median of a group of n >= 1 rows: of two middle values their mean. */
double steps_median(const int128 *elements, const struct table_shape *table,
    size_t group, int128 n, const struct variable *variable);
/* What a step stands for: its lowest value. */
double steps_value(const struct table_shape *table,
    const struct variable *variable, size_t step);

#endif
