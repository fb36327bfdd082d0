/* crosstab: cells, shares of the row, and the two tests. */
#include <math.h>

#include "analysis_fixture.h"

/* table(Month, Temp > 80); chisq.test(Month, Temp > 80, correct = FALSE) */
static void test_crosstab_agrees_with_r(void **state)
{
    (void)state;
    static const int64_t expected[] = {30, 1, 20, 10, 3, 28, 11, 20, 21, 9};
    json_t *results = results_of(&air,
        "{\"analyses\":[{\"crosstab\":{\"rows\":\"month\",\"columns\":"
        "\"hot\"}}]}");
    const json_t *entry = json_array_get(results, 0);
    for (size_t i = 0; i < 10; i++) {
        int64_t row_sum = expected[i / 2 * 2] + expected[i / 2 * 2 + 1];
        assert_integer(row_of(results, 0, i), "n", expected[i]);
        assert_near(row_of(results, 0, i), "row_proportion",
            (double)expected[i] / (double)row_sum);
    }
    assert_text(row_of(results, 0, 3), "row", "6");
    assert_text(row_of(results, 0, 3), "column", "true");
    assert_near(entry, "statistic", 56.849516129032253);
    assert_integer(entry, "df", 4);
    assert_near(entry, "p_value", 1.3304462196010674e-11);
    assert_null(json_object_get(entry, "fisher_p_value"));
    json_decref(results);
}

static const char two_by_two[] =
    "{\"id\":\"t\",\"version\":1,\"variables\":["
    "{\"name\":\"a\",\"type\":\"category\",\"categories\":["
    "{\"code\":\"x\"},{\"code\":\"y\"},{\"code\":\"never\"}]},"
    "{\"name\":\"b\",\"type\":\"boolean\"}]}";
static const char ask_two_by_two[] =
    "{\"analyses\":[{\"crosstab\":{\"rows\":\"a\",\"columns\":\"b\"}}]}";

/* Rows of a table of two by two; the caller frees. */
static int32_t *rows_of_table(const int n[4], size_t *count)
{
    size_t at = 0;
    *count = 0;
    for (size_t c = 0; c < 4; c++)
        *count += (size_t)n[c];
    int32_t *codes = calloc(2 * *count, sizeof *codes);
    assert_non_null(codes);
    for (int32_t c = 0; c < 4; c++) {
        for (int k = 0; k < n[c]; k++) {
            codes[at++] = c / 2;
            codes[at++] = c % 2;
        }
    }
    return codes;
}

/* m <- matrix(n, 2, byrow = TRUE)
 * chisq.test(m, correct = FALSE); fisher.test(m)$p.value
 * The level "never" does not occur: R's table of the values has no row. */
static void test_crosstab_of_two_by_two_agrees_with_r(void **state)
{
    (void)state;
    static const struct {
        int n[4];
        double statistic, p, fisher;
    } cases[] = {
        {{3, 1, 1, 3}, 2, 0.15729920705028447, 0.48571428571428582},
        {{10, 2, 3, 15}, 13.031674208144796, 0.00030626663018354985,
            0.00053672411914343593},
        {{0, 5, 5, 0}, 10, 0.0015654022580025519, 0.0079365079365079395},
        {{1, 9, 11, 3}, 10.971428571428572, 0.00092527403711976084,
            0.0027594561852200836},
        {{2, 0, 1, 7}, 5.833333333333333, 0.015725299754505418,
            0.06666666666666668},
        {{100, 100, 100, 100}, 0, 1, 1},
        {{33, 52, 48, 20}, 15.300000000000001, 9.1716511276860612e-05,
            9.7505529763686744e-05},
        {{12000, 11700, 11500, 12300}, 25.427884256315004,
            4.5923206935241616e-07, 4.693987037198678e-07},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct table table;
        size_t count;
        int32_t *codes = rows_of_table(cases[i].n, &count);
        table_create(&table, two_by_two, codes, count, NULL);
        json_t *results = results_of(&table, ask_two_by_two);
        const json_t *entry = json_array_get(results, 0);
        assert_near(entry, "statistic", cases[i].statistic);
        assert_integer(entry, "df", 1);
        assert_near(entry, "p_value", cases[i].p);
        double fisher =
            json_number_value(json_object_get(entry, "fisher_p_value"));
        assert_true(fabs(fisher / cases[i].fisher - 1) < 1e-9);
        json_decref(results);
        table_destroy(&table);
        free(codes);
    }
}

static void test_crosstab_of_one_row_has_no_test(void **state)
{
    (void)state;
    static const int32_t codes[] = {0, 0, 0, 1, 0, 1};
    struct table table;
    table_create(&table, two_by_two, codes, 3, NULL);
    json_t *results = results_of(&table, ask_two_by_two);
    const json_t *entry = json_array_get(results, 0);
    assert_true(json_is_null(json_object_get(entry, "statistic")));
    assert_true(json_is_null(json_object_get(entry, "p_value")));
    assert_integer(row_of(results, 0, 1), "n", 2);
    assert_integer(row_of(results, 0, 4), "n", 0);
    assert_null(json_object_get(row_of(results, 0, 4), "row_proportion"));
    json_decref(results);
    table_destroy(&table);
}

