#include "protocol/query/cohort.h"
#include "protocol/query/derivation.h"
#include "protocol/query/query.h"
#include "protocol/wire/keys.h"
#include "tests/unit/test.h"

static struct dictionary *dictionary;
enum { AGE, LVEF, SEX, MI };
#define MISSING VALUE_MISSING

static int setup(void **state)
{
    static const char text[] =
        "{\"id\":\"t\",\"variables\":["
        "{\"name\":\"age\",\"type\":\"integer\",\"unit\":\"a\",\"min\":0,"
        "\"max\":120},"
        "{\"name\":\"lvef\",\"type\":\"real\",\"resolution\":0.1,\"grid\":5,"
        "\"min\":0,\"max\":100},"
        "{\"name\":\"sex\",\"type\":\"category\",\"categories\":[{\"code\":"
        "\"F\",\"label\":\"female\"},{\"code\":\"M\"}]},"
        "{\"name\":\"mi\",\"type\":\"boolean\"},"
        "{\"name\":\"half\",\"type\":\"real\",\"resolution\":0.1,\"min\":0,"
        "\"max\":60,\"derived\":\"age / 2\"},"
        "{\"name\":\"old\",\"type\":\"boolean\",\"derived\":\"half > 30\"}]}";
    struct diagnostic diagnostic;
    (void)state;
    diagnostic_init(&diagnostic, "t");
    return keys_start() == STATUS_OK &&
                   dictionary_parse(&dictionary, view_of_text(text),
                       &diagnostic) == STATUS_OK
               ? 0
               : -1;
}

static int teardown(void **state)
{
    (void)state;
    dictionary_destroy(dictionary);
    return 0;
}

static struct cohort *parse(const char *text)
{
    struct cohort *cohort = NULL;
    struct cohort_error error;
    if (cohort_parse(&cohort, text, dictionary, &error) != STATUS_OK)
        fail_msg("%s at %zu: %s", text, error.offset, error.message);
    return cohort;
}

static bool holds(const char *text, int32_t age, int32_t sex, int32_t mi)
{
    struct cohort *cohort = parse(text);
    const int32_t codes[] = {age, MISSING, sex, mi, MISSING, MISSING};
    bool in = cohort_contains(cohort, codes);
    cohort_destroy(cohort);
    return in;
}

static void test_cohort_contains_follows_sql_on_missing_values(void **state)
{
    (void)state;
    assert_true(holds("", MISSING, MISSING, MISSING));
    assert_false(holds("age > 50", MISSING, 0, 0));
    assert_false(holds("not age > 50", MISSING, 0, 0));
    assert_false(holds("age > 50 or not age > 50", MISSING, 0, 0));
    assert_true(holds("age > 50 or age is missing", MISSING, 0, 0));
    assert_true(holds("not age is not missing", MISSING, 0, 0));
    assert_true(holds("mi or age > 50", MISSING, 0, 1));
    assert_false(holds("mi and age > 50", MISSING, 0, 1));
    assert_true(holds("not (mi and age > 50)", MISSING, 0, 0));
    assert_false(holds("not (mi or age > 50)", MISSING, 0, 0));
    assert_false(holds("sex != F", 1, MISSING, 0));
    assert_true(holds("sex not in (M)", 1, 0, 0));
}

static void test_cohort_parse_knows_every_form(void **state)
{
    (void)state;
    assert_true(holds("age between 50 and 60 and not mi", 50, 0, 0));
    assert_true(holds("60 >= age AND Not mi = true", 60, 0, 0));
    assert_true(holds("age not between 50 and 60", 49, 0, 0));
    assert_true(holds("sex = 'female' or sex == \"M\"", 1, 1, 0));
    assert_true(holds("age >= 18 a", 18, 0, 0));
    assert_true(holds("18 <= age", 18, 0, 0));
    assert_false(holds("18 < age", 18, 0, 0));
    assert_true(holds("mi = 0 and mi <> yes", 1, 0, 0));
}

static int32_t draw(unsigned *seed, int32_t below)
{
    *seed = *seed * 1103515245U + 12345U;
    return (int32_t)((*seed >> 16) % (unsigned)below);
}

/* Kleene's three values, without negation normal form: 0 no, 1 unknown, 2 yes
 */
