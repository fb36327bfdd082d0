/* Whose approval counts, and when there are enough. */
#include "policy/study.h"
#include "tests/unit/test.h"

#include "documents_fixture.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))
#define YESTERDAY "2027-01-14"

static struct cast cast;
static struct roster *roster;
static struct study *study;

static enum status reread(json_t *roster_json)
{
    struct diagnostic diagnostic;
    char *text = json_dumps(roster_json, JSON_COMPACT);
    roster_destroy(roster);
    roster = NULL;
    diagnostic_init(&diagnostic, "");
    enum status status = roster_parse(&roster, view_of_text(text), &diagnostic);
    free(text);
    json_decref(roster_json);
    return status;
}

static int setup(void **state)
{
    struct diagnostic diagnostic;
    (void)state;
    cast_create(&cast);
    must(reread(cast_roster(&cast, 1, CENTERS)));
    json_t *json = cast_study(&cast, "first", 3);
    char *text = json_dumps(json, JSON_COMPACT);
    diagnostic_init(&diagnostic, "");
    must(study_parse(&study, view_of_text(text), &diagnostic));
    free(text);
    json_decref(json);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    study_destroy(study);
    roster_destroy(roster);
    cast_destroy(&cast);
    return 0;
}

static int setup_roster(void **state)
{
    (void)state;
    must(reread(cast_roster(&cast, 1, CENTERS)));
    return 0;
}

/* ---- reading ---- */

static enum status read_approval(
    void *arg, struct view payload, struct diagnostic *diagnostic)
{
    struct approval approval;
    (void)arg;
    return approval_parse(&approval, payload, diagnostic);
}

static const struct change changes[] = {
    {"cohortium", NULL, STATUS_MALFORMED, "'cohortium' is missing"},
    {"cohortium", "\"roster\"", STATUS_MALFORMED, "kind 'roster'"},
    {"study", NULL, STATUS_MALFORMED, "'study' is missing"},
    {"study", "\"first\"", STATUS_MALFORMED, "64 hexadecimal"},
    {"decision", NULL, STATUS_MALFORMED, "'decision' is missing"},
    {"decision", "\"Approve\"", STATUS_MALFORMED, "found 'Approve'"},
    {"decision", "\"approve and more\"", STATUS_MALFORMED, "at most 15"},
    {"decision", "true", STATUS_MALFORMED, "expected a text"},
    {"decision", "\"reject\"", STATUS_OK, NULL},
    {"scores", NULL, STATUS_MALFORMED, "'scores' is missing"},
    {"scores", "[8, 7, 8, 9]", STATUS_MALFORMED, "expected an object"},
    {"scores/mission", NULL, STATUS_MALFORMED, "'mission' is missing"},
    {"scores/merit", "0", STATUS_OUT_OF_RANGE, "from 1 to 9"},
    {"scores/merit", "1", STATUS_OK, NULL},
    {"scores/merit", "9", STATUS_OK, NULL},
    {"scores/feasibility", "10", STATUS_OUT_OF_RANGE, "from 1 to 9"},
    {"scores/team", "8.5", STATUS_MALFORMED, "whole number"},
    {"scores/charm", "9", STATUS_MALFORMED, "'charm' does not belong"},
    {"comment", "\"Well thought out.\"", STATUS_OK, NULL},
    {"comment", "null", STATUS_OK, NULL},
    {"comment", "\"\"", STATUS_MALFORMED, "empty"},
    {"comment", "7", STATUS_MALFORMED, "expected a text"},
    {"date", NULL, STATUS_MALFORMED, "'date' is missing"},
    {"date", "\"yesterday\"", STATUS_MALFORMED, "expected a date"},
    {"date", "\"2027-01-14T08:00:00+01:00\"", STATUS_MALFORMED, NULL},
    {"vote", "1", STATUS_MALFORMED, "'vote' does not belong"},
};

static void test_parse_broken_approval_is_refused(void **state)
{
    (void)state;
    json_t *approval = cast_approval(&study->id, "approve", YESTERDAY);
    check_changes(approval, read_approval, NULL, changes, COUNT(changes));
    json_decref(approval);
    struct diagnostic diagnostic;
    diagnostic_init(&diagnostic, "approval");
    assert_int_equal(
        read_approval(NULL, view_of_text("["), &diagnostic), STATUS_MALFORMED);
}

