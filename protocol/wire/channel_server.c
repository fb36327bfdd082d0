#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <zmq.h>

#include "protocol/wire/channel.h"
#include "protocol/wire/channel_proof.h"
#include "protocol/wire/channel_socket.h"
#include "protocol/wire/log.h"
#include "protocol/wire/zap.h"

#define DESCRIPTORS_WANTED 8192
#define ENDPOINT_MAX 256
#define PROOF_TIMEOUT_MS 5000
/* A peer that sends only what is dropped must not keep receive from returning
 * to the loop. */
#define DROPS_A_CALL 64

struct channel_server {
    void *context;
    struct zap *zap;
    void *socket; /* ROUTER */
    char endpoint[ENDPOINT_MAX];
    uint64_t dropped;
};

enum status channel_raise_descriptor_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return STATUS_IO;
    if (limit.rlim_cur >= DESCRIPTORS_WANTED)
        return STATUS_OK;
    struct rlimit wanted = limit;
    wanted.rlim_cur = DESCRIPTORS_WANTED;
    if (wanted.rlim_max < DESCRIPTORS_WANTED)
        wanted.rlim_max = DESCRIPTORS_WANTED; /* a privilege: may fail */
    if (setrlimit(RLIMIT_NOFILE, &wanted) == 0)
        return STATUS_OK;
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
        return STATUS_IO;
    log_event(LOG_WARN, "channel", "few-descriptors", "limit=%" PRIu64,
        (uint64_t)limit.rlim_cur);
    return STATUS_OK;
}

static enum status start_zap(struct channel_server *server)
{
    if (!zmq_has("curve"))
        return STATUS_INTERNAL;
    server->context = zmq_ctx_new();
    if (server->context == NULL)
        return STATUS_LIMIT_REACHED;
    enum status status = zap_start(&server->zap, server->context);
    if (status == STATUS_OK)
        status = channel_prove(server->context, server->zap, PROOF_TIMEOUT_MS);
    return status;
}

static enum status watch_door(struct channel_server *server)
{
    int events = ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_ACCEPT_FAILED |
                 ZMQ_EVENT_DISCONNECTED | ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL |
                 ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL |
                 ZMQ_EVENT_HANDSHAKE_FAILED_AUTH;
    void *monitor;
    enum status status =
        channel_monitor_open(&monitor, server->context, server->socket, events);
    if (status != STATUS_OK)
        return status;
    status = zap_watch(server->zap, monitor);
    if (status != STATUS_OK)
        channel_monitor_stop(server->socket);
    return status;
}

static enum status bind_door(struct channel_server *server,
    const struct keypair *keys, const char *endpoint)
{
    server->socket = zmq_socket(server->context, ZMQ_ROUTER);
    if (server->socket == NULL)
        return STATUS_LIMIT_REACHED;
    enum status status =
        channel_set_server_options(server->socket, keys, endpoint);
    if (status == STATUS_OK)
        status = watch_door(server);
    if (status != STATUS_OK)
        return status;
    size_t size = sizeof server->endpoint;
    if (zmq_bind(server->socket, endpoint) != 0 ||
        zmq_getsockopt(
            server->socket, ZMQ_LAST_ENDPOINT, server->endpoint, &size) != 0)
        return channel_status_of_error();
    return STATUS_OK;
}

enum status channel_server_open(struct channel_server **out,
    const struct keypair *keys, const char *endpoint)
{
    *out = NULL;
    /* Only TCP is sealed: on inproc and ipc libzmq leaves CURVE and ZAP out,
     * or has no address to bind for other hosts. */
    if (strncmp(endpoint, "tcp://", 6) != 0)
        return STATUS_MALFORMED;
    struct channel_server *server = calloc(1, sizeof *server);
    if (server == NULL)
        return STATUS_NO_MEMORY;
    enum status status = start_zap(server);
    if (status == STATUS_OK)
        status = bind_door(server, keys, endpoint);
    if (status != STATUS_OK) {
        log_event(LOG_ERROR, "channel", "open", "endpoint=%s status=%s",
            endpoint, status_name(status));
        channel_server_close(server);
        return status;
    }
    *out = server;
    return STATUS_OK;
}

void channel_server_close(struct channel_server *server)
{
    if (server == NULL)
        return;
    /* The monitor's writer stops before its reader goes: libzmq's thread would
     * wait for ever for a reader that is gone. */
    if (server->socket != NULL)
        channel_monitor_stop(server->socket);
    channel_socket_close(server->socket);
    zap_stop(server->zap);
    channel_context_close(server->context);
    free(server);
}

const char *channel_server_endpoint(const struct channel_server *server)
{
    return server->endpoint;
}

enum status channel_server_enroll(struct channel_server *server,
    const struct channel_member *members, size_t count)
{
    return zap_enroll(server->zap, members, count);
}

void *channel_server_socket(struct channel_server *server)
{
    return server->socket;
}

