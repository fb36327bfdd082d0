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

static const char two_variables[] =
    "{\"analyses\":[{\"t_test\":{\"paired\":true,\"variables\":[\"ozone\","
    "\"temp\"]}}]}";

/* t.test(Ozone, Temp, paired = TRUE) */
static void test_t_test_of_two_variables_agrees_with_r(void **state)
{
    (void)state;
    json_t *results = results_of(&air, two_variables);
    const json_t *entry = json_array_get(results, 0);
    assert_near(entry, "estimate", -35.741379310344826);
    assert_near(entry, "conf_low", -40.748190626713338);
    assert_near(entry, "conf_high", -30.734567993976313);
    assert_near(entry, "statistic", -14.140096199737725);
    assert_near(entry, "df", 115);
    assert_near(entry, "p_value", 6.4423205898122452e-27);
    assert_integer(entry, "n", 116);
    assert_integer(entry, "patients", 116);
    assert_integer(entry, "missing", 37);
    assert_text(row_of(results, 0, 0), "group", "ozone - temp");
    assert_near(row_of(results, 0, 0), "sd", 27.223749442961257);
    json_decref(results);
    assert_same_bytes_at_any_split(&air, two_variables);
    assert_all_suppressed(&air, two_variables, 117);
}

/* Seven people: of one exam, of two, of three, with missing values between and
 * in the way. t.test(c(10, 20, 35, 8, 14), c(12, 18, 30, 9, 20), paired = TRUE)
 */
static void test_t_test_of_first_and_next_exam_agrees_with_r(void **state)
{
    (void)state;
    static const char dictionary[] =
        "{\"id\":\"made\",\"version\":1,\"variables\":[{\"name\":\"x\",\"type\":"
        "\"integer\",\"min\":0,\"max\":99}]}";
    static const char question_of_exams[] =
        "{\"unit\":\"exam\",\"analyses\":[{\"t_test\":{\"paired\":true,"
        "\"variables\":[\"x\"]}}]}";
    static const int32_t codes[] = {10, 12, 7, 20, 18, 99, 35, VALUE_MISSING,
        30, 1, VALUE_MISSING, 8, 9, VALUE_MISSING, 14, VALUE_MISSING, 20};
    static const uint32_t patients[] = {
        0, 0, 1, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 5, 6, 6, 6};
    struct table table;
    table_create(&table, dictionary, codes, 17, patients);
    json_t *results = results_of(&table, question_of_exams);
    const json_t *entry = json_array_get(results, 0);
    assert_integer(entry, "n", 5);
    assert_integer(entry, "patients", 5);
    assert_integer(entry, "missing", 4);
    assert_near(entry, "estimate", -0.4);
    assert_near(entry, "statistic", -0.21504133222818816);
    assert_near(entry, "df", 4);
    assert_near(entry, "p_value", 0.84025413769120227);
    assert_near(entry, "conf_low", -5.5644864295234315);
    assert_near(entry, "conf_high", 4.7644864295234308);
    assert_text(row_of(results, 0, 0), "group", "x, first - next exam");
    json_decref(results);
    assert_same_bytes_at_any_split(&table, question_of_exams);
    assert_all_suppressed(&table, question_of_exams, 6);
    table_destroy(&table);
}

static void test_t_test_with_mistakes_is_refused(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"{\"formula\":\"ozone ~ wind\"}", "two levels"},
        {"{\"formula\":\"ozone ~ month\"}", "two levels"},
        {"{\"formula\":\"ozone ~ hot + windy\"}", "two levels"},
        {"{\"formula\":\"ozone ~ 0 + hot\"}", "two levels"}, {"{}", "formula"},
        {"{\"paired\":true,\"variables\":[\"ozone\"]}", "unit is \"exam\""},
        {"{\"paired\":true,\"variables\":[\"ozone\",\"temp\",\"wind\"]}",
            "two variables"},
        {"{\"paired\":true,\"variables\":[\"ozone\",\"hot\"]}", "number"},
        {"{\"paired\":true}", "variables"},
        {"{\"paired\":true,\"formula\":\"ozone ~ hot\"}", "formula"},
        {"{\"paired\":false,\"variables\":[\"ozone\",\"temp\"]}", "is true"}};
    assert_refused(&air, "t_test", cases, sizeof cases / sizeof cases[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_t_test_agrees_with_r),
        cmocka_unit_test(test_t_test_sums_are_the_same_bytes_at_any_split),
        cmocka_unit_test(test_t_test_with_too_few_people_is_suppressed),
        cmocka_unit_test(test_t_test_of_two_variables_agrees_with_r),
        cmocka_unit_test(test_t_test_of_first_and_next_exam_agrees_with_r),
        cmocka_unit_test(test_t_test_with_mistakes_is_refused),
    };
    return cmocka_run_group_tests(tests, air_setup, air_teardown);
}
