/* More cohorts for a study that was approved: what an amendment may say, and
 * when a question may rest on one. */
#include "policy/amendment.h"
#include "tests/unit/test.h"

#include "documents_fixture.h"

static struct cast cast;
static struct study *study; /* declares `older`, and has amendments */

static json_t *describe_study(void)
{
    json_t *json = cast_study(&cast, "first", 3);
    document_change(json, "exploration", "false");
    document_change(
        json, "cohorts", "[{\"name\": \"older\", \"where\": \"age >= 60\"}]");
    document_change(json, "derived",
        "[{\"name\": \"old_man\", \"label\": \"Old or a man\","
        " \"where\": \"age > 70 or sex = M\"}]");
    return json;
}

static struct envelope *sign_study(void)
{
    return document_sign(TYPE_STUDY, describe_study(), &cast.researcher, 1);
}

static int setup(void **state)
{
    struct diagnostic diagnostic;
    (void)state;
    cast_create(&cast);
    diagnostic_init(&diagnostic, "");
    struct envelope *envelope = sign_study();
    must(study_verify(&study, envelope, &diagnostic));
    must(study_check(study, cast.dictionary, &diagnostic));
    envelope_destroy(envelope);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    study_destroy(study);
    cast_destroy(&cast);
    return 0;
}

/* With `count` cohorts named PREFIX-0, ...; after NULL: the study's first. */
static json_t *describe(
    const struct digest *after, const char *prefix, size_t count)
{
    char id[DIGEST_TEXT], name[32], where[32];
    json_t *cohorts = json_array();
    for (size_t i = 0; i < count; i++) {
        snprintf(name, sizeof name, "%s-%zu", prefix, i);
        snprintf(where, sizeof where, "age >= %zu", 30 + i);
        json_array_append_new(
            cohorts, json_pack("{s:s, s:s}", "name", name, "where", where));
    }
    digest_to_text(id, &study->id);
    json_t *json = json_pack("{s:s, s:s, s:o}", "cohortium", "amendment",
        "study", id, "cohorts", cohorts);
    if (after != NULL) {
        digest_to_text(id, after);
        json_object_set_new(json, "after", json_string(id));
    }
    return json;
}

static struct envelope *sign(json_t *json)
{
    return document_sign(TYPE_AMENDMENT, json, &cast.researcher, 1);
}

/* ---- by form ---- */

static enum status read_amendment(
    void *arg, struct view payload, struct diagnostic *diagnostic)
{
    struct amendment *amendment = NULL;
    (void)arg;
    enum status status = amendment_parse(&amendment, payload, diagnostic);
    amendment_destroy(amendment);
    return status;
}

#define COHORT "{\"name\": \"x\", \"where\": \"age >= 50\"}"

static void test_amendments_are_read_strictly(void **state)
{
    (void)state;
    static const struct change changes[] = {
        {"cohortium", "\"study\"", STATUS_MALFORMED, "expected 'amendment'"},
        {"study", NULL, STATUS_MALFORMED, "'study' is missing"},
        {"study", "\"12\"", STATUS_MALFORMED, "64 hexadecimal"},
        {"after", "\"12\"", STATUS_MALFORMED, "64 hexadecimal"},
        {"cohorts", NULL, STATUS_MALFORMED, "'cohorts' is missing"},
        {"cohorts", "[]", STATUS_MALFORMED, "adds a cohort"},
        {"cohorts/0/name", "\"Old\"", STATUS_MALFORMED, "no cohort's name"},
        {"cohorts/1/name", "\"more-0\"", STATUS_MALFORMED, "twice"},
        {"cohorts/0/where", NULL, STATUS_MALFORMED, "'where' is missing"},
        {"limits", "{\"min_cell\": 1}", STATUS_MALFORMED,
            "adds cohorts and changes nothing else; a study with another "
            "\"limits\" is a new study"},
        {"variables", "[\"age\"]", STATUS_MALFORMED, "a new study"},
        {"exploration", "true", STATUS_MALFORMED, "a new study"},
        {"derived", "[]", STATUS_MALFORMED, "a new study"},
        {"researchers", "[]", STATUS_MALFORMED, "a new study"},
        {"valid_until", "\"2040-01-01\"", STATUS_MALFORMED, "a new study"},
        {"something", "1", STATUS_MALFORMED, "something"},
        {"reason", "\"a reviewer asked\"", STATUS_OK, NULL},
        {"cohorts",
            "[" COHORT "," COHORT "," COHORT "," COHORT "," COHORT "," COHORT
            "," COHORT "," COHORT "," COHORT "," COHORT "," COHORT "]",
            STATUS_MALFORMED, "at most 10 cohorts, found 11"},
    };
    json_t *json = describe(NULL, "more", 2);
    check_changes(json, read_amendment, NULL, changes,
        sizeof changes / sizeof changes[0]);
    json_decref(json);
}

