#include <string.h>

#include "coordinator/office_internal.h"
#include "protocol/wire/log.h"

#define CENTER_ROOM_MAX 1024
#define REFUSALS_LEFT_MAX 1000000 /* nobody's setting is more */
#define BUSY_MS_MIN 100
#define BUSY_MS_MAX 10000

enum status office_send_rosters(
    struct office *office, const struct channel_route *route)
{
    const struct catalog *catalog = office->catalog;
    struct message *message = office_message(office, MESSAGE_ROSTER);
    message->document_count = catalog->roster_count;
    for (size_t i = 0; i < catalog->roster_count; i++)
        message->documents[i] = buffer_view(&catalog->rosters[i]);
    return office_send(office, route);
}

static enum status send_study(struct office *office,
    const struct channel_route *route, const struct catalog_study *study)
{
    struct message *message = office_message(office, MESSAGE_STUDY);
    message->study = buffer_view(&study->envelope);
    message->document_count = study->approval_count;
    for (size_t i = 0; i < study->approval_count; i++)
        message->documents[i] = buffer_view(&study->approvals[i]);
    return office_send(office, route);
}

/* A rejection too: a center keeps it, whatever becomes of this ledger. */
static bool is_worth_showing(const struct catalog_study *study, int64_t now)
{
    const struct wall_clock clock = {now, NULL};
    return (study->standing == STATUS_OK || study->rejected) &&
           study_check_dates(study->study, &clock, NULL) != STATUS_EXPIRED;
}

void office_send_studies(
    struct office *office, struct member *center, int64_t now)
{
    const struct catalog *catalog = office->catalog;
    while (center->studies_sent < catalog->study_count) {
        const struct catalog_study *study =
            catalog->studies[center->studies_sent];
        enum status status = STATUS_OK;
        if (is_worth_showing(study, now))
            status = send_study(office, &center->route, study);
        if (status == STATUS_BUSY)
            return; /* the next tick goes on here */
        if (status == STATUS_NO_PEER) {
            office_lose_center(office, center);
            return;
        }
        center->studies_sent++;
    }
}

void office_push_study(struct office *office, size_t index)
{
    const struct catalog_study *study = office->catalog->studies[index];
    for (size_t i = 0; i < members_count(office->members); i++) {
        struct member *center = members_at(office->members, i);
        if (!center->connected || center->studies_sent < index)
            continue; /* gets it in its turn */
        enum status status = send_study(office, &center->route, study);
        if (status == STATUS_OK && center->studies_sent == index)
            center->studies_sent++;
        else if (status == STATUS_BUSY)
            center->studies_sent = index;
        else if (status == STATUS_NO_PEER)
            office_lose_center(office, center);
    }
}

void office_lose_center(struct office *office, struct member *center)
{
    if (center->connected)
        log_event(LOG_INFO, "office", "center_lost", "center=%s",
            center->identity.name);
    center->connected = false;
    center->changed = true;
    for (size_t i = 0; i < office->session_count; i++) {
        struct session_center *asked =
            session_find(office->sessions[i], center->identity.name);
        if (asked == NULL)
            continue;
        asked->lost = true;
        asked->sent = false;
        asked->told = false;
    }
}

/* A new connection of this center: whatever was on its way to the old one is
 * sent again. */
static void adopt_connection(
    struct office *office, const struct office_call *call)
{
    struct member *center = call->member;
    center->connected = true;
    center->changed = true;
    center->route = *call->route;
    center->studies_sent = 0;
    center->heads_told = 0;
    for (size_t i = 0; i < office->session_count; i++) {
        struct session_center *asked =
            session_find(office->sessions[i], center->identity.name);
        if (asked != NULL) {
            asked->sent = false;
            asked->told = false;
            asked->lost = false;
        }
    }
}

static enum status send_welcome(
    struct office *office, const struct office_call *call)
{
    struct message *welcome = office_message(office, MESSAGE_WELCOME);
    welcome->version = protocol_said();
    welcome->number = (uint64_t)office->config->heartbeat_ms;
    return office_send(office, call->route);
}

