/* D9 to D12 at their boundaries, on sums and on a center's own figures. */
#include "policy/disclosure.h"

#include "analysis_fixture.h"

static const char dictionary[] =
    "{\"id\":\"made\",\"version\":1,\"variables\":["
    "{\"name\":\"time\",\"type\":\"days\",\"entity\":\"exam\",\"min\":0,"
    "\"max\":9},"
    "{\"name\":\"event\",\"type\":\"boolean\",\"entity\":\"exam\"},"
    "{\"name\":\"x\",\"type\":\"integer\",\"entity\":\"exam\",\"min\":0,"
    "\"max\":9},"
    "{\"name\":\"late\",\"type\":\"boolean\",\"entity\":\"exam\"}]}";
enum { TIME, EVENT, X, LATE, VARIABLES };
#define ROWS_OF 200
#define STEPS 10

static const char km_query[] =
    "{\"analyses\":[{\"km\":{\"formula\":\"Surv(time, event) ~ 1\","
    "\"grid_days\":1}}]}";

/* One row a person: counts[step][0] with an event, [1] without. */
static size_t make_rows(const int counts[STEPS][2], int32_t *codes)
{
    size_t at = 0;
    for (int32_t k = 0; k < 2 * STEPS; k++) {
        const int32_t step = k / 2, event = k % 2;
        for (int i = 0; i < counts[step][1 - event]; i++, at++) {
            assert_true(at < ROWS_OF);
            codes[at * VARIABLES + TIME] = step;
            codes[at * VARIABLES + EVENT] = event;
            codes[at * VARIABLES + X] = (int32_t)(at % 7);
            codes[at * VARIABLES + LATE] = step >= STEPS / 2;
        }
    }
    return at;
}

/* The rules at limit 11 on the sum of one question over such rows. */
struct review {
    int32_t codes[ROWS_OF * VARIABLES];
    struct table table;
    struct asked asked;
    struct disclosure_report report;
};

/* own: of a center's answer, not of the sum. */
static void review_begin(struct review *review, const int counts[STEPS][2],
    const char *query, bool own)
{
    struct limits limits;
    struct cell_facts facts[8] = {{0}};
    size_t count = make_rows(counts, review->codes);
    table_create(&review->table, dictionary, review->codes, count, NULL);
    ask(&review->asked, &review->table, query, 1);
    limits_default(&limits);
    struct contribution sum = {.vector = review->asked.sum,
        .cohort_people = count,
        .facts = own ? facts : NULL};
    assert_int_equal(disclosure_apply(review->asked.plan, &limits, count, &sum,
                         &review->report),
        STATUS_OK);
}

static void review_end(struct review *review)
{
    asked_destroy(&review->asked);
    table_destroy(&review->table);
}

static int64_t people_at(struct asked *asked, size_t step, bool event)
{
    return (int64_t)asked_cell(
        asked, 0, 2 * step + (event ? 0 : 1))[CELL_PEOPLE];
}

/* The sum stays as it is, and of its curve these rows are shown: time, at risk,
 * events since the row before. Each is exact: S(t) is that of all steps. */
static void check_curve(
    const int counts[STEPS][2], const int (*rows)[3], size_t count)
{
    struct review review;
    review_begin(&review, counts, km_query, false);
    for (size_t s = 0; s < STEPS; s++) {
        assert_int_equal(people_at(&review.asked, s, true), counts[s][0]);
        assert_int_equal(people_at(&review.asked, s, false), counts[s][1]);
    }
    json_t *results = asked_finish(&review.asked, 11);
    const json_t *entry = json_array_get(results, 0);
    double survival = 1, risk = 0;
    size_t step = 0;
    for (size_t s = 0; s < STEPS; s++)
        risk += counts[s][0] + counts[s][1];
    assert_int_equal(json_array_size(json_object_get(entry, "table")), count);
    for (size_t i = 0; i < count; i++) {
        const json_t *row = row_of(results, 0, i);
        for (; step <= (size_t)rows[i][0]; step++) {
            survival *= 1 - (risk > 0 ? counts[step][0] / risk : 0);
            risk -= counts[step][0] + counts[step][1];
        }
        assert_near(row, "time", rows[i][0]);
        assert_integer(row, "n_risk", rows[i][1]);
        assert_integer(row, "n_event", rows[i][2]);
        assert_near(row, "estimate", survival);
    }
    json_decref(results);
    review_end(&review);
}

