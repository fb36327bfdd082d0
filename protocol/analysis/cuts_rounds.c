/* From round to round: what is known of the intervals, and where to cut next
 * (cuts.h). */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/analysis/cuts_internal.h"

#define CUT_ROUNDS_MAX 900 /* far more than rows need: a center lies */
#define COUNT_MAX ((int128)1 << 40) /* rows; a sum of bins is exact */

/* ---- an interval ---- */

static double total_of(const struct cuts *cuts, const double *interval)
{
    double total = 0;
    for (size_t g = 0; g < cuts->groups; g++)
        total += interval[2 + g];
    return total;
}

static bool holds_wanted(const struct cuts *cuts, const double *memory,
    const double *before, const double *interval)
{
    const double *wanted = memory + cuts_wanted_at(cuts);
    for (size_t g = 0; g < cuts->groups; g++) {
        for (size_t i = 0; i < cuts->wanted; i++) {
            const double rank = wanted[g * cuts->wanted + i];
            if (rank > before[g] && rank <= before[g] + interval[2 + g])
                return true;
        }
    }
    return false;
}

/* before[groups]: rows of lower keys. */
static bool is_open(const struct cuts *cuts, const double *memory,
    const double *before, const double *interval)
{
    if (interval[1] - interval[0] <= 1)
        return false;
    if (memory[MEMORY_SEEKS] != 0)
        return true;
    if (cuts->aim == CUTS_AREA)
        return interval[2] > 0 && interval[3] > 0;
    return (cuts->aim == CUTS_RANKS && total_of(cuts, interval) > 1) ||
           holds_wanted(cuts, memory, before, interval);
}

/* Enough is known of it: it goes to what is told in the end. */
static void finish_interval(const struct cuts *cuts, double *memory,
    const double *interval, int64_t min_cell)
{
    double *before = cuts_by_group(memory, cuts, OF_BEFORE);
    double *ranks = cuts_by_group(memory, cuts, OF_RANKS);
    double *wanted = memory + cuts_wanted_at(cuts);
    double *found = wanted + cuts->groups * cuts->wanted;
    const double here = total_of(cuts, interval);
    double below = 0;
    if (cuts->aim == CUTS_AREA) {
        const struct roc_step step = {
            interval[0], interval[1], interval[3], interval[2]};
        roc_curve_add(memory + cuts_curve_at(cuts), &step, min_cell);
    }
    for (size_t g = 0; g < cuts->groups; g++)
        below += before[g];
    memory[MEMORY_TIES] += here * here * here - here;
    for (size_t g = 0; g < cuts->groups; g++) {
        const double count = interval[2 + g];
        ranks[g] += count * (2 * below + here + 1);
        for (size_t i = g * cuts->wanted; i < (g + 1) * cuts->wanted; i++) {
            if (wanted[i] > before[g] && wanted[i] <= before[g] + count)
                found[i] = interval[0];
        }
        before[g] += count;
    }
}

/* ---- from round to round ---- */

/* A count that is none can only come from a center that lies: nobody. */
static double count_of(int128 sum)
{
    return sum < 0 || sum > COUNT_MAX ? 0 : (double)sum;
}

struct list {
    double *intervals;
    double *counts; /* of one piece, by group */
    size_t count, limit;
};

/* One that nobody is in is not kept. */
static void keep(const struct cuts *cuts, struct list *list, double low,
    double high, const double *counts)
{
    double *at = list->intervals + list->count * cuts_interval_size(cuts);
    double total = 0;
    for (size_t g = 0; g < cuts->groups; g++)
        total += counts[g];
    if (total <= 0 || list->count == list->limit)
        return;
    at[0] = low;
    at[1] = high;
    memcpy(at + 2, counts, cuts->groups * sizeof *at);
    list->count++;
}

/* The pieces that the round counted: between the cuts from *at on, which are
 * its ends and those between. */
static void keep_pieces(const struct cuts *cuts, const struct cuts_round *round,
    const double *interval, size_t *at, struct list *list)
{
    const size_t bins = cuts_bins(cuts), count = (size_t)round->values[0];
    while (*at < count && round->values[*at] < interval[1]) {
        for (size_t g = 0; g < cuts->groups; g++)
            list->counts[g] = count_of(round->sums[g * bins + *at]);
        keep(cuts, list, round->values[*at], round->values[*at + 1],
            list->counts);
        ++*at;
    }
}

