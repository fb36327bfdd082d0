/* The coordinator's session header: read strictly, and written as it is read.
 */
#include "tests/unit/test.h"

#include "documents_fixture.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static enum status read_header(
    void *arg, struct view payload, struct diagnostic *diagnostic)
{
    struct session_header *header = NULL;
    enum status status = session_header_parse(&header, payload, diagnostic);
    (void)arg;
    assert_int_equal(status == STATUS_OK, header != NULL);
    session_header_destroy(header);
    return status;
}

static const struct change changes[] = {
    {"cohortium", NULL, STATUS_MALFORMED, "'cohortium' is missing"},
    {"cohortium", "\"query\"", STATUS_MALFORMED, "kind 'query'"},
    {"query", NULL, STATUS_MALFORMED, "'query' is missing"},
    {"query", "\"00\"", STATUS_MALFORMED, "64 hexadecimal"},
    {"study", NULL, STATUS_MALFORMED, "'study' is missing"},
    {"study", "7", STATUS_MALFORMED, "expected a text"},
    {"roster", NULL, STATUS_MALFORMED, "'roster' is missing"},
    {"roster", "\"test\"", STATUS_MALFORMED, "64 hexadecimal"},
    {"session", NULL, STATUS_MALFORMED, "'session' is missing"},
    {"session",
        "\"0g0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\"",
        STATUS_MALFORMED, "64 hexadecimal"},
    {"deadline", NULL, STATUS_MALFORMED, "'deadline' is missing"},
    {"deadline", "\"soon\"", STATUS_MALFORMED, "expected a date"},
    {"min_centers", NULL, STATUS_MALFORMED, "'min_centers' is missing"},
    {"min_centers", "0", STATUS_OUT_OF_RANGE, "from 1 to 1024"},
    {"min_centers", "1", STATUS_OK, NULL},
    {"min_centers", "1024", STATUS_OK, NULL},
    {"min_centers", "1025", STATUS_OUT_OF_RANGE, "from 1 to 1024"},
    {"suite", NULL, STATUS_MALFORMED, "'suite' is missing"},
    {"suite", "0", STATUS_OUT_OF_RANGE, "from 1 to 1"},
    {"suite", "2", STATUS_OUT_OF_RANGE, "from 1 to 1"},
    {"centers", NULL, STATUS_MALFORMED, "'centers' is missing"},
    {"centers", "3", STATUS_MALFORMED, "expected a list"},
    {"centers", "[]", STATUS_MALFORMED, "3 freezes of 0 centers"},
    {"freezes", NULL, STATUS_MALFORMED, "'freezes' is missing"},
    {"freezes", "1", STATUS_MALFORMED, "expected a list"},
    {"freezes", "[1, 2]", STATUS_MALFORMED, "2 freezes of 3 centers"},
    {"freezes/1", "0", STATUS_OK, NULL},
    {"freezes/1", "-1", STATUS_OUT_OF_RANGE, "from 0 to 1000000000"},
    {"freezes/1", "\"1\"", STATUS_MALFORMED, "expected a whole number"},
    {"centers/1", "7", STATUS_MALFORMED, "expected a text"},
    {"centers/1", "\"\"", STATUS_MALFORMED, "empty"},
    {"centers/1", "\"Center 1\"", STATUS_MALFORMED, "'Center 1' is no center"},
    {"centers/2", "\"center-0\"", STATUS_MALFORMED,
        "'center-0' is there twice"},
    {"attempt", "1", STATUS_MALFORMED, "'attempt' does not belong"},
};

static json_t *make_header(void)
{
    const struct digest query = {{1}}, study = {{2}}, roster = {{3}};
    return cast_header(&query, &study, &roster);
}

static void test_parse_broken_header_is_refused(void **state)
{
    (void)state;
    json_t *header = make_header();
    check_changes(header, read_header, NULL, changes, COUNT(changes));
    json_decref(header);
    struct diagnostic diagnostic;
    diagnostic_init(&diagnostic, "header");
    assert_int_equal(read_header(NULL, view_of_text("{\"a\":"), &diagnostic),
        STATUS_MALFORMED);
}

static void test_parse_too_many_centers_is_refused(void **state)
{
    (void)state;
    json_t *header = make_header(), *centers = json_array();
    json_t *freezes = json_array();
    struct change add = {"centers/+", "\"center-last\"", STATUS_OK, NULL};
    for (int i = 0; i < ROSTER_CENTERS_MAX - 1; i++)
        json_array_append_new(centers, json_sprintf("center-%d", i));
    for (int i = 0; i < ROSTER_CENTERS_MAX; i++)
        json_array_append_new(freezes, json_integer(1));
    json_object_set_new(header, "centers", centers);
    json_object_set_new(header, "freezes", freezes);
    check_changes(header, read_header, NULL, &add, 1);
    document_change(header, "centers/+", "\"center-more\"");
    add.expected = STATUS_MALFORMED;
    check_changes(header, read_header, NULL, &add, 1);
    json_decref(header);
}

static void test_write_is_read_back(void **state)
{
    (void)state;
    json_t *json = make_header();
    char *text = json_dumps(json, JSON_COMPACT);
    struct session_header *header = NULL, *again = NULL;
    struct diagnostic diagnostic;
    struct buffer written;
    buffer_init(&written, BUFFER_LIMIT_DEFAULT);
    diagnostic_init(&diagnostic, "");
    must(session_header_parse(&header, view_of_text(text), &diagnostic));
    must(session_header_write(&written, header));
    must(session_header_parse(&again, buffer_view(&written), &diagnostic));
    assert_true(digest_equal(&header->id, &again->id));
    assert_string_equal(text, buffer_text(&written));
    assert_int_equal(again->center_count, 3);
    assert_string_equal(again->centers[2], "center-2");
    assert_int_equal(again->deadline, NOW + 1800);
    session_header_destroy(header);
    session_header_destroy(again);
    buffer_fini(&written);
    free(text);
    json_decref(json);
}

static void test_write_fails_when_the_buffer_is_full(void **state)
{
    (void)state;
    const struct session_header header = {.min_centers = 3};
    struct buffer written;
    buffer_init(&written, 64);
    assert_int_equal(session_header_write(&written, &header), STATUS_TOO_LARGE);
    buffer_fini(&written);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse_broken_header_is_refused),
        cmocka_unit_test(test_parse_too_many_centers_is_refused),
        cmocka_unit_test(test_write_is_read_back),
        cmocka_unit_test(test_write_fails_when_the_buffer_is_full),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