static void test_steps_with_enough_are_shown(void **state)
{
    (void)state;
    const int counts[STEPS][2] = {{0, 0}, {5, 11}, {6, 0}, {0, 12}, {7, 13}};
    check_curve(
        counts, (const int[][3]){{1, 54, 5}, {2, 38, 6}, {4, 20, 7}}, 3);
}

static void test_few_events_wait_for_the_next_step(void **state)
{
    (void)state;
    check_curve((const int[STEPS][2]){{0, 0}, {4, 0}, {1, 0}, {9, 30}},
        (const int[][3]){{2, 40, 5}, {3, 39, 9}}, 2);
}

static void test_few_censored_wait_too(void **state)
{
    (void)state;
    check_curve((const int[STEPS][2]){{0, 0}, {6, 1}, {5, 9}, {5, 1}, {0, 20}},
        (const int[][3]){{2, 40, 11}, {4, 20, 5}}, 2);
}

static void test_the_curve_ends_where_few_would_remain(void **state)
{
    (void)state;
    /* After step 2 ten are left. */
    check_curve((const int[STEPS][2]){{0, 0}, {6, 0}, {5, 0}, {5, 5}},
        (const int[][3]){{1, 21, 6}}, 1);
    /* Eleven may remain. */
    check_curve((const int[STEPS][2]){{0, 0}, {6, 0}, {5, 0}, {5, 6}},
        (const int[][3]){{1, 22, 6}, {2, 16, 5}, {3, 11, 5}}, 3);
    /* Three events after step 2 would be told by the total. */
    check_curve((const int[STEPS][2]){{0, 0}, {6, 0}, {7, 0}, {3, 14}},
        (const int[][3]){{1, 30, 6}}, 1);
}

/* Merged with neighbours they would make another curve. */
static void test_a_centers_own_steps_of_few_are_withheld(void **state)
{
    (void)state;
    struct review review;
    review_begin(&review,
        (const int[STEPS][2]){{0, 0}, {11, 0}, {12, 0}, {13, 30}}, km_query,
        true);
    assert_int_equal(review.report.withheld[RULE_STEPS], 0);
    assert_int_equal(people_at(&review.asked, 2, true), 12);
    review_end(&review);
    review_begin(&review,
        (const int[STEPS][2]){{0, 0}, {11, 0}, {12, 0}, {13, 10}, {0, 20}},
        km_query, true);
    assert_int_equal(review.report.withheld[RULE_STEPS], 1);
    assert_int_equal(people_at(&review.asked, 2, true), 0);
    json_t *results = asked_finish(&review.asked, 11);
    const json_t *entry = json_array_get(results, 0);
    assert_true(json_is_true(json_object_get(entry, "suppressed")));
    assert_text(entry, "rule", "steps");
    assert_null(json_object_get(entry, "table"));
    json_decref(results);
    review_end(&review);
}

static void test_a_small_group_is_withheld(void **state)
{
    (void)state;
    struct review review;
    const int counts[STEPS][2] = {{0, 0}, {5, 5}};
    review_begin(&review, counts, km_query, false);
    assert_int_equal(review.report.withheld[RULE_COHORT], 1);
    review_end(&review);
}

static uint64_t withheld_by(enum disclosure_rule rule,
    const int counts[STEPS][2], const char *analysis, bool own)
{
    char query[256];
    struct review review;
    snprintf(query, sizeof query, "{\"analyses\":[%s]}", analysis);
    review_begin(&review, counts, query, own);
    review_end(&review);
    return review.report.withheld[rule];
}

static uint64_t models_withheld(
    const int counts[STEPS][2], const char *analysis, bool own)
{
    return withheld_by(RULE_MODEL, counts, analysis, own);
}

static const char cox[] =
    "{\"cox\":{\"formula\":\"Surv(time, event) ~ x\",\"grid_days\":1}}";
static const char cox_by_center[] =
    "{\"cox\":{\"formula\":\"Surv(time, event) ~ x + strata(center)\"}}";
static const char logistic[] =
    "{\"glm\":{\"formula\":\"event ~ x\",\"family\":\"binomial\"}}";
static const char poisson[] =
    "{\"glm\":{\"formula\":\"time ~ x\",\"family\":\"poisson\"}}";

static void test_cox_needs_ten_events_a_covariate(void **state)
{
    (void)state;
    const int nine[STEPS][2] = {{0, 0}, {9, 80}},
              ten[STEPS][2] = {{0, 0}, {10, 80}};
    assert_int_equal(models_withheld(nine, cox, false), 1);
    assert_int_equal(models_withheld(ten, cox, false), 0);
    assert_int_equal(models_withheld(nine, cox_by_center, true), 1);
    assert_int_equal(models_withheld(ten, cox_by_center, true), 0);
}

