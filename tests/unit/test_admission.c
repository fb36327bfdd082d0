/*
 * Is this query within this study? Every check of admission, alone: a sound
 * request with one thing wrong.
 */
#include "protocol/analysis/analysis.h"
#include "tests/unit/test.h"

#include "documents_fixture.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static struct cast cast;

/* A request in the making: the payloads, to be changed before they are signed,
 * and who signs. */
struct making {
    json_t *study, *query, *header;
    struct roster *roster;
    struct keypair *study_signer, *query_signer, *header_signer;
    const char *header_type, *query_type, *approval_date;
    size_t approvals;
    bool other_study, other_query, other_roster; /* ids in the header */
    bool query_elsewhere;                        /* study id in the query */
    bool without_header, verified_before;
    int64_t now;
    struct public_key researcher; /* what admission found */
    char message[1024];
    char cohort[128]; /* of a query that was admitted */
};

static int setup(void **state)
{
    (void)state;
    cast_create(&cast);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    cast_destroy(&cast);
    return 0;
}

static struct roster *make_roster(void)
{
    struct roster *roster = NULL;
    struct diagnostic diagnostic;
    struct envelope *envelope = document_sign(
        TYPE_ROSTER, cast_roster(&cast, 1, CENTERS), cast.committee, 2);
    diagnostic_init(&diagnostic, "");
    must(roster_verify(&roster, envelope, NULL, &diagnostic));
    envelope_destroy(envelope);
    return roster;
}

static void begin(struct making *making)
{
    const struct digest none = {{0}};
    *making = (struct making){.study = cast_study(&cast, "first", 3),
        .query = cast_query(&cast, &none, 40),
        .header = cast_header(&none, &none, &none),
        .roster = make_roster(),
        .study_signer = cast.researcher,
        .query_signer = cast.researcher,
        .header_signer = cast.coordinator,
        .header_type = TYPE_HEADER,
        .query_type = TYPE_QUERY,
        .approval_date = "2027-01-14",
        .approvals = 2,
        .now = NOW};
}

static void set_id(
    json_t *payload, const char *key, struct digest id, bool another)
{
    char text[DIGEST_TEXT];
    id.bytes[0] ^= another;
    digest_to_text(text, &id);
    json_object_set_new(payload, key, json_string(text));
}

static struct study *known_study(const struct making *making,
    const struct envelope *envelope, struct study **owned)
{
    struct diagnostic diagnostic;
    diagnostic_init(&diagnostic, "");
    if (making->verified_before) {
        must(study_verify(owned, envelope, &diagnostic));
        must(study_check(*owned, cast.dictionary, &diagnostic));
    }
    return *owned;
}

/* Signs everything, asks, and frees. */
static enum status end(struct making *making)
{
    struct diagnostic diagnostic;
    struct study *verified = NULL;
    struct envelope *approvals[COMMITTEE], *header = NULL;
    struct envelope *study =
        document_sign(TYPE_STUDY, making->study, &making->study_signer, 1);
    struct digest study_id = envelope_id(study);
    if (json_object_get(making->query, "study_id") != NULL)
        set_id(making->query, "study_id", study_id, making->query_elsewhere);
    struct envelope *query = document_sign(
        making->query_type, making->query, &making->query_signer, 1);
    set_id(making->header, "study", study_id, making->other_study);
    set_id(making->header, "query", envelope_id(query), making->other_query);
    set_id(making->header, "roster", making->roster->id, making->other_roster);
    header = document_sign(
        making->header_type, making->header, &making->header_signer, 1);
    for (size_t i = 0; i < making->approvals; i++) {
        approvals[i] = document_sign(TYPE_APPROVAL,
            cast_approval(&study_id, "approve", making->approval_date),
            &cast.committee[i], 1);
    }
    const struct admission_request request = {.roster = making->roster,
        .dictionary = cast.dictionary,
        .header = making->without_header ? NULL : header,
        .query = query,
        .study = study,
        .approvals = (const struct envelope *const *)approvals,
        .approval_count = making->approvals,
        .verified = known_study(making, study, &verified),
        .clock = {making->now, "my clock"}};
    struct admission admission;
    diagnostic_init(&diagnostic, "");
    enum status status = admission_check(&admission, &request, &diagnostic);
    making->researcher = admission.researcher;
    assert_int_equal(status == STATUS_OK, admission.plan != NULL);
    if (admission.plan != NULL) /* D7 acts with the study's limit */
        assert_int_equal(admission.plan->analyses[0].quantile_tail,
            admission.study->limits.quantile_tail);
    assert_int_equal(status == STATUS_OK && !making->without_header,
        admission.header != NULL);
    snprintf(making->message, sizeof making->message, "%s", diagnostic.message);
    if (status == STATUS_OK)
        snprintf(making->cohort, sizeof making->cohort, "%s",
            admission.query->cohort_text);
    admission_fini(&admission);
    study_destroy(verified);
    for (size_t i = 0; i < making->approvals; i++)
        envelope_destroy(approvals[i]);
    envelope_destroy(header);
    envelope_destroy(query);
    envelope_destroy(study);
    roster_destroy(making->roster);
    return status;
}

