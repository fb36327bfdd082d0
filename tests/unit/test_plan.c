/* The layout that all parties derive, and the vectors that they refuse. */
#include "analysis_fixture.h"

static const char query[] =
    "{\"cohort\":\"temp >= 60\",\"by\":[\"hot\",\"month\"],\"analyses\":["
    "{\"count\":{}},{\"summary\":{\"variables\":[\"ozone\",\"wind\"]}},"
    "{\"frequency\":{\"variable\":\"windy\"}}]}";

static void test_plan_create_lays_segments_end_to_end(void **state)
{
    (void)state;
    struct asked asked;
    ask(&asked, &air, query, 1);
    const struct plan *plan = asked.plan;
    size_t at = PLAN_HEAD, fact = 0;
    assert_int_equal(plan->level_count, 10);
    assert_int_equal(plan->segment_count, 30);
    for (size_t i = 0; i < plan->segment_count; i++) {
        const struct segment *segment = &plan->segments[i];
        assert_int_equal(segment->analysis, i / 10);
        assert_int_equal(segment->level, i % 10);
        assert_int_equal(segment->first, at);
        assert_int_equal(segment->first_fact, fact);
        at += plan->shapes[segment->analysis].length;
        fact += plan->shapes[segment->analysis].fact_count;
    }
    assert_int_equal(plan->vector_length, at);
    assert_int_equal(plan->fact_count, fact);
    assert_int_equal(
        at, PLAN_HEAD + 10 * (SEGMENT_HEAD + SEGMENT_HEAD + 2 * MOMENTS_CELL +
                                 SEGMENT_HEAD + 3 * COUNTS_CELL));
    asked_destroy(&asked);
}

static void test_plan_level_of_last_variable_changes_fastest(void **state)
{
    (void)state;
    struct asked asked;
    ask(&asked, &air, query, 1);
    for (size_t level = 0; level < 10; level++) {
        assert_int_equal(plan_level_of(asked.plan, level, 0), level / 5);
        assert_int_equal(plan_level_of(asked.plan, level, 1), level % 5);
    }
    json_t *results = asked_finish(&asked, 1);
    const json_t *by = json_object_get(json_array_get(results, 27), "by");
    assert_text(by, "hot", "true");
    assert_text(by, "month", "7");
    json_decref(results);
    asked_destroy(&asked);
}

static void mark(void *arg, size_t variable)
{
    ((bool *)arg)[variable] = true;
}

static void test_plan_visit_variables_misses_none(void **state)
{
    (void)state;
    struct asked asked;
    bool seen[AIR_VARIABLES] = {false};
    ask(&asked, &air, query, 1);
    plan_visit_variables(asked.plan, mark, seen);
    for (size_t v = 0; v < AIR_VARIABLES; v++)
        assert_true(seen[v]);
    asked_destroy(&asked);
}

static void test_plan_create_unknown_analysis_names_the_nearest(void **state)
{
    (void)state;
    char message[1024];
    assert_int_equal(
        plan_status(&air, "{\"analyses\":[{\"sumary\":{}}]}", message),
        STATUS_UNKNOWN_NAME);
    assert_non_null(strstr(message, "'summary'"));
    assert_int_equal(
        plan_status(&air, "{\"analyses\":[{\"zzz\":{}}]}", message),
        STATUS_UNKNOWN_NAME);
}

/* Refused before anything is allocated for it. */
static void test_plan_create_too_long_is_too_large(void **state)
{
    (void)state;
    struct table table;
    char dictionary[16384], *at = dictionary;
    at += sprintf(at, "{\"id\":\"t\",\"version\":1,\"variables\":["
                      "{\"name\":\"x\",\"type\":\"integer\",\"min\":0,"
                      "\"max\":30000}");
    for (int v = 0; v < 2; v++) {
        at += sprintf(at,
            ",{\"name\":\"by%d\",\"type\":\"category\",\"categories\":[", v);
        for (int i = 0; i < 8; i++)
            at += sprintf(at, "%s{\"code\":\"c%d\"}", i > 0 ? "," : "", i);
        at += sprintf(at, "]}");
    }
    sprintf(at, "]}");
    table_create(&table, dictionary, NULL, 0, NULL);
    assert_int_equal(
        plan_status(&table,
            "{\"by\":[\"by0\",\"by1\"],\"analyses\":[{\"count\":{}}]}", NULL),
        STATUS_OK);
    assert_int_equal(
        plan_status(&table,
            "{\"by\":[\"by0\"],\"analyses\":[{\"quantile\":{\"variable\":\"x\","
            "\"probs\":[0.5]}}]}",
            NULL),
        STATUS_TOO_LARGE);
    char message[1024];
    assert_int_equal(
        plan_status(&table,
            "{\"analyses\":[{\"count\":{}},{\"quantile\":{\"variable\":\"x\","
            "\"probs\":[0.5]}},{\"quantile\":{\"variable\":\"x\",\"probs\":"
            "[0.5]}},{\"quantile\":{\"variable\":\"x\",\"probs\":[0.1]}}]}",
            message),
        STATUS_TOO_LARGE);
    assert_non_null(strstr(message,
        "'quantile' (number 4) takes 90007 numbers and those before it 180018, "
        "and an answer has at most 196608: leave it out"));
    table_destroy(&table);
}

