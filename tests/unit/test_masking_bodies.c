/*
 * Every body of secure aggregation, with every byte of it changed once, cut at
 * every length and followed by a byte: nobody takes it, and what is true is
 * still taken afterwards.
 */
#include "tests/unit/masking_fixture.h"
#include "tests/unit/test.h"

#define MEMBERS 4
#define LENGTH ((size_t)3)
#define STRIDE                                                                 \
    5 /* bytes of a member's body that are changed: each needs a new           \
         session, because who lies is out */

static struct crowd *begin(enum collector_step step)
{
    struct crowd *crowd = malloc(sizeof *crowd);
    crowd_init(crowd, MEMBERS, LENGTH, 3);
    while (collector_step(crowd->collector) != step)
        assert_int_equal(crowd_step(crowd), STATUS_OK);
    return crowd;
}

static void end(struct crowd *crowd)
{
    crowd_fini(crowd);
    free(crowd);
}

static void copy_of(struct buffer *out, const struct buffer *bytes)
{
    buffer_init(out, BUFFER_LIMIT_DEFAULT);
    assert_int_equal(buffer_append(out, bytes->data, bytes->size), STATUS_OK);
}

/* ---- what the collector says to a member ---- */

static enum status tell(
    struct crowd *crowd, enum collector_step step, struct view message)
{
    struct vector vector;
    struct buffer out;
    buffer_init(&out, BUFFER_LIMIT_DEFAULT);
    assert_int_equal(vector_init(&vector, LENGTH), STATUS_OK);
    enum status status =
        crowd_answer(step, crowd->members[0], message, &vector, &out);
    vector_fini(&vector);
    buffer_fini(&out);
    return status;
}

/* A member's record in the lists that are told (steps.h). */
static size_t record_size(enum collector_step step)
{
    switch (step) {
    case COLLECT_SHARES: return 132;
    case COLLECT_MASKED: return 204;
    case COLLECT_VOTES: return 100;
    default: return 68;
    }
}

/* What decides nothing for a member: its own signature beside its keys, those
 * of commitments and vectors, and others' digests of vectors, which the
 * collector looks at. It is all a part of H1, H2 and H3, which the votes are
 * for: members who were told other things do not fit each other. */
static bool is_idle_signature(enum collector_step step, size_t at)
{
    switch (step) {
    case COLLECT_SHARES: return at >= 68 && at < 132;
    case COLLECT_MASKED: return at % 204 >= 36 && at % 204 < 100;
    case COLLECT_VOTES: return at % 100 >= 36 || (at >= 100 && at % 100 >= 4);
    default: return at >= (size_t)3 * 68; /* a vote more than are needed */
    }
}

static void check_message(enum collector_step step)
{
    struct crowd *crowd = begin(step);
    struct buffer message, changed;
    buffer_init(&message, BUFFER_LIMIT_DEFAULT);
    assert_int_equal(collector_write(crowd->collector, 1, &message), STATUS_OK);
    assert_true(message.size > 0);
    copy_of(&changed, &message);
    for (size_t i = 0; i < message.size; i++) {
        changed.data[i] ^= 1;
        if (!is_idle_signature(step, i) &&
            tell(crowd, step, buffer_view(&changed)) == STATUS_OK)
            fail_msg("step %d: byte %zu may be anything", (int)step, i);
        changed.data[i] ^= 1;
        /* a list of fewer members is a list of members */
        if (i % record_size(step) != 0 &&
            tell(crowd, step, (struct view){message.data, i}) == STATUS_OK)
            fail_msg("step %d: %zu bytes are enough", (int)step, i);
    }
    assert_int_equal(buffer_append(&changed, "", 1), STATUS_OK);
    assert_int_not_equal(tell(crowd, step, buffer_view(&changed)), STATUS_OK);
    assert_int_equal(tell(crowd, step, buffer_view(&message)), STATUS_OK);
    buffer_fini(&message);
    buffer_fini(&changed);
    end(crowd);
}

static void test_every_message_to_a_member_is_bound(void **state)
{
    (void)state;
    for (int step = COLLECT_SHARES; step <= COLLECT_REVEALS; step++)
        check_message((enum collector_step)step);
}