/* ---- of a study ---- */

/* What becomes of the study, amended by these in their order; says a part of
 * the reason. */
static enum status amend(struct envelope *const *envelopes, size_t count,
    size_t last, const char *says)
{
    struct diagnostic diagnostic;
    struct study *copy = NULL;
    const struct envelope_list list = {
        (const struct envelope *const *)envelopes, count};
    const struct digest id = envelope_id(envelopes[last]);
    diagnostic_init(&diagnostic, "");
    must(study_copy(&copy, study, cast.dictionary, &diagnostic));
    enum status status = study_amend(copy, &id, &list, &diagnostic);
    if (says != NULL && strstr(diagnostic.message, says) == NULL)
        fail_msg("'%s', expected '%s'", diagnostic.message, says);
    if (status == STATUS_OK) {
        const struct digest now = study_last_amendment(copy);
        assert_true(digest_equal(&now, &id));
    }
    study_destroy(copy);
    return status;
}

static enum status amend_by_one(
    const char *path, const char *value, const char *says)
{
    json_t *json = describe(NULL, "more", 2);
    if (path != NULL)
        document_change(json, path, value);
    struct envelope *one = sign(json);
    enum status status = amend(&one, 1, 0, says);
    envelope_destroy(one);
    return status;
}

static void test_cohorts_are_plain_new_and_of_the_studys_variables(void **state)
{
    (void)state;
    assert_int_equal(amend_by_one(NULL, NULL, NULL), STATUS_OK);
    assert_int_equal(
        amend_by_one("cohorts/0/where", "\"old_man\"", NULL), STATUS_OK);
    assert_int_equal(
        amend_by_one("cohorts/0/name", "\"older\"", "another name"),
        STATUS_MALFORMED);
    assert_int_equal(
        amend_by_one("cohorts/0/where", "\"age > 70 or sex = M\"", "derived"),
        STATUS_NOT_PLAIN);
    assert_int_equal(
        amend_by_one("cohorts/0/where", "\"height > 1\"", "height"),
        STATUS_UNKNOWN_NAME);
    /* The whole is 18 and older. */
    assert_int_equal(
        amend_by_one("cohorts/0/where", "\"age < 10\"", "age >= 18"),
        STATUS_OUT_OF_RANGE);
}

static void test_it_is_for_one_study_and_signed_by_its_researcher(void **state)
{
    (void)state;
    char other[DIGEST_TEXT + 2];
    snprintf(other, sizeof other, "\"%064d\"", 7);
    assert_int_equal(amend_by_one("study", other, "it amends the study"),
        STATUS_WRONG_STUDY);
    struct keypair *const others[] = {cast.stranger, cast.committee[0]};
    for (size_t i = 0; i < 2; i++) {
        struct envelope *envelope = document_sign(
            TYPE_AMENDMENT, describe(NULL, "more", 1), &others[i], 1);
        assert_int_equal(
            amend(&envelope, 1, 0, "not signed by"), STATUS_BAD_SIGNATURE);
        envelope_destroy(envelope);
    }
}