static void greet(struct office *office, const struct office_call *call)
{
    adopt_connection(office, call);
    enum status status = send_welcome(office, call);
    if (status == STATUS_OK)
        status = office_send_rosters(office, call->route);
    if (status == STATUS_OK)
        status =
            office_tell_heads(office, call->member, call->now.monotonic_ms);
    if (status != STATUS_OK) {
        office_lose_center(office, call->member);
        return;
    }
    office_send_studies(office, call->member, call->now.wall);
    for (size_t i = 0; i < office->session_count; i++) {
        office_send_open(office, office->sessions[i]);
        office_send_steps(office, office->sessions[i]);
    }
}

/* What it speaks is said to both sides; it is not taken for connected. */
static void meet_other_protocol(
    struct office *office, const struct office_call *call, const char *software)
{
    struct member *center = call->member;
    char theirs[PROTOCOL_TEXT], ours[PROTOCOL_TEXT];
    const bool older =
        protocol_compare(center->protocol) == PROTOCOL_PEER_OLDER;
    protocol_text(theirs, center->protocol);
    protocol_text(ours, protocol_said());
    log_event(LOG_WARN, "office", "other_protocol",
        "user=%s software=\"%s\" its=\"%s\" here=\"%s\" must_upgrade=%s",
        center->user, software, theirs, ours, older ? "it" : "coordinator");
    if (center->role == SENDER_CENTER)
        office_lose_center(office, center);
    (void)send_welcome(office, call);
}

void office_on_hello(struct office *office, const struct office_call *call)
{
    char software[64];
    office_copy_text(software, sizeof software, call->message->name);
    call->member->protocol = call->message->version;
    if (protocol_compare(call->message->version) != PROTOCOL_FITS) {
        meet_other_protocol(office, call, software);
        return;
    }
    if (call->member->role != SENDER_CENTER) {
        (void)send_welcome(office, call);
        return;
    }
    const uint64_t room = call->message->number;
    call->member->room = room == 0                ? MEMBER_ROOM_DEFAULT
                         : room > CENTER_ROOM_MAX ? CENTER_ROOM_MAX
                                                  : (size_t)room;
    log_event(LOG_INFO, "office", "center_connected",
        "center=%s software=\"%s\"", call->member->identity.name, software);
    greet(office, call);
    office->turns_due = true;
}

static bool speaks_other_protocol(const struct member *member)
{
    return member->protocol != 0 &&
           protocol_compare(member->protocol) != PROTOCOL_FITS;
}

static bool is_its_connection(
    const struct member *center, const struct channel_route *route)
{
    return center->connected && center->route.size == route->size &&
           memcmp(center->route.bytes, route->bytes, route->size) == 0;
}

/* ZeroMQ reconnects beneath a node without telling it: after a restart here,
 * or a break in the line, its PING comes from a route that said no HELLO. */
void office_on_ping(struct office *office, const struct office_call *call)
{
    struct message *pong = office_message(office, MESSAGE_PONG);
    pong->number = call->message->number;
    office_send(office, call->route);
    if (call->member->role == SENDER_CENTER &&
        !speaks_other_protocol(call->member) &&
        !is_its_connection(call->member, call->route)) {
        log_event(LOG_INFO, "office", "center_reconnected", "center=%s",
            call->member->identity.name);
        greet(office, call);
    }
}

void office_on_opt_in(struct office *office, const struct office_call *call)
{
    const struct identity *center = &call->member->identity;
    enum status status = catalog_opt_in(office->catalog, office->ledger, center,
        call->message->document, call->now.wall);
    if (status != STATUS_OK && status != STATUS_REPLAYED)
        log_event(LOG_WARN, "office", "opt_in_refused", "center=%s status=%s",
            center->name, status_name(status));
}

