/* What may be asked, by whom, until when: read strictly. */
#include "policy/study.h"
#include "protocol/wire/json_text.h"
#include "tests/unit/test.h"

#include "documents_fixture.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static struct cast cast;
static json_t *sound;

static int setup(void **state)
{
    (void)state;
    cast_create(&cast);
    sound = cast_study(&cast, "first", 3);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    json_decref(sound);
    cast_destroy(&cast);
    return 0;
}

static enum status read_study(
    void *arg, struct view payload, struct diagnostic *diagnostic)
{
    struct study *study = NULL;
    enum status status = study_parse(&study, payload, diagnostic);
    (void)arg;
    assert_int_equal(status == STATUS_OK, study != NULL);
    study_destroy(study);
    return status;
}

/* The study as parsed, with one member changed. */
static struct study *study_with(const char *path, const char *value)
{
    struct study *study = NULL;
    struct diagnostic diagnostic;
    json_t *copy = json_deep_copy(sound);
    if (path != NULL)
        document_change(copy, path, value);
    char *text = json_dumps(copy, JSON_COMPACT);
    diagnostic_init(&diagnostic, "study");
    if (study_parse(&study, view_of_text(text), &diagnostic) != STATUS_OK)
        fail_msg("%s", diagnostic.message);
    free(text);
    json_decref(copy);
    return study;
}

/* ---- reading ---- */

