/*
 * audit: a log that shows every change. Each record carries the BLAKE2b-256
 * digest of the one before and of itself, and the node's signature over it.
 *
 * digest = BLAKE2b-256 of the previous digest's 32 bytes and the text
 *     SEQUENCE LF TIME LF EVENT LF SUBJECT LF DETAIL
 * and the signature is Ed25519 over "cohortium-audit-1" LF and the digest.
 * The store notes the length, so that a cut end shows as well.
 */
#ifndef COHORTIUM_NODE_AUDIT_H
#define COHORTIUM_NODE_AUDIT_H

#include "node/store.h"

/* Appends, within the caller's transaction where there is one. subject NULL:
 * about nothing in particular. Hidden characters are escaped (text.h). */
enum status audit_record(struct store *store, const struct keypair *keys,
    int64_t now, const char *event, const struct digest *subject,
    const char *detail, ...) __attribute__((format(printf, 6, 7)));

struct audit_finding {
    int64_t records;   /* good ones from the start */
    char problem[160]; /* "" when the whole log is good */
};

/* Recomputes everything. STATUS_OK also when something is wrong: finding says
 * so. */
enum status audit_verify(struct store *store, const struct public_key *signer,
    struct audit_finding *finding);

#endif