enum which { STUDY, QUERY, HEADER };

/* A sound request with one member of one document changed. */
static void check_with(enum which document, const char *path, const char *value,
    enum status expected, const char *says)
{
    struct making making;
    begin(&making);
    document_change(document == STUDY   ? making.study
                    : document == QUERY ? making.query
                                        : making.header,
        path, value);
    enum status status = end(&making);
    if (status != expected)
        fail_msg("%s = %s: %s, expected %s (%s)", path, value,
            status_name(status), status_name(expected), making.message);
    if (says != NULL && strstr(making.message, says) == NULL)
        fail_msg("%s = %s: '%s'", path, value, making.message);
}

static void test_a_sound_request_is_admitted(void **state)
{
    (void)state;
    struct making making;
    begin(&making);
    assert_int_equal(end(&making), STATUS_OK);
    assert_true(public_key_equal(
        &making.researcher, &keypair_identity(cast.researcher)->sign));
    begin(&making);
    making.without_header = true;
    assert_int_equal(end(&making), STATUS_OK);
    begin(&making);
    making.verified_before = true;
    making.approvals = 0; /* were checked before */
    assert_int_equal(end(&making), STATUS_OK);
}

/* ---- roster and header ---- */

static void test_roster_has_its_time(void **state)
{
    (void)state;
    struct making making;
    begin(&making);
    making.roster->valid_from = NOW + 301;
    assert_int_equal(end(&making), STATUS_NOT_YET_VALID);
    begin(&making);
    making.roster->valid_until = NOW - 300;
    assert_int_equal(end(&making), STATUS_EXPIRED);
}

static void test_header_is_the_coordinators(void **state)
{
    (void)state;
    struct making making;
    struct keypair *const others[] = {
        cast.stranger, cast.researcher, cast.committee[0], cast.centers[0]};
    for (size_t i = 0; i < COUNT(others); i++) {
        begin(&making);
        making.header_signer = others[i];
        assert_int_equal(end(&making), STATUS_UNKNOWN_SIGNER);
    }
    begin(&making);
    making.header_type = TYPE_QUERY;
    assert_int_equal(end(&making), STATUS_MALFORMED);
}

static void test_header_names_this_roster_study_and_query(void **state)
{
    (void)state;
    struct making making;
    begin(&making);
    making.other_roster = true;
    assert_int_equal(end(&making), STATUS_WRONG_ROSTER);
    begin(&making);
    making.other_study = true;
    assert_int_equal(end(&making), STATUS_WRONG_STUDY);
    begin(&making);
    making.other_query = true;
    assert_int_equal(end(&making), STATUS_WRONG_QUERY);
}

static void test_header_is_read_strictly(void **state)
{
    (void)state;
    check_with(HEADER, "suite", "2", STATUS_OUT_OF_RANGE, NULL);
    check_with(HEADER, "session", NULL, STATUS_MALFORMED, "is missing");
    check_with(HEADER, "centers/0", "\"center-1\"", STATUS_MALFORMED, "twice");
    check_with(HEADER, "noise", "0", STATUS_MALFORMED, "does not belong");
}

static void test_header_has_a_deadline(void **state)
{
    (void)state;
    check_with(HEADER, "deadline", "\"2027-01-15T07:55:00Z\"", STATUS_LATE,
        "the coordinator's session is valid until 2027-01-15T07:55:00Z; by my "
        "clock it is 2027-01-15T08:00:00Z");
    check_with(HEADER, "deadline", "\"2027-01-15T07:55:01Z\"", STATUS_OK, NULL);
}

