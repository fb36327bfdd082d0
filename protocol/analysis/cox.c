/*
 * cox: proportional hazards on a grid of days, by Newton's method. Cox 1972;
 * ties by Efron 1977 or Breslow 1974. R: coxph on ceiling(t / grid) * grid.
 *
 * On the grid the first round counts events and people a step; from then on
 * every center sums, a row at a time and as whole numbers, exp(x b), x exp(x b)
 * and x x' exp(x b) at the risk set after which a row leaves, and the same of
 * events, so that no split changes anything. Risk sets of few people are merged
 * (cox_steps.h). Covariates that change in time are rows
 * Surv(start, stop, event): a row is taken off again before its start.
 *
 * With strata(center) each center has risk sets of its own, on days, and adds
 * its score, information and log-likelihood alone, rounded once; and at the
 * end the numbers of its pairs of people whose order in time and in x b agree.
 * On the grid pairs are not counted: they would need everybody's x b at every
 * step, which no sum of enough people tells exactly.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MATHLIB_STANDALONE 1
#include <Rmath.h>

#include "protocol/analysis/cox_zph.h"
#include "protocol/analysis/parameters.h"
#include "protocol/analysis/tally.h"
#include "protocol/analysis/times.h"

/* ---- parameters ---- */

static enum status read_ties(struct cox *cox, const struct field *parameters,
    struct diagnostic *diagnostic)
{
    struct field field;
    const char *ties;
    cox->efron = true;
    if (!field_find(&field, parameters, "ties"))
        return STATUS_OK;
    enum status status = field_text(&field, &ties, 16, diagnostic);
    if (status != STATUS_OK)
        return status;
    cox->efron = strcmp(ties, "efron") == 0;
    return cox->efron || strcmp(ties, "breslow") == 0
               ? STATUS_OK
               : field_fail(
                     &field, diagnostic, "ties are \"efron\" or \"breslow\"");
}

static enum status read_formula(struct cox *cox, const struct field *parameters,
    const struct dictionary *dictionary, struct diagnostic *diagnostic)
{
    const struct formula *formula = cox->design->formula;
    cox->by_center = formula->strata_center;
    cox->grid = cox->by_center ? 1 : GRID_DAYS_DEFAULT;
    if (formula->response_kind != RESPONSE_SURVIVAL) {
        return parameter_fail(parameters, "formula", diagnostic,
            "on the left of '~' stands Surv(time, event) or Surv(start, stop, "
            "event)");
    }
    enum status status = times_read_grid(&cox->grid,
        &dictionary->variables[formula->survival.stop], parameters, diagnostic);
    if (status != STATUS_OK)
        return status;
    cox->first = formula->intercept ? 1 : 0;
    cox->count = cox->design->column_count - cox->first;
    standard_init(&cox->columns, cox->design, true);
    if (cox->count == 0 || formula->strata_count > 1 || formula->has_offset) {
        return parameter_fail(parameters, "formula", diagnostic,
            cox->count == 0       ? "name at least one covariate after '~'"
            : formula->has_offset ? "offset() is not taken here; glm takes it"
                                  : "one strata() variable beside center");
    }
    cox->strata =
        formula->strata_count == 0
            ? 1
            : variable_level_count(&dictionary->variables[formula->strata[0]]);
    cox->stop = &dictionary->variables[formula->survival.stop];
    if (formula->survival.has_start)
        cox->start = &dictionary->variables[formula->survival.start];
    cox->steps = times_step(cox->stop, cox->grid, cox->stop->max) + 1;
    if (cox->stop->min < 0 || cox->steps > TIMES_STEPS_MAX) {
        return parameter_fail(parameters, "formula", diagnostic,
            "times go from 0 to at most 20000 steps of \"grid_days\"; see the "
            "variable's min and max");
    }
    cox_plan(cox);
    return STATUS_OK;
}

static enum status parse(struct analysis *analysis,
    const struct field *parameters, const struct dictionary *dictionary,
    struct diagnostic *diagnostic)
{
    static const char *const keys[] = {"formula", "ties", "grid_days", "level"};
    struct cox *cox = calloc(1, sizeof *cox);
    analysis->model = cox;
    if (cox == NULL)
        return STATUS_NO_MEMORY;
    enum status status = field_expect_object(parameters, keys, 4, diagnostic);
    if (status == STATUS_OK)
        status = parameter_level(analysis, parameters, diagnostic);
    if (status == STATUS_OK)
        status = read_ties(cox, parameters, diagnostic);
    if (status == STATUS_OK)
        status = parameter_design(
            &cox->design, analysis, parameters, dictionary, diagnostic);
    return status == STATUS_OK
               ? read_formula(cox, parameters, dictionary, diagnostic)
               : status;
}

static void release(struct analysis *analysis)
{
    struct cox *cox = analysis->model;
    if (cox != NULL)
        design_destroy(cox->design);
    free(cox);
    analysis->model = NULL;
}

