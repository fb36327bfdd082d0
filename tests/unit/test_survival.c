/* km, logrank and cox against R on survival::aml (Miller 1997): 23 patients
 * with leukemia, weeks to relapse, with and without maintenance. */
#include "analysis_fixture.h"

#define TOLERANCE 1e-12
#define FIT_TOLERANCE 1e-10

static const char dictionary[] =
    "{\"id\":\"aml\",\"version\":1,\"variables\":["
    "{\"name\":\"time\",\"type\":\"days\",\"entity\":\"exam\",\"min\":0,"
    "\"max\":200,\"edges\":[1,7,10,30]},"
    "{\"name\":\"status\",\"type\":\"boolean\",\"entity\":\"exam\"},"
    "{\"name\":\"x\",\"type\":\"category\",\"entity\":\"exam\",\"categories\":["
    "{\"code\":\"m\",\"label\":\"maintained\"},"
    "{\"code\":\"n\",\"label\":\"not\"}]},"
    "{\"name\":\"start\",\"type\":\"integer\",\"entity\":\"exam\",\"min\":0,"
    "\"max\":100}]}";
enum { VARIABLES = 4 };

static const int32_t codes[] = {9, 1, 0, 0, 13, 1, 0, 0, 13, 0, 0, 0, 18, 1, 0,
    0, 23, 1, 0, 0, 28, 0, 0, 0, 31, 1, 0, 0, 34, 1, 0, 0, 45, 0, 0, 0, 48, 1,
    0, 0, 161, 0, 0, 0, 5, 1, 1, 0, 5, 1, 1, 0, 8, 1, 1, 0, 8, 1, 1, 0, 12, 1,
    1, 0, 16, 0, 1, 0, 23, 1, 1, 0, 27, 1, 1, 0, 30, 1, 1, 0, 33, 1, 1, 0, 43,
    1, 1, 0, 45, 1, 1, 0};

static struct table aml;

static int setup(void **state)
{
    (void)state;
    table_create(&aml, dictionary, codes,
        sizeof codes / sizeof codes[0] / VARIABLES, NULL);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    table_destroy(&aml);
    return 0;
}

static const json_t *at_time(const json_t *rows, const char *group, double time)
{
    size_t i;
    const json_t *row;
    json_array_foreach(rows, i, row)
    {
        if (strcmp(json_string_value(json_object_get(row, "strata")), group) ==
                0 &&
            json_number_value(json_object_get(row, "time")) == time)
            return row;
    }
    fail_msg("no row at %g of %s", time, group);
    return NULL;
}

static void test_km_agrees_with_survfit(void **state)
{
    (void)state;
    json_t *results = results_of(&aml,
        "{\"analyses\":[{\"km\":{\"formula\":\"Surv(time, status) ~ x\","
        "\"grid_days\":1}}]}");
    const json_t *rows = json_object_get(json_array_get(results, 0), "table");
    const json_t *row = at_time(rows, "x=m", 18);
    assert_integer(row, "n_risk", 8);
    assert_integer(row, "n_event", 1);
    assert_relative(row, "estimate", 0.71590909090909083, TOLERANCE);
    assert_relative(row, "std_error", 0.13966497055722782, TOLERANCE);
    assert_relative(row, "conf_low", 0.48842628742212846, TOLERANCE);
    row = at_time(rows, "x=n", 8);
    assert_integer(row, "n_event", 2);
    assert_relative(row, "estimate", 0.66666666666666674, TOLERANCE);
    assert_relative(row, "conf_high", 0.99462536025909154, TOLERANCE);
    assert_integer(at_time(rows, "x=m", 13), "n_censor", 1);
    const json_t *strata =
        json_object_get(json_array_get(results, 0), "strata");
    assert_near(json_array_get(strata, 0), "median", 31);
    assert_near(json_array_get(strata, 1), "median", 23);
    json_decref(results);
}

