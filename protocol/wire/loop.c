#include "protocol/wire/loop.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include <zmq.h>

#include "protocol/wire/log.h"

/* A socket or a descriptor; socket is NULL for a descriptor. An entry without
 * a handler was removed and waits for the sweep: a handler may remove itself,
 * or others, while the loop walks over the entries. */
struct entry {
    void *socket;
    int descriptor;
    loop_handler *handler;
    void *arg;
};

/* A timer without a handler is a free slot. */
struct timer {
    uint64_t interval_ms;
    uint64_t due_ms;
    loop_handler *handler;
    void *arg;
};

struct loop {
    struct entry *entries;
    zmq_pollitem_t *items; /* as many as entries have capacity */
    size_t entry_count, entry_capacity;
    struct timer *timers;
    size_t timer_count;
    int signals; /* signalfd */
    sigset_t signals_before;
    bool stopped;
};

uint64_t clock_monotonic_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

int64_t clock_wall_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec;
}

static void take_signal(void *arg)
{
    struct loop *loop = arg;
    struct signalfd_siginfo info;
    if (read(loop->signals, &info, sizeof info) != sizeof info)
        return;
    log_event(LOG_INFO, "loop", "stop", "signal=%u", info.ssi_signo);
    loop->stopped = true;
}

enum status loop_create(struct loop **out)
{
    *out = NULL;
    struct loop *loop = calloc(1, sizeof *loop);
    if (loop == NULL)
        return STATUS_NO_MEMORY;
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &set, &loop->signals_before);
    loop->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    enum status status = loop->signals < 0 ? STATUS_LIMIT_REACHED : STATUS_OK;
    if (status == STATUS_OK)
        status = loop_add_descriptor(loop, loop->signals, take_signal, loop);
    if (status != STATUS_OK) {
        loop_destroy(loop);
        return status;
    }
    *out = loop;
    return STATUS_OK;
}

void loop_destroy(struct loop *loop)
{
    if (loop == NULL)
        return;
    if (loop->signals >= 0)
        close(loop->signals);
    pthread_sigmask(SIG_SETMASK, &loop->signals_before, NULL);
    free(loop->entries);
    free(loop->items);
    free(loop->timers);
    free(loop);
}

static enum status grow_entries(struct loop *loop)
{
    if (loop->entry_count < loop->entry_capacity)
        return STATUS_OK;
    size_t capacity = loop->entry_capacity == 0 ? 8 : loop->entry_capacity * 2;
    struct entry *entries =
        reallocarray(loop->entries, capacity, sizeof *entries);
    if (entries == NULL)
        return STATUS_NO_MEMORY;
    loop->entries = entries;
    zmq_pollitem_t *items = reallocarray(loop->items, capacity, sizeof *items);
    if (items == NULL)
        return STATUS_NO_MEMORY;
    loop->items = items;
    loop->entry_capacity = capacity;
    return STATUS_OK;
}

static struct entry *find_entry(
    struct loop *loop, const void *socket, int descriptor)
{
    for (size_t i = 0; i < loop->entry_count; i++) {
        struct entry *entry = &loop->entries[i];
        if (entry->handler != NULL && entry->socket == socket &&
            entry->descriptor == descriptor)
            return entry;
    }
    return NULL;
}

static enum status add_entry(struct loop *loop, struct entry entry)
{
    if (find_entry(loop, entry.socket, entry.descriptor) != NULL)
        return STATUS_EXISTS;
    enum status status = grow_entries(loop);
    if (status == STATUS_OK)
        loop->entries[loop->entry_count++] = entry;
    return status;
}

enum status loop_add_socket(
    struct loop *loop, void *socket, loop_handler *handler, void *arg)
{
    return add_entry(loop, (struct entry){socket, -1, handler, arg});
}

enum status loop_add_descriptor(
    struct loop *loop, int descriptor, loop_handler *handler, void *arg)
{
    return add_entry(loop, (struct entry){NULL, descriptor, handler, arg});
}

static void remove_entry(struct loop *loop, const void *socket, int descriptor)
{
    struct entry *entry = find_entry(loop, socket, descriptor);
    if (entry != NULL)
        entry->handler = NULL;
}

void loop_remove_socket(struct loop *loop, void *socket)
{
    remove_entry(loop, socket, -1);
}

void loop_remove_descriptor(struct loop *loop, int descriptor)
{
    remove_entry(loop, NULL, descriptor);
}

