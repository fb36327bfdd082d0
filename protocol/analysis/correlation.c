/*
 * correlation: Pearson's correlation of every two variables, over the rows
 * that have all of them, from exact integer sums. R: cor, cor.test.
 */
#include <math.h>
#define MATHLIB_STANDALONE 1
#include <Rmath.h>

#include "protocol/analysis/parameters.h"
#include "protocol/analysis/products.h"
#include "protocol/analysis/sets.h"
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
    products_shape(out, analysis->variable_count);
    return STATUS_OK;
}

static size_t state_size(
    const struct analysis *analysis, const struct shape *shape_)
{
    (void)shape_;
    return products_state_size(analysis->variable_count);
}

static void contribute(const struct analysis *analysis,
    const struct shape *shape_, const struct row_block *block, void *state,
    int128 *elements, struct cell_facts *facts)
{
    (void)facts;
    products_add(&(struct products){.count = analysis->variable_count,
                     .columns = analysis->variables},
        block, state, elements + shape_->tables[0].first);
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
            double between = (double)products_spread(cell, m, i, j);
            double spread = sqrt((double)products_spread(cell, m, i, i)) *
                            sqrt((double)products_spread(cell, m, j, j));
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
    .parts = parts_of_complete,
    .state_size = state_size,
    .contribute = contribute,
    .finish = finish,
};
