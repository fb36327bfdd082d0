/* Messages between a server and clients that are let in. */
#include <zmq.h>

#include "protocol/wire/loop.h"
#include "tests/unit/channel_fixture.h"
#include "tests/unit/test.h"

static void test_server_receive_member_is_known_by_its_key(void **state)
{
    struct world *world = *state;
    struct channel_client *anna = world_client(world, world->centers[ANNA]);
    struct channel_client *bert = world_client(world, world->centers[BERT]);
    client_say(anna, "of anna");
    world_expect(world, "center:anna", "of anna");
    struct channel_route route = world->route;
    client_say(bert, "of bert");
    world_expect(world, "center:bert", "of bert");
    assert_int_equal(channel_server_send(
                         world->server, &world->route, view_of_text("to bert")),
        STATUS_OK);
    assert_int_equal(
        channel_server_send(world->server, &route, view_of_text("to anna")),
        STATUS_OK);
    client_expect(bert, "to bert");
    client_expect(anna, "to anna");
    assert_int_equal(channel_server_dropped(world->server), 0);
    channel_client_close(anna);
    channel_client_close(bert);
}

static void test_server_receive_nothing_waits_is_not_found(void **state)
{
    struct world *world = *state;
    assert_int_equal(channel_server_receive(world->server, world->user,
                         &world->route, &world->body),
        STATUS_NOT_FOUND);
}

static void test_client_send_unconnected_is_busy(void **state)
{
    struct world *world = *state;
    struct channel_client *client;
    /* Port 1 of the loopback: nobody is there. */
    assert_int_equal(
        channel_client_open(&client, world->centers[ANNA],
            &keypair_identity(world->office)->curve, "tcp://127.0.0.1:1"),
        STATUS_OK);
    assert_int_equal(
        channel_client_send(client, view_of_text("hello")), STATUS_BUSY);
    assert_int_equal(channel_client_ready(client, 20), STATUS_TIMED_OUT);
    assert_int_equal(
        channel_client_wait(client, &world->body, 20), STATUS_TIMED_OUT);
    channel_client_close(client);
}

static void test_open_endpoint_that_is_not_tcp_is_malformed(void **state)
{
    struct world *world = *state;
    static const char *const endpoints[] = {
        "inproc://x", "ipc:///tmp/x", "tcp:/127.0.0.1:1", "", "tcp://nowhere"};
    for (size_t i = 0; i < sizeof endpoints / sizeof *endpoints; i++) {
        struct channel_server *server;
        struct channel_client *client;
        assert_int_equal(
            channel_server_open(&server, world->office, endpoints[i]),
            STATUS_MALFORMED);
        assert_null(server);
        assert_int_equal(
            channel_client_open(&client, world->centers[ANNA],
                &keypair_identity(world->office)->curve, endpoints[i]),
            STATUS_MALFORMED);
        assert_null(client);
    }
}

static void test_server_open_taken_port_is_busy(void **state)
{
    struct world *world = *state;
    struct channel_server *second;
    assert_int_equal(channel_server_open(&second, world->office,
                         channel_server_endpoint(world->server)),
        STATUS_BUSY);
    assert_null(second);
}

/* The largest message goes both ways; one byte more is kept back by us. */
static void test_send_largest_message_arrives_and_larger_does_not(void **state)
{
    struct world *world = *state;
    size_t size = CHANNEL_SERVER_MESSAGE_MAX;
    uint8_t *bytes = calloc(1, size + 1);
    assert_non_null(bytes);
    struct channel_client *anna = world_client(world, world->centers[ANNA]);
    assert_int_equal(channel_client_ready(anna, SOON_MS), STATUS_OK);
    assert_int_equal(channel_client_send(anna, (struct view){bytes, size + 1}),
        STATUS_TOO_LARGE);
    assert_int_equal(
        channel_client_send(anna, (struct view){bytes, size}), STATUS_OK);
    assert_true(world_receive(world, SOON_MS));
    assert_int_equal(world->body.size, size);
    assert_int_equal(channel_server_send(world->server, &world->route,
                         (struct view){bytes, size + 1}),
        STATUS_TOO_LARGE);
    assert_int_equal(channel_server_send(world->server, &world->route,
                         (struct view){bytes, size}),
        STATUS_OK);
    assert_int_equal(
        channel_client_wait(anna, &world->body, SOON_MS), STATUS_OK);
    assert_int_equal(world->body.size, size);
    channel_client_close(anna);
    free(bytes);
}

