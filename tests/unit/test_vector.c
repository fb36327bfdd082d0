/* Vectors on the wire, and exact quotients. */
#include <math.h>

#include "protocol/analysis/vector.h"
#include "tests/unit/test.h"

static void test_vector_add_wraps_and_any_order_is_the_same(void **state)
{
    (void)state;
    struct vector sum, other;
    int128 top = (int128)(~(uint128)0 >> 1);
    assert_int_equal(vector_init(&sum, 2), STATUS_OK);
    assert_int_equal(vector_init(&other, 2), STATUS_OK);
    sum.elements[0] = top;
    sum.elements[1] = -5;
    other.elements[0] = 1;
    other.elements[1] = 7;
    assert_int_equal(vector_add(&sum, &other), STATUS_OK);
    assert_true(sum.elements[0] == -top - 1);
    assert_true(sum.elements[1] == 2);
    other.length = 1;
    assert_int_equal(vector_add(&sum, &other), STATUS_MALFORMED);
    vector_fini(&sum);
    vector_fini(&other);
}

static void test_vector_encode_is_little_endian_and_reads_back(void **state)
{
    (void)state;
    struct vector vector, back;
    struct buffer bytes;
    assert_int_equal(vector_init(&vector, 3), STATUS_OK);
    vector.elements[0] = 0x0102;
    vector.elements[1] = -1;
    vector.elements[2] = (int128)((uint128)1 << 127);
    buffer_init(&bytes, 1024);
    assert_int_equal(vector_encode(&vector, &bytes), STATUS_OK);
    assert_int_equal(bytes.size, 48);
    assert_int_equal(bytes.data[0], 0x02);
    assert_int_equal(bytes.data[1], 0x01);
    assert_int_equal(bytes.data[31], 0xFF);
    assert_int_equal(bytes.data[47], 0x80);
    assert_int_equal(vector_decode(&back, 3, buffer_view(&bytes)), STATUS_OK);
    assert_memory_equal(back.elements, vector.elements, 48);
    vector_fini(&back);
    for (size_t size = 0; size < 48; size++) {
        struct view cut = {bytes.data, size};
        assert_int_equal(vector_decode(&back, 3, cut), STATUS_MALFORMED);
    }
    vector_fini(&vector);
    buffer_fini(&bytes);
}

static void test_vector_encode_past_the_limit_is_too_large(void **state)
{
    (void)state;
    struct vector vector;
    struct buffer bytes;
    assert_int_equal(vector_init(&vector, 3), STATUS_OK);
    buffer_init(&bytes, 47);
    assert_int_not_equal(vector_encode(&vector, &bytes), STATUS_OK);
    assert_int_equal(bytes.size, 0);
    vector_fini(&vector);
    buffer_fini(&bytes);
}

/* The remainder of value as a quotient, exactly: |numerator - value *
 * denominator| <= one last place of value times the denominator. Value is
 * mantissa * 2^exponent, so all of it is integers. */
static bool within_one_last_place(
    int128 numerator, int128 denominator, double value)
{
    int exponent;
    int64_t mantissa = (int64_t)ldexp(frexp(value, &exponent), 53);
    exponent -= 53; /* value = mantissa * 2^exponent, |mantissa| < 2^53 */
    int128 left = numerator, right = (int128)mantissa * denominator;
    int128 place = denominator;
    if (exponent < 0)
        left <<= -exponent;
    else {
        right <<= exponent;
        place <<= exponent;
    }
    int128 difference = left - right;
    return difference <= place && -difference <= place;
}

static uint64_t draw(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005ULL + 1442695040888963407ULL;
    return *seed >> 11;
}

static void test_int128_ratio_is_within_one_last_place(void **state)
{
    (void)state;
    uint64_t seed = 1;
    for (int i = 0; i < 200000; i++) {
        /* sizes at which the check itself stays inside 128 bits */
        int128 denominator = (int128)(draw(&seed) >> (draw(&seed) % 50)) + 1;
        int128 numerator = (int128)(draw(&seed) >> (draw(&seed) % 50)) *
                           (1 + draw(&seed) % 64);
        double value = int128_ratio(numerator, denominator);
        if (numerator == 0 || value < 0x1p-10 || value > 0x1p50)
            continue;
        assert_true(within_one_last_place(numerator, denominator, value));
        assert_true(int128_ratio(-numerator, denominator) == -value);
    }
}

static void test_int128_ratio_of_large_numbers_keeps_its_digits(void **state)
{
    (void)state;
    int128 ten = 1;
    for (int i = 0; i < 37; i++)
        ten *= 10;
    assert_true(
        int128_ratio(ten, 3) == 3333333333333333333333333333333333333.0);
    assert_true(int128_ratio(1, ten) == 1e-37);
    assert_true(int128_ratio(ten, ten - 1) == 1.0);
    assert_true(int128_ratio((int128)((uint128)1 << 127), 1) == -0x1p127);
    assert_true(int128_ratio(((int128)1 << 54) + 1, 1) == 0x1p54);
    assert_true(int128_ratio(((int128)1 << 54) + 3, 1) == 0x1p54 + 4);
}

static void test_int128_text_writes_both_ends(void **state)
{
    (void)state;
    char text[INT128_TEXT];
    int128 top = (int128)(~(uint128)0 >> 1);
    int128_text(text, top);
    assert_string_equal(text, "170141183460469231731687303715884105727");
    int128_text(text, -top - 1);
    assert_string_equal(text, "-170141183460469231731687303715884105728");
    int128_text(text, 0);
    assert_string_equal(text, "0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vector_add_wraps_and_any_order_is_the_same),
        cmocka_unit_test(test_vector_encode_is_little_endian_and_reads_back),
        cmocka_unit_test(test_vector_encode_past_the_limit_is_too_large),
        cmocka_unit_test(test_int128_ratio_is_within_one_last_place),
        cmocka_unit_test(test_int128_ratio_of_large_numbers_keeps_its_digits),
        cmocka_unit_test(test_int128_text_writes_both_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
