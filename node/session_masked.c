/*
 * The node's part in secure aggregation: protocol/masking has the mathematics,
 * this file the questions, the store and the log.
 *
 * One line on disk keeps the promise of one reveal per query: the vote. It is
 * written, in one transaction with its audit record, before it is sent, and a
 * query that has one gets no second. The seeds are in memory only; a node that
 * restarts has dropped out.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "node/audit.h"
#include "node/session_internal.h"
#include "protocol/analysis/analysis.h"
#include "protocol/wire/log.h"

#define YEAR_SECONDS (365 * 86400LL)
#define IDLE_MS (15 * 60 * 1000)

/* ---- which questions are open ---- */

static struct question *find_open(
    struct session *session, const struct digest *header)
{
    for (size_t i = 0; i < MASKED_MAX; i++) {
        struct question *question = session->masked[i];
        if (question != NULL && digest_equal(&question->header_id, header))
            return question;
    }
    return NULL;
}

static void forget(struct session *session, const struct question *question)
{
    for (size_t i = 0; i < MASKED_MAX; i++) {
        if (session->masked[i] != question)
            continue;
        question_destroy(session->masked[i]);
        session->masked[i] = NULL;
    }
}

/* A free place; one of the same query, or one that nobody has touched for long,
 * makes room. */
static struct question **find_place(struct session *session,
    const struct digest *query, struct session_time now)
{
    for (size_t i = 0; i < MASKED_MAX; i++) {
        const struct question *question = session->masked[i];
        if (question != NULL &&
            (digest_equal(&question->query_id, query) ||
                now.monotonic_ms - question->touched_ms > IDLE_MS))
            forget(session, question);
    }
    for (size_t i = 0; i < MASKED_MAX; i++) {
        if (session->masked[i] == NULL)
            return &session->masked[i];
    }
    return NULL;
}

void masked_close_all(struct session *session)
{
    for (size_t i = 0; i < MASKED_MAX; i++) {
        question_destroy(session->masked[i]);
        session->masked[i] = NULL;
    }
}

enum status masked_close(struct session *session, const struct digest *header)
{
    struct question *question = find_open(session, header);
    enum status status = STATUS_OK;
    if (question != NULL && question->rounds > 0)
        status = audit_record(session->setup.store, session->setup.keys,
            question->now, "rounds", &question->query_id, "later rounds %u",
            question->rounds);
    if (question != NULL)
        forget(session, question);
    return status;
}

/* ---- sending ---- */

static enum status send(
    struct question *question, struct message *message, struct outbox *outbox)
{
    message->id = question->header_id;
    enum status status = outbox_add(outbox, message);
    if (status != STATUS_OK)
        return status;
    const struct buffer *sent = &outbox->messages[outbox->count - 1];
    buffer_clear(&question->last);
    return buffer_append(&question->last, sent->data, sent->size);
}

static enum status send_body(struct question *question, enum message_type type,
    const struct buffer *body, struct outbox *outbox)
{
    struct message message = {.type = type, .body = buffer_view(body)};
    return send(question, &message, outbox);
}

static enum status send_masked(struct question *question, uint32_t round,
    const struct buffer *body, const struct vector *vector,
    struct outbox *outbox)
{
    struct message message = {.type = MESSAGE_MASKED,
        .number = round,
        .body = buffer_view(body),
        .vector = {(const uint8_t *)vector->elements,
            vector->length * VECTOR_ELEMENT_BYTES}};
    return send(question, &message, outbox);
}

bool masked_resume(struct session *session, const struct question *question,
    struct outbox *outbox)
{
    struct question *open = find_open(session, &question->header_id);
    if (open == NULL)
        return false;
    if (open->last.size > 0 && outbox->count < OUTBOX_MAX) {
        struct buffer *copy = &outbox->messages[outbox->count];
        buffer_init(copy, BUFFER_LIMIT_DEFAULT);
        if (buffer_append(copy, open->last.data, open->last.size) == STATUS_OK)
            outbox->count++;
    }
    return true;
}

/* ---- joining ---- */

/* The centers that the header names, as the roster has them: an index is a
 * place on the roster, so that nobody can be given two. */
