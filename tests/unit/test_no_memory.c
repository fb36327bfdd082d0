/*
 * Memory runs out in the middle of reading a document, of believing it, of
 * writing one: it is said, nothing leaks, and no text comes out with a part
 * missing.
 */
#include "protocol/query/formula.h"
#include "protocol/wire/json_text.h"
#include "protocol/wire/message.h"
#include "tests/unit/test.h"

#include "documents_fixture.h"
#include "failing_allocator.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static struct cast cast;
static struct dictionary *registry; /* of the registry in tests/data */
static struct buffer registry_text, question_text;
static char *roster_text, *study_text, *query_text, *header_text;
static struct envelope *roster, *study, *query, *header, *approvals[COMMITTEE];
static struct roster *verified;

static char *text_of(json_t *json)
{
    char *text = json_dumps(json, JSON_COMPACT);
    json_decref(json);
    assert_non_null(text);
    return text;
}

static struct envelope *sign(
    const char *type, const char *text, struct keypair *const *keys, size_t n)
{
    return document_sign(type, json_loads(text, 0, NULL), keys, n);
}

static void make_documents(void)
{
    struct diagnostic diagnostic;
    diagnostic_init(&diagnostic, "");
    roster_text = text_of(cast_roster(&cast, 1, CENTERS));
    roster = sign(TYPE_ROSTER, roster_text, cast.committee, 2);
    must(roster_verify(&verified, roster, NULL, &diagnostic));
    study_text = text_of(cast_study(&cast, "first", 3));
    study = sign(TYPE_STUDY, study_text, &cast.researcher, 1);
    struct digest study_id = envelope_id(study);
    query_text = text_of(cast_query(&cast, &study_id, 40));
    query = sign(TYPE_QUERY, query_text, &cast.researcher, 1);
    struct digest query_id = envelope_id(query);
    header_text = text_of(cast_header(&query_id, &study_id, &verified->id));
    header = sign(TYPE_HEADER, header_text, &cast.coordinator, 1);
    for (size_t i = 0; i < COMMITTEE; i++) {
        approvals[i] = document_sign(TYPE_APPROVAL,
            cast_approval(&study_id, "approve", "2027-01-14"),
            &cast.committee[i], 1);
    }
}

static int setup(void **state)
{
    static const char folder[] = TEST_DATA "/uci_heart_disease/";
    struct diagnostic diagnostic;
    char path[512];
    (void)state;
    allocator_start();
    cast_create(&cast);
    make_documents();
    diagnostic_init(&diagnostic, "");
    buffer_init(&registry_text, DOCUMENT_BYTES_MAX);
    buffer_init(&question_text, DOCUMENT_BYTES_MAX);
    snprintf(path, sizeof path, "%sdictionary.json", folder);
    must(buffer_read_file(&registry_text, path));
    snprintf(path, sizeof path, "%squery.json", folder);
    must(buffer_read_file(&question_text, path));
    must(dictionary_parse(&registry, buffer_view(&registry_text), &diagnostic));
    return 0;
}

static int teardown(void **state)
{
    char *const texts[] = {roster_text, study_text, query_text, header_text};
    struct envelope *const envelopes[] = {
        roster, study, query, header, approvals[0], approvals[1], approvals[2]};
    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++)
        free(texts[i]);
    for (size_t i = 0; i < COUNT(envelopes); i++)
        envelope_destroy(envelopes[i]);
    roster_destroy(verified);
    dictionary_destroy(registry);
    buffer_fini(&registry_text);
    buffer_fini(&question_text);
    cast_destroy(&cast);
    return 0;
}

static enum status put_digest(struct buffer *out, const struct digest *digest)
{
    char text[DIGEST_TEXT];
    digest_to_text(text, digest);
    return buffer_append_text(out, text);
}

/* ---- documents ---- */

static enum status run_dictionary(struct buffer *out)
{
    struct dictionary *read = NULL;
    struct diagnostic diagnostic;
    diagnostic_init(&diagnostic, "");
    enum status status =
        dictionary_parse(&read, buffer_view(&registry_text), &diagnostic);
    if (status == STATUS_OK)
        status = put_digest(out, &read->digest);
    for (size_t i = 0; status == STATUS_OK && i < read->variable_count; i++)
        status = buffer_append_format(out, "%s %zu\n", read->variables[i].name,
            variable_level_count(&read->variables[i]));
    dictionary_destroy(read);
    return status;
}

