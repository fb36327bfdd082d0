#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>
#include <zmq.h>

#include "protocol/wire/channel.h"
#include "protocol/wire/channel_socket.h"
#include "protocol/wire/channel_trouble.h"
#include "protocol/wire/log.h"
#include "protocol/wire/loop.h"

/* libzmq tries again by itself when a connection cannot be made, each time
 * later. But it gives up for ever on a client that was refused or whose message
 * was too large, and starts over with its shortest interval when a handshake
 * broke off. So a connection that was lost or refused is dropped here, and made
 * anew after a back-off; only a good handshake makes that short again. */
#define RETRY_FIRST_MS 1000
#define RETRY_LAST_MS 60000
#define BROKEN_HANDSHAKES_MAX 3 /* that are left to libzmq */
#define HANDSHAKE_FAILURES                                                     \
    (ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL |                                    \
        ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH)

struct channel_client {
    void *context;
    void *socket;  /* DEALER */
    void *monitor; /* of the handshakes */
    char *endpoint;
    struct channel_trouble trouble;
    bool attached;        /* libzmq is connected or tries to */
    bool connected;       /* the handshake of this attachment went well */
    bool refused_unsaid;  /* the caller does not know of a refusal yet */
    unsigned failures;    /* handshakes, since the last good one */
    uint64_t handshakes;  /* good ones */
    uint64_t retry_at_ms; /* when not attached */
};

static enum status attach(struct channel_client *client)
{
    if (zmq_connect(client->socket, client->endpoint) != 0)
        return channel_status_of_error();
    client->attached = true;
    client->connected = false;
    channel_trouble_begin(&client->trouble, clock_monotonic_ms());
    return STATUS_OK;
}

static void detach(struct channel_client *client)
{
    if (client->attached)
        zmq_disconnect(client->socket, client->endpoint);
    client->attached = false;
}

/* Between half of the doubled interval and all of it. */
static uint64_t back_off_ms(unsigned failures)
{
    unsigned doublings = failures > 7 ? 6 : failures - 1;
    uint32_t interval = (uint32_t)RETRY_FIRST_MS << doublings;
    if (interval > RETRY_LAST_MS)
        interval = RETRY_LAST_MS;
    return interval / 2 + randombytes_uniform(interval / 2 + 1);
}

static void note_failure(struct channel_client *client, bool refused)
{
    if (client->failures < UINT_MAX)
        client->failures++;
    if (refused)
        client->refused_unsaid = true;
    if (!refused && client->failures < BROKEN_HANDSHAKES_MAX)
        return;
    detach(client);
    client->retry_at_ms = clock_monotonic_ms() + back_off_ms(client->failures);
}

static void note_success(struct channel_client *client)
{
    client->failures = 0;
    client->connected = true;
    client->handshakes++;
    client->refused_unsaid = false;
}

/* After a message above the limit libzmq ends the connection and does not try
 * again, unlike after any other loss; so every loss is taken over. What is lost
 * before the handshake is a connection that was given up here. */
static void note_loss(struct channel_client *client)
{
    if (!client->attached || !client->connected)
        return;
    detach(client);
    client->retry_at_ms =
        clock_monotonic_ms() + 100 + randombytes_uniform(RETRY_FIRST_MS / 2);
}

void channel_client_tend(struct channel_client *client)
{
    int event;
    uint32_t value;
    while (channel_monitor_next(client->monitor, &event, &value)) {
        channel_trouble_take(
            &client->trouble, event, client->endpoint, clock_monotonic_ms());
        if (event == ZMQ_EVENT_HANDSHAKE_SUCCEEDED)
            note_success(client);
        else if (event == ZMQ_EVENT_DISCONNECTED)
            note_loss(client);
        else if ((event & HANDSHAKE_FAILURES) != 0)
            note_failure(client, event == ZMQ_EVENT_HANDSHAKE_FAILED_AUTH);
    }
    channel_trouble_take(
        &client->trouble, 0, client->endpoint, clock_monotonic_ms());
    if (!client->attached && clock_monotonic_ms() >= client->retry_at_ms &&
        attach(client) != STATUS_OK)
        client->retry_at_ms = clock_monotonic_ms() + RETRY_FIRST_MS;
}

