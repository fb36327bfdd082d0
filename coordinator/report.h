/*
 * report: the federation as one JSON object, for STATUS messages and for
 * `cohortium-coordinator status`. Its members are in README.md.
 *
 * A researcher sees the studies that name them and their own queries.
 */
#ifndef COHORTIUM_COORDINATOR_REPORT_H
#define COHORTIUM_COORDINATOR_REPORT_H

#include "coordinator/session.h"
#include "coordinator/turns.h"

/* Where open questions stand, for who runs the office. */
struct report_sessions {
    struct session *const *all;
    size_t count;
};

struct report_request {
    struct ledger *ledger;
    const struct catalog *catalog;
    struct members *members;         /* NULL: as the ledger has it */
    struct report_sessions sessions; /* none: where they stand is not said */
    struct turns *turns;             /* NULL: nothing waits */
    const struct public_key *viewer; /* NULL: sees everything */
    const struct digest *query;      /* NULL: all */
    int64_t query_limit;             /* newest first */
};

/* *out is a new reference. STATUS_NOT_FOUND: no such query for this viewer. */
enum status report_create(json_t **out, const struct report_request *request);
/* As compact JSON of at most max bytes, with fewer queries where that is
 * needed. */
enum status report_write(
    struct buffer *out, const struct report_request *request, size_t max);

#endif
