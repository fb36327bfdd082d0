/* formula: R's language, read against the dictionary. */
#include <math.h>

#include "protocol/query/formula.h"
#include "tests/unit/test.h"

static struct dictionary *dictionary;

static int setup(void **state)
{
    struct diagnostic diagnostic;
    (void)state;
    diagnostic_init(&diagnostic, "dictionary");
    assert_int_equal(
        dictionary_parse(&dictionary,
            view_of_text(
                "{\"id\":\"d\",\"version\":1,\"variables\":["
                "{\"name\":\"age\",\"type\":\"integer\",\"min\":0,\"max\":120,"
                "\"knots\":[30,40,50,55,60,65,70,75,80]},"
                "{\"name\":\"bili\",\"type\":\"real\",\"resolution\":0.1,"
                "\"min\":0,\"max\":100},"
                "{\"name\":\"sex\",\"type\":\"category\",\"categories\":["
                "{\"code\":\"F\"},{\"code\":\"M\"}]},"
                "{\"name\":\"stage\",\"type\":\"integer\",\"min\":1,"
                "\"max\":4,\"knots\":[2,3]},"
                "{\"name\":\"days\",\"type\":\"days\"},"
                "{\"name\":\"death\",\"type\":\"boolean\"},"
                "{\"name\":\"shape\",\"type\":\"vector\",\"length\":3,"
                "\"resolution\":0.1,\"min\":-9,\"max\":9}]}"),
            &diagnostic),
        STATUS_OK);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    dictionary_destroy(dictionary);
    return 0;
}

static struct formula *parsed(const char *text)
{
    struct formula *formula = NULL;
    struct formula_error error;
    if (formula_parse(&formula, text, dictionary, NULL, &error) != STATUS_OK)
        fail_msg("%s at %zu: %s", text, error.offset, error.message);
    return formula;
}

/* attr(terms(f), "term.labels"), joined by blanks */
static void expect_terms(const char *text, const char *expected)
{
    struct buffer found;
    buffer_init(&found, 1024);
    struct formula *formula = parsed(text);
    buffer_append_text(&found, formula->intercept ? "" : "0 ");
    for (size_t t = 0; t < formula->term_count; t++) {
        bool first = true;
        for (size_t a = 0; a < formula->atom_count; a++) {
            if ((formula->terms[t].atoms >> a & 1) == 0)
                continue;
            if (!first)
                buffer_append_text(&found, ":");
            buffer_append_text(&found, formula->atoms[a].name);
            first = false;
        }
        buffer_append_text(&found, t + 1 < formula->term_count ? " " : "");
    }
    assert_string_equal(buffer_text(&found), expected);
    buffer_fini(&found);
    formula_destroy(formula);
}

static void test_formula_terms_stand_in_the_order_of_r(void **state)
{
    (void)state;
    expect_terms("bili ~ age", "age");
    expect_terms("~ age:sex + age", "age age:sex");
    expect_terms("bili ~ age * sex + stage", "age sex stage age:sex");
    expect_terms("bili ~ sex * age * stage",
        "sex age stage sex:age sex:stage age:stage sex:age:stage");
    expect_terms("bili ~ (age + sex + stage)^2 - age:sex",
        "age sex stage age:stage sex:stage");
    expect_terms("bili ~ age + age + 0", "0 age");
    expect_terms("bili ~ -1 + age", "0 age");
    expect_terms("bili ~ 1", "");
    expect_terms("bili ~ I(age^2)+log( bili )  + ns(age,df=3) + factor(stage)",
        "I(age^2) log(bili) ns(age, df = 3) factor(stage)");
    expect_terms("bili ~ ns(age, 10)", "ns(age, 10)");
    expect_terms("age ~ ns(bili, 1)", "ns(bili, 1)");
    expect_terms("bili ~ I(age*2/3 - -bili)", "I(age * 2/3 - -bili)");
    expect_terms("bili ~ I( age>=60 ) * sex + I(shape[2] < -1.0)",
        "I(age >= 60) sex I(shape[2] < -1) I(age >= 60):sex");
}

