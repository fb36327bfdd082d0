/*
 * A center's rows in a round of rule D9: products, or people of high leverage
 * and of each level.
 */
#include "protocol/analysis/leverage_rows.h"

#include <math.h>
#include <string.h>

#include "protocol/analysis/kernel.h"
#include "protocol/analysis/model.h"

/* A center's own leverage is as large as that among all, up to rounding. */
#define OWN_SLACK 1e-6

struct state {
    uint64_t last;   /* model_count_rows */
    uint64_t person; /* patient + 1 of the row before; 0: none */
    double all, own; /* that patient's leverages so far */
    uint64_t seen[]; /* the last patient at each column, then at each rest */
};

size_t leverage_state_size(const struct analysis *analysis)
{
    const struct design *design = leverage_design(analysis);
    return sizeof(struct state) +
           (design->column_count + design->formula->term_count) *
               sizeof(uint64_t);
}

struct adding {
    const struct analysis *analysis;
    const struct design *design;
    const struct leverage_round *round;
    struct state *state;
    int128 *cell;
};

/* 0 in rows that do not count. */
static void read_weights(
    const struct adding *to, const struct model_rows *rows, double *weights)
{
    const struct model_check *check = to->analysis->kind->check;
    if (check->weights == NULL || to->round->step == SEGMENT_OWN_CHECKED ||
        to->round->step == SEGMENT_OWN_PRODUCTS) {
        for (size_t i = 0; i < rows->count; i++)
            weights[i] = 1.0;
    } else {
        check->weights(to->analysis, rows, to->round->values, weights);
    }
    for (size_t i = 0; i < rows->count; i++) {
        const bool counts = rows->in[i] != 0 && isfinite(weights[i]);
        weights[i] = counts ? weights[i] : 0.0;
    }
}

/* ---- products ---- */

KERNEL static void multiply(const double *restrict a, const double *restrict b,
    size_t count, double *restrict out)
{
    for (size_t i = 0; i < count; i++)
        out[i] = a[i] * b[i];
}

static void add_products(void *arg, const struct model_rows *rows)
{
    const struct adding *to = arg;
    const size_t p = to->design->column_count;
    const int bits = leverage_products_bits(to->analysis, to->round->step);
    int128 *sums = to->cell + COUNTS_CELL;
    double weights[DESIGN_ROWS], weighted[DESIGN_ROWS];
    model_count_rows(rows, &to->state->last, to->cell);
    read_weights(to, rows, weights);
    for (size_t i = 0; i < p; i++) {
        multiply(
            weights, rows->columns + i * DESIGN_ROWS, rows->count, weighted);
        for (size_t j = i; j < p; j++)
            *sums++ += fixed_sum_exact_products(
                weighted, rows->columns + j * DESIGN_ROWS, rows->count, bits);
    }
}

/* ---- leverages ---- */

KERNEL static void add_product(const double *restrict a,
    const double *restrict b, size_t count, double *restrict out)
{
    for (size_t i = 0; i < count; i++)
        out[i] += a[i] * b[i];
}

/* x'Ax of every row. */
static void quadratic(
    const struct model_rows *rows, size_t p, const double *inverse, double *out)
{
    double row[DESIGN_ROWS];
    memset(out, 0, DESIGN_ROWS * sizeof *out);
    for (size_t i = 0; i < p; i++) {
        memset(row, 0, sizeof row);
        for (size_t j = i; j < p; j++)
            model_add_scaled(rows->columns + j * DESIGN_ROWS,
                (i == j ? 1 : 2) * *inverse++, rows->count, row);
        add_product(rows->columns + i * DESIGN_ROWS, row, rows->count, out);
    }
}

/* The patient is over. */
static void settle(
    struct state *state, const struct leverage_round *round, int128 *cell)
{
    if (state->all >= LEVERAGE_MAX &&
        (round->own == NULL || state->own >= LEVERAGE_MAX - OWN_SLACK))
        cell[COUNTS_CELL + LEVERAGE_PEOPLE]++;
    state->all = state->own = 0;
}

