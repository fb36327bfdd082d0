/*
 * roc: how well a score tells who has an outcome. A formula with one number on
 * its right is that score itself, at the steps of its grid, in one round. Any
 * other formula is fitted first, as a logistic regression; its probabilities
 * are then counted in ROC_BINS equal bins, and compared with what came true
 * (calibration). Or the score is given, by a model fitted earlier
 * (roc_score.h).
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/analysis/glm_rounds.h"
#include "protocol/analysis/parameters.h"
#include "protocol/analysis/roc_curve.h"
#include "protocol/analysis/roc_score.h"
#include "protocol/analysis/steps.h"
#include "protocol/analysis/tally.h"

#define COUNT_MAX ((int128)1 << 53) /* what a double counts exactly */

struct roc {
    struct glm glm; /* first: analysis->model is a struct glm to its rounds */
    bool fitted;    /* its score is a model's: fitted here, or given */
    struct roc_score given;
};

/* Of a given score offset and strata are those of its model. */
static enum status check_formula(const struct formula *formula, bool given,
    const struct field *parameters, struct diagnostic *diagnostic)
{
    if (formula->response_kind != RESPONSE_LEVELS ||
        formula->response.level_count != 2)
        return parameter_fail(parameters, "formula", diagnostic,
            "on the left of '~' stands a boolean or a category of two levels");
    if (formula->term_count == 0 ||
        (!given && (formula->strata_count > 0 || formula->strata_center ||
                       formula->has_offset))) {
        return parameter_fail(parameters, "formula", diagnostic,
            "on the right of '~' stands a score, or the terms of a logistic "
            "regression");
    }
    return STATUS_OK;
}

static enum status parse(struct analysis *analysis,
    const struct field *parameters, const struct dictionary *dictionary,
    struct diagnostic *diagnostic)
{
    static const char *const keys[] = {
        "formula", "level", "score", "coefficients", "of"};
    struct roc *roc = calloc(1, sizeof *roc);
    analysis->model = roc;
    if (roc == NULL)
        return STATUS_NO_MEMORY;
    enum status status = field_expect_object(parameters, keys, 5, diagnostic);
    if (status == STATUS_OK)
        status = parameter_level(analysis, parameters, diagnostic);
    if (status == STATUS_OK)
        status = parameter_design(
            &roc->glm.design, analysis, parameters, dictionary, diagnostic);
    if (status != STATUS_OK)
        return status;
    const struct formula *formula = roc->glm.design->formula;
    status =
        roc_score_parse(&roc->given, roc->glm.design, parameters, diagnostic);
    const bool given = roc->given.coefficients != NULL;
    if (status == STATUS_OK)
        status = check_formula(formula, given, parameters, diagnostic);
    if (status != STATUS_OK)
        return status;
    roc->glm.family = FAMILY_BINOMIAL;
    roc->glm.link = LINK_LOGIT;
    roc->glm.response_unit = roc->glm.eta_unit = 1;
    roc->fitted = given || formula->term_count > 1 ||
                  formula->atoms[0].kind != ATOM_NUMBER ||
                  !formula->atoms[0].plain;
    return roc->fitted
               ? STATUS_OK
               : steps_check(&dictionary->variables[formula->atoms[0].variable],
                     parameters, "formula", diagnostic);
}

static void release(struct analysis *analysis)
{
    struct roc *roc = analysis->model;
    if (roc != NULL) {
        design_destroy(roc->glm.design);
        free(roc->given.coefficients);
    }
    free(roc);
    analysis->model = NULL;
}

static bool is_given(const struct roc *roc)
{
    return roc->given.coefficients != NULL;
}

static enum status shape(const struct analysis *analysis,
    const struct dictionary *dictionary, struct shape *out)
{
    const struct roc *roc = analysis->model;
    const struct formula *formula = roc->glm.design->formula;
    if (roc->fitted) {
        if (is_given(roc))
            model_shape(out, BINS_COUNT * ROC_BINS, 0);
        else
            glm_shape(analysis, BINS_COUNT * ROC_BINS, out);
        out->tables[0].fine = true;
        return STATUS_OK;
    }
    steps_shape(out, &dictionary->variables[formula->atoms[0].variable], 2);
    return STATUS_OK;
}

static size_t state_size(
    const struct analysis *analysis, const struct shape *shape_)
{
    const struct roc *roc = analysis->model;
    return roc->fitted ? model_state_size(analysis, shape_)
                       : tally_state_size(2 * shape_->tables[0].columns);
}

/* ---- one round at a center ---- */

