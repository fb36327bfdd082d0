#include "protocol/query/position.h"

#include <string.h>

/* The text has been parsed already: these scanners meet valid JSON only, and
 * still never run past its end. */

static size_t skip_blanks(struct view text, size_t at)
{
    while (at < text.size && strchr(" \t\r\n", text.data[at]) != NULL &&
           text.data[at] != '\0')
        at++;
    return at;
}

static size_t skip_string(struct view text, size_t at)
{
    for (at++; at < text.size && text.data[at] != '"'; at++) {
        if (text.data[at] == '\\')
            at++;
    }
    return at < text.size ? at + 1 : text.size;
}

static size_t skip_value(struct view text, size_t at)
{
    size_t depth = 0;
    while (at < text.size) {
        uint8_t c = text.data[at];
        if (c == '"') {
            at = skip_string(text, at);
            if (depth == 0)
                return at;
            continue;
        }
        if (c == '{' || c == '[')
            depth++;
        if ((c == '}' || c == ']' || c == ',') && depth == 0)
            return at;
        if (c == '}' || c == ']')
            depth--;
        at++;
        if (depth == 0 && (c == '}' || c == ']'))
            return at;
    }
    return at;
}

static unsigned hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return (unsigned)((c | 0x20) - 'a') + 10;
}

/* Decoded bytes of the escape at `at` (a backslash), and its length. */
static size_t escape_bytes(struct view text, size_t at, size_t *length)
{
    if (at + 1 >= text.size || text.data[at + 1] != 'u' || at + 6 > text.size) {
        *length = 2;
        return 1;
    }
    unsigned code = 0;
    for (size_t i = at + 2; i < at + 6; i++)
        code = code << 4 | hex_digit(text.data[i]);
    *length = 6;
    if (code >= 0xD800 && code < 0xDC00) {
        *length = 12; /* a surrogate pair */
        return 4;
    }
    return code < 0x80 ? 1 : code < 0x800 ? 2 : 3;
}

size_t position_inside_string(struct view text, size_t start, size_t offset)
{
    size_t at = start + 1;
    size_t decoded = 0;
    while (decoded < offset && at < text.size && text.data[at] != '"') {
        size_t length = 1;
        decoded += text.data[at] == '\\' ? escape_bytes(text, at, &length) : 1;
        at += length;
    }
    return at < text.size ? at : text.size;
}

/* Whether the string at `at` decodes to key. */
static bool key_matches(struct view text, size_t at, const char *key)
{
    size_t end = skip_string(text, at);
    struct view raw = {text.data + at, end - at};
    json_t *value =
        json_loadb((const char *)raw.data, raw.size, JSON_DECODE_ANY, NULL);
    bool same = value != NULL && strcmp(json_string_value(value), key) == 0;
    json_decref(value);
    return same;
}

/* From an object's '{' to the member: its key when value is false. */
static size_t find_member(
    struct view text, size_t at, const char *key, bool value)
{
    at = skip_blanks(text, at + 1);
    while (at < text.size && text.data[at] == '"') {
        size_t after = skip_blanks(text, skip_string(text, at));
        if (key_matches(text, at, key))
            return value ? skip_blanks(text, after + 1) : at;
        at = skip_blanks(text, skip_value(text, skip_blanks(text, after + 1)));
        if (at < text.size && text.data[at] == ',')
            at = skip_blanks(text, at + 1);
    }
    return at;
}

static size_t find_element(struct view text, size_t at, size_t index)
{
    at = skip_blanks(text, at + 1);
    while (index-- > 0 && at < text.size) {
        at = skip_blanks(text, skip_value(text, at));
        if (at < text.size && text.data[at] == ',')
            at = skip_blanks(text, at + 1);
    }
    return at;
}

size_t position_of_field(const struct field *field)
{
    struct view text = document_bytes(field->document);
    size_t at = skip_blanks(text, 0);
    for (size_t i = 0; i < field->depth && at < text.size; i++) {
        const struct field_step *step = &field->path[i];
        bool last = i + 1 == field->depth;
        at = step->key == NULL ? find_element(text, at, step->index)
                               : find_member(text, at, step->key,
                                     !last || field->value != NULL);
    }
    return at;
}

void position_of_offset(
    struct view text, size_t offset, size_t *line, size_t *column)
{
    *line = 1;
    *column = 1;
    for (size_t i = 0; i < offset && i < text.size; i++) {
        if (text.data[i] == '\n') {
            ++*line;
            *column = 1;
        } else if ((text.data[i] & 0xC0) != 0x80) {
            ++*column;
        }
    }
}
