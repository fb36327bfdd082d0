/*
 * leverage: rule D9's look at the rows of a fitted model. A person's leverage
 * is the sum over his rows of w x'(X'WX)^-1 x (R: hatvalues); at 1 the fit goes
 * through his outcome whatever it is, so that coefficients tell it. Nobody's
 * may reach LEVERAGE_MAX, and no level of a factor, no cell of an interaction
 * may have few people.
 *
 * Where the sums alone prove it nobody is asked: with every |x| <= 1
 * (design.h), x'Ax is at most the sum of all |A|. Otherwise the centers are
 * told A, the inverse of X'WX, in one more round, and count people. A row's
 * leverage among all rows is at most the one among its own center's: a center
 * counts only people who have it there too, so that no other A, told by a
 * coordinator that lies, makes it count others.
 *
 * Pure but for leverage_own.c's scans; the same bytes at any split.
 */
#ifndef COHORTIUM_PROTOCOL_ANALYSIS_LEVERAGE_H
#define COHORTIUM_PROTOCOL_ANALYSIS_LEVERAGE_H

#include "protocol/analysis/design.h"
#include "protocol/analysis/least_squares.h"

#define LEVERAGE_MAX 0.5

struct model_rows; /* model.h */
struct assigned;   /* assigned.h */

/* What an analysis whose coefficients are told says of its model. Triangles
 * are upper ones, row by row, of scaled columns. */
struct model_check {
    const struct design *(*design)(const struct analysis *analysis);
    /* X'WX from its last round's sums. False: there is no fit to tell. NULL:
     * the products are it. */
    bool (*information)(const struct analysis *analysis,
        const struct shape *shape, const int128 *elements, const double *memory,
        wide *triangle);
    /* X'X from its first round's sums; false: they do not say. */
    bool (*products)(const struct analysis *analysis, const struct shape *shape,
        const int128 *first, wide *triangle);
    /* w of each row at the values of a round, in rows that count; NULL: 1. */
    void (*weights)(const struct analysis *analysis,
        const struct model_rows *rows, const double *values, double *out);
    /* The largest that weight gives; NULL: 1. */
    double (*weight_max)(const struct analysis *analysis);
};

/* From the sums of the columns' squares, where every row is a person: a column
 * of zeros and ones has as many people. LEVERAGE_NOT_KNOWN: of what is no such
 * column they do not say; none of the others is of few. */
enum leverage_verdict leverage_judge_levels(const struct design *design,
    const wide *squares, int128 rows, int64_t min_cell);

/* ---- at the coordinator ---- */

/* Numbers that a round of counting is told beside the analysis' own values. */
size_t leverage_value_count(const struct analysis *analysis);
/* A fit is over. elements: the segment's sums of the last round.
 * LEVERAGE_NOT_KNOWN: inverse[leverage_value_count] is to be told.
 */
enum status leverage_begin(const struct analysis *analysis,
    const struct fitted_segment *fitted, const int128 *elements,
    double *inverse, enum leverage_verdict *verdict);
/* The summed segment of the round of counting. */
enum leverage_verdict leverage_read(const struct analysis *analysis,
    const struct shape *shape, const int128 *elements, int64_t min_cell);

/* ---- at a center ---- */

/* What a round is to a segment's rows. */
struct leverage_round {
    enum segment_step step;
    const double *values;  /* the analysis' own */
    const double *inverse; /* as told */
    const double *own;     /* of this center's rows; NULL: not asked for */
};

size_t leverage_state_size(const struct analysis *analysis);
/* As in struct analysis_kind. */
void leverage_contribute(const struct analysis *analysis,
    const struct shape *shape, const struct leverage_round *round,
    const struct row_block *block, void *state, int128 *elements);
void leverage_flush(const struct analysis *analysis, const struct shape *shape,
    const struct leverage_round *round, void *state, int128 *elements);

/* leverage_own.c: */
/* The inverse of each checked segment's own information, at a told round's
 * values: own[plan->value_count], where inverses stand in the round's. */
enum status leverage_own_inverse(const struct plan *plan,
    const struct rows *rows, int threads, const struct round *round,
    double *own);
/* The same of the rows that answer instead (assigned.h). */
enum status leverage_own_inverse_assigned(const struct assigned *assigned,
    int threads, const struct round *round, double *own);
/* Each segment's model on this center's rows alone, all of weight 1: a center
 * whose own figures are seen, or must not depend on others', asks this first.
 * verdicts[plan->segment_count]. */
enum status leverage_review_own(const struct plan *plan,
    const struct rows *rows, int threads, int64_t min_cell,
    enum leverage_verdict *verdicts);
enum status leverage_review_own_assigned(const struct assigned *assigned,
    int threads, int64_t min_cell, enum leverage_verdict *verdicts);
struct leverage_products {
    const struct shape *shape;
    enum segment_step step; /* SEGMENT_PRODUCTS or SEGMENT_OWN_PRODUCTS */
    const int128 *elements; /* the segment's */
    int64_t min_cell;
};

/* What both need: the sums of a round -> the inverse, and for the latter what
 * they prove. */
enum status leverage_read_products(const struct analysis *analysis,
    const struct leverage_products *sums, double *inverse,
    enum leverage_verdict *verdict);

#endif
