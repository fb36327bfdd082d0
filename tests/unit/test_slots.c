/*
 * Replies on slots: the container alone, and a node whose study is answered
 * with noise. What time the work took must not be seen inside a slot.
 */
#include "node/slots.h"
#include "tests/unit/node_fixture.h"
#include "tests/unit/test.h"

/* ---- the container ---- */

static void hold(struct slots *slots, uint64_t received_ms, const char *text)
{
    struct buffer message;
    buffer_init(&message, 100);
    must(buffer_append_text(&message, text));
    must(slots_hold(slots, received_ms, &message));
    assert_int_equal(message.size, 0);
}

static void expect(struct slots *slots, uint64_t now_ms, const char *text)
{
    struct buffer message;
    if (text == NULL) {
        assert_false(slots_take(slots, now_ms, &message));
        return;
    }
    assert_true(slots_take(slots, now_ms, &message));
    assert_string_equal(buffer_text(&message), text);
    buffer_fini(&message);
}

static void test_slots_take_whatever_the_work_comes_on_the_slot(void **state)
{
    (void)state;
    for (uint64_t work = 0; work <= 300; work++) {
        struct slots slots;
        const uint64_t due = work <= 100 ? 1107 : work <= 200 ? 1207 : 1307;
        slots_init(&slots, 100);
        hold(&slots, 1007, "a");
        assert_int_equal(slots_next_ms(&slots), 0);
        if (1007 + work < due)
            expect(&slots, 1007 + work, NULL);
        else
            expect(&slots, 1007 + work, "a");
        if (slots_wait(&slots)) {
            assert_int_equal(slots_next_ms(&slots), due);
            expect(&slots, due - 1, NULL);
            expect(&slots, due, "a");
        }
        assert_false(slots_wait(&slots));
        assert_int_equal(slots_next_ms(&slots), SLOTS_NONE);
    }
}

/* A wake-up that comes late moves nothing to the next slot. */
static void test_slots_take_late_takes_in_order(void **state)
{
    (void)state;
    struct slots slots;
    slots_init(&slots, 0);
    hold(&slots, 1000, "first");
    hold(&slots, 1010, "second");
    expect(&slots, 1020, NULL);
    hold(&slots, 900, "third");
    expect(&slots, 1030, NULL);
    assert_int_equal(slots_next_ms(&slots), 900 + SLOT_MS_DEFAULT);
    expect(&slots, 1005 + SLOT_MS_DEFAULT, "first");
    expect(&slots, 1005 + SLOT_MS_DEFAULT, "third");
    expect(&slots, 1005 + SLOT_MS_DEFAULT, NULL);
    expect(&slots, 1010 + SLOT_MS_DEFAULT, "second");
}

static void test_slots_hold_more_than_there_is_room_for_is_refused(void **state)
{
    (void)state;
    struct slots slots;
    struct buffer message;
    slots_init(&slots, 100);
    for (size_t i = 0; i < SLOTS_MAX; i++)
        hold(&slots, 1000, "held");
    buffer_init(&message, 100);
    must(buffer_append_text(&message, "one more"));
    assert_int_equal(slots_hold(&slots, 1000, &message), STATUS_LIMIT_REACHED);
    assert_int_equal(message.size, 8);
    buffer_fini(&message);
    slots_fini(&slots);
    assert_false(slots_wait(&slots));
}

/* ---- a node ---- */

#define SLOT_MS 200

static int begin(void **state, const char *privacy)
{
    struct node_scene *scene;
    node_create(&scene, privacy, NULL, NULL);
    scene->reply_slot_ms = SLOT_MS;
    node_start(scene);
    *state = scene;
    return 0;
}

static int begin_noise(void **state)
{
    return begin(state, "noise");
}

static int begin_sum(void **state)
{
    return begin(state, "sum");
}

static int end(void **state)
{
    node_stop(*state);
    node_destroy(*state);
    return 0;
}

static void expect_at(
    struct node_scene *scene, uint64_t now_ms, enum message_type type)
{
    scene->monotonic_ms = now_ms - 1;
    assert_null(node_release(scene));
    scene->monotonic_ms = now_ms;
    const struct message *reply = node_release(scene);
    assert_non_null(reply);
    assert_int_equal(reply->type, type);
}

static void test_node_answer_with_noise_waits_for_its_slot(void **state)
{
    struct node_scene *scene = *state;
    scene->monotonic_ms = 5000;
    assert_null(node_ask(scene, 0));
    assert_int_equal(session_release_ms(scene->session), 0);
    scene->monotonic_ms = 5007;
    assert_null(node_release(scene));
    assert_int_equal(session_release_ms(scene->session), 5000 + SLOT_MS);
    expect_at(scene, 5000 + SLOT_MS, MESSAGE_KEYS);
    assert_true(session_release_ms(scene->session) == SLOTS_NONE);
}

