#include "protocol/masking/shares.h"

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "protocol/analysis/vector.h"
#include "protocol/wire/little.h"

static void scalar_of(struct secret *out, uint32_t value)
{
    memset(out, 0, sizeof *out);
    little_put(out->bytes, value, 4);
}

static void multiply(
    struct secret *out, const struct secret *a, const struct secret *b)
{
    crypto_core_ristretto255_scalar_mul(out->bytes, a->bytes, b->bytes);
}

static void add(
    struct secret *out, const struct secret *a, const struct secret *b)
{
    crypto_core_ristretto255_scalar_add(out->bytes, a->bytes, b->bytes);
}

/* An integer below 2^512, on its way to a scalar. */
struct wide {
    uint64_t limbs[8]; /* little-endian, as the bytes that libsodium reduces */
};

#define SCALAR_BITS 253
#define WIDE_BITS 512

static void reduce(struct wide *sum)
{
    struct secret scalar;
    crypto_core_ristretto255_scalar_reduce(
        scalar.bytes, (const uint8_t *)sum->limbs);
    memset(sum, 0, sizeof *sum);
    memcpy(sum->limbs, scalar.bytes, sizeof scalar.bytes);
    sodium_memzero(&scalar, sizeof scalar);
}

/* sum = sum * x + next */
static void multiply_add(
    struct wide *sum, uint32_t x, const struct secret *next)
{
    uint64_t term[8] = {0};
    uint128 carry = 0;
    memcpy(term, next->bytes, sizeof next->bytes);
    for (int i = 0; i < 8; i++) {
        carry += (uint128)sum->limbs[i] * x + term[i];
        sum->limbs[i] = (uint64_t)carry;
        carry >>= 64;
    }
    sodium_memzero(term, sizeof term);
}

/* Horner's rule, from the highest coefficient down to the secret. x is small:
 * a step makes the sum at most its width and a bit longer, and many go by
 * before it must be reduced. No branch and no address depends on a secret. */
static void evaluate(struct secret *out, const struct secret *coefficients,
    size_t count, uint32_t x)
{
    struct wide sum = {{0}};
    size_t width = 1;
    while (width < 32 && x >> width != 0)
        width++;
    const size_t stride = (WIDE_BITS - SCALAR_BITS) / (width + 1);
    memcpy(sum.limbs, coefficients[count - 1].bytes, sizeof *coefficients);
    for (size_t i = 1; i < count; i++) {
        multiply_add(&sum, x, &coefficients[count - 1 - i]);
        if (i % stride == 0)
            reduce(&sum);
    }
    reduce(&sum);
    memcpy(out->bytes, sum.limbs, sizeof out->bytes);
    sodium_memzero(&sum, sizeof sum);
}

static void split(struct secret *shares, struct secret *coefficients,
    const uint32_t *holders, size_t count, size_t threshold)
{
    for (size_t i = 1; i < threshold; i++)
        masking_draw_seed(&coefficients[i]);
    for (size_t i = 0; i < count; i++)
        evaluate(&shares[i], coefficients, threshold, holders[i]);
}

enum status shares_split(struct secret *shares, const struct secret *secret,
    const uint32_t *holders, size_t count, size_t threshold)
{
    /* Guarded memory takes four system calls; few are wiped from the stack. */
    struct secret few[64];
    if (threshold == 0 || threshold > count)
        return STATUS_OUT_OF_RANGE;
    const bool is_few = threshold <= sizeof few / sizeof few[0];
    struct secret *coefficients =
        is_few ? few : sodium_allocarray(threshold, sizeof *coefficients);
    if (coefficients == NULL)
        return STATUS_NO_MEMORY;
    coefficients[0] = *secret;
    split(shares, coefficients, holders, count, threshold);
    if (is_few)
        sodium_memzero(few, sizeof few);
    else
        sodium_free(coefficients);
    return STATUS_OK;
}

/* x_i times the product over j != i of (x_j - x_i) */
static void denominator_of(
    struct secret *out, const uint32_t *holders, size_t count, size_t i)
{
    struct secret own, other;
    scalar_of(&own, holders[i]);
    *out = own;
    for (size_t j = 0; j < count; j++) {
        if (j == i)
            continue;
        scalar_of(&other, holders[j]);
        crypto_core_ristretto255_scalar_sub(
            other.bytes, other.bytes, own.bytes);
        multiply(out, out, &other);
    }
}

/* The weight of holder i is the product over j != i of x_j / (x_j - x_i): that
 * of all x over the denominator. One inverse serves all denominators, taken
 * off the products of the first of them one by one (Montgomery, Speeding the
 * Pollard and elliptic curve methods, Math. Comp. 48(177), 1987, 10.3.1). */
static enum status divide_all(struct secret *weights,
    struct secret *denominators, const uint32_t *holders, size_t count)
{
    struct secret all, one, inverse;
    scalar_of(&all, 1);
    scalar_of(&inverse, 1);
    for (size_t i = 0; i < count; i++) {
        denominator_of(&denominators[i], holders, count, i);
        weights[i] = inverse; /* the product of those before */
        multiply(&inverse, &inverse, &denominators[i]);
        scalar_of(&one, holders[i]);
        multiply(&all, &all, &one);
    }
    if (crypto_core_ristretto255_scalar_invert(inverse.bytes, inverse.bytes) !=
        0)
        return STATUS_MALFORMED; /* a holder is 0 or stands twice */
    for (size_t i = count; i > 0; i--) {
        multiply(&weights[i - 1], &weights[i - 1], &inverse);
        multiply(&weights[i - 1], &weights[i - 1], &all);
        multiply(&inverse, &inverse, &denominators[i - 1]);
    }
    return STATUS_OK;
}

enum status shares_weights(
    struct secret *weights, const uint32_t *holders, size_t count)
{
    struct secret *denominators = calloc(count + 1, sizeof *denominators);
    if (denominators == NULL)
        return STATUS_NO_MEMORY;
    enum status status = divide_all(weights, denominators, holders, count);
    free(denominators);
    return status;
}

void shares_join(struct secret *secret, const struct secret *shares,
    const struct secret *weights, size_t count)
{
    struct secret product;
    memset(secret, 0, sizeof *secret);
    for (size_t i = 0; i < count; i++) {
        multiply(&product, &shares[i], &weights[i]);
        add(secret, secret, &product);
    }
    sodium_memzero(&product, sizeof product);
}
