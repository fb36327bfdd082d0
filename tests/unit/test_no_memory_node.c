/*
 * Memory runs out in a center's node: while a file is imported, a study
 * arrives, a decision is recorded, a question is answered. What was begun is
 * done or undone: no row of half a file, no answer or vote that is not on
 * record.
 */
#include <unistd.h>

#include "node/audit.h"
#include "node/import.h"
#include "node/session.h"
#include "protocol/wire/json_text.h"
#include "protocol/wire/log.h"
#include "tests/unit/masking_fixture.h"
#include "tests/unit/test.h"

#include "documents_fixture.h"
#include "failing_allocator.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))
#define PEOPLE 200

static struct cast cast;
static char csv_path[] = "/tmp/cohortium-memory-XXXXXX";
static struct store *store;
static struct session *session;
static struct outbox outbox;
static const struct session_time now = {NOW, 1000};
static struct buffer roster_bytes, study_message, open_message;
static struct digest study_id, header_id;
static struct plan *plan;
static struct query *query;

/* ---- documents ---- */

static void encode(struct buffer *out, const struct envelope *envelope)
{
    buffer_init(out, BUFFER_LIMIT_DEFAULT);
    must(envelope_encode(envelope, out));
}

static void make_query(struct envelope **out)
{
    struct diagnostic diagnostic;
    *out = document_sign(
        TYPE_QUERY, cast_query(&cast, &study_id, 40), &cast.researcher, 1);
    diagnostic_init(&diagnostic, "");
    must(query_parse(
        &query, buffer_view(&(*out)->payload), cast.dictionary, &diagnostic));
    must(plan_create(&plan, query, cast.dictionary, &diagnostic));
}

static void make_messages(const char *privacy, const struct digest *roster_id)
{
    static struct message message;
    struct envelope *study, *question, *header, *approvals[2];
    struct buffer study_bytes, query_bytes, header_bytes, approval_bytes[2];
    json_t *json = cast_study(&cast, "first", 3);
    json_object_set_new(json, "privacy", json_string(privacy));
    study = document_sign(TYPE_STUDY, json, &cast.researcher, 1);
    study_id = envelope_id(study);
    make_query(&question);
    const struct digest query_id = envelope_id(question);
    json = cast_header(&query_id, &study_id, roster_id);
    json_array_append_new(
        json_object_get(json, "centers"), json_string("center-3"));
    json_array_append_new(
        json_object_get(json, "centers"), json_string("center-4"));
    header = document_sign(TYPE_HEADER, json, &cast.coordinator, 1);
    header_id = envelope_id(header);
    encode(&study_bytes, study);
    encode(&query_bytes, question);
    encode(&header_bytes, header);
    message = (struct message){.header = buffer_view(&header_bytes),
        .query = buffer_view(&query_bytes),
        .study = buffer_view(&study_bytes),
        .document_count = 2};
    for (size_t i = 0; i < 2; i++) {
        approvals[i] = document_sign(TYPE_APPROVAL,
            cast_approval(&study_id, "approve", "2027-01-14"),
            &cast.committee[i], 1);
        encode(&approval_bytes[i], approvals[i]);
        message.documents[i] = buffer_view(&approval_bytes[i]);
        envelope_destroy(approvals[i]);
    }
    buffer_init(&study_message, BUFFER_LIMIT_DEFAULT);
    buffer_init(&open_message, BUFFER_LIMIT_DEFAULT);
    message.type = MESSAGE_STUDY;
    must(message_encode(&message, &study_message));
    message.type = MESSAGE_OPEN;
    must(message_encode(&message, &open_message));
    struct buffer *const bytes[] = {&study_bytes, &query_bytes, &header_bytes,
        &approval_bytes[0], &approval_bytes[1]};
    for (size_t i = 0; i < COUNT(bytes); i++)
        buffer_fini(bytes[i]);
    envelope_destroy(study);
    envelope_destroy(question);
    envelope_destroy(header);
}