static void test_formula_surv_reads_two_or_three_names(void **state)
{
    (void)state;
    struct formula *formula =
        parsed("Surv(days, death) ~ age + strata(center) + strata(sex)");
    assert_int_equal(formula->response_kind, RESPONSE_SURVIVAL);
    assert_false(formula->survival.has_start);
    assert_int_equal(formula->survival.stop, 4);
    assert_int_equal(formula->survival.event, 5);
    assert_true(formula->strata_center);
    assert_int_equal(formula->strata_count, 1);
    assert_int_equal(formula->strata[0], 2);
    assert_int_equal(formula->term_count, 1);
    formula_destroy(formula);
    formula = parsed("Surv(age, days, death) ~ 1");
    assert_true(formula->survival.has_start);
    assert_int_equal(formula->survival.start, 0);
    assert_int_equal(formula->survival.stop, 4);
    assert_int_equal(formula->survival.event, 5);
    formula_destroy(formula);
}

static void test_formula_center_is_a_factor_of_who_answers(void **state)
{
    (void)state;
    char names[3][NAME_MAX_BYTES + 1] = {"basel", "cleveland", "zurich"};
    const struct center_list list = {3, names};
    struct formula *formula = NULL;
    char text[64];
    expect_terms("bili ~ age * center", "age center age:center");
    assert_int_equal(formula_parse(&formula, "bili ~ age + center + center",
                         dictionary, &list, NULL),
        STATUS_OK);
    assert_true(formula->center_term);
    assert_int_equal(formula->term_count, 2);
    assert_int_equal(formula->atoms[1].kind, ATOM_LEVELS);
    assert_int_equal(formula->atoms[1].variable, FORMULA_CENTER);
    assert_int_equal(formula->atoms[1].level_count, 3);
    formula_level_text(&formula->atoms[1], dictionary, 1, text, sizeof text);
    assert_string_equal(text, "centercleveland");
    formula_destroy(formula);
    formula = parsed("bili ~ age + strata(center)");
    assert_false(formula->center_term);
    formula_destroy(formula);
}

static void assert_level(const char *text, size_t level, int32_t first,
    int32_t last, const char *name)
{
    char found[64];
    struct formula *formula = parsed(text);
    const struct formula_atom *atom = &formula->atoms[0];
    const struct level_codes codes =
        formula_level_codes(atom, dictionary, level);
    assert_int_equal(atom->kind, ATOM_CUT);
    assert_int_equal(atom->level_count, 2);
    assert_int_equal(codes.first, first);
    assert_int_equal(codes.last, last);
    formula_level_text(atom, dictionary, level, found, sizeof found);
    assert_string_equal(found, name);
    formula_destroy(formula);
}

static void test_formula_cuts_a_number_at_an_edge(void **state)
{
    (void)state;
    assert_level("~ I(age >= 60)", 1, 60, 120, "I(age >= 60)TRUE");
    assert_level("~ I(age >= 60)", 0, 0, 59, "I(age >= 60)FALSE");
    assert_level("~ I(age > 60)", 1, 61, 120, "I(age > 60)TRUE");
    assert_level("~ I(age < 60)", 1, 0, 59, "I(age < 60)TRUE");
    assert_level("~ I(age <= 60)", 0, 61, 120, "I(age <= 60)FALSE");
    assert_level("~ I(bili <= 5)", 1, 0, 50, "I(bili <= 5)TRUE");
}

static void test_formula_responses_have_their_kind(void **state)
{
    (void)state;
    struct formula *formula = parsed("death ~ age + offset(log(days))");
    assert_int_equal(formula->response_kind, RESPONSE_LEVELS);
    assert_true(formula->has_offset);
    assert_string_equal(formula->offset.name, "log(days)");
    formula_destroy(formula);
    formula = parsed("log(bili) ~ age");
    assert_int_equal(formula->response_kind, RESPONSE_NUMBER);
    assert_string_equal(formula->response.name, "log(bili)");
    formula_destroy(formula);
    formula = parsed("~ age");
    assert_int_equal(formula->response_kind, RESPONSE_NONE);
    formula_destroy(formula);
}

static void test_formula_values_are_those_of_r(void **state)
{
    (void)state;
    const int32_t codes[] = {50, 25, 0, 2, 100, 1, VALUE_MISSING};
    struct formula *formula =
        parsed("-2^2 + age/bili * sqrt(stage) - log10(days) ~ 1");
    assert_true(fabs(formula_atom_value(&formula->response, dictionary, codes) -
                     (-4 + 50 / 2.5 * sqrt(2.0) - 2)) < 1e-13);
    assert_true(formula_atom_bound(&formula->response, dictionary) >= 30);
    formula_destroy(formula);
    formula = parsed("log(age - 50) ~ 1"); /* -Inf counts as missing */
    assert_true(
        isnan(formula_atom_value(&formula->response, dictionary, codes)));
    formula_destroy(formula);
}

