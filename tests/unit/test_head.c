#include "protocol/wire/head.h"
#include "tests/unit/test.h"

static struct keypair *keys;

static int setup(void **state)
{
    (void)state;
    return keys_start() == STATUS_OK &&
                   keypair_create(&keys, "cleveland") == STATUS_OK
               ? 0
               : -1;
}

static int teardown(void **state)
{
    (void)state;
    keypair_destroy(keys);
    return 0;
}

static struct head signed_head(int64_t era, int64_t length)
{
    struct head head = {.era = era,
        .length = length,
        .digest = digest_of(view_of_text("record"))};
    assert_int_equal(head_sign(&head, keys), STATUS_OK);
    return head;
}

static void test_head_verify_after_any_change_fails(void **state)
{
    (void)state;
    struct head head = signed_head(1, 57);
    struct buffer body;
    assert_true(head_verify(&head));
    buffer_init(&body, HEAD_BYTES);
    assert_int_equal(head_append(&body, &head), STATUS_OK);
    assert_int_equal(body.size, HEAD_BYTES);
    for (size_t i = 0; i < HEAD_BYTES; i++) {
        struct head changed;
        body.data[i] ^= 1;
        if (heads_get(buffer_view(&body), 0, &changed) == STATUS_OK)
            assert_false(head_verify(&changed));
        body.data[i] ^= 1;
    }
    struct head again;
    assert_int_equal(heads_get(buffer_view(&body), 0, &again), STATUS_OK);
    assert_true(head_verify(&again));
    assert_true(again.era == 1 && again.length == 57);
    buffer_fini(&body);
}

/* The bytes that protocol/README.md names, put together here. */
static void test_head_signature_is_over_the_documented_bytes(void **state)
{
    (void)state;
    const struct head head = signed_head(2, 0x1234);
    uint8_t bytes[17 + 16 + 32] = "cohortium-head-1\n";
    bytes[17] = 2;
    bytes[25] = 0x34;
    bytes[26] = 0x12;
    memcpy(bytes + 33, head.digest.bytes, 32);
    assert_true(signature_verify(&head.signature,
        (struct view){bytes, sizeof bytes}, &keypair_identity(keys)->sign));
}

static void test_head_of_a_later_era_is_later_however_short(void **state)
{
    (void)state;
    const struct head long_one = signed_head(1, 900);
    const struct head short_one = signed_head(2, 3);
    const struct head longer = signed_head(2, 4);
    assert_true(head_compare(&long_one, &short_one) < 0);
    assert_true(head_compare(&short_one, &long_one) > 0);
    assert_true(head_compare(&short_one, &longer) < 0);
    assert_int_equal(head_compare(&longer, &longer), 0);
}

static void test_heads_that_are_no_records_are_malformed(void **state)
{
    (void)state;
    static uint8_t bytes[(HEADS_MAX + 1) * HEAD_BYTES];
    size_t count;
    struct head head;
    for (size_t size = 1; size < HEAD_BYTES; size++)
        assert_int_equal(
            heads_count((struct view){bytes, size}, &count), STATUS_MALFORMED);
    assert_int_equal(heads_count((struct view){bytes, sizeof bytes}, &count),
        STATUS_MALFORMED);
    assert_int_equal(heads_count((struct view){bytes, 0}, &count), STATUS_OK);
    assert_int_equal(count, 0);
    assert_int_equal(heads_get((struct view){bytes, HEAD_BYTES}, 0, &head),
        STATUS_MALFORMED); /* era 0 */
    bytes[32] = 1;
    assert_int_equal(
        heads_get((struct view){bytes, HEAD_BYTES}, 0, &head), STATUS_OK);
    bytes[46] = 0x40; /* more records than can be counted */
    assert_int_equal(heads_get((struct view){bytes, HEAD_BYTES}, 0, &head),
        STATUS_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_head_verify_after_any_change_fails),
        cmocka_unit_test(test_head_signature_is_over_the_documented_bytes),
        cmocka_unit_test(test_head_of_a_later_era_is_later_however_short),
        cmocka_unit_test(test_heads_that_are_no_records_are_malformed),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
