/* What the office takes into its catalog, and what it does not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "coordinator/catalog_internal.h"
#include "protocol/analysis/analysis.h"

#include "coordinator_fixture.h"

struct world {
    struct fixture fixture;
    struct catalog *catalog;
};

static int setup(void **state)
{
    struct world *world = malloc(sizeof *world);
    fixture_create(&world->fixture);
    if (catalog_load(&world->catalog, world->fixture.ledger,
            world->fixture.cast.dictionary, NOW) != STATUS_OK)
        return 1;
    *state = world;
    return 0;
}

static int teardown(void **state)
{
    struct world *world = *state;
    catalog_destroy(world->catalog);
    fixture_destroy(&world->fixture);
    free(world);
    return 0;
}

static enum status submit(struct world *world, const struct buffer *study,
    const struct buffer *approvals, size_t count)
{
    struct view views[MESSAGE_DOCUMENTS_MAX];
    struct diagnostic diagnostic;
    size_t index;
    diagnostic_init(&diagnostic, "");
    for (size_t i = 0; i < count; i++)
        views[i] = buffer_view(&approvals[i]);
    const struct catalog_submission submission = {
        buffer_view(study), count, views};
    return catalog_submit_study(world->catalog, world->fixture.ledger,
        &submission, NOW, &index, &diagnostic);
}

static enum status submit_first(struct world *world, size_t approvals)
{
    return submit(
        world, &world->fixture.study, world->fixture.approvals, approvals);
}

static void test_submit_study_with_enough_approvals_survives(void **state)
{
    struct world *world = *state;
    assert_int_equal(submit_first(world, 2), STATUS_OK);
    assert_int_equal(submit_first(world, 3), STATUS_OK); /* one more */
    catalog_destroy(world->catalog);
    assert_int_equal(catalog_load(&world->catalog, world->fixture.ledger,
                         world->fixture.cast.dictionary, NOW),
        STATUS_OK);
    const struct catalog_study *study =
        catalog_find_study(world->catalog, &world->fixture.study_id);
    assert_non_null(study);
    assert_int_equal(study->standing, STATUS_OK);
    assert_int_equal(study->approval_count, 3);
}

static void test_submit_study_one_short_keeps_nothing(void **state)
{
    struct world *world = *state;
    assert_int_equal(submit_first(world, 1), STATUS_TOO_FEW_SIGNATURES);
    assert_int_equal(submit_first(world, 0), STATUS_TOO_FEW_SIGNATURES);
    assert_int_equal(world->catalog->study_count, 0);
}

/* Before anybody approves: the member's own approval, which others hand in
 * later, does not count. */
static void test_submit_rejection_of_an_unknown_study_is_kept(void **state)
{
    struct world *world = *state;
    struct buffer rejection;
    fixture_make_approval(&world->fixture, &rejection, &world->fixture.study_id,
        world->fixture.cast.committee[0], false);
    assert_int_equal(
        submit(world, &world->fixture.study, &rejection, 1), STATUS_OK);
    assert_int_equal(world->catalog->study_count, 1);
    assert_int_equal(
        world->catalog->studies[0]->standing, STATUS_TOO_FEW_SIGNATURES);
    assert_int_equal(submit_first(world, 2), STATUS_TOO_FEW_SIGNATURES);
    assert_int_equal(submit_first(world, 3), STATUS_OK);
    buffer_fini(&rejection);
}

static void test_submit_study_with_one_member_twice_is_one_short(void **state)
{
    struct world *world = *state;
    struct buffer twice[2];
    twice[0] = world->fixture.approvals[0];
    fixture_make_approval(&world->fixture, &twice[1], &world->fixture.study_id,
        world->fixture.cast.committee[0], true);
    assert_int_equal(submit(world, &world->fixture.study, twice, 2),
        STATUS_TOO_FEW_SIGNATURES);
    buffer_fini(&twice[1]);
}

static void test_submit_study_with_a_strangers_approval_is_refused(void **state)
{
    struct world *world = *state;
    struct buffer approvals[2];
    approvals[0] = world->fixture.approvals[0];
    fixture_make_approval(&world->fixture, &approvals[1],
        &world->fixture.study_id, world->fixture.cast.stranger, true);
    assert_int_equal(submit(world, &world->fixture.study, approvals, 2),
        STATUS_UNKNOWN_SIGNER);
    buffer_fini(&approvals[1]);
}

