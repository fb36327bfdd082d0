/*
 * guard: the memory against differencing. What two answers say about few people
 * when one is taken from the other is refused before the second is given.
 *
 * For every question that was answered, in any study, the people of its cohort
 * (and of each level of its `by`) are kept, a bit a patient, sealed at rest
 * with a key made from the center's own, and dropped when the study ends. The
 * same people answered again are one cohort, that was answered last. A new
 * cohort A must differ from each earlier B by nobody or by at least the limit,
 * each way (D13); the same against unions, intersections and differences of the
 * last GUARD_PAIRS earlier ones (D14, guard_pairs.h). Asked by exam, nobody or
 * at least so many people count with several. The centers that took part are
 * compared alike: a question about the same people may be answered by the same
 * centers, or by sets that differ by at least three each way. Not thread-safe.
 */
#ifndef COHORTIUM_NODE_GUARD_H
#define COHORTIUM_NODE_GUARD_H

#include "node/frame.h"
#include "node/store.h"
#include "policy/roster.h"
#include "protocol/analysis/plan.h"

#define GUARD_LEVELS_MAX                                                       \
    64 /* levels of `by` that are remembered one by one                        \
        */

struct guard;
struct guard_people; /* of one question: bitmaps, until it is recorded */

enum status guard_create(struct guard **out, const struct keypair *keys);
void guard_destroy(struct guard *guard);
void guard_people_destroy(struct guard_people *people);

/* Takes in what is new in the store: done after an answer, it is no part of the
 * next one's time. */
enum status guard_load(struct guard *guard, struct store *store);

/* What is asked, for its people to be compared. */
struct guard_question {
    const struct frame *frame;
    const struct plan *plan;
    int64_t min_cell;
};

/* Loads, drops what is over, and compares.
 * STATUS_TOO_CLOSE: refused. Otherwise *out is to be recorded when the answer
 * is given. */
enum status guard_check(struct guard *guard, struct guard_people **out,
    struct store *store, const struct guard_question *question, int64_t now);
/* For a question that stayed open: compares with what was answered since.
 * STATUS_TOO_CLOSE: refused. */
enum status guard_check_again(struct guard *guard, struct guard_people *people,
    struct store *store, int64_t min_cell, int64_t now);
/* Within the caller's transaction. until: seconds since 1970. */
enum status guard_record(struct guard *guard, struct store *store,
    const struct guard_people *people, const struct digest *study,
    int64_t until);
/* Names the people of the whole cohort to this center alone: a keyed digest.
 * *nobody: the cohort is empty. */
enum status guard_people_digest(const struct guard *guard,
    const struct guard_people *people, struct digest *out, bool *nobody);
/* people: what names them. centers[count]: identities, in the order of
 * their roster.
 * STATUS_TOO_CLOSE: these and an earlier set for the same people differ by one
 * or two. Records them otherwise, within the caller's transaction. */
enum status guard_check_centers(struct store *store,
    const struct digest *people, const struct public_key *centers, size_t count,
    int64_t until);
/* Sets that an earlier version kept by places in a roster, by identity as this
 * roster has it. Under which one a set was kept is not known: it is named by
 * each, and a new set must not be close to any. store_drop_places ends it. */
enum status guard_name_centers(
    struct store *store, const struct roster *roster);
/* People by their numbers, in any order; and a cohort that counts as answered
 * without being written down. For tests and measurements. */
enum status guard_people_create(
    struct guard_people **out, const uint32_t *numbers, size_t count);
enum status guard_remember(
    struct guard *guard, const struct guard_people *people);
/* The comparison alone, for tests and measurements: whether 1 to limit - 1
 * people differ, by D13 or D14. */
enum status guard_compare(struct guard *guard,
    const struct guard_people *people, int64_t limit, bool *close);

#endif
