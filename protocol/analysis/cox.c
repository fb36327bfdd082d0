/*
 * cox: proportional hazards on a grid of days, by Newton's method. Cox 1972;
 * ties by Efron 1977 or Breslow 1974. Each round every center sums, a row at a
 * time and as whole numbers, exp(x b), x exp(x b) and x x' exp(x b) at the step
 * at which a row leaves, and the same of events; sums over risk sets are sums
 * over the steps from there on, so that no split changes anything. Covariates
 * that change in time are rows Surv(start, stop, event): a row is taken off
 * again at its start. R: coxph on ceiling(t / grid) * grid.
 *
 * With strata(center) each center has risk sets of its own, on days, and adds
 * its score, information and log-likelihood alone, rounded once.
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

#define COX_BITS 56
#define COX_ROUNDS 30
#define COX_EPSILON 1e-12
#define COX_STEPS_MAX 20000
#define ROUNDS_AFTER 2
#define ETA_MAX 18 /* exp of it still fits a sum */

struct cox {
    struct design *design;
    int64_t grid;
    bool efron, by_center;
    size_t first, count; /* columns without the intercept */
    size_t steps, strata;
    const struct variable *stop, *start;
};

/* Sums of one step: of rows that leave, then of events. */
struct layout {
    size_t p, triangle, all, width;
};

enum remembered { /* after p coefficients, p before, p errors */
    KEPT_LOGLIK,
    KEPT_NULL,
    KEPT_SCORE,
    KEPT_WALD,
    KEPT_RANK,
    KEPT_ROUNDS,
    KEPT_SETTLED,
    KEPT_CONVERGED,
    KEPT_EVENTS,
    KEPT_COUNT
};

static struct layout layout_of(const struct cox *cox)
{
    struct layout layout = {.p = cox->count};
    layout.triangle = layout.p * (layout.p + 1) / 2;
    layout.all = 1 + layout.p + layout.triangle;
    layout.width = 2 * layout.all + layout.p + 1; /* and x of events, events */
    return layout;
}

static size_t step_of(
    const struct cox *cox, const struct variable *time, int64_t code)
{
    double step = variable_value(time, code) / (double)cox->grid;
    size_t whole = (size_t)(step > 0 ? step : 0);
    return whole + ((double)whole < step ? 1 : 0);
}

/* ---- parameters ---- */

static enum status refuse(const struct field *parameters,
    struct diagnostic *diagnostic, const char *key, const char *text)
{
    struct field field;
    if (!field_find(&field, parameters, key))
        field = *parameters;
    return field_fail(&field, diagnostic, "%s", text);
}

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
    struct field field;
    cox->by_center = formula->strata_center;
    if (field_find(&field, parameters, "grid_days")) {
        enum status status =
            field_integer(&field, &cox->grid, 1, 3660, diagnostic);
        if (status != STATUS_OK)
            return status;
    } else if (cox->by_center) {
        cox->grid = 1;
    }
    if (formula->response_kind != RESPONSE_SURVIVAL)
        return refuse(parameters, diagnostic, "formula",
            "on the left of '~' stands Surv(time, event) or Surv(start, stop, "
            "event)");
    cox->first = formula->intercept ? 1 : 0;
    cox->count = cox->design->column_count - cox->first;
    if (cox->count == 0 || formula->strata_count > 1)
        return refuse(parameters, diagnostic, "formula",
            cox->count == 0 ? "name at least one covariate after '~'"
                            : "one strata() variable beside center");
    cox->strata =
        formula->strata_count == 0
            ? 1
            : variable_level_count(&dictionary->variables[formula->strata[0]]);
    cox->stop = &dictionary->variables[formula->survival.stop];
    if (formula->survival.has_start)
        cox->start = &dictionary->variables[formula->survival.start];
    cox->steps = step_of(cox, cox->stop, cox->stop->max) + 1;
    if (cox->stop->min < 0 || cox->steps > COX_STEPS_MAX)
        return refuse(parameters, diagnostic, "formula",
            "times go from 0 to at most 20000 steps of \"grid_days\"; see the "
            "variable's min and max");
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
    cox->grid = 30;
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

/* By center: log-likelihood, score, information, events. */
static size_t sums_length(const struct cox *cox)
{
    const struct layout layout = layout_of(cox);
    return cox->by_center ? 2 + layout.p + layout.triangle
                          : layout.width * cox->steps * cox->strata;
}

