#include "coordinator/office.h"

#include <stdlib.h>
#include <string.h>

#include "coordinator/office_internal.h"
#include "protocol/wire/log.h"
#include "protocol/wire/text.h"

#define SLOW_TICK_MS 1000
#define BEATS_TO_DEATH 3

struct dispatch_row {
    enum message_type type;
    unsigned role;
    void (*handle)(struct office *office, const struct office_call *call);
};

static const struct dispatch_row dispatch[] = {
    {MESSAGE_HELLO, SENDER_CENTER | SENDER_PERSON, office_on_hello},
    {MESSAGE_HEADS, SENDER_CENTER, office_on_heads},
    {MESSAGE_FREEZES, SENDER_CENTER, office_on_freezes},
    {MESSAGE_PING, SENDER_CENTER | SENDER_PERSON, office_on_ping},
    {MESSAGE_OPT_IN, SENDER_CENTER, office_on_opt_in},
    {MESSAGE_SUMMARY, SENDER_CENTER, office_on_summary},
    {MESSAGE_REFUSE, SENDER_CENTER, office_on_refuse},
    {MESSAGE_BUSY, SENDER_CENTER, office_on_busy},
    {MESSAGE_KEYS, SENDER_CENTER, office_on_step},
    {MESSAGE_SHARES, SENDER_CENTER, office_on_step},
    {MESSAGE_MASKED, SENDER_CENTER, office_on_step},
    {MESSAGE_VOTE, SENDER_CENTER, office_on_step},
    {MESSAGE_REVEAL, SENDER_CENTER, office_on_step},
    {MESSAGE_SUBMIT_STUDY, SENDER_PERSON, office_on_submit_study},
    {MESSAGE_SUBMIT_QUERY, SENDER_PERSON, office_on_submit_query},
    {MESSAGE_ASK_STATUS, SENDER_PERSON, office_on_ask_status},
    {MESSAGE_ASK_RESULT, SENDER_PERSON, office_on_ask_result},
    {MESSAGE_ASK_DOCUMENTS, SENDER_PERSON, office_on_ask_documents},
};

struct message *office_message(struct office *office, enum message_type type)
{
    memset(&office->outgoing, 0, sizeof office->outgoing);
    office->outgoing.type = type;
    return &office->outgoing;
}

enum status office_send(
    struct office *office, const struct channel_route *route)
{
    buffer_clear(&office->scratch);
    enum status status = message_encode(&office->outgoing, &office->scratch);
    if (status == STATUS_OK)
        status = office->ports.send(
            office->ports.arg, route, buffer_view(&office->scratch));
    if (status != STATUS_OK)
        log_event(LOG_DEBUG, "office", "not_sent", "message=%s status=%s",
            message_name(office->outgoing.type), status_name(status));
    return status;
}

void office_copy_text(char *out, size_t capacity, const char *text)
{
    text_show(out, capacity, view_of_text(text));
}

void office_send_failure(struct office *office,
    const struct channel_route *route, enum status status,
    const struct digest *query_id, const char *text)
{
    struct message *message = office_message(office, MESSAGE_FAILURE);
    office_copy_text(message->name, sizeof message->name, status_name(status));
    if (text == NULL || *text == '\0')
        text = status_text(status);
    office_copy_text(message->text, sizeof message->text, text);
    if (query_id != NULL)
        message->id = *query_id;
    office_send(office, route);
}

enum status office_enroll(struct office *office)
{
    struct channel_member *table = NULL;
    size_t count = 0;
    enum status status = catalog_enroll(office->catalog, office->members);
    if (status == STATUS_OK)
        status = members_enrolled(office->members, &table, &count);
    if (status == STATUS_OK)
        status = office->ports.enroll(office->ports.arg, table, count);
    free(table);
    if (status != STATUS_OK)
        log_event(LOG_ERROR, "office", "enrolment_failed", "status=%s",
            status_name(status));
    return status;
}

/* The roster is the root of who may come and who may approve. */
static enum status load_rosters(struct office *office, int64_t now)
{
    const struct identity *self = keypair_identity(office->keys);
    enum status status =
        catalog_load_rosters(office->catalog, office->ledger, now);
    if (status != STATUS_OK)
        return status;
    const struct roster *roster = office->catalog->roster;
    if (roster == NULL)
        return STATUS_NOT_FOUND;
    if (!public_key_equal(&roster->coordinator.sign, &self->sign) ||
        !public_key_equal(&roster->coordinator.curve, &self->curve))
        return STATUS_WRONG_ROSTER;
    office->roster_version = roster->version;
    return office_enroll(office);
}

