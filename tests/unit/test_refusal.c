/* What stays on disk of refusals and approvals, and of an answer that was damaged
 * there. */
#include <sqlite3.h>

#include "node/audit.h"
#include "node/refusal.h"
#include "tests/unit/test.h"

#include "node_fixture.h"

static struct node_scene *scene;

static int setup(void **state)
{
    (void)state;
    node_create(&scene, "plain", NULL, NULL);
    node_start(scene);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    node_stop(scene);
    node_destroy(scene);
    return 0;
}

/* Beside the node, as a disk or a hand would. */
static int64_t ask_file(const char *sql)
{
    sqlite3 *database;
    sqlite3_stmt *statement;
    int64_t number = 0;
    assert_int_equal(sqlite3_open(scene->path, &database), SQLITE_OK);
    assert_int_equal(
        sqlite3_prepare_v2(database, sql, -1, &statement, NULL), SQLITE_OK);
    if (sqlite3_step(statement) == SQLITE_ROW)
        number = sqlite3_column_int64(statement, 0);
    assert_int_equal(sqlite3_finalize(statement), SQLITE_OK);
    sqlite3_close(database);
    return number;
}

static void refuse(int64_t now, const struct digest *study, enum status reason)
{
    const struct refusal refusal = {
        .event = "refused", .study = *study, .reason = reason, .detail = "why"};
    must(store_begin(scene->store));
    must(refusal_record(scene->store, scene->cast.centers[0], now, &refusal));
    must(store_commit(scene->store));
}

static void test_refusals_of_a_kind_are_counted_after_twenty(void **state)
{
    (void)state;
    struct audit_finding finding;
    for (int i = 0; i < 200; i++)
        refuse(NOW, &scene->study_id, STATUS_COHORT_TOO_SMALL);
    for (int i = 0; i < 3; i++)
        refuse(NOW, &scene->study_id, STATUS_EXPIRED);
    assert_int_equal(
        ask_file("SELECT count(*) FROM audit WHERE event = 'refused'"),
        REFUSALS_A_DAY + 3);
    must(refusal_settle(scene->store, scene->cast.centers[0], NOW));
    assert_int_equal(
        ask_file("SELECT count(*) FROM audit WHERE event = 'refused_more'"), 0);
    /* The day is over: one record of those that were not written. */
    must(refusal_settle(
        scene->store, scene->cast.centers[0], NOW + DAY_SECONDS));
    assert_int_equal(
        ask_file("SELECT count(*) FROM audit WHERE event = 'refused_more'"
                 " AND detail LIKE 'COHORT_TOO_SMALL: 180 more of%'"),
        1);
    assert_int_equal(
        ask_file("SELECT count(*) FROM audit WHERE event = 'refused_more'"), 1);
    assert_int_equal(ask_file("SELECT count(*) FROM counted"), 0);
    must(audit_verify(scene->store,
        &keypair_identity(scene->cast.centers[0])->sign, &finding));
    assert_string_equal(finding.problem, "");
}

static void test_refusal_on_the_next_day_settles_the_day_before(void **state)
{
    (void)state;
    for (int i = 0; i < REFUSALS_A_DAY + 1; i++)
        refuse(NOW, &scene->study_id, STATUS_EXPIRED);
    refuse(NOW + DAY_SECONDS, &scene->study_id, STATUS_EXPIRED);
    assert_int_equal(
        ask_file("SELECT count(*) FROM audit WHERE event = 'refused_more'"), 1);
    assert_int_equal(
        ask_file("SELECT count(*) FROM audit WHERE event = 'refused'"),
        REFUSALS_A_DAY + 1);
}

static void count_to_lock(const struct digest *study, int64_t now)
{
    const struct refusal refusal = {
        .study = *study, .reason = STATUS_BAD_SIGNATURE};
    must(refusal_count_to_lock(scene->store, &refusal, 10, now));
}

/* Who makes up studies makes no rows with them. */
static void test_unknown_studies_are_one_kind_and_lock_nothing(void **state)
{
    (void)state;
    for (int i = 0; i < 200; i++) {
        struct digest study = digest_of((struct view){(uint8_t *)&i, sizeof i});
        refuse(NOW, &study, STATUS_BAD_SIGNATURE);
        count_to_lock(&study, NOW);
    }
    assert_int_equal(ask_file("SELECT count(*) FROM counted"), 1);
    assert_int_equal(ask_file("SELECT count(*) FROM refusal"), 0);
    assert_int_equal(
        ask_file("SELECT count(*) FROM audit WHERE event = 'refused'"),
        REFUSALS_A_DAY);
}

