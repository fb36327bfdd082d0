/* D9 and D10 at their boundaries: leverage, levels of few people, separation;
 * in a sum of many, and in one center's own figures. */
#include <math.h>

#include "policy/disclosure.h"
#include "protocol/analysis/fit.h"
#include "protocol/analysis/leverage.h"

#include "analysis_fixture.h"

static const char dictionary[] =
    "{\"id\":\"made\",\"version\":1,\"variables\":["
    "{\"name\":\"y\",\"type\":\"integer\",\"min\":0,\"max\":99},"
    "{\"name\":\"x\",\"type\":\"integer\",\"min\":0,\"max\":1000},"
    "{\"name\":\"g\",\"type\":\"category\",\"categories\":[{\"code\":\"a\"},"
    "{\"code\":\"b\"},{\"code\":\"c\"}]},"
    "{\"name\":\"e\",\"type\":\"boolean\"}]}";
enum { Y, X, G, E, VARIABLES };
#define ROWS_MAX_HERE 400
#define LIMIT 11

struct made {
    int32_t codes[ROWS_MAX_HERE * VARIABLES];
    uint32_t patients[ROWS_MAX_HERE];
    size_t count;
    struct table table;
};

static int32_t *add(struct made *made, uint32_t patient)
{
    assert_true(made->count < ROWS_MAX_HERE);
    made->patients[made->count] = patient;
    return &made->codes[made->count++ * VARIABLES];
}

/* People with x of 0 to 9 and y that x does not tell. */
static void make(struct made *made, size_t count)
{
    *made = (struct made){0};
    for (size_t i = 0; i < count; i++) {
        int32_t *row = add(made, (uint32_t)i);
        row[Y] = (int32_t)(i * 7 % 13);
        row[X] = (int32_t)(i % 10);
        row[G] = (int32_t)(i % 2);
        row[E] = i % 3 == 0;
    }
}

/* "few", or "" when the model is told. */
static const char *rule_of(struct made *made, bool persons,
    const char *analysis, size_t centers, int64_t limit)
{
    static char rule[32];
    char query[256];
    snprintf(
        query, sizeof query, "{\"unit\":\"exam\",\"analyses\":[%s]}", analysis);
    table_create(&made->table, dictionary, made->codes, made->count,
        persons ? made->patients : NULL);
    json_t *results = fitted_of(&made->table, query, centers, limit, NULL);
    const json_t *entry = json_array_get(results, 0);
    const json_t *found = json_object_get(entry, "rule");
    snprintf(
        rule, sizeof rule, "%s", found == NULL ? "" : json_string_value(found));
    assert_int_equal(found == NULL, json_object_get(entry, "table") != NULL);
    assert_int_equal(
        found != NULL, json_is_true(json_object_get(entry, "suppressed")));
    json_decref(results);
    table_destroy(&made->table);
    return rule;
}

static void assert_rule_at_any_split(
    struct made *made, bool persons, const char *analysis, const char *expected)
{
    static const size_t splits[] = {1, 2, 5, 13};
    for (size_t i = 0; i < sizeof splits / sizeof splits[0]; i++)
        assert_string_equal(
            rule_of(made, persons, analysis, splits[i], LIMIT), expected);
    assert_string_equal(rule_of(made, persons, analysis, 2, 1), "");
}

static const char by_x[] = "{\"lm\":{\"formula\":\"y ~ x\"}}";

/* 1/n + (x - mean)^2 / sum of squares: what R's hatvalues gives. */
static double leverage_of_last(const struct made *made)
{
    double n = (double)made->count, sum = 0, squares = 0;
    for (size_t i = 0; i < made->count; i++) {
        double x = made->codes[i * VARIABLES + X];
        sum += x;
        squares += x * x;
    }
    double d = made->codes[(made->count - 1) * VARIABLES + X] - sum / n;
    return 1 / n + d * d / (squares - sum * sum / n);
}

