#include "tests/support/simulation/liar.h"

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "tests/support/seeded.h"
#include "tests/unit/masking_fixture.h"

#define STREAM 11
#define DEADLINE_SECONDS 60

size_t threshold_of(const struct liar *liar)
{
    return masking_threshold(liar->world->count);
}

/* ---- saying ---- */

static void keep_reply(void *arg, size_t center, struct view message)
{
    struct liar *liar = arg;
    watch_message(&liar->watch, center, message);
    if (liar->reply.size > 0)
        world_fail("center %zu answers twice", center);
    world_must(
        buffer_append(&liar->reply, message.data, message.size), "reply");
}

/* What came back, decoded; NULL: nothing. */
static const struct message *say(
    struct liar *liar, size_t center, const struct message *message)
{
    static struct message reply; /* large for a stack */
    const struct center_sink sink = {liar, keep_reply};
    struct buffer body;
    buffer_init(&body, BUFFER_LIMIT_DEFAULT);
    world_must(message_encode(message, &body), "encode");
    buffer_clear(&liar->reply);
    center_receive(liar->centers[center], buffer_view(&body), liar->now, &sink);
    buffer_fini(&body);
    if (liar->reply.size == 0)
        return NULL;
    world_must(message_decode(&reply, buffer_view(&liar->reply), SENDER_CENTER),
        "reply");
    return &reply;
}

/* ---- opening ---- */

void opening_init(struct liar *liar, struct opening *opening, size_t kind,
    uint32_t number, uint32_t centers)
{
    struct digest query;
    memset(opening, 0, sizeof *opening);
    world_query(liar->world, kind, number, &opening->query, &query);
    opening->kind = kind;
    opening->approvals = COMMITTEE;
    opening->signer = liar->world->cast.coordinator;
    while (opening->query_index < liar->watch.query_count &&
           !digest_equal(&liar->watch.queries[opening->query_index].id, &query))
        opening->query_index++;
    if (opening->query_index == liar->watch.query_count)
        watch_add_query(&liar->watch, &query, kind);
    opening->header = (struct session_header){.query_id = query,
        .study_id = liar->world->study_id,
        .roster_id = liar->world->roster_id,
        .deadline = liar->now.wall + DEADLINE_SECONDS,
        .min_centers = liar->world->min_centers,
        .centers = opening->names};
    randombytes_buf(opening->header.session, sizeof opening->header.session);
    for (size_t i = 0; i < liar->world->count; i++) {
        if (centers & bit_of(i)) {
            snprintf(opening->names[opening->header.center_count++],
                sizeof opening->names[0], "%s",
                keypair_identity(liar->world->centers[i])->name);
        }
    }
}

void opening_fini(struct opening *opening)
{
    buffer_fini(&opening->query);
}

static struct digest sign_header(
    const struct opening *opening, struct buffer *out)
{
    struct envelope *envelope = NULL;
    struct buffer payload;
    buffer_init(&payload, DOCUMENT_BYTES_MAX);
    buffer_init(out, DOCUMENT_BYTES_MAX);
    world_must(session_header_write(&payload, &opening->header), "header");
    world_must(envelope_create(&envelope, TYPE_HEADER, buffer_view(&payload)),
        "header");
    world_must(envelope_sign(envelope, opening->signer), "sign");
    if (opening->flip)
        envelope->payload.data[envelope->payload.size / 2] ^= 1;
    world_must(envelope_encode(envelope, out), "encode");
    const struct digest id = envelope_id(envelope);
    envelope_destroy(envelope);
    buffer_fini(&payload);
    return id;
}

static void fill_open(const struct liar *liar, const struct opening *opening,
    const struct buffer *header, struct message *message)
{
    *message = (struct message){.type = MESSAGE_OPEN,
        .header = buffer_view(header),
        .query = buffer_view(&opening->query),
        .study = buffer_view(&liar->world->study),
        .document_count = opening->approvals};
    for (size_t i = 0; i < opening->approvals; i++)
        message->documents[i] = buffer_view(&liar->world->approvals[i]);
}

