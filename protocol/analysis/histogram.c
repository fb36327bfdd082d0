/*
 * histogram: how many values lie in [low, high), for bins whose edges are
 * multiples of the width, each an edge of the variable (D8). R:
 * hist(right = FALSE).
 */
#include "protocol/analysis/parameters.h"
#include "protocol/analysis/sets.h"
#include "protocol/analysis/tally.h"
#include "protocol/query/edges.h"

#define BINS_MAX 4096

static enum status check_edges(const struct field *field,
    const struct variable *variable, int32_t width,
    struct diagnostic *diagnostic)
{
    char why[EDGES_TEXT_MAX];
    int64_t at = (floor_divide(variable->min, width) + 1) * (int64_t)width;
    while (at <= variable->max && edges_cut(variable, (int32_t)at))
        at += width;
    if (at > variable->max)
        return STATUS_OK;
    edges_explain(why, variable, (int32_t)at);
    return field_fail(field, diagnostic, "%s", why);
}

static enum status read_width(struct analysis *analysis,
    const struct field *parameters, const struct variable *variable,
    struct diagnostic *diagnostic)
{
    struct field field;
    double value;
    struct decimal width;
    bool exact = false;
    enum status status = field_get(&field, parameters, "width", diagnostic);
    if (status == STATUS_OK)
        status = field_real(&field, &value, diagnostic);
    if (status != STATUS_OK)
        return status;
    if (decimal_from_double(&width, value) != STATUS_OK ||
        decimal_divide(&analysis->width, &exact, width, variable->resolution) !=
            STATUS_OK ||
        !exact || analysis->width <= 0) {
        char step[DECIMAL_TEXT];
        decimal_multiple_text(step, 1, variable->resolution);
        return field_fail(&field, diagnostic,
            "the width of '%s' is a multiple of %s above 0", variable->name,
            step);
    }
    int64_t bins = (int64_t)floor_divide(variable->max, analysis->width) -
                   floor_divide(variable->min, analysis->width) + 1;
    if (bins > BINS_MAX) {
        return field_fail(&field, diagnostic,
            "%lld bins between min and max of '%s', at most %d; use a larger "
            "width",
            (long long)bins, variable->name, BINS_MAX);
    }
    return check_edges(&field, variable, analysis->width, diagnostic);
}

static enum status parse(struct analysis *analysis,
    const struct field *parameters, const struct dictionary *dictionary,
    struct diagnostic *diagnostic)
{
    static const char *const keys[] = {"variable", "width"};
    enum status status = field_expect_object(parameters, keys, 2, diagnostic);
    if (status == STATUS_OK)
        status = parameter_variable(analysis, parameters, "variable",
            USE_NUMBER, dictionary, diagnostic);
    if (status == STATUS_OK)
        status = read_width(analysis, parameters,
            &dictionary->variables[analysis->variables[0]], diagnostic);
    return status;
}

static enum status shape(const struct analysis *analysis,
    const struct dictionary *dictionary, struct shape *out)
{
    const struct variable *variable =
        &dictionary->variables[analysis->variables[0]];
    tally_shape(out, 1,
        (size_t)(floor_divide(variable->max, analysis->width) -
                 floor_divide(variable->min, analysis->width)) +
            2);
    out->tables[0].last_column_missing = true;
    out->tables[0].origin = floor_divide(variable->min, analysis->width);
    return STATUS_OK;
}

static size_t state_size(
    const struct analysis *analysis, const struct shape *shape_)
{
    (void)analysis;
    return tally_state_size(shape_->tables[0].columns);
}

static void contribute(const struct analysis *analysis,
    const struct shape *shape_, const struct row_block *block, void *state,
    int128 *elements, struct cell_facts *facts)
{
    int32_t codes[BLOCK_ROWS];
    uint32_t cells[BLOCK_ROWS];
    const struct table_shape *table = &shape_->tables[0];
    (void)facts;
    column_read(&block->rows->columns[analysis->variables[0]], block->first,
        block->count, codes);
    for (size_t i = 0; i < block->count; i++) {
        cells[i] = codes[i] == VALUE_MISSING
                       ? (uint32_t)table->columns - 1
                       : (uint32_t)(floor_divide(codes[i], analysis->width) -
                                    table->origin);
    }
    tally_add(block, cells, table->columns, state, elements + table->first);
}

