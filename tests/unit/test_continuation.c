/* Who lets a study go on that waits for the committee. */
#include "policy/continuation.h"
#include "tests/unit/test.h"

#include "documents_fixture.h"

static struct cast cast;
static struct study *study;
static struct roster *roster;

static int setup(void **state)
{
    struct diagnostic diagnostic;
    (void)state;
    cast_create(&cast);
    diagnostic_init(&diagnostic, "");
    /* The third member is a researcher of it too. */
    json_t *json = cast_study(&cast, "first", 3);
    json_array_append_new(
        json_object_get(json, "researchers"), cast_card(cast.committee[2]));
    struct envelope *envelope =
        document_sign(TYPE_STUDY, json, &cast.researcher, 1);
    must(study_verify(&study, envelope, &diagnostic));
    envelope_destroy(envelope);
    json = cast_roster(&cast, 1, CENTERS);
    document_change(json, "committee/1/revoked", "\"2026-05-01\"");
    document_change(json, "threshold", "1");
    char *text = json_dumps(json, JSON_COMPACT);
    must(roster_parse(&roster, view_of_text(text), &diagnostic));
    free(text);
    json_decref(json);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    roster_destroy(roster);
    study_destroy(study);
    cast_destroy(&cast);
    return 0;
}

static json_t *describe(void)
{
    char id[DIGEST_TEXT];
    digest_to_text(id, &study->id);
    return json_pack("{s:s, s:s, s:i, s:s}", "cohortium", "continuation",
        "study", id, "seen", 5, "date", "2027-01-14");
}

static enum status read_continuation(
    void *arg, struct view payload, struct diagnostic *diagnostic)
{
    struct continuation continuation;
    (void)arg;
    return continuation_parse(&continuation, payload, diagnostic);
}

static void test_continuations_are_read_strictly(void **state)
{
    (void)state;
    static const struct change changes[] = {
        {"cohortium", "\"approval\"", STATUS_MALFORMED, "kind 'approval'"},
        {"study", NULL, STATUS_MALFORMED, "'study' is missing"},
        {"seen", NULL, STATUS_MALFORMED, "'seen' is missing"},
        {"seen", "0", STATUS_OUT_OF_RANGE, NULL},
        {"seen", "true", STATUS_MALFORMED, NULL},
        {"date", NULL, STATUS_MALFORMED, "'date' is missing"},
        {"comment", "\"we asked her\"", STATUS_OK, NULL},
        {"limits", "{}", STATUS_MALFORMED, "limits"},
    };
    json_t *json = describe();
    check_changes(json, read_continuation, NULL, changes,
        sizeof changes / sizeof changes[0]);
    json_decref(json);
}

static void test_what_is_written_is_read(void **state)
{
    (void)state;
    const struct continuation said = {study->id, 7, NOW};
    struct continuation again;
    struct buffer text;
    struct diagnostic diagnostic;
    diagnostic_init(&diagnostic, "");
    buffer_init(&text, 4096);
    must(continuation_write(&text, &said, "seen by all"));
    must(continuation_parse(&again, buffer_view(&text), &diagnostic));
    assert_true(digest_equal(&again.study_id, &said.study_id));
    assert_int_equal(again.seen, 7);
    assert_int_equal(again.date, NOW);
    buffer_fini(&text);
}

static enum status verify(
    json_t *json, struct keypair *const *signers, size_t count)
{
    struct continuation continuation;
    struct diagnostic diagnostic;
    const struct wall_clock clock = {NOW, "my clock"};
    struct envelope *envelope =
        document_sign(TYPE_CONTINUATION, json, signers, count);
    diagnostic_init(&diagnostic, "");
    const enum status status = continuation_verify(
        &continuation, envelope, study, roster, &clock, &diagnostic);
    envelope_destroy(envelope);
    return status;
}

static void test_one_member_signs_who_is_no_researcher_of_it(void **state)
{
    (void)state;
    const struct {
        struct keypair *signer;
        enum status expected;
    } cases[] = {{cast.committee[0], STATUS_OK},
        {cast.committee[1], STATUS_REVOKED_SIGNER},
        {cast.committee[2], STATUS_NOT_ALLOWED},
        {cast.researcher, STATUS_UNKNOWN_SIGNER},
        {cast.coordinator, STATUS_UNKNOWN_SIGNER}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(
            verify(describe(), &cases[i].signer, 1), cases[i].expected);
    assert_int_equal(verify(describe(), cast.committee, 2), STATUS_MALFORMED);
}

static void test_it_is_for_one_study_and_not_of_tomorrow(void **state)
{
    (void)state;
    char other[DIGEST_TEXT + 2];
    snprintf(other, sizeof other, "\"%064d\"", 7);
    json_t *json = describe();
    document_change(json, "study", other);
    assert_int_equal(verify(json, cast.committee, 1), STATUS_WRONG_STUDY);
    json = describe();
    document_change(json, "date", "\"2027-01-16\"");
    assert_int_equal(verify(json, cast.committee, 1), STATUS_NOT_YET_VALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_continuations_are_read_strictly),
        cmocka_unit_test(test_what_is_written_is_read),
        cmocka_unit_test(test_one_member_signs_who_is_no_researcher_of_it),
        cmocka_unit_test(test_it_is_for_one_study_and_not_of_tomorrow),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
