/*
 * lm: a linear model by least squares, from exact sums. R: lm.
 */
#include <math.h>
#define MATHLIB_STANDALONE 1
#include <Rmath.h>

#include "protocol/analysis/linear.h"
#include "protocol/analysis/tally.h"

static json_t *terms(
    const struct analysis *analysis, const struct linear_fit *solved, double df)
{
    const struct design *design = analysis->model;
    const struct least_squares *fit = &solved->squares;
    const double variance =
        (double)*least_squares_at(fit, fit->count, fit->count) *
        linear_unit(design) / df;
    const bool tested = solved->message == NULL;
    json_t *list = json_array();
    for (size_t i = 0; i < fit->count; i++) {
        const struct design_column *column = &design->columns[i];
        double unit = design->response_scale / column->scale;
        double estimate = (double)*least_squares_at(fit, i, fit->count) * unit;
        double inverse =
            ldexp((double)*least_squares_at(fit, i, i), DESIGN_BITS);
        double std_error = sqrt(inverse * variance) / column->scale;
        json_array_append_new(list,
            model_term(column->name, fit->used[i], estimate,
                tested ? std_error : NAN, df > 0 ? df : 1, analysis->level));
    }
    return list;
}

static void set_fit(json_t *out, const struct design *design,
    const struct least_squares *fit, double n)
{
    bool intercept = design->formula->intercept;
    wide model = 0, rest = *least_squares_at(fit, fit->count, fit->count);
    for (size_t i = intercept ? 1 : 0; i < fit->count; i++)
        model += fit->effects[i];
    double df = n - (double)fit->rank;
    double model_df = (double)fit->rank - intercept;
    double share = (double)(model / (model + rest));
    double f = (double)(model / rest) / model_df * df;
    json_object_set_new(out, "r_squared", json_number(share));
    json_object_set_new(out, "adj_r_squared",
        json_number(1 - (1 - share) * ((n - intercept) / df)));
    json_object_set_new(out, "sigma",
        json_number(sqrt((double)rest * linear_unit(design) / df)));
    json_object_set_new(out, "df", json_count(df));
    if (model_df > 0) {
        json_object_set_new(out, "statistic", json_number(f));
        json_object_set_new(
            out, "p_value", json_number(pf(f, model_df, df, 0, 0)));
    }
}

static enum status finish(const struct analysis *analysis,
    const struct shape *shape, const struct dictionary *dictionary,
    const int128 *elements, int64_t min_cell, json_t *out)
{
    (void)dictionary;
    const struct design *design = analysis->model;
    const int128 *cell = elements + shape->tables[0].first;
    struct linear_fit fit;
    if (!model_set_counts(out, elements, cell, min_cell))
        return STATUS_OK;
    enum status status = linear_solve(&fit, design, cell);
    if (status != STATUS_OK)
        return status;
    const double n = (double)cell[CELL_ROWS];
    const double df = n - (double)fit.squares.rank;
    if (!fit.is_constant) {
        design_set_reference(design, &fit.levels, out);
        json_object_set_new(out, "table", terms(analysis, &fit, df));
    }
    if (fit.message == NULL)
        set_fit(out, design, &fit.squares, n);
    else
        json_object_set_new(out, "message", json_string(fit.message));
    least_squares_fini(&fit.squares);
    return STATUS_OK;
}

const struct analysis_kind analysis_lm = {
    .name = "lm",
    .summary = "a linear model",
    .center_term = true,
    .tells_mean = true,
    .parse = linear_parse,
    .shape = linear_shape,
    .parts = linear_parts,
    .state_size = model_state_size,
    .contribute = linear_contribute,
    .finish = finish,
    .release = model_release,
    .check = &linear_check,
};
