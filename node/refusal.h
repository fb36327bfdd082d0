/*
 * refusal: what stays on disk of a question, or a step of one, that is refused,
 * and of whatever else one party can say any number of times. Nobody can fill
 * the disk so: of a study, a person and a reason REFUSALS_A_DAY records of a
 * day go to the audit log; the rest is counted, and one record says how many
 * there were when the day is over.
 *
 * A study that is not known here, and a person whose signature was not found
 * right, are zeros: who makes them up is one kind.
 */
#ifndef COHORTIUM_NODE_REFUSAL_H
#define COHORTIUM_NODE_REFUSAL_H

#include "node/store.h"

#define REFUSALS_A_DAY 20
#define DAY_SECONDS 86400

struct refusal {
    const char *event; /* "refused", "step_refused", "rounds", ... */
    struct digest study;
    struct public_key person;
    enum status reason;
    const struct digest *subject; /* the query, or the study rejected */
    const char *detail;
};

/* Within the caller's transaction. */
enum status refusal_record(struct store *store, const struct keypair *keys,
    int64_t now, const struct refusal *refusal);
/* In a transaction of its own: the counts of days that are over. */
enum status refusal_settle(
    struct store *store, const struct keypair *keys, int64_t now);
/* Within the caller's transaction: towards the lock after `many` within a day.
 * A study that is locked needs no more rows; older ones cannot lock it. */
enum status refusal_count_to_lock(struct store *store,
    const struct refusal *refusal, int64_t many, int64_t now);

#endif
