#include "protocol/query/document.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/query/nearest.h"
#include "protocol/query/position.h"
#include "protocol/wire/json_text.h"
#include "protocol/wire/text.h"

#define NESTING_MAX 32

struct document {
    struct buffer text;
    char file[256];
    json_t *root;
};

/* Jansson itself bounds nesting only at 2048; nobody writes that deep, and
 * functions here recurse. */
static bool too_deep(struct view text)
{
    size_t depth = 0;
    bool in_string = false;
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.data[i];
        if (in_string) {
            if (c == '\\')
                i++;
            else if (c == '"')
                in_string = false;
        } else if (c == '"') {
            in_string = true;
        } else if (c == '{' || c == '[') {
            if (++depth > NESTING_MAX)
                return true;
        } else if ((c == '}' || c == ']') && depth > 0) {
            depth--;
        }
    }
    return false;
}

static enum status parse_text(
    struct document *document, struct diagnostic *diagnostic)
{
    struct view text = buffer_view(&document->text);
    if (text.size > DOCUMENT_BYTES_MAX || too_deep(text)) {
        diagnostic_set(
            diagnostic, 1, 1, "the document is too large or nested too deep");
        return STATUS_TOO_LARGE;
    }
    if (text.size == 0) {
        diagnostic_set(diagnostic, 1, 1, "the file is empty");
        return STATUS_MALFORMED;
    }
    const char *mark = text_foreign_mark(text);
    if (mark != NULL) {
        diagnostic_set(
            diagnostic, 1, 1, "the file has %s; %s", mark, TEXT_MARK_ADVICE);
        return STATUS_MALFORMED;
    }
    json_error_t error;
    enum status status =
        json_text_parse(&document->root, text, JSON_REJECT_DUPLICATES, &error);
    if (status != STATUS_MALFORMED)
        return status;
    size_t line = error.line > 0 ? (size_t)error.line : 1;
    size_t column = error.column > 0 ? (size_t)error.column : 1;
    diagnostic_set(diagnostic, line, column, "not JSON: %s", error.text);
    return STATUS_MALFORMED;
}

enum status document_parse(
    struct document **out, struct view text, struct diagnostic *diagnostic)
{
    *out = NULL;
    struct document *document = calloc(1, sizeof *document);
    if (document == NULL)
        return STATUS_NO_MEMORY;
    buffer_init(&document->text, DOCUMENT_BYTES_MAX + 1);
    snprintf(document->file, sizeof document->file, "%s", diagnostic->file);
    enum status status = buffer_append(&document->text, text.data, text.size);
    if (status == STATUS_TOO_LARGE)
        diagnostic_set(diagnostic, 0, 0, "larger than %zu bytes",
            (size_t)DOCUMENT_BYTES_MAX);
    if (status == STATUS_OK)
        status = parse_text(document, diagnostic);
    if (status != STATUS_OK) {
        document_destroy(document);
        return status;
    }
    *out = document;
    return STATUS_OK;
}

enum status document_load(
    struct document **out, const char *path, struct diagnostic *diagnostic)
{
    struct buffer text;
    *out = NULL;
    buffer_init(&text, DOCUMENT_BYTES_MAX);
    enum status status = buffer_read_file(&text, path);
    if (status == STATUS_NOT_FOUND)
        diagnostic_set(diagnostic, 0, 0, "there is no such file");
    else if (status == STATUS_TOO_LARGE) {
        diagnostic_set(diagnostic, 0, 0, "larger than %zu bytes",
            (size_t)DOCUMENT_BYTES_MAX);
    } else if (status != STATUS_OK) {
        diagnostic_set(diagnostic, 0, 0, "cannot be read");
    } else {
        status =
            document_parse(out, text_past_mark(buffer_view(&text)), diagnostic);
    }
    buffer_fini(&text);
    return status;
}

void document_destroy(struct document *document)
{
    if (document == NULL)
        return;
    json_decref(document->root);
    buffer_fini(&document->text);
    free(document);
}

struct view document_bytes(const struct document *document)
{
    return buffer_view(&document->text);
}

struct field document_root(const struct document *document)
{
    return (struct field){.document = document, .value = document->root};
}

/* ---- messages with positions ---- */

__attribute__((format(printf, 4, 0))) static void set_at(
    const struct field *field, size_t offset, struct diagnostic *diagnostic,
    const char *format, va_list list)
{
    char message[sizeof diagnostic->message];
    vsnprintf(message, sizeof message, format, list);
    size_t line, column;
    position_of_offset(document_bytes(field->document), offset, &line, &column);
    if (diagnostic->file[0] == '\0')
        snprintf(diagnostic->file, sizeof diagnostic->file, "%s",
            field->document->file);
    diagnostic_set(diagnostic, line, column, "%s", message);
}

enum status field_fail(const struct field *field, struct diagnostic *diagnostic,
    const char *format, ...)
{
    va_list list;
    va_start(list, format);
    set_at(field, position_of_field(field), diagnostic, format, list);
    va_end(list);
    return STATUS_MALFORMED;
}

