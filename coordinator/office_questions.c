#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coordinator/counter.h"
#include "coordinator/office_internal.h"
#include "coordinator/result.h"
#include "protocol/wire/log.h"

#define RETRY_MS 1000

struct session *office_find_session(
    struct office *office, const struct digest *query_id)
{
    for (size_t i = 0; i < office->session_count; i++) {
        if (digest_equal(&office->sessions[i]->question.id, query_id))
            return office->sessions[i];
    }
    return NULL;
}

struct session *office_find_header(
    struct office *office, const struct digest *header_id)
{
    for (size_t i = 0; i < office->session_count; i++) {
        if (digest_equal(&office->sessions[i]->header->id, header_id))
            return office->sessions[i];
    }
    return NULL;
}

/* Sending. */

static enum status send_open_to(
    struct office *office, struct session *session, struct member *member)
{
    if (member == NULL)
        return STATUS_NO_PEER; /* it left the roster */
    if (!member->connected)
        return STATUS_BUSY; /* waited for, as after a restart */
    enum status status = office->ports.send(
        office->ports.arg, &member->route, buffer_view(&session->open_message));
    if (status == STATUS_NO_PEER)
        office_lose_center(office, member);
    return status;
}

void office_send_open(struct office *office, struct session *session)
{
    for (size_t i = 0; i < session->center_count; i++) {
        struct session_center *center = &session->centers[i];
        if (center->state != REPLY_ASKED || center->sent || center->lost ||
            office->now_ms < center->again_ms)
            continue;
        enum status status = send_open_to(office, session,
            members_find_center(office->members, center->name));
        center->sent = status == STATUS_OK;
        if (status != STATUS_OK && status != STATUS_BUSY)
            center->lost = true;
    }
}

void office_send_steps(struct office *office, struct session *session)
{
    struct buffer body;
    buffer_init(&body, BUFFER_LIMIT_DEFAULT);
    for (size_t i = 0; i < session->center_count; i++) {
        struct session_center *center = &session->centers[i];
        struct member *member =
            members_find_center(office->members, center->name);
        if (center->told || member == NULL || !member->connected)
            continue;
        struct message *message = office_message(office, MESSAGE_PEERS);
        if (!session_write_step(session, center, message, &body))
            continue;
        enum status status = office_send(office, &member->route);
        center->told = status == STATUS_OK;
        if (status == STATUS_NO_PEER)
            office_lose_center(office, member);
    }
    buffer_fini(&body);
}

static void send_close(struct office *office, const struct session *session,
    const struct digest *result_id)
{
    struct message *message = office_message(office, MESSAGE_CLOSE);
    message->id = session->header->id;
    if (result_id != NULL)
        message->result = *result_id;
    buffer_clear(&office->scratch);
    if (message_encode(message, &office->scratch) != STATUS_OK)
        return;
    for (size_t i = 0; i < session->center_count; i++) {
        const struct member *member =
            members_find_center(office->members, session->centers[i].name);
        if (member != NULL && member->connected)
            office->ports.send(office->ports.arg, &member->route,
                buffer_view(&office->scratch));
    }
}

/* Saving. */

static void fill_reply(
    struct ledger_reply *reply, const struct session_center *center)
{
    memset(reply, 0, sizeof *reply);
    memcpy(reply->center, center->name, sizeof reply->center);
    snprintf(reply->note, sizeof reply->note, "%s", center->note);
    reply->state = center->state;
    reply->vector = (struct view){center->bytes, center->size};
    reply->digest = center->digest;
}

static bool is_unsaved(const struct session_center *center)
{
    return center->state != REPLY_ASKED && !center->saved;
}

static enum status write_replies(
    struct office *office, const struct session *session, int64_t now)
{
    enum status status = ledger_begin(office->ledger);
    for (size_t i = 0; status == STATUS_OK && i < session->center_count; i++) {
        struct ledger_reply reply;
        if (!is_unsaved(&session->centers[i]))
            continue;
        fill_reply(&reply, &session->centers[i]);
        status = ledger_put_reply(
            office->ledger, &session->question.id, &reply, now);
    }
    if (status == STATUS_OK)
        return ledger_commit(office->ledger);
    ledger_rollback(office->ledger);
    return status;
}

