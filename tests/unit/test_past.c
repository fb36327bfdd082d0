/* A database that was lost or restored: past.h, and the session around it. */
#include <unistd.h>

#include "node/audit.h"
#include "tests/unit/test.h"

#include "node_fixture.h"

#define AFTER_RECORDS 3

static struct node_scene *scene;
static char head_path[80];

static void copy(const char *from, const char *to)
{
    struct buffer bytes;
    buffer_init(&bytes, BUFFER_LIMIT_DEFAULT);
    must(buffer_read_file(&bytes, from));
    must(file_write_atomic(to, buffer_view(&bytes), 0600));
    buffer_fini(&bytes);
}

static int setup(void **state)
{
    (void)state;
    node_create(&scene, "plain", NULL, NULL);
    snprintf(head_path, sizeof head_path, "%s.head", scene->path);
    scene->head_path = head_path;
    node_start(scene);
    return 0;
}

static int teardown(void **state)
{
    char old[96];
    (void)state;
    if (scene->session != NULL)
        node_stop(scene);
    unlink(head_path);
    snprintf(old, sizeof old, "%s.old", scene->path);
    unlink(old);
    snprintf(old, sizeof old, "%s.old", head_path);
    unlink(old);
    node_destroy(scene);
    return 0;
}

static void record(int count)
{
    for (int i = 0; i < count; i++)
        must(audit_record(
            scene->store, scene->cast.centers[0], NOW, "event", NULL, "%d", i));
}

static void tick(void)
{
    const struct session_time now = {NOW, scene->monotonic_ms};
    outbox_clear(&scene->outbox);
    must(session_tick(scene->session, now, &scene->outbox));
}

/* As a backup has them; the node goes on. */
static void back_up(void)
{
    char old[96];
    node_stop(scene);
    snprintf(old, sizeof old, "%s.old", scene->path);
    copy(scene->path, old);
    snprintf(old, sizeof old, "%s.old", head_path);
    copy(head_path, old);
    node_start(scene);
}

static void restore(bool head_too)
{
    char old[96];
    node_stop(scene);
    snprintf(old, sizeof old, "%s.old", scene->path);
    copy(old, scene->path);
    snprintf(old, sizeof old, "%s.old", head_path);
    if (head_too)
        copy(old, head_path);
    node_start(scene);
}

static struct head read_head(void)
{
    struct past past;
    must(past_open(&past, scene->store, scene->cast.centers[0], head_path));
    return past.known;
}

static void tell_head(const struct head *head)
{
    struct buffer body;
    buffer_init(&body, HEAD_BYTES);
    must(head_append(&body, head));
    const struct message message = {
        .type = MESSAGE_HEADS, .body = buffer_view(&body)};
    assert_null(node_tell(scene, &message));
    buffer_fini(&body);
}

/* Records come after a backup; the database is restored from it, and the head
 * beside it or not. Returns the head that was signed last before that. */
static struct head lose_records(bool head_too)
{
    back_up();
    record(AFTER_RECORDS);
    tick();
    const struct head later = read_head();
    restore(head_too);
    return later;
}

static void recover(void)
{
    struct past past;
    must(past_open(&past, scene->store, scene->cast.centers[0], head_path));
    assert_true(past.behind);
    must(store_begin(scene->store));
    must(past_recover(&past, NOW));
    must(store_commit(scene->store));
    must(past_recovered(&past));
}

/* ---- the file ---- */

static void test_new_database_is_signed_for_and_not_behind(void **state)
{
    (void)state;
    const struct head head = read_head();
    int64_t length;
    must(store_audit_length(scene->store, &length));
    assert_false(session_is_behind(scene->session));
    assert_int_equal(head.length, length);
    assert_true(length > 0 && head.era == 1 && head_verify(&head));
}

static void test_file_follows_what_is_recorded(void **state)
{
    (void)state;
    const int64_t before = read_head().length;
    assert_int_equal(node_ask(scene, 0)->type, MESSAGE_SUMMARY);
    /* that the study reads a freeze, and the answer */
    assert_int_equal(read_head().length, before + 2);
}

