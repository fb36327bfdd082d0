/*
 * mlp_rounds: a network trained by all centers together. The first round gives
 * the inputs' means and spreads; each round after it is one epoch, the slopes
 * of all rows' losses, every row rounded to 2^-MLP_BITS; the last one counts
 * what the trained networks say.
 *
 * Beside the network of all centers (model 0) there is one for each center,
 * trained on the others and tested on it. The coordinator steps by Adam (Kingma
 * and Ba 2015), with weight decay l2.
 */
#ifndef COHORTIUM_PROTOCOL_ANALYSIS_MLP_ROUNDS_H
#define COHORTIUM_PROTOCOL_ANALYSIS_MLP_ROUNDS_H

#include "protocol/analysis/mlp_network.h"
#include "protocol/analysis/model.h"

#define MLP_FOLDS_MAX 16 /* more centers share a fold */
#define MLP_MODELS ((size_t)(1 + MLP_FOLDS_MAX))
#define MLP_EPOCHS_MAX 1000
#define MLP_BINS ((size_t)64) /* of a probability, for the ROC curve */
#define MLP_BITS 60

enum mlp_bins { MLP_OF_IT, MLP_NOT_OF_IT, MLP_EXPECTED, MLP_OF_A_CLASS };

struct mlp {
    struct design *design;
    struct network network;
    size_t first; /* the design's column of the first input */
    int64_t epochs, seed;
    double l2, rate;
};

/* Where in the coordinator's memory, and what it is. */
struct mlp_memory {
    double *rows;      /* [models]: rows that train each; 0: there is none */
    double *inputs;    /* [2 * inputs]: mean and 1 / sd */
    double *weights;   /* [models * weights], trained */
    double *moments;   /* [2 * models * weights]: Adam's */
    double *curve;     /* [epochs]: mean loss of model 0 */
    double *confusion; /* [folds + 1][classes][classes]: of each fold held out;
                          the last: model 0 on the rows that trained it */
    double *bins; /* [classes][MLP_OF_A_CLASS][MLP_BINS]: by the probability of
                     a class, held out: rows that are of it, rows that are not,
                     and the sum of the probabilities */
    size_t count;
};

/* base may be NULL: only the count counts. */
struct mlp_memory mlp_memory_of(const struct mlp *mlp, const double *base);

/* What every center is told: a phase, the inputs' means and 1 / sd, which
 * models there are (above 0), and the weights of every one. */
enum mlp_phase { MLP_TRAIN = 1, MLP_TEST };

struct mlp_told {
    enum mlp_phase phase;
    const double *inputs, *active, *weights;
};

struct mlp_told mlp_told_in(const struct mlp *mlp, const double *values);

enum status mlp_shape(const struct analysis *analysis,
    const struct dictionary *dictionary, struct shape *out);
void mlp_contribute(const struct analysis *analysis, const struct shape *shape,
    const struct row_block *block, void *state, int128 *elements,
    struct cell_facts *facts);
size_t mlp_value_count(
    const struct analysis *analysis, const struct shape *shape);
size_t mlp_memory_count(
    const struct analysis *analysis, const struct shape *shape);
enum status mlp_advance(
    const struct analysis *analysis, struct summed_round *round);

#endif
