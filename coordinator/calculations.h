/*
 * calculations: what comes of the sums of sessions, worked out in processes of
 * their own, so that the loop stays at hand and each can be ended. A few at
 * once; each with a deadline. The first try has a tenth of it, and ends with
 * STATUS_BUSY: where a thread of a library held a lock when the process was
 * made, its copy waits for that lock for good, and another will not. Not
 * thread-safe.
 */
#ifndef COHORTIUM_COORDINATOR_CALCULATIONS_H
#define COHORTIUM_COORDINATOR_CALCULATIONS_H

#include "coordinator/session.h"
#include "protocol/wire/loop.h"

#define CALCULATIONS_AT_ONCE 2

struct calculations;

struct calculations_setup {
    struct loop *loop; /* borrowed */
    uint64_t patience_ms;
    /* bytes are good until it returns */
    void (*done)(void *arg, const struct digest *header_id, enum status status,
        struct view bytes);
    void *arg;
};

enum status calculations_create(
    struct calculations **out, const struct calculations_setup *setup);
/* Those that run are ended, and nothing is said of them. Accepts NULL. */
void calculations_destroy(struct calculations *calculations);
/* Starts session_calculate on a copy. STATUS_BUSY: as many run as may. */
enum status calculations_start(
    struct calculations *calculations, struct session *session);
/* Ends those that are late. */
void calculations_tick(struct calculations *calculations);

#endif
