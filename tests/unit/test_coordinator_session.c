/* The coordinator's half, in memory: what it does when all goes well, when
 * centers lie, are late, refuse or go away, and across a restart. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "coordinator_fixture.h"

static bool is_zero(const struct digest *digest)
{
    static const struct digest zero;
    return digest_equal(digest, &zero);
}

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

/* Submits question `number`; *id when it is not NULL. */
static void ask(struct fixture *fixture, int number, struct digest *id)
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

static json_int_t first_n(const json_t *result)
{
    const json_t *results = json_object_get(result, "results");
    return json_integer_value(json_object_get(json_array_get(results, 0), "n"));
}

static void assert_answer(struct fixture *fixture, json_int_t answered,
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

static void assert_failure(struct fixture *fixture, const char *status)
{
    const struct message *failure =
        fixture_last(fixture, ROUTE_RESEARCHER, MESSAGE_FAILURE);
    assert_non_null(failure);
    assert_string_equal(failure->name, status);
    assert_true(failure->text[0] != '\0');
}

static size_t count_opens(struct fixture *fixture)
{
    size_t count = 0;
    for (int i = 0; i < CENTERS; i++)
        count += fixture_count(fixture, ROUTE_CENTER + i, MESSAGE_OPEN);
    return count;
}

/* A good run. */

static void test_submit_query_with_all_centers_gives_the_sum(void **state)
{
    struct fixture *fixture = *state;
    ask(fixture, 20, NULL);
    assert_int_equal(count_opens(fixture), CENTERS);
    assert_non_null(fixture_last(fixture, ROUTE_RESEARCHER, MESSAGE_STATUS));
    for (uint32_t i = 0; i < CENTERS; i++)
        fixture_answer(fixture, i, 100 + 10 * i);
    assert_answer(fixture, CENTERS, 0, 0);
    json_t *result = fixture_result(fixture);
    assert_int_equal(first_n(result), 300); /* women: half of 600 */
    json_decref(result);
    const struct message *close =
        fixture_last(fixture, ROUTE_CENTER, MESSAGE_CLOSE);
    assert_non_null(close);
    assert_false(is_zero(&close->result));
    assert_int_equal(office_open_sessions(fixture->office), 0);
}

static void test_results_are_the_same_bytes_for_every_split(void **state)
{
    struct fixture *fixture = *state;
    static const uint32_t splits[2][CENTERS] = {
        {100, 100, 100, 100, 100}, {100, 200, 100, 50, 50}};
    char *texts[2];
    for (int split = 0; split < 2; split++) {
        ask(fixture, 30 + split, NULL);
        for (uint32_t i = 0; i < CENTERS; i++)
            fixture_answer(fixture, i, splits[split][i]);
        json_t *result = fixture_result(fixture);
        texts[split] =
            json_dumps(json_object_get(result, "results"), JSON_COMPACT);
        json_decref(result);
    }
    assert_string_equal(texts[0], texts[1]);
    free(texts[0]);
    free(texts[1]);
}

static void test_submit_query_again_never_opens_a_second_session(void **state)
{
    struct fixture *fixture = *state;
    struct buffer query;
    struct digest id;
    fixture_make_query(fixture, &query, &id, 20);
    fixture_submit_query(fixture, &query);
    fixture_submit_query(fixture, &query);
    assert_int_equal(count_opens(fixture), CENTERS);
    assert_int_equal(
        fixture_count(fixture, ROUTE_RESEARCHER, MESSAGE_STATUS), 2);
    for (size_t i = 0; i < CENTERS; i++)
        fixture_answer(fixture, i, 50);
    fixture_submit_query(fixture, &query);
    assert_int_equal(count_opens(fixture), CENTERS);
    assert_int_equal(
        fixture_count(fixture, ROUTE_RESEARCHER, MESSAGE_RESULT), 2);
    buffer_fini(&query);
}

static void test_ask_result_by_another_person_is_not_found(void **state)
{
    struct fixture *fixture = *state;
    struct message ask_result = {.type = MESSAGE_ASK_RESULT};
    ask(fixture, 20, &ask_result.id);
    for (size_t i = 0; i < CENTERS; i++)
        fixture_answer(fixture, i, 50);
    fixture_from_person(
        fixture, fixture->cast.committee[1], ROUTE_MEMBER, &ask_result);
    assert_null(fixture_last(fixture, ROUTE_MEMBER, MESSAGE_RESULT));
    assert_string_equal(
        fixture_last(fixture, ROUTE_MEMBER, MESSAGE_FAILURE)->name,
        "NOT_FOUND");
    fixture_forget(fixture);
    fixture_from_person(
        fixture, fixture->cast.researcher, ROUTE_RESEARCHER, &ask_result);
    assert_non_null(fixture_last(fixture, ROUTE_RESEARCHER, MESSAGE_RESULT));
}

static void test_status_shows_a_member_every_query(void **state)
{
    struct fixture *fixture = *state;
    struct message ask_status = {.type = MESSAGE_ASK_STATUS};
    ask(fixture, 20, NULL);
    fixture_answer(fixture, 2, 50);
    fixture_from_person(
        fixture, fixture->cast.committee[1], ROUTE_MEMBER, &ask_status);
    json_t *status = fixture_status(fixture, ROUTE_MEMBER);
    const json_t *query = json_array_get(json_object_get(status, "queries"), 0);
    assert_string_equal(
        json_string_value(json_object_get(query, "state")), "open");
    const json_t *centers = json_object_get(query, "centers");
    assert_int_equal(
        json_array_size(json_object_get(centers, "asked")), CENTERS);
    assert_int_equal(json_array_size(json_object_get(centers, "answered")), 1);
    json_decref(status);
}

/* Admission. */

static void test_submit_query_outside_the_study_says_why(void **state)
{
    struct fixture *fixture = *state;
    ask(fixture, 5, NULL); /* the study asks about age >= 18 */
    assert_failure(fixture, "COHORT_OUTSIDE_STUDY");
    assert_int_equal(count_opens(fixture), 0);
}

static void test_submit_query_of_another_signer_is_refused(void **state)
{
    struct fixture *fixture = *state;
    struct buffer query;
    fixture_make_query(fixture, &query, NULL, 20);
    struct message message = {
        .type = MESSAGE_SUBMIT_QUERY, .query = buffer_view(&query)};
    fixture_from_person(
        fixture, fixture->cast.committee[0], ROUTE_MEMBER, &message);
    assert_string_equal(
        fixture_last(fixture, ROUTE_MEMBER, MESSAGE_FAILURE)->name,
        "NOT_ALLOWED");
    assert_int_equal(count_opens(fixture), 0);
    buffer_fini(&query);
}

static void test_submit_query_by_somebody_unknown_is_dropped(void **state)
{
    struct fixture *fixture = *state;
    struct buffer query;
    fixture_make_query(fixture, &query, NULL, 20);
    struct message message = {
        .type = MESSAGE_SUBMIT_QUERY, .query = buffer_view(&query)};
    fixture_from_person(
        fixture, fixture->cast.stranger, ROUTE_MEMBER, &message);
    assert_int_equal(fixture->sent_count, 0);
    buffer_fini(&query);
}

static void test_submit_query_with_too_few_centers_names_numbers(void **state)
{
    struct fixture *fixture = *state;
    for (size_t i = 0; i < 3; i++)
        fixture_opt_in(fixture, i, false, 2);
    ask(fixture, 20, NULL);
    assert_failure(fixture, "TOO_FEW_CENTERS");
    const struct message *failure =
        fixture_last(fixture, ROUTE_RESEARCHER, MESSAGE_FAILURE);
    assert_non_null(strstr(failure->text, "2 of the 2"));
    /* Nothing is kept of it: the same query is taken when centers are back. */
    fixture_opt_in(fixture, 0, true, 3);
    ask(fixture, 20, NULL);
    assert_int_equal(count_opens(fixture), 3);
}

static void test_opt_in_of_an_older_sequence_changes_nothing(void **state)
{
    struct fixture *fixture = *state;
    fixture_opt_in(fixture, 0, false, 5);
    fixture_opt_in(fixture, 0, true, 4);
    fixture_opt_in(fixture, 0, true, 5);
    ask(fixture, 20, NULL);
    assert_int_equal(count_opens(fixture), CENTERS - 1);
}

static void test_submit_query_past_the_session_limit_is_refused(void **state)
{
    struct fixture *fixture = *state;
    for (int i = 0; i < 17; i++)
        ask(fixture, 20 + i, NULL);
    assert_failure(fixture, "LIMIT_REACHED");
    assert_int_equal(office_open_sessions(fixture->office), 16);
}

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
    ask(fixture, 20, NULL);
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
    ask(fixture, 20, NULL);
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
    ask(fixture, 20, NULL);
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
    ask(fixture, 20, NULL);
    assert_int_equal(count_opens(fixture), CENTERS);
}

