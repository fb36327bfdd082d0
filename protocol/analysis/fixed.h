/*
 * fixed: numbers as whole multiples of a power of two, rounded to the nearest,
 * ties to even.
 */
#ifndef COHORTIUM_PROTOCOL_ANALYSIS_FIXED_H
#define COHORTIUM_PROTOCOL_ANALYSIS_FIXED_H

#include <math.h>
#include <string.h>

#include "protocol/analysis/vector.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* |x| < 2^62. The compiler calls a function for llrint. */
static inline int64_t fixed_nearest(double x)
{
#ifdef __SSE2__
    return _mm_cvtsd_si64(_mm_set_sd(x));
#else
    return llrint(x);
#endif
}

/* The same for every value, plainly; slower. */
int128 design_fixed_large(double value, int bits);

/* value * 2^bits to the nearest integer; beyond +-2^(126 - 40) it stays there,
 * so that no sum of 2^40 rows can leave 128 bits. */
static inline int128 design_fixed(double value, int bits)
{
    const double scaled = value * ldexp(1.0, bits);
    if (fabs(scaled) < 0x1p62)
        return fixed_nearest(scaled);
    if (!(fabs(scaled) <= 0x1p86))
        return design_fixed_large(value, bits);
    /* Two parts of less than 2^62: the first is even in units of the second,
     * so that rounding the second rounds the whole. */
    const int64_t high = (int64_t)(scaled * 0x1p-43);
    const double low = scaled - (double)high * 0x1p43;
    return (int128)high * ((int128)1 << 43) + fixed_nearest(low);
}

/* What a * b loses when it is rounded to a double: exactly, by T. J. Dekker,
 * Numerische Mathematik 18, 1971. Both within +-2^900. */
static inline double fixed_lost(double a, double b, double product)
{
    const double a_far = a * 0x1.0000002p27, b_far = b * 0x1.0000002p27;
    const double a_high = a_far - (a_far - a), b_high = b_far - (b_far - b);
    const double a_low = a - a_high, b_low = b - b_high;
    return ((a_high * b_high - product) + a_high * b_low + a_low * b_high) +
           a_low * b_low;
}

/* a * b, not rounded before it is a multiple of 2^-bits: at most one such unit
 * off, and exact where it is such a multiple. */
static inline int128 fixed_exact_product(double a, double b, int bits)
{
    const double product = a * b;
    return design_fixed(product, bits) +
           design_fixed(fixed_lost(a, b, product), bits);
}

/* The nearest integer, halves away from zero; within +-2^116, so that no sum of
 * what a thousand centers tell can leave 128 bits; of what is no number, 0. */
int128 fixed_whole(long double value);

/* ---- many at once ---- */

/*
 * A number beside a large power of two is rounded to the units of that power's
 * last bit, by the addition itself, and the sum's bits less the power's are
 * how many: no conversion, and two or more at a time in any instruction set.
 * What the first power leaves behind, exactly, goes to a second one. So
 * |value| < 2^86 units of 2^-bits becomes `high` units of 2^(FIXED_SPLIT -
 * bits) and `low` of 2^-bits, which together are design_fixed of it. Sums of
 * the bits may wrap; those of low stay whole for FIXED_ROWS values.
 */
#define FIXED_SPLIT 48
#define FIXED_ROWS ((size_t)1 << 15)

struct fixed_split {
    double high, low; /* the two powers, times 1.5 so that signs fit */
};

static inline struct fixed_split fixed_split_of(int bits)
{
    return (struct fixed_split){
        ldexp(0x1.8p52, FIXED_SPLIT - bits), ldexp(0x1.8p52, -bits)};
}

static inline uint64_t fixed_bits(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

/* What `count` values were, from the sums of their bits. */
static inline int128 fixed_joined(const struct fixed_split *split,
    uint64_t high, uint64_t low, uint64_t count)
{
    high -= count * fixed_bits(split->high);
    low -= count * fixed_bits(split->low);
    return (int128)(int64_t)high * ((int128)1 << FIXED_SPLIT) + (int64_t)low;
}

/* The sum of design_fixed(a[i] * b[i], bits), b NULL: of a[i]; each smaller
 * than 2^95 units (above 2^86 it is not cut short, as design_fixed does).
 * count <= FIXED_ROWS. */
int128 fixed_sum_products(
    const double *a, const double *b, size_t count, int bits);
/* The sum of fixed_exact_product, likewise. */
int128 fixed_sum_exact_products(
    const double *a, const double *b, size_t count, int bits);

#endif
