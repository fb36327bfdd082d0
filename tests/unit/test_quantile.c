/* quantile: R's type 1, the grid, and tails that are too thin. */
#include "protocol/analysis/glm_rounds.h"
#include "protocol/analysis/round_body.h"

#include "analysis_fixture.h"

/* quantile(Ozone, c(0, .1, .25, .5, .75, .9, 1), type = 1, na.rm = TRUE)
 * quantile(Wind, c(.05, .333, .5, .95), type = 1) */
static void test_quantile_agrees_with_r(void **state)
{
    (void)state;
    static const double of_ozone[] = {1, 11, 18, 31, 63, 89, 168};
    static const double of_wind[] = {4.6, 8, 9.7, 15.5};
    json_t *results = results_of(&air,
        "{\"analyses\":[{\"quantile\":{\"variable\":\"ozone\",\"probs\":[0,0.1,"
        "0.25,0.5,0.75,0.9,1]}},{\"quantile\":{\"variable\":\"wind\",\"probs\":"
        "[0.05,0.333,0.5,0.95]}}]}");
    for (size_t i = 0; i < 7; i++)
        assert_near(row_of(results, 0, i), "estimate", of_ozone[i]);
    for (size_t i = 0; i < 4; i++)
        assert_near(row_of(results, 1, i), "estimate", of_wind[i]);
    assert_near(row_of(results, 1, 1), "prob", 0.333);
    assert_integer(json_array_get(results, 0), "n", 116);
    assert_integer(json_array_get(results, 0), "missing", 37);
    json_decref(results);
}

/* Of 116 the tail at 0.1 is 11.6 people and at 0.05 is 5.8. */
static void test_quantile_in_a_thin_tail_is_suppressed(void **state)
{
    (void)state;
    struct asked asked;
    ask(&asked, &air,
        "{\"analyses\":[{\"quantile\":{\"variable\":\"ozone\",\"probs\":[0,"
        "0.05,0.1,0.95]}}]}",
        2);
    plan_set_quantile_tail(asked.plan, 10);
    json_t *results = asked_finish(&asked, 11);
    assert_suppressed(row_of(results, 0, 0));
    assert_suppressed(row_of(results, 0, 1));
    assert_near(row_of(results, 0, 2), "estimate", 11);
    assert_suppressed(row_of(results, 0, 3));
    json_decref(results);
    asked_destroy(&asked);
}

static void check_tail(struct asked *asked, int64_t tail, int64_t min_cell)
{
    plan_set_quantile_tail(asked->plan, tail);
    json_t *results = asked_finish(asked, min_cell);
    for (size_t i = 0; i < 2; i++) {
        const json_t *row = row_of(results, 0, i);
        assert_true(
            (json_object_get(row, "suppressed") != NULL) == (tail == 31));
        assert_true((json_object_get(row, "estimate") != NULL) == (tail == 30));
    }
    assert_near(row_of(results, 0, 2), "estimate", 9.7);
    json_decref(results);
}

/* 153 days of wind, 20 % of which are 30.6: a limit of 30 lets it out, one of
 * 31 does not; nor does a small cell's limit change it. */
static void test_quantile_is_told_from_the_study_s_tail_on(void **state)
{
    (void)state;
    struct asked asked;
    ask(&asked, &air,
        "{\"analyses\":[{\"quantile\":{\"variable\":\"wind\",\"probs\":[0.2,"
        "0.8,0.5]}}]}",
        3);
    for (int64_t tail = 30; tail <= 31; tail++) {
        check_tail(&asked, tail, 1);
        check_tail(&asked, tail, 11);
    }
    asked_destroy(&asked);
}

/* 100 people and 0.9: ten are above, though 1 - 0.9 is less than 0.1. */
static void test_quantile_counts_people_at_the_boundary(void **state)
{
    (void)state;
    static int32_t codes[200];
    static uint32_t patients[200];
    struct table table;
    struct asked asked;
    for (size_t i = 0; i < 200; i++) { /* two rows each */
        codes[i] = (int32_t)i / 2;
        patients[i] = (uint32_t)i / 2;
    }
    table_create(&table,
        "{\"id\":\"t\",\"version\":1,\"variables\":[{\"name\":\"x\",\"type\":"
        "\"integer\",\"min\":0,\"max\":99}]}",
        codes, 200, patients);
    ask(&asked, &table,
        "{\"unit\":\"exam\",\"analyses\":[{\"quantile\":{\"variable\":\"x\","
        "\"probs\":[0.9,0.1,0.92]}}]}",
        1);
    for (int64_t tail = 10; tail <= 11; tail++) {
        plan_set_quantile_tail(asked.plan, tail);
        json_t *results = asked_finish(&asked, 11);
        assert_integer(json_array_get(results, 0), "n", 200);
        for (size_t i = 0; i < 2; i++)
            assert_true((json_object_get(row_of(results, 0, i), "suppressed") !=
                            NULL) == (tail == 11));
        assert_suppressed(row_of(results, 0, 2)); /* 8 people of 16 rows */
        json_decref(results);
    }
    asked_destroy(&asked);
    table_destroy(&table);
}

