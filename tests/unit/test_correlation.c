/* correlation: Pearson's, from exact sums. */
#include <math.h>

#include "analysis_fixture.h"

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
    assert_same_bytes_at_any_split(&air, question);
}

static void test_correlation_with_too_few_people_is_suppressed(void **state)
{
    (void)state;
    assert_all_suppressed(&air, question, 117);
}

static void test_correlation_with_mistakes_is_refused(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"{\"variables\":[\"ozone\"]}", "two variables"},
        {"{\"variables\":[\"ozone\",\"month\"]}", "categories"},
        {"{\"variables\":[]}", "at least one"}};
    assert_refused(&air, "correlation", cases, sizeof cases / sizeof cases[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_correlation_agrees_with_r),
        cmocka_unit_test(test_correlation_sums_are_the_same_bytes_at_any_split),
        cmocka_unit_test(test_correlation_with_too_few_people_is_suppressed),
        cmocka_unit_test(test_correlation_with_mistakes_is_refused),
    };
    return cmocka_run_group_tests(tests, air_setup, air_teardown);
}
