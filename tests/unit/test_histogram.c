/* histogram: bins, merging of small neighbours, and what is refused. */
#include "analysis_fixture.h"

static const char of_wind[] =
    "{\"analyses\":[{\"histogram\":{\"variable\":\"wind\",\"width\":2}}]}";

/* hist(Wind, breaks = seq(0, 24, 2), right = FALSE)$counts
 * 1 3 12 27 38 34 14 17 4 1 2 0, of which the last bin holds nobody */
static void test_histogram_agrees_with_r(void **state)
{
    (void)state;
    static const int64_t expected[] = {1, 3, 12, 27, 38, 34, 14, 17, 4, 1, 2};
    json_t *results = results_of(&air, of_wind);
    const json_t *entry = json_array_get(results, 0);
    assert_int_equal(json_array_size(json_object_get(entry, "table")), 11);
    for (size_t i = 0; i < 11; i++) {
        assert_near(row_of(results, 0, i), "low", 2.0 * (double)i);
        assert_near(row_of(results, 0, i), "high", 2.0 * (double)i + 2);
        assert_integer(row_of(results, 0, i), "n", expected[i]);
    }
    assert_integer(entry, "n", 153);
    assert_integer(entry, "missing", 0);
    json_decref(results);
}

/* hist(Temp, breaks = seq(55, 100, 5), right = FALSE)$counts: the first bin is
 * the first that holds somebody. */
static void test_histogram_begins_at_the_first_value(void **state)
{
    (void)state;
    static const int64_t expected[] = {8, 8, 16, 16, 32, 34, 22, 15, 2};
    json_t *results = results_of(&air,
        "{\"analyses\":[{\"histogram\":{\"variable\":\"temp\",\"width\":5}}]}");
    for (size_t i = 0; i < 9; i++) {
        assert_near(row_of(results, 0, i), "low", 55.0 + 5.0 * (double)i);
        assert_integer(row_of(results, 0, i), "n", expected[i]);
    }
    assert_integer(json_array_get(results, 0), "n", 153);
    json_decref(results);
}

static void test_histogram_below_zero_keeps_zeros_inside(void **state)
{
    (void)state;
    static const int32_t codes[] = {-7, -5, -4, VALUE_MISSING, 9};
    struct table table;
    table_create(&table,
        "{\"id\":\"t\",\"version\":1,\"variables\":[{\"name\":\"x\",\"type\":"
        "\"integer\",\"min\":-9,\"max\":12}]}",
        codes, 5, NULL);
    json_t *results = results_of(&table,
        "{\"analyses\":[{\"histogram\":{\"variable\":\"x\",\"width\":5}}]}");
    /* [-10, -5) [-5, 0) [0, 5) [5, 10) */
    static const int64_t expected[] = {1, 2, 0, 1};
    for (size_t i = 0; i < 4; i++) {
        assert_near(row_of(results, 0, i), "low", -10 + 5.0 * (double)i);
        assert_integer(row_of(results, 0, i), "n", expected[i]);
    }
    assert_integer(json_array_get(results, 0), "missing", 1);
    json_decref(results);
    table_destroy(&table);
}

/* 1 3 12 27 38 34 14 17 4 1 2 at a limit of 11: the first three make 16; the
 * last three make 7 and join the one before, 17. */
static void test_histogram_merges_small_neighbours(void **state)
{
    (void)state;
    static const struct {
        double low, high;
        int64_t n;
    } expected[] = {{0, 6, 16}, {6, 8, 27}, {8, 10, 38}, {10, 12, 34},
        {12, 14, 14}, {14, 22, 24}};
    struct asked asked;
    ask(&asked, &air, of_wind, 3);
    json_t *results = asked_finish(&asked, 11);
    const json_t *rows = json_object_get(json_array_get(results, 0), "table");
    assert_int_equal(json_array_size(rows), 6);
    for (size_t i = 0; i < 6; i++) {
        assert_near(row_of(results, 0, i), "low", expected[i].low);
        assert_near(row_of(results, 0, i), "high", expected[i].high);
        assert_integer(row_of(results, 0, i), "n", expected[i].n);
    }
    json_decref(results);
    asked_destroy(&asked);
}