enum status office_create(struct office **out, const struct office_setup *setup,
    struct office_clock now)
{
    *out = NULL;
    struct office *office = calloc(1, sizeof *office);
    if (office == NULL)
        return STATUS_NO_MEMORY;
    office->config = setup->config;
    office->keys = setup->keys;
    office->ledger = setup->ledger;
    office->ports = setup->ports;
    buffer_init(&office->scratch, BUFFER_LIMIT_DEFAULT);
    const size_t most = (size_t)setup->config->max_open_sessions;
    /* NOLINTNEXTLINE(bugprone-sizeof-expression): an array of pointers */
    office->sessions = calloc(most, sizeof *office->sessions);
    enum status status =
        office->sessions == NULL ? STATUS_NO_MEMORY : STATUS_OK;
    if (status == STATUS_OK)
        status =
            turns_create(&office->turns, (size_t)setup->config->max_waiting);
    if (status == STATUS_OK)
        status = members_create(&office->members);
    if (status == STATUS_OK)
        status = catalog_load(
            &office->catalog, setup->ledger, setup->dictionary, now.wall);
    if (status == STATUS_OK)
        status = load_rosters(office, now.wall);
    if (status == STATUS_OK)
        status =
            families_create(&office->families, office->catalog, office->ledger);
    if (status == STATUS_OK)
        status = heads_load(&office->heads, office->ledger);
    if (status == STATUS_OK)
        status = freezes_create(&office->freezes);
    if (status == STATUS_OK)
        status = ledger_clear_presence(office->ledger);
    if (status == STATUS_OK)
        status = office_restore_questions(office, now);
    if (status != STATUS_OK) {
        office_destroy(office);
        return status;
    }
    *out = office;
    return STATUS_OK;
}

void office_destroy(struct office *office)
{
    if (office == NULL)
        return;
    for (size_t i = 0; i < office->session_count; i++)
        session_destroy(office->sessions[i]);
    free(office->sessions);
    turns_destroy(office->turns);
    members_destroy(office->members);
    heads_destroy(office->heads);
    families_destroy(office->families);
    freezes_destroy(office->freezes);
    catalog_destroy(office->catalog);
    buffer_fini(&office->scratch);
    free(office);
}

const char *office_endpoint(const struct office *office)
{
    return office->catalog->roster->endpoint;
}

size_t office_open_sessions(const struct office *office)
{
    return office->session_count;
}

/* A person's program says HELLO first; those of protocol 1 said none. */
static bool is_other_program(const struct office_call *call)
{
    const struct member *member = call->member;
    return member->role == SENDER_PERSON &&
           call->message->type != MESSAGE_HELLO &&
           protocol_compare(member->protocol) != PROTOCOL_FITS;
}

static void refuse_other_program(
    struct office *office, const struct office_call *call)
{
    const uint64_t said = call->member->protocol == 0 ? 1 /* it said no HELLO */
                                                      : call->member->protocol;
    char theirs[PROTOCOL_TEXT], ours[PROTOCOL_TEXT], text[MESSAGE_TEXT_MAX];
    protocol_text(theirs, said);
    protocol_text(ours, protocol_said());
    snprintf(text, sizeof text,
        "your program speaks protocol %s, this office %s: %s must be upgraded",
        theirs, ours,
        protocol_compare(said) == PROTOCOL_PEER_OLDER
            ? "your program (cohortium)"
            : "the office");
    log_event(LOG_WARN, "office", "other_protocol", "user=%s its=\"%s\"",
        call->member->user, theirs);
    office_send_failure(
        office, call->route, STATUS_UNSUPPORTED_VERSION, NULL, text);
}

static void handle(struct office *office, const struct office_call *call)
{
    if (is_other_program(call)) {
        refuse_other_program(office, call);
        return;
    }
    for (size_t i = 0; i < sizeof dispatch / sizeof dispatch[0]; i++) {
        if (dispatch[i].type == call->message->type &&
            (dispatch[i].role & call->member->role) != 0) {
            dispatch[i].handle(office, call);
            return;
        }
    }
}

