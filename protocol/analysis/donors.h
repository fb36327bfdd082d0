/*
 * donors: rule 3 of policy/README.md. A row that has no value of a variable
 * takes that of another row of its center, the donor, by lot: BLAKE2b-256 keyed
 * with a secret of the center, over
 *     "cohortium-donor-1", freeze 8, row number 8, try 8, variable's name
 * (little-endian). Its first 8 bytes choose one of the freeze's row numbers, and
 * the next try follows until the row of that number has a value: each row with
 * a value is as likely as any other. The donor is always the same, in whatever
 * question, and when another person's rows are erased it stays, unless it is
 * among them. Exams of a patient share the donor of a variable that is the
 * patient's.
 */
#ifndef COHORTIUM_PROTOCOL_ANALYSIS_DONORS_H
#define COHORTIUM_PROTOCOL_ANALYSIS_DONORS_H

#include "protocol/analysis/rows.h"
#include "protocol/query/dictionary.h"

#define DONOR_KEY_BYTES 32

struct donor_lot {
    const uint8_t *key; /* [DONOR_KEY_BYTES]; secret */
    uint64_t freeze;
    uint64_t end;            /* the freeze's row numbers are below, erased ones
                                included */
    const uint64_t *numbers; /* [rows->count] a row's number in the store, no
                                two alike */
};

/* A row takes part with the values that a donor must have. */
typedef bool donor_takes(const void *arg, size_t row);

struct donors;

/* All is borrowed for as long as it lives. STATUS_NO_MEMORY. */
enum status donors_create(struct donors **out, const struct rows *rows,
    const struct dictionary *dictionary, const struct donor_lot *lot);
void donors_destroy(struct donors *donors);
/* The donor of a row for that column: a row that has a value there, of a vector
 * all of its elements. SIZE_MAX: no row has. */
size_t donors_find(const struct donors *donors, size_t column, size_t row);
/* The same among the rows that `takes` says; the lot is that of the column. */
size_t donors_find_among(const struct donors *donors, size_t column, size_t row,
    donor_takes *takes, const void *arg);

#endif
