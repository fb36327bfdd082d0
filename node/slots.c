#include "node/slots.h"

#include <string.h>

void slots_init(struct slots *slots, uint64_t slot_ms)
{
    memset(slots, 0, sizeof *slots);
    slots->slot_ms = slot_ms == 0 ? SLOT_MS_DEFAULT : slot_ms;
}

void slots_fini(struct slots *slots)
{
    for (size_t i = 0; i < slots->count; i++)
        buffer_fini(&slots->replies[i].message);
    slots->count = 0;
}

enum status slots_hold(
    struct slots *slots, uint64_t received_ms, struct buffer *message)
{
    if (slots->count == SLOTS_MAX)
        return STATUS_LIMIT_REACHED;
    slots->replies[slots->count++] =
        (struct slot_reply){.received_ms = received_ms, .message = *message};
    buffer_init(message, BUFFER_LIMIT_DEFAULT);
    return STATUS_OK;
}

/* The work is done now. */
static uint64_t due_of(
    const struct slots *slots, const struct slot_reply *reply, uint64_t now_ms)
{
    const uint64_t taken =
        now_ms > reply->received_ms ? now_ms - reply->received_ms : 1;
    return reply->received_ms +
           (taken + slots->slot_ms - 1) / slots->slot_ms * slots->slot_ms;
}

bool slots_take(struct slots *slots, uint64_t now_ms, struct buffer *message)
{
    for (size_t i = 0; i < slots->count; i++) {
        struct slot_reply *reply = &slots->replies[i];
        if (reply->due_ms == 0)
            reply->due_ms = due_of(slots, reply, now_ms);
    }
    for (size_t i = 0; i < slots->count; i++) {
        struct slot_reply *reply = &slots->replies[i];
        if (reply->due_ms > now_ms)
            continue;
        *message = reply->message;
        slots->count--;
        memmove(reply, reply + 1, (slots->count - i) * sizeof *reply);
        return true;
    }
    return false;
}

bool slots_wait(const struct slots *slots)
{
    return slots->count > 0;
}

uint64_t slots_next_ms(const struct slots *slots)
{
    uint64_t next = SLOTS_NONE;
    for (size_t i = 0; i < slots->count; i++)
        if (slots->replies[i].due_ms < next)
            next = slots->replies[i].due_ms;
    return next;
}
