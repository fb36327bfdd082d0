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

#include "protocol/analysis/glm_family.h"
#include "protocol/analysis/linear.h"
#include "protocol/analysis/parameters.h"
#include "protocol/analysis/tally.h"

#define BITS 60
#define EPSILON 1e-12
#define STEP_EPSILON 1e-22
#define ITERATIONS_MAX 25

struct glm {
    struct design *design; /* first: model_release is not for this */
    enum glm_family family;
    enum glm_link link;
    double response_unit; /* the response is computed in this unit */
    double eta_unit;      /* eta in R's units = eta here times this */
};

enum extra {
    EXTRA_INVALID, /* rows, a whole number */
    EXTRA_DEVIANCE,
    EXTRA_PEARSON,
    EXTRA_RATIO,     /* Gamma: (y - mu) / mu */
    EXTRA_SATURATED, /* log-likelihood of the saturated model; Gamma: log y */
    EXTRA_Y,
    EXTRA_Y2,   /* squares; poisson: y log y */
    EXTRA_NULL, /* deviance at eta = offset, for models without intercept */
    EXTRA_COUNT
};

enum outcome { GOING, CONVERGED, NOT_CONVERGED, INVALID_START, OUT_OF_RANGE };

/* Of the coordinator: these, then the last good coefficients, the coefficients
 * to be told, and the diagonal of the inverse (0: not used). */
enum memory {
    MEMORY_OUTCOME,
    MEMORY_ITERATIONS,
    MEMORY_HALVINGS,
    MEMORY_RANK,
    MEMORY_DECREMENT, /* the last step's square in standard errors */
    MEMORY_EXTRAS,
    MEMORY_VECTORS = MEMORY_EXTRAS + EXTRA_COUNT
};

static size_t columns_of(const struct analysis *analysis)
{
    const struct glm *glm = analysis->model;
    return glm->design->column_count;
}

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
    const char *near = nearest_name(name, names, count);
    return near == NULL ? field_fail(&field, diagnostic, "there is no %s '%s'",
                              key, name)
                        : field_fail(&field, diagnostic,
                              "there is no %s '%s'; did you mean '%s'?", key,
                              name, near);
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

static enum status check_formula(const struct glm *glm,
    const struct field *parameters, struct diagnostic *diagnostic)
{
    struct field field;
    const struct formula *formula = glm->design->formula;
    (void)field_find(&field, parameters, "formula");
    bool two = formula->response_kind == RESPONSE_LEVELS &&
               formula->response.level_count == 2;
    if (glm->family == FAMILY_BINOMIAL && !two)
        return field_fail(&field, diagnostic,
            "the left side of a binomial model is a boolean or a category of "
            "two levels");
    if (glm->family != FAMILY_BINOMIAL &&
        formula->response_kind != RESPONSE_NUMBER)
        return field_fail(&field, diagnostic,
            "the left side of a %s model is a number",
            glm_family_names[glm->family]);
    if (formula->strata_count > 0 || formula->strata_center)
        return field_fail(
            &field, diagnostic, "a glm takes no strata(); cox does");
    if (glm->design->column_count == 0)
        return field_fail(&field, diagnostic, "a model without any term");
    return STATUS_OK;
}

/* Gaussian and Gamma models are the same in any unit of the response, and in
 * its scale all numbers stay small. */
static void set_units(struct glm *glm)
{
    bool free_unit =
        (glm->family == FAMILY_GAUSSIAN || glm->family == FAMILY_GAMMA) &&
        glm->link != LINK_LOG;
    glm->response_unit = free_unit ? glm->design->response_scale : 1.0;
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
    size_t p = columns_of(analysis);
    size_t width = p * (p + 1) / 2 + p + EXTRA_COUNT;
    *out = (struct shape){
        .length = SEGMENT_HEAD + COUNTS_CELL + width, .table_count = 1};
    out->tables[0] = (struct table_shape){.kind = TABLE_SUMS,
        .first = SEGMENT_HEAD,
        .rows = 1,
        .columns = 1,
        .width = width,
        .parameters = p};
    return STATUS_OK;
}

/* ---- one round at a center ---- */

