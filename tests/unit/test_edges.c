/* edges: where a number may be cut, as declared and without. */
#include "protocol/query/edges.h"
#include "protocol/query/query.h"
#include "tests/unit/test.h"

static struct dictionary *dictionary;

static const char text[] =
    "{\"id\":\"d\",\"version\":1,\"variables\":["
    "{\"name\":\"age\",\"type\":\"integer\",\"min\":0,\"max\":120,"
    "\"edges\":[18,40,60,65,80]},"
    "{\"name\":\"lvef\",\"type\":\"real\",\"resolution\":0.1,\"min\":3,"
    "\"max\":95},"
    "{\"name\":\"days\",\"type\":\"days\"},"
    "{\"name\":\"sex\",\"type\":\"category\",\"categories\":["
    "{\"code\":\"F\"},{\"code\":\"M\"}]},"
    "{\"name\":\"coarse\",\"type\":\"integer\",\"grid\":3,\"min\":-30,"
    "\"max\":300},"
    "{\"name\":\"few\",\"type\":\"integer\",\"min\":-1,\"max\":3}]}";
enum { AGE, LVEF, DAYS, SEX, COARSE, FEW };

static int setup(void **state)
{
    struct diagnostic diagnostic;
    (void)state;
    diagnostic_init(&diagnostic, "dictionary");
    assert_int_equal(
        dictionary_parse(&dictionary, view_of_text(text), &diagnostic),
        STATUS_OK);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    dictionary_destroy(dictionary);
    return 0;
}

static void assert_edges(size_t variable, const int32_t *expected, size_t count)
{
    const struct variable *found = &dictionary->variables[variable];
    assert_true(found->edge_count >= count);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(found->edges[i], expected[i]);
}

static void test_edges_without_a_list_are_round(void **state)
{
    (void)state;
    const struct variable *variables = dictionary->variables;
    assert_edges(LVEF, (const int32_t[]){50, 100, 150}, 3); /* 5, 10, 15 */
    assert_int_equal(variables[LVEF].edge_count, 19);
    assert_edges(DAYS, (const int32_t[]){1, 7, 30, 90, 180, 365, 730}, 7);
    assert_edges(FEW, (const int32_t[]){-1, 0, 1, 2, 3}, 5);
    assert_int_equal(variables[SEX].edge_count, 0);
    assert_true(variables[COARSE].edge_count <= EDGES_STEPS + 1);
    for (size_t i = 0; i < variables[COARSE].edge_count; i++)
        assert_int_equal(variables[COARSE].edges[i] % 3, 0);
}

static void test_edges_cut_at_and_behind_themselves(void **state)
{
    (void)state;
    const struct variable *age = &dictionary->variables[AGE];
    assert_true(edges_cut(age, 40));  /* < 40 */
    assert_true(edges_cut(age, 41));  /* <= 40 */
    assert_false(edges_cut(age, 42)); /* <= 41 */
    assert_false(edges_cut(age, 39));
    assert_true(edges_cut(age, 0)); /* nothing is below */
    assert_true(edges_cut(age, 121));
    assert_true(edges_cut(&dictionary->variables[SEX], 1));
    assert_true(edges_have(age, 40));
    assert_false(edges_have(age, 41));
}

static enum status asked(const char *cohort, struct diagnostic *diagnostic)
{
    char query[256];
    struct query *parsed = NULL;
    snprintf(query, sizeof query,
        "{\"cohort\":\"%s\",\"analyses\":[{\"count\":{}}]}", cohort);
    diagnostic_init(diagnostic, "query");
    enum status status =
        query_parse(&parsed, view_of_text(query), dictionary, diagnostic);
    query_destroy(parsed);
    return status;
}

static void test_edges_of_a_cohort_are_checked(void **state)
{
    (void)state;
    static const char *const taken[] = {"age >= 18 and age <= 64",
        "age between 40 and 59", "not age > 80", "lvef < 35 or sex = F",
        "age = 65", "days >= 90", "age > 0", "few in (0, 2)", "lvef <= 50"};
    static const struct {
        const char *cohort, *part;
    } cases[] = {
        {"age >= 62", "'age' is not cut between 61 and 62: the nearest edges "
                      "are 60 and 65; \"edges\" of 'age' in the dictionary"},
        {"sex = F and not (lvef < 50.5 and age < 40)",
            "between 50.4 and 50.5: the nearest edges are 50.0 and 55.0"},
        {"age < 10", "the nearest edge is 18"},
        {"age = 50", "between 49 and 50"},
        {"age in (40, 70)", "between 69 and 70"},
        {"days > 400", "between 400 and 401"},
    };
    struct diagnostic diagnostic;
    for (size_t i = 0; i < sizeof taken / sizeof taken[0]; i++) {
        if (asked(taken[i], &diagnostic) != STATUS_OK)
            fail_msg("%s: %s", taken[i], diagnostic.message);
    }
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if (asked(cases[i].cohort, &diagnostic) != STATUS_THRESHOLD_OFF_GRID ||
            strstr(diagnostic.message, cases[i].part) == NULL)
            fail_msg("%s: %s", cases[i].cohort, diagnostic.message);
    }
}

static void test_edges_with_mistakes_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *edges, *part;
    } cases[] = {
        {"[40, 18]", "edges increase"},
        {"[18, 18]", "edges increase"},
        {"[18, 200]", "from min to max"},
        {"[18.5]", "no multiple of the resolution"},
        {"[\"18\"]", "number"},
        {"18", "list"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char made[256];
        struct diagnostic diagnostic;
        struct dictionary *none = NULL;
        snprintf(made, sizeof made,
            "{\"id\":\"d\",\"version\":1,\"variables\":[{\"name\":\"age\","
            "\"type\":\"integer\",\"min\":0,\"max\":120,\"edges\":%s}]}",
            cases[i].edges);
        diagnostic_init(&diagnostic, "dictionary");
        if (dictionary_parse(&none, view_of_text(made), &diagnostic) !=
                STATUS_MALFORMED ||
            strstr(diagnostic.message, cases[i].part) == NULL)
            fail_msg("%s: %s", cases[i].edges, diagnostic.message);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_edges_without_a_list_are_round),
        cmocka_unit_test(test_edges_cut_at_and_behind_themselves),
        cmocka_unit_test(test_edges_of_a_cohort_are_checked),
        cmocka_unit_test(test_edges_with_mistakes_are_refused),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