/* After a crash between the commit and the file. */
static void test_file_behind_the_database_is_fine(void **state)
{
    (void)state;
    node_stop(scene);
    must(store_open(&scene->store, scene->path, scene->cast.dictionary));
    record(AFTER_RECORDS);
    store_close(scene->store);
    node_start(scene);
    assert_false(session_is_behind(scene->session));
}

static void test_old_copy_is_behind(void **state)
{
    (void)state;
    (void)lose_records(false);
    assert_true(session_is_behind(scene->session));
}

/* As long, or longer, but another history. */
static void test_old_copy_that_has_grown_again_is_behind(void **state)
{
    (void)state;
    (void)lose_records(false);
    node_stop(scene);
    must(store_open(&scene->store, scene->path, scene->cast.dictionary));
    must(audit_record(scene->store, scene->cast.centers[0], NOW + 1, "other",
        NULL, "history"));
    record(2 * AFTER_RECORDS);
    store_close(scene->store);
    node_start(scene);
    assert_true(session_is_behind(scene->session));
}

static void test_file_that_is_gone_or_changed_is_behind(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "{}", "[", "null"};
    node_stop(scene);
    unlink(head_path);
    node_start(scene);
    assert_true(session_is_behind(scene->session));
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        node_stop(scene);
        must(file_write_atomic(head_path, view_of_text(texts[i]), 0644));
        node_start(scene);
        assert_true(session_is_behind(scene->session));
    }
}

static void test_file_of_another_node_is_behind(void **state)
{
    (void)state;
    struct past other;
    node_stop(scene);
    must(store_open(&scene->store, scene->path, scene->cast.dictionary));
    unlink(head_path);
    must(past_open(&other, scene->store, scene->cast.centers[1], head_path));
    assert_true(other.behind); /* a file was there before */
    other.behind = false;
    must(past_keep(&other));
    store_close(scene->store);
    node_start(scene);
    assert_true(session_is_behind(scene->session));
}

/* ---- what others kept ---- */

static void test_own_later_head_from_outside_stops_the_node(void **state)
{
    (void)state;
    const struct head later = lose_records(true);
    assert_false(session_is_behind(scene->session));
    tell_head(&later);
    assert_true(session_is_behind(scene->session));
    node_stop(scene); /* and it is not forgotten */
    node_start(scene);
    assert_true(session_is_behind(scene->session));
}

static void test_own_earlier_head_from_outside_changes_nothing(void **state)
{
    (void)state;
    const struct head earlier = read_head();
    record(AFTER_RECORDS);
    tick();
    tell_head(&earlier);
    assert_false(session_is_behind(scene->session));
}

static void test_head_that_we_did_not_sign_stops_nothing(void **state)
{
    (void)state;
    struct head head = read_head();
    head.length += 100;
    tell_head(&head);
    assert_false(session_is_behind(scene->session));
    must(head_sign(&head, scene->cast.coordinator));
    head.signer = keypair_identity(scene->cast.centers[0])->sign;
    tell_head(&head);
    assert_false(session_is_behind(scene->session));
}

/* ---- the session ---- */

static void test_behind_refuses_and_writes_nothing(void **state)
{
    (void)state;
    int64_t before, after;
    (void)lose_records(false);
    must(store_audit_length(scene->store, &before));
    const struct message *reply = node_ask(scene, 0);
    assert_int_equal(reply->type, MESSAGE_REFUSE);
    assert_true(digest_equal(&reply->id, &scene->header_ids[0]));
    tick();
    must(store_audit_length(scene->store, &after));
    assert_int_equal(before, after);
    /* It says the head that it signed, and no decision. */
    node_welcome(scene);
    reply = node_reply(scene, 0);
    assert_int_equal(reply->type, MESSAGE_HEADS);
    assert_int_equal(scene->outbox.count, 1);
}

static void test_behind_ends_an_open_question(void **state)
{
    (void)state;
    const struct head later = lose_records(true);
    assert_int_equal(node_ask(scene, 0)->type, MESSAGE_SUMMARY);
    tell_head(&later); /* of the same length or not: another history */
    assert_true(session_is_behind(scene->session));
    assert_int_equal(node_ask(scene, 0)->type, MESSAGE_REFUSE);
}

