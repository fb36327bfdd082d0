#include <stdlib.h>
#include <string.h>

#include "coordinator/catalog.h"
#include "coordinator/catalog_internal.h"

/* Approvals on their way in: the ones worth keeping, as bytes. */
struct intake {
    struct digest study_id;
    size_t count;
    bool rejects; /* one of them does */
    size_t amendment_count;
    struct digest amendments[MESSAGE_DOCUMENTS_MAX]; /* that come */
    struct ledger_document items[MESSAGE_DOCUMENTS_MAX];
};

/* What a member says: of the study or of one of its amendments. */
struct voice {
    const struct public_key *signer;
    struct digest subject;
    bool approve;
};

/* Whether that member said so in it. */
static bool says(struct view bytes, const struct voice *voice)
{
    struct envelope *envelope = NULL;
    struct approval approval;
    struct diagnostic diagnostic;
    diagnostic_init(&diagnostic, "");
    const bool found =
        envelope_decode(&envelope, bytes) == STATUS_OK &&
        public_key_equal(&envelope->signatures[0].signer, voice->signer) &&
        approval_parse(&approval, buffer_view(&envelope->payload),
            &diagnostic) == STATUS_OK &&
        digest_equal(&approval.study_id, &voice->subject) &&
        approval.approve == voice->approve;
    envelope_destroy(envelope);
    return found;
}

static size_t count_voices(const struct catalog_study *entry,
    const struct intake *intake, const struct voice *voice)
{
    size_t count = 0;
    for (size_t i = 0; entry != NULL && i < entry->approval_count; i++)
        count += says(buffer_view(&entry->approvals[i]), voice);
    for (size_t i = 0; i < intake->count; i++)
        count += says(intake->items[i].envelope, voice);
    return count;
}

/* Of one member: so many that in a committee of up to 32 nobody takes the place
 * of another's rejection. A second rejection says nothing new; an approval may,
 * under a roster that lets later ones count alone. */
static size_t voices_max(const struct roster *roster, bool approve)
{
    const size_t each = MESSAGE_DOCUMENTS_MAX / roster->committee_count;
    return approve && each > 2 ? each - 1 : 1;
}

/* Whether it is an approval of the study, or of an amendment that is here or
 * comes with it. */
static bool find_subject(struct approval *out, const struct catalog *catalog,
    const struct catalog_study *entry, const struct intake *intake,
    const struct envelope *envelope)
{
    const struct roster *roster = catalog->roster;
    if (approval_verify(out, envelope, &intake->study_id, roster) == STATUS_OK)
        return true;
    for (size_t i = 0; entry != NULL && i < entry->amended_count; i++) {
        if (approval_verify(out, envelope, &entry->amended[i].id, roster) ==
            STATUS_OK)
            return true;
    }
    for (size_t i = 0; i < intake->amendment_count; i++) {
        if (approval_verify(out, envelope, &intake->amendments[i], roster) ==
            STATUS_OK)
            return true;
    }
    return false;
}

/* Signed for this study by a member in good standing who did not say so too
 * often: else it is not kept, so that nobody can fill the ledger with what will
 * never count. */
static bool is_worth_keeping(const struct catalog *catalog,
    const struct catalog_study *entry, const struct envelope *envelope,
    struct intake *intake)
{
    struct approval approval;
    if (strcmp(envelope->type, TYPE_AMENDMENT) == 0)
        return entry != NULL; /* they were looked at */
    if (!find_subject(&approval, catalog, entry, intake, envelope))
        return false;
    intake->rejects = intake->rejects || !approval.approve;
    const struct voice voice = {
        &envelope->signatures[0].signer, approval.study_id, approval.approve};
    return count_voices(entry, intake, &voice) <
           voices_max(catalog->roster, approval.approve);
}

static bool is_known(const struct catalog_study *entry, struct view bytes)
{
    for (size_t i = 0; entry != NULL && i < entry->approval_count; i++) {
        if (view_equal(buffer_view(&entry->approvals[i]), bytes))
            return true;
    }
    return false;
}

