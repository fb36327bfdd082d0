#include <inttypes.h>
#include <stdio.h>

#include "coordinator/home.h"
#include "coordinator/report.h"
#include "coordinator/result.h"
#include "protocol/wire/loop.h"

#define QUERIES_SHOWN 50

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text == NULL ? "-" : text;
}

static void print_centers(const json_t *report)
{
    size_t index;
    const json_t *center;
    printf("centers\n");
    json_array_foreach(json_object_get(report, "centers"), index, center)
    {
        const json_t *protocol = json_object_get(center, "protocol");
        printf("  %-24s %-12s last seen %s%s%s\n", text_of(center, "name"),
            json_is_true(json_object_get(center, "connected")) ? "connected"
                                                               : "away",
            text_of(center, "last_seen"), protocol == NULL ? "" : "; ",
            protocol == NULL ? "" : json_string_value(protocol));
    }
}

/* Centers that have locked a study, or are near to it. */
static void print_refusals(const json_t *study)
{
    json_t *left = json_object_get(study, "refusals_left"), *number;
    const char *center;
    json_object_foreach(left, center, number)
    {
        if (json_integer_value(number) == 0)
            printf("    %s has locked it\n", center);
        else
            printf("    %s locks it after %" PRId64 " more refusals\n", center,
                (int64_t)json_integer_value(number));
    }
}

static void print_studies(const json_t *report)
{
    size_t index;
    const json_t *study;
    printf("studies\n");
    json_array_foreach(json_object_get(report, "studies"), index, study)
    {
        printf("  %-24s %.12s  %zu centers opted in, until %s\n",
            text_of(study, "name"), text_of(study, "study_id"),
            json_array_size(json_object_get(study, "opted_in")),
            text_of(study, "valid_until"));
        if (json_object_get(study, "not_approved") != NULL)
            printf("    not approved, and answered by no center: %s\n",
                text_of(study, "not_approved"));
        print_refusals(study);
    }
}

static void print_queries(const json_t *report)
{
    size_t index;
    const json_t *query;
    printf("queries\n");
    json_array_foreach(json_object_get(report, "queries"), index, query)
    {
        const json_t *centers = json_object_get(query, "centers");
        printf("  %.12s  %-8s  %s  %s  %zu of %zu centers answered\n",
            text_of(query, "query_id"), text_of(query, "state"),
            text_of(query, "submitted"), text_of(query, "study"),
            json_array_size(json_object_get(centers, "answered")),
            json_array_size(json_object_get(centers, "asked")));
    }
}

static void print_report(const json_t *report)
{
    printf("federation %s, roster version %" PRId64 "\n",
        text_of(report, "federation"),
        (int64_t)json_integer_value(json_object_get(report, "roster_version")));
    print_centers(report);
    print_studies(report);
    print_queries(report);
}

static enum status show(
    const struct home *home, const struct catalog *catalog, bool as_json)
{
    json_t *report = NULL;
    const struct report_request request = {.ledger = home->ledger,
        .catalog = catalog,
        .query_limit = QUERIES_SHOWN};
    enum status status = report_create(&report, &request);
    if (status != STATUS_OK)
        return program_fail(
            status, "the ledger cannot be read: %s", status_text(status));
    if (as_json) {
        json_dumpf(report, stdout, JSON_INDENT(2));
        putchar('\n');
    } else {
        print_report(report);
    }
    json_decref(report);
    return STATUS_OK;
}

enum status command_status(const struct arguments *arguments)
{
    struct home home;
    struct catalog *catalog = NULL;
    enum status status = home_open(&home, arguments);
    if (status != STATUS_OK)
        goto out;
    status = catalog_load(
        &catalog, home.ledger, home.dictionary, clock_wall_seconds());
    if (status != STATUS_OK) {
        program_fail(
            status, "the ledger cannot be read: %s", status_text(status));
    } else if (catalog->roster == NULL) {
        status = program_fail(STATUS_NOT_FOUND, "no roster is installed");
    } else {
        status = show(&home, catalog, argument_flag(arguments, "json"));
    }
out:
    catalog_destroy(catalog);
    home_close(&home);
    return status;
}
