#include "policy/freeze.h"

#include <string.h>

#include "policy/reading.h"
#include "protocol/wire/json_text.h"

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
