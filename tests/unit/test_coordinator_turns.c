/* More questions than there is room for: they wait in turn, nobody is refused
 * for it, and what one person can cause is bounded. */
#include <stdio.h>

#include "coordinator/office_internal.h"

#include "question_fixture.h"

#define ROOM 8 /* of a center that does not say */

/* ---- turns alone ---- */

static struct waiting waiting_of(uint8_t person, uint8_t number)
{
    struct waiting waiting = {.submitted = NOW};
    waiting.id.bytes[0] = person;
    waiting.id.bytes[1] = number;
    waiting.researcher.bytes[0] = person;
    return waiting;
}

static size_t none_open(void *arg, const struct public_key *researcher)
{
    (void)arg;
    (void)researcher;
    return 0;
}

/* Person 1 has two that are open. */
static size_t two_open(void *arg, const struct public_key *researcher)
{
    (void)arg;
    return researcher->bytes[0] == 1 ? 2 : 0;
}

static void add(struct turns *turns, uint8_t person, uint8_t number)
{
    const struct waiting waiting = waiting_of(person, number);
    assert_int_equal(
        turns_add(turns, &waiting, view_of_text("query")), STATUS_OK);
}

static void assert_order(
    struct turns *turns, const char *const *expected, size_t count)
{
    assert_int_equal(turns_count(turns), count);
    for (size_t i = 0; i < count; i++) {
        const struct waiting *waiting = turns_at(turns, i);
        assert_int_equal(waiting->id.bytes[0], expected[i][0] - '0');
        assert_int_equal(waiting->id.bytes[1], expected[i][1] - '0');
    }
    assert_null(turns_at(turns, count));
}

static void test_turns_order_gives_each_person_one_in_turn(void **state)
{
    static const char *const fair[] = {"11", "21", "31", "12", "22", "13"};
    static const char *const later[] = {"21", "31", "22", "11", "12", "13"};
    struct turns *turns;
    (void)state;
    assert_int_equal(turns_create(&turns, 8), STATUS_OK);
    add(turns, 1, 1);
    add(turns, 1, 2);
    add(turns, 1, 3);
    add(turns, 2, 1);
    add(turns, 2, 2);
    add(turns, 3, 1);
    turns_order(turns, none_open, NULL);
    assert_order(turns, fair, 6);
    turns_order(turns, two_open, NULL);
    assert_order(turns, later, 6);
    turns_destroy(turns);
}

static void test_turns_add_is_bounded_and_taken_ones_leave_room(void **state)
{
    struct turns *turns;
    struct waiting waiting = waiting_of(9, 9), taken;
    (void)state;
    assert_int_equal(turns_create(&turns, 2), STATUS_OK);
    add(turns, 1, 1);
    add(turns, 2, 1);
    assert_int_equal(
        turns_add(turns, &waiting, view_of_text("query")), STATUS_BUSY);
    const struct digest id = turns_at(turns, 0)->id;
    assert_true(turns_take(turns, &id, &taken));
    assert_int_equal(taken.envelope.size, 5);
    buffer_fini(&taken.envelope);
    assert_false(turns_take(turns, &id, &taken));
    assert_null(turns_find(turns, &id));
    add(turns, 9, 9);
    turns_destroy(turns);
}

static void test_turns_of_one_person_leave_room_for_others(void **state)
{
    struct turns *turns;
    struct waiting waiting = waiting_of(1, 0);
    (void)state;
    assert_int_equal(turns_create(&turns, 1024), STATUS_OK);
    for (size_t i = 0; i < TURNS_OF_PERSON_MAX; i++) {
        waiting.id.bytes[2] = (uint8_t)i;
        assert_int_equal(
            turns_add(turns, &waiting, view_of_text("q")), STATUS_OK);
    }
    assert_int_equal(
        turns_add(turns, &waiting, view_of_text("q")), STATUS_BUSY);
    add(turns, 2, 1);
    turns_destroy(turns);
}

/* ---- at the office ---- */

static void ask_many(struct fixture *fixture, int count, struct digest *ids)
{
    for (int i = 0; i < count; i++)
        question_ask(fixture, 20 + i, &ids[i]);
}

static void answer_all(struct fixture *fixture)
{
    for (size_t i = 0; i < CENTERS; i++)
        fixture_answer(fixture, i, 50);
}

