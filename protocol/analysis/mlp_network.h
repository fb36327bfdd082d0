/*
 * mlp_network: a network of one hidden layer: inputs, standardised, to `hidden`
 * units with tanh, to a softmax over `classes`. Rumelhart, Hinton and Williams
 * 1986. Weights stand unit by unit: for each hidden unit its inputs' weights,
 * then its bias; then for each class its hidden units' weights, then its bias.
 */
#ifndef COHORTIUM_PROTOCOL_ANALYSIS_MLP_NETWORK_H
#define COHORTIUM_PROTOCOL_ANALYSIS_MLP_NETWORK_H

#include <stddef.h>
#include <stdint.h>

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
/* x[inputs] -> hidden[hidden], the classes' probabilities. */
void network_run(const struct network *network, const double *weights,
    const double *x, double *hidden, double *probabilities);
/* The slope of one row's loss (cross-entropy) in every weight, from what
 * network_run left. */
void network_slopes(const struct network *network, const double *weights,
    const double *x, const double *hidden, const double *probabilities,
    size_t class_of, double *slopes);

#endif
