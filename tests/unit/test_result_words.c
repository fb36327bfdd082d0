/* The words of the dictionary for the names in a result. */
#include <string.h>

#include "coordinator/client/result_title.h"
#include "coordinator/client/result_words.h"
#include "tests/unit/test.h"

static const char words[] =
    "{\"lge\":{\"label\":\"Late gadolinium enhancement\","
    "\"type\":\"boolean\"},"
    "\"lvef\":{\"label\":\"LVEF\",\"type\":\"real\",\"unit\":\"%\"},"
    "\"bsa\":{\"label\":\"BSA\",\"type\":\"real\",\"unit\":\"m2\"},"
    "\"age\":{\"label\":\"Age (to 90)\",\"type\":\"integer\",\"unit\":\"a\"},"
    "\"sex\":{\"label\":\"Sex\",\"type\":\"category\","
    "\"levels\":{\"1\":\"male\",\"2\":\"female\"}},"
    "\"se\":{\"label\":\"Other\",\"type\":\"category\","
    "\"levels\":{\"x1\":\"a\",\"b\":\"c\"}},"
    "\"shape\":{\"label\":\"Shape\",\"type\":\"vector\",\"unit\":\"mm\"},"
    "\"days\":{\"label\":\"Follow-up\",\"type\":\"days\"},"
    "\"died\":{\"label\":\"Death\",\"type\":\"boolean\"}}";

static json_t *variables, *entry;

static int begin(void **state)
{
    (void)state;
    variables = json_loads(words, 0, NULL);
    entry = json_loads("{\"analysis\":\"cox\",\"by\":{\"sex\":\"2\"},"
                       "\"parameters\":{\"formula\":"
                       "\"Surv(days, died) ~ lge + strata(center, sex)\"},"
                       "\"reference\":{\"se\":\"b\",\"center\":\"bonn\"}}",
        0, NULL);
    return variables != NULL && entry != NULL ? 0 : 1;
}

static int end(void **state)
{
    (void)state;
    json_decref(variables);
    json_decref(entry);
    return 0;
}

static void test_terms_are_labels_and_levels(void **state)
{
    static const char *const cases[][2] = {{"(Intercept)", "Intercept"},
        {"lgetrue", "Late gadolinium enhancement: yes (reference: no)"},
        {"lvef", "LVEF (%)"}, {"bsa", "BSA (m\u00B2)"},
        {"age", "Age (to 90), years"}, {"days", "Follow-up (days)"},
        {"sex2", "Sex: female (reference: male)"},
        {"lvef:sex2", "LVEF (%) \u00D7 Sex: female"},
        {"shape[3]", "Shape [3] (mm)"},
        {"ns(lvef, 3)2", "LVEF (%), spline part 2"},
        {"ns(lvef, 3)", "LVEF (%), spline"}, {"I(lvef^2)", "LVEF\u00B2"},
        {"log(bsa)", "log(BSA)"}, {"I(bsa * 2 + lvef)", "BSA * 2 + LVEF"},
        {"I(age^2)", "(Age (to 90))\u00B2"},
        {"I(0.1*shape[1]+2*shape[2]-shape[3]+lvef)",
            "combination of Shape, LVEF"},
        {"factor(age)3", "Age (to 90): 3"},
        {"centerbasel", "Center: basel (reference: bonn)"}, {"sex", "Sex"},
        {"lvef:sex", "LVEF (%) \u00D7 Sex"}, {"sex7", "sex7"},
        {"nobody", "nobody"}, {"GLOBAL", "All terms"}, {"", ""}, {"ns(", "ns("},
        {"shape[", "Shape [ (mm)"}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct words out = {0};
        words_add_term(&out, variables, entry, cases[i][0]);
        assert_string_equal(out.text, cases[i][1]);
    }
}

/* The result says which level is the reference; it need not be the first. */
static void test_the_reference_is_the_entry_s(void **state)
{
    struct words out = {0};
    (void)state;
    words_add_term(&out, variables, entry, "sex1");
    assert_string_equal(out.text, "Sex: male (reference: male)");
    out = (struct words){0};
    json_object_set_new(
        json_object_get(entry, "reference"), "sex", json_string("2"));
    words_add_term(&out, variables, entry, "sex1");
    assert_string_equal(out.text, "Sex: male (reference: female)");
}

static void test_without_words_names_stay(void **state)
{
    static const char *const terms[] = {"(Intercept)", "lgetrue", "lvef:sex2",
        "ns(lvef, 3)2", "I(lvef^2)", "centerbasel", "shape[3]"};
    struct words out = {0};
    (void)state;
    for (size_t i = 0; i < sizeof terms / sizeof terms[0]; i++) {
        out = (struct words){0};
        words_add_term(&out, NULL, NULL, terms[i]);
        assert_string_equal(out.text, terms[i]);
    }
    out = (struct words){0};
    result_title(&out, NULL, entry);
    assert_string_equal(
        out.text, "cox: Surv(days, died) ~ lge + strata(center, sex). sex = 2");
}

