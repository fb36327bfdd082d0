/*
 * elementary: exp, tanh and log1p of our own, for loops over rows. Plain
 * additions, multiplications and divisions of doubles, without a branch or a
 * table: the compiler vectorises them, and every machine, instruction set and C
 * library gives the same bits. The way is that of W. J. Cody and W. Waite,
 * Software Manual for the Elementary Functions, 1980: an argument is reduced by
 * log 2 and what is left goes into a series.
 */
#ifndef COHORTIUM_PROTOCOL_ANALYSIS_ELEMENTARY_H
#define COHORTIUM_PROTOCOL_ANALYSIS_ELEMENTARY_H

#include "protocol/analysis/fixed.h"

#define LOG_2_HIGH 0x1.62e42feep-1 /* times a whole number: exact */
#define LOG_2_LOW 0x1.a39ef35793c76p-33

static inline double elementary_double(uint64_t bits)
{
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* Within one unit in the last place of e^x; for x below -708 or above 709, and
 * for what is not a number, that of the nearer end (-708). */
static inline double elementary_exp(double x)
{
    x = x > -708.0 ? x : -708.0;
    x = x < 709.0 ? x : 709.0;
    const double shifted = x * 0x1.71547652b82fep0 + 0x1.8p52;
    const double n = shifted - 0x1.8p52; /* the nearest to x / log 2 */
    const double r = (x - n * LOG_2_HIGH) - n * LOG_2_LOW;
    double q = 1.0 / 6227020800; /* 1 / 13!; |r| <= log 2 / 2 */
    q = q * r + 1.0 / 479001600;
    q = q * r + 1.0 / 39916800;
    q = q * r + 1.0 / 3628800;
    q = q * r + 1.0 / 362880;
    q = q * r + 1.0 / 40320;
    q = q * r + 1.0 / 5040;
    q = q * r + 1.0 / 720;
    q = q * r + 1.0 / 120;
    q = q * r + 1.0 / 24;
    q = q * r + 1.0 / 6;
    q = q * r + 0.5;
    const double power = 1.0 + (r + r * r * q);
    return elementary_double(fixed_bits(power) + (fixed_bits(shifted) << 52));
}

/* Within 2^-52 of tanh x; 1 for what is not a number. */
static inline double elementary_tanh(double x)
{
    const double e = elementary_exp(-2.0 * fabs(x)); /* in (0, 1] */
    const double size = (1.0 - e) / (1.0 + e);
    return x < 0.0 ? -size : size;
}

/* Within 2^-52 of log(1 + x), for 0 <= x <= 1. */
static inline double elementary_log1p(double x)
{
    const double above = x > 0.414213562373095 ? 1.0 : 0.0; /* 1 + x > sqrt 2 */
    const double f = above != 0.0 ? 0.5 * (x - 1.0) : x;
    const double s = f / (2.0 + f), z = s * s; /* log(1 + f) = 2 artanh s */
    double q = 2.0 / 23;
    q = q * z + 2.0 / 21;
    q = q * z + 2.0 / 19;
    q = q * z + 2.0 / 17;
    q = q * z + 2.0 / 15;
    q = q * z + 2.0 / 13;
    q = q * z + 2.0 / 11;
    q = q * z + 2.0 / 9;
    q = q * z + 2.0 / 7;
    q = q * z + 2.0 / 5;
    q = q * z + 2.0 / 3;
    return above * 0x1.62e42fefa39efp-1 + (2.0 * s + s * (z * q));
}

#endif
