/*
 * center as a term: a factor of the centers that answer. R's twin is a column
 * that says where each row stands: for three centers
 *   a$center <- factor(rep(c("c1", "c2", "c3"), each = 51))
 */
#include "analysis_fixture.h"

#define TOLERANCE 1e-11
#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

struct term {
    const char *name;
    double estimate, std_error;
};

static void check_terms(const json_t *entry, const struct term *expected,
    size_t count, double tolerance)
{
    const json_t *table = json_object_get(entry, "table");
    assert_int_equal(json_array_size(table), count);
    for (size_t i = 0; i < count; i++) {
        const json_t *row = json_array_get(table, i);
        assert_text(row, "term", expected[i].name);
        assert_relative(row, "estimate", expected[i].estimate, tolerance);
        assert_relative(row, "std_error", expected[i].std_error, tolerance);
    }
}

/* The first entry of a question to so many centers. */
static json_t *asked_of(const char *query, size_t centers)
{
    struct asked asked;
    ask(&asked, &air, query, centers);
    assert_true(plan_has_center_term(asked.plan));
    assert_true(plan_tells_centers(asked.plan));
    json_t *results = asked_finish(&asked, 1);
    asked_destroy(&asked);
    return results;
}

/* coef(summary(lm(Ozone ~ Temp + center, a))) */
static void test_center_is_a_factor_whose_first_level_is_the_reference(
    void **state)
{
    (void)state;
    static const struct term expected[] = {
        {"(Intercept)", -150.1377149100436839, 20.94182246258676372},
        {"temp", 2.5148913578727061, 0.29496653558649344},
        {"centerc2", -1.9468361882485483, 7.12734945220615757},
        {"centerc3", -7.5195530328344669, 6.00844284902479941}};
    json_t *results = asked_of(
        "{\"analyses\":[{\"lm\":{\"formula\":\"ozone ~ temp + center\"}}]}", 3);
    check_terms(
        json_array_get(results, 0), expected, COUNT(expected), TOLERANCE);
    json_decref(results);
}

/* coef(summary(lm(Ozone ~ Temp * center, a))) */
static void test_center_takes_part_in_interactions(void **state)
{
    (void)state;
    static const struct term expected[] = {
        {"(Intercept)", -66.8543192828896480, 30.9422279793699708},
        {"temp", 1.3197626793362587, 0.4408701300524831},
        {"centerc2", -369.0489243080352253, 79.9961179427296685},
        {"centerc3", -110.0512086642396525, 42.9424356438924093},
        {"temp:centerc2", 4.5601877019924535, 0.9784964726371207},
        {"temp:centerc3", 1.4382423414127659, 0.5780682227735634}};
    json_t *results = asked_of(
        "{\"analyses\":[{\"lm\":{\"formula\":\"ozone ~ temp * center\"}}]}", 3);
    check_terms(
        json_array_get(results, 0), expected, COUNT(expected), TOLERANCE);
    json_decref(results);
}

/* anova(lm(Ozone ~ Temp * center, a)) */
static void test_center_has_its_row_of_anova(void **state)
{
    (void)state;
    static const struct {
        const char *term;
        int64_t df;
        double sum_sq;
    } expected[] = {{"temp", 1, 61033.1674917017},
        {"center", 2, 1178.9752498477}, {"temp:center", 2, 10729.9698663308},
        {"Residuals", 110, 52200.9477369474}};
    json_t *results = asked_of(
        "{\"analyses\":[{\"anova\":{\"formula\":\"ozone ~ temp * center\"}}]}",
        3);
    for (size_t i = 0; i < COUNT(expected); i++) {
        const json_t *row = row_of(results, 0, i);
        assert_text(row, "term", expected[i].term);
        assert_integer(row, "df", expected[i].df);
        assert_relative(row, "sum_sq", expected[i].sum_sq, TOLERANCE);
    }
    json_decref(results);
}

/* coef(summary(glm(I(Temp > 80) ~ Wind + center, binomial, a))) */
static void test_center_is_a_term_of_glm(void **state)
{
    (void)state;
    static const struct term expected[] = {
        {"(Intercept)", 0.53736857787660997, 0.742789159954917011},
        {"wind", -0.17775597991333775, 0.062239196097245882},
        {"centerc2", 2.23120810703706818, 0.500065665702878026},
        {"centerc3", 0.64244866320900551, 0.474409195972785525}};
    uint128 trace;
    json_t *entry = rounds_of(&air,
        "{\"analyses\":[{\"glm\":{\"formula\":\"hot ~ wind + center\","
        "\"family\":\"binomial\"}}]}",
        3, 1, &trace);
    check_terms(entry, expected, COUNT(expected), 1e-9);
    json_decref(entry);
}