static enum status shape(const struct analysis *analysis,
    const struct dictionary *dictionary, struct shape *out)
{
    const struct cox *cox = analysis->model;
    (void)dictionary;
    *out = (struct shape){.table_count = 1};
    out->tables[0] = (struct table_shape){.kind = TABLE_SUMS,
        .first = SEGMENT_HEAD,
        .rows = 1,
        .columns = 1,
        .width = sums_length(cox),
        .parameters = cox->count};
    out->length = SEGMENT_HEAD + COUNTS_CELL + out->tables[0].width;
    return STATUS_OK;
}

static bool whole(const struct analysis *analysis)
{
    const struct cox *cox = analysis->model;
    return cox->by_center;
}

/* The last patient, and by center the sums of the steps. */
static size_t state_size(
    const struct analysis *analysis, const struct shape *shape_)
{
    const struct cox *cox = analysis->model;
    (void)shape_;
    return sizeof(int128) + (cox->by_center
                                    ? layout_of(cox).width * cox->steps *
                                          cox->strata * sizeof(int128)
                                    : 0);
}

/* ---- one row ---- */

static void add_weighted(
    const double *x, double weight, size_t p, int sign, int128 *sums)
{
    *sums++ += sign * design_fixed(weight, COX_BITS);
    for (size_t i = 0; i < p; i++)
        *sums++ += sign * design_fixed(weight * x[i], COX_BITS);
    for (size_t i = 0; i < p; i++) {
        for (size_t j = i; j < p; j++)
            *sums++ += sign * design_fixed(weight * x[i] * x[j], COX_BITS);
    }
}

struct row_times {
    size_t stratum, stop, start;
    bool event;
};

static void add_row(const struct cox *cox, const double *x, const double *beta,
    const struct row_times *times, int128 *steps)
{
    const struct layout layout = layout_of(cox);
    double eta = 0;
    for (size_t i = 0; beta != NULL && i < layout.p; i++)
        eta += x[i] * beta[i];
    const double weight = exp(eta > ETA_MAX ? ETA_MAX : eta);
    int128 *stratum = steps + times->stratum * cox->steps * layout.width;
    int128 *sums = stratum + times->stop * layout.width;
    add_weighted(x, weight, layout.p, 1, sums);
    if (cox->start != NULL)
        add_weighted(
            x, weight, layout.p, -1, stratum + times->start * layout.width);
    if (!times->event)
        return;
    add_weighted(x, weight, layout.p, 1, sums + layout.all);
    for (size_t i = 0; i < layout.p; i++)
        sums[2 * layout.all + i] += design_fixed(x[i], COX_BITS);
    sums[2 * layout.all + layout.p]++;
}

static bool read_times(const struct cox *cox, const struct rows *rows,
    size_t row, struct row_times *times)
{
    const struct formula *formula = cox->design->formula;
    int32_t stop, event, start = 0, stratum = 0;
    column_read(&rows->columns[formula->survival.stop], row, 1, &stop);
    column_read(&rows->columns[formula->survival.event], row, 1, &event);
    if (cox->start != NULL)
        column_read(&rows->columns[formula->survival.start], row, 1, &start);
    if (formula->strata_count > 0)
        column_read(&rows->columns[formula->strata[0]], row, 1, &stratum);
    if (stop == VALUE_MISSING || event == VALUE_MISSING ||
        start == VALUE_MISSING || stratum == VALUE_MISSING)
        return false;
    *times = (struct row_times){.stratum = (size_t)stratum,
        .stop = step_of(cox, cox->stop, stop),
        .start = cox->start == NULL ? 0 : step_of(cox, cox->start, start),
        .event = event != 0};
    return cox->start == NULL || times->start < times->stop;
}

static void contribute(const struct analysis *analysis,
    const struct shape *shape_, const struct row_block *block, void *state,
    int128 *elements, struct cell_facts *facts)
{
    const struct cox *cox = analysis->model;
    const struct design *design = cox->design;
    uint64_t *last = state;
    int128 *cell = elements + shape_->tables[0].first;
    int128 *steps = cox->by_center ? (int128 *)state + 1 : cell + COUNTS_CELL;
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
            struct row_times times;
            size_t row = block->first + at + i;
            if (!in[i] || !read_times(cox, block->rows, row, &times))
                continue;
            uint64_t who = block->patients == NULL
                               ? 0
                               : (uint64_t)block->patients[row] + 1;
            cell[CELL_ROWS]++;
            cell[CELL_PEOPLE] += who == 0 || who != *last;
            *last = who;
            add_row(cox, matrix + i * design->stride + cox->first,
                block->values, &times, steps);
        }
    }
    free(matrix);
}

