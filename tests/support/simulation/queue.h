/*
 * queue: what is yet to happen, by time; what was put in first comes first at
 * the same time, so that a run can be repeated.
 */
#ifndef COHORTIUM_TESTS_SUPPORT_SIMULATION_QUEUE_H
#define COHORTIUM_TESTS_SUPPORT_SIMULATION_QUEUE_H

#include "protocol/wire/buffer.h"

enum happening {
    TO_CENTER,   /* a message arrives */
    TO_OFFICE,   /* a message of a center arrives */
    TICK_CENTER, /* timers */
    TICK_OFFICE,
    RELEASE_CENTER, /* its work is done, or a reply has its slot */
    SUBMIT,         /* the researcher asks */
    CRASH_CENTER,
    START_CENTER,
    CRASH_OFFICE,
    START_OFFICE,
    CUT_LINE, /* nothing passes between a center and the office */
    FREEZE,   /* a party does nothing for a while */
    JUMP,     /* a party's wall clock is set */
};

struct event {
    uint64_t at_ms, order;
    enum happening what;
    size_t who;      /* a center, a query, or PARTY_OFFICE */
    uint64_t number; /* of a connection, or how long, by kind */
    struct buffer message;
};

struct queue {
    size_t count, capacity;
    struct event *events; /* a binary heap */
    uint64_t next_order;
};

void queue_init(struct queue *queue);
void queue_fini(struct queue *queue);
/* Takes the event's message over. Sets its order, unless it has one. */
void queue_put(struct queue *queue, struct event event);
/* The next one; the caller frees its message. The queue is not empty. */
struct event queue_take(struct queue *queue);

#endif