static enum status list_parties(const struct question *question,
    struct masking_party *parties, uint32_t *own)
{
    const struct session_header *header = question->admission.header;
    const struct roster *roster = question->session->roster;
    const struct identity *self =
        keypair_identity(question->session->setup.keys);
    *own = 0;
    for (size_t i = 0; i < header->center_count; i++) {
        const struct identity *center =
            roster_find_center(roster, header->centers[i]);
        if (center == NULL)
            return STATUS_WRONG_ROSTER;
        parties[i] = (struct masking_party){
            (uint32_t)(center - roster->centers) + 1, center->sign};
        if (public_key_equal(&center->sign, &self->sign))
            *own = parties[i].index;
    }
    return STATUS_OK;
}

static enum status create_member(struct question *question)
{
    const struct session_header *header = question->admission.header;
    int64_t least = MASKING_CENTERS_MIN;
    uint32_t own;
    struct masking_party *parties =
        calloc(header->center_count + 1, sizeof *parties);
    if (parties == NULL)
        return STATUS_NO_MEMORY;
    enum status status = list_parties(question, parties, &own);
    if (question->min_centers > least)
        least = question->min_centers;
    if (header->min_centers > least)
        least = header->min_centers;
    const struct masking_terms terms = {.header = question->header_id,
        .min_centers = (size_t)least,
        .party_count = header->center_count,
        .parties = parties};
    if (status == STATUS_OK)
        status = member_create(
            &question->member, &terms, own, question->session->setup.keys);
    free(parties);
    return status;
}

/* Whether the study, and the year, have room for one more price. An answer that
 * is stored has its noise already. */
static enum status check_budget(const struct question *question)
{
    const struct session *session = question->session;
    struct store *store = session->setup.store;
    const int64_t price = question->noise.query_rho_nano;
    int64_t study = 0, year = 0;
    if (question->privacy != PRIVACY_NOISE || question->stored)
        return STATUS_OK;
    enum status status =
        store_sum_charges(store, &question->study_id, 0, &study);
    if (status == STATUS_OK)
        status =
            store_sum_charges(store, NULL, question->now - YEAR_SECONDS, &year);
    if (status == STATUS_OK &&
        (study + price > question->noise.rho_nano ||
            year + price > session->setup.yearly_rho_nano))
        return STATUS_LIMIT_REACHED;
    return status;
}

enum status masked_open(
    struct question *question, struct session_time now, struct outbox *outbox)
{
    struct session *session = question->session;
    struct buffer body;
    struct question **place = find_place(session, &question->query_id, now);
    if (place == NULL)
        return STATUS_LIMIT_REACHED;
    buffer_init(&body, BUFFER_LIMIT_DEFAULT);
    enum status status = check_budget(question);
    if (status == STATUS_OK)
        status = create_member(question);
    if (status == STATUS_OK)
        status = member_write_keys(question->member, &body);
    if (status == STATUS_OK)
        status = send_body(question, MESSAGE_KEYS, &body, outbox);
    buffer_fini(&body);
    question->touched_ms = now.monotonic_ms;
    if (status == STATUS_OK)
        *place = question;
    return status;
}

bool rounds_keep(struct question *question, struct session_time now)
{
    if (question->admission.plan->value_count == 0)
        return false;
    struct question **place =
        find_place(question->session, &question->query_id, now);
    if (place == NULL)
        return false;
    question->touched_ms = now.monotonic_ms;
    *place = question;
    return true;
}

/* ---- the steps ---- */

static enum status on_peers(struct question *question,
    const struct message *message, struct outbox *outbox)
{
    struct buffer body;
    buffer_init(&body, BUFFER_LIMIT_DEFAULT);
    enum status status =
        member_take_peers(question->member, message->body, &body);
    if (status == STATUS_OK)
        status = send_body(question, MESSAGE_SHARES, &body, outbox);
    buffer_fini(&body);
    return status;
}

/* The price, on disk before any noise leaves. */
static enum status charge(struct question *question)
{
    enum status status = check_budget(question);
    return status == STATUS_OK
               ? store_put_charge(question->session->setup.store,
                     &question->study_id, &question->query_id,
                     question->noise.query_rho_nano, question->now)
               : status;
}

