/*
 * What may leave, rule by rule, at the boundary of 10 and 11 people; for every
 * analysis of the catalogue, of one center's own figures and of a sum.
 */
#include "policy/disclosure.h"

#include "analysis_fixture.h"
#include "catalogue_fixture.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))
#define ROWS_OF 200

/* People, one row each; x, y and so on vary with the row. */
struct made {
    struct table table;
    struct asked asked;
    struct contribution figures;
    struct limits limits;
    struct disclosure_report report;
    uint64_t outside; /* people of the center who are not in the cohort */
    bool own;         /* a center's own figures, not a sum */
    size_t count;
    int32_t codes[ROWS_OF][MADE_VARIABLES];
};

static void make(struct made *made, size_t count)
{
    memset(made, 0, sizeof *made);
    made->count = count;
    made->own = true;
    limits_default(&made->limits);
    made_rows(made->codes, ROWS_OF);
}

/* The next `people` rows from *at on have this code. */
static void give(
    struct made *made, size_t *at, int variable, size_t people, int32_t code)
{
    for (size_t i = 0; i < people; i++)
        made->codes[(*at)++][variable] = code;
    made->count = *at;
}

static void apply(struct made *made, const char *query)
{
    table_create(
        &made->table, made_dictionary, made->codes[0], made->count, NULL);
    ask_own(&made->asked, &made->table, query, &made->figures);
    struct contribution sum = made->figures;
    if (!made->own)
        sum.facts = NULL;
    assert_int_equal(
        disclosure_apply(made->asked.plan, &made->limits,
            made->figures.cohort_people + made->outside, &sum, &made->report),
        STATUS_OK);
}

static void end(struct made *made)
{
    for (size_t rule = 0; rule < RULE_COUNT; rule++) {
        assert_int_equal(
            (int64_t)made->figures.vector.elements[PLAN_RULES + rule],
            made->report.withheld[rule]);
    }
    contribution_fini(&made->figures);
    asked_destroy(&made->asked);
    table_destroy(&made->table);
}

static const int128 *segment_of(const struct made *made, size_t segment)
{
    return made->figures.vector.elements +
           made->asked.plan->segments[segment].first;
}

static const int128 *cell_of(const struct made *made, size_t cell)
{
    const struct table_shape *table = &made->asked.plan->shapes[0].tables[0];
    return segment_of(made, 0) + table->first + cell * table_cell_length(table);
}

static uint64_t by_rule(const struct made *made, enum disclosure_rule rule)
{
    return made->report.withheld[rule];
}

static uint64_t withheld_in_all(const struct made *made)
{
    uint64_t sum = 0;
    for (size_t rule = 0; rule < RULE_COUNT; rule++)
        sum += made->report.withheld[rule];
    return sum;
}

/* Withheld: one flag in the head and not a number more. */
static void assert_segment_is_empty(const struct made *made, size_t segment)
{
    const size_t analysis = made->asked.plan->segments[segment].analysis;
    const int128 *at = segment_of(made, segment);
    for (size_t i = 0; i < made->asked.plan->shapes[analysis].length; i++)
        assert_true(at[i] == (i == HEAD_WITHHELD));
}

static void assert_cell_is_hidden(
    const struct made *made, size_t cell, bool hidden)
{
    const struct table_shape *table = &made->asked.plan->shapes[0].tables[0];
    const int128 *at = cell_of(made, cell);
    assert_int_equal((int)at[CELL_WITHHELD], hidden);
    for (size_t i = 0; hidden && i < table_cell_length(table); i++)
        assert_true(at[i] == (i == CELL_WITHHELD));
}

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
        {0, 11, RULE_COUNT}};
    char query[256];
    snprintf(query, sizeof query, "{\"analyses\":[%s]}", question);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct made made;
        make(&made, cases[i].people);
        made.outside = cases[i].outside;
        made.own = own;
        apply(&made, query);
        assert_int_equal(
            by_rule(&made, RULE_COHORT), cases[i].rule == RULE_COHORT);
        assert_int_equal(
            by_rule(&made, RULE_COMPLEMENT), cases[i].rule == RULE_COMPLEMENT);
        if (cases[i].rule != RULE_COUNT)
            assert_segment_is_empty(&made, 0);
        else
            assert_int_equal(
                (int)segment_of(&made, 0)[HEAD_PEOPLE], cases[i].people);
        assert_int_equal((int)made.figures.vector.elements[PLAN_REACHABLE], 0);
        assert_int_equal((int)made.figures.vector.elements[PLAN_COHORT], 0);
        end(&made);
    }
}

