#include <stdlib.h>
#include <string.h>

#include "policy/reading.h"
#include "policy/study.h"
#include "protocol/wire/json_text.h"

static const char *const approval_keys[] = {
    "cohortium", "study", "decision", "scores", "comment", "date"};
static const char *const score_names[] = {
    "mission", "merit", "feasibility", "team"};

static enum status read_scores(struct approval *approval,
    const struct field *root, struct diagnostic *diagnostic)
{
    struct field scores, field;
    enum status status = field_get(&scores, root, "scores", diagnostic);
    if (status == STATUS_OK)
        status = field_expect_object(&scores, score_names, 4, diagnostic);
    for (size_t i = 0; status == STATUS_OK && i < 4; i++) {
        status = field_get(&field, &scores, score_names[i], diagnostic);
        if (status == STATUS_OK)
            status =
                field_integer(&field, &approval->scores[i], 1, 9, diagnostic);
    }
    return status;
}

static enum status read_approval(
    void *out, const struct field *root, struct diagnostic *diagnostic)
{
    struct approval *approval = out;
    struct field field;
    char decision[16];
    const char *comment;
    enum status status = field_expect_object(root, approval_keys,
        sizeof approval_keys / sizeof approval_keys[0], diagnostic);
    if (status == STATUS_OK)
        status = read_kind(root, "approval", diagnostic);
    if (status == STATUS_OK)
        status = read_bytes(
            root, "study", approval->study_id.bytes, DIGEST_BYTES, diagnostic);
    if (status == STATUS_OK)
        status =
            read_text(root, "decision", decision, sizeof decision, diagnostic);
    if (status == STATUS_OK) {
        approval->approve = strcmp(decision, "approve") == 0;
        if (!approval->approve && strcmp(decision, "reject") != 0) {
            field_find(&field, root, "decision");
            status = field_fail(&field, diagnostic,
                "the decision is \"approve\" or \"reject\", found '%s'",
                decision);
        }
    }
    if (status == STATUS_OK)
        status = read_scores(approval, root, diagnostic);
    if (status == STATUS_OK && field_find(&field, root, "comment"))
        status = field_text(&field, &comment, 4096, diagnostic);
    if (status == STATUS_OK)
        status = read_time(root, "date", &approval->date, diagnostic);
    return status;
}

enum status approval_parse(
    struct approval *out, struct view payload, struct diagnostic *diagnostic)
{
    memset(out, 0, sizeof *out);
    return read_document(out, read_approval, payload, diagnostic);
}

enum status approval_write(
    struct buffer *out, const struct approval *approval, const char *comment)
{
    char study[DIGEST_TEXT], date[TIME_TEXT];
    digest_to_text(study, &approval->study_id);
    time_text(date, approval->date);
    json_t *scores = json_object();
    for (size_t i = 0; i < 4; i++)
        json_object_set_new(
            scores, score_names[i], json_integer(approval->scores[i]));
    json_t *json = json_pack("{s:s, s:s, s:s, s:o, s:s*, s:s}", "cohortium",
        "approval", "study", study, "decision",
        approval->approve ? "approve" : "reject", "scores", scores, "comment",
        comment, "date", date);
    enum status status = json_text_append(out, json, JSON_COMPACT);
    json_decref(json);
    return status;
}

enum status approval_verify(struct approval *out,
    const struct envelope *envelope, const struct digest *study,
    const struct roster *roster)
{
    struct diagnostic diagnostic;
    diagnostic_init(&diagnostic, "");
    if (envelope->signature_count != 1)
        return STATUS_MALFORMED;
    const struct public_key *signer = &envelope->signatures[0].signer;
    const struct roster_member *member = roster_find_member_key(roster, signer);
    if (member == NULL)
        return STATUS_UNKNOWN_SIGNER;
    if (member->revoked)
        return STATUS_REVOKED_SIGNER;
    enum status status = envelope_verify(envelope, TYPE_APPROVAL, signer);
    if (status == STATUS_OK)
        status =
            approval_parse(out, buffer_view(&envelope->payload), &diagnostic);
    if (status != STATUS_OK)
        return status;
    return digest_equal(&out->study_id, study) ? STATUS_OK : STATUS_WRONG_STUDY;
}

