/*
 * loop: one thread that owns every socket and all state. Sockets, file
 * descriptors, timers and signals (signalfd) in one zmq_poll.
 *
 * A handler may add and remove anything, itself too. Handlers run one at a
 * time; while one runs nothing else does, so none may block.
 */
#ifndef COHORTIUM_PROTOCOL_WIRE_LOOP_H
#define COHORTIUM_PROTOCOL_WIRE_LOOP_H

#include <stdint.h>

#include "protocol/wire/status.h"

struct loop;

typedef void loop_handler(void *arg);

/* Blocks SIGINT and SIGTERM in this thread, so create it before other threads
 * and before channels. Caller frees with loop_destroy (accepts NULL), which
 * puts the signal mask back. */
enum status loop_create(struct loop **out);
void loop_destroy(struct loop *loop);
/* Calls handler(arg) when the ZeroMQ socket, or the descriptor, is readable,
 * and again as long as it is. STATUS_EXISTS when it is in the loop already. */
enum status loop_add_socket(
    struct loop *loop, void *socket, loop_handler *handler, void *arg);
enum status loop_add_descriptor(
    struct loop *loop, int descriptor, loop_handler *handler, void *arg);
void loop_remove_socket(struct loop *loop, void *socket);
void loop_remove_descriptor(struct loop *loop, int descriptor);
/* Calls handler(arg) every interval_ms, first after interval_ms; what a stall
 * misses is left out, and the others come when they would have. *id >= 0; the
 * number of a removed timer is used again. */
enum status loop_add_timer(struct loop *loop, int *id, uint64_t interval_ms,
    loop_handler *handler, void *arg);
void loop_remove_timer(struct loop *loop, int id);
/* Runs until loop_stop, SIGINT or SIGTERM. */
enum status loop_run(struct loop *loop);
/* From a handler: loop_run returns once it does. Before loop_run: it returns at
 * once. */
void loop_stop(struct loop *loop);
/* Monotonic milliseconds, and the wall clock in seconds since 1970 UTC. */
uint64_t clock_monotonic_ms(void);
int64_t clock_wall_seconds(void);

#endif