static void test_plan_check_vector_wrong_length_is_malformed(void **state)
{
    (void)state;
    struct asked asked;
    ask(&asked, &air, query, 1);
    asked.sum.length--;
    json_t *results = NULL;
    assert_int_equal(
        plan_check_vector(asked.plan, &asked.sum), STATUS_MALFORMED);
    assert_int_equal(
        plan_finish(asked.plan, &asked.sum, 1, &results), STATUS_MALFORMED);
    assert_null(results);
    asked.sum.length++;
    asked_destroy(&asked);
}

/* One lie at a time about one segment of a summary. */
static void test_plan_check_vector_small_lies_are_out_of_range(void **state)
{
    (void)state;
    struct asked asked;
    ask(&asked, &air,
        "{\"analyses\":[{\"summary\":{\"variables\":[\"temp\"]}}]}", 1);
    int128 *head = asked.sum.elements + PLAN_HEAD,
           *cell = asked_cell(&asked, 0, 0);
    const struct {
        int128 *at;
        int128 value;
    } lies[] = {
        {&head[HEAD_ROWS], -1},
        {&head[HEAD_PEOPLE], head[HEAD_ROWS] + 1},
        {&head[HEAD_RELEASED], 2},
        {&head[HEAD_RELEASED], 0},
        {&head[HEAD_WITHHELD], 1},
        {&cell[CELL_PEOPLE], cell[CELL_ROWS] + 1},
        {&cell[CELL_WITHHELD], 2},
        {&cell[CELL_SUM], cell[CELL_ROWS] * 100 + 1},
        {&cell[CELL_SUM], -cell[CELL_ROWS] * 100 - 1},
        {&cell[CELL_SQUARES], -1},
        {&cell[CELL_SQUARES], cell[CELL_ROWS] * 100 * 100 + 1},
        /* fewer squares than sum^2 / n: a negative variance */
        {&cell[CELL_SQUARES],
            cell[CELL_SUM] * cell[CELL_SUM] / cell[CELL_ROWS] - 1},
    };
    assert_int_equal(plan_check_vector(asked.plan, &asked.sum), STATUS_OK);
    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        int128 kept = *lies[i].at;
        *lies[i].at = lies[i].value;
        if (plan_check_vector(asked.plan, &asked.sum) != STATUS_OUT_OF_RANGE)
            fail_msg("lie %zu was believed", i);
        *lies[i].at = kept;
    }
    asked_destroy(&asked);
}

static void test_plan_finish_says_how_many_centers_withheld(void **state)
{
    (void)state;
    struct asked asked;
    ask(&asked, &air, "{\"analyses\":[{\"count\":{}}]}", 4);
    json_t *results = asked_finish(&asked, 11);
    assert_null(
        json_object_get(json_array_get(results, 0), "centers_withheld"));
    json_decref(results);
    asked.sum.elements[PLAN_HEAD + HEAD_RELEASED] = 3;
    asked.sum.elements[PLAN_HEAD + HEAD_WITHHELD] = 1;
    results = asked_finish(&asked, 11);
    assert_integer(json_array_get(results, 0), "centers_released", 3);
    assert_integer(json_array_get(results, 0), "centers_withheld", 1);
    json_decref(results);
    memset(asked.sum.elements, 0, asked.sum.length * sizeof(int128));
    asked.sum.elements[PLAN_HEAD + HEAD_WITHHELD] = 4;
    results = asked_finish(&asked, 11);
    assert_suppressed(json_array_get(results, 0));
    json_decref(results);
    asked_destroy(&asked);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plan_create_lays_segments_end_to_end),
        cmocka_unit_test(test_plan_level_of_last_variable_changes_fastest),
        cmocka_unit_test(test_plan_visit_variables_misses_none),
        cmocka_unit_test(test_plan_create_unknown_analysis_names_the_nearest),
        cmocka_unit_test(test_plan_create_too_long_is_too_large),
        cmocka_unit_test(test_plan_check_vector_wrong_length_is_malformed),
        cmocka_unit_test(test_plan_check_vector_small_lies_are_out_of_range),
        cmocka_unit_test(test_plan_finish_says_how_many_centers_withheld),
    };
    return cmocka_run_group_tests(tests, air_setup, air_teardown);
}
