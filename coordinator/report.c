#include "coordinator/report.h"

#include <string.h>

#include "coordinator/counter.h"
#include "coordinator/result.h"
#include "policy/amendment.h"
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
        out->protocol = (int64_t)member->protocol;
    }
    return STATUS_OK;
}

/* Of a center whose program does not fit: which it speaks, and who must
 * upgrade. True when memory ran out. */
static bool add_protocol(json_t *center, uint64_t said)
{
    char theirs[PROTOCOL_TEXT], text[160], ours[PROTOCOL_TEXT];
    const enum protocol_fit fit = protocol_compare(said);
    if (said == 0 || fit == PROTOCOL_FITS)
        return false;
    protocol_text(theirs, said);
    protocol_text(ours, protocol_said());
    snprintf(text, sizeof text,
        "speaks protocol %s, this office %s: %s must be upgraded", theirs, ours,
        fit == PROTOCOL_PEER_OLDER ? "its cohortium-node"
                                   : "cohortium-coordinator");
    return set(center, "protocol", json_string(text));
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
            set(center, "last_seen", json_time(presence.last_seen)) ||
            add_protocol(center, (uint64_t)presence.protocol))
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

/* The names that each amendment adds. True when memory ran out. */
static bool add_amendments(json_t *study, const struct catalog_study *entry)
{
    json_t *list = json_array();
    bool failed = set(study, "amendments", list);
    for (size_t i = 0; !failed && i < entry->amended_count; i++) {
        const struct catalog_amended *amended = &entry->amended[i];
        const struct amendment *last =
            amended->study->amendments[amended->study->amendment_count - 1];
        json_t *object = json_object(), *names = json_array();
        failed = append(list, object) ||
                 set(object, "amendment_id", json_digest(&amended->id)) ||
                 set(object, "approved",
                     json_boolean(amended->standing == STATUS_OK)) ||
                 set(object, "cohorts", names);
        for (size_t k = 0; !failed && k < last->cohort_count; k++)
            failed = append(names, json_string(last->cohorts[k].name));
    }
    return failed;
}

/* ---- near cohorts, for the committee alone ---- */

#define NEAR_SHOWN 50

struct near_writer {
    json_t *pairs;
    int64_t seen;
};

static enum status add_pair(void *arg, const struct ledger_near *near)
{
    const struct near_writer *writer = arg;
    if (near->number <= writer->seen ||
        json_array_size(writer->pairs) == NEAR_SHOWN)
        return STATUS_OK;
    json_t *object = json_object();
    return append(writer->pairs, object) ||
                   set(object, "query_id", json_digest(&near->query_id)) ||
                   set(object, "submitted", json_time(near->submitted)) ||
                   set(object, "cohort", json_string(near->words)) ||
                   set(object, "earlier_query_id",
                       json_digest(&near->earlier_query)) ||
                   set(object, "earlier_submitted",
                       json_time(near->earlier_submitted)) ||
                   set(object, "earlier_cohort",
                       json_string(near->earlier_words))
               ? STATUS_NO_MEMORY
               : STATUS_OK;
}

