#include <math.h>
#include <stdlib.h>

#include "protocol/analysis/fixed.h"
#include "protocol/analysis/leverage_rows.h"
#include "protocol/analysis/model.h"

#define WEIGHTED_BITS 60 /* of products whose weights may be large */

const struct design *leverage_design(const struct analysis *analysis)
{
    return analysis->kind->check->design(analysis);
}

static double largest_weight(const struct analysis *analysis)
{
    const struct model_check *check = analysis->kind->check;
    return check->weight_max == NULL ? 1.0 : check->weight_max(analysis);
}

static size_t triangle_size(size_t p)
{
    return p * (p + 1) / 2;
}

size_t leverage_value_count(const struct analysis *analysis)
{
    return analysis->kind->check == NULL
               ? 0
               : triangle_size(leverage_design(analysis)->column_count);
}

/* ---- terms of levels ---- */

enum term_levels leverage_column_levels(
    const struct design *design, size_t column)
{
    return design_term_levels(design, design->columns[column].term);
}

enum leverage_verdict leverage_judge_levels(const struct design *design,
    const wide *squares, int128 rows, int64_t min_cell)
{
    const struct formula *formula = design->formula;
    enum leverage_verdict fine = LEVERAGE_FINE;
    int128 rest[FORMULA_TERMS_MAX];
    for (size_t t = 0; t < formula->term_count; t++)
        rest[t] = rows;
    for (size_t j = 0; j < design->column_count; j++) {
        const enum term_levels levels = leverage_column_levels(design, j);
        if (levels == LEVELS_AND_NUMBERS)
            fine = LEVERAGE_NOT_KNOWN;
        if (levels != LEVELS_ALONE)
            continue;
        const int128 people = fixed_whole((long double)squares[j]);
        if (few_people(people, min_cell))
            return LEVERAGE_FEW;
        rest[design->columns[j].term - 1] -= people;
    }
    for (size_t t = 0; t < formula->term_count; t++) {
        if (design_term_levels(design, t + 1) == LEVELS_ALONE &&
            few_people(rest[t], min_cell))
            return LEVERAGE_FEW;
    }
    return fine;
}

/* From X'X. */
static enum leverage_verdict judge_levels(const struct design *design,
    const wide *products, int128 rows, int64_t min_cell)
{
    const size_t p = design->column_count;
    wide squares[DESIGN_COLUMNS_MAX];
    for (size_t j = 0, k = 0; j < p; k += p - j, j++)
        squares[j] = products[k];
    return leverage_judge_levels(design, squares, rows, min_cell);
}

/* ---- the inverse ---- */

static enum status invert(size_t p, const wide *triangle, double *inverse)
{
    struct least_squares fit;
    enum status status = least_squares_init(&fit, p);
    if (status != STATUS_OK)
        return status;
    for (size_t i = 0, k = 0; i < p; i++) {
        for (size_t j = i; j < p; j++)
            least_squares_set(&fit, i, j, triangle[k++]);
    }
    least_squares_solve(&fit);
    for (size_t i = 0, k = 0; i < p; i++) {
        for (size_t j = i; j < p; j++, k++) {
            inverse[k] = fit.used[i] && fit.used[j]
                             ? (double)*least_squares_at(&fit, i, j)
                             : 0.0;
        }
    }
    least_squares_fini(&fit);
    return STATUS_OK;
}

/* No |x| is above 1: x'Ax is at most this. */
static double quadratic_bound(size_t p, const double *inverse)
{
    double bound = 0;
    for (size_t i = 0, k = 0; i < p; i++) {
        for (size_t j = i; j < p; j++)
            bound += (i == j ? 1 : 2) * fabs(inverse[k++]);
    }
    return bound;
}

/* ---- what sums alone prove ---- */

struct known {
    const wide *products; /* X'X; NULL: not known */
    double weight_max;
    int128 rows, people;
    int64_t min_cell;
};

