/*
 * Questions that stay open after their OPEN: those whose figures are masked,
 * until the sum is told, and those that take more rounds. This file keeps them,
 * hands each step to who takes it (session_masked.c, session_rounds.c), and
 * sends what comes of it.
 */
#include <stdio.h>

#include "node/audit.h"
#include "node/refusal.h"
#include "node/session_internal.h"
#include "protocol/wire/defence.h"
#include "protocol/wire/log.h"

#define IDLE_MS ((uint64_t)15 * 60 * 1000)
#define BUSY_AGAIN_MS 1000

/* One whose job runs goes with its job. */
static void forget(struct question **place)
{
    if (*place != NULL && (*place)->job != NULL)
        (*place)->over = true;
    else
        question_destroy(*place);
    *place = NULL;
}

static struct question **find(
    struct session *session, const struct digest *header)
{
    for (size_t i = 0; i < OPEN_MAX; i++) {
        struct question **place = &session->open[i];
        if (*place != NULL && digest_equal(&(*place)->header_id, header))
            return place;
    }
    return NULL;
}

struct question **open_place(struct session *session,
    const struct digest *query, struct session_time now)
{
    struct question **free_place = NULL;
    for (size_t i = 0; i < OPEN_MAX; i++) {
        struct question **place = &session->open[i];
        if (*place != NULL &&
            (digest_equal(&(*place)->query_id, query) ||
                now.monotonic_ms - (*place)->touched_ms > IDLE_MS))
            forget(place);
        if (*place == NULL && free_place == NULL)
            free_place = place;
    }
    return free_place;
}

enum status open_say_busy(const struct digest *header, struct outbox *outbox)
{
    const struct message busy = {
        .type = MESSAGE_BUSY, .id = *header, .number = BUSY_AGAIN_MS};
    log_event(LOG_INFO, "session", "busy", "open=%d", OPEN_MAX);
    return outbox_add(outbox, &busy);
}

void open_close_all(struct session *session)
{
    for (size_t i = 0; i < OPEN_MAX; i++)
        forget(&session->open[i]);
}

/* Once a question; of one that is opened again and again as refusals are. */
static enum status record_rounds(const struct question *question)
{
    const struct session_setup *setup = &question->session->setup;
    char detail[64];
    snprintf(detail, sizeof detail, "later rounds %u", question->rounds);
    const struct refusal again = {.event = "rounds",
        .study = question->study_id,
        .person = question->admission.researcher,
        .reason = STATUS_REPLAYED,
        .subject = &question->query_id,
        .detail = detail};
    if (!question->again)
        return audit_record(setup->store, setup->keys, question->now, "rounds",
            &question->query_id, "%s", detail);
    enum status status = store_begin(setup->store);
    if (status == STATUS_OK)
        status =
            refusal_record(setup->store, setup->keys, question->now, &again);
    if (status == STATUS_OK)
        return store_commit(setup->store);
    store_rollback(setup->store);
    return status;
}

enum status open_close(struct session *session, const struct digest *header)
{
    struct question **place = find(session, header);
    const struct session_job *job = session->job;
    enum status status = STATUS_OK;
    job_drop_deferred(session, header);
    if (job != NULL && digest_equal(&job->question->header_id, header))
        job->question->over = true;
    if (place == NULL)
        return STATUS_OK;
    if ((*place)->rounds > 0)
        status = record_rounds(*place);
    forget(place);
    return status;
}

/* ---- sending ---- */

enum status question_send(
    struct question *question, struct view message, struct outbox *outbox)
{
    struct buffer body;
    if (question->privacy != PRIVACY_NOISE || !DEFENCE("reply-slots"))
        return outbox_add_bytes(outbox, message);
    buffer_init(&body, BUFFER_LIMIT_DEFAULT);
    enum status status = buffer_append(&body, message.data, message.size);
    if (status == STATUS_OK)
        status =
            slots_hold(&question->session->slots, question->received_ms, &body);
    buffer_fini(&body);
    return status;
}

enum status open_send(struct question *question, enum message_type type,
    const struct step_reply *reply, struct outbox *outbox)
{
    const struct message message = {.type = type,
        .id = question->header_id,
        .number = reply->round,
        .body = buffer_view(&reply->body),
        .vector = vector_view(&reply->vector)};
    buffer_clear(&question->last);
    enum status status = message_encode(&message, &question->last);
    return status == STATUS_OK
               ? question_send(question, buffer_view(&question->last), outbox)
               : status;
}

void step_reply_init(struct step_reply *reply)
{
    *reply = (struct step_reply){.round = 1};
    buffer_init(&reply->body, BUFFER_LIMIT_DEFAULT);
}

void step_reply_fini(struct step_reply *reply)
{
    vector_fini(&reply->vector);
    buffer_wipe(&reply->body); /* a reveal has shares in it */
}