static void add_extras(
    const struct glm *glm, double y, double mu, double offset, int128 *extras)
{
    double ratio = (y - mu) / mu, logarithm = y > 0 ? log(y) : 0.0;
    double saturated = 0, square = y * y;
    double variance = glm_variance(glm->family, mu);
    if (glm->family == FAMILY_POISSON) {
        square = y * logarithm;
        saturated = square - y - lgammafn(y + 1);
    } else if (glm->family == FAMILY_GAMMA) {
        saturated = logarithm;
    }
    extras[EXTRA_DEVIANCE] +=
        design_fixed(glm_deviance(glm->family, y, mu), BITS);
    extras[EXTRA_PEARSON] += design_fixed((y - mu) * (y - mu) / variance, BITS);
    if (glm->family == FAMILY_GAMMA)
        extras[EXTRA_RATIO] += design_fixed(ratio, BITS);
    extras[EXTRA_SATURATED] += design_fixed(saturated, BITS);
    extras[EXTRA_Y] += design_fixed(y, BITS);
    extras[EXTRA_Y2] += design_fixed(square, BITS);
    if (!glm->design->formula->intercept)
        extras[EXTRA_NULL] += design_fixed(
            glm_deviance(glm->family, y, glm_mean(glm->link, offset)), BITS);
}

/* x: the row's columns, then y, then the offset where there is one. */
static void add_row(const struct glm *glm, const double *x,
    const double *coefficients, int128 *sums)
{
    const struct design *design = glm->design;
    size_t p = design->column_count;
    int128 *score = sums + p * (p + 1) / 2, *extras = score + p;
    double y = x[p] * design->response_scale / glm->response_unit;
    double offset = design->formula->has_offset
                        ? x[p + 1] * design->offset_scale / glm->eta_unit
                        : 0.0;
    double eta = offset;
    if (coefficients == NULL)
        eta = glm_link_value(glm->link, glm_start(glm->family, y));
    for (size_t j = 0; coefficients != NULL && j < p; j++)
        eta += x[j] * coefficients[j];
    double mu = glm_mean(glm->link, eta);
    if (!isfinite(eta) || !glm_mean_is_valid(glm->family, mu)) {
        extras[EXTRA_INVALID]++;
        return;
    }
    double slope = glm_mean_slope(glm->link, eta);
    double weight = slope * slope / glm_variance(glm->family, mu);
    double target = (y - mu) / slope;
    if (coefficients == NULL)
        target += eta - offset;
    for (size_t i = 0; i < p; i++) {
        double weighted = weight * x[i];
        for (size_t j = i; j < p; j++)
            *sums++ += design_fixed(weighted * x[j], BITS);
        score[i] += design_fixed(weighted * target, BITS);
    }
    add_extras(glm, y, mu, offset, extras);
}

static void contribute(const struct analysis *analysis,
    const struct shape *shape_, const struct row_block *block, void *state,
    int128 *elements, struct cell_facts *facts)
{
    (void)facts;
    const struct glm *glm = analysis->model;
    const struct design *design = glm->design;
    double matrix[DESIGN_ROWS * (DESIGN_COLUMNS_MAX + 2)];
    bool in[DESIGN_ROWS];
    int128 *cell = elements + shape_->tables[0].first;
    for (size_t at = 0; at < block->count; at += DESIGN_ROWS) {
        size_t left = block->count - at;
        size_t count = left < DESIGN_ROWS ? left : DESIGN_ROWS;
        design_fill(design, block->rows, block->first + at, count,
            block->mask + at, in, matrix);
        for (size_t i = 0; i < count; i++) {
            if (!in[i])
                continue;
            model_count_row(block, at + i, state, cell);
            add_row(glm, matrix + i * design->stride, block->values,
                cell + COUNTS_CELL);
        }
    }
}

/* ---- from round to round ---- */

static size_t value_count(
    const struct analysis *analysis, const struct shape *shape_)
{
    (void)shape_;
    return columns_of(analysis);
}

static size_t memory_count(
    const struct analysis *analysis, const struct shape *shape_)
{
    (void)shape_;
    return MEMORY_VECTORS + 3 * columns_of(analysis);
}

static enum status finish_rounds(
    double *memory, enum outcome outcome, bool *done)
{
    memory[MEMORY_OUTCOME] = outcome;
    *done = true;
    return STATUS_OK;
}

/* The step from `values` (NULL: the coefficients themselves) into `next`, and
 * the inverse's diagonal into memory. */