static void test_submit_study_signed_by_no_researcher_is_refused(void **state)
{
    struct world *world = *state;
    struct envelope *envelope = NULL;
    struct buffer other;
    assert_int_equal(
        envelope_decode(&envelope, buffer_view(&world->fixture.study)),
        STATUS_OK);
    fixture_sign(&other, NULL, TYPE_STUDY, buffer_text(&envelope->payload),
        world->fixture.cast.stranger);
    envelope_destroy(envelope);
    assert_int_equal(submit(world, &other, world->fixture.approvals, 3),
        STATUS_BAD_SIGNATURE);
    buffer_fini(&other);
}

/* One byte anywhere in the envelope: never taken as another study. */
static void test_submit_study_with_a_flipped_byte_is_refused(void **state)
{
    struct world *world = *state;
    struct buffer *study = &world->fixture.study;
    for (size_t i = 0; i < study->size; i += 7) {
        study->data[i] ^= 1;
        assert_int_not_equal(submit_first(world, 3), STATUS_OK);
        study->data[i] ^= 1;
    }
    assert_int_equal(world->catalog->study_count, 0);
    assert_int_equal(submit_first(world, 3), STATUS_OK);
}

/* What will never count must not fill the ledger. */
static void test_submit_known_study_drops_useless_approvals(void **state)
{
    struct world *world = *state;
    struct buffer strange, wrong;
    struct digest other = {{1}};
    assert_int_equal(submit_first(world, 2), STATUS_OK);
    fixture_make_approval(&world->fixture, &strange, &world->fixture.study_id,
        world->fixture.cast.stranger, true);
    fixture_make_approval(&world->fixture, &wrong, &other,
        world->fixture.cast.committee[2], true);
    assert_int_equal(
        submit(world, &world->fixture.study, &strange, 1), STATUS_OK);
    assert_int_equal(
        submit(world, &world->fixture.study, &wrong, 1), STATUS_OK);
    assert_int_equal(world->catalog->studies[0]->approval_count, 2);
    buffer_fini(&strange);
    buffer_fini(&wrong);
}

/* ---- amendments ---- */

/* With one cohort; after zeros: the study's first. */
static void make_amendment(struct world *world, struct buffer *out,
    struct digest *id, const struct digest *after, const char *name)
{
    static const struct digest none;
    char study[DIGEST_TEXT], before[DIGEST_TEXT], text[512];
    digest_to_text(study, &world->fixture.study_id);
    digest_to_text(before, after);
    const bool first = digest_equal(after, &none);
    snprintf(text, sizeof text,
        "{\"cohortium\": \"amendment\", \"study\": \"%s\", %s%s%s"
        "\"cohorts\": [{\"name\": \"%s\", \"where\": \"age >= 70\"}]}",
        study, first ? "" : "\"after\": \"", first ? "" : before,
        first ? "" : "\", ", name);
    fixture_sign(out, id, TYPE_AMENDMENT, text, world->fixture.cast.researcher);
}

/* The amendment with the approval, or rejection, of one member. */
static enum status submit_amendment(struct world *world,
    const struct buffer *amendment, const struct digest *id, bool approve)
{
    struct buffer both[2] = {*amendment};
    fixture_make_approval(&world->fixture, &both[1], id,
        world->fixture.cast.committee[0], approve);
    enum status status = submit(world, &world->fixture.study, both, 2);
    buffer_fini(&both[1]);
    return status;
}

static enum status find_text(
    const struct world *world, const struct digest *id, const char *cohort)
{
    struct study *text = NULL;
    const struct catalog_study *entry =
        catalog_find_study(world->catalog, &world->fixture.study_id);
    enum status status = catalog_find_text(&text, entry, id);
    if (status == STATUS_OK)
        assert_non_null(terms_find(&text->terms, cohort));
    return status;
}

static void test_amendments_follow_the_last_that_stands(void **state)
{
    struct world *world = *state;
    struct buffer first, fork, second;
    struct digest none = {{0}}, id, fork_id, second_id;
    make_amendment(world, &first, &id, &none, "first");
    make_amendment(world, &fork, &fork_id, &none, "fork");
    make_amendment(world, &second, &second_id, &id, "second");
    /* Before the study is there. */
    assert_int_equal(
        submit_amendment(world, &first, &id, true), STATUS_STUDY_UNKNOWN);
    assert_int_equal(world->catalog->study_count, 0);
    assert_int_equal(submit_first(world, 2), STATUS_OK);
    assert_int_equal(submit(world, &world->fixture.study, &first, 1),
        STATUS_TOO_FEW_SIGNATURES);
    assert_int_equal(submit_amendment(world, &second, &second_id, true),
        STATUS_AMENDMENT_UNKNOWN);
    assert_int_equal(submit_amendment(world, &first, &id, true), STATUS_OK);
    assert_int_equal(submit_amendment(world, &first, &id, true), STATUS_OK);
    assert_int_equal(submit_amendment(world, &fork, &fork_id, true),
        STATUS_AMENDMENT_UNKNOWN);
    assert_int_equal(
        submit_amendment(world, &second, &second_id, true), STATUS_OK);
    assert_int_equal(world->catalog->studies[0]->amended_count, 2);
    catalog_destroy(world->catalog);
    assert_int_equal(catalog_load(&world->catalog, world->fixture.ledger,
                         world->fixture.cast.dictionary, NOW),
        STATUS_OK);
    assert_int_equal(find_text(world, &id, "first"), STATUS_OK);
    assert_int_equal(find_text(world, &second_id, "second"), STATUS_OK);
    assert_int_equal(
        find_text(world, &fork_id, "fork"), STATUS_AMENDMENT_UNKNOWN);
    buffer_fini(&first);
    buffer_fini(&fork);
    buffer_fini(&second);
}

