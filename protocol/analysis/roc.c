/*
 * roc: how well a score tells who has an outcome. A formula with one number on
 * its right is that score itself, at the steps of its grid, in one round where
 * they are few. Any other formula is fitted first, as a logistic regression;
 * its probabilities are then counted in ROC_BINS equal bins, and compared with
 * what came true (calibration). Or the score is given, by a model fitted
 * earlier (roc_score.h). Scores of many values are ordered by cuts (cuts.h):
 * the curve is exact.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/analysis/cuts.h"
#include "protocol/analysis/glm_rounds.h"
#include "protocol/analysis/parameters.h"
#include "protocol/analysis/roc_curve.h"
#include "protocol/analysis/roc_score.h"
#include "protocol/analysis/sets.h"
#include "protocol/analysis/steps.h"
#include "protocol/analysis/tally.h"

#define COUNT_MAX ((int128)1 << 53) /* what a double counts exactly */
/* A linear predictor as a key: in steps of 2^-42, where nothing but rounding
 * tells two scores apart, cut short where a probability is 0 or 1. */
#define KEY_BITS 42
#define KEY_SCORE_MAX 1023.0
#define KEY_LIMIT 0x1p52

struct roc {
    struct glm glm; /* first: analysis->model is a struct glm to its rounds */
    bool fitted;    /* its score is a model's: fitted here, or given */
    bool is_cut;    /* by cuts: of a model's scores after all else */
    struct cuts cuts;
    const struct variable *variable; /* that is the score; NULL: a model's */
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
    standard_init(&roc->glm.columns, roc->glm.design, false);
    roc->glm.family = FAMILY_BINOMIAL;
    roc->glm.link = LINK_LOGIT;
    roc->glm.response_unit = roc->glm.eta_unit = 1;
    roc->fitted = given || formula->term_count > 1 ||
                  formula->atoms[0].kind != ATOM_NUMBER ||
                  !formula->atoms[0].plain;
    roc->cuts = (struct cuts){
        .aim = CUTS_AREA, .groups = 2, .low = -KEY_LIMIT, .high = KEY_LIMIT};
    roc->is_cut = true;
    if (!roc->fitted) {
        roc->variable = &dictionary->variables[formula->atoms[0].variable];
        roc->is_cut = !steps_are_few(roc->variable);
        steps_range(roc->variable, &roc->cuts.low, &roc->cuts.high);
    }
    return STATUS_OK;
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
    const size_t bins = BINS_COUNT * ROC_BINS;
    const size_t cuts = cuts_width(&roc->cuts);
    (void)dictionary;
    if (!roc->is_cut) {
        steps_shape(out, roc->variable, 2);
        return STATUS_OK;
    }
    if (!roc->fitted || is_given(roc))
        model_shape(out, bins > cuts ? bins : cuts, 0);
    else
        glm_shape(analysis, bins > cuts ? bins : cuts, out);
    out->tables[0].fine = true;
    return STATUS_OK;
}

/* A score that is a variable is counted by outcome; of a model's the sums are
 * of all rows, and both outcomes are told by its curve. */
static void parts(const struct analysis *analysis, const struct shape *shape_,
    struct part_list *list)
{
    const struct roc *roc = analysis->model;
    const struct formula *formula = roc->glm.design->formula;
    const struct table_shape *table = &shape_->tables[0];
    const size_t row = table->columns * table_cell_length(table);
    struct part whole = {.known_count = analysis->variable_count,
        .known = analysis->variables,
        .first = table->first,
        .count = row};
    if (roc->fitted) {
        parts_of_model(analysis, shape_, formula, list);
        whole.first = whole.count = 0;
    }
    for (size_t g = 0; g < 2; g++) {
        parts_add_group(list, &whole, &formula->response, g);
        whole.first += roc->is_cut ? 0 : row;
    }
}

/* Before the cuts, what a round is told. */
static size_t told_before_cuts(const struct analysis *analysis)
{
    const struct roc *roc = analysis->model;
    if (!roc->fitted)
        return 0;
    return is_given(roc) ? SCORE_VALUES : glm_value_count(analysis, NULL) + 1;
}

/* What a round counts at these values. */
static enum roc_counted counts_at(
    const struct analysis *analysis, const double *values)
{
    const struct roc *roc = analysis->model;
    if (!roc->fitted)
        return COUNTED_CUTS;
    if (values == NULL)
        return is_given(roc) && roc->given.is_probability ? COUNTED_BINS
                                                          : COUNTED_NOT;
    return (enum roc_counted)values[told_before_cuts(analysis) - 1];
}

