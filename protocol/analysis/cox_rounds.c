#include "protocol/analysis/cox_rounds.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/analysis/cox_rows.h"
#include "protocol/analysis/cox_steps.h"
#include "protocol/analysis/cox_zph.h"
#include "protocol/analysis/leverage.h"
#include "protocol/analysis/sets.h"
#include "protocol/analysis/tally.h"
#include "protocol/analysis/times.h"

#define ROUNDS_MAX_FIT 25   /* D12 */
#define COX_EPSILON 1e-12   /* of the log-likelihood */
#define COX_DECREMENT 1e-22 /* of an event */
#define COX_SMALL 1e-14     /* of a step's square, in standard errors */
#define COX_NEAR 1e-10      /* of an event: the step after is small enough */
#define ROUNDS_AFTER 2
#define RISK_SETS_MIN 8
#define EVENTS_MAX ((int128)1 << 27) /* Efron's sum takes them one by one */

void cox_plan(struct cox *cox)
{
    cox->layout = cox_layout_of(cox->count, cox->efron);
    size_t room =
        PLAN_VECTOR_MAX / 2 / (cox->strata * cox_stratum_size(&cox->layout, 1));
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
    size_t width =
        cox->by_center
            ? cox_likelihood_count(layout) + PAIRS_COUNT
            : cox->strata * larger(cox->steps * STEP_COUNTS,
                                cox_stratum_size(layout, cox->risk_sets));
    (void)dictionary;
    model_shape(out, cox_rest(cox) + width, layout->p);
    out->tables[0].events = COUNTS_CELL + SUM_EVENTS;
    out->tables[0].fine = !cox->by_center;
    out->tables[0].center_parameters = design_center_columns(cox->design);
    return STATUS_OK;
}

void cox_parts(const struct analysis *analysis, const struct shape *shape,
    struct part_list *parts)
{
    const struct cox *cox = analysis->model;
    const struct formula *formula = cox->design->formula;
    struct part whole = {.known_count = analysis->variable_count,
        .known = analysis->variables,
        .first = SEGMENT_HEAD,
        .count = shape->length - SEGMENT_HEAD};
    if (formula->survival.has_start)
        whole.interval = (struct set_interval){
            formula->survival.start, formula->survival.stop, cox->grid};
    parts_add(parts, &whole);
    parts_weigh_formula(parts, &whole, formula);
}

bool cox_whole(const struct analysis *analysis)
{
    const struct cox *cox = analysis->model;
    return cox->by_center;
}

/* ---- one round at a center ---- */

size_t cox_state_size(
    const struct analysis *analysis, const struct shape *shape)
{
    const struct cox *cox = analysis->model;
    (void)shape;
    return cox->by_center ? cox_center_state_size(cox)
                          : cox_grid_state_size(cox);
}

size_t cox_row_size(const struct analysis *analysis)
{
    const struct cox *cox = analysis->model;
    return cox->by_center ? cox_center_row_size(cox) : 0;
}

void cox_contribute(const struct analysis *analysis, const struct shape *shape,
    const struct row_block *block, void *state, int128 *elements,
    struct cell_facts *facts)
{
    const struct cox *cox = analysis->model;
    int128 *cell = elements + shape->tables[0].first;
    (void)facts;
    if (cox->by_center)
        cox_center_contribute(cox, block, state, cell);
    else
        cox_grid_contribute(cox, block, state, cell);
}

void cox_flush(const struct analysis *analysis, const struct shape *shape,
    void *state, const double *values, int128 *elements,
    struct cell_facts *facts)
{
    const struct cox *cox = analysis->model;
    int128 *sums = elements + shape->tables[0].first + COUNTS_CELL;
    (void)facts;
    if (cox->by_center)
        cox_center_flush(cox, state, values, sums);
    else
        cox_grid_flush(cox, state, values, sums);
}

/* ---- from round to round ---- */

size_t cox_value_count(
    const struct analysis *analysis, const struct shape *shape)
{
    const struct cox *cox = analysis->model;
    (void)shape;
    return cox_standard_at(cox) + standard_count(&cox->columns);
}

