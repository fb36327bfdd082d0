#include "protocol/analysis/mixed_rounds.h"

#include <math.h>
#include <stdlib.h>

#include "protocol/analysis/fixed.h"
#include "protocol/analysis/linear.h"

#define BITS 80
#define SLOPE_BITS 70 /* squares of sums are larger */
#define NOTHING 1e-20    /* of the squares of the outcome: rounding */
#define TOLD_MAX 0x1p116 /* no sum of a thousand centers leaves 128 bits */
#define ROUNDS 60
#define RATIO_FIRST 0.1
#define RATIO_MAX 1e9
#define STEP_EPSILON 1e-12 /* of log l */

/* The cell's sums: these, then the two triangles of Z. */
enum sums {
    SUM_CENTERS, /* that have rows */
    SUM_LOGS,    /* log(1 + n l) */
    SUM_SLOPES,  /* n / (1 + n l) */
    SUM_PRODUCTS
};

static size_t triangle_of(const struct analysis *analysis)
{
    const struct design *design = analysis->model;
    return design->stride * (design->stride + 1) / 2;
}

enum status mixed_shape(const struct analysis *analysis,
    const struct dictionary *dictionary, struct shape *out)
{
    const struct design *design = analysis->model;
    (void)dictionary;
    model_shape(out, SUM_PRODUCTS + 2 * triangle_of(analysis),
        design->column_count + 1);
    return STATUS_OK;
}

bool mixed_whole(const struct analysis *analysis)
{
    (void)analysis;
    return true;
}

/* ---- one round at a center ---- */

/* Sums of z [stride], then of products [triangle], in units of 2^-DESIGN_BITS.
 */
struct mixed_state {
    uint64_t last, rows;
    int128 sums[];
};

size_t mixed_state_size(
    const struct analysis *analysis, const struct shape *shape)
{
    const struct design *design = analysis->model;
    (void)shape;
    return sizeof(struct mixed_state) +
           (design->stride + triangle_of(analysis)) * sizeof(int128);
}

struct adding {
    size_t stride;
    struct mixed_state *state;
    int128 *cell;
};

static void add_rows(void *arg, const struct model_rows *rows)
{
    const struct adding *to = arg;
    int128 *sums = to->state->sums;
    const int128 before = to->cell[CELL_ROWS];
    model_count_rows(rows, &to->state->last, to->cell);
    to->state->rows += (uint64_t)(to->cell[CELL_ROWS] - before);
    for (size_t i = 0; i < to->stride; i++)
        *sums++ += fixed_sum_products(
            rows->columns + i * DESIGN_ROWS, NULL, rows->count, DESIGN_BITS);
    linear_add_products(rows, to->stride, sums);
}

void mixed_contribute(const struct analysis *analysis,
    const struct shape *shape, const struct row_block *block, void *state,
    int128 *elements, struct cell_facts *facts)
{
    const struct design *design = analysis->model;
    struct adding to = {
        design->stride, state, elements + shape->tables[0].first};
    (void)facts;
    model_each_block(design, block, add_rows, &to);
}

/* All 113 bits, which fixed_whole does not take. */
static int128 rounded(wide value, int bits)
{
    const wide most = (wide)TOLD_MAX, scaled = value * (wide)ldexp(1, bits);
    const wide told = scaled > most ? most : scaled < -most ? -most : scaled;
    return (int128)(told < 0 ? told - (wide)0.5 : told + (wide)0.5);
}

void mixed_flush(const struct analysis *analysis, const struct shape *shape,
    void *state_, const double *values, int128 *elements,
    struct cell_facts *facts)
{
    const struct design *design = analysis->model;
    const struct mixed_state *state = state_;
    const size_t stride = design->stride, triangle = triangle_of(analysis);
    const wide unit = (wide)ldexp(1, -DESIGN_BITS);
    const wide n = (wide)state->rows;
    const wide l = values == NULL || !(values[0] > 0) ? 0 : (wide)values[0];
    const wide w = l / (1 + n * l), slope = 1 / ((1 + n * l) * (1 + n * l));
    int128 *out = elements + shape->tables[0].first + COUNTS_CELL;
    (void)facts;
    if (state->rows == 0)
        return;
    out[SUM_CENTERS]++;
    out[SUM_LOGS] += rounded((wide)log1p((double)(n * l)), BITS);
    out[SUM_SLOPES] += rounded(n / (1 + n * l), BITS);
    out += SUM_PRODUCTS;
    for (size_t i = 0, k = 0; i < stride; i++) {
        for (size_t j = i; j < stride; j++, k++) {
            const wide both =
                (wide)state->sums[i] * unit * ((wide)state->sums[j] * unit);
            out[k] += rounded(
                (wide)state->sums[stride + k] * unit - w * both, BITS);
            out[triangle + k] -= rounded(slope * both, SLOPE_BITS);
        }
    }
}

