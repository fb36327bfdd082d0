#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "coordinator/client/sandbox.h"
#include "protocol/masking/steps.h"
#include "protocol/wire/json_text.h"
#include "protocol/wire/loop.h"

#define OPT_IN_TIMEOUT_MS 20000
#define ANSWER_TIMEOUT_MS 120000
#define POLL_MS 20

/* ---- the study ---- */

struct name_list {
    const struct dictionary *dictionary;
    bool used[DICTIONARY_VARIABLES_MAX];
};

static void use_variable(void *arg, size_t variable)
{
    ((struct name_list *)arg)->used[variable] = true;
}

static json_t *variable_names(
    const struct plan *plan, const struct dictionary *dictionary)
{
    struct name_list names = {.dictionary = dictionary};
    json_t *list = json_array();
    plan_visit_variables(plan, use_variable, &names);
    for (size_t i = 0; i < dictionary->variable_count; i++) {
        if (names.used[i])
            json_array_append_new(
                list, json_string(dictionary->variables[i].name));
    }
    return list;
}

static json_t *analysis_names(const struct plan *plan)
{
    json_t *list = json_array();
    for (size_t i = 0; i < plan->analysis_count; i++) {
        const char *name = plan_analysis_name(plan, i);
        bool known = false;
        size_t at;
        json_t *other;
        json_array_foreach(list, at, other) known =
            known || strcmp(json_string_value(other), name) == 0;
        if (!known)
            json_array_append_new(list, json_string(name));
    }
    return list;
}

static json_t *study_json(const struct sandbox *sandbox,
    const struct checked_query *checked, const struct dictionary *dictionary,
    const struct sandbox_terms *terms)
{
    char id[DIGEST_TEXT], from[TIME_TEXT], until[TIME_TEXT];
    char sign[KEY_TEXT], curve[KEY_TEXT];
    const struct identity *researcher = keypair_identity(sandbox->researcher);
    struct limits limits;
    limits_default(&limits);
    if (terms->min_cell == 1)
        limits_open(&limits);
    else
        limits.min_cell = terms->min_cell;
    limits.min_difference = 1; /* nothing was asked of these rows before */
    digest_to_text(id, &dictionary->digest);
    time_text(from, clock_wall_seconds() - 3600);
    time_text(until, clock_wall_seconds() + 86400);
    public_key_to_text(sign, &researcher->sign);
    public_key_to_text(curve, &researcher->curve);
    const char *name = checked->query->study;
    bool few = sandbox->center_count < MASKING_CENTERS_MIN;
    const char *privacy = terms->privacy;
    if (privacy == NULL)
        privacy = study_privacy_name(few ? PRIVACY_OPEN : PRIVACY_SUM);
    return json_pack("{s:s, s:s, s:i, s:s, s:s, s:s, s:s, s:s,"
                     " s:[{s:s, s:s, s:s}], s:o, s:o, s:b, s:o, s:s, s:b, s:i,"
                     " s:s, s:s}",
        "cohortium", "study", "name", name[0] == '\0' ? "sandbox" : name,
        "version", 1, "title", "A trial on this machine",
        "principal_investigator", "researcher", "lead_institution", "sandbox",
        "dictionary", id, "roster", "sandbox", "researchers", "name",
        researcher->name, "identity", sign, "curve", curve, "variables",
        variable_names(checked->plan, dictionary), "analyses",
        analysis_names(checked->plan), "exploration", true, "limits",
        limits_json(&limits), "privacy", privacy, "center_effects",
        plan_has_center_term(checked->plan), "min_centers",
        few ? 1 : MASKING_CENTERS_MIN, "valid_from", from, "valid_until",
        until);
}

static enum status sign_study(struct sandbox *sandbox, const char *text)
{
    struct diagnostic diagnostic;
    diagnostic_init(&diagnostic, "study");
    enum status status = envelope_create(
        &sandbox->study.envelope, TYPE_STUDY, view_of_text(text));
    if (status == STATUS_OK)
        status = envelope_sign(sandbox->study.envelope, sandbox->researcher);
    if (status == STATUS_OK)
        status = study_verify(
            &sandbox->study.study, sandbox->study.envelope, &diagnostic);
    return status == STATUS_OK ? status : program_fail_at(status, &diagnostic);
}

static enum status sign_approval(struct sandbox *sandbox)
{
    struct buffer payload;
    const struct approval approval = {.study_id = sandbox->study.study->id,
        .approve = true,
        .scores = {9, 9, 9, 9},
        .date = clock_wall_seconds()};
    buffer_init(&payload, BUFFER_LIMIT_DEFAULT);
    enum status status = approval_write(&payload, &approval, NULL);
    if (status == STATUS_OK)
        status = envelope_create(
            &sandbox->approval, TYPE_APPROVAL, buffer_view(&payload));
    if (status == STATUS_OK)
        status = envelope_sign(sandbox->approval, sandbox->member);
    buffer_fini(&payload);
    return status;
}

/* ---- talking to the coordinator ---- */

/* A connection of the sandbox lends its roster and keys. */
static enum status lend_connection(struct connection *connection,
    struct sandbox *sandbox, struct keypair *keys)
{
    *connection = (struct connection){.roster = sandbox->roster, .keys = keys};
    buffer_init(&connection->body, BUFFER_LIMIT_DEFAULT);
    enum status status = channel_client_open(&connection->channel, keys,
        &sandbox->roster->coordinator.curve, sandbox->endpoint);
    if (status == STATUS_OK)
        status = channel_client_ready(connection->channel, OPT_IN_TIMEOUT_MS);
    return status == STATUS_OK ? connection_greet(connection) : status;
}

