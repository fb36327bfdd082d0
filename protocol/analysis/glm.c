/*
 * glm: generalized linear models by iteratively reweighted least squares. Each
 * round every center sums, a row at a time, x w x', x w z, and the deviance at
 * the coefficients that it is told; the sums are whole numbers (2^-GLM_BITS),
 * so that no split changes them. McCullagh and Nelder, Generalized Linear
 * Models, 2.5. R: glm, its start and its stopping rule with a smaller epsilon.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MATHLIB_STANDALONE
#include <Rmath.h>

#include "protocol/analysis/design.h"
#include "protocol/analysis/parameters.h"
#include "protocol/analysis/solve.h"
#include "protocol/analysis/tally.h"

#define GLM_BITS 58
#define GLM_ROUNDS 40
#define GLM_EPSILON 1e-12
#define ROUNDS_AFTER 3
#define ETA_MAX 700

enum family { BINOMIAL, POISSON, GAUSSIAN, GAMMA, FAMILY_COUNT };
enum link { LOGIT, LOG, IDENTITY, INVERSE, LINK_COUNT };

static const char *const family_names[] = {
    "binomial", "poisson", "gaussian", "Gamma"};
static const char *const link_names[] = {"logit", "log", "identity", "inverse"};
static const enum link canonical[] = {LOGIT, LOG, IDENTITY, INVERSE};

struct glm {
    struct design *design;
    enum family family;
    enum link link;
};

/* Sums beside the p (p + 1) / 2 of x w x' and the p of x w z. */
enum extra {
    SUM_DEVIANCE,
    SUM_PEARSON,
    SUM_RATIO,     /* y / mu */
    SUM_RESPONSE,  /* y */
    SUM_SATURATED, /* poisson y log y - y, gaussian y^2, Gamma log y */
    SUM_GAMMA,     /* poisson log y! */
    EXTRA_COUNT
};

/* What the coordinator remembers: p coefficients, p standard errors (before
 * dispersion; -1: aliased), then these. */
enum remembered {
    KEPT_DEVIANCE,
    KEPT_CONVERGED,
    KEPT_ROUNDS,
    KEPT_RANK,
    KEPT_FAILED,
    KEPT_SETTLED, /* rounds since the deviance settled */
    KEPT_EXTRA,
    KEPT_COUNT = KEPT_EXTRA + EXTRA_COUNT
};

static size_t column_count(const struct analysis *analysis)
{
    const struct glm *glm = analysis->model;
    return glm->design->column_count;
}

/* ---- parameters ---- */

static enum status read_choice(const struct field *parameters, const char *key,
    const char *const *names, size_t count, size_t *out,
    struct diagnostic *diagnostic)
{
    struct field field;
    const char *text;
    if (!field_find(&field, parameters, key))
        return STATUS_OK;
    enum status status = field_text(&field, &text, 32, diagnostic);
    for (size_t i = 0; status == STATUS_OK && i < count; i++) {
        if (strcmp(text, names[i]) != 0)
            continue;
        *out = i;
        return STATUS_OK;
    }
    return status == STATUS_OK ? field_fail(&field, diagnostic,
                                     "there is no %s '%s'", key, text)
                               : status;
}

static enum status parse(struct analysis *analysis,
    const struct field *parameters, const struct dictionary *dictionary,
    struct diagnostic *diagnostic)
{
    static const char *const keys[] = {"formula", "family", "link", "level"};
    size_t family = BINOMIAL, link;
    struct field field;
    struct glm *glm = calloc(1, sizeof *glm);
    analysis->model = glm;
    if (glm == NULL)
        return STATUS_NO_MEMORY;
    enum status status = field_expect_object(parameters, keys, 4, diagnostic);
    if (status == STATUS_OK)
        status = parameter_level(analysis, parameters, diagnostic);
    if (status == STATUS_OK)
        status = read_choice(parameters, "family", family_names, FAMILY_COUNT,
            &family, diagnostic);
    link = canonical[family];
    if (status == STATUS_OK)
        status = read_choice(
            parameters, "link", link_names, LINK_COUNT, &link, diagnostic);
    if (status == STATUS_OK)
        status = parameter_design(
            &glm->design, analysis, parameters, dictionary, diagnostic);
    glm->family = (enum family)family;
    glm->link = (enum link)link;
    if (status == STATUS_OK && !glm->design->has_response) {
        (void)field_find(&field, parameters, "formula");
        status = field_fail(&field, diagnostic,
            "glm takes a number or a boolean on the left of '~'");
    }
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
    size_t p = column_count(analysis);
    (void)dictionary;
    *out = (struct shape){.table_count = 1};
    out->tables[0] = (struct table_shape){.kind = TABLE_SUMS,
        .first = SEGMENT_HEAD,
        .rows = 1,
        .columns = 1,
        .width = p * (p + 1) / 2 + p + EXTRA_COUNT,
        .parameters = p};
    out->length = SEGMENT_HEAD + COUNTS_CELL + out->tables[0].width;
    return STATUS_OK;
}

