#include "tests/unit/channel_fixture.h"

#include <zmq.h>

#include "protocol/wire/loop.h"
#include "tests/unit/test.h"

int world_setup(void **state)
{
    static const char *const names[CENTERS] = {"anna", "bert"};
    struct world *world = calloc(1, sizeof *world);
    *state = world;
    if (world == NULL || keys_start() != STATUS_OK)
        return -1;
    buffer_init(&world->body, BUFFER_LIMIT_DEFAULT);
    world->context = zmq_ctx_new();
    if (keypair_create(&world->office, "office") != STATUS_OK ||
        keypair_create(&world->stranger, "stranger") != STATUS_OK)
        return -1;
    for (int i = 0; i < CENTERS; i++) {
        struct channel_member *member = &world->members[i];
        if (keypair_create(&world->centers[i], names[i]) != STATUS_OK)
            return -1;
        member->curve = keypair_identity(world->centers[i])->curve;
        snprintf(member->user, sizeof member->user, "center:%s", names[i]);
    }
    if (channel_server_open(
            &world->server, world->office, "tcp://127.0.0.1:*") != STATUS_OK)
        return -1;
    return channel_server_enroll(world->server, world->members, CENTERS) ==
                   STATUS_OK
               ? 0
               : -1;
}

int world_teardown(void **state)
{
    struct world *world = *state;
    channel_server_close(world->server);
    zmq_ctx_term(world->context);
    for (int i = 0; i < CENTERS; i++)
        keypair_destroy(world->centers[i]);
    keypair_destroy(world->stranger);
    keypair_destroy(world->office);
    buffer_fini(&world->body);
    free(world);
    return 0;
}

bool world_receive(struct world *world, int timeout_ms)
{
    uint64_t end = clock_monotonic_ms() + (uint64_t)timeout_ms;
    for (;;) {
        enum status status = channel_server_receive(
            world->server, world->user, &world->route, &world->body);
        if (status == STATUS_OK)
            return true;
        assert_int_equal(status, STATUS_NOT_FOUND);
        uint64_t now = clock_monotonic_ms();
        if (now >= end)
            return false;
        zmq_pollitem_t item = {
            channel_server_socket(world->server), 0, ZMQ_POLLIN, 0};
        zmq_poll(&item, 1, (long)(end - now));
    }
}

void world_expect(struct world *world, const char *user, const char *text)
{
    assert_true(world_receive(world, SOON_MS));
    assert_string_equal(world->user, user);
    assert_string_equal(buffer_text(&world->body), text);
}

void world_expect_nothing(struct world *world)
{
    assert_false(world_receive(world, NEVER_MS));
}

struct channel_client *world_client(
    struct world *world, const struct keypair *keys)
{
    struct channel_client *client;
    assert_int_equal(channel_client_open(&client, keys,
                         &keypair_identity(world->office)->curve,
                         channel_server_endpoint(world->server)),
        STATUS_OK);
    return client;
}

void client_say(struct channel_client *client, const char *text)
{
    assert_int_equal(channel_client_ready(client, SOON_MS), STATUS_OK);
    assert_int_equal(
        channel_client_send(client, view_of_text(text)), STATUS_OK);
}

void client_expect(struct channel_client *client, const char *text)
{
    struct buffer body;
    buffer_init(&body, BUFFER_LIMIT_DEFAULT);
    assert_int_equal(channel_client_wait(client, &body, SOON_MS), STATUS_OK);
    assert_string_equal(buffer_text(&body), text);
    buffer_fini(&body);
}

void *world_raw(struct world *world, const struct keypair *keys, const void *id,
    size_t size)
{
    int none = 0, soon = SOON_MS;
    void *socket = zmq_socket(world->context, ZMQ_DEALER);
    assert_non_null(socket);
    zmq_setsockopt(socket, ZMQ_LINGER, &none, sizeof none);
    zmq_setsockopt(socket, ZMQ_SNDTIMEO, &soon, sizeof soon);
    zmq_setsockopt(socket, ZMQ_RCVTIMEO, &soon, sizeof soon);
    if (size > 0)
        assert_int_equal(zmq_setsockopt(socket, ZMQ_ROUTING_ID, id, size), 0);
    if (keys != NULL) {
        zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY,
            keypair_identity(world->office)->curve.bytes, KEY_BYTES);
        zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY,
            keypair_identity(keys)->curve.bytes, KEY_BYTES);
        zmq_setsockopt(
            socket, ZMQ_CURVE_SECRETKEY, keypair_curve_secret(keys), KEY_BYTES);
    }
    assert_int_equal(
        zmq_connect(socket, channel_server_endpoint(world->server)), 0);
    return socket;
}
