/*
 * mlp_network: a network of one hidden layer: inputs, standardised, to `hidden`
 * units with tanh, to a softmax over `classes`. Rumelhart, Hinton and Williams
 * 1986. Weights stand unit by unit: for each hidden unit its inputs' weights,
 * then its bias; then for each class its hidden units' weights, then its bias.
 */
#ifndef COHORTIUM_PROTOCOL_ANALYSIS_MLP_NETWORK_H
#define COHORTIUM_PROTOCOL_ANALYSIS_MLP_NETWORK_H

#include "protocol/analysis/design.h"

#define MLP_HIDDEN_MAX 64
#define MLP_CLASSES_MAX 16

struct network {
    size_t inputs, hidden, classes;
};

size_t network_weights(const struct network *network);
/* Uniform draws from the seed, by the ranges of Glorot and Bengio 2010; biases
 * are 0. ChaCha20: the same on every machine. */
void network_start(
    const struct network *network, uint64_t seed, double *weights);

/* Rows side by side: number k of row r is at [k * DESIGN_ROWS + r]. */
struct network_rows {
    size_t count;
    double inputs[DESIGN_COLUMNS_MAX * DESIGN_ROWS];
    double class_of[DESIGN_ROWS]; /* whole numbers */
    /* What network_run gives: */
    double hidden[MLP_HIDDEN_MAX * DESIGN_ROWS];
    double probabilities[MLP_CLASSES_MAX * DESIGN_ROWS]; /* of each class */
};

void network_run(const struct network *network, const double *weights,
    struct network_rows *rows);
/* After network_run: adds to sums[network_weights()] the slope of each row's
 * loss (cross-entropy) in every weight, rounded to 2^-bits. most[i]: |inputs|
 * of input i are not above it. */
void network_add_slopes(const struct network *network, const double *weights,
    const double *most, int bits, const struct network_rows *rows,
    int128 *sums);

#endif
