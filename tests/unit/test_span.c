/* Sets of people against what a study was told; span_values.py has more. */
#include <string.h>

#include "policy/span.h"

#include "test.h"

#define PEOPLE 11

static struct span *new_span(void)
{
    struct span *span;
    assert_int_equal(span_create(&span, 1), STATUS_OK);
    return span;
}

static enum span_answer answer_of(
    const struct span *span, int64_t weight, const int64_t *shared)
{
    struct span_decision decision;
    assert_int_equal(span_decide(span, PEOPLE, weight, shared, &decision), STATUS_OK);
    return decision.answer;
}

static void test_span_decide_first_set_is_exact_from_k_people(void **state)
{
    (void)state;
    struct span *span = new_span();
    assert_int_equal(answer_of(span, 0, NULL), SPAN_FEW);
    assert_int_equal(answer_of(span, PEOPLE - 1, NULL), SPAN_FEW);
    assert_int_equal(answer_of(span, PEOPLE, NULL), SPAN_EXACT);
    span_destroy(span);
}

static void test_span_decide_set_that_differs_by_few_takes_the_other(
    void **state)
{
    (void)state;
    struct span *span = new_span();
    assert_int_equal(span_add(span, 100, NULL), STATUS_OK);
    struct span_decision decision;
    /* 90 of the 100: they differ by 10. */
    assert_int_equal(
        span_decide(span, PEOPLE, 90, (int64_t[]){90}, &decision), STATUS_OK);
    assert_int_equal(decision.answer, SPAN_COMBINE);
    assert_int_equal(decision.term_count, 1);
    assert_int_equal(decision.terms[0].coefficient, 1);
    assert_int_equal(decision.difference, 10);
    assert_true(decision.is_set);
    assert_int_equal(answer_of(span, 89, (int64_t[]){89}), SPAN_EXACT);
    span_destroy(span);
}

/* The whole, its men and its women but one: the women are told as the whole
 * less the men. */
static void test_span_decide_difference_of_two_answers_is_found(void **state)
{
    (void)state;
    struct span *span = new_span();
    assert_int_equal(span_add(span, 1000, NULL), STATUS_OK);
    assert_int_equal(span_add(span, 400, (int64_t[]){400}), STATUS_OK);
    struct span_decision decision;
    assert_int_equal(
        span_decide(span, PEOPLE, 599, (int64_t[]){599, 0}, &decision), STATUS_OK);
    assert_int_equal(decision.answer, SPAN_COMBINE);
    assert_int_equal(decision.term_count, 2);
    assert_int_equal(decision.terms[0].coefficient, 1);
    assert_int_equal(decision.terms[1].coefficient, -1);
    assert_int_equal(decision.difference, 1);
    span_destroy(span);
}

/* Four blocks of 20 and what holds two of them each: the sum of three pairs,
 * halved, is the union of three blocks, which is therefore withheld. */
static void test_span_decide_half_of_a_sum_is_withheld(void **state)
{
    (void)state;
    struct span *span = new_span();
    assert_int_equal(span_add(span, 40, NULL), STATUS_OK);
    assert_int_equal(span_add(span, 40, (int64_t[]){20}), STATUS_OK);
    assert_int_equal(span_add(span, 40, (int64_t[]){20, 20}), STATUS_OK);
    assert_int_equal(answer_of(span, 60, (int64_t[]){40, 40, 40}), SPAN_FEW);
    /* Ten people more: they make it another set, 10 away with halves. */
    assert_int_equal(answer_of(span, 70, (int64_t[]){40, 40, 40}), SPAN_EXACT);
    span_destroy(span);
}