static void test_quantile_of_nobody_is_null(void **state)
{
    (void)state;
    json_t *results = results_of(&air,
        "{\"cohort\":\"temp > 99\",\"analyses\":[{\"quantile\":{\"variable\":"
        "\"wind\",\"probs\":[0.5]}}]}");
    assert_true(
        json_is_null(json_object_get(row_of(results, 0, 0), "estimate")));
    json_decref(results);
}

/* A grid of 10 from a minimum that is no multiple of it: 13 stands in [10, 20).
 * Below the median the lower edge is given, above it the upper one. */
static void test_quantile_on_a_grid_is_rounded_outward(void **state)
{
    (void)state;
    static const int32_t codes[] = {13, 13, 27, 27, 27, 41, 41, 59};
    struct table table;
    table_create(&table,
        "{\"id\":\"t\",\"version\":1,\"variables\":[{\"name\":\"x\",\"type\":"
        "\"integer\",\"grid\":10,\"min\":7,\"max\":93}]}",
        codes, 8, NULL);
    json_t *results = results_of(&table,
        "{\"analyses\":[{\"quantile\":{\"variable\":\"x\",\"probs\":[0.25,0.75,"
        "1]}}]}");
    assert_near(row_of(results, 0, 0), "estimate", 10);
    assert_near(row_of(results, 0, 1), "estimate", 50);
    assert_near(row_of(results, 0, 2), "estimate", 60);
    json_decref(results);
    table_destroy(&table);
}

/* Two values of 0.5: the lower one, as R's type 1 does at a whole n * p. */
static void test_quantile_at_a_whole_rank_takes_the_lower(void **state)
{
    (void)state;
    static const int32_t codes[] = {-3, 4};
    struct table table;
    table_create(&table,
        "{\"id\":\"t\",\"version\":1,\"variables\":[{\"name\":\"x\",\"type\":"
        "\"integer\",\"min\":-5,\"max\":5}]}",
        codes, 2, NULL);
    json_t *results = results_of(&table,
        "{\"analyses\":[{\"quantile\":{\"variable\":\"x\",\"probs\":[0.5,"
        "0.51]}}]}");
    assert_near(row_of(results, 0, 0), "estimate", -3);
    assert_near(row_of(results, 0, 1), "estimate", 4);
    json_decref(results);
    table_destroy(&table);
}

static void test_quantile_withheld_everywhere_is_suppressed(void **state)
{
    (void)state;
    struct asked asked;
    ask(&asked, &air,
        "{\"analyses\":[{\"quantile\":{\"variable\":\"temp\",\"probs\":[0.5]}}]}",
        1);
    size_t cells = asked.plan->shapes[0].tables[0].columns;
    memset(asked_cell(&asked, 0, 0), 0, cells * COUNTS_CELL * sizeof(int128));
    asked_cell(&asked, 0, 0)[CELL_WITHHELD] = 1;
    json_t *results = asked_finish(&asked, 1);
    assert_suppressed(row_of(results, 0, 0));
    json_decref(results);
    asked_destroy(&asked);
}

static void test_quantile_with_wrong_parameters_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {"{\"variable\":\"wind\"}",
        "{\"variable\":\"wind\",\"probs\":[]}",
        "{\"variable\":\"wind\",\"probs\":0.5}",
        "{\"variable\":\"wind\",\"probs\":[1.5]}",
        "{\"variable\":\"wind\",\"probs\":[-0.1]}",
        "{\"variable\":\"wind\",\"probs\":[\"half\"]}",
        "{\"variable\":\"month\",\"probs\":[0.5]}"};
    assert_malformed(&air, "quantile", wrong, sizeof wrong / sizeof wrong[0]);
}

/* mtcars: disp, am == 0, gear. disp has a million steps: ranks, quantiles and
 * curve come from cuts, in rounds. */
