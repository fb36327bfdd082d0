/*
 * seeded_noise: seeded_start for who draws noise: numbers that the sampler
 * asked for ahead, from the source before, are used up first.
 */
#ifndef COHORTIUM_TESTS_SUPPORT_SEEDED_NOISE_H
#define COHORTIUM_TESTS_SUPPORT_SEEDED_NOISE_H

#include "protocol/masking/gaussian.h"
#include "tests/support/seeded.h"

static inline void seeded_start_noise(uint64_t stream, uint64_t seed)
{
    while (gaussian_mark() % GAUSSIAN_AHEAD != 0)
        (void)gaussian_uniform(1);
    seeded_start(stream, seed);
}

#endif