/* One person further and further away: told until half is his. */
static void test_leverage_of_half_withholds_a_model(void **state)
{
    (void)state;
    static struct made made;
    size_t told = 0, withheld = 0;
    make(&made, 40);
    int32_t *far = add(&made, 40);
    for (int32_t x = 10; x < 60; x += 1) {
        far[X] = x;
        const bool high = leverage_of_last(&made) >= LEVERAGE_MAX;
        assert_string_equal(
            rule_of(&made, false, by_x, 3, LIMIT), high ? "few" : "");
        told += !high;
        withheld += high;
    }
    assert_true(told > 5 && withheld > 5);
    assert_rule_at_any_split(&made, false, by_x, "few");
    assert_rule_at_any_split(
        &made, false, "{\"anova\":{\"formula\":\"y ~ x\"}}", "few");
}

/* Two exams of one person count together; of two people each by itself. */
static void test_leverage_is_a_persons(void **state)
{
    (void)state;
    static struct made made;
    make(&made, 40);
    add(&made, 40)[X] = 27;
    add(&made, 40)[X] = 27;
    assert_true(leverage_of_last(&made) < LEVERAGE_MAX);
    assert_true(2 * leverage_of_last(&made) > LEVERAGE_MAX);
    assert_rule_at_any_split(&made, true, by_x, "few");
    made.patients[made.count - 1] = 41;
    assert_rule_at_any_split(&made, true, by_x, "");
}

/* The third level and the first, which has no column. */
static void test_a_level_of_few_people_withholds_a_model(void **state)
{
    (void)state;
    static const char by_g[] = "{\"lm\":{\"formula\":\"y ~ g\"}}";
    static const char logistic[] =
        "{\"glm\":{\"formula\":\"e ~ g\",\"family\":\"binomial\"}}";
    static const char poisson[] =
        "{\"glm\":{\"formula\":\"y ~ g\",\"family\":\"poisson\"}}";
    static const char *const models[] = {by_g, logistic, poisson};
    static struct made made;
    for (int32_t level = 0; level < 3; level += 2) {
        for (size_t m = 0; m < 3; m++) {
            make(&made, 60);
            for (size_t i = 0; i < 60; i++)
                made.codes[i * VARIABLES + G] = i < LIMIT - 1 ? level : 1;
            assert_rule_at_any_split(&made, false, models[m], "few");
            made.codes[59 * VARIABLES + G] = level;
            assert_rule_at_any_split(&made, false, models[m], "");
        }
    }
}

/* Eleven exams of ten people are ten people. */
static void test_levels_count_people(void **state)
{
    (void)state;
    static const char by_g[] = "{\"lm\":{\"formula\":\"y ~ g\"}}";
    static struct made made;
    make(&made, 60);
    for (size_t i = 0; i < 60; i++)
        made.codes[i * VARIABLES + G] = i < LIMIT ? 2 : 1;
    assert_rule_at_any_split(&made, true, by_g, "");
    made.patients[1] = made.patients[0];
    assert_rule_at_any_split(&made, true, by_g, "few");
}

/* A combination in an interaction is a level as well. */
static void test_a_combination_of_few_people_withholds_a_model(void **state)
{
    (void)state;
    static const char both[] = "{\"lm\":{\"formula\":\"y ~ g * e\"}}";
    static struct made made;
    make(&made, 80);
    for (size_t i = 0; i < 80; i++)
        made.codes[i * VARIABLES + E] =
            i % 2 == 0 ? i % 4 == 0 : i < (size_t)2 * (LIMIT - 1);
    assert_rule_at_any_split(&made, false, both, "few");
    made.codes[79 * VARIABLES + E] = 1;
    assert_rule_at_any_split(&made, false, both, "");
}

