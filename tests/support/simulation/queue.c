#include "tests/support/simulation/queue.h"

#include <stdlib.h>

#include "tests/support/simulation/world.h"

void queue_init(struct queue *queue)
{
    *queue = (struct queue){.next_order = 1};
}

void queue_fini(struct queue *queue)
{
    for (size_t i = 0; i < queue->count; i++)
        buffer_fini(&queue->events[i].message);
    free(queue->events);
}

static bool is_before(const struct event *a, const struct event *b)
{
    return a->at_ms != b->at_ms ? a->at_ms < b->at_ms : a->order < b->order;
}

static void swap(struct event *a, struct event *b)
{
    struct event kept = *a;
    *a = *b;
    *b = kept;
}

void queue_put(struct queue *queue, struct event event)
{
    if (queue->count == queue->capacity) {
        queue->capacity = queue->capacity == 0 ? 256 : 2 * queue->capacity;
        queue->events =
            realloc(queue->events, queue->capacity * sizeof *queue->events);
        WORLD_REQUIRE(queue->events != NULL);
    }
    if (event.order == 0)
        event.order = queue->next_order++;
    size_t at = queue->count++;
    queue->events[at] = event;
    while (
        at > 0 && is_before(&queue->events[at], &queue->events[(at - 1) / 2])) {
        swap(&queue->events[at], &queue->events[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
}

struct event queue_take(struct queue *queue)
{
    WORLD_REQUIRE(queue->count > 0);
    struct event first = queue->events[0];
    queue->events[0] = queue->events[--queue->count];
    for (size_t at = 0;;) {
        size_t least = at;
        for (size_t child = 2 * at + 1; child <= 2 * at + 2; child++) {
            if (child < queue->count &&
                is_before(&queue->events[child], &queue->events[least]))
                least = child;
        }
        if (least == at)
            return first;
        swap(&queue->events[at], &queue->events[least]);
        at = least;
    }
}
