/*
 * What changes while a question is open holds at the next step, whichever it
 * is: the node refuses, says why in its log, counts nothing towards a lock, and
 * has done with the question.
 */
#include <string.h>

#include "tests/unit/node_others.h"
#include "tests/unit/test.h"

static void opt_out(struct node_scene *scene)
{
    struct session_setup setup = {
        .keys = scene->cast.centers[0], .store = scene->store};
    must(decision_record(
        &setup, &scene->study_id, "test", false, "", scene->wall));
}

/* In again, with other limits perhaps: not what the question was admitted by.
 */
static void decide_anew(struct node_scene *scene)
{
    struct session_setup setup = {
        .keys = scene->cast.centers[0], .store = scene->store};
    opt_out(scene);
    must(decision_record(
        &setup, &scene->study_id, "test", true, "", scene->wall));
}

static void tell_document(struct node_scene *scene, struct message *message,
    struct envelope *envelope)
{
    struct buffer bytes;
    buffer_init(&bytes, BUFFER_LIMIT_DEFAULT);
    must(envelope_encode(envelope, &bytes));
    envelope_destroy(envelope);
    message->documents[message->document_count++] = buffer_view(&bytes);
    assert_null(node_tell(scene, message));
    buffer_fini(&bytes);
}

/* Version 2, in which one who approved is revoked. */
static void revoke(struct node_scene *scene)
{
    struct message message = {.type = MESSAGE_ROSTER};
    json_t *roster = cast_roster(&scene->cast, 2, 3);
    document_change(roster, "committee/0/revoked", "\"2027-01-15\"");
    tell_document(scene, &message,
        document_sign(TYPE_ROSTER, roster, &scene->cast.committee[1], 2));
    assert_int_equal(session_roster(scene->session)->version, 2);
}

static void reject(struct node_scene *scene)
{
    struct message message = {
        .type = MESSAGE_STUDY, .study = buffer_view(&scene->study)};
    tell_document(scene, &message,
        document_sign(TYPE_APPROVAL,
            cast_approval(&scene->study_id, "reject", "2027-01-15"),
            &scene->cast.committee[1], 1));
}

static void pass_the_deadline(struct node_scene *scene)
{
    scene->wall = NOW + 1800 + 300;
}

static void pass_the_studys_end(struct node_scene *scene)
{
    must(time_parse(&scene->wall, "2029-01-01T00:05:00Z"));
}

static void pass_the_rosters_end(struct node_scene *scene)
{
    must(time_parse(&scene->wall, "2030-01-01T00:05:00Z"));
}

static const struct change_here {
    void (*happen)(struct node_scene *scene);
    const char *why;
} changes[] = {
    {opt_out, "NOT_OPTED_IN: the center has not opted in; this center decided "
              "anew"},
    {decide_anew, "NOT_OPTED_IN: "},
    {revoke, "WRONG_ROSTER: made under another roster; a new roster came"},
    {reject, "TOO_FEW_SIGNATURES: fewer signatures than the threshold; a "
             "member rejected the study"},
    {pass_the_deadline,
        "LATE: its turn came after its deadline; the coordinator's session is valid "
        "until 2027-01-15T08:30:00Z; by this center's clock"},
    {pass_the_studys_end, "EXPIRED: expired; the study is valid until"},
    {pass_the_rosters_end, "EXPIRED: expired; the roster is valid until"},
};

static void expect_uncounted(const struct node_scene *scene)
{
    struct store_lock lock;
    must(store_find_lock(
        scene->store, &scene->study_id, 1, 86400, scene->wall, &lock));
    assert_false(lock.locked);
}

static void expect_refused(
    struct node_scene *scene, const struct message *reply, const char *why)
{
    assert_non_null(reply);
    assert_int_equal(reply->type, MESSAGE_REFUSE);
    assert_true(digest_equal(&reply->id, &scene->header_ids[0]));
    if (node_count_records(scene, "refused", why) != 1)
        fail_msg("no record of '%s'", why);
    expect_uncounted(scene);
}

/* Up to where `step` would be told, which is what is told next. */
static void run_up_to(struct node_scene *scene, struct node_others *others,
    enum collector_step step, struct buffer *body)
{
    node_others_begin(others, scene);
    for (;;) {
        buffer_clear(body);
        must(collector_write(others->collector, 1, body));
        if (collector_step(others->collector) == step)
            return;
        const struct message *reply = node_tell_step(
            scene, collector_step(others->collector), buffer_view(body), 0);
        assert_non_null(reply);
        must(collector_take(others->collector, 1, reply->body, reply->vector));
        node_others_step(others, scene);
        must(collector_close_step(others->collector));
    }
}

