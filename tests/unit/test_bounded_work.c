/* What a lying center's counts may cost: the work of a result is that of its
 * plan, and figures that are large beyond any registry are still right. */
#define MATHLIB_STANDALONE
#include <Rmath.h>
#include <math.h>
#include <time.h>

#include "protocol/analysis/cox_likelihood.h"

#include "analysis_fixture.h"

#define SECONDS_MAX 5.0 /* of the processor; it takes some milliseconds */

static double seconds_used(void)
{
    return (double)clock() / CLOCKS_PER_SEC;
}

/* ---- tied events ---- */

struct numbers {
    struct cox_likelihood likelihood;
    double of[5];
};

static void step_of(
    double risk, double dead, int128 events, struct numbers *out)
{
    const struct cox_layout layout = cox_layout_of(1, true);
    const double at_risk[] = {risk, 0.3 * risk, 0.5 * risk};
    const double dying[] = {dead, 0.2 * dead, 0.4 * dead};
    const struct cox_step step = {
        .risk = at_risk, .dead = dying, .events = events, .time = 2};
    memset(out, 0, sizeof *out);
    cox_likelihood_start(&layout, out->of, &out->likelihood);
    cox_likelihood_step(&layout, &step, &out->likelihood);
}

static void assert_ratio(double found, long double expected)
{
    assert_true(fabsl((long double)found / expected - 1) < 1e-11L);
}

/* Efron's sums by their definition, one event after the other. */
static void assert_step_is_exact(double risk, double dead, int events)
{
    struct numbers found;
    long double loglik = 0, score = 0, information = 0;
    for (int k = 0; k < events; k++) {
        const long double part = (long double)k / events;
        const long double s = risk - part * dead;
        const long double x = 0.3L * risk - part * 0.2L * dead;
        const long double xx = 0.5L * risk - part * 0.4L * dead;
        loglik -= logl(s);
        score -= x / s;
        information += xx / s - x / s * (x / s);
    }
    step_of(risk, dead, events, &found);
    assert_ratio((double)found.likelihood.loglik, loglik);
    assert_ratio(found.likelihood.score[0], score);
    assert_ratio(found.likelihood.information[0], information);
    assert_ratio(found.likelihood.timed_twice[0], 4 * information);
}

static void test_cox_many_ties_are_the_sum_of_each(void **state)
{
    static const double dead[] = {1e3, 1.5e5, 2e6 - 2, 2e6};
    static const int events[] = {4000, 4097, 5000, 250000, 1048576};
    (void)state;
    for (size_t i = 0; i < sizeof dead / sizeof dead[0]; i++) {
        for (size_t k = 0; k < sizeof events / sizeof events[0]; k++)
            assert_step_is_exact(2e6, dead[i], events[k]);
    }
}

static void test_cox_more_ties_than_people_cost_no_more(void **state)
{
    struct numbers found;
    const double before = seconds_used();
    (void)state;
    for (int shift = 20; shift < 127; shift++)
        step_of(1e30, 1e29, (int128)1 << shift, &found);
    assert_true(seconds_used() - before < SECONDS_MAX);
    assert_true(isfinite(found.likelihood.score[0]));
}

/* ---- Fisher's test ---- */

static const char two_by_two[] = "{\"id\":\"t\",\"version\":1,\"variables\":["
                                 "{\"name\":\"a\",\"type\":\"boolean\"},"
                                 "{\"name\":\"b\",\"type\":\"boolean\"}]}";

/* The p value when the cells are these: rows and columns have a third level,
 * of missing values. */
static double fisher_of(const int64_t cells[4])
{
    static const size_t at[4] = {0, 1, 3, 4};
    static const int32_t none[2] = {0, 0};
    struct table table;
    struct asked asked;
    table_create(&table, two_by_two, none, 1, NULL);
    ask(&asked, &table,
        "{\"analyses\":[{\"crosstab\":{\"rows\":\"a\",\"columns\":\"b\"}}]}",
        1);
    for (size_t i = 0; i < 4; i++) {
        int128 *cell = asked_cell(&asked, 0, at[i]);
        cell[CELL_ROWS] = cell[CELL_PEOPLE] = cells[i];
    }
    json_t *results = asked_finish(&asked, 1);
    const double p = json_number_value(
        json_object_get(json_array_get(results, 0), "fisher_p_value"));
    json_decref(results);
    asked_destroy(&asked);
    table_destroy(&table);
    return p;
}

/* Both tails by their definition, from the densities of all tables near. */
static double fisher_by_terms(const int64_t cells[4])
{
    const double m = (double)(cells[0] + cells[1]);
    const double n = (double)(cells[2] + cells[3]);
    const double k = (double)(cells[0] + cells[2]);
    const double own = dhyper((double)cells[0], m, n, k, 0) * (1 + 1e-7);
    const double mode = floor((k + 1) * (m + 1) / (m + n + 2));
    long double p = 0;
    for (int side = -1; side <= 1; side += 2) {
        double term = 1;
        for (double x = side < 0 ? mode - 1 : mode; term > 1e-30; x += side) {
            term = dhyper(x, m, n, k, 0);
            p += term <= own ? (long double)term : 0;
        }
    }
    return (double)p;
}

static void test_fisher_of_many_people_is_the_sum_of_terms(void **state)
{
    static const int64_t cases[][4] = {
        {1000060000, 1000000000, 1000000000, 1000000000},
        {1000250000, 1000000000, 1000000000, 1000000000},
        {3000000000, 2000300000, 1500000000, 1000000000},
        {1199900000, 2800000000, 9000000000, 21000000000},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const double found = fisher_of(cases[i]);
        const double expected = fisher_by_terms(cases[i]);
        assert_true(fabs(found / expected - 1) < 1e-9);
    }
}

static void test_fisher_of_any_counts_costs_no_more(void **state)
{
    const int64_t most = (int64_t)1 << 39;
    const int64_t cases[][4] = {{most, most, most, most},
        {most + 1000000, most, most, most}, {most, 1, most, most},
        {1, most, most, 1}, {most, 5, 5, most}, {most, most / 7, most, 3}};
    const double before = seconds_used();
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const double p = fisher_of(cases[i]);
        assert_true(p >= 0 && p <= 1);
    }
    assert_true(seconds_used() - before < SECONDS_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cox_many_ties_are_the_sum_of_each),
        cmocka_unit_test(test_cox_more_ties_than_people_cost_no_more),
        cmocka_unit_test(test_fisher_of_many_people_is_the_sum_of_terms),
        cmocka_unit_test(test_fisher_of_any_counts_costs_no_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
