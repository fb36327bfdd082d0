/* count: rows and people, by both units. */
#include "analysis_fixture.h"

static const char dictionary[] =
    "{\"id\":\"t\",\"version\":1,\"variables\":["
    "{\"name\":\"lvef\",\"type\":\"integer\",\"min\":0,\"max\":100},"
    "{\"name\":\"sex\",\"type\":\"category\",\"categories\":["
    "{\"code\":\"F\"},{\"code\":\"M\"}]}]}";
/* Three people with three, one and two exams. */
static const int32_t codes[] = {20, 0, 40, 0, 60, 0, 50, 1, 30, 0, 55, 1};
static const uint32_t patients[] = {0, 0, 0, 1, 2, 2};

static void check(const char *query, size_t entry, int64_t n, int64_t people)
{
    struct table table;
    for (size_t centers = 1; centers <= 3; centers++) {
        struct asked asked;
        table_create(&table, dictionary, codes, 6, patients);
        ask(&asked, &table, query, centers);
        json_t *results = asked_finish(&asked, 1);
        const json_t *result = json_array_get(results, entry);
        assert_integer(result, "n", n);
        assert_integer(result, "patients", people);
        assert_integer(result, "missing", 0);
        assert_integer(row_of(results, entry, 0), "n", n);
        assert_integer(row_of(results, entry, 0), "patients", people);
        json_decref(results);
        asked_destroy(&asked);
        table_destroy(&table);
    }
}

static void test_count_of_exams_counts_each_row_and_each_person(void **state)
{
    (void)state;
    check("{\"unit\":\"exam\",\"analyses\":[{\"count\":{}}]}", 0, 6, 3);
    check("{\"unit\":\"exam\",\"cohort\":\"lvef >= 40\",\"analyses\":["
          "{\"count\":{}}]}",
        0, 4, 3);
}

static void test_count_of_patients_takes_the_first_exam_that_meets(void **state)
{
    (void)state;
    check("{\"analyses\":[{\"count\":{}}]}", 0, 3, 3);
    check("{\"cohort\":\"lvef > 50\",\"analyses\":[{\"count\":{}}]}", 0, 2, 2);
}

/* One person is a woman in one exam and a man in the other: with exams that
 * person counts in both levels, with patients in that of the first exam. */
static void test_count_by_level_counts_people_of_the_level(void **state)
{
    (void)state;
    check("{\"unit\":\"exam\",\"by\":[\"sex\"],\"analyses\":[{\"count\":{}}]}",
        0, 4, 2);
    check("{\"unit\":\"exam\",\"by\":[\"sex\"],\"analyses\":[{\"count\":{}}]}",
        1, 2, 2);
    check("{\"by\":[\"sex\"],\"analyses\":[{\"count\":{}}]}", 0, 2, 2);
    check("{\"by\":[\"sex\"],\"analyses\":[{\"count\":{}}]}", 1, 1, 1);
}

static void test_count_below_the_limit_is_suppressed(void **state)
{
    (void)state;
    struct table table;
    struct asked asked;
    table_create(&table, dictionary, codes, 6, patients);
    ask(&asked, &table, "{\"unit\":\"exam\",\"analyses\":[{\"count\":{}}]}", 1);
    json_t *results = asked_finish(&asked, 4); /* six rows, three people */
    assert_suppressed(json_array_get(results, 0));
    json_decref(results);
    results = asked_finish(&asked, 3);
    assert_integer(json_array_get(results, 0), "n", 6);
    json_decref(results);
    asked_destroy(&asked);
    table_destroy(&table);
}

static void test_count_with_a_parameter_is_malformed(void **state)
{
    (void)state;
    struct table table;
    table_create(&table, dictionary, codes, 6, patients);
    assert_int_equal(
        plan_status(&table,
            "{\"analyses\":[{\"count\":{\"variable\":\"sex\"}}]}", NULL),
        STATUS_MALFORMED);
    table_destroy(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_count_of_exams_counts_each_row_and_each_person),
        cmocka_unit_test(
            test_count_of_patients_takes_the_first_exam_that_meets),
        cmocka_unit_test(test_count_by_level_counts_people_of_the_level),
        cmocka_unit_test(test_count_below_the_limit_is_suppressed),
        cmocka_unit_test(test_count_with_a_parameter_is_malformed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
