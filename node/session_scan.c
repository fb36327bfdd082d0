/* What the rows of a question come to here: its figures, and the rules that act
 * on a center's own. */
#include <stdlib.h>

#include "node/session_internal.h"
#include "policy/disclosure.h"
#include "protocol/analysis/leverage.h"
#include "protocol/wire/defence.h"

/* Where sums are masked the study's rules act on the sum, which this center
 * never sees; a center that has stricter ones of its own applies them here. So
 * does each one of a study with effects of single centers, whatever is asked:
 * those are a center's own figures, and what all give less what the others'
 * effects tell would be those of one that has too few people for an effect. */
static bool rules_act_here(const struct question *question)
{
    return question->privacy == PRIVACY_PLAIN ||
           question->privacy == PRIVACY_SITE || question->own_limits ||
           (question->center_effects && DEFENCE("center-effects"));
}

struct rows question_rows(const struct question *question)
{
    struct rows rows = *frame_rows(question->frame);
    rows.center = question->center;
    return rows;
}

bool question_has_rounds(const struct question *question)
{
    return question->weighed || question->admission.plan->value_count > 0;
}

static enum status apply_rules(struct question *question,
    const struct rows *rows, struct contribution *contribution)
{
    const struct plan *plan = question->admission.plan;
    enum leverage_verdict *verdicts =
        calloc(plan->segment_count, sizeof *verdicts);
    uint8_t *few = calloc(plan->segment_count, 1);
    if (verdicts == NULL || few == NULL) {
        free(verdicts);
        free(few);
        return STATUS_NO_MEMORY;
    }
    const int threads = question->session->setup.threads;
    const int64_t min_cell = question->limits.min_cell;
    enum status status =
        question->answering == NULL
            ? leverage_review_own(plan, rows, threads, min_cell, verdicts)
            : leverage_review_own_assigned(
                  answering_assigned(question->answering), threads, min_cell,
                  verdicts);
    if (status == STATUS_OK && question->answering != NULL)
        weighing_judge_cells(
            asked_sets(question->sets), question->cells.elements, few);
    contribution->verdicts = verdicts;
    contribution->few_cells = few;
    if (status == STATUS_OK)
        status = disclosure_apply(plan, &question->limits, rows->patient_count,
            contribution, &question->report);
    contribution->verdicts = NULL;
    contribution->few_cells = NULL;
    free(verdicts);
    free(few);
    return status;
}

enum status question_scan(struct question *question, const struct rows *rows,
    struct contribution *contribution)
{
    const int threads = question->session->setup.threads;
    enum status status =
        question->answering == NULL
            ? plan_contribute(
                  question->admission.plan, rows, threads, contribution)
            : plan_contribute_assigned(answering_assigned(question->answering),
                  threads, NULL, contribution);
    if (status == STATUS_OK && question->answering != NULL) {
        vector_fini(&question->cells);
        status = answering_weigh_cells(
            question->answering, asked_order(question->sets), &question->cells);
    }
    return status == STATUS_OK && rules_act_here(question)
               ? apply_rules(question, rows, contribution)
               : status;
}

enum status question_take_answering(struct question *question)
{
    const struct session *session = question->session;
    const struct rows rows = question_rows(question);
    const struct answering_terms terms = {.asked = question->sets,
        .instruction = &question->instruction,
        .rows = &rows,
        .numbers = frame_numbers(question->frame),
        .number_end = frame_number_end(question->frame),
        .donor_key = remembered_donor_key(session->remembered),
        .freeze = (uint64_t)question->view.freeze};
    return answering_create(&question->answering, &terms);
}