/* max(hatvalues(glm(y ~ x, poisson))); that of the model matrix is 0.655. */
static void test_leverage_of_a_glm_is_weighted(void **state)
{
    (void)state;
    static const char poisson[] =
        "{\"glm\":{\"formula\":\"y ~ x\",\"family\":\"poisson\"}}";
    static struct made made;
    make(&made, 60);
    int32_t *far = add(&made, 60);
    far[X] = 35;
    far[Y] = 0; /* 0.486 */
    assert_rule_at_any_split(&made, false, poisson, "");
    far[Y] = 30; /* 0.891 */
    assert_rule_at_any_split(&made, false, poisson, "few");
}

/* A row is told as the sums prove it: no round more than the fit needs. */
static void test_sums_alone_settle_a_large_model(void **state)
{
    (void)state;
    static const char by_e[] =
        "{\"analyses\":[{\"lm\":{\"formula\":\"y ~ e\"}}]}";
    static const char by_number[] =
        "{\"analyses\":[{\"lm\":{\"formula\":\"y ~ x\"}}]}";
    static struct made made;
    uint32_t rounds;
    make(&made, ROWS_MAX_HERE);
    table_create(&made.table, dictionary, made.codes, made.count, NULL);
    json_decref(fitted_of(&made.table, by_e, 2, LIMIT, &rounds));
    assert_int_equal(rounds, 1);
    json_decref(fitted_of(&made.table, by_number, 2, LIMIT, &rounds));
    assert_int_equal(rounds, 2);
    table_destroy(&made.table);
}

/* A coordinator that tells another matrix counts nobody whose leverage among
 * his center's own rows is small. */
static void test_a_matrix_made_up_counts_nobody_else(void **state)
{
    (void)state;
    static struct made made;
    struct asked asked;
    double values[3] = {0, 0, 1e6}; /* everyone whose x is not 0 */
    const uint8_t active[] = {SEGMENT_CHECKED};
    const struct round round = {
        .number = 2, .values = values, .active = active};
    make(&made, 100);
    table_create(&made.table, dictionary, made.codes, made.count, NULL);
    ask(&asked, &made.table,
        "{\"analyses\":[{\"lm\":{\"formula\":\"y ~ x\"}}]}", 2);
    assert_int_equal(asked.plan->value_count, 3);
    ask_round(&asked, 2, &round);
    assert_true(asked_cell(&asked, 0, 0)[COUNTS_CELL] == 0);
    asked_destroy(&asked);
    table_destroy(&made.table);
}

/* ---- one center's own figures ---- */

static uint64_t withheld_here(
    struct made *made, const char *analysis, enum disclosure_rule rule)
{
    char query[256];
    struct asked asked;
    struct limits limits;
    struct cell_facts facts[4] = {{0}};
    struct disclosure_report report;
    enum leverage_verdict verdicts[1];
    struct column columns[VARIABLES];
    snprintf(query, sizeof query, "{\"analyses\":[%s]}", analysis);
    table_create(&made->table, dictionary, made->codes, made->count, NULL);
    ask(&asked, &made->table, query, 1);
    limits_default(&limits);
    table_columns(&made->table, columns);
    const struct rows rows = {
        .count = made->count, .patient_count = made->count, .columns = columns};
    assert_int_equal(
        leverage_review_own(asked.plan, &rows, 1, limits.min_cell, verdicts),
        STATUS_OK);
    struct contribution own = {.vector = asked.sum,
        .cohort_people = made->count,
        .facts = facts,
        .verdicts = verdicts};
    assert_int_equal(
        disclosure_apply(asked.plan, &limits, made->count, &own, &report),
        STATUS_OK);
    for (size_t v = 0; v < VARIABLES; v++)
        free((void *)columns[v].data);
    asked_destroy(&asked);
    table_destroy(&made->table);
    return report.withheld[rule];
}

