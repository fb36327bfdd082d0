#include "documents_fixture.h"

#include <stdio.h>

#include "tests/unit/test.h"

static const char dictionary_text[] =
    "{\"id\": \"small\", \"version\": 1, \"variables\": ["
    "{\"name\": \"age\", \"label\": \"Age\", \"entity\": \"exam\","
    " \"type\": \"integer\", \"min\": 0, \"max\": 120, \"edges\": ["
    "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,"
    "26,27,28,29,30,31,32,33,34,35,36,37,38,39,40,41,42,43,44,45,46,47,"
    "48,49,50,51,52,53,54,55,56,57,58,59,60,61,62,63,64,65,66,67,68,69,"
    "70,71,72,73,74,75,76,77,78,79,80,81,82,83,84,85,86,87,88,89,90,91,"
    "92,93,94,95,96,97,98,99"
    "]},"
    "{\"name\": \"sex\", \"label\": \"Sex\", \"entity\": \"exam\","
    " \"type\": \"category\", \"categories\": [{\"code\": \"F\"},"
    " {\"code\": \"M\"}]}]}";

void must(enum status status)
{
    if (status != STATUS_OK)
        fail_msg("%s", status_name(status));
}

/* ---- people ---- */

void cast_create(struct cast *cast)
{
    struct diagnostic diagnostic;
    char name[32];
    must(keys_start());
    diagnostic_init(&diagnostic, "dictionary");
    must(dictionary_parse(
        &cast->dictionary, view_of_text(dictionary_text), &diagnostic));
    for (size_t i = 0; i < COMMITTEE; i++) {
        snprintf(name, sizeof name, "Member %zu", i);
        must(keypair_create(&cast->committee[i], name));
    }
    for (size_t i = 0; i < CENTERS; i++) {
        snprintf(name, sizeof name, "center-%zu", i);
        must(keypair_create(&cast->centers[i], name));
    }
    must(keypair_create(&cast->coordinator, "office"));
    must(keypair_create(&cast->researcher, "Ada"));
    must(keypair_create(&cast->stranger, "Mallory"));
}

void cast_destroy(struct cast *cast)
{
    for (size_t i = 0; i < COMMITTEE; i++)
        keypair_destroy(cast->committee[i]);
    for (size_t i = 0; i < CENTERS; i++)
        keypair_destroy(cast->centers[i]);
    keypair_destroy(cast->coordinator);
    keypair_destroy(cast->researcher);
    keypair_destroy(cast->stranger);
    dictionary_destroy(cast->dictionary);
}

/* ---- payloads ---- */

json_t *cast_card(const struct keypair *keys)
{
    const struct identity *identity = keypair_identity(keys);
    char sign[KEY_TEXT], curve[KEY_TEXT];
    public_key_to_text(sign, &identity->sign);
    public_key_to_text(curve, &identity->curve);
    return json_pack("{s:s, s:s, s:s}", "name", identity->name, "identity",
        sign, "curve", curve);
}

json_t *cast_roster(const struct cast *cast, int version, size_t centers)
{
    json_t *committee = json_array(), *list = json_array();
    for (size_t i = 0; i < COMMITTEE; i++)
        json_array_append_new(committee, cast_card(cast->committee[i]));
    for (size_t i = 0; i < centers; i++)
        json_array_append_new(list, cast_card(cast->centers[i]));
    json_t *coordinator = cast_card(cast->coordinator);
    json_object_set_new(
        coordinator, "endpoint", json_string("tcp://127.0.0.1:7100"));
    return json_pack("{s:s, s:i, s:s, s:i, s:i, s:o, s:o, s:o, s:s, s:s}",
        "cohortium", "roster", "version", version, "federation", "test",
        "suite", 1, "threshold", 2, "committee", committee, "centers", list,
        "coordinator", coordinator, "valid_from", "2026-01-01", "valid_until",
        "2030-01-01");
}

json_t *cast_study(const struct cast *cast, const char *name, int min_centers)
{
    char dictionary[DIGEST_TEXT];
    digest_to_text(dictionary, &cast->dictionary->digest);
    return json_pack("{s:s, s:s, s:i, s:s, s:s, s:s, s:s, s:s, s:[o],"
                     " s:[s, s], s:[s, s], s:s, s:b, s:{s:i}, s:s, s:i,"
                     " s:s, s:s}",
        "cohortium", "study", "name", name, "version", 1, "title", "A test",
        "principal_investigator", "Ada", "lead_institution", "Here",
        "dictionary", dictionary, "roster", "test", "researchers",
        cast_card(cast->researcher), "variables", "age", "sex", "analyses",
        "count", "summary", "cohort", "age >= 18", "exploration", true,
        "limits", "min_cell", 5, "privacy", "plain", "min_centers", min_centers,
        "valid_from", "2026-01-01", "valid_until", "2029-01-01");
}

