/*
 * loop: one thread that owns every socket and all state. Sockets, file
 * descriptors, timers and signals (signalfd) in one zmq_poll.
 */
#ifndef COHORTIUM_PROTOCOL_WIRE_LOOP_H
#define COHORTIUM_PROTOCOL_WIRE_LOOP_H

#include <stdint.h>

#include "protocol/wire/status.h"

struct loop;

typedef void loop_handler(void *arg);

enum status loop_create(struct loop **out);
void loop_destroy(struct loop *loop);
/* Calls handler(arg) when the ZeroMQ socket, or the descriptor, is readable. */
enum status loop_add_socket(
    struct loop *loop, void *socket, loop_handler *handler, void *arg);
enum status loop_add_descriptor(
    struct loop *loop, int descriptor, loop_handler *handler, void *arg);
void loop_remove_socket(struct loop *loop, void *socket);
void loop_remove_descriptor(struct loop *loop, int descriptor);
/* Calls handler(arg) every interval_ms, first after interval_ms. *id >= 0. */
enum status loop_add_timer(struct loop *loop, int *id, uint64_t interval_ms,
    loop_handler *handler, void *arg);
void loop_remove_timer(struct loop *loop, int id);
/* Runs until loop_stop, SIGINT or SIGTERM (blocked in every thread first). */
enum status loop_run(struct loop *loop);
void loop_stop(struct loop *loop);
/* Monotonic milliseconds, and the wall clock in seconds since 1970 UTC. */
uint64_t clock_monotonic_ms(void);
int64_t clock_wall_seconds(void);

#endif
