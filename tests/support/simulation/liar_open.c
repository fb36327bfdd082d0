/*
 * How a liar opens sessions: an honest OPEN, bent or not, and who joins it.
 */
#include <string.h>

#include <sodium.h>

#include "tests/support/simulation/liar.h"

#define DEADLINE_SECONDS 60

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
        .centers = opening->names,
        .freezes = opening->freezes};
    randombytes_buf(opening->header.session, sizeof opening->header.session);
    for (size_t i = 0; i < liar->world->count; i++) {
        if (centers & bit_of(i)) {
            opening->freezes[opening->header.center_count] = 1;
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
    const bool masked = study_is_masked(liar->world->privacy);
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
        const struct message *reply = liar_say(liar, i, &message);
        if (reply == NULL ||
            reply->type != (masked ? MESSAGE_KEYS : MESSAGE_SUMMARY))
            world_fail("center %zu does not join an honest session", i);
        if (masked)
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
        const struct message *reply = liar_say(liar, i, &message);
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
