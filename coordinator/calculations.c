#include "coordinator/calculations.h"

#include <stdlib.h>

#include "protocol/wire/child.h"

#define FIRST_TRY 10 /* part of the time */

struct calculation {
    struct calculations *owner;
    struct child *child; /* NULL: free */
    struct digest header_id;
    uint64_t end_ms; /* monotonic */
    bool is_first;   /* try */
};

struct calculations {
    struct calculations_setup setup;
    struct calculation all[CALCULATIONS_AT_ONCE];
};

enum status calculations_create(
    struct calculations **out, const struct calculations_setup *setup)
{
    *out = calloc(1, sizeof **out);
    if (*out == NULL)
        return STATUS_NO_MEMORY;
    (*out)->setup = *setup;
    return STATUS_OK;
}

/* Over or not: one that runs is ended. */
static enum status end(struct calculation *one, struct buffer *bytes)
{
    struct child *child = one->child;
    loop_remove_descriptor(one->owner->setup.loop, child_descriptor(child));
    one->child = NULL;
    return child_end(child, bytes);
}

void calculations_destroy(struct calculations *calculations)
{
    if (calculations == NULL)
        return;
    for (size_t i = 0; i < CALCULATIONS_AT_ONCE; i++) {
        struct buffer ignored;
        buffer_init(&ignored, CHILD_BYTES_MAX);
        if (calculations->all[i].child != NULL)
            (void)end(&calculations->all[i], &ignored);
        buffer_fini(&ignored);
    }
    free(calculations);
}

static void conclude(void *arg)
{
    struct calculation *one = arg;
    const struct calculations_setup *setup = &one->owner->setup;
    struct buffer bytes;
    buffer_init(&bytes, CHILD_BYTES_MAX);
    enum status status = end(one, &bytes);
    if (status == STATUS_TIMED_OUT && one->is_first)
        status = STATUS_BUSY;
    setup->done(setup->arg, &one->header_id, status, buffer_view(&bytes));
    buffer_fini(&bytes);
}

static enum status run(void *arg, struct buffer *out)
{
    return session_calculate(arg, out);
}

enum status calculations_start(
    struct calculations *calculations, struct session *session)
{
    struct calculation *one = NULL;
    for (size_t i = 0; i < CALCULATIONS_AT_ONCE && one == NULL; i++) {
        if (calculations->all[i].child == NULL)
            one = &calculations->all[i];
    }
    if (one == NULL)
        return STATUS_BUSY;
    one->owner = calculations;
    one->header_id = session->header->id;
    one->is_first = !session->late;
    one->end_ms = clock_monotonic_ms() + calculations->setup.patience_ms /
                                             (one->is_first ? FIRST_TRY : 1);
    enum status status = child_start(&one->child, run, session);
    if (status == STATUS_OK) {
        status = loop_add_descriptor(calculations->setup.loop,
            child_descriptor(one->child), conclude, one);
    }
    if (status != STATUS_OK && one->child != NULL) {
        struct buffer ignored;
        buffer_init(&ignored, CHILD_BYTES_MAX);
        (void)child_end(one->child, &ignored);
        buffer_fini(&ignored);
        one->child = NULL;
    }
    return status;
}

void calculations_tick(struct calculations *calculations)
{
    const uint64_t now = clock_monotonic_ms();
    for (size_t i = 0; i < CALCULATIONS_AT_ONCE; i++) {
        struct calculation *one = &calculations->all[i];
        if (one->child != NULL && now >= one->end_ms)
            conclude(one);
    }
}
