/* glm: round after round, as coordinator and centers take them. */
#include <math.h>

#include "protocol/analysis/fit.h"

#include "analysis_fixture.h"

#define TOLERANCE 1e-9

#define TERMS_MAX 4

/* e <- glm.control(epsilon = 1e-15, maxit = 60); m <- glm(..., control = e)
 * for (i in 1:20) m <- glm(..., control = e, start = coef(m)): R's standard
 * errors are of the step before the last, and deviance alone stops too soon
 * where the link is not the family's own. */
struct expected {
    const char *parameters;
    struct {
        const char *term;
        double estimate, std_error, statistic, p_value;
    } terms[TERMS_MAX];
    double deviance, null_deviance, aic, dispersion;
    int64_t df;
};

static const struct expected models[] = {
    {"\"formula\":\"hot ~ wind + ozone\",\"family\":\"binomial\"",
        {{"(Intercept)", -2.4454664897593053, 1.1796340781512356,
             -2.0730720950279151, 0.038165570534819566},
            {"wind", -0.032735278492924715, 0.08464123717905328,
                -0.38675330824471843, 0.69893884694326247},
            {"ozone", 0.069762680766266127, 0.014717559303975905,
                4.7400984990371295, 2.1361434814754386e-06}},
        99.701568310490671, 160.25798356214361, 105.70156831049067, 1, 113},
    {"\"formula\":\"ozone ~ wind * hot\",\"family\":\"poisson\"",
        {{"(Intercept)", 4.164000820017713, 0.097472731702690427,
             42.719648329121149, 0},
            {"wind", -0.095834644300112473, 0.0090941347013392369,
                -10.538071784443604, 5.7669156572030138e-26},
            {"hottrue", 0.79386147641913907, 0.10758997651700576,
                7.3785821144190011, 1.5998410871970366e-13},
            {"wind:hottrue", -0.0063984157263961257, 0.010771408822749224,
                -0.59401846422193783, 0.55249976341877893}},
        1076.6031082966426, 2714.7963079697447, 1695.3481285234909, 1, 112},
    {"\"formula\":\"ozone ~ wind + temp\",\"family\":\"Gamma\"",
        {{"(Intercept)", 0.10381931781782675, 0.015744149989035238,
             6.5941519796324384, 1.4280882335382367e-09},
            {"wind", 0.0013400807713124709, 0.00036232993735894875,
                3.6985096541578222, 0.0003364249982716286},
            {"temp", -0.0010969600972617311, 0.00016066584102321439,
                -6.8275875585976786, 4.5510224624382573e-10}},
        35.008948416117718, 74.757036441613735, 997.14035223028475,
        0.28895311194468526, 113},
    {"\"formula\":\"ozone ~ wind + temp\",\"family\":\"Gamma\",\"link\":"
     "\"log\"",
        {{"(Intercept)", 0.29555739561018651, 0.55031533845491143,
             0.53706915827570045, 0.5922757913436909},
            {"wind", -0.059639696856064156, 0.015480403482926014,
                -3.8525931783266039, 0.00019439392103135978},
            {"temp", 0.049407114883633613, 0.0058341985242132376,
                8.4685350830251931, 1.0364225244275097e-13}},
        31.607123474227905, 74.757036441613735, 984.72023321021595,
        0.26020022052250613, 113},
    {"\"formula\":\"ozone ~ wind + temp\",\"family\":\"gaussian\"",
        {{"(Intercept)", -71.033217707787728, 23.577992197897935,
             -3.0126915435200035, 0.003196240062848979},
            {"wind", -3.0554909975418414, 0.66325033491801644,
                -4.6068442587662268, 1.0800461096301814e-05},
            {"temp", 1.8401787839357071, 0.2499633894833877, 7.3617932119535583,
                3.1491094603723267e-11}},
        53972.993715365439, 125143.06034482759, 1049.7410112866141,
        477.63711252535785, 113},
    {"\"formula\":\"ozone ~ wind + offset(log(temp))\",\"family\":\"poisson\"",
        {{"(Intercept)", 0.52692214909825019, 0.039543469569395653,
             13.32513699066147, 1.6532903636718251e-40},
            {"wind", -0.12836019864298545, 0.0044997616925993899,
                -28.525999244381154, 5.5766195110257231e-179}},
        1266.817727174144, NAN, 1881.5627474009925, 1, 114},
    {"\"formula\":\"hot ~ wind\",\"family\":\"binomial\",\"link\":\"probit\"",
        {{"(Intercept)", 1.2749878850411132, 0.34063243355883771,
             3.7430020145773448, 0.00018183477053639724},
            {"wind", -0.1443006724895031, 0.033396282689175376,
                -4.3208603134825774, 1.5542204338240611e-05}},
        189.25233239715729, 210.21024243878094, 193.25233239715729, 1, 151},
};
#define MODEL_COUNT (sizeof models / sizeof models[0])

