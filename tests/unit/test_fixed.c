/* Fixed-point numbers against the plain way, in every size. */
#include <math.h>

#include <sodium.h>

#include "protocol/analysis/fixed.h"
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
    assert_true(sodium_init() >= 0);
    for (size_t b = 0; b < sizeof bits / sizeof bits[0]; b++) {
        for (int exponent = -100; exponent < 20; exponent++) {
            for (int i = 0; i < 200; i++) {
                const double value = draw(exponent);
                assert_true(design_fixed(value, bits[b]) ==
                            design_fixed_large(value, bits[b]));
            }
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fixed_is_the_nearest),
        cmocka_unit_test(test_ties_go_to_even),
        cmocka_unit_test(test_what_is_too_large_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
