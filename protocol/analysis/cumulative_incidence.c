/*
 * cumulative_incidence: how many have had each kind of event by a time, where
 * kinds compete: Aalen and Johansen 1978, on a grid of days. The standard error
 * is the infinitesimal jackknife of R's survfit on a status of several kinds,
 * the interval on the log scale.
 *
 * A patient's influence U on the state (event-free, kind 1, ...) changes with
 * each step as the state does, by the same matrix for all who have left and by
 * the same amount for all who are at risk, so that sums of products of U over
 * patients are enough. They take 113 bits: where everybody had an event what is
 * left of them is nothing.
 */
#include <math.h>
#include <stdlib.h>

#define MATHLIB_STANDALONE
#include <Rmath.h>

#include "protocol/analysis/least_squares.h"
#include "protocol/analysis/tally.h"
#include "protocol/analysis/times.h"

/* One kind of event; sums are over patients who have left. */
struct kind {
    wide incidence;
    wide at_risk;  /* the influence of each patient still at risk */
    wide squares;  /* sum of U_kind^2 */
    wide products; /* sum of U_free U_kind */
};

struct state {
    wide free;         /* probability of no event */
    wide free_at_risk; /* influence on it of a patient at risk */
    wide free_squares; /* sum of U_free^2 of those who have left */
    int64_t risk, events;
    struct kind *kinds;
    size_t count;
};

/* The influences move on, then `leaves` patients of outcome `outcome` leave
 * (count: censored). */
static void leave(struct state *state, const struct state *before,
    size_t outcome, int64_t leaves, wide risk)
{
    const wide one = state->free_at_risk -
                     (outcome < state->count ? before->free / risk : 0);
    state->free_squares += (wide)leaves * one * one;
    for (size_t k = 0; k < state->count; k++) {
        const wide own =
            state->kinds[k].at_risk + (outcome == k ? before->free / risk : 0);
        state->kinds[k].squares += (wide)leaves * own * own;
        state->kinds[k].products += (wide)leaves * one * own;
    }
}

static void pass_step(struct state *state, const struct table_shape *table,
    const int128 *elements, size_t group, size_t step)
{
    const struct state before = *state;
    const wide n = (wide)state->risk;
    const int64_t d = times_events(elements, table, group, step);
    const wide stays = 1 - (wide)d / n;
    for (size_t k = 0; k < state->count; k++) {
        struct kind *kind = &state->kinds[k];
        const wide h = (wide)times_outcome(elements, table, group, step, k) / n;
        kind->incidence += before.free * h;
        kind->squares += 2 * h * kind->products + h * h * before.free_squares;
        kind->products = stays * (kind->products + h * before.free_squares);
        kind->at_risk += before.free_at_risk * h - before.free * h / n;
    }
    state->free *= stays;
    state->free_squares *= stays * stays;
    state->free_at_risk =
        before.free_at_risk * stays + before.free * (wide)d / n / n;
    for (size_t k = 0; k <= state->count; k++)
        leave(state, &before, k, times_outcome(elements, table, group, step, k),
            n);
    state->risk -= d + times_censored(elements, table, group, step);
    state->events += d;
}

static double error_of(const struct state *state, size_t k)
{
    const struct kind *kind = &state->kinds[k];
    return sqrt(
        fmax((double)(kind->squares +
                      (wide)state->risk * kind->at_risk * kind->at_risk),
            0));
}

/* A step of a group, for one cause after the other. */
struct step {
    const struct table_shape *table;
    const int128 *elements;
    size_t group;
    int64_t min_cell;
    const char *name;
    double time;
    int64_t risk;
    double z;             /* of the interval */
    int64_t *events;      /* of each cause, since its last row */
    const uint8_t *shown; /* [steps] (times.h) */
};

static json_t *step_row(const struct step *step, const struct state *state,
    size_t k, const char *cause, int64_t events)
{
    const double estimate = (double)state->kinds[k].incidence;
    const double error = error_of(state, k);
    const double ratio = step->z * error / estimate;
    json_t *row = json_pack("{s:s, s:s, s:f, s:I, s:I}", "strata", step->name,
        "cause", cause, "time", step->time, "n_risk", (json_int_t)step->risk,
        "n_event", (json_int_t)events);
    json_object_set_new(row, "estimate", json_number(estimate));
    json_object_set_new(row, "std_error", json_number(error));
    json_object_set_new(row, "conf_low",
        json_number(estimate > 0 ? estimate * exp(-ratio) : NAN));
    json_object_set_new(row, "conf_high",
        json_number(estimate > 0 ? fmin(estimate * exp(ratio), 1) : NAN));
    return row;
}

