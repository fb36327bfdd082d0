#include "protocol/program/file_kind.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "protocol/program/program.h"
#include "protocol/wire/envelope.h"
#include "protocol/wire/json_text.h"
#include "protocol/wire/text.h"

#define FILE_LOOKED_AT_MAX ((size_t)8 * 1024 * 1024)
#define NAME_SHOWN 64

static void say(struct file_kind *out, enum file_form form, const char *what,
    const char *name)
{
    char shown[NAME_SHOWN + TEXT_SHOWN_MAX];
    const char *quote = name == NULL || name[0] == '\0' ? "" : "'";
    out->form = form;
    text_show(shown, sizeof shown, view_of_text(name == NULL ? "" : name));
    snprintf(out->text, sizeof out->text, "%s%s%s%s%s", what,
        quote[0] == '\0' ? "" : " ", quote, shown, quote);
}

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text == NULL ? "" : text;
}

/* A document by its member "cohortium", or by what only it has. */
static void say_document(struct file_kind *out, const json_t *json)
{
    const char *kind = text_of(json, "cohortium");
    if (strcmp(kind, "result") == 0)
        say(out, FILE_JSON, "a result, perhaps a damaged one", NULL);
    else if (strcmp(kind, "study") == 0)
        say(out, FILE_JSON,
            "a study's description, which 'cohortium study create' checks and "
            "signs",
            NULL);
    else if (kind[0] != '\0')
        say(out, FILE_JSON, "an unsigned document of kind", kind);
    else if (json_object_get(json, "analyses") != NULL)
        say(out, FILE_JSON, "a query", NULL);
    else if (json_object_get(json, "variables") != NULL)
        say(out, FILE_JSON, "the dictionary", text_of(json, "id"));
    else
        say(out, FILE_JSON, "JSON, but no document of Cohortium", NULL);
}

static void say_envelope(struct file_kind *out, struct view bytes)
{
    static const struct {
        const char *type, *what, *name;
    } types[] = {{TYPE_ROSTER, "the roster of federation", "federation"},
        {TYPE_STUDY, "the study", "name"},
        {TYPE_APPROVAL, "an approval of a study", ""},
        {TYPE_QUERY, "a signed query", ""},
        {TYPE_OPT_IN, "an opt-in or opt-out", ""},
        {TYPE_FREEZE, "a center's freeze", ""},
        {TYPE_HEADER, "a session header", ""}, {TYPE_RESULT, "a result", ""}};
    struct envelope *envelope = NULL;
    json_t *payload = NULL;
    say(out, FILE_ENVELOPE, "a damaged or unknown envelope", NULL);
    if (envelope_decode(&envelope, bytes) != STATUS_OK)
        return;
    (void)json_text_parse(&payload, buffer_view(&envelope->payload), 0, NULL);
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (strcmp(types[i].type, envelope->type) == 0)
            say(out, FILE_ENVELOPE, types[i].what,
                text_of(payload, types[i].name));
    }
    json_decref(payload);
    envelope_destroy(envelope);
}

static void say_json(
    struct file_kind *out, const json_t *json, struct view bytes)
{
    const bool person = json_object_get(json, "identity") != NULL &&
                        json_object_get(json, "curve") != NULL;
    const bool secret = json_object_get(json, "sign_secret") != NULL ||
                        json_object_get(json, "sealed") != NULL;
    if (json_object_get(json, "payloadType") != NULL)
        say_envelope(out, bytes);
    else if (person && secret)
        say(out, FILE_KEY, "the secret key of", text_of(json, "name"));
    else if (person)
        say(out, FILE_CARD, "the card (public keys) of", text_of(json, "name"));
    else
        say_document(out, json);
}

void file_kind_read(struct file_kind *out, const char *path)
{
    struct buffer bytes;
    json_t *json = NULL;
    *out = (struct file_kind){.form = FILE_UNKNOWN};
    buffer_init(&bytes, FILE_LOOKED_AT_MAX);
    if (buffer_read_file(&bytes, path) != STATUS_OK) {
        buffer_fini(&bytes);
        return;
    }
    const struct view text = text_past_mark(buffer_view(&bytes));
    const char *mark = text_foreign_mark(text);
    if (mark != NULL) {
        out->form = FILE_NO_JSON;
        snprintf(out->text, sizeof out->text, "a file with %s; %s", mark,
            TEXT_MARK_ADVICE);
    } else if (json_text_parse(&json, text, 0, NULL) == STATUS_OK) {
        say_json(out, json, text);
    } else {
        say(out, FILE_NO_JSON,
            bytes.size == 0 ? "empty" : "no JSON, or a part of one", NULL);
    }
    json_decref(json);
    buffer_wipe(&bytes); /* it may be a key */
}

/* carol.card.json -> carol.key, and back, where that file is. */
static bool find_counterpart(
    char *out, size_t capacity, const char *path, enum file_form form)
{
    const char *from = form == FILE_CARD ? ".card.json" : ".key";
    const char *to = form == FILE_CARD ? ".key" : ".card.json";
    const size_t size = strlen(path), end = strlen(from);
    if (size <= end || strcmp(path + size - end, from) != 0)
        return false;
    snprintf(out, capacity, "%.*s%s", (int)(size - end), path, to);
    return access(out, F_OK) == 0;
}

enum status file_kind_fail(
    enum status status, const char *path, const char *expected)
{
    struct file_kind kind;
    char other[1024];
    file_kind_read(&kind, path);
    if (kind.text[0] == '\0')
        return program_fail(status, "%s: %s", path, status_text(status));
    if (find_counterpart(other, sizeof other, path, kind.form))
        return program_fail(status, "%s is %s; %s is expected, see %s", path,
            kind.text, expected, other);
    return program_fail(
        status, "%s is %s; %s is expected", path, kind.text, expected);
}
