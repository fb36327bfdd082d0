#include "protocol/analysis/standard.h"

#include <math.h>
#include <string.h>

#include "protocol/analysis/kernel.h"

#define FACTOR_EXPONENT_MAX 40

/* ---- bases ---- */

static uint64_t atoms_of(const struct design *design, size_t column)
{
    const size_t term = design->columns[column].term;
    return term == 0 ? 0 : design->formula->terms[term - 1].atoms;
}

/* The column of the same levels without the numbers; the design's place.
 * SIZE_MAX: there is none. */
static size_t levels_of(const struct design *design, size_t column)
{
    uint64_t levels = atoms_of(design, column);
    for (size_t a = 0; a < design->formula->atom_count; a++) {
        if (!formula_has_levels(&design->formula->atoms[a]))
            levels &= ~((uint64_t)1 << a);
    }
    for (size_t c = 0; c < design->column_count; c++) {
        bool same = atoms_of(design, c) == levels;
        for (size_t a = 0; same && a < design->formula->atom_count; a++)
            same =
                (levels >> a & 1) == 0 ||
                design->columns[c].parts[a] == design->columns[column].parts[a];
        if (same)
            return c;
    }
    return SIZE_MAX;
}

static bool has_numbers(const struct design *design, size_t column)
{
    const size_t term = design->columns[column].term;
    return term > 0 && design_term_levels(design, term) != LEVELS_ALONE;
}

void standard_init(
    struct standard_columns *of, const struct design *design, bool free_one)
{
    of->design = design;
    of->first = free_one && design->formula->intercept ? 1 : 0;
    of->count = design->column_count - of->first;
    for (size_t j = 0; j < of->count; j++) {
        const size_t column = of->first + j;
        const bool alone = design_term_levels(design,
                               design->columns[column].term) == NO_LEVELS;
        const size_t base = levels_of(design, column);
        of->base[j] = !has_numbers(design, column) ? STANDARD_NONE
                      : alone && free_one          ? STANDARD_ONE
                      : base == SIZE_MAX           ? STANDARD_NONE
                                                   : base - of->first;
    }
}

/* ---- the first round ---- */

KERNEL static void keep(const double *restrict x, const uint8_t *restrict in,
    size_t count, double *restrict out)
{
    for (size_t i = 0; i < count; i++)
        out[i] = in[i] != 0 ? x[i] : 0.0;
}

void standard_add(const struct standard_columns *of, const double *x,
    const uint8_t *in, size_t count, int128 *sums)
{
    double kept[DESIGN_ROWS];
    x += of->first * DESIGN_ROWS;
    for (size_t j = 0; j < of->count; j++) {
        keep(x + j * DESIGN_ROWS, in, count, kept);
        sums[j] += fixed_sum_products(kept, NULL, count, DESIGN_BITS);
        sums[of->count + j] +=
            fixed_sum_exact_products(kept, kept, count, DESIGN_BITS);
    }
}

static wide number_of(int128 sum)
{
    return (wide)sum * (wide)ldexp(1, -DESIGN_BITS);
}

/* Rows in which the base of a column is 1; without one all of them. */
static wide rows_of(const struct standard_columns *of, const int128 *sums,
    int128 rows, size_t column)
{
    const size_t base = of->base[column];
    return base < of->count ? number_of(sums[base]) : (wide)rows;
}

static wide mean_of(const struct standard_columns *of, const int128 *sums,
    int128 rows, size_t column)
{
    const wide n = rows_of(of, sums, rows, column);
    return of->base[column] == STANDARD_NONE || n <= 0
               ? 0
               : number_of(sums[column]) / n;
}

/* Of the squared differences from the mean (from 0 where none is taken off);
 * what rounding may have taken from the sums is added. */
static wide squares_of(const struct standard_columns *of, const int128 *sums,
    int128 rows, size_t column)
{
    const wide squares = number_of(sums[of->count + column]);
    const wide slack = (wide)rows * (wide)ldexp(1, 2 - DESIGN_BITS);
    const wide rest =
        squares - mean_of(of, sums, rows, column) * number_of(sums[column]);
    return (rest > 0 ? rest : 0) + slack;
}

double standard_spread(const struct standard_columns *of, const int128 *sums,
    int128 rows, size_t column)
{
    const wide n = rows_of(of, sums, rows, column);
    return n > 0 ? sqrt((double)(squares_of(of, sums, rows, column) / n)) : 0;
}

/* A power of two whose product with the root of the squares is in
 * [STANDARD_MAX / 2, STANDARD_MAX). */
static double factor_of(wide squares)
{
    int exponent;
    (void)frexp(sqrt((double)squares), &exponent);
    const int up =
        -exponent < FACTOR_EXPONENT_MAX ? -exponent : FACTOR_EXPONENT_MAX;
    return ldexp(STANDARD_MAX, up);
}

void standard_choose(const struct standard_columns *of, const int128 *sums,
    int128 rows, double *told)
{
    for (size_t j = 0; j < of->count; j++) {
        const bool stays = !has_numbers(of->design, of->first + j) ||
                           number_of(sums[of->count + j]) <= 0;
        told[j] = stays ? 0 : (double)mean_of(of, sums, rows, j);
        told[of->count + j] =
            stays ? 1 : factor_of(squares_of(of, sums, rows, j));
    }
}

bool standard_keep_off(
    const struct standard_columns *of, const bool *used, double *told)
{
    bool any = false;
    for (size_t j = 0; j < of->count; j++) {
        const size_t base = of->base[j];
        if (base >= of->count || used[base] || told[j] == 0)
            continue;
        told[j] = 0;
        told[of->count + j] = 1;
        any = true;
    }
    return any;
}

