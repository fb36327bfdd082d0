/*
 * worker: one thread for work that would keep a loop from its sockets. Jobs go
 * to it and come back over inproc, one after the other; the loop hears of a
 * finished one as of any message.
 *
 * Between worker_submit and worker_take a job is the worker's: nothing else may
 * touch what it points to.
 */
#ifndef COHORTIUM_PROTOCOL_WIRE_WORKER_H
#define COHORTIUM_PROTOCOL_WIRE_WORKER_H

#include "protocol/wire/status.h"

struct worker;

/* run is called with each job, in the worker's thread. Create it after the
 * loop, which blocks the signals that it takes. */
enum status worker_create(struct worker **out, void (*run)(void *job));
/* Waits for the job that runs, if any; those that were not taken are the
 * caller's still. Accepts NULL. */
void worker_destroy(struct worker *worker);
enum status worker_submit(struct worker *worker, void *job);
/* For loop_add_socket: readable when a job is finished. */
void *worker_socket(struct worker *worker);
/* A finished job; NULL: there is none. */
void *worker_take(struct worker *worker);

#endif
