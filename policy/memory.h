/*
 * memory: the sets of rows that one family was told of, what they weigh, and
 * how they were answered; and the decision about a new question's sets (rule 2
 * of policy/README.md). A family is one group of researchers: studies that
 * share a researcher are one family. The coordinator keeps a memory over
 * totals; a center that answers with its own figures keeps one over its own.
 *
 * Sets stand in the order in which they were asked; those that were told
 * exactly are the anchors (span.h). A decision depends on nothing but the
 * memory, the limit and the weights, so that it can be worked out again from
 * what the ledger keeps. One thread at a time.
 */
#ifndef COHORTIUM_POLICY_MEMORY_H
#define COHORTIUM_POLICY_MEMORY_H

#include "policy/weighing.h"
#include "protocol/analysis/vector.h"

struct memory;

struct remembered_set {
    int64_t weight;
    const int64_t *shared;   /* with each set before it, in order */
    struct weighed_set told; /* places among the sets before it */
};

enum status memory_create(struct memory **out);
void memory_destroy(struct memory *memory);
size_t memory_count(const struct memory *memory);
/* At the end. `set` is copied. An exact one that lies within what was told
 * before is no anchor. STATUS_MALFORMED when no sets weigh so; LIMIT_REACHED.
 */
enum status memory_add(struct memory *memory, const struct remembered_set *set);

struct weighing_question {
    int64_t people; /* k: fewer never make a difference; 1: rule 2 is off */
    struct weighing_shape shape;
    /* [sets] not 0: no figure is of the set alone, such as of a factor's level
     * in a fit, but figures may tell it all the same. It is WEIGHED_FEW unless
     * it is a combination, or far from all of them. NULL: there are none. */
    const uint8_t *weighed_only;
    const int128 *weights; /* [weighing_length(&shape)], summed */
    size_t heads; /* of the sets: its cohort and levels of `by`, which whoever
                     asks chose; they stand first */
};

/* How each set of the question is answered; the memory is as before. Sets are
 * looked at in their order, and one that is exact is an anchor for the rest.
 * STATUS_MALFORMED: the weights are of no sets. Caller frees with
 * instruction_fini. */
enum status memory_decide(struct memory *memory,
    const struct weighing_question *question, struct instruction *out);
/* Adds the question's new sets, once its answer is out: with the instruction
 * that memory_decide gave and the same weights. All or nothing. */
enum status memory_learn(struct memory *memory,
    const struct weighing_question *question,
    const struct instruction *instruction);

/* Cohorts that differ by somebody, but no more people than these, and were told
 * otherwise, show where a boundary between two answers runs: they are counted,
 * and people look at them. */
#define MEMORY_NEAR_PEOPLE 2

/* A cohort or level of the question, and an earlier set of the memory. */
struct near_pair {
    size_t set, place;
    int64_t weight, shared; /* of the set; of both */
};

/* Each such pair in its order, until visit says that it is enough (true). The
 * earlier set was told something, and the later one is none that was asked
 * before, nor told as the earlier one is: by that set alone, or by the same
 * combination. The memory is as the question was decided with, and what was
 * decided. */
void memory_visit_near(const struct memory *memory,
    const struct weighing_question *question,
    const struct instruction *instruction,
    bool (*visit)(void *arg, const struct near_pair *pair), void *arg);

#endif
