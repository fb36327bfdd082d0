/*
 * How a session's figures come: as they are, or by secure aggregation; then the
 * later rounds of a fit.
 */
#include <stdlib.h>
#include <string.h>

#include "coordinator/session.h"
#include "protocol/wire/log.h"
#include "protocol/wire/message.h"

#define STEPS 5
#define STEP_MS_MIN 2000

static const struct study *study_of(const struct session *session)
{
    return session->question.study->study;
}

/* ---- start ---- */

static enum status create_collector(
    struct session *session, const struct roster *roster)
{
    size_t count = session->center_count;
    struct masking_party *parties = calloc(count + 1, sizeof *parties);
    if (parties == NULL)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < count; i++) {
        struct session_center *center = &session->centers[i];
        parties[i].index = center->index;
        parties[i].sign = roster->centers[center->index - 1].sign;
    }
    const struct masking_terms terms = {.header = session->header->id,
        .min_centers = (size_t)session->header->min_centers,
        .party_count = count,
        .parties = parties};
    enum status status = collector_create(&session->collector, &terms,
        session->family == NULL ? session->sum.length
                                : session->weights.length);
    free(parties);
    return status;
}

enum status session_prepare_gathering(
    struct session *session, const struct roster *roster, uint64_t now_ms)
{
    for (size_t i = 0; i < session->center_count; i++) {
        const struct identity *identity =
            roster_find_center(roster, session->centers[i].name);
        if (identity == NULL)
            return STATUS_WRONG_ROSTER;
        session->centers[i].index = (uint32_t)(identity - roster->centers) + 1;
    }
    uint64_t all =
        session->deadline_ms > now_ms ? session->deadline_ms - now_ms : 0;
    session->step_ms = all / STEPS > STEP_MS_MIN ? all / STEPS : STEP_MS_MIN;
    session->step_end_ms = now_ms + session->step_ms;
    session->gathering = GATHER_SUMMARIES;
    if (!study_is_masked(study_of(session)->privacy))
        return STATUS_OK;
    session->gathering = GATHER_MASKED;
    return create_collector(session, roster);
}

/* ---- what centers say ---- */

/* Of the round whose figures come: an instruction is the second one. */
static uint32_t round_number(const struct session *session)
{
    const uint32_t told = session->instruction.size > 0;
    return (session->fit == NULL ? 1 : session->fit->number) + told;
}

static bool fits_step(
    const struct session *session, const struct message *message)
{
    static const enum message_type types[] = {
        [COLLECT_KEYS] = MESSAGE_KEYS,
        [COLLECT_SHARES] = MESSAGE_SHARES,
        [COLLECT_MASKED] = MESSAGE_MASKED,
        [COLLECT_VOTES] = MESSAGE_VOTE,
        [COLLECT_REVEALS] = MESSAGE_REVEAL,
        [COLLECT_ROUND] = MESSAGE_MASKED,
    };
    enum collector_step step = collector_step(session->collector);
    if (step == COLLECT_OVER || types[step] != message->type)
        return false;
    return message->type != MESSAGE_MASKED ||
           message->number == round_number(session);
}

/* Behind the first figures of a question that was weighed stand the two-way
 * cells of its fits. */
static size_t round_length(const struct session *session)
{
    return session->sum.length +
           (session->family != NULL && session->fit == NULL
                   ? sets_all_cells(session->sets)
                   : 0);
}

static enum status take_open_round(struct session *session,
    struct session_center *center, const struct message *message)
{
    struct vector vector = {.length = 0};
    if (session->gathering != GATHER_ROUND || message->type != MESSAGE_MASKED ||
        message->number != round_number(session) ||
        center->state != REPLY_ANSWERED)
        return STATUS_NOT_ALLOWED;
    if (center->heard)
        return STATUS_EXISTS;
    enum status status =
        vector_decode(&vector, round_length(session), message->vector);
    if (status == STATUS_OK)
        status = vector_add(&session->round_sum, &vector);
    center->heard = status == STATUS_OK;
    vector_fini(&vector);
    return status;
}

static void refuse_step(struct session *session, struct session_center *center)
{
    if (center->state != REPLY_ASKED)
        return;
    center->state = REPLY_REFUSED;
    center->note = "bad_reply";
    session->refused++;
}

enum status session_take_step(struct session *session,
    struct session_center *center, const struct message *message)
{
    if (session->collector == NULL)
        return take_open_round(session, center, message);
    if (!fits_step(session, message))
        return STATUS_NOT_ALLOWED;
    enum status status = collector_take(
        session->collector, center->index, message->body, message->vector);
    center->busy = center->busy && status != STATUS_OK;
    if (status != STATUS_OK && status != STATUS_EXISTS &&
        status != STATUS_NOT_ALLOWED)
        refuse_step(session, center);
    return status;
}

