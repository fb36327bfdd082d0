#include "policy/study.h"

#include <stdlib.h>
#include <string.h>

#include "policy/amendment.h"
#include "policy/reading.h"
#include "policy/study_internal.h"
#include "protocol/analysis/analysis.h"
#include "protocol/masking/steps.h"
#include "protocol/query/nearest.h"

#define TITLE_MAX 512

static const char *const study_keys[] = {"cohortium", "name", "version",
    "title", "principal_investigator", "lead_institution", "dictionary",
    "roster", "researchers", "variables", "analyses", "cohort", "cohorts",
    "derived", "exploration", "limits", "privacy", "noise", "center_effects",
    "min_centers", "valid_from", "valid_until"};
static const char *const researcher_keys[] = {"name", "identity", "curve"};

bool study_may_go_on(enum status status, const struct diagnostic *diagnostic)
{
    return status == STATUS_OK ||
           (diagnostic->findings != NULL && status != STATUS_NO_MEMORY);
}

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
    for (size_t i = 0; study_may_go_on(status, diagnostic) && i < count; i++) {
        struct field item = field_item(&list, i);
        enum status text =
            field_text(&item, &(*out)[i], VARIABLE_NAME_MAX, diagnostic);
        if (text != STATUS_OK)
            return text;
        *out_count = i + 1;
        for (size_t k = 0; k < i; k++) {
            if (strcmp((*out)[k], (*out)[i]) == 0)
                status = field_fail(
                    &item, diagnostic, "'%s' is there twice", (*out)[i]);
        }
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
    enum status status = STATUS_OK;
    for (size_t i = 0;
         study_may_go_on(status, diagnostic) && i < study->analysis_count;
         i++) {
        if (analysis_find(study->analyses[i]) != NULL)
            continue;
        struct field item = field_item(&list, i);
        char hint[NAME_HINT_MAX];
        status = field_fail(&item, diagnostic, "there is no analysis '%s'%s",
            study->analyses[i],
            name_hint(hint, analysis_nearest(study->analyses[i])));
    }
    return status;
}

static enum status read_variables(struct study *study, const struct field *root,
    struct diagnostic *diagnostic)
{
    return read_names(root, "variables", &study->variables,
        &study->variable_count, diagnostic);
}

