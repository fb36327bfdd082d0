/*
 * steps: the messages of secure aggregation as bytes, and what is signed.
 *
 * Every record is made of byte arrays only, so that it stands in memory as it
 * stands on the wire. Lists are in increasing order of index, no index twice.
 * A member's index is its position on the roster plus one; it is also the x of
 * its shares. The steps, from center (N) to coordinator (C) and back:
 *
 *   1 KEYS       N -> C  step_keys
 *   2 PEERS      C -> N  step_keys[m]: who takes part (U1)
 *   3 SHARES     N -> C  step_commit, step_box[m - 1]
 *   4 SEALED     C -> N  step_sealed[]: the boxes for this member, from the
 *                        others that gave shares (U2)
 *   5 MASKED     N -> C  step_signature, and the vector
 *   6 SURVIVORS  C -> N  step_masked[]: whose vectors came (U3)
 *   7 VOTE       N -> C  step_signature
 *   8 VOTES      C -> N  step_vote[]
 *   9 REVEAL     N -> C  step_share[]
 *     MASKED     N -> C  step_tag, and the vector: of each later round
 */
#ifndef COHORTIUM_PROTOCOL_MASKING_STEPS_H
#define COHORTIUM_PROTOCOL_MASKING_STEPS_H

#include "protocol/masking/derive.h"

#define MASKING_CENTERS_MIN 3
#define STEP_NONCE_BYTES 24
#define STEP_BOX_BYTES (2 * MASKING_KEY_BYTES + 16)
#define STEP_TAG_BYTES 16

struct step_keys {
    struct step_index index;
    struct public_key share_key; /* X25519, for boxes */
    struct public_key mask_key;  /* X25519, for masks */
    struct signature signature;
};

struct step_commit {
    struct digest seed; /* of the self mask's seed */
    struct signature signature;
};

struct step_box {
    struct step_index to;
    uint8_t nonce[STEP_NONCE_BYTES];
    uint8_t box[STEP_BOX_BYTES]; /* share of self seed, share of mask seed */
};

struct step_sealed {
    struct step_index from;
    struct step_commit commit;
    uint8_t nonce[STEP_NONCE_BYTES];
    uint8_t box[STEP_BOX_BYTES];
};

struct step_signature {
    struct signature signature;
};

struct step_tag { /* Poly1305 of the vector of a later round */
    uint8_t bytes[STEP_TAG_BYTES];
};

struct step_masked {
    struct step_index index;
    struct digest vector; /* BLAKE2b-256 of its bytes */
    struct signature signature;
};

struct step_vote {
    struct step_index index;
    struct signature signature;
};

struct step_share {
    struct step_index index; /* whose: of its self seed when it survived, of
                                its mask seed when not. Never both. */
    struct secret share;
};

uint32_t step_index_get(const struct step_index *index);

/* bytes as `count` records of `size`: STATUS_MALFORMED when they are no whole
 * number of them, more than `max`, or not in increasing order of the index that
 * each record begins with. */
enum status steps_check_list(
    struct view bytes, size_t size, size_t max, size_t *count);

/* What one federation session is: the same for all. */
struct masking_terms {
    struct digest header; /* of the session header's payload */
    size_t min_centers;   /* the larger of study's and header's, at least 3 */
    size_t party_count;   /* centers that the header names */
    const struct masking_party *parties;
};

struct masking_party {
    uint32_t index;
    struct public_key sign; /* its identity on the roster */
};

/* NULL when that index does not take part. */
const struct masking_party *masking_find_party(
    const struct masking_terms *terms, uint32_t index);
/* floor(2 m / 3) + 1: votes needed, and shares that rebuild a seed. Two sets of
 * so many of m share more than m / 3. */
size_t masking_threshold(size_t members);

/* What each signature is over: 32 bytes and a label of its own. */
struct digest steps_keys_statement(
    const struct digest *header, const struct step_keys *keys);
struct digest steps_commit_statement(const struct digest *header,
    const struct digest *members, uint32_t index, const struct digest *seed);
struct digest steps_masked_statement(const struct digest *header,
    const struct digest *givers, const struct digest *vector);
struct digest steps_vote_statement(
    const struct digest *givers, const struct digest *survivors);
enum status steps_sign(struct signature *out, const struct keypair *keys,
    const struct digest *statement);
bool steps_verify(const struct signature *signature,
    const struct digest *statement, const struct public_key *signer);

/* What says that a vector of a later round is its member's. seed: that member's
 * self seed, which the reveal has told the coordinator; bound: header, members
 * and survivors, 96 bytes. The key is of this round alone: one vector. */
void steps_tag(struct step_tag *out, const struct secret *seed,
    struct view bound, struct masking_round round, struct view vector);
bool steps_tag_equal(const struct step_tag *a, const struct step_tag *b);

/* H1, H2, H3: each binds the one before. */
struct digest steps_digest_members(
    const struct digest *header, struct view keys_list);
struct digest steps_digest_givers(const struct digest *members,
    const uint32_t *indices, const struct digest *seeds, size_t count);
struct digest steps_digest_survivors(
    const struct digest *givers, struct view masked_list);
/* The commitment to a self seed. */
struct digest steps_commit_of(const struct secret *seed);

#endif
