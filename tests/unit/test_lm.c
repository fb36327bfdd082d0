/* lm and anova: a linear model from exact sums. */
#include <math.h>

#include "analysis_fixture.h"

#define TOLERANCE 1e-11

static const char air_model[] =
    "{\"analyses\":[{\"lm\":{\"formula\":"
    "\"ozone ~ wind * hot + I(temp^2) + month\"}},{\"anova\":{\"formula\":"
    "\"ozone ~ wind * hot + I(temp^2) + month\"}}]}";

/* m <- lm(ozone ~ wind * hot + I(temp^2) + month); coef(summary(m));
 * confint(m) */
static void test_lm_agrees_with_r(void **state)
{
    (void)state;
    static const struct {
        const char *term;
        double estimate, std_error, statistic, p_value, conf_low, conf_high;
    } expected[] = {
        {"(Intercept)", -18.621765143828476, 17.643815414159057,
            -1.0554273385157169, 0.2936071877602317, -53.598571407306913,
            16.355041119649961},
        {"wind", -1.0075151203973285, 0.82027205596793584, -1.2282694662912081,
            0.222040701369902, -2.6336088031679883, 0.61857856237333131},
        {"hottrue", 43.968135469072323, 13.506024280505153, 3.2554462035535319,
            0.0015163683505846064, 17.194017538209803, 70.742253399934839},
        {"I(temp^2)", 0.012077945831743275, 0.0027793268321954067,
            4.3456371132152292, 3.1727338466493137e-05, 0.006568254539316018,
            0.017587637124170531},
        {"month6", -15.518185965259303, 8.5909172692348541, -1.8063479694807283,
            0.073674954707994331, -32.54867749434564, 1.5123055638270309},
        {"month7", -10.448431683599493, 7.3181382068222121, -1.4277445148356336,
            0.15627753811906342, -24.955787165451198, 4.0589237982522128},
        {"month8", -8.3474467060391042, 7.3221998355752813, -1.1400189688189892,
            0.25682387356878383, -22.86285389318672, 6.167960481108512},
        {"month9", -15.740798287077331, 6.1552927826642065, -2.5572785638093096,
            0.011950704702261004, -27.942948337993307, -3.5386482361613556},
        {"wind:hottrue", -3.8195347700141515, 1.1655089624747241,
            -3.2771389092574088, 0.0014144275147931992, -6.1300203550147678,
            -1.5090491850135352},
    };
    json_t *results = results_of(&air, air_model);
    const json_t *entry = json_array_get(results, 0);
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        const json_t *row = row_of(results, 0, i);
        assert_text(row, "term", expected[i].term);
        assert_relative(row, "estimate", expected[i].estimate, TOLERANCE);
        assert_relative(row, "std_error", expected[i].std_error, TOLERANCE);
        assert_relative(row, "statistic", expected[i].statistic, TOLERANCE);
        assert_relative(row, "p_value", expected[i].p_value, TOLERANCE);
        assert_relative(row, "conf_low", expected[i].conf_low, TOLERANCE);
        assert_relative(row, "conf_high", expected[i].conf_high, TOLERANCE);
    }
    assert_int_equal(json_array_size(json_object_get(entry, "table")), 9);
    assert_relative(entry, "r_squared", 0.65141040348240331, TOLERANCE);
    assert_relative(entry, "adj_r_squared", 0.62534762991099413, TOLERANCE);
    assert_relative(entry, "sigma", 20.191505781517471, TOLERANCE);
    assert_relative(entry, "statistic", 24.993901807787694, TOLERANCE);
    assert_integer(entry, "df", 107);
    assert_integer(entry, "n", 116);
    assert_integer(entry, "missing", 37);
    json_decref(results);
}

/* hot is temp > 80 */
static void test_lm_of_a_number_cut_in_two_is_that_of_two_levels(void **state)
{
    (void)state;
    json_t *levels = results_of(&air, air_model);
    json_t *cuts = results_of(&air,
        "{\"analyses\":[{\"lm\":{\"formula\":"
        "\"ozone ~ wind * I(temp > 80) + I(temp^2) + month\"}},"
        "{\"anova\":{\"formula\":"
        "\"ozone ~ wind * I(temp <= 80) + I(temp^2) + month\"}}]}");
    assert_text(row_of(cuts, 0, 2), "term", "I(temp > 80)TRUE");
    assert_text(json_object_get(json_array_get(cuts, 0), "reference"),
        "I(temp > 80)", "FALSE");
    for (size_t i = 0; i < 9; i++)
        assert_relative(row_of(cuts, 0, i), "estimate",
            json_number_value(
                json_object_get(row_of(levels, 0, i), "estimate")),
            0);
    for (size_t i = 0; i < 5; i++)
        assert_relative(row_of(cuts, 1, i), "sum_sq",
            json_number_value(json_object_get(row_of(levels, 1, i), "sum_sq")),
            TOLERANCE);
    json_decref(levels);
    json_decref(cuts);
}

