#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "coordinator/counter.h"
#include "coordinator/office_internal.h"
#include "coordinator/report.h"
#include "protocol/wire/log.h"

/* Room for the array and type around the text of a STATUS. */
#define STATUS_TEXT_MAX ((size_t)1048576 - 64)

struct office_viewer office_viewer_of(const struct office_call *call)
{
    return (struct office_viewer){
        *call->route, call->member->identity.sign, call->member->committee};
}

void office_send_status(struct office *office,
    const struct office_viewer *viewer, const struct digest *query_id,
    int64_t now)
{
    struct buffer text;
    buffer_init(&text, BUFFER_LIMIT_DEFAULT);
    for (size_t i = 0; i < office->session_count; i++)
        office_save_replies(office, office->sessions[i], now);
    const struct report_request request = {.ledger = office->ledger,
        .catalog = office->catalog,
        .members = office->members,
        .sessions = {office->sessions, office->session_count},
        .turns = office->turns,
        .viewer = viewer->committee ? NULL : &viewer->key,
        .query = query_id,
        .query_limit = OFFICE_REPORT_QUERIES};
    enum status status = report_write(&text, &request, STATUS_TEXT_MAX);
    if (status == STATUS_OK) {
        struct message *message = office_message(office, MESSAGE_STATUS);
        message->document = buffer_view(&text);
        office_send(office, &viewer->route);
    } else {
        office_send_failure(office, &viewer->route, status, query_id, NULL);
    }
    buffer_fini(&text);
}

void office_on_ask_status(struct office *office, const struct office_call *call)
{
    static const struct digest none;
    const struct office_viewer viewer = office_viewer_of(call);
    const struct digest *asked = &call->message->id;
    office_send_status(office, &viewer,
        digest_equal(asked, &none) ? NULL : asked, call->now.wall);
}

void office_on_ask_documents(
    struct office *office, const struct office_call *call)
{
    const struct catalog *catalog = office->catalog;
    struct message *message = office_message(office, MESSAGE_DOCUMENTS);
    message->document_count = catalog->roster_count;
    for (size_t i = 0; i < catalog->roster_count; i++)
        message->documents[i] = buffer_view(&catalog->rosters[i]);
    message->document = document_bytes(catalog->dictionary->document);
    office_send(office, call->route);
}

/* ---- what was refused ---- */

#define DAY_SECONDS 86400
#define REFUSALS_RECORDED 100 /* of one person and day, one by one */

static void record(struct office *office, const char *kind,
    const struct digest *subject, int64_t now, const char *detail)
{
    enum status status = ledger_begin(office->ledger);
    if (status == STATUS_OK)
        status =
            ledger_record(office->ledger, now, kind, subject, "%s", detail);
    if (status == STATUS_OK)
        status = ledger_commit(office->ledger);
    if (status != STATUS_OK)
        ledger_rollback(office->ledger);
}

/* One line for all that a person was refused beyond those of a day. */
static void sum_refusals(
    struct office *office, struct member *person, int64_t now)
{
    char key[KEY_TEXT], text[LEDGER_TEXT_MAX];
    const struct digest none = {{0}};
    if (person->refusals > REFUSALS_RECORDED) {
        public_key_to_text(key, &person->identity.sign);
        snprintf(text, sizeof text, "more=%zu person=%s",
            person->refusals - REFUSALS_RECORDED, key);
        record(office, "refused_more", &none, now, text);
    }
    person->refusal_day = now / DAY_SECONDS;
    person->refusals = 0;
}

void office_sum_refusals(struct office *office, int64_t now)
{
    for (size_t i = 0; i < members_count(office->members); i++) {
        struct member *person = members_at(office->members, i);
        if (person->refusals > 0 && person->refusal_day != now / DAY_SECONDS)
            sum_refusals(office, person, now);
    }
}