static enum status run_query(struct buffer *out)
{
    struct query *read = NULL;
    struct plan *plan = NULL;
    struct diagnostic diagnostic;
    diagnostic_init(&diagnostic, "");
    enum status status =
        query_parse(&read, buffer_view(&question_text), registry, &diagnostic);
    if (status == STATUS_OK)
        status = plan_create(&plan, read, registry, &diagnostic);
    if (status == STATUS_OK)
        status = put_digest(out, &read->question);
    if (status == STATUS_OK)
        status = buffer_append_format(
            out, " %zu %zu", plan->vector_length, plan->value_count);
    plan_destroy(plan);
    query_destroy(read);
    return status;
}

static enum status run_seal(struct buffer *out)
{
    const struct query_seal seal = {.study_id = {{7}},
        .dictionary_id = {{7}},
        .nonce = {1},
        .expires = NOW};
    struct diagnostic diagnostic;
    diagnostic_init(&diagnostic, "");
    return query_seal(out, buffer_view(&question_text), &seal, &diagnostic);
}

static void count_variable(void *arg, size_t variable)
{
    *(size_t *)arg += variable + 1;
}

static enum status run_cohort(struct buffer *out)
{
    struct cohort *cohort = NULL;
    struct cohort_error error;
    size_t sum = 0;
    enum status status = cohort_parse(&cohort,
        "not (age < 40 or sex = M) and (age in (50, 60, 70) or age between 80 "
        "and 90 or age is missing)",
        cast.dictionary, &error);
    if (status != STATUS_OK)
        return status;
    cohort_visit_variables(cohort, count_variable, &sum);
    cohort_destroy(cohort);
    return buffer_append_format(out, "%zu", sum);
}

static enum status run_formula(struct buffer *out)
{
    struct formula *formula = NULL;
    struct formula_error error;
    size_t sum = 0;
    enum status status = formula_parse(&formula,
        "log(age + 1) ~ sex * I(age^2) + ns(age, 1) + center", cast.dictionary,
        NULL, &error);
    if (status != STATUS_OK)
        return status;
    formula_visit_variables(formula, count_variable, &sum);
    formula_destroy(formula);
    return buffer_append_format(out, "%zu", sum);
}

static enum status run_roster(struct buffer *out)
{
    struct roster *read = NULL;
    struct diagnostic diagnostic;
    diagnostic_init(&diagnostic, "");
    enum status status =
        roster_parse(&read, view_of_text(roster_text), &diagnostic);
    if (status == STATUS_OK)
        status = buffer_append_format(out, "%zu", read->center_count);
    roster_destroy(read);
    return status;
}

static enum status run_roster_verify(struct buffer *out)
{
    struct roster *read = NULL;
    struct diagnostic diagnostic;
    diagnostic_init(&diagnostic, "");
    enum status status = roster_verify(&read, roster, NULL, &diagnostic);
    if (status == STATUS_OK)
        status = put_digest(out, &read->id);
    roster_destroy(read);
    return status;
}

static enum status run_study(struct buffer *out)
{
    struct study *read = NULL;
    struct diagnostic diagnostic;
    diagnostic_init(&diagnostic, "");
    enum status status =
        study_parse(&read, view_of_text(study_text), &diagnostic);
    if (status == STATUS_OK)
        status = study_check(read, cast.dictionary, &diagnostic);
    if (status == STATUS_OK)
        status = buffer_append_format(
            out, "%zu %zu", read->variable_count, read->analysis_count);
    study_destroy(read);
    return status;
}

static enum status run_study_verify(struct buffer *out)
{
    struct study *read = NULL;
    struct diagnostic diagnostic;
    diagnostic_init(&diagnostic, "");
    enum status status = study_verify(&read, study, &diagnostic);
    if (status == STATUS_OK)
        status = put_digest(out, &read->id);
    study_destroy(read);
    return status;
}

static enum status run_approval(struct buffer *out)
{
    struct approval approval = {.scores = {1, 2, 3, 4}, .date = NOW}, again;
    struct diagnostic diagnostic;
    diagnostic_init(&diagnostic, "");
    enum status status = approval_write(out, &approval, "A comment.");
    return status == STATUS_OK
               ? approval_parse(&again, buffer_view(out), &diagnostic)
               : status;
}