static enum status note_amendments(
    const struct catalog_submission *submission, struct intake *intake)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < submission->approval_count;
         i++) {
        struct envelope *envelope = NULL;
        status = envelope_decode(&envelope, submission->approvals[i]);
        if (status == STATUS_OK && strcmp(envelope->type, TYPE_AMENDMENT) == 0)
            intake->amendments[intake->amendment_count++] =
                envelope_id(envelope);
        envelope_destroy(envelope);
    }
    return status;
}

static enum status take_approvals(const struct catalog *catalog,
    const struct catalog_study *entry,
    const struct catalog_submission *submission, struct intake *intake)
{
    size_t room = MESSAGE_DOCUMENTS_MAX;
    if (entry != NULL)
        room -= entry->approval_count;
    enum status noted = note_amendments(submission, intake);
    if (noted != STATUS_OK)
        return noted;
    for (size_t i = 0; i < submission->approval_count; i++) {
        struct view bytes = submission->approvals[i];
        struct envelope *envelope = NULL;
        if (is_known(entry, bytes))
            continue;
        enum status status = envelope_decode(&envelope, bytes);
        const bool kept = status == STATUS_OK &&
                          is_worth_keeping(catalog, entry, envelope, intake);
        if (kept && intake->count == room)
            status = STATUS_LIMIT_REACHED;
        else if (kept)
            intake->items[intake->count++] =
                (struct ledger_document){envelope_id(envelope), bytes, 0};
        envelope_destroy(envelope);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

static enum status write_submission(struct ledger *ledger,
    const struct study *study, const struct view *envelope,
    struct intake *intake, int64_t now)
{
    enum status status = ledger_begin(ledger);
    if (status == STATUS_OK && envelope != NULL) {
        const struct ledger_document document = {study->id, *envelope, now};
        status = ledger_add_study(ledger, &document);
        if (status == STATUS_OK)
            status = ledger_record(ledger, now, "study_accepted", &study->id,
                "name=%s", study->name);
    }
    for (size_t i = 0; status == STATUS_OK && i < intake->count; i++) {
        intake->items[i].added = now;
        status = ledger_add_approval(ledger, &study->id, &intake->items[i]);
        if (status == STATUS_OK)
            status = ledger_record(ledger, now, "approval_added",
                &intake->items[i].id, "study=%s", study->name);
    }
    if (status == STATUS_OK)
        status = ledger_commit(ledger);
    if (status != STATUS_OK)
        ledger_rollback(ledger);
    return status;
}

static enum status append_approvals(
    struct catalog_study *entry, const struct intake *intake)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < intake->count; i++)
        status = catalog_copy_bytes(&entry->approvals[entry->approval_count++],
            intake->items[i].envelope);
    return status;
}

/* More approvals, or rejections, for a study that is here. */
static enum status add_to_known(struct catalog *catalog, struct ledger *ledger,
    struct catalog_study *entry, const struct catalog_submission *submission,
    int64_t now, struct diagnostic *diagnostic)
{
    struct intake intake = {.study_id = entry->study->id};
    enum status status =
        catalog_check_amendments(catalog, entry, submission, now, diagnostic);
    if (status == STATUS_OK)
        status = take_approvals(catalog, entry, submission, &intake);
    if (status == STATUS_OK && intake.count > 0)
        status = write_submission(ledger, entry->study, NULL, &intake, now);
    if (status == STATUS_OK)
        status = append_approvals(entry, &intake);
    if (status == STATUS_OK)
        status = catalog_judge(catalog, entry, now);
    return intake.rejects && status == STATUS_TOO_FEW_SIGNATURES ? STATUS_OK
                                                                 : status;
}

