#include "protocol/analysis/eigen.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum status eigen_init(struct eigen *eigen, size_t m)
{
    *eigen = (struct eigen){.m = m,
        .matrix = calloc(2 * m * m, sizeof *eigen->matrix),
        .order = calloc(m, sizeof *eigen->order)};
    eigen->vectors = eigen->matrix + m * m;
    if (eigen->matrix != NULL && eigen->order != NULL)
        return STATUS_OK;
    eigen_fini(eigen);
    return STATUS_NO_MEMORY;
}

void eigen_fini(struct eigen *eigen)
{
    free(eigen->matrix);
    free(eigen->order);
    *eigen = (struct eigen){0};
}

wide wide_absolute(wide x)
{
    return x < 0 ? -x : x;
}

/* Newton's iteration from the double: no library of 113 bits is needed. */
wide wide_root(wide x)
{
    wide guess = (wide)sqrt((double)x);
    for (int i = 0; i < 3 && guess > 0; i++)
        guess = (guess + x / guess) / 2;
    return guess;
}

/* ---- a small one: Jacobi ---- */

#define SWEEPS_MAX 64

static void rotate(struct eigen *eigen, size_t p, size_t q)
{
    const size_t m = eigen->m;
    wide *a = eigen->matrix, *v = eigen->vectors;
    const wide tau = (a[q * m + q] - a[p * m + p]) / (2 * a[p * m + q]);
    const wide t =
        (tau >= 0 ? 1 : -1) / (wide_absolute(tau) + wide_root(1 + tau * tau));
    const wide c = 1 / wide_root(1 + t * t), s = t * c;
    for (size_t k = 0; k < m; k++) {
        const wide x = a[k * m + p], y = a[k * m + q];
        a[k * m + p] = c * x - s * y;
        a[k * m + q] = s * x + c * y;
    }
    for (size_t k = 0; k < m; k++) {
        const wide x = a[p * m + k], y = a[q * m + k];
        a[p * m + k] = c * x - s * y;
        a[q * m + k] = s * x + c * y;
    }
    for (size_t k = 0; k < m; k++) {
        const wide x = v[p * m + k], y = v[q * m + k];
        v[p * m + k] = c * x - s * y;
        v[q * m + k] = s * x + c * y;
    }
}

static bool is_diagonal(const struct eigen *eigen)
{
    const size_t m = eigen->m;
    wide off = 0, on = 0;
    for (size_t i = 0; i < m; i++) {
        on += wide_absolute(eigen->matrix[i * m + i]);
        for (size_t j = 0; j < i; j++)
            off += wide_absolute(eigen->matrix[i * m + j]);
    }
    return off <= on * 1e-26;
}

/* Every element beside the diagonal, once. */
static void sweep(struct eigen *eigen)
{
    const size_t m = eigen->m;
    for (size_t p = 0; p < m; p++) {
        for (size_t q = p + 1; q < m; q++) {
            if (eigen->matrix[p * m + q] != 0)
                rotate(eigen, p, q);
        }
    }
}

static void solve_exactly(struct eigen *eigen)
{
    const size_t m = eigen->m;
    for (size_t i = 0; i < m * m; i++)
        eigen->vectors[i] = i % (m + 1) == 0;
    for (int i = 0; i < SWEEPS_MAX && !is_diagonal(eigen); i++)
        sweep(eigen);
}

/* ---- a large one: to three diagonals, then to one ---- */

#define STEPS_MAX 60 /* QL steps a value; two or three are usual */

struct tridiagonal {
    size_t m;
    double *matrix; /* [m * m]; the reflections stand in its rows, right of
                       the diagonal */
    double *basis;  /* [m * m], one vector a row */
    double *diagonal, *beside, *scale, *work; /* [m] */
};

/* basis := basis without what it has along v, scaled, rows and columns from
 * `from` on. */
static void reflect_basis(
    struct tridiagonal *t, const double *v, double scale, size_t from)
{
    for (size_t r = from; r < t->m; r++) {
        double *row = t->basis + r * t->m, along = 0;
        for (size_t k = from; k < t->m; k++)
            along += row[k] * v[k];
        along *= scale;
        for (size_t k = from; k < t->m; k++)
            row[k] -= along * v[k];
    }
}

/* The reflection that leaves of row k one entry beside the diagonal, on both
 * sides of what is below. */
static void reflect_matrix(struct tridiagonal *t, size_t k)
{
    const size_t m = t->m, from = k + 1;
    double *v = t->matrix + k * m, *w = t->work, square = 0, along = 0;
    for (size_t i = from; i < m; i++)
        square += v[i] * v[i];
    const double length = v[from] > 0 ? -sqrt(square) : sqrt(square);
    t->beside[k] = length;
    t->scale[k] = 0;
    if (square == 0)
        return;
    v[from] -= length;
    t->scale[k] = -1 / (length * v[from]);
    for (size_t i = from; i < m; i++) {
        w[i] = 0;
        for (size_t j = from; j < m; j++)
            w[i] += t->matrix[i * m + j] * v[j];
        w[i] *= t->scale[k];
        along += w[i] * v[i];
    }
    for (size_t i = from; i < m; i++)
        w[i] -= along * t->scale[k] / 2 * v[i];
    for (size_t i = from; i < m; i++) {
        for (size_t j = from; j < m; j++)
            t->matrix[i * m + j] -= v[i] * w[j] + w[i] * v[j];
    }
}

