/* correlation: Pearson's, from exact sums. */
#include <math.h>

#include "analysis_fixture.h"

static struct table air;

static int setup(void **state)
{
    (void)state;
    table_airquality(&air);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    table_destroy(&air);
    return 0;
}

static const char question[] =
    "{\"analyses\":[{\"correlation\":{\"variables\":[\"ozone\",\"wind\","
    "\"temp\"]}}]}";

/* cor.test() of the days that have all three */
static void test_correlation_agrees_with_r(void **state)
{
    (void)state;
    static const struct {
        const char *row, *column;
        double estimate, conf_low, conf_high, statistic, p_value;
    } expected[] = {
        {"ozone", "wind", -0.60154652988895019, -0.70639179044186529,
            -0.47087128274284346, -8.0401298804376076, 9.2719739039380942e-13},
        {"ozone", "temp", 0.6983603421509319, 0.59133396618094392,
            0.78121105675917146, 10.417724180987497, 2.9318965924778777e-18},
        {"wind", "temp", -0.51107498777211557, -0.63429005860732557,
            -0.36253882839976564, -6.348526203455334, 4.5723725159605326e-09},
    };
    json_t *results = results_of(&air, question);
    for (size_t i = 0; i < 3; i++) {
        const json_t *row = row_of(results, 0, i);
        assert_text(row, "row", expected[i].row);
        assert_text(row, "column", expected[i].column);
        assert_near(row, "estimate", expected[i].estimate);
        assert_near(row, "conf_low", expected[i].conf_low);
        assert_near(row, "conf_high", expected[i].conf_high);
        assert_near(row, "statistic", expected[i].statistic);
        assert_near(row, "p_value", expected[i].p_value);
        assert_integer(row, "n", 116);
    }
    assert_integer(json_array_get(results, 0), "missing", 37);
    json_decref(results);
}

static void test_correlation_sums_are_the_same_bytes_at_any_split(void **state)
{
    (void)state;
    struct asked whole;
    ask(&whole, &air, question, 1);
    for (size_t centers = 2; centers <= 13; centers++) {
        struct asked split;
        ask(&split, &air, question, centers);
        assert_memory_equal(asked_cell(&split, 0, 0), asked_cell(&whole, 0, 0),
            1 * table_cell_length(&whole.plan->shapes[0].tables[0]) *
                sizeof(int128));
        asked_destroy(&split);
    }
    asked_destroy(&whole);
}

static void test_correlation_with_too_few_people_is_suppressed(void **state)
{
    (void)state;
    struct asked asked;
    ask(&asked, &air, question, 2);
    json_t *results = asked_finish(&asked, 117);
    assert_suppressed(json_array_get(results, 0));
    json_decref(results);
    asked_destroy(&asked);
}

static void test_correlation_with_mistakes_is_refused(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"{\"variables\":[\"ozone\"]}", "two variables"},
        {"{\"variables\":[\"ozone\",\"month\"]}", "categories"},
        {"{\"variables\":[]}", "at least one"}};
    char query[512], message[1024];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        snprintf(query, sizeof query, "{\"analyses\":[{\"correlation\":%s}]}",
            cases[i][0]);
        assert_int_not_equal(plan_status(&air, query, message), STATUS_OK);
        if (strstr(message, cases[i][1]) == NULL)
            fail_msg("%s: %s", cases[i][0], message);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_correlation_agrees_with_r),
        cmocka_unit_test(test_correlation_sums_are_the_same_bytes_at_any_split),
        cmocka_unit_test(test_correlation_with_too_few_people_is_suppressed),
        cmocka_unit_test(test_correlation_with_mistakes_is_refused),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
