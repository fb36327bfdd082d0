#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "protocol/masking/collector_internal.h"
#include "protocol/masking/shares.h"
#include "protocol/masking/stream.h"

/* threshold reveals that are used together, and their weights */
struct quorum {
    struct collector *collector;
    size_t size;
    const struct collected **from;
    uint32_t *holders;
    struct secret *weights, *shares;
    uint8_t bound[64];
};

static void quorum_fini(struct quorum *quorum)
{
    free(quorum->from);
    free(quorum->holders);
    free(quorum->weights);
    sodium_free(quorum->shares);
}

/* The reveals from number `skip` on, in a ring: when one of them lies, another
 * set may do. */
static enum status quorum_init(
    struct quorum *quorum, struct collector *collector, size_t skip)
{
    size_t size = masking_threshold(collector->members), at = 0;
    *quorum = (struct quorum){.collector = collector, .size = size};
    /* NOLINTNEXTLINE(bugprone-sizeof-expression): an array of pointers */
    quorum->from = calloc(collector->count, sizeof *quorum->from);
    quorum->holders = calloc(size, sizeof *quorum->holders);
    quorum->weights = calloc(size, sizeof *quorum->weights);
    quorum->shares = sodium_allocarray(size, sizeof *quorum->shares);
    if (quorum->from == NULL || quorum->holders == NULL ||
        quorum->weights == NULL || quorum->shares == NULL)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < 2 * collector->count && at < size; i++) {
        const struct collected *one = &collector->all[i % collector->count];
        if (!one->reveals)
            continue;
        if (skip > 0) {
            skip--;
            continue;
        }
        quorum->from[at] = one;
        quorum->holders[at++] = one->index;
    }
    memcpy(quorum->bound, collector->header.bytes, DIGEST_BYTES);
    memcpy(quorum->bound + 32, collector->members_digest.bytes, DIGEST_BYTES);
    return shares_weights(quorum->weights, quorum->holders, size);
}

/* rank: of the member among those that gave. */
static enum status join(
    struct quorum *quorum, size_t rank, uint32_t index, struct secret *seed)
{
    for (size_t i = 0; i < quorum->size; i++) {
        struct step_share share;
        memcpy(&share, quorum->from[i]->shares.data + rank * sizeof share,
            sizeof share);
        if (step_index_get(&share.index) != index)
            return STATUS_CORRUPT;
        quorum->shares[i] = share.share;
    }
    shares_join(seed, quorum->shares, quorum->weights, quorum->size);
    return STATUS_OK;
}

static enum status remove_self_mask(struct quorum *quorum, size_t rank,
    struct collected *one, struct vector *sum)
{
    struct secret seed, key;
    enum status status = join(quorum, rank, one->index, &seed);
    const struct digest commit = steps_commit_of(&seed);
    if (status == STATUS_OK && !digest_equal(&commit, &one->commit.seed))
        status = STATUS_CORRUPT;
    if (status == STATUS_OK) {
        masking_self_key(
            &key, &seed, (struct view){quorum->bound, 64}, &one->keys.mask_key);
        stream_subtract(sum->elements, sum->length, &key);
        one->self_seed = seed; /* later rounds are tagged under it */
    }
    sodium_memzero(&seed, sizeof seed);
    sodium_memzero(&key, sizeof key);
    return status;
}

/* The streams that survivors have with one that dropped out. */
static enum status remove_pair_masks(struct quorum *quorum, size_t rank,
    const struct collected *gone, struct vector *sum)
{
    const struct collector *collector = quorum->collector;
    struct secret seed, secret_key, shared, key;
    struct public_key mask_key;
    enum status status = join(quorum, rank, gone->index, &seed);
    masking_mask_keys(&secret_key, &mask_key, &seed,
        (struct view){collector->header.bytes, DIGEST_BYTES});
    if (status == STATUS_OK &&
        !public_key_equal(&mask_key, &gone->keys.mask_key))
        status = STATUS_CORRUPT;
    for (size_t i = 0; status == STATUS_OK && i < collector->count; i++) {
        const struct collected *one = &collector->all[i];
        if (!one->survives)
            continue;
        status = masking_agree(&shared, &secret_key, &one->keys.mask_key);
        if (status != STATUS_OK)
            break;
        masking_pair_key(&key, &shared, (struct view){quorum->bound, 64},
            &one->keys.mask_key, &mask_key);
        if (masking_adds(&one->keys.mask_key, &mask_key))
            stream_subtract(sum->elements, sum->length, &key);
        else
            stream_add(sum->elements, sum->length, &key);
    }
    sodium_memzero(&seed, sizeof seed);
    sodium_memzero(&secret_key, sizeof secret_key);
    sodium_memzero(&shared, sizeof shared);
    sodium_memzero(&key, sizeof key);
    return status;
}

static enum status remove_masks(struct quorum *quorum, struct vector *sum)
{
    struct collector *collector = quorum->collector;
    enum status status = STATUS_OK;
    size_t rank = 0;
    for (size_t i = 0; status == STATUS_OK && i < collector->count; i++) {
        struct collected *one = &collector->all[i];
        if (!one->gives)
            continue;
        status = one->survives ? remove_self_mask(quorum, rank, one, sum)
                               : remove_pair_masks(quorum, rank, one, sum);
        rank++;
    }
    return status;
}

static enum status try_quorum(struct collector *collector, size_t skip)
{
    struct quorum quorum;
    struct vector sum = {.length = 0};
    enum status status = quorum_init(&quorum, collector, skip);
    if (status == STATUS_OK)
        status = vector_init(&sum, collector->sum.length);
    if (status == STATUS_OK)
        status = vector_add(&sum, &collector->sum);
    if (status == STATUS_OK)
        status = remove_masks(&quorum, &sum);
    if (status == STATUS_OK) {
        vector_fini(&collector->sum);
        collector->sum = sum;
        collector->opened = true;
    } else {
        vector_fini(&sum);
    }
    quorum_fini(&quorum);
    return status;
}

enum status collector_open_sum(struct collector *collector)
{
    size_t reveals = 0;
    enum status status = STATUS_CORRUPT;
    for (size_t i = 0; i < collector->count; i++)
        reveals += collector->all[i].reveals;
    for (size_t skip = 0; skip < reveals && status == STATUS_CORRUPT; skip++)
        status = try_quorum(collector, skip);
    return status;
}
