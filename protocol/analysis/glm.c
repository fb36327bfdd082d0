/*
 * glm: a generalized linear model by iteratively reweighted least squares, one
 * round a step. R: glm, with its starting values and its stopping rule, the
 * latter at 1e-12; and since deviance is flat at its minimum, the step itself
 * must be below 1e-11 of what is left to explain.
 *
 * A round's sums at the coefficients so far: X'WX, the score X'W(z - eta) (in
 * the first round X'Wz at R's starting values), and what deviance, dispersion
 * and AIC need; each row's part rounded to 2^-60. Where a step leads out of
 * the family's range it is halved, as R does.
 */
#include <math.h>
#define MATHLIB_STANDALONE 1
#include <Rmath.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/analysis/glm_rounds.h"
#include "protocol/analysis/parameters.h"
#include "protocol/analysis/sets.h"
#include "protocol/analysis/tally.h"
#include "protocol/query/nearest.h"

#define COEFFICIENT_MAX 15 /* D10 */
#define NOTHING 1e-24      /* of squares: rounding */
#define GROWTH 1e-3        /* in a step, of one standard deviation */

/* ---- parameters ---- */

static enum status read_choice(int *out, const struct field *parameters,
    const char *key, const char *const *names, size_t count,
    struct diagnostic *diagnostic)
{
    struct field field;
    const char *name;
    if (!field_find(&field, parameters, key))
        return STATUS_OK;
    enum status status =
        field_text(&field, &name, VARIABLE_NAME_MAX, diagnostic);
    if (status != STATUS_OK)
        return status;
    for (size_t i = 0; i < count; i++) {
        if (strcmp(names[i], name) == 0) {
            *out = (int)i;
            return STATUS_OK;
        }
    }
    char hint[NAME_HINT_MAX];
    return field_fail(&field, diagnostic, "there is no %s '%s'%s", key, name,
        name_hint(hint, nearest_name(name, names, count)));
}

static enum status read_family(struct glm *glm, const struct field *parameters,
    struct diagnostic *diagnostic)
{
    struct field field;
    int family = -1, link = -1;
    enum status status = field_get(&field, parameters, "family", diagnostic);
    if (status == STATUS_OK)
        status = read_choice(&family, parameters, "family", glm_family_names,
            FAMILY_COUNT, diagnostic);
    if (status == STATUS_OK)
        status = read_choice(
            &link, parameters, "link", glm_link_names, LINK_COUNT, diagnostic);
    if (status != STATUS_OK)
        return status;
    glm->family = (enum glm_family)family;
    glm->link = link < 0 ? glm_family_link(glm->family) : (enum glm_link)link;
    if (!glm_family_takes(glm->family, glm->link)) {
        (void)field_find(&field, parameters, "link");
        return field_fail(&field, diagnostic, "the family %s has no link %s",
            glm_family_names[family], glm_link_names[link]);
    }
    return STATUS_OK;
}

/* 0 or 1, and so a number to R. */
static bool is_boolean_response(const struct design *design)
{
    const struct formula *formula = design->formula;
    return formula->response_kind == RESPONSE_LEVELS &&
           design->dictionary->variables[formula->response.variable].type ==
               VARIABLE_BOOLEAN;
}

static enum status check_formula(const struct glm *glm,
    const struct field *parameters, struct diagnostic *diagnostic)
{
    struct field field;
    const struct formula *formula = glm->design->formula;
    (void)field_find(&field, parameters, "formula");
    bool two = formula->response_kind == RESPONSE_LEVELS &&
               formula->response.level_count == 2;
    if (glm->family == FAMILY_BINOMIAL && !two) {
        return field_fail(&field, diagnostic,
            "the left side of a binomial model is a boolean or a category of "
            "two levels");
    }
    const bool counts =
        formula->response_kind == RESPONSE_NUMBER ||
        (glm->family != FAMILY_GAMMA && is_boolean_response(glm->design));
    if (glm->family != FAMILY_BINOMIAL && !counts) {
        return field_fail(&field, diagnostic,
            glm->family == FAMILY_GAMMA
                ? "the left side of a %s model is a number"
                : "the left side of a %s model is a number or a boolean",
            glm_family_names[glm->family]);
    }
    if (formula->strata_count > 0 || formula->strata_center)
        return field_fail(
            &field, diagnostic, "a glm takes no strata(); cox does");
    if (glm->design->column_count == 0)
        return field_fail(&field, diagnostic, "a model without any term");
    return STATUS_OK;
}

/* Gaussian and Gamma models are the same in any unit of the response, and in
 * its scale all numbers stay small. With a log link the unit goes into the
 * intercept; squares, which are weights there, need only be below
 * GLM_TERM_MAX. */
