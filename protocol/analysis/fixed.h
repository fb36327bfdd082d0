/*
 * fixed: numbers as whole multiples of a power of two, rounded to the nearest,
 * ties to even.
 */
#ifndef COHORTIUM_PROTOCOL_ANALYSIS_FIXED_H
#define COHORTIUM_PROTOCOL_ANALYSIS_FIXED_H

#include <math.h>

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

#endif
