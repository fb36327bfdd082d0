/*
 * every_result: what each analysis of the catalogue says, one "results" array a
 * line: with everything shown, by groups, and with what the rules hide.
 */
#include "protocol/analysis/fit.h"
#include "tests/unit/analysis_fixture.h"

#include "catalogue_fixture.h"

#define ROWS 150

static int32_t codes[ROWS][MADE_VARIABLES];

/* All rounds, as the coordinator takes them. */
static json_t *fit_results(struct asked *asked, int64_t min_cell)
{
    struct fit *fit = NULL;
    json_t *results = NULL;
    assert_int_equal(
        fit_create(&fit, asked->plan, &asked->sum, min_cell), STATUS_OK);
    while (!fit->over) {
        const struct round round = {.number = fit->number,
            .values = fit->values,
            .active = fit->active};
        ask_round(asked, 3, &round);
        assert_int_equal(fit_advance(fit, &asked->sum), STATUS_OK);
    }
    assert_int_equal(fit_finish(fit, min_cell, &results), STATUS_OK);
    fit_destroy(fit);
    return results;
}

static void print_results(const struct table *table, const char *question,
    const char *by, int64_t min_cell)
{
    struct asked asked;
    char query[512];
    snprintf(
        query, sizeof query, "{\"by\":[%s],\"analyses\":[%s]}", by, question);
    ask(&asked, table, query, 3);
    json_t *results = asked.plan->value_count > 0
                          ? fit_results(&asked, min_cell)
                          : asked_finish(&asked, min_cell);
    char *text = json_dumps(results, JSON_COMPACT | JSON_REAL_PRECISION(17));
    puts(text);
    free(text);
    json_decref(results);
    asked_destroy(&asked);
}

int main(void)
{
    struct table table;
    made_rows(codes, ROWS);
    for (size_t i = 0; i < ROWS; i += 9)
        codes[i][X] = codes[i + 1][EVENT] = VALUE_MISSING;
    table_create(&table, made_dictionary, codes[0], ROWS, NULL);
    for (size_t i = 0; i < made_question_count; i++) {
        print_results(&table, made_questions[i], "", 1);
        print_results(&table, made_questions[i], "\"group\"", 1);
        print_results(&table, made_questions[i], "", 11);
        print_results(&table, made_questions[i], "", ROWS);
        print_results(&table, made_questions[i], "", ROWS + 1);
    }
    table_destroy(&table);
    return 0;
}
