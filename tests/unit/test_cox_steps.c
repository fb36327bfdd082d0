/* Risk sets by random counts, checked by counting them anew. */
#include <string.h>

#include "protocol/analysis/cox_steps.h"
#include "tests/unit/test.h"

#define STEPS 40

static uint32_t seed;

static uint32_t draw(uint32_t below)
{
    seed = seed * 1664525U + 1013904223U;
    return (seed >> 8) % below;
}

static void draw_counts(int128 counts[STEPS][STEP_COUNTS])
{
    const uint32_t events = 1 + draw(12), others = 1 + draw(30);
    for (size_t s = 0; s < STEPS; s++) {
        bool some = draw(3) > 0;
        counts[s][STEP_EVENTS] = some ? (int128)draw(events) : 0;
        counts[s][STEP_OTHERS] = draw(4) == 0 ? 0 : (int128)draw(others);
        /* A row more than people, here and there. */
        counts[s][STEP_EVENT_PEOPLE] = counts[s][STEP_EVENTS];
        counts[s][STEP_OTHER_PEOPLE] =
            counts[s][STEP_OTHERS] -
            (counts[s][STEP_OTHERS] > 0 && draw(5) == 0 ? 1 : 0);
        /* Some have an event here and leave here without one as well. */
        const int128 most =
            counts[s][STEP_EVENT_PEOPLE] + counts[s][STEP_OTHER_PEOPLE];
        counts[s][STEP_PEOPLE] =
            most > 0 ? most - (int128)draw((uint32_t)most / 2 + 1) : 0;
    }
}

static void check_risk_sets(const int128 counts[STEPS][STEP_COUNTS],
    const double *starts, size_t used, bool efron, int64_t limit)
{
    for (size_t g = 0; g < used; g++) {
        int128 sums[STEP_COUNTS] = {0};
        size_t first = (size_t)starts[g];
        size_t end = g + 1 < used ? (size_t)starts[g + 1] : STEPS;
        assert_true(counts[first][STEP_EVENTS] > 0);
        assert_true(first < end);
        for (size_t s = first; s < end; s++) {
            assert_int_equal(cox_risk_set(starts, STEPS, s), g + 1);
            for (size_t i = 0; i < STEP_COUNTS; i++)
                sums[i] += counts[s][i];
        }
        if (efron) {
            assert_true(sums[STEP_EVENT_PEOPLE] >= limit);
            assert_true(
                sums[STEP_OTHERS] == 0 || sums[STEP_OTHER_PEOPLE] >= limit);
        } else {
            assert_true(sums[STEP_PEOPLE] >= limit);
        }
    }
}

static void test_every_risk_set_holds_enough_people(void **state)
{
    (void)state;
    size_t merged = 0, stood = 0;
    for (seed = 1; seed < 20000; seed += 17) {
        int128 counts[STEPS][STEP_COUNTS];
        double starts[STEPS];
        uint32_t kept = seed;
        draw_counts(counts);
        for (int ties = 0; ties < 2; ties++) {
            struct cox_merge merge = {0};
            size_t events = 0;
            int64_t limit = 2 + (int64_t)draw(20);
            cox_merge_steps(&counts[0][0], STEPS,
                (struct cox_merge_rule){ties == 0, limit}, starts, STEPS,
                &merge);
            for (size_t s = 0; s < STEPS; s++)
                events += counts[s][STEP_EVENTS] > 0;
            assert_int_equal(merge.risk_sets + merge.merged, events);
            check_risk_sets(counts, starts, merge.risk_sets, ties == 0, limit);
            merged += merge.merged;
            stood += merge.risk_sets;
        }
        seed = kept;
    }
    assert_true(merged > 1000 && stood > 1000);
}

static void test_nothing_is_merged_at_limit_1(void **state)
{
    (void)state;
    int128 counts[STEPS][STEP_COUNTS] = {{0}};
    double starts[STEPS];
    struct cox_merge merge = {0};
    for (size_t s = 3; s < STEPS; s += 4)
        counts[s][STEP_EVENTS] = 1; /* of nobody new */
    cox_merge_steps(&counts[0][0], STEPS, (struct cox_merge_rule){true, 1},
        starts, STEPS, &merge);
    assert_int_equal(merge.merged, 0);
    assert_int_equal(merge.risk_sets, 10);
    assert_int_equal(cox_risk_set(starts, STEPS, 2), 0);
    assert_int_equal(cox_risk_set(starts, STEPS, 3), 1);
    assert_int_equal(cox_risk_set(starts, STEPS, 6), 1);
    assert_int_equal(cox_risk_set(starts, STEPS, 7), 2);
}

static void test_eleven_stand_and_ten_do_not(void **state)
{
    (void)state;
    for (int128 people = 10; people <= 11; people++) {
        int128 counts[2][STEP_COUNTS] = {
            {11, 11, 11, 0, 0}, {people, people, people, 0, 0}};
        double starts[2];
        struct cox_merge merge = {0};
        cox_merge_steps(&counts[0][0], 2, (struct cox_merge_rule){true, 11},
            starts, 2, &merge);
        assert_int_equal(merge.risk_sets, people == 11 ? 2 : 1);
    }
}

/* Ten people have an event and as many rows without one: ten, not twenty. */
static void test_breslow_counts_a_person_once(void **state)
{
    (void)state;
    for (int128 people = 10; people <= 11; people++) {
        int128 counts[1][STEP_COUNTS] = {{people, 10, 10, 10, 10}};
        double starts[1];
        struct cox_merge merge = {0};
        cox_merge_steps(&counts[0][0], 1, (struct cox_merge_rule){false, 11},
            starts, 1, &merge);
        assert_int_equal(merge.risk_sets, people == 11);
    }
}

static void test_room_for_few_risk_sets_is_enough(void **state)
{
    (void)state;
    int128 counts[STEPS][STEP_COUNTS];
    for (size_t room = 1; room <= STEPS; room++) {
        double starts[STEPS];
        struct cox_merge merge = {0};
        for (size_t s = 0; s < STEPS; s++) {
            counts[s][STEP_EVENTS] = counts[s][STEP_EVENT_PEOPLE] = 2;
            counts[s][STEP_OTHERS] = counts[s][STEP_OTHER_PEOPLE] = 3;
            counts[s][STEP_PEOPLE] = 5;
        }
        cox_merge_steps(&counts[0][0], STEPS, (struct cox_merge_rule){true, 1},
            starts, room, &merge);
        assert_true(merge.risk_sets >= 1 && merge.risk_sets <= room);
        assert_true(merge.risk_sets * 2 >= room);
    }
}

static void test_any_starts_find_a_place_within(void **state)
{
    (void)state;
    double starts[STEPS];
    for (seed = 1; seed < 1000; seed++) {
        for (size_t i = 0; i < STEPS; i++)
            starts[i] = (double)draw(1000) - 500;
        assert_true(cox_risk_set(starts, STEPS, draw(1000)) <= STEPS);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_risk_set_holds_enough_people),
        cmocka_unit_test(test_nothing_is_merged_at_limit_1),
        cmocka_unit_test(test_eleven_stand_and_ten_do_not),
        cmocka_unit_test(test_breslow_counts_a_person_once),
        cmocka_unit_test(test_room_for_few_risk_sets_is_enough),
        cmocka_unit_test(test_any_starts_find_a_place_within),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
