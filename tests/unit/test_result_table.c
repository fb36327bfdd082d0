/* Tables of results on a terminal: what people read. */
#include <string.h>

#include "coordinator/client/result_table.h"
#include "coordinator/client/result_text.h"
#include "tests/unit/test.h"

static char *print(const char *result)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    json_t *parsed = json_loads(result, 0, NULL);
    assert_non_null(out);
    assert_non_null(parsed);
    assert_int_equal(
        result_table_print(out, parsed, 0, "not checked"), STATUS_OK);
    json_decref(parsed);
    fclose(out);
    return text;
}

static void assert_prints(const char *result, const char *part)
{
    char *text = print(result);
    if (strstr(text, part) == NULL)
        fail_msg("no '%s' in:\n%s", part, text);
    free(text);
}

static int decimals_of(const char *rows, const char *key)
{
    json_t *parsed = json_loads(rows, 0, NULL);
    assert_non_null(parsed);
    int decimals = result_text_decimals(parsed, key);
    json_decref(parsed);
    return decimals;
}

static void test_decimals_follow_the_smallest_number(void **state)
{
    (void)state;
    assert_int_equal(decimals_of("[{\"a\": 90.0}, {\"a\": 1080.0}]", "a"), 0);
    assert_int_equal(decimals_of("[{\"a\": 0.5}, {\"a\": 12.25}]", "a"), 3);
    assert_int_equal(decimals_of("[{\"a\": 150.5}, {\"a\": 0}]", "a"), 1);
    assert_int_equal(decimals_of("[{\"a\": 1e-9}, {\"a\": 2e-9}]", "a"), 6);
    assert_int_equal(decimals_of("[{\"a\": 0.0001}, {\"a\": 5000.5}]", "a"),
        RESULT_TEXT_SIGNIFICANT);
    assert_int_equal(
        decimals_of("[{\"conf_low\": 20.5, \"conf_high\": 0.25}]", "conf_low"),
        3);
    assert_int_equal(decimals_of("[{\"b\": 1.5}, {}]", "a"), 0);
}

static void test_variables_that_donors_complete_are_named(void **state)
{
    (void)state;
    assert_prints(
        "{\"results\": [{\"analysis\": \"lm\", \"n\": 20, \"completed\": "
        "[\"lvef\", \"bsa\"], \"table\": []}]}",
        "takes one of another row of its center, by lot: lvef, bsa\n");
}

/* Whatever the data are, and once a table. */
static void test_what_few_keeps_back_has_advice(void **state)
{
    (void)state;
    assert_prints("{\"results\": [{\"analysis\": \"summary\", \"suppressed\": "
                  "true, \"rule\": \"few\", \"table\": []}]}",
        "in place of what is withheld ask for a larger cohort, or 'by' fewer levels\n");
    assert_prints(
        "{\"results\": [{\"analysis\": \"histogram\", \"table\": [{\"low\": 1, "
        "\"suppressed\": true}, {\"low\": 2, \"n\": 30}]}]}",
        "ask for wider bins");
    char *text =
        print("{\"results\": [{\"analysis\": \"histogram\", \"table\": "
              "[{\"low\": 2, \"n\": 30}]}]}");
    assert_null(strstr(text, "withheld"));
    free(text);
    assert_prints("{\"results\": [{\"analysis\": \"lm\", \"suppressed\": true, "
                  "\"rule\": \"few\", \"message\": \"joined levels\"}]}",
        "joined levels");
}

static void test_one_analysis_is_printed_alone(void **state)
{
    (void)state;
    char *text = NULL;
    size_t size = 0;
    json_t *parsed = json_loads(
        "{\"results\": [{\"analysis\": \"count\", \"table\": [{\"n\": 41}]},"
        " {\"analysis\": \"count\", \"table\": [{\"n\": 42}]}]}",
        0, NULL);
    FILE *out = open_memstream(&text, &size);
    assert_int_equal(result_table_print(out, parsed, 2, NULL), STATUS_OK);
    fclose(out);
    json_decref(parsed);
    assert_null(strstr(text, "41"));
    assert_non_null(strstr(text, "42"));
    free(text);
}

static void test_a_column_has_one_number_of_decimals(void **state)
{
    (void)state;
    const char *result =
        "{\"results\": [{\"analysis\": \"km\", \"table\": ["
        "{\"time\": 990.0, \"estimate\": 0.998, \"conf_low\": 0.99,"
        " \"conf_high\": 1.0, \"p_value\": 0.00004},"
        "{\"time\": 1080.0, \"estimate\": 0.5, \"conf_low\": 0.25,"
        " \"conf_high\": 0.75, \"p_value\": 0.25}]}]}";
    assert_prints(result, " 990    0.998 (0.990, 1.000) <0.001");
    assert_prints(result, "1080    0.500 (0.250, 0.750)  0.250");
}