enum status office_save_replies(
    struct office *office, struct session *session, int64_t now)
{
    bool any = false;
    for (size_t i = 0; i < session->center_count; i++)
        any = any || is_unsaved(&session->centers[i]);
    if (!any)
        return STATUS_OK;
    enum status status = write_replies(office, session, now);
    if (status != STATUS_OK) {
        log_event(LOG_ERROR, "office", "replies_not_saved", "status=%s",
            status_name(status));
        return status;
    }
    for (size_t i = 0; i < session->center_count; i++) {
        struct session_center *center = &session->centers[i];
        if (!is_unsaved(center))
            continue;
        center->saved = true;
        session_drop_bytes(session, center);
    }
    return STATUS_OK;
}

/* Ending. */

struct ending {
    struct ledger_query query; /* state, failure, reason */
    enum status failure;
    struct digest result_id;
    struct buffer result; /* the signed envelope */
    /* Of an answer that was weighed first; no sets: of no such. */
    struct instruction instruction;
    struct weighed_question weighed;
    struct buffer cells; /* of its tables */
    uint32_t lot;        /* of counter_write */
};

static enum status write_final_replies(
    struct office *office, const struct session *session, int64_t now)
{
    const struct digest *query_id = &session->question.id;
    enum status status = ledger_drop_vectors(office->ledger, query_id);
    for (size_t i = 0; status == STATUS_OK && i < session->center_count; i++) {
        struct ledger_reply reply;
        if (session->centers[i].saved)
            continue;
        fill_reply(&reply, &session->centers[i]);
        reply.vector = (struct view){NULL, 0};
        status = ledger_put_reply(office->ledger, query_id, &reply, now);
    }
    return status;
}

static enum status write_release(struct office *office,
    const struct session *session, const struct ending *ending, int64_t now)
{
    char query[DIGEST_TEXT];
    const struct ledger_document document = {
        ending->result_id, buffer_view(&ending->result), now};
    digest_to_text(query, &session->question.id);
    enum status status =
        ledger_add_result(office->ledger, &session->question.id, &document);
    if (status == STATUS_OK) {
        status = ledger_record(office->ledger, now, "result_released",
            &ending->result_id, "query=%s answered=%zu", query,
            session->answered);
    }
    return status;
}

static enum status write_ending(struct office *office,
    const struct session *session, struct ending *ending, int64_t now)
{
    ending->query.id = session->question.id;
    ending->query.finished = now;
    enum status status = ledger_begin(office->ledger);
    if (status == STATUS_OK)
        status = write_final_replies(office, session, now);
    if (status == STATUS_OK && ending->query.state == QUERY_ANSWERED)
        status = write_release(office, session, ending, now);
    if (status == STATUS_OK && ending->instruction.set_count > 0)
        status =
            families_write(office->families, session->family, &ending->weighed);
    if (status == STATUS_OK && ending->instruction.set_count > 0)
        status = counter_write(office->ledger, session->family,
            &ending->weighed, ending->lot, now);
    if (status == STATUS_OK && ending->query.state == QUERY_FAILED)
        status = ledger_record(office->ledger, now, "query_failed",
            &ending->query.id, "status=%s", ending->query.failure);
    if (status == STATUS_OK)
        status = ledger_end_query(office->ledger, &ending->query);
    if (status == STATUS_OK)
        return ledger_commit(office->ledger);
    ledger_rollback(office->ledger);
    return status;
}

static void set_failure(
    struct ending *ending, enum status status, const char *reason)
{
    ending->query.state = QUERY_FAILED;
    ending->failure = status;
    office_copy_text(ending->query.failure, sizeof ending->query.failure,
        status_name(status));
    office_copy_text(ending->query.reason, sizeof ending->query.reason, reason);
}

static enum status sign_answer(struct office *office,
    const struct session *session, struct ending *ending, int64_t now)
{
    struct result_center *centers =
        calloc(session->center_count, sizeof *centers);
    if (centers == NULL)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < session->center_count; i++)
        centers[i] = (struct result_center){session->centers[i].name,
            session->centers[i].state, session->header->freezes[i]};
    const struct result_facts facts = {.question = &session->question,
        .roster_id = &session->header->roster_id,
        .header_id = &session->header->id,
        .software = OFFICE_SOFTWARE,
        .created = now,
        .center_count = session->center_count,
        .centers = centers,
        .calculated = buffer_view(&session->calculated)};
    enum status status =
        result_sign(&ending->result, &ending->result_id, &facts, office->keys);
    free(centers);
    return status;
}

