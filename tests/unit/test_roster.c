/* Who is on the roster, and which next one is believed. */
#include "policy/roster.h"
#include "tests/unit/test.h"

#include "documents_fixture.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static struct cast cast;

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

/* ---- reading ---- */

static enum status read_roster(
    void *arg, struct view payload, struct diagnostic *diagnostic)
{
    struct roster *roster = NULL;
    enum status status = roster_parse(&roster, payload, diagnostic);
    (void)arg;
    assert_int_equal(status == STATUS_OK, roster != NULL);
    roster_destroy(roster);
    return status;
}

static const struct change broken[] = {
    {"cohortium", NULL, STATUS_MALFORMED, "'cohortium' is missing"},
    {"cohortium", "\"study\"", STATUS_MALFORMED, "kind 'study'"},
    {"cohortium", "1", STATUS_MALFORMED, "expected a text"},
    {"version", NULL, STATUS_MALFORMED, "'version' is missing"},
    {"version", "0", STATUS_OUT_OF_RANGE, "from 1 to"},
    {"version", "2147483648", STATUS_OUT_OF_RANGE, "2147483647"},
    {"version", "1.0", STATUS_MALFORMED, "whole number"},
    {"federation", NULL, STATUS_MALFORMED, "'federation' is missing"},
    {"federation", "\"\"", STATUS_MALFORMED, "empty"},
    {"suite", NULL, STATUS_MALFORMED, "'suite' is missing"},
    {"suite", "2", STATUS_OUT_OF_RANGE, "from 1 to 1"},
    {"threshold", NULL, STATUS_MALFORMED, "'threshold' is missing"},
    {"threshold", "0", STATUS_OUT_OF_RANGE, "from 1 to 64"},
    {"threshold", "4", STATUS_MALFORMED, "only 3 members"},
    {"committee", NULL, STATUS_MALFORMED, "'committee' is missing"},
    {"committee", "{}", STATUS_MALFORMED, "expected a list"},
    {"committee", "[]", STATUS_MALFORMED, "only 0 members"},
    {"committee/0", "7", STATUS_MALFORMED, "expected an object"},
    {"committee/0/vote", "2", STATUS_MALFORMED, "'vote' does not belong"},
    {"committee/0/name", NULL, STATUS_MALFORMED, "'name' is missing"},
    {"committee/0/name", "\"a\\tb\"", STATUS_MALFORMED, "control character"},
    {"committee/0/name", "\"a\\u202eb\"", STATUS_MALFORMED, "\\u202E"},
    {"committee/0/name", "\"a\\u200bb\"", STATUS_MALFORMED, "\\u200B"},
    {"committee/0/name", "\"a\\u009bb\"", STATUS_MALFORMED, "\\u009B"},
    {"federation", "\"a\\u2066b\"", STATUS_MALFORMED, "\\u2066"},
    {"centers/0/name", "\"a\\ufeffb\"", STATUS_MALFORMED, "\\uFEFF"},
    {"committee/0/identity", NULL, STATUS_MALFORMED, "'identity' is missing"},
    {"committee/0/identity", "\"00\"", STATUS_MALFORMED, "64 hexadecimal"},
    {"committee/0/curve", NULL, STATUS_MALFORMED, "'curve' is missing"},
    {"committee/0/curve", "\"xyz\"", STATUS_MALFORMED, "64 hexadecimal"},
    {"committee/0/revoked", "\"in May\"", STATUS_MALFORMED, "expected a date"},
    {"committee/0/revoked", "true", STATUS_MALFORMED, "expected a text"},
    {"centers", NULL, STATUS_MALFORMED, "'centers' is missing"},
    {"centers", "\"all\"", STATUS_MALFORMED, "expected a list"},
    {"centers", "[]", STATUS_MALFORMED, "a federation has centers"},
    {"centers/0/name", "\"Saint Mary\"", STATUS_MALFORMED, "no center's name"},
    {"centers/0/name", "\".hidden\"", STATUS_MALFORMED, "no center's name"},
    {"centers/0/revoked", "\"2026-05-01\"", STATUS_MALFORMED, "'revoked'"},
    {"coordinator", NULL, STATUS_MALFORMED, "'coordinator' is missing"},
    {"coordinator", "[]", STATUS_MALFORMED, "expected an object"},
    {"coordinator/curve", NULL, STATUS_MALFORMED, "'curve' is missing"},
    {"coordinator/endpoint", NULL, STATUS_MALFORMED, "'endpoint' is missing"},
    {"coordinator/endpoint", "\"ipc:///tmp/x\"", STATUS_MALFORMED, "tcp://"},
    {"valid_from", NULL, STATUS_MALFORMED, "'valid_from' is missing"},
    {"valid_until", NULL, STATUS_MALFORMED, "'valid_until' is missing"},
    {"valid_until", "\"2026-01-01\"", STATUS_MALFORMED, "after valid_from"},
    {"valid_until", "\"2026-13-01\"", STATUS_MALFORMED, "expected a date"},
    {"members", "[]", STATUS_MALFORMED, "'members' does not belong"},
};