static void set_units(struct glm *glm)
{
    const double scale = glm->design->response_scale;
    const bool any_unit =
        glm->family == FAMILY_GAUSSIAN || glm->family == FAMILY_GAMMA;
    const bool has_intercept = glm->design->formula->intercept;
    glm->response_unit = 1.0;
    if (any_unit && glm->link != LINK_LOG)
        glm->response_unit = scale;
    else if (any_unit && has_intercept)
        glm->response_unit = fmax(scale * 0x1p-12, 1.0);
    glm->eta_unit = glm->link == LINK_IDENTITY  ? glm->response_unit
                    : glm->link == LINK_INVERSE ? 1.0 / glm->response_unit
                                                : 1.0;
}

static enum status parse(struct analysis *analysis,
    const struct field *parameters, const struct dictionary *dictionary,
    struct diagnostic *diagnostic)
{
    static const char *const keys[] = {"formula", "family", "link", "level"};
    struct glm *glm = calloc(1, sizeof *glm);
    if (glm == NULL)
        return STATUS_NO_MEMORY;
    analysis->model = glm;
    enum status status = field_expect_object(parameters, keys, 4, diagnostic);
    if (status == STATUS_OK)
        status = parameter_level(analysis, parameters, diagnostic);
    if (status == STATUS_OK)
        status = parameter_design(
            &glm->design, analysis, parameters, dictionary, diagnostic);
    if (status == STATUS_OK)
        standard_init(&glm->columns, glm->design, false);
    if (status == STATUS_OK)
        status = read_family(glm, parameters, diagnostic);
    if (status == STATUS_OK)
        status = check_formula(glm, parameters, diagnostic);
    if (status == STATUS_OK)
        set_units(glm);
    return status;
}

static void release(struct analysis *analysis)
{
    struct glm *glm = analysis->model;
    if (glm != NULL)
        design_destroy(glm->design);
    free(glm);
    analysis->model = NULL;
}

static enum status shape(const struct analysis *analysis,
    const struct dictionary *dictionary, struct shape *out)
{
    (void)dictionary;
    const struct glm *glm = analysis->model;
    glm_shape(analysis, 0, out);
    out->tables[0].center_parameters = design_center_columns(glm->design);
    return STATUS_OK;
}

/* ---- the result ---- */

static const char *message_of(const struct glm *glm, enum glm_outcome outcome)
{
    if (outcome == INVALID_START)
        return "the outcome has values that the family does not allow (Gamma: "
               "above zero; poisson: not below zero), or values too large";
    if (outcome == OUT_OF_RANGE)
        return "the fit left the range of the family: another link, or fewer "
               "terms";
    if (glm->family == FAMILY_BINOMIAL) {
        return "no convergence in 25 steps: the terms separate the two "
               "outcomes (almost) completely, so that estimates grow without "
               "bound";
    }
    return "no convergence in 25 steps";
}

/* Squares of the response about its mean, from whole sums: where it hardly
 * varies nothing is lost. */
static double spread_of(const struct analysis *analysis, const int128 *cell)
{
    const struct glm *glm = analysis->model;
    const int128 *extras = glm_moments(analysis, cell) - EXTRA_COUNT;
    const wide unit = (wide)ldexp(1, -glm_extra_bits(glm));
    const wide y = (wide)extras[EXTRA_Y] * unit;
    const wide squares = (wide)extras[EXTRA_Y2] * unit;
    return (double)(squares - y * y / (wide)cell[CELL_ROWS]);
}

static double null_deviance(
    const struct analysis *analysis, const int128 *cell, const double *extras)
{
    const struct glm *glm = analysis->model;
    const struct formula *formula = glm->design->formula;
    const double n = (double)cell[CELL_ROWS];
    double y = extras[EXTRA_Y], mean = y / n;
    if (!formula->intercept)
        return extras[EXTRA_NULL];
    if (formula->has_offset)
        return NAN; /* would need rounds of its own */
    switch (glm->family) {
    case FAMILY_BINOMIAL:
        return y <= 0 || y >= n ? 0
                                : -2 * (y * log(mean) + (n - y) * log1p(-mean));
    case FAMILY_POISSON:
        return y > 0 ? 2 * (extras[EXTRA_Y2] - y * log(mean)) : 0;
    case FAMILY_GAMMA: return 2 * (n * log(mean) - extras[EXTRA_SATURATED]);
    default: return spread_of(analysis, cell);
    }
}

/* What is left is rounding: there is no dispersion to divide by. */
static bool is_perfect(const struct glm *glm, double n, const double *extras)
{
    return (glm->family == FAMILY_GAUSSIAN &&
               extras[EXTRA_DEVIANCE] <= NOTHING * extras[EXTRA_Y2]) ||
           (glm->family == FAMILY_GAMMA &&
               extras[EXTRA_DEVIANCE] <= NOTHING * n);
}

