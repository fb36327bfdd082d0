/* A result as CSV files and as a text about methods. */
#include <string.h>

#include "coordinator/client/result_export.h"
#include "coordinator/client/result_methods.h"
#include "coordinator/client/result_words.h"
#include "tests/unit/test.h"

static void assert_holds(const struct buffer *text, const char *part)
{
    if (memmem(text->data, text->size, part, strlen(part)) == NULL)
        fail_msg("no '%s' in: %.*s", part, (int)text->size, text->data);
}

static void test_csv_is_quoted(void **state)
{
    (void)state;
    json_t *entry =
        json_pack("{s:s,s:{s:s}}", "analysis", "x", "by", "sex", "f, x");
    json_t *rows = json_pack("[{s:s,s:i},{s:s,s:{s:b}}]", "level", "a\"b", "n",
        12, "level", "c", "n", "suppressed", 1);
    struct buffer text;
    buffer_init(&text, BUFFER_LIMIT_DEFAULT);
    assert_int_equal(result_export_table(&text, NULL, entry, rows), STATUS_OK);
    assert_holds(&text, "sex,level,n\r\n");
    assert_holds(&text, "\"f, x\",\"a\"\"b\",12\r\n");
    assert_holds(&text, "\"f, x\",c,withheld\r\n");
    buffer_fini(&text);
    json_decref(entry);
    json_decref(rows);
}

static void test_csv_has_words_beside_names(void **state)
{
    (void)state;
    static const char expected[] =
        "sex,sex_label,term,term_label,estimate,hazard_ratio,hazard_ratio_low,"
        "hazard_ratio_high\r\n"
        "2,Female,lgetrue,Late enhancement: yes (reference: no),0.5,1.5,1.25,"
        "1.75\r\n";
    json_t *result = json_loads(
        "{\"variables\":{\"sex\":{\"label\":\"Sex\",\"type\":\"category\","
        "\"levels\":{\"1\":\"Male\",\"2\":\"Female\"}},"
        "\"lge\":{\"label\":\"Late enhancement\",\"type\":\"boolean\"}},"
        "\"results\":[{\"analysis\":\"cox\",\"by\":{\"sex\":\"2\"},"
        "\"table\":[{\"term\":\"lgetrue\",\"estimate\":0.5,"
        "\"hazard_ratio\":1.5,\"hazard_ratio_low\":1.25,"
        "\"hazard_ratio_high\":1.75}]}]}",
        0, NULL);
    const json_t *entry = json_array_get(json_object_get(result, "results"), 0);
    struct buffer text;
    buffer_init(&text, BUFFER_LIMIT_DEFAULT);
    assert_int_equal(result_export_table(&text, words_of_result(result), entry,
                         json_object_get(entry, "table")),
        STATUS_OK);
    assert_int_equal(text.size, sizeof expected - 1);
    assert_memory_equal(text.data, expected, sizeof expected - 1);
    buffer_fini(&text);
    json_decref(result);
}

static const char question[] =
    "{\"privacy\":\"sum\",\"centers\":2,\"unit\":\"patient\","
    "\"created\":\"2026-12-01T06:59:34Z\","
    "\"software\":\"cohortium-coordinator 1.2\","
    "\"variables\":{\"sex\":{\"label\":\"Sex\",\"type\":\"category\","
    "\"levels\":{\"F\":\"female\",\"M\":\"male\"}},"
    "\"age\":{\"label\":\"Age\",\"type\":\"integer\",\"unit\":\"a\"},"
    "\"days\":{\"label\":\"Follow-up\",\"type\":\"days\"},"
    "\"died\":{\"label\":\"Death\",\"type\":\"boolean\"}},"
    "\"center_report\":{\"answered\":[\"basel\",\"bonn\"],"
    "\"absent\":[\"ulm\"]},"
    "\"cohort\":\"age >= 18 and sex in ('F')\","
    "\"limits\":{\"min_cell\":11,\"rounding\":5},"
    "\"withheld\":{\"merged\":3,\"cell\":1},"
    "\"results\":[{\"analysis\":\"km\",\"parameters\":{\"grid_days\":30,"
    "\"formula\":\"Surv(days, died) ~ sex\"},"
    "\"by\":{\"sex\":\"F\"},\"n\":55,\"missing\":4,\"events\":7},"
    "{\"analysis\":\"glm\",\"family\":\"binomial\",\"link\":\"logit\","
    "\"parameters\":{\"family\":\"binomial\",\"formula\":\"died ~ age * sex\"},\"n\":60,"
    "\"reference\":{\"factor(sex)\":\"F\",\"died\":\"false\"}},"
    "{\"analysis\":\"lm\",\"suppressed\":true},"
    "{\"analysis\":\"summary\",\"n\":60,\"missing\":8}]}";

