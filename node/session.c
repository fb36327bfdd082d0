#include <stdlib.h>
#include <string.h>

#include "node/refusal.h"
#include "node/session_internal.h"
#include "protocol/wire/log.h"

void outbox_clear(struct outbox *outbox)
{
    for (size_t i = 0; i < outbox->count; i++)
        buffer_fini(&outbox->messages[i]);
    outbox->count = 0;
}

/* Where the next message goes; NULL: there is no room. */
static struct buffer *next_place(struct outbox *outbox)
{
    if (outbox->count == OUTBOX_MAX)
        return NULL;
    struct buffer *place = &outbox->messages[outbox->count];
    buffer_init(place, BUFFER_LIMIT_DEFAULT);
    return place;
}

static enum status keep_place(
    struct outbox *outbox, struct buffer *place, enum status status)
{
    if (status == STATUS_OK)
        outbox->count++;
    else
        buffer_fini(place);
    return status;
}

enum status outbox_add(struct outbox *outbox, const struct message *message)
{
    struct buffer *place = next_place(outbox);
    return place == NULL
               ? STATUS_LIMIT_REACHED
               : keep_place(outbox, place, message_encode(message, place));
}

enum status outbox_add_bytes(struct outbox *outbox, struct view message)
{
    struct buffer *place = next_place(outbox);
    return place == NULL
               ? STATUS_LIMIT_REACHED
               : keep_place(outbox, place,
                     buffer_append(place, message.data, message.size));
}

/* ---- birth ---- */

static enum status take_stored_roster(
    void *arg, const struct digest *id, struct view bytes)
{
    struct session *session = arg;
    struct roster *roster = NULL;
    (void)id;
    enum status status = session_read_roster(session, &roster, bytes);
    if (status != STATUS_OK || roster == NULL)
        return status;
    roster_destroy(session->roster);
    session->roster = roster;
    return STATUS_OK;
}

static enum status load_rosters(struct session *session)
{
    enum status status =
        store_visit_rosters(session->setup.store, take_stored_roster, session);
    return status == STATUS_OK && session->roster == NULL ? STATUS_NOT_FOUND
                                                          : status;
}

/* The next question may well be of it. */
static enum status load_last_freeze(struct session *session)
{
    struct store *store = session->setup.store;
    struct store_view view;
    struct frame *frame = NULL;
    int64_t number;
    enum status status = store_last_freeze(store, &number);
    if (status == STATUS_OK)
        status = store_view_freeze(store, number, &view);
    if (status == STATUS_OK)
        status = frames_hold(session->frames, &frame, store, &view);
    frames_release(frame);
    return status;
}

enum status session_create(
    struct session **out, const struct session_setup *setup)
{
    *out = NULL;
    struct session *session = calloc(1, sizeof *session);
    if (session == NULL)
        return STATUS_NO_MEMORY;
    session->setup = *setup;
    slots_init(&session->slots, setup->reply_slot_ms);
    session->heartbeat_ms = HEARTBEAT_MS_DEFAULT;
    enum status status = load_rosters(session);
    if (status == STATUS_OK)
        status = frames_create(&session->frames, setup->dictionary);
    if (status == STATUS_OK)
        status = remembered_create(&session->remembered, setup->keys);
    if (status == STATUS_OK)
        status = load_last_freeze(session);
    if (status == STATUS_OK)
        status = past_open(
            &session->past, setup->store, setup->keys, setup->head_path);
    if (status != STATUS_OK) {
        session_destroy(session);
        return status;
    }
    if (session->past.behind)
        log_event(
            LOG_ERROR, "past", "behind", "reason=\"%s\"", session->past.reason);
    *out = session;
    return STATUS_OK;
}

void session_destroy(struct session *session)
{
    if (session == NULL)
        return;
    open_close_all(session);
    job_forget_all(session);
    slots_fini(&session->slots);
    session_forget_verified(session);
    frames_destroy(session->frames);
    remembered_destroy(session->remembered);
    roster_destroy(session->roster);
    free(session);
}

