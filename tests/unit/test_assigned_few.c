/* Rows that count other than once, and parts that are not told. */
#include "protocol/analysis/fit.h"
#include "protocol/analysis/leverage.h"
#include "protocol/analysis/row_bits.h"
#include "protocol/analysis/tally.h"

#include "assigned_fixture.h"

/* ---- weights ---- */

static void answer_all(struct question *question, enum set_answer answer,
    void (*count_rows)(void *arg, size_t set, int16_t *counts),
    struct contribution *out)
{
    struct assigned *assigned;
    memset(question->answers, (int)answer, question->sets->count);
    const struct assignment assignment = {
        .answered = &question->answered, .count_rows = count_rows};
    assert_int_equal(
        assigned_create(&assigned, &fixture_all.rows, &assignment), STATUS_OK);
    assert_int_equal(
        plan_contribute_assigned(assigned, 1, NULL, out), STATUS_OK);
    assigned_destroy(assigned);
}

static void add_weighed(int128 *to, const int128 *cell, int weight)
{
    for (size_t k = 0; k < CELL_ABSOLUTE; k++)
        to[k] += weight * cell[k];
    to[CELL_ABSOLUTE] += (weight < 0 ? -weight : weight) * cell[CELL_ABSOLUTE];
    to[CELL_PARTS] += (int128)weight * weight * cell[CELL_PARTS];
}

static void test_weights_of_a_sum_do_not_cancel_in_what_rules_see(void **state)
{
    struct question question;
    struct contribution found;
    int128 expected[2 * MOMENTS_CELL] = {0}, rows = 0, people = 0;
    uint128 largest = 0;
    (void)state;
    question_init(&question,
        "{\"summary\":{\"variables\":[\"wide\",\"x\"]}},{\"count\":{}},"
        "{\"quantile\":{\"variable\":\"x\",\"probs\":[0.5]}}",
        "\"unit\":\"exam\",");
    for (int weight = -5; weight <= 4; weight++) {
        uint8_t mask[CHANCE_ROWS];
        struct some some;
        struct contribution c;
        for (size_t i = 0; i < CHANCE_ROWS; i++)
            mask[i] = weight != 0 && weight_of(i) == weight;
        some_init(&some, 0, CHANCE_ROWS, mask, 0);
        assert_int_equal(
            plan_contribute(question.plan, &some.rows, 1, &c), STATUS_OK);
        const int128 *head =
            c.vector.elements + question.plan->segments[0].first;
        const uint128 here =
            c.facts[0].largest * (uint128)(weight < 0 ? -weight : weight);
        rows += weight * head[HEAD_ROWS];
        people += weight * head[HEAD_PEOPLE];
        for (size_t v = 0; v < 2; v++)
            add_weighed(expected + v * MOMENTS_CELL,
                head + SEGMENT_HEAD + v * MOMENTS_CELL, weight);
        largest = here > largest ? here : largest;
        contribution_fini(&c);
        some_fini(&some);
    }
    /* a patient's exams may count in each of these ways */
    for (size_t v = 0; v < 2; v++)
        expected[v * MOMENTS_CELL + CELL_PARTS] *= WEIGHTS;
    largest *= WEIGHTS;
    answer_all(&question, SET_SUMMED, count_weights, &found);
    assert_int_equal(plan_check_answered(
                         question.plan, &found.vector, 1, &question.answered),
        STATUS_OK);
    const int128 *elements = found.vector.elements;
    const struct segment *segments = question.plan->segments;
    assert_memory_equal(
        elements + segments[0].first + SEGMENT_HEAD, expected, sizeof expected);
    assert_true(found.facts[0].largest == largest);
    for (size_t i = 0; i < 2; i++) {
        assert_true(elements[segments[i].first + HEAD_ROWS] == rows);
        assert_true(elements[segments[i].first + HEAD_PEOPLE] == people);
    }
    assert_true(elements[PLAN_COHORT] == people);
    /* a quantile of what is no set would be nonsense */
    const int128 *withheld = elements + segments[2].first;
    assert_true(withheld[HEAD_WITHHELD] == 1 && withheld[HEAD_RELEASED] == 0);
    for (size_t k = SEGMENT_HEAD; k < question.plan->shapes[2].length; k++)
        assert_true(withheld[k] == 0);
    contribution_fini(&found);
    question_fini(&question);
}

static void count_below_nothing(void *arg, size_t set, int16_t *counts)
{
    (void)arg, (void)set;
    for (size_t i = 0; i < CHANCE_ROWS; i++)
        counts[i] = -2;
}

