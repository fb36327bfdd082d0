/*
 * A center's part of a round of mlp: rows side by side through each network.
 */
#include <math.h>

#include "protocol/analysis/mlp_rounds.h"

struct adding {
    const struct mlp *mlp;
    bool first; /* the first round: nothing is told */
    uint64_t *last;
    int128 *cell, *sums;
    size_t fold;
    struct mlp_told told;
    double most[DESIGN_COLUMNS_MAX]; /* network_add_slopes */
    struct network_rows rows;        /* that count, close together */
};

/* ---- the sums ---- */

static void add_moments(const struct adding *to)
{
    const size_t inputs = to->mlp->network.inputs, count = to->rows.count;
    const double *x = to->rows.inputs;
    int128 *sums = to->sums + MLP_FOLDS_MAX;
    to->sums[to->fold] += (int128)count;
    for (size_t i = 0; i < inputs; i++, x += DESIGN_ROWS) {
        sums[i] += fixed_sum_products(x, NULL, count, MLP_BITS);
        sums[inputs + i] += fixed_sum_products(x, x, count, MLP_BITS);
    }
}

static void add_loss(const struct adding *to)
{
    const struct network_rows *rows = &to->rows;
    const size_t weights = network_weights(&to->mlp->network);
    int128 *loss = to->sums + MLP_MODELS * weights;
    for (size_t r = 0; r < rows->count; r++) {
        const size_t c = (size_t)rows->class_of[r];
        const double chance = rows->probabilities[c * DESIGN_ROWS + r];
        *loss += design_fixed(-log(fmax(chance, 1e-300)), MLP_BITS);
    }
}

static void add_slopes(struct adding *to)
{
    const struct network *network = &to->mlp->network;
    const size_t weights = network_weights(network);
    for (size_t m = 0; m < MLP_MODELS; m++) {
        const double *own = to->told.weights + m * weights;
        if (!(to->told.active[m] > 0) || m == to->fold + 1)
            continue;
        network_run(network, own, &to->rows);
        network_add_slopes(network, own, to->most, MLP_BITS, &to->rows,
            to->sums + m * weights);
        if (m == 0)
            add_loss(to);
    }
}

/* ---- the test ---- */

static size_t likeliest(
    const struct network_rows *rows, size_t row, size_t count)
{
    const double *chances = rows->probabilities + row;
    size_t best = 0;
    for (size_t c = 1; c < count; c++) {
        if (chances[c * DESIGN_ROWS] > chances[best * DESIGN_ROWS])
            best = c;
    }
    return best;
}

/* What a network of so many rows' fold says of each: the confusion matrix. */
static void add_confusion(const struct adding *to, size_t fold)
{
    const struct network_rows *rows = &to->rows;
    const size_t classes = to->mlp->network.classes;
    for (size_t r = 0; r < rows->count; r++) {
        to->sums[(fold * classes + (size_t)rows->class_of[r]) * classes +
                 likeliest(rows, r, classes)]++;
    }
}

static void add_to_bin(const struct adding *to, size_t row, size_t c)
{
    const struct network_rows *rows = &to->rows;
    const size_t classes = to->mlp->network.classes;
    const double chance = rows->probabilities[c * DESIGN_ROWS + row];
    const enum mlp_bins side =
        c == (size_t)rows->class_of[row] ? MLP_OF_IT : MLP_NOT_OF_IT;
    int128 *bins = to->sums + (MLP_FOLDS_MAX + 1) * classes * classes +
                   c * MLP_OF_A_CLASS * MLP_BINS;
    /* Weights that no training gives may make no chance at all. */
    size_t bin = chance < 1 ? (size_t)(chance * MLP_BINS) : MLP_BINS;
    bin = bin < MLP_BINS ? bin : MLP_BINS - 1;
    bins[side * MLP_BINS + bin]++;
    bins[MLP_EXPECTED * MLP_BINS + bin] += design_fixed(chance, MLP_BITS);
}

