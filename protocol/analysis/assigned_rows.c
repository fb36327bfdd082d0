#include "protocol/analysis/assigned_rows.h"

#include <stdlib.h>
#include <string.h>

#include "protocol/analysis/tally.h"
#include "protocol/analysis/times.h"

#define COLUMN_BYTES 64 /* columns are readable up to the next multiple */

static const struct plan *plan_of(const struct assigned *assigned)
{
    return assigned->sets->plan;
}

static size_t size_of(const struct assigned *assigned, int width)
{
    const size_t size = assigned->rows->count * (size_t)width;
    return (size + COLUMN_BYTES) / COLUMN_BYTES * COLUMN_BYTES;
}

static int32_t read_code(const struct column *column, size_t row)
{
    int32_t code;
    column_read(column, row, 1, &code);
    return code;
}

static void write_code(const struct column *column, size_t row, int32_t code)
{
    void *data = (void *)column->data;
    switch (column->width) {
    case 1:
        ((int8_t *)data)[row] =
            (int8_t)(code == VALUE_MISSING ? INT8_MIN : code);
        break;
    case 2:
        ((int16_t *)data)[row] =
            (int16_t)(code == VALUE_MISSING ? INT16_MIN : code);
        break;
    default: ((int32_t *)data)[row] = code;
    }
}

const struct column *run_column(const struct assigned *assigned,
    const struct assigned_run *run, size_t place)
{
    for (size_t i = 0; i < run->column_count; i++) {
        if (run->columns[i].place == place)
            return &run->columns[i].column;
    }
    return &assigned->rows->columns[place];
}

enum status run_add_column(
    struct assigned_run *run, size_t place, struct column column)
{
    struct assigned_column *columns =
        realloc(run->columns, (run->column_count + 1) * sizeof *run->columns);
    if (columns == NULL)
        return STATUS_NO_MEMORY;
    run->columns = columns;
    run->columns[run->column_count++] = (struct assigned_column){place, column};
    return STATUS_OK;
}

/* The run's own, a copy of the rows' until it is written. */
static enum status own_column(const struct assigned *assigned,
    struct assigned_run *run, size_t place, const struct column **out)
{
    const struct column *from = &assigned->rows->columns[place];
    *out = run_column(assigned, run, place);
    if (*out != from)
        return STATUS_OK;
    struct column column = {
        .width = plan_of(assigned)->dictionary->variables[place].width};
    void *data = aligned_alloc(COLUMN_BYTES, size_of(assigned, column.width));
    if (data == NULL)
        return STATUS_NO_MEMORY;
    column.data = data;
    if (from->width == column.width)
        memcpy(data, from->data, assigned->rows->count * (size_t)column.width);
    for (size_t i = 0; from->width == 0 && i < assigned->rows->count; i++)
        write_code(&column, i, VALUE_MISSING);
    enum status status = run_add_column(run, place, column);
    if (status != STATUS_OK)
        free(data);
    else
        *out = &run->columns[run->column_count - 1].column;
    return status;
}

static enum status set_code(const struct assigned *assigned,
    struct assigned_run *run, size_t place, size_t row, int32_t code)
{
    const struct column *column = run_column(assigned, run, place);
    if (read_code(column, row) == code)
        return STATUS_OK;
    enum status status = own_column(assigned, run, place, &column);
    if (status == STATUS_OK)
        write_code(column, row, code);
    return status;
}

/* A donor's value; a vector's elements come together. */
static enum status take_value(const struct fixing *fixing,
    struct assigned_run *run, size_t place, size_t row, size_t donor)
{
    const struct assigned *assigned = fixing->assigned;
    const struct variable *variables = plan_of(assigned)->dictionary->variables;
    const struct variable *owner = &variables[variables[place].owner];
    const size_t count = owner->length > 0 ? owner->length : 1;
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < count; i++)
        status = set_code(assigned, run, place + i, row,
            read_code(&assigned->rows->columns[place + i], donor));
    return status;
}

static enum status fill_hole(const struct fixing *fixing,
    struct assigned_run *run, size_t place, size_t row)
{
    if (fixing->donors == NULL ||
        read_code(run_column(fixing->assigned, run, place), row) !=
            VALUE_MISSING)
        return STATUS_OK;
    const size_t donor = donors_find(fixing->donors, place, row);
    return donor == SIZE_MAX ? STATUS_OK
                             : take_value(fixing, run, place, row, donor);
}

