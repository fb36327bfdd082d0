/*
 * span: what the answers that a study was given already tell about a new set of
 * people, and how a question about that set is therefore answered.
 *
 * An anchor is a set of rows over which a figure was told. As vectors over
 * people, whatever anybody can compute from told figures is a combination of
 * anchors; the squared norm of a combination with whole coefficients bounds how
 * many people it is about. Norms need only how much the anchors weigh in pairs
 * (their Gram matrix), never the people themselves. All weights are whole
 * numbers over one denominator, `unit`: a row weighs unit / (exams of its
 * patient), so that a patient weighs at most `unit`.
 *
 * span_decide applies rule 2 of policy/README.md to one set: nearest plane
 * (L. Babai, On Lovasz' lattice reduction and the nearest lattice point
 * problem, Combinatorica 6, 1986) over the anchors in the order in which they
 * were added. Coefficients come from doubles in a fixed order without fused
 * operations, so that every machine finds the same ones; the distance to the
 * combination comes from integers; the real distance has an error far below the
 * margin with which it is compared.
 *
 * Pure: no clock, no randomness, no I/O. One thread at a time.
 */
#ifndef COHORTIUM_POLICY_SPAN_H
#define COHORTIUM_POLICY_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/wire/status.h"

#define SPAN_COEFFICIENT_MAX 4 /* of an anchor in a combination */
#define SPAN_TERMS_MAX 128     /* anchors in a combination */
#define SPAN_ANCHORS_MAX 4096
/* Below this squared distance (in people) from every combination with real
 * coefficients a set is withheld: half of two answers is about fewer. */
#define SPAN_REAL_DISTANCE 3
#define SPAN_WEIGHT_MAX ((int64_t)1 << 45) /* of one set */

enum span_answer {
    SPAN_FEW,     /* fewer than k people, in itself or beside what was told */
    SPAN_COMBINE, /* the combination differs from the set by fewer than k */
    SPAN_EXACT    /* the set itself: a new anchor */
};

struct span_term {
    size_t anchor; /* place in the order of addition */
    int coefficient;
};

struct span_decision {
    enum span_answer answer;
    /* Of SPAN_COMBINE, anchors in rising order. */
    size_t term_count;
    struct span_term terms[SPAN_TERMS_MAX];
    /* The combination, as weights over people, is a set: 0 or 1 everywhere.
     * Otherwise only n, sums, means and a positive sd may be told of it. */
    bool is_set;
    /* The set is a combination itself, whatever its coefficients: its figures
     * are known. */
    bool is_told;
    /* How much set and combination differ, in units: e = |a - c|^2. Never to be
     * told; of SPAN_COMBINE it is below k people. */
    int64_t difference;
};

struct span;

/* An empty memory. `unit`: what a patient weighs at most, 1 to 2^20. */
enum status span_create(struct span **out, int64_t unit);
void span_destroy(struct span *span);
size_t span_count(const struct span *span);

/* How a set is answered. `people`: k, at least 1; `weight`: W(a), what it
 * weighs; `shared`: W(a and t) for each anchor t in order, span_count numbers.
 * STATUS_MALFORMED when the figures cannot be those of sets: below 0, above
 * SPAN_WEIGHT_MAX, or a shared weight above the set's or the anchor's own. */
enum status span_decide(const struct span *span, int64_t people, int64_t weight,
    const int64_t *shared, struct span_decision *out);

/* Adds a set that was answered SPAN_EXACT, with the same figures. LIMIT_REACHED
 * beyond SPAN_ANCHORS_MAX; MALFORMED where the set lies in the span of the
 * anchors, which span_decide never calls exact. On an error nothing changes. */
enum status span_add(struct span *span, int64_t weight, const int64_t *shared);
/* Forgets what was added last, until `count` anchors are left. */
void span_shorten(struct span *span, size_t count);

#endif
