/*
 * km: Kaplan-Meier curves on a grid of days. Kaplan and Meier 1958; the
 * standard error is Greenwood's, the interval on the log scale. R: survfit on
 * ceiling(t / grid) * grid, conf.type = "log". Which steps are shown: times.h.
 */
#include <math.h>
#include <stdlib.h>

#define MATHLIB_STANDALONE
#include <Rmath.h>

#include "protocol/analysis/steps.h"
#include "protocol/analysis/tally.h"
#include "protocol/analysis/times.h"

#define HALF_TOLERANCE 0x1p-26 /* R's, .Machine$double.eps^0.5 */

struct curve {
    double survival, greenwood, median, area, last;
    int64_t risk, events;
    bool is_half; /* at the median just half are left, and nobody fell since */
};

/* What the row of a step tells: people at risk before it, and those who left
 * since the step that is shown before it. */
struct left {
    int64_t risk, events, censored;
};

static json_t *step_row(const char *name, const struct curve *after,
    const struct left *left, double z)
{
    double error = sqrt(after->greenwood);
    double low = after->survival * exp(-z * error);
    double high = after->survival * exp(z * error);
    json_t *row = json_pack("{s:s, s:f, s:I, s:I, s:I}", "strata", name, "time",
        after->last, "n_risk", (json_int_t)left->risk, "n_event",
        (json_int_t)left->events, "n_censor", (json_int_t)left->censored);
    bool over = after->survival == 0;
    json_object_set_new(row, "estimate", json_number(after->survival));
    json_object_set_new(
        row, "std_error", json_number(over ? NAN : after->survival * error));
    json_object_set_new(row, "conf_low", json_number(over ? NAN : low));
    json_object_set_new(
        row, "conf_high", json_number(over ? NAN : fmin(high, 1)));
    return row;
}

static void pass_step(
    struct curve *curve, double time, int64_t events, int64_t censored)
{
    const double risk = (double)curve->risk, d = (double)events;
    curve->area += curve->survival * (time - curve->last);
    curve->last = time;
    if (events > 0) {
        curve->survival *= (risk - d) / risk;
        curve->greenwood += d / (risk * (risk - d));
        curve->events += events;
    }
    if (isnan(curve->median) && curve->survival < 0.5 + HALF_TOLERANCE) {
        curve->median = time;
        curve->is_half = fabs(curve->survival - 0.5) < HALF_TOLERANCE;
    } else if (curve->is_half && events > 0) {
        /* as R: in the middle of the time when half were left */
        curve->median = (curve->median + time) / 2;
        curve->is_half = false;
    }
    curve->risk -= events + censored;
}

/* The steps of a group; the curve as it stands at the last that is shown, and
 * at the end. */
static struct curve add_steps(const struct analysis *analysis,
    const struct table_shape *table, const int128 *elements, size_t group,
    const uint8_t *shown, const char *name, struct curve *seen, json_t *rows)
{
    const struct times *times = analysis->model;
    struct curve curve = *seen;
    struct left left = {0, 0, 0};
    const double z = qnorm5(0.5 + analysis->level / 2, 0, 1, 1, 0);
    for (size_t s = 0; s < times_steps(table); s++) {
        const int64_t events = times_events(elements, table, group, s);
        const int64_t censored = times_censored(elements, table, group, s);
        if (events + censored == 0)
            continue;
        left.risk = curve.risk;
        left.events += events;
        left.censored += censored;
        pass_step(&curve, (double)((int64_t)s * times->grid), events, censored);
        if (shown[s] == 0)
            continue;
        json_array_append_new(rows, step_row(name, &curve, &left, z));
        left = (struct left){0, 0, 0};
        *seen = curve;
    }
    return curve;
}

/* D7: half of a group's people lie on either side of its median. */
static json_t *median_of(
    const struct analysis *analysis, const struct curve *curve, int64_t people)
{
    return steps_tail_is_enough((double)people, 0.5, analysis->quantile_tail)
               ? json_number(curve->median)
               : json_suppressed();
}

/* A group: all of it, and how far its curve is shown. */
struct group {
    const char *name;
    int64_t n, people;
    struct curve all, seen;
};

static json_t *stratum_row(const struct analysis *analysis,
    const struct group *group, int64_t min_cell)
{
    const struct curve *all = &group->all, *seen = &group->seen;
    const bool is_shown = seen->risk < group->n;
    json_t *row = json_pack(
        "{s:s, s:I}", "strata", group->name, "n", (json_int_t)group->n);
    json_object_set_new(row, "events",
        times_tells_few(all->events, group->n, min_cell)
            ? json_suppressed()
            : json_integer(all->events));
    json_object_set_new(row, "median", median_of(analysis, all, group->people));
    json_object_set_new(row, "rmst", json_number(is_shown ? seen->area : NAN));
    json_object_set_new(
        row, "followed_to", json_number(is_shown ? seen->last : NAN));
    return row;
}

static enum status add_group(const struct analysis *analysis,
    const struct table_shape *table, const int128 *elements, size_t index,
    int64_t min_cell, json_t *out[2])
{
    char name[VARIABLE_NAME_MAX + 128];
    struct group group = {
        .name = name, .n = times_total(elements, table, index)};
    group.seen = (struct curve){.survival = 1, .median = NAN, .risk = group.n};
    group.people = group.n < (int64_t)elements[HEAD_PEOPLE]
                       ? group.n
                       : (int64_t)elements[HEAD_PEOPLE];
    times_group_name(analysis->model, index, name, sizeof name);
    if (times_withheld(elements, table, index)) {
        json_array_append_new(
            out[1], json_pack("{s:s, s:b}", "strata", name, "suppressed", 1));
        return STATUS_OK;
    }
    uint8_t *shown = calloc(times_steps(table), sizeof *shown);
    if (shown == NULL)
        return STATUS_NO_MEMORY;
    times_mark_shown(elements, table, index, min_cell, shown);
    group.all = add_steps(
        analysis, table, elements, index, shown, name, &group.seen, out[0]);
    json_array_append_new(out[1], stratum_row(analysis, &group, min_cell));
    free(shown);
    return STATUS_OK;
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
    json_t *tables[2] = {json_array(), json_array()};
    times_set_heads(times, shape, elements, min_cell, out);
    for (size_t g = 0; status == STATUS_OK && g < times->group_count; g++)
        status = add_group(
            analysis, &shape->tables[0], elements, g, min_cell, tables);
    json_object_set_new(out, "strata", tables[1]);
    json_object_set_new(out, "table", tables[0]);
    times_set_thinned(out, min_cell);
    return status;
}

const struct analysis_kind analysis_km = {
    .name = "km",
    .summary = "Kaplan-Meier curves on a grid of days",
    .parse = times_parse,
    .release = times_release,
    .shape = times_shape,
    .parts = times_parts,
    .state_size = times_state_size,
    .contribute = times_contribute,
    .flush = times_flush,
    .finish = finish,
};
