/*
 * What of a question stays on this center's disk: its answer and record, whose
 * people it was about, the centers that took part, and refusals.
 */
#include <stdio.h>
#include <stdlib.h>

#include "node/audit.h"
#include "node/refusal.h"
#include "node/session_internal.h"
#include "protocol/wire/defence.h"
#include "protocol/wire/log.h"

enum status question_check_counts(struct question *question)
{
    struct session *session = question->session;
    const struct digest *study = &question->study_id;
    int64_t today = 0, total = 0;
    struct store_lock lock;
    enum status status =
        session_find_lock(&session->setup, study, question->now, &lock);
    if (status == STATUS_OK)
        status = store_count_answers(session->setup.store, study,
            question->now - DAY_SECONDS, &today, &total);
    if (status != STATUS_OK)
        return status;
    if (lock.locked)
        return STATUS_LOCKED;
    return (today >= question->limits.queries_per_day ||
               total >= question->limits.queries_total) &&
                   DEFENCE("query-cap")
               ? STATUS_LIMIT_REACHED
               : STATUS_OK;
}

static void describe_report(
    const struct disclosure_report *report, char *out, size_t capacity)
{
    struct buffer text;
    buffer_init(&text, capacity - 1);
    for (size_t i = 0; i < RULE_COUNT; i++) {
        if (report->withheld[i] > 0) {
            (void)buffer_append_format(&text, " %s=%llu",
                disclosure_rule_name((enum disclosure_rule)i),
                (unsigned long long)report->withheld[i]);
        }
    }
    const char *all = buffer_text(&text);
    snprintf(
        out, capacity, "%s", all == NULL || *all == '\0' ? " nothing" : all);
    buffer_fini(&text);
}

/* A coordinator may open a sum with the votes of others and never ask for this
 * center's: that its figures left is written down before they do. */
enum status question_remember(struct question *question)
{
    struct session *session = question->session;
    struct store *store = session->setup.store;
    enum status status = store_begin(store);
    if (status == STATUS_OK)
        status = progress_put(question, STAGE_MASKED_LEFT);
    /* A database without this memory is noticed by the log that it lacks. */
    if (status == STATUS_OK)
        status = audit_record(store, session->setup.keys, question->now,
            question->weighed ? "weights_left" : "figures_left",
            &question->query_id, "study %s, masked", question->study_name);
    if (status == STATUS_OK)
        return store_commit(store);
    store_rollback(store);
    return status;
}

/* What is told of the question's sets is remembered before figures leave. */
enum status question_record_told(struct question *question)
{
    struct session *session = question->session;
    struct store *store = session->setup.store;
    const size_t sets = question->instruction.set_count;
    size_t few = 0, combined = 0;
    for (size_t i = 0; i < sets; i++) {
        few += question->instruction.sets[i].answer == WEIGHED_FEW;
        combined += question->instruction.sets[i].answer == WEIGHED_COMBINED;
    }
    enum status status = store_begin(store);
    if (status == STATUS_OK)
        status = asked_remember(question->sets, store, &question->instruction);
    if (status == STATUS_OK)
        status = audit_record(store, session->setup.keys, question->now, "told",
            &question->query_id, "study %s sets %zu few %zu combined %zu",
            question->study_name, sets, few, combined);
    if (status == STATUS_OK)
        return store_commit(store);
    store_rollback(store);
    return status;
}