/* names(coef(lm(...))) */
static void test_center_columns_are_named_as_r_names_them(void **state)
{
    (void)state;
    static const struct {
        const char *formula, *names;
    } cases[] = {
        {"temp + temp:center", "(Intercept) temp temp:centerc2 temp:centerc3 "},
        {"0 + temp:center", "temp:centerc1 temp:centerc2 temp:centerc3 "},
        {"0 + center + temp", "centerc1 centerc2 centerc3 temp "},
        {"hot:center", "(Intercept) hotfalse:centerc1 hottrue:centerc1 "
                       "hotfalse:centerc2 hottrue:centerc2 hotfalse:centerc3 "
                       "hottrue:centerc3 "},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char query[256];
        struct buffer names;
        buffer_init(&names, 256);
        snprintf(query, sizeof query,
            "{\"analyses\":[{\"lm\":{\"formula\":\"ozone ~ %s\"}}]}",
            cases[i].formula);
        json_t *results = asked_of(query, 3);
        size_t at;
        json_t *row;
        json_array_foreach(
            json_object_get(json_array_get(results, 0), "table"), at, row)
        {
            buffer_append_text(
                &names, json_string_value(json_object_get(row, "term")));
            buffer_append_text(&names, " ");
        }
        assert_string_equal(buffer_text(&names), cases[i].names);
        buffer_fini(&names);
        json_decref(results);
    }
}

/* One that drops out is a level that nobody has: its coefficient is null, as a
 * column is in R that others explain (NA), and the rest are
 * coef(lm(Ozone ~ Temp + center, subset(a, center != "c2"))). */
static void test_center_that_drops_out_has_no_coefficient(void **state)
{
    (void)state;
    struct asked asked;
    ask_without(&asked, &air,
        "{\"analyses\":[{\"lm\":{\"formula\":\"ozone ~ temp + center\"}}]}", 3,
        1);
    json_t *results = asked_finish(&asked, 1);
    assert_relative(
        row_of(results, 0, 0), "estimate", -125.1503498646900141, TOLERANCE);
    assert_relative(
        row_of(results, 0, 1), "estimate", 2.1563190837491395, TOLERANCE);
    assert_text(row_of(results, 0, 2), "term", "centerc2");
    assert_true(
        json_is_null(json_object_get(row_of(results, 0, 2), "estimate")));
    assert_relative(
        row_of(results, 0, 3), "estimate", -4.1173480269266243, TOLERANCE);
    json_decref(results);
    asked_destroy(&asked);
}

/* R: contrasts can be applied only to factors with 2 or more levels */
static void test_center_alone_has_nothing_to_compare(void **state)
{
    (void)state;
    char name[1][NAME_MAX_BYTES + 1] = {"alone"};
    const struct center_list one = {1, name};
    struct query *query = NULL;
    struct plan *plan = NULL;
    struct diagnostic diagnostic;
    diagnostic_init(&diagnostic, "query");
    assert_int_equal(query_parse(&query,
                         view_of_text("{\"analyses\":[{\"lm\":{\"formula\":"
                                      "\"ozone ~ center\"}}]}"),
                         air.dictionary, &diagnostic),
        STATUS_OK);
    assert_int_equal(
        plan_create_for(&plan, query, air.dictionary, &one, &diagnostic),
        STATUS_TOO_FEW_CENTERS);
    assert_null(plan);
    assert_int_equal(diagnostic.column, 40);
    assert_non_null(strstr(diagnostic.message, "compares centers"));
    query_destroy(query);
}

static void test_center_is_no_term_of_other_analyses(void **state)
{
    (void)state;
    static const struct {
        const char *analysis, *parameters;
    } cases[] = {{"t_test", "{\"formula\":\"ozone ~ center\"}"},
        {"rank_test", "{\"formula\":\"ozone ~ center\"}"},
        {"roc", "{\"formula\":\"hot ~ wind + center\"}"},
        {"km", "{\"formula\":\"Surv(temp, hot) ~ center\"}"},
        {"mixed", "{\"formula\":\"ozone ~ center + (1 | center)\"}"},
        {"mlp", "{\"formula\":\"month ~ wind + center\",\"hidden\":2,"
                "\"epochs\":1,\"seed\":1}"}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *const pair[][2] = {
            {cases[i].parameters, "center is a term of the analyses"}};
        assert_refused(&air, cases[i].analysis, pair, 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            test_center_is_a_factor_whose_first_level_is_the_reference),
        cmocka_unit_test(test_center_takes_part_in_interactions),
        cmocka_unit_test(test_center_has_its_row_of_anova),
        cmocka_unit_test(test_center_is_a_term_of_glm),
        cmocka_unit_test(test_center_columns_are_named_as_r_names_them),
        cmocka_unit_test(test_center_that_drops_out_has_no_coefficient),
        cmocka_unit_test(test_center_alone_has_nothing_to_compare),
        cmocka_unit_test(test_center_is_no_term_of_other_analyses),
    };
    return cmocka_run_group_tests(tests, air_setup, air_teardown);
}