static void hear_keys(struct heard *heard, struct view body)
{
    WORLD_REQUIRE(body.size == sizeof heard->keys);
    memcpy(&heard->keys, body.data, sizeof heard->keys);
    heard->keyed = true;
}

/* One in league takes part as anybody would, and what it knows is known. */
static void join_league(struct liar *liar, struct attempt *attempt,
    const struct opening *opening, size_t center)
{
    const struct masking_terms terms = {.header = attempt->header,
        .min_centers = MASKING_CENTERS_MIN,
        .party_count = liar->world->count,
        .parties = attempt->parties};
    struct buffer keys;
    (void)opening;
    buffer_init(&keys, BUFFER_LIMIT_DEFAULT);
    world_must(member_create(&attempt->members[center], &terms,
                   (uint32_t)center + 1, liar->world->centers[center]),
        "member");
    world_must(member_write_keys(attempt->members[center], &keys), "keys");
    hear_keys(&attempt->heard[center], buffer_view(&keys));
    buffer_fini(&keys);
}

static struct attempt *new_attempt(
    struct liar *liar, const struct opening *opening)
{
    WORLD_REQUIRE(liar->attempt_count < LIAR_ATTEMPTS);
    struct attempt *attempt = &liar->attempts[liar->attempt_count++];
    memset(attempt, 0, sizeof *attempt);
    attempt->kind = opening->kind;
    attempt->query = opening->query_index;
    for (size_t i = 0; i < liar->world->count; i++) {
        attempt->parties[i] = (struct masking_party){
            (uint32_t)i + 1, keypair_identity(liar->world->centers[i])->sign};
        buffer_init(&attempt->heard[i].shares, BUFFER_LIMIT_DEFAULT);
        buffer_init(&attempt->heard[i].reveal, BUFFER_LIMIT_DEFAULT);
    }
    return attempt;
}

struct attempt *liar_open(
    struct liar *liar, const struct opening *opening, uint32_t centers)
{
    static struct message message;
    struct attempt *attempt = new_attempt(liar, opening);
    struct buffer header;
    attempt->header = sign_header(opening, &header);
    attempt->asked = centers;
    watch_add_header(&liar->watch, &attempt->header, opening->query_index);
    fill_open(liar, opening, &header, &message);
    for (size_t i = 0; i < liar->world->count; i++) {
        if (!(centers & bit_of(i)))
            continue;
        if (liar->league & bit_of(i)) {
            join_league(liar, attempt, opening, i);
            continue;
        }
        const struct message *reply = say(liar, i, &message);
        if (reply == NULL || reply->type != MESSAGE_KEYS)
            world_fail("center %zu does not join an honest session", i);
        hear_keys(&attempt->heard[i], reply->body);
    }
    buffer_fini(&header);
    return attempt;
}

void liar_open_in_vain(
    struct liar *liar, const struct opening *opening, uint32_t centers)
{
    static struct message message;
    struct buffer header;
    const struct digest id = sign_header(opening, &header);
    watch_add_header(&liar->watch, &id, opening->query_index);
    fill_open(liar, opening, &header, &message);
    for (size_t i = 0; i < liar->world->count; i++) {
        if (!(centers & ~liar->league & bit_of(i)))
            continue;
        const struct message *reply = say(liar, i, &message);
        if (reply != NULL && reply->type != MESSAGE_REFUSE)
            world_fail("center %zu joins: %s", i, message_name(reply->type));
        liar->refused++;
    }
    buffer_fini(&header);
}

struct attempt *liar_begin(struct liar *liar, size_t kind)
{
    struct opening opening;
    opening_init(liar, &opening, kind, 1, liar->all);
    struct attempt *attempt = liar_open(liar, &opening, liar->all);
    opening_fini(&opening);
    return attempt;
}