static void test_cohort_and_the_rest_are_nobody_or_eleven(void **state)
{
    (void)state;
    for (size_t i = 0; i < made_question_count; i++) {
        check_cohort_and_rest(made_questions[i], true);
        check_cohort_and_rest(made_questions[i], false);
    }
    assert_int_equal(made_question_count, analysis_catalogue_count);
}

static void test_open_limits_withhold_nothing(void **state)
{
    (void)state;
    for (size_t i = 0; i < made_question_count; i++) {
        char query[256];
        struct made made;
        snprintf(query, sizeof query, "{\"analyses\":[%s]}", made_questions[i]);
        make(&made, 3);
        made.outside = 1;
        limits_open(&made.limits);
        apply(&made, query);
        assert_int_equal(withheld_in_all(&made), 0);
        assert_int_equal((int)segment_of(&made, 0)[HEAD_PEOPLE], 3);
        end(&made);
    }
}

static void test_levels_stand_alone(void **state)
{
    (void)state;
    struct made made;
    size_t at = 0;
    make(&made, 0);
    give(&made, &at, GROUP, 10, 0);
    give(&made, &at, GROUP, 11, 1);
    apply(&made, "{\"by\":[\"group\"],\"analyses\":[{\"count\":{}}]}");
    assert_int_equal(by_rule(&made, RULE_COHORT), 1);
    assert_segment_is_empty(&made, 0);
    assert_int_equal((int)segment_of(&made, 1)[HEAD_PEOPLE], 11);
    assert_int_equal((int)segment_of(&made, 2)[HEAD_PEOPLE], 0);
    assert_int_equal((int)segment_of(&made, 2)[HEAD_WITHHELD], 0);
    end(&made);
}

/* ---- D2, D3, D8, D17: counts ---- */

static const char frequency[] =
    "{\"analyses\":[{\"frequency\":{\"variable\":\"group\"}}]}";

static void make_groups(struct made *made, size_t a, size_t b, size_t c)
{
    size_t at = 0;
    make(made, 0);
    give(made, &at, GROUP, a, 0);
    give(made, &at, GROUP, b, 1);
    give(made, &at, GROUP, c, 2);
}

static void test_a_small_cell_takes_its_smallest_neighbour_along(void **state)
{
    (void)state;
    struct made made;
    make_groups(&made, 10, 40, 30);
    apply(&made, frequency);
    assert_cell_is_hidden(&made, 0, true);
    assert_cell_is_hidden(&made, 1, false);
    assert_cell_is_hidden(&made, 2, true);
    assert_int_equal(by_rule(&made, RULE_CELL), 1);
    assert_int_equal(by_rule(&made, RULE_COMPLEMENTARY), 1);
    end(&made);
    make_groups(&made, 11, 40, 30);
    apply(&made, frequency);
    assert_int_equal(withheld_in_all(&made), 0);
    assert_int_equal((int)cell_of(&made, 0)[CELL_PEOPLE], 11);
    end(&made);
}

static void test_zeros_are_hidden_where_the_study_says_so(void **state)
{
    (void)state;
    struct made made;
    make_groups(&made, 0, 40, 30);
    apply(&made, frequency);
    assert_int_equal(withheld_in_all(&made), 0);
    end(&made);
    make_groups(&made, 0, 40, 30);
    made.limits.hide_zeros = true;
    apply(&made, frequency);
    assert_cell_is_hidden(&made, 0, true);
    assert_cell_is_hidden(&made, 2, true);
    assert_int_equal(by_rule(&made, RULE_CELL), 1);
    assert_int_equal(by_rule(&made, RULE_COMPLEMENTARY), 1);
    end(&made);
}

