/*
 * impostor: a node with a key of its own that claims another center's name, as
 * a ZeroMQ routing id, and then greets the coordinator and stays.
 *
 *   impostor KEY ROSTER CLAIMED_NAME [PROTOCOL]
 *
 * PROTOCOL: the version that it says it speaks, which the answer's follows on
 * "ready".
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <zmq.h>

#include "policy/roster.h"
#include "protocol/wire/message.h"

static void *connect_as(const struct keypair *keys, const struct roster *roster,
    const char *claimed)
{
    void *socket = zmq_socket(zmq_ctx_new(), ZMQ_DEALER);
    char user[CHAR_BIT * 16];
    snprintf(user, sizeof user, "center:%s", claimed);
    zmq_setsockopt(socket, ZMQ_ROUTING_ID, user, strlen(user));
    zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY,
        keypair_identity(keys)->curve.bytes, KEY_BYTES);
    zmq_setsockopt(
        socket, ZMQ_CURVE_SECRETKEY, keypair_curve_secret(keys), KEY_BYTES);
    zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, roster->coordinator.curve.bytes,
        KEY_BYTES);
    zmq_connect(socket, roster->endpoint);
    return socket;
}

int main(int argc, char **argv)
{
    struct keypair *keys = NULL;
    struct envelope *envelope = NULL;
    struct roster *roster = NULL;
    struct diagnostic diagnostic;
    struct buffer hello;
    diagnostic_init(&diagnostic, "roster");
    buffer_init(&hello, 1024);
    if (argc < 4 || keys_start() != STATUS_OK ||
        keypair_load(&keys, argv[1], NULL) != STATUS_OK ||
        envelope_load(&envelope, argv[2]) != STATUS_OK ||
        roster_parse(&roster, buffer_view(&envelope->payload), &diagnostic) !=
            STATUS_OK)
        return 1;
    struct message message = {.type = MESSAGE_HELLO,
        .version = argc > 4 ? strtoul(argv[4], NULL, 10) : protocol_said(),
        .name = "impostor",
        .id = roster->id};
    if (message_encode(&message, &hello) != STATUS_OK)
        return 1;
    void *socket = connect_as(keys, roster, argv[3]);
    zmq_send(socket, hello.data, hello.size, 0);
    char reply[256];
    int size = zmq_recv(socket, reply, sizeof reply, 0);
    printf("ready %d\n", size > 0);
    fflush(stdout);
    for (;;)
        pause();
}