/* The answer and its record, on disk before the reply may leave. */
enum status question_record(struct question *question)
{
    struct session *session = question->session;
    struct store *store = session->setup.store;
    const struct store_answer answer = {.query = question->query_id,
        .header = question->header_id,
        .study = question->study_id,
        .question = question->asked,
        .vector = buffer_view(&question->vector),
        .time = question->now,
        .freeze = question->view.freeze,
        .departures = question->departures};
    char withheld[256], researcher[KEY_TEXT], digest[DIGEST_TEXT];
    struct digest left = digest_of(buffer_view(&question->vector));
    describe_report(&question->report, withheld, sizeof withheld);
    public_key_to_text(researcher, &question->admission.researcher);
    digest_to_text(digest, &left);
    enum status status = store_begin(store);
    if (status == STATUS_OK && question->member != NULL)
        status = question_check_counts(
            question); /* others were answered meanwhile */
    if (status == STATUS_OK)
        status = store_put_answer(store, &answer);
    if (status == STATUS_OK && question->instruction.set_count > 0)
        status = asked_remember(question->sets, store, &question->instruction);
    if (status == STATUS_OK && question->member != NULL)
        status = progress_put(question, STAGE_VOTE_LEFT);
    if (status == STATUS_OK) {
        status = audit_record(store, session->setup.keys, question->now,
            "answered", &question->query_id,
            "study %s researcher %s elements %zu digest %s stored %d "
            "withheld:%s cohort: %s",
            question->study_name, researcher,
            question->vector.size / VECTOR_ELEMENT_BYTES, digest,
            question->stored, withheld, question->admission.query->cohort_text);
    }
    if (status == STATUS_OK)
        return store_commit(store);
    store_rollback(store);
    return status;
}

enum status session_find_lock(const struct session_setup *setup,
    const struct digest *study, int64_t now, struct store_lock *lock)
{
    return store_find_lock(
        setup->store, study, setup->refusals_to_lock, DAY_SECONDS, now, lock);
}

/* Towards a lock count questions that should not have been asked: not what this
 * center has no room for, not what came too late (a long scan, a clock), and
 * not what changed here after the question came. */
static bool counts(const struct question *question, enum status reason)
{
    return !question->changed && reason != STATUS_LOCKED &&
           reason != STATUS_LATE &&
           status_category(reason) != CATEGORY_EXHAUSTED;
}

/* Refusals that are left before the study is locked here, plus one. How many
 * there were the researchers know; of why this one was it says nothing. */
static enum status count_left(const struct question *question, uint64_t *number)
{
    const struct session_setup *setup = &question->session->setup;
    const int64_t many = setup->refusals_to_lock;
    struct store_lock lock;
    enum status status =
        session_find_lock(setup, &question->study_id, question->now, &lock);
    *number = status != STATUS_OK || lock.locked || lock.recent >= many
                  ? 1
                  : (uint64_t)(many - lock.recent) + 1;
    return status;
}

enum status question_refuse(
    struct question *question, enum status reason, struct outbox *outbox)
{
    struct session *session = question->session;
    struct store *store = session->setup.store;
    struct message refusal = {
        .type = MESSAGE_REFUSE, .id = question->header_id};
    struct buffer body;
    char detail[sizeof question->diagnostic.message + 128];
    snprintf(detail, sizeof detail, "%s: %s%s%s", status_name(reason),
        status_text(reason),
        question->diagnostic.message[0] == '\0' ? "" : "; ",
        question->diagnostic.message);
    const struct refusal refused = {"refused", question->study_id,
        question->admission.researcher, reason, &question->query_id, detail};
    log_event(LOG_INFO, "session", "refused", "reason=%s text=\"%s\"",
        status_name(reason), question->diagnostic.message);
    enum status status = store_begin(store);
    if (status == STATUS_OK && counts(question, reason))
        status = refusal_count_to_lock(
            store, &refused, session->setup.refusals_to_lock, question->now);
    if (status == STATUS_OK)
        status = progress_end(question);
    if (status == STATUS_OK)
        status =
            refusal_record(store, session->setup.keys, question->now, &refused);
    if (status == STATUS_OK)
        status = count_left(question, &refusal.number);
    if (status == STATUS_OK)
        status = store_commit(store);
    else
        store_rollback(store);
    if (status != STATUS_OK)
        return status;
    buffer_init(&body, BUFFER_LIMIT_DEFAULT);
    status = message_encode(&refusal, &body);
    if (status == STATUS_OK)
        status = question_send(question, buffer_view(&body), outbox);
    buffer_fini(&body);
    return status;
}
