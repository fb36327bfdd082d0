/*
 * A node with a long scan is still at hand. The worker of these tests takes the
 * job and lets the test say when it runs: between, the session must do all that
 * a line needs, and nothing that the job could notice.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/unit/node_fixture.h"
#include "tests/unit/test.h"

#define FIT "{\"formula\": \"age ~ sex\", \"family\": \"gaussian\"}"

static struct session_job *waiting;

static enum status take_job(void *arg, struct session_job *job)
{
    (void)arg;
    assert_null(waiting);
    waiting = job;
    return STATUS_OK;
}

static const struct session_worker worker = {NULL, take_job};

static int begin(void **state, const char *privacy)
{
    struct node_scene *scene;
    node_create(&scene, privacy, "glm", FIT);
    scene->worker = &worker;
    scene->inline_max = 1;
    waiting = NULL;
    node_start(scene);
    *state = scene;
    return 0;
}

static int begin_masked(void **state)
{
    return begin(state, "sum");
}

static int begin_plain(void **state)
{
    return begin(state, "plain");
}

static int end(void **state)
{
    node_stop(*state);
    node_destroy(*state);
    return 0;
}

static void finish(struct node_scene *scene, int64_t wall)
{
    struct session_job *job = waiting;
    const struct session_time now = {wall, 2000};
    assert_non_null(job);
    waiting = NULL;
    outbox_clear(&scene->outbox);
    session_job_run(job);
    must(session_finish_job(scene->session, job, now, &scene->outbox));
}

static void expect_reply(
    const struct node_scene *scene, size_t at, enum message_type type)
{
    const struct message *reply = node_reply(scene, at);
    assert_non_null(reply);
    assert_int_equal(reply->type, type);
}

static void test_node_with_a_long_scan_pings_and_hears_pong(void **state)
{
    struct node_scene *scene = *state;
    node_welcome(scene);
    assert_null(node_ask(scene, 0));
    assert_non_null(waiting);
    for (uint64_t beat = 1; beat <= 10; beat++) {
        const struct session_time now = {NOW, 1000 + beat * 500};
        const struct message pong = {.type = MESSAGE_PONG, .number = beat};
        outbox_clear(&scene->outbox);
        must(session_tick(scene->session, now, &scene->outbox));
        expect_reply(scene, 0, MESSAGE_PING);
        assert_int_equal(node_reply(scene, 0)->number, beat);
        assert_false(session_lost(scene->session, now));
        scene->monotonic_ms = now.monotonic_ms;
        assert_null(node_tell(scene, &pong));
    }
    finish(scene, NOW);
    expect_reply(scene, 0, MESSAGE_KEYS);
}

static void test_node_connects_again_during_a_scan(void **state)
{
    struct node_scene *scene = *state;
    const struct session_time now = {NOW, 3000};
    assert_null(node_ask(scene, 0));
    outbox_clear(&scene->outbox);
    must(session_connected(scene->session, now, &scene->outbox));
    expect_reply(scene, 0, MESSAGE_HELLO);
    /* The same session again, as after a lost line: one answer, said twice. */
    assert_null(node_ask(scene, 0));
    finish(scene, NOW);
    assert_int_equal(scene->outbox.count, 2);
    assert_int_equal(
        scene->outbox.messages[0].size, scene->outbox.messages[1].size);
    assert_memory_equal(scene->outbox.messages[0].data,
        scene->outbox.messages[1].data, scene->outbox.messages[0].size);
}

static void test_node_question_closed_during_its_scan_is_forgotten(void **state)
{
    struct node_scene *scene = *state;
    const struct message message = {
        .type = MESSAGE_CLOSE, .id = scene->header_ids[0]};
    int64_t answers;
    assert_null(node_ask(scene, 0));
    assert_null(node_tell(scene, &message));
    finish(scene, NOW);
    assert_int_equal(scene->outbox.count, 0);
    must(store_count_answers(
        scene->store, &scene->study_id, 0, &answers, &answers));
    assert_int_equal(answers, 0);
    assert_null(node_ask(scene, 1)); /* another is scanned for again */
    finish(scene, NOW);
}

static void test_node_second_question_waits_for_the_first(void **state)
{
    struct node_scene *scene = *state;
    assert_null(node_ask(scene, 0));
    struct session_job *first = waiting;
    assert_null(node_ask(scene, 1));
    assert_ptr_equal(waiting, first);
    finish(scene, NOW);
    assert_int_equal(scene->outbox.count, 1);
    expect_reply(scene, 0, MESSAGE_KEYS);
    assert_non_null(waiting); /* its turn has come */
    finish(scene, NOW);
    expect_reply(scene, 0, MESSAGE_KEYS);
}

static void test_node_scan_past_the_deadline_is_refused(void **state)
{
    struct node_scene *scene = *state;
    assert_null(node_ask(scene, 0));
    finish(scene, NOW + 2100);
    expect_reply(scene, 0, MESSAGE_REFUSE);
}

/* It waited for its turn longer than its session lasts: nobody who asked did
 * anything wrong, and nothing counts towards a lock. */
static void test_node_question_whose_turn_is_late_locks_nothing(void **state)
{
    struct node_scene *scene = *state;
    struct store_lock lock;
    assert_null(node_ask(scene, 0));
    assert_null(node_ask(scene, 1)); /* waits */
    finish(scene, NOW + 2100);
    assert_int_equal(scene->outbox.count, 2);
    expect_reply(scene, 0, MESSAGE_REFUSE);
    expect_reply(scene, 1, MESSAGE_REFUSE);
    assert_null(waiting);
    must(store_find_lock(
        scene->store, &scene->study_id, 1, 86400, NOW + 2100, &lock));
    assert_int_equal(lock.recent, 0);
}

