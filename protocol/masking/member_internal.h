/*
 * member_internal: what the two files of a member share. member.c is keys and
 * shares (steps 1 to 4), member_masked.c vectors, votes and the reveal.
 */
#ifndef COHORTIUM_PROTOCOL_MASKING_MEMBER_INTERNAL_H
#define COHORTIUM_PROTOCOL_MASKING_MEMBER_INTERNAL_H

#include "protocol/masking/member.h"

enum stage {
    STAGE_KEYS,     /* may be told its peers */
    STAGE_SHARES,   /* gave shares; waits for the others' */
    STAGE_SEALED,   /* may mask */
    STAGE_MASKED,   /* its vector is out */
    STAGE_DECIDED,  /* knows for whom to vote */
    STAGE_VOTED,    /* waits for votes */
    STAGE_REVEALED, /* later rounds only */
};

struct peer {
    uint32_t index;
    struct public_key sign, share_key, mask_key;
    bool gives, survives;
    struct digest commit;
};

/* One allocation of guarded memory. */
struct vault {
    struct secret self_seed, mask_seed; /* shared with the others */
    struct secret mask_secret, share_secret;
    struct secret peers[]; /* PEER_SECRETS a peer, then as many for a moment */
};

/* What X25519 gave for masks, the key of its boxes for this member, the shares
 * of its self seed and of its mask seed. */
#define PEER_SECRETS 4

struct member {
    const struct keypair *keys;
    uint32_t own;
    size_t min_centers;
    struct digest header;
    size_t party_count;
    struct masking_party *parties;
    enum stage stage;
    struct public_key share_key, mask_key;
    size_t peer_count; /* m, this member included */
    struct peer *peers;
    size_t own_at;     /* index in peers */
    uint8_t bound[96]; /* header, members, survivors */
    struct digest givers, survivors, own_vector;
    struct signature own_vote;
    uint32_t round;
    struct vault *vault;
};

static inline struct secret *agreed_with(
    const struct member *member, size_t peer)
{
    return &member->vault->peers[PEER_SECRETS * peer];
}

static inline struct secret *box_key_of(
    const struct member *member, size_t peer)
{
    return &member->vault->peers[PEER_SECRETS * peer + 1];
}

static inline struct secret *shares_of(const struct member *member, size_t peer)
{
    return &member->vault->peers[PEER_SECRETS * peer + 2];
}

/* Guarded memory for two secrets a peer, while a step is taken. */
static inline struct secret *scratch_of(const struct member *member)
{
    return &member->vault->peers[PEER_SECRETS * member->party_count];
}

/* peer_count when there is none of that index. */
size_t member_find_peer(const struct member *member, uint32_t index);

#endif
