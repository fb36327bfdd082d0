#include "protocol/analysis/cox_rounds.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/analysis/cox_steps.h"
#include "protocol/analysis/least_squares.h"
#include "protocol/analysis/tally.h"
#include "protocol/analysis/times.h"

#define ROUNDS_MAX_FIT 25 /* D12 */
#define COX_EPSILON 1e-12
#define COX_ALIASED 1e-13 /* the information has 64 bits, not 113 */
#define ROUNDS_AFTER 2
#define ETA_MAX 18 /* exp of it still fits a sum */
#define RISK_SETS_MIN 8

/* The sums of the cell: these, then x of events [p]; then by center score [p]
 * and information [triangle], on the grid in the first round STEP_COUNTS a
 * step, in the others those of the risk sets, stratum by stratum. */
enum sums {
    SUM_EVENTS,  /* rows with an event */
    SUM_INVALID, /* rows whose exp(x b) is too large */
    SUM_LOGLIK,  /* by center */
    SUM_X
};

void cox_plan(struct cox *cox)
{
    cox->layout = cox_layout_of(cox->count, cox->efron);
    size_t room =
        PLAN_VECTOR_MAX / 2 / (cox->strata * cox_stratum(&cox->layout, 1));
    if (room < RISK_SETS_MIN)
        room = RISK_SETS_MIN;
    cox->risk_sets = cox->steps < room ? cox->steps : room;
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

enum status cox_shape(const struct analysis *analysis,
    const struct dictionary *dictionary, struct shape *out)
{
    const struct cox *cox = analysis->model;
    const struct cox_layout *layout = &cox->layout;
    size_t width = cox->by_center
                       ? layout->p + layout->triangle
                       : cox->strata * larger(cox->steps * STEP_COUNTS,
                                           cox_stratum(layout, cox->risk_sets));
    (void)dictionary;
    model_shape(out, SUM_X + layout->p + width, layout->p);
    out->tables[0].events = COUNTS_CELL + SUM_EVENTS;
    out->tables[0].fine = !cox->by_center;
    return STATUS_OK;
}

bool cox_whole(const struct analysis *analysis)
{
    const struct cox *cox = analysis->model;
    return cox->by_center;
}

/* What the scan remembers of the patient it is at: as model_count_row has it,
 * and the places, plus 1, where the last event and the last row without one
 * stand; 0: nowhere yet. By center the sums of every step and room for the
 * likelihood come after. */
struct cox_state {
    uint64_t last;
    size_t last_place[2], padding;
    int128 sums[];
};

static size_t step_sums(const struct cox *cox)
{
    return cox->strata * cox_stratum(&cox->layout, cox->steps);
}

size_t cox_state_size(
    const struct analysis *analysis, const struct shape *shape)
{
    const struct cox *cox = analysis->model;
    (void)shape;
    return sizeof(struct cox_state) +
           (cox->by_center ? step_sums(cox) * sizeof(int128) +
                                 cox_workspace_size(&cox->layout)
                           : 0);
}

/* ---- one row ---- */

/* Where a row stands: at which place of its stratum it leaves and begins. */
struct standing {
    size_t stratum, stop, start;
    bool event;
};

struct adding {
    const struct cox *cox;
    const struct row_block *block;
    struct cox_state *state;
    int128 *cell, *places; /* places: steps, or risk sets */
    size_t place_count;    /* of one stratum */
};

static bool read_standing(const struct cox *cox, const struct rows *rows,
    size_t row, struct standing *out)
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
    *out = (struct standing){.stratum = (size_t)stratum,
        .stop = times_step(cox->stop, cox->grid, stop),
        .start =
            cox->start == NULL ? 0 : times_step(cox->start, cox->grid, start),
        .event = event != 0};
    return cox->start == NULL || out->start < out->stop;
}