static const struct change sound[] = {
    {"version", "2147483647", STATUS_OK, NULL},
    {"threshold", "1", STATUS_OK, NULL},
    {"threshold", "3", STATUS_OK, NULL},
    {"committee/0/revoked", "\"2026-05-01\"", STATUS_OK, NULL},
    {"committee/0/revoked", "null", STATUS_OK, NULL},
    {"committee/0/name", "\"Dr. \xc3\x89va N\xc3\xa9meth\"", STATUS_OK, NULL},
    {"valid_until", "\"2026-01-01T00:00:01Z\"", STATUS_OK, NULL},
};

static void test_parse_broken_roster_is_refused(void **state)
{
    (void)state;
    json_t *roster = cast_roster(&cast, 1, CENTERS);
    check_changes(roster, read_roster, NULL, broken, COUNT(broken));
    check_changes(roster, read_roster, NULL, sound, COUNT(sound));
    json_decref(roster);
}

static void test_parse_threshold_counts_members_in_good_standing(void **state)
{
    (void)state;
    static const struct change three[] = {
        {"threshold", "3", STATUS_MALFORMED, "only 2 members"},
        {"threshold", "2", STATUS_OK, NULL}};
    json_t *roster = cast_roster(&cast, 1, CENTERS);
    document_change(roster, "committee/2/revoked", "\"2026-05-01\"");
    check_changes(roster, read_roster, NULL, three, COUNT(three));
    json_decref(roster);
}

static void test_parse_no_roster_at_all_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "[]", "\"roster\"", "{", "{}"};
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct diagnostic diagnostic;
        diagnostic_init(&diagnostic, "roster");
        assert_int_equal(read_roster(NULL, view_of_text(texts[i]), &diagnostic),
            STATUS_MALFORMED);
        assert_true(diagnostic.message[0] != '\0');
    }
}

static void check_twice(const json_t *roster, const char *from,
    const char *const members[2], const char *place, const char *message)
{
    char path[64], value[128];
    const json_t *first = json_array_get(json_object_get(roster, from), 0);
    snprintf(path, sizeof path, "%s/%s", place, members[0]);
    snprintf(value, sizeof value, "\"%s\"",
        json_string_value(json_object_get(first, members[1])));
    const struct change change = {path, value, STATUS_MALFORMED, message};
    check_changes(roster, read_roster, NULL, &change, 1);
}

/* One key is one voice, whatever it is used for and whoever has it. */
static void test_parse_name_or_key_that_is_there_twice_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *place, *first; /* the committee stands first */
    } pairs[] = {{"committee/1", "committee"}, {"centers/1", "committee"},
        {"centers/1", "centers"}, {"coordinator", "committee"},
        {"coordinator", "centers"}};
    static const char *const members[][2] = {{"name", "name"},
        {"identity", "identity"}, {"curve", "curve"}, {"identity", "curve"},
        {"curve", "identity"}};
    json_t *roster = cast_roster(&cast, 1, CENTERS);
    for (size_t p = 0; p < COUNT(pairs); p++) {
        for (size_t m = 0; m < COUNT(members); m++) {
            check_twice(roster, pairs[p].first, members[m], pairs[p].place,
                m == 0 && p == 1 ? "no center's name"
                                 : "on the roster already");
        }
    }
    json_decref(roster);
}

