#include <stdlib.h>

#include <sodium.h>

#include "protocol/masking/shares.h"
#include "protocol/masking/stream.h"
#include "tests/unit/masking_fixture.h"
#include "tests/unit/test.h"

static void run_with_drops(size_t count, size_t drops, enum collector_step when)
{
    struct crowd *crowd = malloc(sizeof *crowd);
    crowd_init(crowd, count, 100, 3);
    while (collector_step(crowd->collector) != COLLECT_OVER) {
        for (size_t i = 0; i < drops; i++)
            if (collector_step(crowd->collector) == when)
                crowd->present[i] = false;
        assert_int_equal(crowd_step(crowd), STATUS_OK);
    }
    crowd_expect_sum(crowd);
    crowd_fini(crowd);
    free(crowd);
}

static void test_masking_sum_is_exact_whoever_drops_out(void **state)
{
    (void)state;
    static const size_t sizes[] = {3, 4, 5, 13, 31};
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        size_t most = sizes[s] - masking_threshold(sizes[s]);
        run_with_drops(sizes[s], 0, COLLECT_KEYS);
        run_with_drops(sizes[s], most, COLLECT_SHARES);
        run_with_drops(sizes[s], most, COLLECT_MASKED);
        run_with_drops(sizes[s], most, COLLECT_VOTES);
        run_with_drops(sizes[s], most, COLLECT_REVEALS);
    }
}

static void test_masking_one_drop_too_many_ends_it(void **state)
{
    (void)state;
    for (int when = COLLECT_SHARES; when <= COLLECT_REVEALS; when++) {
        struct crowd *crowd = malloc(sizeof *crowd);
        enum status status = STATUS_OK;
        crowd_init(crowd, 13, 10, 3);
        while (status == STATUS_OK) {
            for (size_t i = 0; i < 5; i++)
                if ((int)collector_step(crowd->collector) == when)
                    crowd->present[i] = false;
            status = crowd_step(crowd);
        }
        assert_int_equal(status, STATUS_TOO_FEW_CENTERS);
        assert_null(collector_sum(crowd->collector));
        crowd_fini(crowd);
        free(crowd);
    }
}

/* A member's vector of a later round, masked and handed in. */
static void mask_round(
    struct crowd *crowd, size_t i, uint32_t round, const struct digest *told)
{
    struct vector *vector = &crowd->vectors[i];
    for (size_t k = 0; k < 33; k++) {
        vector->elements[k] = (int128)(round * i) - (int128)k;
        crowd->expected[k] += vector->elements[k];
    }
    buffer_clear(&crowd->out[i]);
    assert_int_equal(member_mask_round(crowd->members[i], round, told, vector,
                         &crowd->out[i]),
        STATUS_OK);
    assert_int_equal(
        collector_take(crowd->collector, (uint32_t)i + 1,
            buffer_view(&crowd->out[i]),
            (struct view){(uint8_t *)vector->elements, (size_t)33 * 16}),
        STATUS_OK);
}

static void test_masking_later_rounds_add_up(void **state)
{
    (void)state;
    struct crowd *crowd = malloc(sizeof *crowd);
    crowd_init(crowd, 7, 33, 3);
    crowd->present[2] = false;
    assert_int_equal(crowd_run(crowd), STATUS_OK);
    for (uint32_t round = 2; round < 6; round++) {
        struct digest told = {{(uint8_t)round}};
        assert_int_equal(
            collector_start_round(crowd->collector, round, &told, 33),
            STATUS_OK);
        memset(crowd->expected, 0, 33 * sizeof(int128));
        for (size_t i = 0; i < 7; i++) {
            if (i != 2)
                mask_round(crowd, i, round, &told);
        }
        assert_int_equal(collector_close_step(crowd->collector), STATUS_OK);
        crowd_expect_sum(crowd);
    }
    struct digest told = {{1}};
    buffer_clear(&crowd->out[0]);
    assert_int_equal(member_mask_round(crowd->members[0], 5, &told,
                         &crowd->vectors[0], &crowd->out[0]),
        STATUS_NOT_ALLOWED);
    crowd_fini(crowd);
    free(crowd);
}