enum status session_check_standing(
    const struct session *session, struct diagnostic *diagnostic)
{
    return roster_check_center(
        session->roster, keypair_identity(session->setup.keys), diagnostic);
}

const struct roster *session_roster(const struct session *session)
{
    return session->roster;
}

bool session_is_behind(const struct session *session)
{
    return session->past.behind;
}

bool session_welcomed(const struct session *session)
{
    return session->welcomed;
}

bool session_lost(const struct session *session, struct session_time now)
{
    return now.monotonic_ms - session->heard_ms >
           HEARTBEATS_LOST_MAX * session->heartbeat_ms;
}

/* ---- connection ---- */

enum status session_connected(
    struct session *session, struct session_time now, struct outbox *outbox)
{
    struct message hello = {.type = MESSAGE_HELLO,
        .version = protocol_said(),
        .number = OPEN_MAX,
        .id = session->roster->id};
    strcpy(hello.name, "cohortium-node " COHORTIUM_VERSION);
    session->welcomed = false;
    session->other_protocol = false;
    session->heard_ms = now.monotonic_ms;
    session->pinged_ms = now.monotonic_ms;
    return outbox_add(outbox, &hello);
}

static enum status send_decision(
    void *arg, const struct store_decision *decision)
{
    struct message opt_in = {
        .type = MESSAGE_OPT_IN, .document = decision->envelope};
    return outbox_add(arg, &opt_in);
}

static enum status send_decisions(
    struct session *session, struct outbox *outbox)
{
    enum status status =
        store_visit_decisions(session->setup.store, send_decision, outbox);
    /* More studies than an outbox holds: the rest goes at the next change. */
    if (status == STATUS_LIMIT_REACHED)
        status = STATUS_OK;
    if (status == STATUS_OK)
        status = store_decision_count(
            session->setup.store, &session->decisions_sent);
    return status;
}

static enum status on_welcome(struct session *session,
    const struct message *message, struct session_time now,
    struct outbox *outbox)
{
    (void)now;
    const enum protocol_fit fit = protocol_compare(message->version);
    enum status status =
        store_put_coordinator_protocol(session->setup.store, message->version);
    session->other_protocol = fit != PROTOCOL_FITS;
    if (status != STATUS_OK)
        return status;
    if (session->other_protocol) {
        char theirs[PROTOCOL_TEXT], ours[PROTOCOL_TEXT];
        protocol_text(theirs, message->version);
        protocol_text(ours, protocol_said());
        log_event(LOG_ERROR, "session", "other_protocol",
            "coordinator=\"%s\" here=\"%s\" must_upgrade=%s", theirs, ours,
            fit == PROTOCOL_PEER_OLDER ? "coordinator" : "cohortium-node");
        return STATUS_OK;
    }
    if (message->number >= 100 && message->number <= 3600000)
        session->heartbeat_ms = message->number;
    session->welcomed = true;
    session->freezes_told = -1;
    status = past_tell(session, true, outbox);
    if (status == STATUS_OK && !session->past.behind)
        status = reading_tell(session, outbox);
    return status == STATUS_OK && !session->past.behind
               ? send_decisions(session, outbox)
               : status;
}

static enum status on_roster(struct session *session,
    const struct message *message, struct session_time now,
    struct outbox *outbox)
{
    (void)outbox;
    return session_take_rosters(session, message, now);
}

static enum status on_study(struct session *session,
    const struct message *message, struct session_time now,
    struct outbox *outbox)
{
    (void)outbox;
    return session_take_study(session, message, now);
}

static enum status on_pong(struct session *session,
    const struct message *message, struct session_time now,
    struct outbox *outbox)
{
    (void)session;
    (void)message;
    (void)now;
    (void)outbox;
    return STATUS_OK; /* that something came is all it says */
}

/* The coordinator says how a question ended: what was told is to be in every
 * list from now on. Nobody waits now: what was asked is taken into the memory
 * that the next question is held against. */
