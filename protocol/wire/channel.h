/*
 * channel: messages between a server, a ROUTER that binds, and its clients,
 * DEALERs that connect out. Both use CURVE with pinned keys. What ZeroMQ is,
 * only channel_*.c, zap.c and loop.c know.
 *
 * Who a peer is: the key that CURVE proved and ZAP let in, which is the User-Id
 * in the properties of the payload frame; the server's table says which user
 * has that key now. The routing id is only where to send a reply; it proves
 * nothing, and an enrolled peer can claim any. One payload frame a message;
 * anything else is dropped and counted.
 *
 * Not thread-safe: one thread owns a channel. (ZAP answers on its own thread;
 * the table of enrolled keys has the lock it needs.)
 * Options: channel_socket.c, and the security table in protocol/README.md.
 */
#ifndef COHORTIUM_PROTOCOL_WIRE_CHANNEL_H
#define COHORTIUM_PROTOCOL_WIRE_CHANNEL_H

#include "protocol/wire/buffer.h"
#include "protocol/wire/keys.h"

#define CHANNEL_SERVER_MESSAGE_MAX ((size_t)4 * 1024 * 1024)
#define CHANNEL_CLIENT_MESSAGE_MAX ((size_t)4 * 1024 * 1024)
#define CHANNEL_USER_MAX 128

/* An enrolled key and the user whose it is. */
struct channel_member {
    struct public_key curve;
    char user[CHANNEL_USER_MAX]; /* "center:cleveland" */
};

/* Where one connection of a peer is answered (a ROUTER's routing id), and the
 * key behind it. All other bytes are zero, so routes compare with memcmp. */
struct channel_route {
    uint8_t bytes[16];
    uint8_t size; /* 0: nowhere */
    struct public_key curve;
};

/* What a server has seen since it was opened. */
struct channel_counts {
    uint64_t connections; /* open now; strangers count until refused */
    uint64_t refused;     /* handshakes of keys that are not enrolled */
    uint64_t failed;      /* handshakes that broke off */
    uint64_t dropped;     /* messages, as channel_server_dropped says */
};

/* How a client stands. What is not CHANNEL_CONNECTED is tried again. */
enum channel_state {
    CHANNEL_CONNECTING, /* nothing is known yet */
    CHANNEL_CONNECTED,
    CHANNEL_NO_HOST,      /* its name does not resolve */
    CHANNEL_NOT_REACHED,  /* refused, or no route */
    CHANNEL_SILENT,       /* no answer to the first packet */
    CHANNEL_NO_HANDSHAKE, /* busy, something else, or another key */
    CHANNEL_STRANGER      /* our key is not enrolled */
};

struct channel_server;
struct channel_client;

/* Raises the descriptor limit to at least 8192, or as far as the system
 * allows (then a warning is logged). */
enum status channel_raise_descriptor_limit(void);

/* Starts ZAP (deny by default), proves with a random key over a private port
 * that a stranger is refused and with an enrolled one that a member is let in,
 * and only then binds endpoint ("tcp://127.0.0.1:7100", port "*" for any).
 * STATUS_STRANGER if the proof fails: the caller must not go on.
 * STATUS_BUSY when the port is taken, STATUS_MALFORMED when endpoint is not
 * tcp://ADDRESS:PORT. Nobody is enrolled yet. Caller closes. */
enum status channel_server_open(struct channel_server **out,
    const struct keypair *keys, const char *endpoint);
/* Waits at most two seconds for what is still to be sent. Accepts NULL. */
void channel_server_close(struct channel_server *server);
/* The endpoint as bound, with its port. */
const char *channel_server_endpoint(const struct channel_server *server);
/* Replaces the table of enrolled keys (ZAP asks only at a handshake; the
 * server also drops every message of a key that is no longer in the table, and
 * sends it none). STATUS_EXISTS, and the old table stays, when one key is given
 * to two users. */
enum status channel_server_enroll(struct channel_server *server,
    const struct channel_member *members, size_t count);
/* The socket, for loop_add_socket. */
void *channel_server_socket(struct channel_server *server);
/* The next message, if there is one: STATUS_OK, or STATUS_NOT_FOUND when none
 * waits. body keeps its memory between calls. Never blocks. */
enum status channel_server_receive(struct channel_server *server,
    char user[CHANNEL_USER_MAX], struct channel_route *route,
    struct buffer *body);
/* STATUS_NO_PEER when that connection is gone or its key is no longer enrolled;
 * STATUS_BUSY when its queue is full; STATUS_TOO_LARGE. Never blocks. */
enum status channel_server_send(struct channel_server *server,
    const struct channel_route *route, struct view body);
/* Messages dropped so far: of nobody enrolled, not one frame, too large (a
 * frame that is more than 64 bytes too large ends its connection instead). */
uint64_t channel_server_dropped(const struct channel_server *server);
void channel_server_count(
    const struct channel_server *server, struct channel_counts *counts);

/* Starts to connect out to endpoint, whose CURVE key must be server. A lost
 * connection is made again by itself, with back-off and jitter. */
enum status channel_client_open(struct channel_client **out,
    const struct keypair *keys, const struct public_key *server,
    const char *endpoint);
/* Waits at most two seconds for what is still to be sent. Accepts NULL. */
void channel_client_close(struct channel_client *client);
void *channel_client_socket(struct channel_client *client);
/* The next message, or STATUS_NOT_FOUND. Never blocks. */
enum status channel_client_receive(
    struct channel_client *client, struct buffer *body);
/* STATUS_BUSY when there is no connection or its queue is full, STATUS_STRANGER
 * when the server has refused our key since the last call that said so (trying
 * goes on), STATUS_TOO_LARGE. Never blocks. */
enum status channel_client_send(
    struct channel_client *client, struct view body);
/* Makes a connection anew that was refused or broke off in its handshake, once
 * its back-off is over. The other functions do it too; a program with a loop
 * that waits for long between them calls it once a second. */
void channel_client_tend(struct channel_client *client);
/* Good handshakes so far: one more means a new connection, to which whatever
 * was said on the last one is unknown. Tends as well. */
uint64_t channel_client_handshakes(struct channel_client *client);
/* For programs that have no loop. Wait at most timeout_ms for a message, or
 * until one can be sent: STATUS_TIMED_OUT; STATUS_STRANGER as above. */
enum status channel_client_wait(
    struct channel_client *client, struct buffer *body, int timeout_ms);
enum status channel_client_ready(struct channel_client *client, int timeout_ms);
/* How it stands, and since when on the monotonic clock. Tends as well. */
enum channel_state channel_client_state(
    struct channel_client *client, uint64_t *since_ms);
/* In words that fit after "not connected: ". */
const char *channel_state_text(enum channel_state state);
/* Another endpoint, or another key there, from now on: the old connection is
 * dropped. STATUS_MALFORMED as in channel_client_open; then the old one stays.
 */
enum status channel_client_move(struct channel_client *client,
    const struct public_key *server, const char *endpoint);
/* Drops the connection and makes a new one (a peer that stopped answering).
 * What is sent before the next handshake may be lost with the old one. */
enum status channel_client_reconnect(struct channel_client *client);

#endif