/* Nobody fills the register by being refused, which is never emptied. */
static bool is_recorded(struct office *office, const char *key, int64_t now)
{
    char user[CHANNEL_USER_MAX];
    snprintf(user, sizeof user, "person:%s", key);
    struct member *person = members_find(office->members, user);
    if (person == NULL)
        return true; /* left while its question waited */
    if (person->refusal_day != now / DAY_SECONDS)
        sum_refusals(office, person, now);
    return ++person->refusals <= REFUSALS_RECORDED;
}

void office_record_refusal(struct office *office, const char *kind,
    const struct digest *subject, enum status status,
    const struct public_key *person, int64_t now)
{
    char key[KEY_TEXT], text[LEDGER_TEXT_MAX];
    public_key_to_text(key, person);
    if (!is_recorded(office, key, now))
        return;
    snprintf(
        text, sizeof text, "status=%s person=%s", status_name(status), key);
    log_event(LOG_INFO, "office", kind, "%s", text);
    record(office, kind, subject, now, text);
}

/* ---- studies ---- */

/* Among the approvals: a member's word that the study goes on. */
static enum status take_continuations(struct office *office,
    const struct office_call *call, size_t index, struct diagnostic *diagnostic)
{
    const struct message *message = call->message;
    const struct study *study = office->catalog->studies[index]->study;
    const struct wall_clock clock = {call->now.wall, "the coordinator's clock"};
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < message->document_count;
         i++) {
        struct envelope *envelope = NULL;
        status = envelope_decode(&envelope, message->documents[i]);
        if (status == STATUS_OK &&
            strcmp(envelope->type, TYPE_CONTINUATION) == 0)
            status =
                counter_continue(office->ledger, study, office->catalog->roster,
                    message->documents[i], &clock, diagnostic);
        envelope_destroy(envelope);
    }
    office->turns_due = true;
    return status;
}

void office_on_submit_study(
    struct office *office, const struct office_call *call)
{
    const struct message *message = call->message;
    const struct catalog_submission submission = {
        message->study, message->document_count, message->documents};
    const struct office_viewer viewer = office_viewer_of(call);
    struct diagnostic diagnostic;
    size_t index = 0;
    diagnostic_init(&diagnostic, "");
    enum status status = catalog_submit_study(office->catalog, office->ledger,
        &submission, call->now.wall, &index, &diagnostic);
    if (status == STATUS_OK)
        status = take_continuations(office, call, index, &diagnostic);
    if (status != STATUS_OK) {
        struct digest bytes = digest_of(message->study);
        office_record_refusal(office, "study_refused", &bytes, status,
            &viewer.key, call->now.wall);
        office_send_failure(
            office, &viewer.route, status, NULL, diagnostic.message);
    }
    if (index < office->catalog->study_count) { /* new, or judged again */
        office_enroll(office);
        office_push_study(office, index);
    }
    if (status == STATUS_OK)
        office_send_status(office, &viewer, NULL, call->now.wall);
}

static void send_result(struct office *office,
    const struct channel_route *route, const struct digest *query_id)
{
    struct digest id;
    struct buffer envelope;
    buffer_init(&envelope, BUFFER_LIMIT_DEFAULT);
    enum status status =
        ledger_get_result(office->ledger, query_id, &id, &envelope);
    if (status == STATUS_OK) {
        struct message *message = office_message(office, MESSAGE_RESULT);
        message->document = buffer_view(&envelope);
        office_send(office, route);
    } else {
        office_send_failure(office, route, status, query_id, NULL);
    }
    buffer_fini(&envelope);
}

/* Only who asked a question gets its answer. */
static enum status copy_query(void *arg, const struct ledger_query *query)
{
    struct ledger_query *copy = arg;
    *copy = *query;
    copy->envelope = (struct view){NULL, 0};
    return STATUS_OK;
}

static enum status find_own_query(struct office *office,
    const struct office_call *call, const struct digest *id,
    struct ledger_query *query)
{
    enum status status =
        ledger_find_query(office->ledger, id, copy_query, query);
    if (status == STATUS_OK &&
        !public_key_equal(&query->researcher, &call->member->identity.sign))
        return STATUS_NOT_FOUND;
    return status;
}

