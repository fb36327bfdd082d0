/*
 * slots: replies that must not tell how long they took. Each leaves a multiple
 * of the slot after that came which it answers: after one slot, or where the
 * work took longer after the next one that was not over yet. What was drawn or
 * counted meanwhile moves nothing inside a slot (Jin et al. 2022, arXiv
 * 2112.05307).
 *
 * A step function: the clock is passed in, monotonic milliseconds. Not
 * thread-safe.
 */
#ifndef COHORTIUM_NODE_SLOTS_H
#define COHORTIUM_NODE_SLOTS_H

#include <stdbool.h>

#include "protocol/wire/buffer.h"

#define SLOT_MS_DEFAULT 250
#define SLOTS_MAX 16          /* replies that wait at the same time */
#define SLOTS_NONE UINT64_MAX /* no time: nothing waits */

struct slots {
    uint64_t slot_ms;
    size_t count;
    struct slot_reply {               /* in the order in which they came */
        uint64_t received_ms, due_ms; /* due 0: not known yet */
        struct buffer message;
    } replies[SLOTS_MAX];
};

/* slot_ms 0: SLOT_MS_DEFAULT. */
void slots_init(struct slots *slots, uint64_t slot_ms);
void slots_fini(struct slots *slots);
/* The message, which is moved, answers what came at received_ms.
 * STATUS_LIMIT_REACHED: too many wait. */
enum status slots_hold(
    struct slots *slots, uint64_t received_ms, struct buffer *message);
/* Called when the work on what was held is done, and when slots_next_ms has
 * come. A reply whose slot has come is moved to *message, the caller's then;
 * false: none has. */
bool slots_take(struct slots *slots, uint64_t now_ms, struct buffer *message);
bool slots_wait(const struct slots *slots);
/* When the next one leaves; 0 while there is one that slots_take has not seen.
 */
uint64_t slots_next_ms(const struct slots *slots);

#endif
