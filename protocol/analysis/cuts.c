#include "protocol/analysis/cuts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/analysis/model.h"
#include "protocol/analysis/roc_curve.h"
#include "protocol/analysis/tally.h"

#define ROUND_SUMS 8192    /* numbers of a round, about */
#define BINS_MIN 64        /* of one group, however many there are */
#define KEPT_TIMES 8       /* intervals that are kept, in bins of a round */
#define KEPT_SPARE 256     /* room for halving one of them to a single key */
#define CUT_ROUNDS_MAX 900 /* far more than rows need: a center lies */
#define COUNT_MAX ((int128)1 << 53)

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

static size_t bin_count(const struct cuts *cuts)
{
    const size_t bins = ROUND_SUMS / cuts->groups;
    return bins < BINS_MIN ? BINS_MIN : bins;
}

size_t cuts_width(const struct cuts *cuts)
{
    return cuts->groups * (bin_count(cuts) + 1);
}

size_t cuts_value_count(const struct cuts *cuts)
{
    return bin_count(cuts); /* as many cuts as bins less one, and how many */
}

static size_t wanted_at(const struct cuts *cuts)
{
    return MEMORY_GROUPS + BY_GROUP * cuts->groups;
}

static size_t curve_at(const struct cuts *cuts)
{
    return wanted_at(cuts) + 2 * cuts->groups * cuts->wanted;
}

static size_t interval_size(const struct cuts *cuts)
{
    return 2 + cuts->groups;
}

static size_t kept_max(const struct cuts *cuts)
{
    return KEPT_TIMES * bin_count(cuts) + KEPT_SPARE;
}

static double *intervals_of(const struct cuts *cuts, double *memory)
{
    return memory + curve_at(cuts) +
           (cuts->aim == CUTS_AREA ? ROC_CURVE_SIZE : 0);
}

size_t cuts_memory_count(const struct cuts *cuts)
{
    return curve_at(cuts) + (cuts->aim == CUTS_AREA ? ROC_CURVE_SIZE : 0) +
           kept_max(cuts) * interval_size(cuts);
}

static double *by_group(
    double *memory, const struct cuts *cuts, enum by_group what)
{
    return memory + MEMORY_GROUPS + what * cuts->groups;
}

/* ---- cutting ---- */

/* Equal pieces of an interval of whole numbers: cut j of so many. */
static double cut_of(double low, double high, double pieces, double j)
{
    return floor(low + (high - low) / pieces * j);
}

struct cutting {
    double *values;
    size_t limit; /* of values */
};

static void add_cut(const struct cutting *cutting, double cut)
{
    size_t count = (size_t)cutting->values[0];
    if (count == 0 || cut > cutting->values[count])
        cutting->values[++count] = cut;
    cutting->values[0] = (double)count;
}

/* Its ends and the cuts between them. */
static void cut_interval(
    const struct cutting *cutting, double low, double high, double pieces)
{
    add_cut(cutting, low);
    for (double j = 1; j < pieces; j++)
        add_cut(cutting, cut_of(low, high, pieces, j));
    add_cut(cutting, high);
}

void cuts_start(const struct cuts *cuts, double *values)
{
    const struct cutting cutting = {values, bin_count(cuts) - 1};
    const double width = cuts->high - cuts->low;
    const double most = (double)cutting.limit - 1;
    memset(values, 0, bin_count(cuts) * sizeof *values);
    cut_interval(&cutting, cuts->low, cuts->high, width < most ? width : most);
}

/* ---- at a center ---- */

