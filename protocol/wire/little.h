/*
 * little: unsigned numbers as little-endian bytes, as they are hashed, signed,
 * stored and sent.
 */
#ifndef COHORTIUM_PROTOCOL_WIRE_LITTLE_H
#define COHORTIUM_PROTOCOL_WIRE_LITTLE_H

#include <stddef.h>
#include <stdint.h>

/* The lowest `size` bytes of a number; size <= 8. */
static inline void little_put(uint8_t *out, uint64_t number, size_t size)
{
    for (size_t i = 0; i < size; i++)
        out[i] = (uint8_t)(number >> (8 * i));
}

static inline uint64_t little_get(const uint8_t *bytes, size_t size)
{
    uint64_t number = 0;
    for (size_t i = 0; i < size; i++)
        number |= (uint64_t)bytes[i] << (8 * i);
    return number;
}

#endif
