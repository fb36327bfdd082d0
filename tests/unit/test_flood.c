/*
 * Nobody fills a center's disk: a lying office with a researcher, one
 * researcher alone, or one member of the committee say the same kind of thing
 * again and again, and what stays of it has a bound that honest work does not
 * meet.
 */
#include <stdio.h>
#include <string.h>

#include <sqlite3.h>

#include "node/refusal.h"
#include "tests/unit/node_others.h"
#include "tests/unit/test.h"

#define FIT "{\"formula\": \"age ~ sex\", \"family\": \"gaussian\"}"

static int64_t ask_file(const struct node_scene *scene, const char *sql)
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

static void close_question(struct node_scene *scene, int header)
{
    const struct message message = {
        .type = MESSAGE_CLOSE, .id = scene->header_ids[header]};
    assert_null(node_tell(scene, &message));
}

/* ---- questions that never come to a vote ---- */

/* The type of the node's last reply: what it said to that step, or to an
 * earlier one that it refused. */
static enum message_type ask_until(
    struct node_scene *scene, enum collector_step last)
{
    struct node_others others;
    enum message_type said = MESSAGE_REFUSE;
    node_others_begin(&others, scene);
    for (;;) {
        struct buffer body;
        const enum collector_step step = collector_step(others.collector);
        buffer_init(&body, BUFFER_LIMIT_DEFAULT);
        must(collector_write(others.collector, 1, &body));
        const struct message *reply =
            node_tell_step(scene, step, buffer_view(&body), 0);
        buffer_fini(&body);
        assert_non_null(reply);
        said = reply->type;
        if (step == last || said == MESSAGE_REFUSE)
            break;
        must(collector_take(others.collector, 1, reply->body, reply->vector));
        node_others_step(&others, scene);
        must(collector_close_step(others.collector));
    }
    node_others_end(&others);
    return said;
}

static void allow_in_all(struct node_scene *scene, int questions)
{
    const struct session_setup setup = {.keys = scene->cast.centers[0],
        .store = scene->store,
        .dictionary = scene->cast.dictionary};
    char limits[64];
    snprintf(limits, sizeof limits, "{\"queries_total\": %d}", questions);
    must(decision_record(&setup, &scene->study_id, "test", true, limits, NOW));
}

static void test_figures_that_left_for_nothing_have_a_bound(void **state)
{
    struct node_scene *scene = *state;
    int64_t unvoted;
    allow_in_all(scene, 3);
    for (int i = 0; i < 12; i++) {
        assert_int_equal(ask_until(scene, COLLECT_MASKED),
            i < 3 ? MESSAGE_MASKED : MESSAGE_REFUSE);
        close_question(scene, 0);
    }
    must(store_count_unvoted(scene->store, &scene->study_id, &unvoted));
    assert_int_equal(unvoted, 3);
    assert_int_equal(node_count_records(scene, "figures_left", ""), 3);
    assert_int_equal(
        node_count_records(scene, "refused", "never came to a vote"), 9);
    /* No lock: the office may have failed as often as that. */
    assert_int_equal(ask_file(scene, "SELECT count(*) FROM refusal"), 0);
}

static void test_a_question_that_is_voted_on_is_not_counted(void **state)
{
    struct node_scene *scene = *state;
    int64_t unvoted;
    allow_in_all(scene, 3);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(ask_until(scene, COLLECT_MASKED), MESSAGE_MASKED);
        close_question(scene, 0);
    }
    assert_int_equal(ask_until(scene, COLLECT_VOTES), MESSAGE_VOTE);
    must(store_count_unvoted(scene->store, &scene->study_id, &unvoted));
    assert_int_equal(unvoted, 2); /* its third attempt had one */
}