static void test_server_receive_one_byte_too_large_is_dropped(void **state)
{
    struct world *world = *state;
    size_t size = CHANNEL_SERVER_MESSAGE_MAX + 1;
    char *bytes = calloc(1, size);
    assert_non_null(bytes);
    void *anna = world_raw(world, world->centers[ANNA], NULL, 0);
    assert_int_equal(zmq_send(anna, bytes, size, 0), (int)size);
    assert_int_equal(zmq_send(anna, "next", 4, 0), 4);
    world_expect(world, "center:anna", "next");
    assert_int_equal(channel_server_dropped(world->server), 1);
    zmq_close(anna);
    free(bytes);
}

static void test_server_receive_far_too_large_harms_no_other(void **state)
{
    struct world *world = *state;
    size_t size = CHANNEL_SERVER_MESSAGE_MAX * 2;
    char *bytes = calloc(1, size);
    assert_non_null(bytes);
    struct channel_client *bert = world_client(world, world->centers[BERT]);
    client_say(bert, "before");
    world_expect(world, "center:bert", "before");
    void *anna = world_raw(world, world->centers[ANNA], NULL, 0);
    assert_int_equal(zmq_send(anna, bytes, size, 0), (int)size);
    world_expect_nothing(world);
    client_say(bert, "after");
    world_expect(world, "center:bert", "after");
    assert_int_equal(channel_client_handshakes(bert), 1);
    /* libzmq ended the connection; we never saw the message. */
    assert_int_equal(channel_server_dropped(world->server), 0);
    zmq_close(anna);
    channel_client_close(bert);
    free(bytes);
}

static void test_server_receive_many_frames_are_dropped(void **state)
{
    struct world *world = *state;
    void *anna = world_raw(world, world->centers[ANNA], NULL, 0);
    for (int frames = 2; frames < 6; frames++) {
        for (int i = 1; i < frames; i++)
            assert_int_equal(zmq_send(anna, "part", 4, ZMQ_SNDMORE), 4);
        assert_int_equal(zmq_send(anna, "last", 4, 0), 4);
    }
    assert_int_equal(zmq_send(anna, "", 0, ZMQ_SNDMORE), 0);
    assert_int_equal(zmq_send(anna, "of a REQ", 8, 0), 8);
    assert_int_equal(zmq_send(anna, "whole", 5, 0), 5);
    world_expect(world, "center:anna", "whole");
    assert_int_equal(channel_server_dropped(world->server), 5);
    zmq_close(anna);
}

/* A flood of what is dropped does not keep receive from returning, and what
 * follows it still arrives. */
static void test_server_receive_returns_amid_a_flood_of_drops(void **state)
{
    struct world *world = *state;
    void *anna = world_raw(world, world->centers[ANNA], NULL, 0);
    for (int i = 0; i < 200; i++) {
        assert_int_equal(zmq_send(anna, "a", 1, ZMQ_SNDMORE), 1);
        assert_int_equal(zmq_send(anna, "b", 1, 0), 1);
    }
    assert_int_equal(zmq_send(anna, "whole", 5, 0), 5);
    world_expect(world, "center:anna", "whole");
    assert_int_equal(channel_server_dropped(world->server), 200);
    zmq_close(anna);
}

static void test_client_receive_drops_what_is_not_one_frame(void **state)
{
    struct world *world = *state;
    struct channel_client *anna = world_client(world, world->centers[ANNA]);
    client_say(anna, "hello");
    world_expect(world, "center:anna", "hello");
    void *router = channel_server_socket(world->server);
    zmq_send(router, world->route.bytes, world->route.size, ZMQ_SNDMORE);
    zmq_send(router, "two", 3, ZMQ_SNDMORE);
    zmq_send(router, "frames", 6, 0);
    channel_server_send(world->server, &world->route, view_of_text("one"));
    client_expect(anna, "one");
    channel_client_close(anna);
}

static void test_server_receive_claimed_id_is_still_the_keys_user(void **state)
{
    struct world *world = *state;
    void *anna = world_raw(world, world->centers[ANNA], "bert", 4);
    assert_int_equal(zmq_send(anna, "I am bert", 9, 0), 9);
    world_expect(world, "center:anna", "I am bert");
    assert_int_equal(world->route.size, 4);
    zmq_close(anna);
}

