#include "protocol/analysis/times.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/analysis/kernel.h"
#include "protocol/analysis/parameters.h"
#include "protocol/analysis/tally.h"

#define SOME DESIGN_ROWS /* rows whose codes stay in the nearest cache */

size_t times_step(const struct variable *time, int64_t grid, int64_t code)
{
    double step = variable_value(time, code) / (double)grid;
    size_t whole = (size_t)(step > 0 ? step : 0);
    return whole + ((double)whole < step ? 1 : 0);
}

struct unit {
    double times, down, grid;
};

/* A division each that is not by 1: they are slow. */
KERNEL static void round_up(const int32_t *restrict codes, size_t count,
    const struct unit *unit, uint32_t *restrict steps)
{
    const double times = unit->times, down = unit->down, grid = unit->grid;
    double values[SOME];
    if (times == 1.0 && down == 1.0 && grid == 1.0) {
        for (size_t i = 0; i < count; i++)
            steps[i] = (uint32_t)(codes[i] > 0 ? codes[i] : 0);
        return;
    }
    for (size_t i = 0; i < count; i++)
        values[i] = (codes[i] > 0 ? codes[i] : 0) * times;
    for (size_t i = 0; down != 1.0 && i < count; i++)
        values[i] /= down;
    for (size_t i = 0; grid != 1.0 && i < count; i++)
        values[i] /= grid;
    for (size_t i = 0; i < count; i++) {
        const int32_t whole = (int32_t)values[i];
        steps[i] = (uint32_t)(whole + (whole < values[i] ? 1 : 0));
    }
}

void times_step_many(const struct variable *time, int64_t grid,
    const int32_t *codes, size_t count, uint32_t *steps)
{
    struct unit unit = {.grid = (double)grid};
    double up;
    decimal_factors(time->resolution, &unit.times, &up, &unit.down);
    unit.times *= up;
    for (size_t at = 0; at < count; at += SOME)
        round_up(codes + at, count - at < SOME ? count - at : SOME, &unit,
            steps + at);
}

enum status times_read_grid(int64_t *grid, const struct field *parameters,
    struct diagnostic *diagnostic)
{
    struct field field;
    return field_find(&field, parameters, "grid_days")
               ? field_integer(&field, grid, 1, 3660, diagnostic)
               : STATUS_OK;
}

static enum status read_formula(struct times *times, bool takes_strata,
    const struct field *parameters, const struct dictionary *dictionary,
    struct diagnostic *diagnostic)
{
    const struct formula *formula = times->design->formula;
    struct field field;
    if (formula->response_kind != RESPONSE_SURVIVAL ||
        formula->survival.has_start)
        return parameter_fail(parameters, "formula", diagnostic,
            "on the left of '~' stands Surv(time, event)");
    const bool strata = formula->strata_count > 0 || formula->strata_center;
    if (strata && !takes_strata)
        return parameter_fail(parameters, "formula", diagnostic,
            "strata() is not taken here; name one group");
    if (formula->strata_count + formula->strata_center > 1 ||
        formula->has_offset)
        return parameter_fail(parameters, "formula", diagnostic,
            formula->has_offset ? "offset() is not taken here; glm takes it"
                                : "one strata() variable");
    times->by_center = formula->strata_center;
    if (times->by_center && !field_find(&field, parameters, "grid_days"))
        times->grid = 1; /* no step of it leaves the center */
    if (formula->strata_count > 0)
        times->strata =
            variable_level_count(&dictionary->variables[formula->strata[0]]);
    if (formula->term_count > 1 ||
        (formula->term_count == 1 &&
            (formula->atom_count != 1 ||
                formula->atoms[0].kind != ATOM_LEVELS)))
        return parameter_fail(parameters, "formula", diagnostic,
            "on the right of '~' stands 1, or one category or boolean");
    times->group = formula->term_count == 1 ? &formula->atoms[0] : NULL;
    times->group_count = times->group == NULL ? 1 : times->group->level_count;
    times->stop = &dictionary->variables[formula->survival.stop];
    times->event = &dictionary->variables[formula->survival.event];
    if (times->group != NULL)
        times->by = &dictionary->variables[times->group->variable];
    if (times->stop->min < 0)
        return parameter_fail(parameters, "formula", diagnostic,
            "a time of follow-up is not negative; give the variable \"min\": 0");
    if (times_step(times->stop, times->grid, times->stop->max) >
        TIMES_STEPS_MAX) {
        return parameter_fail(parameters, "formula", diagnostic,
            "the longest time in the dictionary has more than 20000 steps; "
            "take a larger \"grid_days\"");
    }
    return STATUS_OK;
}

