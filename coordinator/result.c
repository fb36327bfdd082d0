#include "coordinator/result.h"

#include <string.h>

#include "coordinator/result_variables.h"
#include "coordinator/told.h"
#include "policy/disclosure.h"
#include "protocol/wire/json_text.h"

/* Between the two texts of result_calculate; compact JSON has none. */
#define BETWEEN "\n"

json_t *json_digest(const struct digest *digest)
{
    char text[DIGEST_TEXT];
    digest_to_text(text, digest);
    return json_string(text);
}

json_t *json_time(int64_t seconds)
{
    char text[TIME_TEXT];
    if (seconds == 0)
        return json_null();
    time_text(text, seconds);
    return json_string(text);
}

json_t *center_report_create(void)
{
    json_t *report = json_object();
    if (json_object_set_new(report, "asked", json_array()) == 0 &&
        json_object_set_new(report, "answered", json_array()) == 0 &&
        json_object_set_new(report, "refused", json_array()) == 0 &&
        json_object_set_new(report, "absent", json_array()) == 0)
        return report;
    json_decref(report);
    return NULL;
}

enum status center_report_add(
    json_t *report, const char *name, enum reply_state state)
{
    static const char *const members[] = {
        [REPLY_ANSWERED] = "answered",
        [REPLY_REFUSED] = "refused",
        [REPLY_ABSENT] = "absent",
    };
    if (json_array_append_new(
            json_object_get(report, "asked"), json_string(name)) != 0)
        return STATUS_NO_MEMORY;
    if (state == REPLY_ASKED)
        return STATUS_OK;
    return json_array_append_new(
               json_object_get(report, members[state]), json_string(name)) == 0
               ? STATUS_OK
               : STATUS_NO_MEMORY;
}

static json_t *by_names(const struct question *question)
{
    const struct query *query = question->query;
    const struct dictionary *dictionary = question->plan->dictionary;
    json_t *names = json_array();
    for (size_t i = 0; i < query->by_count; i++) {
        if (json_array_append_new(names,
                json_string(dictionary->variables[query->by[i]].name)) != 0) {
            json_decref(names);
            return NULL;
        }
    }
    return names;
}

static json_t *limits_object(const struct limits *limits)
{
    return json_pack("{s:I,s:I,s:b,s:b,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I}",
        "min_cell", (json_int_t)limits->min_cell, "min_difference",
        (json_int_t)limits->min_difference, "hide_zeros",
        (int)limits->hide_zeros, "protect_missing",
        (int)limits->protect_missing, "rounding", (json_int_t)limits->rounding,
        "dominance_one", (json_int_t)limits->dominance_one, "dominance_two",
        (json_int_t)limits->dominance_two, "p_percent",
        (json_int_t)limits->p_percent, "quantile_tail",
        (json_int_t)limits->quantile_tail, "moments_share",
        (json_int_t)limits->moments_share, "queries_per_day",
        (json_int_t)limits->queries_per_day, "queries_total",
        (json_int_t)limits->queries_total);
}

static json_t *center_report(const struct result_facts *facts)
{
    json_t *report = center_report_create();
    for (size_t i = 0; report != NULL && i < facts->center_count; i++) {
        if (center_report_add(report, facts->centers[i].name,
                facts->centers[i].state) != STATUS_OK) {
            json_decref(report);
            report = NULL;
        }
    }
    return report;
}

/* {center: number} of those that answered. */
static json_t *freezes_object(const struct result_facts *facts)
{
    json_t *object = json_object();
    for (size_t i = 0; i < facts->center_count; i++) {
        const struct result_center *center = &facts->centers[i];
        if (center->state == REPLY_ANSWERED &&
            json_object_set_new(
                object, center->name, json_integer(center->freeze)) != 0) {
            json_decref(object);
            return NULL;
        }
    }
    return object;
}