/* Free arithmetic, as dictionaries have it; its steps are in the arena. */
static struct expression free_arithmetic(const char *text, struct arena *arena)
{
    struct expression out = {0};
    struct formula_error error;
    if (expression_parse(&out, text, dictionary, arena, &error) != STATUS_OK)
        fail_msg("%s at %zu: %s", text, error.offset, error.message);
    return out;
}

/* A divisor is no nearer to zero than its variable's resolution. */
static void test_expression_bounds_know_the_grid(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double bound;
    } cases[] = {
        {"1 / age", 1}, {"1 / (2 * age)", 0.5}, {"1 / (age - 50)", 1},
        {"1 / (age - 0.5)", 2}, {"1 / bili", 10}, {"1 / abs(-bili)", 10},
        {"1 / (age - bili)", 10}, {"1 / exp(age)", 1},
        {"1 / sqrt(age)", 1e9}, /* of a root no grid is known */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct arena arena = {0};
        struct expression expression = free_arithmetic(cases[i].text, &arena);
        double bound = expression_bound(&expression, dictionary);
        if (fabs(bound - cases[i].bound) > 1e-9 * bound)
            fail_msg("%s: %.17g", cases[i].text, bound);
        arena_free(&arena);
    }
}

static bool chooses(const char *text)
{
    struct arena arena = {0};
    struct expression expression = free_arithmetic(text, &arena);
    bool found = expression_chooses_rows(&expression, dictionary);
    arena_free(&arena);
    return found;
}

/* log(age - 50) and log(age - 51) would count those of 51 years. */
static void test_expression_numbers_that_choose_rows_are_seen(void **state)
{
    (void)state;
    static const char *const choosing[] = {"log(age - 50)", "sqrt(age - 50)",
        "I(1/(age - 50))", "I((50 - age)^0.5)", "I((age - 50)^-1)",
        "exp(20 * age)", "I(age^20)", "I(age * 1e15 * 1e15)", "log(age * 0)",
        "I(age/(age - age))", "log(1 - abs(age - 50))", "I(2^age^2)",
        "log1p(age - 150)", "I(age/0)", "I(1/(age*bili - 1))",
        "log(bili/age - 2)"};
    static const char *const open_to_all[] = {"I(age^2)", "I(age * 2/3 - bili)",
        "log(bili)", "sqrt(bili)", "log(age + 1)", "I((age - 50)^2)",
        "I(age/bili)", "log1p(age)", "exp(age/50)", "I(1/(age + 1))",
        "I(abs(age - 50))", "log(days)", "I(-age)", "I(2^(age/10))", "I(1/age)",
        "I(3*log(bili) + 2)"};
    for (size_t i = 0; i < sizeof choosing / sizeof choosing[0]; i++)
        if (!chooses(choosing[i]))
            fail_msg("%s", choosing[i]);
    for (size_t i = 0; i < sizeof open_to_all / sizeof open_to_all[0]; i++)
        if (chooses(open_to_all[i]))
            fail_msg("%s", open_to_all[i]);
}

