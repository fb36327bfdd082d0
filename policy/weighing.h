/*
 * weighing: what a question weighs before any figure is told, and the
 * instruction that comes of it. Node and coordinator read and write the same.
 *
 * A question tells figures of an ordered list of sets of rows (sets.h). A row
 * weighs WEIGHING_UNIT / (exams of its patient), so that a patient weighs at
 * most WEIGHING_UNIT. Of `remembered` sets that were asked before and `sets`
 * that are asked now the weighing vector holds, in this order,
 *   for each remembered t   W(t), as far as its rows are at this center;
 *   for each set s          W(s), then W(s and t) for each remembered t;
 *   for each set s          W(s and r) for each set r before it.
 * It is added over centers as every vector is.
 *
 * The instruction says for each set how it is answered. Its bytes: the number
 * of sets (2, little-endian), then for each: 1 byte of kind, and for combined
 * ones the number of terms (2) and of each term the place (4) and the
 * coefficient (1, signed). A place below `remembered` is that set; others are
 * the sets of the question itself. Pure.
 */
#ifndef COHORTIUM_POLICY_WEIGHING_H
#define COHORTIUM_POLICY_WEIGHING_H

#include "policy/span.h"
#include "protocol/analysis/assigned.h"
#include "protocol/analysis/row_bits.h"
#include "protocol/wire/digest.h"

#define WEIGHING_UNIT ROW_WEIGHT_UNIT
#define WEIGHING_SETS_MAX 4096
#define WEIGHING_REMEMBERED_MAX 4096

struct weighing_shape {
    size_t remembered, sets;
};

/* Elements of the vector, and where they stand. set < sets; of weighing_pair
 * other < set. */
size_t weighing_length(const struct weighing_shape *shape);
size_t weighing_now(const struct weighing_shape *shape, size_t remembered);
size_t weighing_weight(const struct weighing_shape *shape, size_t set);
size_t weighing_shared(
    const struct weighing_shape *shape, size_t set, size_t remembered);
size_t weighing_pair(
    const struct weighing_shape *shape, size_t set, size_t other);

/* The name of a set that was asked: of its question's session header, and its
 * place in the question. */
struct digest weighing_name_set(const struct digest *header, size_t set);

enum weighed_answer {
    WEIGHED_FEW,     /* nothing is told of it */
    WEIGHED_EXACT,   /* its own rows: new, or what is known already */
    WEIGHED_COMBINED /* a combination of exact sets that were told before, or
                        stand before it in the question */
};

struct weighed_set {
    enum weighed_answer answer;
    /* Of a combination: no rows weigh but 0 and 1. Of another only n, sums,
     * means and a positive sd are told. Of WEIGHED_FEW: nobody is in it, which
     * is told of a level of a factor alone. */
    bool is_set;
    /* It is none of the sets that are remembered, and is from now on. */
    bool is_new;
    size_t term_count;
    /* Of WEIGHED_COMBINED, places in rising order. */
    struct span_term terms[SPAN_TERMS_MAX];
};

struct instruction {
    size_t set_count;
    struct weighed_set *sets;
};

/* All sets are WEIGHED_FEW. Caller frees with instruction_fini. */
enum status instruction_init(struct instruction *instruction, size_t sets);
void instruction_fini(struct instruction *instruction);
/* Of the sets before one how many are new. set <= set_count. */
size_t instruction_new_before(
    const struct instruction *instruction, size_t set);
/* Appends its bytes. */
enum status instruction_write(
    const struct instruction *instruction, struct buffer *out);
/* Reads what instruction_write wrote, for a question of that shape.
 * STATUS_MALFORMED: another number of sets, an unknown kind, a combination of
 * no or more than SPAN_TERMS_MAX terms, with a coefficient of 0 or beyond
 * SPAN_COEFFICIENT_MAX, places that do not rise, or one that stands for no set
 * before this one; or one of a set of this question that is not exact. */
enum status instruction_read(struct instruction *out,
    const struct weighing_shape *shape, struct view bytes);
/* The same as the kernels take it (assigned.h). A segment is few where a level
 * of a fit's factor is, or one that few people tell from what was told before.
 * The instruction is of these sets. Caller frees with answered_fini. */
enum status instruction_answered(const struct instruction *instruction,
    const struct sets *sets, struct answered *out);
void answered_fini(struct answered *answered);

/* Beside the means of its levels, a fit of two factors tells each two-way cell.
 * cells[sets_all_cells(sets)]: what each weighs (assigned_weigh_cells).
 * few[plan->segment_count] is set where one or two people make a cell; larger
 * ones are a stated limit of policy/README.md. */
void weighing_judge_cells(
    const struct sets *sets, const int128 *cells, uint8_t *few);

#endif
