/*
 * cuts: what ranks need of values that have too many steps to count each: rows
 * are counted between cuts, in rounds; after each the coordinator cuts again
 * where it does not know enough, until it knows what it needs exactly.
 *
 * Values are keys: whole numbers, low <= key < high, of magnitude below 2^53.
 * Of the area under a curve (group 1 against group 0) only an interval that
 * holds both groups is cut; of ranks every one with two rows, so that ties are
 * known; of values those that hold a wanted rank. Intervals are finished from
 * the lowest on, so that few are kept at a time. Pure.
 */
#ifndef COHORTIUM_PROTOCOL_ANALYSIS_CUTS_H
#define COHORTIUM_PROTOCOL_ANALYSIS_CUTS_H

#include "protocol/analysis/analysis.h"
#include "protocol/analysis/steps.h"

enum cuts_aim {
    CUTS_AREA,  /* roc_curve's, of two groups */
    CUTS_RANKS, /* rank sums and ties */
    CUTS_VALUES /* wanted ranks alone */
};

struct cuts {
    enum cuts_aim aim;
    size_t groups;
    double low, high;
    size_t wanted; /* ranks of each group */
    /* The i-th of them among n >= 1 rows, from 1. */
    int64_t (*rank)(const struct analysis *analysis, size_t i, int64_t n);
};

/* Sums of a round: rows between cuts by group, then people by group. */
size_t cuts_width(const struct cuts *cuts);
/* How many cuts there are, then the cuts. */
size_t cuts_value_count(const struct cuts *cuts);
size_t cuts_memory_count(const struct cuts *cuts);
size_t cuts_state_size(const struct cuts *cuts);

/* Whether told cuts are any: whole numbers of low to high that rise, no more
 * than there is room for. */
bool cuts_are_told(const struct cuts *cuts, const double *values);

/* At a center: a round's rows of one scan. state: its first element is
 * model_count_row's `last`. */
struct cuts_counting {
    const struct row_block *block;
    const double *values; /* NULL: the first round */
    uint64_t *state;
    int128 *cell;
};
/* A row that counts. */
void cuts_add(const struct cuts *cuts, const struct cuts_counting *to,
    size_t row, double key, size_t group);
/* The rows of a block at the steps of a variable (steps_range); those without
 * a value or a group count nowhere. */
struct cuts_variable {
    const struct variable *of;
    size_t place;
    const struct steps_group *group; /* NULL: all in one */
};
void cuts_add_block(const struct cuts *cuts, const struct cuts_counting *to,
    const struct cuts_variable *variable);

/* The cuts of the first round after others. */
void cuts_start(const struct cuts *cuts, double *values);
/* A round's sums, counted at `values` (NULL: its first), into memory; next: the
 * cuts of another, unless *done. min_cell: as in struct summed_round. */
struct cuts_round {
    const int128 *sums;
    const double *values;
    double *memory, *next;
    int64_t min_cell;
};
enum status cuts_advance(const struct analysis *analysis,
    const struct cuts *cuts, const struct cuts_round *round, bool *done);

/* ---- what memory holds in the end ---- */

/* False: the sums were none that rows can have. */
bool cuts_is_done(const double *memory);
double cuts_rows(const double *memory, size_t group);
double cuts_people(const struct cuts *cuts, const double *memory, size_t group);
/* Twice the sum of a group's ranks, ties at their middle. */
double cuts_ranks(const struct cuts *cuts, const double *memory, size_t group);
/* The sum of t^3 - t over ties of t rows. */
double cuts_ties(const double *memory);
/* The key of a group's i-th wanted rank. */
double cuts_found(
    const struct cuts *cuts, const double *memory, size_t group, size_t i);
/* Whether a group of the rows that count has too few people to be told of. */
bool cuts_has_few(
    const struct cuts *cuts, const double *memory, int64_t min_cell);
/* CUTS_AREA: what roc_curve.h makes of it. */
const double *cuts_curve(const struct cuts *cuts, const double *memory);

#endif