static void test_crosstab_counts_missing_in_either_once(void **state)
{
    (void)state;
    static const int32_t codes[] = {0, 0, VALUE_MISSING, 1, 0, VALUE_MISSING,
        VALUE_MISSING, VALUE_MISSING, 1, 1};
    struct table table;
    table_create(&table, two_by_two, codes, 5, NULL);
    json_t *results = results_of(&table, ask_two_by_two);
    assert_integer(json_array_get(results, 0), "n", 2);
    assert_integer(json_array_get(results, 0), "missing", 3);
    json_decref(results);
    table_destroy(&table);
}

static void test_crosstab_with_a_hidden_cell_gives_no_test(void **state)
{
    (void)state;
    struct asked asked;
    ask(&asked, &air,
        "{\"analyses\":[{\"crosstab\":{\"rows\":\"month\",\"columns\":"
        "\"hot\"}}]}",
        1);
    json_t *results = asked_finish(&asked, 5);
    const json_t *entry = json_array_get(results, 0);
    assert_suppressed(row_of(results, 0, 1)); /* one hot day in May */
    assert_suppressed(row_of(results, 0, 4)); /* three cool ones in July */
    assert_integer(row_of(results, 0, 0), "n", 30);
    assert_null(json_object_get(row_of(results, 0, 0), "row_proportion"));
    assert_near(row_of(results, 0, 2), "row_proportion", 20.0 / 30.0);
    assert_suppressed(json_object_get(entry, "statistic"));
    assert_null(json_object_get(entry, "p_value"));
    json_decref(results);
    asked_destroy(&asked);
}

static void test_crosstab_withheld_by_one_center_gives_no_test(void **state)
{
    (void)state;
    struct asked asked;
    ask(&asked, &air,
        "{\"analyses\":[{\"crosstab\":{\"rows\":\"hot\",\"columns\":"
        "\"windy\"}}]}",
        1);
    asked_cell(&asked, 0, 1)[CELL_WITHHELD] = 1;
    json_t *results = asked_finish(&asked, 1);
    const json_t *entry = json_array_get(results, 0);
    assert_integer(row_of(results, 0, 1), "centers_withheld", 1);
    assert_suppressed(json_object_get(entry, "statistic"));
    assert_null(json_object_get(entry, "fisher_p_value"));
    assert_null(json_object_get(row_of(results, 0, 0), "row_proportion"));
    json_decref(results);
    asked_destroy(&asked);
}

/* chisq.test(table(gear, cyl), correct = FALSE) of mtcars; and by gear */
static void test_crosstab_and_by_take_integers_of_few_values(void **state)
{
    (void)state;
    static const int32_t codes[] = {6, 4, 6, 4, 4, 4, 6, 3, 8, 3, 6, 3, 8, 3, 4,
        4, 4, 4, 6, 4, 6, 4, 8, 3, 8, 3, 8, 3, 8, 3, 8, 3, 8, 3, 4, 4, 4, 4, 4,
        4, 4, 3, 8, 3, 8, 3, 8, 3, 8, 3, 4, 4, 4, 5, 4, 5, 8, 5, 6, 5, 8, 5, 4,
        4};
    struct table table;
    table_create(&table,
        "{\"id\":\"t\",\"version\":1,\"variables\":[{\"name\":\"cyl\",\"type\":"
        "\"integer\",\"min\":1,\"max\":8},{\"name\":\"gear\",\"type\":"
        "\"integer\",\"min\":0,\"max\":9}]}",
        codes, 32, NULL);
    json_t *results = results_of(&table,
        "{\"analyses\":[{\"crosstab\":{\"rows\":\"gear\",\"columns\":"
        "\"cyl\"}}]}");
    const json_t *entry = json_array_get(results, 0);
    assert_int_equal(json_array_size(json_object_get(entry, "table")), 9);
    assert_text(row_of(results, 0, 2), "row", "3");
    assert_text(row_of(results, 0, 2), "column", "8");
    assert_integer(row_of(results, 0, 2), "n", 12);
    assert_near(entry, "statistic", 18.036363636363635);
    assert_integer(entry, "df", 4);
    json_decref(results);
    results = results_of(&table,
        "{\"by\":[\"gear\"],\"analyses\":[{\"frequency\":{\"variable\":"
        "\"cyl\"}}]}");
    assert_int_equal(json_array_size(results), 3);
    entry = json_array_get(results, 1);
    assert_text(json_object_get(entry, "by"), "gear", "4");
    assert_integer(entry, "n", 12);
    json_decref(results);
    table_destroy(&table);
}

static void test_crosstab_with_wrong_parameters_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "{\"rows\":\"month\",\"columns\":\"month\"}", "{\"rows\":\"month\"}",
        "{\"rows\":\"month\",\"columns\":\"ozone\"}",
        "{\"rows\":[\"month\"],\"columns\":\"hot\"}",
        "{\"rows\":\"month\",\"columns\":\"hot\",\"level\":0.9}"};
    assert_malformed(&air, "crosstab", wrong, sizeof wrong / sizeof wrong[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_crosstab_agrees_with_r),
        cmocka_unit_test(test_crosstab_of_two_by_two_agrees_with_r),
        cmocka_unit_test(test_crosstab_of_one_row_has_no_test),
        cmocka_unit_test(test_crosstab_counts_missing_in_either_once),
        cmocka_unit_test(test_crosstab_with_a_hidden_cell_gives_no_test),
        cmocka_unit_test(test_crosstab_withheld_by_one_center_gives_no_test),
        cmocka_unit_test(test_crosstab_and_by_take_integers_of_few_values),
        cmocka_unit_test(test_crosstab_with_wrong_parameters_is_refused),
    };
    return cmocka_run_group_tests(tests, air_setup, air_teardown);
}
