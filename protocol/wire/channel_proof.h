/*
 * channel_proof: does the door really close? libzmq lets everyone in when it
 * is set up slightly wrong, and says nothing. So a server first opens a private
 * door with the same options and tries it from both sides.
 *
 * Not thread-safe; for the thread that owns the channel.
 */
#ifndef COHORTIUM_PROTOCOL_WIRE_CHANNEL_PROOF_H
#define COHORTIUM_PROTOCOL_WIRE_CHANNEL_PROOF_H

#include "protocol/wire/zap.h"

/* Opens a private port on the loopback with a random key, and shows that a
 * stranger is refused by ZAP and that an enrolled key is let in and named by
 * its User-Id, each within timeout_ms. The table is empty afterwards.
 * STATUS_STRANGER when either fails. */
enum status channel_prove(void *context, struct zap *zap, int timeout_ms);

#endif