/* Nothing can stand beside the small cell: the table goes as a whole. */
static void test_a_table_that_cannot_be_protected_is_withheld(void **state)
{
    (void)state;
    struct made made;
    size_t at;
    make_groups(&made, 10, 0, 0);
    at = made.count;
    give(&made, &at, GROUP, 20, VALUE_MISSING);
    apply(&made, frequency);
    assert_int_equal(by_rule(&made, RULE_TABLE), 3);
    for (size_t cell = 0; cell < 3; cell++)
        assert_cell_is_hidden(&made, cell, true);
    assert_cell_is_hidden(&made, 3, false); /* missing values are no cell */
    assert_int_equal((int)cell_of(&made, 3)[CELL_PEOPLE], 20);
    end(&made);
}

static void test_missing_values_are_a_cell_where_the_study_says_so(void **state)
{
    (void)state;
    struct made made;
    for (int protect = 0; protect < 2; protect++) {
        make_groups(&made, 30, 40, 50);
        size_t at = made.count;
        give(&made, &at, GROUP, 10, VALUE_MISSING);
        made.limits.protect_missing = protect;
        apply(&made, frequency);
        assert_cell_is_hidden(&made, 3, protect);
        assert_cell_is_hidden(&made, 0, protect);
        assert_int_equal(withheld_in_all(&made), protect ? 2 : 0);
        end(&made);
    }
}

static void test_a_crosstab_hides_a_rectangle(void **state)
{
    (void)state;
    struct made made;
    size_t at = 0;
    make_groups(&made, 40, 80, 0);
    give(&made, &at, EVENT, 10, 1);
    give(&made, &at, EVENT, 30, 0);
    give(&made, &at, EVENT, 40, 1);
    give(&made, &at, EVENT, 40, 0);
    apply(&made, "{\"analyses\":[{\"crosstab\":{\"rows\":\"group\","
                 "\"columns\":\"event\"}}]}");
    assert_int_equal(by_rule(&made, RULE_CELL), 1);
    assert_int_equal(by_rule(&made, RULE_COMPLEMENTARY), 3);
    end(&made);
}

/* Missing values of either variable, each a cell of its own. */
static void test_missing_values_of_a_crosstab_are_cells(void **state)
{
    (void)state;
    struct made made;
    for (int protect = 0; protect < 2; protect++) {
        make_groups(&made, 40, 40, 50);
        size_t at = made.count;
        give(&made, &at, GROUP, 10, VALUE_MISSING);
        for (size_t i = 0; i < 9; i++)
            made.codes[i][EVENT] = VALUE_MISSING;
        made.limits.protect_missing = protect;
        apply(&made, "{\"analyses\":[{\"crosstab\":{\"rows\":\"group\","
                     "\"columns\":\"event\"}}]}");
        assert_int_equal(withheld_in_all(&made) > 0, protect);
        end(&made);
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
        make(&made, 0);
        give(&made, &at, X, few, 2);
        give(&made, &at, X, 50, 7);
        apply(&made, query);
        assert_int_equal(by_rule(&made, RULE_CELL), few == 10);
        assert_int_equal(by_rule(&made, RULE_COMPLEMENTARY), few == 10);
        end(&made);
    }
}

static void test_counts_are_rounded_to_the_base(void **state)
{
    (void)state;
    struct made made;
    make_groups(&made, 12, 13, 40);
    made.limits.rounding = 5;
    apply(&made, frequency);
    assert_int_equal((int)cell_of(&made, 0)[CELL_PEOPLE], 10);
    assert_int_equal((int)cell_of(&made, 1)[CELL_ROWS], 15);
    assert_int_equal((int)cell_of(&made, 2)[CELL_PEOPLE], 40);
    assert_int_equal((int)segment_of(&made, 0)[HEAD_PEOPLE], 65);
    end(&made);
    make(&made, 13);
    made.limits.rounding = 10;
    apply(&made, "{\"analyses\":[{\"count\":{}}]}");
    assert_int_equal((int)segment_of(&made, 0)[HEAD_ROWS], 10);
    assert_int_equal((int)segment_of(&made, 0)[HEAD_PEOPLE], 10);
    end(&made);
}

/* ---- D4, D5: sums ---- */

static const char summary[] =
    "{\"analyses\":[{\"summary\":{\"variables\":[\"x\"]}}]}";

