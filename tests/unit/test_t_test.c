/* t_test: two means, by Welch's test. */
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
    struct asked whole;
    ask(&whole, &air, question, 1);
    for (size_t centers = 2; centers <= 13; centers++) {
        struct asked split;
        ask(&split, &air, question, centers);
        assert_memory_equal(asked_cell(&split, 0, 0), asked_cell(&whole, 0, 0),
            2 * table_cell_length(&whole.plan->shapes[0].tables[0]) *
                sizeof(int128));
        asked_destroy(&split);
    }
    asked_destroy(&whole);
}

static void test_t_test_with_too_few_people_is_suppressed(void **state)
{
    (void)state;
    struct asked asked;
    ask(&asked, &air, question, 2);
    json_t *results = asked_finish(&asked, 55);
    assert_suppressed(json_array_get(results, 0));
    json_decref(results);
    asked_destroy(&asked);
}

static void test_t_test_with_mistakes_is_refused(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"{\"formula\":\"ozone ~ wind\"}", "two levels"},
        {"{\"formula\":\"ozone ~ month\"}", "two levels"},
        {"{\"formula\":\"ozone ~ hot + windy\"}", "two levels"},
        {"{\"formula\":\"ozone ~ 0 + hot\"}", "two levels"}, {"{}", "formula"}};
    char query[512], message[1024];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        snprintf(query, sizeof query, "{\"analyses\":[{\"t_test\":%s}]}",
            cases[i][0]);
        assert_int_not_equal(plan_status(&air, query, message), STATUS_OK);
        if (strstr(message, cases[i][1]) == NULL)
            fail_msg("%s: %s", cases[i][0], message);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_t_test_agrees_with_r),
        cmocka_unit_test(test_t_test_sums_are_the_same_bytes_at_any_split),
        cmocka_unit_test(test_t_test_with_too_few_people_is_suppressed),
        cmocka_unit_test(test_t_test_with_mistakes_is_refused),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
