#include "protocol/masking/stream.h"

#include <string.h>

#include <sodium.h>

/* Small enough for the first cache beside the elements that it is added to. */
#define CHUNK_ELEMENTS 512
#define CHUNK_BLOCKS (CHUNK_ELEMENTS * VECTOR_ELEMENT_BYTES / 64)

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "streams are read as little-endian integers"
#endif

static void apply(
    uint128 *elements, size_t count, const struct secret *key, bool subtract)
{
    static const uint8_t nonce[crypto_stream_chacha20_ietf_NONCEBYTES];
    uint128 chunk[CHUNK_ELEMENTS];
    uint32_t block = 0;
    for (size_t at = 0; at < count; at += CHUNK_ELEMENTS) {
        size_t here = count - at < CHUNK_ELEMENTS ? count - at : CHUNK_ELEMENTS;
        memset(chunk, 0, here * sizeof chunk[0]);
        crypto_stream_chacha20_ietf_xor_ic((uint8_t *)chunk,
            (const uint8_t *)chunk, here * sizeof chunk[0], nonce, block,
            key->bytes);
        if (subtract) {
            for (size_t i = 0; i < here; i++)
                elements[at + i] -= chunk[i];
        } else {
            for (size_t i = 0; i < here; i++)
                elements[at + i] += chunk[i];
        }
        block += CHUNK_BLOCKS;
    }
    sodium_memzero(chunk, sizeof chunk);
}

void stream_add(int128 *elements, size_t count, const struct secret *key)
{
    apply((uint128 *)elements, count, key, false);
}

void stream_subtract(int128 *elements, size_t count, const struct secret *key)
{
    apply((uint128 *)elements, count, key, true);
}