static json_t *fit(const char *parameters, size_t centers, uint128 *trace)
{
    char query[512];
    uint128 ignored;
    snprintf(
        query, sizeof query, "{\"analyses\":[{\"glm\":{%s}}]}", parameters);
    return rounds_of(&air, query, centers, 1, trace == NULL ? &ignored : trace);
}

static void test_glm_agrees_with_r(void **state)
{
    (void)state;
    for (size_t m = 0; m < MODEL_COUNT; m++) {
        const struct expected *model = &models[m];
        json_t *entry = fit(model->parameters, 1, NULL);
        const json_t *table = json_object_get(entry, "table");
        assert_true(json_is_true(json_object_get(entry, "converged")));
        for (size_t i = 0; i < TERMS_MAX && model->terms[i].term != NULL; i++) {
            const json_t *row = json_array_get(table, i);
            assert_text(row, "term", model->terms[i].term);
            assert_relative(
                row, "estimate", model->terms[i].estimate, TOLERANCE);
            assert_relative(
                row, "std_error", model->terms[i].std_error, TOLERANCE);
            assert_relative(
                row, "statistic", model->terms[i].statistic, TOLERANCE);
            assert_relative(row, "p_value", model->terms[i].p_value, TOLERANCE);
        }
        assert_relative(entry, "deviance", model->deviance, TOLERANCE);
        if (isnan(model->null_deviance))
            assert_true(json_is_null(json_object_get(entry, "null_deviance")));
        else
            assert_relative(
                entry, "null_deviance", model->null_deviance, TOLERANCE);
        assert_relative(entry, "aic", model->aic, TOLERANCE);
        assert_relative(entry, "dispersion", model->dispersion, TOLERANCE);
        assert_integer(entry, "df", model->df);
        json_decref(entry);
    }
}

static void test_glm_rounds_are_the_same_bytes_at_any_split(void **state)
{
    (void)state;
    static const size_t splits[] = {2, 5, 13};
    for (size_t m = 0; m < MODEL_COUNT; m++) {
        uint128 whole, split;
        json_t *entry = fit(models[m].parameters, 1, &whole);
        for (size_t i = 0; i < sizeof splits / sizeof splits[0]; i++) {
            json_t *other = fit(models[m].parameters, splits[i], &split);
            assert_true(whole == split);
            assert_true(json_equal(entry, other));
            json_decref(other);
        }
        json_decref(entry);
    }
}

/* hot is temp > 80: the terms know the outcome. */
static void test_glm_with_separation_says_so(void **state)
{
    (void)state;
    json_t *entry =
        fit("\"formula\":\"hot ~ temp\",\"family\":\"binomial\"", 2, NULL);
    assert_true(json_is_false(json_object_get(entry, "converged")));
    assert_null(json_object_get(entry, "table"));
    assert_non_null(strstr(
        json_string_value(json_object_get(entry, "message")), "separate"));
    json_decref(entry);
}