size_t cox_memory_count(
    const struct analysis *analysis, const struct shape *shape)
{
    const struct cox *cox = analysis->model;
    (void)shape;
    return cox_estimates_at(cox) + 2 * cox->count;
}

/* Sums of the columns' squares, times `unit`. */
static void read_squares(
    const struct cox *cox, const int128 *cell, wide unit, wide *out)
{
    const int128 *squares = cox_moments(cox, cell) + cox->count;
    out[0] = (wide)cell[CELL_ROWS] * (wide)ldexp(1, DESIGN_BITS) * unit;
    for (size_t j = cox->first; j < cox->design->column_count; j++)
        out[j] = (wide)squares[j - cox->first] * unit;
}

void cox_levels(
    const struct cox *cox, const int128 *cell, struct design_levels *out)
{
    const wide rows = (wide)cell[CELL_ROWS] * (wide)ldexp(1, DESIGN_BITS);
    wide squares[DESIGN_COLUMNS_MAX];
    read_squares(cox, cell, 1, squares);
    design_find_levels(cox->design, squares, rows, out);
}

bool cox_has_few_levels(const struct analysis *analysis,
    const struct shape *shape, const int128 *elements, int64_t min_cell)
{
    const struct cox *cox = analysis->model;
    const int128 *cell = elements + shape->tables[0].first;
    wide squares[DESIGN_COLUMNS_MAX];
    read_squares(cox, cell, (wide)ldexp(1, -DESIGN_BITS), squares);
    return leverage_judge_levels(
               cox->design, squares, cell[CELL_ROWS], min_cell) == LEVERAGE_FEW;
}

/* From the first round, for all that follow. */
static void keep_standard(
    const struct cox *cox, const int128 *cell, double *memory)
{
    double *out = memory + cox_out_at(cox);
    struct design_levels levels;
    cox_levels(cox, cell, &levels);
    for (size_t j = 0; j < cox->count; j++)
        out[j] = levels.out[cox->first + j];
    standard_choose(&cox->columns, cox_moments(cox, cell), cell[CELL_ROWS],
        memory + cox_told_at(cox));
}

/* The mean of x over all rows, weighted by w. */
static void mean_of_all(const struct cox *cox, const int128 *rest, double *mean)
{
    const struct cox_layout *layout = &cox->layout;
    const size_t size = cox_stratum_size(layout, cox->risk_sets);
    for (size_t i = 0; i < layout->p; i++) {
        int128 all = 0, own = 0;
        for (size_t g = 0; g < cox->strata * cox->risk_sets; g++) {
            const int128 *here = rest + g / cox->risk_sets * size +
                                 g % cox->risk_sets * layout->width;
            all += here[0];
            own += here[1 + i];
        }
        mean[i] = all > 0 ? int128_ratio(own, all) : 0;
    }
}

/* The log-likelihood, its score and its information at `values` (NULL: 0).
 * *workspace is the caller's to free. */
static enum status read_likelihood(const struct cox *cox, const int128 *sums,
    const double *values, void **workspace, struct cox_likelihood *out)
{
    const struct cox_layout *layout = &cox->layout;
    const int128 *rest = sums + cox_rest(cox);
    const size_t sets = cox->risk_sets;
    double center[DESIGN_COLUMNS_MAX] = {0};
    *workspace = calloc(1, cox_workspace_size(layout));
    if (*workspace == NULL)
        return STATUS_NO_MEMORY;
    cox_likelihood_start(layout, cox_likelihood_room(layout, *workspace), out);
    if (!cox->by_center)
        mean_of_all(cox, rest, center);
    for (size_t g = 0; !cox->by_center && g < cox->strata; g++) {
        const struct cox_stratum stratum = {
            .sums = rest + g * cox_stratum_size(layout, sets),
            .count = sets,
            .starts = values + cox->count + g * sets,
            .time_unit = cox_time_unit(cox),
            .center = center};
        cox_likelihood_add(layout, &stratum, *workspace, out);
    }
    if (cox->by_center) {
        out->loglik = cox_value(sums[SUM_LOGLIK]);
        out->events = (double)sums[SUM_EVENTS];
        for (size_t i = layout->p; i < cox_likelihood_count(layout); i++)
            out->score[i] = (double)cox_value(rest[i]);
    }
    for (size_t i = 0; i < layout->p; i++) {
        const long double x = cox_value(sums[SUM_X + i]);
        const long double timed = cox_value(sums[SUM_X + layout->p + i]);
        const size_t at = (size_t)(out->timed_score - out->score) + i;
        out->loglik += values == NULL ? 0 : x * values[i];
        if (cox->by_center) {
            out->score[i] = (double)(x + cox_value(rest[i]));
            out->timed_score[i] = (double)(timed + cox_value(rest[at]));
        } else {
            out->score[i] += (double)(x - (long double)out->events * center[i]);
            out->timed_score[i] +=
                (double)(timed - (long double)out->timed_events * center[i]);
        }
    }
    return STATUS_OK;
}