/* Refusals lead to a lock: the researcher hears how near one is. */
static void add_locks(const struct catalog *catalog,
    const struct session *session, struct buffer *out)
{
    const struct catalog_study *study = session->question.study;
    uint64_t least = 0;
    if (session->refused == 0)
        return;
    (void)buffer_append_format(
        out, "; why, each center's own log says: ask its data manager");
    for (size_t i = 0; i < session->center_count; i++) {
        const uint64_t left =
            catalog_refusals_left(catalog, study, session->centers[i].name);
        if (session->centers[i].state == REPLY_REFUSED && left > 0 &&
            (least == 0 || left < least))
            least = left;
    }
    if (least == 1)
        (void)buffer_append_format(out, "; a center has locked the study");
    else if (least > 1)
        (void)buffer_append_format(
            out, "; %" PRIu64 " more until a lock", least - 1);
}

static void describe_failure(const struct catalog *catalog,
    const struct session *session, char *out, size_t capacity)
{
    char numbers[LEDGER_TEXT_MAX];
    struct buffer text;
    buffer_init(&text, capacity - 1);
    session_explain(session, numbers, sizeof numbers);
    switch (session->failure) {
    case STATUS_TOO_FEW_CENTERS:
        (void)buffer_append_format(&text, "%s; the study requires %" PRId64,
            numbers, session->header->min_centers);
        break;
    case STATUS_REFUSED:
        (void)buffer_append_format(&text,
            "a center refused after it gave figures, which are not used: %s",
            numbers);
        break;
    case STATUS_NO_PEER:
        (void)buffer_append_format(&text,
            "a center was lost in the middle of a fit of several rounds; to "
            "go on without it would show its share; ask again");
        break;
    case STATUS_TIMED_OUT:
        (void)buffer_append_format(&text,
            "the result took too long to work out: figures of a center may not "
            "be true, or the question is too large");
        break;
    default:
        (void)buffer_append_format(&text, "%s", status_text(session->failure));
    }
    add_locks(catalog, session, &text);
    const char *all = buffer_text(&text);
    office_copy_text(out, capacity, all == NULL ? "" : all);
    buffer_fini(&text);
}

/* What the family knows once the answer is out. */
static enum status read_weighed(const struct office *office,
    const struct session *session, struct ending *ending)
{
    if (session->family == NULL)
        return STATUS_OK;
    ending->weighed = (struct weighed_question){
        .study_id = &session->question.study->study->id,
        .query_id = &session->question.id,
        .header_id = &session->header->id,
        .weighing = &session->weighing,
        .sets = session->sets,
        .instruction = &ending->instruction,
        .instruction_bytes = buffer_view(&session->instruction)};
    enum status status = instruction_read(&ending->instruction,
        &session->weighing.shape, buffer_view(&session->instruction));
    if (status == STATUS_OK)
        status = families_list_cells(office->families, session->family,
            &ending->weighed, &session->sum, &ending->cells);
    ending->weighed.cells = buffer_view(&ending->cells);
    if (status != STATUS_OK)
        instruction_fini(&ending->instruction); /* nothing is remembered */
    return status;
}

static void prepare_ending(struct office *office, const struct session *session,
    enum session_verdict verdict, struct ending *ending, int64_t now)
{
    char text[LEDGER_TEXT_MAX];
    ending->query.state = QUERY_ANSWERED;
    if (verdict == SESSION_FAIL) {
        describe_failure(office->catalog, session, text, sizeof text);
        set_failure(ending, session->failure, text);
        return;
    }
    enum status status = sign_answer(office, session, ending, now);
    if (status == STATUS_OK)
        status = read_weighed(office, session, ending);
    if (ending->instruction.set_count > 0)
        office->ports.random(
            office->ports.arg, (uint8_t *)&ending->lot, sizeof ending->lot);
    if (status != STATUS_OK) {
        log_event(LOG_ERROR, "office", "not_finished", "status=%s",
            status_name(status));
        set_failure(ending, status, status_text(status));
    }
}

