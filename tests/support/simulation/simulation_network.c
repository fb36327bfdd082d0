/*
 * What lies between the parties: lines that lose, repeat and delay, the
 * office's door, and the researcher's desk.
 */
#include <string.h>

#include <sodium.h>

#include "protocol/wire/message.h"
#include "tests/support/seeded.h"
#include "tests/support/simulation/simulation.h"

#define SUBMITS_MAX 12

static void carry_one(struct simulation *simulation, enum happening what,
    size_t center, struct view message)
{
    const uint32_t delay = 1 + seeded_below(simulation->weather.delay_ms);
    struct event event = {.at_ms = simulation->now_ms + delay,
        .what = what,
        .who = center,
        .number = simulation->parties[center].connections};
    buffer_init(&event.message, BUFFER_LIMIT_DEFAULT);
    world_must(
        buffer_append(&event.message, message.data, message.size), "carry");
    queue_put(&simulation->queue, event);
}

static void carry(struct simulation *simulation, enum happening what,
    size_t center, struct view message)
{
    const struct weather *weather = &simulation->weather;
    if (simulation->now_ms < simulation->parties[center].cut_ms ||
        seeded_once_in(weather->loss))
        return;
    carry_one(simulation, what, center, message);
    if (seeded_once_in(weather->repeat))
        carry_one(simulation, what, center, message);
}

void simulation_note_call(struct simulation *simulation, size_t who)
{
    struct party *party = &simulation->parties[who];
    party->calls[party->call_count++ % CALLS_KEPT] = simulation->now_ms;
}

/* Where noise protects: a multiple of the slot after that came, or left, which
 * let the center answer; how long it worked moves nothing. */
static void check_slot(
    const struct simulation *simulation, size_t center, struct view bytes)
{
    static struct message message; /* large for a stack */
    const struct party *party = &simulation->parties[center];
    if (party->is_late)
        return;
    world_must(message_decode(&message, bytes, SENDER_CENTER), "a reply");
    /* Greetings and heartbeats, HEADS and FREEZES with them; and what is refused for its documents alone, as
     * after a jump of the clock, is of no study yet. */
    if (message.type == MESSAGE_HEADS || message.type == MESSAGE_FREEZES)
        return;
    if (message.type < MESSAGE_KEYS &&
        (message.type != MESSAGE_REFUSE || !simulation->weather.fair))
        return;
    for (size_t i = 0; i < party->call_count && i < CALLS_KEPT; i++) {
        const uint64_t passed = simulation->now_ms - party->calls[i];
        if (passed > 0 && passed % CENTER_SLOT_MS == 0)
            return;
    }
    world_fail("center %zu: %s leaves between slots", center,
        message_name(message.type));
}

static void center_says(void *arg, size_t center, struct view message)
{
    struct simulation *simulation = arg;
    if (simulation->world->privacy == PRIVACY_NOISE)
        check_slot(simulation, center, message);
    watch_message(&simulation->watch, center, message);
    carry(simulation, TO_OFFICE, center, message);
}

struct center_sink simulation_sink(struct simulation *simulation)
{
    return (struct center_sink){simulation, center_says};
}

struct channel_route simulation_route(size_t who, uint64_t connection)
{
    /* five bytes, as ZeroMQ's own */
    return (struct channel_route){
        .bytes = {(uint8_t)who, (uint8_t)(who >> 8), (uint8_t)connection,
            (uint8_t)(connection >> 8)},
        .size = 5};
}

static size_t find_query(
    const struct simulation *simulation, const struct digest *id)
{
    size_t at = 0;
    while (at < simulation->query_count &&
           !digest_equal(&simulation->queries[at].id, id))
        at++;
    return at;
}

/* Sessions that the office opens, for the watch. */
static void note_open(struct simulation *simulation, struct view body)
{
    static struct message message;
    struct envelope *header = NULL, *query = NULL;
    world_must(message_decode(&message, body, SENDER_COORDINATOR),
        "the office says what is no message");
    if (message.type != MESSAGE_OPEN)
        return;
    world_must(envelope_decode(&header, message.header), "header");
    world_must(envelope_decode(&query, message.query), "query");
    const struct digest header_id = envelope_id(header);
    const struct digest query_id = envelope_id(query);
    const size_t at = find_query(simulation, &query_id);
    WORLD_REQUIRE(at < simulation->query_count);
    watch_add_header(&simulation->watch, &header_id, at);
    envelope_destroy(header);
    envelope_destroy(query);
}

/* Of a result, the query that it answers. */
static struct digest query_of_result(struct view document)
{
    struct envelope *envelope = NULL;
    struct digest id;
    world_must(envelope_decode(&envelope, document), "result");
    json_t *json = json_loadb(
        (const char *)envelope->payload.data, envelope->payload.size, 0, NULL);
    const char *text = json_string_value(json_object_get(json, "query_id"));
    WORLD_REQUIRE(text != NULL && digest_from_text(&id, text) == STATUS_OK);
    json_decref(json);
    envelope_destroy(envelope);
    return id;
}

static enum status know_query(void *arg, const struct ledger_query *query)
{
    (void)query;
    *(bool *)arg = true;
    return STATUS_OK;
}

static enum status know_open(void *arg, const struct ledger_query *query)
{
    *(bool *)arg = query->state == QUERY_OPEN;
    return STATUS_OK;
}

/* A question that is not taken (too few centers are there, or the office's
 * clock is before the study), or whose end nobody is told (its clock went back
 * since), is asked again, so often. */
bool simulation_gives_up(
    struct simulation *simulation, const struct simulated_query *query)
{
    bool open = false;
    ledger_find_query(simulation->ledger, &query->id, know_open, &open);
    return !open && query->submits >= SUBMITS_MAX;
}

static void tell_person(struct simulation *simulation, struct view body)
{
    static struct message message;
    bool taken = false;
    world_must(
        message_decode(&message, body, SENDER_COORDINATOR), "to a person");
    if (message.type != MESSAGE_RESULT && message.type != MESSAGE_FAILURE)
        return;
    const struct digest id = message.type == MESSAGE_RESULT
                                 ? query_of_result(message.document)
                                 : message.id;
    const size_t at = find_query(simulation, &id);
    WORLD_REQUIRE(at < simulation->query_count);
    ledger_find_query(simulation->ledger, &id, know_query, &taken);
    simulation->queries[at].ended = taken;
}

static enum status office_sends(
    void *arg, const struct channel_route *route, struct view body)
{
    struct simulation *simulation = arg;
    const size_t who = route->bytes[0] | (size_t)route->bytes[1] << 8;
    if (simulation->dying)
        return STATUS_OK;
    if (who == PARTY_PERSON) {
        tell_person(simulation, body);
        return STATUS_OK;
    }
    const struct channel_route now =
        simulation_route(who, simulation->parties[who].connections);
    if (!center_runs(simulation->centers[who]) ||
        memcmp(now.bytes, route->bytes, sizeof now.bytes) != 0)
        return STATUS_NO_PEER;
    if (seeded_once_in(simulation->weather.busy))
        return STATUS_BUSY;
    note_open(simulation, body);
    carry(simulation, TO_CENTER, who, body);
    return STATUS_OK;
}

static enum status enroll(
    void *arg, const struct channel_member *members, size_t count)
{
    (void)arg;
    (void)members;
    (void)count;
    return STATUS_OK;
}

static void draw(void *arg, uint8_t *out, size_t size)
{
    (void)arg;
    randombytes_buf(out, size);
}

struct office_ports simulation_ports(struct simulation *simulation)
{
    return (struct office_ports){simulation, office_sends, enroll, draw, NULL};
}
