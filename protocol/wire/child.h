/*
 * child: work in a process of its own, for what must be able to be ended: a
 * thread cannot be, and a defect there would take the daemon with it. The child
 * has a copy of everything as it stands when it starts, changes nothing of the
 * parent's, and gives back bytes.
 *
 * It ends with its parent. What runs in it must be pure: no sockets, no files,
 * no locks that another thread may hold.
 */
#ifndef COHORTIUM_PROTOCOL_WIRE_CHILD_H
#define COHORTIUM_PROTOCOL_WIRE_CHILD_H

#include "protocol/wire/buffer.h"

#define CHILD_BYTES_MAX ((size_t)64 * 1024 * 1024) /* of what it gives back */

struct child;

/* Calls run(arg, out) in a new process. STATUS_LIMIT_REACHED: there can be no
 * more. Caller ends it with child_end. */
enum status child_start(struct child **out,
    enum status (*run)(void *arg, struct buffer *out), void *arg);
/* For loop_add_descriptor: readable once it is over. */
int child_descriptor(const struct child *child);
/* Appends what it gave and returns what its run returned. STATUS_INTERNAL: it
 * broke; STATUS_TIMED_OUT: it still ran, and was killed. The child is freed. */
enum status child_end(struct child *child, struct buffer *out);

#endif
