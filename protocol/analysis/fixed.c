#include "protocol/analysis/fixed.h"

#include <string.h>

#include "protocol/analysis/kernel.h"

#define ROW_BITS 40 /* a sum is of fewer than 2^40 rows */

int128 design_fixed_large(double value, int bits)
{
    double scaled = nearbyint(ldexp(value, bits));
    double most = ldexp(1.0, 126 - ROW_BITS);
    if (!(scaled < most))
        scaled = scaled > 0 ? most : 0; /* 0: not a number */
    if (scaled < -most)
        scaled = -most;
    return (int128)scaled;
}

int128 fixed_whole(long double value)
{
    const long double most = 0x1p116L;
    if (isnan(value))
        return 0;
    return (int128)roundl(fmaxl(-most, fminl(value, most)));
}

struct fixed_parts {
    uint64_t high, low;
};

KERNEL static struct fixed_parts sum_products(const double *restrict a,
    const double *restrict b, size_t count, const struct fixed_split *split)
{
    struct fixed_parts sums = {0, 0};
    const struct fixed_split by = *split;
    for (size_t i = 0; i < count; i++) {
        const double value = a[i] * b[i];
        const double high = value + by.high;
        const double low = (value - (high - by.high)) + by.low;
        sums.high += fixed_bits(high);
        sums.low += fixed_bits(low);
    }
    return sums;
}

KERNEL static struct fixed_parts sum_values(
    const double *restrict a, size_t count, const struct fixed_split *split)
{
    struct fixed_parts sums = {0, 0};
    const struct fixed_split by = *split;
    for (size_t i = 0; i < count; i++) {
        const double high = a[i] + by.high;
        const double low = (a[i] - (high - by.high)) + by.low;
        sums.high += fixed_bits(high);
        sums.low += fixed_bits(low);
    }
    return sums;
}

/* What each product lost is a third part, in the units of the second. */
KERNEL static struct fixed_parts sum_exact_products(const double *restrict a,
    const double *restrict b, size_t count, const struct fixed_split *split)
{
    struct fixed_parts sums = {0, 0};
    const struct fixed_split by = *split;
    for (size_t i = 0; i < count; i++) {
        const double value = a[i] * b[i];
        const double lost = fixed_lost(a[i], b[i], value);
        const double high = value + by.high;
        const double low = (value - (high - by.high)) + by.low;
        sums.high += fixed_bits(high);
        sums.low += fixed_bits(low) + fixed_bits(lost + by.low);
    }
    return sums;
}

int128 fixed_sum_exact_products(
    const double *a, const double *b, size_t count, int bits)
{
    const struct fixed_split split = fixed_split_of(bits);
    struct fixed_parts sums = sum_exact_products(a, b, count, &split);
    sums.low -= count * fixed_bits(split.low);
    return fixed_joined(&split, sums.high, sums.low, count);
}

int128 fixed_sum_products(
    const double *a, const double *b, size_t count, int bits)
{
    const struct fixed_split split = fixed_split_of(bits);
    const struct fixed_parts sums = b == NULL
                                        ? sum_values(a, count, &split)
                                        : sum_products(a, b, count, &split);
    return fixed_joined(&split, sums.high, sums.low, count);
}
