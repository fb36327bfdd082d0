/* The coordinator's half, in memory: what it does when centers lie, are late,
 * refuse or go away. */
#include "question_fixture.h"

/* Centers that lie. */

static void change_vector(
    struct fixture *fixture, size_t center, size_t size, size_t flip)
{
    uint8_t bytes[4096] = {0};
    const struct message *open =
        fixture_last(fixture, ROUTE_CENTER + (int)center, MESSAGE_OPEN);
    struct envelope *envelope = NULL;
    assert_int_equal(envelope_decode(&envelope, open->header), STATUS_OK);
    struct message summary = {.type = MESSAGE_SUMMARY,
        .id = envelope_id(envelope),
        .vector = {bytes, size}};
    if (flip < sizeof bytes)
        bytes[flip] = 0xFF;
    fixture_from_center(fixture, center, &summary);
    envelope_destroy(envelope);
}

static void test_summary_of_wrong_length_counts_as_refused(void **state)
{
    struct fixture *fixture = *state;
    question_ask(fixture, 20, NULL);
    change_vector(fixture, 0, 16, SIZE_MAX);
    for (size_t i = 1; i < CENTERS; i++)
        fixture_answer(fixture, i, 50);
    assert_answer(fixture, CENTERS - 1, 1, 0);
}

static void test_summary_out_of_bounds_does_not_spoil_the_sum(void **state)
{
    struct fixture *fixture = *state;
    struct buffer query;
    struct digest id;
    fixture_make_query(fixture, &query, &id, 20);
    fixture_submit_query(fixture, &query);
    for (size_t i = 1; i < CENTERS; i++)
        fixture_answer(fixture, i, 50);
    /* count and summary of two levels: 2 * (4 + (4 + 5)) elements; a negative
     * number of people */
    change_vector(fixture, 0, (size_t)26 * 16, 31);
    assert_answer(fixture, CENTERS - 1, 1, 0);
    json_t *result = fixture_result(fixture);
    assert_int_equal(first_n(result), 100);
    json_decref(result);
    buffer_fini(&query);
}

static void test_second_reply_of_a_center_is_ignored(void **state)
{
    struct fixture *fixture = *state;
    question_ask(fixture, 20, NULL);
    fixture_answer(fixture, 0, 50);
    fixture_answer(fixture, 0, 4000);
    fixture_refuse(fixture, 0);
    for (size_t i = 1; i < CENTERS; i++)
        fixture_answer(fixture, i, 50);
    assert_answer(fixture, CENTERS, 0, 0);
    json_t *result = fixture_result(fixture);
    assert_int_equal(first_n(result), 125);
    json_decref(result);
}

static void test_reply_of_a_center_that_was_not_asked_is_ignored(void **state)
{
    struct fixture *fixture = *state;
    fixture_opt_in(fixture, 4, false, 2);
    question_ask(fixture, 20, NULL);
    const struct message *open =
        fixture_last(fixture, ROUTE_CENTER, MESSAGE_OPEN);
    struct envelope *envelope = NULL;
    assert_int_equal(envelope_decode(&envelope, open->header), STATUS_OK);
    struct message refuse = {
        .type = MESSAGE_REFUSE, .id = envelope_id(envelope)};
    fixture_from_center(fixture, 4, &refuse);
    refuse.id.bytes[0] ^= 1; /* and a session that never was */
    fixture_from_center(fixture, 0, &refuse);
    envelope_destroy(envelope);
    for (size_t i = 0; i < 4; i++)
        fixture_answer(fixture, i, 50);
    assert_answer(fixture, 4, 0, 0);
}

static void test_opt_in_for_another_center_is_refused(void **state)
{
    struct fixture *fixture = *state;
    char text[512], study[DIGEST_TEXT];
    struct buffer envelope;
    digest_to_text(study, &fixture->study_id);
    snprintf(text, sizeof text,
        "{\"cohortium\": \"opt-in\", \"study\": \"%s\", \"center\":"
        " \"center-1\", \"roster\": \"test\", \"decision\": \"out\","
        " \"sequence\": 9, \"date\": \"2027-01-14T08:00:00Z\"}",
        study);
    fixture_sign(&envelope, NULL, TYPE_OPT_IN, text, fixture->cast.centers[0]);
    struct message message = {
        .type = MESSAGE_OPT_IN, .document = buffer_view(&envelope)};
    fixture_from_center(fixture, 0, &message);
    fixture_from_center(fixture, 1, &message); /* not its signature */
    buffer_fini(&envelope);
    question_ask(fixture, 20, NULL);
    assert_int_equal(count_opens(fixture), CENTERS);
}

static void test_center_cannot_speak_as_a_person(void **state)
{
    struct fixture *fixture = *state;
    struct message status = {.type = MESSAGE_ASK_STATUS};
    fixture_from_center(fixture, 0, &status);
    assert_int_equal(fixture->sent_count, 0);
    struct message refuse = {.type = MESSAGE_REFUSE};
    fixture_from_person(
        fixture, fixture->cast.researcher, ROUTE_RESEARCHER, &refuse);
    assert_failure(fixture, "NOT_ALLOWED");
}

/* Late, refusing, absent. */