/* The levels of factor() have no code in the dictionary. */
static void test_km_takes_whole_numbers_as_groups(void **state)
{
    (void)state;
    json_t *results = results_of(&aml,
        "{\"analyses\":[{\"km\":{\"formula\":"
        "\"Surv(time, status) ~ factor(start)\",\"grid_days\":1}}]}");
    const json_t *rows = json_object_get(json_array_get(results, 0), "table");
    assert_integer(at_time(rows, "factor(start)=0", 9), "n_risk", 19);
    json_decref(results);
}

static void test_logrank_agrees_with_survdiff(void **state)
{
    (void)state;
    json_t *results = results_of(&aml,
        "{\"analyses\":[{\"logrank\":{\"formula\":\"Surv(time, status) ~ x\","
        "\"grid_days\":1}}]}");
    const json_t *entry = json_array_get(results, 0);
    assert_relative(entry, "statistic", 3.3963886989776011, TOLERANCE);
    assert_relative(entry, "p_value", 0.065339322040505132, TOLERANCE);
    assert_relative(
        row_of(results, 0, 0), "expected", 10.6893359923007250, TOLERANCE);
    json_decref(results);
}

/* n is told: of 11 maintained 7 have an event and 4 none, of 12 others 11 and
 * 1; of all 18 and 5. */
static void test_number_of_events_that_leaves_few_is_not_told(void **state)
{
    (void)state;
    static const struct {
        const char *terms;
        bool told;
    } cases[] = {{"x", false}, {"1", true}};
    for (size_t i = 0; i < 2; i++) {
        char query[256];
        snprintf(query, sizeof query,
            "{\"analyses\":[{\"km\":{\"formula\":\"Surv(time, status) ~ %s\","
            "\"grid_days\":1}}]}",
            cases[i].terms);
        json_t *results = fitted_of(&aml, query, 1, 6, NULL);
        const json_t *entry = json_array_get(results, 0), *stratum;
        size_t row;
        assert_integer(entry, "n", 23);
        assert_int_equal(
            json_is_integer(json_object_get(entry, "events")), cases[i].told);
        json_array_foreach(json_object_get(entry, "strata"), row, stratum)
            assert_int_equal(
                json_is_integer(json_object_get(stratum, "events")),
                cases[i].told);
        json_decref(results);
    }
    json_t *results = fitted_of(&aml,
        "{\"analyses\":[{\"logrank\":{\"formula\":\"Surv(time, status) ~ x\","
        "\"grid_days\":1}}]}",
        1, 6, NULL);
    assert_false(
        json_is_number(json_object_get(row_of(results, 0, 0), "observed")));
    assert_near(json_array_get(results, 0), "statistic", 3.3963886989776011);
    json_decref(results);
}

static json_t *cox(const char *parameters, size_t centers, int64_t min_cell)
{
    char query[512];
    uint128 trace;
    snprintf(
        query, sizeof query, "{\"analyses\":[{\"cox\":{%s}}]}", parameters);
    return rounds_of(&aml, query, centers, min_cell, &trace);
}

static void test_cox_agrees_with_coxph(void **state)
{
    (void)state;
    static const struct {
        const char *parameters;
        double estimate, std_error, null, loglik, score, wald;
    } fits[] = {
        {"\"formula\":\"Surv(time, status) ~ x\",\"grid_days\":10",
            0.78113836850299756, 0.48904546287709949, -43.369196279150735,
            -42.050186233397284, 2.6755459122145524, 2.5512761692333177},
        {"\"formula\":\"Surv(time, status) ~ x\",\"grid_days\":10,"
         "\"ties\":\"breslow\"",
            0.65715170220129071, 0.48615465716528505, -45.675022145522192,
            -44.732849337543605, 1.8916244194306175, 1.8271843777455457},
        /* All at risk from 0: the same in counting process form. */
        {"\"formula\":\"Surv(start, time, status) ~ x\",\"grid_days\":10",
            0.78113836850299756, 0.48904546287709949, -43.369196279150735,
            -42.050186233397284, 2.6755459122145524, 2.5512761692333177},
    };
    for (size_t i = 0; i < sizeof fits / sizeof fits[0]; i++) {
        json_t *entry = cox(fits[i].parameters, 1, 1);
        const json_t *row = json_array_get(json_object_get(entry, "table"), 0);
        assert_text(row, "term", "xn");
        assert_relative(row, "estimate", fits[i].estimate, FIT_TOLERANCE);
        assert_relative(row, "std_error", fits[i].std_error, FIT_TOLERANCE);
        assert_relative(entry, "loglik_null", fits[i].null, FIT_TOLERANCE);
        assert_relative(entry, "loglik", fits[i].loglik, FIT_TOLERANCE);
        assert_relative(entry, "score", fits[i].score, FIT_TOLERANCE);
        assert_relative(entry, "wald", fits[i].wald, FIT_TOLERANCE);
        assert_integer(entry, "events", 18);
        assert_true(json_is_true(json_object_get(entry, "converged")));
        assert_null(json_object_get(entry, "merged"));
        json_decref(entry);
    }
}