enum { CARS = 32 };
static const int32_t cars[3 * CARS] = {1600, 0, 1, 1600, 0, 1, 1080, 0, 1, 2580,
    1, 0, 3600, 1, 0, 2250, 1, 0, 3600, 1, 0, 1467, 1, 1, 1408, 1, 1, 1676, 1,
    1, 1676, 1, 1, 2758, 1, 0, 2758, 1, 0, 2758, 1, 0, 4720, 1, 0, 4600, 1, 0,
    4400, 1, 0, 787, 0, 1, 757, 0, 1, 711, 0, 1, 1201, 1, 0, 3180, 1, 0, 3040,
    1, 0, 3500, 1, 0, 4000, 1, 0, 790, 0, 1, 1203, 0, 2, 951, 0, 2, 3510, 0, 2,
    1450, 0, 2, 3010, 0, 2, 1210, 0, 1};

static const char cars_dictionary[] =
    "{\"id\":\"t\",\"version\":1,\"variables\":[{\"name\":\"disp\",\"type\":"
    "\"real\",\"resolution\":0.1,\"min\":0,\"max\":100000},{\"name\":\"automatic\","
    "\"type\":\"boolean\"},{\"name\":\"gear\",\"type\":\"category\","
    "\"categories\":[{\"code\":\"3\"},{\"code\":\"4\"},{\"code\":\"5\"}]}]}";

static const char cars_query[] =
    "{\"analyses\":[{\"quantile\":{\"variable\":\"disp\",\"probs\":[0,0.1,0.5,"
    "0.75,1]}},{\"rank_test\":{\"formula\":\"disp ~ automatic\"}},{\"rank_test\":"
    "{\"formula\":\"disp ~ gear\"}},{\"roc\":{\"formula\":\"automatic ~ disp\"}}]}";

/* quantile(disp, type = 1); wilcox.test(disp ~ am, exact = FALSE);
 * kruskal.test(disp ~ gear); roc(am == 0, disp) */
static void test_a_variable_of_many_steps_agrees_with_r(void **state)
{
    (void)state;
    static const double quantiles[] = {71.1, 79, 167.6, 318, 472};
    struct table table;
    uint32_t rounds;
    table_create(&table, cars_dictionary, cars, CARS, NULL);
    json_t *results = fitted_of(&table, cars_query, 3, 1, &rounds);
    assert_true(rounds > 1 && rounds < 20);
    for (size_t i = 0; i < 5; i++)
        assert_near(row_of(results, 0, i), "estimate", quantiles[i]);
    const json_t *entry = json_array_get(results, 1);
    assert_near(entry, "p_value", 0.00054934508637545466);
    assert_near(row_of(results, 1, 0), "median", 120.3);
    assert_near(row_of(results, 1, 1), "median", 275.8);
    entry = json_array_get(results, 2);
    assert_near(entry, "statistic", 16.577518810790963);
    assert_near(entry, "p_value", 0.00025132606317669344);
    entry = json_array_get(results, 3);
    assert_near(entry, "auc", 0.8663967611336032);
    assert_near(entry, "conf_low", 0.73036424808865474);
    assert_near(entry, "youden", 0.68825910931174095);
    assert_near(entry, "threshold", 167.6);
    json_decref(results);
    table_destroy(&table);
}

static void test_a_variable_of_many_steps_is_the_same_at_any_split(void **state)
{
    (void)state;
    static const size_t splits[] = {2, 5, 13};
    struct table table;
    table_create(&table, cars_dictionary, cars, CARS, NULL);
    for (int64_t limit = 1; limit <= 11; limit += 10) {
        json_t *whole = fitted_of(&table, cars_query, 1, limit, NULL);
        for (size_t i = 0; i < 3; i++) {
            json_t *split =
                fitted_of(&table, cars_query, splits[i], limit, NULL);
            assert_true(json_equal(whole, split));
            json_decref(split);
        }
        json_decref(whole);
    }
    table_destroy(&table);
}

/* ---- cuts that a coordinator tells ---- */

/* The body of a round that tells the first segment of a question these values,
 * and zeros after them, as a center reads it. */
static enum status read_told(const struct table *table, const char *query,
    const double *values, size_t count)
{
    struct asked asked;
    struct round_body body;
    struct buffer bytes;
    ask(&asked, table, query, 0);
    const struct plan *plan = asked.plan;
    struct round_body told = {.active = calloc(plan->segment_count, 1),
        .values = calloc(plan->value_count, sizeof(double))};
    assert_true(told.active != NULL && told.values != NULL);
    assert_true(count <= plan->value_count);
    memset(told.active, SEGMENT_GOES_ON, plan->segment_count);
    memcpy(told.values, values, count * sizeof *values);
    buffer_init(&bytes, BUFFER_LIMIT_DEFAULT);
    assert_int_equal(round_body_write(&told, plan, &bytes), STATUS_OK);
    enum status status = round_body_read(&body, plan, buffer_view(&bytes));
    round_body_fini(&body);
    round_body_fini(&told);
    buffer_fini(&bytes);
    asked_destroy(&asked);
    return status;
}