static void test_logistic_needs_ten_of_the_rarer_outcome(void **state)
{
    (void)state;
    /* Two parameters. */
    const int few[STEPS][2] = {{0, 0}, {19, 80}},
              enough[STEPS][2] = {{0, 0}, {20, 80}};
    const int most[STEPS][2] = {{0, 0}, {81, 19}};
    assert_int_equal(models_withheld(few, logistic, false), 1);
    assert_int_equal(models_withheld(enough, logistic, false), 0);
    assert_int_equal(models_withheld(most, logistic, false), 1);
    assert_int_equal(models_withheld(few, poisson, false), 0);
}

/* A center's own steps cannot be merged over centers. */
static void test_fine_counts_need_a_sum(void **state)
{
    (void)state;
    static const char roc[] = "{\"roc\":{\"formula\":\"event ~ x + time\"}}";
    const int counts[STEPS][2] = {{0, 0}, {20, 80}};
    const int enough[STEPS][2] = {{0, 0}, {40, 80}};
    assert_int_equal(withheld_by(RULE_STEPS, counts, cox, true), 1);
    assert_int_equal(models_withheld(counts, cox_by_center, true), 0);
    assert_int_equal(withheld_by(RULE_STEPS, counts, cox_by_center, true), 0);
    assert_int_equal(models_withheld(counts, cox, false), 0);
    assert_int_equal(withheld_by(RULE_STEPS, counts, cox, false), 0);
    assert_int_equal(withheld_by(RULE_STEPS, enough, roc, true), 1);
    assert_int_equal(models_withheld(enough, roc, false), 0);
    assert_int_equal(withheld_by(RULE_STEPS, enough, roc, false), 0);
    assert_int_equal(models_withheld(enough, logistic, true), 0);
    assert_int_equal(withheld_by(RULE_STEPS, enough, logistic, true), 0);
}

/* ---- center as a term ---- */

/* What one of two centers keeps back of its own figures, by rule. */
static uint64_t own_withheld(
    const int counts[STEPS][2], const char *analysis, enum disclosure_rule rule)
{
    int32_t codes[ROWS_OF * VARIABLES];
    char query[256];
    struct table table;
    struct asked asked;
    struct limits limits;
    struct contribution own;
    struct disclosure_report report;
    size_t count = make_rows(counts, codes);
    table_create(&table, dictionary, codes, count, NULL);
    snprintf(query, sizeof query, "{\"analyses\":[%s]}", analysis);
    ask_own(&asked, &table, query, &own);
    limits_default(&limits);
    assert_int_equal(
        disclosure_apply(asked.plan, &limits, count, &own, &report), STATUS_OK);
    contribution_fini(&own);
    asked_destroy(&asked);
    table_destroy(&table);
    return report.withheld[rule];
}

#define LM(formula) "{\"lm\":{\"formula\":\"" formula "\"}}"
#define LOGISTIC(formula)                                                      \
    "{\"glm\":{\"formula\":\"" formula "\",\"family\":\"binomial\"}}"
#define COX(formula) "{\"cox\":{\"formula\":\"" formula "\"}}"

/* Nobody or enough people at each level, the reference too. */
static void test_cox_needs_people_at_each_level(void **state)
{
    (void)state;
    static const char by_level[] =
        COX("Surv(time, event) ~ late + strata(center)");
    static const struct {
        int counts[STEPS][2];
        uint64_t cells;
    } cases[] = {{{[1] = {20, 10}, [6] = {5, 5}}, 1},
        {{[1] = {20, 10}, [6] = {6, 5}}, 0}, {{[1] = {20, 10}}, 0},
        {{[1] = {5, 5}, [6] = {20, 10}}, 1},
        {{[1] = {6, 5}, [6] = {20, 10}}, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(
            withheld_by(RULE_LEVEL, cases[i].counts, by_level, false),
            cases[i].cells);
        assert_int_equal(own_withheld(cases[i].counts, by_level, RULE_LEVEL),
            cases[i].cells);
    }
}

/* The other center's effect is not among this one's parameters: there are
 * two. */
static void test_center_effects_of_others_are_no_parameters_here(void **state)
{
    (void)state;
    const int nineteen[STEPS][2] = {{19, 0}}, twenty[STEPS][2] = {{20, 0}};
    const int few_events[STEPS][2] = {{19, 60}};
    const int enough_events[STEPS][2] = {{20, 60}};
    const char *const linear[] = {LM("x ~ time + center"),
        LM("x ~ time * center"), LM("x ~ 0 + center + time:center")};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(own_withheld(nineteen, linear[i], RULE_MODEL), 1);
        assert_int_equal(own_withheld(twenty, linear[i], RULE_MODEL), 0);
    }
    assert_int_equal(
        own_withheld(few_events, LOGISTIC("event ~ x + center"), RULE_MODEL),
        1);
    assert_int_equal(
        own_withheld(enough_events, LOGISTIC("event ~ x + center"), RULE_MODEL),
        0);
}

