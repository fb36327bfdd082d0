/*
 * guard_pairs: what any two earlier cohorts make, against a new one (D14).
 *
 * The last GUARD_PAIRS cohorts are rows of bits. For a new cohort A and each
 * pair B, C of them, only |A and B and C| is unknown; all else is kept or
 * counted once a cohort. What is known bounds it, and the bounds decide most
 * pairs. The rest is counted part by part, the bounds narrow with each part,
 * and a pair is left as soon as they decide: the answer is exact. Bytes of bits
 * stand in an order drawn at random, so that a part looks like the whole
 * whatever the order of admission; cohorts made to be undecided cost time, not
 * exactness: at most one pass over every pair. Not thread-safe.
 */
#ifndef COHORTIUM_NODE_GUARD_PAIRS_H
#define COHORTIUM_NODE_GUARD_PAIRS_H

#include "node/people.h"

#define GUARD_PAIRS 256 /* cohorts whose pairs are looked at */

struct guard_pairs;

/* For people numbered below `people` (at least; 1 to 2^31). */
enum status guard_pairs_create(struct guard_pairs **out, uint32_t people);
/* Accepts NULL. */
void guard_pairs_destroy(struct guard_pairs *pairs);
/* Numbers below this one have a place. */
uint32_t guard_pairs_people(const struct guard_pairs *pairs);
/* A cohort whose people all have a place. The same people again are the one
 * that was added last; others take the place of the one that was added longest
 * ago, when there are GUARD_PAIRS. */
void guard_pairs_add(struct guard_pairs *pairs, const struct people *cohort);
/* The cohort A that the next two are asked about: any people. */
void guard_pairs_ask(struct guard_pairs *pairs, const struct people *a);
/* Whether A and one of the cohorts differ by 1 to limit - 1 people, one way or
 * the other. */
bool guard_pairs_one_is_close(const struct guard_pairs *pairs, int64_t limit);
/* The same of A and a union, an intersection or a difference of two of them, if
 * it holds anybody. */
bool guard_pairs_two_are_close(struct guard_pairs *pairs, int64_t limit);

#endif