static void add_leverages(const struct adding *to,
    const struct model_rows *rows, const uint64_t *people)
{
    const size_t p = to->design->column_count;
    struct state *state = to->state;
    double weights[DESIGN_ROWS], all[DESIGN_ROWS], own[DESIGN_ROWS] = {0};
    read_weights(to, rows, weights);
    quadratic(rows, p, to->round->inverse, all);
    if (to->round->own != NULL)
        quadratic(rows, p, to->round->own, own);
    for (size_t i = 0; i < rows->count; i++) {
        if (rows->in[i] == 0)
            continue;
        /* NOLINTNEXTLINE(*-core.UndefinedBinaryOperatorResult): all are set */
        if (people[i] != state->person)
            settle(state, to->round, to->cell);
        state->person = people[i];
        state->all += weights[i] * all[i];
        state->own += weights[i] * own[i];
    }
}

/* ---- levels ---- */

/* People among rows that are hit, each once. */
static void count_people(const uint8_t *hit, const uint64_t *people,
    size_t count, uint64_t *seen, int128 *sum)
{
    uint64_t latest = *seen, found = 0;
    for (size_t i = 0; i < count; i++) {
        /* NOLINTNEXTLINE(*-core.UndefinedBinaryOperatorResult): all are set */
        found += hit[i] != 0 && people[i] != latest;
        latest = hit[i] != 0 ? people[i] : latest;
    }
    *seen = latest;
    *sum += (int128)found;
}

/* Rows in which a column is not 0; they leave `none`. */
static void note_hits(
    const double *x, size_t count, uint8_t *hit, uint8_t *none)
{
    for (size_t i = 0; i < count; i++) {
        hit[i] = x[i] != 0.0;
        none[i] = hit[i] != 0 ? 0 : none[i];
    }
}

/* Columns are 0 in rows that do not count. `none`: rows without any of the
 * term's levels. */
static void count_levels(const struct adding *to, const struct model_rows *rows,
    const uint64_t *people)
{
    const struct design *design = to->design;
    const size_t p = design->column_count;
    int128 *sums = to->cell + COUNTS_CELL + LEVERAGE_COLUMNS;
    uint8_t hit[DESIGN_ROWS], none[DESIGN_ROWS];
    for (size_t t = 0; t < design->formula->term_count; t++) {
        memcpy(none, rows->in, rows->count);
        for (size_t j = 0; j < p; j++) {
            if (design->columns[j].term != t + 1 ||
                leverage_column_levels(design, j) == NO_LEVELS)
                continue;
            note_hits(rows->columns + j * DESIGN_ROWS, rows->count, hit, none);
            count_people(
                hit, people, rows->count, &to->state->seen[j], &sums[j]);
        }
        if (design_term_levels(design, t + 1) == LEVELS_ALONE)
            count_people(none, people, rows->count, &to->state->seen[p + t],
                &sums[p + t]);
    }
}

static void check_rows(void *arg, const struct model_rows *rows)
{
    const struct adding *to = arg;
    const struct row_block *block = rows->block;
    uint64_t people[DESIGN_ROWS]; /* each row's; one of its own where NULL */
    for (size_t i = 0; i < rows->count; i++) {
        const size_t row = block->first + rows->first + i;
        people[i] = (block->patients == NULL ? row : block->patients[row]) + 1;
    }
    model_count_rows(rows, &to->state->last, to->cell);
    add_leverages(to, rows, people);
    count_levels(to, rows, people);
}

static bool is_counting(enum segment_step step)
{
    return step == SEGMENT_CHECKED || step == SEGMENT_OWN_CHECKED;
}

void leverage_contribute(const struct analysis *analysis,
    const struct shape *shape, const struct leverage_round *round,
    const struct row_block *block, void *state, int128 *elements)
{
    struct adding to = {analysis, leverage_design(analysis), round, state,
        elements + shape->tables[0].first};
    model_each_block(to.design, block,
        is_counting(round->step) ? check_rows : add_products, &to);
}

void leverage_flush(const struct analysis *analysis, const struct shape *shape,
    const struct leverage_round *round, void *state, int128 *elements)
{
    (void)analysis;
    if (is_counting(round->step))
        settle(state, round, elements + shape->tables[0].first);
}
