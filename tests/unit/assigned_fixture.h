/*
 * assigned_fixture: questions about the table of sets_fixture, some of its rows
 * as a center of its own, and how often rows count.
 */
#ifndef COHORTIUM_TESTS_UNIT_ASSIGNED_FIXTURE_H
#define COHORTIUM_TESTS_UNIT_ASSIGNED_FIXTURE_H

#include "protocol/analysis/assigned.h"

#include "sets_fixture.h"

#define CENTERS_MAX 13

extern struct table fixture_table;
extern struct chance_rows fixture_all;
extern uint64_t fixture_numbers[CHANCE_ROWS]; /* of the rows, for donors */
extern const uint8_t fixture_key[DONOR_KEY_BYTES];

int fixture_setup(void **state);
int fixture_teardown(void **state);

struct some {
    struct column columns[CHANCE_COLUMNS];
    uint32_t patients[CHANCE_ROWS];
    struct rows rows;
};

/* Rows first .. end - 1 of which `in` is not 0 (NULL: all). */
void some_init(struct some *some, size_t first, size_t end, const uint8_t *in,
    size_t center);
void some_fini(struct some *some);
int32_t code_of(size_t row, size_t column);
void put_code(const struct column *column, size_t row, int32_t code);

struct question {
    struct asked asked;
    const struct plan *plan;
    struct sets *sets;
    uint8_t *answers;
    uint8_t *few;
    struct answered answered;
};

void question_init(
    struct question *question, const char *text, const char *rest);
void question_fini(struct question *question);
const int128 *cell_of(const struct question *question,
    const struct contribution *c, size_t segment, size_t cell);

#define WEIGHTS 5 /* -5, -3, -1, 2 and 4 */

/* Twice a set, less rows of x = 3, and rows elsewhere so many times. */
int16_t weight_of(size_t row);
void count_weights(void *arg, size_t set, int16_t *counts);

#endif
