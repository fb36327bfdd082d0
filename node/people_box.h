/*
 * people_box: a set of patients at rest: a portable Roaring bitmap, or plain
 * bits where these are no larger, sealed with XChaCha20-Poly1305 under a key of
 * 32 bytes; the nonce stands before it.
 */
#ifndef COHORTIUM_NODE_PEOPLE_BOX_H
#define COHORTIUM_NODE_PEOPLE_BOX_H

#include "node/people.h"
#include "protocol/wire/buffer.h"

/* Numbers of people, or of rows, are below this: a few bytes of a box are never
 * opened to more than 8 MiB. */
#define PEOPLE_NUMBER_END ((uint32_t)1 << 26)

/* Appends the box. STATUS_TOO_LARGE: a number is too large. */
enum status people_seal(
    struct buffer *out, const struct people *people, const uint8_t *key);
/* STATUS_CORRUPT when the box was not made with that key, or holds a number that
 * is too large. Caller frees with
 * people_fini. */
enum status people_unseal(
    struct people *out, struct view box, const uint8_t *key);

#endif