static void tridiagonalize(struct tridiagonal *t)
{
    const size_t m = t->m;
    for (size_t k = 0; k + 2 < m; k++)
        reflect_matrix(t, k);
    for (size_t k = 0; k < m; k++)
        t->diagonal[k] = t->matrix[k * m + k];
    t->beside[m - 2] = t->matrix[(m - 2) * m + m - 1];
    t->beside[m - 1] = 0;
    for (size_t i = 0; i < m * m; i++)
        t->basis[i] = i % (m + 1) == 0;
    for (size_t k = m - 2; k-- > 0;)
        reflect_basis(t, t->matrix + k * m, t->scale[k], k + 1);
}

static void turn(double *a, double *b, size_t m, double c, double s)
{
    for (size_t k = 0; k < m; k++) {
        const double x = a[k], y = b[k];
        a[k] = c * x - s * y;
        b[k] = s * x + c * y;
    }
}

/* One QL step on first..last, shifted by the eigenvalue of the corner nearest
 * its first entry; the bulge is chased from the end up. */
static void chase(struct tridiagonal *t, size_t first, size_t last)
{
    double *d = t->diagonal, *e = t->beside;
    double g = (d[first + 1] - d[first]) / (2 * e[first]);
    double r = sqrt(g * g + 1), s = 1, c = 1, p = 0;
    g = d[last] - d[first] + e[first] / (g + (g < 0 ? -r : r));
    for (size_t i = last; i-- > first;) {
        const double f = s * e[i], b = c * e[i];
        r = sqrt(f * f + g * g);
        e[i + 1] = r;
        if (r == 0) { /* it splits here */
            d[i + 1] -= p;
            e[last] = 0;
            return;
        }
        s = f / r;
        c = g / r;
        g = d[i + 1] - p;
        r = (d[i] - g) * s + 2 * c * b;
        p = s * r;
        d[i + 1] = g + p;
        g = c * r - b;
        turn(t->basis + i * t->m, t->basis + (i + 1) * t->m, t->m, c, s);
    }
    d[first] -= p;
    e[first] = g;
    e[last] = 0;
}

/* What counts as nothing beside the largest: a matrix of low rank has a block
 * of such noise, in which no entry is small beside its neighbours. */
static double noise_of(const struct tridiagonal *t)
{
    double largest = 0;
    for (size_t i = 0; i < t->m; i++)
        largest = fmax(largest, fabs(t->diagonal[i]) + fabs(t->beside[i]));
    return DBL_EPSILON * largest;
}

static enum status diagonalize(struct tridiagonal *t)
{
    const double *e = t->beside, noise = noise_of(t);
    for (size_t first = 0; first < t->m; first++) {
        for (int step = 0;; step++) {
            size_t last = first;
            while (last + 1 < t->m && fabs(e[last]) > noise)
                last++;
            if (last == first)
                break;
            if (step == STEPS_MAX)
                return STATUS_LIMIT_REACHED;
            chase(t, first, last);
        }
    }
    return STATUS_OK;
}

/* In units of the largest entry, so that no square is out of range. */
static enum status solve_in_double(struct eigen *eigen)
{
    const size_t m = eigen->m;
    wide largest = 0;
    struct tridiagonal t = {
        .m = m, .matrix = calloc(2 * m * m + 4 * m, sizeof(double))};
    if (t.matrix == NULL)
        return STATUS_NO_MEMORY;
    t.basis = t.matrix + m * m;
    t.diagonal = t.basis + m * m;
    t.beside = t.diagonal + m;
    t.scale = t.beside + m;
    t.work = t.scale + m;
    for (size_t i = 0; i < m * m; i++) {
        const wide size = wide_absolute(eigen->matrix[i]);
        largest = size > largest ? size : largest;
    }
    largest = largest > 0 ? largest : 1;
    for (size_t i = 0; i < m * m; i++)
        t.matrix[i] = (double)(eigen->matrix[i] / largest);
    tridiagonalize(&t);
    enum status status = diagonalize(&t);
    for (size_t i = 0; i < m * m; i++)
        eigen->vectors[i] = (wide)t.basis[i];
    for (size_t i = 0; i < m; i++)
        eigen->matrix[i * (m + 1)] = (wide)t.diagonal[i] * largest;
    free(t.matrix);
    return status;
}

enum status eigen_solve(struct eigen *eigen)
{
    const size_t m = eigen->m;
    enum status status = STATUS_OK;
    if (m <= EIGEN_EXACT_MAX)
        solve_exactly(eigen);
    else
        status = solve_in_double(eigen);
    for (size_t i = 0; i < m; i++) {
        size_t at = i;
        for (; at > 0 && eigen->matrix[eigen->order[at - 1] * (m + 1)] <
                             eigen->matrix[i * (m + 1)];
             at--)
            eigen->order[at] = eigen->order[at - 1];
        eigen->order[at] = i;
    }
    return status;
}