/* ---- the partial likelihood, from the sums of the steps ---- */

struct likelihood {
    long double loglik, events;
    long double *score, *information; /* [p], [triangle] */
};

/* One event of d at a step: what is left of the risk set when `part` of the
 * events is taken off. */
static void add_event(const struct layout *layout, const long double *risk,
    const long double *dead, long double part, struct likelihood *out)
{
    long double s0 = risk[0] - part * dead[0];
    out->loglik -= logl(s0);
    size_t at = 1 + layout->p, k = 0;
    for (size_t i = 0; i < layout->p; i++)
        out->score[i] -= (risk[1 + i] - part * dead[1 + i]) / s0;
    for (size_t i = 0; i < layout->p; i++) {
        long double a = (risk[1 + i] - part * dead[1 + i]) / s0;
        for (size_t j = i; j < layout->p; j++, k++) {
            long double b = (risk[1 + j] - part * dead[1 + j]) / s0;
            out->information[k] +=
                (risk[at + k] - part * dead[at + k]) / s0 - a * b;
        }
    }
}

static void add_steps(const struct cox *cox, const int128 *steps,
    const double *beta, int128 *running, long double *numbers,
    struct likelihood *out)
{
    const struct layout layout = layout_of(cox);
    long double *risk = numbers, *dead = numbers + layout.all;
    memset(running, 0, layout.all * sizeof *running);
    for (size_t s = cox->steps; s-- > 0;) {
        const int128 *sums = steps + s * layout.width;
        const int128 events = sums[2 * layout.all + layout.p];
        for (size_t i = 0; i < layout.all; i++)
            running[i] += sums[i];
        for (size_t i = 0; events > 0 && i < layout.all; i++) {
            risk[i] = fixed_value(running[i], COX_BITS);
            dead[i] = fixed_value(sums[layout.all + i], COX_BITS);
        }
        for (size_t i = 0; events > 0 && i < layout.p; i++) {
            long double x = fixed_value(sums[2 * layout.all + i], COX_BITS);
            out->score[i] += x;
            out->loglik += beta == NULL ? 0 : x * beta[i];
        }
        for (int128 k = 0; k < events; k++)
            add_event(&layout, risk, dead,
                cox->efron ? (long double)k / (long double)events : 0, out);
        out->events += (long double)events;
    }
}

/* out->score and out->information are one allocation, the caller's. */
static enum status likelihood_of(const struct cox *cox, const int128 *steps,
    const double *beta, struct likelihood *out)
{
    const struct layout layout = layout_of(cox);
    int128 *running = calloc(layout.all, sizeof *running);
    long double *numbers = calloc(2 * layout.all, sizeof *numbers);
    *out = (struct likelihood){.score = calloc(layout.all, sizeof *out->score)};
    if (running == NULL || numbers == NULL || out->score == NULL) {
        free(running);
        free(numbers);
        return STATUS_NO_MEMORY;
    }
    out->information = out->score + layout.p;
    for (size_t g = 0; g < cox->strata; g++)
        add_steps(cox, steps + g * cox->steps * layout.width, beta, running,
            numbers, out);
    free(running);
    free(numbers);
    return STATUS_OK;
}

static int128 rounded(long double value)
{
    return (int128)roundl(ldexpl(value, COX_BITS));
}

/* A center's own risk sets: only these four kinds of numbers leave it. */
static void flush(const struct analysis *analysis, const struct shape *shape_,
    void *state, const double *values, int128 *elements,
    struct cell_facts *facts)
{
    const struct cox *cox = analysis->model;
    const struct layout layout = layout_of(cox);
    int128 *sums = elements + shape_->tables[0].first + COUNTS_CELL;
    struct likelihood own;
    (void)facts;
    if (!cox->by_center)
        return;
    if (likelihood_of(cox, (int128 *)state + 1, values, &own) == STATUS_OK) {
        sums[0] += rounded(own.loglik);
        sums[1] += (int128)own.events;
        for (size_t i = 0; i < layout.p + layout.triangle; i++)
            sums[2 + i] += rounded(own.score[i]);
    }
    free(own.score);
}