static void test_cox_is_the_same_bytes_at_any_split(void **state)
{
    (void)state;
    static const size_t splits[] = {2, 5, 13};
    static const int64_t limits[] = {1, 5};
    const char *parameters =
        "\"formula\":\"Surv(time, status) ~ x\",\"grid_days\":10";
    for (size_t k = 0; k < 2; k++) {
        json_t *whole = cox(parameters, 1, limits[k]);
        for (size_t i = 0; i < sizeof splits / sizeof splits[0]; i++) {
            json_t *split = cox(parameters, splits[i], limits[k]);
            assert_true(json_equal(whole, split));
            json_decref(split);
        }
        json_decref(whole);
    }
}

/* R: aml$t <- c(10, 30)[findInterval(ceiling(aml$time / 10) * 10, c(10, 30))];
 * coxph(Surv(t, status) ~ x, aml, ties = "breslow") */
static void test_cox_merges_steps_of_few_people(void **state)
{
    (void)state;
    json_t *entry =
        cox("\"formula\":\"Surv(time, status) ~ x\",\"grid_days\":10,"
            "\"ties\":\"breslow\"",
            1, 6);
    assert_integer(entry, "events", 18);
    assert_integer(entry, "risk_sets", 2);
    assert_integer(entry, "merged", 3);
    assert_relative(json_array_get(json_object_get(entry, "table"), 0),
        "estimate", 0.5005770082545995, FIT_TOLERANCE);
    json_decref(entry);
    entry = cox("\"formula\":\"Surv(time, status) ~ x\"", 1, 24);
    assert_true(json_is_true(json_object_get(entry, "suppressed")));
    assert_null(json_object_get(entry, "table"));
    json_decref(entry);
}

/* R: coxph(Surv(time, status) ~ x, aml), its concordance() and its
 * cox.zph(transform = "identity"); all rows stand in one center. */
static void test_cox_by_center_agrees_with_coxph(void **state)
{
    (void)state;
    static const char *const formulas[] = {
        "\"formula\":\"Surv(time, status) ~ x + strata(center)\"",
        "\"formula\":\"Surv(start, time, status) ~ x + strata(center)\""};
    for (size_t i = 0; i < 2; i++) {
        json_t *entry = cox(formulas[i], 1, 1);
        const json_t *row = json_array_get(json_object_get(entry, "table"), 0);
        const json_t *zph = json_object_get(entry, "zph");
        assert_relative(row, "estimate", 0.91553257501477314, FIT_TOLERANCE);
        assert_relative(row, "std_error", 0.5119342751720094, FIT_TOLERANCE);
        assert_relative(
            entry, "loglik_null", -42.724839262760220, FIT_TOLERANCE);
        assert_relative(entry, "loglik", -41.032615596458378, FIT_TOLERANCE);
        assert_relative(
            entry, "concordance", 0.61904761904761907, FIT_TOLERANCE);
        assert_int_equal(json_array_size(zph), 2);
        for (size_t k = 0; k < 2; k++) {
            row = json_array_get(zph, k);
            assert_text(row, "term", k == 0 ? "x" : "GLOBAL");
            assert_integer(row, "df", 1);
            assert_relative(
                row, "statistic", 0.20217513948386565, FIT_TOLERANCE);
            assert_relative(row, "p_value", 0.65297083502748099, FIT_TOLERANCE);
        }
        json_decref(entry);
    }
}

