#include "protocol/masking/gaussian.h"

#include <stdbool.h>
#include <string.h>

#include <sodium.h>

/* libsodium's bytes, asked for many at a time; each is used once and wiped. */
#define POOL_BYTES (GAUSSIAN_AHEAD * sizeof(uint128))

static uint128 draw_word(void)
{
    static _Thread_local uint8_t pool[POOL_BYTES];
    static _Thread_local size_t left;
    uint128 word;
    if (left < sizeof word) {
        randombytes_buf(pool, sizeof pool);
        left = sizeof pool;
    }
    left -= sizeof word;
    memcpy(&word, pool + left, sizeof word);
    memset(pool + left, 0, sizeof word);
    return word;
}

/* Numbers that this thread has drawn. */
static _Thread_local uint64_t drawn;

uint128 gaussian_uniform(uint128 limit)
{
    /* Multiples of limit below 2^128; what is above is drawn again. */
    const uint128 excess = (0 - limit) % limit;
    uint128 value;
    do
        value = draw_word();
    while (value < excess);
    drawn++;
    return value % limit;
}

/* True with probability top / bottom <= 1. */
static bool draw_ratio(uint128 top, uint128 bottom)
{
    return gaussian_uniform(bottom) < top;
}

/* True with probability exp(-top / bottom), top <= bottom. Algorithm 1. */
static bool draw_exp_small(uint128 top, uint128 bottom)
{
    uint64_t k = 1;
    while (draw_ratio(top, bottom * k))
        k++;
    return k % 2 == 1;
}

static bool draw_exp(uint128 top, uint128 bottom)
{
    for (; top > bottom; top -= bottom) {
        if (!draw_exp_small(1, 1))
            return false;
    }
    return draw_exp_small(top, bottom);
}

/* The discrete Laplace distribution of scale t. Algorithm 2. */
static int64_t draw_laplace(uint64_t t)
{
    for (;;) {
        uint64_t u = (uint64_t)gaussian_uniform(t), v = 0;
        if (!draw_exp(u, t))
            continue;
        while (draw_exp_small(1, 1))
            v++;
        uint64_t size = u + t * v;
        bool negative = draw_ratio(1, 2);
        if (negative && size == 0)
            continue; /* zero would come twice */
        return negative ? -(int64_t)size : (int64_t)size;
    }
}

static uint64_t root_of(uint64_t value)
{
    uint64_t low = 0, high = (uint64_t)1 << 32;
    while (low + 1 < high) {
        uint64_t middle = low + (high - low) / 2;
        if (middle <= value / middle)
            low = middle;
        else
            high = middle;
    }
    return low;
}

/* Algorithm 3: accepted with exp(-(|y| - sigma2 / t)^2 / (2 sigma2)), which is
 * (|y| t bottom - top)^2 / (2 top bottom t^2). */
int64_t gaussian_draw_ratio(uint64_t top, uint64_t bottom)
{
    const uint64_t t = root_of(top / bottom) + 1;
    for (;;) {
        int64_t y = draw_laplace(t);
        uint128 size = (uint128)(y < 0 ? -y : y) * t * bottom;
        uint128 off = size > top ? size - top : top - size;
        if (off >> 60 != 0)
            continue; /* beyond 2^20 sigma: never, in this universe */
        if (draw_exp(off * off, 2 * (uint128)top * bottom * t * t))
            return y;
    }
}

int64_t gaussian_draw(uint64_t sigma2)
{
    return gaussian_draw_ratio(sigma2, 1);
}

uint64_t gaussian_mark(void)
{
    return drawn;
}

/* A draw takes 18 uniform numbers or fewer, with a standard deviation of 16 or
 * less (at sigma2 4; both fall with sigma2) and a tail that falls by e
 * every 14.
 */
void gaussian_even_out(uint64_t mark, uint64_t draws)
{
    const uint64_t enough = 20 * draws + 120 * root_of(draws) + 400;
    while (drawn - mark < enough || (drawn - mark) % enough != 0)
        (void)gaussian_uniform(GAUSSIAN_SIGMA2_MAX - 1);
}