static enum status on_close(struct session *session,
    const struct message *message, struct session_time now,
    struct outbox *outbox)
{
    static const struct digest none;
    (void)outbox;
    const bool answered = !digest_equal(&message->result, &none);
    struct store *store = session->setup.store;
    enum status status = open_close(session, &message->id);
    log_event(LOG_INFO, "session", "closed", "answered=%d", answered);
    if (status == STATUS_OK && answered)
        status = store_release_sets(store, &message->id);
    return status == STATUS_OK
               ? remembered_load(session->remembered, store, now.wall_seconds)
               : status;
}

static const struct {
    enum message_type type;
    enum status (*handle)(struct session *session,
        const struct message *message, struct session_time now,
        struct outbox *outbox);
} handlers[] = {
    {MESSAGE_WELCOME, on_welcome},
    {MESSAGE_PONG, on_pong},
    {MESSAGE_HEADS, session_take_heads},
    {MESSAGE_ROSTER, on_roster},
    {MESSAGE_STUDY, on_study},
    {MESSAGE_OPEN, session_open_question},
    {MESSAGE_CLOSE, on_close},
    {MESSAGE_PEERS, session_take_step},
    {MESSAGE_SEALED, session_take_step},
    {MESSAGE_SURVIVORS, session_take_step},
    {MESSAGE_VOTES, session_take_step},
    {MESSAGE_ROUND, session_take_step},
};

bool session_is_own_failure(enum status status)
{
    enum status_category category = status_category(status);
    return category == CATEGORY_UNAVAILABLE || category == CATEGORY_INTERNAL ||
           status == STATUS_NO_MEMORY;
}

/* While a job runs: what would need the rows, or that job's question. While a
 * reply waits for its slot: whatever is answered, for when an answer came would
 * tell when this thread was free again. */
static bool must_wait(
    const struct session *session, const struct message *message)
{
    const struct session_job *job = session->job;
    const bool scans =
        message->type == MESSAGE_OPEN || message->type == MESSAGE_ROUND;
    const bool steps =
        message->type >= MESSAGE_PEERS && message->type <= MESSAGE_VOTES;
    if (slots_wait(&session->slots) && (scans || steps))
        return true;
    return job != NULL && (scans || (steps && digest_equal(&message->id,
                                                  &job->question->header_id)));
}

/* What writes, or answers, while the database is behind. */
static bool must_not(const struct session *session, enum message_type type)
{
    return session->past.behind && type != MESSAGE_WELCOME &&
           type != MESSAGE_PONG && type != MESSAGE_HEADS;
}

static enum status receive(struct session *session, struct view bytes,
    struct session_time now, struct outbox *outbox)
{
    struct message message;
    enum status status = message_decode(&message, bytes, SENDER_COORDINATOR);
    session->heard_ms = now.monotonic_ms;
    if (status != STATUS_OK) {
        log_event(LOG_WARN, "session", "dropped", "reason=%s bytes=%zu",
            status_name(status), bytes.size);
        return STATUS_OK;
    }
    if (session->other_protocol && message.type != MESSAGE_WELCOME)
        return STATUS_OK; /* it was said; its words may mean something else */
    if (must_not(session, message.type))
        return past_refuse(session, &message, outbox);
    if (must_wait(session, &message))
        return job_defer(session, &message, bytes, outbox);
    for (size_t i = 0; i < sizeof handlers / sizeof handlers[0]; i++) {
        if (handlers[i].type == message.type)
            return handlers[i].handle(session, &message, now, outbox);
    }
    log_event(LOG_WARN, "session", "unexpected", "message=%s",
        message_name(message.type));
    return STATUS_OK;
}

enum status session_receive(struct session *session, struct view bytes,
    struct session_time now, struct outbox *outbox)
{
    const size_t before = outbox->count;
    return past_seal(
        session, receive(session, bytes, now, outbox), outbox, before);
}