static void check(enum collector_step step, const struct change_here *change)
{
    struct node_scene *scene;
    struct node_others others;
    struct buffer body;
    buffer_init(&body, BUFFER_LIMIT_DEFAULT);
    node_create(&scene, "sum", NULL, NULL);
    node_start(scene);
    run_up_to(scene, &others, step, &body);
    change->happen(scene);
    expect_refused(
        scene, node_tell_step(scene, step, buffer_view(&body), 0), change->why);
    assert_null(node_tell_step(scene, step, buffer_view(&body), 0));
    node_stop(scene);
    node_others_end(&others);
    node_destroy(scene);
    buffer_fini(&body);
}

static void test_a_change_holds_at_each_step(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        check(COLLECT_SHARES, &changes[i]);
        check(COLLECT_MASKED, &changes[i]);
        check(COLLECT_VOTES, &changes[i]);
        check(COLLECT_REVEALS, &changes[i]);
    }
}

/* What was said last is said again to a new line, if it still may be. */
static void test_a_change_holds_when_a_line_was_lost(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        struct node_scene *scene;
        struct node_others others;
        struct buffer body;
        buffer_init(&body, BUFFER_LIMIT_DEFAULT);
        node_create(&scene, "sum", NULL, NULL);
        node_start(scene);
        run_up_to(scene, &others, COLLECT_VOTES, &body);
        assert_int_equal(node_ask(scene, 0)->type, MESSAGE_MASKED);
        changes[i].happen(scene);
        expect_refused(scene, node_ask(scene, 0), changes[i].why);
        node_stop(scene);
        node_others_end(&others);
        node_destroy(scene);
        buffer_fini(&body);
    }
}

/* A fit of a study whose figures are not masked. */
static void test_a_change_holds_at_a_later_round(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        struct node_scene *scene;
        uint8_t body[512] = {0};
        node_create(&scene, "plain", "glm",
            "{\"formula\": \"sex ~ age\", \"family\": \"binomial\"}");
        node_start(scene);
        assert_int_equal(node_ask(scene, 0)->type, MESSAGE_SUMMARY);
        const struct message round = {.type = MESSAGE_ROUND,
            .id = scene->header_ids[0],
            .number = 2,
            .body = {body,
                scene->segment_count + scene->value_count * sizeof(double)}};
        changes[i].happen(scene);
        expect_refused(scene, node_tell(scene, &round), changes[i].why);
        node_stop(scene);
        node_destroy(scene);
    }
}

/* A lie ends the question as well, and it does count. */
static void test_a_lie_is_refused_and_counted(void **state)
{
    (void)state;
    for (int step = COLLECT_SHARES; step <= COLLECT_REVEALS; step++) {
        struct node_scene *scene;
        struct node_others others;
        struct store_lock lock;
        struct buffer body;
        buffer_init(&body, BUFFER_LIMIT_DEFAULT);
        node_create(&scene, "sum", NULL, NULL);
        node_start(scene);
        run_up_to(scene, &others, (enum collector_step)step, &body);
        /* of what a member checks itself: its own entry, or any signature */
        body.data[step == COLLECT_VOTES ? 4 : body.size - 1] ^= 1;
        const struct message *reply = node_tell_step(
            scene, (enum collector_step)step, buffer_view(&body), 0);
        assert_non_null(reply);
        assert_int_equal(reply->type, MESSAGE_REFUSE);
        must(store_find_lock(
            scene->store, &scene->study_id, 1, 86400, NOW, &lock));
        assert_true(lock.locked);
        assert_int_equal(node_count_records(scene, "refused", "in answer"), 1);
        node_stop(scene);
        node_others_end(&others);
        node_destroy(scene);
        buffer_fini(&body);
    }
}

