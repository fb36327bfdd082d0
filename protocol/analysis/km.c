/*
 * km: Kaplan-Meier curves on a grid of days. Kaplan and Meier 1958; the
 * standard error is Greenwood's, the interval on the log scale. R: survfit on
 * ceiling(t / grid) * grid, conf.type = "log".
 */
#include <math.h>

#define MATHLIB_STANDALONE
#include <Rmath.h>

#include "protocol/analysis/tally.h"
#include "protocol/analysis/times.h"

struct curve {
    double survival, greenwood, median, area, last;
    int64_t risk, events;
};

/* risk: before the step at which the curve stands. */
static json_t *step_row(const char *name, const struct curve *after,
    int64_t risk, int64_t events, int64_t censored, double z)
{
    double error = sqrt(after->greenwood);
    double low = after->survival * exp(-z * error);
    double high = after->survival * exp(z * error);
    json_t *row = json_pack("{s:s, s:f, s:I, s:I, s:I}", "strata", name, "time",
        after->last, "n_risk", (json_int_t)risk, "n_event", (json_int_t)events,
        "n_censor", (json_int_t)censored);
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
    if (isnan(curve->median) && curve->survival <= 0.5 + 1e-12)
        curve->median = time;
    curve->risk -= events + censored;
}

static void add_group(const struct analysis *analysis,
    const struct table_shape *table, const int128 *elements, size_t group,
    json_t *out[2])
{
    const struct times *times = analysis->model;
    struct curve curve = {.survival = 1,
        .median = NAN,
        .risk = times_total(elements, table, group)};
    char name[VARIABLE_NAME_MAX + 128];
    const double z = qnorm5(0.5 + analysis->level / 2, 0, 1, 1, 0);
    const int64_t n = curve.risk;
    times_group_name(times, group, name, sizeof name);
    if (times_withheld(elements, table, group)) {
        json_array_append_new(
            out[1], json_pack("{s:s, s:b}", "strata", name, "suppressed", 1));
        return;
    }
    for (size_t s = 0; s < times_steps(table); s++) {
        int64_t events = times_events(elements, table, group, s);
        int64_t censored = times_censored(elements, table, group, s);
        const int64_t risk = curve.risk;
        if (events + censored == 0)
            continue;
        pass_step(&curve, (double)((int64_t)s * times->grid), events, censored);
        json_array_append_new(
            out[0], step_row(name, &curve, risk, events, censored, z));
    }
    json_t *row = json_pack("{s:s, s:I, s:I}", "strata", name, "n",
        (json_int_t)n, "events", (json_int_t)curve.events);
    json_object_set_new(row, "median", json_number(curve.median));
    json_object_set_new(row, "rmst", json_number(n > 0 ? curve.area : NAN));
    json_object_set_new(row, "followed_to", json_number(curve.last));
    json_array_append_new(out[1], row);
}

static enum status finish(const struct analysis *analysis,
    const struct shape *shape, const struct dictionary *dictionary,
    const int128 *elements, int64_t min_cell, json_t *out)
{
    const struct times *times = analysis->model;
    json_t *tables[2] = {json_array(), json_array()};
    (void)dictionary;
    (void)min_cell;
    times_set_heads(times, shape, elements, out);
    for (size_t g = 0; g < times->group_count; g++)
        add_group(analysis, &shape->tables[0], elements, g, tables);
    json_object_set_new(out, "strata", tables[1]);
    return json_object_set_new(out, "table", tables[0]) == 0 ? STATUS_OK
                                                             : STATUS_NO_MEMORY;
}

const struct analysis_kind analysis_km = {
    .name = "km",
    .summary = "Kaplan-Meier curves on a grid of days",
    .parse = times_parse,
    .release = times_release,
    .shape = times_shape,
    .state_size = times_state_size,
    .contribute = times_contribute,
    .flush = times_flush,
    .finish = finish,
};
