#include "protocol/analysis/design_spline.h"

#include <math.h>
#include <string.h>

#define ORDER 4

/* values[basis] of the B-splines of `order` at x, by Cox and de Boor. */
static void basis_at(
    const struct spline *spline, double x, size_t order, double *values)
{
    const double *t = spline->knots;
    size_t last = spline->basis - 1; /* the last interval is closed */
    size_t at = ORDER - 1;
    while (at < last && x >= t[at + 1])
        at++;
    for (size_t i = 0; i < spline->basis + ORDER - 1; i++)
        values[i] = i == at;
    for (size_t k = 2; k <= order; k++) {
        for (size_t i = 0; i + k < spline->basis + ORDER; i++) {
            double left = t[i + k - 1] - t[i], right = t[i + k] - t[i + 1];
            values[i] =
                (left > 0 ? (x - t[i]) / left * values[i] : 0) +
                (right > 0 ? (t[i + k] - x) / right * values[i + 1] : 0);
        }
    }
}

/* Second derivatives of the cubic B-splines at x. */
static void curvature_at(const struct spline *spline, double x, double *values)
{
    const double *t = spline->knots;
    double lower[SPLINE_BASIS_MAX + ORDER];
    basis_at(spline, x, 2, lower);
    for (size_t k = 3; k <= 4; k++) {
        for (size_t i = 0; i + k < spline->basis + ORDER; i++) {
            double left = t[i + k - 1] - t[i], right = t[i + k] - t[i + 1];
            lower[i] =
                (double)(k - 1) * ((left > 0 ? lower[i] / left : 0) -
                                      (right > 0 ? lower[i + 1] / right : 0));
        }
    }
    memcpy(values, lower, spline->basis * sizeof *values);
}

/* One step of LINPACK's dqrdc: the Householder vector of column x from row k
 * on, with the sign that R's qr() gives. */
static void householder(double *x, size_t k, size_t count)
{
    double norm = 0;
    for (size_t i = k; i < count; i++)
        norm += x[i] * x[i];
    norm = sqrt(norm);
    if (norm == 0)
        return;
    if (x[k] != 0)
        norm = copysign(norm, x[k]);
    for (size_t i = k; i < count; i++)
        x[i] /= norm;
    x[k] += 1;
}

static void reflect(const double *v, size_t k, size_t count, double *y)
{
    double t = 0;
    if (v[k] == 0)
        return;
    for (size_t i = k; i < count; i++)
        t -= v[i] * y[i];
    t /= v[k];
    for (size_t i = k; i < count; i++)
        y[i] += t * v[i];
}

/* As ns(): without the first B-spline, in the space where both second
 * derivatives at the ends vanish. */
void spline_init(struct spline *spline, size_t df, const double *knots)
{
    const double low = knots[0], high = knots[df];
    double first[SPLINE_BASIS_MAX], second[SPLINE_BASIS_MAX];
    *spline = (struct spline){.df = df, .basis = df + 3};
    for (size_t i = 0; i < ORDER; i++) {
        spline->knots[i] = low;
        spline->knots[spline->basis + i] = high;
    }
    for (size_t i = 1; i < df; i++)
        spline->knots[ORDER - 1 + i] = knots[i];
    curvature_at(spline, low, first);
    curvature_at(spline, high, second);
    size_t count = spline->basis - 1;
    householder(first + 1, 0, count);
    reflect(first + 1, 0, count, second + 1);
    householder(second + 1, 1, count);
    for (size_t j = 0; j < count; j++) {
        double unit[SPLINE_BASIS_MAX] = {0};
        unit[j] = 1;
        reflect(first + 1, 0, count, unit);
        reflect(second + 1, 1, count, unit);
        for (size_t d = 0; d < df; d++)
            spline->map[j + 1][d] = unit[d + 2];
    }
}

void spline_evaluate(const struct spline *spline, double x, double *out)
{
    double values[SPLINE_BASIS_MAX + ORDER];
    basis_at(spline, x, ORDER, values);
    for (size_t d = 0; d < spline->df; d++) {
        out[d] = 0;
        for (size_t j = 1; j < spline->basis; j++) {
            /* NOLINTNEXTLINE(*-core.UndefinedBinaryOperatorResult): all set */
            out[d] += values[j] * spline->map[j][d];
        }
    }
}