/* ---- from round to round ---- */

size_t mixed_value_count(
    const struct analysis *analysis, const struct shape *shape)
{
    (void)analysis, (void)shape;
    return 1; /* l */
}

size_t mixed_memory_count(
    const struct analysis *analysis, const struct shape *shape)
{
    const struct design *design = analysis->model;
    (void)shape;
    return MIXED_TERMS + 3 * design->column_count;
}

/* The fit at l, and the slope of -2 restricted log-likelihood there. */
struct evaluation {
    double slope, criterion, residual, rank;
    double *terms; /* [3 * p], as in memory */
};

static wide number_of(int128 sum)
{
    return (wide)sum * (wide)ldexp(1, -BITS);
}

void mixed_levels(const struct design *design, const int128 *cell,
    struct design_levels *out)
{
    const int128 *sums = cell + COUNTS_CELL + SUM_PRODUCTS;
    wide squares[DESIGN_COLUMNS_MAX];
    for (size_t i = 0; i < design->column_count; i++) {
        squares[i] = number_of(*sums);
        sums += design->stride - i;
    }
    design_find_levels(design, squares, (wide)cell[CELL_ROWS], out);
}

/* tr(inverse A') and the slope of the residual sum of squares, e' M' e with
 * e = (-coefficients, 1). */
static void add_slopes(const struct least_squares *fit, const int128 *slopes,
    wide *trace, wide *rss)
{
    const size_t p = fit->count;
    for (size_t i = 0, k = 0; i <= p; i++) {
        for (size_t j = i; j <= p; j++, k++) {
            const wide value = (wide)slopes[k] *
                               (wide)ldexp(1, -SLOPE_BITS) * (i == j ? 1 : 2);
            if ((i < p && !fit->used[i]) || (j < p && !fit->used[j]))
                continue;
            const wide a = i < p ? -*least_squares_at(fit, i, p) : 1;
            const wide b = j < p ? -*least_squares_at(fit, j, p) : 1;
            *rss += a * b * value;
            if (j < p)
                *trace += *least_squares_at(fit, i, j) * value;
        }
    }
}

static enum status evaluate(
    const struct design *design, const int128 *cell, struct evaluation *out)
{
    const int128 *sums = cell + COUNTS_CELL;
    const size_t p = design->column_count;
    bool left_out[DESIGN_COLUMNS_MAX];
    struct least_squares fit;
    enum status status = least_squares_init(&fit, p);
    if (status != STATUS_OK)
        return status;
    size_t k = SUM_PRODUCTS;
    for (size_t i = 0; i <= p; i++) {
        for (size_t j = i; j <= p; j++)
            least_squares_set(&fit, i, j, number_of(sums[k++]));
    }
    for (size_t j = 0; j < p; j++)
        left_out[j] = out->terms[2 * p + j] != 0;
    fit.out = left_out;
    const wide nothing = (wide)NOTHING * *least_squares_at(&fit, p, p);
    least_squares_solve(&fit);
    const double df = (double)cell[CELL_ROWS] - (double)fit.rank;
    const wide left = *least_squares_at(&fit, p, p);
    const wide rss = left > nothing ? left : 0;
    wide trace = 0, rss_slope = 0;
    add_slopes(&fit, sums + k, &trace, &rss_slope);
    out->slope = (double)(number_of(sums[SUM_SLOPES]) + trace +
                          (wide)df * rss_slope / rss);
    out->residual = (double)(rss / (wide)df);
    out->criterion = (double)number_of(sums[SUM_LOGS]) + fit.log_determinant +
                     df * (1 + log(2 * M_PI * out->residual));
    out->rank = (double)fit.rank;
    for (size_t j = 0; j < p; j++) {
        out->terms[j] = fit.used[j] ? (double)*least_squares_at(&fit, j, p) : 0;
        out->terms[p + j] =
            fit.used[j]
                ? sqrt(out->residual * (double)*least_squares_at(&fit, j, j))
                : -1;
    }
    least_squares_fini(&fit);
    return STATUS_OK;
}