/* R's family()$aic + 2 rank; the deviance in the response's own unit. */
static double akaike(const struct glm *glm, double n, double rank,
    double deviance, const double *extras)
{
    double each = deviance / n;
    switch (glm->family) {
    case FAMILY_BINOMIAL: return deviance + 2 * rank;
    case FAMILY_POISSON:
        return deviance - 2 * extras[EXTRA_SATURATED] + 2 * rank;
    case FAMILY_GAMMA: {
        double alpha = 1 / each; /* log y/mu sums to ratio - deviance / 2 */
        double logs = extras[EXTRA_RATIO] - deviance / 2;
        double log_y = extras[EXTRA_SATURATED] + n * log(glm->response_unit);
        return -2 * (alpha * (logs - extras[EXTRA_RATIO] - n) - log_y +
                        n * (alpha * log(alpha) - lgammafn(alpha))) +
               2 + 2 * rank;
    }
    default: return n * (log(2 * M_PI * each) + 1) + 2 + 2 * rank;
    }
}

/* What the power of e of a coefficient is; NULL where it is no ratio. */
static const char *ratio_name(const struct glm *glm)
{
    if (glm->link == LINK_LOGIT)
        return "odds_ratio";
    if (glm->link != LINK_LOG)
        return NULL;
    return glm->family == FAMILY_POISSON    ? "rate_ratio"
           : glm->family == FAMILY_BINOMIAL ? "risk_ratio"
                                            : "ratio_of_means";
}

static json_t *terms(const struct analysis *analysis, const double *memory,
    double dispersion, double df)
{
    const struct glm *glm = analysis->model;
    size_t p = glm_columns(analysis);
    const double *estimates = glm_kept(analysis, memory, VECTOR_ESTIMATE);
    const double *inverse = glm_kept(analysis, memory, VECTOR_INVERSE);
    json_t *list = json_array();
    for (size_t i = 0; i < p; i++) {
        const struct design_column *column = &glm->design->columns[i];
        const double unit = glm->eta_unit / column->scale;
        const double from = glm->link == LINK_LOG && column->term == 0
                                ? log(glm->response_unit)
                                : 0.0;
        json_t *row =
            model_term(column->name, inverse[i] > 0, from + estimates[i] * unit,
                sqrt(inverse[i] * dispersion) * unit, df, analysis->level);
        if (ratio_name(glm) != NULL && column->term > 0)
            model_ratio(row, ratio_name(glm));
        json_array_append_new(list, row);
    }
    return list;
}

/* ---- D10 ---- */

/* Of a number's column its standard deviation; of a column of levels its one
 * step, from 0 to 1. */
static double column_spread(
    const struct analysis *analysis, const int128 *cell, size_t j)
{
    const struct glm *glm = analysis->model;
    const struct design *design = glm->design;
    if (design_term_levels(design, design->columns[j].term) == LEVELS_ALONE)
        return 1.0;
    return standard_spread(
        &glm->columns, glm_moments(analysis, cell), cell[CELL_ROWS], j);
}

/* Odds that differ a millionfold over one step: the terms tell the outcome of
 * whoever stands there. The intercept depends on where a scale begins. */
static bool is_separated(
    const struct analysis *analysis, const int128 *cell, const double *memory)
{
    const struct glm *glm = analysis->model;
    const size_t p = glm_columns(analysis);
    const double *estimates = glm_kept(analysis, memory, VECTOR_ESTIMATE);
    for (size_t j = 0; j < p; j++) {
        if (glm->design->columns[j].term > 0 &&
            fabs(estimates[j]) * column_spread(analysis, cell, j) >
                COEFFICIENT_MAX)
            return true;
    }
    return false;
}

/* The column whose estimate still grew by most; NULL: none grew so that it
 * would show. */
static const char *growing(
    const struct analysis *analysis, const int128 *cell, const double *memory)
{
    const struct glm *glm = analysis->model;
    const double *before = glm_kept(analysis, memory, VECTOR_GOOD);
    const double *after = glm_kept(analysis, memory, VECTOR_NEXT);
    const double *factor =
        glm_kept(analysis, memory, VECTOR_TOLD) + glm_columns(analysis);
    double most = -1;
    size_t found = 0;
    for (size_t j = 0; j < glm_columns(analysis); j++) {
        const bool is_one = glm->design->columns[j].term == 0;
        const double moved = fabs(after[j] - before[j]) * factor[j] *
                             (is_one && glm_columns(analysis) > 1
                                     ? 0
                                     : column_spread(analysis, cell, j));
        found = moved > most ? j : found;
        most = fmax(most, moved);
    }
    return most < GROWTH ? NULL : glm->design->columns[found].name;
}