static void test_center_effects_of_risk_sets_are_withheld(void **state)
{
    (void)state;
    const int many[STEPS][2] = {{40, 40}, {40, 40}};
    assert_int_equal(
        own_withheld(many, COX("Surv(time, event) ~ x + center"), RULE_STEPS),
        1);
    assert_int_equal(
        own_withheld(many, COX("Surv(time, event) ~ x:center + strata(center)"),
            RULE_MODEL),
        0);
}

/* ---- means ---- */

#define T_TEST(formula) "{\"t_test\":{\"formula\":\"" formula "\"}}"

/* D4 of a sum and of a center's own figures. */
static void assert_dominated(
    const int counts[STEPS][2], const char *analysis, uint64_t cells)
{
    assert_int_equal(
        withheld_by(RULE_DOMINANCE, counts, analysis, false), cells);
    assert_int_equal(own_withheld(counts, analysis, RULE_DOMINANCE), cells);
}

static void test_a_mean_that_one_person_makes_is_withheld(void **state)
{
    (void)state;
    const int one[STEPS][2] = {{30, 30}, [9] = {1, 0}};
    const int many[STEPS][2] = {{0, 0}, {30, 30}, {30, 30}};
    static const char pca[] = "{\"pca\":{\"variables\":[\"time\",\"x\"]}}";
    const char *const models[] = {LM("time ~ 1"), LM("time ~ x"),
        LM("I(time + x) ~ 1"), LM("log(time + 1) ~ event"),
        "{\"anova\":{\"formula\":\"time ~ x\"}}",
        "{\"mixed\":{\"formula\":\"time ~ x + (1 | center)\"}}", poisson, pca};
    for (size_t i = 0; i < sizeof models / sizeof models[0]; i++) {
        assert_dominated(one, models[i], 1);
        assert_dominated(many, models[i], 0);
    }
    assert_dominated(one, LM("x ~ time"), 0);
    assert_dominated(one, T_TEST("time ~ event"), 2);
    assert_dominated(many, T_TEST("time ~ event"), 0);
}

/* In one group of a test alone. */
static void test_a_group_that_one_person_makes_is_withheld(void **state)
{
    (void)state;
    const int one[STEPS][2] = {{30, 0}, {0, 60}, [9] = {1, 0}};
    assert_dominated(one, LM("time ~ 1"), 0);
    assert_dominated(one, T_TEST("time ~ event"), 2);
}

static void test_a_mean_of_two_values_needs_people_with_each(void **state)
{
    (void)state;
    const int few[STEPS][2] = {{10, 60}}, enough[STEPS][2] = {{11, 60}};
    const int most[STEPS][2] = {{60, 10}}, nobody[STEPS][2] = {{0, 60}};
    assert_dominated(few, LM("event ~ 1"), 1);
    assert_dominated(most, LM("event ~ x"), 1);
    assert_dominated(enough, LM("event ~ 1"), 0);
    assert_dominated(nobody, LM("event ~ 1"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_steps_with_enough_are_shown),
        cmocka_unit_test(test_few_events_wait_for_the_next_step),
        cmocka_unit_test(test_few_censored_wait_too),
        cmocka_unit_test(test_the_curve_ends_where_few_would_remain),
        cmocka_unit_test(test_a_centers_own_steps_of_few_are_withheld),
        cmocka_unit_test(test_a_small_group_is_withheld),
        cmocka_unit_test(test_cox_needs_ten_events_a_covariate),
        cmocka_unit_test(test_logistic_needs_ten_of_the_rarer_outcome),
        cmocka_unit_test(test_fine_counts_need_a_sum),
        cmocka_unit_test(test_cox_needs_people_at_each_level),
        cmocka_unit_test(test_center_effects_of_others_are_no_parameters_here),
        cmocka_unit_test(test_center_effects_of_risk_sets_are_withheld),
        cmocka_unit_test(test_a_mean_that_one_person_makes_is_withheld),
        cmocka_unit_test(test_a_group_that_one_person_makes_is_withheld),
        cmocka_unit_test(test_a_mean_of_two_values_needs_people_with_each),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
