#include "protocol/query/query.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/query/edges.h"
#include "protocol/wire/json_text.h"

static const char *const query_keys[] = {"study", "cohort", "unit", "by",
    "move", "analyses", "amendment", "study_id", "dictionary", "nonce",
    "expires"};
#define QUERY_KEYS (sizeof query_keys / sizeof query_keys[0])

/* A name such as "severe-ar", where there is no study that could know it. */
static bool may_be_a_name(const char *text)
{
    return strchr(text, '-') != NULL &&
           strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-_.") ==
               strlen(text);
}

/* By the study's terms, or alone. */
static enum status parse_cohort(struct query *query,
    const struct dictionary *dictionary, struct cohort_error *error)
{
    enum status status = STATUS_OK;
    if (dictionary->terms != NULL) {
        status = terms_expand(&query->expression, &query->named,
            query->cohort_text, dictionary, error);
        if (status == STATUS_OK)
            query->cohort_text = buffer_text(&query->expression);
        if (status == STATUS_OK && query->cohort_text == NULL)
            status = STATUS_NO_MEMORY;
    }
    if (status == STATUS_OK)
        status =
            cohort_parse(&query->cohort, query->cohort_text, dictionary, error);
    if (status == STATUS_OK && dictionary->terms == NULL)
        status = edges_check_cohort(query->cohort, dictionary, error);
    if (status != STATUS_OK && dictionary->terms == NULL &&
        may_be_a_name(query->cohort_text))
        snprintf(error->message, sizeof error->message,
            "no cohort expression; if a study names a cohort '%.63s', check "
            "the query with --study FILE",
            query->cohort_text);
    return status;
}

static enum status read_cohort(struct query *query, const struct field *root,
    const struct dictionary *dictionary, struct diagnostic *diagnostic)
{
    struct field field = *root;
    struct cohort_error error;
    query->cohort_text = "";
    const bool given = field_find(&field, root, "cohort");
    if (given && !json_is_string(field.value))
        return field_fail(&field, diagnostic, "expected a text \"...\"");
    if (given && json_string_length(field.value) > 0) {
        enum status status = field_text(
            &field, &query->cohort_text, COHORT_TEXT_MAX, diagnostic);
        if (status != STATUS_OK)
            return status;
    }
    const enum status status = parse_cohort(query, dictionary, &error);
    if (status != STATUS_OK && given)
        field_fail_inside(
            &field, error.offset, diagnostic, "%s", error.message);
    else if (status != STATUS_OK)
        field_fail(&field, diagnostic, "%s", error.message);
    return status;
}

static enum status read_unit(struct query *query, const struct field *root,
    struct diagnostic *diagnostic)
{
    struct field field;
    const char *text;
    query->unit = UNIT_PATIENT;
    if (!field_find(&field, root, "unit"))
        return STATUS_OK;
    enum status status = field_text(&field, &text, 16, diagnostic);
    if (status != STATUS_OK)
        return status;
    if (strcmp(text, "exam") == 0)
        query->unit = UNIT_EXAM;
    else if (strcmp(text, "patient") != 0)
        return field_fail(&field, diagnostic,
            "the unit is \"exam\" or \"patient\", found '%s'", text);
    return STATUS_OK;
}

static enum status read_by_variable(struct query *query,
    const struct field *field, const struct dictionary *dictionary,
    struct diagnostic *diagnostic)
{
    const char *name;
    size_t index;
    enum status status =
        field_text(field, &name, VARIABLE_NAME_MAX, diagnostic);
    if (status != STATUS_OK)
        return status;
    char message[DICTIONARY_MESSAGE_MAX];
    if (status == STATUS_OK && dictionary->terms != NULL &&
        terms_find_derived(dictionary->terms, name) != NULL)
        return field_fail(field, diagnostic,
            "'%s' is derived in the study, for its cohorts alone: ask of '%s' "
            "and of 'not %s' one after the other",
            name, name, name);
    status =
        dictionary_resolve(dictionary, &index, message, view_of_text(name));
    if (status != STATUS_OK) {
        field_fail(field, diagnostic, "%s", message);
        return status;
    }
    if (variable_cell_count(&dictionary->variables[index]) == 0)
        return field_fail(field, diagnostic, "'%s' %s", name,
            variable_no_cells(&dictionary->variables[index]));
    if (dictionary->variables[index].type == VARIABLE_INTEGER &&
        variable_cell_count(&dictionary->variables[index]) > QUERY_VALUES_MAX)
        return field_fail(field, diagnostic,
            "'%s' has %zu values between the dictionary's min and max; by "
            "takes an integer of at most %d, or a derived category",
            name, variable_cell_count(&dictionary->variables[index]),
            QUERY_VALUES_MAX);
    for (size_t i = 0; i < query->by_count; i++) {
        if (query->by[i] == index)
            return field_fail(field, diagnostic, "'%s' is there twice", name);
    }
    query->by[query->by_count++] = index;
    return STATUS_OK;
}

