/*
 * center: one node of a simulation: the real session over a store in memory. A
 * crash destroys the session and keeps the store. What it says goes to a sink.
 *
 * It stands apart from the office's side, whose names are the node's own: no
 * header of node/ is seen here.
 */
#ifndef COHORTIUM_TESTS_SUPPORT_SIMULATION_CENTER_H
#define COHORTIUM_TESTS_SUPPORT_SIMULATION_CENTER_H

#include "tests/support/simulation/world.h"

struct center;

struct center_time {
    int64_t wall; /* seconds since 1970 */
    uint64_t monotonic_ms;
};

/* What a center says, message by message. */
struct center_sink {
    void *arg;
    void (*say)(void *arg, size_t center, struct view message);
};

/* Rows, roster and study in the store, and opted in; not running. */
struct center *center_create(const struct world *world, size_t number);
void center_destroy(struct center *center); /* accepts NULL */
void center_start(struct center *center);
void center_stop(struct center *center);
bool center_runs(const struct center *center);
/* Each with no sink where what is said is lost with the crash. */
void center_connect(struct center *center, struct center_time now,
    const struct center_sink *sink);
void center_receive(struct center *center, struct view message,
    struct center_time now, const struct center_sink *sink);
void center_tick(struct center *center, struct center_time now,
    const struct center_sink *sink);
/* Where noise protects, replies wait for their slots: node/session.h. Called
 * when the work of a call is done, and when center_release_ms has come: of its
 * monotonic clock, 0 for at once, UINT64_MAX when nothing waits. */
void center_release(struct center *center, struct center_time now,
    const struct center_sink *sink);
uint64_t center_release_ms(const struct center *center);
#define CENTER_SLOT_MS 250
bool center_lost(const struct center *center, struct center_time now);

/* What its store says. An answer: that it voted for this query, and under
 * which header; appends the vector. */
bool center_answered(struct center *center, const struct digest *query,
    struct digest *header, struct buffer *vector);
/* What it paid of the study's budget of noise. */
int64_t center_spent_nano(struct center *center);
/* Verifies the audit log; how many records of that event there are. */
size_t center_count_events(struct center *center, const char *event);

#endif
