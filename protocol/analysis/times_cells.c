/* Where rows stand in the table of times, and how many (times.h). */
#include <string.h>

#include "protocol/analysis/kernel.h"
#include "protocol/analysis/tally.h"
#include "protocol/analysis/times.h"

#define SOME DESIGN_ROWS /* rows whose codes stay in the nearest cache */

/* A tally's; or where every row is a person of its own counts of the scan, one
 * a cell and one of rows that do not count. They have 32 bits, as row numbers
 * have: those of two curves by days stay in the nearest cache. */
struct times_state {
    uint64_t counts; /* 1: the latter */
    uint64_t room[];
};

size_t times_state_size(
    const struct analysis *analysis, const struct shape *shape)
{
    const size_t cells = shape->tables[0].rows * shape->tables[0].columns;
    (void)analysis;
    return sizeof(struct times_state) + tally_state_size(cells + 1);
}

static size_t some_of(const struct row_block *block, size_t at)
{
    return block->count - at < SOME ? block->count - at : SOME;
}

/* Some rows: their codes, column by column, and the cell of each. Events and
 * rows of the table are read where they stand: in columns of a byte, or here.
 */
struct standing {
    size_t count;
    const uint8_t *mask;
    const void *event_codes, *row_codes;
    int32_t stops[SOME], events[SOME], groups[SOME], strata[SOME];
    uint32_t steps[SOME];
    uint32_t cells[SOME];
};

/* Of a cell: the steps of a group follow one another, and its groups. */
struct strides {
    int32_t outcomes, columns, groups, first_group;
    uint32_t none; /* the cell of rows that do not count */
};

/* The groups' codes become rows of the table: groups by strata. */
KERNEL static void find_rows(
    struct standing *restrict at, const struct strides *by)
{
    const uint32_t groups = (uint32_t)by->groups,
                   first = (uint32_t)by->first_group;
    const size_t count = at->count;
    for (size_t i = 0; i < count; i++) {
        const uint32_t there =
            (at->groups[i] != VALUE_MISSING) & (at->strata[i] != VALUE_MISSING);
        const uint32_t row =
            (uint32_t)at->strata[i] * groups + (uint32_t)at->groups[i] - first;
        at->groups[i] = there != 0 ? (int32_t)row : VALUE_MISSING;
    }
}

/* Outcomes are the kinds of event, then censoring; one kind takes in all codes
 * but 0. */
#define CELLS_KERNEL(name, type, missing)                                      \
    KERNEL static void name(                                                   \
        struct standing *restrict at, const struct strides *by)                \
    {                                                                          \
        const type *restrict events = at->event_codes;                         \
        const type *restrict rows = at->row_codes;                             \
        const uint8_t *restrict mask = at->mask;                               \
        const int32_t outcomes = by->outcomes;                                 \
        const uint32_t columns = (uint32_t)by->columns, none = by->none;       \
        const size_t count = at->count;                                        \
        for (size_t i = 0; i < count; i++) {                                   \
            const type event = events[i], row = rows[i];                       \
            const int32_t kind = outcomes == 2 ? 0 : event - 1;                \
            const int32_t outcome = event == 0 ? outcomes - 1 : kind;          \
            const uint32_t cell = (uint32_t)row * columns +                    \
                                  (uint32_t)outcomes * at->steps[i] +          \
                                  (uint32_t)outcome;                           \
            const uint32_t counts = (at->stops[i] != VALUE_MISSING) &          \
                                    (event != (missing)) &                     \
                                    (row != (missing)) & (mask[i] != 0);       \
            at->cells[i] = counts != 0 ? cell : none;                          \
        }                                                                      \
    }
/* NOLINTNEXTLINE(*-signed-char-misuse,cert-str34-c): codes have signs */
CELLS_KERNEL(cells_of_bytes, int8_t, INT8_MIN)
CELLS_KERNEL(cells_of_codes, int32_t, VALUE_MISSING)

static bool is_byte(const struct column *column)
{
    return column == NULL || column->width == 1;
}

/* Whether groups are rows of the table as they are. */
static bool is_plain(const struct times *times, const struct strides *strides)
{
    return strides->first_group == 0 &&
           times->design->formula->strata_count == 0;
}

static void read_rows(const struct times *times, const struct column *columns,
    const struct strides *strides, size_t first, struct standing *some)
{
    const struct formula *formula = times->design->formula;
    if (times->group != NULL)
        column_read(
            &columns[times->group->variable], first, some->count, some->groups);
    if (formula->strata_count > 0)
        column_read(
            &columns[formula->strata[0]], first, some->count, some->strata);
    if (!is_plain(times, strides))
        find_rows(some, strides);
}