/* A run of bins that is shown as one. */
struct bin_run {
    size_t first, end;
    int128 cell[COUNTS_CELL];
};

static bool is_empty(const int128 *cell)
{
    return cell[CELL_ROWS] == 0 && cell[CELL_WITHHELD] == 0;
}

static void add_bin(struct bin_run *run, size_t end, const int128 *cell)
{
    run->end = end;
    for (size_t i = 0; i < COUNTS_CELL; i++)
        run->cell[i] += cell[i];
}

/* From the first occupied bin to the last. Bins below the limit are merged
 * with what follows until the limit is met; a rest joins the run before. A bin
 * that a center withheld stands alone. */
static size_t make_runs(struct bin_run *runs, const int128 *elements,
    const struct table_shape *table, int64_t min_cell)
{
    size_t first = 0, end = table->columns - 1, count = 0;
    bool open = false;
    while (first < end && is_empty(table_cell(elements, table, 0, first)))
        first++;
    while (end > first && is_empty(table_cell(elements, table, 0, end - 1)))
        end--;
    for (size_t i = first; i < end; i++) {
        const int128 *cell = table_cell(elements, table, 0, i);
        bool alone = cell[CELL_WITHHELD] > 0;
        if (alone || !open)
            runs[count++] = (struct bin_run){.first = i};
        struct bin_run *run = &runs[count - 1];
        add_bin(run, i + 1, cell);
        open = !alone && run->cell[CELL_PEOPLE] > 0 &&
               run->cell[CELL_PEOPLE] < min_cell;
    }
    if (open && count > 1 && runs[count - 2].cell[CELL_WITHHELD] == 0) {
        add_bin(&runs[count - 2], runs[count - 1].end, runs[count - 1].cell);
        count--;
    }
    return count;
}

static enum status finish(const struct analysis *analysis,
    const struct shape *shape_, const struct dictionary *dictionary,
    const int128 *elements, int64_t min_cell, json_t *out)
{
    static _Thread_local struct bin_run runs[BINS_MAX];
    const struct table_shape *table = &shape_->tables[0];
    const struct variable *variable =
        &dictionary->variables[analysis->variables[0]];
    const int128 *missing = table_cell(elements, table, 0, table->columns - 1);
    bool known = missing[CELL_WITHHELD] == 0;
    size_t count = make_runs(runs, elements, table, min_cell);
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) {
        int64_t low =
            ((int64_t)runs[i].first + table->origin) * analysis->width;
        int64_t high = ((int64_t)runs[i].end + table->origin) * analysis->width;
        json_t *row = json_pack("{s:o, s:o}", "low",
            json_number(variable_value(variable, low)), "high",
            json_number(variable_value(variable, high)));
        json_set_count(row, runs[i].cell, min_cell);
        json_array_append_new(list, row);
    }
    json_object_set_new(out, "n",
        known ? json_integer(
                    (json_int_t)(elements[HEAD_ROWS] - missing[CELL_ROWS]))
              : json_suppressed());
    json_object_set_new(
        out, "patients", json_integer((json_int_t)elements[HEAD_PEOPLE]));
    json_object_set_new(out, "missing",
        known ? json_integer((json_int_t)missing[CELL_ROWS])
              : json_suppressed());
    json_object_set_new(out, "table", list);
    return STATUS_OK;
}

const struct analysis_kind analysis_histogram = {
    .name = "histogram",
    .summary = "how many values lie in each bin of a width",
    .parse = parse,
    .shape = shape,
    .parts = parts_of_level,
    .state_size = state_size,
    .contribute = contribute,
    .finish = finish,
};