/* ---- one round at a center ---- */

static size_t state_size(
    const struct analysis *analysis, const struct shape *shape_)
{
    const struct roc *roc = analysis->model;
    return roc->is_cut ? cuts_state_size(&roc->cuts)
                       : tally_state_size(2 * shape_->tables[0].columns);
}

struct adding {
    const struct roc *roc;
    const double *coefficients;
    struct cuts_counting to;
};

/* To the nearest: scores that only rounding tells apart stand about one. */
static double key_of(double unit)
{
    const double near = fmin(fmax(unit, -KEY_SCORE_MAX), KEY_SCORE_MAX);
    return floor(ldexp(near, KEY_BITS) + 0.5);
}

static void count_key(void *arg, size_t row, const double *x)
{
    const struct adding *adding = arg;
    const struct roc *roc = adding->roc;
    const double eta = glm_linear(&roc->glm, x, adding->coefficients);
    cuts_add(&roc->cuts, &adding->to, row,
        key_of(roc_score_unit(&roc->given, adding->to.block->values, eta)),
        x[roc->glm.design->column_count] != 0);
}

static void count_score(void *arg, size_t row, const double *x)
{
    const struct adding *adding = arg;
    const struct glm *glm = &adding->roc->glm;
    const double mu =
        glm_mean(LINK_LOGIT, glm_linear(glm, x, adding->coefficients));
    model_count_row(adding->to.block, row, adding->to.state, adding->to.cell);
    roc_count(
        adding->to.cell + COUNTS_CELL, x[glm->design->column_count] != 0, mu);
}

static void add_variable(const struct roc *roc, const struct shape *shape_,
    const struct cuts_counting *to, int128 *elements)
{
    const struct formula *formula = roc->glm.design->formula;
    const struct steps_group outcome = {
        formula->response.variable, formula->response.first_level};
    const size_t place = formula->atoms[0].variable;
    if (roc->is_cut)
        cuts_add_block(&roc->cuts, to,
            &(struct cuts_variable){roc->variable, place, &outcome});
    else
        steps_add(&shape_->tables[0], to->block, place, &outcome, to->state,
            elements);
}

static void contribute(const struct analysis *analysis,
    const struct shape *shape_, const struct row_block *block, void *state,
    int128 *elements, struct cell_facts *facts)
{
    const struct roc *roc = analysis->model;
    const struct design *design = roc->glm.design;
    const enum roc_counted counted = counts_at(analysis, block->values);
    struct adding adding = {.roc = roc,
        .coefficients = is_given(roc) ? roc->given.coefficients : block->values,
        .to = {.block = block,
            .values = block->values == NULL
                          ? NULL
                          : block->values + told_before_cuts(analysis),
            .state = state,
            .cell = elements + shape_->tables[0].first}};
    if (!roc->fitted)
        add_variable(roc, shape_, &adding.to, elements);
    else if (counted == COUNTED_CUTS)
        model_each_row(design, block, count_key, &adding);
    else if (is_given(roc))
        roc_score_contribute(
            &roc->given, &roc->glm, block, state, adding.to.cell);
    else if (counted == COUNTED_BINS)
        model_each_row(design, block, count_score, &adding);
    else
        glm_contribute(analysis, shape_, block, state, elements, facts);
}

/* ---- from round to round ---- */

static size_t value_count(
    const struct analysis *analysis, const struct shape *shape_)
{
    const struct roc *roc = analysis->model;
    (void)shape_;
    return roc->is_cut
               ? told_before_cuts(analysis) + cuts_value_count(&roc->cuts)
               : 0;
}

/* What is counted, and between which cuts. */
static bool takes(const struct analysis *analysis, const struct shape *shape_,
    const double *values)
{
    const struct roc *roc = analysis->model;
    const size_t told = told_before_cuts(analysis);
    const double counted = roc->fitted ? values[told - 1] : COUNTED_CUTS;
    (void)shape_;
    if (counted != COUNTED_NOT && counted != COUNTED_BINS &&
        counted != COUNTED_CUTS)
        return false;
    return counted != COUNTED_CUTS || cuts_are_told(&roc->cuts, values + told);
}

/* Of a fit, the bins, what the last rounds were told before the cuts, and the
 * cuts' own. */
static double *bins_in(const struct analysis *analysis,
    const struct shape *shape_, const double *memory)
{
    return (double *)memory + glm_memory_count(analysis, shape_);
}