static enum status take_step(const struct glm *glm, const int128 *sums,
    const double *values, double *memory, double *next)
{
    size_t p = glm->design->column_count;
    double *inverse = memory + MEMORY_VECTORS + 2 * p;
    const int128 *score = sums + p * (p + 1) / 2;
    struct least_squares fit;
    enum status status = least_squares_init(&fit, p);
    if (status != STATUS_OK)
        return status;
    for (size_t i = 0; i < p; i++) {
        for (size_t j = i; j < p; j++) {
            *least_squares_at(&fit, i, j) = (wide)*sums;
            *least_squares_at(&fit, j, i) = (wide)*sums++;
        }
        *least_squares_at(&fit, i, p) = (wide)score[i];
        *least_squares_at(&fit, p, i) = (wide)score[i];
    }
    least_squares_solve(&fit);
    for (size_t i = 0; i < p; i++) {
        double step = fit.used[i] ? (double)*least_squares_at(&fit, i, p) : 0.0;
        next[i] = (values == NULL || !fit.used[i] ? 0.0 : values[i]) + step;
        inverse[i] = fit.used[i]
                         ? ldexp((double)*least_squares_at(&fit, i, i), BITS)
                         : 0.0;
    }
    memory[MEMORY_RANK] = (double)fit.rank;
    memory[MEMORY_DECREMENT] = 0;
    for (size_t i = 0; i < p; i++)
        memory[MEMORY_DECREMENT] += ldexp((double)fit.effects[i], -BITS);
    least_squares_fini(&fit);
    return STATUS_OK;
}

/* Half way back to where all was well. */
static enum status halve(size_t p, uint32_t number, const double *values,
    double *memory, double *next, bool *done)
{
    const double *good = memory + MEMORY_VECTORS;
    if (number <= 2 || ++memory[MEMORY_HALVINGS] > ITERATIONS_MAX)
        return finish_rounds(memory, OUT_OF_RANGE, done);
    for (size_t i = 0; i < p; i++)
        next[i] = (values[i] + good[i]) / 2;
    return STATUS_OK;
}

static enum status advance(const struct analysis *analysis,
    const struct shape *shape_, const struct dictionary *dictionary,
    uint32_t number, const int128 *elements, const double *values,
    double *memory, double *next, bool *done)
{
    (void)dictionary;
    const struct glm *glm = analysis->model;
    size_t p = columns_of(analysis);
    const int128 *sums = elements + shape_->tables[0].first + COUNTS_CELL;
    const int128 *extras = sums + p * (p + 1) / 2 + p;
    double deviance = ldexp((double)extras[EXTRA_DEVIANCE], -BITS);
    double before = memory[MEMORY_EXTRAS + EXTRA_DEVIANCE];
    *done = false;
    if (extras[EXTRA_INVALID] != 0)
        return number == 1 ? finish_rounds(memory, INVALID_START, done)
                           : halve(p, number, values, memory, next, done);
    for (size_t i = 0; i < EXTRA_COUNT; i++)
        memory[MEMORY_EXTRAS + i] = ldexp((double)extras[i], -BITS);
    enum status status =
        take_step(glm, sums, number == 1 ? NULL : values, memory, next);
    if (status != STATUS_OK)
        return status;
    for (size_t i = 0; i < p; i++) {
        if (!isfinite(next[i]))
            return finish_rounds(memory, NOT_CONVERGED, done);
    }
    double *good = memory + MEMORY_VECTORS;
    for (size_t i = 0; number > 1 && i < p; i++)
        good[i] = values[i];
    memcpy(good + p, next, p * sizeof *next);
    memory[MEMORY_ITERATIONS] = number;
    double size = fabs(deviance) + 0.1;
    bool still = number > 1 && fabs(deviance - before) / size < EPSILON;
    if (still && memory[MEMORY_DECREMENT] / size < STEP_EPSILON)
        return finish_rounds(memory, CONVERGED, done);
    if (number > ITERATIONS_MAX)
        return finish_rounds(memory, still ? CONVERGED : NOT_CONVERGED, done);
    return STATUS_OK;
}

/* ---- the result ---- */

static const char *message_of(const struct glm *glm, enum outcome outcome)
{
    if (outcome == INVALID_START)
        return "the outcome has values that the family does not allow (Gamma: "
               "above zero; poisson: not below zero)";
    if (outcome == OUT_OF_RANGE)
        return "the fit left the range of the family: another link, or fewer "
               "terms";
    if (glm->family == FAMILY_BINOMIAL)
        return "no convergence in 25 steps: the terms separate the two "
               "outcomes (almost) completely, so that estimates grow without "
               "bound";
    return "no convergence in 25 steps";
}