static void make_all(const char *privacy)
{
    struct envelope *roster = document_sign(
        TYPE_ROSTER, cast_roster(&cast, 1, CENTERS), cast.committee, 2);
    const struct digest roster_id = envelope_id(roster);
    encode(&roster_bytes, roster);
    envelope_destroy(roster);
    make_messages(privacy, &roster_id);
}

static void free_all(void)
{
    buffer_fini(&roster_bytes);
    buffer_fini(&study_message);
    buffer_fini(&open_message);
    plan_destroy(plan);
    query_destroy(query);
}

static int setup(void **state)
{
    (void)state;
    allocator_start();
    log_set_level(LOG_ERROR);
    cast_create(&cast);
    int file = mkstemp(csv_path);
    FILE *csv = fdopen(file, "w");
    fputs("patient,exam,age,sex\n", csv);
    for (int i = 0; i < PEOPLE; i++)
        fprintf(
            csv, "p%d,e%d,%d,%s\n", i, i, 30 + i % 50, i % 2 == 0 ? "F" : "M");
    fclose(csv);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    unlink(csv_path);
    cast_destroy(&cast);
    return 0;
}

/* ---- import ---- */

static void open_store(void)
{
    must(store_open(&store, ":memory:", cast.dictionary));
}

static enum status import_csv(struct buffer *out)
{
    static const struct import_options options = {.strict = true, .now = NOW};
    struct import_report report;
    struct diagnostic diagnostic;
    diagnostic_init(&diagnostic, "people.csv");
    enum status status = import_file(
        store, cast.dictionary, csv_path, &options, &report, &diagnostic);
    if (status == STATUS_OK) {
        json_t *json = import_report_json(&report, cast.dictionary, "");
        status = json_text_append(out, json, JSON_COMPACT);
        json_decref(json);
    }
    if (status == STATUS_OK)
        status = import_report_text(out, &report, cast.dictionary, "people");
    import_report_fini(&report);
    return status;
}

static int64_t exams(void)
{
    struct store_counts counts;
    must(store_get_counts(store, &counts));
    return counts.exams;
}

/* The report may have failed after the import was there, whole. */
static void check_import(enum status status)
{
    int64_t count = exams();
    assert_true(count == 0 || count == PEOPLE);
    assert_true(status != STATUS_OK || count == PEOPLE);
    store_close(store);
}

static enum status run_store(struct buffer *out)
{
    struct store *opened = NULL;
    struct store_counts counts = {0};
    enum status status = store_open(&opened, ":memory:", cast.dictionary);
    if (status == STATUS_OK)
        status = store_get_counts(opened, &counts);
    if (status == STATUS_OK)
        status = buffer_append_format(out, "%d", (int)counts.exams);
    store_close(opened);
    return status;
}

static void test_import_is_whole_or_not_at_all(void **state)
{
    (void)state;
    static const struct scenario scenarios[] = {
        {"store", run_store, STATUS_OK, NULL, NULL, 0},
        {"import", import_csv, STATUS_OK, open_store, check_import, 0}};
    for (size_t i = 0; i < COUNT(scenarios); i++)
        step_through(&scenarios[i]);
}

/* ---- questions ---- */

static struct session_setup node_setup(void)
{
    return (struct session_setup){.keys = cast.centers[0],
        .dictionary = cast.dictionary,
        .store = store,
        .threads = 2,
        .refusals_to_lock = 10,
        .yearly_rho_nano = NANO};
}

static void open_session(void)
{
    open_store();
    const struct session_setup made = node_setup();
    must(store_put_roster(store, 1, buffer_view(&roster_bytes)));
    must(session_create(&session, &made));
}

static void decide(void)
{
    const struct session_setup made = node_setup();
    must(session_receive(session, buffer_view(&study_message), now, &outbox));
    must(decision_record(&made, &study_id, "test", true, "", NOW));
    outbox_clear(&outbox);
}

static void open_ready(void)
{
    struct buffer report;
    buffer_init(&report, BUFFER_LIMIT_DEFAULT);
    open_session();
    must(import_csv(&report));
    decide();
    buffer_fini(&report);
}

static int64_t audit_length(void)
{
    int64_t sequence;
    struct digest digest;
    must(store_audit_head(store, &sequence, &digest));
    return sequence;
}