/* It must not take a place that nobody will give back. */
static void test_node_question_closed_before_its_turn_is_not_begun(void **state)
{
    struct node_scene *scene = *state;
    const struct message close = {
        .type = MESSAGE_CLOSE, .id = scene->header_ids[1]};
    assert_null(node_ask(scene, 0));
    assert_null(node_ask(scene, 1)); /* waits */
    assert_null(node_tell(scene, &close));
    finish(scene, NOW);
    assert_int_equal(scene->outbox.count, 1);
    expect_reply(scene, 0, MESSAGE_KEYS);
    assert_null(waiting);
}

/* Nothing that was asked is passed over in silence. */
static void test_node_says_busy_where_too_many_wait(void **state)
{
    struct node_scene *scene = *state;
    const struct message *reply = NULL;
    assert_null(node_ask(scene, 0));
    for (int i = 0; i < 64 && reply == NULL; i++)
        reply = node_ask(scene, 1);
    assert_non_null(reply);
    assert_int_equal(reply->type, MESSAGE_BUSY);
    assert_true(digest_equal(&reply->id, &scene->header_ids[1]));
    finish(scene, NOW);
}

static void test_node_stopped_during_a_scan_leaves_nothing(void **state)
{
    struct node_scene *scene = *state;
    assert_null(node_ask(scene, 0));
    assert_null(node_ask(scene, 1));
    session_job_run(waiting); /* the worker is waited for */
    node_stop(scene);
    node_start(scene);
    waiting = NULL;
    assert_null(node_ask(scene, 1));
    finish(scene, NOW);
}

/* ---- later rounds ---- */

static const struct message *tell_round(
    struct node_scene *scene, uint64_t round)
{
    uint8_t body[512] = {0};
    const size_t size =
        scene->segment_count + scene->value_count * sizeof(double);
    assert_true(size <= sizeof body);
    memset(body, 1, scene->segment_count);
    const struct message message = {.type = MESSAGE_ROUND,
        .id = scene->header_ids[0],
        .number = round,
        .body = {body, size}};
    return node_tell(scene, &message);
}

/* Its SUMMARY was lost with the connection: it is the same when it is said
 * again. */
static void test_node_asked_again_before_a_later_round_says_the_same(
    void **state)
{
    struct node_scene *scene = *state;
    assert_null(node_ask(scene, 0));
    finish(scene, NOW);
    expect_reply(scene, 0, MESSAGE_SUMMARY);
    const struct digest first = digest_of(node_reply(scene, 0)->vector);
    const struct message *again = node_ask(scene, 0);
    assert_non_null(again);
    assert_int_equal(again->type, MESSAGE_SUMMARY);
    const struct digest second = digest_of(again->vector);
    assert_true(digest_equal(&first, &second));
    assert_null(waiting);
}

static void test_node_later_round_is_a_job_too(void **state)
{
    struct node_scene *scene = *state;
    assert_null(node_ask(scene, 0));
    finish(scene, NOW);
    expect_reply(scene, 0, MESSAGE_SUMMARY);
    assert_null(tell_round(scene, 2));
    assert_null(tell_round(scene, 3)); /* waits, then is the next job */
    finish(scene, NOW);
    assert_int_equal(scene->outbox.count, 1);
    expect_reply(scene, 0, MESSAGE_MASKED);
    assert_int_equal(node_reply(scene, 0)->number, 2);
    finish(scene, NOW);
    expect_reply(scene, 0, MESSAGE_MASKED);
    assert_int_equal(node_reply(scene, 0)->number, 3);
}

static void test_node_round_closed_during_its_scan_is_forgotten(void **state)
{
    struct node_scene *scene = *state;
    const struct message message = {
        .type = MESSAGE_CLOSE, .id = scene->header_ids[0]};
    assert_null(node_ask(scene, 0));
    finish(scene, NOW);
    assert_null(tell_round(scene, 2));
    assert_null(node_tell(scene, &message));
    finish(scene, NOW);
    assert_int_equal(scene->outbox.count, 0);
    assert_int_equal(tell_round(scene, 3)->type, MESSAGE_REFUSE);
    assert_null(waiting);
}

int main(void)
{
#define MASKED(test) cmocka_unit_test_setup_teardown(test, begin_masked, end)
#define PLAIN(test) cmocka_unit_test_setup_teardown(test, begin_plain, end)
    const struct CMUnitTest tests[] = {
        MASKED(test_node_with_a_long_scan_pings_and_hears_pong),
        MASKED(test_node_connects_again_during_a_scan),
        MASKED(test_node_question_closed_during_its_scan_is_forgotten),
        MASKED(test_node_second_question_waits_for_the_first),
        MASKED(test_node_scan_past_the_deadline_is_refused),
        MASKED(test_node_question_whose_turn_is_late_locks_nothing),
        MASKED(test_node_question_closed_before_its_turn_is_not_begun),
        MASKED(test_node_says_busy_where_too_many_wait),
        MASKED(test_node_stopped_during_a_scan_leaves_nothing),
        PLAIN(test_node_asked_again_before_a_later_round_says_the_same),
        PLAIN(test_node_later_round_is_a_job_too),
        PLAIN(test_node_round_closed_during_its_scan_is_forgotten),
    };
    if (keys_start() != STATUS_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