/* What a center's part of a combination comes to may be below 0. */
static void test_a_sum_may_be_below_nothing(void **state)
{
    struct question question;
    struct contribution found;
    const int128 people = (int128)fixture_all.rows.patient_count;
    (void)state;
    question_init(&question, "{\"count\":{}}", "\"unit\":\"exam\",");
    answer_all(&question, SET_SUMMED, count_below_nothing, &found);
    assert_true(found.vector.elements[PLAN_COHORT] == -2 * people);
    assert_true(found.vector.elements[PLAN_HEAD + HEAD_PEOPLE] == -2 * people);
    assert_true(found.cohort_rows == 0 && found.cohort_people == 0);
    assert_int_equal(plan_check_answered(
                         question.plan, &found.vector, 1, &question.answered),
        STATUS_OK);
    assert_int_equal(
        plan_check_alone(question.plan, &found.vector, 1), STATUS_OK);
    assert_int_equal(
        plan_check_vector(question.plan, &found.vector), STATUS_OUT_OF_RANGE);
    contribution_fini(&found);
    question_fini(&question);
}

/* A test of which one group is a combination that is no set tells nothing of
 * it; what else is in the sum is still looked at. */
static void test_a_test_of_sums_holds(void **state)
{
    struct question question;
    struct contribution found;
    (void)state;
    question_init(&question,
        "{\"t_test\":{\"formula\":\"x ~ event\"}},"
        "{\"summary\":{\"variables\":[\"x\"]}}",
        "");
    answer_all(&question, SET_SUMMED, count_weights, &found);
    assert_int_equal(plan_check_answered(
                         question.plan, &found.vector, 1, &question.answered),
        STATUS_OK);
    assert_int_equal(
        plan_check_alone(question.plan, &found.vector, 1), STATUS_OK);
    int128 *cell =
        found.vector.elements + question.plan->segments[1].first + SEGMENT_HEAD;
    cell[CELL_WITHHELD] = 2;
    assert_int_equal(plan_check_answered(
                         question.plan, &found.vector, 1, &question.answered),
        STATUS_OUT_OF_RANGE);
    assert_int_equal(
        plan_check_alone(question.plan, &found.vector, 1), STATUS_OUT_OF_RANGE);
    contribution_fini(&found);
    question_fini(&question);
}

static void test_a_false_combination_is_out_of_range(void **state)
{
    struct question question;
    struct assigned *assigned;
    (void)state;
    question_init(&question, "{\"count\":{}}", "");
    question.answers[0] = SET_COMBINED; /* which counts a row -5 times */
    const struct assignment assignment = {
        .answered = &question.answered, .count_rows = count_weights};
    assert_int_equal(assigned_create(&assigned, &fixture_all.rows, &assignment),
        STATUS_OUT_OF_RANGE);
    assert_null(assigned);
    question_fini(&question);
}

/* ---- few ---- */

static void test_a_part_of_few_is_withheld_alone(void **state)
{
    struct question question;
    struct assigned *assigned;
    struct contribution plain, found;
    (void)state;
    question_init(&question,
        "{\"summary\":{\"variables\":[\"x\",\"wide\"]}},"
        "{\"km\":{\"formula\":\"Surv(time, event) ~ site\"}},"
        "{\"lm\":{\"formula\":\"x ~ site\"}},"
        "{\"rank_test\":{\"formula\":\"wide ~ site\"}}",
        "");
    const struct sets *sets = question.sets;
    question.answers[sets->parts[sets->first_part[0]].set] = SET_FEW;
    question.answers[sets->parts[sets->first_part[1]].set] = SET_FEW;
    question.answers[sets->parts[sets->first_part[3]].set] = SET_FEW;
    question.few[2] = 1;
    const struct assignment assignment = {.answered = &question.answered};
    assert_int_equal(
        assigned_create(&assigned, &fixture_all.rows, &assignment), STATUS_OK);
    assert_int_equal(
        plan_contribute_assigned(assigned, 1, NULL, &found), STATUS_OK);
    assert_int_equal(
        plan_contribute(question.plan, &fixture_all.rows, 1, &plain),
        STATUS_OK);
    assert_int_equal(
        plan_check_vector(question.plan, &found.vector), STATUS_OK);
    for (size_t k = 0; k < MOMENTS_CELL; k++)
        assert_true(
            cell_of(&question, &found, 0, 0)[k] == (k == CELL_WITHHELD));
    assert_memory_equal(cell_of(&question, &found, 0, 1),
        cell_of(&question, &plain, 0, 1), MOMENTS_CELL * sizeof(int128));
    /* of a curve's steps the first says it for all */
    const size_t steps = question.plan->shapes[1].tables[0].columns;
    for (size_t i = 0; i < steps; i++) {
        const int128 *cell = cell_of(&question, &found, 1, i);
        assert_true(cell[CELL_ROWS] == 0 && cell[CELL_WITHHELD] == (i == 0));
    }
    assert_memory_equal(cell_of(&question, &found, 1, steps),
        cell_of(&question, &plain, 1, steps),
        steps * COUNTS_CELL * sizeof(int128));
    /* a fit with a level of few, and groups that are counted in one cell */
    for (size_t i = 2; i < 4; i++) {
        const int128 *head =
            found.vector.elements + question.plan->segments[i].first;
        assert_true(head[HEAD_RELEASED] == 0 && head[HEAD_WITHHELD] == 1);
        assert_true(head[HEAD_ROWS] == 0 && head[SEGMENT_HEAD] == 0);
    }
    contribution_fini(&plain);
    contribution_fini(&found);
    assigned_destroy(assigned);
    question_fini(&question);
}

