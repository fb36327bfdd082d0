#include "protocol/analysis/mlp_rounds.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct mlp_told mlp_told_in(const struct mlp *mlp, const double *values)
{
    struct mlp_told told = {
        .phase = values[0] >= MLP_TEST ? MLP_TEST : MLP_TRAIN,
        .inputs = values + 1};
    told.active = told.inputs + 2 * mlp->network.inputs;
    told.weights = told.active + MLP_MODELS;
    return told;
}

size_t mlp_value_count(
    const struct analysis *analysis, const struct shape *shape)
{
    const struct mlp *mlp = analysis->model;
    (void)shape;
    return 1 + 2 * mlp->network.inputs +
           MLP_MODELS * (1 + network_weights(&mlp->network));
}

/* ---- the sums of a round ---- */

/* First: rows of each fold, and of each input its sum and its squares. */
static size_t first_width(const struct mlp *mlp)
{
    return MLP_FOLDS_MAX + 2 * mlp->network.inputs;
}

/* An epoch: of each model its slopes; then the loss of model 0. */
static size_t epoch_width(const struct mlp *mlp)
{
    return MLP_MODELS * network_weights(&mlp->network) + 1;
}

static size_t test_width(const struct mlp *mlp)
{
    const size_t classes = mlp->network.classes;
    return (MLP_FOLDS_MAX + 1) * classes * classes +
           classes * MLP_OF_A_CLASS * MLP_BINS;
}

enum status mlp_shape(const struct analysis *analysis,
    const struct dictionary *dictionary, struct shape *out)
{
    const struct mlp *mlp = analysis->model;
    size_t width = epoch_width(mlp);
    (void)dictionary;
    if (width < first_width(mlp))
        width = first_width(mlp);
    if (width < test_width(mlp))
        width = test_width(mlp);
    model_shape(out, width, network_weights(&mlp->network));
    out->tables[0].fine = true;
    return STATUS_OK;
}

/* ---- from round to round ---- */

struct mlp_memory mlp_memory_of(const struct mlp *mlp, const double *base)
{
    const size_t weights = network_weights(&mlp->network);
    const size_t classes = mlp->network.classes, models = MLP_MODELS;
    const size_t sizes[] = {models, 2 * mlp->network.inputs, models * weights,
        2 * models * weights, (size_t)mlp->epochs,
        (MLP_FOLDS_MAX + 1) * classes * classes,
        classes * MLP_OF_A_CLASS * MLP_BINS};
    struct mlp_memory memory = {0};
    double **const places[] = {&memory.rows, &memory.inputs, &memory.weights,
        &memory.moments, &memory.curve, &memory.confusion, &memory.bins};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        if (base != NULL)
            *places[i] = (double *)base + memory.count;
        memory.count += sizes[i];
    }
    return memory;
}

size_t mlp_memory_count(
    const struct analysis *analysis, const struct shape *shape)
{
    (void)shape;
    return mlp_memory_of(analysis->model, NULL).count;
}

static double number_of(int128 sum)
{
    return ldexp((double)sum, -MLP_BITS);
}

/* Models that have rows to learn from, and, but for the first, to be tested on.
 */
static void count_rows(const int128 *folds, const struct mlp_memory *memory)
{
    double all = 0;
    for (size_t f = 0; f < MLP_FOLDS_MAX; f++)
        all += (double)folds[f];
    memory->rows[0] = all;
    for (size_t f = 0; f < MLP_FOLDS_MAX; f++)
        memory->rows[f + 1] =
            folds[f] > 0 && (double)folds[f] < all ? all - (double)folds[f] : 0;
}

