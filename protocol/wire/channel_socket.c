#include "protocol/wire/channel_socket.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <sodium.h>
#include <zmq.h>

/* libzmq keeps it among its drafts and out of zmq.h, but the library knows it.
 * Without it a server lets everyone in when ZAP does not answer. */
#ifndef ZMQ_ZAP_ENFORCE_DOMAIN
#define ZMQ_ZAP_ENFORCE_DOMAIN 93
#endif

/* What CURVE adds to a message: command name, nonce, flags and box. The limit
 * is on plain bytes; libzmq counts sealed ones. */
#define CURVE_OVERHEAD 64
#define LINGER_MS 2000
#define RECONNECT_FIRST_MS 100
#define RECONNECT_LAST_MS 60000

struct option {
    int name;
    int value;
};

static enum status set_option(
    void *socket, int name, const void *value, size_t size)
{
    return zmq_setsockopt(socket, name, value, size) == 0 ? STATUS_OK
                                                          : STATUS_INTERNAL;
}

static enum status set_options(
    void *socket, const struct option *options, size_t count)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; i < count && status == STATUS_OK; i++)
        status = set_option(socket, options[i].name, &options[i].value,
            sizeof options[i].value);
    return status;
}

/* What both ends have. No ZMTP heartbeats: with a bounded queue they can end
 * the process (libzmq issue 3937); PING and PONG are messages of ours. */
static enum status set_common_options(
    void *socket, const char *endpoint, size_t message_max)
{
    const struct option options[] = {
        {ZMQ_LINGER, LINGER_MS},
        {ZMQ_HANDSHAKE_IVL, 5000},
        {ZMQ_HEARTBEAT_IVL, 0},
        {ZMQ_SNDHWM, 64},
        {ZMQ_RCVHWM, 256},
        {ZMQ_IPV6, strchr(endpoint, '[') != NULL},
        /* Firewalls forget flows that are silent for a few minutes. */
        {ZMQ_TCP_KEEPALIVE, 1},
        {ZMQ_TCP_KEEPALIVE_IDLE, 60},
        {ZMQ_TCP_KEEPALIVE_INTVL, 15},
        {ZMQ_TCP_KEEPALIVE_CNT, 4},
    };
    enum status status =
        set_options(socket, options, sizeof options / sizeof *options);
    /* Holds before the handshake too: a stranger's declared length must not
     * make us allocate. */
    int64_t limit = (int64_t)message_max + CURVE_OVERHEAD;
    if (status == STATUS_OK)
        status = set_option(socket, ZMQ_MAXMSGSIZE, &limit, sizeof limit);
    return status;
}

enum status channel_set_server_options(
    void *socket, const struct keypair *keys, const char *endpoint)
{
    const struct option options[] = {
        {ZMQ_CURVE_SERVER, 1},
        {ZMQ_ZAP_ENFORCE_DOMAIN, 1},
        {ZMQ_ROUTER_MANDATORY, 1},
        /* An enrolled peer may claim any routing id; it must not take a
         * living connection from another. */
        {ZMQ_ROUTER_HANDOVER, 0},
        {ZMQ_BACKLOG, 512},
    };
    enum status status =
        set_common_options(socket, endpoint, CHANNEL_SERVER_MESSAGE_MAX);
    if (status == STATUS_OK)
        status = set_option(
            socket, ZMQ_ZAP_DOMAIN, CHANNEL_DOMAIN, strlen(CHANNEL_DOMAIN));
    if (status == STATUS_OK)
        status = set_options(socket, options, sizeof options / sizeof *options);
    if (status == STATUS_OK)
        status = set_option(
            socket, ZMQ_CURVE_SECRETKEY, keypair_curve_secret(keys), KEY_BYTES);
    return status;
}

enum status channel_set_server_of_client(
    void *socket, const struct public_key *server, const char *endpoint)
{
    int ipv6 = strchr(endpoint, '[') != NULL;
    enum status status = set_option(socket, ZMQ_IPV6, &ipv6, sizeof ipv6);
    return status == STATUS_OK ? set_option(socket, ZMQ_CURVE_SERVERKEY,
                                     server->bytes, KEY_BYTES)
                               : status;
}