/* The noisy figures take the place of the exact ones: they are what is masked,
 * and what is kept as the answer to this question for ever. */
static enum status add_noise(struct question *question, struct vector *vector)
{
    size_t least = (size_t)(question->min_centers < MASKING_CENTERS_MIN
                                ? MASKING_CENTERS_MIN
                                : question->min_centers);
    size_t honest = budget_honest(member_peer_count(question->member), least);
    enum status status = charge(question);
    if (status == STATUS_OK)
        status = budget_add_noise(
            question->admission.plan, &question->noise, honest, vector);
    if (status != STATUS_OK)
        return status;
    buffer_clear(&question->vector);
    return vector_encode(vector, &question->vector);
}

static enum status on_sealed(struct question *question,
    const struct message *message, struct outbox *outbox)
{
    struct buffer body;
    struct vector vector = {.length = 0};
    buffer_init(&body, BUFFER_LIMIT_DEFAULT);
    enum status status = member_take_sealed(question->member, message->body);
    if (status == STATUS_OK)
        status = vector_decode(&vector, question->admission.plan->vector_length,
            buffer_view(&question->vector));
    if (status == STATUS_OK && question->privacy == PRIVACY_NOISE &&
        !question->stored)
        status = add_noise(question, &vector);
    if (status == STATUS_OK)
        status = member_mask(question->member, &vector, &body);
    if (status == STATUS_OK)
        status = send_masked(question, 1, &body, &vector, outbox);
    vector_fini(&vector);
    buffer_fini(&body);
    return status;
}

static enum status on_survivors(struct question *question,
    const struct message *message, struct outbox *outbox)
{
    struct digest digest;
    struct buffer body;
    enum status status =
        member_take_survivors(question->member, message->body, &digest);
    if (status != STATUS_OK)
        return status;
    buffer_init(&body, BUFFER_LIMIT_DEFAULT);
    status = question_record(question); /* the vote is on disk now */
    if (status == STATUS_OK)
        status = member_write_vote(question->member, &body);
    if (status == STATUS_OK)
        status = send_body(question, MESSAGE_VOTE, &body, outbox);
    buffer_fini(&body);
    return status;
}

static enum status on_votes(struct question *question,
    const struct message *message, struct outbox *outbox)
{
    struct session *session = question->session;
    struct buffer body;
    buffer_init(&body, BUFFER_LIMIT_DEFAULT);
    enum status status =
        member_take_votes(question->member, message->body, &body);
    if (status == STATUS_OK)
        status = audit_record(session->setup.store, session->setup.keys,
            question->now, "revealed", &question->query_id, "study %s",
            question->study_name);
    if (status == STATUS_OK)
        status = send_body(question, MESSAGE_REVEAL, &body, outbox);
    buffer_fini(&body);
    return status;
}

/* What this center kept back in the first round it keeps back in all. */
static bool is_withheld(
    const struct question *question, const struct segment *segment)
{
    int128 flag;
    memcpy(&flag,
        question->vector.data +
            (segment->first + HEAD_WITHHELD) * VECTOR_ELEMENT_BYTES,
        sizeof flag);
    return flag != 0;
}

/* The body of ROUND: a byte a segment, then the values as little-endian
 * doubles. Views into it are not aligned: the values are copied. */
static enum status read_round(const struct question *question,
    const struct message *message, double **values, uint8_t **active,
    struct round *round)
{
    const struct plan *plan = question->admission.plan;
    const struct view body = message->body;
    if (message->number != question->rounds + 2 ||
        message->number > ROUNDS_MAX || plan->value_count == 0 ||
        body.size != plan->segment_count + plan->value_count * sizeof(double))
        return STATUS_MALFORMED;
    *values = malloc(plan->value_count * sizeof **values);
    *active = malloc(plan->segment_count);
    if (*values == NULL || *active == NULL)
        return STATUS_NO_MEMORY;
    memcpy(*active, body.data, plan->segment_count);
    memcpy(*values, body.data + plan->segment_count,
        plan->value_count * sizeof **values);
    *round = (struct round){.number = (uint32_t)message->number,
        .values = *values,
        .active = *active};
    for (size_t i = 0; i < plan->value_count; i++) {
        if (!isfinite((*values)[i]))
            return STATUS_MALFORMED;
    }
    for (size_t i = 0; i < plan->segment_count; i++) {
        if (body.data[i] > 1)
            return STATUS_MALFORMED;
        if (is_withheld(question, &plan->segments[i]))
            (*active)[i] = 0;
    }
    return STATUS_OK;
}