static void test_methods_are_sentences_in_words(void **state)
{
    (void)state;
    static const char *const parts[] = {
        "The question was answered on 2026-12-01 by 2 centers of a federated "
        "registry (basel and bonn); ulm did not answer. No record left",
        "The cohort was the patients with: Age (years) >= 18 and Sex in "
        "(female) (as asked: age >= 18 and sex in ('F')); of each patient",
        "Cells of fewer than 11 people were withheld. Counts were rounded to "
        "multiples of 5.",
        "Kept back by these rules: 3 (merged with a neighbor, so that people "
        "are enough), 1 (too few people in a cell). Linear models were fitted "
        "by least squares. Generalized linear models were fitted by maximum "
        "likelihood; their intervals and tests are Wald's, not of the profile "
        "likelihood.",
        "Confidence intervals are of 95 %.",
        " 1. Kaplan-Meier estimate: Death by Sex. Sex: female. It used 55 "
        "patients with 7 events; 4 more lacked a value and were left out.\n",
        " 2. Logistic regression: Death. Its terms are Age (years); Sex. It "
        "used 60 patients. Compared with Sex: female, Death: no.\n",
        " 3. Linear model. It was withheld.\n",
        " 4. Summary. It used 60 patients; 8 values were missing, and each "
        "variable is of those who have it.\n",
        "computed by cohortium-coordinator 1.2 and",
        "written by cohortium " COHORTIUM_VERSION};
    json_t *result = json_loads(question, 0, NULL);
    struct buffer text;
    buffer_init(&text, BUFFER_LIMIT_DEFAULT);
    assert_non_null(result);
    assert_int_equal(result_methods(&text, result), STATUS_OK);
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        assert_holds(&text, parts[i]);
    /* An older result, without words, is told in names. */
    json_object_del(result, "variables");
    buffer_clear(&text);
    assert_int_equal(result_methods(&text, result), STATUS_OK);
    assert_holds(&text, "The cohort was the patients with: age >= 18 and sex "
                        "in ('F'); of each patient");
    assert_holds(&text, " 1. km: Surv(days, died) ~ sex. sex = F. It used 55");
    buffer_fini(&text);
    json_decref(result);
}

static void test_facts_are_one_a_line(void **state)
{
    (void)state;
    json_t *result = json_loads(
        "{\"results\":[{\"analysis\":\"logrank\",\"by\":{\"sex\":\"F\"},"
        "\"parameters\":{},\"n\":55,\"statistic\":2.5,\"table\":[{\"n\":1}],"
        "\"message\":\"a, b\",\"auc\":{\"suppressed\":true}},"
        "{\"analysis\":\"lm\",\"suppressed\":true}]}",
        0, NULL);
    static const char expected[] = "entry,analysis,by,fact,value\r\n"
                                   "1,logrank,sex=F,n,55\r\n"
                                   "1,logrank,sex=F,statistic,2.5\r\n"
                                   "1,logrank,sex=F,message,\"a, b\"\r\n"
                                   "1,logrank,sex=F,auc,withheld\r\n"
                                   "2,lm,,suppressed,true\r\n";
    struct buffer text;
    buffer_init(&text, BUFFER_LIMIT_DEFAULT);
    assert_int_equal(result_export_facts(&text, result), STATUS_OK);
    assert_int_equal(text.size, sizeof expected - 1);
    assert_memory_equal(text.data, expected, sizeof expected - 1);
    buffer_fini(&text);
    json_decref(result);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_csv_is_quoted),
        cmocka_unit_test(test_csv_has_words_beside_names),
        cmocka_unit_test(test_methods_are_sentences_in_words),
        cmocka_unit_test(test_facts_are_one_a_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
