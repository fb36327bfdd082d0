/*
 * counter: rule 0 of policy/README.md. A question whose cohort, or a level of
 * `by`, is within two people of one that was asked before, and is answered
 * otherwise, shows where a boundary between answers runs; whoever looks for
 * people asks many such. At most one pair of a question is kept, and none that
 * the study has already. When a study has as many that no member saw as its
 * limits say (near_cohorts), its questions wait until a member who looked at
 * them signs that it goes on (policy/continuation.h).
 *
 * Whoever asks learns nothing but that questions wait, and not of which
 * question it came: the first that waits is one of the next COUNTER_LOT, by
 * lot.
 */
#ifndef COHORTIUM_COORDINATOR_COUNTER_H
#define COHORTIUM_COORDINATOR_COUNTER_H

#include "coordinator/families.h"

#define COUNTER_LOT 4

/* Of a question that was weighed and is answered, within the caller's
 * transaction, behind families_write. lot: any number, drawn for it. */
enum status counter_write(struct ledger *ledger, const struct family *family,
    const struct weighed_question *question, uint32_t lot, int64_t now);
/* Whether questions of the study wait for the committee. */
bool counter_waits(struct ledger *ledger, const struct study *study);
/* A member's signed word that the study goes on, as it came. Written, or the
 * reason why it does not count. */
enum status counter_continue(struct ledger *ledger, const struct study *study,
    const struct roster *roster, struct view envelope,
    const struct wall_clock *clock, struct diagnostic *diagnostic);

#endif
