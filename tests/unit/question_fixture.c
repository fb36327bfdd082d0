#include "question_fixture.h"

bool is_zero(const struct digest *digest)
{
    static const struct digest zero;
    return digest_equal(digest, &zero);
}

int question_setup(void **state)
{
    struct fixture *fixture = malloc(sizeof *fixture);
    fixture_create(fixture);
    fixture_open_ready(fixture);
    *state = fixture;
    return 0;
}

int question_teardown(void **state)
{
    struct fixture *fixture = *state;
    fixture_destroy(fixture);
    free(fixture);
    return 0;
}

void question_ask(struct fixture *fixture, int number, struct digest *id)
{
    struct buffer query;
    struct digest own;
    fixture_make_query(fixture, &query, id == NULL ? &own : id, number);
    fixture_submit_query(fixture, &query);
    buffer_fini(&query);
}

static json_int_t length_of(const json_t *result, const char *list)
{
    const json_t *report = json_object_get(result, "center_report");
    return (json_int_t)json_array_size(json_object_get(report, list));
}

json_int_t first_n(const json_t *result)
{
    const json_t *results = json_object_get(result, "results");
    return json_integer_value(json_object_get(json_array_get(results, 0), "n"));
}

void assert_answer(struct fixture *fixture, json_int_t answered,
    json_int_t refused, json_int_t absent)
{
    json_t *result = fixture_result(fixture);
    assert_non_null(result);
    assert_int_equal(
        json_integer_value(json_object_get(result, "centers")), answered);
    assert_int_equal(length_of(result, "answered"), answered);
    assert_int_equal(length_of(result, "refused"), refused);
    assert_int_equal(length_of(result, "absent"), absent);
    assert_int_equal(length_of(result, "asked"), answered + refused + absent);
    json_decref(result);
}

void assert_failure(struct fixture *fixture, const char *status)
{
    const struct message *failure =
        fixture_last(fixture, ROUTE_RESEARCHER, MESSAGE_FAILURE);
    assert_non_null(failure);
    assert_string_equal(failure->name, status);
    assert_true(failure->text[0] != '\0');
}

size_t count_opens(struct fixture *fixture)
{
    size_t count = 0;
    for (int i = 0; i < CENTERS; i++)
        count += fixture_count(fixture, ROUTE_CENTER + i, MESSAGE_OPEN);
    return count;
}
