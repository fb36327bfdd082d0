#include "protocol/wire/zap.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>
#include <zmq.h>

#include "protocol/wire/channel_socket.h"
#include "protocol/wire/log.h"
#include "protocol/wire/loop.h"

/* RFC 27: version, request id, domain, address, identity, mechanism, and for
 * CURVE one credential, the key. */
#define REQUEST_FRAMES 7
#define FRAME_MAX 256
#define REFUSALS_LOG_MS 10000

struct zap {
    void *replies; /* REP, the ZAP endpoint; the thread's */
    void *orders;  /* PAIR, the thread's end */
    void *monitor; /* PAIR or NULL; the thread's */
    void *control; /* PAIR, the owner's end */
    pthread_t thread;
    pthread_mutex_t lock; /* of the table */
    struct channel_member *members;
    size_t count;
    uint64_t refusals_logged_ms; /* the thread's */
    atomic_uint_fast64_t connections, refused, failed;
};

struct request {
    uint8_t frames[REQUEST_FRAMES][FRAME_MAX];
    size_t sizes[REQUEST_FRAMES];
    size_t count; /* may exceed REQUEST_FRAMES: then the rest was skipped */
};

/* Walks the whole table whatever it finds, so that the time of an answer does
 * not tell how a key compares with enrolled ones. The caller has the lock. */
static const struct channel_member *find_member(
    const struct zap *zap, const uint8_t *key)
{
    const struct channel_member *found = NULL;
    for (size_t i = 0; i < zap->count; i++) {
        if (sodium_memcmp(zap->members[i].curve.bytes, key, KEY_BYTES) == 0)
            found = &zap->members[i];
    }
    return found;
}

bool zap_is_enrolled(struct zap *zap, const struct public_key *key)
{
    pthread_mutex_lock(&zap->lock);
    bool found = find_member(zap, key->bytes) != NULL;
    pthread_mutex_unlock(&zap->lock);
    return found;
}

enum status zap_find_user(struct zap *zap, struct public_key *key,
    char user[CHANNEL_USER_MAX], const char *user_id)
{
    enum status status = public_key_from_text(key, user_id);
    if (status != STATUS_OK)
        return STATUS_STRANGER;
    pthread_mutex_lock(&zap->lock);
    const struct channel_member *member = find_member(zap, key->bytes);
    if (member == NULL)
        status = STATUS_STRANGER;
    else
        memcpy(user, member->user, CHANNEL_USER_MAX);
    pthread_mutex_unlock(&zap->lock);
    return status;
}

static int compare_keys(const void *a, const void *b)
{
    const struct channel_member *left = a;
    const struct channel_member *right = b;
    return memcmp(left->curve.bytes, right->curve.bytes, KEY_BYTES);
}

static enum status check_members(
    const struct channel_member *members, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t size = strnlen(members[i].user, CHANNEL_USER_MAX);
        if (size == 0 || size == CHANNEL_USER_MAX)
            return STATUS_OUT_OF_RANGE;
        if (i > 0 && compare_keys(&members[i - 1], &members[i]) == 0 &&
            strcmp(members[i - 1].user, members[i].user) != 0)
            return STATUS_EXISTS;
    }
    return STATUS_OK;
}

enum status zap_enroll(
    struct zap *zap, const struct channel_member *members, size_t count)
{
    struct channel_member *table = NULL;
    enum status status = STATUS_OK;
    if (count > 0) {
        table = reallocarray(NULL, count, sizeof *table);
        if (table == NULL)
            return STATUS_NO_MEMORY;
        memcpy(table, members, count * sizeof *table);
        qsort(table, count, sizeof *table, compare_keys);
        status = check_members(table, count);
    }
    if (status == STATUS_OK) {
        pthread_mutex_lock(&zap->lock);
        struct channel_member *old = zap->members;
        zap->members = table;
        zap->count = count;
        pthread_mutex_unlock(&zap->lock);
        table = old;
    }
    free(table);
    return status;
}

