/*
 * completed_rows: questions that combinations answer, on rows some of which
 * have no value and take a donor's, for R to ask again
 * (tests/parity/completed.R).
 *
 *     completed_rows FOLDER
 *
 * Writes dictionary_0.json, and of question N analysis_N.json (as asked),
 * entry_N.json (the result) and rows_N.csv: the rows that the result is of, as
 * they were counted.
 */
#include "protocol/analysis/assigned.h"
#include "protocol/analysis/fit.h"
#include "protocol/analysis/tally.h"

#include "sets_fixture.h"

static const char *const questions[] = {
    "{\"summary\":{\"variables\":[\"x\",\"wide\"]}}",
    "{\"quantile\":{\"variable\":\"wide\",\"probs\":[0.25,0.5,0.75]}}",
    "{\"correlation\":{\"variables\":[\"x\",\"wide\",\"time\"]}}",
    "{\"pca\":{\"variables\":[\"x\",\"wide\"]}}",
    "{\"lm\":{\"formula\":\"wide ~ x + group\"}}",
    "{\"anova\":{\"formula\":\"wide ~ group + site\"}}",
    "{\"t_test\":{\"formula\":\"wide ~ site\"}}",
    "{\"rank_test\":{\"formula\":\"wide ~ group\"}}",
    "{\"glm\":{\"formula\":\"event ~ x + site\",\"family\":\"binomial\"}}",
    "{\"roc\":{\"formula\":\"event ~ wide\"}}",
    ("{\"km\":{\"formula\":\"Surv(time, event) ~ site\",\"grid_days\":1}}"),
    ("{\"logrank\":{\"formula\":\"Surv(time, event) ~ group\","
     "\"grid_days\":1}}"),
    ("{\"cox\":{\"formula\":\"Surv(time, event) ~ x + wide\","
     "\"grid_days\":1}}")};

static struct table table;
static struct chance_rows all;

/* All of the cohort; of a group those that are in no other, the first group
 * with those whose group is not known. */
static void count_all(void *arg, size_t set, int16_t *counts)
{
    const struct sets *sets = arg;
    const struct row_set *of = &sets->list[set];
    uint8_t mask[CHANCE_ROWS];
    assert_int_equal(sets_mark(sets, &all.rows, 0, mask), STATUS_OK);
    for (size_t i = 0; i < CHANCE_ROWS; i++) {
        bool in = mask[i] != 0;
        for (size_t k = 0; k < of->code_count; k++) {
            int32_t code;
            column_read(&all.columns[of->codes[k].column], i, 1, &code);
            code = code == VALUE_MISSING ? 0 : code;
            in = in && code == of->codes[k].code;
        }
        counts[i] = in ? 1 : 0;
    }
}

/* FOLDER/WHAT_N.END */
static FILE *open_file(
    const char *folder, const char *what, size_t number, const char *end)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/%s_%zu.%s", folder, what, number, end);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    return file;
}

/* A boolean as 0 or 1. */
static void write_row(FILE *file, const struct assigned_run *run, size_t row)
{
    for (size_t v = 0; v < CHANCE_SHAPE; v++) {
        const struct variable *variable = &table.dictionary->variables[v];
        char text[VARIABLE_TEXT_MAX] = "";
        int32_t code;
        column_read(&run->rows.columns[v], row, 1, &code);
        if (code != VALUE_MISSING && variable->type == VARIABLE_BOOLEAN)
            snprintf(text, sizeof text, "%d", (int)code);
        else if (code != VALUE_MISSING)
            variable_value_text(variable, code, text, sizeof text);
        fprintf(file, "%s%s", v == 0 ? "" : ",", text);
    }
    fputc('\n', file);
}

static void write_rows(
    const char *folder, size_t number, const struct assigned *assigned)
{
    FILE *file = open_file(folder, "rows", number, "csv");
    for (size_t v = 0; v < CHANCE_SHAPE; v++)
        fprintf(file, "%s%s", v == 0 ? "" : ",",
            table.dictionary->variables[v].name);
    fputc('\n', file);
    assert_int_equal(assigned->run_count, 1);
    for (size_t i = 0; i < CHANCE_ROWS; i++) {
        if (assigned->runs[0].mask[i] != 0)
            write_row(file, &assigned->runs[0], i);
    }
    fclose(file);
}

/* All rounds, as the coordinator takes them. */
static json_t *results_of_rounds(
    const struct assigned *assigned, const struct answered *answered)
{
    struct contribution c;
    struct fit *fit;
    json_t *results = NULL;
    assert_int_equal(
        plan_contribute_assigned(assigned, 1, NULL, &c), STATUS_OK);
    assert_int_equal(
        fit_create(&fit, answered->sets->plan, &c.vector, 1), STATUS_OK);
    contribution_fini(&c);
    while (!fit->over) {
        const struct round round = {.number = fit->number,
            .values = fit->values,
            .active = fit->active};
        assert_int_equal(
            plan_contribute_assigned(assigned, 1, &round, &c), STATUS_OK);
        assert_int_equal(fit_advance(fit, &c.vector), STATUS_OK);
        contribution_fini(&c);
    }
    fit->answered = answered;
    assert_int_equal(fit_finish(fit, 1, &results), STATUS_OK);
    fit_destroy(fit);
    return results;
}

static void write_json(
    const char *folder, const char *what, size_t number, const json_t *value)
{
    FILE *file = open_file(folder, what, number, "json");
    json_dumpf(value, file, JSON_REAL_PRECISION(17));
    fclose(file);
}

static void answer(const char *folder, size_t number)
{
    static const uint8_t key[DONOR_KEY_BYTES] = {5};
    uint64_t numbers[CHANCE_ROWS];
    const struct donor_lot lot = {key, 1, CHANCE_ROWS, numbers};
    struct asked asked;
    struct sets *sets;
    struct assigned *assigned;
    char query[512];
    for (size_t i = 0; i < CHANCE_ROWS; i++)
        numbers[i] = i;
    snprintf(query, sizeof query, "{\"analyses\":[%s]}", questions[number]);
    ask(&asked, &table, query, 1);
    assert_int_equal(sets_create(&sets, asked.plan), STATUS_OK);
    uint8_t *answers = malloc(sets->count);
    assert_non_null(answers);
    memset(answers, SET_COMBINED, sets->count);
    const struct answered answered = {sets, answers, NULL};
    const struct assignment assignment = {&answered, count_all, sets, &lot};
    assert_int_equal(
        assigned_create(&assigned, &all.rows, &assignment), STATUS_OK);
    json_t *results = results_of_rounds(assigned, &answered);
    json_t *analysis = json_loads(questions[number], 0, NULL);
    write_rows(folder, number, assigned);
    write_json(folder, "entry", number, json_array_get(results, 0));
    write_json(folder, "analysis", number, analysis);
    json_decref(analysis);
    json_decref(results);
    assigned_destroy(assigned);
    free(answers);
    sets_destroy(sets);
    asked_destroy(&asked);
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: completed_rows FOLDER\n");
        return 2;
    }
    chance_create(&table);
    chance_rows_init(&all, &table);
    FILE *file = open_file(argv[1], "dictionary", 0, "json");
    fputs(chance_dictionary, file);
    fclose(file);
    for (size_t i = 0; i < sizeof questions / sizeof questions[0]; i++)
        answer(argv[1], i);
    chance_rows_fini(&all);
    table_destroy(&table);
    return 0;
}
