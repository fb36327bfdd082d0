/*
 * shares: Shamir's secret sharing over the scalars of ristretto255 (integers
 * modulo the prime L = 2^252 + 27742317777372353535851937790883648493).
 * Shamir, How to share a secret, CACM 22(11), 1979.
 *
 * The share of holder x (x >= 1) is p(x) for a random polynomial p of degree
 * threshold - 1 with p(0) = secret. Constant time for secrets: shares are made
 * with plain integers, of fixed length, and libsodium's reduction; joined with
 * libsodium's arithmetic.
 */
#ifndef COHORTIUM_PROTOCOL_MASKING_SHARES_H
#define COHORTIUM_PROTOCOL_MASKING_SHARES_H

#include "protocol/masking/derive.h"

/* shares[count] for holders[count], distinct and not 0. secret: a scalar below
 * L. 1 <= threshold <= count. */
enum status shares_split(struct secret *shares, const struct secret *secret,
    const uint32_t *holders, size_t count, size_t threshold);
/* Lagrange weights at 0 of these holders; STATUS_MALFORMED when a holder is 0
 * or stands twice. weights[count]. */
enum status shares_weights(
    struct secret *weights, const uint32_t *holders, size_t count);
/* sum of weights[i] * shares[i]: the secret, when these are threshold shares
 * that belong together. Otherwise some other scalar: the caller compares. */
void shares_join(struct secret *secret, const struct secret *shares,
    const struct secret *weights, size_t count);

#endif
