/* The signed answer: provenance, order of members, and the results alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "coordinator/report.h"
#include "coordinator/result.h"
#include "protocol/wire/json_text.h"

#include "coordinator_fixture.h"

static int setup(void **state)
{
    struct fixture *fixture = malloc(sizeof *fixture);
    fixture_create(fixture);
    fixture_open_ready(fixture);
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    fixture_destroy(fixture);
    free(fixture);
    return 0;
}

static json_t *answer(struct fixture *fixture, uint32_t rows)
{
    struct buffer query;
    struct digest id;
    fixture_make_query(fixture, &query, &id, 20);
    fixture_submit_query(fixture, &query);
    for (size_t i = 0; i < CENTERS; i++)
        fixture_answer(fixture, i, rows);
    buffer_fini(&query);
    return fixture_result(fixture);
}

static void test_write_puts_members_in_the_fixed_order(void **state)
{
    static const char *const order[] = {"cohortium", "version", "query_id",
        "study_id", "study", "roster_id", "dictionary_id", "session_id",
        "question", "created", "software", "privacy", "unit", "cohort", "by",
        "variables", "limits", "withheld", "centers", "center_report",
        "freezes", "results"};
    json_t *result = answer(*state, 50);
    const char *key;
    json_t *value;
    size_t at = 0;
    json_object_foreach(result, key, value)
    {
        assert_true(at < sizeof order / sizeof order[0]);
        assert_string_equal(key, order[at++]);
    }
    assert_int_equal(at, sizeof order / sizeof order[0]);
    json_decref(result);
}

static void assert_text(
    const json_t *object, const char *key, const char *expected)
{
    const char *text = json_string_value(json_object_get(object, key));
    assert_non_null(text);
    assert_string_equal(text, expected);
}

static void test_write_says_where_it_comes_from(void **state)
{
    struct fixture *fixture = *state;
    char study[DIGEST_TEXT], dictionary[DIGEST_TEXT], roster[DIGEST_TEXT];
    json_t *result = answer(fixture, 50);
    digest_to_text(study, &fixture->study_id);
    digest_to_text(dictionary, &fixture->cast.dictionary->digest);
    digest_to_text(roster, &fixture->roster_id);
    assert_text(result, "cohortium", "result");
    assert_text(result, "study_id", study);
    assert_text(result, "study", "first");
    assert_text(result, "dictionary_id", dictionary);
    assert_text(result, "roster_id", roster);
    assert_text(result, "created", "2027-01-15T08:00:00Z");
    assert_text(result, "privacy", "plain");
    assert_text(result, "unit", "patient");
    assert_text(result, "cohort", "age >= 20");
    const json_t *by = json_object_get(result, "by");
    assert_int_equal(json_array_size(by), 1);
    assert_string_equal(json_string_value(json_array_get(by, 0)), "sex");
    assert_int_equal(json_integer_value(json_object_get(
                         json_object_get(result, "limits"), "min_cell")),
        5);
    json_decref(result);
}

static bool is_suppressed(const json_t *result, size_t entry)
{
    const json_t *results = json_object_get(result, "results");
    return json_is_true(
        json_object_get(json_array_get(results, entry), "suppressed"));
}

static void test_write_suppresses_a_sum_below_the_limit(void **state)
{
    struct fixture *fixture = *state;
    struct buffer query;
    fixture_make_query(fixture, &query, NULL, 20);
    fixture_submit_query(fixture, &query);
    fixture_answer(fixture, 0, 9); /* five women, four men */
    for (size_t i = 1; i < CENTERS; i++)
        fixture_answer(fixture, i, 0);
    json_t *result = fixture_result(fixture);
    assert_false(is_suppressed(result, 0));
    assert_true(is_suppressed(result, 1));
    json_decref(result);
    buffer_fini(&query);
}

static void test_center_report_lists_by_state(void **state)
{
    (void)state;
    struct buffer text;
    buffer_init(&text, 4096);
    json_t *report = center_report_create();
    assert_int_equal(center_report_add(report, "a", REPLY_ANSWERED), STATUS_OK);
    assert_int_equal(center_report_add(report, "b", REPLY_REFUSED), STATUS_OK);
    assert_int_equal(center_report_add(report, "c", REPLY_ABSENT), STATUS_OK);
    assert_int_equal(center_report_add(report, "d", REPLY_ASKED), STATUS_OK);
    assert_int_equal(
        json_text_append(&text, report, RESULT_JSON_FLAGS), STATUS_OK);
    assert_string_equal(buffer_text(&text),
        "{\"asked\":[\"a\",\"b\",\"c\",\"d\"],\"answered\":[\"a\"],"
        "\"refused\":[\"b\"],\"absent\":[\"c\"]}");
    json_decref(report);
    buffer_fini(&text);
}

static void test_json_text_append_past_the_limit_leaves_the_buffer(void **state)
{
    (void)state;
    struct buffer text;
    buffer_init(&text, 8);
    json_t *value = json_string("more than eight bytes");
    assert_int_equal(
        json_text_append(&text, value, JSON_ENCODE_ANY), STATUS_TOO_LARGE);
    assert_int_equal(text.size, 0);
    json_decref(value);
    buffer_fini(&text);
}

static void test_json_time_of_never_is_null(void **state)
{
    (void)state;
    json_t *never = json_time(0), *once = json_time(NOW);
    assert_true(json_is_null(never));
    assert_string_equal(json_string_value(once), "2027-01-15T08:00:00Z");
    json_decref(never);
    json_decref(once);
}

/* The report on queries. */

static void test_report_write_drops_queries_to_fit(void **state)
{
    struct fixture *fixture = *state;
    struct buffer text;
    struct catalog *catalog = NULL;
    buffer_init(&text, BUFFER_LIMIT_DEFAULT);
    for (int i = 0; i < 8; i++) {
        struct buffer query;
        fixture_make_query(fixture, &query, NULL, 20 + i);
        fixture_submit_query(fixture, &query);
        buffer_fini(&query);
    }
    assert_int_equal(catalog_load(&catalog, fixture->ledger,
                         fixture->cast.dictionary, fixture->now.wall),
        STATUS_OK);
    const struct report_request request = {
        .ledger = fixture->ledger, .catalog = catalog, .query_limit = 8};
    assert_int_equal(report_write(&text, &request, 100000), STATUS_OK);
    size_t full = text.size;
    buffer_clear(&text);
    assert_int_equal(report_write(&text, &request, full - 1), STATUS_OK);
    assert_true(text.size < full);
    json_t *report = json_loadb((const char *)text.data, text.size, 0, NULL);
    assert_int_equal(json_array_size(json_object_get(report, "queries")), 4);
    json_decref(report);
    assert_int_equal(report_write(&text, &request, 10), STATUS_TOO_LARGE);
    catalog_destroy(catalog);
    buffer_fini(&text);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_write_puts_members_in_the_fixed_order),
        TEST(test_write_says_where_it_comes_from),
        TEST(test_write_suppresses_a_sum_below_the_limit),
        cmocka_unit_test(test_center_report_lists_by_state),
        cmocka_unit_test(
            test_json_text_append_past_the_limit_leaves_the_buffer),
        cmocka_unit_test(test_json_time_of_never_is_null),
        TEST(test_report_write_drops_queries_to_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
