/*
 * report: the federation as one JSON object, for STATUS messages and for
 * `cohortium-coordinator status`. Its members are in README.md.
 *
 * A researcher sees the studies that name them and their own queries.
 */
#ifndef COHORTIUM_COORDINATOR_REPORT_H
#define COHORTIUM_COORDINATOR_REPORT_H

#include "coordinator/catalog.h"

struct report_request {
    struct ledger *ledger;
    const struct catalog *catalog;
    struct members *members;         /* NULL: as the ledger has it */
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
