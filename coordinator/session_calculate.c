/*
 * What comes of a session's sums, worked out in a process of its own: how a
 * question's sets are answered, figures after the rules, and the rounds of a
 * fit.
 */
#include <stdlib.h>
#include <string.h>

#include "coordinator/result.h"
#include "coordinator/session.h"
#include "policy/disclosure.h"

static const struct study *study_of(const struct session *session)
{
    return session->question.study->study;
}

static bool rules_act_on_sum(const struct session *session)
{
    enum study_privacy privacy = study_of(session)->privacy;
    return privacy == PRIVACY_SUM || privacy == PRIVACY_OPEN;
}

static const struct vector *round_sum(const struct session *session)
{
    return session->collector != NULL ? collector_sum(session->collector)
                                      : &session->round_sum;
}

static enum status read_instruction(
    const struct session *session, struct instruction *out)
{
    return instruction_read(
        out, &session->weighing.shape, buffer_view(&session->instruction));
}

/* Cells that are close to those of earlier tables. */
static enum status hide_cells(const struct session *session, uint8_t *hidden)
{
    struct instruction instruction;
    enum status status = read_instruction(session, &instruction);
    if (status != STATUS_OK)
        return status;
    const struct weighed_cells cells = {.sets = session->sets,
        .weighing = &session->weighing,
        .instruction = &instruction,
        .sequences = session->family->sequences,
        .sum = &session->sum};
    status = cells_hide(&session->family->cells, &cells, hidden);
    instruction_fini(&instruction);
    return status;
}

static enum status apply_rules(struct session *session)
{
    const struct plan *plan = session->question.plan;
    const int128 *elements = session->sum.elements;
    uint8_t *few = calloc(plan->segment_count + 1, 1);
    uint8_t *hidden = calloc(plan->vector_length, 1);
    struct contribution sum = {.vector = session->sum,
        .few_cells = few,
        .hidden = hidden,
        .cohort_people = (uint64_t)elements[PLAN_COHORT]};
    struct disclosure_report report; /* the sum says the same */
    enum status status =
        few == NULL || hidden == NULL ? STATUS_NO_MEMORY : STATUS_OK;
    if (status == STATUS_OK && session->family != NULL) {
        weighing_judge_cells(session->sets,
            round_sum(session)->elements + session->sum.length, few);
        status = hide_cells(session, hidden);
    }
    if (status == STATUS_OK)
        status = disclosure_apply(plan, &study_of(session)->limits,
            (uint64_t)elements[PLAN_REACHABLE], &sum, &report);
    free(few);
    free(hidden);
    return status;
}

/* The first sum is there: the rules, then the first step of a fit. */
static enum status release_first(struct session *session)
{
    enum status status =
        rules_act_on_sum(session) ? apply_rules(session) : STATUS_OK;
    return status == STATUS_OK
               ? fit_create(&session->fit, session->question.plan,
                     &session->sum, study_of(session)->limits.min_cell)
               : status;
}

/* How the question's sets are answered. */
static enum status decide_sets(struct session *session, struct buffer *out)
{
    struct instruction instruction;
    enum status status = memory_decide(
        session->family->memory, &session->weighing, &instruction);
    if (status == STATUS_OK)
        status = instruction_write(&instruction, out);
    instruction_fini(&instruction);
    return status;
}

/* Of a question that was weighed the figures are a later round's, and what a
 * combination answers may have counts below nothing. */
static enum status take_figures(struct session *session)
{
    struct answered answered = {.answers = NULL};
    struct instruction instruction = {0};
    const struct vector figures = {
        session->sum.length, round_sum(session)->elements};
    enum status status = vector_add(&session->sum, &figures);
    if (status == STATUS_OK)
        status = read_instruction(session, &instruction);
    if (status == STATUS_OK)
        status = instruction_answered(&instruction, session->sets, &answered);
    if (status == STATUS_OK)
        status = plan_check_answered(session->question.plan, &session->sum,
            session->answered, &answered);
    answered_fini(&answered);
    instruction_fini(&instruction);
    return status;
}

static bool is_to_decide(const struct session *session)
{
    return session->family != NULL && session->instruction.size == 0;
}

static enum status finish_results(
    const struct session *session, struct buffer *out)
{
    struct instruction instruction = {0};
    enum status status = STATUS_OK;
    if (session->family != NULL)
        status = read_instruction(session, &instruction);
    const struct result_figures figures = {.question = &session->question,
        .fit = session->fit,
        .sum = &session->sum,
        .sets = session->sets,
        .instruction = &instruction,
        .family = session->family};
    if (status == STATUS_OK)
        status = result_calculate(out, &figures);
    instruction_fini(&instruction);
    return status;
}

/* The instruction; or the sum after the rules, the fit, and the results where
 * it is over. */
enum status session_calculate(struct session *session, struct buffer *out)
{
    if (is_to_decide(session))
        return decide_sets(session, out);
    enum status status = STATUS_OK;
    if (session->fit == NULL && session->family != NULL)
        status = take_figures(session);
    if (status == STATUS_OK)
        status = session->fit == NULL
                     ? release_first(session)
                     : fit_advance(session->fit, round_sum(session));
    if (status == STATUS_OK)
        status = buffer_append(out, session->sum.elements,
            session->sum.length * sizeof *session->sum.elements);
    if (status == STATUS_OK)
        status = fit_save(session->fit, out);
    return status == STATUS_OK && session->fit->over
               ? finish_results(session, out)
               : status;
}

enum status session_read_calculated(struct session *session, struct view bytes)
{
    const size_t size = session->sum.length * sizeof *session->sum.elements;
    struct fit *fit = NULL;
    if (is_to_decide(session))
        return bytes.size == 0 ? STATUS_TRUNCATED
                               : buffer_append(&session->instruction,
                                     bytes.data, bytes.size);
    if (bytes.size < size)
        return STATUS_TRUNCATED;
    memcpy(session->sum.elements, bytes.data, size);
    bytes.data += size;
    bytes.size -= size;
    enum status status = fit_restore(&fit, session->question.plan,
        &session->sum, study_of(session)->limits.min_cell, &bytes);
    if (status != STATUS_OK)
        return status;
    fit_destroy(session->fit);
    session->fit = fit;
    return buffer_append(&session->calculated, bytes.data, bytes.size);
}
