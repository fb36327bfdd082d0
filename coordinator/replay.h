/*
 * replay: what was decided of each question that was weighed, worked out again
 * from what the ledger keeps. An office that told an answer which its own
 * weights do not give is found by whoever has its ledger.
 */
#ifndef COHORTIUM_COORDINATOR_REPLAY_H
#define COHORTIUM_COORDINATOR_REPLAY_H

#include "coordinator/ledger.h"

struct replayed {
    size_t count;           /* questions that were replayed */
    bool differs;           /* the last of them was decided otherwise, */
    struct digest query_id; /* and is this one */
    bool near_differs;      /* or its near cohorts were counted otherwise */
};

/* Stops at the first that differs. STATUS_CORRUPT: a weighing names sets that
 * the ledger does not have, or has figures of no sets. */
enum status replay_weighings(struct ledger *ledger, struct replayed *out);

#endif