/* More events than any registry has: a center lies, and would keep the
 * coordinator busy for ever. */
static bool events_hold(const struct cox *cox, const int128 *sums)
{
    const struct cox_layout *layout = &cox->layout;
    const size_t size = cox_stratum_size(layout, cox->risk_sets);
    int128 events = 0;
    if (cox->by_center)
        return true;
    for (size_t g = 0; g < cox->strata * cox->risk_sets; g++) {
        const int128 here =
            sums[cox_rest(cox) + g / cox->risk_sets * size +
                 g % cox->risk_sets * layout->width + layout->all];
        events += here > 0 ? here : 0;
    }
    return events <= EVENTS_MAX;
}

/* A column that is the same for all has no information but what rounding
 * leaves of its square, which cannot be told from its own norm: the mean at the
 * events stands in its place. */
static void least_information(const struct cox_likelihood *here,
    const int128 *sums, size_t p, double *least)
{
    for (size_t j = 0; j < p; j++) {
        const double sum = (double)cox_value(sums[SUM_X + j]);
        least[j] = here->events < 1
                       ? 0
                       : COX_ALIASED * sum * sum / (double)here->events;
    }
}

/* least: what rounding may leave of nothing. */
static bool is_information(
    const double *triangle, const double *least, size_t p)
{
    for (size_t i = 0, k = 0; i < p; i++) {
        for (size_t j = i; j < p; j++, k++) {
            if (!isfinite(triangle[k]) || (i == j && triangle[k] < -least[i]))
                return false;
        }
    }
    return true;
}

/* What a round's sums say of the coefficients that it was at. */
struct newton {
    const struct cox *cox;
    double *memory;
    bool *used;        /* [p] */
    double decrement;  /* the step's square in standard errors */
    double *errors;    /* [p] of the coefficients; -1: left out */
    double *next;      /* [p] gains the step */
    const double *out; /* [p] 1: not to be used */
    double rank;
};

/* Of the columns as they are, from a round of those that standard.h makes: any
 * but the first, of which no estimate is told. */
static void keep_estimates(const struct cox *cox,
    const struct least_squares *fit, const double *next, double *memory)
{
    const size_t p = cox->count;
    const double *told = memory + cox_told_at(cox);
    double *estimates = memory + cox_estimates_at(cox), *errors = estimates + p;
    standard_estimates(&cox->columns, told, next, estimates);
    standard_inverse(&cox->columns, told, fit, errors);
    for (size_t j = 0; j < p; j++)
        errors[j] = fit->used[j] ? sqrt(errors[j]) : -1;
}

