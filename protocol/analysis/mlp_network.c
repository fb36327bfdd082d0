#include "protocol/analysis/mlp_network.h"

#include <math.h>
#include <string.h>

#include <sodium.h>

#include "protocol/analysis/elementary.h"
#include "protocol/analysis/kernel.h"
#include "protocol/analysis/model.h"

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

/* ---- forward ---- */

#define LANES ((size_t)8) /* rows at a time; DESIGN_ROWS is a multiple */

static size_t whole_lanes(size_t count)
{
    return (count + LANES - 1) / LANES * LANES;
}

/* One unit: its bias and its inputs, weighted, in this order for every row. */
KERNEL static void weigh(const double *restrict weights, size_t inputs,
    const double *restrict x, size_t count, double *restrict out)
{
    for (size_t at = 0; at < count; at += LANES) {
        double sum[LANES];
        for (size_t k = 0; k < LANES; k++)
            sum[k] = weights[inputs];
        for (size_t i = 0; i < inputs; i++) {
            for (size_t k = 0; k < LANES; k++)
                sum[k] += weights[i] * x[i * DESIGN_ROWS + at + k];
        }
        for (size_t k = 0; k < LANES; k++)
            out[at + k] = sum[k];
    }
}

KERNEL static void squash(size_t count, double *out)
{
    for (size_t r = 0; r < count; r++)
        out[r] = elementary_tanh(out[r]);
}

KERNEL static void raise(
    const double *restrict x, size_t count, double *restrict most)
{
    for (size_t r = 0; r < count; r++)
        most[r] = x[r] > most[r] ? x[r] : most[r];
}

KERNEL static void exponentiate(const double *restrict largest, size_t count,
    double *restrict out, double *restrict total)
{
    for (size_t r = 0; r < count; r++) {
        out[r] = elementary_exp(out[r] - largest[r]);
        total[r] += out[r];
    }
}

KERNEL static void divide(
    const double *restrict by, size_t count, double *restrict out)
{
    for (size_t r = 0; r < count; r++)
        out[r] /= by[r];
}

static void softmax(size_t classes, size_t count, double *out)
{
    double largest[DESIGN_ROWS], total[DESIGN_ROWS] = {0};
    memcpy(largest, out, sizeof largest);
    for (size_t c = 1; c < classes; c++)
        raise(out + c * DESIGN_ROWS, count, largest);
    for (size_t c = 0; c < classes; c++)
        exponentiate(largest, count, out + c * DESIGN_ROWS, total);
    for (size_t c = 0; c < classes; c++)
        divide(total, count, out + c * DESIGN_ROWS);
}

void network_run(const struct network *network, const double *weights,
    struct network_rows *rows)
{
    const size_t count = whole_lanes(rows->count);
    for (size_t i = 0; i < network->inputs; i++)
        memset(rows->inputs + i * DESIGN_ROWS + rows->count, 0,
            (count - rows->count) * sizeof *rows->inputs);
    for (size_t h = 0; h < network->hidden; h++) {
        double *out = rows->hidden + h * DESIGN_ROWS;
        weigh(weights, network->inputs, rows->inputs, count, out);
        squash(count, out);
        weights += network->inputs + 1;
    }
    for (size_t c = 0; c < network->classes; c++) {
        weigh(weights, network->hidden, rows->hidden, count,
            rows->probabilities + c * DESIGN_ROWS);
        weights += network->hidden + 1;
    }
    softmax(network->classes, count, rows->probabilities);
}

/* ---- backward ---- */

KERNEL static void subtract_truth(const double *restrict class_of, double class,
    const double *restrict probabilities, size_t count, double *restrict errors)
{
    for (size_t r = 0; r < count; r++)
        errors[r] = probabilities[r] - (class_of[r] == class ? 1 : 0);
}

KERNEL static void through_squash(
    const double *restrict hidden, size_t count, double *restrict out)
{
    for (size_t r = 0; r < count; r++)
        out[r] *= 1 - hidden[r] * hidden[r];
}

/* The sum of the products, each rounded; most: none is above it. Weights are
 * what the coordinator says they are: where they are such that a product might
 * leave what can be added many at once, each is kept within its bound alone. */
static int128 sum_products(
    const double *a, const double *b, double most, int bits, size_t count)
{
    int128 sum = 0;
    if (most < ldexp(1.0, 85 - bits))
        return fixed_sum_products(a, b, count, bits);
    for (size_t r = 0; r < count; r++)
        sum += design_fixed(b == NULL ? a[r] : a[r] * b[r], bits);
    return sum;
}

void network_add_slopes(const struct network *network, const double *weights,
    const double *most, int bits, const struct network_rows *rows, int128 *sums)
{
    const size_t hidden = network->hidden, inputs = network->inputs;
    const size_t count = rows->count;
    const double *outer = weights + hidden * (inputs + 1);
    double errors[MLP_CLASSES_MAX * DESIGN_ROWS], back[DESIGN_ROWS];
    int128 *out = sums + hidden * (inputs + 1);
    for (size_t c = 0; c < network->classes; c++) {
        double *error = errors + c * DESIGN_ROWS;
        subtract_truth(rows->class_of, (double)c,
            rows->probabilities + c * DESIGN_ROWS, count, error);
        for (size_t h = 0; h < hidden; h++)
            *out++ += fixed_sum_products(
                error, rows->hidden + h * DESIGN_ROWS, count, bits);
        *out++ += fixed_sum_products(error, NULL, count, bits);
    }
    for (size_t h = 0; h < hidden; h++) {
        double largest = 0;
        memset(back, 0, sizeof back);
        for (size_t c = 0; c < network->classes; c++) {
            const double weight = outer[c * (hidden + 1) + h];
            model_add_scaled(errors + c * DESIGN_ROWS, weight, count, back);
            largest += fabs(weight);
        }
        through_squash(rows->hidden + h * DESIGN_ROWS, count, back);
        for (size_t i = 0; i < inputs; i++)
            *sums++ += sum_products(back, rows->inputs + i * DESIGN_ROWS,
                largest * most[i], bits, count);
        *sums++ += sum_products(back, NULL, largest, bits, count);
    }
}