json_t *cast_approval(
    const struct digest *study_id, const char *decision, const char *date)
{
    char study[DIGEST_TEXT];
    digest_to_text(study, study_id);
    return json_pack("{s:s, s:s, s:s, s:{s:i, s:i, s:i, s:i}, s:s}",
        "cohortium", "approval", "study", study, "decision", decision, "scores",
        "mission", 8, "merit", 7, "feasibility", 8, "team", 9, "date", date);
}

json_t *cast_query(
    const struct cast *cast, const struct digest *study_id, int age)
{
    char study[DIGEST_TEXT], dictionary[DIGEST_TEXT], cohort[32];
    char nonce[2 * NONCE_BYTES + 1];
    digest_to_text(study, study_id);
    digest_to_text(dictionary, &cast->dictionary->digest);
    snprintf(cohort, sizeof cohort, "age >= %d", age);
    snprintf(nonce, sizeof nonce, "%032x", (unsigned)age);
    return json_pack("{s:s, s:s, s:[s], s:[{s:{}}, {s:{s:[s]}}], s:s, s:s,"
                     " s:s, s:s}",
        "study", "first", "cohort", cohort, "by", "sex", "analyses", "count",
        "summary", "variables", "age", "study_id", study, "dictionary",
        dictionary, "nonce", nonce, "expires", "2027-01-15T09:00:00Z");
}

json_t *cast_header(const struct digest *query_id,
    const struct digest *study_id, const struct digest *roster_id)
{
    char query[DIGEST_TEXT], study[DIGEST_TEXT], roster[DIGEST_TEXT];
    digest_to_text(query, query_id);
    digest_to_text(study, study_id);
    digest_to_text(roster, roster_id);
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:i, s:i, s:[s, s, s],"
                     " s:[i, i, i]}",
        "cohortium", "session", "query", query, "study", study, "roster",
        roster, "session",
        "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
        "deadline", "2027-01-15T08:30:00Z", "min_centers", 3, "suite", 1,
        "centers", "center-0", "center-1", "center-2", "freezes", 1, 1, 1);
}

/* ---- changing and signing ---- */

static json_t *step_into(json_t *at, const char *step)
{
    json_t *next = json_is_array(at)
                       ? json_array_get(at, (size_t)strtoul(step, NULL, 10))
                       : json_object_get(at, step);
    if (next == NULL)
        fail_msg("there is no '%s'", step);
    return next;
}

static void put(json_t *at, const char *step, json_t *value)
{
    int failed;
    if (json_is_array(at)) {
        failed = *step == '+'
                     ? json_array_append_new(at, value)
                     : json_array_set_new(at, strtoul(step, NULL, 10), value);
    } else {
        failed = json_object_set_new(at, step, value);
    }
    assert_int_equal(failed, 0);
}

void document_change(json_t *document, const char *path, const char *value)
{
    char steps[128];
    json_t *at = document;
    char *step = steps, *slash;
    snprintf(steps, sizeof steps, "%s", path);
    for (; (slash = strchr(step, '/')) != NULL; step = slash + 1) {
        *slash = '\0';
        at = step_into(at, step);
    }
    if (value == NULL) {
        assert_int_equal(json_object_del(at, step), 0);
        return;
    }
    json_t *json = json_loads(value, JSON_DECODE_ANY, NULL);
    if (json == NULL)
        fail_msg("not JSON: %s", value);
    put(at, step, json);
}

struct envelope *document_sign(const char *type, json_t *payload,
    struct keypair *const *signers, size_t count)
{
    struct envelope *envelope = NULL;
    char *text = json_dumps(payload, JSON_COMPACT);
    assert_non_null(text);
    must(envelope_create(&envelope, type, view_of_text(text)));
    for (size_t i = 0; i < count; i++)
        must(envelope_sign(envelope, signers[i]));
    free(text);
    json_decref(payload);
    return envelope;
}

/* ---- a table of changes ---- */

static void check_change(const json_t *document, document_reader *read,
    void *arg, const struct change *change)
{
    struct diagnostic diagnostic;
    json_t *copy = json_deep_copy(document);
    document_change(copy, change->path, change->value);
    char *text = json_dumps(copy, JSON_COMPACT);
    diagnostic_init(&diagnostic, "document");
    enum status status = read(arg, view_of_text(text), &diagnostic);
    const char *value = change->value == NULL ? "nothing" : change->value;
    if (status != change->expected) {
        fail_msg("%s = %s: %s, expected %s (%s)", change->path, value,
            status_name(status), status_name(change->expected),
            diagnostic.message);
    }
    if (status != STATUS_OK && diagnostic.line == 0)
        fail_msg("%s = %s: no position", change->path, value);
    if (change->says != NULL &&
        strstr(diagnostic.message, change->says) == NULL)
        fail_msg("%s = %s: '%s', expected '%s'", change->path, value,
            diagnostic.message, change->says);
    free(text);
    json_decref(copy);
}

void check_changes(const json_t *document, document_reader *read, void *arg,
    const struct change *changes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        check_change(document, read, arg, &changes[i]);
}
