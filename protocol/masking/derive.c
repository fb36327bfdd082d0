#include "protocol/masking/derive.h"

#include <string.h>

#include <sodium.h>

#define LABEL_SECRET_KEY "fq/secagg/v1/mask-sk"
#define LABEL_PAIR "fq/secagg/v1/pair-mask"
#define LABEL_SELF "fq/secagg/v1/self-mask"
#define LABEL_ROUND "fq/secagg/v1/round-mask"
#define LABEL_TAG "fq/secagg/v1/round-tag"

static void hash(uint8_t out[32], const struct secret *key, const char *label,
    const struct view *parts, size_t count)
{
    crypto_generichash_state state;
    crypto_generichash_init(&state, key == NULL ? NULL : key->bytes,
        key == NULL ? 0 : sizeof key->bytes, 32);
    crypto_generichash_update(
        &state, (const unsigned char *)label, strlen(label) + 1);
    for (size_t i = 0; i < count; i++)
        crypto_generichash_update(&state, parts[i].data, parts[i].size);
    crypto_generichash_final(&state, out, 32);
    sodium_memzero(&state, sizeof state);
}

static struct view view_of_key(const struct public_key *key)
{
    return (struct view){key->bytes, sizeof key->bytes};
}

bool masking_adds(const struct public_key *own, const struct public_key *peer)
{
    return memcmp(own->bytes, peer->bytes, sizeof own->bytes) < 0;
}

void masking_draw_seed(struct secret *seed)
{
    crypto_core_ristretto255_scalar_random(seed->bytes);
}

void masking_mask_keys(struct secret *secret_key, struct public_key *public_key,
    const struct secret *seed, struct view transcript)
{
    hash(secret_key->bytes, seed, LABEL_SECRET_KEY, &transcript, 1);
    crypto_scalarmult_base(public_key->bytes, secret_key->bytes);
}

enum status masking_agree(struct secret *shared, const struct secret *own,
    const struct public_key *peer)
{
    return crypto_scalarmult(shared->bytes, own->bytes, peer->bytes) == 0
               ? STATUS_OK
               : STATUS_MALFORMED;
}

void masking_pair_key(struct secret *key, const struct secret *shared,
    struct view transcript, const struct public_key *a,
    const struct public_key *b)
{
    const bool in_order = masking_adds(a, b);
    const struct view parts[] = {transcript, view_of_key(in_order ? a : b),
        view_of_key(in_order ? b : a)};
    hash(key->bytes, shared, LABEL_PAIR, parts, 3);
}

void masking_self_key(struct secret *key, const struct secret *seed,
    struct view transcript, const struct public_key *own)
{
    const struct view parts[] = {transcript, view_of_key(own)};
    hash(key->bytes, seed, LABEL_SELF, parts, 2);
}

struct step_index step_index_of(uint32_t index)
{
    return (struct step_index){{(uint8_t)index, (uint8_t)(index >> 8),
        (uint8_t)(index >> 16), (uint8_t)(index >> 24)}};
}

void masking_round_key(struct secret *key, const struct secret *shared,
    struct view transcript, struct masking_round round,
    const struct public_key *a, const struct public_key *b)
{
    const bool in_order = masking_adds(a, b);
    const struct step_index number = step_index_of(round.number);
    const struct view parts[] = {transcript, {number.bytes, sizeof number},
        {round.told->bytes, DIGEST_BYTES}, view_of_key(in_order ? a : b),
        view_of_key(in_order ? b : a)};
    hash(key->bytes, shared, LABEL_ROUND, parts, 5);
}

void masking_tag_key(struct secret *key, const struct secret *seed,
    struct view transcript, struct masking_round round)
{
    const struct step_index number = step_index_of(round.number);
    const struct view parts[] = {transcript, {number.bytes, sizeof number},
        {round.told->bytes, DIGEST_BYTES}};
    hash(key->bytes, seed, LABEL_TAG, parts, 3);
}

struct digest masking_digest(
    const char *label, const struct view *parts, size_t count)
{
    struct digest digest;
    hash(digest.bytes, NULL, label, parts, count);
    return digest;
}