/* What can be said of a study before its approvals are looked at. */
static enum status check_new(const struct catalog *catalog, struct study *study,
    int64_t now, struct diagnostic *diagnostic)
{
    if (!digest_equal(&study->dictionary_id, &catalog->dictionary->digest)) {
        diagnostic_set(diagnostic, 0, 0,
            "the study was made with another dictionary than the office's");
        return STATUS_WRONG_DICTIONARY;
    }
    if (strcmp(study->federation, catalog->roster->federation) != 0) {
        diagnostic_set(diagnostic, 0, 0,
            "the study is for the federation '%s'; this is '%s'",
            study->federation, catalog->roster->federation);
        return STATUS_WRONG_ROSTER;
    }
    enum status status = study_check(study, catalog->dictionary, diagnostic);
    const struct wall_clock clock = {now, "the coordinator's clock"};
    if (status == STATUS_OK)
        status = study_check_dates(study, &clock, diagnostic);
    return status == STATUS_NOT_YET_VALID ? STATUS_OK : status;
}

static enum status add_new(struct catalog *catalog, struct ledger *ledger,
    struct catalog_study *entry, const struct catalog_submission *submission,
    int64_t now, struct diagnostic *diagnostic)
{
    struct intake intake = {.study_id = entry->study->id};
    if (catalog->study_count == CATALOG_STUDIES_MAX)
        return STATUS_LIMIT_REACHED;
    enum status status = check_new(catalog, entry->study, now, diagnostic);
    if (status == STATUS_OK)
        status = take_approvals(catalog, NULL, submission, &intake);
    if (status == STATUS_OK && intake.amendment_count > 0) {
        diagnostic_set(diagnostic, 0, 0,
            "the office does not know study '%s' yet: submit it with its "
            "approvals first, and the amendment then",
            entry->study->name);
        status = STATUS_STUDY_UNKNOWN;
    }
    /* A rejection is kept before anybody approves. Else all that came counts:
     * the reason is the first found. */
    if (status == STATUS_OK && !intake.rejects)
        status = catalog_judge_submission(
            catalog, entry->study, submission, now, diagnostic);
    if (status == STATUS_OK)
        status = catalog_copy_bytes(&entry->envelope, submission->study);
    if (status == STATUS_OK)
        status = append_approvals(entry, &intake);
    if (status == STATUS_OK)
        (void)catalog_judge(catalog, entry, now);
    if (status == STATUS_OK)
        status = write_submission(
            ledger, entry->study, &submission->study, &intake, now);
    return status == STATUS_OK ? catalog_append(catalog, entry) : status;
}

static size_t index_of(
    const struct catalog *catalog, const struct catalog_study *entry)
{
    size_t at = 0;
    while (at < catalog->study_count && catalog->studies[at] != entry)
        at++;
    return at;
}

enum status catalog_submit_study(struct catalog *catalog, struct ledger *ledger,
    const struct catalog_submission *submission, int64_t now, size_t *index,
    struct diagnostic *diagnostic)
{
    struct envelope *envelope = NULL;
    struct catalog_study *made = NULL;
    *index = catalog->study_count;
    enum status status = submission->approval_count > MESSAGE_DOCUMENTS_MAX
                             ? STATUS_TOO_LARGE
                             : envelope_decode(&envelope, submission->study);
    if (status != STATUS_OK)
        return status;
    const struct digest id = envelope_id(envelope);
    struct catalog_study *known = catalog_find_study(catalog, &id);
    if (known != NULL) {
        *index = index_of(catalog, known);
        status =
            add_to_known(catalog, ledger, known, submission, now, diagnostic);
        goto out;
    }
    made = calloc(1, sizeof *made);
    status = made == NULL ? STATUS_NO_MEMORY : STATUS_OK;
    if (status == STATUS_OK)
        status = study_verify(&made->study, envelope, diagnostic);
    if (status == STATUS_OK)
        status = add_new(catalog, ledger, made, submission, now, diagnostic);
    if (status == STATUS_OK)
        made = NULL; /* the catalog has it, at *index */
out:
    catalog_study_destroy(made);
    envelope_destroy(envelope);
    return status;
}