static void test_a_rejected_amendment_makes_room_for_another(void **state)
{
    struct world *world = *state;
    struct buffer first, other, approval;
    struct digest none = {{0}}, id, other_id;
    make_amendment(world, &first, &id, &none, "first");
    make_amendment(world, &other, &other_id, &none, "other");
    assert_int_equal(submit_first(world, 2), STATUS_OK);
    assert_int_equal(submit_amendment(world, &first, &id, true), STATUS_OK);
    assert_int_equal(submit_amendment(world, &first, &id, false), STATUS_OK);
    assert_int_equal(find_text(world, &id, "first"), STATUS_TOO_FEW_SIGNATURES);
    assert_int_equal(world->catalog->studies[0]->standing, STATUS_OK);
    assert_false(world->catalog->studies[0]->rejected);
    assert_int_equal(
        submit_amendment(world, &other, &other_id, true), STATUS_OK);
    assert_int_equal(find_text(world, &other_id, "other"), STATUS_OK);
    /* Approved again by another, the first is in its old place: never both. */
    fixture_make_approval(&world->fixture, &approval, &id,
        world->fixture.cast.committee[1], true);
    assert_int_equal(
        submit(world, &world->fixture.study, &approval, 1), STATUS_OK);
    assert_int_equal(find_text(world, &id, "first"), STATUS_OK);
    assert_int_equal(
        find_text(world, &other_id, "other"), STATUS_TOO_FEW_SIGNATURES);
    buffer_fini(&first);
    buffer_fini(&other);
    buffer_fini(&approval);
}

static void test_enroll_has_roster_and_researchers(void **state)
{
    struct world *world = *state;
    struct members *members = NULL;
    assert_int_equal(members_create(&members), STATUS_OK);
    assert_int_equal(catalog_enroll(world->catalog, members), STATUS_OK);
    assert_int_equal(members_count(members), COMMITTEE + CENTERS);
    assert_int_equal(submit_first(world, 2), STATUS_OK);
    assert_int_equal(catalog_enroll(world->catalog, members), STATUS_OK);
    assert_int_equal(members_count(members), COMMITTEE + CENTERS + 1);
    members_destroy(members);
}

static enum status add_roster(
    struct world *world, int version, size_t signers, struct buffer *bytes)
{
    struct envelope *envelope = NULL;
    struct diagnostic diagnostic;
    diagnostic_init(&diagnostic, "");
    fixture_make_roster(&world->fixture, bytes, version, CENTERS, signers);
    assert_int_equal(envelope_decode(&envelope, buffer_view(bytes)), STATUS_OK);
    enum status status = catalog_add_roster(
        world->catalog, world->fixture.ledger, envelope, NOW, &diagnostic);
    envelope_destroy(envelope);
    buffer_fini(bytes);
    return status;
}

static void test_add_roster_takes_only_the_next_version_well_signed(
    void **state)
{
    struct world *world = *state;
    struct buffer bytes;
    assert_int_not_equal(add_roster(world, 2, 1, &bytes), STATUS_OK);
    assert_int_not_equal(add_roster(world, 3, 2, &bytes), STATUS_OK);
    assert_int_not_equal(add_roster(world, 1, 2, &bytes), STATUS_OK);
    assert_int_equal(world->catalog->roster->version, 1);
    assert_int_equal(add_roster(world, 2, 2, &bytes), STATUS_OK);
    assert_int_equal(world->catalog->roster->version, 2);
    assert_int_equal(world->catalog->roster_count, 2);
}

