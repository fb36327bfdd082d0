#include "policy/amendment.h"

#include <stdlib.h>
#include <string.h>

#include "policy/reading.h"
#include "policy/study_internal.h"

#define REASON_MAX 4096

static const char *const amendment_keys[] = {
    "cohortium", "study", "after", "reason", "cohorts"};
#define KEYS (sizeof amendment_keys / sizeof amendment_keys[0])

static const struct digest none;

/* ---- by form ---- */

/* What a study has and an amendment cannot change. */
static enum status check_keys(
    const struct field *root, struct diagnostic *diagnostic)
{
    static const char *const of_studies[] = {"name", "version", "title",
        "principal_investigator", "lead_institution", "dictionary", "roster",
        "researchers", "variables", "analyses", "cohort", "derived",
        "exploration", "limits", "privacy", "noise", "center_effects",
        "min_centers", "valid_from", "valid_until"};
    struct field field;
    for (size_t i = 0; json_is_object(root->value) &&
                       i < sizeof of_studies / sizeof of_studies[0];
         i++) {
        if (field_find(&field, root, of_studies[i]))
            return field_fail(&field, diagnostic,
                "an amendment adds cohorts and changes nothing else; a study "
                "with another \"%s\" is a new study ('cohortium study create')",
                of_studies[i]);
    }
    return field_expect_object(root, amendment_keys, KEYS, diagnostic);
}

static enum status read_cohorts(struct amendment *amendment,
    const struct field *root, struct diagnostic *diagnostic)
{
    struct terms before = {.cohorts = amendment->cohorts};
    struct field list;
    size_t count = 0;
    enum status status = field_get(&list, root, "cohorts", diagnostic);
    if (status == STATUS_OK && json_array_size(list.value) > TERMS_AMENDED_MAX)
        return field_fail(&list, diagnostic,
            "an amendment adds at most %d cohorts, found %zu: ask for the "
            "others with a new study",
            TERMS_AMENDED_MAX, json_array_size(list.value));
    if (status == STATUS_OK)
        status = field_array(&list, &count, TERMS_AMENDED_MAX, diagnostic);
    if (status == STATUS_OK && count == 0)
        return field_fail(&list, diagnostic, "an amendment adds a cohort");
    for (size_t i = 0; status == STATUS_OK && i < count; i++) {
        const struct field item = field_item(&list, i);
        status = study_read_cohort(
            &item, &before, &amendment->cohorts[i], diagnostic);
        before.cohort_count += status == STATUS_OK;
    }
    amendment->cohort_count = before.cohort_count;
    return status;
}

static enum status read_amendment(
    struct amendment *amendment, struct diagnostic *diagnostic)
{
    const struct field root = document_root(amendment->document);
    struct field field;
    enum status status = check_keys(&root, diagnostic);
    if (status == STATUS_OK)
        status = read_kind(&root, "amendment", diagnostic);
    if (status == STATUS_OK)
        status = read_bytes(&root, "study", amendment->study_id.bytes,
            DIGEST_BYTES, diagnostic);
    if (status == STATUS_OK && field_find(&field, &root, "after"))
        status = read_bytes(
            &root, "after", amendment->after.bytes, DIGEST_BYTES, diagnostic);
    if (status == STATUS_OK && field_find(&field, &root, "reason"))
        status = field_text(&field, &amendment->reason, REASON_MAX, diagnostic);
    return status == STATUS_OK ? read_cohorts(amendment, &root, diagnostic)
                               : status;
}

enum status amendment_parse(
    struct amendment **out, struct view payload, struct diagnostic *diagnostic)
{
    *out = NULL;
    struct amendment *amendment = calloc(1, sizeof *amendment);
    if (amendment == NULL)
        return STATUS_NO_MEMORY;
    enum status status =
        document_parse(&amendment->document, payload, diagnostic);
    if (status == STATUS_OK)
        status = read_amendment(amendment, diagnostic);
    amendment->id = digest_of(payload);
    if (status != STATUS_OK) {
        amendment_destroy(amendment);
        return status;
    }
    *out = amendment;
    return STATUS_OK;
}