static const struct change broken[] = {
    {"cohortium", NULL, STATUS_MALFORMED, "'cohortium' is missing"},
    {"cohortium", "\"approval\"", STATUS_MALFORMED, "kind 'approval'"},
    {"name", NULL, STATUS_MALFORMED, "'name' is missing"},
    {"name", "\"First\"", STATUS_MALFORMED, "no study's name"},
    {"name", "\"../first\"", STATUS_MALFORMED, "no study's name"},
    {"version", NULL, STATUS_MALFORMED, "'version' is missing"},
    {"version", "0", STATUS_OUT_OF_RANGE, "from 1"},
    {"title", NULL, STATUS_MALFORMED, "'title' is missing"},
    {"title", "\"\"", STATUS_MALFORMED, "empty"},
    {"principal_investigator", NULL, STATUS_MALFORMED, "is missing"},
    {"lead_institution", "[]", STATUS_MALFORMED, "expected a text"},
    {"dictionary", NULL, STATUS_MALFORMED, "'dictionary' is missing"},
    {"dictionary", "\"small\"", STATUS_MALFORMED, "64 hexadecimal"},
    {"roster", NULL, STATUS_MALFORMED, "'roster' is missing"},
    {"researchers", NULL, STATUS_MALFORMED, "'researchers' is missing"},
    {"researchers", "{}", STATUS_MALFORMED, "expected a list"},
    {"researchers", "[]", STATUS_MALFORMED, "a study has researchers"},
    {"researchers/0", "\"Ada\"", STATUS_MALFORMED, "expected an object"},
    {"researchers/0/name", NULL, STATUS_MALFORMED, "'name' is missing"},
    {"researchers/0/role", "\"PI\"", STATUS_MALFORMED, "'role' does not"},
    {"variables", NULL, STATUS_MALFORMED, "'variables' is missing"},
    {"variables", "\"age\"", STATUS_MALFORMED, "expected a list"},
    {"variables/0", "7", STATUS_MALFORMED, "expected a text"},
    {"variables/0", "\"sex\"", STATUS_MALFORMED, "'sex' is there twice"},
    {"analyses", NULL, STATUS_MALFORMED, "'analyses' is missing"},
    {"analyses", "[]", STATUS_MALFORMED, "a study names its analyses"},
    {"analyses/1", "\"count\"", STATUS_MALFORMED, "'count' is there twice"},
    {"analyses/1", "\"sumary\"", STATUS_MALFORMED,
        "there is no analysis 'sumary'; did you mean 'summary'?"},
    {"analyses/1", "\"zzzzzzzzzzzz\"", STATUS_MALFORMED, "no analysis 'zzz"},
    {"cohort", "18", STATUS_MALFORMED, "expected a text"},
    {"cohort", "\"age\\n>= 18\"", STATUS_MALFORMED, "control character"},
    {"title", "\"a\\u202eb\"", STATUS_MALFORMED, "\\u202E"},
    {"name", "\"a\\u200db\"", STATUS_MALFORMED, "\\u200D"},
    {"principal_investigator", "\"a\\u009bb\"", STATUS_MALFORMED, "\\u009B"},
    {"exploration", "\"yes\"", STATUS_MALFORMED, "true or false"},
    {"cohorts", "{}", STATUS_MALFORMED, "expected a list"},
    {"cohorts", "[\"old\"]", STATUS_MALFORMED, "expected an object"},
    {"cohorts", "[{\"name\": \"old\"}]", STATUS_MALFORMED,
        "'where' is missing"},
    {"cohorts", "[{\"where\": \"age > 5\"}]", STATUS_MALFORMED,
        "'name' is missing"},
    {"cohorts", "[{\"name\": \"old\", \"where\": \"\"}]", STATUS_MALFORMED,
        "empty"},
    {"cohorts", "[{\"name\": \"Old\", \"where\": \"age > 5\"}]",
        STATUS_MALFORMED, "no cohort's name"},
    {"cohorts", "[{\"name\": \"a or b\", \"where\": \"age > 5\"}]",
        STATUS_MALFORMED, "no cohort's name"},
    {"cohorts",
        "[{\"name\": \"a\", \"where\": \"age > 5\"},"
        " {\"name\": \"a\", \"where\": \"age > 6\"}]",
        STATUS_MALFORMED, "'a' is there twice"},
    {"cohorts", "[{\"name\": \"a\", \"where\": \"age > 5\", \"label\": \"x\"}]",
        STATUS_MALFORMED, "'label' does not"},
    {"derived", "{}", STATUS_MALFORMED, "expected a list"},
    {"derived", "[{\"name\": \"d\", \"where\": \"age > 5\"}]", STATUS_MALFORMED,
        "'label' is missing"},
    {"derived", "[{\"name\": \"d\", \"label\": \"D\"}]", STATUS_MALFORMED,
        "'where' is missing"},
    {"derived",
        "[{\"name\": \"old-or\", \"label\": \"D\", \"where\": \"age > 5\"}]",
        STATUS_MALFORMED, "no variable's name"},
    {"derived",
        "[{\"name\": \"d\", \"label\": \"D\", \"where\": \"age > 5\"},"
        " {\"name\": \"d\", \"label\": \"D\", \"where\": \"age > 5\"}]",
        STATUS_MALFORMED, "'d' is there twice"},
    {"limits", "7", STATUS_MALFORMED, "expected an object"},
    {"limits/min_cell", "0", STATUS_OUT_OF_RANGE, "from 1"},
    {"privacy", "\"none\"", STATUS_MALFORMED, "'none' is no privacy"},
    {"privacy", "1", STATUS_MALFORMED, "expected a text"},
    {"center_effects", "\"yes\"", STATUS_MALFORMED, "true or false"},
    {"center_effects", "1", STATUS_MALFORMED, "true or false"},
    {"noise", "7", STATUS_MALFORMED, "expected an object"},
    {"noise", "{\"epsilon\": 1}", STATUS_MALFORMED, "'epsilon' does not"},
    {"noise", "{\"rho\": \"much\"}", STATUS_MALFORMED, "expected a number"},
    {"noise", "{\"rho\": 0.0000009}", STATUS_MALFORMED, "between 0.000001"},
    {"noise", "{\"rho\": 101}", STATUS_MALFORMED, "between 0.000001"},
    {"noise", "{\"query_rho\": 0}", STATUS_MALFORMED, "between 0.000001"},
    {"noise", "{\"delta\": true}", STATUS_MALFORMED, "expected a number"},
    {"noise", "{\"delta\": 0}", STATUS_MALFORMED, "delta lies between"},
    {"noise", "{\"delta\": 0.01}", STATUS_MALFORMED, "delta lies between"},
    {"min_centers", "0", STATUS_OUT_OF_RANGE, "from 1 to 1024"},
    {"min_centers", "1025", STATUS_OUT_OF_RANGE, "from 1 to 1024"},
    {"valid_from", NULL, STATUS_MALFORMED, "'valid_from' is missing"},
    {"valid_from", "\"2029-01-01\"", STATUS_MALFORMED, "after valid_from"},
    {"valid_until", NULL, STATUS_MALFORMED, "'valid_until' is missing"},
    {"budget", "7", STATUS_MALFORMED, "'budget' does not belong"},
};