uint64_t channel_server_dropped(const struct channel_server *server)
{
    return server->dropped;
}

void channel_server_count(
    const struct channel_server *server, struct channel_counts *counts)
{
    zap_count(server->zap, counts);
    counts->dropped = server->dropped;
}

/* The rest of a message of many frames; it arrived as a whole. */
static void skip_frames(void *socket)
{
    zmq_msg_t frame;
    zmq_msg_init(&frame);
    while (
        zmq_msg_recv(&frame, socket, ZMQ_DONTWAIT) >= 0 && zmq_msg_more(&frame))
        ;
    zmq_msg_close(&frame);
}

static enum status fill_route(
    struct channel_route *route, zmq_msg_t *id, const struct public_key *curve)
{
    size_t size = zmq_msg_size(id);
    if (size == 0 || size > sizeof route->bytes)
        return STATUS_TOO_LARGE;
    memset(route, 0, sizeof *route);
    memcpy(route->bytes, zmq_msg_data(id), size);
    route->size = (uint8_t)size;
    route->curve = *curve;
    return STATUS_OK;
}

/* Who sent it, where to answer, and what it says. */
static enum status judge(struct channel_server *server, zmq_msg_t *id,
    zmq_msg_t *payload, char user[CHANNEL_USER_MAX],
    struct channel_route *route, struct buffer *body)
{
    struct public_key curve;
    const char *user_id = zmq_msg_gets(payload, "User-Id");
    if (user_id == NULL)
        return STATUS_STRANGER;
    enum status status = zap_find_user(server->zap, &curve, user, user_id);
    if (status == STATUS_OK)
        status = fill_route(route, id, &curve);
    if (status == STATUS_OK &&
        zmq_msg_size(payload) > CHANNEL_SERVER_MESSAGE_MAX)
        status = STATUS_TOO_LARGE;
    buffer_clear(body);
    if (status == STATUS_OK)
        status =
            buffer_append(body, zmq_msg_data(payload), zmq_msg_size(payload));
    return status;
}

/* STATUS_NOT_FOUND when nothing waits; STATUS_MALFORMED for another number of
 * frames than an id and a payload. */
static enum status take_frames(void *socket, zmq_msg_t *id, zmq_msg_t *payload)
{
    int size;
    do
        size = zmq_msg_recv(id, socket, ZMQ_DONTWAIT);
    while (size < 0 && zmq_errno() == EINTR);
    if (size < 0)
        return zmq_errno() == EAGAIN ? STATUS_NOT_FOUND
                                     : channel_status_of_error();
    if (!zmq_msg_more(id) || zmq_msg_recv(payload, socket, ZMQ_DONTWAIT) < 0)
        return STATUS_MALFORMED;
    if (!zmq_msg_more(payload))
        return STATUS_OK;
    skip_frames(socket);
    return STATUS_MALFORMED;
}

enum status channel_server_receive(struct channel_server *server,
    char user[CHANNEL_USER_MAX], struct channel_route *route,
    struct buffer *body)
{
    enum status status = STATUS_MALFORMED;
    bool taken = true;
    for (int i = 0; i < DROPS_A_CALL && taken && status != STATUS_OK; i++) {
        zmq_msg_t id, payload;
        zmq_msg_init(&id);
        zmq_msg_init(&payload);
        status = take_frames(server->socket, &id, &payload);
        taken = status == STATUS_OK || status == STATUS_MALFORMED;
        if (status == STATUS_OK)
            status = judge(server, &id, &payload, user, route, body);
        if (taken && status != STATUS_OK)
            server->dropped++;
        zmq_msg_close(&payload);
        zmq_msg_close(&id);
    }
    /* After many drops: the loop asks again, for the socket stays readable. */
    return status == STATUS_OK || !taken ? status : STATUS_NOT_FOUND;
}

enum status channel_server_send(struct channel_server *server,
    const struct channel_route *route, struct view body)
{
    if (body.size > CHANNEL_CLIENT_MESSAGE_MAX)
        return STATUS_TOO_LARGE;
    /* A member that was removed hears nothing more. */
    if (!zap_is_enrolled(server->zap, &route->curve))
        return STATUS_NO_PEER;
    zmq_msg_t payload;
    if (zmq_msg_init_size(&payload, body.size) != 0)
        return STATUS_NO_MEMORY;
    if (body.size > 0)
        memcpy(zmq_msg_data(&payload), body.data, body.size);
    struct view id = {route->bytes, route->size};
    enum status status = channel_send_frame(server->socket, id, ZMQ_SNDMORE);
    if (status != STATUS_OK) {
        zmq_msg_close(&payload);
        return status;
    }
    int sent;
    do
        sent = zmq_msg_send(&payload, server->socket, ZMQ_DONTWAIT);
    while (sent < 0 && zmq_errno() == EINTR);
    if (sent >= 0)
        return STATUS_OK;
    status = channel_status_of_error();
    zmq_msg_close(&payload);
    return status;
}
