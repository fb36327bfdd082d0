/*
 * cuts_internal: how the coordinator's memory of cuts is laid out. Included by
 * cuts*.c only.
 */
#ifndef COHORTIUM_PROTOCOL_ANALYSIS_CUTS_INTERNAL_H
#define COHORTIUM_PROTOCOL_ANALYSIS_CUTS_INTERNAL_H

#include "protocol/analysis/cuts.h"
#include "protocol/analysis/roc_curve.h"

#define ROUND_SUMS 8192 /* numbers of a round, about */
#define BINS_MIN 64     /* of one group, however many there are */
#define KEPT_TIMES 8    /* intervals that are kept, in bins of a round */
#define KEPT_SPARE 256  /* room for halving one of them to a single key */

/* Memory: these, then by group rows, people, rows before the intervals that
 * are kept, twice the sums of ranks; ranks wanted and keys found; the curve;
 * and the intervals: low, high, rows by group. */
enum memory {
    MEMORY_BEGUN,
    MEMORY_ROUNDS,
    MEMORY_DONE,
    MEMORY_SEEKS, /* 1: the lowest key of the one interval that is kept */
    MEMORY_TIES,
    MEMORY_KEPT,
    MEMORY_GROUPS
};

enum by_group { OF_ROWS, OF_PEOPLE, OF_BEFORE, OF_RANKS, BY_GROUP };

static inline size_t cuts_bins(const struct cuts *cuts)
{
    const size_t bins = ROUND_SUMS / cuts->groups;
    return bins < BINS_MIN ? BINS_MIN : bins;
}

static inline size_t cuts_wanted_at(const struct cuts *cuts)
{
    return MEMORY_GROUPS + BY_GROUP * cuts->groups;
}

static inline size_t cuts_curve_at(const struct cuts *cuts)
{
    return cuts_wanted_at(cuts) + 2 * cuts->groups * cuts->wanted;
}

static inline size_t cuts_interval_size(const struct cuts *cuts)
{
    return 2 + cuts->groups;
}

static inline size_t cuts_kept_max(const struct cuts *cuts)
{
    return KEPT_TIMES * cuts_bins(cuts) + KEPT_SPARE;
}

static inline double *cuts_intervals(const struct cuts *cuts, double *memory)
{
    return memory + cuts_curve_at(cuts) +
           (cuts->aim == CUTS_AREA ? ROC_CURVE_SIZE : 0);
}

static inline double *cuts_by_group(
    double *memory, const struct cuts *cuts, enum by_group what)
{
    return memory + MEMORY_GROUPS + what * cuts->groups;
}

/* An interval's ends and the cuts between them: equal pieces, as far as whole
 * numbers are. */
void cuts_divide(double *values, double low, double high, double pieces);

#endif