static void test_deadline_with_enough_answers_reports_the_absent(void **state)
{
    struct fixture *fixture = *state;
    question_ask(fixture, 20, NULL);
    for (size_t i = 0; i < 3; i++)
        fixture_answer(fixture, i, 50);
    fixture_refuse(fixture, 3);
    fixture_wait(fixture, 29000);
    assert_null(fixture_last(fixture, ROUTE_RESEARCHER, MESSAGE_RESULT));
    fixture_wait(fixture, 1000);
    assert_answer(fixture, 3, 1, 1);
    size_t before = fixture->sent_count;
    fixture_answer(fixture, 4, 50); /* too late */
    assert_int_equal(fixture->sent_count, before);
}

static void test_deadline_with_too_few_answers_fails(void **state)
{
    struct fixture *fixture = *state;
    struct message ask_result = {.type = MESSAGE_ASK_RESULT};
    question_ask(fixture, 20, &ask_result.id);
    fixture_answer(fixture, 0, 50);
    fixture_answer(fixture, 1, 50);
    fixture_wait(fixture, 30000);
    assert_failure(fixture, "TOO_FEW_CENTERS");
    const struct message *close =
        fixture_last(fixture, ROUTE_CENTER, MESSAGE_CLOSE);
    assert_true(is_zero(&close->result));
    fixture_forget(fixture);
    fixture_from_person(
        fixture, fixture->cast.researcher, ROUTE_RESEARCHER, &ask_result);
    assert_failure(fixture, "TOO_FEW_CENTERS");
}

static void test_refusals_that_make_the_minimum_unreachable_end_it(void **state)
{
    struct fixture *fixture = *state;
    question_ask(fixture, 20, NULL);
    fixture_refuse(fixture, 0);
    fixture_refuse(fixture, 1);
    assert_null(fixture_last(fixture, ROUTE_RESEARCHER, MESSAGE_FAILURE));
    fixture_refuse(fixture, 2);
    assert_failure(fixture, "TOO_FEW_CENTERS");
    assert_int_equal(office_open_sessions(fixture->office), 0);
}

static void test_center_that_is_gone_at_open_is_not_waited_for(void **state)
{
    struct fixture *fixture = *state;
    fixture->gone[ROUTE_CENTER + 4] = true;
    question_ask(fixture, 20, NULL);
    for (size_t i = 0; i < 4; i++)
        fixture_answer(fixture, i, 50);
    assert_answer(fixture, 4, 0, 1);
}

static void test_center_that_comes_back_is_asked_again(void **state)
{
    struct fixture *fixture = *state;
    fixture->gone[ROUTE_CENTER + 4] = true;
    question_ask(fixture, 20, NULL);
    assert_int_equal(count_opens(fixture), 4);
    fixture->gone[ROUTE_CENTER + 4] = false;
    fixture_hello(fixture, 4);
    assert_int_equal(fixture_count(fixture, ROUTE_CENTER + 4, MESSAGE_OPEN), 1);
    for (size_t i = 0; i < CENTERS; i++)
        fixture_answer(fixture, i, 50);
    assert_answer(fixture, CENTERS, 0, 0);
}

static void test_silent_center_is_lost_after_three_heartbeats(void **state)
{
    struct fixture *fixture = *state;
    struct message ping = {.type = MESSAGE_PING, .number = 7};
    for (int i = 0; i < 4; i++) {
        fixture_wait(fixture, 20000);
        for (size_t k = 1; k < CENTERS; k++)
            fixture_from_center(fixture, k, &ping);
    }
    assert_int_equal(
        fixture_last(fixture, ROUTE_CENTER + 1, MESSAGE_PONG)->number, 7);
    question_ask(fixture, 20, NULL);
    assert_int_equal(count_opens(fixture), CENTERS - 1);
    /* Its PING, on a connection that never said HELLO, brings it back. */
    fixture_forget(fixture);
    fixture_from_center(fixture, 0, &ping);
    assert_non_null(fixture_last(fixture, ROUTE_CENTER, MESSAGE_WELCOME));
}

static void test_busy_center_gets_its_messages_later(void **state)
{
    struct fixture *fixture = *state;
    fixture->busy[ROUTE_CENTER + 2] = true;
    question_ask(fixture, 20, NULL);
    assert_int_equal(count_opens(fixture), 4);
    fixture->busy[ROUTE_CENTER + 2] = false;
    fixture_wait(fixture, 50);
    assert_int_equal(count_opens(fixture), 5);
    fixture_wait(fixture, 50);
    assert_int_equal(count_opens(fixture), 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_summary_of_wrong_length_counts_as_refused),
        TEST(test_summary_out_of_bounds_does_not_spoil_the_sum),
        TEST(test_second_reply_of_a_center_is_ignored),
        TEST(test_reply_of_a_center_that_was_not_asked_is_ignored),
        TEST(test_opt_in_for_another_center_is_refused),
        TEST(test_center_cannot_speak_as_a_person),
        TEST(test_deadline_with_enough_answers_reports_the_absent),
        TEST(test_deadline_with_too_few_answers_fails),
        TEST(test_refusals_that_make_the_minimum_unreachable_end_it),
        TEST(test_center_that_is_gone_at_open_is_not_waited_for),
        TEST(test_center_that_comes_back_is_asked_again),
        TEST(test_silent_center_is_lost_after_three_heartbeats),
        TEST(test_busy_center_gets_its_messages_later),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