/* Questions. */

void question_fini(struct question *question)
{
    plan_destroy(question->plan);
    query_destroy(question->query);
    buffer_fini(&question->envelope);
    memset(question, 0, sizeof *question);
}

enum status question_plan_for(struct question *question,
    const struct center_list *centers, struct diagnostic *diagnostic)
{
    struct plan *plan = NULL;
    if (!plan_has_center_term(question->plan))
        return STATUS_OK;
    enum status status = plan_create_for(&plan, question->query,
        question->plan->dictionary, centers, diagnostic);
    if (status != STATUS_OK)
        return status;
    plan_set_quantile_tail(plan, question->study->study->limits.quantile_tail);
    plan_destroy(question->plan);
    question->plan = plan;
    return STATUS_OK;
}

/* Which study it says it is for, before anything in it is believed. */
static enum status find_study(const struct catalog *catalog,
    struct question *question, const struct envelope *envelope,
    struct diagnostic *diagnostic)
{
    struct document *document = NULL;
    struct digest id, amendment;
    const char *text = NULL;
    enum status status =
        document_parse(&document, buffer_view(&envelope->payload), diagnostic);
    if (status == STATUS_OK) {
        struct field root = document_root(document), field;
        status = field_get(&field, &root, "study_id", diagnostic);
        if (status == STATUS_OK)
            status = field_text(&field, &text, DIGEST_TEXT - 1, diagnostic);
        if (status == STATUS_OK)
            status = digest_from_text(&id, text);
    }
    document_destroy(document);
    if (status != STATUS_OK)
        return status;
    question->study = catalog_find_study(catalog, &id);
    if (question->study == NULL)
        return STATUS_STUDY_UNKNOWN;
    if (question->study->standing != STATUS_OK)
        return question->study->standing;
    amendment = query_find_amendment(buffer_view(&envelope->payload));
    status = catalog_find_text(&question->text, question->study, &amendment);
    if (status != STATUS_OK)
        diagnostic_set(diagnostic, 0, 0,
            "the amendment that the query names is %s",
            status == STATUS_AMENDMENT_UNKNOWN
                ? "not at the office: submit it with its approvals "
                  "('cohortium study submit')"
                : "not approved any more");
    return status;
}

static enum status check_question(const struct catalog *catalog,
    struct question *question, const struct envelope *envelope, int64_t now,
    struct diagnostic *diagnostic)
{
    const struct admission_request request = {.roster = catalog->roster,
        .dictionary = catalog->dictionary,
        .query = envelope,
        .verified = question->text,
        .clock = {now, "the coordinator's clock"}};
    struct admission admission;
    enum status status = admission_check(&admission, &request, diagnostic);
    if (status != STATUS_OK)
        return status;
    question->query = admission.query;
    question->plan = admission.plan;
    admission.query = NULL;
    admission.plan = NULL;
    if (!public_key_equal(&admission.researcher, &question->researcher)) {
        diagnostic_set(diagnostic, 0, 0,
            "the query is signed by another researcher than who sends it");
        status = STATUS_NOT_ALLOWED;
    }
    admission_fini(&admission);
    return status;
}

enum status catalog_admit(const struct catalog *catalog, struct question *out,
    struct view bytes, const struct public_key *researcher, int64_t now,
    struct diagnostic *diagnostic)
{
    struct envelope *envelope = NULL;
    memset(out, 0, sizeof *out);
    out->researcher = *researcher;
    enum status status = catalog_copy_bytes(&out->envelope, bytes);
    if (status == STATUS_OK)
        status = envelope_decode(&envelope, bytes);
    if (status == STATUS_OK) {
        out->id = envelope_id(envelope);
        status = find_study(catalog, out, envelope, diagnostic);
    }
    if (status == STATUS_OK)
        status = check_question(catalog, out, envelope, now, diagnostic);
    envelope_destroy(envelope);
    if (status != STATUS_OK)
        question_fini(out);
    return status;
}