static void test_survival_rejects(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"{\"formula\":\"time ~ x\"}", "Surv("},
        {"{\"formula\":\"Surv(time, status) ~ 1\"}", "at least one covariate"},
        {"{\"formula\":\"Surv(time, status) ~ x\",\"ties\":\"exact\"}",
            "breslow"},
        {"{\"formula\":\"Surv(time, status) ~ x\",\"grid_days\":0}", "1"},
    };
    assert_refused(&aml, "cox", cases, sizeof cases / sizeof cases[0]);
}

/* summary(survfit(Surv(c(1, 2, 3, 4, 5, 6), c(1, 1, 1, 0, 1, 1)) ~ 1)): half
 * are left from 3 to 5 */
static void test_a_median_where_half_are_left_is_in_the_middle(void **state)
{
    (void)state;
    static const int32_t half[] = {
        1, 1, 0, 0, 2, 1, 0, 0, 3, 1, 0, 0, 4, 0, 0, 0, 5, 1, 0, 0, 6, 1, 0, 0};
    struct table table;
    table_create(&table, dictionary, half, 6, NULL);
    json_t *results = results_of(&table,
        "{\"analyses\":[{\"km\":{\"formula\":\"Surv(time, status) ~ 1\","
        "\"grid_days\":1}}]}");
    const json_t *strata =
        json_object_get(json_array_get(results, 0), "strata");
    assert_near(json_array_get(strata, 0), "median", 4);
    json_decref(results);
    table_destroy(&table);
}

/* However few a step has, all analyses of a cohort that tell events tell the
 * same. */
static void test_all_analyses_count_the_same_events(void **state)
{
    (void)state;
    static const int64_t limits[] = {1, 6, 11};
    size_t told = 0;
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        json_t *results = fitted_of(&aml,
            "{\"analyses\":[{\"km\":{\"formula\":\"Surv(time, status) ~ x\","
            "\"grid_days\":10}},{\"km\":{\"formula\":\"Surv(time, status) ~ "
            "1\",\"grid_days\":7}},{\"logrank\":{\"formula\":\"Surv(time, "
            "status) ~ x\"}},{\"cox\":{\"formula\":\"Surv(time, status) ~ "
            "x\",\"grid_days\":10,\"ties\":\"breslow\"}}]}",
            2, limits[i], NULL);
        for (size_t k = 0; k < json_array_size(results); k++) {
            const json_t *entry = json_array_get(results, k);
            const json_t *events = json_object_get(entry, "events");
            if (json_is_integer(events))
                assert_int_equal(json_integer_value(events), 18);
            else
                assert_true(limits[i] > 1);
            told += json_is_integer(events);
            if (json_is_true(json_object_get(entry, "suppressed")))
                assert_non_null(json_object_get(entry, "message"));
        }
        json_decref(results);
    }
    assert_true(told > 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_km_agrees_with_survfit),
        cmocka_unit_test(test_km_takes_whole_numbers_as_groups),
        cmocka_unit_test(test_number_of_events_that_leaves_few_is_not_told),
        cmocka_unit_test(test_logrank_agrees_with_survdiff),
        cmocka_unit_test(test_cox_agrees_with_coxph),
        cmocka_unit_test(test_cox_is_the_same_bytes_at_any_split),
        cmocka_unit_test(test_a_median_where_half_are_left_is_in_the_middle),
        cmocka_unit_test(test_all_analyses_count_the_same_events),
        cmocka_unit_test(test_cox_merges_steps_of_few_people),
        cmocka_unit_test(test_cox_by_center_agrees_with_coxph),
        cmocka_unit_test(test_survival_rejects),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