/* The bin of a key: how many cuts are at or below it. */
static size_t bin_of(const double *values, double key)
{
    size_t low = 0, high = (size_t)values[0];
    while (low < high) {
        const size_t middle = (low + high) / 2;
        if (values[middle + 1] <= key)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* state: patient + 1 of the last row, and of the last one of each group;
 * whether the first cuts are there; those, as doubles. */
size_t cuts_state_size(const struct cuts *cuts)
{
    return (2 + cuts->groups) * sizeof(uint64_t) +
           bin_count(cuts) * sizeof(double);
}

static const double *first_cuts(const struct cuts *cuts, uint64_t *state)
{
    uint64_t *started = state + 1 + cuts->groups;
    double *values = (double *)(started + 1);
    if (*started == 0)
        cuts_start(cuts, values);
    *started = 1;
    return values;
}

void cuts_add(const struct cuts *cuts, const struct cuts_counting *to,
    size_t row, double key, size_t group)
{
    const size_t bins = bin_count(cuts);
    const double *values =
        to->values == NULL ? first_cuts(cuts, to->state) : to->values;
    int128 *sums = to->cell + COUNTS_CELL;
    uint64_t *last = to->state + 1 + group;
    model_count_row(to->block, row, to->state, to->cell);
    sums[group * bins + bin_of(values, key)]++;
    sums[cuts->groups * bins + group] += *last != *to->state;
    *last = *to->state;
}

void cuts_add_block(const struct cuts *cuts, const struct cuts_counting *to,
    const struct cuts_variable *variable)
{
    const struct row_block *block = to->block;
    int32_t codes[BLOCK_ROWS], groups[BLOCK_ROWS];
    int32_t first = 0;
    column_read(&block->rows->columns[variable->place], block->first,
        block->count, codes);
    if (variable->group == NULL) {
        memset(groups, 0, sizeof groups);
    } else {
        column_read(&block->rows->columns[variable->group->variable],
            block->first, block->count, groups);
        first = variable->group->first_level;
    }
    for (size_t i = 0; i < block->count; i++) {
        if (block->mask[i] == 0 || codes[i] == VALUE_MISSING ||
            groups[i] == VALUE_MISSING)
            continue;
        cuts_add(cuts, to, i, floor_divide(codes[i], variable->of->grid),
            (size_t)(groups[i] - first));
    }
}

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
    const double *wanted = memory + wanted_at(cuts);
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
    double *before = by_group(memory, cuts, OF_BEFORE);
    double *ranks = by_group(memory, cuts, OF_RANKS);
    double *wanted = memory + wanted_at(cuts);
    double *found = wanted + cuts->groups * cuts->wanted;
    const double here = total_of(cuts, interval);
    double below = 0;
    if (cuts->aim == CUTS_AREA) {
        const struct roc_step step = {
            interval[0], interval[1], interval[3], interval[2]};
        roc_curve_add(memory + curve_at(cuts), &step, min_cell);
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
    double *at = list->intervals + list->count * interval_size(cuts);
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
    const size_t bins = bin_count(cuts), count = (size_t)round->values[0];
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
    const size_t size = interval_size(cuts), count = (size_t)round->values[0];
    const double *kept = intervals_of(cuts, round->memory);
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
    const size_t bins = bin_count(cuts);
    double *rows = by_group(round->memory, cuts, OF_ROWS);
    double *people = by_group(round->memory, cuts, OF_PEOPLE);
    double *wanted = round->memory + wanted_at(cuts);
    round->memory[MEMORY_BEGUN] = 1;
    for (size_t i = 0; i < list->count; i++) {
        for (size_t g = 0; g < cuts->groups; g++)
            rows[g] += list->intervals[i * interval_size(cuts) + 2 + g];
    }
    for (size_t g = 0; g < cuts->groups; g++) {
        people[g] = count_of(round->sums[cuts->groups * bins + g]);
        for (size_t i = 0; rows[g] > 0 && i < cuts->wanted; i++)
            wanted[g * cuts->wanted + i] =
                (double)cuts->rank(analysis, i, (int64_t)rows[g]);
    }
    if (cuts->aim == CUTS_AREA)
        roc_curve_begin(round->memory + curve_at(cuts), rows[1], rows[0]);
}

/* Those that are known, from the lowest on, are finished; how many. */
static size_t finish_known(const struct cuts *cuts, double *memory,
    const struct list *list, int64_t min_cell)
{
    size_t i = 0;
    for (; memory[MEMORY_SEEKS] == 0 && i < list->count; i++) {
        const double *interval = list->intervals + i * interval_size(cuts);
        if (is_open(cuts, memory, by_group(memory, cuts, OF_BEFORE), interval))
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
        (double)bin_count(cuts) / (double)(cuts->groups * cuts->wanted + 1);
    double wanted = 2 * total_of(cuts, interval);
    if (memory[MEMORY_SEEKS] != 0)
        wanted = (double)bin_count(cuts);
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
    const struct cutting cutting = {round->next, bin_count(cuts) - 1};
    const size_t size = interval_size(cuts);
    const double *kept = intervals_of(cuts, round->memory);
    const size_t count = (size_t)round->memory[MEMORY_KEPT];
    size_t room = (kept_max(cuts) - count) / 2;
    memset(round->next, 0, bin_count(cuts) * sizeof *round->next);
    memcpy(before, by_group(round->memory, cuts, OF_BEFORE),
        cuts->groups * sizeof *before);
    for (size_t i = 0; i < count; i++) {
        const double *interval = kept + i * size;
        const size_t left = cutting.limit - (size_t)round->next[0];
        if (left < 3 || room < 1)
            return;
        if (is_open(cuts, round->memory, before, interval)) {
            const double most =
                (double)(left - 1 < room + 1 ? left - 1 : room + 1);
            const double pieces =
                fmin(pieces_of(cuts, round->memory, interval), fmax(most, 2));
            cut_interval(&cutting, interval[0], interval[1], pieces);
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
    double *kept = intervals_of(cuts, memory);
    const double *curve = memory + curve_at(cuts);
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
    double *kept = intervals_of(cuts, memory);
    double *curve = memory + curve_at(cuts);
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
    double *kept = intervals_of(cuts, memory);
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
    memcpy(kept, list->intervals + known * interval_size(cuts),
        (list->count - known) * interval_size(cuts) * sizeof *kept);
}

/* round->values are there. */
static enum status advance(const struct analysis *analysis,
    const struct cuts *cuts, const struct cuts_round *round, bool *done)
{
    double *memory = round->memory;
    struct list list = {.limit = kept_max(cuts)};
    *done = true;
    if (++memory[MEMORY_ROUNDS] > CUT_ROUNDS_MAX)
        return STATUS_OK;
    list.intervals =
        calloc(kept_max(cuts) * interval_size(cuts) + 2 * cuts->groups,
            sizeof *list.intervals);
    if (list.intervals == NULL)
        return STATUS_NO_MEMORY;
    list.counts = list.intervals + kept_max(cuts) * interval_size(cuts);
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
    double *values = calloc(bin_count(cuts), sizeof *values);
    if (values == NULL)
        return STATUS_NO_MEMORY;
    cuts_start(cuts, values);
    first.values = values;
    enum status status = advance(analysis, cuts, &first, done);
    free(values);
    return status;
}

/* ---- what memory holds ---- */

bool cuts_has_few(
    const struct cuts *cuts, const double *memory, int64_t min_cell)
{
    for (size_t g = 0; g < cuts->groups; g++) {
        if (few_counted(cuts_rows(memory, g), min_cell) ||
            few_counted(cuts_people(cuts, memory, g), min_cell))
            return true;
    }
    return false;
}

bool cuts_is_done(const double *memory)
{
    return memory[MEMORY_DONE] != 0;
}

double cuts_rows(const double *memory, size_t group)
{
    return memory[MEMORY_GROUPS + group];
}

double cuts_people(const struct cuts *cuts, const double *memory, size_t group)
{
    return memory[MEMORY_GROUPS + OF_PEOPLE * cuts->groups + group];
}

double cuts_ranks(const struct cuts *cuts, const double *memory, size_t group)
{
    return memory[MEMORY_GROUPS + OF_RANKS * cuts->groups + group];
}

double cuts_ties(const double *memory)
{
    return memory[MEMORY_TIES];
}

double cuts_found(
    const struct cuts *cuts, const double *memory, size_t group, size_t i)
{
    return memory[wanted_at(cuts) + (cuts->groups + group) * cuts->wanted + i];
}

const double *cuts_curve(const struct cuts *cuts, const double *memory)
{
    return memory + curve_at(cuts);
}