/* What member 0 says in round 2 when it was told `told`: a tag and its vector.
 */
static void say_round(struct crowd *crowd, const struct digest *told)
{
    crowd_init(crowd, 5, 4, 3);
    assert_int_equal(crowd_run(crowd), STATUS_OK);
    buffer_clear(&crowd->out[0]);
    memset(crowd->vectors[0].elements, 0, 4 * sizeof(int128));
    assert_int_equal(member_mask_round(crowd->members[0], 2, told,
                         &crowd->vectors[0], &crowd->out[0]),
        STATUS_OK);
}

/* What is said as member `from`, while the collector tells told 1. */
static enum status hear_round(struct crowd *crowd, uint32_t from)
{
    const struct digest told = {{1}};
    assert_int_equal(
        collector_start_round(crowd->collector, 2, &told, 4), STATUS_OK);
    return collector_take(crowd->collector, from, buffer_view(&crowd->out[0]),
        (struct view){
            (uint8_t *)crowd->vectors[0].elements, 4 * sizeof(int128)});
}

static void test_masking_a_round_of_somebody_else_is_refused(void **state)
{
    (void)state;
    enum { AS_IT_IS, OTHER_TAG, SHORT_TAG, OTHER_VECTOR, OTHER_MEMBER, CASES };
    for (int bent = AS_IT_IS; bent < CASES; bent++) {
        const struct digest told = {{1}};
        struct crowd *crowd = malloc(sizeof *crowd);
        assert_non_null(crowd);
        say_round(crowd, &told);
        if (bent == OTHER_TAG)
            crowd->out[0].data[STEP_TAG_BYTES - 1] ^= 1;
        if (bent == SHORT_TAG)
            crowd->out[0].size--;
        if (bent == OTHER_VECTOR)
            crowd->vectors[0].elements[3] ^= 1;
        assert_int_equal(hear_round(crowd, bent == OTHER_MEMBER ? 2 : 1),
            bent == AS_IT_IS    ? STATUS_OK
            : bent == SHORT_TAG ? STATUS_MALFORMED
                                : STATUS_BAD_SIGNATURE);
        crowd_fini(crowd);
        free(crowd);
    }
}

static void test_masking_a_round_of_something_else_is_refused(void **state)
{
    (void)state;
    const struct digest other = {{2}};
    struct crowd *crowd = malloc(sizeof *crowd);
    assert_non_null(crowd);
    say_round(crowd, &other);
    assert_int_equal(hear_round(crowd, 1), STATUS_BAD_SIGNATURE);
    crowd_fini(crowd);
    free(crowd);
}

/* One reveal that is not what was shared spoils nothing while enough others
 * are there. */
static void test_masking_a_wrong_share_is_worked_around(void **state)
{
    (void)state;
    struct crowd *crowd = malloc(sizeof *crowd);
    crowd_init(crowd, 7, 5, 3);
    while (collector_step(crowd->collector) != COLLECT_REVEALS)
        assert_int_equal(crowd_step(crowd), STATUS_OK);
    struct buffer votes;
    buffer_init(&votes, BUFFER_LIMIT_DEFAULT);
    assert_int_equal(collector_write(crowd->collector, 1, &votes), STATUS_OK);
    for (size_t i = 0; i < 7; i++) {
        buffer_clear(&crowd->out[i]);
        assert_int_equal(member_take_votes(crowd->members[i],
                             buffer_view(&votes), &crowd->out[i]),
            STATUS_OK);
        if (i == 1)
            crowd->out[i].data[40] ^= 1;
        assert_int_equal(collector_take(crowd->collector, (uint32_t)i + 1,
                             buffer_view(&crowd->out[i]), (struct view){0}),
            STATUS_OK);
    }
    assert_int_equal(collector_close_step(crowd->collector), STATUS_OK);
    crowd_expect_sum(crowd);
    buffer_fini(&votes);
    crowd_fini(crowd);
    free(crowd);
}

