/*
 * assigned: how a center answers a question whose sets of rows were weighed
 * against what was told before (rule 2 of policy/README.md): each set by its
 * own rows, by a combination of earlier sets, or not at all.
 *
 * A part that a combination answers is counted on the combination's rows as if
 * they were the set's: a row counts as of that level of `by` and of that group,
 * and takes the value of a donor where a column has none (donors.h).
 * A part that is not answered leaves as zeros with CELL_WITHHELD = 1; a segment
 * of which nothing but its head is answered, or whose head is not, with
 * HEAD_WITHHELD = 1.
 */
#ifndef COHORTIUM_PROTOCOL_ANALYSIS_ASSIGNED_H
#define COHORTIUM_PROTOCOL_ANALYSIS_ASSIGNED_H

#include "protocol/analysis/donors.h"
#include "protocol/analysis/sets.h"

/* A row counts at most so often, up or down: 128 terms of 4 at most. */
#define ASSIGNED_WEIGHT_MAX 512

enum set_answer {
    SET_OWN,      /* by its own rows */
    SET_FEW,      /* not */
    SET_COMBINED, /* by the rows that count once; the others count nothing */
    SET_SUMMED    /* by rows that count any whole number of times: no set, and
                     only n, sums, means and spreads are told; a part of another
                     analysis is SET_FEW */
};

/* How each set of a question is answered. */
struct answered {
    const struct sets *sets;
    const uint8_t *answers; /* [sets->count] enum set_answer; those of sets that
                               are weighed only mean nothing here */
    const uint8_t *few; /* [plan->segment_count] not 0: the segment is not told,
                           as a fit with a level of few people; NULL: none */
};

/* How a segment is counted. */
enum segment_way {
    SEGMENT_PLAIN,   /* by its own rows alone */
    SEGMENT_RUNS,    /* combinations answer it, or parts of it are not told */
    SEGMENT_WITHHELD /* not */
};
enum segment_way answered_way(const struct answered *answered, size_t segment);
/* What its entry of the results says of it, once the rest is there: an entry
 * that is not told, or that is suppressed where some part of it is not, has
 * "rule" = "few"; one that combinations answer names in "completed" the
 * variables of which a row without a value takes a donor's. They are named
 * whether a row is without one or not. */
void answered_tell(
    const struct answered *answered, size_t segment, json_t *entry);

struct assignment {
    const struct answered *answered;
    /* Of a set that is combined or summed how often each row counts:
     * counts[rows->count], zero before. */
    void (*count_rows)(void *arg, size_t set, int16_t *counts);
    void *arg;
    const struct donor_lot *lot; /* NULL: nobody takes a donor's value */
};

struct assigned;

/* Works out which rows answer what; needs the assignment no longer. The sets
 * and rows are borrowed. STATUS_OUT_OF_RANGE: a combination is not what it is
 * said to be: rows that count beyond 0 and 1, or beyond ASSIGNED_WEIGHT_MAX. */
enum status assigned_create(struct assigned **out, const struct rows *rows,
    const struct assignment *assignment);
void assigned_destroy(struct assigned *assigned);
/* Of a fit's rows, donors' values included, those of one set that is weighed
 * only (sets.h, PART without elements): mask[rows->count]. All zeros where the
 * segment is not told. STATUS_NO_MEMORY. */
enum status assigned_mark_level(
    const struct assigned *assigned, size_t segment, size_t set, uint8_t *mask);

/* What each two-way cell of a fit weighs among its rows, donors' values
 * included, in units: weights[sets_cell_count], in order of its parts. order:
 * of the same rows. STATUS_NO_MEMORY. */
struct row_order; /* row_bits.h */
enum status assigned_weigh_cells(const struct assigned *assigned,
    const struct row_order *order, size_t segment, int64_t *weights);

/* As plan_contribute and plan_contribute_round (round NULL: the first). Where
 * all sets are SET_OWN it is the same. */
enum status plan_contribute_assigned(const struct assigned *assigned,
    int threads, const struct round *round, struct contribution *out);

/* ---- for the scan ---- */

/* Whether a part is not told. Of a group that shares its elements with others
 * none is told alone. */
bool answered_is_withheld(const struct answered *answered, size_t segment,
    const struct set_part *part);

struct assigned_column {
    size_t place;
    struct column column;
};

/* A pass over some rows for some of a segment's elements. */
struct assigned_run {
    size_t segment;
    int weight;          /* what comes of it counts so often */
    const uint8_t *mask; /* [rows->count] */
    bool several;        /* two of its rows are of one patient */
    int shares;          /* of one patient's rows at most so many runs of a part
                            count some */
    size_t column_count;
    struct assigned_column *columns; /* in place of the rows' own */
    struct rows rows;                /* with them */
    size_t part_count;
    const struct set_part **parts; /* whose elements are taken */
};

/* Of a level: what its segments' heads say. */
struct assigned_head {
    int64_t rows, people;
};

struct assigned {
    const struct sets *sets;
    const struct rows *rows;
    struct set_marker marker;
    struct assigned_head cohort;
    struct assigned_head *heads; /* [plan->level_count] */
    uint8_t *ways;               /* [plan->segment_count] */
    size_t run_count;
    struct assigned_run *runs; /* by segment */
    size_t few_count;
    size_t *few; /* parts that are withheld in segments of runs: places in
                    sets->parts */
};

#endif