static void test_a_center_withholds_a_model_by_its_own_leverages(void **state)
{
    (void)state;
    static const char logistic[] =
        "{\"glm\":{\"formula\":\"e ~ x\",\"family\":\"binomial\"}}";
    static const char by_g[] = "{\"lm\":{\"formula\":\"y ~ g\"}}";
    static struct made made;
    make(&made, 100);
    assert_int_equal(withheld_here(&made, by_x, RULE_LEVERAGE), 0);
    assert_int_equal(withheld_here(&made, logistic, RULE_LEVERAGE), 0);
    assert_int_equal(withheld_here(&made, by_g, RULE_LEVEL), 0);
    made.codes[99 * VARIABLES + G] = 2;
    assert_int_equal(withheld_here(&made, by_g, RULE_LEVEL), 1);
    made.codes[99 * VARIABLES + X] = 1000;
    assert_int_equal(withheld_here(&made, by_x, RULE_LEVERAGE), 1);
    assert_int_equal(withheld_here(&made, logistic, RULE_LEVERAGE), 1);
}

/* ---- D10 ---- */

static void assert_grows_without_bound(struct made *made, const char *analysis)
{
    char query[256];
    snprintf(
        query, sizeof query, "{\"unit\":\"exam\",\"analyses\":[%s]}", analysis);
    table_create(&made->table, dictionary, made->codes, made->count, NULL);
    json_t *results = fitted_of(&made->table, query, 2, 1, NULL);
    const json_t *entry = json_array_get(results, 0);
    assert_true(json_is_false(json_object_get(entry, "converged")));
    assert_null(json_object_get(entry, "table"));
    assert_non_null(strstr(
        json_string_value(json_object_get(entry, "message")), "separate"));
    json_decref(results);
    table_destroy(&made->table);
}

/* Eleven people of one level who all have the outcome: R says "converged" and
 * gives them a coefficient above 20. Open limits withhold nothing, and say that
 * there is no estimate. */
static void test_separation_is_withheld(void **state)
{
    (void)state;
    static const char logistic[] =
        "{\"glm\":{\"formula\":\"e ~ g\",\"family\":\"binomial\"}}";
    static struct made made;
    make(&made, 400);
    for (size_t i = 0; i < LIMIT; i++) {
        made.codes[i * VARIABLES + G] = 2;
        made.codes[i * VARIABLES + E] = 1;
    }
    assert_string_equal(rule_of(&made, false, logistic, 1, LIMIT), "few");
    assert_string_equal(rule_of(&made, false, logistic, 13, LIMIT), "few");
    assert_grows_without_bound(&made, logistic);
    made.codes[E] = 0;
    assert_rule_at_any_split(&made, false, logistic, "");
}

/* A large number because its unit is large says nothing. */
static void test_a_number_counts_in_standard_deviations(void **state)
{
    (void)state;
    static const char logistic[] = "{\"glm\":{\"formula\":\"e ~ I(x / 1000)\","
                                   "\"family\":\"binomial\"}}";
    static struct made made;
    make(&made, 400);
    for (size_t i = 0; i < 400; i++)
        made.codes[i * VARIABLES + E] =
            made.codes[i * VARIABLES + X] + (int32_t)(i % 7) > 8;
    assert_rule_at_any_split(&made, false, logistic, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_leverage_of_half_withholds_a_model),
        cmocka_unit_test(test_leverage_is_a_persons),
        cmocka_unit_test(test_a_level_of_few_people_withholds_a_model),
        cmocka_unit_test(test_levels_count_people),
        cmocka_unit_test(test_a_combination_of_few_people_withholds_a_model),
        cmocka_unit_test(test_leverage_of_a_glm_is_weighted),
        cmocka_unit_test(test_sums_alone_settle_a_large_model),
        cmocka_unit_test(test_a_matrix_made_up_counts_nobody_else),
        cmocka_unit_test(test_a_center_withholds_a_model_by_its_own_leverages),
        cmocka_unit_test(test_separation_is_withheld),
        cmocka_unit_test(test_a_number_counts_in_standard_deviations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
