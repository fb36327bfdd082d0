#include "protocol/analysis/bits.h"

#include <stdbool.h>

#include "protocol/analysis/kernel.h"

/* ---- on any machine ---- */

/*
 * Words are added bit by bit as in an adder of hardware: of eight vectors the
 * ones, twos and fours are carried on, and only the eights are counted. R.
 * Harley and D. Seal; W. Mula, N. Kurz and D. Lemire, Computer Journal 61,
 * 2018.
 */
typedef uint64_t lanes __attribute__((vector_size(32)));
typedef uint64_t loose __attribute__((vector_size(32), aligned(8)));
#define LANES (sizeof(lanes) / sizeof(uint64_t))
#define GROUP 8       /* vectors */
#define GROUPS_MAX 31 /* so many times 8 stay in a byte */

/* a + b + c is twice the carry and the new c, in each place. A macro, as the
 * next one: vectors of a function of its own would be those of any machine. */
#define ADD(carry, c, a, b)                                                    \
    ((carry) = ((a) & (b)) | (((a) ^ (b)) & (c)), (c) ^= (a) ^ (b))

/* In each byte, how many of its bits are set: 0 to 8. */
#define COUNT_BYTES(v)                                                         \
    ((v) -= (v) >> 1 & 0x5555555555555555,                                     \
        (v) = ((v)&0x3333333333333333) + ((v) >> 2 & 0x3333333333333333),      \
        (v) = ((v) + ((v) >> 4)) & 0x0F0F0F0F0F0F0F0F)

static inline uint64_t count_word(uint64_t word)
{
    COUNT_BYTES(word);
    return word * 0x0101010101010101 >> 56;
}

/* Of the bytes of a word, each at most 248. */
static inline uint64_t sum_bytes(uint64_t counts)
{
    const uint64_t low = 0x00FF00FF00FF00FF;
    const uint64_t pairs = (counts & low) + (counts >> 8 & low);
    return pairs * 0x0001000100010001 >> 48;
}

#define BOTH(k)                                                                \
    (*(const loose *)(x + (k)*LANES) & *(const loose *)(y + (k)*LANES))

/* NOLINTNEXTLINE(readability-function-size): only the macros nest */
KERNEL uint64_t bits_common_plainly(
    const uint64_t *x, const uint64_t *y, size_t count)
{
    const size_t group = GROUP * LANES;
    lanes ones = {0}, twos = {0}, fours = {0};
    uint64_t sum = 0;
    while (count >= group) {
        lanes eights = {0};
        for (size_t g = 0; g < GROUPS_MAX && count >= group; g++) {
            lanes a, b, c, d;
            ADD(a, ones, BOTH(0), BOTH(1));
            ADD(b, ones, BOTH(2), BOTH(3));
            ADD(c, twos, a, b);
            ADD(a, ones, BOTH(4), BOTH(5));
            ADD(b, ones, BOTH(6), BOTH(7));
            ADD(d, twos, a, b);
            ADD(a, fours, c, d);
            COUNT_BYTES(a);
            eights += a;
            x += group;
            y += group;
            count -= group;
        }
        for (size_t k = 0; k < LANES; k++)
            sum += 8 * sum_bytes(eights[k]);
    }
    for (size_t k = 0; k < LANES; k++)
        sum += 4 * count_word(fours[k]) + 2 * count_word(twos[k]) +
               count_word(ones[k]);
    for (size_t i = 0; i < count; i++)
        sum += count_word(x[i] & y[i]);
    return sum;
}

/* ---- where an instruction counts eight words ---- */

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
__attribute__((target("avx512f,avx512vpopcntdq,prefer-vector-width=512"),
    noinline)) static uint64_t
count_by_eight(const uint64_t *x, const uint64_t *y, size_t count)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += (uint64_t)__builtin_popcountll(x[i] & y[i]);
    return sum;
}

static bool counts_by_eight(void)
{
    return __builtin_cpu_supports("avx512vpopcntdq") != 0;
}
#else
static uint64_t count_by_eight(
    const uint64_t *x, const uint64_t *y, size_t count)
{
    return bits_common_plainly(x, y, count);
}

static bool counts_by_eight(void)
{
    return false;
}
#endif

uint64_t bits_common(const uint64_t *x, const uint64_t *y, size_t count)
{
    return counts_by_eight() ? count_by_eight(x, y, count)
                             : bits_common_plainly(x, y, count);
}

uint64_t bits_count(const uint64_t *words, size_t count)
{
    return bits_common(words, words, count);
}
