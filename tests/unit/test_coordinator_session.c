/* The coordinator's half, in memory: what it does when all goes well, whom it
 * refuses, and what becomes of studies and rosters. */
#include "question_fixture.h"

/* A good run. */

static void test_submit_query_with_all_centers_gives_the_sum(void **state)
{
    struct fixture *fixture = *state;
    question_ask(fixture, 20, NULL);
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
        question_ask(fixture, 30 + split, NULL);
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
    question_ask(fixture, 20, &ask_result.id);
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
    question_ask(fixture, 20, NULL);
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

static void test_submit_query_of_nobody_says_why(void **state)
{
    struct fixture *fixture = *state;
    question_ask(fixture, 200, NULL); /* nobody is of age >= 200 */
    assert_failure(fixture, "OUT_OF_RANGE");
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
    question_ask(fixture, 20, NULL);
    assert_failure(fixture, "TOO_FEW_CENTERS");
    const struct message *failure =
        fixture_last(fixture, ROUTE_RESEARCHER, MESSAGE_FAILURE);
    assert_non_null(strstr(failure->text, "2 of the 2"));
    /* Nothing is kept of it: the same query is taken when centers are back. */
    fixture_opt_in(fixture, 0, true, 3);
    question_ask(fixture, 20, NULL);
    assert_int_equal(count_opens(fixture), 3);
}

static void test_opt_in_of_an_older_sequence_changes_nothing(void **state)
{
    struct fixture *fixture = *state;
    fixture_opt_in(fixture, 0, false, 5);
    fixture_opt_in(fixture, 0, true, 4);
    fixture_opt_in(fixture, 0, true, 5);
    question_ask(fixture, 20, NULL);
    assert_int_equal(count_opens(fixture), CENTERS - 1);
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
    const struct message *status =
        fixture_last(fixture, ROUTE_MEMBER, MESSAGE_STATUS);
    assert_non_null(status);
    assert_non_null(memmem(status->document.data, status->document.size,
        "\"approved\":false", strlen("\"approved\":false")));
    assert_non_null(memmem(status->document.data, status->document.size,
        "a member rejected it", strlen("a member rejected it")));
    assert_non_null(fixture_last(fixture, ROUTE_CENTER, MESSAGE_STUDY));
    question_ask(
        fixture, 20, NULL); /* the researcher is not enrolled any more */
    assert_int_equal(count_opens(fixture), 0);
    /* The third member's approval opens it again. */
    message.documents[0] = buffer_view(&fixture->approvals[2]);
    fixture_from_person(
        fixture, fixture->cast.committee[2], ROUTE_MEMBER, &message);
    question_ask(fixture, 20, NULL);
    assert_int_equal(count_opens(fixture), CENTERS);
    buffer_fini(&rejection);
}

/* Approvals of one member leave places for what the others have to say. */
static void test_approvals_of_a_member_do_not_keep_out_a_rejection(void **state)
{
    struct fixture *fixture = *state;
    struct buffer documents[MESSAGE_DOCUMENTS_MAX];
    struct message message = {
        .type = MESSAGE_SUBMIT_STUDY, .study = buffer_view(&fixture->study)};
    const int64_t now = fixture->now.wall;
    for (size_t i = 0; i < MESSAGE_DOCUMENTS_MAX; i++) {
        fixture->now.wall = now - (int64_t)i - 1; /* each another document */
        fixture_make_approval(fixture, &documents[i], &fixture->study_id,
            fixture->cast.committee[0], true);
        message.documents[i] = buffer_view(&documents[i]);
    }
    fixture->now.wall = now;
    for (message.document_count = MESSAGE_DOCUMENTS_MAX;
         message.document_count > MESSAGE_DOCUMENTS_MAX - 4;
         message.document_count--)
        fixture_from_person(
            fixture, fixture->cast.committee[0], ROUTE_MEMBER, &message);
    for (size_t i = 0; i < MESSAGE_DOCUMENTS_MAX; i++)
        buffer_fini(&documents[i]);
    fixture_make_approval(fixture, &documents[0], &fixture->study_id,
        fixture->cast.committee[1], false);
    message.document_count = 1;
    message.documents[0] = buffer_view(&documents[0]);
    fixture_forget(fixture);
    fixture_from_person(
        fixture, fixture->cast.committee[1], ROUTE_MEMBER, &message);
    const struct message *status =
        fixture_last(fixture, ROUTE_MEMBER, MESSAGE_STATUS);
    assert_non_null(status);
    assert_non_null(memmem(status->document.data, status->document.size,
        "\"approved\":false", strlen("\"approved\":false")));
    buffer_fini(&documents[0]);
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
    question_ask(fixture, 20, NULL);
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
    struct message ping = {.type = MESSAGE_PING, .number = 1};
    /* Told what is spoken here, and nothing else; heard, and not connected. */
    fixture_from_center(fixture, 0, &hello);
    assert_int_equal(
        fixture_last(fixture, ROUTE_CENTER, MESSAGE_WELCOME)->version,
        protocol_said());
    assert_int_equal(fixture_count(fixture, ROUTE_CENTER, MESSAGE_ROSTER), 0);
    fixture_forget(fixture);
    fixture_from_center(fixture, 0, &ping);
    assert_int_equal(fixture_count(fixture, ROUTE_CENTER, MESSAGE_PONG), 1);
    assert_int_equal(fixture_count(fixture, ROUTE_CENTER, MESSAGE_ROSTER), 0);
    question_ask(fixture, 20, NULL);
    assert_int_equal(fixture_count(fixture, ROUTE_CENTER, MESSAGE_OPEN), 0);
    /* Upgraded, it is welcome. */
    fixture_hello(fixture, 0);
    assert_int_equal(fixture_count(fixture, ROUTE_CENTER, MESSAGE_ROSTER), 1);
}

static void test_hello_of_a_person_is_told_the_version(void **state)
{
    struct fixture *fixture = *state;
    struct message hello = {
        .type = MESSAGE_HELLO, .version = 1, .name = "cohortium 0.1.0"};
    fixture_from_person(
        fixture, fixture->cast.researcher, ROUTE_RESEARCHER, &hello);
    assert_int_equal(
        fixture_last(fixture, ROUTE_RESEARCHER, MESSAGE_WELCOME)->version,
        protocol_said());
}

/* Programs of protocol 1 said none. */
static void test_person_without_hello_is_told_to_upgrade(void **state)
{
    struct fixture *fixture = *state;
    struct buffer query, body;
    const struct channel_route route = fixture_route(ROUTE_RESEARCHER);
    char user[CHANNEL_USER_MAX] = "person:";
    public_key_to_text(
        user + 7, &keypair_identity(fixture->cast.researcher)->sign);
    fixture_close(fixture);
    fixture_open(fixture); /* nobody has greeted this one */
    for (size_t i = 0; i < CENTERS; i++)
        fixture_hello(fixture, i);
    fixture_forget(fixture);
    fixture_make_query(fixture, &query, NULL, 20);
    buffer_init(&body, BUFFER_LIMIT_DEFAULT);
    const struct message message = {
        .type = MESSAGE_SUBMIT_QUERY, .query = buffer_view(&query)};
    assert_int_equal(message_encode(&message, &body), STATUS_OK);
    office_receive(
        fixture->office, user, &route, buffer_view(&body), fixture->now);
    assert_failure(fixture, "UNSUPPORTED_VERSION");
    assert_string_equal(
        fixture_last(fixture, ROUTE_RESEARCHER, MESSAGE_FAILURE)->text,
        "your program speaks protocol 1, this office 3: your program "
        "(cohortium) must be upgraded");
    assert_int_equal(count_opens(fixture), 0);
    buffer_fini(&body);
    fixture_submit_query(fixture, &query); /* with HELLO */
    assert_int_equal(count_opens(fixture), CENTERS);
    buffer_fini(&query);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_submit_query_with_all_centers_gives_the_sum),
        TEST(test_results_are_the_same_bytes_for_every_split),
        TEST(test_submit_query_again_never_opens_a_second_session),
        TEST(test_ask_result_by_another_person_is_not_found),
        TEST(test_status_shows_a_member_every_query),
        TEST(test_submit_query_of_nobody_says_why),
        TEST(test_submit_query_of_another_signer_is_refused),
        TEST(test_submit_query_by_somebody_unknown_is_dropped),
        TEST(test_submit_query_with_too_few_centers_names_numbers),
        TEST(test_opt_in_of_an_older_sequence_changes_nothing),
        TEST(test_rejection_of_a_member_closes_the_study),
        TEST(test_approvals_of_a_member_do_not_keep_out_a_rejection),
        TEST(test_new_roster_reaches_centers_and_drops_the_removed),
        TEST(test_ask_documents_gives_roster_and_dictionary),
        TEST(test_hello_of_another_version_is_refused),
        TEST(test_hello_of_a_person_is_told_the_version),
        TEST(test_person_without_hello_is_told_to_upgrade),
        TEST(test_truncated_messages_change_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
