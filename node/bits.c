#include "node/bits.h"

#include <stdbool.h>

#include "protocol/analysis/kernel.h"

/* One loop, compiled twice: gcc makes vectors of it where there is an
 * instruction for vectors of counts. */
static inline uint64_t count_words(
    const uint64_t *x, const uint64_t *y, size_t count)
{
    uint64_t bits = 0;
    for (size_t i = 0; i < count; i++)
        bits += (uint64_t)__builtin_popcountll(x[i] & y[i]);
    return bits;
}

KERNEL static uint64_t count_one_by_one(
    const uint64_t *x, const uint64_t *y, size_t count)
{
    return count_words(x, y, count);
}

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
__attribute__((target("avx512vpopcntdq,avx512vl"), noinline)) static uint64_t
count_by_eight(const uint64_t *x, const uint64_t *y, size_t count)
{
    return count_words(x, y, count);
}

static bool counts_by_eight(void)
{
    return __builtin_cpu_supports("avx512vpopcntdq") != 0 &&
           __builtin_cpu_supports("avx512vl") != 0;
}
#else
#define count_by_eight count_one_by_one
static bool counts_by_eight(void)
{
    return false;
}
#endif

uint64_t bits_common(const uint64_t *x, const uint64_t *y, size_t count)
{
    return counts_by_eight() ? count_by_eight(x, y, count)
                             : count_one_by_one(x, y, count);
}

uint64_t bits_count(const uint64_t *words, size_t count)
{
    return bits_common(words, words, count);
}
