/*
 * masking_fixture: members and a collector in one process, and a network in
 * between that a test can bend.
 */
#ifndef COHORTIUM_TESTS_UNIT_MASKING_FIXTURE_H
#define COHORTIUM_TESTS_UNIT_MASKING_FIXTURE_H

#include "protocol/masking/collector.h"
#include "protocol/masking/member.h"

#define CROWD_MAX 1024

struct crowd {
    size_t count, length;
    struct masking_terms terms;
    struct masking_party parties[CROWD_MAX];
    struct keypair *keys[CROWD_MAX];
    struct member *members[CROWD_MAX];
    struct collector *collector;
    bool present[CROWD_MAX];      /* whether what it says from now on arrives */
    struct buffer out[CROWD_MAX]; /* what each said last */
    struct vector
        vectors[CROWD_MAX]; /* before masks; after crowd_mask, masked*/
    int128 *expected;       /* sum of the survivors' vectors */
};

/* What a member says to the message of the collector's present step: the body
 * into out, and where the step is COLLECT_MASKED its vector is masked. */
enum status crowd_answer(enum collector_step step, struct member *member,
    struct view message, struct vector *vector, struct buffer *out);
/* Member i has index i + 1 and the vector 1000 (i + 1) + k. */
void crowd_init(
    struct crowd *crowd, size_t count, size_t length, size_t min_centers);
void crowd_fini(struct crowd *crowd);
/* The collector's message of the present step, given to every present member
 * that it asks; their answers go back. */
enum status crowd_exchange(struct crowd *crowd);
/* The same, and the step is closed. */
enum status crowd_step(struct crowd *crowd);
/* All steps; the sum is collector_sum. */
enum status crowd_run(struct crowd *crowd);
void crowd_expect_sum(const struct crowd *crowd);

#endif
