/* Which name was meant: misspelled, in another order, or half of it. */
#include <string.h>

#include "protocol/query/nearest.h"
#include "tests/unit/test.h"

static const char *const names[] = {"age_at_exam", "t1_native", "lvedvi",
    "lvesvi", "hx_hypertension", "lv_mass", "lv_mass_i", "sex"};

static const char *near(const char *name)
{
    return nearest_name(name, names, sizeof names / sizeof names[0]);
}

static void test_nearest_name_misspelled_is_found(void **state)
{
    (void)state;
    assert_string_equal(near("lvedv"), "lvedvi");
    assert_string_equal(near("LVESVI"), "lvesvi");
    assert_string_equal(near("sxe"), "sex");
    assert_string_equal(near("hx_hypertention"), "hx_hypertension");
}

static void test_nearest_name_has_the_words_in_any_order(void **state)
{
    (void)state;
    assert_string_equal(near("native_t1"), "t1_native");
    assert_string_equal(near("Native T1"), "t1_native");
    assert_string_equal(near("hypertension"), "hx_hypertension");
    assert_string_equal(near("age"), "age_at_exam");
    assert_string_equal(near("mass"), "lv_mass");
}

static void test_nearest_name_of_something_else_is_none(void **state)
{
    (void)state;
    char hint[NAME_HINT_MAX];
    assert_null(near("troponin"));
    assert_null(near("tension")); /* a part of a word is no word */
    assert_null(near(""));
    assert_null(near("___"));
    assert_null(near("native_t2"));
    assert_null(nearest_name("age", NULL, 0));
    assert_string_equal(name_hint(hint, NULL), "");
    assert_string_equal(name_hint(hint, "sex"), "; did you mean 'sex'?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nearest_name_misspelled_is_found),
        cmocka_unit_test(test_nearest_name_has_the_words_in_any_order),
        cmocka_unit_test(test_nearest_name_of_something_else_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
