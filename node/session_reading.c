/*
 * Which rows a question reads. A study reads the freeze that was the latest at
 * its first question here, for ever: whatever is imported changes nothing of
 * it. With a query whose `move` is higher its researcher moves it to the
 * latest, at all centers alike. The session names the freeze, and a center
 * answers from no other than it says. Who withdrew is in no study that settles
 * later, and out of all from the next freeze on.
 */
#include <stdlib.h>

#include "node/audit.h"
#include "node/session_internal.h"
#include "policy/freeze.h"
#include "protocol/wire/log.h"

/* How long a session may have been on its way that names a freeze which was the
 * latest when it was made. */
#define ON_ITS_WAY_SECONDS 600

/* ---- telling the coordinator ---- */

struct telling {
    size_t count;
    struct freeze_reading *list;
};

/* The last ones, where there are more than fit. */
static enum status take_reading(void *arg, const struct store_reading *reading)
{
    struct telling *telling = arg;
    if (telling->count == FREEZE_READINGS_MAX)
        return STATUS_OK;
    telling->list[telling->count++] =
        (struct freeze_reading){reading->study, reading->move, reading->freeze};
    return STATUS_OK;
}

static enum status write_readings(struct store *store, struct buffer *body)
{
    struct telling telling = {
        .list = calloc(FREEZE_READINGS_MAX, sizeof *telling.list)};
    if (telling.list == NULL)
        return STATUS_NO_MEMORY;
    enum status status = store_visit_readings(store, take_reading, &telling);
    for (size_t i = 0; status == STATUS_OK && i < telling.count; i++)
        status = freeze_append_reading(body, &telling.list[i]);
    free(telling.list);
    return status;
}

enum status reading_tell(struct session *session, struct outbox *outbox)
{
    struct store *store = session->setup.store;
    struct store_freeze last;
    struct buffer body, document;
    int64_t count, number;
    enum status status = store_freeze_count(store, &count);
    if (status != STATUS_OK || count == session->freezes_told)
        return status;
    buffer_init(&body, BUFFER_LIMIT_DEFAULT);
    buffer_init(&document, BUFFER_LIMIT_DEFAULT);
    status = store_last_freeze(store, &number);
    if (status == STATUS_OK && number > 0)
        status = store_find_freeze(store, number, &last, &document);
    if (status == STATUS_OK)
        status = write_readings(store, &body);
    const struct message message = {.type = MESSAGE_FREEZES,
        .document = buffer_view(&document),
        .body = buffer_view(&body)};
    if (status == STATUS_OK)
        status = outbox_add(outbox, &message);
    if (status == STATUS_OK) {
        session->freezes_told = count;
        session->freeze_told = number;
    }
    buffer_fini(&body);
    buffer_fini(&document);
    return status;
}

/* ---- the rows of a question ---- */

static int64_t move_of(const struct question *question)
{
    return question->admission.query->move;
}

static int64_t named(const struct question *question)
{
    return question->admission.header->freezes[question->center];
}

/* The session names another freeze than the one that is to be read. */
static enum status refuse_named(struct question *question, int64_t reads)
{
    question->changed = true;
    question->session->freezes_told = -1; /* it is told once more */
    diagnostic_set(&question->diagnostic, 0, 0,
        "the session names freeze %lld of this center, and the study reads "
        "freeze %lld",
        (long long)named(question), (long long)reads);
    return STATUS_REFUSED;
}

enum status reading_find(struct question *question)
{
    enum status status = store_view_study(question->session->setup.store,
        &question->study_id, move_of(question), &question->view);
    question->settled = status == STATUS_OK;
    if (question->settled && question->view.freeze != named(question))
        return refuse_named(question, question->view.freeze);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

/* What comes next in the store was made so recently that the session did not
 * know. */
static enum status was_latest(
    struct question *question, int64_t number, int64_t latest)
{
    struct store_freeze next;
    if (number == latest)
        return STATUS_OK;
    enum status status = number == 0 || number > latest
                             ? STATUS_NOT_FOUND
                             : store_find_freeze(question->session->setup.store,
                                   number + 1, &next, NULL);
    if (status == STATUS_NOT_FOUND ||
        (status == STATUS_OK && question->now - next.time > ON_ITS_WAY_SECONDS))
        return refuse_named(question, latest);
    return status;
}

/* The freeze that the study reads after this move, from now on: what it reads
 * after a later one, or the latest, as the session names it. No move goes
 * back. */
static enum status choose(struct question *question, int64_t *freeze)
{
    struct store *store = question->session->setup.store;
    struct store_span span;
    int64_t latest;
    enum status status =
        store_find_span(store, &question->study_id, move_of(question), &span);
    if (status == STATUS_OK)
        status = store_last_freeze(store, &latest);
    if (status != STATUS_OK)
        return status;
    *freeze = named(question);
    if (span.above > 0)
        return *freeze == span.above ? STATUS_OK
                                     : refuse_named(question, span.above);
    return *freeze < span.below ? refuse_named(question, latest)
                                : was_latest(question, *freeze, latest);
}

/* Within a transaction. While there is no freeze there is nothing to settle on.
 */
static enum status settle(struct question *question)
{
    const struct session_setup *setup = &question->session->setup;
    struct store_view now;
    struct store_reading reading = {
        .study = question->study_id, .move = move_of(question)};
    enum status status = choose(question, &reading.freeze);
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
            "study_reads", &question->study_id, "freeze %lld, move %lld",
            (long long)reading.freeze, (long long)reading.move);
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
