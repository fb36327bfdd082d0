/* What people type who come from SQL, R or a word processor: each is told what
 * to write instead, at its place. */
#include <string.h>

#include "protocol/query/cohort.h"
#include "protocol/query/document.h"
#include "protocol/query/formula.h"
#include "protocol/wire/keys.h"
#include "protocol/wire/text.h"
#include "tests/unit/test.h"

static struct dictionary *dictionary;

static int setup(void **state)
{
    static const char text[] =
        "{\"id\":\"t\",\"variables\":["
        "{\"name\":\"age\",\"type\":\"integer\",\"unit\":\"a\",\"min\":0,"
        "\"max\":120},"
        "{\"name\":\"lvef\",\"type\":\"real\",\"unit\":\"%\","
        "\"resolution\":0.1,\"min\":0,\"max\":100},"
        "{\"name\":\"bnp\",\"type\":\"integer\",\"unit\":\"\u00b5g/l\","
        "\"min\":0,\"max\":9000},"
        "{\"name\":\"sex\",\"type\":\"category\",\"categories\":[{\"code\":"
        "\"0\",\"label\":\"female\"},{\"code\":\"1\",\"label\":\"male\"}]},"
        "{\"name\":\"stage\",\"type\":\"category\",\"categories\":[{\"code\":"
        "\"T1\"},{\"code\":\"T2\"},{\"code\":\"with\"},{\"code\":"
        "\"without\"}]},"
        "{\"name\":\"mi\",\"type\":\"boolean\"}]}";
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

struct typed {
    const char *text;
    size_t offset; /* bytes */
    const char *message;
};

static void expect_cohort(const struct typed *typed)
{
    struct cohort *cohort = NULL;
    struct cohort_error error;
    enum status status = cohort_parse(&cohort, typed->text, dictionary, &error);
    cohort_destroy(cohort);
    if (status == STATUS_OK || error.offset != typed->offset ||
        strstr(error.message, typed->message) == NULL)
        fail_msg("'%s': %s at %zu: %s", typed->text, status_name(status),
            error.offset, error.message);
    if (!utf8_valid(view_of_text(error.message)))
        fail_msg("'%s': half a character in the message", typed->text);
}

static void test_cohort_signs_are_told_what_to_write(void **state)
{
    static const struct typed cases[] = {
        {"age >= 40 && sex = 1", 10, "write 'and' for '&&'"},
        {"age >= 40 & sex = 1", 10, "write 'and' for '&'"},
        {"age >= 40&&sex = 1", 9, "write 'and' for '&&'"},
        {"age >= 40 || sex = 1", 10, "write 'or' for '||'"},
        {"mi | sex = 1", 3, "write 'or' for '|'"},
        {"age > 40;", 8, "leave out the ';'"},
        {"mi ;", 3, "leave out the ';'"},
        {"age > 40 -- adults", 9, "comments"},
        {"age > 40 # adults", 9, "comments"},
        {"age > 40 /* adults */", 9, "comments"},
        {"age > 40 // adults", 9, "comments"},
        {"!mi", 0, "write 'not' for '!'"},
        {"age > 40 and !(mi)", 13, "write 'not' for '!'"},
        {"age !> 40", 4, "write 'not' for '!'"},
        {"age === 40", 4, "write '=' for '==='"},
        {"age !== 40", 4, "write '!=' for '!=='"},
        {"age =< 40", 4, "write '<=' for '=<'"},
        {"age => 40", 4, "write '>=' for '=>'"},
        {"age \u2265 40", 4, "write '>=' for '\u2265'"},
        {"age \u2264 40", 4, "write '<=' for '\u2264'"},
        {"age \u2260 40", 4, "write '!=' for '\u2260'"},
        {"age >\u00a040", 5, "a blank that is none"},
        {"age > 40\u00a0and mi", 8, "a blank that is none"},
        {"age\u200b > 40", 3, "invisible"},
        {"age > \u221240", 6, "write '-' for '\u2212'"},
        {"age > \u201340", 6, "write '-' for '\u2013'"},
        {"sex = \u201cmale\u201d", 6, "curly quote"},
        {"sex = \u2018male\u2019", 6, "curly quote"},
        {"sex = \u00abmale\u00bb", 6, "curly quote"},
        {"`age` > 40", 0, "without quotes"},
        {"\"age\" > 40", 1, "without quotes"},
        {"data$age > 40", 4, "without '$'"},
        {"sex %in% c(0, 1)", 4, "write 'in' for '%in%'"},
        {"sex in c(0, 1)", 7, "a list is written in (1, 2)"},
        {"sex in [0, 1]", 7, "a list is written in (1, 2)"},
        {"sex ~ 'm'", 4, "patterns"},
        {"age*2 > 40", 3, "arithmetic"},
        {"lvef > 25,5", 9, "decimal point"},
        {"lvef between 25,5 and 30", 15, "decimal point"},
        {"age > 1 000", 8, "without blanks"},
        {"40 < age < 60", 9, "joined by 'and': a < x and x < b"},
        {"age in 40:60", 7, "expected in (1, 2) or between 1 and 2"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        expect_cohort(&cases[i]);
}

static void test_cohort_words_are_told_what_to_write(void **state)
{
    static const struct typed cases[] = {
        {"age is null", 7, "'is missing' or 'is not missing'"},
        {"age IS NOT NULL", 11, "'is missing' or 'is not missing'"},
        {"mi is true", 6, "compared with '='"},
        {"is.na(age)", 0, "write 'age is missing'"},
        {"!is.na(age)", 0, "write 'age is not missing'"},
        {"mi and isnull( age )", 7, "write 'age is missing'"},
        {"age = NULL", 6, "'NAME is missing'"},
        {"sex <> NA", 7, "'NAME is missing'"},
        {"sex like 'm%'", 4, "patterns"},
        {"sex LIKE 'm%'", 4, "patterns"},
        {"where age > 40", 0, "the condition alone"},
        {"lower(sex) = 'm'", 0, "no functions"},
        {"true", 0, "leave the cohort out"},
        {"sex = true", 6, "values of booleans"},
        {"between(age, 40, 60)", 0, "write x between 40 and 60"},
        {"center = 'anna'", 0, "the study says"},
        {"mi xor age > 40", 3, "(a and not b)"},
        {"Age > 40", 0, "did you mean 'age'"},
        {"\u00e2ge > 40", 0, "no variable '\u00e2ge'"},
        {"age > 40 years", 9, "is recorded in a, found 'years'"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        expect_cohort(&cases[i]);
}

/* Nothing of this is an error: units in their letters, quotes of both kinds,
 * keywords in any case. */
static void test_cohort_words_of_the_language_are_taken(void **state)
{
    static const char *const cases[] = {"lvef > 50 %", "lvef > 50%",
        "bnp < 400 \u00b5g/l", "age > 40 a And Not sex in ('male', \"female\")",
        "sex NOT IN (0)", "mi = TRUE or mi <> false", "age IS NOT MISSING",
        "sex == male", "age != 40 and age <> 41"};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct cohort *cohort = NULL;
        struct cohort_error error;
        if (cohort_parse(&cohort, cases[i], dictionary, &error) != STATUS_OK)
            fail_msg("'%s' at %zu: %s", cases[i], error.offset, error.message);
        cohort_destroy(cohort);
    }
}

static void test_cohort_category_suggestion_never_means_the_opposite(
    void **state)
{
    static const struct typed cases[] = {
        {"sex = 'M'", 7, "it has 0 female, 1 male; did you mean 'male'?"},
        {"sex = f", 6, "it has 0 female, 1 male; did you mean 'female'?"},
        {"stage = T", 8, "it has T1, T2, with, without"},
        {"sex = 2", 6, "it has 0 female, 1 male"},
    };
    static const char *const none[] = {
        "sex = 2", "stage = T3", "stage = t", "stage = wit"};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        expect_cohort(&cases[i]);
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        struct cohort *cohort = NULL;
        struct cohort_error error;
        assert_int_equal(cohort_parse(&cohort, none[i], dictionary, &error),
            STATUS_UNKNOWN_NAME);
        if (strstr(error.message, "did you mean") != NULL)
            fail_msg("'%s': %s", none[i], error.message);
    }
}

static void test_formula_habits_are_told_what_to_write(void **state)
{
    static const struct typed cases[] = {
        {"lvef ~ C(sex)", 7, "write factor(v)"},
        {"lvef ~ s(age)", 7, "write ns(x, df)"},
        {"lvef ~ poly(age, 2)", 7, "I(x^2)"},
        {"lvef ~ mean(age)", 7, "it has I, factor, ns"},
        {"lvef ~ age**2", 10, "I(x^2)"},
        {"lvef ~ sex == 1", 11, "compares nothing"},
        {"lvef ~ age > 40", 11, "compares nothing"},
        {"lvef ~ sex;", 10, "leave out the ';'"},
        {"lvef ~ sex # c", 11, "comments"},
        {"lvef = sex", 5, "write '~' for '='"},
        {"lvef \u223c sex", 5, "write '~' for '\u223c'"},
        {"lvef ~ .", 7, "name the variables"},
        {"lvef ~ \"sex\"", 7, "without quotes"},
        {"lvef ~ \u201csex\u201d", 7, "curly quote"},
        {"lvef ~ `sex`", 7, "without quotes"},
        {"lvef ~ df$sex", 7, "without 'df$'"},
        {"lvef ~ sex %in% mi", 11, "write ':' for '%in%'"},
        {"lvef ~ sex/mi", 10, "a + a:b"},
        {"lvef ~ age \u2212 1", 11, "write '-' for '\u2212'"},
        {"lvef ~\u00a0age", 6, "a blank that is none"},
        {"lvef ~ Sex", 7, "did you mean 'sex'"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct formula *formula = NULL;
        struct formula_error error;
        enum status status =
            formula_parse(&formula, cases[i].text, dictionary, NULL, &error);
        if (status == STATUS_OK || error.offset != cases[i].offset ||
            strstr(error.message, cases[i].message) == NULL)
            fail_msg("'%s': %s at %zu: %s", cases[i].text, status_name(status),
                error.offset, error.message);
        assert_true(utf8_valid(view_of_text(error.message)));
    }
}

static void test_document_names_byte_order_marks_and_utf16(void **state)
{
    static const struct {
        const char *bytes;
        size_t size;
        const char *message;
    } cases[] = {{"\xEF\xBB\xBF{}", 5, "byte order mark"},
        {"\xFF\xFE{\0}\0", 6, "UTF-16"}, {"\xFE\xFF\0{\0}", 6, "UTF-16"},
        {"{\0\"\0a\0", 6, "UTF-16"}, {"\0{\0\"\0a", 6, "UTF-16"},
        {"\xFF\xFE\0\0{\0\0\0", 8, "UTF-32"}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct document *document = NULL;
        struct diagnostic diagnostic;
        const struct view text = {
            (const uint8_t *)cases[i].bytes, cases[i].size};
        diagnostic_init(&diagnostic, "t");
        assert_int_equal(
            document_parse(&document, text, &diagnostic), STATUS_MALFORMED);
        if (strstr(diagnostic.message, cases[i].message) == NULL)
            fail_msg("case %zu: %s", i, diagnostic.message);
    }
    assert_int_equal(text_past_mark(view_of_text("\xEF\xBB\xBF{}")).size, 2);
    assert_int_equal(text_past_mark(view_of_text("\xEF\xBB")).size, 2);
    assert_null(text_foreign_mark(view_of_text("{}")));
    assert_null(text_foreign_mark(view_of_text("")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cohort_signs_are_told_what_to_write),
        cmocka_unit_test(test_cohort_words_are_told_what_to_write),
        cmocka_unit_test(test_cohort_words_of_the_language_are_taken),
        cmocka_unit_test(
            test_cohort_category_suggestion_never_means_the_opposite),
        cmocka_unit_test(test_formula_habits_are_told_what_to_write),
        cmocka_unit_test(test_document_names_byte_order_marks_and_utf16),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