static void test_server_send_claimed_id_twice_stays_with_the_first(void **state)
{
    struct world *world = *state;
    char text[8] = "";
    int soon = NEVER_MS;
    void *bert = world_raw(world, world->centers[BERT], "here", 4);
    assert_int_equal(zmq_send(bert, "mine", 4, 0), 4);
    world_expect(world, "center:bert", "mine");
    void *anna = world_raw(world, world->centers[ANNA], "here", 4);
    assert_int_equal(zmq_send(anna, "mine!", 5, 0), 5);
    world_expect_nothing(world);
    assert_int_equal(channel_server_send(
                         world->server, &world->route, view_of_text("secret")),
        STATUS_OK);
    zmq_setsockopt(anna, ZMQ_RCVTIMEO, &soon, sizeof soon);
    assert_int_equal(zmq_recv(bert, text, sizeof text, 0), 6);
    assert_int_equal(zmq_recv(anna, text, sizeof text, 0), -1);
    zmq_close(anna);
    zmq_close(bert);
}

static void test_server_receive_id_longer_than_a_route_is_dropped(void **state)
{
    struct world *world = *state;
    char id[200];
    memset(id, 'x', sizeof id);
    void *anna = world_raw(world, world->centers[ANNA], id, sizeof id);
    assert_int_equal(zmq_send(anna, "hello", 5, 0), 5);
    world_expect_nothing(world);
    assert_int_equal(channel_server_dropped(world->server), 1);
    zmq_close(anna);
}

static void test_server_receive_removed_member_is_dropped(void **state)
{
    struct world *world = *state;
    struct channel_client *anna = world_client(world, world->centers[ANNA]);
    struct channel_client *bert = world_client(world, world->centers[BERT]);
    client_say(anna, "before");
    world_expect(world, "center:anna", "before");
    struct channel_route route = world->route;
    assert_int_equal(
        channel_server_enroll(world->server, &world->members[BERT], 1),
        STATUS_OK);
    client_say(anna, "after");
    world_expect_nothing(world);
    assert_int_equal(channel_server_dropped(world->server), 1);
    assert_int_equal(
        channel_server_send(world->server, &route, view_of_text("secret")),
        STATUS_NO_PEER);
    client_say(bert, "still here");
    world_expect(world, "center:bert", "still here");
    channel_client_close(anna);
    channel_client_close(bert);
}

/* The name on the table may change while the key stays connected. */
static void test_server_receive_renamed_member_has_its_new_name(void **state)
{
    struct world *world = *state;
    struct channel_client *anna = world_client(world, world->centers[ANNA]);
    client_say(anna, "one");
    world_expect(world, "center:anna", "one");
    strcpy(world->members[ANNA].user, "center:annabel");
    assert_int_equal(
        channel_server_enroll(world->server, world->members, CENTERS),
        STATUS_OK);
    client_say(anna, "two");
    world_expect(world, "center:annabel", "two");
    channel_client_close(anna);
}

static void test_server_send_gone_route_is_no_peer(void **state)
{
    struct world *world = *state;
    struct channel_client *anna = world_client(world, world->centers[ANNA]);
    client_say(anna, "hello");
    world_expect(world, "center:anna", "hello");
    struct channel_route route = world->route;
    struct channel_route unknown = route;
    unknown.bytes[1] ^= 0x55;
    assert_int_equal(
        channel_server_send(world->server, &unknown, view_of_text("x")),
        STATUS_NO_PEER);
    channel_client_close(anna);
    uint64_t end = clock_monotonic_ms() + SOON_MS;
    enum status status = STATUS_OK;
    while (status == STATUS_OK && clock_monotonic_ms() < end) {
        world_receive(world, 10);
        status = channel_server_send(world->server, &route, view_of_text("x"));
    }
    assert_int_equal(status, STATUS_NO_PEER);
}

