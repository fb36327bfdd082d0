/* frequency: levels, shares and Wilson's interval. */
#include "analysis_fixture.h"

static const char query[] =
    "{\"cohort\":\"not ozone is missing\",\"analyses\":[{\"frequency\":"
    "{\"variable\":\"month\"}}]}";

/* m <- Month[!is.na(Ozone)]; table(m)
 * prop.test(sum(m == i), 116, correct = FALSE)$conf.int */
static void test_frequency_agrees_with_r(void **state)
{
    (void)state;
    static const struct {
        const char *level;
        int64_t n;
        double low, high;
    } expected[] = {
        {"5", 26, 0.15779761353649716, 0.30816349349778627},
        {"6", 9, 0.041353282646890754, 0.14089966249935573},
        {"7", 26, 0.15779761353649716, 0.30816349349778627},
        {"8", 26, 0.15779761353649716, 0.30816349349778627},
        {"9", 29, 0.18007494444227512, 0.33595230880754423},
    };
    json_t *results = results_of(&air, query);
    for (size_t i = 0; i < 5; i++) {
        const json_t *row = row_of(results, 0, i);
        assert_text(row, "level", expected[i].level);
        assert_integer(row, "n", expected[i].n);
        assert_near(row, "proportion", (double)expected[i].n / 116);
        assert_near(row, "conf_low", expected[i].low);
        assert_near(row, "conf_high", expected[i].high);
    }
    assert_integer(json_array_get(results, 0), "n", 116);
    json_decref(results);
}

/* prop.test(31, 153, conf.level = 0.9, correct = FALSE)$conf.int */
static void test_frequency_at_another_level_agrees_with_r(void **state)
{
    (void)state;
    json_t *results = results_of(&air,
        "{\"analyses\":[{\"frequency\":{\"variable\":\"month\",\"level\":0.9}}]}");
    assert_near(row_of(results, 0, 0), "conf_low", 0.15454639869844597);
    assert_near(row_of(results, 0, 0), "conf_high", 0.26101711958548518);
    json_decref(results);
}

static void test_frequency_leaves_missing_out_of_the_share(void **state)
{
    (void)state;
    static const int32_t codes[] = {0, 0, 1, VALUE_MISSING, VALUE_MISSING};
    struct table table;
    table_create(&table,
        "{\"id\":\"t\",\"version\":1,\"variables\":[{\"name\":\"b\",\"type\":"
        "\"boolean\"}]}",
        codes, 5, NULL);
    json_t *results = results_of(
        &table, "{\"analyses\":[{\"frequency\":{\"variable\":\"b\"}}]}");
    assert_text(row_of(results, 0, 0), "level", "false");
    assert_near(row_of(results, 0, 0), "proportion", 2.0 / 3.0);
    assert_integer(json_array_get(results, 0), "n", 3);
    assert_integer(json_array_get(results, 0), "missing", 2);
    json_decref(results);
    table_destroy(&table);
}

/* table(carb); prop.test(10, 32, correct = FALSE)$conf.int */
static void test_frequency_of_an_integer_counts_the_values_that_occur(
    void **state)
{
    (void)state;
    static const int32_t codes[] = {4, 4, 1, 1, 2, 1, 4, 2, 2, 4, 4, 3, 3, 3, 4,
        4, 4, 1, 2, 1, 1, 2, 2, 4, 2, 1, 2, 2, 4, 6, 8, 2};
    static const int64_t expected[][2] = {
        {1, 7}, {2, 10}, {3, 3}, {4, 10}, {6, 1}, {8, 1}};
    struct table table;
    table_create(&table,
        "{\"id\":\"t\",\"version\":1,\"variables\":[{\"name\":\"carb\","
        "\"type\":\"integer\",\"min\":-2,\"max\":9}]}",
        codes, 32, NULL);
    json_t *results = results_of(
        &table, "{\"analyses\":[{\"frequency\":{\"variable\":\"carb\"}}]}");
    const json_t *entry = json_array_get(results, 0);
    assert_int_equal(json_array_size(json_object_get(entry, "table")), 6);
    for (size_t i = 0; i < 6; i++) {
        char level[8];
        sprintf(level, "%d", (int)expected[i][0]);
        assert_text(row_of(results, 0, i), "level", level);
        assert_integer(row_of(results, 0, i), "n", expected[i][1]);
    }
    assert_near(row_of(results, 0, 1), "conf_low", 0.17952541633609737);
    assert_near(row_of(results, 0, 1), "conf_high", 0.48566678300955407);
    json_decref(results);
    table_destroy(&table);
}