static void test_histogram_withheld_bin_shows_no_number(void **state)
{
    (void)state;
    struct asked asked;
    ask(&asked, &air, of_wind, 1);
    int128 *cell = asked_cell(&asked, 0, 5);
    cell[CELL_ROWS] = cell[CELL_PEOPLE] = 0;
    cell[CELL_WITHHELD] = 1;
    json_t *results = asked_finish(&asked, 1);
    assert_suppressed(row_of(results, 0, 5));
    assert_near(row_of(results, 0, 5), "low", 10);
    assert_integer(row_of(results, 0, 4), "n", 38);
    json_decref(results);
    asked_destroy(&asked);
}

static void test_histogram_of_nobody_has_no_bins(void **state)
{
    (void)state;
    json_t *results = results_of(&air,
        "{\"cohort\":\"temp > 99\",\"analyses\":[{\"histogram\":{\"variable\":"
        "\"wind\",\"width\":2}}]}");
    const json_t *entry = json_array_get(results, 0);
    assert_int_equal(json_array_size(json_object_get(entry, "table")), 0);
    assert_integer(entry, "n", 0);
    json_decref(results);
}

static void test_histogram_with_wrong_parameters_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {"{\"variable\":\"wind\"}",
        "{\"variable\":\"wind\",\"width\":0}",
        "{\"variable\":\"wind\",\"width\":-1}",
        "{\"variable\":\"wind\",\"width\":0.05}",
        "{\"variable\":\"temp\",\"width\":2.5}",
        "{\"variable\":\"temp\",\"width\":1e300}",
        "{\"variable\":\"month\",\"width\":1}",
        "{\"variable\":\"temp\",\"width\":\"5\"}"};
    assert_malformed(&air, "histogram", wrong, sizeof wrong / sizeof wrong[0]);
}

static void test_histogram_of_too_many_bins_says_how_many(void **state)
{
    (void)state;
    char message[1024];
    struct table table;
    table_create(&table,
        "{\"id\":\"t\",\"version\":1,\"variables\":[{\"name\":\"x\",\"type\":"
        "\"integer\",\"min\":-2147483646,\"max\":2147483646}]}",
        NULL, 0, NULL);
    assert_int_equal(plan_status(&table,
                         "{\"analyses\":[{\"histogram\":{\"variable\":\"x\","
                         "\"width\":1}}]}",
                         message),
        STATUS_MALFORMED);
    assert_non_null(strstr(message, "4294967293 bins"));
    table_destroy(&table);
}

static void test_histogram_off_the_grid_is_refused(void **state)
{
    (void)state;
    struct table table;
    table_create(&table,
        "{\"id\":\"t\",\"version\":1,\"variables\":[{\"name\":\"x\",\"type\":"
        "\"real\",\"resolution\":0.1,\"grid\":0.5,\"min\":0,\"max\":10}]}",
        NULL, 0, NULL);
    assert_int_equal(plan_status(&table,
                         "{\"analyses\":[{\"histogram\":{\"variable\":\"x\","
                         "\"width\":0.7}}]}",
                         NULL),
        STATUS_MALFORMED);
    assert_int_equal(plan_status(&table,
                         "{\"analyses\":[{\"histogram\":{\"variable\":\"x\","
                         "\"width\":1.5}}]}",
                         NULL),
        STATUS_OK);
    table_destroy(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_histogram_agrees_with_r),
        cmocka_unit_test(test_histogram_begins_at_the_first_value),
        cmocka_unit_test(test_histogram_below_zero_keeps_zeros_inside),
        cmocka_unit_test(test_histogram_merges_small_neighbours),
        cmocka_unit_test(test_histogram_withheld_bin_shows_no_number),
        cmocka_unit_test(test_histogram_of_nobody_has_no_bins),
        cmocka_unit_test(test_histogram_with_wrong_parameters_is_refused),
        cmocka_unit_test(test_histogram_of_too_many_bins_says_how_many),
        cmocka_unit_test(test_histogram_off_the_grid_is_refused),
    };
    return cmocka_run_group_tests(tests, air_setup, air_teardown);
}