enum status session_release(
    struct session *session, struct session_time now, struct outbox *outbox)
{
    while (outbox->count < OUTBOX_MAX &&
           slots_take(&session->slots, now.monotonic_ms,
               &outbox->messages[outbox->count]))
        outbox->count++;
    return job_take_deferred(session, now, outbox);
}

uint64_t session_release_ms(const struct session *session)
{
    return slots_next_ms(&session->slots);
}

/* PING, and with it how far the log has come, and what studies read: when that
 * is said must not tell when work was done. */
static enum status ping(
    struct session *session, struct session_time now, struct outbox *outbox)
{
    struct message message = {.type = MESSAGE_PING, .number = ++session->ping};
    session->pinged_ms = now.monotonic_ms;
    enum status status = outbox_add(outbox, &message);
    if (status == STATUS_OK)
        status = past_tell_change(session, outbox);
    return status == STATUS_OK && !session->past.behind
               ? reading_tell(session, outbox)
               : status;
}

/* `recover` was said beside the running daemon: greets anew, for what came
 * meanwhile was not taken in. */
static enum status review(
    struct session *session, struct session_time now, struct outbox *outbox)
{
    enum status status = past_review(&session->past);
    if (status != STATUS_OK || session->past.behind)
        return status;
    log_event(LOG_INFO, "past", "recovered", "era=%lld",
        (long long)session->past.known.era);
    return session_connected(session, now, outbox);
}

/* Refusals of a day that is over are told when it is. */
static enum status settle_day(struct session *session, int64_t now)
{
    const int64_t day = now / DAY_SECONDS;
    if (day == session->settled_day)
        return STATUS_OK;
    session->settled_day = day;
    return refusal_settle(session->setup.store, session->setup.keys, now);
}

#define FREEZE_LOOK_SECONDS 600

/* One that is due is made with or without a connection. */
static enum status make_freeze(struct session *session, int64_t now)
{
    const struct session_setup *setup = &session->setup;
    int64_t number;
    if (setup->freeze_days == 0 ||
        now - session->freeze_looked < FREEZE_LOOK_SECONDS)
        return STATUS_OK;
    session->freeze_looked = now;
    enum status status = freeze_make_due(
        setup->store, setup->keys, now, setup->freeze_days, &number);
    if (status == STATUS_OK && number != 0)
        log_event(LOG_INFO, "session", "freeze_made", "number=%lld",
            (long long)number);
    return status;
}

/* At once: no question makes one. */
static enum status tell_new_freeze(
    struct session *session, struct outbox *outbox)
{
    int64_t number;
    enum status status = store_last_freeze(session->setup.store, &number);
    return status == STATUS_OK && number != session->freeze_told
               ? reading_tell(session, outbox)
               : status;
}

static enum status tick(
    struct session *session, struct session_time now, struct outbox *outbox)
{
    int64_t decisions;
    enum status status = session_follow_rosters(session);
    if (status == STATUS_OK)
        status = open_end_idle(session, now, outbox);
    if (status == STATUS_OK && session->past.behind)
        status = review(session, now, outbox);
    if (status == STATUS_OK && !session->past.behind)
        status = make_freeze(session, now.wall_seconds);
    if (status != STATUS_OK || !session->welcomed)
        return status;
    if (now.monotonic_ms - session->pinged_ms >= session->heartbeat_ms)
        status = ping(session, now, outbox);
    if (status != STATUS_OK || session->past.behind)
        return status;
    status = settle_day(session, now.wall_seconds);
    if (status == STATUS_OK)
        status = store_decision_count(session->setup.store, &decisions);
    if (status == STATUS_OK && decisions != session->decisions_sent)
        status = send_decisions(session, outbox);
    return status == STATUS_OK ? tell_new_freeze(session, outbox) : status;
}

enum status session_tick(
    struct session *session, struct session_time now, struct outbox *outbox)
{
    const size_t before = outbox->count;
    return past_seal(session, tick(session, now, outbox), outbox, before);
}