static void test_glm_with_values_outside_the_family_says_so(void **state)
{
    (void)state;
    json_t *entry = fit("\"formula\":\"I(ozone - 50) ~ temp\",\"family\":"
                        "\"poisson\"",
        2, NULL);
    assert_non_null(strstr(json_string_value(json_object_get(entry, "message")),
        "does not allow"));
    assert_null(json_object_get(entry, "table"));
    json_decref(entry);
}

/* s <- subset(airquality, Month != 5); glm(hot ~ wind + month, binomial, s) */
static void test_glm_compares_with_the_first_level_in_use(void **state)
{
    (void)state;
    static const double expected[][2] = {
        {1.56206727421284874, 0.801732462988035688},
        {-0.23059748215939987, 0.073245169319455586}, {NAN, NAN},
        {2.92890948436584830, 0.752049545061854396},
        {1.13509258899975340, 0.571356987849024556},
        {-0.17498823241954392, 0.589615486033750913}};
    uint128 trace;
    json_t *entry = rounds_of(&air,
        "{\"cohort\":\"month in (6, 7, 8, 9)\",\"analyses\":[{\"glm\":{"
        "\"formula\":\"hot ~ wind + month\",\"family\":\"binomial\"}}]}",
        2, 1, &trace);
    const json_t *table = json_object_get(entry, "table");
    assert_text(json_object_get(entry, "reference"), "month", "6");
    assert_text(entry, "interval", "wald");
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        const json_t *row = json_array_get(table, i);
        if (isnan(expected[i][0])) {
            assert_true(json_is_null(json_object_get(row, "estimate")));
            continue;
        }
        assert_relative(row, "estimate", expected[i][0], TOLERANCE);
        assert_relative(row, "std_error", expected[i][1], TOLERANCE);
    }
    json_decref(entry);
}

/* R, of w = wind - 10: glm(hot ~ w + I(w^2), binomial). Its square has the same
 * coefficient wherever the scale begins. */
static void test_glm_far_from_zero_loses_nothing(void **state)
{
    (void)state;
    json_t *entry = fit("\"formula\":\"hot ~ I(wind + 10000) + I((wind + "
                        "10000)^2)\",\"family\":\"binomial\"",
        2, NULL);
    const json_t *row = json_array_get(json_object_get(entry, "table"), 2);
    assert_true(json_is_true(json_object_get(entry, "converged")));
    assert_relative(row, "estimate", 0.0015799957735665251, 1e-8);
    assert_relative(row, "std_error", 0.013102212081377624, 1e-8);
    json_decref(entry);
}

/* glm(hot ~ wind + I(wind^2), poisson): a boolean is 0 or 1 there. */
static void test_glm_counts_a_boolean(void **state)
{
    (void)state;
    json_t *entry = fit("\"formula\":\"hot ~ wind + I(wind^2)\",\"family\":"
                        "\"poisson\"",
        2, NULL);
    const json_t *row = json_array_get(json_object_get(entry, "table"), 1);
    assert_relative(row, "estimate", -0.0201302677439905119, 1e-9);
    assert_relative(row, "std_error", 0.1649952727835601873, 1e-9);
    assert_relative(entry, "deviance", 98.533402100959606, TOLERANCE);
    assert_relative(entry, "aic", 240.53340210095959, TOLERANCE);
    json_decref(entry);
}

/* The second column of two is NA, as in R. */
static void test_glm_with_collinear_terms_leaves_the_last_out(void **state)
{
    (void)state;
    json_t *entry = fit("\"formula\":\"windy ~ ozone + I(2 * ozone)\","
                        "\"family\":\"binomial\"",
        2, NULL);
    const json_t *table = json_object_get(entry, "table");
    assert_true(
        json_is_number(json_object_get(json_array_get(table, 1), "estimate")));
    assert_true(
        json_is_null(json_object_get(json_array_get(table, 2), "estimate")));
    json_decref(entry);
}

