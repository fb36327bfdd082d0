/*
 * What may have changed since a question was admitted. It is looked at before
 * each step that lets something out, for a question may stay open for minutes:
 * an opt-out, a rejection or a revocation in the middle of it holds at once.
 */
#include "node/session_internal.h"

/* In its own words, and without counting towards a lock: nobody who asked did
 * anything wrong. */
static enum status changed(
    struct question *question, enum status status, const char *what)
{
    question->changed = true;
    if (what != NULL)
        diagnostic_set(&question->diagnostic, 0, 0, "%s", what);
    return status;
}

static enum status check_dates(struct question *question)
{
    const struct session *session = question->session;
    const struct wall_clock clock = {question->now, NODE_CLOCK};
    const struct validity study = {
        "the study", question->study_from, question->study_until};
    const struct validity header = {"the coordinator's session", INT64_MIN,
        question->admission.header->deadline};
    enum status status =
        roster_check_dates(session->roster, &clock, &question->diagnostic);
    if (status == STATUS_OK)
        status = validity_check(&study, &clock, &question->diagnostic);
    if (status == STATUS_OK)
        status =
            validity_check(&header, &clock, &question->diagnostic) == STATUS_OK
                ? STATUS_OK
                : STATUS_LATE;
    return status == STATUS_OK ? status : changed(question, status, NULL);
}

/* The decision under which it was admitted: a newer one may have other limits.
 */
static enum status check_decision(struct question *question)
{
    struct store_decision decision;
    enum status status = store_get_decision(
        question->session->setup.store, &question->study_id, &decision);
    if (status == STATUS_OK && decision.in &&
        decision.sequence == question->decision)
        return STATUS_OK;
    if (status != STATUS_OK && status != STATUS_NOT_FOUND)
        return status;
    return changed(question, STATUS_NOT_OPTED_IN,
        "this center decided anew while the question was open");
}

enum status question_still_allowed(struct question *question)
{
    if (!digest_equal(&question->admission.header->roster_id,
            &question->session->roster->id))
        return changed(question, STATUS_WRONG_ROSTER,
            "a new roster came while the question was open");
    if (question->taken_back)
        return changed(question, STATUS_TOO_FEW_SIGNATURES,
            "a member rejected the study while the question was open");
    enum status status = check_dates(question);
    return status == STATUS_OK ? check_decision(question) : status;
}