static void return_connection(struct connection *connection)
{
    connection->roster = NULL;
    connection->keys = NULL;
    connection_close(connection);
}

static enum status submit_study(
    struct sandbox *sandbox, struct connection *connection)
{
    struct buffer study, approval;
    struct message reply;
    buffer_init(&study, BUFFER_LIMIT_DEFAULT);
    buffer_init(&approval, BUFFER_LIMIT_DEFAULT);
    enum status status = envelope_encode(sandbox->study.envelope, &study);
    if (status == STATUS_OK)
        status = envelope_encode(sandbox->approval, &approval);
    if (status == STATUS_OK) {
        struct message submit = {.type = MESSAGE_SUBMIT_STUDY,
            .study = buffer_view(&study),
            .document_count = 1};
        submit.documents[0] = buffer_view(&approval);
        status = connection_ask(connection, &submit, MESSAGE_STATUS, &reply);
    }
    buffer_fini(&study);
    buffer_fini(&approval);
    return status;
}

/* How many centers the coordinator knows to be in. */
static enum status count_opted_in(struct connection *connection, size_t *count)
{
    struct message ask = {.type = MESSAGE_ASK_STATUS}, reply;
    *count = 0;
    enum status status =
        connection_ask(connection, &ask, MESSAGE_STATUS, &reply);
    if (status != STATUS_OK)
        return status;
    json_t *all = json_loadb((const char *)reply.document.data,
        reply.document.size, JSON_REJECT_DUPLICATES, NULL);
    json_t *study = json_array_get(json_object_get(all, "studies"), 0);
    *count = json_array_size(json_object_get(study, "opted_in"));
    json_decref(all);
    return STATUS_OK;
}

/* The node must have the study first; it comes within milliseconds. */
static enum status opt_in(
    struct sandbox *sandbox, struct sandbox_center *center)
{
    const char *const command[] = {"cohortium-node", "opt-in", "--home",
        center->home, sandbox->study.study->name, NULL};
    uint64_t end = clock_monotonic_ms() + OPT_IN_TIMEOUT_MS;
    char log[SANDBOX_PATH_MAX + 16];
    snprintf(log, sizeof log, "%s/log", center->home);
    while (clock_monotonic_ms() < end) {
        struct child child;
        enum status status = child_start(&child, command, log);
        if (status != STATUS_OK)
            return status;
        if (child_finish(&child, NULL, NULL) == STATUS_OK)
            return STATUS_OK;
        usleep(POLL_MS * 1000);
    }
    return program_fail(
        STATUS_TIMED_OUT, "center %s did not opt in", center->name);
}

static enum status opt_all_in(
    struct sandbox *sandbox, struct connection *connection)
{
    enum status status = STATUS_OK;
    size_t count = 0;
    for (size_t i = 0; status == STATUS_OK && i < sandbox->center_count; i++)
        status = opt_in(sandbox, &sandbox->centers[i]);
    uint64_t end = clock_monotonic_ms() + OPT_IN_TIMEOUT_MS;
    while (status == STATUS_OK && count < sandbox->center_count) {
        if (clock_monotonic_ms() > end)
            return program_fail(STATUS_TIMED_OUT, "not every center opted in");
        status = count_opted_in(connection, &count);
        usleep(POLL_MS * 1000);
    }
    return status;
}

enum status sandbox_approve(struct sandbox *sandbox,
    const struct checked_query *checked, const struct dictionary *dictionary,
    const struct sandbox_terms *terms)
{
    struct connection connection = {0};
    json_t *json = study_json(sandbox, checked, dictionary, terms);
    struct buffer text;
    buffer_init(&text, DOCUMENT_BYTES_MAX);
    enum status status = json_text_append(&text, json, JSON_INDENT(1));
    json_decref(json);
    if (status == STATUS_OK)
        status = sign_study(sandbox, buffer_text(&text));
    buffer_fini(&text);
    if (status == STATUS_OK)
        status = sign_approval(sandbox);
    if (status == STATUS_OK)
        status = lend_connection(&connection, sandbox, sandbox->member);
    if (status == STATUS_OK)
        status = submit_study(sandbox, &connection);
    if (status == STATUS_OK)
        status = opt_all_in(sandbox, &connection);
    return_connection(&connection);
    return status;
}

enum status sandbox_ask(struct sandbox *sandbox,
    const struct checked_query *checked, struct envelope **result)
{
    struct connection connection = {0};
    struct buffer query;
    struct digest id;
    buffer_init(&query, BUFFER_LIMIT_DEFAULT);
    enum status status =
        lend_connection(&connection, sandbox, sandbox->researcher);
    if (status == STATUS_OK) {
        status = query_sign(&query, &id, checked, sandbox->study.study,
            sandbox->researcher, clock_wall_seconds() + 3600);
    }
    if (status == STATUS_OK) {
        const struct message submit = {
            .type = MESSAGE_SUBMIT_QUERY, .query = buffer_view(&query)};
        status =
            query_await(&connection, &submit, &id, ANSWER_TIMEOUT_MS, result);
    }
    return_connection(&connection);
    buffer_fini(&query);
    return status;
}
