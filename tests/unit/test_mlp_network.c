/* A network over rows side by side, against one row after the other. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/analysis/mlp_network.h"
#include "tests/unit/test.h"

#define BITS 60
#define INPUTS ((size_t)3)
#define HIDDEN ((size_t)4)
#define CLASSES ((size_t)3)
#define WEIGHTS (HIDDEN * (INPUTS + 1) + CLASSES * (HIDDEN + 1))

static const struct network network = {INPUTS, HIDDEN, CLASSES};

static double draw(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005ULL + 1442695040888963407ULL;
    return (double)(*seed >> 11) * 0x1p-52 - 1;
}

/* Rows, and weights of that size. */
static struct network_rows *some_rows(
    size_t count, double size, double *weights)
{
    uint64_t seed = count;
    struct network_rows *rows = calloc(1, sizeof *rows);
    assert_non_null(rows);
    rows->count = count;
    for (size_t w = 0; w < WEIGHTS; w++)
        weights[w] = size * draw(&seed);
    for (size_t r = 0; r < count; r++) {
        for (size_t i = 0; i < INPUTS; i++)
            rows->inputs[i * DESIGN_ROWS + r] = draw(&seed);
        rows->class_of[r] = (double)(r % CLASSES);
    }
    return rows;
}

/* One row, with the C library: its slopes. */
static void slopes_of(const struct network_rows *rows, size_t r,
    const double *weights, double *slopes)
{
    const double *outer = weights + HIDDEN * (INPUTS + 1);
    double hidden[HIDDEN], z[CLASSES], total = 0;
    for (size_t h = 0; h < HIDDEN; h++) {
        const double *own = weights + h * (INPUTS + 1);
        double sum = own[INPUTS];
        for (size_t i = 0; i < INPUTS; i++)
            sum += own[i] * rows->inputs[i * DESIGN_ROWS + r];
        hidden[h] = tanh(sum);
    }
    for (size_t c = 0; c < CLASSES; c++) {
        z[c] = outer[c * (HIDDEN + 1) + HIDDEN];
        for (size_t h = 0; h < HIDDEN; h++)
            z[c] += outer[c * (HIDDEN + 1) + h] * hidden[h];
        total += exp(z[c]);
    }
    double *out = slopes + HIDDEN * (INPUTS + 1), back[HIDDEN] = {0};
    for (size_t c = 0; c < CLASSES; c++) {
        const double error =
            exp(z[c]) / total - (rows->class_of[r] == (double)c ? 1 : 0);
        for (size_t h = 0; h < HIDDEN; h++) {
            *out++ = error * hidden[h];
            back[h] += error * outer[c * (HIDDEN + 1) + h];
        }
        *out++ = error;
    }
    for (size_t h = 0; h < HIDDEN; h++) {
        const double error = back[h] * (1 - hidden[h] * hidden[h]);
        for (size_t i = 0; i < INPUTS; i++)
            *slopes++ = error * rows->inputs[i * DESIGN_ROWS + r];
        *slopes++ = error;
    }
}

static void add(
    const struct network_rows *rows, const double *weights, int128 *sums)
{
    static const double most[INPUTS] = {1, 1, 1};
    network_add_slopes(&network, weights, most, BITS, rows, sums);
}

static void test_slopes_are_those_of_every_row(void **state)
{
    (void)state;
    double weights[WEIGHTS], slopes[WEIGHTS], expected[WEIGHTS] = {0};
    int128 sums[WEIGHTS] = {0};
    struct network_rows *rows = some_rows(203, 2, weights);
    network_run(&network, weights, rows);
    add(rows, weights, sums);
    for (size_t r = 0; r < rows->count; r++) {
        slopes_of(rows, r, weights, slopes);
        for (size_t w = 0; w < WEIGHTS; w++)
            expected[w] += slopes[w];
    }
    for (size_t w = 0; w < WEIGHTS; w++)
        assert_true(fabs(ldexp((double)sums[w], -BITS) - expected[w]) < 1e-12);
    free(rows);
}

/* The rows of one, each alone in the first place of a block. */
static void add_one_by_one(
    const struct network_rows *rows, const double *weights, int128 *sums)
{
    struct network_rows *one = calloc(1, sizeof *one);
    assert_non_null(one);
    one->count = 1;
    for (size_t r = 0; r < rows->count; r++) {
        for (size_t i = 0; i < INPUTS; i++)
            one->inputs[i * DESIGN_ROWS] = rows->inputs[i * DESIGN_ROWS + r];
        one->class_of[0] = rows->class_of[r];
        network_run(&network, weights, one);
        add(one, weights, sums);
    }
    free(one);
}

/* Also where weights are as large as a coordinator may make them. */
static void test_sums_are_the_same_bytes_row_by_row(void **state)
{
    (void)state;
    static const double sizes[] = {0.5, 30, 1e6, 1e9, 1e300};
    static const size_t counts[] = {1, 7, 8, 250, DESIGN_ROWS};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        double weights[WEIGHTS];
        int128 together[WEIGHTS] = {0}, alone[WEIGHTS] = {0};
        struct network_rows *rows = some_rows(counts[i], sizes[i], weights);
        network_run(&network, weights, rows);
        add(rows, weights, together);
        add_one_by_one(rows, weights, alone);
        assert_memory_equal(together, alone, sizeof alone);
        free(rows);
    }
}

/* Some weights of 1e9 and inputs of 1e9: each row's part stays in its bound. */
static void test_slopes_beyond_their_bound_stay_there(void **state)
{
    (void)state;
    static const double most[INPUTS] = {1e9, 1e9, 1e9};
    double weights[WEIGHTS] = {0};
    int128 sums[WEIGHTS] = {0};
    struct network_rows *rows = some_rows(20, 0, weights);
    for (size_t w = HIDDEN * (INPUTS + 1); w < WEIGHTS; w++)
        weights[w] = w % 2 == 0 ? 1e9 : -1e9;
    for (size_t i = 0; i < INPUTS * DESIGN_ROWS; i++)
        rows->inputs[i] = 1e9;
    network_run(&network, weights, rows);
    network_add_slopes(&network, weights, most, BITS, rows, sums);
    const int128 bound = (int128)20 << 86;
    bool any = false;
    for (size_t w = 0; w < WEIGHTS; w++) {
        assert_true(sums[w] <= bound && sums[w] >= -bound);
        any =
            any || sums[w] >= (int128)1 << 86 || sums[w] <= -((int128)1 << 86);
    }
    assert_true(any);
    free(rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_slopes_are_those_of_every_row),
        cmocka_unit_test(test_sums_are_the_same_bytes_row_by_row),
        cmocka_unit_test(test_slopes_beyond_their_bound_stay_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
