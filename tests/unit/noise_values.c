/*
 * Writes what noise_values.py works out by itself: epsilons, and samples drawn
 * from a tape that both know: block i of it is SHA-256 of i, 8 bytes
 * little-endian.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "policy/budget.h"
#include "protocol/masking/gaussian.h"

static uint64_t block;

static void read_tape(void *const out, const size_t size)
{
    for (size_t at = 0; at < size; at += 32, block++) {
        uint8_t name[8], bytes[32];
        for (size_t i = 0; i < 8; i++)
            name[i] = (uint8_t)(block >> (8 * i));
        crypto_hash_sha256(bytes, name, sizeof name);
        memcpy((uint8_t *)out + at, bytes, size - at < 32 ? size - at : 32);
    }
}

static const char *name_of_tape(void)
{
    return "tape";
}

static uint32_t draw_number(void)
{
    uint32_t value;
    read_tape(&value, sizeof value);
    return value;
}

int main(void)
{
    static struct randombytes_implementation tape = {
        .implementation_name = name_of_tape,
        .random = draw_number,
        .buf = read_tape,
    };
    static const uint64_t variances[][2] = {{3, 10}, {1, 1}, {4, 1}, {10, 1},
        {1000000, 1}, {(uint64_t)1 << 40, 1}, {GAUSSIAN_SIGMA2_MAX, 1},
        {12343, 677}};
    static const double rhos[] = {
        1e-6, 1e-4, 0.005, 0.05, 0.125, 0.25, 0.5, 1, 3.7, 20, 100};
    static const double deltas[] = {1e-15, 1e-9, 1e-6, 1e-3};
    if (sodium_init() < 0)
        return 1;
    randombytes_set_implementation(&tape);
    block = 0;
    for (size_t v = 0; v < sizeof variances / sizeof variances[0]; v++) {
        for (int i = 0; i < 40; i++) {
            printf("draw %" PRIu64 " %" PRIu64 " %" PRId64 "\n",
                variances[v][0], variances[v][1],
                gaussian_draw_ratio(variances[v][0], variances[v][1]));
        }
    }
    for (size_t r = 0; r < sizeof rhos / sizeof rhos[0]; r++) {
        for (size_t d = 0; d < sizeof deltas / sizeof deltas[0]; d++)
            printf("epsilon %.17g %.17g %.17g\n", rhos[r], deltas[d],
                budget_epsilon(rhos[r], deltas[d]));
    }
    return 0;
}
