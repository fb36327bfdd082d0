#include "policy/study.h"

#include <stdlib.h>
#include <string.h>

#include "policy/reading.h"
#include "protocol/analysis/analysis.h"
#include "protocol/masking/steps.h"
#include "protocol/query/nearest.h"

#define TITLE_MAX 512

static const char *const study_keys[] = {"cohortium", "name", "version",
    "title", "principal_investigator", "lead_institution", "dictionary",
    "roster", "researchers", "variables", "analyses", "cohort", "limits",
    "privacy", "noise", "center_effects", "min_centers", "valid_from",
    "valid_until"};
static const char *const researcher_keys[] = {"name", "identity", "curve"};

static enum status read_researchers(struct study *study,
    const struct field *root, struct diagnostic *diagnostic)
{
    struct field list;
    size_t count = 0;
    enum status status = field_get(&list, root, "researchers", diagnostic);
    if (status == STATUS_OK)
        status = field_array(&list, &count, STUDY_RESEARCHERS_MAX, diagnostic);
    if (status == STATUS_OK && count == 0)
        status = field_fail(&list, diagnostic, "a study has researchers");
    for (size_t i = 0; status == STATUS_OK && i < count; i++) {
        struct field item = field_item(&list, i);
        struct identity *researcher = &study->researchers[i];
        status = field_expect_object(&item, researcher_keys, 3, diagnostic);
        if (status == STATUS_OK)
            status = read_identity(&item, researcher, false, diagnostic);
        for (size_t k = 0; status == STATUS_OK && k < i; k++) {
            if (public_key_equal(
                    &study->researchers[k].sign, &researcher->sign) ||
                public_key_equal(
                    &study->researchers[k].curve, &researcher->curve))
                status = field_fail(
                    &item, diagnostic, "a researcher's key is there twice");
        }
        study->researcher_count = i + (status == STATUS_OK);
    }
    return status;
}

/* A list of names; the array borrows the texts. */
static enum status read_names(const struct field *root, const char *key,
    const char ***out, size_t *out_count, struct diagnostic *diagnostic)
{
    struct field list;
    size_t count = 0;
    enum status status = field_get(&list, root, key, diagnostic);
    if (status == STATUS_OK)
        status =
            field_array(&list, &count, DICTIONARY_VARIABLES_MAX, diagnostic);
    if (status != STATUS_OK)
        return status;
    *out = calloc(count + 1, sizeof **out);
    if (*out == NULL)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; status == STATUS_OK && i < count; i++) {
        struct field item = field_item(&list, i);
        status = field_text(&item, &(*out)[i], VARIABLE_NAME_MAX, diagnostic);
        for (size_t k = 0; status == STATUS_OK && k < i; k++) {
            if (strcmp((*out)[k], (*out)[i]) == 0)
                status = field_fail(
                    &item, diagnostic, "'%s' is there twice", (*out)[i]);
        }
        *out_count = i + (status == STATUS_OK);
    }
    return status;
}

static enum status check_analyses(const struct study *study,
    const struct field *root, struct diagnostic *diagnostic)
{
    struct field list;
    (void)field_find(&list, root, "analyses");
    if (study->analysis_count == 0)
        return field_fail(&list, diagnostic, "a study names its analyses");
    for (size_t i = 0; i < study->analysis_count; i++) {
        if (analysis_find(study->analyses[i]) != NULL)
            continue;
        struct field item = field_item(&list, i);
        char hint[NAME_HINT_MAX];
        return field_fail(&item, diagnostic, "there is no analysis '%s'%s",
            study->analyses[i],
            name_hint(hint, analysis_nearest(study->analyses[i])));
    }
    return STATUS_OK;
}

static enum status read_scope(struct study *study, const struct field *root,
    struct diagnostic *diagnostic)
{
    struct field field;
    enum status status = read_names(root, "variables", &study->variables,
        &study->variable_count, diagnostic);
    if (status == STATUS_OK)
        status = read_names(root, "analyses", &study->analyses,
            &study->analysis_count, diagnostic);
    if (status == STATUS_OK)
        status = check_analyses(study, root, diagnostic);
    study->cohort_text = "";
    study->cohort_field = *root;
    if (status == STATUS_OK && field_find(&field, root, "cohort")) {
        study->cohort_field = field;
        if (!json_is_string(field.value))
            status = field_fail(&field, diagnostic, "expected a text \"...\"");
        else if (json_string_length(field.value) > 0)
            status = field_text(
                &field, &study->cohort_text, COHORT_TEXT_MAX, diagnostic);
    }
    return status;
}

