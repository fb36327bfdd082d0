/* roc of a model that was fitted earlier: its coefficients are in the query. */
#include <math.h>

#include "protocol/analysis/roc_curve.h"

#include "analysis_fixture.h"

/* s <- round(-3 + 0.05 * Ozone + 0.1 * (Month == 6), 9), so that rounding
 * breaks no tie; o <- Temp > 80: pROC's definitions */
#define TERMS                                                                  \
    "\"coefficients\":{\"(Intercept)\":-3,\"ozone\":0.05,\"month6\":0.1,"      \
    "\"month7\":null,\"month8\":0,\"month9\":0}"
static const char probability[] =
    "{\"analyses\":[{\"roc\":{\"formula\":\"hot ~ ozone + month\",\"score\":"
    "\"probability\",\"of\":{\"query_id\":\"x\",\"entry\":1}," TERMS "}}]}";
static const char linear[] =
    "{\"analyses\":[{\"roc\":{\"formula\":\"hot ~ ozone + month + "
    "strata(windy)\",\"score\":\"linear\"," TERMS "}}]}";

static void test_a_given_probability_agrees_with_r(void **state)
{
    (void)state;
    uint32_t rounds;
    json_t *results = fitted_of(&air, probability, 3, 1, &rounds);
    const json_t *entry = json_array_get(results, 0);
    assert_true(rounds > 2);
    assert_text(entry, "score", "probability");
    assert_integer(entry, "n", 116);
    assert_integer(entry, "missing", 37);
    assert_near(entry, "auc", 0.89277180406212664);
    assert_near(entry, "conf_low", 0.83207293837834007);
    assert_near(entry, "youden", 0.66069295101553172);
    assert_relative(entry, "threshold", 0.19000156601531304, 1e-9);
    assert_near(entry, "sensitivity", 47.0 / 54);
    assert_near(entry, "specificity", 49.0 / 62);
    assert_non_null(json_object_get(entry, "calibration"));
    json_decref(results);
}

static void test_a_given_linear_predictor_agrees_with_r(void **state)
{
    (void)state;
    uint32_t rounds;
    json_t *results = fitted_of(&air, linear, 3, 1, &rounds);
    const json_t *entry = json_array_get(results, 0);
    assert_true(rounds > 3);
    assert_text(entry, "score", "linear");
    assert_near(entry, "auc", 0.89277180406212664);
    assert_near(entry, "conf_low", 0.83207293837834007);
    assert_near(entry, "youden", 0.66069295101553172);
    assert_relative(entry, "threshold", -1.45, 1e-9);
    assert_null(json_object_get(entry, "calibration"));
    json_decref(results);
}

/* roc(hot, fitted(glm(hot ~ ozone + wind, binomial))) */
static void test_a_fitted_score_agrees_with_r(void **state)
{
    (void)state;
    json_t *results = fitted_of(&air,
        "{\"analyses\":[{\"roc\":{\"formula\":\"hot ~ ozone + wind\"}}]}", 3, 1,
        NULL);
    const json_t *entry = json_array_get(results, 0);
    assert_near(entry, "auc", 0.89366786140979693);
    assert_near(entry, "youden", 0.67204301075268824);
    assert_relative(entry, "threshold", 0.37420354528317029, 1e-8);
    json_decref(results);
}

static void test_a_given_score_is_the_same_at_any_split(void **state)
{
    (void)state;
    static const char *const queries[] = {probability, linear};
    static const size_t splits[] = {2, 5, 13};
    for (size_t q = 0; q < 2; q++) {
        json_t *whole = fitted_of(&air, queries[q], 1, 11, NULL);
        for (size_t i = 0; i < 3; i++) {
            json_t *split = fitted_of(&air, queries[q], splits[i], 11, NULL);
            assert_true(json_equal(whole, split));
            json_decref(split);
        }
        json_decref(whole);
    }
}

/* 54 of 116 are hot: at a limit of 55 their number is a small cell. */
static void test_a_given_score_of_few_is_suppressed(void **state)
{
    (void)state;
    static const char *const queries[] = {probability, linear};
    for (size_t q = 0; q < 2; q++) {
        json_t *shown = fitted_of(&air, queries[q], 2, 54, NULL);
        json_t *hidden = fitted_of(&air, queries[q], 2, 55, NULL);
        assert_non_null(json_object_get(json_array_get(shown, 0), "auc"));
        assert_null(json_object_get(json_array_get(hidden, 0), "auc"));
        assert_true(json_is_true(
            json_object_get(json_array_get(hidden, 0), "suppressed")));
        json_decref(shown);
        json_decref(hidden);
    }
}

static void test_a_given_score_with_mistakes_is_refused(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"{\"formula\":\"hot ~ ozone\",\"coefficients\":{\"ozone\":1}}",
            "score"},
        {"{\"formula\":\"hot ~ ozone\",\"score\":\"linear\"}", "coefficients"},
        {"{\"formula\":\"hot ~ ozone\",\"score\":\"odds\",\"coefficients\":{}}",
            "\"linear\""},
        {"{\"formula\":\"hot ~ ozone\",\"score\":\"linear\",\"coefficients\":"
         "{}}",
            "no coefficient of 'ozone'"},
        {"{\"formula\":\"hot ~ ozone\",\"score\":\"probability\","
         "\"coefficients\":{\"ozone\":1}}",
            "no coefficient of '(Intercept)'"},
        {"{\"formula\":\"hot ~ ozone\",\"score\":\"linear\",\"coefficients\":"
         "{\"ozon\":1}}",
            "did you mean 'ozone'"},
        {"{\"formula\":\"ozone ~ wind\",\"score\":\"linear\",\"coefficients\":"
         "{\"wind\":1}}",
            "two levels"},
    };
    assert_refused(&air, "roc", cases, sizeof cases / sizeof cases[0]);
}