static void check_written(bool approve, const char *comment)
{
    const struct approval written = {.study_id = study->id,
        .approve = approve,
        .scores = {1, 9, 5, 2},
        .date = NOW};
    struct approval read;
    struct diagnostic diagnostic;
    struct buffer text;
    buffer_init(&text, BUFFER_LIMIT_DEFAULT);
    diagnostic_init(&diagnostic, "");
    must(approval_write(&text, &written, comment));
    must(approval_parse(&read, buffer_view(&text), &diagnostic));
    assert_true(digest_equal(&read.study_id, &written.study_id));
    assert_int_equal(read.approve, approve);
    assert_memory_equal(read.scores, written.scores, sizeof read.scores);
    assert_int_equal(read.date, NOW);
    assert_int_equal(
        strstr(buffer_text(&text), "comment") != NULL, comment != NULL);
    buffer_fini(&text);
}

static void test_write_is_read_back(void **state)
{
    (void)state;
    check_written(true, NULL);
    check_written(false, "Too few events are to be expected.");
}

static void test_write_fails_when_the_buffer_is_full(void **state)
{
    (void)state;
    const struct approval approval = {.scores = {5, 5, 5, 5}, .date = NOW};
    struct buffer text;
    buffer_init(&text, 64);
    assert_int_equal(approval_write(&text, &approval, NULL), STATUS_TOO_LARGE);
    buffer_fini(&text);
}

/* ---- counting ---- */

/* Somebody's voice: who, what, when, about which study. */
struct voice {
    const struct keypair *who;
    const char *decision, *date;
    bool other_study;
};

static struct envelope *speak(const struct voice *voice)
{
    struct digest id = study->id;
    struct keypair *const signers[] = {(struct keypair *)voice->who};
    id.bytes[0] ^= voice->other_study;
    return document_sign(TYPE_APPROVAL,
        cast_approval(&id, voice->decision, voice->date), signers, 1);
}

static struct diagnostic said; /* of what was judged last */

static enum status judge(const struct envelope *const *items, size_t count)
{
    const struct envelope_list list = {items, count};
    const struct wall_clock clock = {NOW, "my clock"};
    diagnostic_init(&said, "");
    return study_check_approvals(study, roster, &list, &clock, &said);
}

static enum status count_voices(const struct voice *voices, size_t count)
{
    struct envelope *envelopes[8];
    for (size_t i = 0; i < count; i++)
        envelopes[i] = speak(&voices[i]);
    enum status status =
        judge((const struct envelope *const *)envelopes, count);
    for (size_t i = 0; i < count; i++)
        envelope_destroy(envelopes[i]);
    return status;
}

#define VOICES(...)                                                            \
    count_voices((const struct voice[]){__VA_ARGS__},                          \
        sizeof((const struct voice[]){__VA_ARGS__}) / sizeof(struct voice))
#define YES(keys)                                                              \
    {                                                                          \
        keys, "approve", YESTERDAY, false                                      \
    }
#define NO(keys)                                                               \
    {                                                                          \
        keys, "reject", YESTERDAY, false                                       \
    }

static void test_two_distinct_members_are_enough(void **state)
{
    (void)state;
    struct keypair *const *member = cast.committee;
    assert_int_equal(judge(NULL, 0), STATUS_TOO_FEW_SIGNATURES);
    assert_int_equal(VOICES(YES(member[0])), STATUS_TOO_FEW_SIGNATURES);
    assert_int_equal(VOICES(YES(member[0]), YES(member[2])), STATUS_OK);
    assert_int_equal(
        VOICES(YES(member[0]), YES(member[1]), YES(member[2])), STATUS_OK);
}

static void test_one_member_twice_is_one_voice(void **state)
{
    (void)state;
    struct keypair *const *member = cast.committee;
    const struct voice later = {
        member[1], "approve", "2027-01-14T12:00:00Z", false};
    assert_int_equal(VOICES(YES(member[1]), YES(member[1]), YES(member[1])),
        STATUS_TOO_FEW_SIGNATURES);
    assert_int_equal(VOICES(YES(member[1]), later), STATUS_TOO_FEW_SIGNATURES);
    assert_int_equal(VOICES(YES(member[1]), later, YES(member[0])), STATUS_OK);
}