enum status channel_set_client_options(void *socket, const struct keypair *keys,
    const struct public_key *server, const char *endpoint)
{
    /* A thousand nodes that lose one coordinator must not come back in step:
     * each doubles from another first interval to another last one. */
    int first = RECONNECT_FIRST_MS + (int)randombytes_uniform(100);
    int last =
        RECONNECT_LAST_MS / 2 + (int)randombytes_uniform(RECONNECT_LAST_MS / 2);
    const struct option options[] = {
        {ZMQ_IMMEDIATE, 1}, /* no queue to a peer that is not there */
        {ZMQ_CONNECT_TIMEOUT, 10000},
        {ZMQ_RECONNECT_IVL, first},
        {ZMQ_RECONNECT_IVL_MAX, last},
    };
    enum status status =
        set_common_options(socket, endpoint, CHANNEL_CLIENT_MESSAGE_MAX);
    if (status == STATUS_OK)
        status = set_options(socket, options, sizeof options / sizeof *options);
    if (status == STATUS_OK)
        status =
            set_option(socket, ZMQ_CURVE_SERVERKEY, server->bytes, KEY_BYTES);
    if (status == STATUS_OK)
        status = set_option(socket, ZMQ_CURVE_PUBLICKEY,
            keypair_identity(keys)->curve.bytes, KEY_BYTES);
    if (status == STATUS_OK)
        status = set_option(
            socket, ZMQ_CURVE_SECRETKEY, keypair_curve_secret(keys), KEY_BYTES);
    return status;
}

enum status channel_status_of_error(void)
{
    switch (zmq_errno()) {
    case EAGAIN:
    case EADDRINUSE: return STATUS_BUSY;
    case EHOSTUNREACH: return STATUS_NO_PEER;
    case EINVAL:
    case EPROTONOSUPPORT: return STATUS_MALFORMED;
    case ENOMEM: return STATUS_NO_MEMORY;
    case EMFILE: return STATUS_LIMIT_REACHED;
    default: return STATUS_IO;
    }
}

void channel_socket_close(void *socket)
{
    if (socket != NULL)
        zmq_close(socket);
}

void channel_context_close(void *context)
{
    if (context == NULL)
        return;
    while (zmq_ctx_term(context) != 0 && zmq_errno() == EINTR)
        ;
}

enum status channel_send_frame(void *socket, struct view bytes, int flags)
{
    int sent;
    do
        sent = zmq_send(socket, bytes.data, bytes.size, flags | ZMQ_DONTWAIT);
    while (sent < 0 && zmq_errno() == EINTR);
    return sent < 0 ? channel_status_of_error() : STATUS_OK;
}

enum status channel_monitor_open(
    void **out, void *context, void *socket, int events)
{
    *out = NULL;
    char name[64];
    snprintf(name, sizeof name, "inproc://cohortium-monitor-%" PRIxPTR,
        (uintptr_t)socket);
    void *monitor = zmq_socket(context, ZMQ_PAIR);
    if (monitor == NULL)
        return STATUS_LIMIT_REACHED;
    int none = 0;
    if (zmq_setsockopt(monitor, ZMQ_RCVHWM, &none, sizeof none) == 0 &&
        zmq_setsockopt(monitor, ZMQ_LINGER, &none, sizeof none) == 0 &&
        zmq_socket_monitor(socket, name, events) == 0) {
        if (zmq_connect(monitor, name) == 0) {
            *out = monitor;
            return STATUS_OK;
        }
        channel_monitor_stop(socket);
    }
    zmq_close(monitor);
    return STATUS_INTERNAL;
}

void channel_monitor_stop(void *socket)
{
    zmq_socket_monitor(socket, NULL, 0);
}

bool channel_monitor_next(void *monitor, int *event, uint32_t *value)
{
    /* Two frames: event and value in host order; then the endpoint. */
    uint8_t head[6];
    uint16_t number;
    int size = zmq_recv(monitor, head, sizeof head, ZMQ_DONTWAIT);
    if (size < 0)
        return false;
    char endpoint[1];
    zmq_recv(monitor, endpoint, sizeof endpoint, ZMQ_DONTWAIT);
    if (size < (int)sizeof head)
        return false;
    memcpy(&number, head, sizeof number);
    memcpy(value, head + sizeof number, sizeof *value);
    *event = number;
    return true;
}