/* The patient is over: one person at each of the last places. */
static void count_person(struct cox_state *state, int128 *places)
{
    const size_t *last = state->last_place;
    const size_t latest = last[0] > last[1] ? last[0] : last[1];
    if (latest > 0)
        places[(latest - 1) * STEP_COUNTS + STEP_PEOPLE]++;
    for (size_t event = 0; event < 2; event++) {
        size_t place = state->last_place[event];
        if (place > 0)
            places[(place - 1) * STEP_COUNTS +
                   (event != 0 ? STEP_EVENT_PEOPLE : STEP_OTHER_PEOPLE)]++;
        state->last_place[event] = 0;
    }
}

static void count_row(
    const struct adding *to, bool new_person, const struct standing *at)
{
    size_t place = at->stratum * to->place_count + at->stop;
    size_t *last = &to->state->last_place[at->event];
    to->places[place * STEP_COUNTS + (at->event ? STEP_EVENTS : STEP_OTHERS)]++;
    if (new_person)
        count_person(to->state, to->places);
    if (*last < place + 1)
        *last = place + 1;
}

/* Steps -> risk sets. False: the row stands in none. */
static bool find_risk_sets(
    const struct cox *cox, const double *values, struct standing *at)
{
    const double *starts = values + cox->count + at->stratum * cox->risk_sets;
    size_t stop = cox_risk_set(starts, cox->risk_sets, at->stop);
    size_t start = cox->start == NULL
                       ? 0
                       : cox_risk_set(starts, cox->risk_sets, at->start);
    if (start >= stop)
        return false;
    at->stop = stop - 1;
    at->start = start; /* 0: at risk from the first on */
    return true;
}

/* Where the weighted sums of a row go; NULL: not. */
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

/* `begins`: the place before which the row is not at risk, less one; 0: it is
 * from the first on. */
static void sum_row(const struct adding *to, const double *x,
    const struct standing *at, size_t begins)
{
    const struct cox_layout *layout = &to->cox->layout;
    const double *beta = to->block->values;
    int128 *stratum =
        to->places + at->stratum * cox_stratum(layout, to->place_count);
    int128 *sums = stratum + at->stop * layout->width;
    double eta = 0;
    for (size_t i = 0; beta != NULL && i < layout->p; i++)
        eta += x[i] * beta[i];
    if (!(eta <= ETA_MAX)) {
        to->cell[COUNTS_CELL + SUM_INVALID]++;
        return;
    }
    const struct places places = {.leaves = sums,
        .begins = begins == 0 ? NULL : stratum + (begins - 1) * layout->width,
        .dies = at->event && layout->dead > 0
                    ? stratum + to->place_count * layout->width +
                          at->stop * layout->dead
                    : NULL};
    put_weighted(&places, x, exp(eta), layout->p);
    if (!at->event)
        return;
    sums[layout->all]++;
    to->cell[COUNTS_CELL + SUM_EVENTS]++;
    for (size_t i = 0; i < layout->p; i++)
        to->cell[COUNTS_CELL + SUM_X + i] += design_fixed(x[i], COX_BITS);
}

static void visit_row(void *arg, size_t row, const double *x)
{
    const struct adding *to = arg;
    const struct cox *cox = to->cox;
    struct standing at;
    if (!read_standing(cox, to->block->rows, to->block->first + row, &at))
        return;
    const int128 people = to->cell[CELL_PEOPLE];
    model_count_row(to->block, row, &to->state->last, to->cell);
    x += cox->first;
    if (cox->by_center) {
        sum_row(to, x, &at, cox->start == NULL ? 0 : at.start + 1);
    } else if (to->block->values == NULL) {
        count_row(to, to->cell[CELL_PEOPLE] != people, &at);
        to->cell[COUNTS_CELL + SUM_EVENTS] += at.event;
    } else if (find_risk_sets(cox, to->block->values, &at)) {
        sum_row(to, x, &at, at.start);
    }
}