/* ---- what a member says to the collector ---- */

/* The body of member 0 at that step, true. */
static void say(struct crowd *crowd, struct buffer *body)
{
    enum collector_step step = collector_step(crowd->collector);
    struct buffer message;
    buffer_init(&message, BUFFER_LIMIT_DEFAULT);
    buffer_init(body, BUFFER_LIMIT_DEFAULT);
    if (step != COLLECT_KEYS)
        assert_int_equal(
            collector_write(crowd->collector, 1, &message), STATUS_OK);
    assert_int_equal(crowd_answer(step, crowd->members[0],
                         buffer_view(&message), &crowd->vectors[0], body),
        STATUS_OK);
    buffer_fini(&message);
}

static enum status hear(struct crowd *crowd, struct view body)
{
    return collector_take(crowd->collector, 1, body,
        (struct view){(const uint8_t *)crowd->vectors[0].elements,
            LENGTH * VECTOR_ELEMENT_BYTES});
}

/* A share that is another's is found only when the seed is rebuilt; there is
 * one more than is needed. */
static void check_sum_is_right_or_missing(struct crowd *crowd)
{
    crowd->present[0] = false;
    while (collector_step(crowd->collector) != COLLECT_OVER) {
        if (crowd_step(crowd) != STATUS_OK)
            return;
    }
    if (collector_sum(crowd->collector) != NULL)
        crowd_expect_sum(crowd);
}

/* Boxes are for members, who alone can open them (SEALED, above); a share is
 * seen to be wrong when the seed is rebuilt. */
static bool is_for_others(enum collector_step step, size_t at)
{
    return step == COLLECT_REVEALS || (step == COLLECT_SHARES && at >= 96);
}

static void check_body_with(enum collector_step step, size_t at, size_t cut)
{
    struct crowd *crowd = begin(step);
    struct buffer body;
    say(crowd, &body);
    if (at < body.size)
        body.data[at] ^= 1;
    const struct view told = {body.data, cut < body.size ? cut : body.size};
    enum status status = hear(crowd, told);
    if (status == STATUS_OK && !(is_for_others(step, at) && cut >= body.size))
        fail_msg("step %d, byte %zu of %zu may be anything", (int)step, at,
            told.size);
    if (status == STATUS_OK)
        check_sum_is_right_or_missing(crowd);
    buffer_fini(&body);
    end(crowd);
}

static size_t body_size(enum collector_step step)
{
    struct crowd *crowd = begin(step);
    struct buffer body;
    say(crowd, &body);
    size_t size = body.size;
    assert_int_equal(hear(crowd, buffer_view(&body)), STATUS_OK);
    buffer_fini(&body);
    end(crowd);
    return size;
}

static void test_every_body_of_a_member_is_bound(void **state)
{
    (void)state;
    for (int i = COLLECT_KEYS; i <= COLLECT_REVEALS; i++) {
        enum collector_step step = (enum collector_step)i;
        const size_t size = body_size(step);
        for (size_t at = 0; at < size; at += STRIDE) {
            check_body_with(step, at, SIZE_MAX);
            check_body_with(step, SIZE_MAX, at);
        }
        check_body_with(step, size - 1, SIZE_MAX);
        check_body_with(step, SIZE_MAX, size - 1);
    }
}

/* A masked vector is signed: each of its bytes. */
static void test_every_byte_of_a_masked_vector_is_bound(void **state)
{
    (void)state;
    for (size_t at = 0; at < LENGTH * VECTOR_ELEMENT_BYTES; at++) {
        struct crowd *crowd = begin(COLLECT_MASKED);
        struct buffer body;
        say(crowd, &body);
        ((uint8_t *)crowd->vectors[0].elements)[at] ^= 1;
        assert_int_not_equal(hear(crowd, buffer_view(&body)), STATUS_OK);
        buffer_fini(&body);
        end(crowd);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_message_to_a_member_is_bound),
        cmocka_unit_test(test_every_body_of_a_member_is_bound),
        cmocka_unit_test(test_every_byte_of_a_masked_vector_is_bound),
    };
    if (keys_start() != STATUS_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