static const char *const privacy_names[PRIVACY_COUNT] = {
    [PRIVACY_PLAIN] = "plain",
    [PRIVACY_SUM] = "sum",
    [PRIVACY_SITE] = "site",
    [PRIVACY_NOISE] = "noise",
    [PRIVACY_OPEN] = "open",
};

const char *study_privacy_name(enum study_privacy privacy)
{
    return privacy < PRIVACY_COUNT ? privacy_names[privacy] : "unknown";
}

bool study_privacy_find(enum study_privacy *privacy, const char *name)
{
    for (int i = 0; i < PRIVACY_COUNT; i++) {
        if (strcmp(name, privacy_names[i]) != 0)
            continue;
        *privacy = (enum study_privacy)i;
        return true;
    }
    return false;
}

bool study_is_masked(enum study_privacy privacy)
{
    return privacy == PRIVACY_SUM || privacy == PRIVACY_SITE ||
           privacy == PRIVACY_NOISE;
}

/* Without a word: masked, and exact. */
static enum status read_privacy(struct study *study, const struct field *root,
    struct diagnostic *diagnostic)
{
    struct field field;
    const char *text;
    study->privacy = PRIVACY_SUM;
    if (!field_find(&field, root, "privacy"))
        return STATUS_OK;
    enum status status = field_text(&field, &text, 16, diagnostic);
    return status == STATUS_OK && !study_privacy_find(&study->privacy, text)
               ? field_fail(&field, diagnostic,
                     "'%s' is no privacy that this version knows; there are "
                     "\"sum\", \"site\", \"noise\" and \"plain\"",
                     text)
               : status;
}

static enum status read_conditions(struct study *study,
    const struct field *root, struct diagnostic *diagnostic)
{
    struct field field;
    limits_default(&study->limits);
    study->min_centers = MIN_CENTERS_DEFAULT;
    enum status status = STATUS_OK;
    if (field_find(&field, root, "limits"))
        status = limits_parse(&study->limits, &field, diagnostic);
    budget_default(&study->noise);
    if (status == STATUS_OK)
        status = read_privacy(study, root, diagnostic);
    if (status == STATUS_OK && field_find(&field, root, "noise"))
        status = budget_parse(&study->noise, &field, diagnostic);
    if (status == STATUS_OK && field_find(&field, root, "center_effects"))
        status = field_boolean(&field, &study->center_effects, diagnostic);
    if (status == STATUS_OK && field_find(&field, root, "min_centers")) {
        status = field_integer(&field, &study->min_centers,
            study_is_masked(study->privacy) ? MASKING_CENTERS_MIN : 1,
            ROSTER_CENTERS_MAX, diagnostic);
    }
    if (status == STATUS_OK)
        status = read_period(
            root, &study->valid_from, &study->valid_until, diagnostic);
    return status;
}

static enum status read_description(struct study *study,
    const struct field *root, struct diagnostic *diagnostic)
{
    struct field field;
    const struct {
        const char *key;
        const char **out;
    } texts[] = {{"title", &study->title},
        {"principal_investigator", &study->principal_investigator},
        {"lead_institution", &study->lead_institution}};
    enum status status =
        read_text(root, "name", study->name, sizeof study->name, diagnostic);
    if (status == STATUS_OK && !is_plain_name(study->name)) {
        field_find(&field, root, "name");
        status = field_fail(&field, diagnostic,
            "'%s' is no study's name: a-z, 0-9, '-', '_' and '.'", study->name);
    }
    if (status == STATUS_OK)
        status = field_get(&field, root, "version", diagnostic);
    if (status == STATUS_OK)
        status =
            field_integer(&field, &study->version, 1, INT32_MAX, diagnostic);
    for (size_t i = 0; status == STATUS_OK && i < 3; i++) {
        status = field_get(&field, root, texts[i].key, diagnostic);
        if (status == STATUS_OK)
            status = field_text(&field, texts[i].out, TITLE_MAX, diagnostic);
    }
    return status;
}