static void test_amendments_follow_each_other_and_add_ten_in_all(void **state)
{
    (void)state;
    struct envelope *all[3];
    all[0] = sign(describe(NULL, "first", 6));
    struct digest id = envelope_id(all[0]);
    all[1] = sign(describe(&id, "second", 4));
    all[2] = sign(describe(&id, "third", 5));
    assert_int_equal(amend(all, 3, 0, NULL), STATUS_OK);
    assert_int_equal(amend(all, 3, 1, NULL), STATUS_OK);
    assert_int_equal(
        amend(all, 3, 2, "has 6 of them, and this would be 5 more"),
        STATUS_LIMIT_REACHED);
    /* The one before it is not there. */
    assert_int_equal(amend(&all[1], 1, 0, "there is no amendment"),
        STATUS_AMENDMENT_UNKNOWN);
    /* Not after the last. */
    struct study *copy = NULL;
    struct amendment *first = NULL, *again = NULL;
    struct diagnostic diagnostic;
    diagnostic_init(&diagnostic, "");
    must(study_copy(&copy, study, cast.dictionary, &diagnostic));
    must(amendment_verify(&first, all[0], study, &diagnostic));
    must(study_add_amendment(copy, first, &diagnostic));
    must(amendment_verify(&again, all[0], study, &diagnostic));
    assert_int_equal(study_add_amendment(copy, again, &diagnostic),
        STATUS_AMENDMENT_UNKNOWN);
    assert_non_null(strstr(diagnostic.message, "does not follow the last"));
    amendment_destroy(again);
    /* Who names which cohort. */
    const struct digest none = {{0}};
    struct digest found =
        study_amendment_of(copy, terms_find(&copy->terms, "first-5"));
    assert_true(digest_equal(&found, &id));
    found = study_amendment_of(copy, terms_find(&copy->terms, "older"));
    assert_true(digest_equal(&found, &none));
    study_destroy(copy);
    for (size_t i = 0; i < 3; i++)
        envelope_destroy(all[i]);
}

/* ---- a question that rests on one ---- */

/* Who approves, and what the query says. */
struct asking {
    const char *decisions[3]; /* of the committee, about the amendment; NULL */
    const char *cohort;
    bool without_amendment;  /* the query names none */
    bool without_document;   /* nobody brings it */
    bool verified_otherwise; /* the study was verified without it */
    size_t threshold;        /* 0: the roster says nothing */
    bool revoked;            /* the first member is */
};

static struct roster *make_roster(const struct asking *asking)
{
    struct roster *roster = NULL;
    struct diagnostic diagnostic;
    json_t *json = cast_roster(&cast, 1, CENTERS);
    if (asking->threshold > 0)
        json_object_set_new(json, "amendment_threshold",
            json_integer((json_int_t)asking->threshold));
    if (asking->revoked)
        document_change(json, "committee/0/revoked", "\"2026-05-01\"");
    char *text = json_dumps(json, JSON_COMPACT);
    diagnostic_init(&diagnostic, "");
    must(roster_parse(&roster, view_of_text(text), &diagnostic));
    free(text);
    json_decref(json);
    return roster;
}

static struct envelope *sign_query(
    const struct asking *asking, const struct digest *amendment)
{
    char id[DIGEST_TEXT + 2];
    json_t *json = cast_query(&cast, &study->id, 40);
    json_object_set_new(json, "cohort", json_string(asking->cohort));
    digest_to_text(id, amendment);
    if (!asking->without_amendment)
        json_object_set_new(json, "amendment", json_string(id));
    return document_sign(TYPE_QUERY, json, &cast.researcher, 1);
}

