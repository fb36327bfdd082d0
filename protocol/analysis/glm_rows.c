/*
 * A center's part of a round: row by row for any family and link, and for
 * logistic regression, which is most of what is asked, in loops over rows.
 */
#include <float.h>
#include <math.h>
#define MATHLIB_STANDALONE 1
#include <Rmath.h>

#include "protocol/analysis/elementary.h"
#include "protocol/analysis/glm_rounds.h"
#include "protocol/analysis/kernel.h"
#include "protocol/analysis/tally.h"

#define LOG_3 0x1.193ea7aad030bp0
#define DEVIANCE_MAX 72.08730682723547 /* -2 log(DBL_EPSILON), as in R */

/* What rows are made into. */
struct working {
    double eta[DESIGN_ROWS];
    double weight[DESIGN_ROWS], pull[DESIGN_ROWS]; /* pull: weight times the
        working response; both are 0 in rows that do not count */
    double keep[DESIGN_ROWS]; /* 1 in rows that count, else 0 */
    double deviance[DESIGN_ROWS];
};

struct glm_rows {
    const struct glm *glm;
    const struct model_rows *rows;
    const double *coefficients; /* NULL in the first round */
    const double *x; /* columns, as standard.h has them after the first round */
    const double *y, *offset;   /* columns; offset NULL: none */
    int128 *sums, *score, *extras;
    struct working work;
};

static void add_extras(
    const struct glm *glm, double y, double mu, double offset, int128 *extras)
{
    const int bits = glm_extra_bits(glm);
    double ratio = (y - mu) / mu, logarithm = y > 0 ? log(y) : 0.0;
    double saturated = 0, other = y;
    double variance = glm_variance(glm->family, mu);
    if (glm->family == FAMILY_POISSON) {
        other = logarithm;
        saturated = y * logarithm - y - lgammafn(y + 1);
    } else if (glm->family == FAMILY_GAMMA) {
        saturated = logarithm;
    }
    extras[EXTRA_DEVIANCE] +=
        design_fixed(glm_deviance(glm->family, y, mu), bits);
    extras[EXTRA_PEARSON] +=
        design_fixed((y - mu) * (y - mu) / variance, bits);
    if (glm->family == FAMILY_GAMMA)
        extras[EXTRA_RATIO] += design_fixed(ratio, bits);
    extras[EXTRA_SATURATED] += design_fixed(saturated, bits);
    extras[EXTRA_Y] += design_fixed(y, bits);
    extras[EXTRA_Y2] += fixed_exact_product(y, other, bits);
    if (!glm->design->formula->intercept) {
        extras[EXTRA_NULL] += design_fixed(
            glm_deviance(glm->family, y, glm_mean(glm->link, offset)), bits);
    }
}

/* The largest number that add_extras would add. */
static double extras_size(const struct glm *glm, double y, double mu)
{
    double deviance = fabs(glm_deviance(glm->family, y, mu));
    double pearson = (y - mu) * (y - mu) / glm_variance(glm->family, mu);
    double own = glm->family == FAMILY_POISSON ? y * log1p(y) : y * y;
    return fmax(fmax(deviance, pearson), own);
}

/* The linear predictor is in other units than the offset's column. */
static double offset_unit(const struct glm *glm)
{
    return glm->design->offset_scale / glm->eta_unit;
}

static double offset_of(const struct glm *glm, const double *x)
{
    return glm->design->formula->has_offset
               ? x[glm->design->column_count + 1] * offset_unit(glm)
               : 0.0;
}

double glm_linear(
    const struct glm *glm, const double *x, const double *coefficients)
{
    double eta = offset_of(glm, x);
    for (size_t j = 0; j < glm->design->column_count; j++)
        eta += x[j] * coefficients[j];
    return eta;
}

/* ---- any family ---- */