/* One with `first`, one with `second`, `ones` with 1; zeros up to 30. */
static void make_parts(
    struct made *made, int32_t first, int32_t second, size_t ones, bool own)
{
    size_t at = 0;
    make(made, 0);
    give(made, &at, X, 1, first);
    give(made, &at, X, 1, second);
    give(made, &at, X, ones, 1);
    give(made, &at, X, 30 - at, 0);
    made->own = own;
}

static void check_dominated(struct made *made, bool dominated)
{
    apply(made, summary);
    assert_int_equal(by_rule(made, RULE_DOMINANCE), dominated);
    assert_cell_is_hidden(made, 0, dominated);
    end(made);
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
        make(&made, 0);
        give(&made, &at, X, recorded, 3);
        give(&made, &at, X, 20, VALUE_MISSING);
        apply(&made, summary);
        assert_int_equal(by_rule(&made, RULE_CELL), recorded == 10);
        end(&made);
    }
    size_t at = 0;
    make(&made, 0);
    give(&made, &at, X, 20, VALUE_MISSING);
    apply(&made, summary);
    assert_int_equal(withheld_in_all(&made), 0);
    end(&made);
}

static void test_ten_people_a_released_moment(void **state)
{
    (void)state;
    static const char two[] =
        "{\"analyses\":[{\"summary\":{\"variables\":[\"x\",\"y\"]}}]}";
    struct made made;
    for (size_t people = 19; people <= 20; people++) {
        make(&made, people);
        apply(&made, two);
        assert_int_equal(by_rule(&made, RULE_MOMENTS), people == 19);
        assert_cell_is_hidden(&made, 0, false);
        assert_cell_is_hidden(&made, 1, people == 19);
        end(&made);
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
        make(&made, 0);
        give(&made, &at, X, recorded, 3);
        give(&made, &at, X, 20, VALUE_MISSING);
        apply(&made, quantile);
        assert_int_equal(by_rule(&made, RULE_QUANTILE), recorded == 10);
        for (size_t cell = 0; cell < 10; cell++)
            assert_int_equal((int)cell_of(&made, cell)[CELL_PEOPLE],
                recorded == 11 && cell == 0 ? 11 : 0);
        end(&made);
    }
}

/* Steps 0 to 9 of x with that many people, and what may leave. */
static void check_steps(
    const size_t *people, const size_t *expected, bool own, uint64_t merged)
{
    struct made made;
    size_t at = 0;
    make(&made, 0);
    for (int32_t step = 0; step < 10; step++)
        give(&made, &at, X, people[step], step);
    made.own = own;
    apply(&made, quantile);
    for (size_t cell = 0; cell < 10; cell++)
        assert_int_equal(
            (int)cell_of(&made, cell)[CELL_PEOPLE], expected[cell]);
    assert_int_equal(by_rule(&made, RULE_MERGED), merged);
    end(&made);
}

static void test_neighbours_are_merged_outward_from_the_median(void **state)
{
    (void)state;
    /* the median lies in step 4 */
    const size_t people[10] = {3, 8, 0, 5, 30, 0, 6, 0, 5, 2};
    const size_t merged[10] = {11, 0, 35, 0, 0, 0, 0, 0, 0, 13};
    check_steps(people, merged, true, 3);
    check_steps(people, people, false, 0); /* the steps of a sum are not told */
    const size_t enough[10] = {11, 12, 13, 14, 15, 11, 12, 13, 14, 15};
    check_steps(enough, enough, true, 0);
}

/* A limit above the cell's holds at both ends of a center's own steps. */
static void test_the_outermost_steps_hold_a_quantiles_tail(void **state)
{
    (void)state;
    static const size_t people[10] = {3, 8, 0, 5, 30, 0, 6, 0, 5, 2};
    static const struct {
        int64_t min_cell, tail;
        size_t expected[10];
    } cases[] = {
        {11, 11, {11, 0, 35, 0, 0, 0, 0, 0, 0, 13}},
        {11, 13, {16, 0, 0, 0, 30, 0, 0, 0, 0, 13}},
        {11, 14, {16, 0, 0, 0, 43, 0, 0, 0, 0, 0}},
        {1, 13, {16, 0, 0, 0, 30, 0, 0, 0, 0, 13}},
        {1, 0, {3, 8, 0, 5, 30, 0, 6, 0, 5, 2}},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct made made;
        size_t at = 0;
        make(&made, 0);
        for (int32_t step = 0; step < 10; step++)
            give(&made, &at, X, people[step], step);
        made.limits.min_cell = cases[i].min_cell;
        made.limits.quantile_tail = cases[i].tail;
        apply(&made, quantile);
        for (size_t cell = 0; cell < 10; cell++)
            assert_int_equal((int)cell_of(&made, cell)[CELL_PEOPLE],
                cases[i].expected[cell]);
        end(&made);
    }
}