void office_receive(struct office *office, const char *user,
    const struct channel_route *route, struct view body,
    struct office_clock now)
{
    struct member *member = members_find(office->members, user);
    if (member == NULL)
        return; /* left since its handshake */
    enum status status = message_decode(&office->incoming, body, member->role);
    office->now_ms = now.monotonic_ms;
    member->heard_ms = now.monotonic_ms;
    member->last_seen = now.wall;
    if (status != STATUS_OK) {
        log_event(LOG_WARN, "office", "bad_message",
            "user=%s bytes=%zu status=%s", user, body.size,
            status_name(status));
        if (member->role == SENDER_PERSON)
            office_send_failure(office, route, status, NULL, NULL);
        return;
    }
    const struct office_call call = {member, route, &office->incoming, now};
    handle(office, &call);
    if (office->turns_due)
        office_serve_turns(office, now);
}

static void expire_centers(struct office *office, uint64_t now_ms)
{
    const uint64_t patience =
        (uint64_t)office->config->heartbeat_ms * BEATS_TO_DEATH;
    for (size_t i = 0; i < members_count(office->members); i++) {
        struct member *member = members_at(office->members, i);
        if (member->connected && now_ms - member->heard_ms > patience)
            office_lose_center(office, member);
    }
}

static void serve_centers(struct office *office, int64_t now)
{
    for (size_t i = 0; i < members_count(office->members); i++) {
        struct member *member = members_at(office->members, i);
        if (member->connected)
            office_send_studies(office, member, now);
    }
}

/* What the status command shows; nothing depends on it. */
static enum status save_presence(struct office *office)
{
    enum status status = STATUS_OK;
    bool begun = false;
    for (size_t i = 0; i < members_count(office->members); i++) {
        struct member *member = members_at(office->members, i);
        if (!member->changed)
            continue;
        if (!begun)
            status = ledger_begin(office->ledger);
        if (status != STATUS_OK)
            return status;
        begun = true;
        struct ledger_presence presence = {.connected = member->connected,
            .last_seen = member->last_seen,
            .protocol = (int64_t)member->protocol};
        office_copy_text(
            presence.center, sizeof presence.center, member->identity.name);
        status = ledger_put_presence(office->ledger, &presence);
        if (status != STATUS_OK) {
            ledger_rollback(office->ledger);
            return status;
        }
        member->changed = false;
    }
    return begun ? ledger_commit(office->ledger) : STATUS_OK;
}

/* The roster command wrote a new version beside the running daemon. */
static enum status follow_roster(struct office *office, int64_t now)
{
    int64_t version = 0;
    enum status status = ledger_roster_version(office->ledger, &version);
    if (status != STATUS_OK || version == office->roster_version)
        return status;
    status = load_rosters(office, now);
    if (status != STATUS_OK)
        return status;
    log_event(LOG_INFO, "office", "roster", "version=%lld",
        (long long)office->roster_version);
    for (size_t i = 0; i < members_count(office->members); i++) {
        const struct member *member = members_at(office->members, i);
        if (member->connected)
            office_send_rosters(office, &member->route);
    }
    return STATUS_OK;
}

static enum status slow_tick(struct office *office, struct office_clock now)
{
    enum status status = follow_roster(office, now.wall);
    if (status != STATUS_OK && status != STATUS_BUSY) {
        log_event(LOG_ERROR, "office", "roster_unusable", "status=%s",
            status_name(status));
        return status;
    }
    expire_centers(office, now.monotonic_ms);
    office_spread_heads(office, now.monotonic_ms);
    status = save_presence(office);
    if (status != STATUS_OK)
        log_event(LOG_WARN, "office", "presence_not_saved", "status=%s",
            status_name(status));
    for (size_t i = 0; i < office->session_count; i++)
        office_save_replies(office, office->sessions[i], now.wall);
    office_sum_refusals(office, now.wall);
    office->turns_due = true;
    return STATUS_OK;
}

enum status office_tick(struct office *office, struct office_clock now)
{
    enum status status = STATUS_OK;
    office->now_ms = now.monotonic_ms;
    serve_centers(office, now.wall);
    if (now.monotonic_ms >= office->next_slow_tick_ms) {
        office->next_slow_tick_ms = now.monotonic_ms + SLOW_TICK_MS;
        status = slow_tick(office, now);
    }
    for (size_t i = office->session_count; i > 0; i--) {
        struct session *session = office->sessions[i - 1];
        office_send_open(office, session);
        office_send_steps(office, session);
        office_settle(office, session, now);
    }
    if (office->turns_due)
        office_serve_turns(office, now);
    return status;
}