static void test_center_cannot_speak_as_a_person(void **state)
{
    struct fixture *fixture = *state;
    struct message status = {.type = MESSAGE_ASK_STATUS};
    fixture_from_center(fixture, 0, &status);
    assert_int_equal(fixture->sent_count, 0);
    struct message hello = {
        .type = MESSAGE_HELLO, .version = PROTOCOL_VERSION, .name = "x"};
    fixture_from_person(
        fixture, fixture->cast.researcher, ROUTE_RESEARCHER, &hello);
    assert_failure(fixture, "NOT_ALLOWED");
}

/* Late, refusing, absent. */

static void test_deadline_with_enough_answers_reports_the_absent(void **state)
{
    struct fixture *fixture = *state;
    ask(fixture, 20, NULL);
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
    ask(fixture, 20, &ask_result.id);
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
    ask(fixture, 20, NULL);
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
    ask(fixture, 20, NULL);
    for (size_t i = 0; i < 4; i++)
        fixture_answer(fixture, i, 50);
    assert_answer(fixture, 4, 0, 1);
}

static void test_center_that_comes_back_is_asked_again(void **state)
{
    struct fixture *fixture = *state;
    fixture->gone[ROUTE_CENTER + 4] = true;
    ask(fixture, 20, NULL);
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
    ask(fixture, 20, NULL);
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
    ask(fixture, 20, NULL);
    assert_int_equal(count_opens(fixture), 4);
    fixture->busy[ROUTE_CENTER + 2] = false;
    fixture_wait(fixture, 50);
    assert_int_equal(count_opens(fixture), 5);
    fixture_wait(fixture, 50);
    assert_int_equal(count_opens(fixture), 5);
}

