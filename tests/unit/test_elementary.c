/* exp, tanh and log1p of our own against those of the C library in long double.
 */
#include <math.h>

#include "protocol/analysis/elementary.h"
#include "tests/unit/test.h"

#define DRAWS 200000

static double draw(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005ULL + 1442695040888963407ULL;
    return (double)(*seed >> 11) * 0x1p-53;
}

static void test_exp_is_within_a_last_place(void **state)
{
    (void)state;
    uint64_t seed = 1;
    for (int i = 0; i < DRAWS; i++) {
        const double wide = i % 2 == 0 ? 1400 : 4;
        const double x = (draw(&seed) - 0.5) * wide;
        const long double e = expl((long double)x);
        const double place = nextafter((double)e, INFINITY) - (double)e;
        assert_true(fabsl(elementary_exp(x) - e) <= place);
    }
}

static void test_exp_knows_its_ends(void **state)
{
    (void)state;
    assert_true(elementary_exp(0) == 1);
    assert_true(elementary_exp(-0.0) == 1);
    assert_true(elementary_exp(-1e9) == elementary_exp(-708));
    assert_true(elementary_exp(-INFINITY) == elementary_exp(-708));
    assert_true(elementary_exp(NAN) == elementary_exp(-708));
    assert_true(elementary_exp(INFINITY) == elementary_exp(709));
    assert_true(isfinite(elementary_exp(709)));
}

static void test_tanh_is_near(void **state)
{
    (void)state;
    uint64_t seed = 3;
    for (int i = 0; i < DRAWS; i++) {
        const double x = (draw(&seed) - 0.5) * (i % 2 == 0 ? 40 : 2);
        const long double tangent = tanhl((long double)x);
        assert_true(fabsl(elementary_tanh(x) - tangent) <= 0x1p-52L);
        assert_true(elementary_tanh(-x) == -elementary_tanh(x));
    }
    assert_true(elementary_tanh(0) == 0);
    assert_true(elementary_tanh(1e300) == 1);
    assert_true(elementary_tanh(-INFINITY) == -1);
    assert_true(elementary_tanh(NAN) == 1);
}

static void test_log1p_is_near(void **state)
{
    (void)state;
    uint64_t seed = 2;
    for (int i = 0; i < DRAWS; i++) {
        const double x = ldexp(draw(&seed), i % 3 == 0 ? -(i % 60) : 0);
        const long double log = log1pl((long double)x);
        assert_true(fabsl(elementary_log1p(x) - log) <= 0x1p-52L);
        if (x < 0.4) /* and near 0 in relation to it */
            assert_true(fabsl(elementary_log1p(x) - log) <= 0x1p-51L * log);
    }
    assert_true(elementary_log1p(0) == 0);
    assert_true(elementary_log1p(1) == log(2));
}

/* The bits themselves, the same on every machine. */
static void test_bits_are_known(void **state)
{
    (void)state;
    assert_true(fixed_bits(elementary_exp(1)) == 0x4005bf0a8b14576a);
    assert_true(fixed_bits(elementary_exp(-0.7)) == 0x3fdfc80db9dd5542);
    assert_true(fixed_bits(elementary_exp(18)) == 0x418f4f22091940bd);
    assert_true(fixed_bits(elementary_log1p(0.3)) == 0x3fd0ca937be1b9dc);
    assert_true(fixed_bits(elementary_log1p(0.9)) == 0x3fe48a11293d785c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exp_is_within_a_last_place),
        cmocka_unit_test(test_exp_knows_its_ends),
        cmocka_unit_test(test_tanh_is_near),
        cmocka_unit_test(test_log1p_is_near),
        cmocka_unit_test(test_bits_are_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
