#include <stdlib.h>
#include <string.h>

#include "coordinator/client/client.h"
#include "coordinator/client/study_words.h"
#include "protocol/wire/json_text.h"

/* ---- amendments in files ---- */

bool client_is_amendment(const char *path)
{
    struct envelope *envelope = NULL;
    const bool is = envelope_load(&envelope, path) == STATUS_OK &&
                    strcmp(envelope->type, TYPE_AMENDMENT) == 0;
    envelope_destroy(envelope);
    return is;
}

enum status client_load_amendment(
    struct amendment **out, const char *path, const struct study *study)
{
    struct envelope *envelope = NULL;
    struct diagnostic diagnostic;
    *out = NULL;
    diagnostic_init(&diagnostic, path);
    enum status status = client_load_envelope(&envelope, path, TYPE_AMENDMENT);
    if (status != STATUS_OK)
        return status;
    status = amendment_verify(out, envelope, study, &diagnostic);
    envelope_destroy(envelope);
    return status == STATUS_OK ? status : program_fail_at(status, &diagnostic);
}

/* Each follows another, or the study: as many passes as there are. */
static size_t find_next(
    struct amendment *const *list, size_t count, const struct study *study)
{
    const struct digest last = study_last_amendment(study);
    size_t at = 0;
    while (at < count &&
           (list[at] == NULL || !digest_equal(&list[at]->after, &last)))
        at++;
    return at;
}

static enum status add_all(struct study *study, struct amendment **list,
    size_t count, const struct arguments *arguments)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < count; i++) {
        const size_t next = find_next(list, count, study);
        struct diagnostic diagnostic;
        if (next == count)
            return program_fail(STATUS_AMENDMENT_UNKNOWN,
                "an amendment follows one that is not given: give each of the "
                "study's with --amendment FILE, once");
        diagnostic_init(&diagnostic, argument_at(arguments, "amendment", next));
        status = study_add_amendment(study, list[next], &diagnostic);
        if (status != STATUS_OK)
            return program_fail_at(status, &diagnostic);
        list[next] = NULL;
    }
    return status;
}

enum status client_amend_study(
    struct study *study, const struct arguments *arguments)
{
    struct amendment *list[TERMS_AMENDED_MAX] = {NULL};
    const size_t count = argument_count(arguments, "amendment");
    enum status status = STATUS_OK;
    if (count > TERMS_AMENDED_MAX)
        return program_fail(STATUS_USAGE,
            "a study has at most %d amendments, %zu are given",
            TERMS_AMENDED_MAX, count);
    for (size_t i = 0; status == STATUS_OK && i < count; i++)
        status = client_load_amendment(
            &list[i], argument_at(arguments, "amendment", i), study);
    if (status == STATUS_OK)
        status = add_all(study, list, count, arguments);
    for (size_t i = 0; i < count; i++)
        amendment_destroy(list[i]);
    return status;
}

/* ---- study amend ---- */

/* What the command reads and makes, all freed at one place. */
struct amending {
    struct study_file file;
    struct dictionary *dictionary;
    struct document *document;
    struct keypair *keys;
    json_t *json;
    struct buffer text;
};

static enum status load(struct amending *a, const struct arguments *arguments)
{
    const char *study, *dictionary, *path = operand_at(arguments, 0);
    struct diagnostic diagnostic;
    diagnostic_init(&diagnostic, path);
    enum status status = client_need(arguments, "study", &study);
    if (status == STATUS_OK)
        status = client_need(arguments, "dictionary", &dictionary);
    if (status == STATUS_OK)
        status = client_load_study(&a->file, study);
    if (status == STATUS_OK)
        status = client_load_dictionary(&a->dictionary, dictionary);
    if (status != STATUS_OK)
        return status;
    if (!digest_equal(&a->file.study->dictionary_id, &a->dictionary->digest))
        return program_fail(STATUS_WRONG_DICTIONARY,
            "the study is made for another dictionary than %s", dictionary);
    status = study_check(a->file.study, a->dictionary, &diagnostic);
    if (status == STATUS_OK)
        status = document_load(&a->document, path, &diagnostic);
    if (status != STATUS_OK)
        return program_fail_at(status, &diagnostic);
    status = client_amend_study(a->file.study, arguments);
    return status == STATUS_OK ? client_load_key(&a->keys, arguments) : status;
}

/* The description is its "cohorts" and, if wanted, a "reason". */
static enum status write(struct amending *a)
{
    static const struct digest none;
    const struct digest last = study_last_amendment(a->file.study);
    char id[DIGEST_TEXT];
    a->json = json_deep_copy(document_root(a->document).value);
    if (!json_is_object(a->json))
        return program_fail(STATUS_MALFORMED,
            "an amendment is described as {\"cohorts\": [{\"name\": "
            "\"severe-ar\", \"where\": \"ar_fraction >= 30\"}]}");
    digest_to_text(id, &a->file.study->id);
    json_object_set_new(a->json, "cohortium", json_string("amendment"));
    json_object_set_new(a->json, "study", json_string(id));
    digest_to_text(id, &last);
    if (!digest_equal(&last, &none))
        json_object_set_new(a->json, "after", json_string(id));
    return json_text_append(&a->text, a->json, JSON_INDENT(2));
}

static enum status sign(struct amending *a, const char *path, const char *out)
{
    struct envelope *envelope = NULL;
    struct amendment *amendment = NULL;
    struct diagnostic diagnostic;
    char id[DIGEST_TEXT];
    diagnostic_init(&diagnostic, path);
    enum status status =
        envelope_create(&envelope, TYPE_AMENDMENT, buffer_view(&a->text));
    if (status == STATUS_OK)
        status = envelope_sign(envelope, a->keys);
    if (status == STATUS_OK) {
        status =
            amendment_verify(&amendment, envelope, a->file.study, &diagnostic);
        if (status == STATUS_OK)
            status = study_add_amendment(a->file.study, amendment, &diagnostic);
        if (status != STATUS_OK) {
            amendment_destroy(amendment);
            program_fail_at(status, &diagnostic);
        }
    }
    if (status == STATUS_OK) {
        status = envelope_save(envelope, out);
        if (status != STATUS_OK)
            client_fail_write(out, status);
    }
    if (status == STATUS_OK) {
        digest_to_text(id, &amendment->id);
        printf("%s: study %s with %zu more cohorts, id %s\n", out,
            a->file.study->name, amendment->cohort_count, id);
        status = study_print_cohorts(stdout, a->file.study, a->dictionary);
    }
    envelope_destroy(envelope);
    return status;
}

enum status command_study_amend(const struct arguments *arguments)
{
    struct amending a = {.document = NULL};
    const char *out;
    buffer_init(&a.text, DOCUMENT_BYTES_MAX);
    enum status status = client_need(arguments, "out", &out);
    if (status == STATUS_OK)
        status = load(&a, arguments);
    if (status == STATUS_OK)
        status = client_check_researcher(
            a.file.study, a.keys, argument_value(arguments, "study"));
    if (status == STATUS_OK)
        status = write(&a);
    if (status == STATUS_OK)
        status = sign(&a, operand_at(arguments, 0), out);
    buffer_fini(&a.text);
    json_decref(a.json);
    keypair_destroy(a.keys);
    document_destroy(a.document);
    client_free_study(&a.file);
    dictionary_destroy(a.dictionary);
    return status;
}
