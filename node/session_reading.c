/*
 * Which rows a question reads. A study reads the freeze that was the last one
 * at its first question here, for ever: whatever is imported changes nothing of
 * it. Who withdrew is in no study that settles later, and out of all from the
 * next freeze on.
 */
#include "node/audit.h"
#include "node/session_internal.h"
#include "protocol/wire/log.h"

enum status reading_find(struct question *question)
{
    enum status status = store_view_study(question->session->setup.store,
        &question->study_id, 0, &question->view);
    question->settled = status == STATUS_OK;
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

/* Within a transaction. While there is no freeze there is nothing to settle on.
 */
static enum status settle(struct question *question)
{
    const struct session_setup *setup = &question->session->setup;
    struct store_view now;
    struct store_reading reading = {.study = question->study_id};
    enum status status = store_last_freeze(setup->store, &reading.freeze);
    if (status == STATUS_OK)
        status = store_view_now(setup->store, &now);
    if (status != STATUS_OK || reading.freeze == 0)
        return status == STATUS_OK
                   ? store_view_freeze(setup->store, 0, &question->view)
                   : status;
    reading.absences = now.absences;
    status = store_put_reading(setup->store, &reading);
    if (status == STATUS_OK)
        status = audit_record(setup->store, setup->keys, question->now,
            "study_reads", &question->study_id, "freeze %lld",
            (long long)reading.freeze);
    if (status == STATUS_OK)
        status = reading_find(question);
    return status;
}

enum status reading_settle(struct question *question)
{
    struct store *store = question->session->setup.store;
    if (question->settled)
        return STATUS_OK;
    enum status status = store_begin(store);
    if (status == STATUS_OK)
        status = settle(question);
    if (status == STATUS_OK)
        status = store_commit(store);
    else
        store_rollback(store);
    if (status == STATUS_OK && question->settled)
        log_event(LOG_INFO, "session", "study_reads", "study=%s freeze=%lld",
            question->study_name, (long long)question->view.freeze);
    return status;
}

enum status reading_hold(struct question *question)
{
    struct session *session = question->session;
    if (question->frame != NULL)
        return STATUS_OK;
    enum status status = frames_hold(session->frames, &question->frame,
        session->setup.store, &question->view);
    if (status == STATUS_OK)
        question->departures = store_view_departures(&question->view);
    return status;
}

bool reading_moved(const struct question *question)
{
    return question->departures != store_view_departures(&question->view);
}

/* Values that were erased are not used, whatever is open; a frame that is held
 * is otherwise what it was. A stored answer has none yet: it goes on with the
 * rows that it is of, or not at all. */
enum status reading_go_on(struct question *question)
{
    struct store_view now;
    enum status status = store_view_now(question->session->setup.store, &now);
    if (status != STATUS_OK)
        return status;
    const bool erased = question->frame != NULL &&
                        frame_view(question->frame)->erasures != now.erasures;
    if (erased || (question->frame == NULL && reading_moved(question))) {
        question->changed = true;
        diagnostic_set(&question->diagnostic, 0, 0,
            "people left this center's registry while the question was open");
        return STATUS_REFUSED;
    }
    return reading_hold(question);
}
