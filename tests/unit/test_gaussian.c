/*
 * The sampler of noise against exact probabilities. The same program is built
 * over samplers with one mistake each (gaussian.cmake), where it must
 * fail. COHORTIUM_DRAWS: draws a test, 200,000 when not set; of 10,000,000 all
 * pass, in a quarter of an hour.
 *
 * Every test that a good sampler passes is at alpha 1e-6 (of a chi-square,
 * Kolmogorov's distance or a share), and shows that it would see a variance
 * that is 5 % off.
 */
#include <math.h>
#include <stdlib.h>

#include "protocol/masking/gaussian.h"
#include "protocol/wire/keys.h"
#include "tests/support/seeded.h"
#include "tests/unit/test.h"

#define Z_ALPHA 4.753 /* of the normal distribution, 1e-6 above */
#define CELLS_MAX 4096

static double draws(void)
{
    static double count;
    const char *set = count > 0 ? NULL : getenv("COHORTIUM_DRAWS");
    if (count <= 0)
        count = set == NULL ? 200000 : strtod(set, NULL);
    return count;
}

/* Probabilities and counts of cells. */
struct histogram {
    size_t count;
    double expected[CELLS_MAX], seen[CELLS_MAX];
};

/* Cells of less than five expected go into one. Wilson and Hilferty 1931. */
static bool is_implausible(const struct histogram *histogram, double n)
{
    double chi = 0, rare = 0, seen_rare = 0, degrees = -1;
    for (size_t i = 0; i < histogram->count; i++) {
        const double expected = histogram->expected[i] * n;
        const double off = histogram->seen[i] - expected;
        if (expected < 5) {
            rare += expected;
            seen_rare += histogram->seen[i];
            continue;
        }
        chi += off * off / expected;
        degrees++;
    }
    if (rare > 0.5) {
        chi += (seen_rare - rare) * (seen_rare - rare) / rare;
        degrees++;
    }
    const double v = 2 / (9 * degrees);
    return (cbrt(chi / degrees) - (1 - v)) / sqrt(v) > Z_ALPHA;
}

/* ---- exact probabilities of each number: small variances ---- */

#define RANGE 500
#define PLACES (2 * RANGE + 1) /* cell RANGE is 0 */

static void set_exact(double *cells, double sigma2)
{
    double total = 0;
    for (int x = -RANGE; x <= RANGE; x++)
        total += exp(-x * x / (2 * sigma2));
    for (int x = -RANGE; x <= RANGE; x++)
        cells[x + RANGE] = exp(-x * x / (2 * sigma2)) / total;
}

/* The distribution of a sum of `parts`. */
static void set_convolution(double *cells, double sigma2, int parts)
{
    double one[PLACES], sum[PLACES];
    set_exact(one, sigma2);
    memcpy(cells, one, sizeof one);
    for (int p = 1; p < parts; p++) {
        for (int x = -RANGE; x <= RANGE; x++) {
            sum[x + RANGE] = 0;
            for (int y = -60; y <= 60; y++)
                if (abs(x - y) <= RANGE)
                    sum[x + RANGE] += one[y + RANGE] * cells[x - y + RANGE];
        }
        memcpy(cells, sum, sizeof sum);
    }
}

static void count_sums(
    struct histogram *histogram, uint64_t top, uint64_t bottom, int parts)
{
    memset(histogram->seen, 0, sizeof histogram->seen);
    histogram->count = PLACES;
    for (size_t i = 0; i < (size_t)draws(); i++) {
        int64_t x = 0;
        for (int p = 0; p < parts; p++)
            x += gaussian_draw_ratio(top, bottom);
        assert_in_range(x + RANGE, 0, 2 * RANGE);
        histogram->seen[x + RANGE]++;
    }
}

static void test_gaussian_small_variances_have_exact_probabilities(void **state)
{
    (void)state;
    static const uint64_t variances[][2] = {
        {3, 10}, {1, 1}, {2, 1}, {4, 1}, {10, 1}, {399, 1}};
    static struct histogram histogram;
    for (size_t i = 0; i < sizeof variances / sizeof variances[0]; i++) {
        const double sigma2 = (double)variances[i][0] / (double)variances[i][1];
        count_sums(&histogram, variances[i][0], variances[i][1], 1);
        set_exact(histogram.expected, sigma2);
        assert_false(is_implausible(&histogram, draws()));
        set_exact(histogram.expected, 1.05 * sigma2);
        assert_true(is_implausible(&histogram, draws()));
    }
}

/* Parts of centers, against the exact distribution of their sum; of variance 4
 * and more it is that of one draw, of 0.3 it is not. */
static void test_gaussian_sums_have_the_convolution(void **state)
{
    (void)state;
    static const int parts[] = {2, 5, 13};
    static const uint64_t variances[][2] = {{3, 10}, {1, 1}, {4, 1}};
    static struct histogram histogram;
    for (size_t v = 0; v < 3; v++) {
        const double sigma2 = (double)variances[v][0] / (double)variances[v][1];
        for (size_t i = 0; i < 3; i++) {
            count_sums(&histogram, variances[v][0], variances[v][1], parts[i]);
            set_convolution(histogram.expected, sigma2, parts[i]);
            assert_false(is_implausible(&histogram, draws()));
            set_exact(histogram.expected, sigma2 * parts[i]);
            if (sigma2 >= 4)
                assert_false(is_implausible(&histogram, draws()));
            else if (sigma2 < 1 && parts[i] == 2)
                assert_true(is_implausible(&histogram, draws()));
            set_convolution(histogram.expected, 1.05 * sigma2, parts[i]);
            assert_true(is_implausible(&histogram, draws()));
        }
    }
}

