/*
 * The part of a question that reads every row. Where that is long it goes to
 * the worker, and the session stays at hand: heartbeats, CLOSE, the steps of
 * other questions. One job at a time; meanwhile nothing changes the frame, and
 * what would need it waits its turn. A question whose job runs is the job's: it
 * is not touched, and when it is closed it goes with its job.
 */
#include <stdlib.h>
#include <string.h>

#include "node/audit.h"
#include "node/session_internal.h"
#include "protocol/wire/log.h"

/* Rows times what is counted of each: a few milliseconds, less than it takes
 * to notice. */
#define INLINE_MAX ((size_t)1 << 19)

void session_job_destroy(struct session_job *job)
{
    if (job == NULL)
        return;
    contribution_fini(&job->contribution);
    round_body_fini(&job->body);
    free(job);
}

void session_job_run(struct session_job *job)
{
    job->status =
        job->round.number == 0
            ? question_scan(job->question, &job->rows, &job->contribution)
            : rounds_scan(
                  job->question, &job->rows, &job->round, &job->contribution);
}

static bool is_long(
    const struct session *session, const struct session_job *job)
{
    const size_t most =
        session->setup.inline_max == 0 ? INLINE_MAX : session->setup.inline_max;
    return session->setup.worker != NULL &&
           job->rows.count * job->question->admission.plan->segment_count >
               most;
}

enum status job_start(struct session_job *job, bool *done)
{
    struct question *question = job->question;
    struct session *session = question->session;
    const struct session_worker *worker = session->setup.worker;
    *done = !is_long(session, job);
    if (*done) {
        session_job_run(job);
        return job->status;
    }
    question->job = job;
    session->job = job;
    enum status status = worker->submit(worker->arg, job);
    if (status != STATUS_OK)
        question->job = session->job = NULL;
    return status;
}

/* ---- what waits ---- */

static struct digest header_of(const struct message *message)
{
    struct envelope *envelope = NULL;
    struct digest header = message->id;
    if (message->type == MESSAGE_OPEN &&
        envelope_decode(&envelope, message->header) == STATUS_OK)
        header = envelope_id(envelope);
    envelope_destroy(envelope);
    return header;
}

enum status job_defer(struct session *session, const struct message *message,
    struct view bytes, struct outbox *outbox)
{
    const struct digest header = header_of(message);
    if (session->deferred_count == DEFERRED_MAX &&
        message->type == MESSAGE_OPEN)
        return open_say_busy(&header, outbox);
    if (session->deferred_count == DEFERRED_MAX) {
        log_event(LOG_WARN, "session", "dropped", "reason=BUSY");
        return STATUS_OK; /* it is said again on the next connection */
    }
    struct deferred *place = &session->deferred[session->deferred_count];
    place->header = header;
    buffer_init(&place->bytes, BUFFER_LIMIT_DEFAULT);
    enum status status = buffer_append(&place->bytes, bytes.data, bytes.size);
    if (status == STATUS_OK)
        session->deferred_count++;
    else
        buffer_fini(&place->bytes);
    return status;
}

static struct buffer remove_deferred(struct session *session, size_t at)
{
    const struct buffer bytes = session->deferred[at].bytes;
    session->deferred_count--;
    memmove(&session->deferred[at], &session->deferred[at + 1],
        (session->deferred_count - at) * sizeof session->deferred[0]);
    return bytes;
}

void job_drop_deferred(struct session *session, const struct digest *header)
{
    for (size_t i = session->deferred_count; i > 0; i--) {
        if (digest_equal(&session->deferred[i - 1].header, header)) {
            struct buffer bytes = remove_deferred(session, i - 1);
            buffer_fini(&bytes);
        }
    }
}

enum status job_take_deferred(
    struct session *session, struct session_time now, struct outbox *outbox)
{
    enum status status = STATUS_OK;
    while (status == STATUS_OK && session->job == NULL &&
           !slots_wait(&session->slots) && session->deferred_count > 0) {
        struct buffer first = remove_deferred(session, 0);
        status = session_receive(session, buffer_view(&first), now, outbox);
        buffer_fini(&first);
    }
    return status;
}

void job_forget_all(struct session *session)
{
    for (size_t i = 0; i < session->deferred_count; i++)
        buffer_fini(&session->deferred[i].bytes);
    session->deferred_count = 0;
    if (session->job == NULL)
        return;
    session->job->question->job = NULL;
    question_destroy(session->job->question);
    session_job_destroy(session->job);
    session->job = NULL;
}

/* ---- the end of a job ---- */

static enum status finish_job(struct session *session, struct session_job *job,
    struct session_time now, struct outbox *outbox)
{
    struct question *question = job->question;
    enum status status = STATUS_OK;
    session->job = NULL;
    question->job = NULL;
    if (question->over) {
        log_event(LOG_INFO, "session", "too_late", "rows=%zu", job->rows.count);
        question_destroy(question);
    } else {
        question->now = now.wall_seconds;
        status = job->number == 0 ? question_finish(question, job, now, outbox)
                                  : open_finish_round(question, job, outbox);
    }
    session_job_destroy(job);
    enum status next = job_take_deferred(session, now, outbox);
    return status == STATUS_OK ? next : status;
}

enum status session_finish_job(struct session *session, struct session_job *job,
    struct session_time now, struct outbox *outbox)
{
    const size_t before = outbox->count;
    return past_seal(
        session, finish_job(session, job, now, outbox), outbox, before);
}