static enum status read_by(struct query *query, const struct field *root,
    const struct dictionary *dictionary, struct diagnostic *diagnostic)
{
    struct field list;
    size_t count, levels = 1;
    if (!field_find(&list, root, "by"))
        return STATUS_OK;
    enum status status = field_array(&list, &count, QUERY_BY_MAX, diagnostic);
    for (size_t i = 0; status == STATUS_OK && i < count; i++) {
        struct field item = field_item(&list, i);
        status = read_by_variable(query, &item, dictionary, diagnostic);
        if (status == STATUS_OK)
            levels *= variable_cell_count(
                &dictionary->variables[query->by[query->by_count - 1]]);
    }
    if (status == STATUS_OK && levels > QUERY_VALUES_MAX)
        return field_fail(&list, diagnostic,
            "'by' gives %zu levels, and takes at most %d: ask by fewer "
            "variables, or by a derived one with fewer levels",
            levels, QUERY_VALUES_MAX);
    return status;
}

static enum status read_analysis(struct query *query, const struct field *field,
    struct diagnostic *diagnostic)
{
    struct query_analysis *analysis = &query->analyses[query->analysis_count];
    if (!json_is_object(field->value) || json_object_size(field->value) != 1)
        return field_fail(field, diagnostic,
            "expected one analysis {\"name\": {parameters}}");
    void *member = json_object_iter((json_t *)field->value);
    analysis->name = json_object_iter_key(member);
    analysis->name_field = *field;
    if (!field_find(&analysis->parameters, field, analysis->name) ||
        !json_is_object(analysis->parameters.value))
        return field_fail(field, diagnostic,
            "the parameters of '%s' are an object {...}", analysis->name);
    query->analysis_count++;
    return STATUS_OK;
}

static enum status read_analyses(struct query *query, const struct field *root,
    struct diagnostic *diagnostic)
{
    struct field list;
    size_t count = 0;
    enum status status = field_get(&list, root, "analyses", diagnostic);
    if (status == STATUS_OK)
        status = field_array(&list, &count, QUERY_ANALYSES_MAX, diagnostic);
    if (status == STATUS_OK && count == 0)
        status = field_fail(&list, diagnostic, "a query asks for an analysis");
    for (size_t i = 0; status == STATUS_OK && i < count; i++) {
        struct field item = field_item(&list, i);
        status = read_analysis(query, &item, diagnostic);
    }
    return status;
}

static enum status read_hex(const struct field *root, const char *key,
    uint8_t *out, size_t size, struct diagnostic *diagnostic)
{
    struct field field;
    const char *text;
    enum status status = field_get(&field, root, key, diagnostic);
    if (status == STATUS_OK)
        status = field_text(&field, &text, 2 * size, diagnostic);
    if (status == STATUS_OK && hex_decode(out, size, text) != STATUS_OK)
        status = field_fail(
            &field, diagnostic, "expected %zu hexadecimal digits", 2 * size);
    return status;
}

/* study_id, dictionary, nonce, expires: all or none. */
static enum status read_seal(struct query *query, const struct field *root,
    struct diagnostic *diagnostic)
{
    struct field field;
    const char *text;
    size_t found = 0;
    for (size_t i = QUERY_KEYS - 4; i < QUERY_KEYS; i++)
        found += field_find(&field, root, query_keys[i]);
    if (found == 0)
        return STATUS_OK;
    enum status status = read_hex(
        root, "study_id", query->study_id.bytes, DIGEST_BYTES, diagnostic);
    if (status == STATUS_OK)
        status = read_hex(root, "dictionary", query->dictionary_id.bytes,
            DIGEST_BYTES, diagnostic);
    if (status == STATUS_OK)
        status = read_hex(root, "nonce", query->nonce, NONCE_BYTES, diagnostic);
    if (status == STATUS_OK)
        status = field_get(&field, root, "expires", diagnostic);
    if (status == STATUS_OK)
        status = field_text(&field, &text, TIME_TEXT, diagnostic);
    if (status == STATUS_OK && time_parse(&query->expires, text) != STATUS_OK)
        status = field_fail(&field, diagnostic,
            "expected a time such as 2027-01-31T12:00:00Z, found '%s'", text);
    query->sealed = status == STATUS_OK;
    return status;
}

static enum status read_query(struct query *query,
    const struct dictionary *dictionary, struct diagnostic *diagnostic)
{
    struct field root = document_root(query->document);
    struct field field;
    const char *study;
    enum status status =
        field_expect_object(&root, query_keys, QUERY_KEYS, diagnostic);
    if (status == STATUS_OK && field_find(&field, &root, "study")) {
        status = field_text(&field, &study, STUDY_NAME_MAX, diagnostic);
        if (status == STATUS_OK)
            snprintf(query->study, sizeof query->study, "%s", study);
    }
    if (status == STATUS_OK)
        status = read_cohort(query, &root, dictionary, diagnostic);
    if (status == STATUS_OK)
        status = read_unit(query, &root, diagnostic);
    if (status == STATUS_OK)
        status = read_by(query, &root, dictionary, diagnostic);
    if (status == STATUS_OK && field_find(&field, &root, "move"))
        status =
            field_integer(&field, &query->move, 0, QUERY_MOVE_MAX, diagnostic);
    if (status == STATUS_OK)
        status = read_analyses(query, &root, diagnostic);
    if (status == STATUS_OK && field_find(&field, &root, "amendment"))
        status = read_hex(&root, "amendment", query->amendment.bytes,
            DIGEST_BYTES, diagnostic);
    if (status == STATUS_OK)
        status = read_seal(query, &root, diagnostic);
    return status;
}

