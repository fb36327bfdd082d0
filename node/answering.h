/*
 * answering: the rows that a question's sets are answered of, as the kernels
 * take them, from how each set is answered.
 */
#ifndef COHORTIUM_NODE_ANSWERING_H
#define COHORTIUM_NODE_ANSWERING_H

#include "node/remembered.h"
#include "protocol/analysis/assigned.h"

struct answering;

struct answering_terms {
    const struct asked *asked;
    const struct instruction *instruction;
    const struct rows *rows;  /* copied; its arrays outlive the answering */
    const uint32_t *numbers;  /* of the rows, borrowed */
    uint64_t number_end;      /* above all of them */
    const uint8_t *donor_key; /* DONOR_KEY_BYTES, borrowed */
    uint64_t freeze;
};

/* STATUS_OUT_OF_RANGE: a combination is no such as the instruction says. */
enum status answering_create(
    struct answering **out, const struct answering_terms *terms);
/* Accepts NULL. */
void answering_destroy(struct answering *answering);
const struct assigned *answering_assigned(const struct answering *answering);
/* What the two-way cells of all fits weigh (sets_all_cells) among the rows that
 * answer them. order: of the same rows. Caller frees `out`. */
enum status answering_weigh_cells(const struct answering *answering,
    const struct row_order *order, struct vector *out);

#endif
