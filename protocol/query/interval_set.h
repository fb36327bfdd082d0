/*
 * interval_set: sets of codes of one variable, as sorted disjoint intervals.
 */
#ifndef COHORTIUM_PROTOCOL_QUERY_INTERVAL_SET_H
#define COHORTIUM_PROTOCOL_QUERY_INTERVAL_SET_H

#include "protocol/query/cohort.h"

#define INTERVALS_MAX 256

struct interval_set {
    size_t count;
    struct interval intervals[INTERVALS_MAX];
};

/* Adds low..high (nothing when low > high), keeping the set normal.
 * STATUS_LIMIT_REACHED when it would need too many intervals. */
enum status interval_set_add(
    struct interval_set *set, int32_t low, int32_t high);
/* What lies in min..max and not in the set. */
enum status interval_set_complement(
    struct interval_set *set, int32_t min, int32_t max);
enum status interval_set_intersect(
    struct interval_set *set, const struct interval *other, size_t count);
/* Whether every code of the set lies in other[count]. */
bool interval_set_within(
    const struct interval_set *set, const struct interval *other, size_t count);

#endif