/* ---- steps ---- */

static void hear(struct attempt *attempt, size_t center, uint32_t set,
    const struct message *said)
{
    struct heard *heard = &attempt->heard[center];
    switch (said->type) {
    case MESSAGE_SHARES:
        world_must(
            buffer_append(&heard->shares, said->body.data, said->body.size),
            "shares");
        heard->peers = set;
        heard->gave = true;
        break;
    case MESSAGE_MASKED:
        if (said->number != 1)
            break;
        memcpy(&heard->masked_signature, said->body.data,
            sizeof heard->masked_signature);
        world_must(vector_decode(&heard->vector,
                       said->vector.size / VECTOR_ELEMENT_BYTES, said->vector),
            "vector");
        heard->givers = set | bit_of(center);
        heard->masked = true;
        break;
    case MESSAGE_VOTE:
        memcpy(&heard->vote, said->body.data, sizeof heard->vote);
        heard->survivors = set;
        heard->voted = true;
        break;
    case MESSAGE_REVEAL:
        world_must(
            buffer_append(&heard->reveal, said->body.data, said->body.size),
            "reveal");
        heard->revealed = true;
        break;
    default: world_fail("center %zu says %s", center, message_name(said->type));
    }
}

/* The same of one in league. */
static bool ask_league(struct liar *liar, struct attempt *attempt,
    size_t center, enum message_type type, uint32_t set, struct view body)
{
    static const struct {
        enum message_type told, said;
        enum collector_step step;
    } steps[] = {{MESSAGE_PEERS, MESSAGE_SHARES, COLLECT_SHARES},
        {MESSAGE_SEALED, MESSAGE_MASKED, COLLECT_MASKED},
        {MESSAGE_SURVIVORS, MESSAGE_VOTE, COLLECT_VOTES},
        {MESSAGE_VOTES, MESSAGE_REVEAL, COLLECT_REVEALS}};
    size_t at = 0;
    struct buffer said;
    struct vector vector = {.length = 0};
    while (at < 4 && steps[at].told != type)
        at++;
    if (at == 4)
        return false;
    buffer_init(&said, BUFFER_LIMIT_DEFAULT);
    world_must(
        vector_decode(&vector, world_vector_length(liar->world, attempt->kind),
            world_vector(liar->world, attempt->kind, center)),
        "vector");
    enum status status = crowd_answer(
        steps[at].step, attempt->members[center], body, &vector, &said);
    if (status == STATUS_OK) {
        const struct message message = {.type = steps[at].said,
            .number = 1,
            .body = buffer_view(&said),
            .vector = {(const uint8_t *)vector.elements,
                vector.length * VECTOR_ELEMENT_BYTES}};
        hear(attempt, center, set, &message);
    }
    vector_fini(&vector);
    buffer_fini(&said);
    return status == STATUS_OK;
}

bool liar_tell(struct liar *liar, struct attempt *attempt, size_t center,
    enum message_type type, uint32_t set, struct view body)
{
    static struct message message;
    if (liar->league & bit_of(center))
        return ask_league(liar, attempt, center, type, set, body);
    message = (struct message){
        .type = type, .id = attempt->header, .number = 2, .body = body};
    const struct message *reply = say(liar, center, &message);
    if (reply != NULL)
        hear(attempt, center, set, reply);
    return reply != NULL;
}

void liar_list(const struct liar *liar, const struct attempt *attempt,
    enum message_type type, size_t to, uint32_t set, struct buffer *out)
{
    buffer_init(out, BUFFER_LIMIT_DEFAULT);
    switch (type) {
    case MESSAGE_PEERS: list_peers(attempt, set, out); break;
    case MESSAGE_SEALED: list_sealed(attempt, to, set, out); break;
    case MESSAGE_SURVIVORS: list_survivors(attempt, set, out); break;
    case MESSAGE_VOTES:
        list_votes(liar, attempt, attempt->heard[to].survivors, set, out);
        break;
    default: world_fail("no list: %s", message_name(type));
    }
}

