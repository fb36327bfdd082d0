/* Answers by combinations of sets: as if their rows were all that there is. */
#include "protocol/analysis/fit.h"
#include "protocol/analysis/leverage.h"
#include "protocol/analysis/row_bits.h"
#include "protocol/analysis/tally.h"

#include "assigned_fixture.h"

static size_t cut(size_t center, size_t centers)
{
    size_t end = CHANCE_ROWS * center / centers;
    while (end > 0 && end < CHANCE_ROWS &&
           fixture_table.patients[end] == fixture_table.patients[end - 1])
        end++;
    return end;
}

/* A combination: rows of the set at hand but those of x = 3. */
struct combination {
    const struct question *question;
    const struct rows *rows;
};

static bool is_left_out(const struct rows *rows, size_t row)
{
    int32_t code;
    column_read(&rows->columns[CHANCE_X], row, 1, &code);
    return code == 3;
}

static void count_rest(void *arg, size_t set, int16_t *counts)
{
    const struct combination *combination = arg;
    const struct rows *rows = combination->rows;
    uint8_t mask[CHANCE_ROWS];
    assert_int_equal(
        sets_mark(combination->question->sets, rows, set, mask), STATUS_OK);
    for (size_t i = 0; i < rows->count; i++)
        counts[i] = mask[i] != 0 && !is_left_out(rows, i) ? 1 : 0;
}

/* What one center gives: first with round NULL. */
static void add_assigned(const struct assigned *assigned,
    const struct round *told, struct vector *sum)
{
    const size_t values = assigned->sets->plan->value_count;
    double *own = calloc(values + 1, sizeof *own);
    struct contribution c;
    struct round round = {0};
    if (told != NULL) {
        round = *told;
        round.own = own;
        assert_int_equal(
            leverage_own_inverse_assigned(assigned, 1, told, own), STATUS_OK);
    }
    assert_int_equal(
        plan_contribute_assigned(assigned, 1, told == NULL ? NULL : &round, &c),
        STATUS_OK);
    assert_int_equal(vector_add(sum, &c.vector), STATUS_OK);
    contribution_fini(&c);
    free(own);
}

static void add_plain(const struct plan *plan, const struct rows *rows,
    const struct round *told, struct vector *sum)
{
    double *own = calloc(plan->value_count + 1, sizeof *own);
    struct contribution c;
    struct round round = {0};
    if (told != NULL) {
        round = *told;
        round.own = own;
        assert_int_equal(
            leverage_own_inverse(plan, rows, 1, told, own), STATUS_OK);
        assert_int_equal(
            plan_contribute_round(plan, rows, 1, &round, &c), STATUS_OK);
    } else {
        assert_int_equal(plan_contribute(plan, rows, 1, &c), STATUS_OK);
    }
    assert_int_equal(vector_add(sum, &c.vector), STATUS_OK);
    contribution_fini(&c);
    free(own);
}

/* Centers whose sets are all less x = 3, and centers that have no such row. */
struct pair {
    struct question question;
    size_t centers;
    struct some whole[CENTERS_MAX], rest[CENTERS_MAX];
    struct assigned *assigned[CENTERS_MAX];
    struct combination combinations[CENTERS_MAX];
};

static void pair_init(
    struct pair *pair, const char *text, const char *rest, size_t centers)
{
    uint8_t mask[CHANCE_ROWS];
    question_init(&pair->question, text, rest);
    memset(pair->question.answers, SET_COMBINED, pair->question.sets->count);
    pair->centers = centers;
    assert_int_equal(
        sets_mark(pair->question.sets, &fixture_all.rows, 0, mask), STATUS_OK);
    for (size_t i = 0; i < CHANCE_ROWS; i++)
        mask[i] = mask[i] != 0 && code_of(i, CHANCE_X) != 3;
    for (size_t c = 0; c < centers; c++) {
        const size_t first = cut(c, centers), end = cut(c + 1, centers);
        some_init(&pair->whole[c], first, end, NULL, c);
        some_init(&pair->rest[c], first, end, mask, c);
        pair->combinations[c] =
            (struct combination){&pair->question, &pair->whole[c].rows};
        const struct assignment assignment = {
            .answered = &pair->question.answered,
            .count_rows = count_rest,
            .arg = &pair->combinations[c]};
        assert_int_equal(assigned_create(&pair->assigned[c],
                             &pair->whole[c].rows, &assignment),
            STATUS_OK);
    }
}

