#include "coordinator/report.h"

#include <string.h>

#include "coordinator/result.h"
#include "protocol/wire/json_text.h"

static bool set(json_t *object, const char *key, json_t *value)
{
    return json_object_set_new(object, key, value) != 0;
}

static bool append(json_t *array, json_t *value)
{
    return json_array_append_new(array, value) != 0;
}

static enum status find_presence(const struct report_request *request,
    const char *center, struct ledger_presence *out)
{
    if (request->members == NULL)
        return ledger_get_presence(request->ledger, center, out);
    const struct member *member = members_find_center(request->members, center);
    *out = (struct ledger_presence){.connected = false};
    if (member != NULL) {
        out->connected = member->connected;
        out->last_seen = member->last_seen;
    }
    return STATUS_OK;
}

static enum status add_centers(
    json_t *report, const struct report_request *request)
{
    const struct roster *roster = request->catalog->roster;
    json_t *centers = json_array();
    if (set(report, "centers", centers))
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < roster->center_count; i++) {
        struct ledger_presence presence;
        enum status status =
            find_presence(request, roster->centers[i].name, &presence);
        if (status != STATUS_OK)
            return status;
        json_t *center = json_object();
        if (append(centers, center) ||
            set(center, "name", json_string(roster->centers[i].name)) ||
            set(center, "connected", json_boolean(presence.connected)) ||
            set(center, "last_seen", json_time(presence.last_seen)))
            return STATUS_NO_MEMORY;
    }
    return STATUS_OK;
}

static bool may_see_study(
    const struct report_request *request, const struct study *study)
{
    if (request->viewer == NULL)
        return true;
    for (size_t i = 0; i < study->researcher_count; i++) {
        if (public_key_equal(&study->researchers[i].sign, request->viewer))
            return true;
    }
    return false;
}

static bool add_study(json_t *studies, const struct report_request *request,
    const struct catalog_study *entry)
{
    const struct roster *roster = request->catalog->roster;
    json_t *object = json_object();
    bool failed =
        append(studies, object) ||
        set(object, "study_id", json_digest(&entry->study->id)) ||
        set(object, "name", json_string(entry->study->name)) ||
        set(object, "opted_in", json_array()) ||
        set(object, "valid_until", json_time(entry->study->valid_until));
    for (size_t i = 0; !failed && i < roster->center_count; i++) {
        const char *name = roster->centers[i].name;
        if (catalog_study_has_center(entry, name))
            failed =
                append(json_object_get(object, "opted_in"), json_string(name));
    }
    return failed;
}

static enum status add_studies(
    json_t *report, const struct report_request *request)
{
    const struct catalog *catalog = request->catalog;
    json_t *studies = json_array();
    if (set(report, "studies", studies))
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < catalog->study_count; i++) {
        const struct catalog_study *entry = catalog->studies[i];
        if (entry->standing == STATUS_OK &&
            may_see_study(request, entry->study) &&
            add_study(studies, request, entry))
            return STATUS_NO_MEMORY;
    }
    return STATUS_OK;
}

struct query_writer {
    json_t *queries;
    const struct report_request *request;
};

static enum status add_reply(void *arg, const struct ledger_reply *reply)
{
    return center_report_add(arg, reply->center, reply->state);
}

static json_t *json_text_or_null(const char *text)
{
    return *text == '\0' ? json_null() : json_string(text);
}

static enum status add_query(void *arg, const struct ledger_query *query)
{
    const struct query_writer *writer = arg;
    const struct report_request *request = writer->request;
    if (request->viewer != NULL &&
        !public_key_equal(&query->researcher, request->viewer))
        return STATUS_NOT_FOUND;
    char key[KEY_TEXT];
    public_key_to_text(key, &query->researcher);
    json_t *object = json_object();
    if (append(writer->queries, object) ||
        set(object, "query_id", json_digest(&query->id)) ||
        set(object, "study_id", json_digest(&query->study_id)) ||
        set(object, "study", json_string(query->study)) ||
        set(object, "researcher", json_string(key)) ||
        set(object, "state", json_string(query_state_name(query->state))) ||
        set(object, "submitted", json_time(query->submitted)) ||
        set(object, "finished", json_time(query->finished)) ||
        set(object, "reason", json_text_or_null(query->reason)) ||
        set(object, "centers", center_report_create()))
        return STATUS_NO_MEMORY;
    return ledger_visit_replies(request->ledger, &query->id, add_reply,
        json_object_get(object, "centers"));
}

static enum status add_queries(
    json_t *report, const struct report_request *request)
{
    struct query_writer writer = {json_array(), request};
    if (set(report, "queries", writer.queries))
        return STATUS_NO_MEMORY;
    if (request->query != NULL)
        return ledger_find_query(
            request->ledger, request->query, add_query, &writer);
    return ledger_visit_queries(request->ledger, request->viewer,
        request->query_limit, add_query, &writer);
}

enum status report_create(json_t **out, const struct report_request *request)
{
    const struct roster *roster = request->catalog->roster;
    json_t *report = json_object();
    *out = NULL;
    enum status status = STATUS_OK;
    if (set(report, "federation", json_string(roster->federation)) ||
        set(report, "roster_version", json_integer(roster->version)))
        status = STATUS_NO_MEMORY;
    if (status == STATUS_OK)
        status = add_centers(report, request);
    if (status == STATUS_OK)
        status = add_studies(report, request);
    if (status == STATUS_OK)
        status = add_queries(report, request);
    if (status != STATUS_OK) {
        json_decref(report);
        return status;
    }
    *out = report;
    return STATUS_OK;
}

enum status report_write(
    struct buffer *out, const struct report_request *request, size_t max)
{
    struct report_request smaller = *request;
    size_t before = out->size;
    for (;;) {
        json_t *report = NULL;
        enum status status = report_create(&report, &smaller);
        if (status == STATUS_OK)
            status = json_text_append(out, report, RESULT_JSON_FLAGS);
        json_decref(report);
        if (status != STATUS_OK || out->size - before <= max)
            return status;
        out->size = before;
        if (smaller.query_limit == 0)
            return STATUS_TOO_LARGE;
        smaller.query_limit /= 2;
    }
}