static void test_glm_with_too_few_people_is_suppressed(void **state)
{
    (void)state;
    uint128 trace;
    json_t *entry = rounds_of(&air,
        "{\"analyses\":[{\"glm\":{\"formula\":\"hot ~ ozone\",\"family\":"
        "\"binomial\"}}]}",
        2, 117, &trace);
    assert_suppressed(entry);
    json_decref(entry);
}

/* A release that holds nobody ends in words, not in a crash. */
static void test_glm_of_nobody_ends(void **state)
{
    (void)state;
    uint128 trace;
    json_t *entry = rounds_of(&air,
        "{\"cohort\":\"temp > 97\",\"analyses\":[{\"glm\":{\"formula\":\"hot ~ "
        "ozone\",\"family\":\"binomial\"}}]}",
        2, 1, &trace);
    assert_integer(entry, "n", 0);
    json_decref(entry);
}

/* Centers that lie may give any sum. */
static void test_glm_ends_at_a_sum_that_no_rows_have(void **state)
{
    (void)state;
    struct asked asked;
    struct fit *fit = NULL;
    json_t *results = NULL;
    ask(&asked, &air,
        "{\"analyses\":[{\"glm\":{\"formula\":\"hot ~ wind\",\"family\":"
        "\"binomial\"}}]}",
        2);
    assert_int_equal(fit_create(&fit, asked.plan, &asked.sum, 5), STATUS_OK);
    assert_false(fit->over);
    for (size_t i = PLAN_HEAD; i < asked.sum.length; i++)
        asked.sum.elements[i] = (int128)1 << 126;
    assert_int_equal(fit_advance(fit, &asked.sum), STATUS_OK);
    assert_true(fit->over);
    assert_int_equal(fit_finish(fit, 5, &results), STATUS_OK);
    assert_text(json_array_get(results, 0), "rule", "few");
    json_decref(results);
    fit_destroy(fit);
    asked_destroy(&asked);
}

static void test_glm_with_mistakes_is_refused(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"{\"formula\":\"hot ~ wind\"}", "family"},
        {"{\"formula\":\"hot ~ wind\",\"family\":\"binomal\"}",
            "did you mean 'binomial'"},
        {"{\"formula\":\"hot ~ wind\",\"family\":\"binomial\",\"link\":"
         "\"inverse\"}",
            "no link inverse"},
        {"{\"formula\":\"ozone ~ wind\",\"family\":\"binomial\"}", "boolean"},
        {"{\"formula\":\"hot ~ wind\",\"family\":\"Gamma\"}", "is a number"},
        {"{\"formula\":\"month ~ wind\",\"family\":\"poisson\"}",
            "a number or a boolean"},
        {"{\"formula\":\"hot ~ wind + strata(month)\",\"family\":\"binomial\"}",
            "no strata"},
        {"{\"formula\":\"hot ~ 0\",\"family\":\"binomial\"}", "any term"},
        {"{\"family\":\"binomial\"}", "formula"},
    };
    assert_refused(&air, "glm", cases, sizeof cases / sizeof cases[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_glm_agrees_with_r),
        cmocka_unit_test(test_glm_rounds_are_the_same_bytes_at_any_split),
        cmocka_unit_test(test_glm_compares_with_the_first_level_in_use),
        cmocka_unit_test(test_glm_far_from_zero_loses_nothing),
        cmocka_unit_test(test_glm_counts_a_boolean),
        cmocka_unit_test(test_glm_with_separation_says_so),
        cmocka_unit_test(test_glm_with_values_outside_the_family_says_so),
        cmocka_unit_test(test_glm_with_collinear_terms_leaves_the_last_out),
        cmocka_unit_test(test_glm_with_too_few_people_is_suppressed),
        cmocka_unit_test(test_glm_of_nobody_ends),
        cmocka_unit_test(test_glm_ends_at_a_sum_that_no_rows_have),
        cmocka_unit_test(test_glm_with_mistakes_is_refused),
    };
    return cmocka_run_group_tests(tests, air_setup, air_teardown);
}
