#include "policy/span.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef __int128 wide;

struct span {
    int64_t unit;
    size_t count, room;
    /* Lower triangles, row after row: what anchors share, and the Cholesky
     * factor of it in the same order. */
    int64_t *gram;
    double *factor;
};

/* A coefficient this close above a half still counts as the half, which is
 * rounded down: it is far above the error of the doubles. */
#define TIE 1e-7
/* Beyond this a coefficient is no longer looked at: the set is withheld. */
#define COEFFICIENT_CAP ((double)(1 << 20))
/* Real coefficients are written in 2^-16 where the distance is worked out in
 * integers, which keeps every sum of SPAN_ANCHORS_MAX within 128 bits. */
#define FINE 16
#define FINE_MAX 1024.0
/* What the error of a real distance stays below, in people. */
#define REAL_ERROR 1e-6

static size_t row_of(const size_t i)
{
    return i * (i + 1) / 2;
}

static int64_t gram_at(const struct span *span, size_t i, size_t j)
{
    return i >= j ? span->gram[row_of(i) + j] : span->gram[row_of(j) + i];
}

enum status span_create(struct span **const out, const int64_t unit)
{
    *out = NULL;
    if (unit < 1 || unit > 1 << 20)
        return STATUS_OUT_OF_RANGE;
    struct span *span = calloc(1, sizeof *span);
    if (span == NULL)
        return STATUS_NO_MEMORY;
    span->unit = unit;
    *out = span;
    return STATUS_OK;
}

void span_destroy(struct span *const span)
{
    if (span == NULL)
        return;
    free(span->gram);
    free(span->factor);
    free(span);
}

size_t span_count(const struct span *const span)
{
    return span->count;
}

static bool are_of_sets(
    const struct span *span, int64_t weight, const int64_t *shared)
{
    if (weight < 0 || weight > SPAN_WEIGHT_MAX)
        return false;
    for (size_t i = 0; i < span->count; i++) {
        if (shared[i] < 0 || shared[i] > weight ||
            shared[i] > span->gram[row_of(i) + i])
            return false;
    }
    return true;
}

/* Solves L y = b in place: coordinates along the anchors made orthogonal. */
static void solve_forward(const struct span *span, double *y)
{
    for (size_t i = 0; i < span->count; i++) {
        const double *row = span->factor + row_of(i);
        double sum = y[i];
        for (size_t j = 0; j < i; j++)
            sum -= row[j] * y[j];
        y[i] = sum / row[i];
    }
}

/* Walks from the last anchor to the first, takes from `y` what `choose` makes
 * of each coefficient, and leaves the coefficients in `y`: whole ones give the
 * nearest plane, the real ones the projection. */
static void solve_backward(
    const struct span *span, double *y, double (*choose)(double))
{
    for (size_t i = span->count; i-- > 0;) {
        const double *row = span->factor + row_of(i);
        double coefficient = choose(y[i] / row[i]);
        if (coefficient != 0) {
            for (size_t j = 0; j < i; j++)
                y[j] -= coefficient * row[j];
        }
        y[i] = coefficient;
    }
}

static double choose_whole(double value)
{
    return ceil(value - 0.5 - TIE);
}

static double choose_real(double value)
{
    return value;
}

static double distance_along(
    const struct span *span, int64_t weight, const double *y)
{
    double distance = (double)weight;
    for (size_t i = 0; i < span->count; i++)
        distance -= y[i] * y[i];
    return distance;
}

/* Squared distance from the span with real coefficients, where doubles alone
 * are not sure of it. With v near the best coefficients, the distance to that
 * combination is worked out in integers; what it is too large by is r'G^-1 r
 * for the rest r = g - Gv, which is small, so that doubles are enough for it.
 * Minus infinity, which withholds, when a coefficient is too large for that. */
static double refine_distance(
    const struct span *span, int64_t weight, const int64_t *shared, double *v)
{
    size_t n = span->count;
    double *rest = v + n;
    wide square = (wide)weight << (2 * FINE);
    for (size_t i = 0; i < n; i++) {
        if (fabs(v[i]) > FINE_MAX)
            return -INFINITY;
        v[i] = nearbyint(ldexp(v[i], FINE));
    }
    for (size_t i = 0; i < n; i++) {
        wide sum = 0;
        for (size_t j = 0; j < n; j++)
            sum += (wide)gram_at(span, i, j) * (int64_t)v[j];
        wide scaled = (wide)shared[i] << FINE;
        square += (sum - 2 * scaled) * (int64_t)v[i];
        rest[i] = (double)(scaled - sum);
    }
    solve_forward(span, rest);
    double excess = 0;
    for (size_t i = 0; i < n; i++)
        excess += rest[i] * rest[i];
    return ldexp((double)square - excess, -2 * FINE);
}

/* |a - c|^2 in units, exactly, and whether c is 0 or 1 everywhere; or -1 when a
 * coefficient is out of all bounds. */
