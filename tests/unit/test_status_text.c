/* What the coordinator says of queries, as lines. */
#include <stdio.h>
#include <stdlib.h>

#include "coordinator/client/status_text.h"
#include "tests/unit/test.h"

#define ID "abcd000000000000000000000000000000000000000000000000000000000001"
#define OTHER "abce000000000000000000000000000000000000000000000000000000000001"

static const char queries[] =
    "{\"queries\": [{\"query_id\": \"" ID "\", \"study\": \"s\", \"state\": "
    "\"failed\", \"submitted\": \"t\", \"reason\": \"why\", \"centers\": "
    "{\"asked\": [\"a\", \"b\"], \"answered\": [], \"refused\": [\"b\"], "
    "\"absent\": [\"a\"]}, \"notes\": {\"a\": \"busy\", \"b\": \"votes\"}}, "
    "{\"query_id\": \"" OTHER "\", \"study\": \"s\", \"state\": \"waiting\", "
    "\"submitted\": \"t\", \"place\": 3, \"waiting\": 9}]}";
static const char later[] =
    "{\"queries\": [{\"query_id\": \"" ID "\", \"state\": \"open\", \"round\": "
    "2, \"step\": \"a later round\"}]}";

/* What is printed; the caller frees it. */
static char *printed(const char *prefix, enum status expected)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    assert_int_equal(
        status_print_queries(out, view_of_text(queries), prefix), expected);
    fclose(out);
    return text;
}

static void test_queries_have_whole_ids_and_their_place(void **state)
{
    (void)state;
    char *text = printed("", STATUS_OK);
    assert_non_null(strstr(text, ID "  failed"));
    assert_non_null(strstr(text, "number 3 of 9 in the queue"));
    assert_null(strstr(text, "busy"));
    free(text);
}

static void test_prefix_of_one_query_shows_its_centers(void **state)
{
    (void)state;
    char *text = printed("abcd", STATUS_OK);
    assert_non_null(strstr(text, ID));
    assert_null(strstr(text, OTHER));
    assert_non_null(strstr(text, "a: absent busy"));
    assert_non_null(strstr(text, "b: refused votes"));
    free(text);
}

static void test_prefix_of_none_or_several_is_an_error(void **state)
{
    (void)state;
    struct digest id;
    char text[DIGEST_TEXT];
    const struct view all = view_of_text(queries);
    free(printed("abc", STATUS_USAGE));
    free(printed("ff", STATUS_NOT_FOUND));
    assert_int_equal(status_find_query(all, "abc", &id), STATUS_USAGE);
    assert_int_equal(status_find_query(all, "ff", &id), STATUS_NOT_FOUND);
    assert_int_equal(status_find_query(all, "abce", &id), STATUS_OK);
    digest_to_text(text, &id);
    assert_string_equal(text, OTHER);
}

static void test_progress_is_said_once_and_not_at_first(void **state)
{
    static const char *const said[] = {queries, later, later, later};
    struct status_progress progress = {.told = 0};
    char *text = NULL;
    size_t size;
    (void)state;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    for (size_t i = 0; i < sizeof said / sizeof said[0]; i++)
        status_show_progress(out, &progress, view_of_text(said[i]), ID);
    status_show_progress(out, &progress, view_of_text("no JSON"), ID);
    fclose(out);
    assert_string_equal(text, "round 2: a later round\n");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_queries_have_whole_ids_and_their_place),
        cmocka_unit_test(test_prefix_of_one_query_shows_its_centers),
        cmocka_unit_test(test_prefix_of_none_or_several_is_an_error),
        cmocka_unit_test(test_progress_is_said_once_and_not_at_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
