/*
 * collector: the coordinator's half of secure aggregation, as a step function.
 *
 * It relays signed keys, sealed shares, the list of survivors and the votes,
 * and at the end knows the sum of the survivors' vectors and nothing else of
 * theirs. Steps go in order; within one, each member is heard once. The owner
 * decides when a step is over (all spoke, or time is up) and calls
 * collector_close_step. Not thread-safe.
 */
#ifndef COHORTIUM_PROTOCOL_MASKING_COLLECTOR_H
#define COHORTIUM_PROTOCOL_MASKING_COLLECTOR_H

#include "protocol/analysis/vector.h"
#include "protocol/masking/steps.h"

enum collector_step { /* what it is waiting for */
    COLLECT_KEYS,
    COLLECT_SHARES,
    COLLECT_MASKED,
    COLLECT_VOTES,
    COLLECT_REVEALS,
    COLLECT_ROUND, /* masked vectors of a later round */
    COLLECT_OVER
};

struct collector;

/* terms are copied. length: elements of the vector. */
enum status collector_create(
    struct collector **out, const struct masking_terms *terms, size_t length);
void collector_destroy(struct collector *collector);
enum collector_step collector_step(const struct collector *collector);
/* Members that the present step still waits for, and those it has heard. */
size_t collector_waiting(const struct collector *collector);
size_t collector_heard(const struct collector *collector);
/* Whether the present step waits for that member. */
bool collector_waits_for(const struct collector *collector, uint32_t index);
/* Whether that member's vector is in the sum. */
bool collector_survived(const struct collector *collector, uint32_t index);
/* How many the present step must hear at least. */
size_t collector_needed(const struct collector *collector);

/* A body of the present step. STATUS_EXISTS when that member has spoken,
 * STATUS_NOT_ALLOWED when it is not asked; any other failure: the member is out
 * from now on. vector: of COLLECT_MASKED and COLLECT_ROUND. */
enum status collector_take(struct collector *collector, uint32_t index,
    struct view body, struct view vector);
/* That member will not speak: it refused, or its connection is gone. */
void collector_drop(struct collector *collector, uint32_t index);
/* Ends the step: whoever has not spoken is out. STATUS_TOO_FEW_CENTERS ends
 * everything. After COLLECT_REVEALS the sum is there: STATUS_CORRUPT when the
 * shares do not rebuild a member's seed. */
enum status collector_close_step(struct collector *collector);
/* The message that opens the present step for that member: PEERS, SEALED,
 * SURVIVORS or VOTES. Nothing for COLLECT_KEYS and COLLECT_ROUND. */
enum status collector_write(
    const struct collector *collector, uint32_t index, struct buffer *out);
/* The sum of the last round that is over; NULL before. Borrowed. */
const struct vector *collector_sum(const struct collector *collector);
/* Starts a later round of so many elements, after a sum is there. */
enum status collector_start_round(struct collector *collector, uint32_t number,
    const struct digest *told, size_t length);

#endif