static void test_keys_that_left_for_nothing_leave_few_rows(void **state)
{
    struct node_scene *scene = *state;
    struct store_progress progress = {.header = scene->header_ids[1],
        .study = scene->study_id,
        .attempt = 1,
        .stage = STAGE_MASKED_LEFT,
        .query = scene->header_ids[0]};
    must(store_begin(scene->store));
    must(store_put_progress(scene->store, &progress));
    must(store_commit(scene->store));
    progress.stage = STAGE_KEYS_LEFT;
    for (int i = 0; i < STORE_EARLY_MAX + 200; i++) {
        progress.query = digest_of((struct view){(uint8_t *)&i, sizeof i});
        progress.time = NOW + i;
        must(store_note_progress(scene->store, &progress));
    }
    assert_int_equal(
        ask_file(scene, "SELECT count(*) FROM progress"), STORE_EARLY_MAX + 1);
    must(store_find_progress(scene->store, &progress.query, &progress));
    /* the oldest, whose figures left */
    must(store_find_progress(scene->store, &scene->header_ids[0], &progress));
    /* the first settles which freeze the study reads */
    assert_int_equal(ask_until(scene, COLLECT_SHARES), MESSAGE_SHARES);
    close_question(scene, 0);
    const int64_t before = ask_file(scene, "SELECT count(*) FROM audit");
    for (int i = 0; i < 30; i++) {
        assert_int_equal(ask_until(scene, COLLECT_SHARES), MESSAGE_SHARES);
        close_question(scene, 0);
    }
    assert_int_equal(ask_file(scene, "SELECT count(*) FROM audit"), before);
}

static void test_steps_of_what_is_over_leave_few_records(void **state)
{
    struct node_scene *scene = *state;
    const struct message step = {
        .type = MESSAGE_PEERS, .id = scene->header_ids[0]};
    for (int i = 0; i < 2 * REFUSALS_A_DAY; i++) {
        assert_int_equal(node_ask(scene, 0)->type, MESSAGE_KEYS);
        close_question(scene, 0);
        assert_int_equal(node_tell(scene, &step)->type, MESSAGE_REFUSE);
    }
    assert_int_equal(
        node_count_records(scene, "step_refused", ""), REFUSALS_A_DAY);
}

/* ---- a plain fit that is opened again and again ---- */

static void take_a_round(struct node_scene *scene)
{
    uint8_t body[512] = {0};
    const size_t size =
        scene->segment_count + scene->value_count * sizeof(double);
    assert_true(size <= sizeof body);
    memset(body, 1, scene->segment_count);
    const struct message round = {.type = MESSAGE_ROUND,
        .id = scene->header_ids[0],
        .number = 2,
        .body = {body, size}};
    assert_int_equal(node_tell(scene, &round)->type, MESSAGE_MASKED);
}

static void test_rounds_again_leave_few_records(void **state)
{
    struct node_scene *scene = *state;
    for (int i = 0; i < 2 * REFUSALS_A_DAY; i++) {
        assert_int_equal(node_ask(scene, 0)->type, MESSAGE_SUMMARY);
        take_a_round(scene);
        close_question(scene, 0);
    }
    assert_int_equal(
        node_count_records(scene, "rounds", ""), 1 + REFUSALS_A_DAY);
}

/* ---- rejections ---- */

static void put_rejections(const struct node_scene *scene, int from, int to)
{
    const struct public_key *signer =
        &keypair_identity(scene->cast.committee[1])->sign;
    must(store_begin(scene->store));
    for (int i = from; i < to; i++) {
        const struct view bytes = {(uint8_t *)&i, sizeof i};
        const struct digest study = digest_of(bytes);
        must(store_put_rejection(scene->store, &study, signer, bytes));
    }
    must(store_commit(scene->store));
}

static enum status count_one(
    void *arg, const struct digest *id, struct view bytes)
{
    (void)id;
    (void)bytes;
    ++*(int *)arg;
    return STATUS_OK;
}

static int count_rejections(
    const struct node_scene *scene, const struct digest *study)
{
    int count = 0;
    must(store_visit_rejections(scene->store, study, count_one, &count));
    return count;
}

