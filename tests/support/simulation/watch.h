/*
 * watch: sees every message that a center gives away, whether it arrives or
 * not, and holds it against what a center promises, whatever it is told and
 * however often it crashes:
 *
 *   - its own figures are never on the wire; in a study of privacy "plain"
 *     those are that its rules leave, and they are in its store before;
 *   - for a query at most one vote and one reveal, the same bytes when said
 *     again; a vote is in its store before it is said; a reveal follows the
 *     vote of its session, and names nobody twice, so that of no peer both
 *     shares are given;
 *   - for a session at most one masked vector a round;
 *   - with noise, what it votes for is not its exact figures, and each vector
 *     that left was paid for before.
 */
#ifndef COHORTIUM_TESTS_SUPPORT_SIMULATION_WATCH_H
#define COHORTIUM_TESTS_SUPPORT_SIMULATION_WATCH_H

#include "tests/support/simulation/center.h"

#define WATCH_QUERIES 4
#define WATCH_HEADERS 16
#define WATCH_ROUNDS 32

struct watch_header {
    struct digest id;
    size_t query;
    struct digest *masked; /* [centers][WATCH_ROUNDS]; zeros: none */
};

struct watch_query {
    struct digest id;
    size_t kind;
    bool voted[WORLD_CENTERS_MAX], revealed[WORLD_CENTERS_MAX];
    size_t vote_header[WORLD_CENTERS_MAX];
    struct digest vote[WORLD_CENTERS_MAX], reveal[WORLD_CENTERS_MAX];
    int64_t noisy[WORLD_CENTERS_MAX]; /* vectors of the first round that left */
};

struct watch {
    const struct world *world;
    struct center *const *centers;
    size_t query_count, header_count;
    struct watch_query queries[WATCH_QUERIES];
    struct watch_header headers[WATCH_HEADERS];
    uint64_t messages, masked, votes, reveals;
};

void watch_init(struct watch *watch, const struct world *world,
    struct center *const *centers);
void watch_fini(struct watch *watch);
/* A question that may be asked, and a session for it. */
size_t watch_add_query(
    struct watch *watch, const struct digest *id, size_t kind);
void watch_add_header(
    struct watch *watch, const struct digest *header, size_t query);
/* One message of a center. */
void watch_message(struct watch *watch, size_t center, struct view bytes);

#endif
