/* Fixed-point numbers against the plain way, in every size. */
#include <math.h>

#include <sodium.h>

#include "protocol/analysis/fixed.h"
#include "tests/support/seeded.h"
#include "tests/unit/test.h"

static double draw(int exponent)
{
    uint64_t word;
    randombytes_buf(&word, sizeof word);
    const double fraction = (double)(word >> 11) * 0x1p-53;
    return ldexp(word & 1 ? fraction : -fraction, exponent);
}

static void test_fixed_is_the_nearest(void **state)
{
    (void)state;
    static const int bits[] = {48, 56, 60, 64, 70, 86};
    for (size_t b = 0; b < sizeof bits / sizeof bits[0]; b++) {
        for (int i = 0; i < 120 * 200; i++) {
            const double value = draw(i / 200 - 100);
            assert_true(design_fixed(value, bits[b]) ==
                        design_fixed_large(value, bits[b]));
        }
    }
}

static void test_ties_go_to_even(void **state)
{
    (void)state;
    assert_true(design_fixed(0.5, 0) == 0);
    assert_true(design_fixed(1.5, 0) == 2);
    assert_true(design_fixed(-2.5, 0) == -2);
    assert_true(design_fixed(ldexp(1, 44) + 0.5, 0) == (int128)1 << 44);
}

static void test_what_is_too_large_stays(void **state)
{
    (void)state;
    const int128 most = (int128)1 << 86;
    assert_true(design_fixed(1e300, 60) == most);
    assert_true(design_fixed(-1e300, 60) == -most);
    assert_true(design_fixed(NAN, 60) == 0);
    assert_true(design_fixed(INFINITY, 60) == most);
}

static void check_sums(int exponent, int bits)
{
    double a[256], b[256];
    int128 products = 0, values = 0;
    const size_t count = (size_t)(exponent + 61) % 256 + 1;
    for (size_t i = 0; i < count; i++) {
        a[i] = draw(exponent);
        b[i] = draw(0);
        products += design_fixed(a[i] * b[i], bits);
        values += design_fixed(a[i], bits);
    }
    assert_true(fixed_sum_products(a, b, count, bits) == products);
    assert_true(fixed_sum_products(a, NULL, count, bits) == values);
}

static void test_whole_takes_any_number(void **state)
{
    (void)state;
    const int128 most = (int128)1 << 116;
    assert_true(fixed_whole(2.5L) == 3 && fixed_whole(-2.5L) == -3);
    assert_true(fixed_whole(1e30L) == (int128)1e30L);
    assert_true(fixed_whole(NAN) == 0);
    assert_true(fixed_whole(INFINITY) == most);
    assert_true(fixed_whole(-1e300L) == -most);
}

/* Sums of many products are those of one after the other. */
static void test_sums_are_those_of_single_numbers(void **state)
{
    (void)state;
    static const int bits[] = {48, 56, 60, 86};
    for (size_t k = 0; k < sizeof bits / sizeof bits[0]; k++) {
        for (int exponent = -60; exponent <= 85 - bits[k]; exponent += 5)
            check_sums(exponent, bits[k]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fixed_is_the_nearest),
        cmocka_unit_test(test_ties_go_to_even),
        cmocka_unit_test(test_what_is_too_large_stays),
        cmocka_unit_test(test_whole_takes_any_number),
        cmocka_unit_test(test_sums_are_those_of_single_numbers),
    };
    seeded_start(1, 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
