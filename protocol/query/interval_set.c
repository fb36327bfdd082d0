#include "protocol/query/interval_set.h"

#include <string.h>

enum status interval_set_add(
    struct interval_set *set, int32_t low, int32_t high)
{
    if (low > high)
        return STATUS_OK;
    /* everything that overlaps or touches the new one is swallowed */
    size_t first = 0;
    while (first < set->count &&
           (int64_t)set->intervals[first].high + 1 < (int64_t)low)
        first++;
    size_t last = first;
    while (last < set->count &&
           (int64_t)set->intervals[last].low - 1 <= (int64_t)high) {
        if (set->intervals[last].low < low)
            low = set->intervals[last].low;
        if (set->intervals[last].high > high)
            high = set->intervals[last].high;
        last++;
    }
    if (first == last && set->count == INTERVALS_MAX)
        return STATUS_LIMIT_REACHED;
    memmove(&set->intervals[first + 1], &set->intervals[last],
        (set->count - last) * sizeof set->intervals[0]);
    set->intervals[first] = (struct interval){low, high};
    set->count = set->count - (last - first) + 1;
    return STATUS_OK;
}

enum status interval_set_complement(
    struct interval_set *set, int32_t min, int32_t max)
{
    struct interval_set rest = {0};
    int64_t next = min;
    for (size_t i = 0; i < set->count; i++) {
        const struct interval *at = &set->intervals[i];
        if (at->low > next && next <= max) {
            int32_t high = at->low - 1 < max ? at->low - 1 : max;
            enum status status = interval_set_add(&rest, (int32_t)next, high);
            if (status != STATUS_OK)
                return status;
        }
        if ((int64_t)at->high + 1 > next)
            next = (int64_t)at->high + 1;
    }
    enum status status = STATUS_OK;
    if (next <= max)
        status = interval_set_add(&rest, (int32_t)next, max);
    *set = rest;
    return status;
}

enum status interval_set_intersect(
    struct interval_set *set, const struct interval *other, size_t count)
{
    struct interval_set both = {0};
    for (size_t i = 0; i < set->count; i++) {
        for (size_t k = 0; k < count; k++) {
            const struct interval *a = &set->intervals[i];
            int32_t low = a->low > other[k].low ? a->low : other[k].low;
            int32_t high = a->high < other[k].high ? a->high : other[k].high;
            enum status status = interval_set_add(&both, low, high);
            if (status != STATUS_OK)
                return status;
        }
    }
    *set = both;
    return STATUS_OK;
}

bool interval_set_within(
    const struct interval_set *set, const struct interval *other, size_t count)
{
    for (size_t i = 0; i < set->count; i++) {
        bool found = false;
        for (size_t k = 0; k < count && !found; k++)
            found = other[k].low <= set->intervals[i].low &&
                    set->intervals[i].high <= other[k].high;
        if (!found)
            return false;
    }
    return true;
}