static enum status read_study(
    struct study *study, struct diagnostic *diagnostic)
{
    struct field root = document_root(study->document);
    enum status status = field_expect_object(&root, study_keys,
        sizeof study_keys / sizeof study_keys[0], diagnostic);
    if (status == STATUS_OK)
        status = read_kind(&root, "study", diagnostic);
    if (status == STATUS_OK)
        status = read_description(study, &root, diagnostic);
    if (status == STATUS_OK)
        status = read_bytes(&root, "dictionary", study->dictionary_id.bytes,
            DIGEST_BYTES, diagnostic);
    if (status == STATUS_OK)
        status = read_text(&root, "roster", study->federation,
            sizeof study->federation, diagnostic);
    if (status == STATUS_OK)
        status = read_researchers(study, &root, diagnostic);
    if (status == STATUS_OK)
        status = read_scope(study, &root, diagnostic);
    if (status == STATUS_OK)
        status = read_conditions(study, &root, diagnostic);
    return status;
}

enum status study_parse(
    struct study **out, struct view payload, struct diagnostic *diagnostic)
{
    *out = NULL;
    struct study *study = calloc(1, sizeof *study);
    if (study == NULL)
        return STATUS_NO_MEMORY;
    enum status status = document_parse(&study->document, payload, diagnostic);
    if (status == STATUS_OK)
        status = read_study(study, diagnostic);
    study->id = digest_of(payload);
    if (status != STATUS_OK) {
        study_destroy(study);
        return status;
    }
    *out = study;
    return STATUS_OK;
}

void study_destroy(struct study *study)
{
    if (study == NULL)
        return;
    free(study->variables);
    free(study->analyses);
    document_destroy(study->document);
    free(study);
}

enum status study_check(const struct study *study,
    const struct dictionary *dictionary, struct diagnostic *diagnostic)
{
    struct field root = document_root(study->document);
    struct field list;
    size_t index;
    (void)field_find(&list, &root, "variables");
    for (size_t i = 0; i < study->variable_count; i++) {
        char message[DICTIONARY_MESSAGE_MAX];
        const struct view name = view_of_text(study->variables[i]);
        enum status status =
            dictionary_resolve(dictionary, &index, message, name);
        struct field item = field_item(&list, i);
        if (status == STATUS_OK && dictionary->variables[index].owner != index)
            return field_fail(&item, diagnostic,
                "a study names a vector whole, not its elements");
        if (status == STATUS_OK)
            continue;
        field_fail(&item, diagnostic, "%s", message);
        return status;
    }
    struct cohort *cohort = NULL;
    struct cohort_error error;
    enum status status =
        cohort_parse(&cohort, study->cohort_text, dictionary, &error);
    if (status != STATUS_OK)
        field_fail_inside(&study->cohort_field, error.offset, diagnostic, "%s",
            error.message);
    cohort_destroy(cohort);
    return status;
}

enum status study_verify(struct study **out, const struct envelope *envelope,
    struct diagnostic *diagnostic)
{
    *out = NULL;
    if (strcmp(envelope->type, TYPE_STUDY) != 0) {
        diagnostic_set(diagnostic, 0, 0, "a document of type '%s', no study",
            envelope->type);
        return STATUS_MALFORMED;
    }
    struct study *study = NULL;
    enum status status =
        study_parse(&study, buffer_view(&envelope->payload), diagnostic);
    if (status != STATUS_OK)
        return status;
    struct public_key keys[STUDY_RESEARCHERS_MAX];
    for (size_t i = 0; i < study->researcher_count; i++)
        keys[i] = study->researchers[i].sign;
    size_t signers;
    status = envelope_count_signers(
        &signers, envelope, TYPE_STUDY, keys, study->researcher_count);
    if (status == STATUS_OK && signers == 0) {
        diagnostic_set(
            diagnostic, 0, 0, "not signed by any of the study's researchers");
        status = STATUS_BAD_SIGNATURE;
    }
    if (status != STATUS_OK) {
        study_destroy(study);
        return status;
    }
    *out = study;
    return STATUS_OK;
}

enum status study_check_dates(const struct study *study, int64_t now)
{
    if (now < study->valid_from)
        return STATUS_NOT_YET_VALID;
    return now >= study->valid_until ? STATUS_EXPIRED : STATUS_OK;
}
