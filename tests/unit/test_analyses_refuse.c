/* What the newer analyses refuse, each with a message that says what to do, and
 * what they keep back of few people. */
#include "analysis_fixture.h"

static void test_rank_test_refuses(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"{\"formula\":\"hot ~ windy\"}", "a variable that is a number"},
        {"{\"formula\":\"log(ozone) ~ hot\"}", "a variable that is a number"},
        {"{\"formula\":\"ozone ~ wind\"}", "one category or boolean"},
        {"{\"formula\":\"ozone ~ hot + windy\"}", "one category or boolean"},
        {"{\"formula\":\"ozone ~ nothing\"}", "nothing"},
        {"{}", "formula"},
    };
    assert_refused(&air, "rank_test", cases, sizeof cases / sizeof cases[0]);
}

static void test_pca_refuses(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"{\"variables\":[\"ozone\"]}", "two variables or more"},
        {"{\"variables\":[\"ozone\",\"wind\"],\"components\":3}", "2"},
        {"{\"variables\":[\"ozone\",\"wind\"],\"scale\":1}", "true or false"},
    };
    assert_refused(&air, "pca", cases, sizeof cases / sizeof cases[0]);
}

static void test_roc_refuses(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"{\"formula\":\"ozone ~ wind\"}", "a boolean"},
        {"{\"formula\":\"hot ~ 1\"}", "a score"},
        {"{\"formula\":\"hot ~ wind + offset(temp)\"}", "a score"},
        {"{\"formula\":\"hot ~ wind + (1 | center)\"}", "mixed"},
    };
    assert_refused(&air, "roc", cases, sizeof cases / sizeof cases[0]);
}

static void test_mixed_refuses(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"{\"formula\":\"ozone ~ wind\"}", "ask \"lm\""},
        {"{\"formula\":\"ozone ~ wind + (temp | center)\"}", "(1 | center)"},
        {"{\"formula\":\"ozone ~ wind + (1 | month)\"}", "(1 | center)"},
        {"{\"formula\":\"ozone ~ (1 | center) - 1\"}", "a term beside"},
    };
    assert_refused(&air, "mixed", cases, sizeof cases / sizeof cases[0]);
    static const char *const lm[][2] = {
        {"{\"formula\":\"ozone ~ wind + (1 | center)\"}", "mixed"}};
    assert_refused(&air, "lm", lm, 1);
}

static void test_cumulative_incidence_refuses(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"{\"formula\":\"Surv(temp, hot) ~ 1\"}", "competing risks"},
        {"{\"formula\":\"ozone ~ 1\"}", "Surv("},
    };
    assert_refused(
        &air, "cumulative_incidence", cases, sizeof cases / sizeof cases[0]);
}

static void test_mlp_refuses(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"{\"formula\":\"ozone ~ wind\"}", "a category"},
        {"{\"formula\":\"hot ~ 1\"}", "inputs"},
        {"{\"formula\":\"hot ~ wind\",\"hidden\":0}", "1"},
        {"{\"formula\":\"hot ~ wind\",\"epochs\":100000}", "1000"},
        {"{\"formula\":\"hot ~ wind\",\"l2\":-1}", "from 0 to 10"},
    };
    assert_refused(&air, "mlp", cases, sizeof cases / sizeof cases[0]);
}

/* What would be left out in silence is refused. */
static void test_offsets_are_refused_outside_a_glm(void **state)
{
    (void)state;
    static const char *const times[][2] = {
        {"{\"formula\":\"Surv(temp, hot) ~ windy + offset(wind)\"}",
            "glm takes it"}};
    assert_refused(&air, "cox", times, 1);
    assert_refused(&air, "km", times, 1);
    assert_refused(&air, "logrank", times, 1);
    static const char *const status[][2] = {
        {"{\"formula\":\"Surv(temp, month) ~ 1 + offset(wind)\"}",
            "glm takes it"}};
    assert_refused(&air, "cumulative_incidence", status, 1);
    static const char *const scores[][2] = {
        {"{\"formula\":\"hot ~ wind + offset(temp)\"}", "no offset()"}};
    assert_refused(&air, "lm", scores, 1);
    assert_refused(&air, "anova", scores, 1);
    assert_refused(&air, "mlp", scores, 1);
}

static void test_few_people_are_kept_back(void **state)
{
    (void)state;
    static const char *const queries[] = {
        "{\"analyses\":[{\"rank_test\":{\"formula\":\"ozone ~ hot\"}}]}",
        "{\"analyses\":[{\"pca\":{\"variables\":[\"ozone\",\"wind\"]}}]}",
        "{\"analyses\":[{\"quality\":{}}]}"};
    for (size_t i = 0; i < sizeof queries / sizeof queries[0]; i++)
        assert_all_suppressed(&air, queries[i], 154);
}

static void test_sums_are_the_same_bytes(void **state)
{
    (void)state;
    assert_same_bytes_at_any_split(&air,
        "{\"analyses\":[{\"rank_test\":{\"formula\":\"temp ~ windy\"}},"
        "{\"pca\":{\"variables\":[\"ozone\",\"wind\",\"temp\"]}},"
        "{\"roc\":{\"formula\":\"hot ~ wind\"}},{\"quality\":{}}]}");
}

static void test_mlp_learns_the_same_weights_at_any_split(void **state)
{
    (void)state;
    const char *query =
        "{\"analyses\":[{\"mlp\":{\"formula\":\"hot ~ wind + ozone\","
        "\"hidden\":2,\"epochs\":15}}]}";
    uint128 whole, split;
    json_t *one = rounds_of(&air, query, 1, 1, &whole);
    json_t *five = rounds_of(&air, query, 5, 1, &split);
    assert_true(json_equal(
        json_object_get(one, "network"), json_object_get(five, "network")));
    assert_true(json_equal(json_object_get(one, "training_curve"),
        json_object_get(five, "training_curve")));
    json_decref(one);
    json_decref(five);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rank_test_refuses),
        cmocka_unit_test(test_pca_refuses),
        cmocka_unit_test(test_roc_refuses),
        cmocka_unit_test(test_mixed_refuses),
        cmocka_unit_test(test_cumulative_incidence_refuses),
        cmocka_unit_test(test_mlp_refuses),
        cmocka_unit_test(test_offsets_are_refused_outside_a_glm),
        cmocka_unit_test(test_few_people_are_kept_back),
        cmocka_unit_test(test_sums_are_the_same_bytes),
        cmocka_unit_test(test_mlp_learns_the_same_weights_at_any_split),
    };
    return cmocka_run_group_tests(tests, air_setup, air_teardown);
}