struct adding {
    const struct glm *glm;
    const struct row_block *block;
    uint64_t *last;
    int128 *cell;
};

static void count_score(void *arg, size_t row, const double *x)
{
    const struct adding *to = arg;
    const struct design *design = to->glm->design;
    const double mu =
        glm_mean(LINK_LOGIT, glm_linear(to->glm, x, to->block->values));
    model_count_row(to->block, row, to->last, to->cell);
    roc_count(to->cell + COUNTS_CELL, x[design->column_count] != 0, mu);
}

static bool is_scoring(const struct analysis *analysis, const double *values)
{
    return values != NULL && values[glm_columns(analysis)] > 0;
}

static void contribute(const struct analysis *analysis,
    const struct shape *shape_, const struct row_block *block, void *state,
    int128 *elements, struct cell_facts *facts)
{
    const struct roc *roc = analysis->model;
    const struct formula *formula = roc->glm.design->formula;
    struct adding to = {
        &roc->glm, block, state, elements + shape_->tables[0].first};
    if (!roc->fitted) {
        steps_add(&shape_->tables[0], block, formula->atoms[0].variable,
            &(struct steps_group){
                formula->response.variable, formula->response.first_level},
            state, elements);
    } else if (is_given(roc)) {
        roc_score_contribute(&roc->given, &roc->glm, block, state,
            elements + shape_->tables[0].first);
    } else if (is_scoring(analysis, block->values)) {
        model_each_row(roc->glm.design, block, count_score, &to);
    } else {
        glm_contribute(analysis, shape_, block, state, elements, facts);
    }
}

/* ---- from round to round ---- */

static size_t value_count(
    const struct analysis *analysis, const struct shape *shape_)
{
    const struct roc *roc = analysis->model;
    return is_given(roc) ? SCORE_VALUES
                         : glm_value_count(analysis, shape_) +
                               1; /* 1: count the scores */
}

static size_t memory_count(
    const struct analysis *analysis, const struct shape *shape_)
{
    return glm_memory_count(analysis, shape_) + BINS_COUNT * ROC_BINS +
           SCORE_VALUES;
}

/* A count that is none can only come from a center that lies: nobody. */
static void keep_bins(const int128 *sums, double *bins)
{
    for (size_t i = 0; i < BINS_EXPECTED * ROC_BINS; i++)
        bins[i] = sums[i] < 0 || sums[i] > COUNT_MAX ? 0 : (double)sums[i];
    for (size_t i = BINS_EXPECTED * ROC_BINS; i < BINS_COUNT * ROC_BINS; i++)
        bins[i] = ldexp((double)sums[i], -GLM_BITS);
}

static enum status advance(
    const struct analysis *analysis, struct summed_round *round)
{
    const struct roc *roc = analysis->model;
    const size_t p = glm_columns(analysis);
    const double *values = round->values;
    double *memory = round->memory, *next = round->next;
    const int128 *cell = round->elements + round->shape->tables[0].first;
    double *bins = memory + glm_memory_count(analysis, round->shape);
    round->done = true;
    if (!roc->fitted)
        return STATUS_OK;
    if (is_given(roc)) {
        round->done = roc_score_is_counted(
            &roc->given, cell, next, round->number == 1 ? NULL : values);
        if (round->done) {
            keep_bins(cell + COUNTS_CELL, bins);
            memcpy(bins + BINS_COUNT * ROC_BINS, values,
                SCORE_VALUES * sizeof *values);
        }
        return STATUS_OK;
    }
    if (round->number > 1 && is_scoring(analysis, values)) {
        keep_bins(cell + COUNTS_CELL, bins);
        return STATUS_OK;
    }
    next[p] = 0;
    enum status status = glm_advance(analysis, round);
    if (status == STATUS_OK && round->done &&
        memory[MEMORY_OUTCOME] == CONVERGED) {
        memcpy(next, memory + MEMORY_VECTORS + p, p * sizeof *next);
        next[p] = 1;
        round->done = false;
    }
    return status;
}

/* ---- the result ---- */

struct binned {
    const struct roc_score *given;
    const double *values;
};

static double bin_score(const void *arg, size_t at)
{
    const struct binned *binned = arg;
    return binned->given->coefficients == NULL
               ? (double)at / ROC_BINS
               : roc_score_threshold(binned->given, binned->values, at);
}

static double total_of(const double *counts)
{
    double total = 0;
    for (size_t i = 0; i < ROC_BINS; i++)
        total += counts[i];
    return total;
}