static void test_recovery_is_followed_without_a_restart(void **state)
{
    (void)state;
    const struct head lost = lose_records(false);
    node_welcome(scene);
    recover();
    tick();
    assert_false(session_is_behind(scene->session));
    assert_int_equal(node_reply(scene, 0)->type, MESSAGE_HELLO);
    const struct head now = read_head();
    assert_int_equal(now.era, 2);
    assert_true(head_compare(&now, &lost) > 0);
    tell_head(&lost); /* of the era before */
    assert_false(session_is_behind(scene->session));
    assert_int_equal(node_ask(scene, 0)->type, MESSAGE_SUMMARY);
}

static void test_decision_of_a_new_era_is_later_than_any_lost(void **state)
{
    (void)state;
    struct store_decision before, after;
    const struct session_setup setup = {.keys = scene->cast.centers[0],
        .store = scene->store,
        .dictionary = scene->cast.dictionary};
    must(store_get_decision(scene->store, &scene->study_id, &before));
    must(store_put_era(scene->store, 2));
    must(decision_put(&setup, &scene->study_id, "test", false, NOW));
    must(store_get_decision(scene->store, &scene->study_id, &after));
    assert_false(after.in);
    assert_true(after.sequence > before.sequence + 1000000);
}

/* ---- a witness ---- */

static struct head head_of_other(int64_t length)
{
    struct head head = {.era = 1, .length = length};
    must(head_sign(&head, scene->cast.centers[1]));
    return head;
}

static int64_t carried(void)
{
    struct head head;
    enum status status = store_find_witnessed(
        scene->store, &keypair_identity(scene->cast.centers[1])->sign, &head);
    return status == STATUS_OK ? head.length : -1;
}

static void test_witness_carries_the_latest_of_another_center(void **state)
{
    (void)state;
    const struct head heads[] = {
        head_of_other(5), head_of_other(9), head_of_other(7)};
    struct head forged = head_of_other(20), stranger = head_of_other(30);
    for (size_t i = 0; i < 3; i++)
        tell_head(&heads[i]);
    assert_int_equal(carried(), 9);
    forged.length = 21;
    tell_head(&forged);
    assert_int_equal(carried(), 9);
    must(head_sign(&stranger, scene->cast.researcher));
    tell_head(&stranger);
    /* Its own first, then what it carries. */
    node_welcome(scene);
    const struct message *reply = node_reply(scene, 0);
    size_t count;
    struct head head;
    assert_int_equal(reply->type, MESSAGE_HEADS);
    must(heads_count(reply->body, &count));
    assert_int_equal(count, 2);
    must(heads_get(reply->body, 1, &head));
    assert_true(head_verify(&head) && head.length == 9);
    /* It tells no more than is on disk, also after a restart. */
    node_stop(scene);
    node_start(scene);
    assert_int_equal(carried(), 9);
}

#define WITH_NODE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_NODE(test_new_database_is_signed_for_and_not_behind),
        WITH_NODE(test_file_follows_what_is_recorded),
        WITH_NODE(test_file_behind_the_database_is_fine),
        WITH_NODE(test_old_copy_is_behind),
        WITH_NODE(test_old_copy_that_has_grown_again_is_behind),
        WITH_NODE(test_file_that_is_gone_or_changed_is_behind),
        WITH_NODE(test_file_of_another_node_is_behind),
        WITH_NODE(test_own_later_head_from_outside_stops_the_node),
        WITH_NODE(test_own_earlier_head_from_outside_changes_nothing),
        WITH_NODE(test_head_that_we_did_not_sign_stops_nothing),
        WITH_NODE(test_behind_refuses_and_writes_nothing),
        WITH_NODE(test_behind_ends_an_open_question),
        WITH_NODE(test_recovery_is_followed_without_a_restart),
        WITH_NODE(test_decision_of_a_new_era_is_later_than_any_lost),
        WITH_NODE(test_witness_carries_the_latest_of_another_center),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