static const struct change allowed[] = {
    {"cohort", NULL, STATUS_OK, NULL},
    {"cohort", "\"\"", STATUS_OK, NULL},
    {"exploration", NULL, STATUS_OK, NULL},
    {"cohorts", "[]", STATUS_OK, NULL},
    {"cohorts",
        "[{\"name\": \"a-1_b.c\", \"title\": \"A\", \"where\": \"age > 5\"},"
        " {\"name\": \"a\", \"where\": \"age > 5\"}]",
        STATUS_OK, NULL},
    {"limits", NULL, STATUS_OK, NULL},
    {"privacy", NULL, STATUS_OK, NULL},
    {"center_effects", "true", STATUS_OK, NULL},
    {"noise", "{}", STATUS_OK, NULL},
    {"noise", "{\"rho\": 0.000001, \"query_rho\": 100}", STATUS_OK, NULL},
    {"noise", "{\"rho\": 1, \"delta\": 1e-15}", STATUS_OK, NULL},
    {"noise", "{\"delta\": 0.001}", STATUS_OK, NULL},
    {"min_centers", NULL, STATUS_OK, NULL},
    {"min_centers", "1", STATUS_OK, NULL},
    {"variables", "[]", STATUS_OK, NULL},
};

static void test_parse_broken_study_is_refused(void **state)
{
    (void)state;
    check_changes(sound, read_study, NULL, broken, COUNT(broken));
    check_changes(sound, read_study, NULL, allowed, COUNT(allowed));
    struct diagnostic diagnostic;
    diagnostic_init(&diagnostic, "study");
    assert_int_equal(
        read_study(NULL, view_of_text(""), &diagnostic), STATUS_MALFORMED);
}

static void test_parse_a_researcher_twice_by_either_key_is_refused(void **state)
{
    (void)state;
    static const char *const keys[] = {"identity", "curve"};
    for (size_t i = 0; i < COUNT(keys); i++) {
        json_t *copy = json_deep_copy(sound);
        json_t *other = cast_card(cast.stranger);
        json_object_set(other, keys[i],
            json_object_get(
                json_array_get(json_object_get(copy, "researchers"), 0),
                keys[i]));
        json_array_append_new(json_object_get(copy, "researchers"), other);
        const struct change change = {
            "version", "1", STATUS_MALFORMED, "key is there twice"};
        check_changes(copy, read_study, NULL, &change, 1);
        json_decref(copy);
    }
}

/* A sum of two centers shows each the other. */
static void test_parse_masked_study_needs_three_centers(void **state)
{
    (void)state;
    static const struct change minimum[] = {
        {"min_centers", "2", STATUS_OUT_OF_RANGE, "from 3 to 1024"},
        {"min_centers", "3", STATUS_OK, NULL}};
    static const char *const masked[] = {
        "\"sum\"", "\"site\"", "\"noise\"", "null"};
    for (size_t i = 0; i < COUNT(masked); i++) {
        json_t *copy = json_deep_copy(sound);
        document_change(copy, "privacy", masked[i]);
        check_changes(copy, read_study, NULL, minimum, COUNT(minimum));
        json_decref(copy);
    }
}

static void test_parse_what_is_left_out_is_the_default(void **state)
{
    (void)state;
    struct study *study = study_with("privacy", NULL);
    assert_int_equal(study->privacy, PRIVACY_SUM);
    assert_false(study->center_effects);
    study_destroy(study);
    study = study_with("center_effects", "true");
    assert_true(study->center_effects);
    study_destroy(study);
    study = study_with("min_centers", NULL);
    assert_int_equal(study->min_centers, MIN_CENTERS_DEFAULT);
    study_destroy(study);
    study = study_with("limits", NULL);
    assert_int_equal(study->limits.min_cell, 11);
    study_destroy(study);
    study = study_with("cohort", NULL);
    assert_string_equal(study->terms.whole, "");
    study_destroy(study);
    study = study_with("noise", "{\"query_rho\": 0.01}");
    assert_int_equal(study->noise.rho_nano, NANO / 4);
    assert_int_equal(study->noise.query_rho_nano, NANO / 100);
    study_destroy(study);
}

