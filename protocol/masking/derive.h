/*
 * derive: every key and digest of secure aggregation, from libsodium's
 * primitives, and nothing else. Pure but for the two draws of randomness.
 *
 * H(key, label, parts) is BLAKE2b-256 keyed with `key` over the label, its NUL
 * and the parts one after the other; all parts are of fixed length, so that no
 * two inputs give the same bytes. `hdr` is the digest of the session header,
 * which names roster, study, query and suite: everything below is bound to it.
 */
#ifndef COHORTIUM_PROTOCOL_MASKING_DERIVE_H
#define COHORTIUM_PROTOCOL_MASKING_DERIVE_H

#include "protocol/wire/digest.h"
#include "protocol/wire/keys.h"

#define MASKING_KEY_BYTES 32

/* 32 secret bytes: a seed (a scalar modulo L) or a key. */
struct secret {
    uint8_t bytes[MASKING_KEY_BYTES];
};

/* A fresh scalar modulo L (ristretto255): a seed that can be shared. */
void masking_draw_seed(struct secret *seed);
/* The X25519 pair for masks, from its seed: secret = H(seed, "mask-sk", hdr).
 * Rebuilding the seed and deriving again proves that shares were right. */
void masking_mask_keys(struct secret *secret_key, struct public_key *public_key,
    const struct secret *seed, struct view transcript);
/* X25519; STATUS_MALFORMED for a peer's key of low order. */
enum status masking_agree(struct secret *shared, const struct secret *own,
    const struct public_key *peer);
/* The stream between two members: the same for both. */
void masking_pair_key(struct secret *key, const struct secret *shared,
    struct view transcript, const struct public_key *a,
    const struct public_key *b);
/* The stream that only this member has. */
void masking_self_key(struct secret *key, const struct secret *seed,
    struct view transcript, const struct public_key *own);

/* A center's index, from 1, or a round's number, as it is hashed and sent. */
struct step_index {
    uint8_t bytes[4]; /* little-endian */
};

struct step_index step_index_of(uint32_t index);

struct masking_round {
    uint32_t number;
    const struct digest *told; /* of what every center was told */
};

/* The stream between two members for a later round, which is in it. */
void masking_round_key(struct secret *key, const struct secret *shared,
    struct view transcript, struct masking_round round,
    const struct public_key *a, const struct public_key *b);
/* The key of one tag: of a member's vector of a later round. */
void masking_tag_key(struct secret *key, const struct secret *seed,
    struct view transcript, struct masking_round round);
/* BLAKE2b-256 of label, NUL, parts. */
struct digest masking_digest(
    const char *label, const struct view *parts, size_t count);
/* Whether the first stands before the second (memcmp): the one that adds. */
bool masking_adds(const struct public_key *own, const struct public_key *peer);

#endif