static json_int_t count_answered(const struct result_facts *facts)
{
    json_int_t answered = 0;
    for (size_t i = 0; i < facts->center_count; i++)
        answered += facts->centers[i].state == REPLY_ANSWERED;
    return answered;
}

/* Sets a member and says whether that failed, so that a whole object can be
 * made before the one check. */
static bool set(json_t *object, const char *key, json_t *value)
{
    return json_object_set_new(object, key, value) != 0;
}

static bool set_origin(json_t *object, const struct result_facts *facts)
{
    const struct question *question = facts->question;
    const struct study *study = question->study->study;
    return set(object, "cohortium", json_string("result")) ||
           set(object, "version", json_integer(1)) ||
           set(object, "query_id", json_digest(&question->id)) ||
           set(object, "study_id", json_digest(&study->id)) ||
           set(object, "study", json_string(study->name)) ||
           set(object, "roster_id", json_digest(facts->roster_id)) ||
           set(object, "dictionary_id", json_digest(&study->dictionary_id)) ||
           set(object, "session_id", json_digest(facts->header_id)) ||
           set(object, "question", json_digest(&question->query->question)) ||
           set(object, "created", json_time(facts->created)) ||
           set(object, "software", json_string(facts->software));
}

static void add_withheld(json_t *withheld, const char *rule, json_int_t count)
{
    const json_t *before = json_object_get(withheld, rule);
    json_object_set_new(
        withheld, rule, json_integer(json_integer_value(before) + count));
}

/* Rules that act on a fitted model are named in its entry, with a message. What
 * rule 2 does not tell has none, and is counted in the sum, where nobody is. */
static void add_fitted(json_t *withheld, const json_t *results)
{
    size_t at;
    json_t *entry;
    json_array_foreach(results, at, entry)
    {
        const char *rule = json_string_value(json_object_get(entry, "rule"));
        if (rule != NULL && json_object_get(entry, "message") != NULL)
            add_withheld(withheld, rule, 1);
    }
}

/* What the rules kept back, at the centers or of the sum: cells and segments by
 * rule. */
static json_t *withheld_object(const struct vector *sum, const json_t *results)
{
    json_t *object = json_object();
    for (size_t rule = 0; rule < RULE_COUNT; rule++) {
        json_int_t count = (json_int_t)sum->elements[PLAN_RULES + rule];
        if (count != 0)
            add_withheld(object,
                disclosure_told_name((enum disclosure_rule)rule), count);
    }
    add_fitted(object, results);
    return object;
}

/* What the noise is, and what is promised for it. */
static bool set_noise(json_t *object, const struct question *question)
{
    const struct study *study = question->study->study;
    if (study->privacy != PRIVACY_NOISE)
        return false;
    double rho = (double)study->noise.query_rho_nano / (double)NANO;
    return set(object, "noise",
        json_pack("{s:f, s:f, s:f, s:f}", "rho", rho, "epsilon",
            budget_epsilon(rho, study->noise.delta), "delta",
            study->noise.delta, "count_sigma",
            budget_count_sigma(question->plan, &study->noise)));
}

/* By the names that the study gives it. */
static bool set_cohort(json_t *object, const struct query *query)
{
    const struct named_cohort *named = query->named;
    return set(object, "cohort", json_string(query->cohort_text)) ||
           (named != NULL &&
               set(object, "cohort_name", json_string(named->name))) ||
           (named != NULL && named->title != NULL &&
               set(object, "cohort_title", json_string(named->title)));
}

static bool set_terms(
    json_t *object, const struct result_facts *facts, json_t *withheld)
{
    const struct question *question = facts->question;
    const struct query *query = question->query;
    return set(object, "privacy",
               json_string(
                   study_privacy_name(question->study->study->privacy))) ||
           set(object, "unit",
               json_string(query->unit == UNIT_EXAM ? "exam" : "patient")) ||
           set_cohort(object, query) || set(object, "by", by_names(question)) ||
           set(object, "variables", result_variables(question->plan)) ||
           set(object, "limits",
               limits_object(&question->study->study->limits)) ||
           set_noise(object, question) ||
           json_object_set(object, "withheld", withheld) != 0 ||
           set(object, "centers", json_integer(count_answered(facts))) ||
           set(object, "center_report", center_report(facts)) ||
           set(object, "freezes", freezes_object(facts));
}

