/*
 * Memory runs out in the coordinator's office: when a study or a query is
 * submitted, when the last center answers, when it starts again. It may answer
 * with a failure; what is in the ledger is whole, and with memory it goes on.
 */
#include "protocol/wire/json_text.h"
#include "protocol/wire/log.h"
#include "tests/unit/test.h"

#include "coordinator_fixture.h"
#include "failing_allocator.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))
#define STEPS 60

static struct fixture *fixture;
static struct buffer body; /* of the message that comes while there is none */
static struct digest query_id;

static int setup(void **state)
{
    (void)state;
    allocator_start();
    fixture = malloc(sizeof *fixture);
    return fixture == NULL;
}

static int teardown(void **state)
{
    (void)state;
    free(fixture);
    return 0;
}

static void encode(const struct message *message)
{
    buffer_init(&body, BUFFER_LIMIT_DEFAULT);
    must(message_encode(message, &body));
}

static void end(void)
{
    buffer_fini(&body);
    fixture_destroy(fixture);
}

static enum status hand_over(const char *user, int route)
{
    const struct channel_route from = fixture_route(route);
    office_receive(
        fixture->office, user, &from, buffer_view(&body), fixture->now);
    return STATUS_OK;
}

static enum status from_person(const struct keypair *keys, int route)
{
    char user[CHANNEL_USER_MAX], key[KEY_TEXT];
    public_key_to_text(key, &keypair_identity(keys)->sign);
    snprintf(user, sizeof user, "person:%s", key);
    return hand_over(user, route);
}

/* ---- a study ---- */

static void before_study(void)
{
    fixture_create(fixture);
    fixture_open(fixture);
    encode(&(const struct message){.type = MESSAGE_SUBMIT_STUDY,
        .study = buffer_view(&fixture->study),
        .document_count = 2,
        .documents = {buffer_view(&fixture->approvals[0]),
            buffer_view(&fixture->approvals[1])}});
}

static enum status submit_study(struct buffer *out)
{
    (void)out;
    return from_person(fixture->cast.committee[0], ROUTE_MEMBER);
}

/* Submitted again it is there, in good standing, also after a restart. */
static void after_study(enum status status)
{
    struct catalog *catalog = NULL;
    (void)status;
    fixture_submit_study(fixture, &fixture->study, 2);
    must(
        catalog_load(&catalog, fixture->ledger, fixture->cast.dictionary, NOW));
    const struct catalog_study *study =
        catalog_find_study(catalog, &fixture->study_id);
    assert_non_null(study);
    assert_int_equal(study->standing, STATUS_OK);
    assert_int_equal(study->approval_count, 2);
    catalog_destroy(catalog);
    end();
}

/* ---- a query ---- */

static void before_query(void)
{
    struct buffer query;
    fixture_create(fixture);
    fixture_open_ready(fixture);
    fixture_make_query(fixture, &query, &query_id, 20);
    encode(&(const struct message){
        .type = MESSAGE_SUBMIT_QUERY, .query = buffer_view(&query)});
    buffer_fini(&query);
}

static enum status submit_query(struct buffer *out)
{
    (void)out;
    return from_person(fixture->cast.researcher, ROUTE_RESEARCHER);
}

/* Whether the researcher hears how it ended, at the latest after the deadline:
 * with a result, or with why there is none. */
static void assert_it_ends(void)
{
    struct message ask = {.type = MESSAGE_ASK_RESULT, .id = query_id};
    for (int i = 0; i < 3 && office_open_sessions(fixture->office) > 0; i++)
        fixture_wait(fixture, (uint64_t)24 * 3600 * 1000);
    assert_int_equal(office_open_sessions(fixture->office), 0);
    fixture_forget(fixture);
    fixture_from_person(
        fixture, fixture->cast.researcher, ROUTE_RESEARCHER, &ask);
    assert_true(fixture_count(fixture, ROUTE_RESEARCHER, MESSAGE_RESULT) +
                    fixture_count(fixture, ROUTE_RESEARCHER, MESSAGE_FAILURE) >
                0);
}

static void after_query(enum status status)
{
    (void)status;
    for (int i = 0; i < CENTERS; i++)
        assert_true(fixture_count(fixture, ROUTE_CENTER + i, MESSAGE_OPEN) < 2);
    assert_it_ends();
    end();
}

/* ---- the last answer ---- */

static void before_answer(void)
{
    before_query();
    buffer_fini(&body);
    struct buffer query;
    fixture_make_query(fixture, &query, &query_id, 20);
    fixture_submit_query(fixture, &query);
    buffer_fini(&query);
    for (size_t i = 0; i + 1 < CENTERS; i++)
        fixture_answer(fixture, i, 100);
    /* the vector of center 0 would do for all: their rows are the same */
    const struct message *open =
        fixture_last(fixture, ROUTE_CENTER + CENTERS - 1, MESSAGE_OPEN);
    assert_non_null(open);
    fixture_summary(fixture, open, 100, &body);
}

static enum status last_answer(struct buffer *out)
{
    (void)out;
    return hand_over("center:center-4", ROUTE_CENTER + CENTERS - 1);
}

/* A result that was signed is the sum of those whom it names: each has 100
 * people, half of them women. */
static void assert_sum_of_those_named(const json_t *result)
{
    const json_t *first = json_array_get(json_object_get(result, "results"), 0);
    json_int_t named = json_integer_value(json_object_get(result, "centers"));
    assert_true(named == CENTERS || named == CENTERS - 1);
    assert_int_equal(json_array_size(json_object_get(
                         json_object_get(result, "center_report"), "answered")),
        named);
    assert_int_equal(
        json_integer_value(json_object_get(first, "n")), 50 * named);
}

static void after_answer(enum status status)
{
    (void)status;
    json_t *result = fixture_result(fixture);
    if (result != NULL)
        assert_sum_of_those_named(result);
    json_decref(result);
    assert_it_ends();
    end();
}

/* ---- a restart ---- */

static void before_restart(void)
{
    before_query();
    buffer_fini(&body);
    struct buffer query;
    fixture_make_query(fixture, &query, &query_id, 20);
    fixture_submit_query(fixture, &query);
    buffer_fini(&query);
    buffer_init(&body, 1);
    fixture_close(fixture);
}

static enum status restart(struct buffer *out)
{
    enum status status = fixture_try_open(fixture);
    return status == STATUS_OK ? buffer_append_format(out, "%zu",
                                     office_open_sessions(fixture->office))
                               : status;
}

static void after_restart(enum status status)
{
    if (status != STATUS_OK) {
        fixture_close(fixture);
        fixture_open(fixture);
    }
    assert_it_ends();
    end();
}

static void test_the_office_goes_on(void **state)
{
    (void)state;
    static const struct scenario scenarios[] = {
        {"submit study", submit_study, STATUS_OK, before_study, after_study,
            STEPS},
        {"submit query", submit_query, STATUS_OK, before_query, after_query,
            STEPS},
        {"last answer", last_answer, STATUS_OK, before_answer, after_answer,
            STEPS},
        {"restart", restart, STATUS_OK, before_restart, after_restart, STEPS}};
    for (size_t i = 0; i < COUNT(scenarios); i++)
        step_through(&scenarios[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_office_goes_on),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