static void start(
    const struct mlp *mlp, const int128 *sums, const struct mlp_memory *memory)
{
    const size_t inputs = mlp->network.inputs;
    const size_t weights = network_weights(&mlp->network);
    count_rows(sums, memory);
    sums += MLP_FOLDS_MAX;
    for (size_t i = 0; i < inputs; i++) {
        const double n = memory->rows[0];
        const double mean = number_of(sums[i]) / n;
        const double square = number_of(sums[inputs + i]) / n - mean * mean;
        memory->inputs[i] = mean;
        memory->inputs[inputs + i] = square > 1e-12 ? 1 / sqrt(square) : 0;
    }
    network_start(&mlp->network, (uint64_t)mlp->seed, memory->weights);
    for (size_t m = 1; m < MLP_MODELS; m++)
        memcpy(memory->weights + m * weights, memory->weights,
            weights * sizeof *memory->weights);
}

#define ADAM_FIRST 0.9
#define ADAM_SECOND 0.999
#define ADAM_SMALL 1e-8

/* One epoch of one model; step from 1. */
static void adam(const struct mlp *mlp, const int128 *sums, double rows,
    double step, double *weights, double *moments)
{
    const size_t count = network_weights(&mlp->network);
    const double first = 1 - pow(ADAM_FIRST, step);
    const double second = 1 - pow(ADAM_SECOND, step);
    for (size_t w = 0; w < count; w++) {
        const double slope = number_of(sums[w]) / rows + mlp->l2 * weights[w];
        double *m = &moments[2 * w], *v = &moments[2 * w + 1];
        *m = ADAM_FIRST * *m + (1 - ADAM_FIRST) * slope;
        *v = ADAM_SECOND * *v + (1 - ADAM_SECOND) * slope * slope;
        weights[w] -=
            mlp->rate * (*m / first) / (sqrt(*v / second) + ADAM_SMALL);
    }
}

static void train(const struct mlp *mlp, const int128 *sums, size_t epoch,
    const struct mlp_memory *memory)
{
    const size_t weights = network_weights(&mlp->network);
    memory->curve[epoch - 1] =
        number_of(sums[MLP_MODELS * weights]) / memory->rows[0];
    for (size_t m = 0; m < MLP_MODELS; m++) {
        if (memory->rows[m] > 0) {
            adam(mlp, sums + m * weights, memory->rows[m], (double)epoch,
                memory->weights + m * weights,
                memory->moments + 2 * m * weights);
        }
    }
}

static void tell(const struct mlp *mlp, const struct mlp_memory *memory,
    enum mlp_phase phase, double *next)
{
    const size_t weights = network_weights(&mlp->network);
    const struct mlp_told told = mlp_told_in(mlp, next);
    next[0] = phase;
    memcpy((double *)told.inputs, memory->inputs,
        2 * mlp->network.inputs * sizeof *next);
    memcpy((double *)told.active, memory->rows, MLP_MODELS * sizeof *next);
    memcpy((double *)told.weights, memory->weights,
        MLP_MODELS * weights * sizeof *next);
}

enum status mlp_advance(
    const struct analysis *analysis, struct summed_round *round)
{
    const struct mlp *mlp = analysis->model;
    const struct mlp_memory memory = mlp_memory_of(mlp, round->memory);
    const int128 *sums =
        round->elements + round->shape->tables[0].first + COUNTS_CELL;
    const size_t epoch = (size_t)round->number - 1;
    if (round->number == 1)
        start(mlp, sums, &memory);
    else if (epoch <= (size_t)mlp->epochs)
        train(mlp, sums, epoch, &memory);
    if (epoch <= (size_t)mlp->epochs) {
        round->done = !(memory.rows[0] > 0);
        tell(mlp, &memory, epoch == (size_t)mlp->epochs ? MLP_TEST : MLP_TRAIN,
            round->next);
        return STATUS_OK;
    }
    const size_t classes = mlp->network.classes;
    const size_t table = (MLP_FOLDS_MAX + 1) * classes * classes;
    for (size_t i = 0; i < table; i++)
        memory.confusion[i] = (double)sums[i];
    for (size_t i = 0; i < classes * MLP_OF_A_CLASS * MLP_BINS; i++) {
        memory.bins[i] = i / MLP_BINS % MLP_OF_A_CLASS == MLP_EXPECTED
                             ? number_of(sums[table + i])
                             : (double)sums[table + i];
    }
    round->done = true;
    return STATUS_OK;
}
