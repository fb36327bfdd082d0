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
static inline size_t cox_stratum(const struct cox_layout *layout, size_t count)
{
    return count * (layout->width + layout->dead);
}

struct cox_likelihood {
    long double loglik; /* without the sum of x b over events */
    long double events;
    long double *score;       /* [p], without the sum of x over events */
    long double *information; /* [triangle] */
};

/* What the sums below need beside their result: so many bytes, aligned for an
 * int128, zero. */
size_t cox_workspace_size(const struct cox_layout *layout);
/* *out begins as zero and points into the workspace. */
void cox_likelihood_start(const struct cox_layout *layout, void *workspace,
    struct cox_likelihood *out);
/* Adds one stratum: `count` risk sets, in order of time. */
void cox_likelihood_add(const struct cox_layout *layout, const int128 *sums,
    size_t count, void *workspace, struct cox_likelihood *out);

#endif
