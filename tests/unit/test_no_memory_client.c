/*
 * Memory runs out while a result is kept, shown, exported and drawn: no file,
 * table or picture comes out with a part missing.
 */
#include "coordinator/client/plot/plot.h"
#include "coordinator/client/result_export.h"
#include "coordinator/client/result_methods.h"
#include "coordinator/client/result_table.h"
#include "coordinator/client/result_words.h"
#include "policy/result_file.h"
#include "protocol/wire/json_text.h"
#include "tests/unit/analysis_fixture.h"

#include "catalogue_fixture.h"
#include "documents_fixture.h"
#include "failing_allocator.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))
#define ROWS 150

static struct keypair *office;
static json_t *result; /* a payload with an entry of each analysis */
static struct envelope *envelope;

static json_t *every_entry(void)
{
    static int32_t codes[ROWS][MADE_VARIABLES];
    struct table table;
    json_t *entries = json_array();
    made_rows(codes, ROWS);
    table_create(&table, made_dictionary, codes[0], ROWS, NULL);
    for (size_t i = 0; i < made_question_count; i++) {
        char query[512];
        snprintf(query, sizeof query, "{\"analyses\":[%s]}", made_questions[i]);
        json_t *results = results_of(&table, query);
        json_array_extend(entries, results);
        json_decref(results);
    }
    table_destroy(&table);
    return entries;
}

static int setup(void **state)
{
    (void)state;
    allocator_start();
    must(keypair_create(&office, "office"));
    result = json_pack(
        "{s:s, s:i, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:[], s:{s:i}, s:i,"
        " s:o}",
        "cohortium", "result", "version", 1, "query_id", "00", "study_id", "11",
        "study", "first", "created", "2027-01-15T08:00:00Z", "software",
        "cohortium", "privacy", "plain", "unit", "patient", "cohort", "x >= 1",
        "by", "limits", "min_cell", 1, "centers", 5, "results", every_entry());
    assert_non_null(result);
    envelope = document_sign(TYPE_RESULT, json_incref(result), &office, 1);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    envelope_destroy(envelope);
    json_decref(result);
    keypair_destroy(office);
    return 0;
}

static enum status run_file(struct buffer *out)
{
    struct envelope *again = NULL;
    enum status status = result_file_write(out, envelope);
    if (status == STATUS_OK)
        status = result_file_read(&again, buffer_view(out));
    if (status == STATUS_OK)
        status = envelope_verify(
            again, TYPE_RESULT, &keypair_identity(office)->sign);
    envelope_destroy(again);
    return status;
}

/* The stream's own memory is libc's, and does not run out here. */
static enum status run_table(struct buffer *out)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    enum status status = result_table_print(stream, result, 0, "not checked");
    fclose(stream);
    if (status == STATUS_OK)
        status = buffer_append(out, text, size);
    free(text);
    return status;
}

static enum status run_export(struct buffer *out)
{
    enum status status = result_methods(out, result);
    if (status == STATUS_OK)
        status = result_export_facts(out, result);
    size_t at;
    json_t *entry;
    json_array_foreach(json_object_get(result, "results"), at, entry)
    {
        const json_t *rows = json_object_get(entry, "table");
        if (status == STATUS_OK && json_is_array(rows))
            status =
                result_export_table(out, words_of_result(result), entry, rows);
    }
    return status;
}

static enum status run_plots(struct buffer *out)
{
    enum status status = STATUS_OK;
    size_t at;
    json_t *entry;
    json_array_foreach(json_object_get(result, "results"), at, entry)
    {
        const char *name =
            json_string_value(json_object_get(entry, "analysis"));
        if (status == STATUS_OK && plot_draws(name))
            status = plot_entry(out, result, entry, CANVAS_SVG);
        if (status == STATUS_NOT_FOUND) /* nothing in it to draw */
            status = STATUS_OK;
    }
    return status;
}

static void test_a_result_is_kept_and_shown_whole(void **state)
{
    (void)state;
    static const struct scenario scenarios[] = {
        {"result file", run_file, STATUS_OK, NULL, NULL, 0},
        {"export", run_export, STATUS_OK, NULL, NULL, 0},
        {"plots", run_plots, STATUS_OK, NULL, NULL, 0},
        {"table", run_table, STATUS_OK, NULL, NULL, 0}};
    for (size_t i = 0; i < COUNT(scenarios); i++)
        step_through(&scenarios[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_result_is_kept_and_shown_whole),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
