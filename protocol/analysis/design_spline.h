/*
 * design_spline: the basis of R's splines::ns(x, knots, Boundary.knots),
 * columns, signs and all.
 */
#ifndef COHORTIUM_PROTOCOL_ANALYSIS_DESIGN_SPLINE_H
#define COHORTIUM_PROTOCOL_ANALYSIS_DESIGN_SPLINE_H

#include "protocol/query/formula.h"

#define SPLINE_BASIS_MAX (FORMULA_DF_MAX + 3)

struct spline {
    size_t df, basis; /* basis = df + 3 cubic B-splines */
    double knots[SPLINE_BASIS_MAX + 4];
    double map[SPLINE_BASIS_MAX][FORMULA_DF_MAX]; /* B-splines -> columns */
};

/* knots[df + 1], increasing: the boundary knots are the first and the last. */
void spline_init(struct spline *spline, size_t df, const double *knots);
/* out[df]; low <= x <= high */
void spline_evaluate(const struct spline *spline, double x, double *out);

#endif
