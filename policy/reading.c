#include "policy/reading.h"

#include <stdio.h>
#include <string.h>

enum status read_document(void *out, object_read *read, struct view payload,
    struct diagnostic *diagnostic)
{
    struct document *document = NULL;
    enum status status = document_parse(&document, payload, diagnostic);
    if (status == STATUS_OK) {
        struct field root = document_root(document);
        status = read(out, &root, diagnostic);
    }
    document_destroy(document);
    return status;
}

enum status read_text(const struct field *object, const char *key, char *out,
    size_t capacity, struct diagnostic *diagnostic)
{
    struct field field;
    const char *text;
    enum status status = field_get(&field, object, key, diagnostic);
    if (status == STATUS_OK)
        status = field_text(&field, &text, capacity - 1, diagnostic);
    if (status == STATUS_OK)
        snprintf(out, capacity, "%s", text);
    return status;
}

enum status read_kind(
    const struct field *object, const char *kind, struct diagnostic *diagnostic)
{
    struct field field;
    const char *text;
    enum status status = field_get(&field, object, "cohortium", diagnostic);
    if (status == STATUS_OK)
        status = field_text(&field, &text, 32, diagnostic);
    if (status == STATUS_OK && strcmp(text, kind) != 0)
        status = field_fail(&field, diagnostic,
            "this is a document of kind '%s', expected '%s'", text, kind);
    return status;
}

enum status read_time(const struct field *object, const char *key,
    int64_t *seconds, struct diagnostic *diagnostic)
{
    struct field field;
    const char *text;
    enum status status = field_get(&field, object, key, diagnostic);
    if (status == STATUS_OK)
        status = field_text(&field, &text, TIME_TEXT, diagnostic);
    if (status == STATUS_OK && time_parse(seconds, text) != STATUS_OK) {
        status = field_fail(&field, diagnostic,
            "expected a date such as 2027-01-31 or 2027-01-31T12:00:00Z, "
            "found '%s'",
            text);
    }
    return status;
}

enum status read_period(const struct field *object, int64_t *from,
    int64_t *until, struct diagnostic *diagnostic)
{
    struct field field;
    enum status status = read_time(object, "valid_from", from, diagnostic);
    if (status == STATUS_OK)
        status = read_time(object, "valid_until", until, diagnostic);
    if (status == STATUS_OK && *from >= *until) {
        field_find(&field, object, "valid_until");
        status =
            field_fail(&field, diagnostic, "valid_until lies after valid_from");
    }
    return status;
}

enum status read_bytes(const struct field *object, const char *key,
    uint8_t *out, size_t size, struct diagnostic *diagnostic)
{
    struct field field;
    const char *text;
    enum status status = field_get(&field, object, key, diagnostic);
    if (status == STATUS_OK)
        status = field_text(&field, &text, 2 * size, diagnostic);
    if (status == STATUS_OK && hex_decode(out, size, text) != STATUS_OK)
        status = field_fail(
            &field, diagnostic, "expected %zu hexadecimal digits", 2 * size);
    return status;
}

bool is_plain_name(const char *name)
{
    size_t size = strlen(name);
    return size > 0 && size <= NAME_MAX_BYTES && name[0] != '.' &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-_.") == size;
}

enum status read_identity(const struct field *object, struct identity *identity,
    bool center, struct diagnostic *diagnostic)
{
    memset(identity, 0, sizeof *identity);
    enum status status = read_text(
        object, "name", identity->name, sizeof identity->name, diagnostic);
    if (status == STATUS_OK && center && !is_plain_name(identity->name)) {
        struct field field;
        field_find(&field, object, "name");
        status = field_fail(&field, diagnostic,
            "'%s' is no center's name: a-z, 0-9, '-', '_' and '.'",
            identity->name);
    }
    if (status == STATUS_OK)
        status = read_bytes(
            object, "identity", identity->sign.bytes, KEY_BYTES, diagnostic);
    if (status == STATUS_OK)
        status = read_bytes(
            object, "curve", identity->curve.bytes, KEY_BYTES, diagnostic);
    return status;
}