static void test_span_decide_combination_with_twos_is_no_set(void **state)
{
    (void)state;
    struct span *span = new_span();
    /* A of 50, B of 50 and 5 in both; asked: both. The sum has five twos. */
    assert_int_equal(span_add(span, 50, NULL), STATUS_OK);
    assert_int_equal(span_add(span, 50, (int64_t[]){5}), STATUS_OK);
    struct span_decision decision;
    assert_int_equal(
        span_decide(span, PEOPLE, 95, (int64_t[]){50, 50}, &decision), STATUS_OK);
    assert_int_equal(decision.answer, SPAN_COMBINE);
    assert_int_equal(decision.difference, 5);
    assert_false(decision.is_set);
    span_destroy(span);
}

static void test_span_figures_of_no_sets_are_refused(void **state)
{
    (void)state;
    struct span *span = new_span();
    struct span_decision decision;
    assert_int_equal(span_add(span, 50, NULL), STATUS_OK);
    const struct {
        int64_t weight, shared;
    } bad[] = {{-1, 0}, {20, -1}, {20, 21}, {60, 51}, {SPAN_WEIGHT_MAX + 1, 0}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(
            span_decide(span, PEOPLE, bad[i].weight, &bad[i].shared, &decision),
            STATUS_MALFORMED);
        assert_int_equal(
            span_add(span, bad[i].weight, &bad[i].shared), STATUS_MALFORMED);
    }
    assert_int_equal(span_count(span), 1);
    span_destroy(span);
}

static void test_span_add_set_within_the_span_is_refused(void **state)
{
    (void)state;
    struct span *span = new_span();
    assert_int_equal(span_add(span, 50, NULL), STATUS_OK);
    assert_int_equal(span_add(span, 50, (int64_t[]){50}), STATUS_MALFORMED);
    assert_int_equal(span_count(span), 1);
    span_destroy(span);
}

/* A patient of two exams, of which one is asked for, weighs a half. */
static void test_span_decide_exams_weigh_parts_of_a_patient(void **state)
{
    (void)state;
    struct span *span;
    assert_int_equal(span_create(&span, 2), STATUS_OK);
    assert_int_equal(answer_of(span, 2 * PEOPLE - 1, NULL), SPAN_FEW);
    assert_int_equal(answer_of(span, 2 * PEOPLE, NULL), SPAN_EXACT);
    span_destroy(span);
}

static void test_span_create_bounds_are_checked(void **state)
{
    (void)state;
    struct span *span;
    assert_int_equal(span_create(&span, 0), STATUS_OUT_OF_RANGE);
    assert_int_equal(span_create(&span, (1 << 20) + 1), STATUS_OUT_OF_RANGE);
    assert_null(span);
    span_destroy(NULL);
}

/* Sets that share nobody: room is made as they come. */
static void test_span_add_many_sets_are_kept(void **state)
{
    (void)state;
    static const int64_t none[300];
    int64_t all[300];
    struct span *span = new_span();
    for (size_t i = 0; i < 300; i++) {
        assert_int_equal(span_add(span, 20, none), STATUS_OK);
        all[i] = 20;
    }
    assert_int_equal(span_count(span), 300);
    /* All of them together: more terms than a combination may have. */
    assert_int_equal(answer_of(span, 300 * 20, all), SPAN_FEW);
    /* A hundred of them. */
    memset(all + 100, 0, 200 * sizeof *all);
    assert_int_equal(answer_of(span, 100 * 20, all), SPAN_COMBINE);
    span_destroy(span);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_span_decide_first_set_is_exact_from_k_people),
        cmocka_unit_test(
            test_span_decide_set_that_differs_by_few_takes_the_other),
        cmocka_unit_test(test_span_decide_difference_of_two_answers_is_found),
        cmocka_unit_test(test_span_decide_half_of_a_sum_is_withheld),
        cmocka_unit_test(test_span_decide_combination_with_twos_is_no_set),
        cmocka_unit_test(test_span_figures_of_no_sets_are_refused),
        cmocka_unit_test(test_span_add_set_within_the_span_is_refused),
        cmocka_unit_test(test_span_decide_exams_weigh_parts_of_a_patient),
        cmocka_unit_test(test_span_create_bounds_are_checked),
        cmocka_unit_test(test_span_add_many_sets_are_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