static void pair_fini(struct pair *pair)
{
    for (size_t c = 0; c < pair->centers; c++) {
        assigned_destroy(pair->assigned[c]);
        some_fini(&pair->whole[c]);
        some_fini(&pair->rest[c]);
    }
    question_fini(&pair->question);
}

/* Both sums of a round, which are the same but for PLAN_REACHABLE. */
static void sum_round(
    const struct pair *pair, const struct round *round, struct vector *sum)
{
    const struct plan *plan = pair->question.plan;
    struct vector rest;
    assert_int_equal(vector_init(sum, plan->vector_length), STATUS_OK);
    assert_int_equal(vector_init(&rest, plan->vector_length), STATUS_OK);
    for (size_t c = 0; c < pair->centers; c++) {
        add_assigned(pair->assigned[c], round, sum);
        add_plain(plan, &pair->rest[c].rows, round, &rest);
    }
    assert_memory_equal(sum->elements + PLAN_COHORT,
        rest.elements + PLAN_COHORT,
        (plan->vector_length - PLAN_COHORT) * sizeof *rest.elements);
    vector_fini(&rest);
}

static uint32_t check_rest(const char *text, const char *rest, size_t centers)
{
    struct pair *pair = calloc(1, sizeof *pair);
    struct vector sum;
    struct fit *fit;
    assert_non_null(pair);
    pair_init(pair, text, rest, centers);
    sum_round(pair, NULL, &sum);
    assert_int_equal(fit_create(&fit, pair->question.plan, &sum, 1), STATUS_OK);
    vector_fini(&sum);
    while (!fit->over) {
        const struct round round = {.number = fit->number,
            .values = fit->values,
            .active = fit->active};
        sum_round(pair, &round, &sum);
        assert_int_equal(fit_advance(fit, &sum), STATUS_OK);
        vector_fini(&sum);
    }
    const uint32_t rounds = fit->number - 1;
    fit_destroy(fit);
    pair_fini(pair);
    free(pair);
    return rounds;
}

static void test_an_answer_by_combination_is_that_of_its_rows(void **state)
{
    static const size_t splits[] = {1, 2, 5, 13};
    uint32_t most = 0;
    (void)state;
    for (size_t q = 0; q < chance_question_count; q++) {
        const uint32_t rounds =
            check_rest(chance_questions[q], "", splits[q % 4]);
        check_rest(
            chance_questions[q], "\"unit\":\"exam\",", splits[(q + 1) % 4]);
        most = rounds > most ? rounds : most;
    }
    assert_true(most > 5);
}

static void test_an_answer_by_combination_at_levels(void **state)
{
    (void)state;
    for (size_t q = 0; q < chance_question_count; q += 2)
        check_rest(
            chance_questions[q], "\"cohort\":\"x >= 2\",\"by\":[\"site\"],", 2);
}

static void test_own_rows_give_the_bytes_of_a_plain_answer(void **state)
{
    (void)state;
    for (size_t q = 0; q < chance_question_count; q++) {
        struct question question;
        struct assigned *assigned;
        struct contribution plain, same;
        question_init(&question, chance_questions[q], "\"by\":[\"group\"],");
        const struct assignment assignment = {.answered = &question.answered};
        assert_int_equal(
            assigned_create(&assigned, &fixture_all.rows, &assignment),
            STATUS_OK);
        assert_int_equal(
            plan_contribute(question.plan, &fixture_all.rows, 1, &plain),
            STATUS_OK);
        assert_int_equal(
            plan_contribute_assigned(assigned, 1, NULL, &same), STATUS_OK);
        assert_memory_equal(same.vector.elements, plain.vector.elements,
            plain.vector.length * sizeof(int128));
        assert_memory_equal(same.facts, plain.facts,
            question.plan->fact_count * sizeof *plain.facts);
        contribution_fini(&plain);
        contribution_fini(&same);
        assigned_destroy(assigned);
        question_fini(&question);
    }
}