static void test_privacy_names_are_read_back(void **state)
{
    (void)state;
    for (int i = 0; i < PRIVACY_COUNT; i++) {
        char value[32];
        enum study_privacy privacy = (enum study_privacy)i;
        snprintf(value, sizeof value, "\"%s\"", study_privacy_name(privacy));
        struct study *study = study_with("privacy", value);
        assert_int_equal(study->privacy, privacy);
        assert_int_equal(study_is_masked(privacy),
            privacy == PRIVACY_SUM || privacy == PRIVACY_SITE ||
                privacy == PRIVACY_NOISE);
        study_destroy(study);
    }
    assert_string_equal(study_privacy_name(PRIVACY_COUNT), "unknown");
}

/* ---- with a dictionary ---- */

static void check_against(
    const char *path, const char *value, enum status expected, const char *says)
{
    struct diagnostic diagnostic;
    struct study *study = study_with(path, value);
    diagnostic_init(&diagnostic, "study");
    assert_int_equal(
        study_check(study, cast.dictionary, &diagnostic), expected);
    if (says != NULL && strstr(diagnostic.message, says) == NULL)
        fail_msg("%s", diagnostic.message);
    assert_int_equal(expected != STATUS_OK, diagnostic.line > 0);
    study_destroy(study);
}

static void test_check_names_are_the_dictionarys(void **state)
{
    (void)state;
    check_against(NULL, NULL, STATUS_OK, NULL);
    check_against("cohort", NULL, STATUS_OK, NULL);
    check_against("variables/1", "\"sexe\"", STATUS_UNKNOWN_NAME, "'sex'");
    check_against(
        "cohort", "\"height > 180\"", STATUS_UNKNOWN_NAME, "'height'");
    check_against("cohort", "\"age >\"", STATUS_MALFORMED, NULL);
}

static void check_cohorts(
    const char *name, const char *where, enum status expected, const char *says)
{
    char value[512];
    snprintf(value, sizeof value,
        "[{\"name\": \"first-one\", \"where\": \"age < 90\"},"
        " {\"name\": \"%s\", \"where\": \"%s\"}]",
        name, where);
    check_against("cohorts", value, expected, says);
}

static void test_check_cohorts_are_plain_and_lie_in_the_whole(void **state)
{
    (void)state;
    check_cohorts("old", "age >= 65 and sex = F", STATUS_OK, NULL);
    check_cohorts("young", "age < 40", STATUS_OK, NULL);
    check_cohorts("old", "age >= 65 or sex = F", STATUS_NOT_PLAIN, "derived");
    check_cohorts("old", "not (age >= 65 and sex = F)", STATUS_NOT_PLAIN, NULL);
    check_cohorts("old", "age != 65", STATUS_NOT_PLAIN, "one interval");
    check_cohorts("old", "height > 2", STATUS_UNKNOWN_NAME, "'height'");
    check_cohorts("old", "age >", STATUS_MALFORMED, NULL);
    check_cohorts(
        "child", "age < 18", STATUS_OUT_OF_RANGE, "asks within 'age >= 18'");
    check_cohorts("age", "age > 50", STATUS_MALFORMED, "is a variable");
    check_against("cohort", "\"age >= 18 or sex = F\"", STATUS_NOT_PLAIN,
        "several variables");
}

static void check_derived(
    const char *name, const char *where, enum status expected, const char *says)
{
    char value[512];
    snprintf(value, sizeof value,
        "[{\"name\": \"either\", \"label\": \"A\", \"where\": \"sex = F\"},"
        " {\"name\": \"%s\", \"label\": \"B\", \"where\": \"%s\"}]",
        name, where);
    check_against("derived", value, expected, says);
}