static enum status answer_round(struct question *question,
    const struct round *round, const struct digest *told, struct outbox *outbox)
{
    struct session *session = question->session;
    struct contribution contribution = {0};
    struct buffer body;
    buffer_init(&body, BUFFER_LIMIT_DEFAULT);
    enum status status = plan_contribute_round(question->admission.plan,
        frame_rows(session->frame), session->setup.threads, round,
        &contribution);
    if (status == STATUS_OK && question->member != NULL)
        status = member_mask_round(
            question->member, round->number, told, &contribution.vector, &body);
    if (status == STATUS_OK)
        status = send_masked(
            question, round->number, &body, &contribution.vector, outbox);
    if (status == STATUS_OK)
        question->rounds = round->number - 1;
    contribution_fini(&contribution);
    buffer_fini(&body);
    return status;
}

static enum status on_round(struct question *question,
    const struct message *message, struct outbox *outbox)
{
    struct session *session = question->session;
    struct round round;
    double *values = NULL;
    uint8_t *active = NULL;
    int64_t generation;
    enum status status =
        store_get_generation(session->setup.store, &generation);
    /* New data in the middle of a fit would be other people. */
    if (status == STATUS_OK &&
        (generation != question->generation ||
            generation != frame_generation(session->frame)))
        status = STATUS_REFUSED;
    if (status == STATUS_OK)
        status = read_round(question, message, &values, &active, &round);
    const struct digest told = digest_of(message->body);
    if (status == STATUS_OK)
        status = answer_round(question, &round, &told, outbox);
    free(values);
    free(active);
    return status;
}

/* What the coordinator says and a check refuses is written down, and changes
 * nothing: this center waits for what it may believe. */
static enum status note_lie(struct question *question,
    const struct message *message, enum status reason)
{
    struct session *session = question->session;
    log_event(LOG_WARN, "session", "step_refused", "message=%s reason=%s",
        message_name(message->type), status_name(reason));
    return audit_record(session->setup.store, session->setup.keys,
        question->now, "step_refused", &question->query_id, "%s: %s",
        message_name(message->type), status_text(reason));
}

enum status session_masked_step(struct session *session,
    const struct message *message, struct session_time now,
    struct outbox *outbox)
{
    struct question *question = find_open(session, &message->id);
    enum status status = STATUS_INTERNAL;
    if (question == NULL) {
        log_event(LOG_INFO, "session", "step_ignored", "message=%s",
            message_name(message->type));
        return STATUS_OK;
    }
    if (question->member == NULL && message->type != MESSAGE_ROUND)
        return STATUS_OK; /* nothing of it is masked */
    question->now = now.wall_seconds;
    question->touched_ms = now.monotonic_ms;
    switch (message->type) {
    case MESSAGE_PEERS: status = on_peers(question, message, outbox); break;
    case MESSAGE_SEALED: status = on_sealed(question, message, outbox); break;
    case MESSAGE_SURVIVORS:
        status = on_survivors(question, message, outbox);
        break;
    case MESSAGE_VOTES: status = on_votes(question, message, outbox); break;
    case MESSAGE_ROUND: status = on_round(question, message, outbox); break;
    default: break;
    }
    if (status == STATUS_NOT_ALLOWED)
        return STATUS_OK; /* out of turn: it was said again */
    enum status_category category = status_category(status);
    return category == CATEGORY_DENIED || category == CATEGORY_MALFORMED ||
                   status == STATUS_LIMIT_REACHED
               ? note_lie(question, message, status)
               : status;
}