/* No model was fitted to these people: of either outcome there must be some. */
static bool is_of_few(const struct roc_counts *counts, int64_t min_cell)
{
    return few_counted(total_of(counts->with), min_cell) ||
           few_counted(total_of(counts->without), min_cell);
}

static enum status conclude_fit(const struct analysis *analysis,
    const struct fitted_segment *fitted, json_t *out)
{
    const struct roc *roc = analysis->model;
    const double *memory = fitted->memory;
    const double *bins = memory + glm_memory_count(analysis, fitted->shape);
    const int64_t min_cell = fitted->min_cell;
    const struct binned binned = {&roc->given, bins + BINS_COUNT * ROC_BINS};
    const struct roc_counts counts = {.count = ROC_BINS,
        .with = bins + BINS_WITH * ROC_BINS,
        .without = bins + BINS_WITHOUT * ROC_BINS,
        .score = bin_score,
        .arg = &binned};
    if (is_given(roc) && is_of_few(&counts, min_cell)) {
        json_object_set_new(out, "suppressed", json_true());
        return STATUS_OK;
    }
    if (!model_set_counts(out, fitted->first,
            fitted->first + fitted->shape->tables[0].first, min_cell))
        return STATUS_OK;
    const bool linear = is_given(roc) && !roc->given.is_probability;
    json_object_set_new(
        out, "score", json_string(linear ? "linear" : "probability"));
    if (!is_given(roc) && memory[MEMORY_OUTCOME] != CONVERGED) {
        json_object_set_new(out, "message",
            json_string("the logistic regression did not converge"));
        return STATUS_OK;
    }
    roc_set_curve(out, &counts, analysis->level, min_cell);
    if (!linear) {
        json_object_set_new(out, "calibration",
            roc_calibration(
                &counts, bins + BINS_EXPECTED * ROC_BINS, min_cell));
    }
    return STATUS_OK;
}

struct stepped {
    const struct table_shape *table;
    const struct variable *variable;
};

static double step_score(const void *arg, size_t at)
{
    const struct stepped *stepped = arg;
    return steps_value(stepped->table, stepped->variable, at);
}

/* cells: [2][columns] people, without the outcome and with it. */
static void conclude_steps(const struct analysis *analysis,
    const struct fitted_segment *fitted, const double *cells, json_t *out)
{
    const struct roc *roc = analysis->model;
    const struct table_shape *table = &fitted->shape->tables[0];
    const struct variable *variable =
        &fitted->dictionary
             ->variables[roc->glm.design->formula->atoms[0].variable];
    const struct stepped stepped = {table, variable};
    const struct roc_counts counts = {.count = table->columns,
        .with = cells + table->columns,
        .without = cells,
        .score = step_score,
        .arg = &stepped};
    json_object_set_new(out, "score", json_string(variable->name));
    roc_set_curve(out, &counts, analysis->level, fitted->min_cell);
}

static enum status conclude(const struct analysis *analysis,
    const struct fitted_segment *fitted, json_t *out)
{
    const struct roc *roc = analysis->model;
    const struct table_shape *table = &fitted->shape->tables[0];
    const int128 *first = fitted->first;
    if (roc->fitted)
        return conclude_fit(analysis, fitted, out);
    double *counts = calloc(2 * table->columns, sizeof *counts);
    if (counts == NULL)
        return STATUS_NO_MEMORY;
    int128 n = 0, withheld = 0;
    for (size_t i = 0; i < 2 * table->columns; i++) {
        const int128 *cell = first + table->first + i * COUNTS_CELL;
        counts[i] = (double)cell[CELL_ROWS];
        n += cell[CELL_ROWS];
        withheld += cell[CELL_WITHHELD];
    }
    if (withheld > 0) {
        json_object_set_new(out, "suppressed", json_true());
        free(counts);
        return STATUS_OK;
    }
    json_object_set_new(out, "n", json_integer((json_int_t)n));
    json_object_set_new(
        out, "patients", json_integer((json_int_t)first[HEAD_PEOPLE]));
    json_object_set_new(
        out, "missing", json_integer((json_int_t)(first[HEAD_ROWS] - n)));
    conclude_steps(analysis, fitted, counts, out);
    free(counts);
    return STATUS_OK;
}

const struct analysis_kind analysis_roc = {
    .name = "roc",
    .summary = "how well a score or a logistic model tells an outcome",
    .parse = parse,
    .release = release,
    .shape = shape,
    .state_size = state_size,
    .contribute = contribute,
    .value_count = value_count,
    .memory_count = memory_count,
    .advance = advance,
    .conclude = conclude,
};
