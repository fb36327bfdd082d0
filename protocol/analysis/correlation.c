/*
 * correlation: Pearson's correlation of every two variables, over the rows
 * that have all of them, from exact integer sums. R: cor, cor.test.
 */
#include <math.h>
#define MATHLIB_STANDALONE 1
#include <Rmath.h>

#include "protocol/analysis/least_squares.h"
#include "protocol/analysis/model.h"
#include "protocol/analysis/parameters.h"
#include "protocol/analysis/tally.h"

static enum status parse(struct analysis *analysis,
    const struct field *parameters, const struct dictionary *dictionary,
    struct diagnostic *diagnostic)
{
    static const char *const keys[] = {"variables", "level"};
    enum status status = field_expect_object(parameters, keys, 2, diagnostic);
    if (status == STATUS_OK)
        status = parameter_level(analysis, parameters, diagnostic);
    if (status == STATUS_OK)
        status = parameter_variables(
            analysis, parameters, USE_SUM, dictionary, diagnostic);
    if (status == STATUS_OK && analysis->variable_count < 2)
        status = field_fail(parameters, diagnostic,
            "a correlation is of two variables or more");
    return status;
}

static enum status shape(const struct analysis *analysis,
    const struct dictionary *dictionary, struct shape *out)
{
    (void)dictionary;
    size_t m = analysis->variable_count, products = m * (m + 1) / 2;
    model_shape(out, m + products, products);
    return STATUS_OK;
}

/* Sums of codes, then of their products, upper triangle row by row. */
static void add_row(const int64_t *values, size_t m, int128 *sums)
{
    for (size_t v = 0; v < m; v++)
        *sums++ += values[v];
    for (size_t i = 0; i < m; i++) {
        for (size_t j = i; j < m; j++)
            *sums++ += values[i] * values[j]; /* codes have 32 bits */
    }
}

static void contribute(const struct analysis *analysis,
    const struct shape *shape_, const struct row_block *block, void *state,
    int128 *elements, struct cell_facts *facts)
{
    (void)facts;
    int32_t codes[ANALYSIS_VARIABLES_MAX][DESIGN_ROWS];
    int64_t values[ANALYSIS_VARIABLES_MAX];
    size_t m = analysis->variable_count;
    int128 *cell = elements + shape_->tables[0].first;
    for (size_t at = 0; at < block->count; at += DESIGN_ROWS) {
        size_t left = block->count - at;
        size_t count = left < DESIGN_ROWS ? left : DESIGN_ROWS;
        for (size_t v = 0; v < m; v++)
            column_read(&block->rows->columns[analysis->variables[v]],
                block->first + at, count, codes[v]);
        for (size_t i = 0; i < count; i++) {
            bool in = block->mask[at + i] != 0;
            for (size_t v = 0; v < m; v++) {
                in = in && codes[v][i] != VALUE_MISSING;
                values[v] = codes[v][i];
            }
            if (!in)
                continue;
            model_count_row(block, at + i, state, cell);
            add_row(values, m, cell + COUNTS_CELL);
        }
    }
}

/* n times the sum of products about the means */
static wide covariance(const int128 *cell, size_t m, size_t i, size_t j)
{
    const int128 *sums = cell + COUNTS_CELL;
    size_t at = m + i * m - i * (i + 1) / 2 + j; /* i <= j */
    return (wide)cell[CELL_ROWS] * (wide)sums[at] -
           (wide)sums[i] * (wide)sums[j];
}

static json_t *pair_row(const struct variable *a, const struct variable *b,
    double estimate, double n, double level)
{
    double df = n - 2;
    double statistic = estimate * sqrt(df / (1 - estimate * estimate));
    double half =
        qnorm((1.0 - level) / 2.0, 0, 1, 0, 0) / sqrt(n > 3 ? n - 3 : NAN);
    json_t *row = json_object();
    json_object_set_new(row, "row", json_string(a->name));
    json_object_set_new(row, "column", json_string(b->name));
    json_object_set_new(row, "estimate", json_number(estimate));
    json_object_set_new(row, "n", json_integer((json_int_t)n));
    if (df <= 0)
        return row;
    json_object_set_new(
        row, "conf_low", json_number(tanh(atanh(estimate) - half)));
    json_object_set_new(
        row, "conf_high", json_number(tanh(atanh(estimate) + half)));
    json_object_set_new(row, "statistic", json_number(statistic));
    json_object_set_new(row, "df", json_integer((json_int_t)df));
    json_object_set_new(
        row, "p_value", json_number(2 * pt(fabs(statistic), df, 0, 0)));
    return row;
}

static enum status finish(const struct analysis *analysis,
    const struct shape *shape_, const struct dictionary *dictionary,
    const int128 *elements, int64_t min_cell, json_t *out)
{
    const int128 *cell = elements + shape_->tables[0].first;
    size_t m = analysis->variable_count;
    if (!model_set_counts(out, elements, cell, min_cell))
        return STATUS_OK;
    json_t *list = json_array();
    for (size_t i = 0; i < m; i++) {
        for (size_t j = i + 1; j < m; j++) {
            double between = (double)covariance(cell, m, i, j);
            double spread = sqrt((double)covariance(cell, m, i, i)) *
                            sqrt((double)covariance(cell, m, j, j));
            double r = between / spread; /* not a number without spread */
            json_array_append_new(
                list, pair_row(&dictionary->variables[analysis->variables[i]],
                          &dictionary->variables[analysis->variables[j]],
                          r > 1 ? 1 : (r < -1 ? -1 : r),
                          (double)cell[CELL_ROWS], analysis->level));
        }
    }
    json_object_set_new(out, "table", list);
    return STATUS_OK;
}

const struct analysis_kind analysis_correlation = {
    .name = "correlation",
    .summary = "Pearson's correlation of every two variables",
    .parse = parse,
    .shape = shape,
    .state_size = model_state_size,
    .contribute = contribute,
    .finish = finish,
};