static enum status read_likelihood(const struct cox *cox, const int128 *sums,
    const double *beta, struct likelihood *out)
{
    const struct layout layout = layout_of(cox);
    if (!cox->by_center)
        return likelihood_of(cox, sums, beta, out);
    *out = (struct likelihood){.loglik = fixed_value(sums[0], COX_BITS),
        .events = (long double)sums[1],
        .score = calloc(layout.all, sizeof *out->score)};
    if (out->score == NULL)
        return STATUS_NO_MEMORY;
    out->information = out->score + layout.p;
    for (size_t i = 0; i < layout.p + layout.triangle; i++)
        out->score[i] = fixed_value(sums[2 + i], COX_BITS);
    return STATUS_OK;
}

/* ---- from round to round ---- */

static size_t value_count(
    const struct analysis *analysis, const struct shape *shape_)
{
    const struct cox *cox = analysis->model;
    (void)shape_;
    return cox->count;
}

static size_t memory_count(
    const struct analysis *analysis, const struct shape *shape_)
{
    const struct cox *cox = analysis->model;
    (void)shape_;
    return 3 * cox->count + KEPT_COUNT;
}

/* The Newton step, the errors, and the quadratic form of step and score. */
static enum status newton(const struct likelihood *here, size_t p,
    double *errors, long double *step, double *kept)
{
    struct solver solver;
    long double *inverse = calloc(p * p + 1, sizeof *inverse);
    if (inverse == NULL)
        return STATUS_NO_MEMORY;
    enum status status = solver_create(&solver, here->information, p);
    if (status == STATUS_OK) {
        long double score = 0;
        solver_solve(&solver, here->score, step);
        solver_invert(&solver, inverse);
        for (size_t j = 0; j < p; j++) {
            score += step[j] * here->score[j];
            errors[j] =
                solver.aliased[j] ? -1 : (double)sqrtl(inverse[j * p + j]);
        }
        if (kept[KEPT_ROUNDS] == 1)
            kept[KEPT_SCORE] = (double)score;
        kept[KEPT_RANK] = (double)solver.rank;
        solver_fini(&solver);
    }
    free(inverse);
    return status;
}

static void note_wald(
    const struct likelihood *here, size_t p, const double *beta, double *kept)
{
    long double wald = 0;
    size_t k = 0;
    for (size_t i = 0; i < p; i++) {
        for (size_t j = i; j < p; j++, k++)
            wald += (i == j ? 1 : 2) * beta[i] * here->information[k] * beta[j];
    }
    kept[KEPT_WALD] = (double)wald;
}

static enum status advance(const struct analysis *analysis,
    const struct shape *shape_, const struct dictionary *dictionary,
    uint32_t number, const int128 *elements, const double *values,
    double *memory, double *next, bool *done)
{
    const struct cox *cox = analysis->model;
    const size_t p = cox->count;
    const int128 *sums = elements + shape_->tables[0].first + COUNTS_CELL;
    double *best = memory, *errors = memory + 2 * p, *kept = memory + 3 * p;
    struct likelihood here;
    long double *step = calloc(p + 1, sizeof *step);
    (void)dictionary;
    enum status status =
        read_likelihood(cox, sums, number == 1 ? NULL : values, &here);
    if (status != STATUS_OK || step == NULL) {
        free(step);
        free(here.score);
        return STATUS_NO_MEMORY;
    }
    double loglik = (double)here.loglik;
    kept[KEPT_ROUNDS] = number;
    kept[KEPT_EVENTS] = (double)here.events;
    bool settled = number > 1 && fabs(loglik - kept[KEPT_LOGLIK]) <=
                                     COX_EPSILON * (fabs(loglik) + 1e-6);
    if (number > 1 && !settled && !(loglik >= kept[KEPT_LOGLIK]) &&
        number < COX_ROUNDS) {
        for (size_t j = 0; j < p; j++) /* too far: half way back */
            next[j] = (values[j] + best[j]) / 2;
    } else {
        if (number == 1)
            kept[KEPT_NULL] = loglik;
        kept[KEPT_LOGLIK] = loglik;
        status = newton(&here, p, errors, step, kept);
        for (size_t j = 0; j < p; j++) {
            best[j] = number == 1 ? 0 : values[j];
            next[j] = best[j] + (double)step[j];
        }
        note_wald(&here, p, best, kept);
        kept[KEPT_SETTLED] = settled ? kept[KEPT_SETTLED] + 1 : 0;
        kept[KEPT_CONVERGED] = settled && status == STATUS_OK;
    }
    *done = kept[KEPT_SETTLED] >= ROUNDS_AFTER || number >= COX_ROUNDS ||
            status != STATUS_OK || here.events < 1;
    free(step);
    free(here.score);
    return status == STATUS_OUT_OF_RANGE ? STATUS_OK : status;
}

