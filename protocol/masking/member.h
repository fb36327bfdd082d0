/*
 * member: a center's half of secure aggregation, as a step function. Bytes in,
 * bytes out; no socket, no clock, no disk.
 *
 * Its seeds are drawn at birth, stay in guarded memory and die with it: a
 * center that restarts in the middle is a center that dropped out. What must
 * outlive a restart (that it voted, that it revealed) its owner writes down
 * between member_take_* and sending what follows.
 *
 * Whatever the coordinator says, a member gives at most one set of shares, one
 * masked vector a round, one vote and one reveal, in this order, and never both
 * shares of one peer. A message out of turn, or one that fails a check, changes
 * nothing; a check that fails is STATUS_BAD_SIGNATURE, STATUS_MALFORMED,
 * STATUS_TOO_FEW_CENTERS or STATUS_REFUSED, one out of turn is
 * STATUS_NOT_ALLOWED. Not thread-safe.
 */
#ifndef COHORTIUM_PROTOCOL_MASKING_MEMBER_H
#define COHORTIUM_PROTOCOL_MASKING_MEMBER_H

#include "protocol/analysis/vector.h"
#include "protocol/masking/steps.h"

struct member;

/* keys: the center's identity, borrowed. terms are copied; STATUS_REFUSED when
 * `own` is not among the parties, or min_centers is below 3. */
enum status member_create(struct member **out,
    const struct masking_terms *terms, uint32_t own,
    const struct keypair *keys);
void member_destroy(struct member *member);

/* 1: appends the body of KEYS. */
enum status member_write_keys(const struct member *member, struct buffer *out);
/* 2, 3: the body of PEERS -> the body of SHARES. */
enum status member_take_peers(
    struct member *member, struct view peers, struct buffer *shares);
/* 4: the body of SEALED. Now the vector may be masked. */
enum status member_take_sealed(struct member *member, struct view sealed);
/* 5: masks in place, and appends the body of MASKED. STATUS_OUT_OF_RANGE when
 * an element is too large for so many centers: |x| <= 2^(126 - ceil(log2 m)).
 */
enum status member_mask(
    struct member *member, struct vector *vector, struct buffer *masked);
/* 6: the body of SURVIVORS. *digest is what the vote will be for: to be
 * written down, once for a query, before member_write_vote. */
enum status member_take_survivors(
    struct member *member, struct view survivors, struct digest *digest);
/* 7: appends the body of VOTE. */
enum status member_write_vote(struct member *member, struct buffer *vote);
/* 8, 9: the body of VOTES -> the body of REVEAL: to be written down, once for a
 * query, before it is sent. */
enum status member_take_votes(
    struct member *member, struct view votes, struct buffer *reveal);
/* A later round, after the reveal, `number` one more than the last (from 2).
 * told: the digest of what every center was told. Masks in place with streams
 * between the survivors. */
enum status member_mask_round(struct member *member, uint32_t number,
    const struct digest *told, struct vector *vector, struct buffer *masked);
/* After member_take_survivors: their indices, in order; how many.
 * survivors[] has room for every party. */
size_t member_survivors(const struct member *member, uint32_t *survivors);
/* H1, H2, H3 as far as they are chosen; zeros. */
void member_sets(const struct member *member, struct digest *members,
    struct digest *givers, struct digest *survivors);
/* After member_take_peers: m. */
size_t member_peer_count(const struct member *member);

#endif