static size_t state_size(
    const struct analysis *analysis, const struct shape *shape_)
{
    (void)analysis;
    (void)shape_;
    return sizeof(uint64_t); /* the last patient that counted, + 1 */
}

/* ---- one row ---- */

struct point {
    double eta, mu, slope; /* slope: d mu / d eta */
};

static double link_of(enum link link, double mu)
{
    switch (link) {
    case LOGIT: return log(mu / (1 - mu));
    case LOG: return log(mu);
    case INVERSE: return 1 / mu;
    default: return mu;
    }
}

static struct point point_at(enum link link, double eta)
{
    struct point point = {.eta = eta};
    double e;
    switch (link) {
    case LOGIT:
        e = exp(-fabs(eta));
        point.mu = eta >= 0 ? 1 / (1 + e) : e / (1 + e);
        point.slope = e / ((1 + e) * (1 + e));
        break;
    case LOG:
        point.mu = point.slope = exp(eta > ETA_MAX ? ETA_MAX : eta);
        break;
    case INVERSE:
        point.mu = 1 / eta;
        point.slope = -1 / (eta * eta);
        break;
    default: point.mu = eta; point.slope = 1;
    }
    return point;
}

static double start_of(enum family family, double y)
{
    switch (family) {
    case BINOMIAL: return (y + 0.5) / 2;
    case POISSON: return y + 0.1;
    default: return y;
    }
}

static double variance_of(enum family family, double mu)
{
    switch (family) {
    case BINOMIAL: return mu * (1 - mu);
    case POISSON: return mu;
    case GAMMA: return mu * mu;
    default: return 1;
    }
}

static double y_log_ratio(double y, double mu)
{
    return y > 0 ? y * log(y / mu) : 0;
}

static double deviance_of(enum family family, double y, double mu)
{
    switch (family) {
    case BINOMIAL: return 2 * (y_log_ratio(y, mu) + y_log_ratio(1 - y, 1 - mu));
    case POISSON: return 2 * (y_log_ratio(y, mu) - (y - mu));
    case GAMMA: return -2 * (log(y / mu) - (y - mu) / mu);
    default: return (y - mu) * (y - mu);
    }
}

static double saturated_of(enum family family, double y)
{
    switch (family) {
    case POISSON: return y > 0 ? y * log(y) - y : 0;
    case GAUSSIAN: return y * y;
    case GAMMA: return log(y);
    default: return 0;
    }
}

static bool is_possible(enum family family, double y)
{
    switch (family) {
    case BINOMIAL: return y >= 0 && y <= 1;
    case POISSON: return y >= 0;
    case GAMMA: return y > 0;
    default: return true;
    }
}

static void add_row(
    const struct glm *glm, const double *x, const double *beta, int128 *sums)
{
    const struct design *design = glm->design;
    const size_t p = design->column_count;
    const double y = x[p] * design->response_scale;
    const double offset =
        design->formula->has_offset ? x[p + 1] * design->offset_scale : 0;
    double eta = offset;
    if (beta == NULL)
        eta = link_of(glm->link, start_of(glm->family, y));
    for (size_t j = 0; beta != NULL && j < p; j++)
        eta += x[j] * beta[j];
    const struct point at = point_at(glm->link, eta);
    const double variance = variance_of(glm->family, at.mu);
    double weight = at.slope * at.slope / variance;
    double z = eta - offset + (y - at.mu) / at.slope;
    if (!(weight > 0) || !isfinite(weight) || !isfinite(z))
        weight = z = 0; /* R leaves such rows out of the step */
    for (size_t i = 0; i < p; i++) {
        for (size_t j = i; j < p; j++)
            *sums++ += design_fixed(x[i] * weight * x[j], GLM_BITS);
    }
    for (size_t i = 0; i < p; i++)
        *sums++ += design_fixed(x[i] * weight * z, GLM_BITS);
    sums[SUM_DEVIANCE] +=
        design_fixed(deviance_of(glm->family, y, at.mu), GLM_BITS);
    sums[SUM_PEARSON] +=
        design_fixed((y - at.mu) * (y - at.mu) / variance, GLM_BITS - 20);
    sums[SUM_RATIO] += design_fixed(y / at.mu, GLM_BITS - 20);
    sums[SUM_RESPONSE] += design_fixed(y, GLM_BITS);
    sums[SUM_SATURATED] +=
        design_fixed(saturated_of(glm->family, y), GLM_BITS - 20);
    if (glm->family == POISSON)
        sums[SUM_GAMMA] += design_fixed(lgammafn(y + 1), GLM_BITS - 20);
}