void session_drop(struct session *session, struct session_center *center)
{
    if (session->collector != NULL)
        collector_drop(session->collector, center->index);
}

bool session_holds(
    const struct session *session, const struct session_center *center)
{
    return session->collector == NULL
               ? center->state == REPLY_ANSWERED
               : collector_survived(session->collector, center->index);
}

const char *session_step_name(const struct session *session)
{
    static const char *const names[] = {
        [COLLECT_KEYS] = "keys",
        [COLLECT_SHARES] = "shares",
        [COLLECT_MASKED] = "masked figures",
        [COLLECT_VOTES] = "votes",
        [COLLECT_REVEALS] = "opening",
        [COLLECT_ROUND] = "a later round",
        [COLLECT_OVER] = "the result",
    };
    switch (session->gathering) {
    case GATHER_SUMMARIES: return "figures";
    case GATHER_MASKED: return names[collector_step(session->collector)];
    case GATHER_ROUND: return names[COLLECT_ROUND];
    case GATHER_CALCULATE: return "calculation";
    default: return names[COLLECT_OVER];
    }
}

/* ---- from step to step ---- */

void session_fail(struct session *session, enum status status)
{
    session->failure = status;
    session->gathering = GATHER_FAILED;
}

static void open_step(struct session *session, uint64_t now_ms)
{
    session->step_end_ms = now_ms + session->step_ms;
    for (size_t i = 0; i < session->center_count; i++) {
        session->centers[i].told = false;
        session->centers[i].heard = false;
    }
}

static enum status start_round(struct session *session)
{
    const struct buffer *instruction = &session->instruction;
    buffer_clear(&session->told);
    enum status status = session->fit == NULL
                             ? buffer_append(&session->told, instruction->data,
                                   instruction->size)
                             : fit_write(session->fit, &session->told);
    if (status != STATUS_OK)
        return status;
    session->gathering = GATHER_ROUND;
    if (session->collector != NULL) {
        const struct digest told = digest_of(buffer_view(&session->told));
        return collector_start_round(session->collector, round_number(session),
            &told, round_length(session));
    }
    vector_fini(&session->round_sum);
    return vector_init(&session->round_sum, round_length(session));
}

/* A sum is there: what comes of it is to be worked out. */
static bool calculate_next(struct session *session, enum status status)
{
    if (status != STATUS_OK)
        session_fail(session, status);
    else
        session->gathering = GATHER_CALCULATE;
    return false;
}

void session_take_calculated(struct session *session, enum status status,
    struct view bytes, uint64_t now_ms)
{
    session->calculating = false;
    if (session->gathering != GATHER_CALCULATE)
        return; /* it has failed meanwhile */
    session->late = status == STATUS_BUSY;
    if (session->late)
        return;
    if (status == STATUS_OK)
        status = session_read_calculated(session, bytes);
    if (status == STATUS_OK && session->fit != NULL && session->fit->over) {
        session->gathering = GATHER_DONE;
        return;
    }
    if (status == STATUS_OK)
        status = start_round(session);
    if (status == STATUS_OK)
        open_step(session, now_ms);
    else
        session_fail(session, status);
}

static void note_survivors(struct session *session)
{
    for (size_t i = 0; i < session->center_count; i++) {
        struct session_center *center = &session->centers[i];
        if (collector_survived(session->collector, center->index)) {
            session->refused -= center->state == REPLY_REFUSED;
            center->state = REPLY_ANSWERED;
            center->note = "";
            session->answered++;
        }
    }
}

/* Every element is a sum of what honest centers bound; one that is not can only
 * come from a center that lies. */
static enum status take_masked_sum(struct session *session)
{
    const struct vector *sum = collector_sum(session->collector);
    note_survivors(session);
    if (session->family != NULL)
        return vector_add(&session->weights, sum);
    enum status status = vector_add(&session->sum, sum);
    if (status == STATUS_OK && study_of(session)->privacy == PRIVACY_NOISE) {
        budget_read_sum(session->question.plan, &session->sum);
        return STATUS_OK;
    }
    if (status != STATUS_OK)
        return status;
    /* By its own figures each center decides how its sets are answered. */
    return study_of(session)->privacy == PRIVACY_SITE
               ? plan_check_alone(
                     session->question.plan, &session->sum, session->answered)
               : plan_check_sum(
                     session->question.plan, &session->sum, session->answered);
}