static json_t *query_in_status(struct fixture *fixture)
{
    json_t *status = fixture_status(fixture, ROUTE_RESEARCHER);
    json_t *query =
        json_incref(json_array_get(json_object_get(status, "queries"), 0));
    json_decref(status);
    assert_non_null(query);
    return query;
}

static void test_question_beyond_the_room_waits_and_is_asked(void **state)
{
    struct fixture *fixture = *state;
    struct digest ids[ROOM + 2];
    ask_many(fixture, ROOM + 2, ids);
    assert_int_equal(count_opens(fixture), ROOM * CENTERS);
    json_t *query = query_in_status(fixture);
    assert_string_equal(
        json_string_value(json_object_get(query, "state")), "waiting");
    assert_int_equal(json_integer_value(json_object_get(query, "place")), 2);
    assert_int_equal(json_integer_value(json_object_get(query, "waiting")), 2);
    json_decref(query);
    assert_null(fixture_last(fixture, ROUTE_RESEARCHER, MESSAGE_FAILURE));
    answer_all(fixture);
    assert_int_equal(count_opens(fixture), (ROOM + 1) * CENTERS);
    answer_all(fixture);
    assert_int_equal(count_opens(fixture), (ROOM + 2) * CENTERS);
    assert_int_equal(office_open_sessions(fixture->office), ROOM);
}

static void test_question_that_waits_is_asked_for_without_a_second(void **state)
{
    struct fixture *fixture = *state;
    struct digest ids[ROOM + 1];
    struct buffer query;
    ask_many(fixture, ROOM + 1, ids);
    fixture_make_query(fixture, &query, &ids[0], 20 + ROOM);
    fixture_submit_query(fixture, &query);
    const struct message ask = {.type = MESSAGE_ASK_RESULT, .id = ids[ROOM]};
    fixture_from_person(
        fixture, fixture->cast.researcher, ROUTE_RESEARCHER, &ask);
    json_t *waits = query_in_status(fixture);
    assert_int_equal(json_integer_value(json_object_get(waits, "waiting")), 1);
    json_decref(waits);
    buffer_fini(&query);
}

static void test_center_is_asked_no_more_than_it_takes(void **state)
{
    struct fixture *fixture = *state;
    struct digest ids[4];
    const struct message hello = {.type = MESSAGE_HELLO,
        .version = PROTOCOL_VERSION,
        .name = "test",
        .number = 2};
    fixture_from_center(fixture, 1, &hello);
    fixture_forget(fixture);
    ask_many(fixture, 4, ids);
    assert_int_equal(count_opens(fixture), 2 * CENTERS);
    answer_all(fixture);
    assert_int_equal(count_opens(fixture), 3 * CENTERS);
}

/* Those that were asked have run out of time, and nobody is left to be asked.
 */
static void test_question_that_waits_for_nobody_is_told_so(void **state)
{
    struct fixture *fixture = *state;
    struct digest ids[ROOM + 1];
    ask_many(fixture, ROOM + 1, ids);
    for (int i = 0; i < 3; i++)
        fixture_wait(fixture, 3600000);
    assert_int_equal(office_open_sessions(fixture->office), 0);
    assert_int_equal(
        fixture_count(fixture, ROUTE_RESEARCHER, MESSAGE_FAILURE), ROOM + 1);
}

static void test_full_queue_says_when_to_ask_again_and_keeps_nothing(
    void **state)
{
    struct fixture *fixture = *state;
    struct digest ids[ROOM + 1];
    struct ledger_entry before, after;
    fixture_close(fixture);
    fixture->config.max_waiting = 1;
    fixture_open(fixture);
    for (size_t i = 0; i < CENTERS; i++)
        fixture_hello(fixture, i);
    ask_many(fixture, ROOM + 1, ids);
    assert_int_equal(
        ledger_verify_register(fixture->ledger, &before), STATUS_OK);
    question_ask(fixture, 90, NULL);
    assert_failure(fixture, "BUSY");
    const struct message *failure =
        fixture_last(fixture, ROUTE_RESEARCHER, MESSAGE_FAILURE);
    assert_true(failure->number >= 1000);
    assert_int_equal(
        ledger_verify_register(fixture->ledger, &after), STATUS_OK);
    assert_int_equal(before.sequence, after.sequence);
    answer_all(fixture);
    question_ask(fixture, 90, NULL);
    json_t *query = query_in_status(fixture);
    assert_string_equal(
        json_string_value(json_object_get(query, "state")), "waiting");
    json_decref(query);
}