enum status field_fail_inside(const struct field *field, size_t offset,
    struct diagnostic *diagnostic, const char *format, ...)
{
    size_t start = position_of_field(field);
    va_list list;
    va_start(list, format);
    set_at(field,
        position_inside_string(document_bytes(field->document), start, offset),
        diagnostic, format, list);
    va_end(list);
    return STATUS_MALFORMED;
}

/* ---- reading ---- */

static struct field member(
    const struct field *object, const char *key, const json_t *value)
{
    struct field out = *object;
    out.value = value;
    if (out.depth < DOCUMENT_PATH_MAX)
        out.path[out.depth++] = (struct field_step){.key = key};
    return out;
}

enum status field_expect_object(const struct field *field,
    const char *const *allowed, size_t count, struct diagnostic *diagnostic)
{
    if (!json_is_object(field->value))
        return field_fail(field, diagnostic, "expected an object {...}");
    const char *key;
    json_t *value;
    enum status status = STATUS_OK;
    json_object_foreach((json_t *)field->value, key, value)
    {
        bool known = false;
        for (size_t i = 0; i < count; i++)
            known = known || strcmp(key, allowed[i]) == 0;
        if (known)
            continue;
        struct field unknown = member(field, key, NULL);
        char hint[NAME_HINT_MAX];
        status = field_fail(&unknown, diagnostic, "'%s' does not belong here%s",
            key, name_hint(hint, nearest_name(key, allowed, count)));
        if (diagnostic->findings == NULL)
            return status;
    }
    return status;
}

bool field_find(struct field *out, const struct field *object, const char *key)
{
    const json_t *value = json_object_get(object->value, key);
    if (value == NULL || json_is_null(value))
        return false;
    *out = member(object, key, value);
    return true;
}

enum status field_get(struct field *out, const struct field *object,
    const char *key, struct diagnostic *diagnostic)
{
    if (!json_is_object(object->value))
        return field_fail(object, diagnostic, "expected an object {...}");
    if (field_find(out, object, key))
        return STATUS_OK;
    return field_fail(object, diagnostic, "'%s' is missing", key);
}

enum status field_array(const struct field *field, size_t *count, size_t max,
    struct diagnostic *diagnostic)
{
    if (!json_is_array(field->value))
        return field_fail(field, diagnostic, "expected a list [...]");
    *count = json_array_size(field->value);
    if (*count > max)
        return field_fail(
            field, diagnostic, "a list of at most %zu, found %zu", max, *count);
    return STATUS_OK;
}

struct field field_item(const struct field *array, size_t index)
{
    struct field out = *array;
    out.value = json_array_get(array->value, index);
    if (out.depth < DOCUMENT_PATH_MAX)
        out.path[out.depth++] = (struct field_step){.index = index};
    return out;
}

enum status field_text(const struct field *field, const char **out, size_t max,
    struct diagnostic *diagnostic)
{
    const char *text = json_string_value(field->value);
    if (text == NULL)
        return field_fail(field, diagnostic, "expected a text \"...\"");
    size_t size = json_string_length(field->value);
    if (size == 0)
        return field_fail(field, diagnostic, "the text is empty");
    if (size > max)
        return field_fail(
            field, diagnostic, "a text of at most %zu bytes", max);
    const struct view all = {(const uint8_t *)text, size};
    const size_t plain = text_plain_size(all);
    if (plain < size) {
        char shown[TEXT_SHOWN_MAX + 1];
        text_show(
            shown, sizeof shown, (struct view){all.data + plain, size - plain});
        return field_fail_inside(field, plain, diagnostic,
            "a control character, or one that nobody sees, in the text: %s",
            shown);
    }
    *out = text;
    return STATUS_OK;
}

enum status field_integer(const struct field *field, int64_t *out, int64_t min,
    int64_t max, struct diagnostic *diagnostic)
{
    if (!json_is_integer(field->value))
        return field_fail(field, diagnostic, "expected a whole number");
    int64_t value = json_integer_value(field->value);
    if (value < min || value > max) {
        field_fail(field, diagnostic,
            "expected a number from %lld to %lld, found %lld", (long long)min,
            (long long)max, (long long)value);
        return STATUS_OUT_OF_RANGE;
    }
    *out = value;
    return STATUS_OK;
}

enum status field_real(
    const struct field *field, double *out, struct diagnostic *diagnostic)
{
    if (!json_is_number(field->value))
        return field_fail(field, diagnostic, "expected a number");
    *out = json_number_value(field->value);
    return STATUS_OK;
}

enum status field_boolean(
    const struct field *field, bool *out, struct diagnostic *diagnostic)
{
    if (!json_is_boolean(field->value))
        return field_fail(field, diagnostic, "expected true or false");
    *out = json_is_true(field->value);
    return STATUS_OK;
}
