#include "policy/admission.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "policy/amendment.h"

/* ---- header ---- */

static enum status check_header(struct admission *out,
    const struct admission_request *request, struct diagnostic *diagnostic)
{
    if (request->header == NULL)
        return STATUS_OK;
    enum status status = envelope_verify(
        request->header, TYPE_HEADER, &request->roster->coordinator.sign);
    if (status == STATUS_OK)
        status = session_header_parse(
            &out->header, buffer_view(&request->header->payload), diagnostic);
    if (status != STATUS_OK)
        return status;
    struct digest study_id = request->verified == NULL
                                 ? envelope_id(request->study)
                                 : request->verified->id;
    struct digest query_id = envelope_id(request->query);
    if (!digest_equal(&out->header->roster_id, &request->roster->id))
        return STATUS_WRONG_ROSTER;
    if (!digest_equal(&out->header->study_id, &study_id))
        return STATUS_WRONG_STUDY;
    if (!digest_equal(&out->header->query_id, &query_id))
        return STATUS_WRONG_QUERY;
    const struct validity validity = {
        "the coordinator's session", INT64_MIN, out->header->deadline};
    status = validity_check(&validity, &request->clock, diagnostic);
    return status == STATUS_EXPIRED ? STATUS_LATE : status;
}

/* ---- study ---- */

/* The study as the query reads it: with the amendment that it names. */
static enum status amend(struct admission *out,
    const struct admission_request *request,
    const struct envelope_list *documents, struct diagnostic *diagnostic)
{
    static const struct digest none;
    const struct digest last =
        query_find_amendment(buffer_view(&request->query->payload));
    if (digest_equal(&last, &none))
        return STATUS_OK;
    enum status status = study_amend(out->study, &last, documents, diagnostic);
    return status == STATUS_OK
               ? study_check_amendments(out->study, request->roster, documents,
                     &request->clock, diagnostic)
               : status;
}

static enum status check_study(struct admission *out,
    const struct admission_request *request, struct diagnostic *diagnostic)
{
    enum status status = STATUS_OK;
    if (request->verified == NULL)
        status = study_verify(&out->study, request->study, diagnostic);
    else
        out->study = study_hold(request->verified);
    if (status == STATUS_OK)
        status = study_check_dates(out->study, &request->clock, diagnostic);
    if (status != STATUS_OK)
        return status;
    if (strcmp(out->study->federation, request->roster->federation) != 0)
        return STATUS_WRONG_ROSTER;
    if (!digest_equal(&out->study->dictionary_id, &request->dictionary->digest))
        return STATUS_WRONG_DICTIONARY;
    /* The coordinator may ask for more centers than the study, never fewer. */
    if (out->header != NULL &&
        out->header->min_centers < out->study->min_centers)
        return STATUS_TOO_FEW_CENTERS;
    if (request->verified != NULL)
        return STATUS_OK;
    const struct envelope_list approvals = {
        request->approvals, request->approval_count};
    status = study_check_approvals(
        out->study, request->roster, &approvals, &request->clock, diagnostic);
    if (status == STATUS_OK)
        status = study_check(out->study, request->dictionary, diagnostic);
    return status == STATUS_OK ? amend(out, request, &approvals, diagnostic)
                               : status;
}

/* ---- query ---- */

static enum status find_researcher(
    struct admission *out, const struct envelope *query)
{
    enum status worst = STATUS_RESEARCHER_NOT_IN_STUDY;
    for (size_t i = 0; i < out->study->researcher_count; i++) {
        const struct public_key *key = &out->study->researchers[i].sign;
        enum status status = envelope_verify(query, TYPE_QUERY, key);
        if (status == STATUS_OK) {
            out->researcher = *key;
            return STATUS_OK;
        }
        if (status != STATUS_UNKNOWN_SIGNER)
            worst = status;
    }
    return worst;
}