/* anova(m) */
static void test_anova_agrees_with_r(void **state)
{
    (void)state;
    static const struct {
        const char *term;
        int64_t df;
        double sum_sq, statistic, p_value;
    } expected[] = {
        {"wind", 1, 45284.04601550191, 111.07282243157618,
            3.0607034814452778e-18},
        {"hot", 1, 21536.878356075558, 52.825709623118421,
            6.2494028665875231e-11},
        {"I(temp^2)", 1, 6963.9682002041336, 17.081238788946223,
            7.1355770040727143e-05},
        {"month", 4, 3356.081096019579, 2.0579510470229603,
            0.09143799222666045},
        {"wind:hot", 1, 4378.5177644456908, 10.739639430568841,
            0.0014144275147931961},
    };
    json_t *results = results_of(&air, air_model);
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        const json_t *row = row_of(results, 1, i);
        assert_text(row, "term", expected[i].term);
        assert_integer(row, "df", expected[i].df);
        assert_relative(row, "sum_sq", expected[i].sum_sq, TOLERANCE);
        assert_relative(row, "statistic", expected[i].statistic, TOLERANCE);
        assert_relative(row, "p_value", expected[i].p_value, TOLERANCE);
    }
    const json_t *rest = row_of(results, 1, 5);
    assert_text(rest, "term", "Residuals");
    assert_integer(rest, "df", 107);
    assert_relative(rest, "sum_sq", 43623.568912580711, TOLERANCE);
    assert_relative(rest, "mean_sq", 407.6969057250534, TOLERANCE);
    json_decref(results);
}

/* lm(log(temp) ~ ns(wind, knots = c(10, 20), Boundary.knots = c(0, 30)) +
 *   hot:wind - 1): the last coefficient is NA */
static void test_lm_with_splines_and_without_intercept_agrees_with_r(
    void **state)
{
    (void)state;
    static const double expected[] = {-1.5334640294200137, 20.543772848874067,
        17.230295402283495, -0.027557916251974797};
    json_t *results = results_of(&air,
        "{\"analyses\":[{\"lm\":{\"formula\":\"log(temp) ~ ns(wind, 3) + "
        "hot:wind - 1\"}}]}");
    for (size_t i = 0; i < 4; i++)
        assert_relative(
            row_of(results, 0, i), "estimate", expected[i], TOLERANCE);
    assert_text(row_of(results, 0, 2), "term", "ns(wind, 3)3");
    assert_text(row_of(results, 0, 3), "term", "hotfalse:wind");
    assert_text(row_of(results, 0, 4), "term", "hottrue:wind");
    assert_true(
        json_is_null(json_object_get(row_of(results, 0, 4), "estimate")));
    json_decref(results);
}

/* By least squares in fractions: t = temp + 10000, ozone ~ t + t^2. R's own QR
 * has 1e-10 of it, sums of doubles 1e-5. */
static void test_lm_far_from_zero_loses_nothing(void **state)
{
    (void)state;
    static const double expected[][2] = {
        {7902609.688664211, 2117820.3523899377},
        {-1570.910236664754, 420.33927990619},
        {0.07806798163751108, 0.020856939227428116}};
    json_t *results = results_of(&air,
        "{\"analyses\":[{\"lm\":{\"formula\":\"ozone ~ I(temp + 10000) + "
        "I((temp + 10000)^2)\"}}]}");
    for (size_t i = 0; i < 3; i++) {
        assert_relative(
            row_of(results, 0, i), "estimate", expected[i][0], TOLERANCE);
        assert_relative(
            row_of(results, 0, i), "std_error", expected[i][1], TOLERANCE);
    }
    assert_relative(
        json_array_get(results, 0), "sigma", 22.466902604781954, TOLERANCE);
    json_decref(results);
}

/* R drops a level that no row has, and compares with the first that is left:
 * s <- subset(airquality, Month != 5); lm(ozone ~ wind + month, s) */