/* The coordinator may ask for more centers than the study, never fewer. */
static void test_header_raises_the_minimum_of_centers_only(void **state)
{
    (void)state;
    check_with(HEADER, "min_centers", "2", STATUS_TOO_FEW_CENTERS, NULL);
    check_with(HEADER, "min_centers", "1", STATUS_TOO_FEW_CENTERS, NULL);
    check_with(HEADER, "min_centers", "3", STATUS_OK, NULL);
    check_with(HEADER, "min_centers", "4", STATUS_OK, NULL);
    check_with(STUDY, "min_centers", "4", STATUS_TOO_FEW_CENTERS, NULL);
    struct making making;
    begin(&making);
    document_change(making.header, "min_centers", "2");
    making.verified_before = true;
    assert_int_equal(end(&making), STATUS_TOO_FEW_CENTERS);
}

/* ---- study ---- */

static void test_study_is_signed_by_its_researcher(void **state)
{
    (void)state;
    struct making making;
    begin(&making);
    making.study_signer = cast.stranger;
    assert_int_equal(end(&making), STATUS_BAD_SIGNATURE);
}

static void test_study_has_its_time_even_when_known(void **state)
{
    (void)state;
    check_with(STUDY, "valid_from", "\"2027-01-15T08:05:01Z\"",
        STATUS_NOT_YET_VALID, "the study is valid from 2027-01-15T08:05:01Z");
    check_with(
        STUDY, "valid_from", "\"2027-01-15T08:05:00Z\"", STATUS_OK, NULL);
    check_with(STUDY, "valid_until", "\"2027-01-15T07:55:00Z\"", STATUS_EXPIRED,
        "the study is valid until 2027-01-15T07:55:00Z");
    struct making making;
    begin(&making);
    document_change(making.study, "valid_until", "\"2027-01-15\"");
    making.verified_before = true;
    assert_int_equal(end(&making), STATUS_EXPIRED);
}

static void test_study_is_of_this_federation_and_dictionary(void **state)
{
    (void)state;
    check_with(STUDY, "roster", "\"another\"", STATUS_WRONG_ROSTER, NULL);
    check_with(STUDY, "dictionary",
        "\"00000000000000000000000000000000"
        "00000000000000000000000000000000\"",
        STATUS_WRONG_DICTIONARY, NULL);
}

static void test_study_has_enough_approvals(void **state)
{
    (void)state;
    struct making making;
    for (size_t approvals = 0; approvals <= COMMITTEE; approvals++) {
        begin(&making);
        making.approvals = approvals;
        assert_int_equal(end(&making),
            approvals < 2 ? STATUS_TOO_FEW_SIGNATURES : STATUS_OK);
    }
    begin(&making);
    making.approval_date = "2027-01-16"; /* tomorrow */
    assert_int_equal(end(&making), STATUS_NOT_YET_VALID);
}

/* ---- query ---- */

static void test_query_is_a_researchers_of_the_study(void **state)
{
    (void)state;
    struct making making;
    struct keypair *const others[] = {
        cast.stranger, cast.coordinator, cast.committee[0]};
    for (size_t i = 0; i < COUNT(others); i++) {
        begin(&making);
        making.query_signer = others[i];
        assert_int_equal(end(&making), STATUS_RESEARCHER_NOT_IN_STUDY);
    }
    begin(&making);
    making.query_type = TYPE_STUDY;
    assert_int_equal(end(&making), STATUS_MALFORMED);
    /* the second of two researchers */
    begin(&making);
    json_array_append_new(
        json_object_get(making.study, "researchers"), cast_card(cast.stranger));
    making.query_signer = cast.stranger;
    assert_int_equal(end(&making), STATUS_OK);
    assert_true(public_key_equal(
        &making.researcher, &keypair_identity(cast.stranger)->sign));
}

/* A query of another study of the same researcher is not asked here. */
static void test_query_is_sealed_for_this_study(void **state)
{
    (void)state;
    struct making making;
    begin(&making);
    making.query_elsewhere = true;
    assert_int_equal(end(&making), STATUS_WRONG_STUDY);
    check_with(QUERY, "dictionary",
        "\"00000000000000000000000000000000"
        "00000000000000000000000000000000\"",
        STATUS_WRONG_DICTIONARY, NULL);
    check_with(QUERY, "nonce", NULL, STATUS_MALFORMED, "'nonce' is missing");
    check_with(QUERY, "nonce", "\"00\"", STATUS_MALFORMED, "32 hexadecimal");
    begin(&making);
    json_object_del(making.query, "study_id");
    json_object_del(making.query, "dictionary");
    json_object_del(making.query, "nonce");
    json_object_del(making.query, "expires");
    assert_int_equal(end(&making), STATUS_MALFORMED);
    assert_non_null(strstr(making.message, "not sealed"));
}