static void test_a_rejection_takes_the_members_approval_back(void **state)
{
    (void)state;
    struct keypair *const *member = cast.committee;
    assert_int_equal(VOICES(YES(member[0]), YES(member[1]), NO(member[1])),
        STATUS_TOO_FEW_SIGNATURES);
    assert_int_equal(VOICES(NO(member[1]), YES(member[0]), YES(member[1])),
        STATUS_TOO_FEW_SIGNATURES);
    /* of that member alone: the others are still enough */
    assert_int_equal(
        VOICES(YES(member[0]), YES(member[2]), YES(member[1]), NO(member[1])),
        STATUS_OK);
    assert_int_equal(
        VOICES(NO(member[0]), NO(member[1])), STATUS_TOO_FEW_SIGNATURES);
}

static void test_who_is_not_on_the_committee_has_no_voice(void **state)
{
    (void)state;
    struct keypair *const *member = cast.committee;
    assert_int_equal(
        VOICES(YES(member[0]), YES(cast.stranger)), STATUS_UNKNOWN_SIGNER);
    assert_int_equal(
        VOICES(YES(member[0]), YES(cast.researcher)), STATUS_UNKNOWN_SIGNER);
    assert_int_equal(
        VOICES(YES(member[0]), YES(cast.coordinator)), STATUS_UNKNOWN_SIGNER);
    assert_int_equal(
        VOICES(YES(member[0]), YES(cast.centers[0])), STATUS_UNKNOWN_SIGNER);
    assert_int_equal(
        VOICES(YES(cast.stranger), YES(member[0]), YES(member[1])), STATUS_OK);
}

static void test_a_revoked_member_has_no_voice(void **state)
{
    (void)state;
    struct keypair *const *member = cast.committee;
    json_t *json = cast_roster(&cast, 1, CENTERS);
    document_change(json, "committee/1/revoked", "\"2026-05-01\"");
    must(reread(json));
    assert_int_equal(
        VOICES(YES(member[0]), YES(member[1])), STATUS_REVOKED_SIGNER);
    assert_int_equal(
        VOICES(YES(member[0]), YES(member[1]), YES(member[2])), STATUS_OK);
}

static void test_an_approval_is_for_one_study(void **state)
{
    (void)state;
    struct keypair *const *member = cast.committee;
    const struct voice elsewhere = {member[1], "approve", YESTERDAY, true};
    assert_int_equal(VOICES(YES(member[0]), elsewhere), STATUS_WRONG_STUDY);
    /* nor does a rejection elsewhere take anything back here */
    const struct voice against = {member[1], "reject", YESTERDAY, true};
    assert_int_equal(
        VOICES(YES(member[0]), YES(member[1]), against), STATUS_OK);
}

static void test_an_approval_is_not_far_ahead(void **state)
{
    (void)state;
    struct keypair *const *member = cast.committee;
    static const struct {
        const char *date;
        enum status expected;
    } cases[] = {{"2025-12-31T23:59:59Z", STATUS_OK}, /* under the last one */
        {"2027-01-15T08:05:00Z", STATUS_OK},
        {"2027-01-15T08:05:01Z", STATUS_NOT_YET_VALID}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct voice dated = {member[1], "approve", cases[i].date, false};
        assert_int_equal(VOICES(YES(member[0]), dated), cases[i].expected);
    }
}

