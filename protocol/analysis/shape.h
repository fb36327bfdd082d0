/*
 * shape: what the elements of an analysis' part of the summary vector are, so
 * that disclosure rules can be applied without knowing the analysis.
 *
 * A segment is one analysis at one level of `by`. It begins with a head of
 * SEGMENT_HEAD elements, then the tables of the analysis, cell by cell.
 */
#ifndef COHORTIUM_PROTOCOL_ANALYSIS_SHAPE_H
#define COHORTIUM_PROTOCOL_ANALYSIS_SHAPE_H

#include <stdbool.h>

#include "protocol/analysis/vector.h"
#include "protocol/wire/defence.h"

enum segment_head {
    HEAD_ROWS,     /* rows of the cohort at this level */
    HEAD_PEOPLE,   /* distinct patients among them */
    HEAD_RELEASED, /* 1 from each center that gives this segment */
    HEAD_WITHHELD, /* 1 from each center that withholds this segment */
    SEGMENT_HEAD
};

enum table_kind {
    /* Counts in a table whose margins are known to the reader. Cell:
     * CELL_ROWS, CELL_PEOPLE, CELL_WITHHELD. Missing values stand as one more
     * row and column where the analysis says so. */
    TABLE_COUNTS,
    /* Sums over values: CELL_ROWS, CELL_PEOPLE, CELL_WITHHELD, CELL_SUM,
     * CELL_SQUARES (of codes), CELL_ABSOLUTE, CELL_PARTS. One cell a
     * variable. */
    TABLE_MOMENTS,
    /* Counts of consecutive values of one variable: CELL_ROWS, CELL_PEOPLE,
     * CELL_WITHHELD, one cell a grid step, in increasing order; a row whose
     * steps may not leave is withheld whole, at its first cell. */
    TABLE_ORDERED,
    /* Sums that a model needs, of the rows that count there: CELL_ROWS,
     * CELL_PEOPLE, CELL_WITHHELD, then `width` elements of the analysis' own.
     * A cell is a group or a stratum. */
    TABLE_SUMS,
    /* Events and censorings on a grid of times, a row a group; `outcomes`
     * columns a step: one a kind of event, then the censorings. Cells as in
     * TABLE_ORDERED. */
    TABLE_TIMES
};

enum cell_element {
    CELL_ROWS,
    CELL_PEOPLE,
    CELL_WITHHELD, /* 1 from each center that withheld this cell */
    COUNTS_CELL,   /* elements of a cell of TABLE_COUNTS, TABLE_ORDERED */
    CELL_SUM = COUNTS_CELL,
    CELL_SQUARES,
    CELL_ABSOLUTE, /* sum over patients of |patient's sum| */
    CELL_PARTS,    /* sum over patients of its square: bounds the largest */
    MOMENTS_CELL   /* elements of a cell of TABLE_MOMENTS */
};

struct table_shape {
    enum table_kind kind;
    size_t first; /* element of its first cell, from the segment's start */
    size_t rows, columns;                       /* cells, row by row */
    bool last_row_missing, last_column_missing; /* TABLE_COUNTS: the last row,
        the last column counts missing values */
    size_t first_fact; /* TABLE_MOMENTS: see struct cell_facts */
    size_t width;      /* TABLE_SUMS */
    size_t parameters; /* TABLE_SUMS: of the model (D9), 0 when it has none */
    size_t center_parameters; /* of them, those that one center's rows enter,
                                 where `center` is a term: the sum tells each
                                 center's own figures. 0: it is none */
    bool overlapping;         /* TABLE_SUMS: a row may count in several cells */
    size_t events; /* TABLE_SUMS: where a cell counts events, in units of
                      2^-event_bits; 0: nowhere (D10, D12) */
    unsigned event_bits;
    bool two_outcomes; /* rows without an event are an outcome as well (D10);
                          `of_means`: the values are two */
    size_t outcomes;   /* TABLE_TIMES */
    bool fine; /* TABLE_SUMS: a round holds counts of few people (steps of time,
                  bins of a score), which only a sum of all centers may hold */
    bool of_means;  /* TABLE_MOMENTS: what means that another table tells are
                    made  of (means.h); nothing of it is told */
    int32_t origin; /* what cell 0 stands for, in the analysis' own unit */
    int32_t row_origin; /* TABLE_COUNTS: the same of row 0 */
    int32_t grid;       /* TABLE_ORDERED: codes that a cell spans */
};

#define SHAPE_TABLES_MAX 480 /* quality: three a variable */

/* The rule beneath all others: nobody, or at least `limit` people. */
static inline bool few_people(int128 people, int64_t limit)
{
    return people > 0 && people < limit && DEFENCE("cell-limit");
}

/* Of a cohort, or a level of `by`: nobody and a few people are told alike, for
 * "nobody" against "a few" would answer whether one known person is there. */
static inline bool is_few_or_nobody(int128 people, int64_t limit)
{
    return limit > 1 && people < limit && DEFENCE("cell-limit") &&
           (people > 0 || DEFENCE("nobody-is-few"));
}

/* The same as few_people of a whole number that came as a double. */
static inline bool few_counted(double people, int64_t limit)
{
    return people > 0 && people < (double)limit && DEFENCE("cell-limit");
}

/* What a node needs to know about a cell of sums, and never sends (D4). */
struct cell_facts {
    uint128 total;           /* sum over patients of |patient's sum of codes| */
    uint128 parts;           /* sum over patients of its square */
    uint128 largest, second; /* the two largest |patient's sum| */
};

struct shape {
    size_t length; /* elements of the segment, head included */
    size_t fact_count;
    size_t table_count;
    struct table_shape tables[SHAPE_TABLES_MAX];
};

static inline size_t table_cell_length(const struct table_shape *table)
{
    switch (table->kind) {
    case TABLE_MOMENTS: return MOMENTS_CELL;
    case TABLE_SUMS: return COUNTS_CELL + table->width;
    default: return COUNTS_CELL;
    }
}

/* Whether a row counts in one cell at most. */
static inline bool table_is_partition(const struct table_shape *table)
{
    return table->kind != TABLE_MOMENTS && !table->overlapping;
}

#endif
