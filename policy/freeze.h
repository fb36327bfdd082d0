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

/* What a study reads at a center: its freeze after so many moves of the study,
 * for ever. */
struct freeze_reading {
    struct digest study;
    int64_t move, freeze;
};
#define FREEZE_READINGS_MAX 1600
/* The body of FREEZES: study 32, move 4, freeze 4, little-endian. */
enum status freeze_append_reading(
    struct buffer *out, const struct freeze_reading *reading);
/* out[FREEZE_READINGS_MAX]. STATUS_MALFORMED, STATUS_OUT_OF_RANGE. */
enum status freeze_read_readings(
    struct freeze_reading *out, size_t *count, struct view body);
/* Both sides of a session by the same rule: what the study reads after that
 * move; where it was not asked after it, what it reads after the next; where it
 * was not asked after that one either, the latest: asked->freeze. */
int64_t freeze_of_study(const struct freeze_reading *readings, size_t count,
    const struct freeze_reading *asked);

enum status freeze_parse(
    struct freeze *out, struct view payload, struct diagnostic *diagnostic);
enum status freeze_write(struct buffer *out, const struct freeze *freeze);

#endif
