#include "protocol/analysis/cox_rounds.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/analysis/least_squares.h"
#include "protocol/analysis/tally.h"
#include "protocol/analysis/times.h"

#define COX_BITS 56
#define COX_ROUNDS 30
#define COX_EPSILON 1e-12
#define COX_ALIASED 1e-13 /* the information has 64 bits, not 113 */
#define ROUNDS_AFTER 2
#define ETA_MAX 18 /* exp of it still fits a sum */

/* Sums of one step: of rows that leave, then of events. */
struct layout {
    size_t p, triangle, all, width;
};

static struct layout layout_of(const struct cox *cox)
{
    struct layout layout = {.p = cox->count};
    layout.triangle = layout.p * (layout.p + 1) / 2;
    layout.all = 1 + layout.p + layout.triangle;
    layout.width = 2 * layout.all + layout.p + 1; /* and x of events, events */
    return layout;
}

static size_t step_sums(const struct cox *cox)
{
    return layout_of(cox).width * cox->steps * cox->strata;
}

/* By center: log-likelihood, score, information, events. */
enum status cox_shape(const struct analysis *analysis,
    const struct dictionary *dictionary, struct shape *out)
{
    const struct cox *cox = analysis->model;
    const struct layout layout = layout_of(cox);
    (void)dictionary;
    model_shape(out,
        cox->by_center ? 2 + layout.p + layout.triangle : step_sums(cox),
        cox->count);
    return STATUS_OK;
}

bool cox_whole(const struct analysis *analysis)
{
    const struct cox *cox = analysis->model;
    return cox->by_center;
}

/* The last patient, and by center the sums of the steps. */
size_t cox_state_size(
    const struct analysis *analysis, const struct shape *shape)
{
    const struct cox *cox = analysis->model;
    (void)shape;
    return sizeof(int128) +
           (cox->by_center ? step_sums(cox) * sizeof(int128) : 0);
}

/* ---- one row ---- */

/* Where the weighted sums of a row go: to the step at which it leaves, off the
 * one at which it begins, and to the events of a step. NULL: not. */
struct places {
    int128 *leaves, *begins, *dies;
};

static void put(const struct places *places, size_t at, double value)
{
    const int128 fixed = design_fixed(value, COX_BITS);
    places->leaves[at] += fixed;
    if (places->begins != NULL)
        places->begins[at] -= fixed;
    if (places->dies != NULL)
        places->dies[at] += fixed;
}

static void put_weighted(
    const struct places *places, const double *x, double weight, size_t p)
{
    size_t at = 0;
    put(places, at++, weight);
    for (size_t i = 0; i < p; i++)
        put(places, at++, weight * x[i]);
    for (size_t i = 0; i < p; i++) {
        for (size_t j = i; j < p; j++)
            put(places, at++, weight * x[i] * x[j]);
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
    int128 *stratum = steps + times->stratum * cox->steps * layout.width;
    int128 *sums = stratum + times->stop * layout.width;
    const struct places places = {.leaves = sums,
        .begins =
            cox->start == NULL ? NULL : stratum + times->start * layout.width,
        .dies = times->event ? sums + layout.all : NULL};
    put_weighted(&places, x, exp(eta > ETA_MAX ? ETA_MAX : eta), layout.p);
    if (!times->event)
        return;
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
        .stop = times_step(cox->stop, cox->grid, stop),
        .start =
            cox->start == NULL ? 0 : times_step(cox->start, cox->grid, start),
        .event = event != 0};
    return cox->start == NULL || times->start < times->stop;
}

struct adding {
    const struct cox *cox;
    const struct row_block *block;
    uint64_t *last;
    int128 *cell, *steps;
};

static void visit_row(void *arg, size_t row, const double *x)
{
    const struct adding *to = arg;
    const struct cox *cox = to->cox;
    struct row_times times;
    if (!read_times(cox, to->block->rows, to->block->first + row, &times))
        return;
    model_count_row(to->block, row, to->last, to->cell);
    add_row(cox, x + cox->first, to->block->values, &times, to->steps);
}

void cox_contribute(const struct analysis *analysis, const struct shape *shape,
    const struct row_block *block, void *state, int128 *elements,
    struct cell_facts *facts)
{
    const struct cox *cox = analysis->model;
    int128 *cell = elements + shape->tables[0].first;
    struct adding to = {cox, block, state, cell,
        cox->by_center ? (int128 *)state + 1 : cell + COUNTS_CELL};
    (void)facts;
    model_each_row(cox->design, block, visit_row, &to);
}