/* A row for each cause that has enough events since its last one. */
static void add_rows(const struct times *times, struct step *step,
    const struct state *state, json_t *rows)
{
    for (size_t k = 0; k < state->count; k++) {
        if (times_few_events(step->events[k], step->min_cell) ||
            (step->min_cell > 1 && step->events[k] == 0))
            continue;
        json_array_append_new(rows,
            step_row(step, state, k, variable_level_code(times->event, k + 1),
                step->events[k]));
        step->events[k] = 0;
    }
}

static void add_steps(const struct times *times, struct state *state,
    struct step *step, json_t *rows)
{
    const struct table_shape *table = step->table;
    const int128 *elements = step->elements;
    const size_t group = step->group;
    for (size_t s = 0; s < times_steps(table); s++) {
        step->risk = state->risk;
        step->time = (double)((int64_t)s * times->grid);
        const int64_t events = times_events(elements, table, group, s);
        if (events + times_censored(elements, table, group, s) == 0)
            continue;
        pass_step(state, table, elements, group, s);
        for (size_t k = 0; k < state->count; k++)
            step->events[k] += times_outcome(elements, table, group, s, k);
        if (step->shown[s] != 0 && (step->min_cell > 1 || events > 0))
            add_rows(times, step, state, rows);
    }
}

/* Events of a cause that no row tells and that are few: from a number of all
 * events they could be worked out. */
static bool leaves_few(const struct step *step, size_t causes)
{
    for (size_t k = 0; k < causes; k++) {
        if (times_few_events(step->events[k], step->min_cell))
            return true;
    }
    return false;
}

struct told {
    json_t *rows, *strata;
    bool few; /* of some group the number of events is not told */
};

static void add_curves(const struct times *times, struct state *state,
    struct step *step, struct told *out)
{
    const int64_t n = state->risk;
    add_steps(times, state, step, out->rows);
    const bool few = leaves_few(step, state->count) ||
                     times_tells_few(state->events, n, step->min_cell);
    json_t *row =
        json_pack("{s:s, s:I}", "strata", step->name, "n", (json_int_t)n);
    json_object_set_new(
        row, "events", few ? json_suppressed() : json_integer(state->events));
    json_array_append_new(out->strata, row);
    out->few = out->few || few;
}

static enum status add_group(const struct analysis *analysis,
    const struct table_shape *table, const int128 *elements, size_t group,
    int64_t min_cell, struct told *out)
{
    struct state state = {.free = 1,
        .risk = times_total(elements, table, group),
        .count = table->outcomes - 1,
        .kinds = calloc(table->outcomes, sizeof *state.kinds)};
    char name[VARIABLE_NAME_MAX + 128];
    uint8_t *shown = calloc(times_steps(table), sizeof *shown);
    struct step step = {.table = table,
        .elements = elements,
        .group = group,
        .min_cell = min_cell,
        .name = name,
        .z = qnorm(0.5 + analysis->level / 2, 0, 1, 1, 0),
        .events = calloc(table->outcomes, sizeof *step.events),
        .shown = shown};
    enum status status = STATUS_NO_MEMORY;
    times_group_name(analysis->model, group, name, sizeof name);
    if (state.kinds != NULL && shown != NULL && step.events != NULL) {
        status = STATUS_OK;
        if (times_withheld(elements, table, group)) {
            json_array_append_new(out->strata,
                json_pack("{s:s, s:b}", "strata", name, "suppressed", 1));
        } else {
            times_mark_shown(elements, table, group, min_cell, shown);
            add_curves(analysis->model, &state, &step, out);
        }
    }
    free(state.kinds);
    free(shown);
    free(step.events);
    return status;
}

static enum status finish(const struct analysis *analysis,
    const struct shape *shape, const struct dictionary *dictionary,
    const int128 *elements, int64_t min_cell, json_t *out)
{
    const struct times *times = analysis->model;
    enum status status = STATUS_OK;
    (void)dictionary;
    if (times_set_withheld(elements, &shape->tables[0], out))
        return STATUS_OK;
    struct told told = {json_array(), json_array(), false};
    times_set_heads(times, shape, elements, min_cell, out);
    for (size_t g = 0; status == STATUS_OK && g < times->group_count; g++)
        status = add_group(
            analysis, &shape->tables[0], elements, g, min_cell, &told);
    if (told.few)
        json_object_set_new(out, "events", json_suppressed());
    json_object_set_new(out, "strata", told.strata);
    json_object_set_new(out, "table", told.rows);
    times_set_thinned(out, min_cell);
    return status;
}

const struct analysis_kind analysis_cumulative_incidence = {
    .name = "cumulative_incidence",
    .summary = "competing kinds of event, on a grid of days",
    .parse = times_parse_causes,
    .release = times_release,
    .shape = times_shape,
    .parts = times_parts,
    .state_size = times_state_size,
    .contribute = times_contribute,
    .flush = times_flush,
    .finish = finish,
};