static void test_query_expires(void **state)
{
    (void)state;
    check_with(QUERY, "expires", "\"2027-01-15T07:55:00Z\"", STATUS_EXPIRED,
        "the query is valid until 2027-01-15T07:55:00Z");
    check_with(QUERY, "expires", "\"2027-01-15T07:55:01Z\"", STATUS_OK, NULL);
    check_with(QUERY, "expires", "\"never\"", STATUS_MALFORMED, NULL);
}

static void test_query_is_read_strictly(void **state)
{
    (void)state;
    check_with(
        QUERY, "analyses/1", "{\"summary\": {}}", STATUS_MALFORMED, NULL);
    check_with(QUERY, "limits", "{}", STATUS_MALFORMED, "does not belong");
    check_with(
        QUERY, "cohort", "\"height > 2\"", STATUS_UNKNOWN_NAME, "'height'");
}

/* ---- scope ---- */

static void test_scope_variables_are_the_studys(void **state)
{
    (void)state;
    /* sex is read by the query's `by` */
    check_with(STUDY, "variables", "[\"age\"]", STATUS_VARIABLE_NOT_IN_STUDY,
        "'sex' is not among the variables");
    /* age by the cohort and the summary: the first is told */
    check_with(STUDY, "variables", "[]", STATUS_VARIABLE_NOT_IN_STUDY, "'age'");
    struct making making;
    begin(&making);
    document_change(making.study, "variables", "[\"sex\"]");
    document_change(making.query, "analyses", "[{\"count\": {}}]");
    assert_int_equal(end(&making), STATUS_VARIABLE_NOT_IN_STUDY);
    assert_non_null(strstr(making.message, "'age'"));
}

static void test_scope_analyses_are_the_studys(void **state)
{
    (void)state;
    check_with(STUDY, "analyses", "[\"count\"]", STATUS_ANALYSIS_NOT_IN_STUDY,
        "'summary' is not among the analyses of study 'first': count");
    check_with(STUDY, "analyses", "[\"summary\"]", STATUS_ANALYSIS_NOT_IN_STUDY,
        "'count'");
    check_with(QUERY, "analyses/+", "{\"frequency\": {\"variable\": \"sex\"}}",
        STATUS_ANALYSIS_NOT_IN_STUDY, "'frequency'");
}

/* `center` is a term where the study says so, and by the header's centers. */
/* In place of all, each with a freeze. */
static void name_centers(json_t *header, const char *centers)
{
    json_t *freezes = json_array();
    document_change(header, "centers", centers);
    for (size_t i = 0; i < json_array_size(json_object_get(header, "centers"));
         i++)
        json_array_append_new(freezes, json_integer(1));
    json_object_set_new(header, "freezes", freezes);
}

static void test_scope_effects_of_centers_are_the_studys(void **state)
{
    (void)state;
    static const struct {
        const char *formula, *effects, *centers;
        enum status expected;
    } cases[] = {
        {"age ~ sex + center", NULL, NULL, STATUS_CENTERS_NOT_IN_STUDY},
        {"age ~ sex + center", "false", NULL, STATUS_CENTERS_NOT_IN_STUDY},
        {"age ~ sex:center", "false", NULL, STATUS_CENTERS_NOT_IN_STUDY},
        {"age ~ sex * center", "true", NULL, STATUS_OK},
        {"age ~ sex", NULL, NULL, STATUS_OK},
        {"age ~ center", "true", "[\"center-0\"]", STATUS_TOO_FEW_CENTERS},
        {"age ~ sex", "true", "[\"center-0\"]", STATUS_OK},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        for (int alone = 0; alone < 2; alone++) {
            struct making making;
            char analysis[128];
            begin(&making);
            snprintf(analysis, sizeof analysis, "{\"lm\":{\"formula\":\"%s\"}}",
                cases[i].formula);
            document_change(making.study, "analyses/+", "\"lm\"");
            document_change(making.query, "analyses/+", analysis);
            if (cases[i].effects != NULL)
                document_change(
                    making.study, "center_effects", cases[i].effects);
            making.without_header = alone != 0;
            if (cases[i].centers != NULL && alone == 0)
                name_centers(making.header, cases[i].centers);
            enum status status = end(&making);
            if (alone == 0 || cases[i].centers == NULL)
                assert_int_equal(status, cases[i].expected);
            else
                assert_int_equal(status, STATUS_OK);
            assert_int_equal(status != STATUS_OK, making.message[0] != '\0');
        }
    }
}

