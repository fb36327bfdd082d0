/*
 * sets: the sets of rows that a question tells figures of (rule 2 of
 * policy/README.md), as an ordered list that all parties derive from the plan:
 *     [0] the whole cohort;
 *     with `by` each level of it, then the rows where a variable of `by` is
 *     missing;
 *     then, analysis by analysis and level by level, the rows that it uses:
 *     those of that level where the columns that it needs are known; one set a
 *     group where it tells figures by group.
 * Sets of one definition are one set. A segment's part is what is answered from
 * one set: a variable's table in a summary, a group of a test, the sums of a
 * model. The levels of a model's factors are sets that are weighed only: no
 * figure is of them alone, but a fit may tell one.
 *
 * Each analysis says its parts itself (struct analysis_kind, parts).
 */
#ifndef COHORTIUM_PROTOCOL_ANALYSIS_SETS_H
#define COHORTIUM_PROTOCOL_ANALYSIS_SETS_H

#include "protocol/analysis/analysis.h"

/* In place of a level of `by`. */
#define SET_WHOLE SIZE_MAX
#define SET_BY_MISSING (SIZE_MAX - 1)

/* A column has one of these codes; FORMULA_CENTER: the rows' center has this
 * place. */
struct set_code {
    size_t column;
    int32_t code, last;
};

/* Rows that are in when `start` is before `stop` on a grid of days, as cox
 * counts them. grid 0: there is no such condition. */
struct set_interval {
    size_t start, stop;
    int64_t grid;
};

/* A row is in when all of this is true of it. */
struct row_set {
    size_t level; /* of `by`, SET_WHOLE or SET_BY_MISSING */
    size_t known_count;
    const size_t *known; /* columns that have a value, rising; of a vector its
                            first element stands for all */
    size_t code_count;
    const struct set_code *codes; /* by column, rising */
    struct set_interval interval;
    bool of_pairs; /* of those rows, a patient's first two where he has two */
    bool weighed_only;
};

/* What is answered from one set. */
struct set_part {
    size_t set;
    size_t first, count; /* elements, from the segment's start; 0: none, the set
                            is weighed only */
    size_t factor; /* of a level of a model: which of its factors and strata it
                      is of, from 1; else 0 */
};

struct sets {
    const struct plan *plan; /* borrowed */
    size_t count;
    struct row_set *list; /* [count] */
    size_t part_count;
    struct set_part *parts; /* segment by segment */
    size_t *first_part;     /* [plan->segment_count + 1] */
};

/* STATUS_NO_MEMORY. Freed by sets_destroy. The plan outlives it. */
enum status sets_create(struct sets **out, const struct plan *plan);
void sets_destroy(struct sets *sets);
/* The set that a segment's head (rows, people) is of. */
size_t sets_of_level(const struct sets *sets, size_t level);
/* How many sets, from the first, are the cohort, its levels of `by` and those
 * who are of none. */
size_t sets_head_count(const struct sets *sets);
/* Two-way cells of a model: each level of a factor with each level of every
 * factor behind it. */
size_t sets_cell_count(const struct sets *sets, size_t segment);
/* The same of all segments, which stand one after another. */
size_t sets_all_cells(const struct sets *sets);

/* mask[rows->count]: 0xFF for the rows of set `index`, else 0. With unit
 * patient a row is its patient's first that meets the cohort. */
enum status sets_mark(const struct sets *sets, const struct rows *rows,
    size_t index, uint8_t *mask);

/* The same of many sets, one after another: the cohort is found once. Both are
 * borrowed; STATUS_NO_MEMORY. */
struct set_marker {
    const struct sets *sets;
    const struct rows *rows;
    uint8_t *cohort, *scratch; /* [rows->count] */
};
enum status set_marker_init(struct set_marker *marker, const struct sets *sets,
    const struct rows *rows);
void set_marker_fini(struct set_marker *marker);
void set_marker_mark(
    const struct set_marker *marker, size_t index, uint8_t *mask);

/* ---- for the analyses ---- */

#define PART_CODES_MAX 2

/* A part as an analysis names it: of each level of `by`, the rows where these
 * variables are known (those of `codes` are anyway). */
struct part {
    size_t known_count;
    const size_t *known;
    size_t code_count;
    struct set_code codes[PART_CODES_MAX];
    struct set_interval interval;
    bool of_pairs;
    size_t first, count;
    size_t factor; /* as in struct set_part */
};

struct part_list; /* of one segment; private */

/* An error is kept by the list. */
void parts_add(struct part_list *parts, const struct part *part);
/* All tables, where it has any, are of the rows of the level: of an analysis
 * that counts missing values as a level. */
void parts_of_level(const struct analysis *analysis, const struct shape *shape,
    struct part_list *parts);
/* All tables are of the rows that have every variable of the analysis. */
void parts_of_complete(const struct analysis *analysis,
    const struct shape *shape, struct part_list *parts);
/* The same of a model, whose factors' levels and strata are weighed. */
void parts_of_model(const struct analysis *analysis, const struct shape *shape,
    const struct formula *formula, struct part_list *parts);
/* Of the rows of `whole` the levels of each factor and the strata, weighed
 * only. */
void parts_weigh_formula(struct part_list *parts, const struct part *whole,
    const struct formula *formula);
/* The same of one category or boolean. */
void parts_weigh_levels(
    struct part_list *parts, const struct part *whole, size_t variable);
/* Of the rows of `whole` those of one level of LEVELS, which answer the
 * elements of `whole`. */
void parts_add_group(struct part_list *parts, const struct part *whole,
    const struct formula_atom *atom, size_t group);

#endif