/* NOLINTNEXTLINE(misc-no-recursion): depth is what its caller says */
static int three(
    int depth, unsigned *seed, const int32_t *codes, struct buffer *text)
{
    if (depth == 0 || draw(seed, 3) == 0) {
        int32_t limit = draw(seed, 9) + 1;
        buffer_append_format(text, "age < %d", (int)limit);
        return codes[AGE] == MISSING ? 1 : codes[AGE] < limit ? 2 : 0;
    }
    if (draw(seed, 3) == 0) {
        buffer_append_text(text, "not (");
        int inner = three(depth - 1, seed, codes, text);
        buffer_append_text(text, ")");
        return 2 - inner;
    }
    bool both = draw(seed, 2) == 0;
    buffer_append_text(text, "(");
    int left = three(depth - 1, seed, codes, text);
    buffer_append_text(text, both ? ") and (" : ") or (");
    int right = three(depth - 1, seed, codes, text);
    buffer_append_text(text, ")");
    return both ? (left < right ? left : right) : (left > right ? left : right);
}

static void test_cohort_contains_equals_kleene_on_random_expressions(
    void **state)
{
    (void)state;
    for (unsigned round = 0; round < 3000; round++) {
        unsigned seed = round;
        struct buffer text;
        buffer_init(&text, 8192);
        int32_t codes[] = {draw(&seed, 11), MISSING, 0, 0, 0, 0};
        if (codes[AGE] == 10)
            codes[AGE] = MISSING;
        int expected = three(4, &seed, codes, &text);
        struct cohort *cohort = parse(buffer_text(&text));
        if (cohort_contains(cohort, codes) != (expected == 2))
            fail_msg("%s with age %d", buffer_text(&text), (int)codes[AGE]);
        cohort_destroy(cohort);
        buffer_fini(&text);
    }
}

static bool implies(const char *inner, const char *outer)
{
    struct cohort *a = parse(inner), *b = parse(outer);
    bool result = cohort_implies(a, b);
    cohort_destroy(a);
    cohort_destroy(b);
    return result;
}

static void test_cohort_implies_is_never_too_generous(void **state)
{
    (void)state;
    assert_true(implies("age >= 18", ""));
    assert_false(implies("", "age >= 18"));
    assert_true(implies("age >= 20 and mi", "age >= 18"));
    assert_false(implies("age >= 20 or mi", "age >= 18"));
    assert_true(implies("age >= 20 or mi and age > 50", "age >= 18"));
    assert_true(implies("age > 10 and age < 30 and age >= 18", "age >= 18"));
    assert_false(implies("age >= 18 or age is missing", "age >= 18"));
    assert_true(implies("sex = F", "sex in (F, M)"));
    assert_true(implies("mi and sex = F", "sex = F and mi"));
    assert_true(implies("mi", "mi or age > 50"));
    assert_false(implies("age < 60", "age < 50 or mi"));
}

/* STATUS_OK, or why not, with the place and part of what is said. */
static void assert_plain(
    const char *text, enum status expected, const char *at, const char *says)
{
    struct cohort *cohort = parse(text);
    struct cohort_error error;
    const enum status status = cohort_check_plain(cohort, dictionary, &error);
    if (status != expected)
        fail_msg("%s: %d %s", text, (int)status, error.message);
    if (at != NULL)
        assert_string_equal(text + error.offset, at);
    if (says != NULL && strstr(error.message, says) == NULL)
        fail_msg("%s: %s", text, error.message);
    cohort_destroy(cohort);
}

static void test_cohort_check_plain_takes_one_condition_a_variable(void **state)
{
    (void)state;
    static const char *const plain[] = {"", "mi", "not mi", "not not mi",
        "age between 40 and 60", "age >= 40 and age < 60 and sex = F",
        "age >= 40 and not mi and (sex = F and lvef < 50)", "sex in (F, M)",
        "sex != F", "not sex = F", "age is missing", "age is not missing",
        "not age is missing", "age is not missing and age > 5",
        "not (age < 40 or mi)", "age in (40, 41, 42)", "not age < 40",
        "lvef is missing and age > 5", "half > 5 and old"};
    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++)
        assert_plain(plain[i], STATUS_OK, NULL, NULL);
}