enum status times_parse_causes(struct analysis *analysis,
    const struct field *parameters, const struct dictionary *dictionary,
    struct diagnostic *diagnostic)
{
    enum status status =
        times_parse(analysis, parameters, dictionary, diagnostic);
    struct times *times = analysis->model;
    if (status != STATUS_OK)
        return status;
    times->outcomes = variable_level_count(times->event);
    if (times->event->type != VARIABLE_CATEGORY || times->outcomes < 3) {
        return parameter_fail(parameters, "formula", diagnostic,
            "competing risks need a category in Surv(time, status): its first "
            "level is censored, each other one a kind of event");
    }
    return STATUS_OK;
}

static enum status parse(struct analysis *analysis, bool takes_strata,
    const struct field *parameters, const struct dictionary *dictionary,
    struct diagnostic *diagnostic)
{
    static const char *const keys[] = {"formula", "grid_days", "level"};
    struct times *times = calloc(1, sizeof *times);
    analysis->model = times;
    if (times == NULL)
        return STATUS_NO_MEMORY;
    times->grid = GRID_DAYS_DEFAULT;
    times->outcomes = 2;
    times->strata = 1;
    enum status status = field_expect_object(parameters, keys, 3, diagnostic);
    if (status == STATUS_OK)
        status = parameter_level(analysis, parameters, diagnostic);
    if (status == STATUS_OK)
        status = times_read_grid(&times->grid, parameters, diagnostic);
    if (status == STATUS_OK)
        status = parameter_design(
            &times->design, analysis, parameters, dictionary, diagnostic);
    return status == STATUS_OK ? read_formula(times, takes_strata, parameters,
                                     dictionary, diagnostic)
                               : status;
}

enum status times_parse(struct analysis *analysis,
    const struct field *parameters, const struct dictionary *dictionary,
    struct diagnostic *diagnostic)
{
    return parse(analysis, false, parameters, dictionary, diagnostic);
}

enum status times_parse_strata(struct analysis *analysis,
    const struct field *parameters, const struct dictionary *dictionary,
    struct diagnostic *diagnostic)
{
    return parse(analysis, true, parameters, dictionary, diagnostic);
}

void times_release(struct analysis *analysis)
{
    struct times *times = analysis->model;
    if (times != NULL)
        design_destroy(times->design);
    free(times);
    analysis->model = NULL;
}

enum status times_shape(const struct analysis *analysis,
    const struct dictionary *dictionary, struct shape *out)
{
    const struct times *times = analysis->model;
    (void)dictionary;
    tally_shape(out, times->strata * times->group_count,
        times->outcomes *
            (times_step(times->stop, times->grid, times->stop->max) + 1));
    out->tables[0].kind = TABLE_TIMES;
    out->tables[0].outcomes = times->outcomes;
    return STATUS_OK;
}

/* As a tally has it; and where every row is a person of its own, counts of the
 * scan, one a cell, then one of rows that do not count, and whether they are
 * used. */
size_t times_state_size(
    const struct analysis *analysis, const struct shape *shape)
{
    const size_t cells = shape->tables[0].rows * shape->tables[0].columns;
    (void)analysis;
    return tally_state_size(cells) + 2 * sizeof(uint64_t);
}

/* Some rows' codes, column by column. */
struct standing {
    int32_t stops[SOME], events[SOME], groups[SOME], strata[SOME];
    uint32_t steps[SOME];
};

/* Of a cell: the steps of a group follow one another, and its groups. */
struct strides {
    int32_t outcomes, columns, groups, first_group;
    uint32_t none; /* the cell of rows that do not count */
};

/* Outcomes are the kinds of event, then censoring; one kind takes in all codes
 * but 0. */
KERNEL static void find_cells(const struct standing *restrict at,
    const struct strides *by, size_t count, uint8_t *restrict mask,
    uint32_t *restrict cells)
{
    const int32_t outcomes = by->outcomes, missing = VALUE_MISSING;
    const uint32_t columns = (uint32_t)by->columns, none = by->none,
                   groups = (uint32_t)by->groups,
                   first = (uint32_t)by->first_group;
    for (size_t i = 0; i < count; i++) {
        const int32_t event = at->events[i];
        const int32_t kind = outcomes == 2 ? 0 : event - 1;
        const int32_t outcome = event == 0 ? outcomes - 1 : kind;
        const uint32_t row =
            (uint32_t)at->strata[i] * groups + (uint32_t)at->groups[i] - first;
        const uint32_t cell = row * columns +
                              (uint32_t)outcomes * at->steps[i] +
                              (uint32_t)outcome;
        const uint32_t counts = (at->stops[i] != missing) & (event != missing) &
                                (at->groups[i] != missing) &
                                (at->strata[i] != missing) & (mask[i] != 0);
        cells[i] = counts != 0 ? cell : none;
        mask[i] = counts != 0 ? 0xFF : 0;
    }
}