static void test_lm_compares_with_the_first_level_in_use(void **state)
{
    (void)state;
    static const struct {
        const char *term;
        double estimate, std_error;
    } expected[] = {
        {"(Intercept)", 94.935546236947388, 13.216365997242089},
        {"wind", -5.3779189428150298, 0.82859137062935229},
        {"month6", NAN, NAN},
        {"month7", 10.016255214122221, 10.355958391539678},
        {"month8", 11.089936400164406, 10.345761812417988},
        {"month9", -9.3001008889973509, 9.9247126084086581},
    };
    json_t *results = results_of(&air,
        "{\"cohort\":\"month in (6, 7, 8, 9)\",\"analyses\":[{\"lm\":{"
        "\"formula\":\"ozone ~ wind + month\"}},{\"anova\":{\"formula\":"
        "\"ozone ~ wind + month\"}}]}");
    assert_text(
        json_object_get(json_array_get(results, 0), "reference"), "month", "6");
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        const json_t *row = row_of(results, 0, i);
        assert_text(row, "term", expected[i].term);
        if (isnan(expected[i].estimate)) {
            assert_true(json_is_null(json_object_get(row, "estimate")));
            continue;
        }
        assert_relative(row, "estimate", expected[i].estimate, TOLERANCE);
        assert_relative(row, "std_error", expected[i].std_error, TOLERANCE);
    }
    assert_integer(row_of(results, 1, 1), "df", 3);
    json_decref(results);
}

/* wind * month - 1: month has all its levels, wind:month has contrasts. */
static void test_lm_compares_in_interactions_too(void **state)
{
    (void)state;
    json_t *results = results_of(&air,
        "{\"cohort\":\"month in (6, 7, 8, 9)\",\"analyses\":[{\"lm\":{"
        "\"formula\":\"ozone ~ wind * month - 1\"}}]}");
    assert_text(
        json_object_get(json_array_get(results, 0), "reference"), "month", "6");
    assert_relative(
        row_of(results, 0, 0), "estimate", 1.6825252281216843, TOLERANCE);
    assert_true(
        json_is_null(json_object_get(row_of(results, 0, 1), "estimate")));
    assert_text(row_of(results, 0, 2), "term", "month6");
    assert_relative(
        row_of(results, 0, 2), "estimate", 8.9550261108736713, TOLERANCE);
    assert_text(row_of(results, 0, 6), "term", "wind:month6");
    assert_true(
        json_is_null(json_object_get(row_of(results, 0, 6), "estimate")));
    json_decref(results);
}

static void test_lm_of_an_outcome_that_does_not_vary_says_so(void **state)
{
    (void)state;
    json_t *results =
        results_of(&air, "{\"cohort\":\"temp = 81\",\"analyses\":["
                         "{\"lm\":{\"formula\":\"temp ~ wind\"}},"
                         "{\"anova\":{\"formula\":\"temp ~ wind\"}}]}");
    for (size_t i = 0; i < 2; i++) {
        const json_t *entry = json_array_get(results, i);
        assert_null(json_object_get(entry, "table"));
        assert_null(json_object_get(entry, "p_value"));
        assert_non_null(
            strstr(json_string_value(json_object_get(entry, "message")),
                "does not vary"));
    }
    json_decref(results);
}

/* R: "essentially perfect fit: summary may be unreliable" */
static void test_lm_that_meets_all_rows_tests_nothing(void **state)
{
    (void)state;
    json_t *results = results_of(&air,
        "{\"analyses\":[{\"lm\":{\"formula\":\"I(3 * temp + 1) ~ temp\"}}]}");
    const json_t *entry = json_array_get(results, 0);
    assert_relative(row_of(results, 0, 1), "estimate", 3, TOLERANCE);
    assert_true(
        json_is_null(json_object_get(row_of(results, 0, 1), "p_value")));
    assert_non_null(strstr(
        json_string_value(json_object_get(entry, "message")), "perfect fit"));
    json_decref(results);
}

static void test_lm_sums_are_the_same_bytes_at_any_split(void **state)
{
    (void)state;
    assert_same_bytes_at_any_split(&air, air_model);
}

static void test_lm_with_too_few_people_is_suppressed(void **state)
{
    (void)state;
    assert_all_suppressed(&air, air_model, 117);
}