static enum status check_query(struct admission *out,
    const struct admission_request *request, struct diagnostic *diagnostic)
{
    enum status status = find_researcher(out, request->query);
    if (status == STATUS_OK)
        status = query_parse(&out->query, buffer_view(&request->query->payload),
            &out->study->dictionary, diagnostic);
    if (status != STATUS_OK)
        return status;
    if (!out->query->sealed) {
        diagnostic_set(diagnostic, 0, 0, "the query is not sealed");
        return STATUS_MALFORMED;
    }
    if (!digest_equal(&out->query->study_id, &out->study->id))
        return STATUS_WRONG_STUDY;
    const struct digest amendment = study_last_amendment(out->study);
    if (!digest_equal(&out->query->amendment, &amendment))
        return STATUS_AMENDMENT_UNKNOWN;
    if (!digest_equal(&out->query->dictionary_id, &request->dictionary->digest))
        return STATUS_WRONG_DICTIONARY;
    const struct validity validity = {
        "the query", INT64_MIN, out->query->expires};
    status = validity_check(&validity, &request->clock, diagnostic);
    if (status != STATUS_OK)
        return status;
    struct center_list centers = {0};
    if (out->header != NULL)
        centers = session_header_list(out->header);
    status = plan_create_for(&out->plan, out->query, &out->study->dictionary,
        out->header == NULL ? NULL : &centers, diagnostic);
    if (status != STATUS_OK)
        return status;
    plan_set_quantile_tail(out->plan, out->study->limits.quantile_tail);
    return admission_check_scope(out->study, out->query, out->plan, diagnostic);
}

/* ---- scope ---- */

struct scope {
    const struct study *study;
    const char *outside; /* the first variable that the study lacks */
};

static void look_for_variable(void *arg, size_t variable)
{
    struct scope *scope = arg;
    const char *name = scope->study->dictionary.variables[variable].name;
    if (scope->outside != NULL)
        return;
    for (size_t i = 0; i < scope->study->variable_count; i++) {
        if (strcmp(scope->study->variables[i], name) == 0)
            return;
    }
    scope->outside = name;
}

static bool names_analysis(const struct study *study, const char *name)
{
    for (size_t i = 0; i < study->analysis_count; i++) {
        if (strcmp(study->analyses[i], name) == 0)
            return true;
    }
    return false;
}

static void list_analyses(const struct study *study, char *out, size_t capacity)
{
    size_t used = 0;
    for (size_t i = 0; i < study->analysis_count && used < capacity; i++)
        used += (size_t)snprintf(out + used, capacity - used, "%s%s",
            i == 0 ? "" : ", ", study->analyses[i]);
}

enum status admission_check_scope(const struct study *study,
    const struct query *query, const struct plan *plan,
    struct diagnostic *diagnostic)
{
    struct scope scope = {.study = study};
    assert(plan->dictionary == &study->dictionary);
    plan_visit_variables(plan, look_for_variable, &scope);
    if (scope.outside != NULL) {
        diagnostic_set(diagnostic, 0, 0,
            "'%s' is not among the variables of study '%s', which 'cohortium "
            "study show' lists",
            scope.outside, study->name);
        return STATUS_VARIABLE_NOT_IN_STUDY;
    }
    for (size_t i = 0; i < plan->analysis_count; i++) {
        const char *name = plan_analysis_name(plan, i);
        if (names_analysis(study, name))
            continue;
        char allowed[512] = "";
        list_analyses(study, allowed, sizeof allowed);
        field_fail(&query->analyses[i].name_field, diagnostic,
            "'%s' is not among the analyses of study '%s': %s", name,
            study->name, allowed);
        return STATUS_ANALYSIS_NOT_IN_STUDY;
    }
    for (size_t i = 0; !study->center_effects && i < plan->analysis_count;
         i++) {
        if (!plan_analysis_has_center_term(plan, i))
            continue;
        field_fail(&query->analyses[i].name_field, diagnostic,
            "'center' as a term shows effects of single centers, which study "
            "'%s' does not allow (\"center_effects\")",
            study->name);
        return STATUS_CENTERS_NOT_IN_STUDY;
    }
    return study->privacy == PRIVACY_NOISE ? budget_check(plan, diagnostic)
                                           : STATUS_OK;
}

enum status admission_check(struct admission *out,
    const struct admission_request *request, struct diagnostic *diagnostic)
{
    *out = (struct admission){0};
    enum status status =
        roster_check_dates(request->roster, &request->clock, diagnostic);
    if (status == STATUS_OK)
        status = check_header(out, request, diagnostic);
    if (status == STATUS_OK)
        status = check_study(out, request, diagnostic);
    if (status == STATUS_OK)
        status = check_query(out, request, diagnostic);
    if (status != STATUS_OK)
        admission_fini(out);
    return status;
}

void admission_fini(struct admission *admission)
{
    plan_destroy(admission->plan);
    query_destroy(admission->query);
    study_destroy(admission->study);
    session_header_destroy(admission->header);
    *admission = (struct admission){0};
}