static void test_check_derived_variables_are_of_the_dictionarys(void **state)
{
    (void)state;
    check_derived("both", "age > 70 or sex = F", STATUS_OK, NULL);
    check_derived("both", "not (age > 70 and sex = F)", STATUS_OK, NULL);
    check_derived("both", "age > 70 or", STATUS_MALFORMED, NULL);
    check_derived("both", "height > 2", STATUS_UNKNOWN_NAME, "'height'");
    check_derived(
        "both", "either or age > 70", STATUS_UNKNOWN_NAME, "'either'");
    check_derived("sex", "age > 70", STATUS_MALFORMED, "is a variable");
}

/* All that a study cuts. */
static void test_check_thresholds_stand_on_edges(void **state)
{
    static const char says[] = "between 105 and 106: the nearest edge is 99";
    (void)state;
    check_cohorts("old", "age > 105", STATUS_THRESHOLD_OFF_GRID, says);
    check_derived(
        "both", "age > 105 or sex = F", STATUS_THRESHOLD_OFF_GRID, says);
    check_against("cohort", "\"age <= 105\"", STATUS_THRESHOLD_OFF_GRID, says);
}

/* It was approved, and is asked about as it was. */
static void test_check_a_study_of_before_named_cohorts_goes_on(void **state)
{
    struct diagnostic diagnostic;
    json_t *copy = json_deep_copy(sound);
    struct study *study = NULL;
    (void)state;
    json_object_del(copy, "exploration");
    document_change(copy, "cohort", "\"age >= 105 or sex = F\"");
    char *text = json_dumps(copy, JSON_COMPACT);
    diagnostic_init(&diagnostic, "study");
    assert_int_equal(
        study_parse(&study, view_of_text(text), &diagnostic), STATUS_OK);
    assert_int_equal(
        study_check(study, cast.dictionary, &diagnostic), STATUS_OK);
    assert_false(study->terms.exploration);
    study_destroy(study);
    free(text);
    json_decref(copy);
}

/* ---- all mistakes at once ---- */

static void review(json_t *payload, struct findings *findings,
    const struct dictionary *dictionary, enum status expected)
{
    struct buffer text;
    buffer_init(&text, BUFFER_LIMIT_DEFAULT);
    assert_int_equal(
        json_text_append(&text, payload, JSON_INDENT(1)), STATUS_OK);
    assert_int_equal(
        study_review(findings, buffer_view(&text), dictionary), expected);
    buffer_fini(&text);
}

static bool is_told(const struct findings *findings, const char *message)
{
    for (size_t i = 0; i < findings->count; i++) {
        if (strstr(findings->items[i].message, message) != NULL)
            return findings->items[i].line > 0;
    }
    return false;
}

static void test_review_tells_all_that_is_wrong_by_place(void **state)
{
    static struct findings findings;
    json_t *study = json_deep_copy(sound);
    (void)state;
    review(study, &findings, cast.dictionary, STATUS_OK);
    assert_int_equal(findings.count, 0);
    json_object_del(study, "exploration");
    json_object_del(study, "title");
    json_object_set_new(study, "min_centers", json_integer(0));
    json_object_set_new(study, "version", json_string("one"));
    json_object_set_new(study, "colour", json_string("red"));
    json_object_set_new(
        study, "variables", json_pack("[s, s, s]", "age", "sexe", "bnp"));
    json_object_set_new(study, "analyses", json_pack("[s, s]", "cout", "sum"));
    json_object_set_new(study, "cohort", json_string("age > 40 && sex = 1"));
    review(study, &findings, cast.dictionary, STATUS_MALFORMED);
    assert_int_equal(findings.count, 10);
    static const char *const told[] = {"'title' is missing",
        "names the cohorts that it asks about", "found 0", "a whole number",
        "'colour' does not belong", "'sexe'", "'bnp'", "'cout'", "'sum'",
        "write 'and' for '&&'"};
    for (size_t i = 0; i < COUNT(told); i++) {
        if (!is_told(&findings, told[i]))
            fail_msg("%s", told[i]);
    }
    for (size_t i = 1; i < findings.count; i++)
        assert_true(findings.items[i].line >= findings.items[i - 1].line);
    review(study, &findings, NULL, STATUS_MALFORMED);
    assert_int_equal(findings.count, 7); /* names are the dictionary's */
    json_decref(study);
}