/* A test is made for exact counts: of noisy ones its p value would be wrong. */
static void drop_tests(json_t *results)
{
    static const char *const members[] = {
        "statistic", "df", "p_value", "fisher_p_value"};
    size_t at;
    json_t *entry;
    json_array_foreach(results, at, entry)
    {
        for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
            json_object_del(entry, members[i]);
    }
}

enum status result_calculate(
    struct buffer *out, const struct result_figures *figures)
{
    const struct study *study = figures->question->study->study;
    json_t *results = NULL, *withheld = NULL;
    enum status status =
        fit_finish(figures->fit, study->limits.min_cell, &results);
    if (status == STATUS_OK && study->privacy == PRIVACY_NOISE)
        drop_tests(results);
    if (status == STATUS_OK && figures->sets != NULL)
        status = told_add(
            results, figures->sets, figures->instruction, figures->family);
    if (status == STATUS_OK) {
        withheld = withheld_object(figures->sum, results);
        status = json_text_append(out, withheld, RESULT_JSON_FLAGS);
    }
    if (status == STATUS_OK)
        status = buffer_append_text(out, BETWEEN);
    if (status == STATUS_OK)
        status = json_text_append(out, results, RESULT_JSON_FLAGS);
    json_decref(withheld);
    json_decref(results);
    return status;
}

/* The results are the last member, and are put in as they stand: Jansson aborts
 * the program when memory ends while it reads a long number. */
static enum status append_results(
    struct buffer *out, const json_t *object, struct view results)
{
    enum status status = json_text_append(out, object, RESULT_JSON_FLAGS);
    if (status != STATUS_OK)
        return status;
    out->size--; /* the object's last brace */
    status = buffer_append_text(out, ",\"results\":");
    if (status == STATUS_OK)
        status = buffer_append(out, results.data, results.size);
    return status == STATUS_OK ? buffer_append_text(out, "}") : status;
}

static enum status result_write(
    struct buffer *out, const struct result_facts *facts)
{
    const struct view all = facts->calculated;
    const uint8_t *between =
        all.size == 0 ? NULL : memchr(all.data, BETWEEN[0], all.size);
    if (between == NULL)
        return STATUS_CORRUPT;
    const size_t first = (size_t)(between - all.data);
    const struct view results = {between + 1, all.size - first - 1};
    json_t *withheld = NULL, *object = json_object();
    enum status status =
        json_text_parse(&withheld, (struct view){all.data, first}, 0, NULL);
    if (status == STATUS_OK && (object == NULL || set_origin(object, facts) ||
                                   set_terms(object, facts, withheld)))
        status = STATUS_NO_MEMORY;
    if (status == STATUS_OK)
        status = append_results(out, object, results);
    json_decref(withheld);
    json_decref(object);
    return status;
}

enum status result_sign(struct buffer *out, struct digest *id,
    const struct result_facts *facts, const struct keypair *keys)
{
    struct buffer payload;
    struct envelope *envelope = NULL;
    buffer_init(&payload, ENVELOPE_PAYLOAD_MAX);
    enum status status = result_write(&payload, facts);
    if (status == STATUS_OK)
        status = envelope_create(&envelope, TYPE_RESULT, buffer_view(&payload));
    if (status == STATUS_OK)
        status = envelope_sign(envelope, keys);
    if (status == STATUS_OK)
        status = envelope_encode(envelope, out);
    if (status == STATUS_OK)
        *id = envelope_id(envelope);
    envelope_destroy(envelope);
    buffer_fini(&payload);
    return status;
}