static void test_admit_checks_the_sender(void **state)
{
    struct world *world = *state;
    struct fixture *fixture = &world->fixture;
    struct question question;
    struct diagnostic diagnostic;
    struct buffer query;
    const struct public_key *ada =
        &keypair_identity(fixture->cast.researcher)->sign;
    const struct public_key *other =
        &keypair_identity(fixture->cast.stranger)->sign;
    diagnostic_init(&diagnostic, "");
    fixture_make_query(fixture, &query, NULL, 20);
    assert_int_equal(catalog_admit(world->catalog, &question,
                         buffer_view(&query), ada, NOW, &diagnostic),
        STATUS_STUDY_UNKNOWN);
    assert_int_equal(submit_first(world, 2), STATUS_OK);
    assert_int_equal(catalog_admit(world->catalog, &question,
                         buffer_view(&query), other, NOW, &diagnostic),
        STATUS_NOT_ALLOWED);
    assert_int_equal(catalog_admit(world->catalog, &question,
                         buffer_view(&query), ada, NOW + 3900, &diagnostic),
        STATUS_EXPIRED);
    assert_int_equal(
        catalog_admit(world->catalog, &question, buffer_view(&query), ada,
            NOW + (int64_t)10 * 365 * 86400, &diagnostic),
        STATUS_EXPIRED);
    assert_int_equal(catalog_admit(world->catalog, &question,
                         buffer_view(&query), ada, NOW, &diagnostic),
        STATUS_OK);
    question_fini(&question);
    buffer_fini(&query);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

/* ---- a question's plan, once its centers are known ---- */

static void test_plan_for_centers_is_that_of_the_nodes(void **state)
{
    struct world *world = *state;
    const struct dictionary *dictionary = world->fixture.cast.dictionary;
    char names[3][NAME_MAX_BYTES + 1] = {"a", "b", "c"};
    const struct center_list three = {3, names}, one = {1, names};
    struct study study = {.limits = {.quantile_tail = 17}};
    struct catalog_study known = {.study = &study};
    struct question question = {.study = &known};
    struct plan *expected = NULL;
    struct diagnostic diagnostic;
    diagnostic_init(&diagnostic, "");
    must(query_parse(&question.query,
        view_of_text("{\"analyses\":[{\"lm\":{\"formula\":"
                     "\"age ~ sex * center\"}},{\"quantile\":"
                     "{\"variable\":\"age\",\"probs\":[0.5]}}]}"),
        dictionary, &diagnostic));
    must(plan_create(&question.plan, question.query, dictionary, &diagnostic));
    must(plan_create_for(
        &expected, question.query, dictionary, &three, &diagnostic));
    assert_true(question.plan->vector_length < expected->vector_length);
    assert_int_equal(question_plan_for(&question, &one, &diagnostic),
        STATUS_TOO_FEW_CENTERS);
    assert_non_null(strstr(diagnostic.message, "compares centers"));
    assert_non_null(question.plan);
    must(question_plan_for(&question, &three, &diagnostic));
    assert_int_equal(question.plan->vector_length, expected->vector_length);
    /* the study's limits, as admission sets them */
    assert_int_equal(question.plan->analyses[1].quantile_tail, 17);
    plan_destroy(expected);
    question_fini(&question);
}

static void test_plan_without_a_center_term_stays(void **state)
{
    struct world *world = *state;
    const struct dictionary *dictionary = world->fixture.cast.dictionary;
    char names[1][NAME_MAX_BYTES + 1] = {"a"};
    const struct center_list one = {1, names};
    struct question question = {.study = NULL};
    struct diagnostic diagnostic;
    diagnostic_init(&diagnostic, "");
    must(query_parse(&question.query,
        view_of_text("{\"analyses\":[{\"count\":{}}]}"), dictionary,
        &diagnostic));
    must(plan_create(&question.plan, question.query, dictionary, &diagnostic));
    const struct plan *before = question.plan;
    must(question_plan_for(&question, &one, &diagnostic));
    assert_ptr_equal(question.plan, before);
    question_fini(&question);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_submit_study_with_enough_approvals_survives),
        TEST(test_submit_study_one_short_keeps_nothing),
        TEST(test_submit_rejection_of_an_unknown_study_is_kept),
        TEST(test_submit_study_with_one_member_twice_is_one_short),
        TEST(test_submit_study_with_a_strangers_approval_is_refused),
        TEST(test_submit_study_signed_by_no_researcher_is_refused),
        TEST(test_submit_study_with_a_flipped_byte_is_refused),
        TEST(test_submit_known_study_drops_useless_approvals),
        TEST(test_amendments_follow_the_last_that_stands),
        TEST(test_a_rejected_amendment_makes_room_for_another),
        TEST(test_enroll_has_roster_and_researchers),
        TEST(test_add_roster_takes_only_the_next_version_well_signed),
        TEST(test_admit_checks_the_sender),
        TEST(test_plan_for_centers_is_that_of_the_nodes),
        TEST(test_plan_without_a_center_term_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
