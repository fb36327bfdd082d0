/*
 * simulation: the real nodes and the real registry office in one process, with
 * a network, clocks and crashes of a seed in between. A run ends by itself;
 * what must hold is required on the way (watch.h) and at the end, and a run
 * that breaks it ends the program (world_fail).
 *
 * The weather of a seed is fair for one in four: then every question must be
 * answered by everybody. Otherwise messages are lost, repeated, delayed and
 * overtaken, lines are cut, nodes and office crash (also between what they
 * write and what they send) and start again from their stores, wall clocks are
 * set forward and back, and parties freeze. Monotonic clocks do what real ones
 * do: they never go back but at a restart of the machine.
 *
 * Seeds take turns at how many centers there are, 3 to 13, and at the study's
 * privacy. Where noise protects, work takes a center a while, that the seed
 * draws; replies must leave on their slots all the same.
 *
 * Whatever the weather: the office ends each question, with a result that is
 * exactly the sum of the centers it names, or with a failure and no result;
 * and the stores of nodes and office agree about what was released.
 */
#ifndef COHORTIUM_TESTS_SUPPORT_SIMULATION_SIMULATION_H
#define COHORTIUM_TESTS_SUPPORT_SIMULATION_SIMULATION_H

#include "coordinator/office.h"
#include "tests/support/simulation/queue.h"
#include "tests/support/simulation/watch.h"

#define PARTY_OFFICE WORLD_CENTERS_MAX
#define PARTY_PERSON (WORLD_CENTERS_MAX + 1)
#define SIMULATION_QUERIES 3

struct weather {
    bool fair;
    uint32_t loss, repeat; /* one message in so many; 0: none */
    uint32_t delay_ms;     /* at most; more than the pace: overtaking */
    uint32_t crash;        /* between write and send, one message in so many */
    uint32_t busy;         /* the office's queue to a center is full */
};

#define CALLS_KEPT 128

struct party {
    int64_t wall_jump;    /* seconds that its wall clock is off */
    uint64_t born_ms;     /* when its monotonic clock began */
    uint64_t frozen_ms;   /* does nothing until then */
    uint64_t cut_ms;      /* its line is cut until then */
    uint64_t connections; /* of a center: the present one's number */
    /* Of a center: when it is called next to release what waits (0: not yet
     * known), and when messages came to it or left, the latest ones. */
    uint64_t release_ms;
    bool is_late; /* it froze until then */
    size_t call_count;
    uint64_t calls[CALLS_KEPT];
};

struct simulated_query {
    struct digest id;
    size_t kind;
    struct buffer envelope;
    size_t submits;
    bool ended; /* the researcher was told */
};

struct simulation {
    const struct world *world;
    struct weather weather;
    uint64_t now_ms;
    struct queue queue;
    struct center *centers[WORLD_CENTERS_MAX];
    struct party parties[WORLD_CENTERS_MAX + 1];
    struct config config;
    struct ledger *ledger;
    struct office *office; /* NULL: it is down */
    bool dying; /* what the office sends now is lost: it crashes next */
    size_t query_count;
    struct simulated_query queries[SIMULATION_QUERIES];
    struct watch watch;
    uint64_t trace; /* of everything that happened */
    size_t answered, failed;
};

struct simulation_outcome {
    uint64_t trace, messages, votes, reveals;
    size_t queries, answered, failed;
    enum study_privacy privacy;
    bool fair;
};

/* centers: 0 for as few as the seed says; privacy NULL: what the seed says. */
void simulation_run(uint64_t seed, size_t centers,
    const enum study_privacy *privacy, struct simulation_outcome *outcome);

/* simulation_network.c */
/* Where a center's messages go; where the office's do. */
struct center_sink simulation_sink(struct simulation *simulation);
struct office_ports simulation_ports(struct simulation *simulation);
/* A message came to that center, or may leave it, now. */
void simulation_note_call(struct simulation *simulation, size_t who);
/* Whether the researcher asked often enough what the office never took. */
bool simulation_gives_up(
    struct simulation *simulation, const struct simulated_query *query);
/* Of a connection of that party. */
struct channel_route simulation_route(size_t who, uint64_t connection);

/* simulation_birth.c */
/* Which federation a seed has; as simulation_run. */
struct world_terms simulation_terms(
    uint64_t seed, size_t centers, const enum study_privacy *privacy);
/* In memory. */
void simulation_fill_ledger(struct simulation *simulation);

/* simulation_check.c: what must hold at the end. */
void simulation_check(struct simulation *simulation);
struct office_clock simulation_office_clock(
    const struct simulation *simulation);

/* simulation_weather.c */
void weather_draw(struct simulation *simulation);
/* What happens apart from messages, put into the queue. until: the last. */
void weather_plan(struct simulation *simulation, uint64_t until_ms);

#endif
