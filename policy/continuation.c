#include "policy/continuation.h"

#include <string.h>

#include "policy/reading.h"
#include "protocol/wire/json_text.h"

#define SEEN_MAX INT32_MAX
#define COMMENT_MAX 4096

static const char *const continuation_keys[] = {
    "cohortium", "study", "seen", "comment", "date"};

static enum status read_continuation(
    void *out, const struct field *root, struct diagnostic *diagnostic)
{
    struct continuation *continuation = out;
    struct field field;
    const char *comment;
    enum status status = field_expect_object(root, continuation_keys,
        sizeof continuation_keys / sizeof continuation_keys[0], diagnostic);
    if (status == STATUS_OK)
        status = read_kind(root, "continuation", diagnostic);
    if (status == STATUS_OK)
        status = read_bytes(root, "study", continuation->study_id.bytes,
            DIGEST_BYTES, diagnostic);
    if (status == STATUS_OK)
        status = field_get(&field, root, "seen", diagnostic);
    if (status == STATUS_OK)
        status =
            field_integer(&field, &continuation->seen, 1, SEEN_MAX, diagnostic);
    if (status == STATUS_OK && field_find(&field, root, "comment"))
        status = field_text(&field, &comment, COMMENT_MAX, diagnostic);
    return status == STATUS_OK
               ? read_time(root, "date", &continuation->date, diagnostic)
               : status;
}

enum status continuation_parse(struct continuation *out, struct view payload,
    struct diagnostic *diagnostic)
{
    memset(out, 0, sizeof *out);
    return read_document(out, read_continuation, payload, diagnostic);
}

enum status continuation_write(struct buffer *out,
    const struct continuation *continuation, const char *comment)
{
    char study[DIGEST_TEXT], date[TIME_TEXT];
    digest_to_text(study, &continuation->study_id);
    time_text(date, continuation->date);
    json_t *json = json_pack("{s:s, s:s, s:I, s:s*, s:s}", "cohortium",
        "continuation", "study", study, "seen", (json_int_t)continuation->seen,
        "comment", comment, "date", date);
    enum status status = json_text_append(out, json, JSON_COMPACT);
    json_decref(json);
    return status;
}

static enum status check_signer(const struct envelope *envelope,
    const struct study *study, const struct roster *roster,
    struct diagnostic *diagnostic)
{
    const struct public_key *signer = &envelope->signatures[0].signer;
    const struct roster_member *member = roster_find_member_key(roster, signer);
    if (member == NULL)
        return STATUS_UNKNOWN_SIGNER;
    if (member->revoked)
        return STATUS_REVOKED_SIGNER;
    for (size_t i = 0; i < study->researcher_count; i++) {
        if (!public_key_equal(&study->researchers[i].sign, signer))
            continue;
        diagnostic_set(diagnostic, 0, 0,
            "%s is a researcher of study '%s': another member says that it "
            "goes on",
            member->identity.name, study->name);
        return STATUS_NOT_ALLOWED;
    }
    return envelope_verify(envelope, TYPE_CONTINUATION, signer);
}

enum status continuation_verify(struct continuation *out,
    const struct envelope *envelope, const struct study *study,
    const struct roster *roster, const struct wall_clock *clock,
    struct diagnostic *diagnostic)
{
    if (envelope->signature_count != 1)
        return STATUS_MALFORMED;
    enum status status = check_signer(envelope, study, roster, diagnostic);
    if (status == STATUS_OK)
        status = continuation_parse(
            out, buffer_view(&envelope->payload), diagnostic);
    if (status != STATUS_OK)
        return status;
    if (!digest_equal(&out->study_id, &study->id))
        return STATUS_WRONG_STUDY;
    const struct validity validity = {"the continuation", out->date, INT64_MAX};
    return validity_check(&validity, clock, diagnostic);
}
