#include "policy/opt_in.h"

#include <string.h>

#include "policy/reading.h"
#include "protocol/wire/json_text.h"

static const char *const opt_in_keys[] = {
    "cohortium", "study", "center", "roster", "decision", "sequence", "date"};
#define SEQUENCE_MAX ((int64_t)1 << 62) /* one more always fits */

static enum status read_decision(struct opt_in *opt_in,
    const struct field *root, struct diagnostic *diagnostic)
{
    struct field field;
    const char *text;
    enum status status = field_get(&field, root, "decision", diagnostic);
    if (status == STATUS_OK)
        status = field_text(&field, &text, 8, diagnostic);
    if (status != STATUS_OK)
        return status;
    opt_in->in = strcmp(text, "in") == 0;
    return opt_in->in || strcmp(text, "out") == 0
               ? STATUS_OK
               : field_fail(&field, diagnostic,
                     "the decision is \"in\" or \"out\", found '%s'", text);
}

static enum status read_opt_in(
    void *out, const struct field *root, struct diagnostic *diagnostic)
{
    struct opt_in *opt_in = out;
    struct field field;
    enum status status = field_expect_object(root, opt_in_keys,
        sizeof opt_in_keys / sizeof opt_in_keys[0], diagnostic);
    if (status == STATUS_OK)
        status = read_kind(root, "opt-in", diagnostic);
    if (status == STATUS_OK)
        status = read_bytes(
            root, "study", opt_in->study_id.bytes, DIGEST_BYTES, diagnostic);
    if (status == STATUS_OK)
        status = read_text(
            root, "center", opt_in->center, sizeof opt_in->center, diagnostic);
    if (status == STATUS_OK && !is_plain_name(opt_in->center)) {
        field_find(&field, root, "center");
        status =
            field_fail(&field, diagnostic, "'%s' is no center", opt_in->center);
    }
    if (status == STATUS_OK)
        status = read_text(root, "roster", opt_in->federation,
            sizeof opt_in->federation, diagnostic);
    if (status == STATUS_OK)
        status = read_decision(opt_in, root, diagnostic);
    if (status == STATUS_OK)
        status = field_get(&field, root, "sequence", diagnostic);
    if (status == STATUS_OK)
        status = field_integer(
            &field, &opt_in->sequence, 1, SEQUENCE_MAX, diagnostic);
    return status == STATUS_OK
               ? read_time(root, "date", &opt_in->date, diagnostic)
               : status;
}

enum status opt_in_parse(
    struct opt_in *out, struct view payload, struct diagnostic *diagnostic)
{
    memset(out, 0, sizeof *out);
    return read_document(out, read_opt_in, payload, diagnostic);
}

enum status opt_in_write(struct buffer *out, const struct opt_in *opt_in)
{
    char study[DIGEST_TEXT], date[TIME_TEXT];
    digest_to_text(study, &opt_in->study_id);
    time_text(date, opt_in->date);
    json_t *json = json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:s}", "cohortium",
        "opt-in", "study", study, "center", opt_in->center, "roster",
        opt_in->federation, "decision", opt_in->in ? "in" : "out", "sequence",
        (json_int_t)opt_in->sequence, "date", date);
    enum status status = json_text_append(out, json, JSON_COMPACT);
    json_decref(json);
    return status;
}
