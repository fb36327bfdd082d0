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
    if (lock.locked && DEFENCE("lock"))
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

/* What names a cohort whatever rows there are: its words. */
static struct digest digest_of_cohort(const struct query *query)
{
    const uint8_t unit = (uint8_t)query->unit;
    const struct view parts[] = {{&unit, 1}, view_of_text(query->cohort_text)};
    return masking_digest("cohort", parts, 2);
}

/* By identity: a place is another center's in the next roster. The question is
 * of this session's roster. Caller frees. */
static enum status list_survivors(
    const struct question *question, struct public_key **centers, size_t *count)
{
    const struct roster *roster = question->session->roster;
    const size_t most = question->admission.header->center_count;
    uint32_t *places = calloc(most, sizeof *places);
    *centers = calloc(most, sizeof **centers);
    enum status status =
        places == NULL || *centers == NULL ? STATUS_NO_MEMORY : STATUS_OK;
    if (status == STATUS_OK)
        *count = member_survivors(question->member, places);
    for (size_t i = 0; status == STATUS_OK && i < *count; i++)
        (*centers)[i] = roster->centers[places[i] - 1].sign;
    free(places);
    return status;
}

/* Sums over sets of centers that differ by one or two would show these, as
 * cohorts that differ by few people show them. A cohort is known by its words
 * and, for other words may fit the same people, by those whom it has here. */
static enum status check_centers(struct question *question)
{
    const struct session *session = question->session;
    struct store *store = session->setup.store;
    const struct digest words = digest_of_cohort(question->admission.query);
    struct digest people;
    bool nobody = true;
    struct public_key *centers = NULL;
    size_t count;
    enum status status = list_survivors(question, &centers, &count);
    if (status == STATUS_OK)
        status = guard_check_centers(
            store, &words, centers, count, question->study_until);
    if (status == STATUS_OK && question->people != NULL)
        status = guard_people_digest(
            session->guard, question->people, &people, &nobody);
    if (status == STATUS_OK && !nobody && DEFENCE("people-of-words"))
        status = guard_check_centers(
            store, &people, centers, count, question->study_until);
    free(centers);
    return status;
}

/* A coordinator may open a sum with the votes of others and never ask for this
 * center's: its people are remembered before figures leave. Others may have
 * been answered while this one was open: it is compared with them first. */
enum status question_remember(struct question *question)
{
    struct session *session = question->session;
    struct store *store = session->setup.store;
    enum status status = store_begin(store);
    if (status == STATUS_OK && question->people != NULL)
        status = guard_check_again(session->guard, question->people, store,
            question->limits.min_cell, question->now);
    if (status == STATUS_OK && question->people != NULL)
        status = guard_record(session->guard, store, question->people,
            &question->study_id, question->study_until);
    if (status == STATUS_OK)
        status = progress_put(question, STAGE_MASKED_LEFT);
    /* A database without this memory is noticed by the log that it lacks. */
    if (status == STATUS_OK)
        status = audit_record(store, session->setup.keys, question->now,
            "figures_left", &question->query_id, "study %s, masked",
            question->study_name);
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
    if (status == STATUS_OK && question->people != NULL &&
        question->member == NULL)
        status = guard_record(session->guard, store, question->people,
            &question->study_id, question->study_until);
    if (status == STATUS_OK && question->member != NULL)
        status = check_centers(question);
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
 * center has no room for, and not what changed here after the question came. */
static bool counts(const struct question *question, enum status reason)
{
    return !question->changed && reason != STATUS_LOCKED &&
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