static void test_server_send_peer_that_does_not_read_is_busy(void **state)
{
    struct world *world = *state;
    static uint8_t bytes[1 << 20];
    void *anna = world_raw(world, world->centers[ANNA], NULL, 0);
    assert_int_equal(zmq_send(anna, "hello", 5, 0), 5);
    world_expect(world, "center:anna", "hello");
    enum status status = STATUS_OK;
    for (int i = 0; i < 3000 && status == STATUS_OK; i++)
        status = channel_server_send(world->server, &world->route,
            (struct view){bytes, i < 4 ? sizeof bytes : 10000});
    assert_int_equal(status, STATUS_BUSY);
    zmq_close(anna);
}

static void test_client_comes_back_to_a_server_that_restarted(void **state)
{
    struct world *world = *state;
    char endpoint[128];
    snprintf(endpoint, sizeof endpoint, "%s",
        channel_server_endpoint(world->server));
    struct channel_client *anna = world_client(world, world->centers[ANNA]);
    client_say(anna, "before");
    world_expect(world, "center:anna", "before");
    channel_server_close(world->server);
    world->server = NULL;
    assert_int_equal(
        channel_client_wait(anna, &world->body, 50), STATUS_TIMED_OUT);
    assert_int_equal(
        channel_client_send(anna, view_of_text("lost")), STATUS_BUSY);
    assert_int_equal(
        channel_server_open(&world->server, world->office, endpoint),
        STATUS_OK);
    assert_int_equal(
        channel_server_enroll(world->server, world->members, CENTERS),
        STATUS_OK);
    client_say(anna, "after");
    world_expect(world, "center:anna", "after");
    assert_int_equal(channel_client_handshakes(anna), 2);
    channel_client_close(anna);
}

static void test_client_reconnect_makes_one_new_connection(void **state)
{
    struct world *world = *state;
    struct channel_client *anna = world_client(world, world->centers[ANNA]);
    client_say(anna, "one");
    world_expect(world, "center:anna", "one");
    struct channel_route route = world->route;
    assert_int_equal(channel_client_reconnect(anna), STATUS_OK);
    /* What is sent before the new handshake may go down with the old line. */
    for (int i = 0; i < 200 && channel_client_handshakes(anna) < 2; i++)
        assert_int_equal(
            channel_client_wait(anna, &world->body, 25), STATUS_TIMED_OUT);
    client_say(anna, "two");
    world_expect(world, "center:anna", "two");
    assert_memory_not_equal(&route, &world->route, sizeof route);
    /* And it stays: the end of the first one is not taken for its end. */
    assert_int_equal(
        channel_client_wait(anna, &world->body, 1200), STATUS_TIMED_OUT);
    assert_int_equal(channel_client_handshakes(anna), 2);
    client_say(anna, "three");
    world_expect(world, "center:anna", "three");
    channel_client_close(anna);
}

#define WITH_WORLD(test)                                                       \
    cmocka_unit_test_setup_teardown(test, world_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WORLD(test_server_receive_member_is_known_by_its_key),
        WITH_WORLD(test_server_receive_nothing_waits_is_not_found),
        WITH_WORLD(test_client_send_unconnected_is_busy),
        WITH_WORLD(test_open_endpoint_that_is_not_tcp_is_malformed),
        WITH_WORLD(test_server_open_taken_port_is_busy),
        WITH_WORLD(test_send_largest_message_arrives_and_larger_does_not),
        WITH_WORLD(test_server_receive_one_byte_too_large_is_dropped),
        WITH_WORLD(test_server_receive_far_too_large_harms_no_other),
        WITH_WORLD(test_server_receive_many_frames_are_dropped),
        WITH_WORLD(test_server_receive_returns_amid_a_flood_of_drops),
        WITH_WORLD(test_client_receive_drops_what_is_not_one_frame),
        WITH_WORLD(test_server_receive_claimed_id_is_still_the_keys_user),
        WITH_WORLD(test_server_send_claimed_id_twice_stays_with_the_first),
        WITH_WORLD(test_server_receive_id_longer_than_a_route_is_dropped),
        WITH_WORLD(test_server_receive_removed_member_is_dropped),
        WITH_WORLD(test_server_receive_renamed_member_has_its_new_name),
        WITH_WORLD(test_server_send_gone_route_is_no_peer),
        WITH_WORLD(test_server_send_peer_that_does_not_read_is_busy),
        WITH_WORLD(test_client_comes_back_to_a_server_that_restarted),
        WITH_WORLD(test_client_reconnect_makes_one_new_connection),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
