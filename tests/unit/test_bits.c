#include <sodium.h>

#include "protocol/analysis/bits.h"
#include "tests/support/seeded.h"
#include "tests/unit/test.h"

/* By chance, and all of them, which fills each counter. */
static void test_bits_are_counted_in_rows_of_any_length(void **state)
{
    (void)state;
    enum { WORDS = 1200 };
    static uint64_t x[WORDS], y[WORDS];
    for (int ones = 0; ones < 2; ones++) {
        uint64_t both = 0, of_x = 0;
        randombytes_buf(x, sizeof x);
        randombytes_buf(y, sizeof y);
        if (ones == 1) {
            memset(x, 0xFF, sizeof x);
            memset(y, 0xFF, sizeof y);
        }
        for (size_t words = 0; words < WORDS; words++) {
            assert_int_equal(bits_common(x, y, words), both);
            assert_int_equal(bits_common_plainly(x, y, words), both);
            assert_int_equal(bits_count(x, words), of_x);
            both += (uint64_t)__builtin_popcountll(x[words] & y[words]);
            of_x += (uint64_t)__builtin_popcountll(x[words]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bits_are_counted_in_rows_of_any_length),
    };
    seeded_start(1, 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