static void keep(const struct evaluation *found, const int128 *cell,
    double ratio, double *memory)
{
    memory[MIXED_RATIO] = ratio;
    memory[MIXED_RESIDUAL] = found->residual;
    memory[MIXED_CRITERION] = found->criterion;
    memory[MIXED_RANK] = found->rank;
    memory[MIXED_CENTERS] = (double)cell[COUNTS_CELL + SUM_CENTERS];
}

static void keep_levels(
    const struct design *design, const int128 *cell, double *out)
{
    struct design_levels levels;
    mixed_levels(design, cell, &levels);
    for (size_t j = 0; j < design->column_count; j++)
        out[j] = levels.out[j];
}

/* Regula falsi on log l, with the Illinois rule: the end that stays twice
 * counts half (Dowell and Jarratt 1971). */
static double next_ratio(double *memory, double ratio, double slope)
{
    const int side = slope < 0 ? -1 : 1;
    memory[slope < 0 ? MIXED_LOW : MIXED_HIGH] = ratio;
    memory[slope < 0 ? MIXED_LOW_SLOPE : MIXED_HIGH_SLOPE] = slope * ratio;
    if (memory[MIXED_HIGH] == 0)
        return ratio * 8;
    if (memory[MIXED_LOW] == 0)
        return ratio / 8;
    if (memory[MIXED_SIDE] == side)
        memory[slope < 0 ? MIXED_HIGH_SLOPE : MIXED_LOW_SLOPE] /= 2;
    memory[MIXED_SIDE] = side;
    const double low = log(memory[MIXED_LOW]), high = log(memory[MIXED_HIGH]);
    const double fl = memory[MIXED_LOW_SLOPE], fh = memory[MIXED_HIGH_SLOPE];
    return exp(low - fl * (high - low) / (fh - fl));
}

enum status mixed_advance(
    const struct analysis *analysis, struct summed_round *round)
{
    const struct design *design = analysis->model;
    const int128 *cell = round->elements + round->shape->tables[0].first;
    const double ratio = round->number == 1 ? 0 : round->values[0];
    double *memory = round->memory, *next = round->next;
    struct evaluation found = {.terms = memory + MIXED_TERMS};
    round->done = true;
    memory[MIXED_ROUNDS] = round->number;
    if (round->number == 1)
        keep_levels(design, cell, found.terms + 2 * design->column_count);
    enum status status = evaluate(design, cell, &found);
    if (status != STATUS_OK)
        return status;
    keep(&found, cell, ratio, memory);
    if (!isfinite(found.slope) || !(found.residual > 0) ||
        (double)cell[CELL_ROWS] <= found.rank || ratio > RATIO_MAX)
        return STATUS_OK;
    if (round->number == 1) { /* at l = 0: no center differs from the others? */
        memory[MIXED_CONVERGED] = found.slope >= 0;
        round->done = found.slope >= 0;
        next[0] = RATIO_FIRST;
        return STATUS_OK;
    }
    next[0] = next_ratio(memory, ratio, found.slope);
    memory[MIXED_CONVERGED] =
        found.slope == 0 || fabs(log(next[0] / ratio)) < STEP_EPSILON;
    round->done = memory[MIXED_CONVERGED] != 0 || round->number >= ROUNDS;
    return STATUS_OK;
}

/* ---- D9 ---- */

static const struct design *checked_design(const struct analysis *analysis)
{
    return analysis->model;
}

/* The first round is at l = 0: there are X'X alone. */
static bool read_products(const struct analysis *analysis,
    const struct shape *shape, const int128 *first, wide *triangle)
{
    const struct design *design = analysis->model;
    const int128 *sums =
        first + shape->tables[0].first + COUNTS_CELL + SUM_PRODUCTS;
    for (size_t i = 0; i < design->column_count; i++) {
        for (size_t j = i; j < design->column_count; j++)
            *triangle++ = number_of(*sums++);
        sums += design->stride - design->column_count;
    }
    return true;
}

const struct model_check mixed_check = {
    .design = checked_design,
    .products = read_products,
};