static void test_an_idle_question_ends_by_itself(void **state)
{
    (void)state;
    struct node_scene *scene;
    node_create(&scene, "sum", NULL, NULL);
    node_start(scene);
    assert_int_equal(node_ask(scene, 0)->type, MESSAGE_KEYS);
    const uint64_t idle_ms = (uint64_t)15 * 60 * 1000;
    outbox_clear(&scene->outbox);
    const struct session_time before = {NOW, scene->monotonic_ms + idle_ms};
    must(session_tick(scene->session, before, &scene->outbox));
    assert_int_equal(scene->outbox.count, 0);
    const struct session_time after = {NOW, scene->monotonic_ms + idle_ms + 1};
    must(session_tick(scene->session, after, &scene->outbox));
    expect_refused(scene, node_reply(scene, 0), "TIMED_OUT");
    outbox_clear(&scene->outbox);
    must(session_tick(scene->session, after, &scene->outbox));
    assert_int_equal(scene->outbox.count, 0);
    node_stop(scene);
    node_destroy(scene);
}

/* ---- rosters ---- */

/* The roster command writes beside the process that serves: the next tick has
 * it, and where the coordinator is now. */
static void test_a_roster_installed_beside_is_followed(void **state)
{
    (void)state;
    struct node_scene *scene;
    struct buffer bytes;
    node_create(&scene, "sum", NULL, NULL);
    node_start(scene);
    json_t *roster = cast_roster(&scene->cast, 2, 3);
    document_change(roster, "coordinator/endpoint", "\"tcp://127.0.0.1:7200\"");
    struct envelope *envelope =
        document_sign(TYPE_ROSTER, roster, scene->cast.committee, 2);
    buffer_init(&bytes, BUFFER_LIMIT_DEFAULT);
    must(envelope_encode(envelope, &bytes));
    envelope_destroy(envelope);
    must(store_put_roster(scene->store, 2, buffer_view(&bytes)));
    buffer_fini(&bytes);
    assert_int_equal(session_roster(scene->session)->version, 1);
    const struct session_time now = {scene->wall, scene->monotonic_ms};
    must(session_tick(scene->session, now, &scene->outbox));
    assert_int_equal(session_roster(scene->session)->version, 2);
    assert_string_equal(
        session_roster(scene->session)->endpoint, "tcp://127.0.0.1:7200");
    /* what is asked under the last one is not answered */
    assert_int_equal(node_ask(scene, 0)->type, MESSAGE_REFUSE);
    node_stop(scene);
    node_destroy(scene);
}

/* ---- rejections ---- */

static const struct message *ask_and_keep(struct node_scene *scene)
{
    const struct message *reply = node_ask(scene, 0);
    assert_non_null(reply);
    return reply;
}

/* The coordinator tells of a rejection, which leaves the study one short, and
 * never again. */
static void test_a_rejection_is_kept(void **state)
{
    (void)state;
    struct node_scene *scene;
    node_create(&scene, "sum", NULL, NULL);
    node_start(scene);
    reject(scene);
    assert_int_equal(node_count_records(scene, "study_rejected", "by "), 1);
    reject(scene); /* once is enough */
    assert_int_equal(node_count_records(scene, "study_rejected", "by "), 1);
    assert_int_equal(ask_and_keep(scene)->type, MESSAGE_REFUSE);
    node_stop(scene);
    node_start(scene);
    assert_int_equal(ask_and_keep(scene)->type, MESSAGE_REFUSE);
    assert_int_equal(
        node_count_records(scene, "refused", "TOO_FEW_SIGNATURES"), 2);
    node_stop(scene);
    node_destroy(scene);
}

/* Though the study was verified a moment ago, with the same documents. */
static void test_a_rejection_is_judged_with_documents_seen_before(void **state)
{
    (void)state;
    struct node_scene *scene;
    node_create(&scene, "sum", NULL, NULL);
    node_start(scene);
    assert_int_equal(ask_and_keep(scene)->type, MESSAGE_KEYS);
    const struct message close = {
        .type = MESSAGE_CLOSE, .id = scene->header_ids[0]};
    assert_null(node_tell(scene, &close));
    reject(scene);
    assert_int_equal(node_ask(scene, 1)->type, MESSAGE_REFUSE);
    node_stop(scene);
    node_destroy(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_change_holds_at_each_step),
        cmocka_unit_test(test_a_change_holds_when_a_line_was_lost),
        cmocka_unit_test(test_a_change_holds_at_a_later_round),
        cmocka_unit_test(test_a_lie_is_refused_and_counted),
        cmocka_unit_test(test_an_idle_question_ends_by_itself),
        cmocka_unit_test(test_a_roster_installed_beside_is_followed),
        cmocka_unit_test(test_a_rejection_is_kept),
        cmocka_unit_test(test_a_rejection_is_judged_with_documents_seen_before),
    };
    if (keys_start() != STATUS_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