static enum status newton_step(const struct cox_likelihood *here,
    const int128 *sums, size_t p, struct newton *out)
{
    struct least_squares fit;
    size_t k = 0;
    double least[DESIGN_COLUMNS_MAX];
    bool left_out[DESIGN_COLUMNS_MAX];
    least_information(here, sums, p, least);
    if (!is_information(here->information, least, p))
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
    for (size_t j = 0; j < p; j++)
        left_out[j] = out->out[j] != 0;
    fit.least = least;
    fit.out = left_out;
    least_squares_solve(&fit);
    out->decrement = 0;
    for (size_t j = 0; j < p; j++) {
        out->decrement += (double)fit.effects[j];
        out->used[j] = fit.used[j];
        out->errors[j] =
            fit.used[j] ? sqrt((double)*least_squares_at(&fit, j, j)) : -1;
        if (fit.used[j])
            out->next[j] += (double)*least_squares_at(&fit, j, p);
    }
    out->rank = (double)fit.rank;
    keep_estimates(out->cox, &fit, out->next, out->memory);
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
static void choose_risk_sets(
    const struct cox *cox, const int128 *sums, struct summed_round *round)
{
    double *kept = round->memory + 2 * cox->count;
    double *starts = round->next + cox->count;
    const struct cox_merge_rule rule = {cox->efron, round->min_cell};
    struct cox_merge merge = {0};
    for (size_t g = 0; g < cox->strata; g++) {
        cox_merge_steps(sums + cox_rest(cox) + g * cox->steps * STEP_COUNTS,
            cox->steps, rule, starts + g * cox->risk_sets, cox->risk_sets,
            &merge);
    }
    kept[KEPT_RISK_SETS] = (double)merge.risk_sets;
    kept[KEPT_MERGED] = (double)merge.merged;
    round->done = merge.risk_sets == 0;
}

static bool is_level(double loglik, double before)
{
    return fabs(loglik - before) <= COX_EPSILON * (fabs(loglik) + 1e-6);
}

/* A likelihood that fell: half way back. */
static bool went_too_far(const int128 *sums, double loglik, const double *kept)
{
    return sums[SUM_INVALID] > 0 || !(loglik >= kept[KEPT_LOGLIK] ||
                                        is_level(loglik, kept[KEPT_LOGLIK]));
}

/* Whether the coefficients after this step are final: the step is far below
 * what would show in any digit, or the likelihood does not tell any more. Then
 * they, and the standard errors from before it, differ from the maximum's by
 * less than 1e-10 of themselves. */
static bool is_over(
    const struct newton *step, double loglik, bool first, double *kept)
{
    const bool level = !first && is_level(loglik, kept[KEPT_LOGLIK]);
    kept[KEPT_SETTLED] = level ? kept[KEPT_SETTLED] + 1 : 0;
    return (!first && step->decrement <= COX_DECREMENT * kept[KEPT_EVENTS]) ||
           kept[KEPT_SETTLED] >= ROUNDS_AFTER;
}

/* Pairs of people are counted at the final coefficients: in the round that is
 * likely to be the last, and where it was another, in one more. */
static void read_pairs(const struct cox *cox, const int128 *sums, double *kept)
{
    const int128 *pairs =
        sums + cox_rest(cox) + cox_likelihood_count(&cox->layout);
    const long double half = (long double)pairs[PAIRS_TIED] / 2;
    const long double won = (long double)pairs[PAIRS_CONCORDANT] + half;
    const long double all = won + (long double)pairs[PAIRS_DISCORDANT] + half;
    kept[KEPT_CONCORDANCE] = all > 0 ? (double)(won / all) : -1;
}

/* All that is known at the final coefficients. */
static enum status finish(const struct cox *cox, const int128 *sums,
    const struct cox_likelihood *here, const double *values, double *memory)
{
    double *kept = memory + 2 * cox->count;
    if (cox->by_center && values != NULL && values[cox->count] > 0)
        read_pairs(cox, sums, kept);
    return cox_zph(cox, here, memory, kept + KEPT_COUNT);
}

static void set_first(
    const struct cox_likelihood *here, const struct newton *step, double *kept)
{
    kept[KEPT_EVENTS] = (double)here->events;
    kept[KEPT_NULL] = (double)here->loglik;
    kept[KEPT_SCORE] = step->decrement;
    kept[KEPT_CONCORDANCE] = -1;
}

/* Some column was moved along one that is left out: once more from 0, without.
 */
static bool keep_off(
    const struct cox *cox, struct summed_round *round, const bool *used)
{
    double *told = round->memory + cox_told_at(cox);
    if (!standard_keep_off(&cox->columns, used, told))
        return false;
    memcpy(round->next + cox_standard_at(cox), told,
        standard_count(&cox->columns) * sizeof *told);
    memset(round->next, 0, cox->count * sizeof *round->next);
    round->memory[2 * cox->count + KEPT_ROUNDS] = 0;
    return true;
}

static enum status take_step(const struct cox *cox, const int128 *sums,
    const struct cox_likelihood *here, const double *values,
    struct summed_round *round)
{
    const size_t p = cox->count;
    double *memory = round->memory, *next = round->next;
    double *best = memory, *kept = memory + 2 * p;
    const double loglik = (double)here->loglik;
    const bool first = ++kept[KEPT_ROUNDS] == 1;
    const bool last = kept[KEPT_ROUNDS] >= ROUNDS_MAX_FIT;
    bool used[DESIGN_COLUMNS_MAX] = {false};
    struct newton step = {.cox = cox,
        .memory = memory,
        .used = used,
        .errors = memory + p,
        .next = next,
        .out = memory + cox_out_at(cox)};
    kept[KEPT_INVALID] = sums[SUM_INVALID] > 0;
    if (cox->by_center)
        next[p] = 0;
    if (!first && went_too_far(sums, loglik, kept)) {
        for (size_t j = 0; j < p; j++)
            next[j] = (values[j] + best[j]) / 2;
        round->done = last;
        return STATUS_OK;
    }
    for (size_t j = 0; j < p; j++)
        best[j] = next[j] = first ? 0 : values[j];
    enum status status = newton_step(here, sums, p, &step);
    if (first && status == STATUS_OK && keep_off(cox, round, used))
        return STATUS_OK;
    note_wald(here, p, best, kept);
    if (first)
        set_first(here, &step, kept);
    const bool over =
        status == STATUS_OK && is_over(&step, loglik, first, kept);
    kept[KEPT_UNBOUNDED] = over && step.decrement > COX_SMALL;
    kept[KEPT_CONVERGED] = over && kept[KEPT_UNBOUNDED] == 0;
    kept[KEPT_LOGLIK] = loglik;
    kept[KEPT_RANK] = step.rank;
    round->done = last || over || here->events < 1 || status != STATUS_OK;
    if (kept[KEPT_CONVERGED] != 0) {
        memcpy(best, next, p * sizeof *best);
        status = finish(cox, sums, here, values, memory);
        round->done = last || !cox->by_center || values[p] > 0;
    }
    if (round->number == 1) { /* so far of the columns as they are */
        double step_of[DESIGN_COLUMNS_MAX];
        memcpy(step_of, next, p * sizeof *next);
        standard_coefficients(
            &cox->columns, memory + cox_told_at(cox), step_of, next);
    }
    if (cox->by_center)
        next[p] = step.decrement <= COX_NEAR * kept[KEPT_EVENTS] ? 1 : 0;
    return status == STATUS_OUT_OF_RANGE ? STATUS_OK : status;
}

enum status cox_advance(
    const struct analysis *analysis, struct summed_round *round)
{
    const struct cox *cox = analysis->model;
    const size_t p = cox->count;
    const int128 *sums =
        round->elements + round->shape->tables[0].first + COUNTS_CELL;
    const double *told =
        cox->by_center && round->number == 1 ? NULL : round->values;
    struct cox_likelihood here;
    void *workspace = NULL;
    if (round->number == 1)
        keep_standard(cox, sums - COUNTS_CELL, round->memory);
    memcpy(round->next + cox_standard_at(cox), round->memory + cox_told_at(cox),
        standard_count(&cox->columns) * sizeof *round->next);
    if (!cox->by_center && round->number == 1) {
        choose_risk_sets(cox, sums, round);
        return STATUS_OK;
    }
    if (!events_hold(cox, sums)) {
        round->memory[2 * p + KEPT_CONVERGED] = 0;
        round->done = true;
        return STATUS_OK;
    }
    if (!cox->by_center)
        memcpy(round->next + p, round->values + p,
            cox->strata * cox->risk_sets * sizeof *round->next);
    enum status status = read_likelihood(cox, sums, told, &workspace, &here);
    if (status == STATUS_OK)
        status = take_step(cox, sums, &here, told, round);
    free(workspace);
    return status;
}