/* A count of cuts is a place in memory, and a cut an edge: a center takes none
 * that the coordinator may not choose. disp has keys 0 to 1000000. */
static void test_cuts_that_nobody_may_tell_are_refused(void **state)
{
    (void)state;
    static const char *const queries[] = {
        "{\"analyses\":[{\"quantile\":{\"variable\":\"disp\",\"probs\":[0.5]}}]}",
        "{\"analyses\":[{\"rank_test\":{\"formula\":\"disp ~ automatic\"}}]}",
        "{\"analyses\":[{\"roc\":{\"formula\":\"automatic ~ disp\"}}]}"};
    static const struct {
        double values[4];
        enum status status;
    } cases[] = {{{0}, STATUS_OK}, {{3, 0, 10, 1000001}, STATUS_OK},
        {{1e9}, STATUS_MALFORMED}, {{1e300}, STATUS_MALFORMED},
        {{-1}, STATUS_MALFORMED}, {{1.5, 1, 2}, STATUS_MALFORMED},
        {{8192, 1, 2}, STATUS_MALFORMED}, {{2, 10, 10}, STATUS_MALFORMED},
        {{2, 10, 9}, STATUS_MALFORMED}, {{2, 1.5, 9}, STATUS_MALFORMED},
        {{2, -1, 9}, STATUS_MALFORMED}, {{2, 1, 1000002}, STATUS_MALFORMED}};
    struct table table;
    table_create(&table, cars_dictionary, cars, CARS, NULL);
    for (size_t q = 0; q < sizeof queries / sizeof queries[0]; q++) {
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
            assert_int_equal(read_told(&table, queries[q], cases[i].values, 4),
                cases[i].status);
    }
    table_destroy(&table);
}

/* Of a fitted score: two coefficients, centers and factors, and what is
 * counted. */
static void test_what_a_round_counts_is_looked_at(void **state)
{
    (void)state;
    static const char query[] = "{\"analyses\":[{\"roc\":{\"formula\":"
                                "\"automatic ~ disp + gear\"}}]}";
    struct asked asked;
    struct table table;
    double values[128] = {0};
    table_create(&table, cars_dictionary, cars, CARS, NULL);
    ask(&asked, &table, query, 0);
    const struct analysis *analysis = &asked.plan->analyses[0];
    const size_t at = glm_value_count(analysis, NULL);
    asked_destroy(&asked);
    assert_true(at + 2 <= sizeof values / sizeof values[0]);
    for (int counted = 0; counted < 3; counted++) {
        values[at] = counted;
        assert_int_equal(read_told(&table, query, values, at + 2), STATUS_OK);
    }
    values[at + 1] = 1e9;
    assert_int_equal(
        read_told(&table, query, values, at + 2), STATUS_MALFORMED);
    values[at + 1] = 0;
    for (values[at] = 3; values[at] < 1e300; values[at] *= 1e10)
        assert_int_equal(
            read_told(&table, query, values, at + 2), STATUS_MALFORMED);
    table_destroy(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_quantile_agrees_with_r),
        cmocka_unit_test(test_quantile_in_a_thin_tail_is_suppressed),
        cmocka_unit_test(test_quantile_is_told_from_the_study_s_tail_on),
        cmocka_unit_test(test_quantile_counts_people_at_the_boundary),
        cmocka_unit_test(test_quantile_of_nobody_is_null),
        cmocka_unit_test(test_quantile_on_a_grid_is_rounded_outward),
        cmocka_unit_test(test_quantile_at_a_whole_rank_takes_the_lower),
        cmocka_unit_test(test_quantile_withheld_everywhere_is_suppressed),
        cmocka_unit_test(test_quantile_with_wrong_parameters_is_refused),
        cmocka_unit_test(test_a_variable_of_many_steps_agrees_with_r),
        cmocka_unit_test(
            test_a_variable_of_many_steps_is_the_same_at_any_split),
        cmocka_unit_test(test_cuts_that_nobody_may_tell_are_refused),
        cmocka_unit_test(test_what_a_round_counts_is_looked_at),
    };
    return cmocka_run_group_tests(tests, air_setup, air_teardown);
}
