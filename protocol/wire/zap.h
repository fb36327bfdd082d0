/*
 * zap: who may connect. Answers libzmq's question about each CURVE key (ZAP,
 * ZMTP RFC 27: https://rfc.zeromq.org/spec/27/) from a table of enrolled keys,
 * and counts what a socket monitor reports of the server's door.
 *
 * Invariant: what is not enrolled is refused, and every refusal is the same
 * reply after the same work, so that a stranger learns nothing from it. ZAP is
 * asked only at a handshake; zap_find_user asks the table again for each
 * message, so that a removed key is cut off while it is still connected.
 *
 * A thread of its own answers; the table has a lock. All functions here are
 * for the one thread that owns the channel.
 */
#ifndef COHORTIUM_PROTOCOL_WIRE_ZAP_H
#define COHORTIUM_PROTOCOL_WIRE_ZAP_H

#include "protocol/wire/channel.h"

struct zap;

/* Answers in this context (a void * of libzmq) from here on; nobody is
 * enrolled. STATUS_EXISTS when somebody answers there already. */
enum status zap_start(struct zap **out, void *context);
/* Accepts NULL. Sockets that enforce their ZAP domain refuse all handshakes
 * afterwards. A watched socket must have stopped its monitor before. */
void zap_stop(struct zap *zap);
/* Replaces the table. The same member may stand in it twice; STATUS_EXISTS,
 * and the old table, when one key has two users. */
enum status zap_enroll(
    struct zap *zap, const struct channel_member *members, size_t count);
/* The key and the user of a message by its User-Id (the key in hexadecimal).
 * STATUS_STRANGER unless it is enrolled now. */
enum status zap_find_user(struct zap *zap, struct public_key *key,
    char user[CHANNEL_USER_MAX], const char *user_id);
/* Whether the key is enrolled now. */
bool zap_is_enrolled(struct zap *zap, const struct public_key *key);
/* Hands over the reading end of a server socket's monitor; zap closes it. */
enum status zap_watch(struct zap *zap, void *monitor);
/* What the monitor has reported so far; dropped is left alone. */
void zap_count(const struct zap *zap, struct channel_counts *counts);

#endif