/* Frames longer than any of ours are cut: nothing enrolled is that long. */
static bool take_request(void *socket, struct request *request)
{
    int more = 1;
    request->count = 0;
    while (more) {
        uint8_t skipped[FRAME_MAX];
        size_t i = request->count++;
        uint8_t *room = i < REQUEST_FRAMES ? request->frames[i] : skipped;
        int size = zmq_recv(socket, room, FRAME_MAX, ZMQ_DONTWAIT);
        if (size < 0)
            return false;
        if (i < REQUEST_FRAMES)
            request->sizes[i] = (size_t)size < FRAME_MAX ? (size_t)size : 0;
        size_t length = sizeof more;
        zmq_getsockopt(socket, ZMQ_RCVMORE, &more, &length);
    }
    return true;
}

static bool frame_is(const struct request *request, size_t i, const char *text)
{
    return request->sizes[i] == strlen(text) &&
           memcmp(request->frames[i], text, request->sizes[i]) == 0;
}

static bool is_admitted(struct zap *zap, const struct request *request)
{
    static const struct public_key nobody;
    struct public_key key = nobody;
    bool asked =
        request->count == REQUEST_FRAMES && frame_is(request, 0, "1.0") &&
        frame_is(request, 2, CHANNEL_DOMAIN) && frame_is(request, 5, "CURVE") &&
        request->sizes[6] == KEY_BYTES;
    if (asked)
        memcpy(key.bytes, request->frames[6], KEY_BYTES);
    return zap_is_enrolled(zap, &key) && asked;
}

static void reply(struct zap *zap, const struct request *request, bool admitted)
{
    char user_id[KEY_TEXT] = "";
    struct public_key key;
    if (admitted) {
        memcpy(key.bytes, request->frames[6], KEY_BYTES);
        public_key_to_text(user_id, &key);
    }
    void *socket = zap->replies;
    size_t id_size = request->count > 1 ? request->sizes[1] : 0;
    zmq_send(socket, "1.0", 3, ZMQ_SNDMORE);
    zmq_send(socket, request->frames[1], id_size, ZMQ_SNDMORE);
    zmq_send(socket, admitted ? "200" : "400", 3, ZMQ_SNDMORE);
    zmq_send(socket, "", 0, ZMQ_SNDMORE); /* no reason for strangers */
    zmq_send(socket, user_id, strlen(user_id), ZMQ_SNDMORE);
    zmq_send(socket, "", 0, 0); /* no metadata */
}

static void answer(struct zap *zap)
{
    struct request request;
    while (take_request(zap->replies, &request))
        reply(zap, &request, is_admitted(zap, &request));
}

static void note_refusal(struct zap *zap)
{
    uint64_t refused = atomic_fetch_add(&zap->refused, 1) + 1;
    uint64_t now = clock_monotonic_ms();
    /* A line for each would let strangers fill the disk. */
    if (zap->refusals_logged_ms != 0 &&
        now - zap->refusals_logged_ms < REFUSALS_LOG_MS)
        return;
    zap->refusals_logged_ms = now;
    log_event(
        LOG_WARN, "channel", "strangers-refused", "total=%" PRIu64, refused);
}

static void watch(struct zap *zap)
{
    int event;
    uint32_t value;
    while (channel_monitor_next(zap->monitor, &event, &value)) {
        if (event == ZMQ_EVENT_ACCEPTED)
            atomic_fetch_add(&zap->connections, 1);
        else if (event == ZMQ_EVENT_DISCONNECTED)
            atomic_fetch_sub(&zap->connections, 1);
        else if (event == ZMQ_EVENT_HANDSHAKE_FAILED_AUTH)
            note_refusal(zap);
        else if (event == ZMQ_EVENT_ACCEPT_FAILED) {
            log_event(LOG_ERROR, "channel", "accept", "error=\"%s\"",
                strerrordesc_np((int)value));
        } else {
            atomic_fetch_add(&zap->failed, 1);
        }
    }
}

