#include "protocol/wire/channel_proof.h"

#include <string.h>

#include <zmq.h>

#include "protocol/wire/channel_socket.h"
#include "protocol/wire/log.h"
#include "protocol/wire/loop.h"

#define ENDPOINT_MAX 64

struct proof {
    void *context;
    struct zap *zap;
    struct keypair *server;
    void *door;    /* ROUTER */
    void *monitor; /* of the door */
    char endpoint[ENDPOINT_MAX];
    int timeout_ms;
};

static enum status open_door(struct proof *proof)
{
    static const char any[] = "tcp://127.0.0.1:*";
    int events =
        ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH;
    enum status status = keypair_create(&proof->server, "proof");
    if (status != STATUS_OK)
        return status;
    proof->door = zmq_socket(proof->context, ZMQ_ROUTER);
    if (proof->door == NULL)
        return STATUS_LIMIT_REACHED;
    status = channel_set_server_options(proof->door, proof->server, any);
    if (status == STATUS_OK)
        status = channel_monitor_open(
            &proof->monitor, proof->context, proof->door, events);
    if (status != STATUS_OK)
        return status;
    size_t size = sizeof proof->endpoint;
    if (zmq_bind(proof->door, any) != 0 ||
        zmq_getsockopt(
            proof->door, ZMQ_LAST_ENDPOINT, proof->endpoint, &size) != 0)
        return channel_status_of_error();
    return STATUS_OK;
}

static void close_door(struct proof *proof)
{
    if (proof->door != NULL)
        channel_monitor_stop(proof->door);
    channel_socket_close(proof->door);
    channel_socket_close(proof->monitor);
    keypair_destroy(proof->server);
}

/* A visitor's DEALER at the door; it waits for nothing when it is closed. */
static enum status visit(
    struct proof *proof, void **out, const struct keypair *keys)
{
    void *visitor = zmq_socket(proof->context, ZMQ_DEALER);
    *out = visitor;
    if (visitor == NULL)
        return STATUS_LIMIT_REACHED;
    enum status status = channel_set_client_options(visitor, keys,
        &keypair_identity(proof->server)->curve, proof->endpoint);
    if (status != STATUS_OK)
        return status;
    int none = 0;
    zmq_setsockopt(visitor, ZMQ_LINGER, &none, sizeof none);
    zmq_setsockopt(visitor, ZMQ_SNDTIMEO, &proof->timeout_ms, sizeof(int));
    return zmq_connect(visitor, proof->endpoint) == 0
               ? STATUS_OK
               : channel_status_of_error();
}

/* ZAP's refusal is an event of its own: an error of the handshake, or silence,
 * proves nothing about ZAP. */
static enum status await_refusal(struct proof *proof)
{
    uint64_t end = clock_monotonic_ms() + (uint64_t)proof->timeout_ms;
    for (;;) {
        int event;
        uint32_t value;
        if (channel_monitor_next(proof->monitor, &event, &value))
            return event == ZMQ_EVENT_HANDSHAKE_FAILED_AUTH ? STATUS_OK
                                                            : STATUS_STRANGER;
        uint64_t now = clock_monotonic_ms();
        if (now >= end)
            return STATUS_STRANGER;
        zmq_pollitem_t item = {proof->monitor, 0, ZMQ_POLLIN, 0};
        zmq_poll(&item, 1, (long)(end - now));
    }
}

static enum status check_stranger(struct proof *proof)
{
    struct keypair *keys = NULL;
    void *visitor = NULL;
    enum status status = keypair_create(&keys, "stranger");
    if (status == STATUS_OK)
        status = visit(proof, &visitor, keys);
    if (status == STATUS_OK)
        status = await_refusal(proof);
    channel_socket_close(visitor);
    keypair_destroy(keys);
    return status;
}

/* Takes the member's message and checks whom ZAP says it is from. */
static enum status check_message(
    struct proof *proof, const struct channel_member *member)
{
    enum status status = STATUS_STRANGER;
    zmq_msg_t route, payload;
    zmq_msg_init(&route);
    zmq_msg_init(&payload);
    zmq_pollitem_t item = {proof->door, 0, ZMQ_POLLIN, 0};
    if (zmq_poll(&item, 1, proof->timeout_ms) == 1 &&
        zmq_msg_recv(&route, proof->door, ZMQ_DONTWAIT) >= 0 &&
        zmq_msg_recv(&payload, proof->door, ZMQ_DONTWAIT) >= 0) {
        struct public_key key;
        char user[CHANNEL_USER_MAX];
        const char *user_id = zmq_msg_gets(&payload, "User-Id");
        if (user_id != NULL)
            status = zap_find_user(proof->zap, &key, user, user_id);
        if (status == STATUS_OK && !public_key_equal(&key, &member->curve))
            status = STATUS_STRANGER;
    }
    zmq_msg_close(&payload);
    zmq_msg_close(&route);
    return status;
}

static enum status check_member(struct proof *proof)
{
    struct keypair *keys = NULL;
    void *visitor = NULL;
    struct channel_member member = {.user = "proof"};
    enum status status = keypair_create(&keys, "member");
    if (status != STATUS_OK)
        return status;
    member.curve = keypair_identity(keys)->curve;
    status = zap_enroll(proof->zap, &member, 1);
    if (status == STATUS_OK)
        status = visit(proof, &visitor, keys);
    if (status == STATUS_OK) {
        int sent = zmq_send(visitor, "proof", strlen("proof"), 0);
        status = sent < 0 ? STATUS_STRANGER : check_message(proof, &member);
    }
    channel_socket_close(visitor);
    keypair_destroy(keys);
    enum status emptied = zap_enroll(proof->zap, NULL, 0);
    return status == STATUS_OK ? emptied : status;
}

enum status channel_prove(void *context, struct zap *zap, int timeout_ms)
{
    struct proof proof = {
        .context = context, .zap = zap, .timeout_ms = timeout_ms};
    const char *step = "door";
    enum status status = open_door(&proof);
    if (status == STATUS_OK) {
        step = "stranger";
        status = check_stranger(&proof);
    }
    if (status == STATUS_OK) {
        step = "member";
        status = check_member(&proof);
    }
    close_door(&proof);
    if (status != STATUS_OK)
        log_event(LOG_ERROR, "channel", "proof-failed", "step=%s status=%s",
            step, status_name(status));
    return status;
}