static double *told_in(const struct analysis *analysis,
    const struct shape *shape_, const double *memory)
{
    return bins_in(analysis, shape_, memory) + BINS_COUNT * ROC_BINS;
}

static double *cuts_in(const struct analysis *analysis,
    const struct shape *shape_, const double *memory)
{
    return told_in(analysis, shape_, memory) + told_before_cuts(analysis);
}

static size_t memory_count(
    const struct analysis *analysis, const struct shape *shape_)
{
    const struct roc *roc = analysis->model;
    return roc->is_cut
               ? glm_memory_count(analysis, shape_) + BINS_COUNT * ROC_BINS +
                     told_before_cuts(analysis) + cuts_memory_count(&roc->cuts)
               : 0;
}

/* A count that is none can only come from a center that lies: nobody. */
static void keep_bins(const int128 *sums, double *bins)
{
    for (size_t i = 0; i < BINS_EXPECTED * ROC_BINS; i++)
        bins[i] = sums[i] < 0 || sums[i] > COUNT_MAX ? 0 : (double)sums[i];
    for (size_t i = BINS_EXPECTED * ROC_BINS; i < BINS_COUNT * ROC_BINS; i++)
        bins[i] = ldexp((double)sums[i], -GLM_BITS);
}

/* A round's bins are kept, and the first cuts told. */
static void end_bins(
    const struct analysis *analysis, struct summed_round *round)
{
    const struct roc *roc = analysis->model;
    const size_t told = told_before_cuts(analysis);
    const int128 *cell = round->elements + round->shape->tables[0].first;
    double *kept = told_in(analysis, round->shape, round->memory);
    keep_bins(
        cell + COUNTS_CELL, bins_in(analysis, round->shape, round->memory));
    if (round->number > 1)
        memcpy(kept, round->values, told * sizeof *kept);
    memcpy(round->next, kept, told * sizeof *kept);
    round->next[told - 1] = COUNTED_CUTS;
    cuts_start(&roc->cuts, round->next + told);
    round->done = cell[CELL_ROWS] <= 0;
}

static enum status advance_cuts(
    const struct analysis *analysis, struct summed_round *round)
{
    const struct roc *roc = analysis->model;
    const size_t told = told_before_cuts(analysis);
    const struct cuts_round counted = {
        .sums = round->elements + round->shape->tables[0].first + COUNTS_CELL,
        .values = round->number == 1 ? NULL : round->values + told,
        .memory = cuts_in(analysis, round->shape, round->memory),
        .next = round->next + told,
        .min_cell = round->min_cell};
    if (round->number > 1)
        memcpy(round->next, round->values, told * sizeof *round->next);
    return cuts_advance(analysis, &roc->cuts, &counted, &round->done);
}

/* The logistic regression goes on, or its scores are counted, at coefficients
 * of the columns as they are. */
static enum status advance_fit(
    const struct analysis *analysis, struct summed_round *round)
{
    const size_t counted = told_before_cuts(analysis) - 1;
    round->next[counted] = COUNTED_NOT;
    enum status status = glm_advance(analysis, round);
    if (status == STATUS_OK && round->done &&
        round->memory[MEMORY_OUTCOME] == CONVERGED) {
        memcpy(round->next, glm_kept(analysis, round->memory, VECTOR_ESTIMATE),
            glm_columns(analysis) * sizeof *round->next);
        round->next[counted] = COUNTED_BINS;
        round->done = false;
    }
    return status;
}

static enum status advance(
    const struct analysis *analysis, struct summed_round *round)
{
    const struct roc *roc = analysis->model;
    const double *values = round->number == 1 ? NULL : round->values;
    const int128 *cell = round->elements + round->shape->tables[0].first;
    round->done = true;
    if (!roc->is_cut)
        return STATUS_OK;
    switch (counts_at(analysis, values)) {
    case COUNTED_CUTS: return advance_cuts(analysis, round);
    case COUNTED_BINS: end_bins(analysis, round); return STATUS_OK;
    default: break;
    }
    if (!is_given(roc))
        return advance_fit(analysis, round);
    round->done = roc_score_is_counted(&roc->given, cell, round->next, values);
    return STATUS_OK;
}

/* ---- the result ---- */

/* What a key stands for, in the score's own unit. */
struct scale {
    const struct roc *roc;
    const double *told;
    int64_t origin; /* of keys that are places */
};

