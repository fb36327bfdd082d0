/*
 * channel_trouble: why a client has no connection, told from what libzmq's
 * monitor shows of its attempts. libzmq says what it does, not why, and gives
 * no errno: a name that does not resolve is an attempt that never began,
 * silence one that does not end; one that ended at once was refused by the host
 * or had no route to it, and nobody can say which.
 */
#ifndef COHORTIUM_PROTOCOL_WIRE_CHANNEL_TROUBLE_H
#define COHORTIUM_PROTOCOL_WIRE_CHANNEL_TROUBLE_H

#include "protocol/wire/channel.h"

enum channel_phase {
    PHASE_NONE,
    PHASE_CONNECTING,
    PHASE_SHAKING,
    PHASE_CLOSED, /* before it was there */
    PHASE_OVER    /* what it was is told already */
};

struct channel_trouble {
    enum channel_state state;
    enum channel_phase phase; /* of this attempt */
    uint64_t phase_ms;        /* when it began */
    uint64_t since_ms;        /* of the state */
    uint64_t said_ms;         /* when it was logged last */
};

/* An attempt begins; the state stays what it was. */
void channel_trouble_begin(struct channel_trouble *trouble, uint64_t now_ms);
/* An event of the monitor, or 0: time has passed. Logs what changed, and every
 * minute what has not. */
void channel_trouble_take(struct channel_trouble *trouble, int event,
    const char *endpoint, uint64_t now_ms);

#endif