static void test_node_long_work_with_noise_waits_for_the_next_slot(void **state)
{
    struct node_scene *scene = *state;
    scene->monotonic_ms = 5000;
    assert_null(node_ask(scene, 0));
    scene->monotonic_ms = 5000 + SLOT_MS + 1;
    assert_null(node_release(scene));
    expect_at(scene, 5000 + 2 * SLOT_MS, MESSAGE_KEYS);
}

/* Asked again, it says again what it said, and no sooner. */
static void test_node_asked_again_with_noise_waits_again(void **state)
{
    struct node_scene *scene = *state;
    scene->monotonic_ms = 5000;
    assert_null(node_ask(scene, 0));
    assert_null(node_release(scene));
    scene->monotonic_ms = 5010; /* the line broke: before its slot */
    assert_null(node_ask(scene, 0));
    assert_null(node_release(scene));
    expect_at(scene, 5000 + SLOT_MS, MESSAGE_KEYS);
    /* what waited is taken now */
    assert_null(node_release(scene));
    expect_at(scene, 5000 + 2 * SLOT_MS, MESSAGE_KEYS);
}

/* When another question's answer comes would tell when this one's work was
 * done. */
static void test_node_with_a_reply_that_waits_answers_nothing_else(void **state)
{
    struct node_scene *scene = *state;
    const struct message stale = {
        .type = MESSAGE_PEERS, .id = scene->header_ids[1]};
    scene->monotonic_ms = 5000;
    assert_null(node_ask(scene, 0));
    assert_null(node_release(scene));
    assert_null(node_ask(scene, 1));
    assert_null(node_tell(scene, &stale));
    expect_at(scene, 5000 + SLOT_MS, MESSAGE_KEYS);
    assert_memory_equal(node_reply(scene, 0)->id.bytes,
        scene->header_ids[0].bytes, DIGEST_BYTES);
    assert_null(node_release(scene));
    expect_at(scene, 5000 + 2 * SLOT_MS, MESSAGE_KEYS);
    assert_memory_equal(node_reply(scene, 0)->id.bytes,
        scene->header_ids[1].bytes, DIGEST_BYTES);
}

static void test_node_refusal_with_noise_waits_for_its_slot(void **state)
{
    struct node_scene *scene = *state;
    for (int i = 0; i < 100; i++) /* refusals_to_lock of the scene */
        must(store_put_refusal(scene->store, &scene->study_id, "EXPIRED", NOW));
    scene->monotonic_ms = 5000;
    assert_null(node_ask(scene, 0)); /* locked */
    assert_null(node_release(scene));
    expect_at(scene, 5000 + SLOT_MS, MESSAGE_REFUSE);
}

static void test_node_stopped_with_a_reply_that_waits_leaves_nothing(
    void **state)
{
    struct node_scene *scene = *state;
    assert_null(node_ask(scene, 0));
    node_stop(scene);
    node_start(scene);
    assert_true(session_release_ms(scene->session) == SLOTS_NONE);
    assert_null(node_release(scene));
}

static void test_node_answer_without_noise_waits_for_nothing(void **state)
{
    struct node_scene *scene = *state;
    const struct message *reply = node_ask(scene, 0);
    assert_non_null(reply);
    assert_int_equal(reply->type, MESSAGE_KEYS);
    assert_true(session_release_ms(scene->session) == SLOTS_NONE);
}

int main(void)
{
#define NOISE(test) cmocka_unit_test_setup_teardown(test, begin_noise, end)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_slots_take_whatever_the_work_comes_on_the_slot),
        cmocka_unit_test(test_slots_take_late_takes_in_order),
        cmocka_unit_test(
            test_slots_hold_more_than_there_is_room_for_is_refused),
        NOISE(test_node_answer_with_noise_waits_for_its_slot),
        NOISE(test_node_long_work_with_noise_waits_for_the_next_slot),
        NOISE(test_node_asked_again_with_noise_waits_again),
        NOISE(test_node_with_a_reply_that_waits_answers_nothing_else),
        NOISE(test_node_refusal_with_noise_waits_for_its_slot),
        NOISE(test_node_stopped_with_a_reply_that_waits_leaves_nothing),
        cmocka_unit_test_setup_teardown(
            test_node_answer_without_noise_waits_for_nothing, begin_sum, end),
    };
    if (keys_start() != STATUS_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
