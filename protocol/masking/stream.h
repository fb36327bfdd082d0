/*
 * stream: ChaCha20 key streams as vectors of 128-bit integers.
 *
 * The stream of a key is crypto_stream_chacha20_ietf (RFC 8439) with a nonce of
 * zeros: a key is used for one vector only. Element e is its bytes 16 e .. 16 e
 * + 15, little-endian. Arithmetic is modulo 2^128.
 */
#ifndef COHORTIUM_PROTOCOL_MASKING_STREAM_H
#define COHORTIUM_PROTOCOL_MASKING_STREAM_H

#include "protocol/analysis/vector.h"
#include "protocol/masking/derive.h"

struct stream_keys {
    const struct secret *added, *taken;
    size_t added_count, taken_count;
};

/* elements += the streams of some keys and -= those of others, in one pass. */
void stream_apply(
    int128 *elements, size_t count, const struct stream_keys *keys);
/* The same of one key. */
void stream_add(int128 *elements, size_t count, const struct secret *key);
void stream_subtract(int128 *elements, size_t count, const struct secret *key);

#endif
