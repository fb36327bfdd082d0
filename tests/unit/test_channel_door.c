/* Who is let in, and the proof that the others are not. */
#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include <zmq.h>

#include "protocol/wire/channel_proof.h"
#include "protocol/wire/channel_socket.h"
#include "protocol/wire/loop.h"
#include "tests/unit/channel_fixture.h"
#include "tests/unit/test.h"

/* The monitor reports in its own time. */
static struct channel_counts count_until(
    struct world *world, uint64_t refused, uint64_t failed)
{
    struct channel_counts counts;
    uint64_t end = clock_monotonic_ms() + SOON_MS;
    do {
        usleep(2000);
        channel_server_count(world->server, &counts);
    } while ((counts.refused < refused || counts.failed < failed) &&
             clock_monotonic_ms() < end);
    return counts;
}

static void test_client_ready_stranger_is_refused(void **state)
{
    struct world *world = *state;
    struct channel_client *client = world_client(world, world->stranger);
    assert_int_equal(channel_client_ready(client, SOON_MS), STATUS_STRANGER);
    world_expect_nothing(world);
    assert_true(count_until(world, 1, 0).refused >= 1);
    channel_client_close(client);
}

static void test_client_send_says_a_refusal_once(void **state)
{
    struct world *world = *state;
    struct channel_client *client = world_client(world, world->stranger);
    enum status status = STATUS_BUSY;
    uint64_t end = clock_monotonic_ms() + SOON_MS;
    while (status == STATUS_BUSY && clock_monotonic_ms() < end) {
        usleep(1000);
        status = channel_client_send(client, view_of_text("hello"));
    }
    assert_int_equal(status, STATUS_STRANGER);
    assert_int_equal(
        channel_client_send(client, view_of_text("hello")), STATUS_BUSY);
    channel_client_close(client);
}

static void test_client_comes_in_once_it_is_enrolled(void **state)
{
    struct world *world = *state;
    struct channel_client *client = world_client(world, world->stranger);
    assert_int_equal(channel_client_ready(client, SOON_MS), STATUS_STRANGER);
    struct channel_member member = {
        keypair_identity(world->stranger)->curve, "center:new"};
    assert_int_equal(
        channel_server_enroll(world->server, &member, 1), STATUS_OK);
    client_say(client, "at last");
    world_expect(world, "center:new", "at last");
    channel_client_close(client);
}

static void test_client_wrong_server_key_speaks_to_nobody(void **state)
{
    struct world *world = *state;
    struct channel_client *client;
    assert_int_equal(channel_client_open(&client, world->centers[ANNA],
                         &keypair_identity(world->stranger)->curve,
                         channel_server_endpoint(world->server)),
        STATUS_OK);
    assert_int_equal(channel_client_ready(client, 700), STATUS_TIMED_OUT);
    assert_int_equal(
        channel_client_send(client, view_of_text("hello")), STATUS_BUSY);
    world_expect_nothing(world);
    /* Broken handshakes do not come thick and fast for ever. */
    assert_true(count_until(world, 0, 1).failed <= 5);
    channel_client_close(client);
}

/* Some states take three seconds to be called so, and a resolver that is far or
 * not there takes its time too. */
#define STATE_MS 60000

/* Waits until it stands so. */
static void expect_state(
    struct channel_client *client, enum channel_state expected)
{
    uint64_t since_ms, end = clock_monotonic_ms() + STATE_MS;
    enum channel_state state;
    do {
        usleep(10000);
        state = channel_client_state(client, &since_ms);
    } while (state != expected && clock_monotonic_ms() < end);
    assert_string_equal(
        channel_state_text(state), channel_state_text(expected));
    assert_true(since_ms <= clock_monotonic_ms());
}

static struct channel_client *client_at(
    struct world *world, const char *endpoint)
{
    struct channel_client *client;
    assert_int_equal(channel_client_open(&client, world->centers[ANNA],
                         &keypair_identity(world->office)->curve, endpoint),
        STATUS_OK);
    return client;
}

