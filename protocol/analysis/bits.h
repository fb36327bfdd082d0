/*
 * bits: how many bits of words are set. A new cohort is counted against
 * hundreds of remembered ones, so that this is most of what the guard does;
 * processors that count eight words at once are asked to.
 */
#ifndef COHORTIUM_PROTOCOL_ANALYSIS_BITS_H
#define COHORTIUM_PROTOCOL_ANALYSIS_BITS_H

#include <stddef.h>
#include <stdint.h>

uint64_t bits_count(const uint64_t *words, size_t count);
/* Of x and y. */
uint64_t bits_common(const uint64_t *x, const uint64_t *y, size_t count);
/* The same as on any other processor; for tests. */
uint64_t bits_common_plainly(
    const uint64_t *x, const uint64_t *y, size_t count);

#endif
