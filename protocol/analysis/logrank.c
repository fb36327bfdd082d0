/*
 * logrank: whether groups have the same hazard. Observed and expected events
 * over the grid's steps, and the hypergeometric variance (Mantel 1966). R:
 * survdiff on ceiling(t / grid) * grid.
 */
#include <math.h>
#include <stdlib.h>

#define MATHLIB_STANDALONE
#include <Rmath.h>

#include "protocol/analysis/solve.h"
#include "protocol/analysis/tally.h"
#include "protocol/analysis/times.h"

struct test {
    size_t groups;
    int64_t *risk; /* [groups] */
    double *observed, *expected;
    long double *variance; /* upper triangle of the first groups - 1 */
};

static void add_step(struct test *test, const int128 *elements,
    const struct table_shape *table, size_t step)
{
    double d = 0, n = 0;
    for (size_t g = 0; g < test->groups; g++) {
        d += (double)times_events(elements, table, g, step);
        n += (double)test->risk[g];
    }
    const double spread = n > 1 ? d * (n - d) / (n * n * (n - 1)) : 0;
    size_t at = 0;
    for (size_t g = 0; d > 0 && g < test->groups; g++) {
        const double ng = (double)test->risk[g];
        test->observed[g] += (double)times_events(elements, table, g, step);
        test->expected[g] += d * ng / n;
        for (size_t h = g; g + 1 < test->groups && h + 1 < test->groups; h++)
            test->variance[at++] +=
                spread * ng * ((g == h ? n : 0) - (double)test->risk[h]);
    }
    for (size_t g = 0; g < test->groups; g++)
        test->risk[g] -= times_events(elements, table, g, step) +
                         times_censored(elements, table, g, step);
}

static double statistic_of(const struct test *test, size_t *df)
{
    const size_t p = test->groups - 1;
    struct solver solver;
    long double *difference = calloc(2 * p + 1, sizeof *difference);
    double statistic = NAN;
    *df = 0;
    if (difference == NULL ||
        solver_create(&solver, test->variance, p) != STATUS_OK) {
        free(difference);
        return NAN;
    }
    for (size_t g = 0; g < p; g++)
        difference[g] = (long double)test->observed[g] - test->expected[g];
    solver_solve(&solver, difference, difference + p);
    statistic = 0;
    for (size_t g = 0; g < p; g++)
        statistic += (double)(difference[g] * difference[p + g]);
    *df = solver.rank;
    solver_fini(&solver);
    free(difference);
    return statistic;
}

static json_t *group_rows(const struct times *times, const struct test *test,
    const struct table_shape *table, const int128 *elements)
{
    json_t *rows = json_array();
    for (size_t g = 0; g < test->groups; g++) {
        char name[VARIABLE_NAME_MAX + 128];
        times_group_name(times, g, name, sizeof name);
        json_t *row = json_pack("{s:s, s:I, s:f}", "strata", name, "n",
            (json_int_t)times_total(elements, table, g), "observed",
            test->observed[g]);
        json_object_set_new(row, "expected", json_number(test->expected[g]));
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
    const size_t k = times->group_count;
    struct test test = {.groups = k,
        .risk = calloc(k, sizeof *test.risk),
        .observed = calloc(k, sizeof *test.observed),
        .expected = calloc(k, sizeof *test.expected),
        .variance = calloc(k * k + 1, sizeof *test.variance)};
    enum status status = STATUS_NO_MEMORY;
    size_t df;
    bool withheld = false;
    (void)dictionary;
    (void)min_cell;
    for (size_t g = 0; g < k; g++)
        withheld = withheld || times_withheld(elements, table, g);
    if (withheld)
        json_object_set_new(out, "suppressed", json_true());
    if (!withheld && test.risk != NULL && test.observed != NULL &&
        test.expected != NULL && test.variance != NULL) {
        for (size_t g = 0; g < k; g++)
            test.risk[g] = times_total(elements, table, g);
        for (size_t s = 0; s < times_steps(table); s++)
            add_step(&test, elements, table, s);
        double statistic = statistic_of(&test, &df);
        times_set_heads(times, shape, elements, out);
        json_object_set_new(out, "statistic", json_number(statistic));
        json_object_set_new(out, "df", json_integer((json_int_t)df));
        json_object_set_new(out, "p_value",
            json_number(df > 0 ? pchisq(statistic, (double)df, 0, 0) : NAN));
        json_object_set_new(
            out, "table", group_rows(times, &test, table, elements));
        status = STATUS_OK;
    }
    if (withheld)
        status = STATUS_OK;
    free(test.risk);
    free(test.observed);
    free(test.expected);
    free(test.variance);
    return status;
}

static enum status parse(struct analysis *analysis,
    const struct field *parameters, const struct dictionary *dictionary,
    struct diagnostic *diagnostic)
{
    struct field field;
    enum status status =
        times_parse(analysis, parameters, dictionary, diagnostic);
    const struct times *times = analysis->model;
    if (status != STATUS_OK || times->group != NULL)
        return status;
    (void)field_find(&field, parameters, "formula");
    return field_fail(&field, diagnostic,
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
