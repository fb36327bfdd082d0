/*
 * remembered: the sets of rows that were asked of this center, a bit a row,
 * sealed at rest with a key made from the center's own, and kept for a year
 * after their study (rule 2 of policy/README.md). New questions are weighed
 * against them.
 *
 * A set is pending until the coordinator says that its question's result is
 * out, or lists it for another question: a center that was asked and whose
 * answer came to nothing remembers more than was told, never less. Not
 * thread-safe.
 */
#ifndef COHORTIUM_NODE_REMEMBERED_H
#define COHORTIUM_NODE_REMEMBERED_H

#include "node/frame.h"
#include "node/store.h"
#include "policy/memory.h"
#include "policy/study.h"
#include "protocol/analysis/row_bits.h"
#include "protocol/analysis/sets.h"

struct remembered;

enum status remembered_create(
    struct remembered **out, const struct keypair *keys);
void remembered_destroy(struct remembered *remembered);
/* Of the center, for donors.h: DONOR_KEY_BYTES, borrowed. */
const uint8_t *remembered_donor_key(const struct remembered *remembered);
/* Takes in what is new in the store, and forgets what is over: done after an
 * answer, it is no part of the next one's time. now: seconds since 1970. */
enum status remembered_load(
    struct remembered *remembered, struct store *store, int64_t now);

/* The sets of one question at this center, and those that it is held against;
 * private. */
struct asked;

struct asked_question {
    const struct frame *frame;
    const struct plan *plan;
    const struct study *study;
    const struct digest *header;
    struct view earlier; /* ids, 32 bytes each: as the coordinator lists them */
    bool alone; /* this center decides with its own figures: `earlier` is not
                   looked at, and is all that the study's researchers were told
                   alone */
};

/* Loads first. STATUS_MALFORMED: the list is of no form, or names one twice;
 * STATUS_WRONG_QUERY: it leaves out a set that the study's researchers were
 * told of; STATUS_TOO_LARGE. */
enum status asked_create(struct asked **out, struct remembered *remembered,
    struct store *store, const struct asked_question *question, int64_t now);
/* Accepts NULL. */
void asked_destroy(struct asked *asked);
const struct weighing_shape *asked_shape(const struct asked *asked);
const struct sets *asked_sets(const struct asked *asked);
const struct row_order *asked_order(const struct asked *asked);
/* What it weighs: weighing_length(asked_shape()) elements. Caller frees. */
enum status asked_weigh(const struct asked *asked, struct vector *out);
/* As the coordinator does with totals: of a question asked alone, before
 * anything is loaded again. */
enum status asked_decide(
    const struct asked *asked, int64_t people, struct instruction *out);
/* Within the caller's transaction: the instruction's new sets are remembered.
 */
enum status asked_remember(struct asked *asked, struct store *store,
    const struct instruction *instruction);
/* counts[rows]: the coefficient of each row of the frame in what answers the
 * set; zeroed here. Nothing for WEIGHED_FEW. */
void asked_count(const struct asked *asked,
    const struct instruction *instruction, size_t set, int16_t *counts);

#endif
