/*
 * seeded: randomness that can be repeated, for tests alone. It takes the place
 * of libsodium's own source; no program that ships links it.
 */
#ifndef COHORTIUM_TESTS_SUPPORT_SEEDED_H
#define COHORTIUM_TESTS_SUPPORT_SEEDED_H

#include <stdbool.h>
#include <stdint.h>

/* From now on libsodium's randomness is a ChaCha20 stream of these two: the
 * same draws for the same two. The first call stands before keys_start. */
void seeded_start(uint8_t stream, uint64_t seed);
/* 0 .. limit - 1, of the same stream; limit >= 1. */
uint32_t seeded_below(uint32_t limit);
/* True once in `times`, on average; 0: never. */
bool seeded_once_in(uint32_t times);

#endif