static void test_withheld_says_which_rule_and_why(void **state)
{
    (void)state;
    const char *result =
        "{\"results\": [{\"analysis\": \"glm\", \"suppressed\": true}],"
        "\"withheld\": {\"model\": 2, \"of_tomorrow\": 1}}";
    assert_prints(result, "withheld; the rules are at the end");
    assert_prints(result,
        "withheld   2 by rule 'model': too few people or events for the "
        "parameters\n");
    assert_prints(result, "           1 by rule 'of_tomorrow'\n");
}

static void test_a_withheld_cell_is_named_in_its_row(void **state)
{
    (void)state;
    assert_prints("{\"results\": [{\"analysis\": \"frequency\", \"table\": ["
                  "{\"level\": \"a\", \"n\": 20}, "
                  "{\"level\": \"b\", \"suppressed\": true}]}]}",
        "b     withheld");
    assert_prints(
        "{\"results\": [{\"analysis\": \"crosstab\", \"table\": ["
        "{\"row\": \"a\", \"column\": \"x\", \"suppressed\": true},"
        "{\"row\": \"b\", \"column\": \"x\", \"suppressed\": true}]}]}",
        "b   x      withheld");
}

static void test_tables_speak_words(void **state)
{
    (void)state;
    const char *result =
        "{\"variables\": {\"bsa\": {\"label\": \"Surface\", \"type\":"
        " \"real\", \"unit\": \"m2\"}, \"lge\": {\"label\": \"Scar\","
        " \"type\": \"boolean\"}}, \"results\": [{\"analysis\": \"glm\","
        " \"family\": \"binomial\", \"link\": \"logit\", \"parameters\":"
        " {\"family\": \"binomial\", \"formula\": \"lge ~ bsa\"}, \"table\": [{\"term\": \"bsa\","
        " \"estimate\": 0.0, \"conf_low\": -0.6931472, \"conf_high\":"
        " 0.6931472, \"odds_ratio\": 1.0, \"odds_ratio_low\": 0.5,"
        " \"odds_ratio_high\": 2.0}]}]}";
    assert_prints(result, "Logistic regression: Scar\nformula: lge ~ bsa\n");
    assert_prints(result, "95% CI odds ratio (95% CI)");
    /* A character of two bytes takes one column. */
    assert_prints(result, "Surface (m\u00B2)        0 (-0.693, 0.693)  "
                          " 1.00 (0.50, 2.00)");
    assert_prints(result, "signature  not checked\n");
}

/* ESC, DEL and CSI as one character (C1), wherever text stands. */
static void test_a_result_cannot_steer_the_terminal(void **state)
{
    (void)state;
    char *text =
        print("{\"study\": \"a\\u001b[2J\\u007f\\u009b2J\", \"results\":"
              " [{\"analysis\": \"k\\u001bm\", \"note\\u009b\": \"\\u007f\","
              " \"table\": [{\"x\\u001b\": \"\\u001b\"}]}],"
              " \"center_report\": {\"answered\": [\"\\u001b[1m\", 4]}}");
    for (const char *at = text; *at != '\0'; at++)
        assert_true(*at == '\n' || ((unsigned char)*at >= 0x20 && *at != 0x7F));
    assert_null(strstr(text, "\xC2\x9B"));
    assert_non_null(strstr(text, "answered   \\x1B[1m ?"));
    free(text);
}

/* A name that would turn the line around, and two that look like one. */
static void test_a_result_hides_nothing(void **state)
{
    (void)state;
    assert_prints("{\"study\": \"a\\u202eb\\u200bc\", \"results\": []}",
        "a\\u202Eb\\u200Bc");
    char *text =
        print("{\"results\": [{\"analysis\": \"frequency\","
              " \"table\": [{\"level\": \"a\\u2066b\", \"n\": 20}]}]}");
    assert_null(strstr(text, "\xe2\x81\xa6"));
    assert_non_null(strstr(text, "20"));
    free(text);
}

static void test_what_is_no_result_is_refused(void **state)
{
    (void)state;
    json_t *parsed = json_loads("{\"results\": 4}", 0, NULL);
    assert_int_equal(
        result_table_print(stdout, parsed, 0, NULL), STATUS_MALFORMED);
    json_decref(parsed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decimals_follow_the_smallest_number),
        cmocka_unit_test(test_variables_that_donors_complete_are_named),
        cmocka_unit_test(test_what_few_keeps_back_has_advice),
        cmocka_unit_test(test_one_analysis_is_printed_alone),
        cmocka_unit_test(test_a_column_has_one_number_of_decimals),
        cmocka_unit_test(test_withheld_says_which_rule_and_why),
        cmocka_unit_test(test_a_withheld_cell_is_named_in_its_row),
        cmocka_unit_test(test_tables_speak_words),
        cmocka_unit_test(test_a_result_cannot_steer_the_terminal),
        cmocka_unit_test(test_a_result_hides_nothing),
        cmocka_unit_test(test_what_is_no_result_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
