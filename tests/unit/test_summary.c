/* summary: mean, sd and se from exact sums. */
#include <math.h>

#include "analysis_fixture.h"

/* mean(Ozone, na.rm = TRUE); sd(Ozone, na.rm = TRUE); sd / sqrt(116)
 * mean(Wind); sd(Wind); sd(Wind) / sqrt(153); mean(Temp > 80); sd(Temp > 80) */
static void test_summary_agrees_with_r(void **state)
{
    (void)state;
    json_t *results = results_of(&air,
        "{\"analyses\":[{\"summary\":{\"variables\":[\"ozone\",\"wind\","
        "\"hot\"]}}]}");
    const json_t *row = row_of(results, 0, 0);
    assert_text(row, "variable", "ozone");
    assert_integer(row, "n", 116);
    assert_integer(row, "missing", 37);
    assert_near(row, "mean", 42.129310344827587);
    assert_near(row, "sd", 32.987884514433951);
    assert_near(row, "se", 3.0628481853266725);
    row = row_of(results, 0, 1);
    assert_integer(row, "n", 153);
    assert_near(row, "mean", 9.9575163398692812);
    assert_near(row, "sd", 3.5230013522125962);
    assert_near(row, "se", 0.28481777832090943);
    row = row_of(results, 0, 2);
    assert_near(row, "mean", 0.44444444444444442);
    assert_near(row, "sd", 0.49853586801343236);
    assert_integer(json_array_get(results, 0), "n", 153);
    assert_integer(json_array_get(results, 0), "missing", 37);
    json_decref(results);
}

/* tapply(Ozone, Temp > 80, mean, na.rm = TRUE), and sd */
static void test_summary_by_level_agrees_with_r(void **state)
{
    (void)state;
    json_t *results = results_of(&air,
        "{\"by\":[\"hot\"],\"analyses\":[{\"summary\":{\"variables\":["
        "\"ozone\"]}}]}");
    assert_int_equal(json_array_size(results), 2);
    assert_text(
        json_object_get(json_array_get(results, 1), "by"), "hot", "true");
    assert_integer(row_of(results, 0, 0), "n", 62);
    assert_near(row_of(results, 0, 0), "mean", 22.951612903225808);
    assert_near(row_of(results, 0, 0), "sd", 17.472627228723479);
    assert_integer(row_of(results, 1, 0), "n", 54);
    assert_near(row_of(results, 1, 0), "mean", 64.148148148148152);
    assert_near(row_of(results, 1, 0), "sd", 32.948448818188815);
    json_decref(results);
}

static void test_summary_of_any_split_is_the_same_text(void **state)
{
    (void)state;
    static const size_t splits[] = {2, 5, 13};
    static const char query[] =
        "{\"by\":[\"month\"],\"analyses\":[{\"summary\":{\"variables\":["
        "\"ozone\",\"wind\",\"temp\"]}},{\"quantile\":{\"variable\":\"wind\","
        "\"probs\":[0.1,0.5]}},{\"crosstab\":{\"rows\":\"hot\",\"columns\":"
        "\"windy\"}}]}";
    json_t *whole = results_of(&air, query);
    char *expected = json_dumps(whole, JSON_COMPACT | JSON_REAL_PRECISION(17));
    for (size_t i = 0; i < 3; i++) {
        struct asked asked;
        ask(&asked, &air, query, splits[i]);
        json_t *results = asked_finish(&asked, 1);
        char *found =
            json_dumps(results, JSON_COMPACT | JSON_REAL_PRECISION(17));
        assert_string_equal(found, expected);
        free(found);
        json_decref(results);
        asked_destroy(&asked);
    }
    free(expected);
    json_decref(whole);
}

/* A large mean and a small spread: a difference of squares in doubles would
 * have no digit left. var(c(2e9 - 1, 2e9, 2e9 + 1, 2e9)) = 2 / 3 */
static void test_summary_far_from_zero_cancels_nothing(void **state)
{
    (void)state;
    static const int32_t codes[] = {
        1999999999, 2000000000, 2000000001, 2000000000};
    struct table table;
    table_create(&table,
        "{\"id\":\"t\",\"version\":1,\"variables\":[{\"name\":\"x\",\"type\":"
        "\"integer\",\"min\":0,\"max\":2000000001}]}",
        codes, 4, NULL);
    json_t *results = results_of(
        &table, "{\"analyses\":[{\"summary\":{\"variables\":[\"x\"]}}]}");
    assert_near(row_of(results, 0, 0), "mean", 2e9);
    assert_near(row_of(results, 0, 0), "sd", 0.81649658092772603);
    json_decref(results);
    table_destroy(&table);
}