/* What the query of a study with these cohorts asks about. */
static void check_cohort(bool exploration, const char *whole, const char *asked,
    enum status expected, const char *says)
{
    struct making making;
    begin(&making);
    document_change(making.study, "cohort", whole);
    json_object_set_new(making.study, "exploration", json_boolean(exploration));
    document_change(making.study, "cohorts",
        "[{\"name\": \"old\", \"where\": \"age >= 65\"},"
        " {\"name\": \"two-ways\", \"where\": \"either and age < 90\"},"
        " {\"name\": \"old-women\", \"where\": \"sex = F and age > 64\"}]");
    document_change(making.study, "derived",
        "[{\"name\": \"either\", \"label\": \"Either\", \"where\":"
        " \"age > 70 or sex = F\"}]");
    document_change(making.query, "cohort", asked);
    const enum status status = end(&making);
    if (status != expected)
        fail_msg("%s in %s: %s: %s", asked, whole, status_name(status),
            making.message);
    const char *told = status == STATUS_OK ? making.cohort : making.message;
    if (status == STATUS_OK ? strcmp(told, says) != 0
                            : strstr(told, says) == NULL)
        fail_msg("%s in %s: %s", asked, whole, told);
}

static void test_scope_cohort_is_one_that_the_study_names(void **state)
{
    (void)state;
    static const struct {
        const char *whole, *query, *says; /* the cohort, or why not */
        enum status expected;
    } cases[] = {
        {"\"age >= 18\"", "\"old\"", "age >= 65", STATUS_OK},
        {"\"sex = F\"", "\"old\"", "sex = F and age >= 65", STATUS_OK},
        {"\"\"", "\"old-women\"", "sex = F and age > 64", STATUS_OK},
        {"\"\"", "\"two-ways\"", "either and age < 90", STATUS_OK},
        {"\"age >= 18\"", "\"two-ways\"", "age >= 18 and either and age < 90",
            STATUS_OK},
        {"\"age >= 18\"", "\"\"", "age >= 18", STATUS_OK},
        {"\"age >= 18\"", "null", "age >= 18", STATUS_OK},
        {"\"age >= 18\"", "\"age >= 18\"", "age >= 18", STATUS_OK},
        {"\"\"", "\"\"", "", STATUS_OK},
        {"\"age >= 18\"", "\"age >= 19\"",
            "which declares old, two-ways, old-women",
            STATUS_COHORT_NOT_IN_STUDY},
        {"\"age >= 18\"", "\"age >= 17\"", "'age >= 17' is no cohort",
            STATUS_COHORT_NOT_IN_STUDY},
        {"\"\"", "\"age >= 65\"", "\"exploration\": true",
            STATUS_COHORT_NOT_IN_STUDY},
        {"\"\"", "\"old-woman\"", "did you mean 'old-women'?",
            STATUS_COHORT_NOT_IN_STUDY},
        {"\"\"", "\"old or sex = F\"", "is no cohort",
            STATUS_COHORT_NOT_IN_STUDY},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        check_cohort(false, cases[i].whole, cases[i].query, cases[i].expected,
            cases[i].says);
}

static void test_scope_a_study_that_explores_takes_plain_cohorts(void **state)
{
    (void)state;
    static const struct {
        const char *whole, *query, *says;
        enum status expected;
    } cases[] = {
        {"\"age >= 18\"", "\"old\"", "age >= 65", STATUS_OK},
        {"\"age >= 18\"", "\"age > 20\"", "age > 20", STATUS_OK},
        {"\"age >= 18\"", "\"age < 80\"", "age >= 18 and age < 80", STATUS_OK},
        {"\"age >= 18\"", "\"\"", "age >= 18", STATUS_OK},
        {"\"age >= 18\"", "\"not sex = F\"", "age >= 18 and not sex = F",
            STATUS_OK},
        {"\"age >= 18\"", "\"age < 18\"", "asks within 'age >= 18'",
            STATUS_OUT_OF_RANGE},
        {"\"age >= 18\"", "\"age is missing\"", "no value of 'age'",
            STATUS_OUT_OF_RANGE},
        {"\"age >= 18\"", "\"age > 70 or sex = F\"", "\"derived\"",
            STATUS_NOT_PLAIN},
        {"\"\"", "\"not (age > 70 and sex = F)\"", "\"derived\"",
            STATUS_NOT_PLAIN},
        {"\"\"", "\"age != 50\"", "one interval of 'age'", STATUS_NOT_PLAIN},
        {"\"age >= 18\"", "\"age < 105\"", "nearest edge is 99",
            STATUS_THRESHOLD_OFF_GRID},
        {"\"\"", "\"age in (50, 52)\"", "these are 2", STATUS_NOT_PLAIN},
        {"\"\"", "\"not either\"", "not either", STATUS_OK},
        {"\"\"", "\"either or age > 80\"", "\"derived\"", STATUS_NOT_PLAIN},
        {"\"\"", "\"height > 2\"", "'height'", STATUS_UNKNOWN_NAME},
        {"\"\"", "\"odl\"", "did you mean 'old'?", STATUS_COHORT_NOT_IN_STUDY},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        check_cohort(true, cases[i].whole, cases[i].query, cases[i].expected,
            cases[i].says);
}

/* A study whose own cohort cannot be read admits nothing. */
static void test_scope_study_with_a_broken_cohort_admits_nothing(void **state)
{
    (void)state;
    check_with(STUDY, "cohort", "\"age >=\"", STATUS_MALFORMED, NULL);
    check_with(
        STUDY, "cohort", "\"height > 2\"", STATUS_UNKNOWN_NAME, "'height'");
}

static void check_noisy(
    const char *unit, const char *analysis, enum status expected)
{
    struct making making;
    begin(&making);
    document_change(making.study, "privacy", "\"noise\"");
    document_change(making.study, "analyses", "[\"count\", \"lm\"]");
    document_change(making.query, "unit", unit);
    document_change(making.query, "analyses", analysis);
    assert_int_equal(end(&making), expected);
    assert_int_equal(expected != STATUS_OK, making.message[0] != '\0');
}

static void test_scope_noise_is_for_people_and_simple_sums(void **state)
{
    (void)state;
    static const char count[] = "[{\"count\": {}}]";
    check_noisy("\"patient\"", count, STATUS_OK);
    check_noisy("\"exam\"", count, STATUS_NOT_ALLOWED);
    check_noisy("\"patient\"", "[{\"lm\": {\"formula\": \"age ~ sex\"}}]",
        STATUS_NOT_ALLOWED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_sound_request_is_admitted),
        cmocka_unit_test(test_roster_has_its_time),
        cmocka_unit_test(test_header_is_the_coordinators),
        cmocka_unit_test(test_header_names_this_roster_study_and_query),
        cmocka_unit_test(test_header_is_read_strictly),
        cmocka_unit_test(test_header_has_a_deadline),
        cmocka_unit_test(test_header_raises_the_minimum_of_centers_only),
        cmocka_unit_test(test_study_is_signed_by_its_researcher),
        cmocka_unit_test(test_study_has_its_time_even_when_known),
        cmocka_unit_test(test_study_is_of_this_federation_and_dictionary),
        cmocka_unit_test(test_study_has_enough_approvals),
        cmocka_unit_test(test_query_is_a_researchers_of_the_study),
        cmocka_unit_test(test_query_is_sealed_for_this_study),
        cmocka_unit_test(test_query_expires),
        cmocka_unit_test(test_query_is_read_strictly),
        cmocka_unit_test(test_scope_variables_are_the_studys),
        cmocka_unit_test(test_scope_analyses_are_the_studys),
        cmocka_unit_test(test_scope_effects_of_centers_are_the_studys),
        cmocka_unit_test(test_scope_cohort_is_one_that_the_study_names),
        cmocka_unit_test(test_scope_a_study_that_explores_takes_plain_cohorts),
        cmocka_unit_test(test_scope_study_with_a_broken_cohort_admits_nothing),
        cmocka_unit_test(test_scope_noise_is_for_people_and_simple_sums),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