/* Arithmetic that could be aimed at one person, and where it stands. */
static void test_formula_arithmetic_cannot_be_aimed(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t offset;
        const char *part;
    } cases[] = {
        {"I(bili*exp(-50*abs(age-62))) ~ 1", 15, "no abs(): take ns(x, 3)"},
        {"bili ~ exp(age)", 7, "no exp(): take log() of the other side"},
        {"bili ~ I(2^age)", 10, "an exponent in a formula is a number"},
        {"bili ~ I(age^4)", 12, "a total degree of at most 3"},
        {"bili ~ I((age - 50)^2*stage^2)", 21, "a total degree of at most 3"},
        {"bili ~ I((age - 50)^0.5)", 19, "a power of a sum"},
        {"bili ~ I((age - 50)^-1)", 19, "a power of a sum"},
        {"bili ~ I(age/(bili - 0.5))", 12, "divides by a number or by"},
        {"bili ~ I(age/log(bili))", 12, "divides by a number or by"},
        {"bili ~ log(age - bili)", 7, "log() in a formula takes a variable"},
        {"bili ~ sqrt(log(age))", 7, "sqrt() in a formula takes"},
        {"bili ~ log(I(age^2) + 1)", 11, "one I() around"},
        {"bili ~ I(I(age)^2)", 9, "one I() around"},
        {"bili ~ I(log(age + 1) - log(age + 2))", 24, "write each as a term"},
        {"I(bili*death) ~ 1", 7, "'death' has two values"},
        {"bili ~ offset(exp(age))", 14, "no exp()"},
        {"exp(age) ~ bili", 0, "no exp()"},
        {"bili ~ age:I(bili^3)", 20, "total degree of at most 3"},
        {"bili ~ age*bili*days*stage", 26, "total degree of at most 3"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct formula *formula = NULL;
        struct formula_error error;
        enum status status =
            formula_parse(&formula, cases[i].text, dictionary, NULL, &error);
        if (status != STATUS_MALFORMED || error.offset != cases[i].offset ||
            strstr(error.message, cases[i].part) == NULL)
            fail_msg("%s: %d at %zu: %s", cases[i].text, (int)status,
                error.offset, error.message);
        formula_destroy(formula);
    }
}

static void test_formula_arithmetic_of_every_day_is_taken(void **state)
{
    (void)state;
    static const char *const texts[] = {"log(bili)", "log(bili + 1)",
        "log2(bili/10)", "I(age^2)", "I(age^3)", "I((age - 50)^2)", "I(age/10)",
        "I(bili/age^2)", "I(days/sqrt(age))", "sqrt(bili)", "I(log(bili)^2)",
        "I(log(bili) - log(age))", "I(1/bili)", "I(bili^-0.5)",
        "I(shape[1] + shape[2]^2 - 3*shape[3])", "I(age*bili*stage)",
        "log(bili*age)", "I(2^2 * age)", "log1p(bili)", "I(-age)",
        "I(log(10) * age)"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        char text[128];
        snprintf(
            text, sizeof text, "%s ~ age:bili:stage + %s", texts[i], texts[i]);
        formula_destroy(parsed(text));
    }
}

static void test_formula_takes_elements_of_a_vector(void **state)
{
    (void)state;
    const int32_t codes[] = {50, 25, 0, 2, 100, 1, 0, 10, -20, 30};
    struct formula *formula = parsed("I(2*shape[1] - shape[3]) ~ shape[2]");
    assert_true(fabs(formula_atom_value(&formula->response, dictionary, codes) -
                     -1) < 1e-13);
    assert_string_equal(formula->response.name, "I(2 * shape[1] - shape[3])");
    assert_string_equal(formula->atoms[0].name, "shape[2]");
    assert_true(formula_atom_bound(&formula->response, dictionary) >= 27);
    formula_destroy(formula);
}

