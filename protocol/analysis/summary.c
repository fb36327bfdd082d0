/*
 * summary: n, missing, mean, standard deviation and standard error of each
 * variable, from exact integer sums. R: mean, sd.
 */
#include <math.h>

#include "protocol/analysis/moments.h"
#include "protocol/analysis/parameters.h"
#include "protocol/analysis/sets.h"
#include "protocol/analysis/tally.h"

static enum status parse(struct analysis *analysis,
    const struct field *parameters, const struct dictionary *dictionary,
    struct diagnostic *diagnostic)
{
    static const char *const keys[] = {"variables"};
    enum status status = field_expect_object(parameters, keys, 1, diagnostic);
    return status == STATUS_OK ? parameter_variables(analysis, parameters,
                                     USE_SUM, dictionary, diagnostic)
                               : status;
}

static enum status shape(const struct analysis *analysis,
    const struct dictionary *dictionary, struct shape *out)
{
    (void)dictionary;
    *out = (struct shape){
        .length = SEGMENT_HEAD + analysis->variable_count * MOMENTS_CELL,
        .fact_count = analysis->variable_count,
        .table_count = 1};
    out->tables[0] = (struct table_shape){.kind = TABLE_MOMENTS,
        .first = SEGMENT_HEAD,
        .rows = analysis->variable_count,
        .columns = 1};
    return STATUS_OK;
}

/* A variable's cell is of the rows that have it. */
static void parts(const struct analysis *analysis, const struct shape *shape_,
    struct part_list *list)
{
    for (size_t i = 0; i < analysis->variable_count; i++) {
        parts_add(list, &(struct part){.known_count = 1,
                            .known = &analysis->variables[i],
                            .first = shape_->tables[0].first + i * MOMENTS_CELL,
                            .count = MOMENTS_CELL});
    }
}

static size_t state_size(
    const struct analysis *analysis, const struct shape *shape_)
{
    (void)shape_;
    return analysis->variable_count * sizeof(struct open_patient);
}

static void contribute(const struct analysis *analysis,
    const struct shape *shape_, const struct row_block *block, void *state,
    int128 *elements, struct cell_facts *facts)
{
    struct open_patient *open = state;
    for (size_t i = 0; i < analysis->variable_count; i++) {
        moments_add(block, &block->rows->columns[analysis->variables[i]],
            &open[i], elements + shape_->tables[0].first + i * MOMENTS_CELL,
            &facts[i]);
    }
}

static void flush(const struct analysis *analysis, const struct shape *shape_,
    void *state, const double *values, int128 *elements,
    struct cell_facts *facts)
{
    (void)shape_;
    (void)values;
    (void)elements;
    struct open_patient *open = state;
    for (size_t i = 0; i < analysis->variable_count; i++)
        moments_close(&open[i], &facts[i]);
}

/* Sums about c, the mean rounded down, are exact and small; then the variance
 * is (n * squares - sum^2) / (n * (n - 1)). Where even n * squares leaves 128
 * bits, sum^2 / (n * (n - 1)) is at most 2 beside it: nothing cancels. */
static double variance(int128 n, int128 sum, int128 squares)
{
    int128 c = (sum - (sum < 0 ? n - 1 : 0)) / n, scaled;
    squares += n * c * c - 2 * c * sum;
    sum -= n * c;
    if (__builtin_mul_overflow(n, squares, &scaled))
        return int128_ratio(squares, n - 1) -
               int128_ratio(sum * sum, n * (n - 1));
    return int128_ratio(scaled - sum * sum, n * (n - 1));
}

/* sum / n steps of the resolution, rounded once where it fits */
static double mean_of(const struct variable *variable, int128 n, int128 sum)
{
    int128 scaled;
    int exponent = variable->resolution.exponent;
    double mean;
    if (__builtin_mul_overflow(sum, variable->resolution.mantissa, &scaled))
        mean = int128_ratio(sum, n) * (double)variable->resolution.mantissa;
    else
        mean = int128_ratio(scaled, n);
    return exponent < 0 ? mean / pow(10, -exponent) : mean * pow(10, exponent);
}

static json_t *moments_row(
    const struct variable *variable, const int128 *cell, int128 rows)
{
    int128 n = cell[CELL_ROWS];
    double step = variable_value(variable, 1);
    bool partly = cell[CELL_WITHHELD] > 0;
    json_t *row = json_pack("{s:s, s:I, s:o}", "variable", variable->name, "n",
        (json_int_t)n, "missing",
        partly ? json_suppressed() : json_missing(rows, n));
    double mean = n > 0 ? mean_of(variable, n, cell[CELL_SUM]) : NAN;
    double sd =
        n > 1 ? sqrt(variance(n, cell[CELL_SUM], cell[CELL_SQUARES])) * step
              : NAN;
    json_object_set_new(row, "mean", json_number(mean));
    json_object_set_new(row, "sd", json_number(sd));
    json_object_set_new(
        row, "se", json_number(n > 1 ? sd / sqrt((double)n) : NAN));
    return row;
}

static enum status finish(const struct analysis *analysis,
    const struct shape *shape_, const struct dictionary *dictionary,
    const int128 *elements, int64_t min_cell, json_t *out)
{
    json_t *table = json_array();
    int128 rows = elements[HEAD_ROWS], missing = 0;
    bool any_partly = false;
    for (size_t i = 0; i < analysis->variable_count; i++) {
        const struct variable *variable =
            &dictionary->variables[analysis->variables[i]];
        const int128 *cell = table_cell(elements, &shape_->tables[0], i, 0);
        /* A center that withheld a variable is left out of it, and counted. */
        if ((cell[CELL_WITHHELD] > 0 && cell[CELL_ROWS] == 0) ||
            (cell[CELL_PEOPLE] > 0 && cell[CELL_PEOPLE] < min_cell)) {
            any_partly = true;
            json_array_append_new(table, json_pack("{s:s, s:b}", "variable",
                                             variable->name, "suppressed", 1));
            continue;
        }
        any_partly =
            any_partly || cell[CELL_WITHHELD] > 0 || cell[CELL_ROWS] > rows;
        missing += rows - cell[CELL_ROWS];
        json_array_append_new(table, moments_row(variable, cell, rows));
    }
    /* n is what one variable used; of several, each says its own. */
    int128 n = analysis->variable_count == 1 ? rows - missing : rows;
    json_object_set_new(out, "n", json_integer((json_int_t)n));
    json_object_set_new(
        out, "patients", json_integer((json_int_t)elements[HEAD_PEOPLE]));
    json_object_set_new(out, "missing",
        any_partly ? json_suppressed() : json_integer((json_int_t)missing));
    return json_object_set_new(out, "table", table) == 0 ? STATUS_OK
                                                         : STATUS_NO_MEMORY;
}

const struct analysis_kind analysis_summary = {
    .name = "summary",
    .summary = "n, missing, mean, sd and se of each variable",
    .tells_sums = true,
    .parse = parse,
    .shape = shape,
    .parts = parts,
    .state_size = state_size,
    .contribute = contribute,
    .flush = flush,
    .finish = finish,
};