static double null_deviance(
    const struct glm *glm, double n, const double *extras)
{
    const struct formula *formula = glm->design->formula;
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
    default: return extras[EXTRA_Y2] - y * mean;
    }
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
        double shape_ = 1 / each; /* log y/mu sums to ratio - deviance / 2 */
        double logs = extras[EXTRA_RATIO] - deviance / 2;
        double log_y = extras[EXTRA_SATURATED] + n * log(glm->response_unit);
        return -2 * (shape_ * (logs - extras[EXTRA_RATIO] - n) - log_y +
                        n * (shape_ * log(shape_) - lgammafn(shape_))) +
               2 + 2 * rank;
    }
    default: return n * (log(2 * M_PI * each) + 1) + 2 + 2 * rank;
    }
}

static json_t *terms(const struct analysis *analysis, const double *memory,
    double dispersion, double df)
{
    const struct glm *glm = analysis->model;
    size_t p = columns_of(analysis);
    const double *estimates = memory + MEMORY_VECTORS + p;
    const double *inverse = estimates + p;
    json_t *list = json_array();
    for (size_t i = 0; i < p; i++) {
        const struct design_column *column = &glm->design->columns[i];
        double unit = glm->eta_unit / column->scale;
        json_array_append_new(list,
            model_term(column->name, inverse[i] > 0, estimates[i] * unit,
                sqrt(inverse[i] * dispersion) * unit, df, analysis->level));
    }
    return list;
}

static void set_fit(const struct analysis *analysis, const double *memory,
    double n, json_t *out)
{
    const struct glm *glm = analysis->model;
    const double *extras = memory + MEMORY_EXTRAS;
    double rank = memory[MEMORY_RANK], df = n - rank;
    bool known =
        glm->family == FAMILY_BINOMIAL || glm->family == FAMILY_POISSON;
    double dispersion = known ? 1.0 : extras[EXTRA_PEARSON] / df;
    double unit = glm->family == FAMILY_GAUSSIAN
                      ? glm->response_unit * glm->response_unit
                      : 1.0;
    double deviance = extras[EXTRA_DEVIANCE] * unit;
    json_object_set_new(out, "table",
        terms(analysis, memory, df > 0 ? dispersion : NAN,
            known ? INFINITY : fmax(df, 1)));
    json_object_set_new(out, "deviance", json_number(deviance));
    json_object_set_new(out, "null_deviance",
        json_number(null_deviance(glm, n, extras) * unit));
    json_object_set_new(
        out, "aic", json_number(akaike(glm, n, rank, deviance, extras)));
    json_object_set_new(out, "dispersion", json_number(dispersion * unit));
    json_object_set_new(out, "df", json_integer((json_int_t)df));
}

static enum status conclude(const struct analysis *analysis,
    const struct shape *shape_, const struct dictionary *dictionary,
    const int128 *first, const double *memory, int64_t min_cell, json_t *out)
{
    (void)dictionary;
    const struct glm *glm = analysis->model;
    const int128 *cell = first + shape_->tables[0].first;
    enum outcome outcome = (enum outcome)memory[MEMORY_OUTCOME];
    if (!model_set_counts(out, first, cell, min_cell))
        return STATUS_OK;
    json_object_set_new(
        out, "family", json_string(glm_family_names[glm->family]));
    json_object_set_new(out, "link", json_string(glm_link_names[glm->link]));
    json_object_set_new(out, "converged", json_boolean(outcome == CONVERGED));
    json_object_set_new(
        out, "iterations", json_integer((json_int_t)memory[MEMORY_ITERATIONS]));
    if (outcome == CONVERGED)
        set_fit(analysis, memory, (double)cell[CELL_ROWS], out);
    else
        json_object_set_new(
            out, "message", json_string(message_of(glm, outcome)));
    return STATUS_OK;
}

static enum status finish(const struct analysis *analysis,
    const struct shape *shape_, const struct dictionary *dictionary,
    const int128 *elements, int64_t min_cell, json_t *out)
{
    (void)analysis, (void)shape_, (void)dictionary, (void)elements;
    (void)min_cell, (void)out;
    return STATUS_INTERNAL; /* conclude stands in its place */
}

const struct analysis_kind analysis_glm = {
    .name = "glm",
    .summary = "a generalized linear model",
    .parse = parse,
    .shape = shape,
    .state_size = linear_state_size,
    .contribute = contribute,
    .finish = finish,
    .release = release,
    .value_count = value_count,
    .memory_count = memory_count,
    .advance = advance,
    .conclude = conclude,
};