static double score_of(const void *arg, double key)
{
    const struct scale *scale = arg;
    const struct roc *roc = scale->roc;
    if (roc->variable != NULL)
        return variable_value(roc->variable,
            ((int64_t)key + scale->origin) * roc->variable->grid);
    const double eta =
        roc_score_eta(&roc->given, scale->told, ldexp(key, -KEY_BITS));
    return is_given(roc) && !roc->given.is_probability
               ? eta
               : glm_mean(LINK_LOGIT, eta);
}

/* How well probabilities came true. */
static void set_calibration(const struct analysis *analysis,
    const struct fitted_segment *fitted, json_t *out)
{
    const struct roc *roc = analysis->model;
    const double *bins = bins_in(analysis, fitted->shape, fitted->memory);
    const struct roc_counts counted = {.count = ROC_BINS,
        .with = bins + BINS_WITH * ROC_BINS,
        .without = bins + BINS_WITHOUT * ROC_BINS,
        .expected = bins + BINS_EXPECTED * ROC_BINS};
    if (roc->fitted && (!is_given(roc) || roc->given.is_probability))
        json_object_set_new(
            out, "calibration", roc_calibration(&counted, fitted->min_cell));
}

static enum status conclude_cuts(const struct analysis *analysis,
    const struct fitted_segment *fitted, json_t *out)
{
    const struct roc *roc = analysis->model;
    const double *memory = fitted->memory;
    const double *cuts = cuts_in(analysis, fitted->shape, memory);
    const struct scale scale = {
        roc, told_in(analysis, fitted->shape, memory), 0};
    const int64_t min_cell = fitted->min_cell;
    /* No model was fitted to these people: of either outcome there must be
     * some. */
    if ((!roc->fitted || is_given(roc)) &&
        cuts_has_few(&roc->cuts, cuts, min_cell)) {
        json_object_set_new(out, "suppressed", json_true());
        return STATUS_OK;
    }
    if (!model_set_counts(out, fitted->first,
            fitted->first + fitted->shape->tables[0].first, min_cell))
        return STATUS_OK;
    const bool linear = is_given(roc) && !roc->given.is_probability;
    json_object_set_new(out, "score",
        json_string(roc->variable != NULL ? roc->variable->name
                    : linear              ? "linear"
                                          : "probability"));
    if (roc->fitted && !is_given(roc) && memory[MEMORY_OUTCOME] != CONVERGED) {
        json_object_set_new(out, "message",
            json_string("the logistic regression did not converge"));
        return STATUS_OK;
    }
    if (!cuts_is_done(cuts)) {
        json_object_set_new(out, "message",
            json_string("the scores could not be put in order"));
        return STATUS_OK;
    }
    roc_set_curve(out, cuts_curve(&roc->cuts, cuts), analysis->level, min_cell,
        score_of, &scale);
    set_calibration(analysis, fitted, out);
    return STATUS_OK;
}

/* cells: [2][columns] people, without the outcome and with it. */
static enum status conclude_steps(const struct analysis *analysis,
    const struct fitted_segment *fitted, const double *cells, json_t *out)
{
    const struct roc *roc = analysis->model;
    const struct table_shape *table = &fitted->shape->tables[0];
    const struct scale scale = {roc, NULL, table->origin};
    const struct roc_counts counts = {.count = table->columns,
        .with = cells + table->columns,
        .without = cells};
    json_object_set_new(out, "score", json_string(roc->variable->name));
    return roc_set_counts(
        out, &counts, analysis->level, fitted->min_cell, score_of, &scale);
}

static enum status conclude(const struct analysis *analysis,
    const struct fitted_segment *fitted, json_t *out)
{
    const struct roc *roc = analysis->model;
    const struct table_shape *table = &fitted->shape->tables[0];
    const int128 *first = fitted->first;
    if (roc->is_cut)
        return conclude_cuts(analysis, fitted, out);
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
        steps_set_withheld(out);
        free(counts);
        return STATUS_OK;
    }
    json_object_set_new(out, "n", json_integer((json_int_t)n));
    json_object_set_new(
        out, "patients", json_integer((json_int_t)first[HEAD_PEOPLE]));
    json_object_set_new(out, "missing", json_missing(first[HEAD_ROWS], n));
    enum status status = conclude_steps(analysis, fitted, counts, out);
    free(counts);
    return status;
}

const struct analysis_kind analysis_roc = {
    .name = "roc",
    .summary = "how well a score or a logistic model tells an outcome",
    .parse = parse,
    .release = release,
    .shape = shape,
    .parts = parts,
    .state_size = state_size,
    .contribute = contribute,
    .value_count = value_count,
    .takes = takes,
    .memory_count = memory_count,
    .advance = advance,
    .conclude = conclude,
};
