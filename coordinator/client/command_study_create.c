#include <stdlib.h>
#include <string.h>

#include "coordinator/client/client.h"
#include "coordinator/client/study_words.h"
#include "protocol/wire/json_text.h"

/* The researchers whom --researcher names, by their cards' contents. */
static enum status add_researchers(
    json_t *study, const struct arguments *arguments)
{
    json_t *researchers = json_object_get(study, "researchers");
    const size_t count = argument_count(arguments, "researcher");
    if (count > 0 && researchers == NULL) {
        researchers = json_array();
        json_object_set_new(study, "researchers", researchers);
    }
    for (size_t i = 0; i < count; i++) {
        struct identity identity;
        char sign[KEY_TEXT], curve[KEY_TEXT];
        enum status status = client_load_card(
            &identity, argument_at(arguments, "researcher", i));
        if (status != STATUS_OK)
            return status;
        public_key_to_text(sign, &identity.sign);
        public_key_to_text(curve, &identity.curve);
        json_array_append_new(
            researchers, json_pack("{s:s, s:s, s:s}", "name", identity.name,
                             "identity", sign, "curve", curve));
    }
    return STATUS_OK;
}

/* A study's description names its researchers by their cards' contents and the
 * dictionary by its id; --researcher and --dictionary fill both in. */
static enum status complete(json_t *study, const struct dictionary *dictionary,
    const struct arguments *arguments)
{
    if (dictionary != NULL) {
        char id[DIGEST_TEXT];
        digest_to_text(id, &dictionary->digest);
        json_object_set_new(study, "dictionary", json_string(id));
    }
    return add_researchers(study, arguments);
}

static enum status append_member(struct buffer *out, const json_t *study,
    const json_t *described, const char *key)
{
    const json_t *value = json_object_get(study, key);
    if (value == NULL || json_object_get(described, key) != NULL)
        return STATUS_OK;
    enum status status = buffer_append_format(
        out, "%s\"%s\": ", json_object_size(described) > 0 ? ", " : "", key);
    return status == STATUS_OK ? json_text_append(out, value, JSON_ENCODE_ANY)
                               : status;
}

/* The description as it was written, with what was filled in put before its
 * last brace: what is wrong stands where its writer sees it. */
static enum status write_to_review(
    struct buffer *out, const struct document *document, const json_t *study)
{
    const struct view text = document_bytes(document);
    const json_t *described = document_root(document).value;
    size_t end = text.size;
    while (end > 0 && text.data[end - 1] != '}')
        end--;
    enum status status =
        buffer_append(out, text.data, end > 0 ? end - 1 : text.size);
    if (end == 0 || !json_is_object(described))
        return status;
    if (status == STATUS_OK)
        status = append_member(out, study, described, "dictionary");
    if (status == STATUS_OK)
        status = append_member(out, study, described, "researchers");
    return status == STATUS_OK ? buffer_append_text(out, "}\n") : status;
}

static enum status review(const struct document *document, const json_t *study,
    const struct dictionary *dictionary, const char *path)
{
    struct buffer text;
    struct findings *findings = malloc(sizeof *findings);
    if (findings == NULL)
        return STATUS_NO_MEMORY;
    findings->count = 0;
    buffer_init(&text, 2 * DOCUMENT_BYTES_MAX);
    enum status status = write_to_review(&text, document, study);
    if (status == STATUS_OK)
        status = study_review(findings, buffer_view(&text), dictionary);
    if (findings->count > 0)
        client_print_findings(status, path, findings);
    else if (status != STATUS_OK)
        program_fail(status, "%s: %s", path, status_text(status));
    buffer_fini(&text);
    free(findings);
    return status;
}

/* What the command reads and makes, all freed at one place. */
struct creating {
    struct document *document;
    struct dictionary *dictionary;
    struct keypair *keys;
    json_t *study;
    struct buffer text;
};

static enum status sign_study(
    struct view payload, const struct creating *c, const char *out)
{
    struct envelope *envelope = NULL;
    struct study *study = NULL;
    struct diagnostic diagnostic;
    diagnostic_init(&diagnostic, "study");
    enum status status = envelope_create(&envelope, TYPE_STUDY, payload);
    if (status == STATUS_OK)
        status = envelope_sign(envelope, c->keys);
    if (status == STATUS_OK) {
        status = study_verify(&study, envelope, &diagnostic);
        if (status != STATUS_OK)
            program_fail_at(status, &diagnostic);
    }
    if (status == STATUS_OK)
        status = envelope_save(envelope, out);
    if (status == STATUS_OK) {
        char id[DIGEST_TEXT];
        digest_to_text(id, &study->id);
        printf("%s: study %s, id %s\n", out, study->name, id);
        status = study_print_cohorts(stdout, study, c->dictionary);
    }
    study_destroy(study);
    envelope_destroy(envelope);
    return status;
}

static enum status create(struct creating *c, const struct arguments *arguments,
    const char *path, const char *out)
{
    struct diagnostic diagnostic;
    const char *dictionary = argument_value(arguments, "dictionary");
    diagnostic_init(&diagnostic, path);
    enum status status = document_load(&c->document, path, &diagnostic);
    if (status != STATUS_OK)
        return program_fail_at(status, &diagnostic);
    if (dictionary != NULL)
        status = client_load_dictionary(&c->dictionary, dictionary);
    if (status != STATUS_OK)
        return status;
    c->study = json_deep_copy(document_root(c->document).value);
    if (c->dictionary == NULL &&
        json_object_get(c->study, "dictionary") == NULL)
        return program_fail(STATUS_USAGE,
            "%s names no dictionary: give the federation's with --dictionary "
            "FILE",
            path);
    status = complete(c->study, c->dictionary, arguments);
    if (status == STATUS_OK)
        status = review(c->document, c->study, c->dictionary, path);
    if (status == STATUS_OK)
        status = client_load_key(&c->keys, arguments);
    if (status == STATUS_OK)
        status = json_text_append(&c->text, c->study, JSON_INDENT(2));
    if (status == STATUS_OK && c->dictionary == NULL)
        fprintf(stderr,
            "cohortium: not checked against a dictionary; --dictionary FILE "
            "does it\n");
    return status == STATUS_OK ? sign_study(buffer_view(&c->text), c, out)
                               : status;
}

enum status command_study_create(const struct arguments *arguments)
{
    struct creating c = {0};
    const char *out;
    buffer_init(&c.text, DOCUMENT_BYTES_MAX);
    enum status status = client_need(arguments, "out", &out);
    if (status == STATUS_OK)
        status = create(&c, arguments, operand_at(arguments, 0), out);
    buffer_fini(&c.text);
    json_decref(c.study);
    keypair_destroy(c.keys);
    dictionary_destroy(c.dictionary);
    document_destroy(c.document);
    return status;
}
