/*
 * logrank: whether groups have the same hazard. Observed and expected events
 * over the grid's steps, and the hypergeometric variance (Mantel 1966). R:
 * survdiff on ceiling(t / grid) * grid.
 */
#include <math.h>
#include <stdlib.h>

#define MATHLIB_STANDALONE
#include <Rmath.h>

#include "protocol/analysis/least_squares.h"
#include "protocol/analysis/parameters.h"
#include "protocol/analysis/tally.h"
#include "protocol/analysis/times.h"

#define ALIASED 1e-13 /* sums of doubles have 53 bits */

struct group {
    int64_t risk;
    double observed, expected;
};

struct test {
    size_t count;
    struct group *groups;
    /* Of all groups but the last: the variance, and observed - expected in the
     * place of the response. */
    struct least_squares fit;
};

static void test_fini(struct test *test)
{
    free(test->groups);
    least_squares_fini(&test->fit);
}

static void add_step(struct test *test, const int128 *elements,
    const struct table_shape *table, size_t step)
{
    const size_t kept = test->count - 1;
    double d = 0, n = 0;
    for (size_t g = 0; g < test->count; g++) {
        d += (double)times_events(elements, table, g, step);
        n += (double)test->groups[g].risk;
    }
    const double spread = n > 1 ? d * (n - d) / (n * n * (n - 1)) : 0;
    for (size_t g = 0; d > 0 && g < test->count; g++) {
        struct group *group = &test->groups[g];
        const double ng = (double)group->risk;
        group->observed += (double)times_events(elements, table, g, step);
        group->expected += d * ng / n;
        for (size_t h = 0; g < kept && h < kept; h++)
            *least_squares_at(&test->fit, g, h) +=
                spread * ng * ((g == h ? n : 0) - (double)test->groups[h].risk);
    }
    for (size_t g = 0; g < test->count; g++)
        test->groups[g].risk -= times_events(elements, table, g, step) +
                                times_censored(elements, table, g, step);
}

/* Observed - expected in the metric of its variance: what the groups take one
 * after the other. */
static double statistic_of(struct test *test)
{
    struct least_squares *fit = &test->fit;
    double statistic = 0;
    for (size_t g = 0; g < fit->count; g++)
        least_squares_set(fit, g, fit->count,
            (wide)test->groups[g].observed - test->groups[g].expected);
    least_squares_solve(fit);
    for (size_t g = 0; g < fit->count; g++)
        statistic += (double)fit->effects[g];
    return statistic;
}

static enum status run(struct test *test, const struct times *times,
    const struct table_shape *table, const int128 *elements)
{
    test->count = times->group_count;
    test->groups = calloc(test->count, sizeof *test->groups);
    if (test->groups == NULL)
        return STATUS_NO_MEMORY;
    enum status status = least_squares_init(&test->fit, test->count - 1);
    test->fit.tolerance = ALIASED;
    for (size_t g = 0; g < test->count; g++)
        test->groups[g].risk = times_total(elements, table, g);
    for (size_t s = 0; status == STATUS_OK && s < times_steps(table); s++)
        add_step(test, elements, table, s);
    return status;
}

static json_t *group_rows(const struct times *times, const struct test *test,
    const struct table_shape *table, const int128 *elements)
{
    json_t *rows = json_array();
    for (size_t g = 0; g < test->count; g++) {
        char name[VARIABLE_NAME_MAX + 128];
        times_group_name(times, g, name, sizeof name);
        json_t *row = json_pack("{s:s, s:I, s:f}", "strata", name, "n",
            (json_int_t)times_total(elements, table, g), "observed",
            test->groups[g].observed);
        json_object_set_new(
            row, "expected", json_number(test->groups[g].expected));
        json_array_append_new(rows, row);
    }
    return rows;
}

static enum status finish(const struct analysis *analysis,
    const struct shape *shape, const struct dictionary *dictionary,
    const int128 *elements, int64_t min_cell, json_t *out)
{
    const struct times *times = analysis->model;
    const struct table_shape *table = &shape->tables[0];
    struct test test = {0};
    (void)dictionary;
    (void)min_cell;
    for (size_t g = 0; g < times->group_count; g++) {
        if (!times_withheld(elements, table, g))
            continue;
        json_object_set_new(out, "suppressed", json_true());
        return STATUS_OK;
    }
    enum status status = run(&test, times, table, elements);
    if (status == STATUS_OK) {
        const double statistic = statistic_of(&test);
        const size_t df = test.fit.rank;
        times_set_heads(times, shape, elements, out);
        json_object_set_new(out, "statistic", json_number(statistic));
        json_object_set_new(out, "df", json_integer((json_int_t)df));
        json_object_set_new(out, "p_value",
            json_number(df > 0 ? pchisq(statistic, (double)df, 0, 0) : NAN));
        json_object_set_new(
            out, "table", group_rows(times, &test, table, elements));
    }
    test_fini(&test);
    return status;
}

static enum status parse(struct analysis *analysis,
    const struct field *parameters, const struct dictionary *dictionary,
    struct diagnostic *diagnostic)
{
    enum status status =
        times_parse(analysis, parameters, dictionary, diagnostic);
    const struct times *times = analysis->model;
    if (status != STATUS_OK || times->group != NULL)
        return status;
    return parameter_fail(parameters, "formula", diagnostic,
        "the log-rank test compares groups; name a category after '~'");
}

const struct analysis_kind analysis_logrank = {
    .name = "logrank",
    .summary = "the log-rank test on a grid of days",
    .parse = parse,
    .release = times_release,
    .shape = times_shape,
    .state_size = times_state_size,
    .contribute = times_contribute,
    .finish = finish,
};