/* Sums that leave 128 bits on the way: 2^40 rows of -2^31 + 2 and as many one
 * higher. The mean is -2^31 + 2.5, the variance 1/4 * n / (n - 1). */
static void test_summary_of_the_largest_sums_is_right(void **state)
{
    (void)state;
    static const int32_t codes[] = {0};
    struct table table;
    struct asked asked;
    table_create(&table,
        "{\"id\":\"t\",\"version\":1,\"variables\":[{\"name\":\"x\",\"type\":"
        "\"integer\",\"min\":-2147483646,\"max\":2147483646}]}",
        codes, 1, NULL);
    ask(&asked, &table,
        "{\"analyses\":[{\"summary\":{\"variables\":[\"x\"]}}]}", 1);
    int128 half = (int128)1 << 40, low = -2147483646;
    int128 *cell = asked_cell(&asked, 0, 0);
    int128 *head = asked.sum.elements;
    head[HEAD_ROWS] = head[HEAD_PEOPLE] = 2 * half;
    cell[CELL_ROWS] = cell[CELL_PEOPLE] = 2 * half;
    cell[CELL_SUM] = half * (2 * low + 1);
    cell[CELL_SQUARES] = half * (low * low + (low + 1) * (low + 1));
    json_t *results = asked_finish(&asked, 1);
    assert_near(row_of(results, 0, 0), "mean", -2147483645.5);
    assert_near(row_of(results, 0, 0), "sd", 0.5);
    json_decref(results);
    cell[CELL_SUM] = 0; /* half at one end, half at the other */
    cell[CELL_SQUARES] = 2 * half * low * low;
    results = asked_finish(&asked, 1);
    assert_near(row_of(results, 0, 0), "sd", 2147483646.0);
    json_decref(results);
    asked_destroy(&asked);
    table_destroy(&table);
}

/* A resolution of many digits: the exact product would leave 128 bits. */
static void test_summary_with_a_long_resolution_does_not_overflow(void **state)
{
    (void)state;
    static const int32_t codes[] = {4};
    struct table table;
    struct asked asked;
    table_create(&table,
        "{\"id\":\"t\",\"version\":1,\"variables\":[{\"name\":\"x\",\"type\":"
        "\"real\",\"resolution\":0.123456789012345,\"min\":0,\"max\":"
        "246913578.02469}]}",
        codes, 1, NULL);
    ask(&asked, &table,
        "{\"analyses\":[{\"summary\":{\"variables\":[\"x\"]}}]}", 1);
    int128 *cell = asked_cell(&asked, 0, 0);
    cell[CELL_ROWS] = cell[CELL_PEOPLE] = (int128)1 << 50;
    cell[CELL_SUM] = (int128)4 << 78; /* past any real sum */
    json_t *results = asked_finish(&asked, 1);
    const json_t *mean = json_object_get(row_of(results, 0, 0), "mean");
    double expected = 0.123456789012345 * ldexp(4, 28);
    assert_true(fabs(json_number_value(mean) / expected - 1) < 1e-12);
    json_decref(results);
    asked_destroy(&asked);
    table_destroy(&table);
}

static void test_summary_of_nobody_and_of_one_is_null(void **state)
{
    (void)state;
    json_t *results = results_of(&air,
        "{\"cohort\":\"temp > 99\",\"analyses\":[{\"summary\":{\"variables\":["
        "\"ozone\"]}}]}");
    assert_integer(row_of(results, 0, 0), "n", 0);
    assert_true(json_is_null(json_object_get(row_of(results, 0, 0), "mean")));
    assert_true(json_is_null(json_object_get(row_of(results, 0, 0), "sd")));
    json_decref(results);
    results = results_of(&air,
        "{\"cohort\":\"temp = 97\",\"analyses\":[{\"summary\":{\"variables\":["
        "\"ozone\"]}}]}"); /* one day */
    assert_integer(row_of(results, 0, 0), "n", 1);
    assert_near(row_of(results, 0, 0), "mean", 76);
    assert_true(json_is_null(json_object_get(row_of(results, 0, 0), "sd")));
    assert_true(json_is_null(json_object_get(row_of(results, 0, 0), "se")));
    json_decref(results);
}