/* Who answers has not locked the study, whatever it said before. */
static void forget_locks(struct office *office, const struct session *session)
{
    const struct catalog_study *study = session->question.study;
    for (size_t i = 0; i < session->center_count; i++) {
        const struct session_center *center = &session->centers[i];
        if (center->state == REPLY_ANSWERED &&
            catalog_refusals_left(office->catalog, study, center->name) == 1)
            office_note_refusals(office, session, center, 0);
    }
}

static void announce(struct office *office, const struct session *session,
    const struct ending *ending)
{
    const bool answered = ending->query.state == QUERY_ANSWERED;
    const struct digest *query_id = &session->question.id;
    if (answered && session->has_submitter) {
        struct message *message = office_message(office, MESSAGE_RESULT);
        message->document = buffer_view(&ending->result);
        office_send(office, &session->submitter);
    } else if (session->has_submitter) {
        office_send_failure(office, &session->submitter, ending->failure,
            query_id, ending->query.reason);
    }
    send_close(office, session, answered ? &ending->result_id : NULL);
    forget_locks(office, session);
    char text[DIGEST_TEXT];
    digest_to_text(text, query_id);
    log_event(LOG_INFO, "office", query_state_name(ending->query.state),
        "query=%s answered=%zu refused=%zu asked=%zu", text, session->answered,
        session->refused, session->center_count);
}

static void remove_session(struct office *office, struct session *session)
{
    for (size_t i = 0; i < office->session_count; i++) {
        if (office->sessions[i] != session)
            continue;
        office->sessions[i] = office->sessions[--office->session_count];
        office->turns_due = true;
        session_destroy(session);
        return;
    }
}

/* What comes of a sum: elsewhere, or here and now where there is nowhere else.
 * True: it is there. */
static bool calculate(
    struct office *office, struct session *session, uint64_t now_ms)
{
    struct buffer bytes;
    if (session->gathering != GATHER_CALCULATE || session->calculating)
        return false;
    if (office->ports.calculate != NULL) {
        const enum status status =
            office->ports.calculate(office->ports.arg, session);
        session->calculating = status == STATUS_OK;
        if (status != STATUS_OK && status != STATUS_BUSY)
            session_fail(session, status);
        return false;
    }
    buffer_init(&bytes, BUFFER_LIMIT_DEFAULT);
    const enum status status = session_calculate(session, &bytes);
    session_take_calculated(session, status, buffer_view(&bytes), now_ms);
    buffer_fini(&bytes);
    office_send_steps(office, session);
    return true;
}

void office_calculated(struct office *office, const struct digest *header_id,
    enum status status, struct view bytes, struct office_clock now)
{
    struct session *session = office_find_header(office, header_id);
    office->now_ms = now.monotonic_ms;
    if (session == NULL)
        return; /* it failed meanwhile */
    if (status != STATUS_OK)
        log_event(LOG_WARN, "office", "not_calculated", "study=%s status=%s",
            session->question.study->study->name, status_name(status));
    session_take_calculated(session, status, bytes, now.monotonic_ms);
    office_send_steps(office, session);
    office_settle(office, session, now);
}

/* Nothing is said before it is on disk. When the disk fails, the session stays
 * and tries again. */
void office_settle(
    struct office *office, struct session *session, struct office_clock now)
{
    do {
        while (session_progress(session, now.monotonic_ms))
            office_send_steps(office, session);
    } while (calculate(office, session, now.monotonic_ms));
    enum session_verdict verdict = session_judge(session);
    if (verdict == SESSION_WAIT || now.monotonic_ms < session->retry_ms)
        return;
    struct ending ending;
    memset(&ending, 0, sizeof ending);
    buffer_init(&ending.result, BUFFER_LIMIT_DEFAULT);
    buffer_init(&ending.cells, BUFFER_LIMIT_DEFAULT);
    session_end(session);
    prepare_ending(office, session, verdict, &ending, now.wall);
    enum status status = write_ending(office, session, &ending, now.wall);
    if (status == STATUS_OK) {
        announce(office, session, &ending);
        if (ending.instruction.set_count > 0)
            families_learn(office->families, session->family, &ending.weighed);
        remove_session(office, session);
    } else {
        session->retry_ms = now.monotonic_ms + RETRY_MS;
        log_event(LOG_ERROR, "office", "ending_not_saved", "status=%s",
            status_name(status));
    }
    instruction_fini(&ending.instruction);
    buffer_fini(&ending.result);
    buffer_fini(&ending.cells);
}
