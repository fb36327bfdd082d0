#include "protocol/analysis/cox_rows.h"

#include "protocol/analysis/elementary.h"
#include "protocol/analysis/kernel.h"
#include "protocol/analysis/model.h"
#include "protocol/analysis/tally.h"
#include "protocol/analysis/times.h"

#define LANES 4            /* of doubles that are added side by side */
#define PRODUCTS_ROOM 1024 /* numbers that stay in the nearest cache */
#define PRODUCTS_ROWS_MAX 32

void *cox_take(void *base, size_t *used, size_t bytes)
{
    char *here = base == NULL ? NULL : (char *)base + *used;
    *used += (bytes + 63) / 64 * 64;
    return here;
}

/* ---- when ---- */

static void read(const struct design_rows *which, size_t variable, uint8_t *in,
    int32_t *codes)
{
    column_read(
        &which->rows->columns[variable], which->first, which->count, codes);
    column_drop_missing(codes, which->count, in);
}

void cox_rows_stand(const struct cox *cox, const struct design_rows *which,
    uint8_t *in, struct cox_rows *out)
{
    const struct formula *formula = cox->design->formula;
    const size_t count = which->count;
    int32_t codes[DESIGN_ROWS];
    read(which, formula->survival.event, in, codes);
    for (size_t i = 0; i < count; i++)
        out->event[i] = codes[i] != 0;
    read(which, formula->survival.stop, in, codes);
    times_step_many(cox->stop, cox->grid, codes, count, out->stop);
    memset(out->start, 0, sizeof out->start);
    memset(out->stratum, 0, sizeof out->stratum);
    if (formula->strata_count > 0) {
        read(which, formula->strata[0], in, codes);
        for (size_t i = 0; i < count; i++)
            out->stratum[i] = (uint32_t)codes[i];
    }
    if (cox->start == NULL)
        return;
    read(which, formula->survival.start, in, codes);
    times_step_many(cox->start, cox->grid, codes, count, out->start);
    for (size_t i = 0; i < count; i++)
        in[i] = out->start[i] < out->stop[i] ? in[i] : 0;
}

/* ---- how much ---- */

KERNEL static void exponentiate(
    const double *restrict eta, size_t count, double *restrict out)
{
    for (size_t i = 0; i < count; i++)
        out[i] = elementary_exp(eta[i]);
}

void cox_rows_standard(const struct cox *cox, const double *columns,
    const double *values, size_t count, double *z)
{
    if (values == NULL) {
        memcpy(z, columns + cox->first * DESIGN_ROWS, cox->count * DESIGN_ROWS * sizeof *z);
        return;
    }
    standard_apply(
        &cox->columns, values + cox_standard_at(cox), columns, count, z);
}

size_t cox_rows_weigh(const struct cox *cox, const double *z,
    const double *beta, size_t count, uint8_t *in, struct cox_rows *rows)
{
    size_t invalid = 0;
    uint8_t within[DESIGN_ROWS];
    memset(within, 0xFF, count);
    memset(rows->eta, 0, sizeof rows->eta);
    for (size_t j = 0; j < cox->count; j++, z += DESIGN_ROWS) {
        standard_check(z, count, within);
        if (beta != NULL)
            model_add_scaled(z, beta[j], count, rows->eta);
    }
    exponentiate(rows->eta, count, rows->weight);
    for (size_t i = 0; i < count; i++) {
        const bool valid = rows->eta[i] <= COX_ETA_MAX && within[i] != 0;
        invalid += in[i] != 0 && !valid;
        in[i] = valid ? in[i] : 0;
        rows->weight[i] = in[i] != 0 ? rows->weight[i] : 0.0;
    }
    return invalid;
}

void cox_add_moments(
    const struct cox *cox, const struct model_rows *rows, int128 *cell)
{
    standard_add(&cox->columns, rows->columns, rows->in, rows->count,
        cell + COUNTS_CELL + SUM_X + 2 * cox->count);
}

void cox_add_events(const struct cox *cox, const double *z,
    const double *event, const double *timed, size_t count, int128 *sums)
{
    for (size_t j = 0; j < cox->count; j++, z += DESIGN_ROWS) {
        sums[SUM_X + j] += fixed_sum_products(z, event, count, COX_BITS);
        sums[SUM_X + cox->count + j] +=
            fixed_sum_products(z, timed, count, COX_BITS);
    }
}

/* ---- products ---- */

size_t cox_products_width(const struct cox_layout *layout)
{
    return (layout->all + LANES - 1) / LANES * LANES;
}

size_t cox_products_rows(const struct cox_layout *layout)
{
    const size_t rows = PRODUCTS_ROOM / cox_products_width(layout);
    return rows < 1 ? 1 : rows > PRODUCTS_ROWS_MAX ? PRODUCTS_ROWS_MAX : rows;
}

void cox_products_make(const struct cox *cox, const double *x,
    const struct cox_rows *rows, size_t first, size_t count, double *out)
{
    const size_t p = cox->count, width = cox_products_width(&cox->layout);
    x += first;
    for (size_t r = 0; r < count; r++, x++) {
        double *means = out + r * width + 1, *next = means + p;
        means[-1] = rows->weight[first + r];
        for (size_t i = 0; i < p; i++)
            means[i] = means[-1] * x[i * DESIGN_ROWS];
        for (size_t i = 0; i < p; i++) {
            for (size_t j = i; j < p; j++)
                *next++ = means[i] * x[j * DESIGN_ROWS];
        }
        while (next < out + (r + 1) * width)
            *next++ = 0.0;
    }
}

/* LANES at a time; `loose` ones may stand anywhere. */
typedef double lanes __attribute__((vector_size(LANES * sizeof(double))));
typedef double loose
    __attribute__((vector_size(LANES * sizeof(double)), aligned(8)));
typedef uint64_t lanes_bits
    __attribute__((vector_size(LANES * sizeof(uint64_t))));
typedef uint64_t loose_bits
    __attribute__((vector_size(LANES * sizeof(uint64_t)), aligned(8)));

/* Sums stay in registers while the rows go by. */
KERNEL static void add_products(const double *restrict products, size_t count,
    size_t width, const struct fixed_split *split, uint64_t *restrict sums)
{
    const double by_high = split->high, by_low = split->low;
    for (size_t k = 0; k < width; k += LANES) {
        lanes_bits highs = *(loose_bits *)(sums + k);
        lanes_bits lows = *(loose_bits *)(sums + width + k);
        for (size_t r = 0; r < count; r++) {
            const lanes product = *(const loose *)(products + r * width + k);
            const lanes high = product + by_high;
            const lanes low = (product - (high - by_high)) + by_low;
            highs += (lanes_bits)high;
            lows += (lanes_bits)low;
        }
        *(loose_bits *)(sums + k) = highs;
        *(loose_bits *)(sums + width + k) = lows;
    }
}

void cox_products_add(
    const double *products, size_t count, size_t width, uint64_t *sums)
{
    const struct fixed_split split = fixed_split_of(COX_BITS);
    add_products(products, count, width, &split, sums);
}