/* prop.test(0, 10, correct = FALSE)$conf.int: 0 and 0.2775328 */
static void test_frequency_of_nobody_and_of_all_ends_at_0_and_1(void **state)
{
    (void)state;
    static const int32_t codes[] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    struct table table;
    table_create(&table,
        "{\"id\":\"t\",\"version\":1,\"variables\":[{\"name\":\"b\",\"type\":"
        "\"boolean\"}]}",
        codes, 10, NULL);
    json_t *results = results_of(
        &table, "{\"analyses\":[{\"frequency\":{\"variable\":\"b\"}}]}");
    const json_t *all = row_of(results, 0, 0), *none = row_of(results, 0, 1);
    assert_true(json_real_value(json_object_get(none, "conf_low")) == 0.0);
    assert_near(none, "conf_high", 0.27753279986288915);
    assert_true(json_real_value(json_object_get(all, "conf_high")) == 1.0);
    json_decref(results);
    table_destroy(&table);
}

static void test_frequency_of_a_small_level_is_suppressed(void **state)
{
    (void)state;
    struct asked asked;
    ask(&asked, &air, query, 1);
    json_t *results = asked_finish(&asked, 10);
    assert_suppressed(row_of(results, 0, 1)); /* June: 9 */
    assert_integer(row_of(results, 0, 0), "n", 26);
    json_decref(results);
    asked_destroy(&asked);
}

static void test_frequency_withheld_by_one_center_says_so(void **state)
{
    (void)state;
    struct asked asked;
    ask(&asked, &air, query, 1);
    int128 *cell = asked_cell(&asked, 0, 2);
    cell[CELL_ROWS] = cell[CELL_PEOPLE] = 20;
    cell[CELL_WITHHELD] = 1;
    json_t *results = asked_finish(&asked, 1);
    assert_integer(row_of(results, 0, 2), "n", 20);
    assert_integer(row_of(results, 0, 2), "centers_withheld", 1);
    for (size_t i = 0; i < 5; i++) /* shares would be of an unknown whole */
        assert_null(json_object_get(row_of(results, 0, i), "proportion"));
    cell[CELL_ROWS] = cell[CELL_PEOPLE] = 0;
    json_decref(results);
    results = asked_finish(&asked, 1);
    assert_suppressed(row_of(results, 0, 2));
    json_decref(results);
    asked_destroy(&asked);
}

static void test_frequency_with_wrong_parameters_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {"{\"variable\":\"ozone\"}",
        "{\"variables\":[\"month\"]}", "{}", "{\"variable\":1}",
        "{\"variable\":\"month\",\"level\":1}",
        "{\"variable\":\"month\",\"level\":0}",
        "{\"variable\":\"month\",\"level\":\"high\"}"};
    assert_malformed(&air, "frequency", wrong, sizeof wrong / sizeof wrong[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_frequency_agrees_with_r),
        cmocka_unit_test(test_frequency_at_another_level_agrees_with_r),
        cmocka_unit_test(test_frequency_leaves_missing_out_of_the_share),
        cmocka_unit_test(
            test_frequency_of_an_integer_counts_the_values_that_occur),
        cmocka_unit_test(test_frequency_of_nobody_and_of_all_ends_at_0_and_1),
        cmocka_unit_test(test_frequency_of_a_small_level_is_suppressed),
        cmocka_unit_test(test_frequency_withheld_by_one_center_says_so),
        cmocka_unit_test(test_frequency_with_wrong_parameters_is_refused),
    };
    return cmocka_run_group_tests(tests, air_setup, air_teardown);
}
