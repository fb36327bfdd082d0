/*
 * One vote and one reveal a query, whatever ends the process. A node is killed
 * (SIGKILL) between the disk and the line at each of its five steps; what a new
 * process over the same file may still do is all that is left of it. The other
 * two centers and the coordinator are real halves of the aggregation.
 */
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/node_others.h"
#include "tests/unit/test.h"

/* The process ends where the reply to `last` is in the outbox, and on disk
 * whatever must be. */
static void run_and_die(struct node_scene *scene, enum collector_step last)
{
    struct node_others others;
    node_start(scene);
    node_others_begin(&others, scene);
    for (;;) {
        struct buffer body;
        enum collector_step step = collector_step(others.collector);
        buffer_init(&body, BUFFER_LIMIT_DEFAULT);
        must(collector_write(others.collector, 1, &body));
        const struct message *reply =
            node_tell_step(scene, step, buffer_view(&body), 0);
        if (reply == NULL)
            break;
        if (step == last)
            kill(getpid(), SIGKILL);
        must(collector_take(others.collector, 1, reply->body, reply->vector));
        node_others_step(&others, scene);
        must(collector_close_step(others.collector));
        buffer_fini(&body);
    }
    fail_msg("no reply before step %d", last);
}

/* ---- what is left ---- */

static bool is_chosen(const struct digest *digest)
{
    static const struct digest none;
    return !digest_equal(digest, &none);
}

static void expect_progress(
    const struct node_scene *scene, enum store_stage stage)
{
    struct store_progress progress;
    must(store_find_progress(scene->store, &scene->query_id, &progress));
    assert_int_equal(progress.stage, stage);
    assert_int_equal(progress.attempt, 1);
    assert_true(digest_equal(&progress.header, &scene->header_ids[0]));
    assert_int_equal(is_chosen(&progress.members), stage >= STAGE_SHARES_LEFT);
    assert_int_equal(is_chosen(&progress.givers), stage >= STAGE_MASKED_LEFT);
    assert_int_equal(is_chosen(&progress.survivors), stage >= STAGE_VOTE_LEFT);
    assert_int_equal(progress.revealed, stage == STAGE_REVEAL_LEFT);
}

/* Nothing is gone on with, and the log says why, once. */
static void expect_no_step(struct node_scene *scene, const char *stage)
{
    char why[64];
    snprintf(why, sizeof why, "ended with this center's %s", stage);
    for (int step = COLLECT_SHARES; step <= COLLECT_REVEALS; step++) {
        const struct message *reply = node_tell_step(
            scene, (enum collector_step)step, (struct view){0}, 0);
        assert_int_equal(reply != NULL, step == COLLECT_SHARES);
        assert_true(reply == NULL || reply->type == MESSAGE_REFUSE);
    }
    assert_int_equal(node_count_records(scene, "step_refused", why), 1);
}

static void expect_attempts(
    struct node_scene *scene, bool voted, const char *stage)
{
    char why[64];
    struct store_progress progress;
    snprintf(why, sizeof why, "had this center's %s", stage);
    for (int header = 0; header < 2; header++) {
        const struct message *reply = node_ask(scene, header);
        assert_non_null(reply);
        assert_int_equal(reply->type, voted ? MESSAGE_REFUSE : MESSAGE_KEYS);
        must(store_find_progress(scene->store, &scene->query_id, &progress));
        assert_int_equal(progress.attempt, voted ? 1 : header + 2);
    }
    assert_int_equal(node_count_records(scene, "refused", why), voted ? 2 : 0);
}

static void check_killed_at(struct node_scene *scene, enum collector_step step)
{
    const enum store_stage stage =
        (enum store_stage)(STAGE_KEYS_LEFT + (step - COLLECT_KEYS));
    pid_t child = fork();
    int ended;
    if (child == 0)
        run_and_die(scene, step);
    assert_int_equal(waitpid(child, &ended, 0), child);
    assert_true(WIFSIGNALED(ended) && WTERMSIG(ended) == SIGKILL);
    node_start(scene);
    expect_progress(scene, stage);
    expect_no_step(scene, store_stage_name(stage));
    expect_attempts(scene, stage >= STAGE_VOTE_LEFT, store_stage_name(stage));
    node_stop(scene);
}

static void test_node_killed_with_keys_may_begin_again(void **state)
{
    check_killed_at(*state, COLLECT_KEYS);
}

static void test_node_killed_with_shares_may_begin_again(void **state)
{
    check_killed_at(*state, COLLECT_SHARES);
}

static void test_node_killed_with_figures_may_begin_again(void **state)
{
    check_killed_at(*state, COLLECT_MASKED);
}

static void test_node_killed_with_a_vote_never_votes_again(void **state)
{
    check_killed_at(*state, COLLECT_VOTES);
}

static void test_node_killed_with_a_reveal_never_reveals_again(void **state)
{
    check_killed_at(*state, COLLECT_REVEALS);
}

static void test_progress_is_never_taken_back(void **state)
{
    struct node_scene *scene = *state;
    node_start(scene);
    struct store_progress progress = {.query = scene->query_id,
        .header = scene->header_ids[0],
        .attempt = 1,
        .stage = STAGE_VOTE_LEFT};
    must(store_put_progress(scene->store, &progress));
    progress.stage = STAGE_KEYS_LEFT;
    assert_int_equal(
        store_note_progress(scene->store, &progress), STATUS_EXISTS);
    progress.stage = STAGE_REVEAL_LEFT;
    progress.header = scene->header_ids[1];
    assert_int_equal(
        store_put_progress(scene->store, &progress), STATUS_EXISTS);
    progress.header = scene->header_ids[0];
    must(store_put_progress(scene->store, &progress));
    node_stop(scene);
}

static int set_up(void **state)
{
    struct node_scene *scene;
    node_create(&scene, "sum", NULL, NULL);
    *state = scene;
    return 0;
}

static int tear_down(void **state)
{
    node_destroy(*state);
    return 0;
}

int main(void)
{
#define WITH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        WITH(test_node_killed_with_keys_may_begin_again),
        WITH(test_node_killed_with_shares_may_begin_again),
        WITH(test_node_killed_with_figures_may_begin_again),
        WITH(test_node_killed_with_a_vote_never_votes_again),
        WITH(test_node_killed_with_a_reveal_never_reveals_again),
        WITH(test_progress_is_never_taken_back),
    };
    if (keys_start() != STATUS_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