/* Restart. */

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
    ask(fixture, 20, &ask_result.id);
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
    ask(fixture, 20, &ask_result.id);
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
    ask(fixture, 20, &ask_result.id);
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
    ask(fixture, 20, &id);
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

/* Studies. */

static void test_rejection_of_a_member_closes_the_study(void **state)
{
    struct fixture *fixture = *state;
    struct buffer rejection;
    fixture_make_approval(fixture, &rejection, &fixture->study_id,
        fixture->cast.committee[0], false);
    struct message message = {.type = MESSAGE_SUBMIT_STUDY,
        .study = buffer_view(&fixture->study),
        .document_count = 1,
        .documents = {buffer_view(&rejection)}};
    fixture_from_person(
        fixture, fixture->cast.committee[0], ROUTE_MEMBER, &message);
    assert_string_equal(
        fixture_last(fixture, ROUTE_MEMBER, MESSAGE_FAILURE)->name,
        "TOO_FEW_SIGNATURES");
    assert_non_null(fixture_last(fixture, ROUTE_CENTER, MESSAGE_STUDY));
    ask(fixture, 20, NULL); /* the researcher is not enrolled any more */
    assert_int_equal(count_opens(fixture), 0);
    /* The third member's approval opens it again. */
    message.documents[0] = buffer_view(&fixture->approvals[2]);
    fixture_from_person(
        fixture, fixture->cast.committee[2], ROUTE_MEMBER, &message);
    ask(fixture, 20, NULL);
    assert_int_equal(count_opens(fixture), CENTERS);
    buffer_fini(&rejection);
}

