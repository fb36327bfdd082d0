/*
 * continuation: a member's signed word that a study goes on, after having seen
 * the pairs of near cohorts for which it waits (rule 0 of policy/README.md).
 *
 * JSON payload (TYPE_CONTINUATION): {"cohortium": "continuation", "study": hex
 *  id of the study's payload, "seen": how many of its pairs, in the order in
 *  which they were found, "comment"?, "date"}
 *
 * It goes to the office alone, which counts; nodes do not look at it.
 */
#ifndef COHORTIUM_POLICY_CONTINUATION_H
#define COHORTIUM_POLICY_CONTINUATION_H

#include "policy/study.h"

struct continuation {
    struct digest study_id;
    int64_t seen;
    int64_t date; /* seconds since 1970 */
};

enum status continuation_parse(struct continuation *out, struct view payload,
    struct diagnostic *diagnostic);
enum status continuation_write(struct buffer *out,
    const struct continuation *continuation, const char *comment);
/* Signed by one member in good standing who is none of the study's researchers,
 * for exactly this study. Else as approval_verify, NOT_YET_VALID or
 * NOT_ALLOWED. */
enum status continuation_verify(struct continuation *out,
    const struct envelope *envelope, const struct study *study,
    const struct roster *roster, const struct wall_clock *clock,
    struct diagnostic *diagnostic);

#endif