void amendment_destroy(struct amendment *amendment)
{
    if (amendment == NULL)
        return;
    document_destroy(amendment->document);
    free(amendment);
}

/* ---- of a study ---- */

enum status amendment_verify(struct amendment **out,
    const struct envelope *envelope, const struct study *study,
    struct diagnostic *diagnostic)
{
    *out = NULL;
    if (strcmp(envelope->type, TYPE_AMENDMENT) != 0) {
        diagnostic_set(diagnostic, 0, 0,
            "a document of type '%s', no amendment", envelope->type);
        return STATUS_MALFORMED;
    }
    struct amendment *amendment = NULL;
    enum status status = amendment_parse(
        &amendment, buffer_view(&envelope->payload), diagnostic);
    if (status == STATUS_OK &&
        !digest_equal(&amendment->study_id, &study->id)) {
        char id[DIGEST_TEXT];
        digest_to_text(id, &amendment->study_id);
        diagnostic_set(diagnostic, 0, 0,
            "it amends the study %.12s, not '%s': give the study that it was "
            "made for",
            id, study->name);
        status = STATUS_WRONG_STUDY;
    }
    if (status == STATUS_OK)
        status =
            study_check_signer(study, envelope, TYPE_AMENDMENT, diagnostic);
    if (status != STATUS_OK) {
        amendment_destroy(amendment);
        return status;
    }
    *out = amendment;
    return STATUS_OK;
}

struct digest study_last_amendment(const struct study *study)
{
    return study->amendment_count == 0
               ? none
               : study->amendments[study->amendment_count - 1]->id;
}

struct digest study_amendment_of(
    const struct study *study, const struct named_cohort *cohort)
{
    for (size_t i = 0; cohort != NULL && i < study->amendment_count; i++) {
        const struct amendment *amendment = study->amendments[i];
        for (size_t k = 0; k < amendment->cohort_count; k++) {
            if (strcmp(amendment->cohorts[k].name, cohort->name) == 0)
                return amendment->id;
        }
    }
    return none;
}

static size_t count_added(const struct study *study)
{
    size_t count = 0;
    for (size_t i = 0; i < study->amendment_count; i++)
        count += study->amendments[i]->cohort_count;
    return count;
}

static enum status check_place(const struct study *study,
    const struct amendment *amendment, struct diagnostic *diagnostic)
{
    const struct digest last = study_last_amendment(study);
    const size_t added = count_added(study);
    char id[DIGEST_TEXT];
    digest_to_text(id, &last);
    if (!digest_equal(&amendment->after, &last)) {
        diagnostic_set(diagnostic, 0, 0,
            "it does not follow the last amendment of study '%s', %s%.12s: "
            "make it again with 'cohortium study amend' and all of them",
            study->name, study->amendment_count == 0 ? "which has none" : "",
            study->amendment_count == 0 ? "" : id);
        return STATUS_AMENDMENT_UNKNOWN;
    }
    if (added + amendment->cohort_count <= TERMS_AMENDED_MAX)
        return STATUS_OK;
    diagnostic_set(diagnostic, 0, 0,
        "amendments add at most %d cohorts to a study; '%s' has %zu of them, "
        "and this would be %zu more: the others take a new study",
        TERMS_AMENDED_MAX, study->name, added, amendment->cohort_count);
    return STATUS_LIMIT_REACHED;
}

static enum status check_cohorts(const struct study *study,
    const struct amendment *amendment, struct diagnostic *diagnostic)
{
    const struct field root = document_root(amendment->document);
    struct field list = root;
    enum status status = STATUS_OK;
    (void)field_find(&list, &root, "cohorts");
    for (size_t i = 0; status == STATUS_OK && i < amendment->cohort_count;
         i++) {
        const char *const name = amendment->cohorts[i].name;
        const struct field item = field_item(&list, i);
        if (terms_find(&study->terms, name) != NULL ||
            terms_find_derived(&study->terms, name) != NULL)
            return field_fail(&item, diagnostic,
                "the study has a '%s' already: give this cohort another name",
                name);
        status = study_check_cohort(study, &item, diagnostic);
    }
    return status;
}