static void test_formula_mistakes_are_pointed_at(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum status status;
        size_t offset;
        const char *part;
    } cases[] = {
        {"bili ~ agee", STATUS_UNKNOWN_NAME, 7, "did you mean 'age'?"},
        {"bili ~ lug(age)", STATUS_UNKNOWN_NAME, 7, "did you mean 'log'?"},
        {"bili age", STATUS_MALFORMED, 5, "expected '~'"},
        {"bili ~ age +", STATUS_MALFORMED, 12, "found the end"},
        {"bili ~ age)", STATUS_MALFORMED, 10, "found ')'"},
        {"bili ~ (age", STATUS_MALFORMED, 11, "expected ')'"},
        {"bili ~ I(sex^2)", STATUS_MALFORMED, 9, "has categories"},
        {"bili ~ shape", STATUS_MALFORMED, 7, "shape[1] to shape[3]"},
        {"bili ~ shape[4]", STATUS_UNKNOWN_NAME, 7, "shape[1] to shape[3]"},
        {"bili ~ shape[01]", STATUS_UNKNOWN_NAME, 7, "shape[1] to shape[3]"},
        {"bili ~ age[1]", STATUS_UNKNOWN_NAME, 7, "is no vector"},
        {"bili ~ shape[", STATUS_MALFORMED, 7, "is a vector"},
        {"bili ~ shape[1", STATUS_MALFORMED, 7, "is a vector"},
        {"center ~ age", STATUS_UNKNOWN_NAME, 0, "'center'"},
        {"bili ~ log(center)", STATUS_UNKNOWN_NAME, 11, "'center'"},
        {"bili ~ factor(bili)", STATUS_MALFORMED, 14, "whole number"},
        {"bili ~ ns(age, 0)", STATUS_MALFORMED, 15, "degrees of freedom"},
        {"bili ~ ns(age, 2.5)", STATUS_MALFORMED, 15, "degrees of freedom"},
        {"bili ~ ns(stage, 4)", STATUS_MALFORMED, 17,
            "2 knots of 'stage', for up to 3 degrees"},
        {"age ~ ns(bili, 2)", STATUS_MALFORMED, 15,
            "ns(bili, 2) needs 1 or more \"knots\" of 'bili' in the dictionary, "
            "and there are none; without them write ns(bili, 1), or bili + "
            "I(bili^2)"},
        {"bili ~ ns(sex, 2)", STATUS_MALFORMED, 10, "ns() takes a number"},
        {"bili ~ strata(age)", STATUS_MALFORMED, 14, "strata are of"},
        {"bili ~ age * strata(sex)", STATUS_MALFORMED, 24, "interaction"},
        {"Surv(sex, death) ~ 1", STATUS_MALFORMED, 5, "a time is"},
        {"Surv(days, bili) ~ 1", STATUS_MALFORMED, 11, "an event is"},
        {"bili ~ I(age >= 62)", STATUS_THRESHOLD_OFF_GRID, 9,
            "between 61 and 62: the nearest edges are 60 and 70"},
        {"bili ~ I(age >= 130)", STATUS_OUT_OF_RANGE, 9, "on one side"},
        {"bili ~ I(age < 0)", STATUS_OUT_OF_RANGE, 9, "on one side"},
        {"bili ~ I(bili > 50.05)", STATUS_THRESHOLD_OFF_GRID, 16, "no such"},
        {"bili ~ I(sex > 1)", STATUS_MALFORMED, 9, "have no order"},
        {"bili ~ I(age >= sex)", STATUS_MALFORMED, 16, "a number"},
        {"bili ~ I(age >= 60 + 1)", STATUS_MALFORMED, 19, "expected ')'"},
        {"bili ~ I(age + 1 > 60)", STATUS_MALFORMED, 17, "compares nothing"},
        {"bili ~ I(age == 60)", STATUS_MALFORMED, 13, "compares nothing"},
        {"I(age > 60) ~ sex", STATUS_MALFORMED, 6, "compares nothing"},
        {"bili ~ age ? sex", STATUS_MALFORMED, 11, "found '?'"},
        {"", STATUS_MALFORMED, 0, "expected a variable"},
        {"bili ~ ((((((((((((((((((((((((((((((age", STATUS_LIMIT_REACHED, 31,
            "nested"},
        {"bili ~ I(------------------------------age)", STATUS_LIMIT_REACHED,
            32, "nested"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct formula *formula = NULL;
        struct formula_error error;
        enum status status =
            formula_parse(&formula, cases[i].text, dictionary, NULL, &error);
        if (status != cases[i].status || error.offset != cases[i].offset ||
            strstr(error.message, cases[i].part) == NULL)
            fail_msg("%s: %d at %zu: %s", cases[i].text, (int)status,
                error.offset, error.message);
        assert_null(formula);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_formula_terms_stand_in_the_order_of_r),
        cmocka_unit_test(test_formula_surv_reads_two_or_three_names),
        cmocka_unit_test(test_formula_center_is_a_factor_of_who_answers),
        cmocka_unit_test(test_formula_cuts_a_number_at_an_edge),
        cmocka_unit_test(test_formula_responses_have_their_kind),
        cmocka_unit_test(test_formula_values_are_those_of_r),
        cmocka_unit_test(test_expression_bounds_know_the_grid),
        cmocka_unit_test(test_expression_numbers_that_choose_rows_are_seen),
        cmocka_unit_test(test_formula_arithmetic_cannot_be_aimed),
        cmocka_unit_test(test_formula_arithmetic_of_every_day_is_taken),
        cmocka_unit_test(test_formula_takes_elements_of_a_vector),
        cmocka_unit_test(test_formula_mistakes_are_pointed_at),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