void cox_contribute(const struct analysis *analysis, const struct shape *shape,
    const struct row_block *block, void *state_, int128 *elements,
    struct cell_facts *facts)
{
    const struct cox *cox = analysis->model;
    struct cox_state *state = state_;
    int128 *cell = elements + shape->tables[0].first;
    const bool counts = block->values == NULL;
    struct adding to = {.cox = cox,
        .block = block,
        .state = state,
        .cell = cell,
        .places = cox->by_center ? state->sums
                                 : cell + COUNTS_CELL + SUM_X + cox->count,
        .place_count = cox->by_center || counts ? cox->steps : cox->risk_sets};
    (void)facts;
    model_each_row(cox->design, block, visit_row, &to);
}

/* ---- a center's own risk sets ---- */

static int128 rounded(long double value)
{
    return (int128)roundl(ldexpl(value, COX_BITS));
}

/* By center only sums over all risk sets leave it: events, log-likelihood,
 * score and information. */
void cox_flush(const struct analysis *analysis, const struct shape *shape,
    void *state_, const double *values, int128 *elements,
    struct cell_facts *facts)
{
    const struct cox *cox = analysis->model;
    const struct cox_layout *layout = &cox->layout;
    struct cox_state *state = state_;
    struct cox_likelihood own;
    (void)facts;
    int128 *sums = elements + shape->tables[0].first + COUNTS_CELL;
    int128 *rest = sums + SUM_X + cox->count;
    if (!cox->by_center) {
        if (values == NULL)
            count_person(state, rest);
        return;
    }
    void *workspace = state->sums + step_sums(cox);
    cox_likelihood_start(layout, workspace, &own);
    for (size_t g = 0; g < cox->strata; g++)
        cox_likelihood_add(layout,
            state->sums + g * cox_stratum(layout, cox->steps), cox->steps,
            workspace, &own);
    sums[SUM_LOGLIK] += rounded(own.loglik);
    for (size_t i = 0; i < layout->p + layout->triangle; i++)
        rest[i] += rounded(own.score[i]); /* the information follows */
}

/* ---- from round to round ---- */

size_t cox_value_count(
    const struct analysis *analysis, const struct shape *shape)
{
    const struct cox *cox = analysis->model;
    (void)shape;
    return cox->count + (cox->by_center ? 0 : cox->strata * cox->risk_sets);
}

size_t cox_memory_count(
    const struct analysis *analysis, const struct shape *shape)
{
    const struct cox *cox = analysis->model;
    (void)shape;
    return 2 * cox->count + KEPT_COUNT;
}

/* The log-likelihood, its score and its information at beta (NULL: 0).
 * *workspace is the caller's to free. */
