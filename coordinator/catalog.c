#include "coordinator/catalog.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coordinator/catalog_internal.h"
#include "policy/opt_in.h"
#include "protocol/wire/log.h"

void catalog_study_destroy(struct catalog_study *entry)
{
    if (entry == NULL)
        return;
    study_destroy(entry->study);
    for (size_t i = 0; i < entry->amended_count; i++)
        study_destroy(entry->amended[i].study);
    buffer_fini(&entry->envelope);
    for (size_t i = 0; i < entry->approval_count; i++)
        buffer_fini(&entry->approvals[i]);
    free(entry->opt_ins);
    free(entry);
}

static void forget_rosters(struct catalog *catalog)
{
    roster_destroy(catalog->roster);
    catalog->roster = NULL;
    for (size_t i = 0; i < catalog->roster_count; i++)
        buffer_fini(&catalog->rosters[i]);
    catalog->roster_count = 0;
}

void catalog_destroy(struct catalog *catalog)
{
    if (catalog == NULL)
        return;
    forget_rosters(catalog);
    for (size_t i = 0; i < catalog->study_count; i++)
        catalog_study_destroy(catalog->studies[i]);
    free(catalog->studies);
    free(catalog);
}

struct catalog_study *catalog_find_study(
    const struct catalog *catalog, const struct digest *id)
{
    for (size_t i = 0; i < catalog->study_count; i++) {
        if (digest_equal(&catalog->studies[i]->study->id, id))
            return catalog->studies[i];
    }
    return NULL;
}

enum status catalog_copy_bytes(struct buffer *out, struct view bytes)
{
    buffer_init(out, BUFFER_LIMIT_DEFAULT);
    return buffer_append(out, bytes.data, bytes.size);
}

/* Whether the approvals carry the study under the present roster. */
enum status catalog_judge_submission(const struct catalog *catalog,
    const struct study *study, const struct catalog_submission *submission,
    int64_t now, struct diagnostic *diagnostic)
{
    const struct wall_clock clock = {now, "the coordinator's clock"};
    struct catalog_documents documents = {.count = 0};
    enum status status = catalog_documents_add(
        &documents, submission->approvals, submission->approval_count);
    const struct envelope_list approvals = catalog_documents_list(&documents);
    if (status == STATUS_OK)
        status = study_check_approvals(
            study, catalog->roster, &approvals, &clock, diagnostic);
    catalog_documents_fini(&documents);
    return status;
}

/* Whether one of them says no to the study; what is broken says nothing. */
static bool has_rejection(
    const struct study *study, const struct view *approvals, size_t count)
{
    bool found = false;
    for (size_t i = 0; !found && i < count; i++) {
        struct envelope *envelope = NULL;
        struct approval approval;
        struct diagnostic diagnostic;
        diagnostic_init(&diagnostic, "");
        found = envelope_decode(&envelope, approvals[i]) == STATUS_OK &&
                approval_parse(&approval, buffer_view(&envelope->payload),
                    &diagnostic) == STATUS_OK &&
                digest_equal(&approval.study_id, &study->id) &&
                !approval.approve;
        envelope_destroy(envelope);
    }
    return found;
}

enum status catalog_judge(
    const struct catalog *catalog, struct catalog_study *entry, int64_t now)
{
    struct view views[MESSAGE_DOCUMENTS_MAX];
    const struct catalog_submission kept = {
        .approval_count = entry->approval_count, .approvals = views};
    struct diagnostic diagnostic;
    diagnostic_init(&diagnostic, "");
    entry->standing = STATUS_TOO_FEW_SIGNATURES;
    if (catalog->roster == NULL)
        return entry->standing;
    for (size_t i = 0; i < entry->approval_count; i++)
        views[i] = buffer_view(&entry->approvals[i]);
    entry->rejected = has_rejection(entry->study, views, entry->approval_count);
    entry->standing =
        strcmp(entry->study->federation, catalog->roster->federation) != 0
            ? STATUS_WRONG_ROSTER
            : catalog_judge_submission(
                  catalog, entry->study, &kept, now, &diagnostic);
    catalog_judge_amendments(catalog, entry, now);
    return entry->standing;
}

enum status catalog_append(struct catalog *catalog, struct catalog_study *entry)
{
    if (catalog->study_count == CATALOG_STUDIES_MAX)
        return STATUS_LIMIT_REACHED;
    struct catalog_study **studies =
        /* NOLINTNEXTLINE(bugprone-sizeof-expression): an array of pointers */
        realloc(catalog->studies, (catalog->study_count + 1) * sizeof *studies);
    if (studies == NULL)
        return STATUS_NO_MEMORY;
    catalog->studies = studies;
    studies[catalog->study_count++] = entry;
    return STATUS_OK;
}

/* Rosters. */

