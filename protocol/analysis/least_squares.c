#include "protocol/analysis/least_squares.h"

#include <math.h>
#include <stdlib.h>

#define TOLERANCE 1e-14 /* of squares: R's 1e-7 */

enum status least_squares_init(struct least_squares *fit, size_t count)
{
    *fit = (struct least_squares){.count = count, .tolerance = TOLERANCE};
    fit->matrix = calloc((count + 1) * (count + 1), sizeof *fit->matrix);
    fit->effects = calloc(count + 1, sizeof *fit->effects);
    fit->used = calloc(count + 1, sizeof *fit->used);
    if (fit->matrix != NULL && fit->effects != NULL && fit->used != NULL)
        return STATUS_OK;
    least_squares_fini(fit);
    return STATUS_NO_MEMORY;
}

void least_squares_fini(struct least_squares *fit)
{
    free(fit->matrix);
    free(fit->effects);
    free(fit->used);
    *fit = (struct least_squares){0};
}

/* The sweep operator (Goodnight, The American Statistician 33, 1979). */
static void sweep(struct least_squares *fit, size_t k)
{
    size_t size = fit->count + 1;
    wide *a = fit->matrix, *row = &a[k * size];
    wide pivot = row[k];
    for (size_t j = 0; j < size; j++)
        row[j] /= pivot;
    for (size_t i = 0; i < size; i++) {
        wide factor = a[i * size + k];
        if (i == k)
            continue;
        for (size_t j = 0; j < size; j++) {
            if (j != k)
                a[i * size + j] -= factor * row[j];
        }
        a[i * size + k] = -factor / pivot;
    }
    row[k] = 1 / pivot;
}

void least_squares_solve(struct least_squares *fit)
{
    size_t y = fit->count;
    wide *norms = fit->effects; /* until the column's turn */
    for (size_t k = 0; k < fit->count; k++)
        norms[k] = *least_squares_at(fit, k, k);
    for (size_t k = 0; k < fit->count; k++) {
        wide pivot = *least_squares_at(fit, k, k);
        wide cross = *least_squares_at(fit, k, y);
        fit->used[k] = pivot > (wide)fit->tolerance * norms[k] &&
                       (fit->least == NULL || pivot > (wide)fit->least[k]) &&
                       (fit->out == NULL || !fit->out[k]);
        fit->effects[k] = fit->used[k] ? cross * cross / pivot : 0;
        if (fit->used[k]) {
            fit->log_determinant += log((double)pivot);
            sweep(fit, k);
            fit->rank++;
        }
    }
    if (*least_squares_at(fit, y, y) < 0)
        *least_squares_at(fit, y, y) = 0;
}