enum status loop_add_timer(struct loop *loop, int *id, uint64_t interval_ms,
    loop_handler *handler, void *arg)
{
    size_t slot = 0;
    while (slot < loop->timer_count && loop->timers[slot].handler != NULL)
        slot++;
    if (slot >= INT_MAX)
        return STATUS_LIMIT_REACHED;
    if (slot == loop->timer_count) {
        struct timer *timers =
            reallocarray(loop->timers, slot + 1, sizeof *timers);
        if (timers == NULL)
            return STATUS_NO_MEMORY;
        loop->timers = timers;
        loop->timer_count++;
    }
    /* An interval of 0 would keep the loop from ever waiting; one near the
     * end of the range would wrap around. */
    if (interval_ms == 0)
        interval_ms = 1;
    if (interval_ms > INT64_MAX)
        interval_ms = INT64_MAX;
    uint64_t due = clock_monotonic_ms() + interval_ms;
    loop->timers[slot] = (struct timer){interval_ms, due, handler, arg};
    *id = (int)slot;
    return STATUS_OK;
}

void loop_remove_timer(struct loop *loop, int id)
{
    if (id >= 0 && (size_t)id < loop->timer_count)
        loop->timers[id].handler = NULL;
}

/* Drops what was removed, and lists the rest for zmq_poll. */
static void sweep(struct loop *loop)
{
    size_t kept = 0;
    for (size_t i = 0; i < loop->entry_count; i++) {
        struct entry entry = loop->entries[i];
        if (entry.handler == NULL)
            continue;
        loop->items[kept] =
            (zmq_pollitem_t){entry.socket, entry.descriptor, ZMQ_POLLIN, 0};
        loop->entries[kept++] = entry;
    }
    loop->entry_count = kept;
}

/* Milliseconds until the next timer; -1 (for ever) without one. */
static long time_to_wait(const struct loop *loop)
{
    uint64_t now = clock_monotonic_ms();
    uint64_t wait = UINT64_MAX;
    for (size_t i = 0; i < loop->timer_count; i++) {
        const struct timer *timer = &loop->timers[i];
        if (timer->handler == NULL)
            continue;
        uint64_t left = timer->due_ms > now ? timer->due_ms - now : 0;
        if (left < wait)
            wait = left;
    }
    if (wait == UINT64_MAX)
        return -1;
    return wait > INT_MAX ? INT_MAX : (long)wait;
}

/* Handlers may add and remove: entries and timers may move under our feet, so
 * each is looked up again by its index, and only those polled are asked. */
static void run_entries(struct loop *loop, size_t polled)
{
    for (size_t i = 0; i < polled && !loop->stopped; i++) {
        struct entry entry = loop->entries[i];
        /* POLLERR (a hung-up descriptor) is for the handler to find out. */
        if (entry.handler != NULL && loop->items[i].revents != 0)
            entry.handler(entry.arg);
    }
}

static void run_timers(struct loop *loop)
{
    uint64_t now = clock_monotonic_ms();
    size_t count = loop->timer_count;
    for (size_t i = 0; i < count && !loop->stopped; i++) {
        struct timer *timer = &loop->timers[i];
        if (timer->handler == NULL || timer->due_ms > now)
            continue;
        /* A stall is not made up for in a burst, and moves no later call: when
         * those come would tell how long it was. */
        const uint64_t missed = (now - timer->due_ms) / timer->interval_ms;
        timer->due_ms += (missed + 1) * timer->interval_ms;
        timer->handler(timer->arg);
    }
}

enum status loop_run(struct loop *loop)
{
    enum status status = STATUS_OK;
    while (!loop->stopped) {
        sweep(loop);
        size_t polled = loop->entry_count;
        int ready = zmq_poll(loop->items, (int)polled, time_to_wait(loop));
        if (ready < 0 && zmq_errno() == EINTR)
            continue;
        if (ready < 0) {
            log_event(LOG_ERROR, "loop", "poll", "error=\"%s\"",
                zmq_strerror(zmq_errno()));
            status = STATUS_INTERNAL;
            break;
        }
        if (ready > 0)
            run_entries(loop, polled);
        run_timers(loop);
        log_settle(0);
    }
    log_settle(1);
    loop->stopped = false;
    return status;
}

void loop_stop(struct loop *loop)
{
    loop->stopped = true;
}