static enum status load_roster(
    void *arg, const struct digest *id, struct view bytes)
{
    struct catalog *catalog = arg;
    struct envelope *envelope = NULL;
    struct roster *roster = NULL;
    struct diagnostic diagnostic;
    diagnostic_init(&diagnostic, "roster");
    enum status status = envelope_decode(&envelope, bytes);
    if (status == STATUS_OK)
        status = roster_verify(&roster, envelope, catalog->roster, &diagnostic);
    if (status == STATUS_OK && !digest_equal(&roster->id, id))
        status = STATUS_CORRUPT;
    envelope_destroy(envelope);
    if (status != STATUS_OK) {
        roster_destroy(roster);
        log_event(LOG_ERROR, "catalog", "bad_roster", "status=%s text=\"%s\"",
            status_name(status), diagnostic.message);
        return status;
    }
    roster_destroy(catalog->roster);
    catalog->roster = roster;
    if (catalog->roster_count == MESSAGE_DOCUMENTS_MAX) {
        buffer_fini(&catalog->rosters[0]);
        memmove(&catalog->rosters[0], &catalog->rosters[1],
            (MESSAGE_DOCUMENTS_MAX - 1) * sizeof catalog->rosters[0]);
        catalog->roster_count--;
    }
    return catalog_copy_bytes(
        &catalog->rosters[catalog->roster_count++], bytes);
}

enum status catalog_load_rosters(
    struct catalog *catalog, struct ledger *ledger, int64_t now)
{
    forget_rosters(catalog);
    enum status status = ledger_visit_rosters(ledger, load_roster, catalog);
    for (size_t i = 0; i < catalog->study_count; i++)
        catalog_judge(catalog, catalog->studies[i], now);
    return status;
}

enum status catalog_add_roster(struct catalog *catalog, struct ledger *ledger,
    const struct envelope *envelope, int64_t now, struct diagnostic *diagnostic)
{
    struct buffer bytes;
    struct roster *roster = NULL;
    buffer_init(&bytes, BUFFER_LIMIT_DEFAULT);
    enum status status =
        roster_verify(&roster, envelope, catalog->roster, diagnostic);
    if (status == STATUS_OK && catalog->roster == NULL && roster->version != 1)
        status = STATUS_NOT_FOUND; /* the chain starts at version 1 */
    if (status == STATUS_OK)
        status = envelope_encode(envelope, &bytes);
    if (status != STATUS_OK)
        goto out;
    const struct ledger_document document = {
        roster->id, buffer_view(&bytes), now};
    status = ledger_begin(ledger);
    if (status == STATUS_OK)
        status = ledger_add_roster(ledger, roster->version, &document);
    if (status == STATUS_OK)
        status = ledger_record(ledger, now, "roster_accepted", &roster->id,
            "version=%" PRId64, roster->version);
    if (status == STATUS_OK)
        status = ledger_commit(ledger);
    if (status == STATUS_OK)
        status = catalog_load_rosters(catalog, ledger, now);
    else
        ledger_rollback(ledger);
out:
    roster_destroy(roster);
    buffer_fini(&bytes);
    return status;
}

/* Studies, from the ledger. */

struct study_loader {
    struct catalog *catalog;
    struct ledger *ledger;
    int64_t now;
};

static enum status load_approval(
    void *arg, const struct digest *id, struct view bytes)
{
    struct catalog_study *entry = arg;
    (void)id;
    if (entry->approval_count == MESSAGE_DOCUMENTS_MAX)
        return STATUS_CORRUPT;
    return catalog_copy_bytes(
        &entry->approvals[entry->approval_count++], bytes);
}

static enum status load_entry(const struct study_loader *loader,
    struct catalog_study *entry, struct view bytes)
{
    struct envelope *envelope = NULL;
    struct diagnostic diagnostic;
    diagnostic_init(&diagnostic, "study");
    enum status status = catalog_copy_bytes(&entry->envelope, bytes);
    if (status == STATUS_OK)
        status = envelope_decode(&envelope, bytes);
    if (status == STATUS_OK)
        status = study_verify(&entry->study, envelope, &diagnostic);
    if (status == STATUS_OK)
        status =
            study_check(entry->study, loader->catalog->dictionary, &diagnostic);
    if (status == STATUS_OK)
        status = ledger_visit_approvals(
            loader->ledger, &entry->study->id, load_approval, entry);
    envelope_destroy(envelope);
    if (status != STATUS_OK)
        log_event(LOG_ERROR, "catalog", "bad_study", "status=%s text=\"%s\"",
            status_name(status), diagnostic.message);
    return status;
}