/* ---- donors ---- */

/* Everybody, whatever is missing. */
static void count_everybody(void *arg, size_t set, int16_t *counts)
{
    uint8_t mask[CHANCE_ROWS];
    (void)set;
    assert_int_equal(sets_mark(arg, &fixture_all.rows, 0, mask), STATUS_OK);
    for (size_t i = 0; i < CHANCE_ROWS; i++)
        counts[i] = mask[i] != 0 ? 1 : 0;
}

/* Each hole of these columns is filled. */
static void complete(struct some *some, const struct donors *donors,
    const size_t *columns, size_t count)
{
    for (size_t c = 0; c < count; c++) {
        for (size_t i = 0; i < CHANCE_ROWS; i++) {
            if (code_of(i, columns[c]) == VALUE_MISSING)
                put_code(&some->columns[columns[c]], i,
                    code_of(donors_find(donors, columns[c], i), columns[c]));
        }
    }
}

static void check_completed(
    const char *text, const size_t *columns, size_t count)
{
    const struct donor_lot lot = {
        fixture_key, 12, 3 * CHANCE_ROWS + 2, fixture_numbers};
    struct question question;
    struct assigned *assigned;
    struct donors *donors;
    struct some completed;
    struct contribution found, expected;
    question_init(&question, text, "");
    memset(question.answers, SET_COMBINED, question.sets->count);
    const struct assignment assignment = {.answered = &question.answered,
        .count_rows = count_everybody,
        .arg = question.sets,
        .lot = &lot};
    assert_int_equal(
        assigned_create(&assigned, &fixture_all.rows, &assignment), STATUS_OK);
    assert_int_equal(
        plan_contribute_assigned(assigned, 1, NULL, &found), STATUS_OK);
    some_init(&completed, 0, CHANCE_ROWS, NULL, 0);
    assert_int_equal(donors_create(&donors, &fixture_all.rows,
                         fixture_table.dictionary, &lot),
        STATUS_OK);
    complete(&completed, donors, columns, count);
    assert_int_equal(
        plan_contribute(question.plan, &completed.rows, 1, &expected),
        STATUS_OK);
    assert_memory_equal(found.vector.elements, expected.vector.elements,
        expected.vector.length * sizeof(int128));
    contribution_fini(&found);
    contribution_fini(&expected);
    donors_destroy(donors);
    some_fini(&completed);
    assigned_destroy(assigned);
    question_fini(&question);
}

static void test_rows_without_a_value_count_with_their_donors(void **state)
{
    static const size_t moments[] = {CHANCE_X, CHANCE_WIDE};
    static const size_t times[] = {CHANCE_TIME, CHANCE_EVENT};
    static const size_t shape[] = {
        CHANCE_ELEMENTS, CHANCE_ELEMENTS + 1, CHANCE_ELEMENTS + 2};
    (void)state;
    check_completed(
        "{\"summary\":{\"variables\":[\"x\",\"wide\"]}}", moments, 2);
    check_completed("{\"lm\":{\"formula\":\"wide ~ x\"}}", moments, 2);
    check_completed(
        "{\"km\":{\"formula\":\"Surv(time, event) ~ 1\"}}", times, 2);
    check_completed("{\"pca\":{\"vector\":\"shape\"}}", shape, 3);
    /* a table that counts missing values lets them be */
    check_completed("{\"frequency\":{\"variable\":\"group\"}}", NULL, 0);
}