static void test_lock_needs_no_more_rows_than_it_takes(void **state)
{
    (void)state;
    struct store_lock lock;
    must(store_begin(scene->store));
    /* Nine a day for a year never lock, and leave nine rows. */
    for (int64_t day = 0; day < 365; day++) {
        for (int i = 0; i < 9; i++)
            count_to_lock(&scene->study_id, NOW + (2 * day) * DAY_SECONDS);
    }
    must(store_commit(scene->store));
    assert_int_equal(ask_file("SELECT count(*) FROM refusal"), 9);
    must(store_find_lock(
        scene->store, &scene->study_id, 10, DAY_SECONDS, NOW, &lock));
    assert_false(lock.locked);
    must(store_begin(scene->store));
    for (int i = 0; i < 500; i++)
        count_to_lock(&scene->study_id, NOW + 1000 * DAY_SECONDS);
    must(store_commit(scene->store));
    assert_int_equal(ask_file("SELECT count(*) FROM refusal"), 10);
    must(store_find_lock(
        scene->store, &scene->study_id, 10, DAY_SECONDS, NOW, &lock));
    assert_true(lock.locked);
    /* Time does not unlock. */
    count_to_lock(&scene->study_id, NOW + 2000 * DAY_SECONDS);
    must(store_find_lock(
        scene->store, &scene->study_id, 10, DAY_SECONDS, NOW, &lock));
    assert_true(lock.locked);
}

/* A question that is refused again and again: 80,000 rows once. */
static void test_question_refused_many_times_leaves_few_rows(void **state)
{
    (void)state;
    const struct session_setup setup = {.keys = scene->cast.centers[0],
        .store = scene->store,
        .dictionary = scene->cast.dictionary};
    must(decision_record(&setup, &scene->study_id, "test", false, "", NOW));
    const int64_t before = ask_file("SELECT count(*) FROM audit");
    for (int i = 0; i < 60; i++)
        assert_int_equal(node_ask(scene, i % 2)->type, MESSAGE_REFUSE);
    assert_int_equal(
        ask_file("SELECT count(*) FROM audit"), before + REFUSALS_A_DAY);
    assert_true(ask_file("SELECT count(*) FROM refusal") <= 100);
}

static enum status find(struct buffer *vector)
{
    struct store_answer answer;
    return store_find_answer(scene->store, &scene->query_id, &answer, vector);
}

static void test_damaged_answer_is_not_told(void **state)
{
    (void)state;
    struct buffer vector;
    buffer_init(&vector, BUFFER_LIMIT_DEFAULT);
    assert_int_equal(node_ask(scene, 0)->type, MESSAGE_SUMMARY);
    must(find(&vector));
    assert_true(vector.size > 0);
    buffer_clear(&vector);
    ask_file("UPDATE answer SET vector = zeroblob(length(vector))");
    assert_int_equal(find(&vector), STATUS_CORRUPT);
    assert_int_equal(vector.size, 0);
    /* One of before answers had a digest is as it was. */
    ask_file("UPDATE answer SET digest = NULL");
    must(find(&vector));
    buffer_fini(&vector);
}

/* One member can sign any number of them, of other dates. */
static void test_approvals_of_a_study_have_a_bound(void **state)
{
    (void)state;
    for (uint8_t i = 0; i < 2 * STORE_APPROVALS_MAX; i++)
        must(store_put_approval(
            scene->store, &scene->study_id, (struct view){&i, 1}));
    assert_int_equal(
        ask_file("SELECT count(*) FROM approval"), STORE_APPROVALS_MAX);
}

#define WITH_NODE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_NODE(test_refusals_of_a_kind_are_counted_after_twenty),
        WITH_NODE(test_refusal_on_the_next_day_settles_the_day_before),
        WITH_NODE(test_unknown_studies_are_one_kind_and_lock_nothing),
        WITH_NODE(test_lock_needs_no_more_rows_than_it_takes),
        WITH_NODE(test_question_refused_many_times_leaves_few_rows),
        WITH_NODE(test_damaged_answer_is_not_told),
        WITH_NODE(test_approvals_of_a_study_have_a_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
