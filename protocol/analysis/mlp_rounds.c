#include "protocol/analysis/mlp_rounds.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What every center is told: a phase, the inputs' means and 1 / sd, the weights
 * of every model, and which models there are. */
enum phase { PHASE_TRAIN = 1, PHASE_TEST };

struct told {
    const double *inputs, *weights, *active;
    enum phase phase;
};

static struct told told_in(const struct mlp *mlp, const double *values)
{
    struct told told = {
        .phase = values[0] >= PHASE_TEST ? PHASE_TEST : PHASE_TRAIN,
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

/* ---- one row ---- */

struct adding {
    const struct mlp *mlp;
    const struct row_block *block;
    uint64_t *last;
    int128 *cell, *sums;
    size_t fold;
    struct told told; /* but in the first round */
    double slopes[MLP_HIDDEN_MAX * (DESIGN_COLUMNS_MAX + 1) +
                  MLP_CLASSES_MAX * (MLP_HIDDEN_MAX + 1)];
};

static void add_moments(const struct adding *to, const double *x)
{
    const size_t inputs = to->mlp->network.inputs;
    int128 *sums = to->sums + MLP_FOLDS_MAX;
    to->sums[to->fold]++;
    for (size_t i = 0; i < inputs; i++) {
        sums[i] += design_fixed(x[i], MLP_BITS);
        sums[inputs + i] += design_fixed(x[i] * x[i], MLP_BITS);
    }
}

static void standardise(const struct adding *to, const double *x, double *out)
{
    const size_t inputs = to->mlp->network.inputs;
    for (size_t i = 0; i < inputs; i++)
        out[i] = (x[i] - to->told.inputs[i]) * to->told.inputs[inputs + i];
}

static void add_slopes(struct adding *to, const double *x, size_t class_of)
{
    const struct network *network = &to->mlp->network;
    const size_t weights = network_weights(network);
    double hidden[MLP_HIDDEN_MAX], chances[MLP_CLASSES_MAX];
    for (size_t m = 0; m < MLP_MODELS; m++) {
        const double *own = to->told.weights + m * weights;
        if (!(to->told.active[m] > 0) || m == to->fold + 1)
            continue;
        network_run(network, own, x, hidden, chances);
        network_slopes(network, own, x, hidden, chances, class_of, to->slopes);
        for (size_t w = 0; w < weights; w++)
            to->sums[m * weights + w] += design_fixed(to->slopes[w], MLP_BITS);
        if (m == 0)
            to->sums[MLP_MODELS * weights] +=
                design_fixed(-log(fmax(chances[class_of], 1e-300)), MLP_BITS);
    }
}

static size_t likeliest(const double *chances, size_t count)
{
    size_t best = 0;
    for (size_t c = 1; c < count; c++) {
        if (chances[c] > chances[best])
            best = c;
    }
    return best;
}

static void add_test(const struct adding *to, const double *x, size_t class_of)
{
    const struct network *network = &to->mlp->network;
    const size_t classes = network->classes, folds = MLP_FOLDS_MAX;
    const size_t weights = network_weights(network);
    double hidden[MLP_HIDDEN_MAX], chances[MLP_CLASSES_MAX];
    int128 *bins = to->sums + (folds + 1) * classes * classes;
    network_run(network, to->told.weights, x, hidden, chances);
    to->sums[(folds * classes + class_of) * classes +
             likeliest(chances, classes)]++;
    if (!(to->told.active[to->fold + 1] > 0))
        return;
    network_run(network, to->told.weights + (to->fold + 1) * weights, x, hidden,
        chances);
    to->sums[(to->fold * classes + class_of) * classes +
             likeliest(chances, classes)]++;
    for (size_t c = 0; c < classes; c++) {
        size_t bin = (size_t)(chances[c] * MLP_BINS);
        bin = bin < MLP_BINS ? bin : MLP_BINS - 1;
        bins[(c * MLP_OF_A_CLASS +
                 (c == class_of ? MLP_OF_IT : MLP_NOT_OF_IT)) *
                 MLP_BINS +
             bin]++;
        bins[(c * MLP_OF_A_CLASS + MLP_EXPECTED) * MLP_BINS + bin] +=
            design_fixed(chances[c], MLP_BITS);
    }
}

static void visit_row(void *arg, size_t row, const double *x)
{
    struct adding *to = arg;
    const struct mlp *mlp = to->mlp;
    const struct design *design = mlp->design;
    double inputs[DESIGN_COLUMNS_MAX];
    const size_t class_of = (size_t)x[design->column_count]; /* of LEVELS */
    model_count_row(to->block, row, to->last, to->cell);
    if (class_of >= mlp->network.classes)
        return;
    x += mlp->first;
    if (to->block->values == NULL) {
        add_moments(to, x);
        return;
    }
    standardise(to, x, inputs);
    if (to->told.phase == PHASE_TRAIN)
        add_slopes(to, inputs, class_of);
    else
        add_test(to, inputs, class_of);
}

void mlp_contribute(const struct analysis *analysis, const struct shape *shape,
    const struct row_block *block, void *state, int128 *elements,
    struct cell_facts *facts)
{
    const struct mlp *mlp = analysis->model;
    int128 *cell = elements + shape->tables[0].first;
    struct adding to = {.mlp = mlp,
        .block = block,
        .last = state,
        .cell = cell,
        .sums = cell + COUNTS_CELL,
        .fold = block->rows->center % MLP_FOLDS_MAX};
    (void)facts;
    if (block->values != NULL)
        to.told = told_in(mlp, block->values);
    model_each_row(mlp->design, block, visit_row, &to);
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
    enum phase phase, double *next)
{
    const size_t weights = network_weights(&mlp->network);
    const struct told told = told_in(mlp, next);
    next[0] = phase;
    memcpy((double *)told.inputs, memory->inputs,
        2 * mlp->network.inputs * sizeof *next);
    memcpy((double *)told.active, memory->rows, MLP_MODELS * sizeof *next);
    memcpy((double *)told.weights, memory->weights,
        MLP_MODELS * weights * sizeof *next);
}

enum status mlp_advance(const struct analysis *analysis,
    const struct shape *shape, const struct dictionary *dictionary,
    uint32_t number, int64_t min_cell, const int128 *elements,
    const double *values, double *memory_, double *next, bool *done)
{
    const struct mlp *mlp = analysis->model;
    const struct mlp_memory memory = mlp_memory_of(mlp, memory_);
    const int128 *sums = elements + shape->tables[0].first + COUNTS_CELL;
    const size_t epoch = (size_t)number - 1;
    (void)dictionary, (void)min_cell, (void)values;
    *done = false;
    if (number == 1)
        start(mlp, sums, &memory);
    else if (epoch <= (size_t)mlp->epochs)
        train(mlp, sums, epoch, &memory);
    if (epoch <= (size_t)mlp->epochs) {
        *done = !(memory.rows[0] > 0);
        tell(mlp, &memory,
            epoch == (size_t)mlp->epochs ? PHASE_TEST : PHASE_TRAIN, next);
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
    *done = true;
    return STATUS_OK;
}