static void test_cohort_check_plain_says_what_to_write_instead(void **state)
{
    (void)state;
    static const struct {
        const char *text, *at, *says;
    } cases[] = {
        {"mi or age > 60", "or age > 60", "derived"},
        {"age > 5 and (mi or lvef > 60)", "or lvef > 60)", "several variables"},
        {"not (mi and age > 60)", "and age > 60)", "derived"},
        {"not (age > 60 and not (sex = F or mi))", "and not (sex = F or mi))",
            "several variables"},
        {"sex = F or sex = M", "or sex = M", "'sex in (...)'"},
        {"sex = F or sex is missing", "or sex is missing",
            "those without a value"},
        {"age < 40 or age > 60", "or age > 60", "between"},
        {"age < 40 or age is missing", "or age is missing", "one interval"},
        {"mi and age not between 40 and 60", "age not between 40 and 60",
            "these are 2"},
        {"age != 50", "age != 50", "one interval of 'age'"},
        {"age in (40, 42, 44)", "age in (40, 42, 44)", "these are 3"},
        {"50 != age and mi", "50 != age and mi", "one interval"},
        {"age != 50 and age < 60 and mi", "age < 60 and mi", "these are 2"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_plain(
            cases[i].text, STATUS_NOT_PLAIN, cases[i].at, cases[i].says);
    assert_plain("age < 40 and mi and age > 60", STATUS_OUT_OF_RANGE,
        "age > 60", "no value of 'age'");
    assert_plain("age is missing and age > 60", STATUS_OUT_OF_RANGE, "age > 60",
        "no value of 'age'");
    assert_plain("age is missing and not age is missing", STATUS_OUT_OF_RANGE,
        "age is missing", "no value of 'age'");
}

/* A study's dictionary: mi_or_old is unknown where its parts leave it so. */
static const struct derived_variable derived[] = {
    {"mi_or_old", "Infarct or old", "mi or age > 60"},
    {"healthy", "Healthy", "not mi"}};
static struct terms terms = {.whole = "",
    .derived_count = 2,
    .derived = (struct derived_variable *)derived};

static bool holds_in_study(const char *text, int32_t age, int32_t mi)
{
    struct dictionary of_study = *dictionary;
    struct cohort *cohort = NULL;
    struct cohort_error error;
    const int32_t codes[] = {age, MISSING, 0, mi, MISSING, MISSING};
    of_study.terms = &terms;
    if (cohort_parse(&cohort, text, &of_study, &error) != STATUS_OK)
        fail_msg("%s at %zu: %s", text, error.offset, error.message);
    const bool in = cohort_contains(cohort, codes);
    cohort_destroy(cohort);
    return in;
}

static void test_cohort_of_a_derived_variable_is_its_text(void **state)
{
    (void)state;
    assert_true(holds_in_study("mi_or_old", 50, 1));
    assert_true(holds_in_study("mi_or_old", 61, 0));
    assert_false(holds_in_study("mi_or_old", 50, 0));
    assert_true(holds_in_study("not mi_or_old", 50, 0));
    assert_false(holds_in_study("not mi_or_old", 61, 0));
    assert_true(holds_in_study("mi_or_old", MISSING, 1));
    assert_false(holds_in_study("mi_or_old", MISSING, 0));
    assert_false(holds_in_study("not mi_or_old", MISSING, 0));
    assert_true(holds_in_study("age > 20 and mi_or_old and sex = F", 70, 0));
    assert_false(holds_in_study("age > 80 and (mi_or_old)", 70, 0));
    assert_true(holds_in_study("not (healthy or age > 90)", 70, 1));
}

static void test_cohort_of_a_derived_variable_is_plain(void **state)
{
    static const struct {
        const char *text;
        enum status parse, plain;
        size_t offset;
    } cases[] = {{"mi_or_old", STATUS_OK, STATUS_OK, 0},
        {"not mi_or_old and age > 5 and healthy", STATUS_OK, STATUS_OK, 0},
        {"mi_or_old or age > 5", STATUS_OK, STATUS_NOT_PLAIN, 10},
        {"not (mi_or_old and healthy)", STATUS_OK, STATUS_NOT_PLAIN, 15},
        {"healthy and age > 5 and not healthy", STATUS_OK, STATUS_OUT_OF_RANGE,
            28},
        {"mi_or_old = 1", STATUS_MALFORMED, STATUS_OK, 10},
        {"age > 5 and mi_or_old is missing", STATUS_MALFORMED, STATUS_OK, 22},
        {"mi_or_young", STATUS_UNKNOWN_NAME, STATUS_OK, 0}};
    struct dictionary of_study = *dictionary;
    (void)state;
    of_study.terms = &terms;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct cohort *cohort = NULL;
        struct cohort_error error = {0};
        assert_int_equal(
            cohort_parse(&cohort, cases[i].text, &of_study, &error),
            cases[i].parse);
        if (cohort != NULL)
            assert_int_equal(
                cohort_check_plain(cohort, &of_study, &error), cases[i].plain);
        if (error.offset != cases[i].offset)
            fail_msg(
                "%s at %zu: %s", cases[i].text, error.offset, error.message);
        cohort_destroy(cohort);
    }
}

static void test_derivation_fills_rows_in_order_of_dependence(void **state)
{
    (void)state;
    int32_t codes[] = {65, MISSING, MISSING, MISSING, MISSING, MISSING};
    dictionary_derive_row(dictionary, codes);
    assert_int_equal(codes[4], 325);
    assert_int_equal(codes[5], 1);
    int32_t none[] = {MISSING, 1, 1, 1, MISSING, MISSING};
    dictionary_derive_row(dictionary, none);
    assert_int_equal(none[5], MISSING);
}

static void test_variable_read_value_rounds_half_away_from_zero(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum value_verdict verdict;
        int32_t code;
    } cases[] = {{"54.3", VALUE_ACCEPTED, 543}, {"54.30", VALUE_ACCEPTED, 543},
        {"54.35", VALUE_ROUNDED, 544}, {"54.34", VALUE_ROUNDED, 543},
        {".7", VALUE_ACCEPTED, 7}, {"5e1", VALUE_ACCEPTED, 500},
        {"", VALUE_IS_MISSING, MISSING}, {"NA", VALUE_IS_MISSING, MISSING},
        {"100.1", VALUE_OUT_OF_RANGE, MISSING},
        {"-0.1", VALUE_OUT_OF_RANGE, MISSING},
        {"1e30", VALUE_OUT_OF_RANGE, MISSING}, {"x", VALUE_NOT_NUMBER, MISSING},
        {"1,5", VALUE_NOT_NUMBER, MISSING}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int32_t code;
        assert_int_equal(variable_read_value(&dictionary->variables[LVEF],
                             cases[i].text, strlen(cases[i].text), &code),
            cases[i].verdict);
        assert_int_equal(code, cases[i].code);
    }
}