static void test_rejections_of_unknown_studies_have_a_bound(void **state)
{
    struct node_scene *scene = *state;
    const struct view text = view_of_text("rejection");
    const int first = 0, last = 2 * STORE_REJECTIONS_MAX - 1;
    must(store_put_rejection(scene->store, &scene->study_id,
        &keypair_identity(scene->cast.committee[1])->sign, text));
    must(store_put_rejection(scene->store, &scene->query_id,
        &keypair_identity(scene->cast.committee[2])->sign, text));
    put_rejections(scene, first, last + 1);
    assert_int_equal(ask_file(scene, "SELECT count(*) FROM rejection"),
        STORE_REJECTIONS_MAX + 2);
    /* of the study that is kept, and of another member */
    assert_int_equal(count_rejections(scene, &scene->study_id), 1);
    assert_int_equal(count_rejections(scene, &scene->query_id), 1);
    const struct digest oldest =
        digest_of((struct view){(const uint8_t *)&first, sizeof first});
    const struct digest latest =
        digest_of((struct view){(const uint8_t *)&last, sizeof last});
    assert_int_equal(count_rejections(scene, &oldest), 0);
    assert_int_equal(count_rejections(scene, &latest), 1);
}

/* Of a study of the member's own making, which nobody approved. */
static void reject_another(struct node_scene *scene, int number)
{
    struct message message = {.type = MESSAGE_STUDY, .document_count = 1};
    struct buffer study, rejection;
    char name[32];
    snprintf(name, sizeof name, "another-%d", number);
    buffer_init(&study, BUFFER_LIMIT_DEFAULT);
    buffer_init(&rejection, BUFFER_LIMIT_DEFAULT);
    struct envelope *envelope = document_sign(TYPE_STUDY,
        cast_study(&scene->cast, name, 3), &scene->cast.researcher, 1);
    const struct digest id = envelope_id(envelope);
    must(envelope_encode(envelope, &study));
    envelope_destroy(envelope);
    envelope =
        document_sign(TYPE_APPROVAL, cast_approval(&id, "reject", "2027-01-15"),
            &scene->cast.committee[1], 1);
    must(envelope_encode(envelope, &rejection));
    envelope_destroy(envelope);
    message.study = buffer_view(&study);
    message.documents[0] = buffer_view(&rejection);
    assert_null(node_tell(scene, &message));
    assert_int_equal(count_rejections(scene, &id), 1);
    buffer_fini(&rejection);
    buffer_fini(&study);
}

static void test_rejections_of_unknown_studies_leave_few_records(void **state)
{
    struct node_scene *scene = *state;
    for (int i = 0; i < 2 * REFUSALS_A_DAY; i++)
        reject_another(scene, i);
    assert_int_equal(
        node_count_records(scene, "study_rejected", "by "), REFUSALS_A_DAY);
}

static int begin(void **state, const char *privacy, const char *analysis)
{
    struct node_scene *scene;
    node_create(&scene, privacy, analysis, analysis == NULL ? NULL : FIT);
    node_start(scene);
    *state = scene;
    return 0;
}

static int begin_masked(void **state)
{
    return begin(state, "sum", NULL);
}

static int begin_plain_fit(void **state)
{
    return begin(state, "plain", "glm");
}

static int end(void **state)
{
    node_stop(*state);
    node_destroy(*state);
    return 0;
}

int main(void)
{
#define MASKED(test) cmocka_unit_test_setup_teardown(test, begin_masked, end)
#define FITTED(test) cmocka_unit_test_setup_teardown(test, begin_plain_fit, end)
    const struct CMUnitTest tests[] = {
        MASKED(test_figures_that_left_for_nothing_have_a_bound),
        MASKED(test_a_question_that_is_voted_on_is_not_counted),
        MASKED(test_keys_that_left_for_nothing_leave_few_rows),
        MASKED(test_steps_of_what_is_over_leave_few_records),
        FITTED(test_rounds_again_leave_few_records),
        MASKED(test_rejections_of_unknown_studies_have_a_bound),
        MASKED(test_rejections_of_unknown_studies_leave_few_records),
    };
    if (keys_start() != STATUS_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