/* `none`: the cell of rows that do not count. */
static void read_cells(const struct times *times, const struct row_block *block,
    struct strides strides, uint32_t *cells, uint8_t *mask)
{
    const struct formula *formula = times->design->formula;
    const struct column *columns = block->rows->columns;
    struct standing at;
    memset(at.groups, 0, sizeof at.groups);
    memset(at.strata, 0, sizeof at.strata);
    memcpy(mask, block->mask, block->count);
    for (size_t i = 0; i < block->count; i += SOME) {
        const size_t first = block->first + i;
        const size_t count = block->count - i < SOME ? block->count - i : SOME;
        column_read(&columns[formula->survival.stop], first, count, at.stops);
        column_read(&columns[formula->survival.event], first, count, at.events);
        if (times->group != NULL)
            column_read(
                &columns[times->group->variable], first, count, at.groups);
        if (formula->strata_count > 0)
            column_read(&columns[formula->strata[0]], first, count, at.strata);
        times_step_many(times->stop, times->grid, at.stops, count, at.steps);
        find_cells(&at, &strides, count, mask + i, cells + i);
    }
}

static struct strides strides_of(
    const struct times *times, const struct table_shape *table)
{
    return (struct strides){(int32_t)times->outcomes, (int32_t)table->columns,
        (int32_t)times->group_count,
        times->group == NULL ? 0 : times->group->first_level, 0};
}

void times_find_cells(const struct times *times,
    const struct table_shape *table, const struct row_block *block,
    uint32_t *cells, uint8_t *mask)
{
    read_cells(times, block, strides_of(times, table), cells, mask);
}

void times_contribute(const struct analysis *analysis,
    const struct shape *shape, const struct row_block *block, void *state,
    int128 *elements, struct cell_facts *facts)
{
    const struct times *times = analysis->model;
    const struct table_shape *table = &shape->tables[0];
    const size_t cell_count = table->rows * table->columns;
    struct strides strides = strides_of(times, table);
    uint32_t cells[BLOCK_ROWS];
    uint8_t mask[BLOCK_ROWS];
    (void)facts;
    if (block->patients != NULL) {
        struct row_block valued = *block;
        valued.mask = mask;
        read_cells(times, block, strides, cells, mask);
        tally_add(&valued, cells, cell_count, state, elements + table->first);
        return;
    }
    uint64_t *counts = state;
    strides.none = (uint32_t)cell_count;
    read_cells(times, block, strides, cells, mask);
    counts[cell_count + 1] = 1;
    for (size_t i = 0; i < block->count; i++)
        counts[cells[i]]++;
}

void times_flush(const struct analysis *analysis, const struct shape *shape,
    void *state, const double *values, int128 *elements,
    struct cell_facts *facts)
{
    const struct table_shape *table = &shape->tables[0];
    const size_t cell_count = table->rows * table->columns;
    const uint64_t *counts = state;
    int128 *cell = elements + table->first;
    (void)analysis, (void)values, (void)facts;
    if (counts[cell_count + 1] == 0)
        return;
    for (size_t c = 0; c < cell_count; c++, cell += COUNTS_CELL) {
        cell[CELL_ROWS] += (int128)counts[c];
        cell[CELL_PEOPLE] += (int128)counts[c];
    }
}

size_t times_steps(const struct table_shape *table)
{
    return table->columns / table->outcomes;
}

int64_t times_total(
    const int128 *elements, const struct table_shape *table, size_t group)
{
    int64_t total = 0;
    for (size_t s = 0; s < times_steps(table); s++)
        total += times_events(elements, table, group, s) +
                 times_censored(elements, table, group, s);
    return total;
}

bool times_withheld(
    const int128 *elements, const struct table_shape *table, size_t group)
{
    const int128 *cell = table_cell(elements, table, group, 0);
    return cell[CELL_WITHHELD] > 0 && times_total(elements, table, group) == 0;
}

void times_group_name(
    const struct times *times, size_t group, char *out, size_t capacity)
{
    if (times->group == NULL) {
        snprintf(out, capacity, "all");
        return;
    }
    if (variable_level_count(times->by) > 0)
        snprintf(out, capacity, "%s=%s", times->group->name,
            variable_level_code(times->by, group));
    else
        snprintf(out, capacity, "%s=%lld", times->group->name,
            (long long)times->group->first_level + (long long)group);
}

void times_set_heads(const struct times *times, const struct shape *shape,
    const int128 *elements, json_t *out)
{
    const struct table_shape *table = &shape->tables[0];
    int64_t n = 0, events = 0;
    for (size_t g = 0; g < table->rows; g++) {
        n += times_total(elements, table, g);
        for (size_t s = 0; s < times_steps(table); s++)
            events += times_events(elements, table, g, s);
    }
    json_object_set_new(out, "n", json_integer(n));
    json_object_set_new(
        out, "patients", json_integer((json_int_t)elements[HEAD_PEOPLE]));
    json_object_set_new(
        out, "missing", json_integer((json_int_t)elements[HEAD_ROWS] - n));
    json_object_set_new(out, "events", json_integer(events));
    json_object_set_new(out, "grid_days", json_integer(times->grid));
}