/* A socket that is bound: it refuses, or once it listens says nothing. */
static int bind_bare(char endpoint[64])
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof address;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int descriptor = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(
        bind(descriptor, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(
        getsockname(descriptor, (struct sockaddr *)&address, &size), 0);
    snprintf(
        endpoint, 64, "tcp://127.0.0.1:%u", (unsigned)ntohs(address.sin_port));
    return descriptor;
}

static void test_client_says_what_keeps_it_from_connecting(void **state)
{
    struct world *world = *state;
    char endpoint[64];
    int descriptor = bind_bare(endpoint);
    struct channel_client *client = client_at(world, endpoint);
    expect_state(client, CHANNEL_NOT_REACHED);
    channel_client_close(client);
    assert_int_equal(listen(descriptor, 5), 0);
    client = client_at(world, endpoint);
    expect_state(client, CHANNEL_NO_HANDSHAKE);
    channel_client_close(client);
    close(descriptor);
    client = client_at(world, "tcp://no-such-host.invalid:7100");
    expect_state(client, CHANNEL_NO_HOST);
    channel_client_close(client);
    client = world_client(world, world->stranger);
    expect_state(client, CHANNEL_STRANGER);
    channel_client_close(client);
    assert_int_equal(channel_client_open(&client, world->centers[ANNA],
                         &keypair_identity(world->stranger)->curve,
                         channel_server_endpoint(world->server)),
        STATUS_OK);
    expect_state(client, CHANNEL_NO_HANDSHAKE);
    channel_client_close(client);
}

/* Away from where nobody is, from a wrong key to the right one, and back. */
static void test_client_moves_to_another_endpoint_and_key(void **state)
{
    struct world *world = *state;
    const struct public_key *office = &keypair_identity(world->office)->curve;
    const char *server = channel_server_endpoint(world->server);
    char endpoint[64];
    int descriptor = bind_bare(endpoint);
    struct channel_client *client = client_at(world, endpoint);
    expect_state(client, CHANNEL_NOT_REACHED);
    assert_int_equal(channel_client_move(client,
                         &keypair_identity(world->stranger)->curve, server),
        STATUS_OK);
    expect_state(client, CHANNEL_NO_HANDSHAKE);
    assert_int_equal(channel_client_move(client, office, server), STATUS_OK);
    expect_state(client, CHANNEL_CONNECTED);
    client_say(client, "here");
    world_expect(world, "center:anna", "here");
    assert_int_equal(
        channel_client_move(client, office, "inproc://here"), STATUS_MALFORMED);
    client_say(client, "still");
    world_expect(world, "center:anna", "still");
    assert_int_equal(channel_client_move(client, office, endpoint), STATUS_OK);
    expect_state(client, CHANNEL_NOT_REACHED);
    channel_client_close(client);
    close(descriptor);
}

static void test_server_peer_without_curve_is_not_heard(void **state)
{
    struct world *world = *state;
    void *plain = world_raw(world, NULL, NULL, 0);
    zmq_send(plain, "hello", 5, ZMQ_DONTWAIT);
    world_expect_nothing(world);
    assert_true(count_until(world, 0, 1).failed >= 1);
    zmq_close(plain);
}

static int connect_bare(struct world *world)
{
    const char *colon = strrchr(channel_server_endpoint(world->server), ':');
    unsigned long port = strtoul(colon + 1, NULL, 10);
    assert_in_range(port, 1, UINT16_MAX);
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int descriptor = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(
        connect(descriptor, (struct sockaddr *)&address, sizeof address), 0);
    return descriptor;
}

/* Not ZMTP, half of a greeting, and a frame of 4 GiB before the handshake. */
static void test_server_bytes_that_are_not_zmtp_harm_no_other(void **state)
{
    struct world *world = *state;
    static const char web[] = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
    uint8_t greeting[73] = {0xFF, 0, 0, 0, 0, 0, 0, 0, 0, 0x7F, 3, 0};
    /* NOLINTNEXTLINE(bugprone-not-null-terminated-result): the rest is 0 */
    memcpy(greeting + 12, "CURVE", 5);
    greeting[64] = 0x06; /* a long command */
    greeting[68] = 1;
    int peers[3];
    for (int i = 0; i < 3; i++)
        peers[i] = connect_bare(world);
    assert_int_equal(write(peers[0], web, strlen(web)), strlen(web));
    assert_int_equal(write(peers[1], greeting, 11), 11);
    assert_int_equal(write(peers[2], greeting, sizeof greeting), 73);
    struct channel_client *anna = world_client(world, world->centers[ANNA]);
    client_say(anna, "hello");
    world_expect(world, "center:anna", "hello");
    world_expect_nothing(world);
    for (int i = 0; i < 3; i++)
        close(peers[i]);
    channel_client_close(anna);
}

static uint64_t connections_until(struct world *world, uint64_t wanted)
{
    struct channel_counts counts;
    uint64_t end = clock_monotonic_ms() + SOON_MS;
    do
        counts = count_until(world, 0, 0);
    while (counts.connections != wanted && clock_monotonic_ms() < end);
    return counts.connections;
}

static void test_server_count_follows_connections(void **state)
{
    struct world *world = *state;
    struct channel_client *anna = world_client(world, world->centers[ANNA]);
    struct channel_client *bert = world_client(world, world->centers[BERT]);
    assert_int_equal(channel_client_ready(anna, SOON_MS), STATUS_OK);
    assert_int_equal(channel_client_ready(bert, SOON_MS), STATUS_OK);
    assert_int_equal(connections_until(world, 2), 2);
    channel_client_close(anna);
    assert_int_equal(connections_until(world, 1), 1);
    channel_client_close(bert);
    assert_int_equal(connections_until(world, 0), 0);
    assert_int_equal(count_until(world, 0, 0).refused, 0);
}

/* libzmq's default lets everyone in when nobody answers as ZAP. */
static void test_server_options_without_zap_let_nobody_in(void **state)
{
    struct world *world = *state;
    void *context = zmq_ctx_new();
    void *router = zmq_socket(context, ZMQ_ROUTER);
    char endpoint[64], text[8];
    size_t size = sizeof endpoint;
    int never = NEVER_MS, none = 0;
    assert_int_equal(
        channel_set_server_options(router, world->office, "tcp://127.0.0.1:*"),
        STATUS_OK);
    zmq_setsockopt(router, ZMQ_LINGER, &none, sizeof none);
    zmq_setsockopt(router, ZMQ_RCVTIMEO, &never, sizeof never);
    assert_int_equal(zmq_bind(router, "tcp://127.0.0.1:*"), 0);
    assert_int_equal(
        zmq_getsockopt(router, ZMQ_LAST_ENDPOINT, endpoint, &size), 0);
    void *anna = world_raw(world, world->centers[ANNA], NULL, 0);
    assert_int_equal(zmq_connect(anna, endpoint), 0);
    /* One for each of its two connections, in turn. */
    zmq_send(anna, "hello", 5, ZMQ_DONTWAIT);
    zmq_send(anna, "hello", 5, ZMQ_DONTWAIT);
    assert_int_equal(zmq_recv(router, text, sizeof text, 0), -1);
    zmq_close(anna);
    zmq_close(router);
    zmq_ctx_term(context);
}

static void test_server_enroll_key_of_two_users_is_refused(void **state)
{
    struct world *world = *state;
    struct channel_member both[] = {
        world->members[ANNA], world->members[BERT], world->members[ANNA]};
    strcpy(both[2].user, "center:carl");
    assert_int_equal(
        channel_server_enroll(world->server, both, 3), STATUS_EXISTS);
    struct channel_client *anna = world_client(world, world->centers[ANNA]);
    client_say(anna, "hello");
    world_expect(world, "center:anna", "hello"); /* the old table stands */
    strcpy(both[2].user, "center:anna");
    assert_int_equal(channel_server_enroll(world->server, both, 3), STATUS_OK);
    client_say(anna, "again");
    world_expect(world, "center:anna", "again");
    channel_client_close(anna);
}

static void test_server_enroll_user_without_a_name_is_refused(void **state)
{
    struct world *world = *state;
    struct channel_member member = world->members[ANNA];
    member.user[0] = '\0';
    assert_int_equal(
        channel_server_enroll(world->server, &member, 1), STATUS_OUT_OF_RANGE);
    memset(member.user, 'x', sizeof member.user);
    assert_int_equal(
        channel_server_enroll(world->server, &member, 1), STATUS_OUT_OF_RANGE);
}

static void test_server_enroll_nobody_refuses_everybody(void **state)
{
    struct world *world = *state;
    assert_int_equal(channel_server_enroll(world->server, NULL, 0), STATUS_OK);
    struct channel_client *anna = world_client(world, world->centers[ANNA]);
    assert_int_equal(channel_client_ready(anna, SOON_MS), STATUS_STRANGER);
    channel_client_close(anna);
}

/* The server's table is large, and its last member comes in as its first. */
static void test_server_enroll_a_thousand_members_lets_each_in(void **state)
{
    struct world *world = *state;
    enum { MANY = 1000 };
    struct channel_member *members = calloc(MANY + 1, sizeof *members);
    assert_non_null(members);
    for (uint32_t i = 0; i < MANY; i++) {
        memcpy(members[i].curve.bytes, &i, sizeof i);
        snprintf(members[i].user, CHANNEL_USER_MAX, "center:%u", i);
    }
    members[MANY] = world->members[ANNA];
    assert_int_equal(
        channel_server_enroll(world->server, members, MANY + 1), STATUS_OK);
    struct channel_client *anna = world_client(world, world->centers[ANNA]);
    client_say(anna, "hello");
    world_expect(world, "center:anna", "hello");
    channel_client_close(anna);
    free(members);
}

/* A ZAP that gives everyone the same answer. */
struct oracle {
    void *socket;
    const char *code;
    const char *user;
};

/* The id in a request's second frame; its size, or -1 at the end. */
static int read_request(void *socket, char id[32])
{
    int size = 0, more = 1;
    size_t length = sizeof more;
    for (int i = 0; more; i++) {
        char frame[256];
        int got = zmq_recv(socket, frame, sizeof frame, 0);
        if (got < 0)
            return -1;
        if (i == 1 && got <= 32) {
            memcpy(id, frame, (size_t)got);
            size = got;
        }
        zmq_getsockopt(socket, ZMQ_RCVMORE, &more, &length);
    }
    return size;
}

static void *answer_all(void *arg)
{
    struct oracle *oracle = arg;
    for (;;) {
        char id[32];
        const int size = read_request(oracle->socket, id);
        if (size < 0) {
            zmq_close(oracle->socket);
            return NULL;
        }
        zmq_send(oracle->socket, "1.0", 3, ZMQ_SNDMORE);
        zmq_send(oracle->socket, id, (size_t)size, ZMQ_SNDMORE);
        zmq_send(oracle->socket, oracle->code, 3, ZMQ_SNDMORE);
        zmq_send(oracle->socket, "", 0, ZMQ_SNDMORE);
        zmq_send(
            oracle->socket, oracle->user, strlen(oracle->user), ZMQ_SNDMORE);
        zmq_send(oracle->socket, "", 0, 0);
    }
}

/* The proof in a context where `code` is ZAP's answer to everyone, or where
 * there is no ZAP (NULL). The real one has another context. */
static enum status prove_with(const char *code, const char *user)
{
    void *elsewhere = zmq_ctx_new();
    void *context = zmq_ctx_new();
    struct zap *zap;
    struct oracle oracle = {zmq_socket(context, ZMQ_REP), code, user};
    pthread_t thread;
    assert_int_equal(zap_start(&zap, elsewhere), STATUS_OK);
    if (code != NULL) {
        assert_int_equal(zmq_bind(oracle.socket, "inproc://zeromq.zap.01"), 0);
        assert_int_equal(pthread_create(&thread, NULL, answer_all, &oracle), 0);
    }
    enum status status = channel_prove(context, zap, 300);
    zmq_ctx_shutdown(context);
    if (code != NULL)
        pthread_join(thread, NULL);
    else
        zmq_close(oracle.socket);
    zmq_ctx_term(context);
    zap_stop(zap);
    zmq_ctx_term(elsewhere);
    return status;
}

static void test_prove_real_zap_passes(void **state)
{
    (void)state;
    void *context = zmq_ctx_new();
    struct zap *zap;
    assert_int_equal(zap_start(&zap, context), STATUS_OK);
    assert_int_equal(channel_prove(context, zap, SOON_MS), STATUS_OK);
    zap_stop(zap);
    zmq_ctx_term(context);
}

static void test_prove_stopped_zap_fails(void **state)
{
    (void)state;
    assert_int_equal(prove_with(NULL, ""), STATUS_STRANGER);
}

static void test_prove_zap_that_admits_everyone_fails(void **state)
{
    (void)state;
    assert_int_equal(prove_with("200", "anybody"), STATUS_STRANGER);
}

static void test_prove_zap_that_refuses_everyone_fails(void **state)
{
    (void)state;
    assert_int_equal(prove_with("400", ""), STATUS_STRANGER);
}

static void test_zap_start_second_in_a_context_is_refused(void **state)
{
    (void)state;
    void *context = zmq_ctx_new();
    struct zap *first, *second;
    assert_int_equal(zap_start(&first, context), STATUS_OK);
    assert_int_equal(zap_start(&second, context), STATUS_EXISTS);
    assert_null(second);
    zap_stop(first);
    zap_stop(NULL);
    zmq_ctx_term(context);
}

/* Requests that libzmq would not make are answered, and with a refusal. */
static void test_zap_broken_requests_are_refused(void **state)
{
    (void)state;
    static const char key[32] = "0123456789012345678901234567890";
    static const char *const requests[][8] = {
        {"1.0", "7", "cohortium", "", "", "CURVE", key},
        {"1.0", "7", "cohortium", "", "", "NULL"},
        {"1.0", "7", "other", "", "", "CURVE", key},
        {"2.0", "7", "cohortium", "", "", "CURVE", key},
        {"1.0", "7", "cohortium", "", "", "CURVE", key, "more"},
        {"1.0", "7", "cohortium", "", "", "CURVE", "short"},
        {"1.0"},
    };
    void *context = zmq_ctx_new();
    struct zap *zap;
    assert_int_equal(zap_start(&zap, context), STATUS_OK);
    struct channel_member member = {.user = "center:member"};
    member.curve.bytes[0] = 1;
    assert_int_equal(zap_enroll(zap, &member, 1), STATUS_OK);
    void *asker = zmq_socket(context, ZMQ_REQ);
    assert_int_equal(zmq_connect(asker, "inproc://zeromq.zap.01"), 0);
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
        size_t count = 0;
        while (count < 8 && requests[i][count] != NULL)
            count++;
        for (size_t j = 0; j < count; j++) {
            const char *frame = requests[i][j];
            size_t size = frame == key ? sizeof key : strlen(frame);
            zmq_send(asker, frame, size, j + 1 < count ? ZMQ_SNDMORE : 0);
        }
        char code[8] = "", frame[64];
        for (int j = 0; j < 6; j++)
            zmq_recv(asker, j == 2 ? code : frame, sizeof code - 1, 0);
        assert_string_equal(code, "400");
    }
    zmq_close(asker);
    zap_stop(zap);
    zmq_ctx_term(context);
}