/* An order is a monitor to watch, or empty: stop. */
static bool take_order(struct zap *zap)
{
    void *monitor;
    int size = zmq_recv(zap->orders, &monitor, sizeof monitor, 0);
    if (size != (int)sizeof monitor)
        return false;
    zap->monitor = monitor;
    return true;
}

static void *serve(void *arg)
{
    struct zap *zap = arg;
    for (;;) {
        zmq_pollitem_t items[] = {{zap->orders, 0, ZMQ_POLLIN, 0},
            {zap->replies, 0, ZMQ_POLLIN, 0}, {zap->monitor, 0, ZMQ_POLLIN, 0}};
        int ready = zmq_poll(items, zap->monitor == NULL ? 2 : 3, -1);
        if (ready < 0 && zmq_errno() == EINTR)
            continue;
        if (ready < 0)
            break;
        if (items[1].revents != 0)
            answer(zap);
        if (zap->monitor != NULL)
            watch(zap);
        if (items[0].revents != 0 && !take_order(zap))
            break;
    }
    channel_socket_close(zap->monitor);
    channel_socket_close(zap->replies);
    channel_socket_close(zap->orders);
    return NULL;
}

/* Signals are for the thread that runs the loop. */
static enum status start_thread(struct zap *zap)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failure = pthread_create(&zap->thread, NULL, serve, zap);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return failure == 0 ? STATUS_OK : STATUS_LIMIT_REACHED;
}

static enum status open_sockets(struct zap *zap, void *context)
{
    static const char control[] = "inproc://cohortium-zap-control";
    zap->replies = zmq_socket(context, ZMQ_REP);
    zap->control = zmq_socket(context, ZMQ_PAIR);
    zap->orders = zmq_socket(context, ZMQ_PAIR);
    if (zap->replies == NULL || zap->control == NULL || zap->orders == NULL)
        return STATUS_LIMIT_REACHED;
    int none = 0;
    zmq_setsockopt(zap->replies, ZMQ_LINGER, &none, sizeof none);
    zmq_setsockopt(zap->orders, ZMQ_LINGER, &none, sizeof none);
    if (zmq_bind(zap->replies, "inproc://zeromq.zap.01") != 0 ||
        zmq_bind(zap->control, control) != 0 ||
        zmq_connect(zap->orders, control) != 0)
        return zmq_errno() == EADDRINUSE ? STATUS_EXISTS : STATUS_INTERNAL;
    return STATUS_OK;
}

enum status zap_start(struct zap **out, void *context)
{
    *out = NULL;
    struct zap *zap = calloc(1, sizeof *zap);
    if (zap == NULL)
        return STATUS_NO_MEMORY;
    pthread_mutex_init(&zap->lock, NULL);
    enum status status = open_sockets(zap, context);
    if (status == STATUS_OK)
        status = start_thread(zap);
    if (status == STATUS_OK) {
        *out = zap;
        return STATUS_OK;
    }
    channel_socket_close(zap->replies);
    channel_socket_close(zap->orders);
    channel_socket_close(zap->control);
    pthread_mutex_destroy(&zap->lock);
    free(zap);
    return status;
}

static int order(struct zap *zap, const void *data, size_t size)
{
    int sent;
    do
        sent = zmq_send(zap->control, data, size, 0);
    while (sent < 0 && zmq_errno() == EINTR);
    return sent;
}

void zap_stop(struct zap *zap)
{
    if (zap == NULL)
        return;
    order(zap, "", 0);
    pthread_join(zap->thread, NULL);
    channel_socket_close(zap->control);
    pthread_mutex_destroy(&zap->lock);
    free(zap->members);
    free(zap);
}

enum status zap_watch(struct zap *zap, void *monitor)
{
    if (order(zap, &monitor, sizeof monitor) >= 0)
        return STATUS_OK;
    channel_socket_close(monitor);
    return STATUS_INTERNAL;
}

void zap_count(const struct zap *zap, struct channel_counts *counts)
{
    counts->connections = atomic_load(&zap->connections);
    counts->refused = atomic_load(&zap->refused);
    counts->failed = atomic_load(&zap->failed);
}