static struct digest header_of_open(struct fixture *fixture, int center)
{
    const struct message *open =
        fixture_last(fixture, ROUTE_CENTER + center, MESSAGE_OPEN);
    struct envelope *envelope = NULL;
    assert_int_equal(envelope_decode(&envelope, open->header), STATUS_OK);
    const struct digest id = envelope_id(envelope);
    envelope_destroy(envelope);
    return id;
}

static void test_busy_center_is_asked_again_and_has_not_refused(void **state)
{
    struct fixture *fixture = *state;
    question_ask(fixture, 20, NULL);
    const struct message busy = {
        .type = MESSAGE_BUSY, .id = header_of_open(fixture, 2), .number = 1000};
    fixture_from_center(fixture, 2, &busy);
    fixture_wait(fixture, 500);
    assert_int_equal(fixture_count(fixture, ROUTE_CENTER + 2, MESSAGE_OPEN), 1);
    fixture_wait(fixture, 600);
    assert_int_equal(fixture_count(fixture, ROUTE_CENTER + 2, MESSAGE_OPEN), 2);
    answer_all(fixture);
    assert_answer(fixture, CENTERS, 0, 0);
}

static void refuse_with(struct fixture *fixture, int center, uint64_t number)
{
    const struct message refusal = {.type = MESSAGE_REFUSE,
        .id = header_of_open(fixture, center),
        .number = number};
    fixture_from_center(fixture, (size_t)center, &refusal);
}

static void test_failure_says_what_it_was_and_how_near_a_lock_is(void **state)
{
    struct fixture *fixture = *state;
    question_ask(fixture, 20, NULL);
    const struct message busy = {.type = MESSAGE_BUSY,
        .id = header_of_open(fixture, 2),
        .number = 60000};
    fixture_from_center(fixture, 2, &busy);
    fixture_answer(fixture, 4, 50);
    refuse_with(fixture, 0, 5);
    refuse_with(fixture, 1, 4);
    refuse_with(fixture, 1, 2); /* it has spoken */
    fixture_wait(fixture, 30000);
    assert_failure(fixture, "TOO_FEW_CENTERS");
    const struct message *failure =
        fixture_last(fixture, ROUTE_RESEARCHER, MESSAGE_FAILURE);
    assert_non_null(strstr(failure->text, "1 of 5 centers answered"));
    assert_non_null(strstr(failure->text, "2 refused, 1 busy"));
    assert_non_null(strstr(failure->text, "1 not heard in time"));
    assert_non_null(strstr(failure->text, "3 more until a lock"));
    const struct message ask = {.type = MESSAGE_ASK_STATUS};
    fixture_from_person(
        fixture, fixture->cast.researcher, ROUTE_RESEARCHER, &ask);
    json_t *status = fixture_status(fixture, ROUTE_RESEARCHER);
    const json_t *left = json_object_get(
        json_array_get(json_object_get(status, "studies"), 0), "refusals_left");
    assert_int_equal(json_object_size(left), 2);
    const json_t *notes = json_object_get(
        json_array_get(json_object_get(status, "queries"), 0), "notes");
    assert_int_equal(json_object_size(notes), 4);
    json_decref(status);
    fixture_close(fixture);
    fixture_open(fixture);
    fixture_from_person(
        fixture, fixture->cast.researcher, ROUTE_RESEARCHER, &ask);
    status = fixture_status(fixture, ROUTE_RESEARCHER);
    left = json_object_get(
        json_array_get(json_object_get(status, "studies"), 0), "refusals_left");
    assert_int_equal(json_object_size(left), 2);
    json_decref(status);
}

