#include "protocol/masking/shares.h"

#include <string.h>

#include <sodium.h>

static void scalar_of(struct secret *out, uint32_t value)
{
    memset(out, 0, sizeof *out);
    for (int i = 0; i < 4; i++)
        out->bytes[i] = (uint8_t)(value >> (8 * i));
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

/* Horner's rule, from the highest coefficient down to the secret. */
static void evaluate(struct secret *out, const struct secret *coefficients,
    size_t count, uint32_t at)
{
    struct secret x, product;
    scalar_of(&x, at);
    *out = coefficients[count - 1];
    for (size_t i = count - 1; i > 0; i--) {
        multiply(&product, out, &x);
        add(out, &product, &coefficients[i - 1]);
    }
    sodium_memzero(&product, sizeof product);
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

/* weight of holder i: product over j != i of x_j / (x_j - x_i) */
enum status shares_weights(
    struct secret *weights, const uint32_t *holders, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct secret top, bottom, own, other, product;
        scalar_of(&top, 1);
        scalar_of(&bottom, 1);
        scalar_of(&own, holders[i]);
        for (size_t j = 0; j < count; j++) {
            if (j == i)
                continue;
            scalar_of(&other, holders[j]);
            multiply(&product, &top, &other);
            top = product;
            crypto_core_ristretto255_scalar_sub(
                other.bytes, other.bytes, own.bytes);
            multiply(&product, &bottom, &other);
            bottom = product;
        }
        if (holders[i] == 0 || crypto_core_ristretto255_scalar_invert(
                                   bottom.bytes, bottom.bytes) != 0)
            return STATUS_MALFORMED;
        multiply(&weights[i], &top, &bottom);
    }
    return STATUS_OK;
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
