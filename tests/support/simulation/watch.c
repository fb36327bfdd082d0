#include "tests/support/simulation/watch.h"

#include <stdlib.h>
#include <string.h>

#include "protocol/wire/message.h"

void watch_init(struct watch *watch, const struct world *world,
    struct center *const *centers)
{
    memset(watch, 0, sizeof *watch);
    watch->world = world;
    watch->centers = centers;
}

void watch_fini(struct watch *watch)
{
    for (size_t i = 0; i < watch->header_count; i++)
        free(watch->headers[i].masked);
}

size_t watch_add_query(
    struct watch *watch, const struct digest *id, size_t kind)
{
    WORLD_REQUIRE(watch->query_count < WATCH_QUERIES);
    struct watch_query *query = &watch->queries[watch->query_count];
    query->id = *id;
    query->kind = kind;
    return watch->query_count++;
}

static size_t find_header(const struct watch *watch, const struct digest *id)
{
    size_t at = 0;
    while (
        at < watch->header_count && !digest_equal(&watch->headers[at].id, id))
        at++;
    return at;
}

void watch_add_header(
    struct watch *watch, const struct digest *header, size_t query)
{
    if (find_header(watch, header) < watch->header_count)
        return;
    WORLD_REQUIRE(watch->header_count < WATCH_HEADERS);
    struct watch_header *added = &watch->headers[watch->header_count++];
    added->id = *header;
    added->query = query;
    added->masked =
        calloc(watch->world->count * WATCH_ROUNDS, sizeof *added->masked);
    WORLD_REQUIRE(added->masked != NULL);
}

/* ---- what must never be on the wire ---- */

static void look_for_figures(
    const struct watch *watch, size_t center, struct view bytes)
{
    if (!study_is_masked(watch->world->privacy))
        return;
    for (size_t kind = 0; kind < WORLD_KINDS; kind++) {
        const struct view plain = world_vector(watch->world, kind, center);
        if (memmem(bytes.data, bytes.size, plain.data, plain.size) != NULL)
            world_fail("center %zu: its figures are on the wire", center);
    }
}

/* The first time it is noted; later it must be the same. */
static void say_once(
    struct digest *said, struct view bytes, size_t center, const char *what)
{
    static const struct digest nothing;
    const struct digest digest = digest_of(bytes);
    if (digest_equal(said, &nothing))
        *said = digest;
    else if (!digest_equal(said, &digest))
        world_fail("center %zu: a second %s", center, what);
}

/* What it answered is in its store: its own figures, with noise where the study
 * wants some. */
static void check_answer(struct watch *watch, const struct watch_query *query,
    size_t center, const struct digest *header)
{
    const struct view plain = world_vector(watch->world, query->kind, center);
    struct digest recorded;
    struct buffer vector;
    buffer_init(&vector, BUFFER_LIMIT_DEFAULT);
    if (!center_answered(
            watch->centers[center], &query->id, &recorded, &vector) ||
        !digest_equal(&recorded, header))
        world_fail("center %zu: an answer that its store lacks", center);
    if (view_equal(buffer_view(&vector), plain) ==
        (watch->world->privacy == PRIVACY_NOISE))
        world_fail("center %zu: answered other figures than its own", center);
    buffer_fini(&vector);
}

/* ---- steps ---- */

/* Of a study whose figures are not masked. */
static void watch_summary(struct watch *watch, size_t header, size_t center,
    const struct message *message)
{
    struct watch_query *query = &watch->queries[watch->headers[header].query];
    if (study_is_masked(watch->world->privacy))
        world_fail("center %zu: a summary without masks", center);
    if (query->voted[center] && query->vote_header[center] != header)
        world_fail("center %zu: answers in two sessions of a query", center);
    if (!view_equal(
            message->vector, world_vector(watch->world, query->kind, center)))
        world_fail("center %zu: gives what its rules do not leave", center);
    check_answer(watch, query, center, &message->id);
    query->voted[center] = true;
    query->vote_header[center] = header;
    watch->votes++;
}

static void watch_vote(struct watch *watch, size_t header, size_t center,
    const struct message *message)
{
    struct watch_query *query = &watch->queries[watch->headers[header].query];
    if (query->voted[center] && query->vote_header[center] != header)
        world_fail("center %zu: votes in two sessions of a query", center);
    say_once(&query->vote[center], message->body, center, "vote");
    query->voted[center] = true;
    query->vote_header[center] = header;
    check_answer(watch, query, center, &message->id);
    watch->votes++;
}

static void watch_reveal(struct watch *watch, size_t header, size_t center,
    const struct message *message)
{
    struct watch_query *query = &watch->queries[watch->headers[header].query];
    size_t count;
    if (!query->voted[center] || query->vote_header[center] != header)
        world_fail("center %zu: reveals without a vote", center);
    if (steps_check_list(message->body, sizeof(struct step_share),
            watch->world->count, &count) != STATUS_OK)
        world_fail("center %zu: reveals two shares of one peer", center);
    say_once(&query->reveal[center], message->body, center, "reveal");
    query->revealed[center] = true;
    watch->reveals++;
}

/* Noise that leaves has its price in the store; a question that was answered
 * has its noise already. */
static void check_price(
    struct watch *watch, struct watch_query *query, size_t center)
{
    int64_t vectors = 0;
    bool answered = false;
    for (size_t i = 0; i < watch->query_count; i++)
        answered = answered || (watch->queries[i].kind == query->kind &&
                                   watch->queries[i].voted[center]);
    query->noisy[center] += !answered;
    for (size_t i = 0; i < watch->query_count; i++)
        vectors += watch->queries[i].noisy[center];
    if (center_spent_nano(watch->centers[center]) <
        vectors * world_price_nano())
        world_fail("center %zu: noise that was not paid for", center);
}

static void watch_masked(struct watch *watch, size_t header, size_t center,
    const struct message *message)
{
    static const struct digest nothing;
    WORLD_REQUIRE(message->number < WATCH_ROUNDS);
    struct digest *said =
        &watch->headers[header].masked[center * WATCH_ROUNDS + message->number];
    if (watch->world->privacy == PRIVACY_NOISE && digest_equal(said, &nothing))
        check_price(
            watch, &watch->queries[watch->headers[header].query], center);
    say_once(said, message->vector, center, "masked vector of a round");
    watch->masked++;
}

void watch_message(struct watch *watch, size_t center, struct view bytes)
{
    static struct message message; /* large for a stack */
    world_must(message_decode(&message, bytes, SENDER_CENTER),
        "a center says what is no message");
    watch->messages++;
    look_for_figures(watch, center, bytes);
    if (message.type != MESSAGE_SUMMARY && message.type != MESSAGE_VOTE &&
        message.type != MESSAGE_REVEAL && message.type != MESSAGE_MASKED)
        return;
    const size_t header = find_header(watch, &message.id);
    if (header == watch->header_count)
        world_fail("center %zu: %s in a session that was never opened", center,
            message_name(message.type));
    if (message.type == MESSAGE_SUMMARY)
        watch_summary(watch, header, center, &message);
    else if (message.type == MESSAGE_VOTE)
        watch_vote(watch, header, center, &message);
    else if (message.type == MESSAGE_REVEAL)
        watch_reveal(watch, header, center, &message);
    else
        watch_masked(watch, header, center, &message);
}