static void test_review_of_many_mistakes_counts_them_all(void **state)
{
    static struct findings findings;
    json_t *study = json_deep_copy(sound), *names = json_array();
    (void)state;
    for (int i = 0; i < 2 * FINDINGS_MAX; i++) {
        char name[16];
        snprintf(name, sizeof name, "none%d", i);
        json_array_append_new(names, json_string(name));
    }
    json_object_set_new(study, "variables", names);
    review(study, &findings, cast.dictionary, STATUS_UNKNOWN_NAME);
    assert_int_equal(findings.count, 2 * FINDINGS_MAX);
    json_decref(study);
}

/* ---- believing ---- */

static enum status verify(const char *type, json_t *payload,
    struct keypair *const *signers, size_t count)
{
    struct study *study = NULL;
    struct diagnostic diagnostic;
    struct envelope *envelope = document_sign(type, payload, signers, count);
    diagnostic_init(&diagnostic, "");
    enum status status = study_verify(&study, envelope, &diagnostic);
    assert_int_equal(status == STATUS_OK, study != NULL);
    assert_int_equal(status != STATUS_OK, diagnostic.message[0] != '\0');
    study_destroy(study);
    envelope_destroy(envelope);
    return status;
}

static void test_verify_needs_a_signature_of_its_researchers(void **state)
{
    (void)state;
    struct keypair *const ada[] = {cast.researcher};
    struct keypair *const mallory[] = {cast.stranger};
    struct keypair *const both[] = {cast.stranger, cast.researcher};
    assert_int_equal(verify(TYPE_STUDY, json_incref(sound), ada, 1), STATUS_OK);
    assert_int_equal(
        verify(TYPE_STUDY, json_incref(sound), both, 2), STATUS_OK);
    assert_int_equal(
        verify(TYPE_STUDY, json_incref(sound), ada, 0), STATUS_BAD_SIGNATURE);
    assert_int_equal(verify(TYPE_STUDY, json_incref(sound), mallory, 1),
        STATUS_BAD_SIGNATURE);
    /* the committee approves; it does not apply */
    assert_int_equal(verify(TYPE_STUDY, json_incref(sound), cast.committee, 3),
        STATUS_BAD_SIGNATURE);
    assert_int_equal(
        verify(TYPE_QUERY, json_incref(sound), ada, 1), STATUS_MALFORMED);
    json_t *newer = json_deep_copy(sound);
    document_change(newer, "format", "2");
    assert_int_equal(verify(TYPE_STUDY, newer, ada, 1), STATUS_MALFORMED);
}

static void test_dates_bear_five_minutes_between_clocks(void **state)
{
    (void)state;
    const struct study study = {.valid_from = 1000, .valid_until = 2000};
    static const struct {
        int64_t now;
        enum status expected;
    } cases[] = {{INT64_MIN, STATUS_NOT_YET_VALID}, {699, STATUS_NOT_YET_VALID},
        {700, STATUS_OK}, {2299, STATUS_OK}, {2300, STATUS_EXPIRED},
        {INT64_MAX, STATUS_EXPIRED}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct wall_clock clock = {cases[i].now, NULL};
        assert_int_equal(
            study_check_dates(&study, &clock, NULL), cases[i].expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse_broken_study_is_refused),
        cmocka_unit_test(
            test_parse_a_researcher_twice_by_either_key_is_refused),
        cmocka_unit_test(test_parse_masked_study_needs_three_centers),
        cmocka_unit_test(test_parse_what_is_left_out_is_the_default),
        cmocka_unit_test(test_privacy_names_are_read_back),
        cmocka_unit_test(test_review_tells_all_that_is_wrong_by_place),
        cmocka_unit_test(test_review_of_many_mistakes_counts_them_all),
        cmocka_unit_test(test_check_names_are_the_dictionarys),
        cmocka_unit_test(test_check_cohorts_are_plain_and_lie_in_the_whole),
        cmocka_unit_test(test_check_derived_variables_are_of_the_dictionarys),
        cmocka_unit_test(test_check_thresholds_stand_on_edges),
        cmocka_unit_test(test_check_a_study_of_before_named_cohorts_goes_on),
        cmocka_unit_test(test_verify_needs_a_signature_of_its_researchers),
        cmocka_unit_test(test_dates_bear_five_minutes_between_clocks),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