static enum status open_socket(struct channel_client *client,
    const struct keypair *keys, const struct public_key *server)
{
    int events = ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_DISCONNECTED |
                 HANDSHAKE_FAILURES | ZMQ_EVENT_CONNECT_DELAYED |
                 ZMQ_EVENT_CONNECTED | ZMQ_EVENT_CONNECT_RETRIED |
                 ZMQ_EVENT_CLOSED;
    if (!zmq_has("curve"))
        return STATUS_INTERNAL;
    client->context = zmq_ctx_new();
    if (client->context == NULL)
        return STATUS_LIMIT_REACHED;
    client->socket = zmq_socket(client->context, ZMQ_DEALER);
    if (client->socket == NULL)
        return STATUS_LIMIT_REACHED;
    enum status status = channel_set_client_options(
        client->socket, keys, server, client->endpoint);
    if (status == STATUS_OK)
        status = channel_monitor_open(
            &client->monitor, client->context, client->socket, events);
    return status == STATUS_OK ? attach(client) : status;
}

enum status channel_client_open(struct channel_client **out,
    const struct keypair *keys, const struct public_key *server,
    const char *endpoint)
{
    *out = NULL;
    /* inproc and ipc would be neither sealed nor authenticated. */
    if (strncmp(endpoint, "tcp://", 6) != 0)
        return STATUS_MALFORMED;
    struct channel_client *client = calloc(1, sizeof *client);
    if (client == NULL)
        return STATUS_NO_MEMORY;
    client->endpoint = strdup(endpoint);
    enum status status = client->endpoint == NULL
                             ? STATUS_NO_MEMORY
                             : open_socket(client, keys, server);
    if (status != STATUS_OK) {
        log_event(LOG_ERROR, "channel", "connect", "endpoint=%s status=%s",
            endpoint, status_name(status));
        channel_client_close(client);
        return status;
    }
    *out = client;
    return STATUS_OK;
}

void channel_client_close(struct channel_client *client)
{
    if (client == NULL)
        return;
    if (client->socket != NULL)
        channel_monitor_stop(client->socket);
    channel_socket_close(client->monitor);
    channel_socket_close(client->socket);
    channel_context_close(client->context);
    free(client->endpoint);
    free(client);
}

void *channel_client_socket(struct channel_client *client)
{
    return client->socket;
}

/* Says so once, so that a caller who goes on trying can. */
static bool take_refusal(struct channel_client *client)
{
    bool unsaid = client->refused_unsaid;
    client->refused_unsaid = false;
    return unsaid;
}

enum status channel_client_send(struct channel_client *client, struct view body)
{
    if (body.size > CHANNEL_SERVER_MESSAGE_MAX)
        return STATUS_TOO_LARGE;
    channel_client_tend(client);
    enum status status = channel_send_frame(client->socket, body, 0);
    if (status == STATUS_BUSY && take_refusal(client))
        return STATUS_STRANGER;
    return status;
}

/* One message; STATUS_NOT_FOUND when none waits, STATUS_MALFORMED for one of
 * many frames or too large, which is gone. */
static enum status take_message(
    struct channel_client *client, struct buffer *body)
{
    zmq_msg_t payload;
    zmq_msg_init(&payload);
    int size;
    do
        size = zmq_msg_recv(&payload, client->socket, ZMQ_DONTWAIT);
    while (size < 0 && zmq_errno() == EINTR);
    enum status status = STATUS_OK;
    if (size < 0) {
        status = zmq_errno() == EAGAIN ? STATUS_NOT_FOUND
                                       : channel_status_of_error();
    } else if (zmq_msg_more(&payload) ||
               size > (int)CHANNEL_CLIENT_MESSAGE_MAX) {
        status = STATUS_MALFORMED;
    }
    buffer_clear(body);
    if (status == STATUS_OK)
        status = buffer_append(body, zmq_msg_data(&payload), (size_t)size);
    while (size >= 0 && zmq_msg_more(&payload))
        size = zmq_msg_recv(&payload, client->socket, ZMQ_DONTWAIT);
    zmq_msg_close(&payload);
    return status;
}

