#include "protocol/analysis/solve.h"

#include <math.h>
#include <stdlib.h>

#define ALIASED 1e-13L /* of a column's square that is left after the others   \
                        */

long double fixed_value(int128 sum, int bits)
{
    return ldexpl((long double)sum, -bits);
}

void solver_fini(struct solver *solver)
{
    free(solver->aliased);
    free(solver->lower);
    *solver = (struct solver){0};
}

static long double left_of(const struct solver *solver,
    const long double *triangle, size_t row, size_t column)
{
    const size_t p = solver->count;
    /* triangle holds (i, j), i <= j, at i p - i (i - 1) / 2 + j - i */
    size_t at = column * p - column * (column - 1) / 2 + row - column;
    long double value = triangle[column == 0 ? row : at];
    for (size_t k = 0; k < column; k++)
        value -= solver->lower[row * p + k] * solver->lower[column * p + k];
    return value;
}

enum status solver_create(
    struct solver *solver, const long double *triangle, size_t count)
{
    size_t at = 0;
    *solver = (struct solver){.count = count};
    solver->aliased = calloc(count + 1, sizeof *solver->aliased);
    solver->lower = calloc(count * count + 1, sizeof *solver->lower);
    if (solver->aliased == NULL || solver->lower == NULL) {
        solver_fini(solver);
        return STATUS_NO_MEMORY;
    }
    for (size_t j = 0; j < count; at += count - j, j++) {
        long double whole = triangle[at];
        long double left = left_of(solver, triangle, j, j);
        if (!isfinite(left) || whole < 0) {
            solver_fini(solver);
            return STATUS_OUT_OF_RANGE;
        }
        solver->aliased[j] = left <= ALIASED * whole || whole == 0;
        if (solver->aliased[j])
            continue;
        solver->rank++;
        long double pivot = sqrtl(left);
        solver->lower[j * count + j] = pivot;
        for (size_t i = j + 1; i < count; i++)
            solver->lower[i * count + j] =
                left_of(solver, triangle, i, j) / pivot;
    }
    return STATUS_OK;
}

void solver_solve(
    const struct solver *solver, const long double *right, long double *out)
{
    const size_t p = solver->count;
    for (size_t i = 0; i < p; i++) {
        out[i] = 0;
        if (solver->aliased[i])
            continue;
        long double value = right[i];
        for (size_t k = 0; k < i; k++)
            value -= solver->lower[i * p + k] * out[k];
        out[i] = value / solver->lower[i * p + i];
    }
    for (size_t i = p; i-- > 0;) {
        if (solver->aliased[i])
            continue;
        for (size_t k = i + 1; k < p; k++)
            if (!solver->aliased[k])
                out[i] -= solver->lower[k * p + i] * out[k];
        out[i] /= solver->lower[i * p + i];
    }
}

void solver_invert(const struct solver *solver, long double *out)
{
    const size_t p = solver->count;
    long double *unit = calloc(2 * p + 1, sizeof *unit);
    for (size_t j = 0; unit != NULL && j < p; j++) {
        for (size_t i = 0; i < p; i++)
            unit[i] = i == j && !solver->aliased[j];
        solver_solve(solver, unit, unit + p);
        for (size_t i = 0; i < p; i++)
            out[i * p + j] = unit[p + i];
    }
    free(unit);
}
