/*
 * channel_socket: what the halves of the channel share: every socket option,
 * libzmq's errors as ours, and socket monitors. The worker, whose sockets stay
 * in the process, includes it as well; nobody else does.
 *
 * Invariant: a server socket that these options were set on refuses everyone
 * when ZAP does not answer. Not thread-safe, as libzmq's sockets are not.
 */
#ifndef COHORTIUM_PROTOCOL_WIRE_CHANNEL_SOCKET_H
#define COHORTIUM_PROTOCOL_WIRE_CHANNEL_SOCKET_H

#include "protocol/wire/channel.h"

#define CHANNEL_DOMAIN "cohortium" /* the ZAP domain of every server */

/* All options of a ROUTER that binds, and of a DEALER that connects. */
enum status channel_set_server_options(
    void *socket, const struct keypair *keys, const char *endpoint);
enum status channel_set_client_options(void *socket, const struct keypair *keys,
    const struct public_key *server, const char *endpoint);
/* Whom it connects to from now on. */
enum status channel_set_server_of_client(
    void *socket, const struct public_key *server, const char *endpoint);

/* zmq_errno() as a status. */
enum status channel_status_of_error(void);
/* Accepts NULL. */
void channel_socket_close(void *socket);
/* Closes a context; waits for its sockets' lingering. Accepts NULL. */
void channel_context_close(void *context);

/* Sends one frame, with ZMQ_SNDMORE or not in flags; never blocks. */
enum status channel_send_frame(void *socket, struct view bytes, int flags);

/* Opens the reading end of a monitor of the socket; events as in
 * zmq_socket_monitor(3). Its queue has no limit, for a full one would stop
 * libzmq's thread: it must be read, or carry rare events only. */
enum status channel_monitor_open(
    void **out, void *context, void *socket, int events);
/* Ends it. Call before the socket or the reading end is closed. */
void channel_monitor_stop(void *socket);
/* Takes the next event; false when there is none. Never blocks. */
bool channel_monitor_next(void *monitor, int *event, uint32_t *value);

#endif