static void test_new_roster_reaches_centers_and_drops_the_removed(void **state)
{
    struct fixture *fixture = *state;
    struct buffer bytes;
    struct envelope *envelope = NULL;
    struct catalog *catalog = NULL;
    struct diagnostic diagnostic;
    diagnostic_init(&diagnostic, "");
    size_t enrolled = fixture->enrolled;
    fixture_make_roster(fixture, &bytes, 2, CENTERS - 1, 2);
    assert_int_equal(
        envelope_decode(&envelope, buffer_view(&bytes)), STATUS_OK);
    assert_int_equal(catalog_load(&catalog, fixture->ledger,
                         fixture->cast.dictionary, fixture->now.wall),
        STATUS_OK);
    assert_int_equal(catalog_add_roster(catalog, fixture->ledger, envelope,
                         fixture->now.wall, &diagnostic),
        STATUS_OK);
    fixture_wait(fixture, 1000);
    assert_int_equal(fixture->enrolled, enrolled - 1);
    assert_int_equal(
        fixture_last(fixture, ROUTE_CENTER, MESSAGE_ROSTER)->document_count, 2);
    ask(fixture, 20, NULL);
    assert_int_equal(count_opens(fixture), CENTERS - 1);
    catalog_destroy(catalog);
    envelope_destroy(envelope);
    buffer_fini(&bytes);
}

static void test_ask_documents_gives_roster_and_dictionary(void **state)
{
    struct fixture *fixture = *state;
    struct message message = {.type = MESSAGE_ASK_DOCUMENTS};
    fixture_from_person(
        fixture, fixture->cast.researcher, ROUTE_RESEARCHER, &message);
    const struct message *documents =
        fixture_last(fixture, ROUTE_RESEARCHER, MESSAGE_DOCUMENTS);
    assert_int_equal(documents->document_count, 1);
    assert_true(
        view_equal(documents->documents[0], buffer_view(&fixture->roster)));
    struct digest digest = digest_of(documents->document);
    assert_true(digest_equal(&digest, &fixture->cast.dictionary->digest));
}

static void test_hello_of_another_version_is_refused(void **state)
{
    struct fixture *fixture = *state;
    struct message hello = {.type = MESSAGE_HELLO,
        .version = PROTOCOL_VERSION + 1,
        .name = "later"};
    fixture_from_center(fixture, 0, &hello);
    assert_string_equal(
        fixture_last(fixture, ROUTE_CENTER, MESSAGE_FAILURE)->name,
        "UNSUPPORTED_VERSION");
}

static void test_truncated_messages_change_nothing(void **state)
{
    struct fixture *fixture = *state;
    struct buffer query, body;
    struct channel_route route = fixture_route(ROUTE_RESEARCHER);
    char user[CHANNEL_USER_MAX] = "person:";
    public_key_to_text(
        user + 7, &keypair_identity(fixture->cast.researcher)->sign);
    fixture_make_query(fixture, &query, NULL, 20);
    buffer_init(&body, BUFFER_LIMIT_DEFAULT);
    struct message message = {
        .type = MESSAGE_SUBMIT_QUERY, .query = buffer_view(&query)};
    assert_int_equal(message_encode(&message, &body), STATUS_OK);
    for (size_t size = 0; size < body.size; size++) {
        office_receive(fixture->office, user, &route,
            (struct view){body.data, size}, fixture->now);
        fixture_forget(fixture);
    }
    assert_int_equal(office_open_sessions(fixture->office), 0);
    buffer_fini(&body);
    buffer_fini(&query);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_submit_query_with_all_centers_gives_the_sum),
        TEST(test_results_are_the_same_bytes_for_every_split),
        TEST(test_submit_query_again_never_opens_a_second_session),
        TEST(test_ask_result_by_another_person_is_not_found),
        TEST(test_status_shows_a_member_every_query),
        TEST(test_submit_query_outside_the_study_says_why),
        TEST(test_submit_query_of_another_signer_is_refused),
        TEST(test_submit_query_by_somebody_unknown_is_dropped),
        TEST(test_submit_query_with_too_few_centers_names_numbers),
        TEST(test_opt_in_of_an_older_sequence_changes_nothing),
        TEST(test_submit_query_past_the_session_limit_is_refused),
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
        TEST(test_restart_asks_the_rest_with_the_same_header),
        TEST(test_restart_past_the_deadline_fails_cleanly),
        TEST(test_restart_does_not_believe_a_damaged_reply),
        TEST(test_restart_keeps_no_vector_of_a_question_that_is_over),
        TEST(test_rejection_of_a_member_closes_the_study),
        TEST(test_new_roster_reaches_centers_and_drops_the_removed),
        TEST(test_ask_documents_gives_roster_and_dictionary),
        TEST(test_hello_of_another_version_is_refused),
        TEST(test_truncated_messages_change_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
