/*
 * What may leave at the boundary of 10 and 11 people: cohort and complement of
 * every analysis of the catalogue, of one center's own figures and of a sum;
 * models and curves.
 */
#include "disclosure_fixture.h"

/* ---- D1: cohort and complement, for every analysis ---- */

static void check_cohort_and_rest(const char *question, bool own)
{
    static const struct {
        size_t people;
        uint64_t outside;
        enum disclosure_rule rule; /* RULE_COUNT: neither */
    } cases[] = {{1, 0, RULE_COHORT}, {10, 0, RULE_COHORT},
        {10, 11, RULE_COHORT}, {11, 1, RULE_COMPLEMENT},
        {11, 10, RULE_COMPLEMENT}, {11, 11, RULE_COUNT}, {11, 0, RULE_COUNT},
        {0, 11, RULE_COHORT}};
    char query[256];
    snprintf(query, sizeof query, "{\"analyses\":[%s]}", question);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct made made;
        made_start(&made, cases[i].people);
        made.outside = cases[i].outside;
        made.own = own;
        made_apply(&made, query);
        assert_int_equal(
            made_by_rule(&made, RULE_COHORT), cases[i].rule == RULE_COHORT);
        assert_int_equal(made_by_rule(&made, RULE_COMPLEMENT),
            cases[i].rule == RULE_COMPLEMENT);
        if (cases[i].rule != RULE_COUNT)
            assert_segment_is_empty(&made, 0);
        else
            assert_int_equal(
                (int)made_segment(&made, 0)[HEAD_PEOPLE], cases[i].people);
        assert_int_equal((int)made.figures.vector.elements[PLAN_REACHABLE], 0);
        assert_int_equal((int)made.figures.vector.elements[PLAN_COHORT], 0);
        made_end(&made);
    }
}

static void test_cohort_is_eleven_and_the_rest_nobody_or_eleven(void **state)
{
    (void)state;
    for (size_t i = 0; i < made_question_count; i++) {
        check_cohort_and_rest(made_questions[i], true);
        check_cohort_and_rest(made_questions[i], false);
    }
    assert_int_equal(made_question_count, analysis_catalogue_count);
}

/* A sum lacks the cohorts of centers that applied the rules themselves; their
 * segments are in it. */
static void test_a_sum_of_reviewed_figures_is_told(void **state)
{
    (void)state;
    struct made made;
    struct disclosure_report report;
    made_start(&made, 11);
    made.own = true;
    made_apply(&made, "{\"analyses\":[{\"count\":{}}]}");
    const int128 *heads = made.figures.vector.elements;
    struct contribution sum = {.vector = made.figures.vector,
        .cohort_people = (uint64_t)heads[PLAN_COHORT]};
    assert_int_equal(disclosure_apply(made.asked.plan, &made.limits,
                         (uint64_t)heads[PLAN_REACHABLE], &sum, &report),
        STATUS_OK);
    assert_int_equal(report.withheld[RULE_COHORT], 0);
    assert_int_equal((int)made_segment(&made, 0)[HEAD_PEOPLE], 11);
    made_end(&made);
}

static void test_open_limits_withhold_nothing(void **state)
{
    (void)state;
    for (size_t i = 0; i < made_question_count; i++) {
        char query[256];
        struct made made;
        snprintf(query, sizeof query, "{\"analyses\":[%s]}", made_questions[i]);
        made_start(&made, 3);
        made.outside = 1;
        limits_open(&made.limits);
        made_apply(&made, query);
        assert_int_equal(made_withheld(&made), 0);
        assert_int_equal((int)made_segment(&made, 0)[HEAD_PEOPLE], 3);
        made_end(&made);
    }
}

static void test_levels_stand_alone(void **state)
{
    (void)state;
    struct made made;
    size_t at = 0;
    made_start(&made, 0);
    made_give(&made, &at, GROUP, 10, 0);
    made_give(&made, &at, GROUP, 11, 1);
    made_apply(&made, "{\"by\":[\"group\"],\"analyses\":[{\"count\":{}}]}");
    /* Ten people and nobody are told alike. */
    assert_int_equal(made_by_rule(&made, RULE_COHORT), 2);
    assert_segment_is_empty(&made, 0);
    assert_int_equal((int)made_segment(&made, 1)[HEAD_PEOPLE], 11);
    assert_segment_is_empty(&made, 2);
    made_end(&made);
}

/* ---- D9, D11: models and curves ---- */

static void test_a_model_has_ten_people_a_parameter(void **state)
{
    (void)state;
    static const char lm[] =
        "{\"analyses\":[{\"lm\":{\"formula\":\"y ~ x\"}}]}";
    struct made made;
    for (size_t people = 19; people <= 20; people++) {
        made_start(&made, people);
        made_apply(&made, lm);
        assert_int_equal(made_by_rule(&made, RULE_MODEL), people == 19);
        assert_cell_is_hidden(&made, 0, people == 19);
        made_end(&made);
    }
    for (size_t complete = 10; complete <= 11; complete++) {
        size_t at = 0;
        made_start(&made, 0);
        made_give(&made, &at, X, complete, 3);
        made_give(&made, &at, X, 20, VALUE_MISSING);
        made.limits.moments_share = 0;
        made_apply(&made, lm);
        assert_int_equal(made_by_rule(&made, RULE_CELL), complete == 10);
        made_end(&made);
    }
    size_t at = 0;
    made_start(&made, 0);
    made_give(&made, &at, X, 20, VALUE_MISSING);
    made_apply(&made, lm);
    assert_int_equal(made_withheld(&made), 0);
    made_end(&made);
}

static void test_a_small_group_has_no_curve(void **state)
{
    (void)state;
    static const char km[] =
        "{\"analyses\":[{\"km\":{\"formula\":"
        "\"Surv(time, event) ~ group\",\"grid_days\":1}}]}";
    struct made made;
    for (size_t few = 10; few <= 11; few++) {
        made_groups(&made, few, 60, 0);
        made.own = false;
        made_apply(&made, km);
        assert_int_equal(made_by_rule(&made, RULE_CELL), few == 10);
        assert_cell_is_hidden(&made, 0, few == 10);
        made_end(&made);
    }
}

static void test_rules_have_names(void **state)
{
    (void)state;
    for (int rule = 0; rule < RULE_COUNT; rule++) {
        for (int other = 0; other < rule; other++) {
            assert_string_not_equal(
                disclosure_rule_name((enum disclosure_rule)rule),
                disclosure_rule_name((enum disclosure_rule)other));
        }
    }
    assert_string_equal(disclosure_rule_name(RULE_COUNT), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cohort_is_eleven_and_the_rest_nobody_or_eleven),
        cmocka_unit_test(test_a_sum_of_reviewed_figures_is_told),
        cmocka_unit_test(test_open_limits_withhold_nothing),
        cmocka_unit_test(test_levels_stand_alone),
        cmocka_unit_test(test_a_model_has_ten_people_a_parameter),
        cmocka_unit_test(test_a_small_group_has_no_curve),
        cmocka_unit_test(test_rules_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
