/*
 * channel_fixture: a server with two enrolled centers, and peers that speak
 * ZeroMQ without our manners. One thread.
 */
#ifndef COHORTIUM_TESTS_UNIT_CHANNEL_FIXTURE_H
#define COHORTIUM_TESTS_UNIT_CHANNEL_FIXTURE_H

#include "protocol/wire/channel.h"

#define SOON_MS 5000 /* what must happen; long, for machines under load */
#define NEVER_MS 150 /* how long is waited for what must not happen */

enum { ANNA, BERT, CENTERS }; /* enrolled, "center:anna" and "center:bert" */

struct world {
    struct keypair *office, *stranger;
    struct keypair *centers[CENTERS];
    struct channel_member members[CENTERS];
    struct channel_server *server;
    void *context; /* of the raw peers */
    /* the last message that the server received */
    char user[CHANNEL_USER_MAX];
    struct channel_route route;
    struct buffer body;
};

/* cmocka's; *state is a struct world. */
int world_setup(void **state);
int world_teardown(void **state);

/* Whether the server receives a message within timeout_ms; no other wakes it.
 */
bool world_receive(struct world *world, int timeout_ms);
/* It must receive this text of this user. */
void world_expect(struct world *world, const char *user, const char *text);
/* It must receive nothing. */
void world_expect_nothing(struct world *world);

/* Our client with these keys, at the server. */
struct channel_client *world_client(
    struct world *world, const struct keypair *keys);
/* Sends when the connection stands. */
void client_say(struct channel_client *client, const char *text);
/* Must receive this text. */
void client_expect(struct channel_client *client, const char *text);

/* A DEALER of libzmq with these keys (NULL: no CURVE) that claims a routing id
 * (size 0: none). */
void *world_raw(struct world *world, const struct keypair *keys, const void *id,
    size_t size);

#endif