static void send_known(struct office *office, const struct office_call *call,
    const struct ledger_query *query)
{
    const struct office_viewer viewer = office_viewer_of(call);
    struct session *session = office_find_session(office, &query->id);
    if (session != NULL) {
        session->has_submitter = true;
        session->submitter = *call->route;
    }
    switch (query->state) {
    case QUERY_OPEN:
        office_send_status(office, &viewer, &query->id, call->now.wall);
        break;
    case QUERY_ANSWERED: send_result(office, call->route, &query->id); break;
    case QUERY_FAILED:
        office_send_failure(office, call->route, status_of_name(query->failure),
            &query->id, query->reason);
        break;
    }
}

/* A question that waits: the answer goes to this connection. */
static bool find_waiting(struct office *office, const struct office_call *call,
    const struct digest *id)
{
    const struct office_viewer viewer = office_viewer_of(call);
    struct waiting *waiting = turns_find(office->turns, id);
    if (waiting == NULL || !public_key_equal(&waiting->researcher, &viewer.key))
        return false;
    waiting->route = *call->route;
    office_send_status(office, &viewer, id, call->now.wall);
    return true;
}

void office_on_ask_result(struct office *office, const struct office_call *call)
{
    const struct digest *id = &call->message->id;
    struct ledger_query query;
    if (find_waiting(office, call, id))
        return;
    enum status status = find_own_query(office, call, id, &query);
    if (status == STATUS_OK)
        send_known(office, call, &query);
    else
        office_send_failure(office, call->route, status, id,
            status == STATUS_NOT_FOUND ? "you have no such query here" : NULL);
}

/* Each leaves rows that stay: nobody makes more and more of them. */
static enum status check_failed(struct office *office,
    const struct office_call *call, char *text, size_t capacity)
{
    int64_t failed = 0;
    enum status status = ledger_count_failed(office->ledger,
        &call->member->identity.sign, call->now.wall - DAY_SECONDS, &failed);
    if (status != STATUS_OK || failed < OFFICE_FAILED_A_DAY)
        return status;
    snprintf(text, capacity,
        "%" PRId64 " of your queries failed within a day; `query status` says "
        "why each did; the next is taken when the first of them is a day old",
        failed);
    return STATUS_LIMIT_REACHED;
}

/* A query that is new here. */
static void judge_query(struct office *office, const struct office_call *call,
    const struct digest *id)
{
    struct question question;
    struct diagnostic diagnostic;
    char text[MESSAGE_TEXT_MAX] = "";
    diagnostic_init(&diagnostic, "");
    enum status status =
        catalog_admit(office->catalog, &question, call->message->query,
            &call->member->identity.sign, call->now.wall, &diagnostic);
    if (status == STATUS_OK) {
        status = check_failed(office, call, text, sizeof text);
        if (status == STATUS_OK)
            status = office_queue_question(
                office, &question, call, text, sizeof text);
        question_fini(&question);
    } else {
        office_copy_text(text, sizeof text, diagnostic.message);
    }
    if (status == STATUS_OK)
        return;
    office_record_refusal(office, "query_refused", id, status,
        &call->member->identity.sign, call->now.wall);
    office_send_failure(office, call->route, status, id, text);
}

void office_on_submit_query(
    struct office *office, const struct office_call *call)
{
    struct envelope *envelope = NULL;
    struct ledger_query known;
    enum status status = envelope_decode(&envelope, call->message->query);
    if (status != STATUS_OK) {
        office_send_failure(office, call->route, status, NULL,
            "the query is not a signed envelope");
        return;
    }
    const struct digest id = envelope_id(envelope);
    envelope_destroy(envelope);
    if (find_waiting(office, call, &id))
        return;
    status = find_own_query(office, call, &id, &known);
    if (status == STATUS_OK)
        send_known(office, call, &known);
    else if (status == STATUS_NOT_FOUND)
        judge_query(office, call, &id);
    else
        office_send_failure(office, call->route, status, &id, NULL);
}