static void test_titles_say_analysis_subject_and_levels(void **state)
{
    static const struct {
        const char *analysis, *parameters, *title;
    } cases[] = {
        {"cox", "{\"formula\":\"Surv(days, died) ~ lge + strata(center)\"}",
            "Cox model: Death, stratified by center"},
        {"km", "{\"formula\":\"Surv(days, died) ~ sex\"}",
            "Kaplan-Meier estimate: Death by Sex"},
        {"km", "{\"formula\":\"Surv(days, died) ~ 1\"}",
            "Kaplan-Meier estimate: Death"},
        {"crosstab", "{\"rows\":\"sex\",\"columns\":\"lge\"}",
            "Cross table: Sex by Late gadolinium enhancement"},
        {"histogram", "{\"variable\":\"lvef\"}", "Histogram: LVEF (%)"},
        {"t_test", "{\"paired\":true,\"variables\":[\"lvef\",\"bsa\"]}",
            "t test: LVEF, BSA"},
        {"roc", "{\"formula\":\"died ~ age + lvef*sex\"}",
            "ROC curve: Death by Age (to 90), years; LVEF (%); Sex"},
        {"of_tomorrow", "{}", "of_tomorrow"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct words out = {0};
        json_t *one = json_pack("{s:s, s:o}", "analysis", cases[i].analysis,
            "parameters", json_loads(cases[i].parameters, 0, NULL));
        result_title(&out, variables, one);
        assert_string_equal(out.text, cases[i].title);
        json_decref(one);
    }
}

static void test_cells_know_whose_levels_they_are(void **state)
{
    struct words out = {0};
    json_t *cross = json_loads(
        "{\"analysis\":\"crosstab\",\"parameters\":{\"rows\":\"sex\","
        "\"columns\":\"lge\"}}",
        0, NULL);
    json_t *test = json_loads("{\"analysis\":\"t_test\",\"parameters\":"
                              "{\"formula\":\"lvef ~ sex\"}}",
        0, NULL);
    (void)state;
    assert_true(words_add_cell(&out, variables, cross, "row", "2"));
    assert_true(words_add_cell(&out, variables, cross, "column", "true"));
    assert_true(words_add_cell(&out, variables, test, "group", "1"));
    assert_true(words_add_cell(&out, variables, entry, "row", "bsa"));
    assert_true(words_add_cell(&out, variables, entry, "strata", "lge=true"));
    assert_string_equal(
        out.text, "femaleyesmaleBSA (m\u00B2)Late gadolinium enhancement: yes");
    assert_false(words_add_cell(&out, variables, entry, "ties", "efron"));
    assert_false(words_add_cell(&out, NULL, cross, "row", "2"));
    json_decref(cross);
    json_decref(test);
}

/* A text that does not fit ends before a character, not in it. */
static void test_long_words_end_with_a_whole_character(void **state)
{
    struct words out = {0};
    (void)state;
    for (int i = 0; i < 600; i++)
        words_add(&out, "\u00B2");
    assert_int_equal(out.size, WORDS_MAX - 1);
    json_t *text = json_stringn(out.text, out.size);
    assert_non_null(text);
    json_decref(text);
    struct words again = {0};
    words_add_format(&again, "x%s%s", out.text, out.text);
    assert_int_equal(again.size, WORDS_MAX - 2);
    text = json_stringn(again.text, again.size);
    assert_non_null(text);
    json_decref(text);
}

/* What a coordinator may write into "variables". */
static void test_strange_words_are_survived(void **state)
{
    static const char *const strange[] = {"{\"sex\":7}", "{\"sex\":{}}", "{}",
        "{\"sex\":{\"label\":\"\",\"type\":\"category\",\"levels\":[1]}}",
        "{\"\":{\"label\":\"x\",\"type\":\"boolean\"}}",
        "{\"sex\":{\"label\":\"x\",\"levels\":{\"2\":5}}}"};
    (void)state;
    for (size_t i = 0; i < sizeof strange / sizeof strange[0]; i++) {
        struct words out = {0};
        json_t *other = json_loads(strange[i], 0, NULL);
        assert_non_null(other);
        words_add_term(&out, other, entry, "sex2:(((:)))");
        result_title(&out, other, entry);
        words_add_cohort(&out, other, "sex = '2' and 'open");
        assert_true(out.size > 0);
        json_decref(other);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_terms_are_labels_and_levels),
        TEST(test_the_reference_is_the_entry_s),
        TEST(test_without_words_names_stay),
        TEST(test_titles_say_analysis_subject_and_levels),
        TEST(test_cells_know_whose_levels_they_are),
        TEST(test_long_words_end_with_a_whole_character),
        TEST(test_strange_words_are_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