/* An interval that was cut has a cut between its ends. */
static bool was_cut(const double *values, size_t at, const double *interval)
{
    const size_t count = (size_t)values[0];
    return at < count && values[at] == interval[0] &&
           values[at + 1] < interval[1];
}

/* The intervals with those that were cut in pieces, in `list`. */
static void refine(
    const struct cuts *cuts, const struct cuts_round *round, struct list *list)
{
    const size_t size = cuts_interval_size(cuts),
                 count = (size_t)round->values[0];
    const double *kept = cuts_intervals(cuts, round->memory);
    size_t at = 1;
    for (size_t i = 0; i < (size_t)round->memory[MEMORY_KEPT]; i++) {
        const double *interval = kept + i * size;
        while (at < count && round->values[at] < interval[0])
            at++;
        if (was_cut(round->values, at, interval))
            keep_pieces(cuts, round, interval, &at, list);
        else
            keep(cuts, list, interval[0], interval[1], interval + 2);
    }
    if (round->memory[MEMORY_SEEKS] != 0 && list->count > 1)
        list->count = 1; /* the lowest that holds somebody */
}

/* After the first round: all rows, and which of them are wanted. */
static void begin(const struct analysis *analysis, const struct cuts *cuts,
    const struct cuts_round *round, const struct list *list)
{
    const size_t bins = cuts_bins(cuts);
    double *rows = cuts_by_group(round->memory, cuts, OF_ROWS);
    double *people = cuts_by_group(round->memory, cuts, OF_PEOPLE);
    double *wanted = round->memory + cuts_wanted_at(cuts);
    round->memory[MEMORY_BEGUN] = 1;
    for (size_t i = 0; i < list->count; i++) {
        for (size_t g = 0; g < cuts->groups; g++)
            rows[g] += list->intervals[i * cuts_interval_size(cuts) + 2 + g];
    }
    for (size_t g = 0; g < cuts->groups; g++) {
        people[g] = count_of(round->sums[cuts->groups * bins + g]);
        for (size_t i = 0; rows[g] > 0 && i < cuts->wanted; i++)
            wanted[g * cuts->wanted + i] =
                (double)cuts->rank(analysis, i, (int64_t)rows[g]);
    }
    if (cuts->aim == CUTS_AREA)
        roc_curve_begin(round->memory + cuts_curve_at(cuts), rows[1], rows[0]);
}

/* Those that are known, from the lowest on, are finished; how many. */
static size_t finish_known(const struct cuts *cuts, double *memory,
    const struct list *list, int64_t min_cell)
{
    size_t i = 0;
    for (; memory[MEMORY_SEEKS] == 0 && i < list->count; i++) {
        const double *interval = list->intervals + i * cuts_interval_size(cuts);
        if (is_open(
                cuts, memory, cuts_by_group(memory, cuts, OF_BEFORE), interval))
            break;
        finish_interval(cuts, memory, interval, min_cell);
    }
    return i;
}

/* So many pieces that most hold one row. */
static double pieces_of(
    const struct cuts *cuts, const double *memory, const double *interval)
{
    const double width = interval[1] - interval[0];
    const double share =
        (double)cuts_bins(cuts) / (double)(cuts->groups * cuts->wanted + 1);
    double wanted = 2 * total_of(cuts, interval);
    if (memory[MEMORY_SEEKS] != 0)
        wanted = (double)cuts_bins(cuts);
    else if (cuts->aim == CUTS_AREA)
        wanted = 4 * fmin(interval[2], interval[3]);
    else if (cuts->aim == CUTS_VALUES)
        wanted = floor(share);
    return fmax(2, fmin(width, wanted));
}

/* Cuts for the next round, as many as there is room for. */
static void choose(
    const struct cuts *cuts, const struct cuts_round *round, double *before)
{
    const size_t limit = cuts_bins(cuts) - 1;
    const size_t size = cuts_interval_size(cuts);
    const double *kept = cuts_intervals(cuts, round->memory);
    const size_t count = (size_t)round->memory[MEMORY_KEPT];
    size_t room = (cuts_kept_max(cuts) - count) / 2;
    memset(round->next, 0, cuts_bins(cuts) * sizeof *round->next);
    memcpy(before, cuts_by_group(round->memory, cuts, OF_BEFORE),
        cuts->groups * sizeof *before);
    for (size_t i = 0; i < count; i++) {
        const double *interval = kept + i * size;
        const size_t left = limit - (size_t)round->next[0];
        if (left < 3 || room < 1)
            return;
        if (is_open(cuts, round->memory, before, interval)) {
            const double most =
                (double)(left - 1 < room + 1 ? left - 1 : room + 1);
            const double pieces =
                fmin(pieces_of(cuts, round->memory, interval), fmax(most, 2));
            cuts_divide(round->next, interval[0], interval[1], pieces);
            room -= pieces - 1 < (double)room ? (size_t)pieces - 1 : room;
        }
        for (size_t g = 0; g < cuts->groups; g++)
            before[g] += interval[2 + g];
    }
}