static void contribute(const struct analysis *analysis,
    const struct shape *shape_, const struct row_block *block, void *state,
    int128 *elements, struct cell_facts *facts)
{
    const struct glm *glm = analysis->model;
    const struct design *design = glm->design;
    uint64_t *last = state;
    int128 *cell = elements + shape_->tables[0].first;
    bool in[DESIGN_ROWS];
    double *matrix = malloc(DESIGN_ROWS * design->stride * sizeof *matrix);
    (void)facts;
    for (size_t at = 0; matrix != NULL && at < block->count;
         at += DESIGN_ROWS) {
        size_t left = block->count - at;
        size_t count = left < DESIGN_ROWS ? left : DESIGN_ROWS;
        design_fill(design, block->rows, block->first + at, count,
            block->mask + at, in, matrix);
        for (size_t i = 0; i < count; i++) {
            const double *x = matrix + i * design->stride;
            uint64_t who =
                block->patients == NULL
                    ? 0
                    : (uint64_t)block->patients[block->first + at + i] + 1;
            if (!in[i] || !is_possible(glm->family,
                              x[design->column_count] * design->response_scale))
                continue;
            cell[CELL_ROWS]++;
            cell[CELL_PEOPLE] += who == 0 || who != *last;
            *last = who;
            add_row(glm, x, block->values, cell + COUNTS_CELL);
        }
    }
    free(matrix);
}

/* ---- from round to round ---- */

static size_t value_count(
    const struct analysis *analysis, const struct shape *shape_)
{
    (void)shape_;
    return column_count(analysis);
}

static size_t memory_count(
    const struct analysis *analysis, const struct shape *shape_)
{
    (void)shape_;
    return 2 * column_count(analysis) + KEPT_COUNT;
}

static const int extra_bits[EXTRA_COUNT] = {[SUM_DEVIANCE] = GLM_BITS,
    [SUM_PEARSON] = GLM_BITS - 20,
    [SUM_RATIO] = GLM_BITS - 20,
    [SUM_RESPONSE] = GLM_BITS,
    [SUM_SATURATED] = GLM_BITS - 20,
    [SUM_GAMMA] = GLM_BITS - 20};

static void keep_errors(
    const struct solver *solver, double *errors, long double *scratch)
{
    const size_t p = solver->count;
    solver_invert(solver, scratch);
    for (size_t j = 0; j < p; j++)
        errors[j] = solver->aliased[j] ? -1 : (double)sqrtl(scratch[j * p + j]);
}

/* One step; false when the equations have no solution. */
static enum status step(
    const int128 *sums, size_t p, double *memory, double *next, bool *solved)
{
    size_t triangle = p * (p + 1) / 2;
    struct solver solver;
    long double *numbers = calloc(triangle + 2 * p + p * p, sizeof *numbers);
    if (numbers == NULL)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < triangle; i++)
        numbers[i] = fixed_value(sums[i], GLM_BITS);
    for (size_t i = 0; i < p; i++)
        numbers[triangle + i] = fixed_value(sums[triangle + i], GLM_BITS);
    enum status status = solver_create(&solver, numbers, p);
    *solved = status == STATUS_OK && solver.rank > 0;
    if (*solved) {
        long double *out = numbers + triangle + p;
        solver_solve(&solver, numbers + triangle, out);
        for (size_t j = 0; j < p; j++)
            next[j] = (double)out[j];
        keep_errors(&solver, memory + p, out + p);
        memory[2 * p + KEPT_RANK] = (double)solver.rank;
        solver_fini(&solver);
    }
    free(numbers);
    return status == STATUS_OUT_OF_RANGE ? STATUS_OK : status;
}

