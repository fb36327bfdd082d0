/* Decimals as they stand in files: exact, or refused. */
#include <string.h>

#include "protocol/query/decimal.h"
#include "tests/unit/test.h"

static void assert_reads(const char *text, int64_t mantissa, int exponent)
{
    struct decimal value;
    assert_int_equal(decimal_parse(&value, text, strlen(text)), STATUS_OK);
    assert_int_equal(value.mantissa, mantissa);
    assert_int_equal(value.exponent, exponent);
}

static void assert_refuses(const char *text, enum status expected)
{
    struct decimal value;
    assert_int_equal(decimal_parse(&value, text, strlen(text)), expected);
}

static void test_decimal_parse_zeros_at_the_end_are_free(void **state)
{
    (void)state;
    assert_reads("5", 5, 0);
    assert_reads("5.0000000000000000000000000000000000000000000000", 5, 0);
    assert_reads("-50.50", -505, -1);
    assert_reads("1200", 12, 2);
    assert_reads("0.000", 0, 0);
    assert_reads("00012", 12, 0);
    assert_reads("10.01e2", 1001, 0);
    assert_reads("1000000000000000000", 1, 18);
}

static void test_decimal_parse_digits_that_do_not_fit_are_refused(void **state)
{
    (void)state;
    assert_reads("123456789012345678", 123456789012345678, 0);
    assert_refuses("1234567890123456789", STATUS_OUT_OF_RANGE);
    assert_reads("100000000000000001", 100000000000000001, 0);
    assert_refuses("1000000000000000001", STATUS_OUT_OF_RANGE);
    assert_refuses("1.000000000000000001", STATUS_OUT_OF_RANGE);
    assert_refuses("10000000000000000000", STATUS_OUT_OF_RANGE);
    assert_refuses("0.0000000000000000001", STATUS_OUT_OF_RANGE);
    assert_refuses("", STATUS_MALFORMED);
    assert_refuses("1.2.3", STATUS_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decimal_parse_zeros_at_the_end_are_free),
        cmocka_unit_test(test_decimal_parse_digits_that_do_not_fit_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
