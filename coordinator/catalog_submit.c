#include <stdlib.h>
#include <string.h>

#include "coordinator/catalog.h"
#include "coordinator/catalog_internal.h"

/* Approvals on their way in: the ones worth keeping, as bytes. */
struct intake {
    size_t count;
    struct ledger_document items[MESSAGE_DOCUMENTS_MAX];
};

/* Signed for this study by a member in good standing: else it is not kept,
 * so that nobody can fill the ledger with what will never count. */
static bool is_worth_keeping(const struct catalog *catalog,
    const struct digest *study_id, const struct envelope *envelope)
{
    struct approval approval;
    struct diagnostic diagnostic;
    diagnostic_init(&diagnostic, "approval");
    return approval_parse(&approval, buffer_view(&envelope->payload),
               &diagnostic) == STATUS_OK &&
           digest_equal(&approval.study_id, study_id) &&
           roster_count_signers(catalog->roster, envelope, TYPE_APPROVAL) > 0;
}

static bool is_known(const struct catalog_study *entry, struct view bytes)
{
    for (size_t i = 0; entry != NULL && i < entry->approval_count; i++) {
        if (view_equal(buffer_view(&entry->approvals[i]), bytes))
            return true;
    }
    return false;
}

static enum status take_approvals(const struct catalog *catalog,
    const struct catalog_study *entry, const struct digest *study_id,
    const struct catalog_submission *submission, struct intake *intake)
{
    size_t room = MESSAGE_DOCUMENTS_MAX;
    if (entry != NULL)
        room -= entry->approval_count;
    for (size_t i = 0; i < submission->approval_count; i++) {
        struct view bytes = submission->approvals[i];
        struct envelope *envelope = NULL;
        if (is_known(entry, bytes))
            continue;
        enum status status = envelope_decode(&envelope, bytes);
        if (status == STATUS_OK && intake->count == room)
            status = STATUS_LIMIT_REACHED;
        if (status == STATUS_OK &&
            is_worth_keeping(catalog, study_id, envelope))
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
    int64_t now)
{
    struct intake intake = {.count = 0};
    enum status status =
        take_approvals(catalog, entry, &entry->study->id, submission, &intake);
    if (status == STATUS_OK && intake.count > 0)
        status = write_submission(ledger, entry->study, NULL, &intake, now);
    if (status == STATUS_OK)
        status = append_approvals(entry, &intake);
    if (status == STATUS_OK)
        entry->standing = catalog_judge(catalog, entry, now);
    return status == STATUS_OK ? entry->standing : status;
}

/* What can be said of a study before its approvals are looked at. */
static enum status check_new(const struct catalog *catalog,
    const struct study *study, int64_t now, struct diagnostic *diagnostic)
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
    if (status == STATUS_OK && study_check_dates(study, now) == STATUS_EXPIRED)
        status = STATUS_EXPIRED;
    return status;
}

static enum status add_new(struct catalog *catalog, struct ledger *ledger,
    struct catalog_study *entry, const struct catalog_submission *submission,
    int64_t now, struct diagnostic *diagnostic)
{
    struct intake intake = {.count = 0};
    if (catalog->study_count == CATALOG_STUDIES_MAX)
        return STATUS_LIMIT_REACHED;
    enum status status = check_new(catalog, entry->study, now, diagnostic);
    if (status == STATUS_OK) /* all that came: the reason is the first found */
        status = catalog_judge_views(catalog, entry->study,
            submission->approvals, submission->approval_count, now);
    if (status == STATUS_OK)
        status = take_approvals(
            catalog, NULL, &entry->study->id, submission, &intake);
    if (status == STATUS_OK)
        status = catalog_copy_bytes(&entry->envelope, submission->study);
    if (status == STATUS_OK)
        status = append_approvals(entry, &intake);
    if (status == STATUS_OK)
        status = entry->standing = catalog_judge(catalog, entry, now);
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
        status = add_to_known(catalog, ledger, known, submission, now);
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

static bool is_researcher(
    const struct study *study, const struct public_key *key)
{
    for (size_t i = 0; i < study->researcher_count; i++) {
        if (public_key_equal(&study->researchers[i].sign, key))
            return true;
    }
    return false;
}

static enum status check_study(const struct catalog_study *entry, int64_t now)
{
    enum status status = study_check_dates(entry->study, now);
    return status == STATUS_OK ? entry->standing : status;
}

static enum status check_signature(const struct question *question,
    const struct envelope *envelope, int64_t now)
{
    if (!is_researcher(question->study->study, &question->researcher))
        return STATUS_RESEARCHER_NOT_IN_STUDY;
    enum status status =
        envelope_verify(envelope, TYPE_QUERY, &question->researcher);
    if (status != STATUS_OK)
        return status;
    return question->query->expires <= now ? STATUS_EXPIRED : STATUS_OK;
}

/* The query against its study, once it could be read. */
static enum status check_question(const struct catalog *catalog,
    struct question *question, const struct envelope *envelope, int64_t now,
    struct diagnostic *diagnostic)
{
    const struct query *query = question->query;
    question->study = catalog_find_study(catalog, &query->study_id);
    if (question->study == NULL)
        return STATUS_STUDY_UNKNOWN;
    enum status status = check_study(question->study, now);
    if (status == STATUS_OK)
        status = check_signature(question, envelope, now);
    if (status == STATUS_OK &&
        !digest_equal(&query->dictionary_id, &catalog->dictionary->digest))
        status = STATUS_WRONG_DICTIONARY;
    if (status == STATUS_OK)
        status = plan_create(
            &question->plan, query, catalog->dictionary, diagnostic);
    if (status == STATUS_OK)
        status = admission_check_scope(question->study->study, query,
            question->plan, catalog->dictionary, diagnostic);
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
        status = roster_check_dates(catalog->roster, now);
    if (status == STATUS_OK)
        status = envelope_decode(&envelope, bytes);
    if (status == STATUS_OK)
        out->id = envelope_id(envelope);
    if (status == STATUS_OK)
        status = query_parse(&out->query, buffer_view(&envelope->payload),
            catalog->dictionary, diagnostic);
    if (status == STATUS_OK && !out->query->sealed)
        status = STATUS_MALFORMED;
    if (status == STATUS_OK)
        status = check_question(catalog, out, envelope, now, diagnostic);
    envelope_destroy(envelope);
    if (status != STATUS_OK)
        question_fini(out);
    return status;
}