/* ---- the later ones ---- */

KERNEL static void shift(const double *restrict x, double center, double factor,
    size_t count, double *restrict out)
{
    for (size_t i = 0; i < count; i++)
        out[i] = (x[i] - center) * factor;
}

KERNEL static void shift_along(const double *restrict x,
    const double *restrict base, double center, double factor, size_t count,
    double *restrict out)
{
    for (size_t i = 0; i < count; i++)
        out[i] = (x[i] - center * base[i]) * factor;
}

void standard_apply(const struct standard_columns *of, const double *told,
    const double *x, size_t count, double *z)
{
    x += of->first * DESIGN_ROWS;
    for (size_t j = 0; j < of->count; j++) {
        const double center = told[j], factor = told[of->count + j];
        const size_t base = of->base[j];
        if (base < of->count)
            shift_along(x + j * DESIGN_ROWS, x + base * DESIGN_ROWS, center,
                factor, count, z + j * DESIGN_ROWS);
        else
            shift(x + j * DESIGN_ROWS, center, factor, count,
                z + j * DESIGN_ROWS);
    }
}

KERNEL static void note_beyond(
    const double *restrict z, size_t count, uint8_t *restrict within)
{
    for (size_t i = 0; i < count; i++)
        within[i] = fabs(z[i]) <= STANDARD_MAX ? within[i] : 0;
}

void standard_check(const double *z, size_t count, uint8_t *within)
{
    note_beyond(z, count, within);
}

/* ---- another basis ---- */

static size_t triangle_at(size_t p, size_t i, size_t j)
{
    const size_t low = i < j ? i : j, high = i < j ? j : i;
    return low * p - low * (low + 1) / 2 + high;
}

/* Column j less center times its base, in rows and columns. Bases have none of
 * their own, and stay. */
static void take_off(const struct standard_columns *of, size_t j, wide center,
    wide *triangle, wide *score)
{
    const size_t p = of->count, base = of->base[j];
    if (base >= p)
        return;
    const wide both = triangle[triangle_at(p, j, base)];
    const wide one = triangle[triangle_at(p, base, base)];
    for (size_t i = 0; i < p; i++) {
        if (i != j)
            triangle[triangle_at(p, i, j)] -=
                center * triangle[triangle_at(p, i, base)];
    }
    triangle[triangle_at(p, j, j)] -= center * (both + both - center * one);
    if (score != NULL)
        score[j] -= center * score[base];
}

static void multiply(
    const struct standard_columns *of, const wide *factor, wide *triangle)
{
    for (size_t i = 0, k = 0; i < of->count; i++) {
        for (size_t j = i; j < of->count; j++, k++)
            triangle[k] *= factor[i] * factor[j];
    }
}

void standard_products(const struct standard_columns *of, const double *told,
    wide *triangle, wide *score)
{
    wide factor[DESIGN_COLUMNS_MAX];
    for (size_t j = 0; j < of->count; j++) {
        factor[j] = told[of->count + j];
        take_off(of, j, told[j], triangle, score);
    }
    for (size_t j = 0; j < of->count; j++)
        score[j] *= factor[j];
    multiply(of, factor, triangle);
}

/* x = z / factor + center * base. */
void standard_products_back(
    const struct standard_columns *of, const double *told, wide *triangle)
{
    wide factor[DESIGN_COLUMNS_MAX];
    for (size_t j = 0; j < of->count; j++)
        factor[j] = 1 / (wide)told[of->count + j];
    multiply(of, factor, triangle);
    for (size_t j = 0; j < of->count; j++)
        take_off(of, j, -(wide)told[j], triangle, NULL);
}

void standard_estimates(const struct standard_columns *of, const double *told,
    const double *z, double *x)
{
    for (size_t b = 0; b < of->count; b++) {
        wide sum = (wide)z[b] * told[of->count + b];
        for (size_t j = 0; j < of->count; j++) {
            if (of->base[j] == b)
                sum -= (wide)told[j] * told[of->count + j] * z[j];
        }
        x[b] = (double)sum;
    }
}

void standard_coefficients(const struct standard_columns *of,
    const double *told, const double *x, double *z)
{
    for (size_t b = 0; b < of->count; b++) {
        wide sum = x[b];
        for (size_t j = 0; j < of->count; j++) {
            if (of->base[j] == b)
                sum += (wide)told[j] * x[j];
        }
        z[b] = (double)(sum / told[of->count + b]);
    }
}

/* What column j of z is of column b of x, as standard_estimates has it. */
static wide part_of(
    const struct standard_columns *of, const double *told, size_t b, size_t j)
{
    const wide factor = told[of->count + j];
    return j == b ? factor : of->base[j] == b ? -(wide)told[j] * factor : 0;
}

void standard_inverse(const struct standard_columns *of, const double *told,
    const struct least_squares *fit, double *diagonal)
{
    for (size_t b = 0; b < of->count; b++) {
        wide sum = 0;
        for (size_t i = 0; fit->used[b] && i < of->count; i++) {
            const wide one = part_of(of, told, b, i);
            for (size_t j = 0; one != 0 && fit->used[i] && j < of->count; j++) {
                if (fit->used[j])
                    sum += one * part_of(of, told, b, j) *
                           *least_squares_at(fit, i, j);
            }
        }
        diagonal[b] = (double)sum;
    }
}
