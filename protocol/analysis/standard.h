/*
 * standard: the columns of a model of several rounds, each less its mean and
 * times a power of two, so that a covariate far from zero (a calendar year, a
 * sodium) is fitted as exactly as one that is near. The first round adds every
 * column and its square, exactly; from these, which no split of the rows
 * changes, come the centers and factors that all rows of the later rounds are
 * taken by. A row differs from the mean by at most the root of all squared
 * differences: the factor brings that to between 8 and 16, so that no |z| is
 * above STANDARD_MAX.
 *
 * A column's mean is taken off along its base: the intercept, or of a number in
 * some levels alone ("age:sexM") the column of these levels. So coefficients of
 * z are those of x in another basis of the same space. Columns of levels stay 0
 * and 1, and where the model has no base for a column its center is 0.
 */
#ifndef COHORTIUM_PROTOCOL_ANALYSIS_STANDARD_H
#define COHORTIUM_PROTOCOL_ANALYSIS_STANDARD_H

#include "protocol/analysis/design.h"
#include "protocol/analysis/least_squares.h"

#define STANDARD_MAX 16.0
#define STANDARD_ONE SIZE_MAX /* a base: 1 in all rows, and no column here */
#define STANDARD_NONE (SIZE_MAX - 1)

/* Which columns of a design, and their bases among them. */
struct standard_columns {
    const struct design *design;
    size_t first, count;
    size_t base[DESIGN_COLUMNS_MAX];
};

/* All columns; free_one: all but the intercept, of a model that is the same
 * whatever constant is added to all rows. */
void standard_init(struct standard_columns *of, const struct design *design,
    bool free_one);

/* Numbers told of them, [count] centers before [count] factors; and sums of the
 * first round, of x before those of x^2, in units of 2^-DESIGN_BITS. */
static inline size_t standard_count(const struct standard_columns *of)
{
    return 2 * of->count;
}
/* x: the first of the design's columns, of up to DESIGN_ROWS rows as
 * design_fill leaves them; in[count]: 0 in rows that are out. */
void standard_add(const struct standard_columns *of, const double *x,
    const uint8_t *in, size_t count, int128 *sums);
/* The sums of so many rows -> told. */
void standard_choose(const struct standard_columns *of, const int128 *sums,
    int128 rows, double *told);
/* Columns whose base is not in the fit (used[count]) are not moved along it: that
 * would be another coefficient of what the base equals. True: there are some,
 * and `told` has changed. */
bool standard_keep_off(
    const struct standard_columns *of, const bool *used, double *told);
/* The standard deviation of a column about its mean, in its scale, in the rows
 * of its base. */
double standard_spread(const struct standard_columns *of, const int128 *sums,
    int128 rows, size_t column);

/* z = (x - center * base) * factor of rows as in standard_add. */
void standard_apply(const struct standard_columns *of, const double *told,
    const double *x, size_t count, double *z);
/* The same of one number, its base's beside it. */
static inline double standard_value(const struct standard_columns *of,
    const double *told, size_t column, double x, double base)
{
    return (x - told[column] * base) * told[of->count + column];
}
/* A column of z: within[i] becomes 0 where |z| is above STANDARD_MAX, which
 * honest numbers never give; its products would not fit a sum. */
void standard_check(const double *z, size_t count, uint8_t *within);

/* X'WX, an upper triangle, of x to that of z, or back; score: X'W, [count]. */
void standard_products(const struct standard_columns *of, const double *told,
    wide *triangle, wide *score);
void standard_products_back(const struct standard_columns *of,
    const double *told, wide *triangle);
/* Coefficients of z -> those of x, or back. */
void standard_estimates(const struct standard_columns *of, const double *told,
    const double *z, double *x);
void standard_coefficients(const struct standard_columns *of,
    const double *told, const double *x, double *z);
/* The diagonal of the inverse of X'WX of x, from a solved fit of z; 0: the
 * column is not used. */
void standard_inverse(const struct standard_columns *of, const double *told,
    const struct least_squares *fit, double *diagonal);

#endif