static void work_row(struct glm_rows *here, size_t i)
{
    const struct glm *glm = here->glm;
    const double y =
        here->y[i] * glm->design->response_scale / glm->response_unit;
    const double offset =
        here->offset == NULL ? 0.0 : here->offset[i] * offset_unit(glm);
    const double eta =
        here->coefficients != NULL
            ? here->work.eta[i]
            : glm_link_value(glm->link, glm_start(glm->family, y));
    const double mu = glm_mean(glm->link, eta);
    here->work.weight[i] = here->work.pull[i] = 0.0;
    if (!isfinite(eta) || !glm_mean_is_valid(glm->family, mu)) {
        here->extras[EXTRA_INVALID]++;
        return;
    }
    const double slope = glm_mean_slope(glm->link, eta);
    const double weight = slope * slope / glm_variance(glm->family, mu);
    const double target =
        (y - mu) / slope + (here->coefficients == NULL ? eta - offset : 0.0);
    if (!(fmax(weight * fmax(1.0, fabs(target)), extras_size(glm, y, mu)) <
            GLM_TERM_MAX)) {
        here->extras[EXTRA_INVALID]++;
        return;
    }
    here->work.weight[i] = weight;
    here->work.pull[i] = weight * target;
    add_extras(glm, y, mu, offset, here->extras);
}

static void work_rows(struct glm_rows *here)
{
    for (size_t i = 0; i < here->rows->count; i++) {
        here->work.weight[i] = here->work.pull[i] = 0.0;
        if (here->rows->in[i] != 0)
            work_row(here, i);
    }
}

/* ---- logistic regression ---- */

/* As R's binomial(): probabilities and weights do not fall below
 * DBL_EPSILON. */
KERNEL static void logit_rows(
    const double *restrict y, size_t count, struct working *restrict work)
{
    for (size_t i = 0; i < count; i++) {
        const double eta = work->eta[i], size = fabs(eta);
        const double e = elementary_exp(-size), likely = 1.0 / (1.0 + e);
        double unlikely = e * likely, slope = unlikely * likely;
        unlikely = unlikely > DBL_EPSILON ? unlikely : DBL_EPSILON;
        slope = slope > DBL_EPSILON ? slope : DBL_EPSILON;
        /* Towards 1 where the event is, and 0 where it is not. */
        const double side = y[i] != 0.0 ? eta : -eta;
        const double left = side > 0.0 ? unlikely : likely;
        const double lost =
            2.0 * (elementary_log1p(e) + (side > 0.0 ? 0.0 : size));
        work->weight[i] = work->keep[i] * slope;
        work->pull[i] = work->keep[i] * (y[i] != 0.0 ? left : -left);
        work->deviance[i] =
            work->keep[i] * (lost < DEVIANCE_MAX ? lost : DEVIANCE_MAX);
    }
}

/* R starts from (y + 1/2) / 2: 3/4 or 1/4. */
KERNEL static void logit_start(
    const double *restrict y, size_t count, double *restrict eta)
{
    for (size_t i = 0; i < count; i++)
        eta[i] = y[i] != 0.0 ? LOG_3 : -LOG_3;
}

static void work_logit(struct glm_rows *here)
{
    const struct model_rows *rows = here->rows;
    const size_t count = rows->count;
    struct working *work = &here->work;
    const bool first = here->coefficients == NULL;
    if (first)
        logit_start(here->y, count, work->eta);
    for (size_t i = 0; i < count; i++) {
        const bool valid = isfinite(work->eta[i]);
        here->extras[EXTRA_INVALID] += rows->in[i] != 0 && !valid;
        work->keep[i] = rows->in[i] != 0 && valid ? 1.0 : 0.0;
    }
    logit_rows(here->y, count, work);
    for (size_t i = 0; first && i < count; i++) {
        const double offset = here->offset == NULL
                                  ? 0.0
                                  : here->offset[i] * offset_unit(here->glm);
        work->pull[i] += work->weight[i] * (work->eta[i] - offset);
    }
    const int128 events =
        fixed_sum_products(here->y, work->keep, count, GLM_BITS);
    here->extras[EXTRA_DEVIANCE] +=
        fixed_sum_products(work->deviance, NULL, count, GLM_BITS);
    here->extras[EXTRA_Y] += events;
    here->extras[EXTRA_Y2] += events;
}

/* ---- both ---- */

KERNEL static void multiply(const double *restrict a, const double *restrict b,
    size_t count, double *restrict out)
{
    for (size_t i = 0; i < count; i++)
        /* NOLINTNEXTLINE(*-core.UndefinedBinaryOperatorResult): all are set */
        out[i] = a[i] * b[i];
}

static void set_columns(struct glm_rows *here)
{
    const struct design *design = here->glm->design;
    here->x = here->rows->columns;
    here->y = here->x + design->column_count * DESIGN_ROWS;
    here->offset = design->formula->has_offset ? here->y + DESIGN_ROWS : NULL;
}