/* What it reads is named in the headers of sessions from now on. */
void office_on_freezes(struct office *office, const struct office_call *call)
{
    const struct identity *center = &call->member->identity;
    int64_t latest;
    enum status status =
        freezes_take(office->freezes, center, call->message, &latest);
    office->turns_due = true;
    if (status == STATUS_OK)
        log_event(LOG_INFO, "office", "freezes", "center=%s latest=%lld",
            center->name, (long long)latest);
    else
        log_event(LOG_WARN, "office", "freezes_refused", "center=%s status=%s",
            center->name, status_name(status));
}

/* The asked center behind a reply, or NULL: whoever was not asked in that
 * session is not heard. */
static struct session_center *find_asked(struct office *office,
    const struct office_call *call, struct session **session)
{
    const char *name = call->member->identity.name;
    *session = office_find_header(office, &call->message->id);
    struct session_center *asked =
        *session == NULL ? NULL : session_find(*session, name);
    if (asked == NULL)
        log_event(LOG_INFO, "office", "reply_ignored",
            "center=%s reason=\"not asked, or too late\"", name);
    return asked;
}

static void after_reply(struct office *office, struct session *session,
    const struct office_call *call, enum status status)
{
    const char *name = call->member->identity.name;
    if (status == STATUS_EXISTS) {
        log_event(LOG_INFO, "office", "reply_ignored",
            "center=%s reason=\"it has spoken\"", name);
        return;
    }
    if (status != STATUS_OK)
        log_event(LOG_WARN, "office", "bad_reply", "center=%s status=%s", name,
            status_name(status));
    if (session->unsaved_bytes > OFFICE_UNSAVED_MAX)
        office_save_replies(office, session, call->now.wall);
    office_settle(office, session, call->now);
}

void office_on_summary(struct office *office, const struct office_call *call)
{
    struct session *session;
    struct session_center *asked = find_asked(office, call, &session);
    if (asked != NULL)
        after_reply(office, session, call,
            session_take_summary(session, asked, call->message->vector));
}

void office_on_step(struct office *office, const struct office_call *call)
{
    struct session *session;
    struct session_center *asked = find_asked(office, call, &session);
    if (asked == NULL)
        return;
    enum status status = session_take_step(session, asked, call->message);
    if (status == STATUS_NOT_ALLOWED) {
        log_event(LOG_DEBUG, "office", "step_ignored", "center=%s message=%s",
            call->member->identity.name, message_name(call->message->type));
    } else {
        after_reply(office, session, call, status);
    }
}

void office_note_refusals(struct office *office, const struct session *session,
    const struct session_center *center, uint64_t left)
{
    struct ledger_refusals refusals = {
        .study_id = session->question.study->study->id, .left = (int64_t)left};
    memcpy(refusals.center, center->name, sizeof refusals.center);
    catalog_note_refusals(office->catalog, office->ledger, &refusals);
}

void office_on_refuse(struct office *office, const struct office_call *call)
{
    struct session *session;
    struct session_center *asked = find_asked(office, call, &session);
    if (asked == NULL)
        return;
    const uint64_t left = call->message->number;
    const char *step = session_step_name(session);
    const enum status status = session_take_refusal(session, asked);
    /* once a question: each other number that it says is a write */
    if (status == STATUS_OK) {
        if (left > 0 && left <= REFUSALS_LEFT_MAX)
            office_note_refusals(office, session, asked, left);
        log_event(LOG_INFO, "office", "center_refused", "center=%s step=\"%s\"",
            asked->name, step);
    }
    after_reply(office, session, call, status);
}

/* It is asked again when it says, for as long as its step is waited for. */
void office_on_busy(struct office *office, const struct office_call *call)
{
    struct session *session;
    struct session_center *asked = find_asked(office, call, &session);
    uint64_t wait_ms = call->message->number;
    if (asked == NULL || asked->state != REPLY_ASKED)
        return;
    if (wait_ms < BUSY_MS_MIN)
        wait_ms = BUSY_MS_MIN;
    if (wait_ms > BUSY_MS_MAX)
        wait_ms = BUSY_MS_MAX;
    asked->busy = true;
    asked->sent = false;
    asked->again_ms = call->now.monotonic_ms + wait_ms;
}
