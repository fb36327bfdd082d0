#include "protocol/analysis/leverage.h"

#include <math.h>
#include <stdlib.h>

#include "protocol/analysis/model.h"

/* A center's own leverage is as large as that among all, up to rounding. */
#define OWN_SLACK 1e-6
#define WEIGHTED_BITS 60 /* of products whose weights may be large */

/* The sums of a round of counting: these, then people of each column of
 * levels, then of each term of levels those whom none of its columns has. */
enum sums { SUM_HIGH, SUM_COLUMNS };

static const struct design *design_of(const struct analysis *analysis)
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

const char *leverage_rule(enum leverage_verdict verdict)
{
    return verdict == LEVERAGE_FEW ? "level" : "leverage";
}

size_t leverage_value_count(const struct analysis *analysis)
{
    return analysis->kind->check == NULL
               ? 0
               : triangle_size(design_of(analysis)->column_count);
}

/* ---- terms of levels ---- */

static enum term_levels column_levels(
    const struct design *design, size_t column)
{
    return design_term_levels(design, design->columns[column].term);
}

/* From X'X: every row is a person, and a column of zeros and ones has as many
 * people as the sum of its squares. */
static enum leverage_verdict judge_levels(const struct design *design,
    const wide *products, int128 rows, int64_t min_cell)
{
    const size_t p = design->column_count;
    const struct formula *formula = design->formula;
    int128 rest[FORMULA_TERMS_MAX];
    for (size_t t = 0; t < formula->term_count; t++)
        rest[t] = rows;
    for (size_t j = 0, k = 0; j < p; k += p - j, j++) {
        const enum term_levels levels = column_levels(design, j);
        if (levels == LEVELS_AND_NUMBERS)
            return LEVERAGE_NOT_KNOWN;
        if (levels == NO_LEVELS)
            continue;
        const int128 people = (int128)(products[k] + (wide)0.5);
        if (few_people(people, min_cell))
            return LEVERAGE_FEW;
        rest[design->columns[j].term - 1] -= people;
    }
    for (size_t t = 0; t < formula->term_count; t++) {
        if (design_term_levels(design, t + 1) == LEVELS_ALONE &&
            few_people(rest[t], min_cell))
            return LEVERAGE_FEW;
    }
    return LEVERAGE_FINE;
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
        for (size_t j = i; j < p; j++, k++)
            inverse[k] = fit.used[i] && fit.used[j]
                             ? (double)*least_squares_at(&fit, i, j)
                             : 0.0;
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

static double quadratic(size_t p, const double *inverse, const double *x)
{
    double value = 0;
    for (size_t i = 0; i < p; i++) {
        double row = 0;
        for (size_t j = i; j < p; j++)
            row += (i == j ? 1 : 2) * *inverse++ * x[j];
        value += x[i] * row;
    }
    return value;
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
    const struct shape *shape, const int128 *first, const int128 *elements,
    const double *memory, int64_t min_cell, double *inverse,
    enum leverage_verdict *verdict)
{
    const struct model_check *check = analysis->kind->check;
    const struct design *design = design_of(analysis);
    const size_t size = triangle_size(design->column_count);
    const int128 *cell = first + shape->tables[0].first;
    wide *sums = calloc(2 * size, sizeof *sums);
    *verdict = LEVERAGE_FINE;
    if (sums == NULL)
        return STATUS_NO_MEMORY;
    enum status status = STATUS_OK;
    wide *products = sums + size;
    const bool has_products = check->products(analysis, shape, first, products);
    if (cell[CELL_ROWS] > 0 &&
        (check->information == NULL ||
            check->information(analysis, shape, elements, memory, sums))) {
        const struct known known = {.products = has_products ? products : NULL,
            .weight_max = largest_weight(analysis),
            .rows = cell[CELL_ROWS],
            .people = cell[CELL_PEOPLE],
            .min_cell = min_cell};
        status = invert(design->column_count,
            check->information == NULL ? products : sums, inverse);
        if (status == STATUS_OK)
            *verdict = judge(design, &known, inverse);
    }
    free(sums);
    return status;
}

/* Products of a weight of at most 1 are at most 1. */
static int products_bits(
    const struct analysis *analysis, enum segment_step step)
{
    return step == SEGMENT_PRODUCTS && largest_weight(analysis) > 1
               ? WEIGHTED_BITS
               : DESIGN_BITS;
}

enum status leverage_read_products(const struct analysis *analysis,
    const struct shape *shape, enum segment_step step, const int128 *elements,
    int64_t min_cell, double *inverse, enum leverage_verdict *verdict)
{
    const struct design *design = design_of(analysis);
    const size_t size = triangle_size(design->column_count);
    const int128 *cell = elements + shape->tables[0].first;
    const int bits = products_bits(analysis, step);
    wide *triangle = calloc(size, sizeof *triangle);
    if (triangle == NULL)
        return STATUS_NO_MEMORY;
    for (size_t k = 0; k < size; k++)
        triangle[k] = (wide)cell[COUNTS_CELL + k] * (wide)ldexp(1, -bits);
    const struct known known = {.products = triangle,
        .weight_max = 1,
        .rows = cell[CELL_ROWS],
        .people = cell[CELL_PEOPLE],
        .min_cell = min_cell};
    enum status status = invert(design->column_count, triangle, inverse);
    *verdict =
        cell[CELL_ROWS] == 0 ? LEVERAGE_FINE : judge(design, &known, inverse);
    free(triangle);
    return status;
}

enum leverage_verdict leverage_read(const struct analysis *analysis,
    const struct shape *shape, const int128 *elements, int64_t min_cell)
{
    const struct design *design = design_of(analysis);
    const int128 *sums = elements + shape->tables[0].first + COUNTS_CELL;
    const size_t count = design->column_count + design->formula->term_count;
    if (sums[SUM_HIGH] != 0)
        return LEVERAGE_HIGH;
    for (size_t i = 0; i < count; i++) {
        if (few_people(sums[SUM_COLUMNS + i], min_cell))
            return LEVERAGE_FEW;
    }
    return LEVERAGE_FINE;
}

/* ---- rows ---- */

struct state {
    uint64_t last;   /* patient + 1 of the row before; 0: none */
    double all, own; /* that patient's leverages so far */
    uint64_t seen[]; /* the last patient at each column, then at each rest */
};

size_t leverage_state_size(const struct analysis *analysis)
{
    const struct design *design = design_of(analysis);
    return sizeof(struct state) +
           (design->column_count + design->formula->term_count) *
               sizeof(uint64_t);
}

struct adding {
    const struct analysis *analysis;
    const struct design *design;
    const struct leverage_round *round;
    const struct row_block *block;
    struct state *state;
    int128 *cell;
};

/* The patient is over. */
static void settle(
    struct state *state, const struct leverage_round *round, int128 *cell)
{
    if (state->all >= LEVERAGE_MAX &&
        (round->own == NULL || state->own >= LEVERAGE_MAX - OWN_SLACK))
        cell[COUNTS_CELL + SUM_HIGH]++;
    state->all = state->own = 0;
}

static void count_once(uint64_t *seen, uint64_t patient, int128 *people)
{
    *people += *seen != patient;
    *seen = patient;
}

static void count_levels(const struct adding *to, const double *x)
{
    const struct design *design = to->design;
    const size_t p = design->column_count;
    int128 *people = to->cell + COUNTS_CELL + SUM_COLUMNS;
    struct state *state = to->state;
    bool in_term[FORMULA_TERMS_MAX + 1] = {false};
    for (size_t j = 0; j < p; j++) {
        if (x[j] == 0 || column_levels(design, j) == NO_LEVELS)
            continue;
        in_term[design->columns[j].term] = true;
        count_once(&state->seen[j], state->last, &people[j]);
    }
    for (size_t t = 0; t < design->formula->term_count; t++) {
        if (!in_term[t + 1] &&
            design_term_levels(design, t + 1) == LEVELS_ALONE)
            count_once(&state->seen[p + t], state->last, &people[p + t]);
    }
}

static double weight_of(const struct adding *to, const double *x)
{
    const struct model_check *check = to->analysis->kind->check;
    if (check->weight == NULL || to->round->step == SEGMENT_OWN_CHECKED ||
        to->round->step == SEGMENT_OWN_PRODUCTS)
        return 1.0;
    const double weight = check->weight(to->analysis, x, to->round->values);
    return isfinite(weight) ? weight : 0.0;
}

static void check_row(void *arg, size_t row, const double *x)
{
    const struct adding *to = arg;
    const size_t p = to->design->column_count;
    const double weight = weight_of(to, x);
    const int128 people = to->cell[CELL_PEOPLE];
    uint64_t last = to->state->last;
    model_count_row(to->block, row, &last, to->cell);
    if (to->cell[CELL_PEOPLE] != people)
        settle(to->state, to->round, to->cell);
    to->state->last = last;
    to->state->all += weight * quadratic(p, to->round->inverse, x);
    if (to->round->own != NULL)
        to->state->own += weight * quadratic(p, to->round->own, x);
    count_levels(to, x);
}

static void add_products(void *arg, size_t row, const double *x)
{
    const struct adding *to = arg;
    const size_t p = to->design->column_count;
    const int bits = products_bits(to->analysis, to->round->step);
    const double weight = weight_of(to, x);
    int128 *sums = to->cell + COUNTS_CELL;
    model_count_row(to->block, row, &to->state->last, to->cell);
    for (size_t i = 0; i < p; i++) {
        for (size_t j = i; j < p; j++)
            *sums++ += design_fixed(weight * x[i] * x[j], bits);
    }
}

static bool is_counting(enum segment_step step)
{
    return step == SEGMENT_CHECKED || step == SEGMENT_OWN_CHECKED;
}

void leverage_contribute(const struct analysis *analysis,
    const struct shape *shape, const struct leverage_round *round,
    const struct row_block *block, void *state, int128 *elements)
{
    struct adding to = {analysis, design_of(analysis), round, block, state,
        elements + shape->tables[0].first};
    model_each_row(to.design, block,
        is_counting(round->step) ? check_row : add_products, &to);
}

void leverage_flush(const struct analysis *analysis, const struct shape *shape,
    const struct leverage_round *round, void *state, int128 *elements)
{
    (void)analysis;
    if (is_counting(round->step))
        settle(state, round, elements + shape->tables[0].first);
}