static enum status ask(const struct asking *asking, const char *says)
{
    struct envelope *documents[8], *of_study = sign_study();
    struct roster *roster = make_roster(asking);
    size_t count = 0;
    struct envelope *amendment = sign(describe(NULL, "more", 2));
    const struct digest id = envelope_id(amendment);
    struct envelope *query = sign_query(asking, &id);
    for (size_t i = 1; i < 3; i++) /* the first may be revoked */
        documents[count++] = document_sign(TYPE_APPROVAL,
            cast_approval(&study->id, "approve", "2027-01-14"),
            &cast.committee[i], 1);
    for (size_t i = 0; i < 3; i++) {
        if (asking->decisions[i] != NULL)
            documents[count++] = document_sign(TYPE_APPROVAL,
                cast_approval(&id, asking->decisions[i], "2027-01-14"),
                &cast.committee[i], 1);
    }
    if (!asking->without_document)
        documents[count++] = amendment;
    const struct admission_request request = {.roster = roster,
        .dictionary = cast.dictionary,
        .query = query,
        .study = of_study,
        .approvals = (const struct envelope *const *)documents,
        .approval_count = count,
        .verified = asking->verified_otherwise ? study : NULL,
        .clock = {NOW, "my clock"}};
    struct admission admission;
    struct diagnostic diagnostic;
    diagnostic_init(&diagnostic, "");
    enum status status = admission_check(&admission, &request, &diagnostic);
    if (says != NULL && strstr(diagnostic.message, says) == NULL)
        fail_msg("'%s', expected '%s'", diagnostic.message, says);
    if (status == STATUS_OK) /* its words, and the study's own id */
        assert_true(digest_equal(&admission.study->id, &study->id));
    if (status == STATUS_OK)
        assert_string_equal(admission.query->cohort_text,
            asking->without_amendment ? "age >= 60" : "age >= 31");
    admission_fini(&admission);
    for (size_t i = 0; i < count; i++)
        envelope_destroy(documents[i]);
    if (asking->without_document)
        envelope_destroy(amendment);
    envelope_destroy(query);
    envelope_destroy(of_study);
    roster_destroy(roster);
    return status;
}

#define YES "approve"
#define NO "reject"

static void test_a_question_rests_on_an_approved_amendment(void **state)
{
    (void)state;
    struct asking asking = {.decisions = {NULL, YES}, .cohort = "more-1"};
    assert_int_equal(ask(&asking, NULL), STATUS_OK);
    asking.without_amendment = true; /* the study itself has no such cohort */
    assert_int_equal(
        ask(&asking, "no cohort of the study"), STATUS_COHORT_NOT_IN_STUDY);
    asking.cohort = "older";
    assert_int_equal(ask(&asking, NULL), STATUS_OK);
    asking = (struct asking){
        .decisions = {NULL, YES}, .cohort = "more-1", .without_document = true};
    assert_int_equal(
        ask(&asking, "there is no amendment"), STATUS_AMENDMENT_UNKNOWN);
    asking = (struct asking){.decisions = {NULL, YES},
        .cohort = "older",
        .verified_otherwise = true};
    assert_int_equal(ask(&asking, NULL), STATUS_AMENDMENT_UNKNOWN);
}

static void test_too_few_members_who_approve_are_too_few(void **state)
{
    (void)state;
    struct asking asking = {.cohort = "more-1"};
    assert_int_equal(
        ask(&asking, "0 of the 1 approvals"), STATUS_TOO_FEW_SIGNATURES);
    asking.decisions[1] = YES;
    asking.threshold = 2;
    assert_int_equal(
        ask(&asking, "1 of the 2 approvals"), STATUS_TOO_FEW_SIGNATURES);
    asking.decisions[2] = YES;
    assert_int_equal(ask(&asking, NULL), STATUS_OK);
    asking = (struct asking){
        .decisions = {YES}, .cohort = "more-1", .revoked = true};
    assert_int_equal(ask(&asking, NULL), STATUS_REVOKED_SIGNER);
}

static void test_a_rejection_takes_an_approval_back(void **state)
{
    (void)state;
    struct asking asking = {.decisions = {NULL, NO}, .cohort = "more-1"};
    assert_int_equal(
        ask(&asking, "0 of the 1 approvals"), STATUS_TOO_FEW_SIGNATURES);
    asking.decisions[2] = YES; /* another's stands */
    assert_int_equal(ask(&asking, NULL), STATUS_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_amendments_are_read_strictly),
        cmocka_unit_test(
            test_cohorts_are_plain_new_and_of_the_studys_variables),
        cmocka_unit_test(test_it_is_for_one_study_and_signed_by_its_researcher),
        cmocka_unit_test(test_amendments_follow_each_other_and_add_ten_in_all),
        cmocka_unit_test(test_a_question_rests_on_an_approved_amendment),
        cmocka_unit_test(test_too_few_members_who_approve_are_too_few),
        cmocka_unit_test(test_a_rejection_takes_an_approval_back),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
