/* Answers by combinations of sets: as if their rows were all that there is. */
#include "protocol/analysis/assigned.h"
#include "protocol/analysis/fit.h"
#include "protocol/analysis/leverage.h"
#include "protocol/analysis/row_bits.h"
#include "protocol/analysis/tally.h"

#include "sets_fixture.h"

#define CENTERS_MAX 13

static struct table table;
static struct chance_rows all;
static uint64_t numbers[CHANCE_ROWS];
static const uint8_t key[DONOR_KEY_BYTES] = {7};

static int setup(void **state)
{
    (void)state;
    chance_create(&table);
    chance_rows_init(&all, &table);
    for (size_t i = 0; i < CHANCE_ROWS; i++)
        numbers[i] = 3 * i + 2;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    chance_rows_fini(&all);
    table_destroy(&table);
    return 0;
}

/* ---- some of the rows, as a center of its own ---- */

struct some {
    struct column columns[CHANCE_COLUMNS];
    uint32_t patients[CHANCE_ROWS];
    struct rows rows;
};

static int32_t code_of(size_t row, size_t column)
{
    int32_t code;
    column_read(&all.columns[column], row, 1, &code);
    return code;
}

static void put(const struct column *column, size_t row, int32_t code)
{
    void *data = (void *)column->data;
    const bool missing = code == VALUE_MISSING;
    if (column->width == 1)
        ((int8_t *)data)[row] = (int8_t)(missing ? INT8_MIN : code);
    else if (column->width == 2)
        ((int16_t *)data)[row] = (int16_t)(missing ? INT16_MIN : code);
    else
        ((int32_t *)data)[row] = code;
}

/* Rows first .. end - 1 of which `in` is not 0 (NULL: all). */
static void some_init(struct some *some, size_t first, size_t end,
    const uint8_t *in, size_t center)
{
    some->rows = (struct rows){
        .columns = some->columns, .patients = some->patients, .center = center};
    for (size_t v = 0; v < CHANCE_COLUMNS; v++) {
        const int width = table.dictionary->variables[v].width;
        some->columns[v] =
            (struct column){width, aligned_alloc(64, (size_t)width * 1024)};
        assert_non_null(some->columns[v].data);
    }
    uint32_t last = UINT32_MAX;
    for (size_t i = first; i < end; i++) {
        if (in != NULL && in[i] == 0)
            continue;
        const size_t at = some->rows.count++;
        some->rows.patient_count += table.patients[i] != last;
        last = table.patients[i];
        some->patients[at] = (uint32_t)some->rows.patient_count - 1;
        for (size_t v = 0; v < CHANCE_COLUMNS; v++)
            put(&some->columns[v], at, code_of(i, v));
    }
}

static void some_fini(struct some *some)
{
    for (size_t v = 0; v < CHANCE_COLUMNS; v++)
        free((void *)some->columns[v].data);
}

static size_t cut(size_t center, size_t centers)
{
    size_t end = CHANCE_ROWS * center / centers;
    while (end > 0 && end < CHANCE_ROWS &&
           table.patients[end] == table.patients[end - 1])
        end++;
    return end;
}

/* ---- a question ---- */

struct question {
    struct asked asked;
    const struct plan *plan;
    struct sets *sets;
    uint8_t *answers;
    uint8_t *few;
    struct answered answered;
};

static void question_init(
    struct question *question, const char *text, const char *rest)
{
    char query[1024];
    snprintf(query, sizeof query, "{%s\"analyses\":[%s]}", rest, text);
    ask(&question->asked, &table, query, CENTERS_MAX);
    question->plan = question->asked.plan;
    assert_int_equal(sets_create(&question->sets, question->plan), STATUS_OK);
    question->answers = calloc(question->sets->count, 1);
    question->few = calloc(question->plan->segment_count, 1);
    assert_non_null(question->answers);
    assert_non_null(question->few);
    question->answered =
        (struct answered){question->sets, question->answers, question->few};
}

static void question_fini(struct question *question)
{
    free(question->answers);
    free(question->few);
    sets_destroy(question->sets);
    asked_destroy(&question->asked);
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
        sets_mark(pair->question.sets, &all.rows, 0, mask), STATUS_OK);
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
            assigned_create(&assigned, &all.rows, &assignment), STATUS_OK);
        assert_int_equal(
            plan_contribute(question.plan, &all.rows, 1, &plain), STATUS_OK);
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

/* ---- weights ---- */

#define WEIGHTS 5 /* -5, -3, -1, 2 and 4 */

