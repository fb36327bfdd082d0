#include "tests/support/simulation/liar.h"

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "tests/support/seeded_noise.h"
#include "tests/unit/masking_fixture.h"

#define STREAM 11

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

/* Where noise protects nothing comes back before its slot, however long the
 * center works; but what is refused for its documents alone is of no study. */
static void wait_for_slot(
    struct liar *liar, size_t center, const struct center_sink *sink)
{
    const uint64_t asked = liar->now.monotonic_ms;
    if (liar->reply.size > 0)
        return;
    liar->now.monotonic_ms += 1 + seeded_below(CENTER_SLOT_MS - 1);
    center_release(liar->centers[center], liar->now, sink);
    const uint64_t due = center_release_ms(liar->centers[center]);
    if (due == UINT64_MAX)
        return;
    if (due != asked + CENTER_SLOT_MS || liar->reply.size > 0)
        world_fail("center %zu answers between slots", center);
    liar->now.monotonic_ms = due;
    center_release(liar->centers[center], liar->now, sink);
}

const struct message *liar_say(
    struct liar *liar, size_t center, const struct message *message)
{
    static struct message reply; /* large for a stack */
    const struct center_sink sink = {liar, keep_reply};
    const uint64_t asked = liar->now.monotonic_ms;
    struct buffer body;
    buffer_init(&body, BUFFER_LIMIT_DEFAULT);
    world_must(message_encode(message, &body), "encode");
    buffer_clear(&liar->reply);
    center_receive(liar->centers[center], buffer_view(&body), liar->now, &sink);
    if (liar->world->privacy == PRIVACY_NOISE)
        wait_for_slot(liar, center, &sink);
    buffer_fini(&body);
    if (liar->reply.size == 0)
        return NULL;
    world_must(message_decode(&reply, buffer_view(&liar->reply), SENDER_CENTER),
        "reply");
    if (liar->world->privacy == PRIVACY_NOISE && reply.type != MESSAGE_REFUSE &&
        liar->now.monotonic_ms < asked + CENTER_SLOT_MS)
        world_fail("center %zu answers before its slot", center);
    return &reply;
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
    const struct message *reply = liar_say(liar, center, &message);
    if (reply == NULL || reply->type == MESSAGE_REFUSE)
        return false;
    hear(attempt, center, set, reply);
    return true;
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

/* The threshold is the study's minimum: no fewer may ever do. */
static struct world_terms terms_of(
    const struct strategy *strategy, uint64_t seed)
{
    static const size_t sizes[] = {
        3, 5, 7, 6, 4, 8, 5, 10, 13, 4, 9, 11, 7, 12, 6, 5};
    const unsigned all = strategy->privacies;
    struct world_terms terms = {.count = sizes[seed % 16]};
    uint64_t skip = seed % (unsigned)__builtin_popcount(all);
    if (terms.count < strategy->least)
        terms.count = strategy->least;
    terms.min_centers = world_most(terms.count);
    while (!(all & PRIVACY_BIT(terms.privacy)) || skip-- > 0)
        terms.privacy++;
    return terms;
}

static void begin(
    struct liar *liar, const struct strategy *strategy, uint64_t seed)
{
    memset(liar, 0, sizeof *liar);
    liar->world = world_get(terms_of(strategy, seed));
    seeded_start_noise(STREAM, seed);
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
    begin(&liar, strategy, seed);
    strategy->run(&liar);
    liar_plunder(&liar);
    end(&liar);
    return liar.refused;
}
