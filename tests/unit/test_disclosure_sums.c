/* What may leave of sums and of ordered counts, rule by rule. */
#include "disclosure_fixture.h"

/* ---- D4, D5: sums ---- */

static const char summary[] =
    "{\"analyses\":[{\"summary\":{\"variables\":[\"x\"]}}]}";

/* One with `first`, one with `second`, `ones` with 1; zeros up to 30. */
static void make_parts(
    struct made *made, int32_t first, int32_t second, size_t ones, bool own)
{
    size_t at = 0;
    made_start(made, 0);
    made_give(made, &at, X, 1, first);
    made_give(made, &at, X, 1, second);
    made_give(made, &at, X, ones, 1);
    made_give(made, &at, X, 30 - at, 0);
    made->own = own;
}

static void check_dominated(struct made *made, bool dominated)
{
    made_apply(made, summary);
    assert_int_equal(made_by_rule(made, RULE_DOMINANCE), dominated);
    assert_cell_is_hidden(made, 0, dominated);
    made_end(made);
}

static void test_one_persons_part_is_half_of_the_sum_at_most(void **state)
{
    (void)state;
    struct made made;
    make_parts(&made, 9, 1, 7, true); /* 9 of 17 */
    check_dominated(&made, true);
    make_parts(&made, 9, 1, 8, true); /* 9 of 18 */
    check_dominated(&made, false);
}

static void test_two_peoples_part_is_two_thirds_at_most(void **state)
{
    (void)state;
    struct made made;
    make_parts(&made, 6, 6, 5, true); /* 12 of 17 */
    check_dominated(&made, true);
    make_parts(&made, 6, 6, 6, true); /* 12 of 18 */
    check_dominated(&made, false);
}

static void test_the_second_cannot_estimate_the_first(void **state)
{
    (void)state;
    struct made made;
    for (size_t ones = 0; ones < 2; ones++) {
        make_parts(&made, 9, 9, ones, true);
        made.limits.dominance_one = made.limits.dominance_two = 100;
        check_dominated(&made, ones == 0);
    }
}

/* The bounds that a sum itself gives, sqrt(Q) and sqrt(2 Q). */
static void test_a_sum_is_judged_by_its_bounds(void **state)
{
    (void)state;
    struct made made;
    make_parts(&made, 9, 1, 9, false); /* sqrt(91) of 19 */
    check_dominated(&made, true);
    make_parts(&made, 9, 1, 10, false); /* sqrt(184) of 20 */
    check_dominated(&made, true);
    make_parts(&made, 9, 1, 11, false); /* sqrt(186) of 21 */
    check_dominated(&made, false);
    make_parts(&made, 9, 1, 11, false);
    made.limits.p_percent = 100;
    check_dominated(&made, true);
}

static void test_a_sum_of_zeros_is_nobodys(void **state)
{
    (void)state;
    struct made made;
    for (int own = 0; own < 2; own++) {
        make_parts(&made, 0, 0, 0, own);
        check_dominated(&made, false);
    }
}

static void test_few_recorded_values_give_no_sum(void **state)
{
    (void)state;
    struct made made;
    for (size_t recorded = 10; recorded <= 11; recorded++) {
        size_t at = 0;
        made_start(&made, 0);
        made_give(&made, &at, X, recorded, 3);
        made_give(&made, &at, X, 20, VALUE_MISSING);
        made_apply(&made, summary);
        assert_int_equal(made_by_rule(&made, RULE_CELL), recorded == 10);
        made_end(&made);
    }
    size_t at = 0;
    made_start(&made, 0);
    made_give(&made, &at, X, 20, VALUE_MISSING);
    made_apply(&made, summary);
    assert_int_equal(made_withheld(&made), 0);
    made_end(&made);
}

static void test_ten_people_a_released_moment(void **state)
{
    (void)state;
    static const char two[] =
        "{\"analyses\":[{\"summary\":{\"variables\":[\"x\",\"y\"]}}]}";
    struct made made;
    for (size_t people = 19; people <= 20; people++) {
        made_start(&made, people);
        made_apply(&made, two);
        assert_int_equal(made_by_rule(&made, RULE_MOMENTS), people == 19);
        assert_cell_is_hidden(&made, 0, false);
        assert_cell_is_hidden(&made, 1, people == 19);
        made_end(&made);
    }
}

/* ---- D7: ordered counts ---- */

static const char quantile[] =
    "{\"analyses\":[{\"quantile\":{\"variable\":\"x\",\"probs\":[0.5]}}]}";

static void test_few_values_give_no_quantile(void **state)
{
    (void)state;
    struct made made;
    for (size_t recorded = 10; recorded <= 11; recorded++) {
        size_t at = 0;
        made_start(&made, 0);
        made_give(&made, &at, X, recorded, 3);
        made_give(&made, &at, X, 20, VALUE_MISSING);
        made_apply(&made, quantile);
        assert_int_equal(made_by_rule(&made, RULE_QUANTILE), recorded == 10);
        for (size_t cell = 0; cell < 10; cell++)
            assert_int_equal((int)made_cell(&made, cell)[CELL_PEOPLE],
                recorded == 11 && cell == 3 ? 11 : 0);
        made_end(&made);
    }
}

/* Steps 0 to 9 of x with that many people: whether they stay as they are. */
static void check_steps(const size_t *people, bool own, bool stay)
{
    struct made made;
    size_t at = 0;
    made_start(&made, 0);
    for (int32_t step = 0; step < 10; step++)
        made_give(&made, &at, X, people[step], step);
    made.own = own;
    made_apply(&made, quantile);
    for (size_t cell = 0; cell < 10; cell++)
        assert_int_equal(
            (int)made_cell(&made, cell)[CELL_PEOPLE], stay ? people[cell] : 0);
    assert_int_equal(made_by_rule(&made, RULE_STEPS), !stay);
    made_end(&made);
}

/* Merged with neighbours they would have other ranks. */
static void test_a_centers_own_steps_of_few_are_withheld(void **state)
{
    (void)state;
    const size_t people[10] = {3, 8, 0, 5, 30, 0, 6, 0, 5, 2};
    check_steps(people, true, false);
    check_steps(people, false, true); /* the steps of a sum are not told */
    const size_t enough[10] = {11, 12, 13, 14, 15, 11, 12, 13, 14, 0};
    check_steps(enough, true, true);
    const size_t one[10] = {11, 12, 13, 14, 15, 11, 12, 13, 14, 1};
    check_steps(one, true, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_persons_part_is_half_of_the_sum_at_most),
        cmocka_unit_test(test_two_peoples_part_is_two_thirds_at_most),
        cmocka_unit_test(test_the_second_cannot_estimate_the_first),
        cmocka_unit_test(test_a_sum_is_judged_by_its_bounds),
        cmocka_unit_test(test_a_sum_of_zeros_is_nobodys),
        cmocka_unit_test(test_few_recorded_values_give_no_sum),
        cmocka_unit_test(test_ten_people_a_released_moment),
        cmocka_unit_test(test_few_values_give_no_quantile),
        cmocka_unit_test(test_a_centers_own_steps_of_few_are_withheld),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