static void test_summary_withheld_everywhere_is_suppressed(void **state)
{
    (void)state;
    struct asked asked;
    ask(&asked, &air,
        "{\"analyses\":[{\"summary\":{\"variables\":[\"ozone\",\"temp\"]}}]}",
        3);
    memset(asked_cell(&asked, 0, 0), 0, MOMENTS_CELL * sizeof(int128));
    asked_cell(&asked, 0, 0)[CELL_WITHHELD] = 3;
    json_t *results = asked_finish(&asked, 1);
    assert_suppressed(row_of(results, 0, 0));
    assert_integer(row_of(results, 0, 1), "n", 153);
    assert_false(
        json_is_number(json_object_get(json_array_get(results, 0), "missing")));
    json_decref(results);
    results = asked_finish(&asked, 154);
    assert_suppressed(json_array_get(results, 0));
    json_decref(results);
    asked_destroy(&asked);
}

/* D4 needs each patient's sum, whole, also over the end of a block and of a
 * scan, and the same for one scan or several. */
static void test_facts_are_of_patients_not_of_rows(void **state)
{
    (void)state;
    enum { ROWS = 3 * BLOCK_ROWS + 5 };
    static int16_t data[ROWS + 64] __attribute__((aligned(64)));
    static uint32_t patients[ROWS];
    for (size_t i = 0; i < ROWS; i++) {
        patients[i] = (uint32_t)(i / 3);
        data[i] = i % 3 == 2 ? -7 : 10; /* 13 a patient */
    }
    data[BLOCK_ROWS - 1] = 300; /* a patient over the end of a block */
    data[ROWS - 1] = -400;      /* the last patient */
    struct table table;
    struct asked asked;
    table_create(&table,
        "{\"id\":\"t\",\"version\":1,\"variables\":[{\"name\":\"x\",\"type\":"
        "\"integer\",\"min\":-500,\"max\":500}]}",
        NULL, 0, NULL);
    ask(&asked, &table,
        "{\"unit\":\"exam\",\"analyses\":[{\"summary\":{\"variables\":[\"x\"]}}]}",
        1);
    const struct column column = {2, data};
    struct rows rows = {.count = ROWS,
        .patient_count = patients[ROWS - 1] + 1,
        .patients = patients,
        .columns = &column};
    uint128 total = 0, largest = 0, second = 0;
    for (size_t first = 0, i = 1; i <= ROWS; i++) {
        if (i < ROWS && patients[i] == patients[first])
            continue;
        int64_t sum = 0;
        for (size_t k = first; k < i; k++)
            sum += data[k];
        uint128 size = (uint128)(sum < 0 ? -sum : sum);
        total += size;
        second = size > largest ? largest : size > second ? size : second;
        largest = size > largest ? size : largest;
        first = i;
    }
    struct contribution c;
    assert_int_equal(plan_contribute(asked.plan, &rows, 1, &c), STATUS_OK);
    assert_true(c.facts[0].total == total);
    assert_true(c.facts[0].largest == largest);
    assert_true(c.facts[0].second == second);
    contribution_fini(&c);
    asked_destroy(&asked);
    table_destroy(&table);
}

/* Four rows in a column of that width. */
static void check_largest(
    const char *dictionary, int width, const int32_t *codes, bool tied)
{
    struct table table;
    struct asked asked;
    int8_t data1[64] = {0};
    int16_t data2[64] = {0};
    int32_t data4[64] = {0};
    for (size_t i = 0; i < 4; i++) {
        data1[i] = (int8_t)codes[i];
        data2[i] = (int16_t)codes[i];
        data4[i] = codes[i];
    }
    table_create(&table, dictionary, NULL, 0, NULL);
    ask(&asked, &table,
        "{\"analyses\":[{\"summary\":{\"variables\":[\"x\"]}}]}", 1);
    const struct column column = {width, width == 1   ? (void *)data1
                                         : width == 2 ? (void *)data2
                                                      : (void *)data4};
    struct rows rows = {.count = 4, .patient_count = 4, .columns = &column};
    struct contribution c;
    assert_int_equal(plan_contribute(asked.plan, &rows, 1, &c), STATUS_OK);
    assert_true(c.facts[0].largest == (tied ? 9 : 100));
    assert_true(c.facts[0].second == (tied ? 9 : 30));
    assert_true(c.facts[0].total == (tied ? 24 : 138));
    contribution_fini(&c);
    asked_destroy(&asked);
    table_destroy(&table);
}

