#include "protocol/analysis/mlp_network.h"

#include <math.h>
#include <string.h>

#include <sodium.h>

#include "protocol/analysis/design.h"

size_t network_weights(const struct network *network)
{
    return network->hidden * (network->inputs + 1) +
           network->classes * (network->hidden + 1);
}

/* One layer: rows of `inputs` weights and a bias. */
static double *start_layer(
    double *weights, const unsigned char *noise, size_t inputs, size_t outputs)
{
    const double range = sqrt(6.0 / (double)(inputs + outputs));
    for (size_t o = 0; o < outputs; o++) {
        for (size_t i = 0; i < inputs; i++) {
            uint64_t word;
            memcpy(&word, noise, sizeof word);
            noise += sizeof word;
            *weights++ = range * (2 * (double)(word >> 11) * 0x1p-53 - 1);
        }
        *weights++ = 0;
    }
    return weights;
}

void network_start(
    const struct network *network, uint64_t seed, double *weights)
{
    static const char label[] = "cohortium mlp";
    unsigned char key[crypto_stream_chacha20_KEYBYTES];
    const unsigned char nonce[crypto_stream_chacha20_NONCEBYTES] = {0};
    const size_t first = network->hidden * network->inputs * sizeof seed;
    crypto_generichash(key, sizeof key, (const unsigned char *)&seed,
        sizeof seed, (const unsigned char *)label, sizeof label - 1);
    unsigned char noise[MLP_HIDDEN_MAX * sizeof seed *
                        (DESIGN_COLUMNS_MAX + MLP_CLASSES_MAX)];
    const size_t second = network->classes * network->hidden * sizeof seed;
    crypto_stream_chacha20(noise, first + second, nonce, key);
    double *next =
        start_layer(weights, noise, network->inputs, network->hidden);
    start_layer(next, noise + first, network->hidden, network->classes);
}

static double weighted(const double *weights, const double *x, size_t count)
{
    double sum = weights[count]; /* the bias */
    for (size_t i = 0; i < count; i++)
        sum += weights[i] * x[i];
    return sum;
}

void network_run(const struct network *network, const double *weights,
    const double *x, double *hidden, double *probabilities)
{
    const double *outer = weights + network->hidden * (network->inputs + 1);
    double largest = -INFINITY, total = 0;
    for (size_t h = 0; h < network->hidden; h++)
        hidden[h] = tanh(
            weighted(weights + h * (network->inputs + 1), x, network->inputs));
    for (size_t c = 0; c < network->classes; c++) {
        probabilities[c] = weighted(
            outer + c * (network->hidden + 1), hidden, network->hidden);
        largest = fmax(largest, probabilities[c]);
    }
    for (size_t c = 0; c < network->classes; c++) {
        probabilities[c] = exp(probabilities[c] - largest);
        total += probabilities[c];
    }
    for (size_t c = 0; c < network->classes; c++)
        probabilities[c] /= total;
}

void network_slopes(const struct network *network, const double *weights,
    const double *x, const double *hidden, const double *probabilities,
    size_t class_of, double *slopes)
{
    const size_t stride = network->inputs + 1;
    const double *outer = weights + network->hidden * stride;
    double back[MLP_HIDDEN_MAX] = {0};
    double *out = slopes + network->hidden * stride;
    for (size_t c = 0; c < network->classes; c++) {
        const double error = probabilities[c] - (c == class_of ? 1 : 0);
        for (size_t h = 0; h < network->hidden; h++) {
            *out++ = error * hidden[h];
            back[h] += error * outer[c * (network->hidden + 1) + h];
        }
        *out++ = error;
    }
    for (size_t h = 0; h < network->hidden; h++) {
        const double error = back[h] * (1 - hidden[h] * hidden[h]);
        for (size_t i = 0; i < network->inputs; i++)
            *slopes++ = error * x[i];
        *slopes++ = error;
    }
}
