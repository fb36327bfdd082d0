/*
 * How far each masked question came, on disk before each reply: one vote and
 * one reveal a query, for ever, whatever ends the process between the disk and
 * the line. The secrets are in memory alone, so that nothing can be gone on
 * with after a restart; a query that got no vote may be begun again.
 */
#include <stdio.h>

#include "node/refusal.h"
#include "node/session_internal.h"
#include "protocol/wire/log.h"

static struct store_progress progress_of(
    const struct question *question, enum store_stage stage)
{
    struct store_progress progress = {.query = question->query_id,
        .header = question->header_id,
        .study = question->study_id,
        .attempt = question->attempt,
        .stage = stage,
        .revealed = stage == STAGE_REVEAL_LEFT,
        .time = question->now};
    member_sets(question->member, &progress.members, &progress.givers,
        &progress.survivors);
    return progress;
}

/* As many of a study as it may ask in all: whoever makes questions that end
 * before the vote, again and again, makes records that stay. */
static enum status check_unvoted(struct question *question)
{
    int64_t unvoted;
    enum status status = store_count_unvoted(
        question->session->setup.store, &question->study_id, &unvoted);
    if (status != STATUS_OK || unvoted < question->limits.queries_total)
        return status;
    diagnostic_set(&question->diagnostic, 0, 0,
        "this center's figures left %lld times for questions of the study that "
        "never came to a vote",
        (long long)unvoted);
    return STATUS_LIMIT_REACHED;
}

enum status progress_check(struct question *question)
{
    struct store_progress before;
    enum status status = check_unvoted(question);
    if (status == STATUS_OK)
        status = store_find_progress(
            question->session->setup.store, &question->query_id, &before);
    question->attempt = 1;
    if (status != STATUS_OK)
        return status == STATUS_NOT_FOUND ? STATUS_OK : status;
    question->attempt = before.attempt + 1;
    if (before.stage < STAGE_VOTE_LEFT)
        return STATUS_OK;
    diagnostic_set(&question->diagnostic, 0, 0,
        "attempt %lld had this center's %s; there is one a query",
        (long long)before.attempt, store_stage_name(before.stage));
    return STATUS_REPLAYED;
}

enum status progress_note(
    const struct question *question, enum store_stage stage)
{
    const struct store_progress progress = progress_of(question, stage);
    return store_note_progress(question->session->setup.store, &progress);
}

enum status progress_put(
    const struct question *question, enum store_stage stage)
{
    const struct store_progress progress = progress_of(question, stage);
    return store_put_progress(question->session->setup.store, &progress);
}

/* Written down once a session, and of all sessions as refusals are: who
 * repeats it cannot fill the disk. */
static enum status record_refusal(struct session *session,
    struct store_progress *progress, const struct message *message, int64_t now)
{
    struct store *store = session->setup.store;
    char detail[160];
    snprintf(detail, sizeof detail,
        "%s: attempt %lld ended with this center's %s; its secrets are gone",
        message_name(message->type), (long long)progress->attempt,
        store_stage_name(progress->stage));
    const struct refusal refused = {.event = "step_refused",
        .study = progress->study,
        .reason = STATUS_REPLAYED,
        .subject = &progress->query,
        .detail = detail};
    enum status status = store_begin(store);
    progress->refused = 1;
    if (status == STATUS_OK)
        status = store_put_progress(store, progress);
    if (status == STATUS_OK)
        status = refusal_record(store, session->setup.keys, now, &refused);
    if (status == STATUS_OK)
        return store_commit(store);
    store_rollback(store);
    return status;
}

enum status progress_refuse_step(struct session *session,
    const struct message *message, struct session_time now,
    struct outbox *outbox)
{
    const struct message refusal = {.type = MESSAGE_REFUSE, .id = message->id};
    struct store_progress progress;
    log_event(LOG_INFO, "session", "refused",
        "message=%s reason=\"the question is not open here\"",
        message_name(message->type));
    enum status status = store_find_progress_of_session(
        session->setup.store, &message->id, &progress);
    if (status == STATUS_OK && progress.refused != 0)
        return STATUS_OK; /* it was said */
    if (status == STATUS_OK)
        status = record_refusal(session, &progress, message, now.wall_seconds);
    return status == STATUS_OK || status == STATUS_NOT_FOUND
               ? outbox_add(outbox, &refusal)
               : status;
}

enum status progress_end(const struct question *question)
{
    struct store *store = question->session->setup.store;
    struct store_progress progress;
    if (question->member == NULL)
        return STATUS_OK;
    enum status status =
        store_find_progress(store, &question->query_id, &progress);
    if (status != STATUS_OK)
        return status == STATUS_NOT_FOUND ? STATUS_OK : status;
    progress.refused = 1;
    return store_put_progress(store, &progress);
}