static void test_facts_of_single_rows_know_the_two_largest(void **state)
{
    (void)state;
    static const int32_t ties[] = {5, 9, 9, 1}, apart[] = {5, 100, 3, -30};
    for (int width = 1; width <= 4; width *= 2) {
        static const char *const limits[] = {"100", "1000", "", "100000"};
        char dictionary[256];
        snprintf(dictionary, sizeof dictionary,
            "{\"id\":\"t\",\"version\":1,\"variables\":[{\"name\":\"x\","
            "\"type\":\"integer\",\"min\":-%s,\"max\":%s}]}",
            limits[width - 1], limits[width - 1]);
        check_largest(dictionary, width, ties, true);
        check_largest(dictionary, width, apart, false);
    }
}

/* Whole blocks of values of one size, the largest of 16 bits too: no sum within
 * the loops may leave its bits. Every seventh has the other sign. */
static void test_sums_of_large_values_are_exact(void **state)
{
    (void)state;
    enum { ROWS = 2 * BLOCK_ROWS + 5 };
    static const int16_t sizes[] = {1, 500, 2047, 2896, 2897, 30000, 32767};
    static int16_t data[ROWS + 64] __attribute__((aligned(64)));
    const struct column column = {2, data};
    const struct rows rows = {
        .count = ROWS, .patient_count = ROWS, .columns = &column};
    struct table table;
    struct asked asked;
    table_create(&table,
        "{\"id\":\"t\",\"version\":1,\"variables\":[{\"name\":\"x\",\"type\":"
        "\"integer\",\"min\":-32767,\"max\":32767}]}",
        NULL, 0, NULL);
    ask(&asked, &table,
        "{\"analyses\":[{\"summary\":{\"variables\":[\"x\"]}}]}", 1);
    for (size_t s = 0; s < 2 * sizeof sizes / sizeof sizes[0]; s++) {
        const int64_t size = s % 2 == 0 ? sizes[s / 2] : -sizes[s / 2];
        int64_t n = 0, sum = 0;
        for (size_t i = 0; i < ROWS; i++) {
            const int64_t value = i % 7 == 0 ? -size : size;
            const bool missing = i % 100 == 9;
            data[i] = (int16_t)(missing ? INT16_MIN : value);
            n += missing ? 0 : 1;
            sum += missing ? 0 : value;
        }
        struct contribution c;
        assert_int_equal(plan_contribute(asked.plan, &rows, 1, &c), STATUS_OK);
        const int128 *cell =
            c.vector.elements + asked.plan->segments[0].first + SEGMENT_HEAD;
        assert_true(cell[CELL_ROWS] == n);
        assert_true(cell[CELL_SUM] == sum);
        assert_true(cell[CELL_SQUARES] == (int128)n * size * size);
        assert_true(c.facts[0].total == (uint128)n * (uint128)sizes[s / 2]);
        assert_true(c.facts[0].second == (uint128)sizes[s / 2]);
        contribution_fini(&c);
    }
    asked_destroy(&asked);
    table_destroy(&table);
}

static void test_summary_of_wrong_variables_is_refused(void **state)
{
    (void)state;
    char message[1024];
    assert_int_equal(
        plan_status(&air,
            "{\"analyses\":[{\"summary\":{\"variables\":[\"month\"]}}]}", NULL),
        STATUS_MALFORMED);
    assert_int_equal(
        plan_status(
            &air, "{\"analyses\":[{\"summary\":{\"variables\":[]}}]}", NULL),
        STATUS_MALFORMED);
    assert_int_equal(
        plan_status(&air, "{\"analyses\":[{\"summary\":{}}]}", NULL),
        STATUS_MALFORMED);
    assert_int_equal(
        plan_status(&air,
            "{\"analyses\":[{\"summary\":{\"variables\":[\"ozon\"]}}]}",
            message),
        STATUS_UNKNOWN_NAME);
    assert_non_null(strstr(message, "'ozone'"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_summary_agrees_with_r),
        cmocka_unit_test(test_summary_by_level_agrees_with_r),
        cmocka_unit_test(test_summary_of_any_split_is_the_same_text),
        cmocka_unit_test(test_summary_far_from_zero_cancels_nothing),
        cmocka_unit_test(test_summary_of_the_largest_sums_is_right),
        cmocka_unit_test(test_summary_with_a_long_resolution_does_not_overflow),
        cmocka_unit_test(test_summary_of_nobody_and_of_one_is_null),
        cmocka_unit_test(test_summary_withheld_everywhere_is_suppressed),
        cmocka_unit_test(test_facts_are_of_patients_not_of_rows),
        cmocka_unit_test(test_facts_of_single_rows_know_the_two_largest),
        cmocka_unit_test(test_sums_of_large_values_are_exact),
        cmocka_unit_test(test_summary_of_wrong_variables_is_refused),
    };
    return cmocka_run_group_tests(tests, air_setup, air_teardown);
}