/* ---- large variances: cells of equal probability, and Kolmogorov ---- */

/* P(X <= x). The sum over whole numbers and the integral differ by less than
 * 1 / (24 sigma2) of a cell's probability when both end between two. */
static double cumulated(double x, double sigma)
{
    return 0.5 * erfc(-(x + 0.5) / sigma / sqrt(2));
}

#define BINS 200

static void bin(struct histogram *histogram, const double *sorted, double sigma)
{
    size_t at = 0;
    double below = 0;
    histogram->count = BINS;
    for (int b = 0; b < BINS; b++) {
        /* edges at whole numbers, over +-4 sigma */
        const double edge = floor((2 * (b + 1) - BINS) * sigma * 4 / BINS);
        const double upto = b + 1 == BINS ? 1 : cumulated(edge, sigma);
        histogram->expected[b] = upto - below;
        histogram->seen[b] = 0;
        for (; at < (size_t)draws() && (b + 1 == BINS || sorted[at] <= edge);
             at++)
            histogram->seen[b]++;
        below = upto;
    }
}

static double distance(const double *sorted, double sigma)
{
    const size_t n = (size_t)draws();
    double worst = 0;
    for (size_t i = 0; i < n; i++) {
        if (i + 1 < n && sorted[i + 1] == sorted[i])
            continue; /* the last of equal ones */
        worst = fmax(worst,
            fabs((double)(i + 1) / (double)n - cumulated(sorted[i], sigma)));
    }
    return worst * sqrt((double)n);
}

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void test_gaussian_large_variances_have_their_distribution(void **state)
{
    (void)state;
    static const uint64_t variances[] = {
        1000000, (uint64_t)1 << 40, GAUSSIAN_SIGMA2_MAX};
    static struct histogram histogram;
    const double critical = sqrt(log(2 / 1e-6) / 2);
    const size_t n = (size_t)draws();
    double *sorted = calloc(n, sizeof *sorted);
    assert_non_null(sorted);
    for (size_t i = 0; i < sizeof variances / sizeof variances[0]; i++) {
        const double sigma = sqrt((double)variances[i]);
        for (size_t k = 0; k < n; k++)
            sorted[k] = (double)gaussian_draw(variances[i]);
        qsort(sorted, n, sizeof *sorted, compare);
        bin(&histogram, sorted, sigma);
        assert_false(is_implausible(&histogram, draws()));
        assert_true(distance(sorted, sigma) < critical);
        bin(&histogram, sorted, sigma * sqrt(1.05));
        assert_true(is_implausible(&histogram, draws()));
        assert_true(distance(sorted, sigma * 1.05) > critical);
    }
    free(sorted);
}

/* ---- what the rest is made of ---- */

static void check_uniform(uint128 limit, uint128 cell, size_t cells)
{
    static struct histogram histogram;
    memset(&histogram, 0, sizeof histogram);
    histogram.count = cells;
    for (size_t i = 0; i < cells; i++)
        histogram.expected[i] = 1.0 / (double)cells;
    for (size_t i = 0; i < (size_t)draws(); i++) {
        const uint128 value = gaussian_uniform(limit);
        assert_true(value < limit);
        histogram.seen[value / cell]++;
    }
    assert_false(is_implausible(&histogram, draws()));
}

/* Of a limit near 2^128 a remainder would give the lower third twice as often.
 */
static void test_gaussian_uniform_covers_its_range_evenly(void **state)
{
    (void)state;
    check_uniform(7, 1, 7);
    check_uniform((uint128)3 << 126, (uint128)1 << 126, 3);
    check_uniform(
        ((uint128)1 << 127) + 12345, ((uint128)1 << 127) / 4 + 4000, 4);
}

static void test_gaussian_signs_are_even(void **state)
{
    (void)state;
    double above = 0, below = 0;
    for (size_t i = 0; i < (size_t)draws(); i++) {
        int64_t x = gaussian_draw(1000000);
        above += x > 0;
        below += x < 0;
    }
    assert_true(fabs(above - below) < (Z_ALPHA + 0.2) * sqrt(draws()));
}

/* Whatever is drawn, the draws of one reply take as many numbers. */
static void test_gaussian_work_is_even(void **state)
{
    (void)state;
    static const uint64_t variances[] = {4, 1000, GAUSSIAN_SIGMA2_MAX};
    for (uint64_t count = 1; count <= 64; count *= 4) {
        uint64_t first = 0;
        for (int i = 0; i < 300; i++) {
            const uint64_t mark = gaussian_mark();
            for (uint64_t k = 0; k < count; k++)
                (void)gaussian_draw(variances[i % 3]);
            gaussian_even_out(mark, count);
            first = i == 0 ? gaussian_mark() - mark : first;
            assert_int_equal(gaussian_mark() - mark, first);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            test_gaussian_small_variances_have_exact_probabilities),
        cmocka_unit_test(test_gaussian_sums_have_the_convolution),
        cmocka_unit_test(test_gaussian_large_variances_have_their_distribution),
        cmocka_unit_test(test_gaussian_uniform_covers_its_range_evenly),
        cmocka_unit_test(test_gaussian_signs_are_even),
        cmocka_unit_test(test_gaussian_work_is_even),
    };
    seeded_start(1, 1);
    if (keys_start() != STATUS_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
