#include <stdlib.h>
#include <string.h>

#include "node/frame.h"
#include "node/home.h"
#include "policy/result_file.h"

/* {"analyses": [{"quality": {...}}]} of the variables that are named, or all.
 */
static char *question(const struct arguments *arguments)
{
    json_t *parameters = json_object(), *names = json_array();
    for (size_t i = 0; i < operand_count(arguments); i++)
        json_array_append_new(names, json_string(operand_at(arguments, i)));
    if (json_array_size(names) > 0)
        json_object_set(parameters, "variables", names);
    json_decref(names);
    json_t *query = json_pack(
        "{s:s, s:[{s:o}]}", "unit", "exam", "analyses", "quality", parameters);
    char *text = query == NULL ? NULL : json_dumps(query, JSON_COMPACT);
    json_decref(query);
    return text;
}

static enum status answer(
    json_t **out, const struct plan *plan, const struct home *home)
{
    struct frame *frame = NULL;
    struct contribution contribution = {0};
    struct store_view now;
    enum status status = store_view_now(home->store, &now);
    if (status == STATUS_OK)
        status = frame_create(&frame, home->dictionary, home->store, &now);
    if (status == STATUS_OK)
        status = plan_contribute(plan, frame_rows(frame), 1, &contribution);
    if (status == STATUS_OK)
        status = plan_finish(plan, &contribution.vector, 1, out);
    contribution_fini(&contribution);
    frame_destroy(frame);
    return status;
}

/* The analysis of a question, over the center's own rows with nothing kept
 * back; a new reference to its entry. */
static enum status own_quality(
    json_t **out, const struct home *home, const struct arguments *arguments)
{
    struct query *query = NULL;
    struct plan *plan = NULL;
    struct diagnostic diagnostic;
    json_t *results = NULL;
    char *text = question(arguments);
    *out = NULL;
    if (text == NULL)
        return STATUS_NO_MEMORY;
    diagnostic_init(&diagnostic, "quality");
    enum status status =
        query_parse(&query, view_of_text(text), home->dictionary, &diagnostic);
    if (status == STATUS_OK)
        status = plan_create(&plan, query, home->dictionary, &diagnostic);
    if (status != STATUS_OK)
        program_fail(status, "%s", diagnostic.message);
    else if ((status = answer(&results, plan, home)) == STATUS_OK)
        *out = json_incref(json_array_get(results, 0));
    json_decref(results);
    plan_destroy(plan);
    query_destroy(query);
    free(text);
    return status;
}

/* The first quality entry without `by` of a result that the coordinator signed;
 * a new reference. */
static enum status federation_quality(
    json_t **out, const struct home *home, const char *path)
{
    struct roster *roster = NULL;
    struct envelope *result = NULL;
    struct buffer text;
    json_t *parsed = NULL;
    buffer_init(&text, DOCUMENT_BYTES_MAX);
    enum status status = home_roster(home, &roster);
    if (status == STATUS_OK) {
        status = buffer_read_file(&text, path);
        if (status == STATUS_OK)
            status = result_file_read(&result, buffer_view(&text));
        if (status == STATUS_OK)
            status =
                envelope_verify(result, TYPE_RESULT, &roster->coordinator.sign);
        if (status != STATUS_OK)
            program_fail(status, "%s: %s", path, status_text(status));
    }
    if (status == STATUS_OK)
        parsed = result_file_json(result);
    size_t i;
    json_t *entry;
    json_array_foreach(json_object_get(parsed, "results"), i, entry)
    {
        const char *name =
            json_string_value(json_object_get(entry, "analysis"));
        if (*out == NULL && name != NULL && strcmp(name, "quality") == 0 &&
            json_object_size(json_object_get(entry, "by")) == 0)
            *out = json_incref(entry);
    }
    if (status == STATUS_OK && *out == NULL)
        status = program_fail(STATUS_NOT_FOUND,
            "%s holds no quality of all centers: a query asks for it with "
            "{\"quality\": {}} and without 'by'",
            path);
    json_decref(parsed);
    envelope_destroy(result);
    roster_destroy(roster);
    buffer_fini(&text);
    return status;
}

/* ---- as a table ---- */

/* NULL: there is none, or the document is not what it should be. */
static const json_t *row_of(const json_t *entry, const char *variable)
{
    size_t i;
    const json_t *row;
    json_array_foreach(json_object_get(entry, "table"), i, row)
    {
        const char *name = json_string_value(json_object_get(row, "variable"));
        if (name != NULL && strcmp(name, variable) == 0)
            return row;
    }
    return NULL;
}

static void print_cell(const json_t *row, const char *key, int width)
{
    const json_t *value = json_object_get(row, key);
    if (json_is_integer(value))
        printf(" %*lld", width, (long long)json_integer_value(value));
    else if (json_is_real(value))
        printf(" %*.3f", width, json_real_value(value));
    else {
        printf(" %*s", width,
            json_is_object(value) || json_object_get(row, "suppressed") != NULL
                ? "withheld"
                : "-");
    }
}

static void print_row(const json_t *row)
{
    print_cell(row, "n", 10);
    print_cell(row, "completeness", 12);
    print_cell(row, "out_of_range", 12);
    print_cell(row, "implausible_pairs", 11);
    print_cell(row, "digit_preference", 10);
}

static void print_table(const json_t *own, const json_t *federation)
{
    static const char heads[] =
        "          n completeness out_of_range implausible     digits";
    size_t i;
    const json_t *row;
    printf("%-24s%s", "variable", heads);
    printf("%s%s\n", federation == NULL ? "" : "  | all centers:",
        federation == NULL ? "" : heads + 9);
    json_array_foreach(json_object_get(own, "table"), i, row)
    {
        const char *name = json_string_value(json_object_get(row, "variable"));
        printf("%-24s", name);
        print_row(row);
        if (federation != NULL) {
            printf("  |    ");
            print_row(row_of(federation, name));
        }
        puts("");
    }
}

enum status command_quality(const struct arguments *arguments)
{
    struct home home;
    json_t *own = NULL, *federation = NULL;
    const char *result = argument_value(arguments, "result");
    enum status status = home_open(&home, arguments);
    if (status == STATUS_OK)
        status = own_quality(&own, &home, arguments);
    if (status == STATUS_OK && result != NULL)
        status = federation_quality(&federation, &home, result);
    if (status == STATUS_OK && argument_flag(arguments, "json")) {
        status = home_print_json(json_pack("{s:s, s:O, s:O*}", "center",
            keypair_identity(home.keys)->name, "own", own, "federation",
            federation));
    } else if (status == STATUS_OK) {
        print_table(own, federation);
    }
    json_decref(own);
    json_decref(federation);
    home_close(&home);
    return status;
}
