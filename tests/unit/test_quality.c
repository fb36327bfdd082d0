/* quality: rules of the dictionary, and values that were refused. */
#include "protocol/query/plausible.h"

#include "analysis_fixture.h"

enum { EDV, ESV, SV, SHAPE, FIRST, COLUMNS = FIRST + 2 };
#define ROWS 6
#define NA VALUE_MISSING

static const int32_t codes[ROWS][COLUMNS] = {
    {1500, 600, 900, 0, 1, 2},   /* all holds */
    {1500, 1600, -100, 0, 2, 1}, /* esv > edv; shape decreases */
    {1003, 973, 60, NA, NA, NA}, /* sv off by just 3, which holds */
    {1003, 972, 62, 0, 5, 5},    /* off by 3.1 */
    {NA, 900, 500, 0, 3, 1},     /* nothing known of edv; shape decreases */
    {1500, 1500, 0, 0, -1, 1},   /* equal is allowed */
};
static struct table volumes;

static int setup(void **state)
{
    (void)state;
    table_create(&volumes,
        "{\"id\":\"v\",\"variables\":["
        "{\"name\":\"edv\",\"type\":\"real\",\"resolution\":0.1,\"min\":0,"
        "\"max\":500},"
        "{\"name\":\"esv\",\"type\":\"real\",\"resolution\":0.1,\"min\":0,"
        "\"max\":500},"
        "{\"name\":\"sv\",\"type\":\"real\",\"resolution\":0.1,\"min\":-100,"
        "\"max\":500},"
        "{\"name\":\"shape\",\"type\":\"vector\",\"length\":2,"
        "\"resolution\":0.1,\"min\":-10,\"max\":10}],"
        "\"plausible\":[\"esv <= edv\",\"abs(sv - (edv - esv)) <= 3\","
        "\"shape[1] <= shape[2]\"]}",
        codes[0], ROWS, NULL);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    table_destroy(&volumes);
    return 0;
}

static json_t *asked(const char *query)
{
    return results_of(&volumes, query);
}

static void expect(
    const json_t *results, size_t row, const char *name, int64_t implausible)
{
    assert_text(row_of(results, 0, row), "variable", name);
    assert_integer(row_of(results, 0, row), "implausible_pairs", implausible);
    assert_integer(row_of(results, 0, row), "out_of_range", 0);
}

static void test_rows_that_break_a_rule_count_for_its_variables(void **state)
{
    (void)state;
    json_t *results = asked("{\"analyses\":[{\"quality\":{}}]}");
    expect(results, 0, "edv", 2); /* rows 2 and 4; row 2 breaks one rule */
    expect(results, 1, "esv", 2);
    expect(results, 2, "sv", 1);
    expect(results, 3, "shape", 2);
    assert_integer(row_of(results, 0, 3), "missing", 1);
    json_decref(results);
}

/* A study that asks for some variables learns nothing of the others. */
static void test_a_rule_needs_all_its_variables_in_the_question(void **state)
{
    (void)state;
    json_t *results = asked(
        "{\"analyses\":[{\"quality\":{\"variables\":[\"esv\",\"edv\"]}}]}");
    expect(results, 0, "esv", 1);
    expect(results, 1, "edv", 1);
    json_decref(results);
    results = asked(
        "{\"analyses\":[{\"quality\":{\"variables\":[\"esv\",\"sv\"]}}]}");
    for (size_t v = 0; v < 2; v++)
        assert_true(json_is_null(
            json_object_get(row_of(results, 0, v), "implausible_pairs")));
    json_decref(results);
}

static void test_few_rows_are_withheld_by_the_cell_rule(void **state)
{
    (void)state;
    struct asked sum;
    ask(&sum, &volumes, "{\"analyses\":[{\"quality\":{}}]}", 1);
    json_t *results = asked_finish(&sum, 3);
    assert_suppressed(
        json_object_get(row_of(results, 0, 0), "implausible_pairs"));
    assert_integer(row_of(results, 0, 0), "out_of_range", 0);
    json_decref(results);
    asked_destroy(&sum);
    assert_same_bytes_at_any_split(
        &volumes, "{\"analyses\":[{\"quality\":{}}]}");
}

static void test_every_comparison_and_nearly_equal_sides(void **state)
{
    (void)state;
    static const struct {
        const char *rule;
        bool broken[3]; /* a < b, a = b but for rounding, a > b */
    } cases[] = {{"a < b", {false, true, true}},
        {"a <= b", {false, false, true}}, {"a == b", {true, false, true}},
        {"a != b", {false, true, false}}, {"a >= b", {true, false, false}},
        {"a > b", {true, true, false}}};
    static const int32_t rows[3][2] = {{1, 4}, {3, 3}, {4, 3}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[512];
        struct dictionary *dictionary = NULL;
        struct diagnostic diagnostic;
        diagnostic_init(&diagnostic, "d");
        snprintf(text, sizeof text,
            "{\"id\":\"d\",\"variables\":[{\"name\":\"a\",\"type\":\"real\","
            "\"resolution\":0.1},{\"name\":\"b\",\"type\":\"integer\"}],"
            "\"plausible\":[\"a + 0.1 - 0.1 %.2s b / 10\"]}",
            cases[i].rule + 2);
        assert_int_equal(
            dictionary_parse(&dictionary, view_of_text(text), &diagnostic),
            STATUS_OK);
        for (size_t r = 0; r < 3; r++)
            assert_true(plausible_is_broken(&dictionary->rules[0], dictionary,
                            rows[r]) == cases[i].broken[r]);
        const int32_t missing[2] = {1, NA};
        assert_false(
            plausible_is_broken(&dictionary->rules[0], dictionary, missing));
        dictionary_destroy(dictionary);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows_that_break_a_rule_count_for_its_variables),
        cmocka_unit_test(test_a_rule_needs_all_its_variables_in_the_question),
        cmocka_unit_test(test_few_rows_are_withheld_by_the_cell_rule),
        cmocka_unit_test(test_every_comparison_and_nearly_equal_sides),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
