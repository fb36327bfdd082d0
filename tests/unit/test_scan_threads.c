/* Several threads give the bytes of one, patients over the cuts included. */
#include "protocol/analysis/assigned.h"

#include "analysis_fixture.h"

#define ROWS 400000 /* enough for the scan to use several threads */

static int16_t volume[ROWS] __attribute__((aligned(64)));
static int8_t sex[ROWS] __attribute__((aligned(64)));
static uint32_t patients[ROWS];
static struct table table;

static uint32_t draw(uint64_t *seed, uint32_t below)
{
    *seed = *seed * 6364136223846793005ULL + 1442695040888963407ULL;
    return (uint32_t)(*seed >> 33) % below;
}

static int setup(void **state)
{
    uint64_t seed = 11;
    (void)state;
    table_create(&table,
        "{\"id\":\"t\",\"version\":1,\"variables\":["
        "{\"name\":\"volume\",\"type\":\"integer\",\"min\":-400,\"max\":400},"
        "{\"name\":\"sex\",\"type\":\"boolean\"}]}",
        NULL, 0, NULL);
    for (size_t i = 0; i < ROWS; i++) {
        bool missing = draw(&seed, 20) == 0;
        volume[i] = (int16_t)(missing ? INT16_MIN : draw(&seed, 801) - 400);
        sex[i] = (int8_t)(draw(&seed, 30) == 0 ? INT8_MIN : draw(&seed, 2));
        /* people with 1 to about 40 rows */
        patients[i] = i == 0 ? 0 : patients[i - 1] + (draw(&seed, 8) == 0);
    }
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    table_destroy(&table);
    return 0;
}

static void check(const char *unit, bool with_patients)
{
    const struct column columns[] = {{2, volume}, {1, sex}};
    const struct rows rows = {.count = ROWS,
        .patient_count = with_patients ? patients[ROWS - 1] + 1 : ROWS,
        .patients = with_patients ? patients : NULL,
        .columns = columns};
    struct contribution one;
    struct asked asked;
    char query[512];
    snprintf(query, sizeof query,
        "{\"cohort\":\"volume >= -350\",\"unit\":\"%s\",\"by\":[\"sex\"],"
        "\"analyses\":[{\"count\":{}},{\"summary\":{\"variables\":[\"volume\","
        "\"sex\"]}},{\"frequency\":{\"variable\":\"sex\"}},{\"histogram\":"
        "{\"variable\":\"volume\",\"width\":50}},{\"quantile\":{\"variable\":"
        "\"volume\",\"probs\":[0.5]}}]}",
        unit);
    ask(&asked, &table, query, 0);
    assert_int_equal(plan_contribute(asked.plan, &rows, 1, &one), STATUS_OK);
    for (int threads = 2; threads <= 5; threads++) {
        struct contribution several;
        assert_int_equal(
            plan_contribute(asked.plan, &rows, threads, &several), STATUS_OK);
        assert_memory_equal(several.vector.elements, one.vector.elements,
            one.vector.length * sizeof(int128));
        assert_memory_equal(several.facts, one.facts,
            asked.plan->fact_count * sizeof *one.facts);
        assert_true(several.cohort_rows == one.cohort_rows);
        assert_true(several.cohort_people == one.cohort_people);
        contribution_fini(&several);
    }
    contribution_fini(&one);
    asked_destroy(&asked);
}

/* Two of three rows, whatever the set. */
static void count_most(void *arg, size_t set, int16_t *counts)
{
    (void)arg, (void)set;
    for (size_t i = 0; i < ROWS; i++)
        counts[i] = i % 3 != 0 ? 1 : 0;
}

static void test_assigned_answers_on_threads_are_the_same_bytes(void **state)
{
    const struct column columns[] = {{2, volume}, {1, sex}};
    const struct rows rows = {.count = ROWS,
        .patient_count = patients[ROWS - 1] + 1,
        .patients = patients,
        .columns = columns};
    struct asked asked;
    struct sets *sets;
    struct assigned *assigned;
    struct contribution one, several;
    uint8_t answers[16];
    (void)state;
    ask(&asked, &table,
        "{\"unit\":\"exam\",\"analyses\":[{\"summary\":{\"variables\":"
        "[\"volume\",\"sex\"]}},{\"rank_test\":{\"formula\":"
        "\"volume ~ sex\"}},{\"lm\":{\"formula\":\"volume ~ sex\"}}]}",
        0);
    assert_int_equal(sets_create(&sets, asked.plan), STATUS_OK);
    assert_true(sets->count <= sizeof answers);
    memset(answers, SET_COMBINED, sizeof answers);
    answers[1] = SET_OWN;
    const struct answered answered = {sets, answers, NULL};
    const struct assignment assignment = {
        .answered = &answered, .count_rows = count_most};
    assert_int_equal(assigned_create(&assigned, &rows, &assignment), STATUS_OK);
    assert_int_equal(
        plan_contribute_assigned(assigned, 1, NULL, &one), STATUS_OK);
    assert_int_equal(
        plan_contribute_assigned(assigned, 4, NULL, &several), STATUS_OK);
    assert_memory_equal(several.vector.elements, one.vector.elements,
        one.vector.length * sizeof(int128));
    assert_memory_equal(
        several.facts, one.facts, asked.plan->fact_count * sizeof *one.facts);
    assert_true(one.cohort_rows == ROWS - (ROWS + 2) / 3);
    contribution_fini(&one);
    contribution_fini(&several);
    assigned_destroy(assigned);
    sets_destroy(sets);
    asked_destroy(&asked);
}

static void test_plan_contribute_on_threads_is_the_same_bytes(void **state)
{
    (void)state;
    check("exam", true);
    check("patient", true);
    check("exam", false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plan_contribute_on_threads_is_the_same_bytes),
        cmocka_unit_test(test_assigned_answers_on_threads_are_the_same_bytes),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