enum status study_add_amendment(struct study *study,
    struct amendment *amendment, struct diagnostic *diagnostic)
{
    const size_t before = study->terms.cohort_count;
    enum status status = check_place(study, amendment, diagnostic);
    if (status == STATUS_OK)
        status = check_cohorts(study, amendment, diagnostic);
    if (status != STATUS_OK)
        return status;
    struct named_cohort *larger = reallocarray(
        study->cohorts, before + amendment->cohort_count, sizeof *larger);
    if (larger == NULL)
        return STATUS_NO_MEMORY;
    study->cohorts = study->terms.cohorts = larger;
    memcpy(&larger[before], amendment->cohorts,
        amendment->cohort_count * sizeof *larger);
    study->terms.cohort_count = before + amendment->cohort_count;
    study->amendments[study->amendment_count++] = amendment;
    return STATUS_OK;
}

static const struct envelope *find_document(
    const struct envelope_list *documents, const struct digest *id)
{
    for (size_t i = 0; i < documents->count; i++) {
        const struct envelope *envelope = documents->items[i];
        if (strcmp(envelope->type, TYPE_AMENDMENT) != 0)
            continue;
        const struct digest found = envelope_id(envelope);
        if (digest_equal(&found, id))
            return envelope;
    }
    return NULL;
}

/* From the last back to the study's first. Each adds a cohort at least: there
 * are no more than cohorts. */
static enum status read_chain(struct amendment **chain, size_t *count,
    const struct study *study, struct digest at,
    const struct envelope_list *documents, struct diagnostic *diagnostic)
{
    char id[DIGEST_TEXT];
    while (!digest_equal(&at, &none)) {
        const struct envelope *envelope = find_document(documents, &at);
        digest_to_text(id, &at);
        if (envelope == NULL || *count == TERMS_AMENDED_MAX) {
            diagnostic_set(diagnostic, 0, 0,
                "there is no amendment %.12s of study '%s' here: submit it "
                "with its approvals ('cohortium study submit')",
                id, study->name);
            return STATUS_AMENDMENT_UNKNOWN;
        }
        const enum status status =
            amendment_verify(&chain[*count], envelope, study, diagnostic);
        if (status != STATUS_OK)
            return status;
        at = chain[(*count)++]->after;
    }
    return STATUS_OK;
}

enum status study_amend(struct study *study, const struct digest *last,
    const struct envelope_list *documents, struct diagnostic *diagnostic)
{
    struct amendment *chain[TERMS_AMENDED_MAX] = {NULL};
    size_t count = 0;
    enum status status =
        read_chain(chain, &count, study, *last, documents, diagnostic);
    while (status == STATUS_OK && count > 0) {
        status = study_add_amendment(study, chain[count - 1], diagnostic);
        count -= status == STATUS_OK;
    }
    while (count > 0)
        amendment_destroy(chain[--count]);
    return status;
}

enum status study_check_amendments(const struct study *study,
    const struct roster *roster, const struct envelope_list *documents,
    const struct wall_clock *clock, struct diagnostic *diagnostic)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < study->amendment_count; i++) {
        const struct vote vote = {
            &study->amendments[i]->id, roster->amendment_threshold};
        status = approvals_check(&vote, roster, documents, clock, diagnostic);
    }
    return status;
}

enum status study_copy(struct study **out, const struct study *study,
    const struct dictionary *dictionary, struct diagnostic *diagnostic)
{
    enum status status =
        study_parse(out, document_bytes(study->document), diagnostic);
    if (status != STATUS_OK)
        return status;
    status = study_check(*out, dictionary, diagnostic);
    if (status == STATUS_OK)
        return status;
    study_destroy(*out);
    *out = NULL;
    return status;
}