/* ---- the result ---- */

static json_t *term_row(
    const struct analysis *analysis, size_t j, const double *memory)
{
    const struct cox *cox = analysis->model;
    const struct design_column *column = &cox->design->columns[cox->first + j];
    const double z = qnorm5(0.5 + analysis->level / 2, 0, 1, 1, 0);
    double estimate = NAN, error = NAN;
    if (memory[2 * cox->count + j] > 0) {
        estimate = memory[j] / column->scale;
        error = memory[2 * cox->count + j] / column->scale;
    }
    double statistic = estimate / error;
    json_t *row = json_pack("{s:s}", "term", column->name);
    json_object_set_new(row, "estimate", json_number(estimate));
    json_object_set_new(row, "hazard_ratio", json_number(exp(estimate)));
    json_object_set_new(row, "std_error", json_number(error));
    json_object_set_new(row, "statistic", json_number(statistic));
    json_object_set_new(
        row, "p_value", json_number(2 * pnorm5(-fabs(statistic), 0, 1, 1, 0)));
    json_object_set_new(row, "conf_low", json_number(estimate - z * error));
    json_object_set_new(row, "conf_high", json_number(estimate + z * error));
    return row;
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
    json_object_set_new(
        out, "iterations", json_integer((json_int_t)kept[KEPT_ROUNDS]));
    json_object_set_new(
        out, "converged", json_boolean(kept[KEPT_CONVERGED] != 0));
}

static enum status conclude(const struct analysis *analysis,
    const struct shape *shape_, const struct dictionary *dictionary,
    const int128 *first, const double *memory, int64_t min_cell, json_t *out)
{
    const struct cox *cox = analysis->model;
    const int128 *cell = first + shape_->tables[0].first;
    const double *kept = memory + 3 * cox->count;
    (void)dictionary;
    json_object_set_new(
        out, "ties", json_string(cox->efron ? "efron" : "breslow"));
    json_object_set_new(out, "grid_days", json_integer(cox->grid));
    if (cell_suppressed(cell, min_cell)) {
        json_object_set_new(out, "suppressed", json_true());
        return STATUS_OK;
    }
    json_object_set_new(out, "n", json_integer((json_int_t)cell[CELL_ROWS]));
    json_object_set_new(
        out, "patients", json_integer((json_int_t)cell[CELL_PEOPLE]));
    json_object_set_new(out, "missing",
        json_integer((json_int_t)(first[HEAD_ROWS] - cell[CELL_ROWS])));
    json_object_set_new(
        out, "events", json_integer((json_int_t)kept[KEPT_EVENTS]));
    json_t *table = json_array();
    for (size_t j = 0; kept[KEPT_EVENTS] > 0 && j < cox->count; j++)
        json_array_append_new(table, term_row(analysis, j, memory));
    json_object_set_new(out, "table", table);
    set_tests(kept, out);
    if (kept[KEPT_CONVERGED] == 0)
        json_object_set_new(out, "message",
            json_string(kept[KEPT_EVENTS] > 0
                            ? "the fit did not converge; a covariate may "
                              "tell all events from the others"
                            : "there is no event"));
    return STATUS_OK;
}

const struct analysis_kind analysis_cox = {
    .name = "cox",
    .summary = "proportional hazards regression",
    .parse = parse,
    .release = release,
    .shape = shape,
    .state_size = state_size,
    .contribute = contribute,
    .flush = flush,
    .whole = whole,
    .value_count = value_count,
    .memory_count = memory_count,
    .advance = advance,
    .conclude = conclude,
};