static double place_of(const void *arg, double key)
{
    (void)arg;
    return key;
}

/* As in R: the variance of one number is not known, and so no interval is. */
static void test_one_with_the_outcome_has_no_interval(void **state)
{
    (void)state;
    static const double one[] = {0, 1, 0}, some[] = {2, 0, 2};
    for (int i = 0; i < 2; i++) {
        const struct roc_counts counts = {.count = 3,
            .with = i == 0 ? one : some,
            .without = i == 0 ? some : one};
        json_t *out = json_object();
        assert_int_equal(
            roc_set_counts(out, &counts, 0.95, 1, place_of, NULL), STATUS_OK);
        assert_near(out, "auc", 0.5);
        assert_true(json_is_null(json_object_get(out, "conf_low")));
        assert_true(json_is_null(json_object_get(out, "conf_high")));
        json_decref(out);
    }
}

/* Ten equal tenths of 200, of whom few have the outcome in the first and few
 * have it not in the last: neither stands alone, for the others and the
 * expected sum would leave it. Nobody is left out. */
static void test_calibration_joins_tenths_of_few(void **state)
{
    (void)state;
    static const double with[10] = {3, 15, 20, 0, 30, 60, 90, 120, 150, 197};
    double without[10], expected[10], n = 0, observed = 0;
    for (size_t i = 0; i < 10; i++) {
        without[i] = 200 - with[i];
        expected[i] = with[i];
    }
    const struct roc_counts counts = {10, with, without, expected};
    for (int64_t limit = 1; limit <= 11; limit += 10) {
        json_t *rows = roc_calibration(&counts, limit), *row;
        size_t at;
        n = observed = 0;
        assert_int_equal(json_array_size(rows), limit == 1 ? 10 : 8);
        json_array_foreach(rows, at, row)
        {
            const double here = json_number_value(json_object_get(row, "n"));
            const double of =
                here * json_number_value(json_object_get(row, "observed"));
            assert_true(json_is_number(json_object_get(row, "observed")));
            assert_true(limit == 1 || of < 0.5 || of > 10.5);
            assert_true(limit == 1 || here - of > 10.5);
            n += here;
            observed += of;
        }
        assert_float_equal(n, 2000, 1e-9);
        assert_float_equal(observed, 685, 1e-9);
        json_decref(rows);
    }
}

static double score_is_key(const void *arg, double key)
{
    (void)arg;
    return key;
}

/* How many people with the outcome, and without it, lie at or above a threshold
 * that a row tells of. */
static void read_above(
    const json_t *row, double with, double without, double above[2])
{
    above[0] = with * json_number_value(json_object_get(row, "sensitivity"));
    above[1] =
        without * (1 - json_number_value(json_object_get(row, "specificity")));
}

/* From a threshold that is told to any other there are nobody or enough. */
static void test_best_threshold_stands_apart_from_the_points(void **state)
{
    (void)state;
    uint64_t seed = 5;
    size_t points = 0, best = 0;
    for (int trial = 0; trial < 300; trial++) {
        double with[40], without[40], totals[2] = {0, 0}, told[64][2];
        size_t count = 0, at;
        for (size_t i = 0; i < 40; i++) {
            seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
            with[i] = (double)((seed >> 33) % (i + 2) / 3);
            without[i] = (double)((seed >> 45) % (42 - i) / 3);
            totals[0] += with[i];
            totals[1] += without[i];
        }
        const struct roc_counts counts = {40, with, without, NULL};
        json_t *out = json_object(), *row;
        assert_int_equal(
            roc_set_counts(out, &counts, 0.95, 11, score_is_key, NULL),
            STATUS_OK);
        json_array_foreach(json_object_get(out, "table"), at, row)
            read_above(row, totals[0], totals[1], told[count++]);
        points += count;
        if (json_is_number(json_object_get(out, "youden"))) {
            read_above(out, totals[0], totals[1], told[count++]);
            best++;
        }
        for (size_t i = 0; i < count; i++) {
            for (size_t k = 0; k < 2 * i; k++) {
                const double apart = fabs(told[i][k % 2] - told[k / 2][k % 2]);
                assert_true(apart < 0.5 || apart > 10.5);
            }
        }
        json_decref(out);
    }
    assert_true(points > 600 && best > 200);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_given_probability_agrees_with_r),
        cmocka_unit_test(test_a_given_linear_predictor_agrees_with_r),
        cmocka_unit_test(test_a_fitted_score_agrees_with_r),
        cmocka_unit_test(test_a_given_score_is_the_same_at_any_split),
        cmocka_unit_test(test_a_given_score_of_few_is_suppressed),
        cmocka_unit_test(test_one_with_the_outcome_has_no_interval),
        cmocka_unit_test(test_a_given_score_with_mistakes_is_refused),
        cmocka_unit_test(test_calibration_joins_tenths_of_few),
        cmocka_unit_test(test_best_threshold_stands_apart_from_the_points),
    };
    return cmocka_run_group_tests(tests, air_setup, air_teardown);
}
