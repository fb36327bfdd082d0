/* The coordinator's half, in memory: what it does across a restart. */
#include "question_fixture.h"

static void restart(struct fixture *fixture, uint64_t milliseconds)
{
    fixture_close(fixture);
    fixture_forget(fixture);
    fixture->now.wall += (int64_t)(milliseconds / 1000);
    fixture->now.monotonic_ms = 5; /* another boot */
    fixture_open(fixture);
}

static struct digest header_sent(struct fixture *fixture, int center)
{
    const struct message *open =
        fixture_last(fixture, ROUTE_CENTER + center, MESSAGE_OPEN);
    assert_non_null(open);
    return digest_of(open->header);
}

static void test_restart_asks_the_rest_with_the_same_header(void **state)
{
    struct fixture *fixture = *state;
    struct message ask_result = {.type = MESSAGE_ASK_RESULT};
    question_ask(fixture, 20, &ask_result.id);
    struct digest before = header_sent(fixture, 3);
    fixture_answer(fixture, 0, 60);
    fixture_refuse(fixture, 1);
    fixture_wait(fixture, 1000); /* what came is on disk now */
    restart(fixture, 5000);
    fixture_wait(fixture, 50); /* nobody is connected: it waits */
    assert_int_equal(office_open_sessions(fixture->office), 1);
    for (size_t i = 0; i < CENTERS; i++)
        fixture_hello(fixture, i);
    assert_int_equal(fixture_count(fixture, ROUTE_CENTER, MESSAGE_OPEN), 0);
    assert_int_equal(count_opens(fixture), 3);
    struct digest after = header_sent(fixture, 3);
    assert_true(digest_equal(&before, &after));
    for (size_t i = 2; i < CENTERS; i++)
        fixture_answer(fixture, i, 60);
    fixture_from_person(
        fixture, fixture->cast.researcher, ROUTE_RESEARCHER, &ask_result);
    assert_answer(fixture, 4, 1, 0);
    json_t *result = fixture_result(fixture);
    assert_int_equal(first_n(result), 120);
    json_decref(result);
}

static void test_restart_past_the_deadline_fails_cleanly(void **state)
{
    struct fixture *fixture = *state;
    struct message ask_result = {.type = MESSAGE_ASK_RESULT};
    question_ask(fixture, 20, &ask_result.id);
    restart(fixture, 60000);
    fixture_wait(fixture, 50);
    assert_int_equal(office_open_sessions(fixture->office), 0);
    fixture_from_person(
        fixture, fixture->cast.researcher, ROUTE_RESEARCHER, &ask_result);
    assert_failure(fixture, "TOO_FEW_CENTERS");
}

struct kept_reply {
    struct ledger_reply reply;
    uint8_t bytes[8192];
};

static enum status keep_answer(void *arg, const struct ledger_reply *reply)
{
    struct kept_reply *kept = arg;
    if (reply->state != REPLY_ANSWERED)
        return STATUS_OK;
    assert_true(reply->vector.size <= sizeof kept->bytes);
    memcpy(kept->bytes, reply->vector.data, reply->vector.size);
    kept->reply = *reply;
    kept->reply.vector.data = kept->bytes;
    return STATUS_OK;
}

static void test_restart_does_not_believe_a_damaged_reply(void **state)
{
    struct fixture *fixture = *state;
    struct message ask_result = {.type = MESSAGE_ASK_RESULT};
    static struct kept_reply kept;
    question_ask(fixture, 20, &ask_result.id);
    fixture_answer(fixture, 0, 60);
    fixture_wait(fixture, 1000);
    must(ledger_visit_replies(
        fixture->ledger, &ask_result.id, keep_answer, &kept));
    kept.bytes[0] ^= 1; /* one person more that the study could reach */
    must(ledger_put_reply(
        fixture->ledger, &ask_result.id, &kept.reply, fixture->now.wall));
    restart(fixture, 1000);
    assert_int_equal(office_open_sessions(fixture->office), 0);
    fixture_from_person(
        fixture, fixture->cast.researcher, ROUTE_RESEARCHER, &ask_result);
    assert_failure(fixture, "CORRUPT");
}

static enum status expect_no_vector(void *arg, const struct ledger_reply *reply)
{
    static const struct digest zero;
    size_t *count = arg;
    assert_int_equal(reply->state, REPLY_ANSWERED);
    assert_int_equal(reply->vector.size, 0);
    assert_false(digest_equal(&reply->digest, &zero));
    (*count)++;
    return STATUS_OK;
}

static void test_restart_keeps_no_vector_of_a_question_that_is_over(
    void **state)
{
    struct fixture *fixture = *state;
    struct digest id;
    question_ask(fixture, 20, &id);
    fixture_answer(fixture, 0, 60);
    fixture_wait(fixture, 1000);
    for (size_t i = 1; i < CENTERS; i++)
        fixture_answer(fixture, i, 60);
    size_t replies = 0;
    assert_int_equal(
        ledger_visit_replies(fixture->ledger, &id, expect_no_vector, &replies),
        STATUS_OK);
    assert_int_equal(replies, CENTERS);
    struct ledger_entry last;
    assert_int_equal(ledger_verify_register(fixture->ledger, &last), STATUS_OK);
    assert_string_equal(last.kind, "result_released");
    restart(fixture, 1000);
    assert_int_equal(office_open_sessions(fixture->office), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_restart_asks_the_rest_with_the_same_header),
        TEST(test_restart_past_the_deadline_fails_cleanly),
        TEST(test_restart_does_not_believe_a_damaged_reply),
        TEST(test_restart_keeps_no_vector_of_a_question_that_is_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