/* ---- D9, D11: models and curves ---- */

static void test_a_model_has_ten_people_a_parameter(void **state)
{
    (void)state;
    static const char lm[] =
        "{\"analyses\":[{\"lm\":{\"formula\":\"y ~ x\"}}]}";
    struct made made;
    for (size_t people = 19; people <= 20; people++) {
        make(&made, people);
        apply(&made, lm);
        assert_int_equal(by_rule(&made, RULE_MODEL), people == 19);
        assert_cell_is_hidden(&made, 0, people == 19);
        end(&made);
    }
    for (size_t complete = 10; complete <= 11; complete++) {
        size_t at = 0;
        make(&made, 0);
        give(&made, &at, X, complete, 3);
        give(&made, &at, X, 20, VALUE_MISSING);
        made.limits.moments_share = 0;
        apply(&made, lm);
        assert_int_equal(by_rule(&made, RULE_CELL), complete == 10);
        end(&made);
    }
    size_t at = 0;
    make(&made, 0);
    give(&made, &at, X, 20, VALUE_MISSING);
    apply(&made, lm);
    assert_int_equal(withheld_in_all(&made), 0);
    end(&made);
}

static void test_a_small_group_has_no_curve(void **state)
{
    (void)state;
    static const char km[] =
        "{\"analyses\":[{\"km\":{\"formula\":"
        "\"Surv(time, event) ~ group\",\"grid_days\":1}}]}";
    struct made made;
    for (size_t few = 10; few <= 11; few++) {
        make_groups(&made, few, 60, 0);
        apply(&made, km);
        assert_int_equal(by_rule(&made, RULE_CELL), few == 10);
        assert_cell_is_hidden(&made, 0, few == 10);
        end(&made);
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
        cmocka_unit_test(test_cohort_and_the_rest_are_nobody_or_eleven),
        cmocka_unit_test(test_open_limits_withhold_nothing),
        cmocka_unit_test(test_levels_stand_alone),
        cmocka_unit_test(test_a_small_cell_takes_its_smallest_neighbour_along),
        cmocka_unit_test(test_zeros_are_hidden_where_the_study_says_so),
        cmocka_unit_test(test_a_table_that_cannot_be_protected_is_withheld),
        cmocka_unit_test(
            test_missing_values_are_a_cell_where_the_study_says_so),
        cmocka_unit_test(test_a_crosstab_hides_a_rectangle),
        cmocka_unit_test(test_missing_values_of_a_crosstab_are_cells),
        cmocka_unit_test(test_bins_of_a_histogram_are_cells),
        cmocka_unit_test(test_counts_are_rounded_to_the_base),
        cmocka_unit_test(test_one_persons_part_is_half_of_the_sum_at_most),
        cmocka_unit_test(test_two_peoples_part_is_two_thirds_at_most),
        cmocka_unit_test(test_the_second_cannot_estimate_the_first),
        cmocka_unit_test(test_a_sum_is_judged_by_its_bounds),
        cmocka_unit_test(test_a_sum_of_zeros_is_nobodys),
        cmocka_unit_test(test_few_recorded_values_give_no_sum),
        cmocka_unit_test(test_ten_people_a_released_moment),
        cmocka_unit_test(test_few_values_give_no_quantile),
        cmocka_unit_test(test_neighbours_are_merged_outward_from_the_median),
        cmocka_unit_test(test_the_outermost_steps_hold_a_quantiles_tail),
        cmocka_unit_test(test_a_model_has_ten_people_a_parameter),
        cmocka_unit_test(test_a_small_group_has_no_curve),
        cmocka_unit_test(test_rules_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