/* Whether an approval's date lets it count. */
static enum status check_date(const struct approval *approval,
    const struct roster *roster, const struct wall_clock *clock,
    struct diagnostic *diagnostic)
{
    const struct validity validity = {"an approval", approval->date, INT64_MAX};
    char date[TIME_TEXT], from[TIME_TEXT];
    if (approval->date >= roster->approvals_from)
        return validity_check(&validity, clock, diagnostic);
    time_text(date, approval->date);
    time_text(from, roster->approvals_from);
    diagnostic_set(diagnostic, 0, 0,
        "an approval was given at %s, and the roster lets approvals count from "
        "%s on",
        date, from);
    return STATUS_EXPIRED;
}

/* One voice a member. */
struct voice {
    const struct roster_member *member;
    bool approve;
};

static void hear(struct voice *voices, size_t *count,
    const struct roster_member *member, const struct approval *approval)
{
    for (size_t i = 0; i < *count; i++) {
        if (voices[i].member != member)
            continue;
        /* A rejection is never outvoted by the member's own approval. */
        voices[i].approve = voices[i].approve && approval->approve;
        return;
    }
    voices[(*count)++] = (struct voice){member, approval->approve};
}

/* In a list with amendments, approvals of these and of the study stand side by
 * side. */
static bool has_amendments(const struct envelope_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->items[i]->type, TYPE_AMENDMENT) == 0)
            return true;
    }
    return false;
}

enum status approvals_check(const struct vote *vote,
    const struct roster *roster, const struct envelope_list *approvals,
    const struct wall_clock *clock, struct diagnostic *diagnostic)
{
    struct voice voices[ROSTER_COMMITTEE_MAX];
    size_t voice_count = 0, approving = 0;
    enum status first = STATUS_TOO_FEW_SIGNATURES;
    struct diagnostic why;
    diagnostic_init(&why, "");
    for (size_t i = 0; i < approvals->count; i++) {
        const struct envelope *envelope = approvals->items[i];
        struct approval approval;
        if (strcmp(envelope->type, TYPE_AMENDMENT) == 0)
            continue;
        enum status status =
            approval_verify(&approval, envelope, vote->id, roster);
        if (status == STATUS_WRONG_STUDY && has_amendments(approvals))
            continue;
        /* A rejection takes back whatever its date: dated out of the way it
         * would keep the study alive. */
        if (status == STATUS_OK && approval.approve)
            status = check_date(&approval, roster, clock, &why);
        if (status != STATUS_OK) {
            if (first == STATUS_TOO_FEW_SIGNATURES)
                first = status;
            continue;
        }
        hear(voices, &voice_count,
            roster_find_member_key(roster, &envelope->signatures[0].signer),
            &approval);
    }
    for (size_t i = 0; i < voice_count; i++)
        approving += voices[i].approve;
    if (approving >= vote->needed)
        return STATUS_OK;
    if (why.message[0] != '\0')
        diagnostic_set(diagnostic, 0, 0, "%s", why.message);
    else
        diagnostic_set(diagnostic, 0, 0,
            "%zu of the %zu approvals that the roster (version %lld) asks for "
            "count%s%s",
            approving, vote->needed, (long long)roster->version,
            first == STATUS_TOO_FEW_SIGNATURES ? "" : "; another is ",
            first == STATUS_TOO_FEW_SIGNATURES ? "" : status_text(first));
    return first;
}

enum status study_check_approvals(const struct study *study,
    const struct roster *roster, const struct envelope_list *approvals,
    const struct wall_clock *clock, struct diagnostic *diagnostic)
{
    const struct vote vote = {&study->id, roster->threshold};
    return approvals_check(&vote, roster, approvals, clock, diagnostic);
}