#define WITH_WORLD(test)                                                       \
    cmocka_unit_test_setup_teardown(test, world_setup, world_teardown)

static int start(void **state)
{
    (void)state;
    return keys_start() == STATUS_OK ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WORLD(test_client_ready_stranger_is_refused),
        WITH_WORLD(test_client_send_says_a_refusal_once),
        WITH_WORLD(test_client_comes_in_once_it_is_enrolled),
        WITH_WORLD(test_client_wrong_server_key_speaks_to_nobody),
        WITH_WORLD(test_client_says_what_keeps_it_from_connecting),
        WITH_WORLD(test_client_moves_to_another_endpoint_and_key),
        WITH_WORLD(test_server_peer_without_curve_is_not_heard),
        WITH_WORLD(test_server_bytes_that_are_not_zmtp_harm_no_other),
        WITH_WORLD(test_server_count_follows_connections),
        WITH_WORLD(test_server_options_without_zap_let_nobody_in),
        WITH_WORLD(test_server_enroll_key_of_two_users_is_refused),
        WITH_WORLD(test_server_enroll_user_without_a_name_is_refused),
        WITH_WORLD(test_server_enroll_nobody_refuses_everybody),
        WITH_WORLD(test_server_enroll_a_thousand_members_lets_each_in),
        cmocka_unit_test(test_prove_real_zap_passes),
        cmocka_unit_test(test_prove_stopped_zap_fails),
        cmocka_unit_test(test_prove_zap_that_admits_everyone_fails),
        cmocka_unit_test(test_prove_zap_that_refuses_everyone_fails),
        cmocka_unit_test(test_zap_start_second_in_a_context_is_refused),
        cmocka_unit_test(test_zap_broken_requests_are_refused),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
