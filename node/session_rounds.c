/*
 * Later rounds of a question that stays open, masked or not.
 */
#include <stdlib.h>
#include <string.h>

#include "node/session_internal.h"
#include "protocol/analysis/leverage.h"

bool rounds_keep(struct question *question, struct session_time now)
{
    if (!question_has_rounds(question))
        return false;
    struct question **place =
        open_place(question->session, &question->query_id, now);
    if (place == NULL)
        return false;
    question->touched_ms = now.monotonic_ms;
    *place = question;
    return true;
}

static bool is_set(const struct question *question, size_t element)
{
    int128 flag;
    memcpy(&flag, question->vector.data + element * VECTOR_ELEMENT_BYTES,
        sizeof flag);
    return flag != 0;
}

/* What this center kept back in the first round, the segment or the cell of
 * its sums, it keeps back in all. */
static bool is_withheld(
    const struct question *question, const struct segment *segment)
{
    const struct plan *plan = question->admission.plan;
    const struct table_shape *table =
        &plan->shapes[segment->analysis].tables[0];
    return is_set(question, segment->first + HEAD_WITHHELD) ||
           (table->kind == TABLE_SUMS &&
               is_set(question, segment->first + table->first + CELL_WITHHELD));
}

/* How the question's sets are answered: kept, and on disk before a figure may
 * leave. */
static enum status read_instruction(
    struct question *question, const struct message *message)
{
    enum status status = instruction_read(
        &question->instruction, asked_shape(question->sets), message->body);
    if (status == STATUS_OK)
        status = question_take_answering(question);
    return status == STATUS_OK ? question_record_told(question) : status;
}

/* The round that is told, less what this center keeps back. */
static enum status read_round(
    const struct message *message, struct session_job *job)
{
    struct question *question = job->question;
    const struct plan *plan = question->admission.plan;
    if (message->number < question->rounds + 2)
        return STATUS_NOT_ALLOWED; /* said again, and answered */
    if (message->number > question->rounds + 2 ||
        message->number > (uint64_t)ROUNDS_MAX + question->weighed)
        return STATUS_MALFORMED;
    job->number = (uint32_t)message->number;
    if (question->weighed && question->instruction.set_count == 0)
        return read_instruction(question, message);
    enum status status = round_body_read(&job->body, plan, message->body);
    if (status != STATUS_OK)
        return status;
    for (size_t i = 0; i < plan->segment_count; i++) {
        if (is_withheld(question, &plan->segments[i]))
            job->body.active[i] = SEGMENT_OVER;
    }
    job->round = (struct round){.number = job->number - question->weighed,
        .values = job->body.values,
        .active = job->body.active};
    return STATUS_OK;
}

/* A segment of SEGMENT_CHECKED counts by this center's own leverages too. */
enum status rounds_scan(struct question *question, const struct rows *rows,
    const struct round *told, struct contribution *out)
{
    const struct plan *plan = question->admission.plan;
    const int threads = question->session->setup.threads;
    double *own = calloc(plan->value_count, sizeof *own);
    struct round round = *told;
    round.own = own;
    const struct assigned *assigned =
        question->answering == NULL ? NULL
                                    : answering_assigned(question->answering);
    enum status status = own == NULL ? STATUS_NO_MEMORY : STATUS_OK;
    if (status == STATUS_OK)
        status =
            assigned == NULL
                ? leverage_own_inverse(plan, rows, threads, told, own)
                : leverage_own_inverse_assigned(assigned, threads, told, own);
    if (status == STATUS_OK)
        status = assigned == NULL
                     ? plan_contribute_round(plan, rows, threads, &round, out)
                     : plan_contribute_assigned(assigned, threads, &round, out);
    free(own);
    return status;
}

/* Behind the figures of a question that was weighed stand the two-way cells of
 * its fits. */
static enum status fill_reply(const struct question *question,
    const struct session_job *job, struct vector *out)
{
    const struct vector *sums = &job->contribution.vector;
    const struct vector *cells = &question->cells;
    const size_t count = job->round.number == 0 ? cells->length : 0;
    enum status status = vector_init(out, sums->length + count);
    if (status != STATUS_OK)
        return status;
    memcpy(
        out->elements, sums->elements, sums->length * sizeof *sums->elements);
    if (count > 0)
        memcpy(out->elements + sums->length, cells->elements,
            count * sizeof *cells->elements);
    return STATUS_OK;
}

enum status rounds_finish(struct question *question,
    const struct session_job *job, struct step_reply *reply)
{
    const uint32_t number = job->number;
    const struct vector *sums = &job->contribution.vector;
    enum status status = job->status;
    reply->round = number;
    if (status == STATUS_OK && job->round.number == 0) {
        buffer_clear(&question->vector); /* the figures, for the weights */
        status = vector_encode(sums, &question->vector);
    }
    if (status == STATUS_OK)
        status = fill_reply(question, job, &reply->vector);
    if (status == STATUS_OK && question->member != NULL)
        status = member_mask_round(
            question->member, number, &job->told, &reply->vector, &reply->body);
    if (status == STATUS_OK)
        question->rounds = number - 1;
    return status;
}

static enum status prepare(struct question *question,
    const struct message *message, struct session_job *job)
{
    enum status status = reading_go_on(question);
    job->question = question;
    if (status == STATUS_OK)
        status = read_round(message, job);
    if (status == STATUS_OK)
        job->rows = question_rows(question);
    job->told = digest_of(message->body);
    return status;
}

enum status rounds_take(struct question *question,
    const struct message *message, struct step_reply *reply)
{
    bool done = true;
    struct session_job *job = calloc(1, sizeof *job);
    if (job == NULL)
        return STATUS_NO_MEMORY;
    enum status status = prepare(question, message, job);
    if (status == STATUS_OK)
        status = job_start(job, &done);
    if (status == STATUS_OK && !done)
        return STATUS_OK; /* the worker has it */
    if (status == STATUS_OK)
        status = rounds_finish(question, job, reply);
    session_job_destroy(job);
    return status;
}
