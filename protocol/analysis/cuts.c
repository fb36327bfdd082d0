#include <math.h>
#include <string.h>

#include "protocol/analysis/cuts_internal.h"
#include "protocol/analysis/model.h"
#include "protocol/analysis/tally.h"

size_t cuts_width(const struct cuts *cuts)
{
    return cuts->groups * (cuts_bins(cuts) + 1);
}

size_t cuts_value_count(const struct cuts *cuts)
{
    return cuts_bins(cuts); /* as many cuts as bins less one, and how many */
}

size_t cuts_memory_count(const struct cuts *cuts)
{
    return cuts_curve_at(cuts) + (cuts->aim == CUTS_AREA ? ROC_CURVE_SIZE : 0) +
           cuts_kept_max(cuts) * cuts_interval_size(cuts);
}

/* Cut j of an interval of whole numbers in equal pieces. */
static double cut_of(double low, double high, double pieces, double j)
{
    return floor(low + (high - low) / pieces * j);
}

static void add_cut(double *values, double cut)
{
    size_t count = (size_t)values[0];
    if (count == 0 || cut > values[count])
        values[++count] = cut;
    values[0] = (double)count;
}

void cuts_divide(double *values, double low, double high, double pieces)
{
    add_cut(values, low);
    for (double j = 1; j < pieces; j++)
        add_cut(values, cut_of(low, high, pieces, j));
    add_cut(values, high);
}

void cuts_start(const struct cuts *cuts, double *values)
{
    const double width = cuts->high - cuts->low;
    const double most = (double)cuts_bins(cuts) - 2;
    memset(values, 0, cuts_bins(cuts) * sizeof *values);
    cuts_divide(values, cuts->low, cuts->high, width < most ? width : most);
}

/* ---- at a center ---- */

bool cuts_are_told(const struct cuts *cuts, const double *values)
{
    const double count = values[0];
    if (!(count >= 0 && count < (double)cuts_bins(cuts)) ||
        count != floor(count))
        return false;
    for (size_t i = 1; i <= (size_t)count; i++) {
        if (!(values[i] >= cuts->low && values[i] <= cuts->high) ||
            values[i] != floor(values[i]) ||
            (i > 1 && values[i] <= values[i - 1]))
            return false;
    }
    return true;
}

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
           cuts_bins(cuts) * sizeof(double);
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
    const size_t bins = cuts_bins(cuts);
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
    return memory[cuts_wanted_at(cuts) + (cuts->groups + group) * cuts->wanted +
                  i];
}

const double *cuts_curve(const struct cuts *cuts, const double *memory)
{
    return memory + cuts_curve_at(cuts);
}
