/*
 * channel: the only code that speaks ZeroMQ. A server is a ROUTER that binds;
 * a client is a DEALER that connects out. Both use CURVE with pinned keys.
 *
 * Who a peer is: the User-Id that ZAP attached to its key, read from the
 * payload frame. The routing id is only where to send a reply; it proves
 * nothing. A message whose payload frame has no User-Id is dropped. One
 * payload frame a message; anything else is dropped and counted.
 *
 * Not thread-safe: one thread owns a channel. (ZAP answers on its own thread;
 * the table of enrolled keys has the lock it needs.)
 * Options: security table in protocol/README.md.
 */
#ifndef COHORTIUM_PROTOCOL_WIRE_CHANNEL_H
#define COHORTIUM_PROTOCOL_WIRE_CHANNEL_H

#include "protocol/wire/buffer.h"
#include "protocol/wire/keys.h"

#define CHANNEL_SERVER_MESSAGE_MAX ((size_t)4 * 1024 * 1024)
#define CHANNEL_CLIENT_MESSAGE_MAX ((size_t)4 * 1024 * 1024)
#define CHANNEL_USER_MAX 128

/* An enrolled key and the user that ZAP will call it. */
struct channel_member {
    struct public_key curve;
    char user[CHANNEL_USER_MAX]; /* "center:cleveland" */
};

/* Where one connection of a peer is answered (a ROUTER's routing id). */
struct channel_route {
    uint8_t bytes[16];
    uint8_t size;
};

struct channel_server;
struct channel_client;

/* Raises the descriptor limit to at least 8192 where the system allows it. */
enum status channel_raise_descriptor_limit(void);

/* Starts ZAP (deny by default), proves with a random key over a private port
 * that a stranger is refused and with an enrolled one that a member is let in,
 * and only then binds endpoint ("tcp://127.0.0.1:7100", port "*" for any).
 * STATUS_STRANGER if the proof fails: the caller must not go on. */
enum status channel_server_open(struct channel_server **out,
    const struct keypair *keys, const char *endpoint);
void channel_server_close(struct channel_server *server);
/* The endpoint as bound, with its port. */
const char *channel_server_endpoint(const struct channel_server *server);
/* Replaces the table of enrolled keys (ZAP asks only at a handshake; the
 * server also drops every message of a user that is no longer in the table). */
enum status channel_server_enroll(struct channel_server *server,
    const struct channel_member *members, size_t count);
/* The socket, for loop_add_socket. */
void *channel_server_socket(struct channel_server *server);
/* The next message, if there is one: STATUS_OK, or STATUS_NOT_FOUND when none
 * waits. body keeps its memory between calls. Never blocks. */
enum status channel_server_receive(struct channel_server *server,
    char user[CHANNEL_USER_MAX], struct channel_route *route,
    struct buffer *body);
/* STATUS_NO_PEER when that connection is gone; STATUS_BUSY when its queue is
 * full. Never blocks. */
enum status channel_server_send(struct channel_server *server,
    const struct channel_route *route, struct view body);
/* Messages dropped so far: no User-Id, not one frame, too large. */
uint64_t channel_server_dropped(const struct channel_server *server);

/* Connects out to endpoint, whose CURVE key must be server. Reconnects with
 * back-off and jitter by itself. */
enum status channel_client_open(struct channel_client **out,
    const struct keypair *keys, const struct public_key *server,
    const char *endpoint);
void channel_client_close(struct channel_client *client);
void *channel_client_socket(struct channel_client *client);
enum status channel_client_receive(
    struct channel_client *client, struct buffer *body);
/* STATUS_BUSY when there is no connection or its queue is full. */
enum status channel_client_send(
    struct channel_client *client, struct view body);
/* Waits at most timeout_ms for a message: STATUS_TIMED_OUT. For programs that
 * have no loop. */
enum status channel_client_wait(
    struct channel_client *client, struct buffer *body, int timeout_ms);
/* Drops the connection and makes a new one (a peer that stopped answering). */
enum status channel_client_reconnect(struct channel_client *client);

#endif