/* Rows that answer for a group are of it, and each has a time at risk. */
static void test_rows_of_a_combination_count_as_the_sets(void **state)
{
    const struct donor_lot lot = {
        fixture_key, 12, 3 * CHANCE_ROWS + 2, fixture_numbers};
    struct question question;
    struct contribution found;
    struct assigned *assigned;
    uint8_t mask[CHANCE_ROWS];
    (void)state;
    question_init(&question,
        "{\"t_test\":{\"formula\":\"wide ~ site\"}},"
        "{\"cox\":{\"formula\":\"Surv(start, time, event) ~ group\","
        "\"grid_days\":2}}",
        "");
    const struct sets *sets = question.sets;
    question.answers[sets->parts[sets->first_part[0]].set] = SET_COMBINED;
    question.answers[sets->parts[sets->first_part[1]].set] = SET_COMBINED;
    const struct assignment assignment = {.answered = &question.answered,
        .count_rows = count_everybody,
        .arg = question.sets,
        .lot = &lot};
    assert_int_equal(
        assigned_create(&assigned, &fixture_all.rows, &assignment), STATUS_OK);
    assert_int_equal(
        plan_contribute_assigned(assigned, 1, NULL, &found), STATUS_OK);
    const int64_t everybody = (int64_t)fixture_all.rows.patient_count;
    assert_true(cell_of(&question, &found, 0, 0)[CELL_ROWS] == everybody);
    assert_true(cell_of(&question, &found, 0, 1)[CELL_ROWS] < everybody / 2);
    assert_true(cell_of(&question, &found, 1, 0)[CELL_ROWS] == everybody);
    /* its levels are of the same rows */
    int64_t rows = 0;
    for (size_t p = sets->first_part[1] + 1; p < sets->first_part[2]; p++) {
        assert_int_equal(
            assigned_mark_level(assigned, 1, sets->parts[p].set, mask),
            STATUS_OK);
        for (size_t i = 0; i < CHANCE_ROWS; i++)
            rows += mask[i] & 1;
    }
    assert_int_equal(rows, everybody);
    contribution_fini(&found);
    assigned_destroy(assigned);
    question_fini(&question);
}

static int64_t weight_of_cell(int32_t group, int32_t site)
{
    int64_t weight = 0;
    for (size_t i = 0; i < CHANCE_ROWS; i++) {
        int64_t exams = 0;
        for (size_t k = 0; k < CHANCE_ROWS; k++)
            exams += fixture_table.patients[k] == fixture_table.patients[i];
        const int32_t x = code_of(i, CHANCE_X);
        const bool in = code_of(i, CHANCE_GROUP) == group &&
                        code_of(i, CHANCE_SITE) == site && x != 3 &&
                        x != VALUE_MISSING &&
                        code_of(i, CHANCE_WIDE) != VALUE_MISSING;
        weight += in ? ROW_WEIGHT_UNIT / exams : 0;
    }
    return weight;
}

static void test_two_way_cells_of_a_fit_are_weighed(void **state)
{
    struct question question;
    struct assigned *assigned;
    struct row_order order;
    int64_t weights[8];
    (void)state;
    question_init(&question,
        "{\"lm\":{\"formula\":\"x ~ group + wide + site\"}},"
        "{\"lm\":{\"formula\":\"x ~ group\"}}",
        "\"unit\":\"exam\",");
    assert_int_equal(sets_cell_count(question.sets, 0), 6);
    assert_int_equal(sets_cell_count(question.sets, 1), 0);
    memset(question.answers, SET_COMBINED, question.sets->count);
    const struct combination combination = {&question, &fixture_all.rows};
    const struct assignment assignment = {.answered = &question.answered,
        .count_rows = count_rest,
        .arg = (void *)&combination};
    assert_int_equal(
        assigned_create(&assigned, &fixture_all.rows, &assignment), STATUS_OK);
    assert_int_equal(row_order_init(&order, &fixture_all.rows), STATUS_OK);
    assert_int_equal(
        assigned_weigh_cells(assigned, &order, 0, weights), STATUS_OK);
    for (int32_t cell = 0; cell < 6; cell++)
        assert_int_equal(weights[cell], weight_of_cell(cell / 2, cell % 2));
    row_order_fini(&order);
    assigned_destroy(assigned);
    question_fini(&question);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_answer_by_combination_is_that_of_its_rows),
        cmocka_unit_test(test_an_answer_by_combination_at_levels),
        cmocka_unit_test(test_own_rows_give_the_bytes_of_a_plain_answer),
        cmocka_unit_test(test_rows_without_a_value_count_with_their_donors),
        cmocka_unit_test(test_rows_of_a_combination_count_as_the_sets),
        cmocka_unit_test(test_two_way_cells_of_a_fit_are_weighed),
    };
    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