enum status channel_client_receive(
    struct channel_client *client, struct buffer *body)
{
    channel_client_tend(client);
    enum status status;
    do
        status = take_message(client, body);
    while (status == STATUS_MALFORMED);
    return status;
}

/* Waits for the socket's events, the next handshake, the next retry or the
 * end; *ready says if it was the socket. */
static enum status wait_for(
    struct channel_client *client, short events, uint64_t end_ms, bool *ready)
{
    *ready = false;
    channel_client_tend(client);
    uint64_t now = clock_monotonic_ms();
    uint64_t until = end_ms;
    if (!client->attached && client->retry_at_ms < until)
        until = client->retry_at_ms;
    zmq_pollitem_t items[] = {
        {client->socket, 0, events, 0}, {client->monitor, 0, ZMQ_POLLIN, 0}};
    int woken = zmq_poll(items, 2, until > now ? (long)(until - now) : 0);
    if (woken < 0 && zmq_errno() != EINTR)
        return channel_status_of_error();
    *ready = woken > 0 && items[0].revents != 0;
    if (*ready)
        return STATUS_OK;
    channel_client_tend(client);
    if (take_refusal(client))
        return STATUS_STRANGER;
    return clock_monotonic_ms() < end_ms ? STATUS_OK : STATUS_TIMED_OUT;
}

static uint64_t end_of(int timeout_ms)
{
    return clock_monotonic_ms() + (timeout_ms > 0 ? (uint64_t)timeout_ms : 0);
}

enum status channel_client_wait(
    struct channel_client *client, struct buffer *body, int timeout_ms)
{
    uint64_t end = end_of(timeout_ms);
    for (;;) {
        enum status status = channel_client_receive(client, body);
        if (status != STATUS_NOT_FOUND)
            return status;
        bool ready;
        status = wait_for(client, ZMQ_POLLIN, end, &ready);
        if (status != STATUS_OK)
            return status;
    }
}

enum status channel_client_ready(struct channel_client *client, int timeout_ms)
{
    uint64_t end = end_of(timeout_ms);
    bool ready = false;
    enum status status = STATUS_OK;
    while (status == STATUS_OK && !ready)
        status = wait_for(client, ZMQ_POLLOUT, end, &ready);
    return status;
}

enum status channel_client_reconnect(struct channel_client *client)
{
    detach(client);
    return attach(client);
}

/* Options are those of the next connection. */
enum status channel_client_move(struct channel_client *client,
    const struct public_key *server, const char *endpoint)
{
    if (strncmp(endpoint, "tcp://", 6) != 0)
        return STATUS_MALFORMED;
    char *copy = strdup(endpoint);
    if (copy == NULL)
        return STATUS_NO_MEMORY;
    detach(client);
    free(client->endpoint);
    client->endpoint = copy;
    client->failures = 0;
    client->trouble = (struct channel_trouble){
        .state = CHANNEL_CONNECTING, .since_ms = clock_monotonic_ms()};
    enum status status =
        channel_set_server_of_client(client->socket, server, endpoint);
    return status == STATUS_OK ? attach(client) : status;
}

enum channel_state channel_client_state(
    struct channel_client *client, uint64_t *since_ms)
{
    channel_client_tend(client);
    *since_ms = client->trouble.since_ms;
    return client->trouble.state;
}

uint64_t channel_client_handshakes(struct channel_client *client)
{
    channel_client_tend(client);
    return client->handshakes;
}