/* ---- the partial likelihood, from the sums of the steps ---- */

struct likelihood {
    long double loglik, events;
    long double *score, *information; /* [p], [triangle] */
};

static long double value_of(int128 sum)
{
    return ldexpl((long double)sum, -COX_BITS);
}

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
            risk[i] = value_of(running[i]);
            dead[i] = value_of(sums[layout.all + i]);
        }
        for (size_t i = 0; events > 0 && i < layout.p; i++) {
            long double x = value_of(sums[2 * layout.all + i]);
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
void cox_flush(const struct analysis *analysis, const struct shape *shape_,
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
    *out = (struct likelihood){.loglik = value_of(sums[0]),
        .events = (long double)sums[1],
        .score = calloc(layout.all, sizeof *out->score)};
    if (out->score == NULL)
        return STATUS_NO_MEMORY;
    out->information = out->score + layout.p;
    for (size_t i = 0; i < layout.p + layout.triangle; i++)
        out->score[i] = value_of(sums[2 + i]);
    return STATUS_OK;
}

/* ---- from round to round ---- */

size_t cox_value_count(
    const struct analysis *analysis, const struct shape *shape)
{
    const struct cox *cox = analysis->model;
    (void)shape;
    return cox->count;
}

size_t cox_memory_count(
    const struct analysis *analysis, const struct shape *shape)
{
    const struct cox *cox = analysis->model;
    (void)shape;
    return 2 * cox->count + KEPT_COUNT;
}

static bool is_information(const long double *triangle, size_t p)
{
    for (size_t i = 0, k = 0; i < p; i++) {
        for (size_t j = i; j < p; j++, k++) {
            if (!isfinite(triangle[k]) || (i == j && triangle[k] < 0))
                return false;
        }
    }
    return true;
}

/* Adds Newton's step to `next`; the errors, and in the first round the score
 * test: its quadratic form is what the columns take one after the other. */
static enum status newton(const struct likelihood *here, size_t p,
    double *errors, double *next, double *kept)
{
    struct least_squares fit;
    double score = 0;
    size_t k = 0;
    if (!is_information(here->information, p))
        return STATUS_OUT_OF_RANGE;
    enum status status = least_squares_init(&fit, p);
    if (status != STATUS_OK)
        return status;
    fit.tolerance = COX_ALIASED;
    for (size_t i = 0; i < p; i++) {
        for (size_t j = i; j < p; j++)
            least_squares_set(&fit, i, j, here->information[k++]);
        least_squares_set(&fit, i, p, here->score[i]);
    }
    least_squares_solve(&fit);
    for (size_t j = 0; j < p; j++) {
        score += (double)fit.effects[j];
        errors[j] =
            fit.used[j] ? sqrt((double)*least_squares_at(&fit, j, j)) : -1;
        if (fit.used[j])
            next[j] += (double)*least_squares_at(&fit, j, p);
    }
    if (kept[KEPT_ROUNDS] == 1)
        kept[KEPT_SCORE] = score;
    kept[KEPT_RANK] = (double)fit.rank;
    least_squares_fini(&fit);
    return STATUS_OK;
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

enum status cox_advance(const struct analysis *analysis,
    const struct shape *shape_, const struct dictionary *dictionary,
    uint32_t number, const int128 *elements, const double *values,
    double *memory, double *next, bool *done)
{
    const struct cox *cox = analysis->model;
    const size_t p = cox->count;
    const int128 *sums = elements + shape_->tables[0].first + COUNTS_CELL;
    double *best = memory, *errors = memory + p, *kept = memory + 2 * p;
    struct likelihood here;
    (void)dictionary;
    enum status status =
        read_likelihood(cox, sums, number == 1 ? NULL : values, &here);
    if (status != STATUS_OK) {
        free(here.score);
        return status;
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
        for (size_t j = 0; j < p; j++)
            best[j] = number == 1 ? 0 : values[j];
        memcpy(next, best, p * sizeof *next);
        status = newton(&here, p, errors, next, kept);
        note_wald(&here, p, best, kept);
        kept[KEPT_SETTLED] = settled ? kept[KEPT_SETTLED] + 1 : 0;
        kept[KEPT_CONVERGED] = settled && status == STATUS_OK;
    }
    *done = kept[KEPT_SETTLED] >= ROUNDS_AFTER || number >= COX_ROUNDS ||
            status != STATUS_OK || here.events < 1;
    free(here.score);
    return status == STATUS_OUT_OF_RANGE ? STATUS_OK : status;
}