/* What makes two questions the same: all but who asks when. */
static enum status digest_question(struct query *query)
{
    struct field root = document_root(query->document);
    json_t *question = json_copy((json_t *)root.value);
    struct buffer text;
    buffer_init(&text, DOCUMENT_BYTES_MAX);
    json_object_del(question, "nonce");
    json_object_del(question, "expires");
    json_object_del(question, "study");
    json_object_del(question, "move"); /* an answer is of a freeze */
    enum status status = json_text_append(&text, question,
        JSON_COMPACT | JSON_SORT_KEYS | JSON_REAL_PRECISION(17));
    json_decref(question);
    if (status == STATUS_OK)
        query->question = digest_of(buffer_view(&text));
    buffer_fini(&text);
    return status;
}

enum status query_parse(struct query **out, struct view text,
    const struct dictionary *dictionary, struct diagnostic *diagnostic)
{
    *out = NULL;
    struct query *query = calloc(1, sizeof *query);
    if (query == NULL)
        return STATUS_NO_MEMORY;
    buffer_init(&query->expression, (size_t)4 * COHORT_TEXT_MAX);
    enum status status = document_parse(&query->document, text, diagnostic);
    if (status == STATUS_OK)
        status = read_query(query, dictionary, diagnostic);
    if (status == STATUS_OK)
        status = digest_question(query);
    if (status != STATUS_OK) {
        query_destroy(query);
        return status;
    }
    *out = query;
    return STATUS_OK;
}

struct digest query_find_amendment(struct view text)
{
    struct digest id = {{0}};
    struct document *document = NULL;
    struct diagnostic diagnostic;
    struct field field;
    diagnostic_init(&diagnostic, "");
    if (text.size == 0 ||
        memmem(text.data, text.size, "\"amendment\"", 11) == NULL ||
        document_parse(&document, text, &diagnostic) != STATUS_OK)
        return id;
    const struct field root = document_root(document);
    if (json_is_object(root.value) && field_find(&field, &root, "amendment") &&
        read_hex(&root, "amendment", id.bytes, DIGEST_BYTES, &diagnostic) !=
            STATUS_OK)
        id = (struct digest){{0}};
    document_destroy(document);
    return id;
}

void query_destroy(struct query *query)
{
    if (query == NULL)
        return;
    cohort_destroy(query->cohort);
    buffer_fini(&query->expression);
    document_destroy(query->document);
    free(query);
}

enum status query_seal(struct buffer *out, struct view text,
    const struct query_seal *seal, struct diagnostic *diagnostic)
{
    struct document *document = NULL;
    enum status status = document_parse(&document, text, diagnostic);
    if (status != STATUS_OK)
        return status;
    struct field root = document_root(document);
    struct field field;
    status = field_expect_object(&root, query_keys, QUERY_KEYS, diagnostic);
    for (size_t i = QUERY_KEYS - 4; status == STATUS_OK && i < QUERY_KEYS;
         i++) {
        if (field_find(&field, &root, query_keys[i]))
            status = field_fail(&field, diagnostic,
                "the query is sealed already ('%s' is there)", query_keys[i]);
    }
    if (status == STATUS_OK) {
        char study[DIGEST_TEXT], dictionary[DIGEST_TEXT], when[TIME_TEXT];
        char amendment[DIGEST_TEXT];
        char nonce_text[2 * NONCE_BYTES + 1];
        digest_to_text(study, &seal->study_id);
        digest_to_text(dictionary, &seal->dictionary_id);
        hex_encode(nonce_text, seal->nonce, NONCE_BYTES);
        time_text(when, seal->expires);
        json_t *sealed = json_copy((json_t *)root.value);
        if (seal->amendment != NULL) {
            digest_to_text(amendment, seal->amendment);
            json_object_set_new(sealed, "amendment", json_string(amendment));
        }
        json_object_set_new(sealed, "study_id", json_string(study));
        json_object_set_new(sealed, "dictionary", json_string(dictionary));
        json_object_set_new(sealed, "nonce", json_string(nonce_text));
        json_object_set_new(sealed, "expires", json_string(when));
        status = json_text_append(
            out, sealed, JSON_COMPACT | JSON_REAL_PRECISION(17));
        json_decref(sealed);
    }
    document_destroy(document);
    return status;
}