static enum status advance(const struct analysis *analysis,
    const struct shape *shape_, const struct dictionary *dictionary,
    uint32_t number, const int128 *elements, const double *values,
    double *memory, double *next, bool *done)
{
    const size_t p = column_count(analysis);
    const int128 *sums = elements + shape_->tables[0].first + COUNTS_CELL;
    const int128 *extra = sums + p * (p + 1) / 2 + p;
    double *kept = memory + 2 * p;
    bool solved = false;
    (void)dictionary;
    (void)values;
    enum status status = step(sums, p, memory, next, &solved);
    double deviance = (double)fixed_value(extra[SUM_DEVIANCE], GLM_BITS);
    for (size_t i = 0; i < EXTRA_COUNT; i++)
        kept[KEPT_EXTRA + i] = (double)fixed_value(extra[i], extra_bits[i]);
    bool settled = number > 2 && fabs(deviance - kept[KEPT_DEVIANCE]) <=
                                     GLM_EPSILON * (fabs(deviance) + 0.1);
    kept[KEPT_DEVIANCE] = deviance;
    kept[KEPT_ROUNDS] = number;
    kept[KEPT_FAILED] = !solved;
    /* The deviance is flat at its minimum: the coefficients, and the weights
     * that the errors come from, settle a few rounds later. */
    kept[KEPT_SETTLED] = settled ? kept[KEPT_SETTLED] + 1 : 0;
    kept[KEPT_CONVERGED] = settled && solved;
    *done = kept[KEPT_SETTLED] >= ROUNDS_AFTER || !solved ||
            number >= GLM_ROUNDS;
    if (solved)
        memcpy(memory, next, p * sizeof *next);
    return status;
}

/* ---- the result ---- */

static double dispersion_of(const struct glm *glm, const double *kept, double n)
{
    if (glm->family == BINOMIAL || glm->family == POISSON)
        return 1;
    double df = n - kept[KEPT_RANK];
    return df > 0 ? kept[KEPT_EXTRA + SUM_PEARSON] / df : NAN;
}

static json_t *term_row(const struct analysis *analysis, size_t j,
    const double *memory, double dispersion, double df)
{
    const struct glm *glm = analysis->model;
    const struct design_column *column = &glm->design->columns[j];
    const size_t p = glm->design->column_count;
    json_t *row = json_pack("{s:s}", "term", column->name);
    bool normal = glm->family == BINOMIAL || glm->family == POISSON;
    double estimate = NAN, error = NAN, statistic = NAN, p_value = NAN;
    if (memory[p + j] >= 0) {
        estimate = memory[j] / column->scale;
        error = memory[p + j] * sqrt(dispersion) / column->scale;
        statistic = estimate / error;
        p_value = normal ? 2 * pnorm5(-fabs(statistic), 0, 1, 1, 0)
                         : 2 * pt(-fabs(statistic), df, 1, 0);
    }
    double z = qnorm5(0.5 + analysis->level / 2, 0, 1, 1, 0);
    json_object_set_new(row, "estimate", json_number(estimate));
    json_object_set_new(row, "std_error", json_number(error));
    json_object_set_new(row, "statistic", json_number(statistic));
    json_object_set_new(row, "p_value", json_number(p_value));
    json_object_set_new(row, "conf_low", json_number(estimate - z * error));
    json_object_set_new(row, "conf_high", json_number(estimate + z * error));
    return row;
}

static double null_deviance(
    const struct glm *glm, const double *extra, double n)
{
    double total = extra[SUM_RESPONSE], mean = total / n;
    double saturated = extra[SUM_SATURATED];
    if (!glm->design->formula->intercept || glm->design->formula->has_offset)
        return NAN;
    switch (glm->family) {
    case BINOMIAL:
        return -2 * ((total > 0 ? total * log(mean) : 0) +
                        (total < n ? (n - total) * log(1 - mean) : 0));
    case POISSON:
        return 2 * (saturated + total - (total > 0 ? total * log(mean) : 0));
    case GAMMA: return -2 * (saturated - n * log(mean));
    default: return saturated - n * mean * mean;
    }
}