/* ---- the result ---- */

static json_t *term_row(
    const struct analysis *analysis, size_t j, const double *memory)
{
    const struct cox *cox = analysis->model;
    const struct design_column *column = &cox->design->columns[cox->first + j];
    const double *estimates = memory + cox_estimates_at(cox);
    const double error = estimates[cox->count + j];
    json_t *row =
        model_term(column->name, error > 0, estimates[j] / column->scale,
            error / column->scale, INFINITY, analysis->level);
    model_ratio(row, "hazard_ratio");
    return row;
}

static const char *message_of(const double *kept)
{
    if (kept[KEPT_EVENTS] <= 0)
        return "there is no event";
    if (kept[KEPT_UNBOUNDED] != 0)
        return "a coefficient grows without bound: a covariate tells events "
               "from others (almost) completely, such as a level without any "
               "event";
    return kept[KEPT_INVALID] != 0
               ? "the fit did not converge, for exp(x b) of some row is too "
                 "large: either a coefficient grows without bound, as where a "
                 "level has no event, or a covariate has values far from all "
                 "others; of such a one take log()"
               : "the fit did not converge";
}

static void set_tests(const double *kept, json_t *out)
{
    const double ratio = 2 * (kept[KEPT_LOGLIK] - kept[KEPT_NULL]);
    const double df = kept[KEPT_RANK];
    json_object_set_new(out, "loglik_null", json_number(kept[KEPT_NULL]));
    json_object_set_new(out, "loglik", json_number(kept[KEPT_LOGLIK]));
    json_object_set_new(out, "likelihood_ratio", json_number(ratio));
    json_object_set_new(out, "wald", json_number(kept[KEPT_WALD]));
    json_object_set_new(out, "score", json_number(kept[KEPT_SCORE]));
    json_object_set_new(out, "df", json_number(df));
    json_object_set_new(out, "p_value", json_number(pchisq(ratio, df, 0, 0)));
}

static void set_fit(const struct analysis *analysis,
    const struct fitted_segment *fitted, json_t *out)
{
    const struct cox *cox = analysis->model;
    const double *kept = fitted->memory + 2 * cox->count;
    struct design_levels levels;
    json_t *table = json_array();
    cox_levels(cox, fitted->first + fitted->shape->tables[0].first, &levels);
    design_set_reference(cox->design, &levels, out);
    for (size_t j = 0; j < cox->count; j++)
        json_array_append_new(table, term_row(analysis, j, fitted->memory));
    json_object_set_new(out, "table", table);
    set_tests(kept, out);
    json_object_set_new(out, "zph",
        cox_zph_table(cox, fitted->memory + cox->count, kept + KEPT_COUNT));
    if (kept[KEPT_CONCORDANCE] >= 0)
        json_object_set_new(
            out, "concordance", json_number(kept[KEPT_CONCORDANCE]));
}

static enum status conclude(const struct analysis *analysis,
    const struct fitted_segment *fitted, json_t *out)
{
    const struct cox *cox = analysis->model;
    const int128 *cell = fitted->first + fitted->shape->tables[0].first;
    const double *kept = fitted->memory + 2 * cox->count;
    json_object_set_new(
        out, "ties", json_string(cox->efron ? "efron" : "breslow"));
    json_object_set_new(out, "grid_days", json_integer(cox->grid));
    if (!model_set_counts(out, fitted->first, cell, fitted->min_cell))
        return STATUS_OK;
    json_object_set_new(out, "events", json_count(kept[KEPT_EVENTS]));
    json_object_set_new(out, "iterations", json_count(kept[KEPT_ROUNDS]));
    json_object_set_new(
        out, "converged", json_boolean(kept[KEPT_CONVERGED] != 0));
    if (kept[KEPT_CONVERGED] != 0)
        set_fit(analysis, fitted, out);
    else
        json_object_set_new(out, "message", json_string(message_of(kept)));
    if (kept[KEPT_MERGED] > 0) {
        json_object_set_new(out, "risk_sets", json_count(kept[KEPT_RISK_SETS]));
        json_object_set_new(out, "merged", json_count(kept[KEPT_MERGED]));
    }
    return STATUS_OK;
}

const struct analysis_kind analysis_cox = {
    .name = "cox",
    .summary = "proportional hazards regression",
    .center_term = true,
    .parse = parse,
    .release = release,
    .shape = cox_shape,
    .parts = cox_parts,
    .state_size = cox_state_size,
    .row_size = cox_row_size,
    .contribute = cox_contribute,
    .flush = cox_flush,
    .whole = cox_whole,
    .value_count = cox_value_count,
    .memory_count = cox_memory_count,
    .advance = cox_advance,
    .has_few_levels = cox_has_few_levels,
    .conclude = conclude,
};