/* The log is good, whatever happened. */
static void close_session(enum status status)
{
    struct audit_finding finding;
    (void)status;
    must(audit_verify(
        store, &keypair_identity(cast.centers[0])->sign, &finding));
    assert_string_equal(finding.problem, "");
    outbox_clear(&outbox);
    session_destroy(session);
    store_close(store);
}

static enum status put_outbox(struct buffer *out)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < outbox.count; i++)
        status = buffer_append(
            out, outbox.messages[i].data, outbox.messages[i].size);
    return status;
}

static enum status run_session(struct buffer *out)
{
    struct session *opened = NULL;
    const struct session_setup made = node_setup();
    enum status status = session_create(&opened, &made);
    if (status == STATUS_OK)
        status = session_connected(opened, now, &outbox);
    if (status == STATUS_OK)
        status = put_outbox(out);
    session_destroy(opened);
    return status;
}

static enum status run_study(struct buffer *out)
{
    enum status status =
        session_receive(session, buffer_view(&study_message), now, &outbox);
    if (status == STATUS_OK)
        status = store_find_study(store, "first", &study_id, out);
    return status;
}

static void open_with_study(void)
{
    open_session();
    must(session_receive(session, buffer_view(&study_message), now, &outbox));
}

static enum status run_decision(struct buffer *out)
{
    const struct session_setup made = node_setup();
    struct store_decision decision;
    enum status status =
        decision_record(&made, &study_id, "test", true, "", NOW);
    if (status == STATUS_OK)
        status = store_get_decision(store, &study_id, &decision);
    return status == STATUS_OK
               ? buffer_append_format(out, "%d", (int)decision.sequence)
               : status;
}

static void check_decision(enum status status)
{
    struct store_decision decision;
    bool recorded =
        store_get_decision(store, &study_id, &decision) == STATUS_OK;
    assert_int_equal(recorded, audit_length() > 1); /* after the study */
    close_session(status);
}

static enum status run_open(struct buffer *out)
{
    enum status status =
        session_receive(session, buffer_view(&open_message), now, &outbox);
    return status == STATUS_OK ? put_outbox(out) : status;
}

static bool answered(void)
{
    static struct message message;
    bool found = false;
    for (size_t i = 0; i < outbox.count; i++) {
        must(message_decode(
            &message, buffer_view(&outbox.messages[i]), SENDER_CENTER));
        found = found || message.type == MESSAGE_SUMMARY ||
                message.type == MESSAGE_VOTE;
    }
    return found;
}

/* What left is on record. */
static void check_answer(enum status status)
{
    struct buffer vector;
    struct digest id;
    struct store_answer answer;
    struct diagnostic diagnostic;
    static struct message message;
    struct envelope *asked = NULL;
    buffer_init(&vector, BUFFER_LIMIT_DEFAULT);
    diagnostic_init(&diagnostic, "");
    must(message_decode(
        &message, buffer_view(&open_message), SENDER_COORDINATOR));
    must(envelope_decode(&asked, message.query));
    id = envelope_id(asked);
    bool recorded =
        store_find_answer(store, &id, &answer, &vector) == STATUS_OK;
    assert_true(recorded || !answered());
    /* after the opt-in, and which freeze the study reads */
    assert_int_equal(recorded, audit_length() > 3);
    envelope_destroy(asked);
    buffer_fini(&vector);
    close_session(status);
}

static void test_an_answer_that_leaves_is_on_record(void **state)
{
    (void)state;
    static const struct scenario scenarios[] = {
        {"session", run_session, STATUS_OK, open_session, close_session, 0},
        {"study arrives", run_study, STATUS_OK, open_session, close_session, 0},
        {"decision", run_decision, STATUS_OK, open_with_study, check_decision,
            0},
        {"question", run_open, STATUS_OK, open_ready, check_answer, 0}};
    make_all("plain");
    for (size_t i = 0; i < COUNT(scenarios); i++)
        step_through(&scenarios[i]);
    free_all();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_import_is_whole_or_not_at_all),
        cmocka_unit_test(test_an_answer_that_leaves_is_on_record),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
