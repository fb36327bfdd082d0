/*
 * freeze: a center's signed word that its registry stood still at a number.
 *
 * JSON payload (TYPE_FREEZE): {"cohortium": "freeze", "center": name,
 *  "number": 1.., "digest": hex, "date"}, signed by the center. The digest is
 * BLAKE2b-256 of the rows, keyed by a secret of that freeze which stays at the
 * center: it tells nobody else whether a row is there, nor how many are.
 */
#ifndef COHORTIUM_POLICY_FREEZE_H
#define COHORTIUM_POLICY_FREEZE_H

#include "protocol/query/query.h"
#include "protocol/wire/keys.h"

#define FREEZE_NUMBER_MAX 1000000000

struct freeze {
    char center[NAME_MAX_BYTES + 1];
    int64_t number; /* 1 to FREEZE_NUMBER_MAX; one more each time */
    struct digest digest;
    int64_t date; /* seconds since 1970 */
};

enum status freeze_parse(
    struct freeze *out, struct view payload, struct diagnostic *diagnostic);
enum status freeze_write(struct buffer *out, const struct freeze *freeze);

#endif
