/*
 * cox_likelihood: the partial likelihood of a Cox model, its score and its
 * information, from sums over risk sets. Cox 1972; ties by Efron 1977 or
 * Breslow 1974.
 *
 * Sums of a stratum are kept a risk set after the other, in order of time,
 * `width` numbers each, in units of 2^-COX_BITS: of rows that leave from its
 * time on and before the next one's, w = exp(x b), w x [p] and w x x' [upper
 * triangle, p (p + 1) / 2]; then events, a count. With Efron's ties the first
 * three of events alone follow, `dead` numbers for each risk set: they are
 * needed seldom, and would only be in the way.
 */
#ifndef COHORTIUM_PROTOCOL_ANALYSIS_COX_LIKELIHOOD_H
#define COHORTIUM_PROTOCOL_ANALYSIS_COX_LIKELIHOOD_H

#include <stdbool.h>

#include "protocol/analysis/vector.h"

#define COX_BITS 56

/* A sum in units of 2^-COX_BITS as a number. */
static inline long double cox_value(int128 sum)
{
    return (long double)sum * (1.0L / ((int128)1 << COX_BITS));
}

struct cox_layout {
    size_t p, triangle;
    size_t all;   /* w, w x, w x x' */
    size_t width; /* these and the count of events, which is the last */
    size_t dead;  /* `all`, or 0 without (Breslow) */
};

struct cox_layout cox_layout_of(size_t p, bool efron);
/* Numbers of a stratum of `count` risk sets. */
static inline size_t cox_stratum_size(
    const struct cox_layout *layout, size_t count)
{
    return count * (layout->width + layout->dead);
}

/* `timed`: where each event counts by its time, which the test of proportional
 * hazards needs (Grambsch and Therneau, Biometrika 81, 1994; as the score test
 * of survival's cox.zph). */
struct cox_likelihood {
    long double loglik; /* without the sum of x b over events */
    double events, timed_events;
    double *score;       /* [p], without the sum of x over events */
    double *information; /* [triangle] */
    double *timed_score; /* [p], without the sum of time * x over events */
    double *timed;       /* [triangle], of time * information */
    double *timed_twice; /* [triangle], of time^2 * information */
};

/* From score to the end of timed_twice, which follow one another. */
size_t cox_likelihood_count(const struct cox_layout *layout);
/* *out begins as zero; numbers[cox_likelihood_count] must be zero. */
void cox_likelihood_start(const struct cox_layout *layout, double *numbers,
    struct cox_likelihood *out);

/* One time, with d tied events. Sums are of x less a center of one's choice,
 * near the means, so that doubles are enough: the information is the same, and
 * the caller takes (timed_)events * center off the scores. */
struct cox_step {
    const double *risk; /* [all], of who is at risk */
    const double *dead; /* [all], of who has the event; NULL: Breslow */
    int128 events;
    double time;
};
void cox_likelihood_step(const struct cox_layout *layout,
    const struct cox_step *step, struct cox_likelihood *out);

/* Sums of `count` risk sets, in order of time; times starts[g] * time_unit. */
struct cox_stratum {
    const int128 *sums;
    size_t count;
    const double *starts;
    double time_unit;
    const double *center; /* [p] */
};
/* What the next needs: so many bytes, aligned for an int128, zero; within it
 * is room for a likelihood's numbers. */
size_t cox_workspace_size(const struct cox_layout *layout);
double *cox_likelihood_room(const struct cox_layout *layout, void *workspace);
void cox_likelihood_add(const struct cox_layout *layout,
    const struct cox_stratum *stratum, void *workspace,
    struct cox_likelihood *out);

#endif
