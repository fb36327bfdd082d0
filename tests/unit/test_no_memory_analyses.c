/*
 * Memory runs out while a center counts, while the rules are applied, and while
 * the sum becomes a result; for every analysis, through all of its rounds.
 */
#include "policy/disclosure.h"
#include "protocol/analysis/assigned.h"
#include "protocol/analysis/fit.h"
#include "protocol/wire/json_text.h"
#include "tests/unit/test.h"

#include "catalogue_fixture.h"
#include "failing_allocator.h"

#define ROWS 120

static struct dictionary *dictionary;
static int8_t cells[MADE_VARIABLES][(ROWS + 63) / 64 * 64]
    __attribute__((aligned(64)));
static struct column columns[MADE_VARIABLES];
static const struct rows rows = {
    .count = ROWS, .patient_count = ROWS, .columns = columns};
static struct query *query;
static struct plan *plan;

static int setup(void **state)
{
    static int32_t codes[ROWS][MADE_VARIABLES];
    struct diagnostic diagnostic;
    (void)state;
    allocator_start();
    diagnostic_init(&diagnostic, "");
    assert_int_equal(dictionary_parse(&dictionary,
                         view_of_text(made_dictionary), &diagnostic),
        STATUS_OK);
    made_rows(codes, ROWS);
    for (size_t v = 0; v < MADE_VARIABLES; v++) {
        for (size_t i = 0; i < ROWS; i++)
            cells[v][i] = (int8_t)codes[i][v];
        columns[v] = (struct column){1, cells[v]};
    }
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    dictionary_destroy(dictionary);
    return 0;
}

static void plan_question(const char *question)
{
    char text[512];
    struct diagnostic diagnostic;
    diagnostic_init(&diagnostic, "");
    snprintf(text, sizeof text, "{\"cohort\":\"x <= 8\",\"analyses\":[%s]}",
        question);
    if (query_parse(&query, view_of_text(text), dictionary, &diagnostic) !=
            STATUS_OK ||
        plan_create(&plan, query, dictionary, &diagnostic) != STATUS_OK)
        fail_msg("%s", diagnostic.message);
}

/* One center's figures become the sum. */
static enum status count_round(
    struct vector *sum, const struct round *round, bool ruled)
{
    struct contribution contribution;
    struct disclosure_report report;
    struct limits limits;
    limits_default(&limits);
    enum status status =
        round == NULL
            ? plan_contribute(plan, &rows, 2, &contribution)
            : plan_contribute_round(plan, &rows, 2, round, &contribution);
    if (status != STATUS_OK)
        return status;
    if (ruled)
        status = disclosure_apply(plan, &limits, ROWS, &contribution, &report);
    if (status == STATUS_OK)
        status = plan_check_vector(plan, &contribution.vector);
    if (status == STATUS_OK)
        status = vector_add(sum, &contribution.vector);
    contribution_fini(&contribution);
    return status;
}

static enum status fit_rounds(struct buffer *out, const struct vector *first)
{
    struct fit *fit = NULL;
    json_t *results = NULL;
    enum status status = fit_create(&fit, plan, first, 5);
    for (int i = 0; i < 3 && status == STATUS_OK && !fit->over; i++) {
        const struct round round = {.number = fit->number,
            .values = fit->values,
            .active = fit->active};
        struct vector sum;
        status = vector_init(&sum, plan->vector_length);
        if (status != STATUS_OK)
            break;
        status = count_round(&sum, &round, false);
        if (status == STATUS_OK)
            status = fit_advance(fit, &sum);
        vector_fini(&sum);
    }
    if (status == STATUS_OK)
        status = fit_write(fit, out);
    if (status == STATUS_OK)
        status = fit_finish(fit, 5, &results);
    if (status == STATUS_OK)
        status = json_text_append(out, results, JSON_COMPACT);
    json_decref(results);
    fit_destroy(fit);
    return status;
}

static enum status run_question(struct buffer *out)
{
    struct vector sum;
    json_t *results = NULL;
    enum status status = vector_init(&sum, plan->vector_length);
    if (status != STATUS_OK)
        return status;
    status = count_round(&sum, NULL, plan->value_count == 0);
    if (status == STATUS_OK && plan->value_count > 0)
        status = fit_rounds(out, &sum);
    if (status == STATUS_OK && plan->value_count == 0)
        status = plan_finish(plan, &sum, 5, &results);
    if (status == STATUS_OK && plan->value_count == 0)
        status = json_text_append(out, results, JSON_COMPACT);
    json_decref(results);
    vector_fini(&sum);
    return status;
}

/* All rows but some, two of which have no value of a column. */
static void count_most(void *arg, size_t set, int16_t *counts)
{
    (void)arg, (void)set;
    for (size_t i = 0; i < ROWS; i++)
        counts[i] = i % 5 != 0 ? 1 : 0;
}

static enum status answer(struct buffer *out, const struct answered *answered)
{
    static const uint8_t key[DONOR_KEY_BYTES] = {1};
    uint64_t numbers[ROWS];
    const struct donor_lot lot = {key, 1, ROWS, numbers};
    const struct assignment assignment = {
        .answered = answered, .count_rows = count_most, .lot = &lot};
    struct assigned *assigned = NULL;
    struct contribution contribution = {0};
    uint8_t mask[ROWS];
    for (size_t i = 0; i < ROWS; i++)
        numbers[i] = i;
    enum status status = assigned_create(&assigned, &rows, &assignment);
    if (status == STATUS_OK)
        status = assigned_mark_level(assigned, 0, 0, mask);
    if (status == STATUS_OK)
        status = plan_contribute_assigned(assigned, 2, NULL, &contribution);
    if (status == STATUS_OK)
        status = vector_encode(&contribution.vector, out);
    contribution_fini(&contribution);
    assigned_destroy(assigned);
    return status;
}

static enum status run_assigned(struct buffer *out)
{
    struct sets *sets = NULL;
    enum status status = sets_create(&sets, plan);
    uint8_t *answers = NULL;
    if (status == STATUS_OK) {
        answers = malloc(sets->count);
        status = answers == NULL ? STATUS_NO_MEMORY : STATUS_OK;
    }
    if (status == STATUS_OK) {
        const struct answered answered = {sets, answers, NULL};
        memset(answers, SET_COMBINED, sets->count);
        status = answer(out, &answered);
    }
    free(answers);
    sets_destroy(sets);
    return status;
}

static void test_every_analysis_by_combinations(void **state)
{
    (void)state;
    cells[X][1] = cells[X][2] = INT8_MIN;
    for (size_t i = 0; i < made_question_count; i++) {
        const struct scenario scenario = {
            made_questions[i], run_assigned, STATUS_OK, NULL, NULL, 0};
        plan_question(made_questions[i]);
        step_through(&scenario);
        plan_destroy(plan);
        query_destroy(query);
        plan = NULL;
        query = NULL;
    }
}

static void test_every_analysis(void **state)
{
    (void)state;
    for (size_t i = 0; i < made_question_count; i++) {
        const struct scenario scenario = {
            made_questions[i], run_question, STATUS_OK, NULL, NULL, 0};
        plan_question(made_questions[i]);
        step_through(&scenario);
        plan_destroy(plan);
        query_destroy(query);
        plan = NULL;
        query = NULL;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_analysis),
        cmocka_unit_test(test_every_analysis_by_combinations),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