/* Where there are none nothing is added. */
static enum status add_near(
    json_t *study, const struct report_request *request, const struct study *of)
{
    struct ledger_counter counter;
    enum status status = ledger_get_counter(request->ledger, &of->id, &counter);
    if (status != STATUS_OK || counter.found == 0)
        return status;
    json_t *near = json_object();
    struct near_writer writer = {json_array(), counter.seen};
    if (set(study, "near", near) ||
        set(near, "found", json_integer((json_int_t)counter.found)) ||
        set(near, "seen", json_integer((json_int_t)counter.seen)) ||
        set(near, "waits", json_boolean(counter_waits(request->ledger, of))) ||
        set(near, "pairs", writer.pairs))
        return STATUS_NO_MEMORY;
    return ledger_visit_near(request->ledger, &of->id, add_pair, &writer);
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
        set(object, "approved", json_boolean(entry->standing == STATUS_OK)) ||
        set(object, "opted_in", json_array()) ||
        set(object, "refusals_left", json_object()) ||
        (entry->amended_count > 0 && add_amendments(object, entry)) ||
        set(object, "valid_until", json_time(entry->study->valid_until));
    if (!failed && entry->standing != STATUS_OK)
        failed = set(object, "not_approved",
            json_string(entry->rejected ? "a member rejected it"
                                        : status_text(entry->standing)));
    for (size_t i = 0; !failed && i < roster->center_count; i++) {
        const char *name = roster->centers[i].name;
        if (catalog_study_has_center(entry, &roster->centers[i].sign))
            failed =
                append(json_object_get(object, "opted_in"), json_string(name));
        const uint64_t left =
            catalog_refusals_left(request->catalog, entry, name);
        if (!failed && left > 0)
            failed = set(json_object_get(object, "refusals_left"), name,
                json_integer((json_int_t)left - 1));
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
        /* The committee sees what it rejected, and what a new roster stopped.
         */
        if ((entry->standing == STATUS_OK || request->viewer == NULL) &&
            may_see_study(request, entry->study) &&
            add_study(studies, request, entry))
            return STATUS_NO_MEMORY;
        const size_t last = json_array_size(studies);
        if (request->viewer != NULL || last == 0)
            continue; /* who asks is not told how near cohorts are */
        enum status status =
            add_near(json_array_get(studies, last - 1), request, entry->study);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

struct query_writer {
    json_t *queries;
    const struct report_request *request;
};

/* What the office says of itself is in the notes of absent ones alone. */
static enum status add_reply(void *arg, const struct ledger_reply *reply)
{
    json_t *query = arg;
    if (*reply->note != '\0' && set(json_object_get(query, "notes"),
                                    reply->center, json_string(reply->note)))
        return STATUS_NO_MEMORY;
    return center_report_add(
        json_object_get(query, "centers"), reply->center, reply->state);
}

static const struct session *find_session(
    const struct report_request *request, const struct digest *id)
{
    for (size_t i = 0; i < request->sessions.count; i++) {
        if (digest_equal(&request->sessions.all[i]->question.id, id))
            return request->sessions.all[i];
    }
    return NULL;
}

/* Where an open question stands. */
static bool add_progress(json_t *object, const struct session *session)
{
    if (session == NULL)
        return false;
    const json_int_t round =
        session->fit == NULL ? 1 : (json_int_t)session->fit->number;
    return set(object, "step", json_string(session_step_name(session))) ||
           set(object, "round", json_integer(round));
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
        set(object, "centers", center_report_create()) ||
        set(object, "notes", json_object()) ||
        add_progress(object, find_session(request, &query->id)))
        return STATUS_NO_MEMORY;
    return ledger_visit_replies(request->ledger, &query->id, add_reply, object);
}

static bool is_shown(
    const struct report_request *request, const struct waiting *waiting)
{
    return (request->viewer == NULL ||
               public_key_equal(&waiting->researcher, request->viewer)) &&
           (request->query == NULL ||
               digest_equal(&waiting->id, request->query));
}

/* Questions that wait have no row in the ledger yet. */
static enum status add_waiting(
    json_t *queries, const struct report_request *request, size_t place)
{
    const struct waiting *waiting = turns_at(request->turns, place);
    const struct catalog_study *study =
        catalog_find_study(request->catalog, &waiting->study_id);
    const bool held =
        study != NULL && counter_waits(request->ledger, study->study);
    char key[KEY_TEXT];
    json_t *object = json_object();
    public_key_to_text(key, &waiting->researcher);
    return append(queries, object) ||
                   (held && set(object, "waits_for",
                                json_string("the committee"))) ||
                   set(object, "query_id", json_digest(&waiting->id)) ||
                   set(object, "study_id", json_digest(&waiting->study_id)) ||
                   set(object, "study",
                       json_string(study == NULL ? "" : study->study->name)) ||
                   set(object, "researcher", json_string(key)) ||
                   set(object, "state", json_string("waiting")) ||
                   set(object, "submitted", json_time(waiting->submitted)) ||
                   set(object, "finished", json_null()) ||
                   set(object, "reason", json_null()) ||
                   set(object, "centers", center_report_create()) ||
                   set(object, "notes", json_object()) ||
                   set(object, "place", json_integer((json_int_t)place + 1)) ||
                   set(object, "waiting",
                       json_integer((json_int_t)turns_count(request->turns)))
               ? STATUS_NO_MEMORY
               : STATUS_OK;
}

/* *any: one of them is what was asked for. */
static enum status add_all_waiting(
    json_t *queries, const struct report_request *request, bool *any)
{
    int64_t left = request->query_limit;
    *any = false;
    for (size_t i = 0;
         request->turns != NULL && i < turns_count(request->turns); i++) {
        if (!is_shown(request, turns_at(request->turns, i)))
            continue;
        *any = true;
        if (request->query == NULL && left-- <= 0)
            break;
        if (add_waiting(queries, request, i) != STATUS_OK)
            return STATUS_NO_MEMORY;
    }
    return STATUS_OK;
}

static enum status add_queries(
    json_t *report, const struct report_request *request)
{
    struct query_writer writer = {json_array(), request};
    if (set(report, "queries", writer.queries))
        return STATUS_NO_MEMORY;
    bool waits = false;
    enum status status = add_all_waiting(writer.queries, request, &waits);
    if (status != STATUS_OK || (waits && request->query != NULL))
        return status;
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
