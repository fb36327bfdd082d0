/*
 * mixed: a linear model with a random intercept for each center,
 * y ~ x + (1 | center), by restricted maximum likelihood. R: lme4::lmer. The
 * centers are part of the model: another split of the rows is another model.
 */
#include <math.h>

#include "protocol/analysis/mixed_rounds.h"
#include "protocol/analysis/parameters.h"
#include "protocol/analysis/sets.h"
#include "protocol/analysis/tally.h"

static enum status parse(struct analysis *analysis,
    const struct field *parameters, const struct dictionary *dictionary,
    struct diagnostic *diagnostic)
{
    enum status status =
        model_parse(analysis, parameters, dictionary, diagnostic);
    if (status != STATUS_OK)
        return status;
    const struct design *design = analysis->model;
    const struct formula *formula = design->formula;
    if (!formula->random_center) {
        return parameter_fail(parameters, "formula", diagnostic,
            "a mixed model has (1 | center) among its terms; without it, ask "
            "\"lm\"");
    }
    if (!design->has_response || (formula->response_kind == RESPONSE_LEVELS &&
                                     formula->response.level_count != 2))
        return parameter_fail(parameters, "formula", diagnostic,
            "the left side of a mixed model is a number or a boolean");
    if (formula->has_offset || formula->strata_count > 0 ||
        formula->strata_center || design->column_count == 0) {
        return parameter_fail(parameters, "formula", diagnostic,
            design->column_count == 0
                ? "a mixed model needs a term beside (1 | center)"
                : "a mixed model takes no offset() and no strata()");
    }
    return STATUS_OK;
}

static json_t *terms(const struct analysis *analysis, const double *memory)
{
    const struct design *design = analysis->model;
    const size_t p = design->column_count;
    const double *estimates = memory + MIXED_TERMS, *errors = estimates + p;
    json_t *rows = json_array();
    for (size_t j = 0; j < p; j++) {
        const struct design_column *column = &design->columns[j];
        const double unit = design->response_scale / column->scale;
        json_array_append_new(
            rows, model_term(column->name, errors[j] > 0, estimates[j] * unit,
                      errors[j] * unit, INFINITY, analysis->level));
    }
    return rows;
}

static json_t *component(const char *group, double variance)
{
    return json_pack("{s:s, s:f, s:f}", "group", group, "variance", variance,
        "sd", sqrt(variance));
}

/* The scales of the columns leave the criterion as a constant. */
static double criterion(const struct design *design, const double *memory)
{
    const size_t p = design->column_count;
    const double *errors = memory + MIXED_TERMS + p;
    double value = memory[MIXED_CRITERION];
    for (size_t j = 0; j < p; j++)
        value += errors[j] > 0 ? 2 * log(design->columns[j].scale) : 0;
    return value;
}

static void parts(const struct analysis *analysis, const struct shape *shape_,
    struct part_list *list)
{
    const struct design *design = analysis->model;
    parts_of_model(analysis, shape_, design->formula, list);
}

static enum status conclude(const struct analysis *analysis,
    const struct fitted_segment *fitted, json_t *out)
{
    const struct design *design = analysis->model;
    const double *memory = fitted->memory;
    const int128 *cell = fitted->first + fitted->shape->tables[0].first;
    if (!model_set_counts(out, fitted->first, cell, fitted->min_cell))
        return STATUS_OK;
    json_object_set_new(
        out, "converged", json_boolean(memory[MIXED_CONVERGED] != 0));
    json_object_set_new(out, "iterations", json_count(memory[MIXED_ROUNDS]));
    if (memory[MIXED_CONVERGED] == 0) {
        json_object_set_new(out, "message",
            json_string("the variance of the centers could not be found: too "
                        "few centers or rows, or a residual of zero"));
        return STATUS_OK;
    }
    const double scale = design->response_scale * design->response_scale;
    const double residual = memory[MIXED_RESIDUAL] * scale;
    const double between = memory[MIXED_RATIO] * residual;
    const double df = (double)cell[CELL_ROWS] - memory[MIXED_RANK];
    struct design_levels levels;
    mixed_levels(design, cell, &levels);
    design_set_reference(design, &levels, out);
    json_object_set_new(out, "table", terms(analysis, memory));
    json_object_set_new(out, "variance_components",
        json_pack("[o, o]", component("center", between),
            component("residual", residual)));
    json_object_set_new(
        out, "icc", json_number(between / (between + residual)));
    json_object_set_new(out, "groups", json_count(memory[MIXED_CENTERS]));
    json_object_set_new(
        out, "reml", json_number(criterion(design, memory) + df * log(scale)));
    if (memory[MIXED_RATIO] == 0) {
        json_object_set_new(out, "message",
            json_string("the centers do not differ more than patients do: "
                        "their variance is estimated as zero"));
    }
    return STATUS_OK;
}

const struct analysis_kind analysis_mixed = {
    .name = "mixed",
    .summary = "a linear model with a random intercept for each center",
    .random_center = true,
    .tells_mean = true,
    .parse = parse,
    .release = model_release,
    .check = &mixed_check,
    .shape = mixed_shape,
    .parts = parts,
    .state_size = mixed_state_size,
    .contribute = mixed_contribute,
    .flush = mixed_flush,
    .whole = mixed_whole,
    .value_count = mixed_value_count,
    .memory_count = mixed_memory_count,
    .advance = mixed_advance,
    .conclude = conclude,
};