static enum leverage_verdict judge(
    const struct design *design, const struct known *known, double *inverse)
{
    const size_t p = design->column_count;
    enum leverage_verdict levels = LEVERAGE_NOT_KNOWN;
    if (known->products != NULL && known->rows == known->people)
        levels =
            judge_levels(design, known->products, known->rows, known->min_cell);
    if (levels != LEVERAGE_FINE)
        return levels;
    /* Nobody has more rows than this. */
    const double most = (double)(known->rows - known->people + 1);
    return known->weight_max * most * quadratic_bound(p, inverse) < LEVERAGE_MAX
               ? LEVERAGE_FINE
               : LEVERAGE_NOT_KNOWN;
}

enum status leverage_begin(const struct analysis *analysis,
    const struct fitted_segment *fitted, const int128 *elements,
    double *inverse, enum leverage_verdict *verdict)
{
    const struct model_check *check = analysis->kind->check;
    const struct design *design = leverage_design(analysis);
    const size_t size = triangle_size(design->column_count);
    const int128 *cell = fitted->first + fitted->shape->tables[0].first;
    wide *sums = calloc(2 * size, sizeof *sums);
    *verdict = LEVERAGE_FINE;
    if (sums == NULL)
        return STATUS_NO_MEMORY;
    enum status status = STATUS_OK;
    wide *products = sums + size;
    const bool has_products =
        check->products(analysis, fitted->shape, fitted->first, products);
    if (cell[CELL_ROWS] > 0 && (check->information == NULL ||
                                   check->information(analysis, fitted->shape,
                                       elements, fitted->memory, sums))) {
        const struct known known = {.products = has_products ? products : NULL,
            .weight_max = largest_weight(analysis),
            .rows = cell[CELL_ROWS],
            .people = cell[CELL_PEOPLE],
            .min_cell = fitted->min_cell};
        status = invert(design->column_count,
            check->information == NULL ? products : sums, inverse);
        if (status == STATUS_OK)
            *verdict = judge(design, &known, inverse);
    }
    free(sums);
    return status;
}

/* Products of a weight of at most 1 are at most 1. */
int leverage_products_bits(
    const struct analysis *analysis, enum segment_step step)
{
    return step == SEGMENT_PRODUCTS && largest_weight(analysis) > 1
               ? WEIGHTED_BITS
               : DESIGN_BITS;
}

enum status leverage_read_products(const struct analysis *analysis,
    const struct leverage_products *sums, double *inverse,
    enum leverage_verdict *verdict)
{
    const struct design *design = leverage_design(analysis);
    const size_t size = triangle_size(design->column_count);
    const int128 *cell = sums->elements + sums->shape->tables[0].first;
    const int bits = leverage_products_bits(analysis, sums->step);
    wide *triangle = calloc(size, sizeof *triangle);
    if (triangle == NULL)
        return STATUS_NO_MEMORY;
    for (size_t k = 0; k < size; k++)
        triangle[k] = (wide)cell[COUNTS_CELL + k] * (wide)ldexp(1, -bits);
    const struct known known = {.products = triangle,
        .weight_max = 1,
        .rows = cell[CELL_ROWS],
        .people = cell[CELL_PEOPLE],
        .min_cell = sums->min_cell};
    enum status status = invert(design->column_count, triangle, inverse);
    *verdict =
        cell[CELL_ROWS] == 0 ? LEVERAGE_FINE : judge(design, &known, inverse);
    free(triangle);
    return status;
}

enum leverage_verdict leverage_read(const struct analysis *analysis,
    const struct shape *shape, const int128 *elements, int64_t min_cell)
{
    const struct design *design = leverage_design(analysis);
    const int128 *sums = elements + shape->tables[0].first + COUNTS_CELL;
    const size_t count = design->column_count + design->formula->term_count;
    if (sums[LEVERAGE_PEOPLE] != 0)
        return LEVERAGE_HIGH;
    for (size_t i = 0; i < count; i++) {
        if (few_people(sums[LEVERAGE_COLUMNS + i], min_cell))
            return LEVERAGE_FEW;
    }
    return LEVERAGE_FINE;
}