void liar_step(struct liar *liar, struct attempt *attempt,
    enum message_type type, uint32_t to, uint32_t set)
{
    for (size_t i = 0; i < liar->world->count; i++) {
        struct buffer body;
        if (!(to & bit_of(i)))
            continue;
        liar_list(liar, attempt, type, i, set, &body);
        if (!liar_tell(liar, attempt, i, type, set, buffer_view(&body)))
            world_fail(
                "center %zu is silent to an honest %s", i, message_name(type));
        buffer_fini(&body);
    }
}

void liar_steps(
    struct liar *liar, struct attempt *attempt, enum message_type last)
{
    static const enum message_type types[] = {
        MESSAGE_PEERS, MESSAGE_SEALED, MESSAGE_SURVIVORS, MESSAGE_VOTES};
    size_t at = 0;
    do
        liar_step(liar, attempt, types[at], attempt->asked, attempt->asked);
    while (types[at++] != last);
}

void liar_lie(struct liar *liar, struct attempt *attempt,
    enum message_type type, uint32_t to, struct view body)
{
    for (size_t i = 0; i < liar->world->count; i++) {
        if (!(to & ~liar->league & bit_of(i)))
            continue;
        if (liar_tell(liar, attempt, i, type, 0, body))
            world_fail("center %zu believes a lie: %s", i, message_name(type));
        liar->refused++;
    }
}

void liar_lie_of(struct liar *liar, struct attempt *attempt,
    enum message_type type, uint32_t to, uint32_t set)
{
    for (size_t i = 0; i < liar->world->count; i++) {
        struct buffer body;
        if (!(to & bit_of(i)))
            continue;
        liar_list(liar, attempt, type, i, set, &body);
        liar_lie(liar, attempt, type, bit_of(i), buffer_view(&body));
        buffer_fini(&body);
    }
}

/* ---- a run ---- */

static void begin(struct liar *liar, uint64_t seed)
{
    static const size_t sizes[] = {5, 7};
    memset(liar, 0, sizeof *liar);
    liar->world = world_get(sizes[seed % 2]);
    seeded_start(STREAM, seed);
    const uint32_t count = (uint32_t)liar->world->count;
    const uint32_t in_league = (count + 2) / 3 - 1;
    liar->all = bit_of(count) - 1;
    liar->now = (struct center_time){WORLD_START, 1000};
    liar->victim = seeded_below(count);
    while ((uint32_t)__builtin_popcount(liar->league) < in_league) {
        const size_t one = seeded_below(count);
        if (one != liar->victim)
            liar->league |= bit_of(one);
    }
    buffer_init(&liar->reply, BUFFER_LIMIT_DEFAULT);
    for (size_t i = 0; i < count; i++) {
        liar->centers[i] = center_create(liar->world, i);
        center_start(liar->centers[i]);
    }
    watch_init(&liar->watch, liar->world, liar->centers);
}

static void end(struct liar *liar)
{
    for (size_t a = 0; a < liar->attempt_count; a++) {
        for (size_t i = 0; i < liar->world->count; i++) {
            struct heard *heard = &liar->attempts[a].heard[i];
            member_destroy(liar->attempts[a].members[i]);
            buffer_fini(&heard->shares);
            buffer_fini(&heard->reveal);
            vector_fini(&heard->vector);
        }
    }
    watch_fini(&liar->watch);
    for (size_t i = 0; i < liar->world->count; i++) {
        center_count_events(liar->centers[i], ""); /* the log is whole */
        center_destroy(liar->centers[i]);
    }
    buffer_fini(&liar->reply);
}

size_t liar_run(const struct strategy *strategy, uint64_t seed)
{
    static struct liar liar; /* large for a stack */
    begin(&liar, seed);
    strategy->run(&liar);
    liar_plunder(&liar);
    end(&liar);
    return liar.refused;
}