static void add_test(struct adding *to)
{
    const struct network *network = &to->mlp->network;
    const size_t weights = network_weights(network);
    network_run(network, to->told.weights, &to->rows);
    add_confusion(to, MLP_FOLDS_MAX);
    if (!(to->told.active[to->fold + 1] > 0))
        return;
    network_run(
        network, to->told.weights + (to->fold + 1) * weights, &to->rows);
    add_confusion(to, to->fold);
    for (size_t r = 0; r < to->rows.count; r++) {
        for (size_t c = 0; c < network->classes; c++)
            add_to_bin(to, r, c);
    }
}

/* ---- rows ---- */

/* What is gathered goes through the networks. */
static void flush(struct adding *to)
{
    struct network_rows *rows = &to->rows;
    if (rows->count == 0)
        return;
    if (to->first)
        add_moments(to);
    else if (to->told.phase == MLP_TRAIN)
        add_slopes(to);
    else
        add_test(to);
    rows->count = 0;
}

/* So many rows join those that are gathered; as the networks see them, but in
 * the first round, which finds out how they do. */
static void gather(struct adding *to, const struct model_rows *from,
    const uint16_t *which, size_t count)
{
    const struct mlp *mlp = to->mlp;
    const size_t inputs = mlp->network.inputs, at = to->rows.count;
    const double *x = from->columns + mlp->first * DESIGN_ROWS;
    const double *y = from->columns + mlp->design->column_count * DESIGN_ROWS;
    for (size_t i = 0; i < inputs; i++, x += DESIGN_ROWS) {
        double *out = to->rows.inputs + i * DESIGN_ROWS + at;
        const double mean = to->first ? 0.0 : to->told.inputs[i];
        const double each = to->first ? 1.0 : to->told.inputs[inputs + i];
        for (size_t k = 0; k < count; k++)
            out[k] = (x[which[k]] - mean) * each;
    }
    for (size_t k = 0; k < count; k++)
        to->rows.class_of[at + k] = y[which[k]];
    to->rows.count += count;
}

/* A row of a class that the network does not have counts for nothing. */
static size_t find_rows(
    const struct adding *to, const struct model_rows *from, uint16_t *which)
{
    const struct mlp *mlp = to->mlp;
    const double *y = from->columns + mlp->design->column_count * DESIGN_ROWS;
    size_t count = 0;
    for (size_t r = 0; r < from->count; r++) {
        which[count] = (uint16_t)r;
        count += from->in[r] != 0 && y[r] < (double)mlp->network.classes;
    }
    return count;
}

static void add_rows(void *arg, const struct model_rows *from)
{
    struct adding *to = arg;
    uint16_t which[DESIGN_ROWS] = {0};
    model_count_rows(from, to->last, to->cell);
    size_t left = find_rows(to, from, which);
    const uint16_t *next = which;
    while (left > 0) {
        const size_t room = DESIGN_ROWS - to->rows.count;
        const size_t count = left < room ? left : room;
        gather(to, from, next, count);
        next += count;
        left -= count;
        if (to->rows.count == DESIGN_ROWS)
            flush(to);
    }
}

/* A number of the design is in [-1, 1]. */
static void set_most(struct adding *to)
{
    const size_t inputs = to->mlp->network.inputs;
    for (size_t i = 0; i < inputs; i++)
        to->most[i] =
            (1 + fabs(to->told.inputs[i])) * fabs(to->told.inputs[inputs + i]);
}

void mlp_contribute(const struct analysis *analysis, const struct shape *shape,
    const struct row_block *block, void *state, int128 *elements,
    struct cell_facts *facts)
{
    const struct mlp *mlp = analysis->model;
    struct adding to;
    (void)facts;
    to.mlp = mlp;
    to.last = state;
    to.cell = elements + shape->tables[0].first;
    to.sums = to.cell + COUNTS_CELL;
    to.fold = block->rows->center % MLP_FOLDS_MAX;
    to.rows.count = 0;
    to.first = block->values == NULL;
    if (!to.first) {
        to.told = mlp_told_in(mlp, block->values);
        set_most(&to);
    }
    model_each_block(mlp->design, block, add_rows, &to);
    flush(&to);
}
