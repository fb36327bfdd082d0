/*
 * document: JSON that people write, read strictly and with positions.
 *
 * Wraps Jansson: duplicate keys are refused, sizes and depth are capped, and
 * each error names line and column in the file. A field is a borrowed cursor
 * (value and the path to it) that is valid as long as its document.
 */
#ifndef COHORTIUM_PROTOCOL_QUERY_DOCUMENT_H
#define COHORTIUM_PROTOCOL_QUERY_DOCUMENT_H

#include <jansson.h>

#include "protocol/query/diagnostic.h"
#include "protocol/wire/buffer.h"

#define DOCUMENT_BYTES_MAX ((size_t)4 * 1024 * 1024)
#define DOCUMENT_PATH_MAX 8

struct document;

/* A step of the path: an object's key, or an array's index when key is NULL. */
struct field_step {
    const char *key;
    size_t index;
};

struct field {
    const struct document *document;
    const json_t *value;
    size_t depth;
    struct field_step path[DOCUMENT_PATH_MAX];
};

/* Keeps a copy of text. diagnostic->file names the file in messages. */
enum status document_parse(
    struct document **out, struct view text, struct diagnostic *diagnostic);
/* Of a file that a person wrote: a byte order mark of UTF-8 is read past. */
enum status document_load(
    struct document **out, const char *path, struct diagnostic *diagnostic);
void document_destroy(struct document *document);
struct view document_bytes(const struct document *document);
struct field document_root(const struct document *document);

/* Every function below fails with STATUS_MALFORMED (or OUT_OF_RANGE) and a
 * positioned message. */

/* The field must be an object whose keys are all in allowed[count]; an unknown
 * key is reported at its own position with the nearest allowed name. */
enum status field_expect_object(const struct field *field,
    const char *const *allowed, size_t count, struct diagnostic *diagnostic);
/* Member `key`; reports a missing one at the object's position. */
enum status field_get(struct field *out, const struct field *object,
    const char *key, struct diagnostic *diagnostic);
/* Member `key`; false when absent or null. */
bool field_find(struct field *out, const struct field *object, const char *key);
enum status field_array(const struct field *field, size_t *count, size_t max,
    struct diagnostic *diagnostic);
struct field field_item(const struct field *array, size_t index);
/* Text without hidden characters (text.h), 1..max bytes; borrowed. */
enum status field_text(const struct field *field, const char **out, size_t max,
    struct diagnostic *diagnostic);
enum status field_integer(const struct field *field, int64_t *out, int64_t min,
    int64_t max, struct diagnostic *diagnostic);
enum status field_real(
    const struct field *field, double *out, struct diagnostic *diagnostic);
enum status field_boolean(
    const struct field *field, bool *out, struct diagnostic *diagnostic);
/* Says what is wrong with the field, at its position. Returns STATUS_MALFORMED
 * so that callers can `return field_fail(...)`. */
enum status field_fail(const struct field *field, struct diagnostic *diagnostic,
    const char *format, ...) __attribute__((format(printf, 3, 4)));
/* The same for character `offset` (bytes, from 0) inside a text field: a typo
 * in a cohort expression is pointed at where it stands in the file. */
enum status field_fail_inside(const struct field *field, size_t offset,
    struct diagnostic *diagnostic, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#endif
