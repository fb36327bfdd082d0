#include <string.h>

#include "tests/support/simulation/liar.h"

static void append(struct buffer *out, const void *record, size_t size)
{
    world_must(buffer_append(out, record, size), "list");
}

void list_peers(const struct attempt *attempt, uint32_t set, struct buffer *out)
{
    for (size_t i = 0; i < WORLD_SMALL; i++)
        if (set & bit_of(i))
            append(out, &attempt->heard[i].keys, sizeof(struct step_keys));
}

/* The box that `from` made for `to`: one for each of its peers, in order. */
static struct step_box box_for(
    const struct heard *from, size_t from_number, size_t to)
{
    struct step_box box;
    size_t at = 0;
    for (size_t i = 0; i < to; i++)
        at += (from->peers & bit_of(i)) && i != from_number;
    const size_t first = sizeof(struct step_commit) + at * sizeof box;
    WORLD_REQUIRE(first + sizeof box <= from->shares.size);
    memcpy(&box, from->shares.data + first, sizeof box);
    return box;
}

void list_sealed(
    const struct attempt *attempt, size_t to, uint32_t set, struct buffer *out)
{
    for (size_t i = 0; i < WORLD_SMALL; i++) {
        const struct heard *from = &attempt->heard[i];
        struct step_sealed sealed = {.from = step_index_of((uint32_t)i + 1)};
        if (!(set & bit_of(i)) || i == to)
            continue;
        const struct step_box box = box_for(from, i, to);
        memcpy(&sealed.commit, from->shares.data, sizeof sealed.commit);
        memcpy(sealed.nonce, box.nonce, sizeof sealed.nonce);
        memcpy(sealed.box, box.box, sizeof sealed.box);
        append(out, &sealed, sizeof sealed);
    }
}

void list_survivors(
    const struct attempt *attempt, uint32_t set, struct buffer *out)
{
    for (size_t i = 0; i < WORLD_SMALL; i++) {
        const struct heard *one = &attempt->heard[i];
        if (!(set & bit_of(i)))
            continue;
        const struct step_masked record = {
            .index = step_index_of((uint32_t)i + 1),
            .vector =
                digest_of((struct view){(const uint8_t *)one->vector.elements,
                    one->vector.length * VECTOR_ELEMENT_BYTES}),
            .signature = one->masked_signature};
        append(out, &record, sizeof record);
    }
}

static struct digest digest_givers(
    const struct attempt *attempt, uint32_t givers)
{
    uint32_t indices[WORLD_SMALL];
    struct digest seeds[WORLD_SMALL];
    struct buffer peers;
    size_t count = 0;
    uint32_t told = 0;
    buffer_init(&peers, BUFFER_LIMIT_DEFAULT);
    for (size_t i = 0; i < WORLD_SMALL; i++) {
        if (!(givers & bit_of(i)))
            continue;
        told = attempt->heard[i].peers;
        indices[count] = (uint32_t)i + 1;
        memcpy(&seeds[count++], attempt->heard[i].shares.data, sizeof seeds[0]);
    }
    list_peers(attempt, told, &peers);
    const struct digest members =
        steps_digest_members(&attempt->header, buffer_view(&peers));
    buffer_fini(&peers);
    return steps_digest_givers(&members, indices, seeds, count);
}

struct digest attempt_vote_statement(
    const struct attempt *attempt, uint32_t givers, uint32_t survivors)
{
    struct buffer list;
    const struct digest chain = digest_givers(attempt, givers);
    buffer_init(&list, BUFFER_LIMIT_DEFAULT);
    list_survivors(attempt, survivors, &list);
    const struct digest digest =
        steps_digest_survivors(&chain, buffer_view(&list));
    buffer_fini(&list);
    return steps_vote_statement(&chain, &digest);
}

void list_votes(const struct liar *liar, const struct attempt *attempt,
    uint32_t survivors, uint32_t set, struct buffer *out)
{
    const struct digest statement = attempt_vote_statement(
        attempt, attempt->heard[liar->victim].givers, survivors);
    for (size_t i = 0; i < WORLD_SMALL; i++) {
        struct step_vote vote = {
            step_index_of((uint32_t)i + 1), attempt->heard[i].vote};
        if (!(set & bit_of(i)))
            continue;
        if (liar->league & bit_of(i)) {
            world_must(steps_sign(&vote.signature, liar->world->centers[i],
                           &statement),
                "sign");
        }
        append(out, &vote, sizeof vote);
    }
}
