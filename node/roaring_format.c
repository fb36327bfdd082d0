#include "node/roaring_format.h"

#include <string.h>

#define COOKIE_NO_RUNS 12346
#define CONTAINERS_MAX 65536
#define ARRAY_MAX 4096 /* numbers in a container; more are a bitset */
#define BITSET_WORDS 1024

/* ---- little-endian numbers ---- */

static uint32_t read_16(const uint8_t *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8;
}

static uint32_t read_32(const uint8_t *at)
{
    return read_16(at) | read_16(at + 2) << 16;
}

/* ---- containers ---- */

static bool array_ok(const uint8_t *numbers, uint32_t count)
{
    for (uint32_t i = 1; i < count; i++) {
        if (read_16(numbers + 2 * (size_t)i) <=
            read_16(numbers + 2 * (size_t)(i - 1)))
            return false;
    }
    return true;
}

static bool bitset_ok(const uint8_t *words, uint32_t count)
{
    uint32_t bits = 0;
    for (size_t i = 0; i < BITSET_WORDS; i++) {
        uint64_t word;
        memcpy(&word, words + i * sizeof word, sizeof word);
        bits += (uint32_t)__builtin_popcountll(word);
    }
    return bits == count;
}

static size_t container_size(uint32_t count)
{
    return count <= ARRAY_MAX ? 2 * (size_t)count
                              : BITSET_WORDS * sizeof(uint64_t);
}

static bool container_ok(const uint8_t *bytes, uint32_t count)
{
    return count <= ARRAY_MAX ? array_ok(bytes, count)
                              : bitset_ok(bytes, count);
}

/* Cookie and number of containers; then key and count - 1 of each; then where
 * each begins; then the containers. */
bool roaring_format_ok(struct view bytes)
{
    if (bytes.size < 8 || read_32(bytes.data) != COOKIE_NO_RUNS)
        return false;
    const uint32_t count = read_32(bytes.data + 4);
    if (count > CONTAINERS_MAX || (bytes.size - 8) / 8 < count)
        return false;
    const uint8_t *about = bytes.data + 8;
    const uint8_t *begins = about + 4 * (size_t)count;
    size_t at = 8 + 8 * (size_t)count;
    for (uint32_t i = 0; i < count; i++, about += 4, begins += 4) {
        const uint32_t numbers = read_16(about + 2) + 1;
        if (i > 0 && read_16(about) <= read_16(about - 4))
            return false;
        if (read_32(begins) != at || bytes.size - at < container_size(numbers))
            return false;
        if (!container_ok(bytes.data + at, numbers))
            return false;
        at += container_size(numbers);
    }
    return at == bytes.size;
}