/* ---- an interval ---- */

struct between {
    const struct dictionary *dictionary;
    const struct set_interval *interval;
    const struct column *start, *stop;
};

static bool is_between(const void *arg, size_t row)
{
    const struct between *between = arg;
    const struct set_interval *interval = between->interval;
    const struct variable *variables = between->dictionary->variables;
    const int32_t start = read_code(between->start, row);
    const int32_t stop = read_code(between->stop, row);
    uint32_t steps[2];
    if (start == VALUE_MISSING || stop == VALUE_MISSING)
        return false;
    times_step_many(
        &variables[interval->start], interval->grid, &start, 1, &steps[0]);
    times_step_many(
        &variables[interval->stop], interval->grid, &stop, 1, &steps[1]);
    return steps[0] < steps[1];
}

/* Start and stop come from one donor. */
static enum status fill_interval(const struct fixing *fixing,
    struct assigned_run *run, const struct set_interval *interval, size_t row)
{
    const struct assigned *assigned = fixing->assigned;
    const struct column *columns = assigned->rows->columns;
    struct between between = {plan_of(assigned)->dictionary, interval,
        run_column(assigned, run, interval->start),
        run_column(assigned, run, interval->stop)};
    if (fixing->donors == NULL || is_between(&between, row))
        return STATUS_OK;
    between.start = &columns[interval->start];
    between.stop = &columns[interval->stop];
    const size_t donor = donors_find_among(
        fixing->donors, interval->start, row, is_between, &between);
    if (donor == SIZE_MAX)
        return STATUS_OK;
    enum status status = take_value(fixing, run, interval->start, row, donor);
    return status == STATUS_OK
               ? take_value(fixing, run, interval->stop, row, donor)
               : status;
}

/* ---- a row of a combination counts as the set's ---- */

static enum status fix_level(const struct assigned *assigned,
    struct assigned_run *run, size_t level, size_t row)
{
    const struct plan *plan = plan_of(assigned);
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < plan->query->by_count; i++) {
        const size_t place = plan->query->by[i];
        status = set_code(assigned, run, place, row,
            plan->dictionary->variables[place].min +
                (int32_t)plan_level_of(plan, level, i));
    }
    return status;
}

enum status run_fix_row(const struct fixing *fixing, struct assigned_run *run,
    const struct row_set *set, size_t row)
{
    enum status status = set->level == SET_WHOLE ? STATUS_OK
                                                 : fix_level(fixing->assigned,
                                                       run, set->level, row);
    for (size_t i = 0; status == STATUS_OK && i < set->code_count; i++)
        status = set_code(fixing->assigned, run, set->codes[i].column, row,
            set->codes[i].code);
    for (size_t i = 0; status == STATUS_OK && i < set->known_count; i++)
        status = fill_hole(fixing, run, set->known[i], row);
    return status == STATUS_OK && set->interval.grid > 0
               ? fill_interval(fixing, run, &set->interval, row)
               : status;
}

/* ---- the run ---- */

enum status run_place_columns(
    const struct assigned *assigned, struct assigned_run *run)
{
    const size_t count = plan_of(assigned)->dictionary->column_count;
    run->rows = *assigned->rows;
    if (run->column_count == 0)
        return STATUS_OK;
    struct column *columns = malloc(count * sizeof *columns);
    run->rows.columns = columns;
    if (columns == NULL)
        return STATUS_NO_MEMORY;
    memcpy(columns, assigned->rows->columns, count * sizeof *columns);
    for (size_t i = 0; i < run->column_count; i++)
        columns[run->columns[i].place] = run->columns[i].column;
    return STATUS_OK;
}

void run_fini(const struct assigned *assigned, struct assigned_run *run)
{
    for (size_t i = 0; i < run->column_count; i++)
        free((void *)run->columns[i].column.data);
    if (run->rows.columns != assigned->rows->columns)
        free((void *)run->rows.columns);
    free(run->columns);
    free((void *)run->mask);
    free((void *)run->parts);
}
