#include "policy/freeze.h"

#include <string.h>

#include "policy/reading.h"
#include "protocol/wire/json_text.h"
#include "protocol/wire/little.h"

static const char *const freeze_keys[] = {
    "cohortium", "center", "number", "digest", "date"};

static enum status read_freeze(
    void *out, const struct field *root, struct diagnostic *diagnostic)
{
    struct freeze *freeze = out;
    struct field field;
    enum status status = field_expect_object(root, freeze_keys,
        sizeof freeze_keys / sizeof freeze_keys[0], diagnostic);
    if (status == STATUS_OK)
        status = read_kind(root, "freeze", diagnostic);
    if (status == STATUS_OK)
        status = read_text(
            root, "center", freeze->center, sizeof freeze->center, diagnostic);
    if (status == STATUS_OK && !is_plain_name(freeze->center)) {
        field_find(&field, root, "center");
        status =
            field_fail(&field, diagnostic, "'%s' is no center", freeze->center);
    }
    if (status == STATUS_OK)
        status = field_get(&field, root, "number", diagnostic);
    if (status == STATUS_OK)
        status = field_integer(
            &field, &freeze->number, 1, FREEZE_NUMBER_MAX, diagnostic);
    if (status == STATUS_OK)
        status = read_bytes(
            root, "digest", freeze->digest.bytes, DIGEST_BYTES, diagnostic);
    return status == STATUS_OK
               ? read_time(root, "date", &freeze->date, diagnostic)
               : status;
}

enum status freeze_parse(
    struct freeze *out, struct view payload, struct diagnostic *diagnostic)
{
    memset(out, 0, sizeof *out);
    return read_document(out, read_freeze, payload, diagnostic);
}

enum status freeze_write(struct buffer *out, const struct freeze *freeze)
{
    char digest[DIGEST_TEXT], date[TIME_TEXT];
    digest_to_text(digest, &freeze->digest);
    time_text(date, freeze->date);
    json_t *json = json_pack("{s:s, s:s, s:I, s:s, s:s}", "cohortium", "freeze",
        "center", freeze->center, "number", (json_int_t)freeze->number,
        "digest", digest, "date", date);
    enum status status = json_text_append(out, json, JSON_COMPACT);
    json_decref(json);
    return status;
}

/* ---- what studies read ---- */

#define READING_BYTES (DIGEST_BYTES + 8)

enum status freeze_append_reading(
    struct buffer *out, const struct freeze_reading *reading)
{
    uint8_t bytes[READING_BYTES];
    memcpy(bytes, reading->study.bytes, DIGEST_BYTES);
    little_put(bytes + DIGEST_BYTES, (uint64_t)reading->move, 4);
    little_put(bytes + DIGEST_BYTES + 4, (uint64_t)reading->freeze, 4);
    return buffer_append(out, bytes, sizeof bytes);
}

enum status freeze_read_readings(
    struct freeze_reading *out, size_t *count, struct view body)
{
    *count = 0;
    if (body.size % READING_BYTES != 0 ||
        body.size / READING_BYTES > FREEZE_READINGS_MAX)
        return STATUS_MALFORMED;
    for (size_t at = 0; at < body.size; at += READING_BYTES) {
        struct freeze_reading *reading = &out[*count];
        memcpy(reading->study.bytes, body.data + at, DIGEST_BYTES);
        reading->move = (int64_t)little_get(body.data + at + DIGEST_BYTES, 4);
        reading->freeze =
            (int64_t)little_get(body.data + at + DIGEST_BYTES + 4, 4);
        if (reading->move > QUERY_MOVE_MAX || reading->freeze < 1 ||
            reading->freeze > FREEZE_NUMBER_MAX)
            return STATUS_OUT_OF_RANGE;
        ++*count;
    }
    return STATUS_OK;
}

int64_t freeze_of_study(const struct freeze_reading *readings, size_t count,
    const struct freeze_reading *asked)
{
    int64_t move = QUERY_MOVE_MAX + 1, freeze = asked->freeze;
    for (size_t i = 0; i < count; i++) {
        if (!digest_equal(&readings[i].study, &asked->study) ||
            readings[i].move < asked->move || readings[i].move >= move)
            continue;
        move = readings[i].move;
        freeze = readings[i].freeze;
    }
    return freeze;
}