/* A denial ends the question: its seeds are wiped, and the coordinator hears
 * that this center does not go on. */
static enum status refuse(struct question **place, const char *where,
    enum status reason, struct outbox *outbox)
{
    struct question *question = *place;
    if (where != NULL)
        diagnostic_set(&question->diagnostic, 0, 0, "in answer to %s", where);
    enum status status = question_refuse(question, reason, outbox);
    forget(place);
    return status;
}

enum status open_resume(struct session *session, const struct digest *header,
    struct session_time now, struct outbox *outbox)
{
    struct question **place = find(session, header);
    if (place == NULL)
        return STATUS_NOT_FOUND;
    struct question *question = *place;
    question->now = now.wall_seconds;
    question->received_ms = now.monotonic_ms;
    if (question->last.size == 0)
        return STATUS_OK;
    enum status status = question_still_allowed(question);
    if (status == STATUS_OK)
        return question_send(question, buffer_view(&question->last), outbox);
    return session_is_own_failure(status) ? status
                                          : refuse(place, NULL, status, outbox);
}

enum status open_end_idle(
    struct session *session, struct session_time now, struct outbox *outbox)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < OPEN_MAX; i++) {
        struct question **place = &session->open[i];
        if (*place == NULL || (*place)->job != NULL ||
            now.monotonic_ms - (*place)->touched_ms <= IDLE_MS)
            continue;
        (*place)->now = now.wall_seconds;
        (*place)->received_ms = now.monotonic_ms;
        (*place)->changed = true;
        status = refuse(place, NULL, STATUS_TIMED_OUT, outbox);
    }
    return status;
}

/* ---- steps ---- */

static const struct step {
    enum message_type told, said;
    bool masked; /* only where figures are masked */
    enum status (*take)(struct question *question,
        const struct message *message, struct step_reply *reply);
} steps[] = {
    {MESSAGE_PEERS, MESSAGE_SHARES, true, masked_take_peers},
    {MESSAGE_SEALED, MESSAGE_MASKED, true, masked_take_sealed},
    {MESSAGE_SURVIVORS, MESSAGE_VOTE, true, masked_take_survivors},
    {MESSAGE_VOTES, MESSAGE_REVEAL, true, masked_take_votes},
    {MESSAGE_ROUND, MESSAGE_MASKED, false, rounds_take},
};

/* Of what the coordinator told, or of what changed here; not of a disk that is
 * full. */
static bool is_denial(enum status status)
{
    enum status_category category = status_category(status);
    return category == CATEGORY_DENIED || category == CATEGORY_MALFORMED ||
           status == STATUS_LIMIT_REACHED;
}

/* The reply of a step, or a refusal. */
static enum status conclude(const struct step *step, struct question **place,
    const struct step_reply *reply, enum status status, struct outbox *outbox)
{
    if (status == STATUS_OK)
        status = open_send(*place, step->said, reply, outbox);
    if (status == STATUS_NOT_ALLOWED)
        return STATUS_OK; /* out of turn: it was said again */
    return is_denial(status)
               ? refuse(place, message_name(step->told), status, outbox)
               : status;
}

static enum status take(const struct step *step, struct question **place,
    const struct message *message, struct outbox *outbox)
{
    struct question *question = *place;
    struct step_reply reply;
    step_reply_init(&reply);
    enum status status = question_still_allowed(question);
    if (status == STATUS_OK)
        status = step->take(question, message, &reply);
    if (question->job == NULL)
        status = conclude(step, place, &reply, status, outbox);
    step_reply_fini(&reply);
    return status;
}

static const struct step *find_step(enum message_type told)
{
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        if (steps[i].told == told)
            return &steps[i];
    }
    return NULL;
}

enum status open_finish_round(struct question *question,
    const struct session_job *job, struct outbox *outbox)
{
    struct question **place = find(question->session, &question->header_id);
    struct step_reply reply;
    if (place == NULL)
        return STATUS_INTERNAL; /* one that is over does not come here */
    step_reply_init(&reply);
    enum status status = question_still_allowed(question);
    if (status == STATUS_OK)
        status = rounds_finish(question, job, &reply);
    status = conclude(find_step(MESSAGE_ROUND), place, &reply, status, outbox);
    step_reply_fini(&reply);
    return status;
}

enum status session_take_step(struct session *session,
    const struct message *message, struct session_time now,
    struct outbox *outbox)
{
    struct question **place = find(session, &message->id);
    const struct step *step = find_step(message->type);
    if (place == NULL)
        return progress_refuse_step(session, message, now, outbox);
    if (step == NULL)
        return STATUS_INTERNAL; /* the session hands over these types alone */
    if (step->masked && (*place)->member == NULL)
        return STATUS_OK; /* nothing of it is masked */
    (*place)->now = now.wall_seconds;
    (*place)->touched_ms = (*place)->received_ms = now.monotonic_ms;
    return take(step, place, message, outbox);
}