/* Twice a set, less rows of x = 3, and rows elsewhere so many times. */
static int16_t weight_of(size_t row)
{
    return (int16_t)(2 * (int)(row % 3) - (row % 7 == 0 ? 5 : 0));
}

static void count_weights(void *arg, size_t set, int16_t *counts)
{
    (void)arg, (void)set;
    for (size_t i = 0; i < CHANCE_ROWS; i++)
        counts[i] = weight_of(i);
}

static void answer_all(struct question *question, enum set_answer answer,
    void (*count_rows)(void *arg, size_t set, int16_t *counts),
    struct contribution *out)
{
    struct assigned *assigned;
    memset(question->answers, (int)answer, question->sets->count);
    const struct assignment assignment = {
        .answered = &question->answered, .count_rows = count_rows};
    assert_int_equal(
        assigned_create(&assigned, &all.rows, &assignment), STATUS_OK);
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
    const int128 people = (int128)all.rows.patient_count;
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
    assert_int_equal(assigned_create(&assigned, &all.rows, &assignment),
        STATUS_OUT_OF_RANGE);
    assert_null(assigned);
    question_fini(&question);
}

/* ---- few ---- */

static const int128 *cell_of(const struct question *question,
    const struct contribution *c, size_t segment, size_t cell)
{
    const struct segment *at = &question->plan->segments[segment];
    const struct table_shape *first =
        &question->plan->shapes[at->analysis].tables[0];
    return c->vector.elements + at->first + first->first +
           cell * table_cell_length(first);
}

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
        assigned_create(&assigned, &all.rows, &assignment), STATUS_OK);
    assert_int_equal(
        plan_contribute_assigned(assigned, 1, NULL, &found), STATUS_OK);
    assert_int_equal(
        plan_contribute(question.plan, &all.rows, 1, &plain), STATUS_OK);
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
        plan_contribute(question.plan, &all.rows, 1, &own), STATUS_OK);
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
        assigned_create(&assigned, &all.rows, &assignment), STATUS_OK);
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

/* ---- donors ---- */

/* Everybody, whatever is missing. */
static void count_everybody(void *arg, size_t set, int16_t *counts)
{
    uint8_t mask[CHANCE_ROWS];
    (void)set;
    assert_int_equal(sets_mark(arg, &all.rows, 0, mask), STATUS_OK);
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
                put(&some->columns[columns[c]], i,
                    code_of(donors_find(donors, columns[c], i), columns[c]));
        }
    }
}

static void check_completed(
    const char *text, const size_t *columns, size_t count)
{
    const struct donor_lot lot = {key, 12, 3 * CHANCE_ROWS + 2, numbers};
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
        assigned_create(&assigned, &all.rows, &assignment), STATUS_OK);
    assert_int_equal(
        plan_contribute_assigned(assigned, 1, NULL, &found), STATUS_OK);
    some_init(&completed, 0, CHANCE_ROWS, NULL, 0);
    assert_int_equal(
        donors_create(&donors, &all.rows, table.dictionary, &lot), STATUS_OK);
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
    const struct donor_lot lot = {key, 12, 3 * CHANCE_ROWS + 2, numbers};
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
        assigned_create(&assigned, &all.rows, &assignment), STATUS_OK);
    assert_int_equal(
        plan_contribute_assigned(assigned, 1, NULL, &found), STATUS_OK);
    const int64_t everybody = (int64_t)all.rows.patient_count;
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
            exams += table.patients[k] == table.patients[i];
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
    const struct combination combination = {&question, &all.rows};
    const struct assignment assignment = {.answered = &question.answered,
        .count_rows = count_rest,
        .arg = (void *)&combination};
    assert_int_equal(
        assigned_create(&assigned, &all.rows, &assignment), STATUS_OK);
    assert_int_equal(row_order_init(&order, &all.rows), STATUS_OK);
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
        cmocka_unit_test(test_weights_of_a_sum_do_not_cancel_in_what_rules_see),
        cmocka_unit_test(test_a_sum_may_be_below_nothing),
        cmocka_unit_test(test_a_test_of_sums_holds),
        cmocka_unit_test(test_a_false_combination_is_out_of_range),
        cmocka_unit_test(test_a_part_of_few_is_withheld_alone),
        cmocka_unit_test(test_a_result_says_what_was_completed_and_what_is_few),
        cmocka_unit_test(test_a_test_without_a_group_says_few),
        cmocka_unit_test(test_rows_without_a_value_count_with_their_donors),
        cmocka_unit_test(test_rows_of_a_combination_count_as_the_sets),
        cmocka_unit_test(test_two_way_cells_of_a_fit_are_weighed),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