static void set_unbounded(const struct analysis *analysis, const int128 *cell,
    const double *memory, json_t *out)
{
    const struct glm *glm = analysis->model;
    const char *column = growing(analysis, cell, memory);
    json_object_set_new(out, "message",
        column == NULL ? json_string("no convergence in 25 steps")
        : glm->family == FAMILY_BINOMIAL
            ? json_sprintf(
                  "the terms separate the two outcomes (almost) completely: "
                  "of '%s' the estimate grows without bound, as where all who "
                  "have it have the same outcome",
                  column)
            : json_sprintf("of '%s' the estimate grows without bound, as where "
                           "the outcome of all who have it is 0",
                  column));
}

static void set_fit(const struct analysis *analysis, const int128 *cell,
    const double *memory, json_t *out)
{
    const struct glm *glm = analysis->model;
    const double *extras = memory + MEMORY_EXTRAS;
    const double n = (double)cell[CELL_ROWS];
    double rank = memory[MEMORY_RANK], df = n - rank;
    bool known =
        glm->family == FAMILY_BINOMIAL || glm->family == FAMILY_POISSON;
    const bool perfect = is_perfect(glm, n, extras);
    double dispersion = known     ? 1.0
                        : perfect ? (double)NAN
                                  : extras[EXTRA_PEARSON] / df;
    double unit = glm->family == FAMILY_GAUSSIAN
                      ? glm->response_unit * glm->response_unit
                      : 1.0;
    double deviance = extras[EXTRA_DEVIANCE] * unit;
    json_object_set_new(out, "table",
        terms(analysis, memory, df > 0 ? dispersion : NAN,
            known ? INFINITY : fmax(df, 1)));
    json_object_set_new(out, "interval", json_string("wald"));
    json_object_set_new(out, "deviance", json_number(deviance));
    json_object_set_new(out, "null_deviance",
        json_number(null_deviance(analysis, cell, extras) * unit));
    json_object_set_new(
        out, "aic", json_number(akaike(glm, n, rank, deviance, extras)));
    json_object_set_new(out, "dispersion", json_number(dispersion * unit));
    json_object_set_new(out, "df", json_count(df));
    if (perfect)
        json_object_set_new(out, "message", json_string(linear_perfect));
}

static void parts(const struct analysis *analysis, const struct shape *shape_,
    struct part_list *list)
{
    const struct glm *glm = analysis->model;
    parts_of_model(analysis, shape_, glm->design->formula, list);
}

static enum status conclude(const struct analysis *analysis,
    const struct fitted_segment *fitted, json_t *out)
{
    const struct glm *glm = analysis->model;
    const double *memory = fitted->memory;
    const int128 *cell = fitted->first + fitted->shape->tables[0].first;
    enum glm_outcome outcome = (enum glm_outcome)memory[MEMORY_OUTCOME];
    if (fitted->min_cell > 1 && glm->family == FAMILY_BINOMIAL &&
        (outcome == UNBOUNDED ||
            (outcome == CONVERGED && is_separated(analysis, cell, memory)))) {
        result_withhold_few(out);
        return STATUS_OK;
    }
    if (!model_set_counts(out, fitted->first, cell, fitted->min_cell))
        return STATUS_OK;
    json_object_set_new(
        out, "family", json_string(glm_family_names[glm->family]));
    json_object_set_new(out, "link", json_string(glm_link_names[glm->link]));
    json_object_set_new(out, "converged", json_boolean(outcome == CONVERGED));
    json_object_set_new(
        out, "iterations", json_count(memory[MEMORY_ITERATIONS]));
    if (outcome == CONVERGED) {
        struct design_levels levels;
        glm_levels(analysis, cell, &levels);
        design_set_reference(glm->design, &levels, out);
        set_fit(analysis, cell, memory, out);
    } else if (outcome == UNBOUNDED) {
        set_unbounded(analysis, cell, memory, out);
    } else {
        json_object_set_new(
            out, "message", json_string(message_of(glm, outcome)));
    }
    return STATUS_OK;
}

const struct analysis_kind analysis_glm = {
    .name = "glm",
    .summary = "a generalized linear model",
    .center_term = true,
    .tells_mean = true,
    .parse = parse,
    .shape = shape,
    .parts = parts,
    .state_size = model_state_size,
    .contribute = glm_contribute,
    .release = release,
    .check = &glm_check,
    .value_count = glm_value_count,
    .memory_count = glm_memory_count,
    .advance = glm_advance,
    .conclude = conclude,
};