/* Its figures would be in the sum: that sum is not used. */
static void test_refusal_in_a_later_round_ends_the_fit(void **state)
{
    struct fixture *fixture = *state;
    struct buffer query;
    struct digest id;
    fixture_make_query_of(fixture, &query, &id,
        "{\"study\": \"first\", \"cohort\": \"age >= 40\", \"analyses\": "
        "[{\"glm\": {\"formula\": \"sex ~ age\", \"family\": "
        "\"binomial\"}}]}",
        1);
    fixture_submit_query(fixture, &query);
    answer_all(fixture);
    assert_int_equal(
        fixture_count(fixture, ROUTE_CENTER + 3, MESSAGE_ROUND), 1);
    assert_null(fixture_last(fixture, ROUTE_RESEARCHER, MESSAGE_RESULT));
    refuse_with(fixture, 3, 3);
    assert_failure(fixture, "REFUSED");
    const struct message *failure =
        fixture_last(fixture, ROUTE_RESEARCHER, MESSAGE_FAILURE);
    assert_non_null(strstr(failure->text, "which are not used: 4 of 5"));
    assert_non_null(strstr(failure->text, "1 refused"));
    assert_non_null(strstr(failure->text, "2 more until a lock"));
    assert_int_equal(office_open_sessions(fixture->office), 0);
    buffer_fini(&query);
}

/* ---- what is refused ---- */

static size_t count_kind;

static enum status count_entry(void *arg, const struct ledger_entry *entry)
{
    count_kind += strcmp(entry->kind, arg) == 0;
    return STATUS_OK;
}

static size_t entries_of(struct fixture *fixture, char *kind)
{
    count_kind = 0;
    assert_int_equal(
        ledger_visit_register(fixture->ledger, count_entry, kind), STATUS_OK);
    return count_kind;
}

static void test_refused_queries_of_a_day_have_a_bound(void **state)
{
    struct fixture *fixture = *state;
    char refused[] = "query_refused", more[] = "refused_more";
    struct buffer query;
    struct digest id;
    fixture_sign(
        &query, &id, TYPE_QUERY, "{\"no\": 1}", fixture->cast.researcher);
    for (int i = 0; i < 130; i++) {
        fixture_submit_query(fixture, &query);
        fixture_forget(fixture);
    }
    assert_int_equal(entries_of(fixture, refused), 100);
    assert_int_equal(entries_of(fixture, more), 0);
    fixture->now.wall += 86400;
    fixture_wait(fixture, 2000);
    assert_int_equal(entries_of(fixture, more), 1);
    fixture_submit_query(fixture, &query);
    assert_int_equal(entries_of(fixture, refused), 101);
    buffer_fini(&query);
}

/* Put there as if each had been asked and had failed, nearly a day ago. */
static void put_failed(struct fixture *fixture, int count)
{
    struct ledger_query query = {.study_id = fixture->study_id,
        .researcher = keypair_identity(fixture->cast.researcher)->sign,
        .state = QUERY_FAILED,
        .submitted = fixture->now.wall - 86399,
        .envelope = view_of_text("query")};
    for (int i = 0; i < count; i++) {
        query.id = digest_of((struct view){(uint8_t *)&i, sizeof i});
        assert_int_equal(ledger_add_query(fixture->ledger, &query), STATUS_OK);
    }
}

static void test_failed_queries_of_a_day_have_a_bound(void **state)
{
    struct fixture *fixture = *state;
    struct digest id;
    put_failed(fixture, OFFICE_FAILED_A_DAY);
    question_ask(fixture, 20, &id);
    assert_failure(fixture, "LIMIT_REACHED");
    assert_non_null(
        strstr(fixture_last(fixture, ROUTE_RESEARCHER, MESSAGE_FAILURE)->text,
            "500 of your queries failed within a day"));
    assert_int_equal(count_opens(fixture), 0);
    fixture->now.wall += 2; /* a day after them */
    question_ask(fixture, 20, &id);
    assert_int_equal(count_opens(fixture), CENTERS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_turns_order_gives_each_person_one_in_turn),
        cmocka_unit_test(test_turns_add_is_bounded_and_taken_ones_leave_room),
        cmocka_unit_test(test_turns_of_one_person_leave_room_for_others),
        TEST(test_question_beyond_the_room_waits_and_is_asked),
        TEST(test_question_that_waits_is_asked_for_without_a_second),
        TEST(test_center_is_asked_no_more_than_it_takes),
        TEST(test_question_that_waits_for_nobody_is_told_so),
        TEST(test_full_queue_says_when_to_ask_again_and_keeps_nothing),
        TEST(test_busy_center_is_asked_again_and_has_not_refused),
        TEST(test_failure_says_what_it_was_and_how_near_a_lock_is),
        TEST(test_refusal_in_a_later_round_ends_the_fit),
        TEST(test_refused_queries_of_a_day_have_a_bound),
        TEST(test_failed_queries_of_a_day_have_a_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
