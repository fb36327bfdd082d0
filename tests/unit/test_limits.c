/* The numbers of the disclosure rules: their ranges, and which is stricter. */
#include "policy/limits.h"
#include "policy/reading.h"
#include "tests/unit/test.h"

#include "documents_fixture.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static enum status read_object(
    void *out, const struct field *root, struct diagnostic *diagnostic)
{
    return limits_parse(out, root, diagnostic);
}

static enum status parse(
    struct limits *limits, struct view text, struct diagnostic *diagnostic)
{
    return read_document(limits, read_object, text, diagnostic);
}

static enum status read_limits(
    void *arg, struct view payload, struct diagnostic *diagnostic)
{
    struct limits limits;
    (void)arg;
    return parse(&limits, payload, diagnostic);
}

/* A number of the limits, its range, and where it is. */
static const struct {
    const char *name;
    size_t offset;
    int64_t min, max;
    bool larger_is_stricter;
} numbers[] = {
    {"min_cell", offsetof(struct limits, min_cell), 1, 1000000, true},
    {"rounding", offsetof(struct limits, rounding), 1, 1000, true},
    {"dominance_one", offsetof(struct limits, dominance_one), 1, 100, false},
    {"dominance_two", offsetof(struct limits, dominance_two), 1, 100, false},
    {"p_percent", offsetof(struct limits, p_percent), 0, 100, true},
    {"quantile_tail", offsetof(struct limits, quantile_tail), 0, 1000000, true},
    {"moments_share", offsetof(struct limits, moments_share), 0, 1000000, true},
    {"queries_per_day", offsetof(struct limits, queries_per_day), 1, 1000000,
        false},
    {"queries_total", offsetof(struct limits, queries_total), 1, 1000000,
        false},
    {"near_cohorts", offsetof(struct limits, near_cohorts), 1, 1000000, false},
};

static int64_t *number(struct limits *limits, size_t which)
{
    return (int64_t *)((char *)limits + numbers[which].offset);
}

static void test_parse_numbers_keep_their_ranges(void **state)
{
    (void)state;
    json_t *empty = json_object();
    for (size_t i = 0; i < COUNT(numbers); i++) {
        const int64_t values[] = {numbers[i].min - 1, numbers[i].min,
            numbers[i].max, numbers[i].max + 1};
        for (size_t k = 0; k < COUNT(values); k++) {
            char text[32];
            snprintf(text, sizeof text, "%lld", (long long)values[k]);
            const struct change change = {numbers[i].name, text,
                k == 0 || k == 3 ? STATUS_OUT_OF_RANGE : STATUS_OK, NULL};
            check_changes(empty, read_limits, NULL, &change, 1);
        }
        const struct change wrong[] = {
            {numbers[i].name, "\"11\"", STATUS_MALFORMED, "whole number"},
            {numbers[i].name, "1.5", STATUS_MALFORMED, "whole number"},
            {numbers[i].name, "true", STATUS_MALFORMED, "whole number"},
            {numbers[i].name, "null", STATUS_OK, NULL}};
        check_changes(empty, read_limits, NULL, wrong, COUNT(wrong));
    }
    json_decref(empty);
}

static void test_parse_switches_are_true_or_false(void **state)
{
    (void)state;
    static const struct change changes[] = {
        {"hide_zeros", "1", STATUS_MALFORMED, "true or false"},
        {"hide_zeros", "true", STATUS_OK, NULL},
        {"protect_missing", "\"no\"", STATUS_MALFORMED, "true or false"},
        {"protect_missing", "false", STATUS_OK, NULL},
        {"min_cells", "11", STATUS_MALFORMED, "did you mean 'min_cell'?"}};
    json_t *empty = json_object();
    check_changes(empty, read_limits, NULL, changes, COUNT(changes));
    json_decref(empty);
    struct diagnostic diagnostic;
    diagnostic_init(&diagnostic, "limits");
    assert_int_equal(
        read_limits(NULL, view_of_text("[11]"), &diagnostic), STATUS_MALFORMED);
}

static void test_parse_what_is_left_out_is_the_default(void **state)
{
    (void)state;
    struct limits read, expected;
    struct diagnostic diagnostic;
    diagnostic_init(&diagnostic, "");
    limits_default(&expected);
    must(parse(&read, view_of_text("{}"), &diagnostic));
    assert_int_equal(expected.min_cell, 11);
    for (size_t i = 0; i < COUNT(numbers); i++)
        assert_int_equal(*number(&read, i), *number(&expected, i));
    assert_false(read.hide_zeros);
    assert_false(read.protect_missing);
}

static void test_json_is_read_back(void **state)
{
    (void)state;
    struct limits written, read;
    struct diagnostic diagnostic;
    diagnostic_init(&diagnostic, "");
    for (int turn = 0; turn < 2; turn++) {
        if (turn == 0)
            limits_default(&written);
        else
            limits_open(&written);
        written.hide_zeros = turn == 0;
        written.protect_missing = turn == 1;
        json_t *json = limits_json(&written);
        char *text = json_dumps(json, JSON_COMPACT);
        must(parse(&read, view_of_text(text), &diagnostic));
        for (size_t i = 0; i < COUNT(numbers); i++)
            assert_int_equal(*number(&read, i), *number(&written, i));
        assert_int_equal(read.hide_zeros, written.hide_zeros);
        assert_int_equal(read.protect_missing, written.protect_missing);
        free(text);
        json_decref(json);
    }
}

/* A center may be stricter, never looser: whichever of the two it is. */
static void test_stricter_takes_each_number_from_the_stricter(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(numbers); i++) {
        struct limits loose, strict, out;
        limits_default(&loose);
        strict = loose;
        *number(&strict, i) += numbers[i].larger_is_stricter ? 1 : -1;
        limits_stricter(&out, &loose, &strict);
        assert_int_equal(*number(&out, i), *number(&strict, i));
        limits_stricter(&out, &strict, &loose);
        assert_int_equal(*number(&out, i), *number(&strict, i));
        for (size_t k = 0; k < COUNT(numbers); k++)
            if (k != i)
                assert_int_equal(*number(&out, k), *number(&loose, k));
        limits_stricter(&out, &strict, &strict);
        assert_int_equal(*number(&out, i), *number(&strict, i));
    }
}

static void test_stricter_switches_stay_on(void **state)
{
    (void)state;
    struct limits off, on, out;
    limits_default(&off);
    on = off;
    on.hide_zeros = on.protect_missing = true;
    limits_stricter(&out, &off, &off);
    assert_false(out.hide_zeros || out.protect_missing);
    limits_stricter(&out, &off, &on);
    assert_true(out.hide_zeros && out.protect_missing);
    limits_stricter(&out, &on, &off);
    assert_true(out.hide_zeros && out.protect_missing);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse_numbers_keep_their_ranges),
        cmocka_unit_test(test_parse_switches_are_true_or_false),
        cmocka_unit_test(test_parse_what_is_left_out_is_the_default),
        cmocka_unit_test(test_json_is_read_back),
        cmocka_unit_test(test_stricter_takes_each_number_from_the_stricter),
        cmocka_unit_test(test_stricter_switches_stay_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