static double aic_of(const struct glm *glm, const double *kept, double n)
{
    const double *extra = kept + KEPT_EXTRA;
    double deviance = kept[KEPT_DEVIANCE], rank = kept[KEPT_RANK];
    double d = deviance / n;
    switch (glm->family) {
    case BINOMIAL: return deviance + 2 * rank;
    case POISSON:
        return deviance - 2 * (extra[SUM_SATURATED] - extra[SUM_GAMMA]) +
               2 * rank;
    case GAMMA: {
        /* sum log mu, from the deviance */
        double log_mu =
            deviance / 2 + extra[SUM_SATURATED] + n - extra[SUM_RATIO];
        return -2 * ((1 / d - 1) * extra[SUM_SATURATED] - extra[SUM_RATIO] / d -
                        (log_mu + n * log(d)) / d - n * lgammafn(1 / d)) +
               2 + 2 * rank;
    }
    default: return n * (log(2 * M_PI * d) + 1) + 2 + 2 * rank;
    }
}

static void set_fit(const struct analysis *analysis, const double *memory,
    double n, json_t *out)
{
    const struct glm *glm = analysis->model;
    const size_t p = glm->design->column_count;
    const double *kept = memory + 2 * p;
    double df = n - kept[KEPT_RANK];
    double dispersion = dispersion_of(glm, kept, n);
    json_t *table = json_array();
    for (size_t j = 0; j < p; j++)
        json_array_append_new(
            table, term_row(analysis, j, memory, dispersion, df));
    json_object_set_new(out, "deviance", json_number(kept[KEPT_DEVIANCE]));
    json_object_set_new(out, "null_deviance",
        json_number(null_deviance(glm, kept + KEPT_EXTRA, n)));
    json_object_set_new(out, "aic", json_number(aic_of(glm, kept, n)));
    json_object_set_new(out, "df", json_number(df));
    json_object_set_new(out, "dispersion", json_number(dispersion));
    json_object_set_new(
        out, "iterations", json_integer((json_int_t)kept[KEPT_ROUNDS]));
    json_object_set_new(
        out, "converged", json_boolean(kept[KEPT_CONVERGED] != 0));
    if (kept[KEPT_CONVERGED] == 0)
        json_object_set_new(out, "message",
            json_string("the fit did not converge; a variable may separate the "
                        "outcomes, or there are too few events"));
    json_object_set_new(out, "table", table);
}

static enum status conclude(const struct analysis *analysis,
    const struct shape *shape_, const struct dictionary *dictionary,
    const int128 *first, const double *memory, int64_t min_cell, json_t *out)
{
    const struct glm *glm = analysis->model;
    const int128 *cell = first + shape_->tables[0].first;
    const size_t p = column_count(analysis);
    (void)dictionary;
    json_object_set_new(out, "family", json_string(family_names[glm->family]));
    json_object_set_new(out, "link", json_string(link_names[glm->link]));
    if (cell_suppressed(cell, min_cell)) {
        json_object_set_new(out, "suppressed", json_true());
        return STATUS_OK;
    }
    double n = (double)cell[CELL_ROWS];
    json_object_set_new(out, "n", json_integer((json_int_t)cell[CELL_ROWS]));
    json_object_set_new(
        out, "patients", json_integer((json_int_t)cell[CELL_PEOPLE]));
    json_object_set_new(out, "missing",
        json_integer((json_int_t)(first[HEAD_ROWS] - cell[CELL_ROWS])));
    if (glm->family == BINOMIAL)
        json_object_set_new(out, "events",
            json_integer(
                (json_int_t)memory[2 * p + KEPT_EXTRA + SUM_RESPONSE]));
    if (n == 0 || memory[2 * p + KEPT_FAILED] != 0) {
        json_object_set_new(out, "message",
            json_string("there is nothing to fit: no rows, or no column that "
                        "varies"));
        json_object_set_new(out, "table", json_array());
        return STATUS_OK;
    }
    set_fit(analysis, memory, n, out);
    return STATUS_OK;
}

const struct analysis_kind analysis_glm = {
    .name = "glm",
    .summary = "logistic, Poisson, Gamma and Gaussian regression",
    .parse = parse,
    .shape = shape,
    .state_size = state_size,
    .contribute = contribute,
    .release = release,
    .value_count = value_count,
    .memory_count = memory_count,
    .advance = advance,
    .conclude = conclude,
};
