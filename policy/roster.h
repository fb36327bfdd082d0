/*
 * roster: who belongs to the federation. Committee keys and threshold, centers,
 * coordinator. Version 1 is pinned by hand (fingerprint); version N+1 is
 * believed only when signed by the thresholds of both N and N+1 (TUF
 * specification 5.3.4). The coordinator cannot add a center.
 *
 * JSON payload (TYPE_ROSTER): {"cohortium": "roster", "version": 1,
 *  "federation": "uci-heart", "suite": 1, "threshold": 2,
 *  "amendment_threshold": 1?,
 *  "committee": [{"name", "identity", "curve", "revoked": "2026-05-01"?}],
 *  "centers": [{"name", "identity", "curve"}],
 *  "coordinator": {"name", "identity", "curve", "endpoint"},
 *  "valid_from": "2026-01-01", "valid_until": "2027-01-01",
 *  "approvals_from": "2026-01-01"?}
 * Names and keys are each unique over the whole roster. A new version lets the
 * approvals stand that its members gave under earlier ones, unless it says
 * since when they count (approvals_from).
 */
#ifndef COHORTIUM_POLICY_ROSTER_H
#define COHORTIUM_POLICY_ROSTER_H

#include "policy/validity.h"
#include "protocol/query/document.h"
#include "protocol/wire/envelope.h"

#define ROSTER_CENTERS_MAX 1024
#define ROSTER_COMMITTEE_MAX 64
#define ROSTER_SUITE 1 /* Ed25519, X25519, BLAKE2b, ChaCha20 */
#define ENDPOINT_MAX 256

struct roster_member {
    struct identity identity;
    bool revoked;
};

struct roster {
    struct digest id; /* of the payload */
    int64_t version;
    char federation[NAME_MAX_BYTES + 1];
    size_t threshold;
    size_t amendment_threshold; /* members who sign an amendment; 1 */
    size_t committee_count;
    struct roster_member committee[ROSTER_COMMITTEE_MAX];
    size_t center_count;
    struct identity *centers;
    struct identity coordinator;
    char endpoint[ENDPOINT_MAX];
    int64_t valid_from, valid_until; /* seconds since 1970 */
    int64_t approvals_from;          /* INT64_MIN: all count */
};

/* Payload text -> roster; checks no signature. */
enum status roster_parse(
    struct roster **out, struct view payload, struct diagnostic *diagnostic);
void roster_destroy(struct roster *roster);
/* Parses and verifies an envelope. previous NULL: `threshold` valid signatures
 * of its own committee; else also version = previous + 1 and the threshold of
 * previous. A revoked member's signature does not count. */
enum status roster_verify(struct roster **out, const struct envelope *envelope,
    const struct roster *previous, struct diagnostic *diagnostic);
/* How many distinct members in good standing signed. */
enum status roster_count_signers(size_t *out, const struct roster *roster,
    const struct envelope *envelope, const char *type);
/* Whether this center is on it, by this name and with these keys.
 * STATUS_WRONG_ROSTER: the diagnostic says what the roster has instead. */
enum status roster_check_center(const struct roster *roster,
    const struct identity *self, struct diagnostic *diagnostic);
const struct identity *roster_find_center(
    const struct roster *roster, const char *name);
const struct identity *roster_find_center_key(
    const struct roster *roster, const struct public_key *sign);
const struct roster_member *roster_find_member_key(
    const struct roster *roster, const struct public_key *sign);
/* As validity_check. */
enum status roster_check_dates(const struct roster *roster,
    const struct wall_clock *clock, struct diagnostic *diagnostic);

#endif