/* Rows of the block from `at` on. Groups and strata that are not asked for stay
 * as they are: 0. */
static void read_some(const struct times *times, const struct row_block *block,
    const struct strides *strides, size_t at, struct standing *some)
{
    const struct formula *formula = times->design->formula;
    const struct column *columns = block->rows->columns;
    const struct column *event = &columns[formula->survival.event];
    const struct column *group =
        times->group == NULL ? NULL : &columns[times->group->variable];
    const size_t first = block->first + at;
    some->count = some_of(block, at);
    some->mask = block->mask + at;
    some->event_codes = some->events;
    some->row_codes = some->groups;
    column_read(
        &columns[formula->survival.stop], first, some->count, some->stops);
    times_step_many(
        times->stop, times->grid, some->stops, some->count, some->steps);
    if (is_plain(times, strides) && is_byte(event) && is_byte(group)) {
        some->event_codes = (const int8_t *)event->data + first;
        if (group != NULL)
            some->row_codes = (const int8_t *)group->data + first;
        cells_of_bytes(some, strides);
        return;
    }
    column_read(event, first, some->count, some->events);
    read_rows(times, columns, strides, first, some);
    cells_of_codes(some, strides);
}

static struct strides strides_of(
    const struct times *times, const struct table_shape *table)
{
    return (struct strides){(int32_t)times->outcomes, (int32_t)table->columns,
        (int32_t)times->group_count,
        times->group == NULL ? 0 : times->group->first_level,
        (uint32_t)(table->rows * table->columns)};
}

void times_find_cells(const struct times *times,
    const struct table_shape *table, const struct row_block *block,
    uint32_t *cells, uint8_t *mask)
{
    const struct strides strides = strides_of(times, table);
    struct standing some = {.groups = {0}};
    for (size_t at = 0; at < block->count; at += SOME) {
        read_some(times, block, &strides, at, &some);
        for (size_t i = 0; i < some_of(block, at); i++) {
            const bool counts = some.cells[i] != strides.none;
            cells[at + i] = counts ? some.cells[i] : 0;
            mask[at + i] = counts ? 0xFF : 0;
        }
    }
}

static void count_rows(const struct times *times,
    const struct table_shape *table, const struct row_block *block,
    uint32_t *counts)
{
    const struct strides strides = strides_of(times, table);
    struct standing some = {.groups = {0}};
    for (size_t at = 0; at < block->count; at += SOME) {
        const size_t count = some_of(block, at);
        read_some(times, block, &strides, at, &some);
        for (size_t i = 0; i < count; i++)
            counts[some.cells[i]]++;
    }
}

static void tally_rows(const struct times *times,
    const struct table_shape *table, const struct row_block *block,
    uint64_t *room, int128 *elements)
{
    uint32_t cells[BLOCK_ROWS];
    uint8_t mask[BLOCK_ROWS];
    struct row_block valued = *block;
    valued.mask = mask;
    times_find_cells(times, table, block, cells, mask);
    tally_add(&valued, cells, table->rows * table->columns, room,
        elements + table->first);
}

void times_contribute(const struct analysis *analysis,
    const struct shape *shape, const struct row_block *block, void *state,
    int128 *elements, struct cell_facts *facts)
{
    const struct table_shape *table = &shape->tables[0];
    struct times_state *own = state;
    (void)facts;
    own->counts = block->patients == NULL;
    if (own->counts != 0) {
        count_rows(
            analysis->model, table, block, (uint32_t *)(void *)own->room);
    } else {
        tally_rows(analysis->model, table, block, own->room, elements);
    }
}

void times_flush(const struct analysis *analysis, const struct shape *shape,
    void *state, const double *values, int128 *elements,
    struct cell_facts *facts)
{
    const struct table_shape *table = &shape->tables[0];
    const size_t cell_count = table->rows * table->columns;
    const struct times_state *own = state;
    const uint32_t *counts = (const uint32_t *)(const void *)own->room;
    int128 *cell = elements + table->first;
    (void)analysis, (void)values, (void)facts;
    if (own->counts == 0)
        return;
    for (size_t c = 0; c < cell_count; c++, cell += COUNTS_CELL) {
        cell[CELL_ROWS] += (int128)counts[c];
        cell[CELL_PEOPLE] += (int128)counts[c];
    }
}