static enum status load_study(
    void *arg, const struct digest *id, struct view bytes)
{
    const struct study_loader *loader = arg;
    struct catalog_study *entry = calloc(1, sizeof *entry);
    (void)id;
    if (entry == NULL)
        return STATUS_NO_MEMORY;
    enum status status = load_entry(loader, entry, bytes);
    if (status == STATUS_OK) {
        catalog_judge(loader->catalog, entry, loader->now);
        status = catalog_append(loader->catalog, entry);
    }
    if (status == STATUS_OK)
        return STATUS_OK;
    catalog_study_destroy(entry);
    /* The dictionary may have changed since: that study is over, the others
     * are not. */
    enum status_category category = status_category(status);
    return category == CATEGORY_MALFORMED || category == CATEGORY_DENIED
               ? STATUS_OK
               : status;
}

static struct catalog_opt_in *find_opt_in(
    const struct catalog_study *entry, const struct public_key *center)
{
    for (size_t i = 0; i < entry->opt_in_count; i++) {
        if (public_key_equal(&entry->opt_ins[i].center, center))
            return &entry->opt_ins[i];
    }
    return NULL;
}

/* The slot of that center, made when there is none. */
static struct catalog_opt_in *get_opt_in(
    struct catalog_study *entry, const struct public_key *center)
{
    struct catalog_opt_in *slot = find_opt_in(entry, center);
    if (slot != NULL)
        return slot;
    slot = realloc(entry->opt_ins, (entry->opt_in_count + 1) * sizeof *slot);
    if (slot == NULL)
        return NULL;
    entry->opt_ins = slot;
    slot = &entry->opt_ins[entry->opt_in_count++];
    memset(slot, 0, sizeof *slot);
    slot->center = *center;
    slot->sequence = -1; /* below any that can be sent */
    return slot;
}

static enum status load_opt_in(void *arg, const struct ledger_opt_in *opt_in)
{
    struct catalog *catalog = arg;
    struct catalog_study *entry =
        catalog_find_study(catalog, &opt_in->study_id);
    if (entry == NULL)
        return STATUS_OK;
    struct catalog_opt_in *slot = get_opt_in(entry, &opt_in->center);
    if (slot == NULL)
        return STATUS_NO_MEMORY;
    slot->in = opt_in->in;
    slot->sequence = opt_in->sequence;
    return STATUS_OK;
}

/* By the present roster. */
static struct catalog_opt_in *find_opt_in_of_name(const struct catalog *catalog,
    const struct catalog_study *study, const char *center)
{
    const struct identity *identity =
        catalog->roster == NULL ? NULL
                                : roster_find_center(catalog->roster, center);
    return identity == NULL ? NULL : find_opt_in(study, &identity->sign);
}

static enum status load_refusals(
    void *arg, const struct ledger_refusals *refusals)
{
    const struct catalog *catalog = arg;
    const struct catalog_study *entry =
        catalog_find_study(catalog, &refusals->study_id);
    struct catalog_opt_in *slot =
        entry == NULL ? NULL
                      : find_opt_in_of_name(catalog, entry, refusals->center);
    if (slot != NULL && refusals->left > 0)
        slot->left = (uint64_t)refusals->left;
    return STATUS_OK;
}

enum status catalog_load(struct catalog **out, struct ledger *ledger,
    const struct dictionary *dictionary, int64_t now)
{
    struct catalog *catalog = calloc(1, sizeof *catalog);
    *out = NULL;
    if (catalog == NULL)
        return STATUS_NO_MEMORY;
    catalog->dictionary = dictionary;
    struct study_loader loader = {catalog, ledger, now};
    enum status status = catalog_load_rosters(catalog, ledger, now);
    if (status == STATUS_OK)
        status = ledger_visit_studies(ledger, load_study, &loader);
    if (status == STATUS_OK)
        status = ledger_visit_opt_ins(ledger, load_opt_in, catalog);
    if (status == STATUS_OK)
        status = ledger_visit_refusals(ledger, load_refusals, catalog);
    if (status != STATUS_OK) {
        catalog_destroy(catalog);
        return status;
    }
    *out = catalog;
    return STATUS_OK;
}

/* Opt-ins. */

struct opt_in_document {
    struct ledger_opt_in decision;
    const char *center; /* its name */
    struct view envelope;
};

static enum status write_opt_in(
    struct ledger *ledger, const struct opt_in_document *document, int64_t now)
{
    const struct ledger_opt_in *decision = &document->decision;
    enum status status = ledger_begin(ledger);
    if (status == STATUS_OK)
        status = ledger_put_opt_in(ledger, decision, document->envelope, now);
    if (status == STATUS_OK) {
        status = ledger_record(ledger, now, decision->in ? "opt_in" : "opt_out",
            &decision->study_id, "center=%s sequence=%" PRId64,
            document->center, decision->sequence);
    }
    if (status == STATUS_OK)
        status = ledger_commit(ledger);
    if (status != STATUS_OK)
        ledger_rollback(ledger);
    return status;
}