static void test_a_result_says_what_was_completed_and_what_is_few(void **state)
{
    struct question question;
    struct contribution own;
    struct fit *fit;
    json_t *results = NULL;
    (void)state;
    question_init(&question,
        "{\"summary\":{\"variables\":[\"x\",\"wide\"]}},"
        "{\"frequency\":{\"variable\":\"group\"}},"
        "{\"lm\":{\"formula\":\"x ~ shape[2]\"}},"
        "{\"correlation\":{\"variables\":[\"x\",\"time\"]}}",
        "");
    const struct sets *sets = question.sets;
    question.answers[sets->parts[sets->first_part[0] + 1].set] = SET_COMBINED;
    question.answers[sets->parts[sets->first_part[2]].set] = SET_COMBINED;
    question.few[3] = 1;
    assert_int_equal(
        plan_contribute(question.plan, &fixture_all.rows, 1, &own), STATUS_OK);
    int128 *withheld = own.vector.elements + question.plan->segments[3].first;
    memset(withheld, 0, question.plan->shapes[3].length * sizeof *withheld);
    withheld[HEAD_WITHHELD] = 1;
    assert_int_equal(
        fit_create(&fit, question.plan, &own.vector, 1), STATUS_OK);
    fit->answered = &question.answered;
    assert_int_equal(fit_finish(fit, 1, &results), STATUS_OK);
    static const char *const completed[] = {
        "[\"wide\"]", NULL, "[\"x\",\"shape\"]", NULL};
    for (size_t i = 0; i < 4; i++) {
        const json_t *entry = json_array_get(results, i);
        const json_t *names = json_object_get(entry, "completed");
        char *text = json_dumps(names, JSON_COMPACT);
        if (completed[i] == NULL)
            assert_null(names);
        else
            assert_string_equal(text, completed[i]);
        free(text);
        assert_int_equal(json_object_get(entry, "rule") != NULL, i == 3);
    }
    assert_text(json_array_get(results, 3), "rule", "few");
    json_decref(results);
    fit_destroy(fit);
    contribution_fini(&own);
    question_fini(&question);
}

/* Of a test a group is no set: what is told of the test is that it is few. */
static void test_a_test_without_a_group_says_few(void **state)
{
    struct question question;
    struct contribution found;
    struct assigned *assigned;
    struct fit *fit;
    json_t *results = NULL;
    (void)state;
    question_init(&question,
        "{\"t_test\":{\"formula\":\"x ~ event\"}},"
        "{\"rank_test\":{\"formula\":\"x ~ event\"}}",
        "");
    const struct sets *sets = question.sets;
    question.answers[sets->parts[sets->first_part[0]].set] = SET_SUMMED;
    const struct assignment assignment = {
        .answered = &question.answered, .count_rows = count_weights};
    assert_int_equal(
        assigned_create(&assigned, &fixture_all.rows, &assignment), STATUS_OK);
    assert_int_equal(
        plan_contribute_assigned(assigned, 1, NULL, &found), STATUS_OK);
    assert_int_equal(
        fit_create(&fit, question.plan, &found.vector, 1), STATUS_OK);
    fit->answered = &question.answered;
    assert_int_equal(fit_finish(fit, 11, &results), STATUS_OK);
    for (size_t i = 0; i < 2; i++) {
        const json_t *entry = json_array_get(results, i);
        assert_true(json_is_true(json_object_get(entry, "suppressed")));
        assert_text(entry, "rule", "few");
        assert_null(json_object_get(entry, "message"));
    }
    json_decref(results);
    fit_destroy(fit);
    contribution_fini(&found);
    assigned_destroy(assigned);
    question_fini(&question);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_weights_of_a_sum_do_not_cancel_in_what_rules_see),
        cmocka_unit_test(test_a_sum_may_be_below_nothing),
        cmocka_unit_test(test_a_test_of_sums_holds),
        cmocka_unit_test(test_a_false_combination_is_out_of_range),
        cmocka_unit_test(test_a_part_of_few_is_withheld_alone),
        cmocka_unit_test(test_a_result_says_what_was_completed_and_what_is_few),
        cmocka_unit_test(test_a_test_without_a_group_says_few),
    };
    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
