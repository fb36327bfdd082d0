/*
 * head: how far a node's audit log has come, as the node itself signed it. Who
 * holds one can tell that node that it has lost a part of its past. The
 * signature is Ed25519 by the node's identity over the bytes
 *
 *     "cohortium-head-1" LF, era 8, length 8 (little-endian), digest 32
 *
 * era begins at 1 and grows when the node goes on after a loss; within an era a
 * log only grows. Of two heads of a node the later is that of the higher era,
 * then the longer.
 */
#ifndef COHORTIUM_PROTOCOL_WIRE_HEAD_H
#define COHORTIUM_PROTOCOL_WIRE_HEAD_H

#include "protocol/wire/digest.h"
#include "protocol/wire/keys.h"

#define HEAD_BYTES 144 /* signer 32, era 8, length 8, digest 32, signature 64  \
                        */
#define HEAD_NUMBER_MAX ((int64_t)1 << 53)
#define HEAD_ERA_MAX ((int64_t)1 << 20)
#define HEADS_MAX 1024

struct head {
    struct public_key signer;
    int64_t era;          /* from 1; 0: there is no head */
    int64_t length;       /* records; 0: none yet, and digest zeros */
    struct digest digest; /* of the last record */
    struct signature signature;
};

/* Sets signer and signature. */
enum status head_sign(struct head *head, const struct keypair *keys);
bool head_verify(const struct head *head);
/* Below 0 when a is the earlier of two heads of one node, above 0 when it is
 * the later. At 0 their digests are the same unless the node's log has forked.
 */
int head_compare(const struct head *a, const struct head *b);

/* Bodies of HEADS: records, one after the other. */
enum status head_append(struct buffer *out, const struct head *head);
/* STATUS_MALFORMED unless it is whole records, at most HEADS_MAX. */
enum status heads_count(struct view body, size_t *count);
/* STATUS_MALFORMED when a number is out of its range. No signature is looked
 * at. */
enum status heads_get(struct view body, size_t index, struct head *out);

#endif