static void test_member_headroom_is_refused(void **state)
{
    (void)state;
    struct crowd *crowd = malloc(sizeof *crowd);
    crowd_init(crowd, 5, 4, 3);
    crowd->vectors[2].elements[1] = ((int128)1 << 123) + 1;
    assert_int_equal(crowd_run(crowd), STATUS_OUT_OF_RANGE);
    crowd_fini(crowd);
    free(crowd);
}

static void test_shares_any_threshold_of_them_rebuild(void **state)
{
    (void)state;
    struct secret seed, found, shares[9], some[5], weights[5];
    uint32_t holders[9], chosen[5];
    for (uint32_t i = 0; i < 9; i++)
        holders[i] = 3 * i + 1;
    masking_draw_seed(&seed);
    assert_int_equal(shares_split(shares, &seed, holders, 9, 5), STATUS_OK);
    for (size_t from = 0; from < 9; from++) {
        for (size_t i = 0; i < 5; i++) {
            chosen[i] = holders[(from + i) % 9];
            some[i] = shares[(from + i) % 9];
        }
        assert_int_equal(shares_weights(weights, chosen, 5), STATUS_OK);
        shares_join(&found, some, weights, 5);
        assert_memory_equal(&found, &seed, sizeof seed);
        assert_int_equal(shares_weights(weights, chosen, 4), STATUS_OK);
        shares_join(&found, some, weights, 4);
        assert_memory_not_equal(&found, &seed, sizeof seed);
    }
    chosen[1] = chosen[0];
    assert_int_equal(shares_weights(weights, chosen, 5), STATUS_MALFORMED);
    chosen[1] = 0;
    assert_int_equal(shares_weights(weights, chosen, 5), STATUS_MALFORMED);
}

/* Holders of every width, and more coefficients than one reduction bears. */
static void test_shares_of_far_holders_rebuild(void **state)
{
    (void)state;
    enum { HOLDERS = 320, NEEDED = 300 };
    static struct secret shares[HOLDERS], weights[HOLDERS];
    uint32_t holders[HOLDERS];
    struct secret seed, found;
    for (uint32_t i = 0; i < HOLDERS; i++)
        holders[i] = i < 32 ? (uint32_t)1 << i : UINT32_MAX - i;
    masking_draw_seed(&seed);
    assert_int_equal(
        shares_split(shares, &seed, holders, HOLDERS, NEEDED), STATUS_OK);
    for (size_t from = 0; from <= HOLDERS - NEEDED; from += 10) {
        assert_int_equal(
            shares_weights(weights, holders + from, NEEDED), STATUS_OK);
        shares_join(&found, shares + from, weights, NEEDED);
        assert_memory_equal(&found, &seed, sizeof seed);
    }
}

static void test_masking_agree_low_order_key_is_malformed(void **state)
{
    (void)state;
    struct secret own, shared;
    struct public_key zero = {{0}};
    masking_draw_seed(&own);
    assert_int_equal(masking_agree(&shared, &own, &zero), STATUS_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_masking_sum_is_exact_whoever_drops_out),
        cmocka_unit_test(test_masking_one_drop_too_many_ends_it),
        cmocka_unit_test(test_masking_later_rounds_add_up),
        cmocka_unit_test(test_masking_a_round_of_somebody_else_is_refused),
        cmocka_unit_test(test_masking_a_round_of_something_else_is_refused),
        cmocka_unit_test(test_masking_a_wrong_share_is_worked_around),
        cmocka_unit_test(test_member_headroom_is_refused),
        cmocka_unit_test(test_shares_any_threshold_of_them_rebuild),
        cmocka_unit_test(test_shares_of_far_holders_rebuild),
        cmocka_unit_test(test_masking_agree_low_order_key_is_malformed),
    };
    if (keys_start() != STATUS_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