/* At the told coefficients, the columns made into z[p * DESIGN_ROWS]. A row of
 * which some |z| is too large is not valid: its sums would not fit. */
static void predict(struct glm_rows *here, double *z)
{
    const size_t count = here->rows->count, p = here->glm->design->column_count;
    uint8_t within[DESIGN_ROWS];
    memcpy(within, here->rows->in, count);
    standard_apply(&here->glm->columns, here->coefficients + p,
        here->rows->columns, count, z);
    here->x = z;
    memset(here->work.eta, 0, sizeof here->work.eta);
    if (here->offset != NULL)
        model_add_scaled(
            here->offset, offset_unit(here->glm), count, here->work.eta);
    for (size_t j = 0; j < p; j++) {
        standard_check(z + j * DESIGN_ROWS, count, within);
        model_add_scaled(z + j * DESIGN_ROWS, here->coefficients[j], count,
            here->work.eta);
    }
    for (size_t i = 0; i < count; i++)
        here->work.eta[i] = within[i] != 0 ? here->work.eta[i] : (double)NAN;
}

static void add_products(struct glm_rows *here)
{
    const size_t p = here->glm->design->column_count;
    const size_t count = here->rows->count;
    const double *columns = here->x;
    int128 *sums = here->sums;
    double weighted[DESIGN_ROWS];
    for (size_t i = 0; i < p; i++) {
        const double *x = columns + i * DESIGN_ROWS;
        multiply(here->work.weight, x, count, weighted);
        for (size_t j = i; j < p; j++)
            *sums++ += fixed_sum_products(
                weighted, columns + j * DESIGN_ROWS, count, GLM_BITS);
        here->score[i] +=
            fixed_sum_products(x, here->work.pull, count, GLM_BITS);
    }
}

double glm_weight(const struct glm *glm, double eta)
{
    const double slope = glm_mean_slope(glm->link, eta);
    return slope * slope / glm_variance(glm->family, glm_mean(glm->link, eta));
}

void glm_weights(const struct analysis *analysis, const struct model_rows *rows,
    const double *values, double *out)
{
    const struct glm *glm = analysis->model;
    struct glm_rows here;
    double z[DESIGN_ROWS * DESIGN_COLUMNS_MAX];
    here.glm = glm;
    here.rows = rows;
    here.coefficients = values;
    set_columns(&here);
    predict(&here, z);
    for (size_t i = 0; i < rows->count; i++)
        here.work.keep[i] = 1.0;
    if (glm->link == LINK_LOGIT) {
        logit_rows(here.y, rows->count, &here.work);
        memcpy(out, here.work.weight, rows->count * sizeof *out);
        return;
    }
    for (size_t i = 0; i < rows->count; i++)
        out[i] = rows->in[i] != 0 ? glm_weight(glm, here.work.eta[i]) : 0.0;
}

struct adding {
    const struct glm *glm;
    const double *coefficients;
    uint64_t *last;
    int128 *cell;
};

static void add_rows(void *arg, const struct model_rows *rows)
{
    const struct adding *to = arg;
    const struct design *design = to->glm->design;
    const struct formula *formula = design->formula;
    const size_t p = design->column_count;
    struct glm_rows here;
    double z[DESIGN_ROWS * DESIGN_COLUMNS_MAX];
    here.glm = to->glm;
    here.rows = rows;
    here.coefficients = to->coefficients;
    set_columns(&here);
    here.sums = to->cell + COUNTS_CELL;
    here.score = here.sums + p * (p + 1) / 2;
    here.extras = here.score + p;
    model_count_rows(rows, to->last, to->cell);
    if (here.coefficients != NULL)
        predict(&here, z);
    else
        standard_add(&to->glm->columns, rows->columns, rows->in, rows->count,
            here.extras + EXTRA_COUNT);
    if (to->glm->family == FAMILY_BINOMIAL && to->glm->link == LINK_LOGIT &&
        formula->intercept)
        work_logit(&here);
    else
        work_rows(&here);
    add_products(&here);
}

void glm_contribute(const struct analysis *analysis, const struct shape *shape_,
    const struct row_block *block, void *state, int128 *elements,
    struct cell_facts *facts)
{
    (void)facts;
    const struct glm *glm = analysis->model;
    struct adding to = {
        glm, block->values, state, elements + shape_->tables[0].first};
    model_each_block(glm->design, block, add_rows, &to);
}