static void test_a_roster_may_say_since_when_approvals_count(void **state)
{
    (void)state;
    struct keypair *const *member = cast.committee;
    json_t *json = cast_roster(&cast, 2, CENTERS);
    document_change(json, "approvals_from", "\"2027-01-10\"");
    must(reread(json));
    const struct voice before = {member[1], "approve", "2027-01-09", false};
    const struct voice since = {member[1], "approve", "2027-01-10", false};
    const struct voice against = {member[1], "reject", "2027-01-09", false};
    assert_int_equal(VOICES(YES(member[0]), before), STATUS_EXPIRED);
    assert_string_equal(said.message,
        "an approval was given at 2027-01-09T00:00:00Z, and the roster lets "
        "approvals count from 2027-01-10T00:00:00Z on");
    assert_int_equal(VOICES(YES(member[0]), since), STATUS_OK);
    /* a rejection takes back whenever it was given */
    assert_int_equal(
        VOICES(YES(member[0]), since, against), STATUS_TOO_FEW_SIGNATURES);
    const struct voice ahead = {member[1], "reject", "2030-01-01", false};
    assert_int_equal(
        VOICES(YES(member[0]), since, ahead), STATUS_TOO_FEW_SIGNATURES);
}

static void test_the_first_reason_is_told(void **state)
{
    (void)state;
    struct keypair *const *member = cast.committee;
    const struct voice elsewhere = {member[1], "approve", YESTERDAY, true};
    assert_int_equal(
        VOICES(YES(cast.stranger), elsewhere), STATUS_UNKNOWN_SIGNER);
    assert_int_equal(VOICES(elsewhere, YES(cast.stranger)), STATUS_WRONG_STUDY);
}

static enum status with_one_sound(struct envelope *envelope)
{
    const struct voice sound = YES(cast.committee[0]);
    struct envelope *other = speak(&sound);
    const struct envelope *const both[] = {other, envelope};
    enum status status = judge(both, 2);
    envelope_destroy(other);
    envelope_destroy(envelope);
    return status;
}

static void test_an_approval_has_exactly_one_signature(void **state)
{
    (void)state;
    assert_int_equal(with_one_sound(document_sign(TYPE_APPROVAL,
                         cast_approval(&study->id, "approve", YESTERDAY),
                         cast.committee, 0)),
        STATUS_MALFORMED);
    assert_int_equal(with_one_sound(document_sign(TYPE_APPROVAL,
                         cast_approval(&study->id, "approve", YESTERDAY),
                         cast.committee, 2)),
        STATUS_MALFORMED);
}

static void test_a_signature_over_something_else_does_not_count(void **state)
{
    (void)state;
    struct keypair *const one[] = {cast.committee[1]};
    json_t *reject = cast_approval(&study->id, "reject", YESTERDAY);
    struct envelope *turned = document_sign(TYPE_APPROVAL, reject, one, 1);
    json_t *approve = cast_approval(&study->id, "approve", YESTERDAY);
    char *text = json_dumps(approve, JSON_COMPACT);
    buffer_clear(&turned->payload);
    must(buffer_append_text(&turned->payload, text));
    assert_int_equal(with_one_sound(turned), STATUS_BAD_SIGNATURE);
    /* a document of another type, well signed */
    assert_int_equal(with_one_sound(document_sign(TYPE_QUERY, approve, one, 1)),
        STATUS_MALFORMED);
    /* well signed, and not an approval */
    assert_int_equal(with_one_sound(document_sign(
                         TYPE_APPROVAL, json_pack("{s:i}", "yes", 1), one, 1)),
        STATUS_MALFORMED);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse_broken_approval_is_refused),
        cmocka_unit_test(test_write_is_read_back),
        cmocka_unit_test(test_write_fails_when_the_buffer_is_full),
        cmocka_unit_test(test_two_distinct_members_are_enough),
        cmocka_unit_test(test_one_member_twice_is_one_voice),
        cmocka_unit_test(test_a_rejection_takes_the_members_approval_back),
        cmocka_unit_test(test_who_is_not_on_the_committee_has_no_voice),
        cmocka_unit_test_setup(
            test_a_revoked_member_has_no_voice, setup_roster),
        cmocka_unit_test_setup(test_an_approval_is_for_one_study, setup_roster),
        cmocka_unit_test(test_an_approval_is_not_far_ahead),
        cmocka_unit_test_setup(
            test_a_roster_may_say_since_when_approvals_count, setup_roster),
        cmocka_unit_test(test_the_first_reason_is_told),
        cmocka_unit_test(test_an_approval_has_exactly_one_signature),
        cmocka_unit_test(test_a_signature_over_something_else_does_not_count),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