static void test_query_question_ignores_nonce_and_order(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "{\"cohort\":\"age > 50\",\"analyses\":[{\"count\":{}}]}",
        "{\"analyses\":[{\"count\":{}}],\"cohort\":\"age > 50\"}",
        "{\"analyses\":[{\"count\":{}}],\"cohort\":\"age > 60\"}"};
    struct digest ids[3];
    for (size_t i = 0; i < 3; i++) {
        struct query *query = NULL;
        struct diagnostic diagnostic;
        diagnostic_init(&diagnostic, "q");
        assert_int_equal(query_parse(&query, view_of_text(texts[i]), dictionary,
                             &diagnostic),
            STATUS_OK);
        ids[i] = query->question;
        query_destroy(query);
    }
    assert_true(digest_equal(&ids[0], &ids[1]));
    assert_false(digest_equal(&ids[0], &ids[2]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cohort_contains_follows_sql_on_missing_values),
        cmocka_unit_test(test_cohort_parse_knows_every_form),
        cmocka_unit_test(
            test_cohort_contains_equals_kleene_on_random_expressions),
        cmocka_unit_test(test_cohort_implies_is_never_too_generous),
        cmocka_unit_test(
            test_cohort_check_plain_takes_one_condition_a_variable),
        cmocka_unit_test(test_cohort_check_plain_says_what_to_write_instead),
        cmocka_unit_test(test_cohort_of_a_derived_variable_is_its_text),
        cmocka_unit_test(test_cohort_of_a_derived_variable_is_plain),
        cmocka_unit_test(test_derivation_fills_rows_in_order_of_dependence),
        cmocka_unit_test(test_variable_read_value_rounds_half_away_from_zero),
        cmocka_unit_test(test_query_question_ignores_nonce_and_order),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