static void test_find_by_name_and_key(void **state)
{
    (void)state;
    struct roster *roster = NULL;
    struct diagnostic diagnostic;
    json_t *json = cast_roster(&cast, 1, 3);
    char *text = json_dumps(json, JSON_COMPACT);
    diagnostic_init(&diagnostic, "");
    must(roster_parse(&roster, view_of_text(text), &diagnostic));
    const struct public_key *center = &keypair_identity(cast.centers[2])->sign;
    const struct public_key *off = &keypair_identity(cast.centers[3])->sign;
    const struct public_key *member =
        &keypair_identity(cast.committee[2])->sign;
    assert_ptr_equal(
        roster_find_center(roster, "center-2"), &roster->centers[2]);
    assert_null(roster_find_center(roster, "center-3"));
    assert_ptr_equal(
        roster_find_center_key(roster, center), &roster->centers[2]);
    assert_null(roster_find_center_key(roster, off));
    assert_null(roster_find_center_key(roster, member));
    assert_ptr_equal(
        roster_find_member_key(roster, member), &roster->committee[2]);
    assert_null(roster_find_member_key(roster, center));
    roster_destroy(roster);
    free(text);
    json_decref(json);
}

static void test_dates_bear_five_minutes_between_clocks(void **state)
{
    (void)state;
    const struct roster roster = {.valid_from = 1000, .valid_until = 2000};
    static const struct {
        int64_t now;
        enum status expected;
        const char *says;
    } cases[] = {{699, STATUS_NOT_YET_VALID,
                     "the roster is valid from 1970-01-01T00:16:40Z; by my "
                     "clock it is 1970-01-01T00:11:39Z"},
        {700, STATUS_OK, ""}, {2299, STATUS_OK, ""},
        {2300, STATUS_EXPIRED,
            "the roster is valid until 1970-01-01T00:33:20Z; by my clock it is "
            "1970-01-01T00:38:20Z"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct wall_clock clock = {cases[i].now, "my clock"};
        struct diagnostic diagnostic;
        diagnostic_init(&diagnostic, "");
        assert_int_equal(roster_check_dates(&roster, &clock, &diagnostic),
            cases[i].expected);
        assert_string_equal(diagnostic.message, cases[i].says);
    }
}

/* ---- believing ---- */

static enum status verify(struct roster **out, json_t *payload,
    struct keypair *const *signers, size_t count, const struct roster *previous)
{
    struct diagnostic diagnostic;
    struct envelope *envelope =
        document_sign(TYPE_ROSTER, payload, signers, count);
    diagnostic_init(&diagnostic, "");
    enum status status = roster_verify(out, envelope, previous, &diagnostic);
    assert_int_equal(status == STATUS_OK, *out != NULL);
    assert_int_equal(status != STATUS_OK, diagnostic.message[0] != '\0');
    envelope_destroy(envelope);
    return status;
}

/* What becomes of `next`, after version 1 by the committee. */
static enum status verify_next(
    json_t *next, struct keypair *const *signers, size_t count)
{
    struct roster *first = NULL, *second = NULL;
    must(verify(
        &first, cast_roster(&cast, 1, CENTERS), cast.committee, 2, NULL));
    enum status status = verify(&second, next, signers, count, first);
    roster_destroy(second);
    roster_destroy(first);
    return status;
}

static void test_verify_first_needs_its_threshold(void **state)
{
    (void)state;
    for (size_t signers = 0; signers <= COMMITTEE; signers++) {
        struct roster *roster = NULL;
        assert_int_equal(verify(&roster, cast_roster(&cast, 1, CENTERS),
                             cast.committee, signers, NULL),
            signers < 2 ? STATUS_TOO_FEW_SIGNATURES : STATUS_OK);
        roster_destroy(roster);
    }
}

static void test_verify_strangers_and_the_revoked_do_not_count(void **state)
{
    (void)state;
    struct roster *roster = NULL;
    struct keypair *const with_stranger[] = {
        cast.committee[0], cast.stranger, cast.coordinator, cast.centers[0]};
    assert_int_equal(verify(&roster, cast_roster(&cast, 1, CENTERS),
                         with_stranger, COUNT(with_stranger), NULL),
        STATUS_TOO_FEW_SIGNATURES);
    json_t *revoked = cast_roster(&cast, 1, CENTERS);
    document_change(revoked, "committee/1/revoked", "\"2026-05-01\"");
    assert_int_equal(
        verify(&roster, json_incref(revoked), cast.committee, 2, NULL),
        STATUS_TOO_FEW_SIGNATURES);
    assert_int_equal(
        verify(&roster, revoked, cast.committee, 3, NULL), STATUS_OK);
    roster_destroy(roster);
}

static void test_verify_altered_payload_has_no_signers(void **state)
{
    (void)state;
    struct roster *roster = NULL;
    struct diagnostic diagnostic;
    struct envelope *envelope = document_sign(
        TYPE_ROSTER, cast_roster(&cast, 1, CENTERS), cast.committee, 3);
    char *version = strstr((char *)envelope->payload.data, "\"version\":1");
    assert_non_null(version);
    version[10] = '2';
    diagnostic_init(&diagnostic, "");
    assert_int_equal(roster_verify(&roster, envelope, NULL, &diagnostic),
        STATUS_TOO_FEW_SIGNATURES);
    envelope_destroy(envelope);
}

static void test_verify_one_member_signing_often_is_one_voice(void **state)
{
    (void)state;
    struct roster *roster = NULL;
    struct diagnostic diagnostic;
    struct envelope *envelope = document_sign(
        TYPE_ROSTER, cast_roster(&cast, 1, CENTERS), cast.committee, 1);
    envelope->signatures[1] = envelope->signatures[0];
    envelope->signatures[2] = envelope->signatures[0];
    envelope->signature_count = 3;
    diagnostic_init(&diagnostic, "");
    assert_int_equal(roster_verify(&roster, envelope, NULL, &diagnostic),
        STATUS_TOO_FEW_SIGNATURES);
    envelope_destroy(envelope);
}

static void test_verify_document_of_another_type_is_no_roster(void **state)
{
    (void)state;
    struct roster *roster = NULL;
    struct diagnostic diagnostic;
    struct envelope *envelope = document_sign(
        TYPE_STUDY, cast_roster(&cast, 1, CENTERS), cast.committee, 3);
    diagnostic_init(&diagnostic, "");
    assert_int_equal(
        roster_verify(&roster, envelope, NULL, &diagnostic), STATUS_MALFORMED);
    assert_null(roster);
    envelope_destroy(envelope);
}

static void test_verify_broken_payload_is_malformed(void **state)
{
    (void)state;
    struct roster *roster = NULL;
    json_t *broken_roster = cast_roster(&cast, 1, CENTERS);
    document_change(broken_roster, "suite", "2");
    assert_int_equal(verify(&roster, broken_roster, cast.committee, 3, NULL),
        STATUS_OUT_OF_RANGE);
}

/* TUF 5.3.5: one after the other, so that nobody is rolled back or skips the
 * version in which somebody was revoked. */
static void test_verify_only_the_next_version_follows(void **state)
{
    (void)state;
    static const struct {
        int version;
        enum status expected;
    } cases[] = {{1, STATUS_WRONG_ROSTER}, {2, STATUS_OK},
        {3, STATUS_WRONG_ROSTER}, {2147483647, STATUS_WRONG_ROSTER}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_int_equal(
            verify_next(cast_roster(&cast, cases[i].version, CENTERS),
                cast.committee, 3),
            cases[i].expected);
    }
}

static void test_verify_next_is_of_the_same_federation(void **state)
{
    (void)state;
    json_t *next = cast_roster(&cast, 2, CENTERS);
    document_change(next, "federation", "\"another\"");
    assert_int_equal(verify_next(next, cast.committee, 3), STATUS_WRONG_ROSTER);
}

/* A roster whose committee is the centers 0 to 2 of the cast, who then are no
 * centers any more. */
static json_t *other_committee(void)
{
    json_t *next = cast_roster(&cast, 2, CENTERS);
    json_t *committee = json_array(), *centers = json_array();
    for (size_t i = 0; i < 3; i++)
        json_array_append_new(committee, cast_card(cast.centers[i]));
    for (size_t i = 3; i < CENTERS; i++)
        json_array_append_new(centers, cast_card(cast.centers[i]));
    json_object_set_new(next, "committee", committee);
    json_object_set_new(next, "centers", centers);
    return next;
}

static void test_verify_next_needs_both_thresholds(void **state)
{
    (void)state;
    struct keypair *const both[] = {
        cast.centers[0], cast.centers[1], cast.committee[0], cast.committee[1]};
    struct keypair *const new_alone[] = {
        cast.centers[0], cast.centers[1], cast.centers[2], cast.committee[0]};
    struct keypair *const old_alone[] = {cast.centers[0], cast.committee[0],
        cast.committee[1], cast.committee[2]};
    assert_int_equal(verify_next(other_committee(), both, 4), STATUS_OK);
    assert_int_equal(verify_next(other_committee(), new_alone, 4),
        STATUS_TOO_FEW_SIGNATURES);
    assert_int_equal(verify_next(other_committee(), old_alone, 4),
        STATUS_TOO_FEW_SIGNATURES);
}

static void test_verify_next_threshold_may_not_be_lowered_by_few(void **state)
{
    (void)state;
    json_t *next = cast_roster(&cast, 2, CENTERS);
    document_change(next, "threshold", "1");
    assert_int_equal(verify_next(json_incref(next), cast.committee, 1),
        STATUS_TOO_FEW_SIGNATURES);
    assert_int_equal(verify_next(next, cast.committee, 2), STATUS_OK);
    next = cast_roster(&cast, 2, CENTERS);
    document_change(next, "threshold", "3");
    assert_int_equal(verify_next(json_incref(next), cast.committee, 2),
        STATUS_TOO_FEW_SIGNATURES);
    assert_int_equal(verify_next(next, cast.committee, 3), STATUS_OK);
}

static void expect_standing(
    const struct roster *roster, const struct identity *self, const char *says)
{
    struct diagnostic diagnostic;
    diagnostic_init(&diagnostic, "");
    assert_int_equal(roster_check_center(roster, self, &diagnostic),
        says == NULL ? STATUS_OK : STATUS_WRONG_ROSTER);
    if (says != NULL && strstr(diagnostic.message, says) == NULL)
        fail_msg("'%s' lacks '%s'", diagnostic.message, says);
}

static void test_a_center_is_told_what_the_roster_has_instead(void **state)
{
    (void)state;
    struct identity centers[] = {
        {.name = "north", .sign = {{1}}, .curve = {{2}}},
        {.name = "south", .sign = {{3}}, .curve = {{4}}}};
    const struct roster roster = {
        .version = 2, .center_count = 2, .centers = centers};
    struct identity self = centers[0];
    expect_standing(&roster, &self, NULL);
    strcpy(self.name, "west");
    expect_standing(&roster, &self, "calls this center 'north', and its own");
    strcpy(self.name, "south"); /* another's name now */
    expect_standing(&roster, &self, "calls this center 'north', and its own");
    self = centers[0];
    self.sign.bytes[0] = 9;
    expect_standing(&roster, &self, "gives 'north' other keys");
    self = centers[0];
    self.curve.bytes[0] = 9;
    expect_standing(&roster, &self, "gives 'north' other keys");
    self.sign.bytes[0] = 9;
    strcpy(self.name, "west");
    expect_standing(&roster, &self, "(version 2) has no center 'west'");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse_broken_roster_is_refused),
        cmocka_unit_test(test_parse_threshold_counts_members_in_good_standing),
        cmocka_unit_test(test_parse_no_roster_at_all_is_refused),
        cmocka_unit_test(test_parse_name_or_key_that_is_there_twice_is_refused),
        cmocka_unit_test(test_find_by_name_and_key),
        cmocka_unit_test(test_a_center_is_told_what_the_roster_has_instead),
        cmocka_unit_test(test_dates_bear_five_minutes_between_clocks),
        cmocka_unit_test(test_verify_first_needs_its_threshold),
        cmocka_unit_test(test_verify_strangers_and_the_revoked_do_not_count),
        cmocka_unit_test(test_verify_altered_payload_has_no_signers),
        cmocka_unit_test(test_verify_one_member_signing_often_is_one_voice),
        cmocka_unit_test(test_verify_document_of_another_type_is_no_roster),
        cmocka_unit_test(test_verify_broken_payload_is_malformed),
        cmocka_unit_test(test_verify_only_the_next_version_follows),
        cmocka_unit_test(test_verify_next_is_of_the_same_federation),
        cmocka_unit_test(test_verify_next_needs_both_thresholds),
        cmocka_unit_test(test_verify_next_threshold_may_not_be_lowered_by_few),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
