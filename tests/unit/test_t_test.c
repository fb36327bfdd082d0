/* t_test: two means, by Welch's test. */
#include <math.h>

#include "analysis_fixture.h"

static const char question[] =
    "{\"analyses\":[{\"t_test\":{\"formula\":\"ozone ~ hot\"}}]}";

/* t.test(ozone ~ hot) */
static void test_t_test_agrees_with_r(void **state)
{
    (void)state;
    json_t *results = results_of(&air, question);
    const json_t *entry = json_array_get(results, 0);
    assert_near(entry, "estimate", -41.196535244922345);
    assert_near(entry, "conf_low", -51.15615379312527);
    assert_near(entry, "conf_high", -31.23691669671943);
    assert_near(entry, "statistic", -8.2347323245379709);
    assert_near(entry, "df", 78.073045933285343);
    assert_near(entry, "p_value", 3.2806334496975579e-12);
    assert_integer(entry, "n", 116);
    assert_integer(entry, "missing", 37);
    const json_t *row = row_of(results, 0, 0);
    assert_text(row, "group", "false");
    assert_integer(row, "n", 62);
    assert_near(row, "mean", 22.951612903225808);
    assert_near(row, "sd", 17.472627228723479);
    row = row_of(results, 0, 1);
    assert_integer(row, "n", 54);
    assert_near(row, "mean", 64.148148148148152);
    assert_near(row, "sd", 32.948448818188815);
    json_decref(results);
}

static void test_t_test_sums_are_the_same_bytes_at_any_split(void **state)
{
    (void)state;
    assert_same_bytes_at_any_split(&air, question);
}

static void test_t_test_with_too_few_people_is_suppressed(void **state)
{
    (void)state;
    assert_all_suppressed(&air, question, 55);
}

static void test_t_test_with_mistakes_is_refused(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"{\"formula\":\"ozone ~ wind\"}", "two levels"},
        {"{\"formula\":\"ozone ~ month\"}", "two levels"},
        {"{\"formula\":\"ozone ~ hot + windy\"}", "two levels"},
        {"{\"formula\":\"ozone ~ 0 + hot\"}", "two levels"}, {"{}", "formula"}};
    assert_refused(&air, "t_test", cases, sizeof cases / sizeof cases[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_t_test_agrees_with_r),
        cmocka_unit_test(test_t_test_sums_are_the_same_bytes_at_any_split),
        cmocka_unit_test(test_t_test_with_too_few_people_is_suppressed),
        cmocka_unit_test(test_t_test_with_mistakes_is_refused),
    };
    return cmocka_run_group_tests(tests, air_setup, air_teardown);
}
