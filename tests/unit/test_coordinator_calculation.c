/* Results that are worked out in another process: the same as in place, and the
 * office goes on while one runs, is late or breaks. */
#include <poll.h>
#include <stdlib.h>

#include "protocol/wire/child.h"

#include "question_fixture.h"

#define RUNNING_MAX 4

/* What the office handed over. */
static struct running {
    struct child *child;
    struct digest header_id;
} running[RUNNING_MAX];
static size_t running_count, places;

static enum status run(void *arg, struct buffer *out)
{
    return session_calculate(arg, out);
}

static enum status start(void *arg, struct session *session)
{
    (void)arg;
    if (running_count >= places)
        return STATUS_BUSY;
    struct running *one = &running[running_count++];
    one->header_id = session->header->id;
    return child_start(&one->child, run, session);
}

/* The first of them is over, or is killed when it is not waited for. */
static void end_first(struct fixture *fixture, bool waited)
{
    const struct running first = running[0];
    struct buffer bytes;
    struct pollfd over = {
        .fd = child_descriptor(first.child), .events = POLLIN};
    buffer_init(&bytes, CHILD_BYTES_MAX);
    if (waited)
        assert_int_equal(poll(&over, 1, 60000), 1);
    enum status status = child_end(first.child, &bytes);
    if (!waited)
        status = STATUS_TIMED_OUT; /* it may have been faster */
    running_count--;
    for (size_t i = 0; i < running_count; i++)
        running[i] = running[i + 1];
    office_calculated(fixture->office, &first.header_id, status,
        buffer_view(&bytes), fixture->now);
    buffer_fini(&bytes);
}

static void open_apart(struct fixture *fixture, size_t at_once)
{
    fixture_close(fixture);
    fixture->calculate = start;
    running_count = 0;
    places = at_once;
    fixture_open(fixture);
    for (size_t i = 0; i < CENTERS; i++)
        fixture_hello(fixture, i);
    fixture_forget(fixture);
}

static void ask_and_answer(struct fixture *fixture, int number)
{
    question_ask(fixture, number, NULL);
    for (size_t i = 0; i < CENTERS; i++)
        fixture_answer(fixture, i, 50);
}

static char *results_text(struct fixture *fixture)
{
    json_t *result = fixture_result(fixture);
    assert_non_null(result);
    char *text = json_dumps(json_object_get(result, "results"), JSON_COMPACT);
    json_decref(result);
    return text;
}

static void test_result_of_a_child_is_that_of_the_office(void **state)
{
    struct fixture *fixture = *state;
    ask_and_answer(fixture, 20);
    char *here = results_text(fixture);
    open_apart(fixture, 1);
    ask_and_answer(fixture, 21);
    assert_null(fixture_last(fixture, ROUTE_RESEARCHER, MESSAGE_RESULT));
    end_first(fixture, true);
    char *there = results_text(fixture);
    assert_string_equal(here, there);
    assert_int_equal(office_open_sessions(fixture->office), 0);
    free(here);
    free(there);
}

static void test_late_calculation_fails_its_question_alone(void **state)
{
    struct fixture *fixture = *state;
    open_apart(fixture, 2);
    ask_and_answer(fixture, 20);
    ask_and_answer(fixture, 21);
    end_first(fixture, false);
    assert_failure(fixture, "TIMED_OUT");
    assert_int_equal(office_open_sessions(fixture->office), 1);
    end_first(fixture, true);
    assert_answer(fixture, CENTERS, 0, 0);
}

static void test_calculation_waits_for_a_place(void **state)
{
    struct fixture *fixture = *state;
    open_apart(fixture, 1);
    ask_and_answer(fixture, 20);
    ask_and_answer(fixture, 21);
    assert_int_equal(running_count, 1);
    end_first(fixture, true);
    assert_int_equal(office_open_sessions(fixture->office), 1);
    fixture_wait(fixture, 50);
    assert_int_equal(running_count, 1);
    fixture_wait(fixture, 100000); /* no deadline of a step runs meanwhile */
    end_first(fixture, true);
    assert_int_equal(office_open_sessions(fixture->office), 0);
    assert_int_equal(
        fixture_count(fixture, ROUTE_RESEARCHER, MESSAGE_RESULT), 2);
}

/* What a child says is taken whole or not at all. */
static void test_broken_bytes_of_a_calculation_fail_the_question(void **state)
{
    static const uint8_t few[5] = {1};
    struct fixture *fixture = *state;
    struct buffer ignored;
    open_apart(fixture, 1);
    ask_and_answer(fixture, 20);
    buffer_init(&ignored, CHILD_BYTES_MAX);
    (void)child_end(running[0].child, &ignored);
    buffer_fini(&ignored);
    office_calculated(fixture->office, &running[0].header_id, STATUS_OK,
        (struct view){few, sizeof few}, fixture->now);
    assert_failure(fixture, "TRUNCATED");
    assert_int_equal(office_open_sessions(fixture->office), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_result_of_a_child_is_that_of_the_office),
        TEST(test_late_calculation_fails_its_question_alone),
        TEST(test_calculation_waits_for_a_place),
        TEST(test_broken_bytes_of_a_calculation_fail_the_question),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