static wide measure_combination(const struct span *span, int64_t weight,
    const int64_t *shared, const double *c, bool *is_set)
{
    wide norm = 0, plain = 0, common = 0;
    for (size_t i = 0; i < span->count; i++) {
        if (c[i] == 0)
            continue;
        if (fabs(c[i]) > COEFFICIENT_CAP)
            return -1;
        int64_t ci = (int64_t)c[i];
        wide sum = 0;
        for (size_t j = 0; j < i; j++)
            sum += c[j] == 0 ? 0 : (wide)gram_at(span, i, j) * (int64_t)c[j];
        wide own = gram_at(span, i, i);
        norm += (2 * sum + own * ci) * ci;
        plain += own * ci;
        common += (wide)shared[i] * ci;
    }
    *is_set = norm == plain;
    return weight - 2 * common + norm;
}

/* Writes the combination's terms; false beyond what may be told. */
static bool write_terms(
    struct span_decision *out, const double *c, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (c[i] == 0)
            continue;
        if (fabs(c[i]) > SPAN_COEFFICIENT_MAX ||
            out->term_count == SPAN_TERMS_MAX) {
            out->term_count = 0;
            return false;
        }
        out->terms[out->term_count++] =
            (struct span_term){.anchor = i, .coefficient = (int)c[i]};
    }
    return true;
}

/* With y, the coordinates of the set, and room for two more vectors behind it.
 * `few`: k people, in units. */
static void decide(const struct span *span, const wide few,
    const int64_t weight, const int64_t *shared, double *y,
    struct span_decision *out)
{
    size_t n = span->count;
    double *c = y + n;
    memcpy(c, y, n * sizeof *c);
    solve_backward(span, c, choose_whole);
    wide difference =
        measure_combination(span, weight, shared, c, &out->is_set);
    if (difference < few) {
        out->difference = (int64_t)difference;
        out->is_told = difference == 0;
        if (difference >= 0 && write_terms(out, c, n) && out->term_count > 0)
            out->answer = SPAN_COMBINE;
        return;
    }
    double unit = (double)span->unit;
    double distance = distance_along(span, weight, y);
    if (distance < (SPAN_REAL_DISTANCE + 1) * unit) {
        memcpy(c, y, n * sizeof *c);
        solve_backward(span, c, choose_real);
        distance = refine_distance(span, weight, shared, c);
    }
    if (distance >= (SPAN_REAL_DISTANCE - REAL_ERROR) * unit)
        out->answer = SPAN_EXACT;
}

enum status span_decide(const struct span *const span, const int64_t people,
    const int64_t weight, const int64_t *const shared,
    struct span_decision *const out)
{
    const wide few = (wide)people * span->unit;
    *out = (struct span_decision){.answer = SPAN_FEW};
    if (!are_of_sets(span, weight, shared))
        return STATUS_MALFORMED;
    if (weight < few)
        return STATUS_OK;
    double *y = malloc((3 * span->count + 1) * sizeof *y);
    if (y == NULL)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < span->count; i++)
        y[i] = (double)shared[i];
    solve_forward(span, y);
    decide(span, few, weight, shared, y, out);
    free(y);
    return STATUS_OK;
}

static enum status make_room(struct span *span)
{
    if (span->count < span->room)
        return STATUS_OK;
    size_t room = span->room == 0 ? 64 : 2 * span->room;
    int64_t *gram = realloc(span->gram, row_of(room) * sizeof *gram);
    if (gram == NULL)
        return STATUS_NO_MEMORY;
    span->gram = gram;
    double *factor = realloc(span->factor, row_of(room) * sizeof *factor);
    if (factor == NULL)
        return STATUS_NO_MEMORY;
    span->factor = factor;
    span->room = room;
    return STATUS_OK;
}

enum status span_add(
    struct span *const span, const int64_t weight, const int64_t *const shared)
{
    if (!are_of_sets(span, weight, shared))
        return STATUS_MALFORMED;
    if (span->count == SPAN_ANCHORS_MAX)
        return STATUS_LIMIT_REACHED;
    enum status status = make_room(span);
    if (status != STATUS_OK)
        return status;
    size_t n = span->count, row = row_of(n);
    double *y = span->factor + row;
    for (size_t i = 0; i < n; i++)
        y[i] = (double)shared[i];
    solve_forward(span, y);
    double distance = distance_along(span, weight, y);
    if (!(distance >= (double)span->unit))
        return STATUS_MALFORMED;
    y[n] = sqrt(distance);
    if (n > 0)
        memcpy(span->gram + row, shared, n * sizeof *shared);
    span->gram[row + n] = weight;
    span->count = n + 1;
    return STATUS_OK;
}

void span_shorten(struct span *const span, const size_t count)
{
    if (count < span->count)
        span->count = count;
}