static enum status read_likelihood(const struct cox *cox, const int128 *sums,
    const double *beta, void **workspace, struct cox_likelihood *out)
{
    const struct cox_layout *layout = &cox->layout;
    const int128 *rest = sums + SUM_X + layout->p;
    *workspace = calloc(1, cox_workspace_size(layout));
    if (*workspace == NULL)
        return STATUS_NO_MEMORY;
    cox_likelihood_start(layout, *workspace, out);
    for (size_t g = 0; !cox->by_center && g < cox->strata; g++)
        cox_likelihood_add(layout,
            rest + g * cox_stratum(layout, cox->risk_sets), cox->risk_sets,
            *workspace, out);
    if (cox->by_center) {
        out->loglik = cox_value(sums[SUM_LOGLIK]);
        out->events = (long double)sums[SUM_EVENTS];
        for (size_t i = 0; i < layout->p + layout->triangle; i++)
            out->score[i] = cox_value(rest[i]); /* the information follows */
    }
    for (size_t i = 0; i < layout->p; i++) {
        long double x = cox_value(sums[SUM_X + i]);
        out->score[i] += x;
        out->loglik += beta == NULL ? 0 : x * beta[i];
    }
    return STATUS_OK;
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
static enum status newton(const struct cox_likelihood *here, size_t p,
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

static void note_wald(const struct cox_likelihood *here, size_t p,
    const double *beta, double *kept)
{
    long double wald = 0;
    size_t k = 0;
    for (size_t i = 0; i < p; i++) {
        for (size_t j = i; j < p; j++, k++)
            wald += (i == j ? 1 : 2) * beta[i] * here->information[k] * beta[j];
    }
    kept[KEPT_WALD] = (double)wald;
}

/* The counts are there: the risk sets, for every round that follows. */
static void choose_risk_sets(const struct cox *cox, const int128 *sums,
    int64_t min_cell, double *kept, double *next, bool *done)
{
    struct cox_merge merge = {0};
    for (size_t g = 0; g < cox->strata; g++)
        cox_merge_steps(
            sums + SUM_X + cox->count + g * cox->steps * STEP_COUNTS,
            cox->steps, cox->efron, min_cell,
            next + cox->count + g * cox->risk_sets, cox->risk_sets, &merge);
    kept[KEPT_RISK_SETS] = (double)merge.risk_sets;
    kept[KEPT_MERGED] = (double)merge.merged;
    *done = merge.risk_sets == 0;
}

/* A likelihood that fell: half way back. The first is at 0. */
static bool went_too_far(const struct cox_likelihood *here, const int128 *sums,
    const double *kept, bool settled)
{
    return sums[SUM_INVALID] > 0 ||
           (!settled && !((double)here->loglik >= kept[KEPT_LOGLIK]));
}

static enum status take_step(const struct cox *cox, const int128 *sums,
    const struct cox_likelihood *here, const double *values, double *memory,
    double *next, bool *done)
{
    const size_t p = cox->count;
    double *best = memory, *errors = memory + p, *kept = memory + 2 * p;
    const double loglik = (double)here->loglik;
    const bool first = ++kept[KEPT_ROUNDS] == 1;
    const bool last = kept[KEPT_ROUNDS] >= ROUNDS_MAX_FIT;
    const bool settled =
        !first && sums[SUM_INVALID] == 0 &&
        fabs(loglik - kept[KEPT_LOGLIK]) <= COX_EPSILON * (fabs(loglik) + 1e-6);
    enum status status = STATUS_OK;
    if (first)
        kept[KEPT_EVENTS] = (double)here->events;
    if (!first && went_too_far(here, sums, kept, settled)) {
        for (size_t j = 0; j < p; j++)
            next[j] = (values[j] + best[j]) / 2;
        *done = last;
        return STATUS_OK;
    }
    if (first)
        kept[KEPT_NULL] = loglik;
    kept[KEPT_LOGLIK] = loglik;
    for (size_t j = 0; j < p; j++)
        best[j] = first ? 0 : values[j];
    memcpy(next, best, p * sizeof *next);
    status = newton(here, p, errors, next, kept);
    note_wald(here, p, best, kept);
    kept[KEPT_SETTLED] = settled ? kept[KEPT_SETTLED] + 1 : 0;
    kept[KEPT_CONVERGED] = settled && status == STATUS_OK;
    *done = kept[KEPT_SETTLED] >= ROUNDS_AFTER || last || here->events < 1 ||
            status != STATUS_OK;
    return status == STATUS_OUT_OF_RANGE ? STATUS_OK : status;
}

enum status cox_advance(const struct analysis *analysis,
    const struct shape *shape, const struct dictionary *dictionary,
    uint32_t number, int64_t min_cell, const int128 *elements,
    const double *values, double *memory, double *next, bool *done)
{
    const struct cox *cox = analysis->model;
    const size_t p = cox->count;
    const int128 *sums = elements + shape->tables[0].first + COUNTS_CELL;
    const double *beta = cox->by_center && number == 1 ? NULL : values;
    struct cox_likelihood here;
    void *workspace = NULL;
    (void)dictionary;
    if (!cox->by_center && number == 1) {
        choose_risk_sets(cox, sums, min_cell, memory + 2 * p, next, done);
        return STATUS_OK;
    }
    if (!cox->by_center)
        memcpy(
            next + p, values + p, cox->strata * cox->risk_sets * sizeof *next);
    enum status status = read_likelihood(cox, sums, beta, &workspace, &here);
    if (status == STATUS_OK)
        status = take_step(cox, sums, &here, values, memory, next, done);
    free(workspace);
    return status;
}
