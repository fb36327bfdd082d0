/*
 * row_bits: sets of rows as bits, and what they weigh (rule 2 of
 * policy/README.md). A row weighs ROW_WEIGHT_UNIT / (exams of its patient among
 * all rows), rounded down, so that nobody weighs more than ROW_WEIGHT_UNIT
 * however many exams he has. The unit is divisible by 1 to 16.
 *
 * Bits stand in an order of their own: rows of patients with one exam first,
 * then those with two, and so on, each class from a new word on. A weight is
 * then a population count of each class; 500 earlier sets are weighed against a
 * new one in one pass over words.
 */
#ifndef COHORTIUM_PROTOCOL_ANALYSIS_ROW_BITS_H
#define COHORTIUM_PROTOCOL_ANALYSIS_ROW_BITS_H

#include "protocol/analysis/rows.h"
#include "protocol/wire/status.h"

#define ROW_WEIGHT_UNIT 720720

struct row_class {
    int64_t weight;    /* of a row */
    size_t first, end; /* words */
};

struct row_order {
    size_t row_count, word_count;
    size_t class_count;
    struct row_class *classes;
    uint32_t *bits; /* [row_count] the place of a row's bit */
    uint32_t *rows; /* [word_count * 64] the row of a bit; UINT32_MAX: none */
};

/* STATUS_NO_MEMORY. Freed by row_order_fini. rows->count below 2^32 - 1. */
enum status row_order_init(struct row_order *order, const struct rows *rows);
void row_order_fini(struct row_order *order);
/* mask[row_count], not 0 where a row is in, -> words[word_count]. */
void row_bits_set(
    const struct row_order *order, const uint8_t *mask, uint64_t *words);
/* W(a), and W(a and b), in units. */
int64_t row_bits_weigh(const struct row_order *order, const uint64_t *a);
int64_t row_bits_weigh_common(
    const struct row_order *order, const uint64_t *a, const uint64_t *b);
/* counts[row] += coefficient for each row of the set. */
void row_bits_add(const struct row_order *order, const uint64_t *words,
    int coefficient, int16_t *counts);

#endif