static enum status store_opt_in(struct catalog *catalog, struct ledger *ledger,
    const struct opt_in_document *document, int64_t now)
{
    const struct ledger_opt_in *decision = &document->decision;
    struct catalog_study *entry =
        catalog_find_study(catalog, &decision->study_id);
    if (entry == NULL)
        return STATUS_STUDY_UNKNOWN;
    struct catalog_opt_in *slot = find_opt_in(entry, &decision->center);
    if (slot != NULL && decision->sequence <= slot->sequence)
        return STATUS_REPLAYED;
    slot = get_opt_in(entry, &decision->center);
    if (slot == NULL)
        return STATUS_NO_MEMORY;
    enum status status = write_opt_in(ledger, document, now);
    if (status != STATUS_OK)
        return status;
    slot->in = decision->in;
    slot->sequence = decision->sequence;
    return STATUS_OK;
}

enum status catalog_opt_in(struct catalog *catalog, struct ledger *ledger,
    const struct identity *center, struct view bytes, int64_t now)
{
    struct envelope *envelope = NULL;
    struct opt_in decision;
    struct diagnostic diagnostic;
    diagnostic_init(&diagnostic, "opt-in");
    enum status status = envelope_decode(&envelope, bytes);
    if (status == STATUS_OK)
        status = envelope_verify(envelope, TYPE_OPT_IN, &center->sign);
    if (status == STATUS_OK)
        status = opt_in_parse(
            &decision, buffer_view(&envelope->payload), &diagnostic);
    if (status == STATUS_OK && strcmp(decision.center, center->name) != 0)
        status = STATUS_NOT_ALLOWED;
    if (status == STATUS_OK &&
        strcmp(decision.federation, catalog->roster->federation) != 0)
        status = STATUS_WRONG_ROSTER;
    if (status == STATUS_OK) {
        const struct opt_in_document document = {
            {decision.study_id, center->sign, decision.in, decision.sequence},
            center->name, bytes};
        status = store_opt_in(catalog, ledger, &document, now);
    }
    envelope_destroy(envelope);
    return status;
}

bool catalog_study_has_center(
    const struct catalog_study *study, const struct public_key *center)
{
    const struct catalog_opt_in *slot = find_opt_in(study, center);
    return slot != NULL && slot->in;
}

uint64_t catalog_refusals_left(const struct catalog *catalog,
    const struct catalog_study *study, const char *center)
{
    const struct catalog_opt_in *slot =
        find_opt_in_of_name(catalog, study, center);
    return slot == NULL ? 0 : slot->left;
}

void catalog_note_refusals(struct catalog *catalog, struct ledger *ledger,
    const struct ledger_refusals *refusals)
{
    const struct catalog_study *study =
        catalog_find_study(catalog, &refusals->study_id);
    struct catalog_opt_in *slot =
        study == NULL ? NULL
                      : find_opt_in_of_name(catalog, study, refusals->center);
    if (slot == NULL || slot->left == (uint64_t)refusals->left)
        return;
    slot->left = (uint64_t)refusals->left;
    /* For the status command; nothing else depends on it. */
    const enum status status = ledger_put_refusals(ledger, refusals);
    if (status != STATUS_OK)
        log_event(LOG_WARN, "catalog", "refusals_not_saved", "status=%s",
            status_name(status));
}

/* Enrolment. */

static enum status note_conflict(
    enum status status, const struct identity *identity)
{
    if (status != STATUS_EXISTS)
        return status;
    char key[KEY_TEXT];
    public_key_to_text(key, &identity->sign);
    log_event(LOG_WARN, "catalog", "not_enrolled",
        "key=%s reason=\"its keys are already those of another\"", key);
    return STATUS_OK;
}

enum status catalog_enroll(
    const struct catalog *catalog, struct members *members)
{
    const struct roster *roster = catalog->roster;
    enum status status = STATUS_OK;
    members_begin(members);
    for (size_t i = 0; status == STATUS_OK && i < roster->center_count; i++)
        status = note_conflict(members_add_center(members, &roster->centers[i]),
            &roster->centers[i]);
    for (size_t i = 0; status == STATUS_OK && i < roster->committee_count;
         i++) {
        const struct roster_member *member = &roster->committee[i];
        if (!member->revoked) {
            status = note_conflict(
                members_add_person(members, &member->identity, true),
                &member->identity);
        }
    }
    for (size_t i = 0; status == STATUS_OK && i < catalog->study_count; i++) {
        const struct catalog_study *entry = catalog->studies[i];
        if (entry->standing != STATUS_OK)
            continue;
        const struct study *study = entry->study;
        for (size_t k = 0; status == STATUS_OK && k < study->researcher_count;
             k++) {
            status = note_conflict(
                members_add_person(members, &study->researchers[k], false),
                &study->researchers[k]);
        }
    }
    members_end(members);
    return status;
}
