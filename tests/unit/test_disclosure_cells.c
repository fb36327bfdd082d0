/* What may leave of counts, rule by rule, at the boundary of 10 and 11 people.
 */
#include "disclosure_fixture.h"

/* ---- D2, D3, D8, D17: counts ---- */

static const char frequency[] =
    "{\"analyses\":[{\"frequency\":{\"variable\":\"group\"}}]}";

static void test_a_small_cell_takes_its_smallest_neighbour_along(void **state)
{
    (void)state;
    struct made made;
    made_groups(&made, 10, 40, 30);
    made_apply(&made, frequency);
    assert_cell_is_hidden(&made, 0, true);
    assert_cell_is_hidden(&made, 1, false);
    assert_cell_is_hidden(&made, 2, true);
    assert_int_equal(made_by_rule(&made, RULE_CELL), 1);
    assert_int_equal(made_by_rule(&made, RULE_COMPLEMENTARY), 1);
    made_end(&made);
    made_groups(&made, 11, 40, 30);
    made_apply(&made, frequency);
    assert_int_equal(made_withheld(&made), 0);
    assert_int_equal((int)made_cell(&made, 0)[CELL_PEOPLE], 11);
    made_end(&made);
}

static void test_zeros_are_hidden_where_the_study_says_so(void **state)
{
    (void)state;
    struct made made;
    made_groups(&made, 0, 40, 30);
    made_apply(&made, frequency);
    assert_int_equal(made_withheld(&made), 0);
    made_end(&made);
    made_groups(&made, 0, 40, 30);
    made.limits.hide_zeros = true;
    made_apply(&made, frequency);
    assert_cell_is_hidden(&made, 0, true);
    assert_cell_is_hidden(&made, 2, true);
    assert_int_equal(made_by_rule(&made, RULE_CELL), 1);
    assert_int_equal(made_by_rule(&made, RULE_COMPLEMENTARY), 1);
    made_end(&made);
}

/* Nothing can stand beside the small cell: the table goes as a whole. */
static void test_a_table_that_cannot_be_protected_is_withheld(void **state)
{
    (void)state;
    struct made made;
    size_t at;
    made_groups(&made, 10, 0, 0);
    at = made.count;
    made_give(&made, &at, GROUP, 20, VALUE_MISSING);
    made_apply(&made, frequency);
    assert_int_equal(made_by_rule(&made, RULE_TABLE), 3);
    for (size_t cell = 0; cell < 3; cell++)
        assert_cell_is_hidden(&made, cell, true);
    assert_cell_is_hidden(&made, 3, false); /* missing values are no cell */
    assert_int_equal((int)made_cell(&made, 3)[CELL_PEOPLE], 20);
    made_end(&made);
}

static void test_missing_values_are_a_cell_where_the_study_says_so(void **state)
{
    (void)state;
    struct made made;
    for (int protect = 0; protect < 2; protect++) {
        made_groups(&made, 30, 40, 50);
        size_t at = made.count;
        made_give(&made, &at, GROUP, 10, VALUE_MISSING);
        made.limits.protect_missing = protect;
        made_apply(&made, frequency);
        assert_cell_is_hidden(&made, 3, protect);
        assert_cell_is_hidden(&made, 0, protect);
        assert_int_equal(made_withheld(&made), protect ? 2 : 0);
        made_end(&made);
    }
}

static void test_a_crosstab_hides_a_rectangle(void **state)
{
    (void)state;
    struct made made;
    size_t at = 0;
    made_groups(&made, 40, 80, 0);
    made_give(&made, &at, EVENT, 10, 1);
    made_give(&made, &at, EVENT, 30, 0);
    made_give(&made, &at, EVENT, 40, 1);
    made_give(&made, &at, EVENT, 40, 0);
    made_apply(&made, "{\"analyses\":[{\"crosstab\":{\"rows\":\"group\","
                      "\"columns\":\"event\"}}]}");
    assert_int_equal(made_by_rule(&made, RULE_CELL), 1);
    assert_int_equal(made_by_rule(&made, RULE_COMPLEMENTARY), 3);
    made_end(&made);
}

/* Missing values of either variable, each a cell of its own. */
static void test_missing_values_of_a_crosstab_are_cells(void **state)
{
    (void)state;
    struct made made;
    for (int protect = 0; protect < 2; protect++) {
        made_groups(&made, 40, 40, 50);
        size_t at = made.count;
        made_give(&made, &at, GROUP, 10, VALUE_MISSING);
        for (size_t i = 0; i < 9; i++)
            made.codes[i][EVENT] = VALUE_MISSING;
        made.limits.protect_missing = protect;
        made_apply(&made, "{\"analyses\":[{\"crosstab\":{\"rows\":\"group\","
                          "\"columns\":\"event\"}}]}");
        assert_int_equal(made_withheld(&made) > 0, protect);
        made_end(&made);
    }
}

static void test_bins_of_a_histogram_are_cells(void **state)
{
    (void)state;
    static const char query[] =
        "{\"analyses\":[{\"histogram\":{\"variable\":\"x\",\"width\":5}}]}";
    struct made made;
    for (size_t few = 10; few <= 11; few++) {
        size_t at = 0;
        made_start(&made, 0);
        made_give(&made, &at, X, few, 2);
        made_give(&made, &at, X, 50, 7);
        made_apply(&made, query);
        assert_int_equal(made_by_rule(&made, RULE_CELL), few == 10);
        assert_int_equal(made_by_rule(&made, RULE_COMPLEMENTARY), few == 10);
        made_end(&made);
    }
}

static void test_counts_are_rounded_to_the_base(void **state)
{
    (void)state;
    struct made made;
    made_groups(&made, 12, 13, 40);
    made.limits.rounding = 5;
    made_apply(&made, frequency);
    assert_int_equal((int)made_cell(&made, 0)[CELL_PEOPLE], 10);
    assert_int_equal((int)made_cell(&made, 1)[CELL_ROWS], 15);
    assert_int_equal((int)made_cell(&made, 2)[CELL_PEOPLE], 40);
    assert_int_equal((int)made_segment(&made, 0)[HEAD_PEOPLE], 65);
    made_end(&made);
    made_start(&made, 13);
    made.limits.rounding = 10;
    made_apply(&made, "{\"analyses\":[{\"count\":{}}]}");
    assert_int_equal((int)made_segment(&made, 0)[HEAD_ROWS], 10);
    assert_int_equal((int)made_segment(&made, 0)[HEAD_PEOPLE], 10);
    made_end(&made);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_small_cell_takes_its_smallest_neighbour_along),
        cmocka_unit_test(test_zeros_are_hidden_where_the_study_says_so),
        cmocka_unit_test(test_a_table_that_cannot_be_protected_is_withheld),
        cmocka_unit_test(
            test_missing_values_are_a_cell_where_the_study_says_so),
        cmocka_unit_test(test_a_crosstab_hides_a_rectangle),
        cmocka_unit_test(test_missing_values_of_a_crosstab_are_cells),
        cmocka_unit_test(test_bins_of_a_histogram_are_cells),
        cmocka_unit_test(test_counts_are_rounded_to_the_base),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
