#include "protocol/masking/stream.h"

#include <string.h>

#include <sodium.h>

/* Small enough for the first cache beside the elements that it is added to. */
#define CHUNK_ELEMENTS 512
#define CHUNK_BLOCKS (CHUNK_ELEMENTS * VECTOR_ELEMENT_BYTES / 64)

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "streams are read as little-endian integers"
#endif

struct part {
    uint128 *elements;
    size_t count;   /* <= CHUNK_ELEMENTS */
    uint32_t block; /* of the stream, at the first element */
};

/* chunk[CHUNK_ELEMENTS]: room. */
static void apply_part(const struct part *part, const struct secret *key,
    bool subtract, uint128 *chunk)
{
    static const uint8_t nonce[crypto_stream_chacha20_ietf_NONCEBYTES];
    const size_t bytes = part->count * sizeof *chunk;
    memset(chunk, 0, bytes);
    crypto_stream_chacha20_ietf_xor_ic((uint8_t *)chunk, (const uint8_t *)chunk,
        bytes, nonce, part->block, key->bytes);
    if (subtract) {
        for (size_t i = 0; i < part->count; i++)
            part->elements[i] -= chunk[i];
    } else {
        for (size_t i = 0; i < part->count; i++)
            part->elements[i] += chunk[i];
    }
}

void stream_apply(
    int128 *elements, size_t count, const struct stream_keys *keys)
{
    uint128 chunk[CHUNK_ELEMENTS];
    struct part part = {.elements = (uint128 *)elements};
    for (size_t at = 0; at < count; at += part.count) {
        part.count = count - at < CHUNK_ELEMENTS ? count - at : CHUNK_ELEMENTS;
        for (size_t i = 0; i < keys->added_count; i++)
            apply_part(&part, &keys->added[i], false, chunk);
        for (size_t i = 0; i < keys->taken_count; i++)
            apply_part(&part, &keys->taken[i], true, chunk);
        part.elements += part.count;
        part.block += CHUNK_BLOCKS;
    }
    sodium_memzero(chunk, sizeof chunk);
}

void stream_add(int128 *elements, size_t count, const struct secret *key)
{
    stream_apply(
        elements, count, &(struct stream_keys){.added = key, .added_count = 1});
}

void stream_subtract(int128 *elements, size_t count, const struct secret *key)
{
    stream_apply(
        elements, count, &(struct stream_keys){.taken = key, .taken_count = 1});
}