static void test_lm_with_as_many_terms_as_rows_says_so(void **state)
{
    (void)state;
    json_t *results = results_of(&air,
        "{\"cohort\":\"temp = 97 or temp = 56\",\"analyses\":[{\"lm\":{"
        "\"formula\":\"wind ~ temp + I(temp^2)\"}}]}");
    const json_t *entry = json_array_get(results, 0);
    assert_non_null(json_object_get(entry, "message"));
    assert_true(
        json_is_null(json_object_get(row_of(results, 0, 0), "p_value")));
    json_decref(results);
}

static void test_lm_with_mistakes_is_refused(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"{}", "formula"},
        {"{\"formula\":\"month ~ wind\"}", "left side"},
        {"{\"formula\":\"~ wind\"}", "left side"},
        {"{\"formula\":\"Surv(temp, hot) ~ wind\"}", "left side"},
        {"{\"formula\":\"ozone ~ 0\"}", "without any term"},
        {"{\"formula\":\"ozone ~ wind + strata(hot)\"}", "no strata"},
        {"{\"formula\":\"ozone ~ wnd\"}", "did you mean 'wind'"},
        {"{\"formula\":\"ozone ~ exp(temp)\"}", "no exp()"},
        {"{\"formula\":\"I(1e15 * 1e15 * temp) ~ wind\"}", "1e30 or more"},
        {"{\"formula\":\"ozone ~ factor(temp)*month\"}", "more than"},
        {"{\"formula\":\"ozone ~ wind\",\"x\":1}", "x"},
        {"{\"formula\":\"ozone ~ wind\",\"level\":1}", "level"},
    };
    assert_refused(&air, "lm", cases, sizeof cases / sizeof cases[0]);
}

/* Elements of vectors stand behind the most variables that there can be:
 * y = 2 + 3 u - v^2 of two of them. */
static void test_lm_reads_elements_far_behind(void **state)
{
    (void)state;
    enum { ROWS_OF = 12, LENGTH = 1100, WIDTH = 2 + LENGTH };
    static int32_t codes[ROWS_OF][WIDTH];
    struct table table;
    for (int32_t i = 0; i < ROWS_OF; i++) {
        int32_t u = i % 5, v = i % 3;
        codes[i][WIDTH - 2] = u;
        codes[i][WIDTH - 1] = v;
        codes[i][0] = 2 + 3 * u - v * v;
    }
    table_create(&table,
        "{\"id\":\"far\",\"version\":1,\"variables\":["
        "{\"name\":\"y\",\"type\":\"integer\",\"entity\":\"exam\","
        "\"min\":-9,\"max\":99},{\"name\":\"shape\",\"type\":\"vector\","
        "\"entity\":\"exam\",\"length\":1100,\"resolution\":1,\"min\":0,\"max\":9}]}",
        codes[0], ROWS_OF, NULL);
    json_t *results =
        results_of(&table, "{\"analyses\":[{\"lm\":{\"formula\":"
                           "\"y ~ shape[1099] + I(shape[1100]^2)\"}}]}");
    assert_near(row_of(results, 0, 0), "estimate", 2);
    assert_near(row_of(results, 0, 1), "estimate", 3);
    assert_near(row_of(results, 0, 2), "estimate", -1);
    json_decref(results);
    table_destroy(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lm_reads_elements_far_behind),
        cmocka_unit_test(test_lm_of_a_number_cut_in_two_is_that_of_two_levels),
        cmocka_unit_test(test_lm_agrees_with_r),
        cmocka_unit_test(test_anova_agrees_with_r),
        cmocka_unit_test(
            test_lm_with_splines_and_without_intercept_agrees_with_r),
        cmocka_unit_test(test_lm_far_from_zero_loses_nothing),
        cmocka_unit_test(test_lm_compares_with_the_first_level_in_use),
        cmocka_unit_test(test_lm_compares_in_interactions_too),
        cmocka_unit_test(test_lm_of_an_outcome_that_does_not_vary_says_so),
        cmocka_unit_test(test_lm_that_meets_all_rows_tests_nothing),
        cmocka_unit_test(test_lm_sums_are_the_same_bytes_at_any_split),
        cmocka_unit_test(test_lm_with_too_few_people_is_suppressed),
        cmocka_unit_test(test_lm_with_as_many_terms_as_rows_says_so),
        cmocka_unit_test(test_lm_with_mistakes_is_refused),
    };
    return cmocka_run_group_tests(tests, air_setup, air_teardown);
}
