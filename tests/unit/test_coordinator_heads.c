/* What the office knows of the centers' audit logs: heard, kept, told. */
#include "coordinator/heads.h"
#include "tests/unit/test.h"

#include "coordinator_fixture.h"

static struct fixture fixture;

static int setup(void **state)
{
    (void)state;
    fixture_create(&fixture);
    fixture_open_ready(&fixture);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    fixture_destroy(&fixture);
    return 0;
}

static struct head head_of(size_t center, int64_t era, int64_t length)
{
    struct head head = {.era = era, .length = length};
    must(head_sign(&head, fixture.cast.centers[center]));
    return head;
}

static void say(size_t center, const struct head *heads, size_t count)
{
    struct buffer body;
    buffer_init(&body, BUFFER_LIMIT_DEFAULT);
    for (size_t i = 0; i < count; i++)
        must(head_append(&body, &heads[i]));
    const struct message message = {
        .type = MESSAGE_HEADS, .body = buffer_view(&body)};
    fixture_from_center(&fixture, center, &message);
    buffer_fini(&body);
}

/* The length in the last HEADS to a center of a center's head; -1: it was not
 * told. */
static int64_t told(size_t center, size_t about)
{
    const struct message *message =
        fixture_last(&fixture, ROUTE_CENTER + (int)center, MESSAGE_HEADS);
    size_t count = 0;
    int64_t found = -1;
    if (message != NULL)
        must(heads_count(message->body, &count));
    for (size_t i = 0; i < count; i++) {
        struct head head;
        must(heads_get(message->body, i, &head));
        assert_true(head_verify(&head));
        if (public_key_equal(&head.signer,
                &keypair_identity(fixture.cast.centers[about])->sign))
            found = head.length;
    }
    return found;
}

static void test_center_that_comes_back_hears_its_own_latest_head(void **state)
{
    (void)state;
    const struct head heads[] = {
        head_of(0, 1, 5), head_of(0, 1, 9), head_of(0, 1, 7)};
    for (size_t i = 0; i < 3; i++)
        say(0, &heads[i], 1);
    fixture_forget(&fixture);
    fixture_hello(&fixture, 0);
    assert_int_equal(told(0, 0), 9);
}

static void test_heads_outlive_a_restart(void **state)
{
    (void)state;
    const struct head head = head_of(0, 1, 9);
    say(0, &head, 1);
    fixture_wait(&fixture, 1000);
    fixture_close(&fixture);
    fixture_forget(&fixture);
    fixture_open(&fixture);
    fixture_hello(&fixture, 0);
    assert_int_equal(told(0, 0), 9);
}

static void test_head_of_a_new_era_replaces_a_longer_one(void **state)
{
    (void)state;
    const struct head before = head_of(0, 1, 900), after = head_of(0, 2, 3);
    say(0, &before, 1);
    say(0, &after, 1);
    fixture_forget(&fixture);
    fixture_hello(&fixture, 0);
    assert_int_equal(told(0, 0), 3);
}

/* The office lost its copy: another center carries it. */
static void test_head_that_a_witness_carries_reaches_its_center_at_once(
    void **state)
{
    (void)state;
    const struct head own[] = {head_of(0, 1, 4)};
    const struct head carried[] = {head_of(1, 1, 2), head_of(0, 1, 9)};
    say(0, own, 1);
    fixture_forget(&fixture);
    say(1, carried, 2);
    assert_int_equal(told(0, 0), 9);
    /* Nothing new: it is not said again. */
    fixture_forget(&fixture);
    say(1, carried, 2);
    assert_int_equal(fixture_count(&fixture, ROUTE_CENTER, MESSAGE_HEADS), 0);
}

static void test_others_are_told_now_and_then(void **state)
{
    (void)state;
    const struct head head = head_of(0, 1, 9);
    say(0, &head, 1);
    fixture_forget(&fixture);
    for (int i = 0; i < 12 && told(1, 0) < 0; i++) {
        for (size_t center = 0; center < 3; center++)
            fixture_from_center(&fixture, center,
                &(struct message){.type = MESSAGE_PING, .number = 1});
        fixture_wait(&fixture, (uint64_t)fixture.config.heartbeat_ms);
    }
    assert_int_equal(told(1, 0), 9);
}

static void test_forged_head_is_not_kept(void **state)
{
    (void)state;
    struct head forged = head_of(0, 1, 9), stranger = head_of(0, 1, 9);
    forged.length = 10;
    say(1, &forged, 1);
    must(head_sign(&stranger, fixture.cast.researcher));
    say(1, &stranger, 1);
    fixture_forget(&fixture);
    fixture_hello(&fixture, 0);
    assert_int_equal(told(0, 0), -1);
}

/* Two histories of the same length: the first stays, and the center hears it.
 */
static void test_second_history_does_not_replace_the_first(void **state)
{
    (void)state;
    struct head first = head_of(0, 1, 9), second = head_of(0, 1, 9);
    second.digest.bytes[0] = 1;
    must(head_sign(&second, fixture.cast.centers[0]));
    say(0, &first, 1);
    fixture_forget(&fixture);
    say(0, &second, 1);
    const struct message *message =
        fixture_last(&fixture, ROUTE_CENTER, MESSAGE_HEADS);
    struct head head;
    assert_non_null(message);
    must(heads_get(message->body, 0, &head));
    assert_true(digest_equal(&head.digest, &first.digest));
}

#define WITH_OFFICE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_OFFICE(test_center_that_comes_back_hears_its_own_latest_head),
        WITH_OFFICE(test_heads_outlive_a_restart),
        WITH_OFFICE(test_head_of_a_new_era_replaces_a_longer_one),
        WITH_OFFICE(
            test_head_that_a_witness_carries_reaches_its_center_at_once),
        WITH_OFFICE(test_others_are_told_now_and_then),
        WITH_OFFICE(test_forged_head_is_not_kept),
        WITH_OFFICE(test_second_history_does_not_replace_the_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