static enum status read_analyses(struct study *study, const struct field *root,
    struct diagnostic *diagnostic)
{
    enum status status = read_names(
        root, "analyses", &study->analyses, &study->analysis_count, diagnostic);
    return status == STATUS_OK ? check_analyses(study, root, diagnostic)
                               : status;
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

bool study_is_weighed(enum study_privacy privacy, const struct limits *limits)
{
    return (privacy == PRIVACY_SUM || privacy == PRIVACY_OPEN) &&
           limits->min_difference > 1 && DEFENCE("differencing");
}

int64_t study_remembered_until(const struct study *study)
{
    return study->valid_until + 365 * (int64_t)86400;
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

static enum status read_limits(struct study *study, const struct field *root,
    struct diagnostic *diagnostic)
{
    struct field field;
    return field_find(&field, root, "limits")
               ? limits_parse(&study->limits, &field, diagnostic)
               : STATUS_OK;
}

static enum status read_noise(struct study *study, const struct field *root,
    struct diagnostic *diagnostic)
{
    struct field field;
    return field_find(&field, root, "noise")
               ? budget_parse(&study->noise, &field, diagnostic)
               : STATUS_OK;
}

/* Behind privacy, which says how few they may be. */
static enum status read_centers(struct study *study, const struct field *root,
    struct diagnostic *diagnostic)
{
    struct field field;
    enum status status = STATUS_OK;
    if (field_find(&field, root, "center_effects"))
        status = field_boolean(&field, &study->center_effects, diagnostic);
    if (study_may_go_on(status, diagnostic) &&
        field_find(&field, root, "min_centers")) {
        status = field_integer(&field, &study->min_centers,
            study_is_masked(study->privacy) ? MASKING_CENTERS_MIN : 1,
            ROSTER_CENTERS_MAX, diagnostic);
    }
    return status;
}

static enum status read_dates(struct study *study, const struct field *root,
    struct diagnostic *diagnostic)
{
    return read_period(
        root, &study->valid_from, &study->valid_until, diagnostic);
}

static enum status read_name(struct study *study, const struct field *root,
    struct diagnostic *diagnostic)
{
    struct field field;
    enum status status =
        read_text(root, "name", study->name, sizeof study->name, diagnostic);
    if (status == STATUS_OK && !is_plain_name(study->name)) {
        field_find(&field, root, "name");
        status = field_fail(&field, diagnostic,
            "'%s' is no study's name: a-z, 0-9, '-', '_' and '.'", study->name);
    }
    return status;
}

static enum status read_version(struct study *study, const struct field *root,
    struct diagnostic *diagnostic)
{
    struct field field;
    enum status status = field_get(&field, root, "version", diagnostic);
    return status == STATUS_OK ? field_integer(&field, &study->version, 1,
                                     INT32_MAX, diagnostic)
                               : status;
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
    enum status first = STATUS_OK;
    for (size_t i = 0; study_may_go_on(first, diagnostic) && i < 3; i++) {
        enum status status = field_get(&field, root, texts[i].key, diagnostic);
        if (status == STATUS_OK)
            status = field_text(&field, texts[i].out, TITLE_MAX, diagnostic);
        first = first == STATUS_OK ? status : first;
    }
    return first;
}

static enum status read_keys(struct study *study, const struct field *root,
    struct diagnostic *diagnostic)
{
    (void)study;
    return field_expect_object(
        root, study_keys, sizeof study_keys / sizeof study_keys[0], diagnostic);
}

static enum status read_what(struct study *study, const struct field *root,
    struct diagnostic *diagnostic)
{
    (void)study;
    return read_kind(root, "study", diagnostic);
}

static enum status read_dictionary(struct study *study,
    const struct field *root, struct diagnostic *diagnostic)
{
    return read_bytes(root, "dictionary", study->dictionary_id.bytes,
        DIGEST_BYTES, diagnostic);
}

static enum status read_federation(struct study *study,
    const struct field *root, struct diagnostic *diagnostic)
{
    return read_text(root, "roster", study->federation,
        sizeof study->federation, diagnostic);
}

/* In this order; the first mistake is what is said, or with findings all. */
static enum status read_study(
    struct study *study, struct diagnostic *diagnostic)
{
    static enum status (*const readers[])(struct study *, const struct field *,
        struct diagnostic *) = {read_keys, read_what, read_name, read_version,
        read_description, read_dictionary, read_federation, read_researchers,
        read_variables, read_analyses, study_read_cohorts, read_limits,
        read_privacy, read_noise, read_centers, read_dates};
    struct field root = document_root(study->document);
    enum status first = STATUS_OK;
    study->terms.whole = "";
    limits_default(&study->limits);
    budget_default(&study->noise);
    study->min_centers = MIN_CENTERS_DEFAULT;
    for (size_t i = 0; study_may_go_on(first, diagnostic) &&
                       i < sizeof readers / sizeof readers[0];
         i++) {
        enum status status = readers[i](study, &root, diagnostic);
        if (first == STATUS_OK || status == STATUS_NO_MEMORY)
            first = status;
    }
    return first;
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
    if (study == NULL || study->holders-- > 0)
        return;
    for (size_t i = 0; i < study->amendment_count; i++)
        amendment_destroy(study->amendments[i]);
    free(study->variables);
    free(study->analyses);
    free(study->cohorts);
    free(study->derived);
    document_destroy(study->document);
    free(study);
}

struct study *study_hold(struct study *study)
{
    study->holders++;
    return study;
}

static enum status check_variable(const struct field *item, const char *name,
    const struct dictionary *dictionary, struct diagnostic *diagnostic)
{
    char message[DICTIONARY_MESSAGE_MAX];
    size_t index;
    enum status status =
        dictionary_resolve(dictionary, &index, message, view_of_text(name));
    if (status == STATUS_OK && dictionary->variables[index].owner != index)
        return field_fail(
            item, diagnostic, "a study names a vector whole, not its elements");
    if (status != STATUS_OK)
        field_fail(item, diagnostic, "%s", message);
    return status;
}

enum status study_check(struct study *study,
    const struct dictionary *dictionary, struct diagnostic *diagnostic)
{
    struct field root = document_root(study->document);
    struct field list;
    enum status first = STATUS_OK;
    study->dictionary = *dictionary;
    study->dictionary.terms = &study->terms;
    (void)field_find(&list, &root, "variables");
    for (size_t i = 0;
         study_may_go_on(first, diagnostic) && i < study->variable_count; i++) {
        const struct field item = field_item(&list, i);
        enum status status =
            check_variable(&item, study->variables[i], dictionary, diagnostic);
        first = first == STATUS_OK ? status : first;
    }
    if (!study_may_go_on(first, diagnostic))
        return first;
    const enum status status = study_check_cohorts(study, diagnostic);
    return first == STATUS_OK ? status : first;
}

enum status study_review(struct findings *findings, struct view text,
    const struct dictionary *dictionary)
{
    struct diagnostic diagnostic;
    findings->count = 0;
    diagnostic_init(&diagnostic, "");
    diagnostic.findings = findings;
    struct study *study = calloc(1, sizeof *study);
    if (study == NULL)
        return STATUS_NO_MEMORY;
    enum status status = document_parse(&study->document, text, &diagnostic);
    if (status == STATUS_OK) {
        status = read_study(study, &diagnostic);
        if (study_may_go_on(status, &diagnostic)) {
            enum status other = study_check_declares(study, &diagnostic);
            status = status == STATUS_OK ? other : status;
        }
        if (dictionary != NULL && study_may_go_on(status, &diagnostic)) {
            enum status other = study_check(study, dictionary, &diagnostic);
            status = status == STATUS_OK ? other : status;
        }
    }
    study_destroy(study);
    findings_sort(findings);
    return status;
}

enum status study_check_signer(const struct study *study,
    const struct envelope *envelope, const char *type,
    struct diagnostic *diagnostic)
{
    struct public_key keys[STUDY_RESEARCHERS_MAX];
    size_t signers;
    for (size_t i = 0; i < study->researcher_count; i++)
        keys[i] = study->researchers[i].sign;
    enum status status = envelope_count_signers(
        &signers, envelope, type, keys, study->researcher_count);
    if (status != STATUS_OK || signers > 0)
        return status;
    diagnostic_set(
        diagnostic, 0, 0, "not signed by any of the study's researchers");
    return STATUS_BAD_SIGNATURE;
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
    status = study_check_signer(study, envelope, TYPE_STUDY, diagnostic);
    if (status != STATUS_OK) {
        study_destroy(study);
        return status;
    }
    *out = study;
    return STATUS_OK;
}

enum status study_check_dates(const struct study *study,
    const struct wall_clock *clock, struct diagnostic *diagnostic)
{
    const struct validity validity = {
        "the study", study->valid_from, study->valid_until};
    return validity_check(&validity, clock, diagnostic);
}