static enum status run_header(struct buffer *out)
{
    struct session_header *read = NULL;
    struct diagnostic diagnostic;
    diagnostic_init(&diagnostic, "");
    enum status status =
        session_header_parse(&read, view_of_text(header_text), &diagnostic);
    if (status == STATUS_OK)
        status = session_header_write(out, read);
    session_header_destroy(read);
    return status;
}

static enum status run_limits(struct buffer *out)
{
    struct limits limits;
    limits_default(&limits);
    json_t *json = limits_json(&limits);
    enum status status = json_text_append(out, json, JSON_COMPACT);
    json_decref(json);
    return status;
}

static enum status run_admission(struct buffer *out)
{
    struct admission admission;
    struct diagnostic diagnostic;
    const struct admission_request request = {.roster = verified,
        .dictionary = cast.dictionary,
        .header = header,
        .query = query,
        .study = study,
        .approvals = (const struct envelope *const *)approvals,
        .approval_count = 2,
        .clock = {NOW, NULL}};
    diagnostic_init(&diagnostic, "");
    enum status status = admission_check(&admission, &request, &diagnostic);
    if (status == STATUS_OK)
        status = put_digest(out, &admission.query->question);
    admission_fini(&admission);
    return status;
}

/* ---- envelopes, messages, keys, settings ---- */

static enum status run_envelope(struct buffer *out)
{
    struct envelope *made = NULL, *read = NULL;
    enum status status =
        envelope_create(&made, TYPE_QUERY, view_of_text(query_text));
    for (size_t i = 0; status == STATUS_OK && i < COMMITTEE; i++)
        status = envelope_sign(made, cast.committee[i]);
    if (status == STATUS_OK)
        status = envelope_encode(made, out);
    if (status == STATUS_OK)
        status = envelope_decode(&read, buffer_view(out));
    if (status == STATUS_OK)
        status = envelope_verify(
            read, TYPE_QUERY, &keypair_identity(cast.committee[2])->sign);
    envelope_destroy(made);
    envelope_destroy(read);
    return status;
}

static enum status run_message(struct buffer *out)
{
    static struct message message, again;
    message = (struct message){.type = MESSAGE_OPEN,
        .header = view_of_text(header_text),
        .query = view_of_text(query_text),
        .study = view_of_text(study_text),
        .document_count = 2,
        .documents = {view_of_text("one"), view_of_text(roster_text)}};
    enum status status = message_encode(&message, out);
    return status == STATUS_OK
               ? message_decode(&again, buffer_view(out), SENDER_COORDINATOR)
               : status;
}

static enum status run_keys(struct buffer *out)
{
    struct keypair *keys = NULL;
    enum status status = keypair_create(&keys, "center-9");
    if (status == STATUS_OK)
        status = buffer_append_text(out, keypair_identity(keys)->name);
    keypair_destroy(keys);
    return status;
}

static const struct scenario documents[] = {
    {"dictionary", run_dictionary, STATUS_OK, NULL, NULL, 0},
    {"query and plan", run_query, STATUS_OK, NULL, NULL, 0},
    {"seal", run_seal, STATUS_OK, NULL, NULL, 0},
    {"cohort", run_cohort, STATUS_OK, NULL, NULL, 0},
    {"formula", run_formula, STATUS_OK, NULL, NULL, 0},
    {"roster", run_roster, STATUS_OK, NULL, NULL, 0},
    {"roster verify", run_roster_verify, STATUS_OK, NULL, NULL, 0},
    {"study", run_study, STATUS_OK, NULL, NULL, 0},
    {"study verify", run_study_verify, STATUS_OK, NULL, NULL, 0},
    {"approval", run_approval, STATUS_OK, NULL, NULL, 0},
    {"header", run_header, STATUS_OK, NULL, NULL, 0},
    {"limits", run_limits, STATUS_OK, NULL, NULL, 0},
    {"admission", run_admission, STATUS_OK, NULL, NULL, 0},
    {"envelope", run_envelope, STATUS_OK, NULL, NULL, 0},
    {"message", run_message, STATUS_OK, NULL, NULL, 0},
    {"keys", run_keys, STATUS_OK, NULL, NULL, 0},
};

static void test_documents_and_envelopes(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(documents); i++)
        step_through(&documents[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_documents_and_envelopes),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