/* The best threshold is sought to the key: the interval that it begins. */
static bool begin_seeking(
    const struct cuts *cuts, double *memory, int64_t min_cell)
{
    double *kept = cuts_intervals(cuts, memory);
    const double *curve = memory + cuts_curve_at(cuts);
    if (cuts->aim != CUTS_AREA || min_cell > 1 || memory[MEMORY_SEEKS] != 0 ||
        curve[CURVE_BEST_HIGH] - curve[CURVE_BEST_LOW] <= 1)
        return false;
    memory[MEMORY_SEEKS] = memory[MEMORY_KEPT] = 1;
    kept[0] = curve[CURVE_BEST_LOW];
    kept[1] = curve[CURVE_BEST_HIGH];
    kept[2] = kept[3] = 1;
    return true;
}

static bool end_seeking(const struct cuts *cuts, double *memory)
{
    double *kept = cuts_intervals(cuts, memory);
    double *curve = memory + cuts_curve_at(cuts);
    if (memory[MEMORY_SEEKS] == 0 || kept[1] - kept[0] > 1)
        return false;
    curve[CURVE_BEST_LOW] = kept[0];
    curve[CURVE_BEST_HIGH] = kept[1];
    return true;
}

/* The intervals as the round leaves them. */
static void take(const struct analysis *analysis, const struct cuts *cuts,
    const struct cuts_round *round, struct list *list)
{
    double *memory = round->memory;
    double *kept = cuts_intervals(cuts, memory);
    if (memory[MEMORY_BEGUN] == 0) {
        kept[0] = cuts->low;
        kept[1] = cuts->high;
        memory[MEMORY_KEPT] = 1;
    }
    refine(cuts, round, list);
    if (memory[MEMORY_BEGUN] == 0)
        begin(analysis, cuts, round, list);
    const size_t known = finish_known(cuts, memory, list, round->min_cell);
    memory[MEMORY_KEPT] = (double)(list->count - known);
    memcpy(kept, list->intervals + known * cuts_interval_size(cuts),
        (list->count - known) * cuts_interval_size(cuts) * sizeof *kept);
}

/* round->values are there. */
static enum status advance(const struct analysis *analysis,
    const struct cuts *cuts, const struct cuts_round *round, bool *done)
{
    double *memory = round->memory;
    struct list list = {.limit = cuts_kept_max(cuts)};
    *done = true;
    if (++memory[MEMORY_ROUNDS] > CUT_ROUNDS_MAX)
        return STATUS_OK;
    list.intervals = calloc(
        cuts_kept_max(cuts) * cuts_interval_size(cuts) + 2 * cuts->groups,
        sizeof *list.intervals);
    if (list.intervals == NULL)
        return STATUS_NO_MEMORY;
    list.counts =
        list.intervals + cuts_kept_max(cuts) * cuts_interval_size(cuts);
    take(analysis, cuts, round, &list);
    if (end_seeking(cuts, memory)) {
        memory[MEMORY_DONE] = 1;
    } else if (memory[MEMORY_KEPT] > 0 ||
               begin_seeking(cuts, memory, round->min_cell)) {
        choose(cuts, round, list.counts + cuts->groups);
        *done = false;
    } else {
        memory[MEMORY_DONE] = 1;
    }
    free(list.intervals);
    return STATUS_OK;
}

enum status cuts_advance(const struct analysis *analysis,
    const struct cuts *cuts, const struct cuts_round *round, bool *done)
{
    struct cuts_round first = *round;
    if (round->values != NULL)
        return advance(analysis, cuts, round, done);
    double *values = calloc(cuts_bins(cuts), sizeof *values);
    if (values == NULL)
        return STATUS_NO_MEMORY;
    cuts_start(cuts, values);
    first.values = values;
    enum status status = advance(analysis, cuts, &first, done);
    free(values);
    return status;
}