/* Whether the present step need not be waited for any longer. */
static bool step_is_over(const struct session *session, uint64_t now_ms)
{
    const struct collector *collector = session->collector;
    if (collector_waiting(collector) == 0 || now_ms >= session->step_end_ms)
        return true;
    if (collector_heard(collector) < collector_needed(collector))
        return false;
    for (size_t i = 0; i < session->center_count; i++) {
        const struct session_center *center = &session->centers[i];
        if (!center->lost && collector_waits_for(collector, center->index))
            return false;
    }
    return true;
}

/* Who is out because it was not heard in the step that ends. */
static void note_missing(struct session *session)
{
    for (size_t i = 0; i < session->center_count; i++) {
        if (collector_waits_for(session->collector, session->centers[i].index))
            session_note_missing(&session->centers[i]);
    }
}

/* Figures of a center that refused after it gave them. */
static bool holds_withdrawn(const struct session *session)
{
    for (size_t i = 0; i < session->center_count; i++) {
        if (session->centers[i].withdrew &&
            session_holds(session, &session->centers[i]))
            return true;
    }
    return false;
}

static bool progress_masked(struct session *session, uint64_t now_ms)
{
    if (!step_is_over(session, now_ms))
        return false;
    bool last = collector_step(session->collector) == COLLECT_REVEALS;
    note_missing(session);
    enum status status = collector_close_step(session->collector);
    if (status == STATUS_OK && holds_withdrawn(session))
        status = STATUS_REFUSED;
    if (status != STATUS_OK) {
        session_fail(session, status);
        return false;
    }
    if (last)
        return calculate_next(session, take_masked_sum(session));
    open_step(session, now_ms);
    return true;
}

/* All that were in the first round, or none: to go on without one would show
 * that one's share. */
static bool progress_round(struct session *session, uint64_t now_ms)
{
    size_t waiting = 0;
    enum status status = STATUS_OK;
    if (session->collector != NULL)
        waiting = collector_waiting(session->collector);
    for (size_t i = 0; session->collector == NULL && i < session->center_count;
         i++)
        waiting += session->centers[i].state == REPLY_ANSWERED &&
                   !session->centers[i].heard;
    if (waiting > 0 && now_ms < session->step_end_ms)
        return false;
    if (waiting > 0)
        status = STATUS_NO_PEER;
    else if (session->collector != NULL)
        status = collector_close_step(session->collector);
    return calculate_next(session, status);
}

static bool progress_summaries(struct session *session, uint64_t now_ms)
{
    switch (session_judge_summaries(session, now_ms)) {
    case SESSION_WAIT: return false;
    case SESSION_FAIL:
        session_fail(session, STATUS_TOO_FEW_CENTERS);
        return false;
    default: break;
    }
    return calculate_next(session, STATUS_OK);
}

bool session_progress(struct session *session, uint64_t now_ms)
{
    switch (session->gathering) {
    case GATHER_SUMMARIES: return progress_summaries(session, now_ms);
    case GATHER_MASKED: return progress_masked(session, now_ms);
    case GATHER_ROUND: return progress_round(session, now_ms);
    default: return false;
    }
}

/* ---- what centers are told ---- */

static bool is_told(
    const struct session *session, const struct session_center *center)
{
    if (session->collector != NULL)
        return collector_waits_for(session->collector, center->index);
    return session->gathering == GATHER_ROUND &&
           center->state == REPLY_ANSWERED && !center->heard;
}

bool session_write_step(const struct session *session,
    const struct session_center *center, struct message *message,
    struct buffer *body)
{
    static const enum message_type types[] = {
        [COLLECT_SHARES] = MESSAGE_PEERS,
        [COLLECT_MASKED] = MESSAGE_SEALED,
        [COLLECT_VOTES] = MESSAGE_SURVIVORS,
        [COLLECT_REVEALS] = MESSAGE_VOTES,
    };
    if (!is_told(session, center))
        return false;
    message->id = session->header->id;
    if (session->gathering == GATHER_ROUND) {
        message->type = MESSAGE_ROUND;
        message->number = round_number(session);
        message->body = buffer_view(&session->told);
        return true;
    }
    enum collector_step step = collector_step(session->collector);
    if (step < COLLECT_SHARES || step > COLLECT_REVEALS)
        return false;
    buffer_clear(body);
    if (collector_write(session->collector, center->index, body) != STATUS_OK)
        return false;
    message->type = types[step];
    message->body = buffer_view(body);
    return true;
}
