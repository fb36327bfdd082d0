/*
 * reading: what the parsers of roster, study, approval and session header
 * share: names, keys, dates and ids in JSON.
 */
#ifndef COHORTIUM_POLICY_READING_H
#define COHORTIUM_POLICY_READING_H

#include "protocol/query/query.h"
#include "protocol/wire/keys.h"

typedef enum status object_read(
    void *out, const struct field *root, struct diagnostic *diagnostic);

/* A document of one object: what `read` makes of it. Nothing that points into
 * the text may be kept. */
enum status read_document(void *out, object_read *read, struct view payload,
    struct diagnostic *diagnostic);
/* Member `key` as text, copied to out[capacity]. */
enum status read_text(const struct field *object, const char *key, char *out,
    size_t capacity, struct diagnostic *diagnostic);
/* The member "cohortium" must say which document this is. */
enum status read_kind(const struct field *object, const char *kind,
    struct diagnostic *diagnostic);
/* A date or time as seconds since 1970. */
enum status read_time(const struct field *object, const char *key,
    int64_t *seconds, struct diagnostic *diagnostic);
/* valid_from and valid_until, the first before the second. */
enum status read_period(const struct field *object, int64_t *from,
    int64_t *until, struct diagnostic *diagnostic);
/* Hexadecimal bytes of exactly this size. */
enum status read_bytes(const struct field *object, const char *key,
    uint8_t *out, size_t size, struct diagnostic *diagnostic);
/* name, identity and curve of a person or machine; other members are left to
 * the caller. center: the name is one of a center (a-z 0-9 - _ .). */
enum status read_identity(const struct field *object, struct identity *identity,
    bool center, struct diagnostic *diagnostic);
/* A name that fits a file, a URL and a log line. */
bool is_plain_name(const char *name);

#endif
