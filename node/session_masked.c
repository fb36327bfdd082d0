/*
 * The node's part in secure aggregation: protocol/masking has the mathematics,
 * this file the store and the log.
 *
 * Each step is on disk before its reply (session_progress.c). Three are synced:
 * whose figures leave, for the memory against differencing, and the vote and
 * the reveal, each in one transaction with its audit record, for the promise of
 * one reveal per query. The seeds are in memory only; a node that restarts has
 * dropped out.
 */
#include <stdlib.h>

#include "node/audit.h"
#include "node/session_internal.h"
#include "protocol/wire/defence.h"

#define YEAR_SECONDS (365 * 86400LL)

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

/* The header asks for no fewer centers than the study: admission saw to it. */
static enum status create_member(struct question *question)
{
    const struct session_header *header = question->admission.header;
    uint32_t own;
    struct masking_party *parties =
        calloc(header->center_count + 1, sizeof *parties);
    if (parties == NULL)
        return STATUS_NO_MEMORY;
    enum status status = list_parties(question, parties, &own);
    const struct masking_terms terms = {.header = question->header_id,
        .min_centers = (size_t)header->min_centers,
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
    struct budget_spent spent = {0};
    if (question->privacy != PRIVACY_NOISE || question->stored)
        return STATUS_OK;
    enum status status =
        store_sum_charges(store, &question->study_id, 0, &spent.study_nano);
    if (status == STATUS_OK)
        status = store_sum_charges(
            store, NULL, question->now - YEAR_SECONDS, &spent.year_nano);
    if (status == STATUS_OK && !budget_allows(&question->noise, &spent,
                                   session->setup.yearly_rho_nano))
        return STATUS_LIMIT_REACHED;
    return status;
}

enum status masked_open(
    struct question *question, struct session_time now, struct outbox *outbox)
{
    struct step_reply reply;
    struct question **place =
        open_place(question->session, &question->query_id, now);
    if (place == NULL)
        return STATUS_LIMIT_REACHED;
    step_reply_init(&reply);
    enum status status = check_budget(question);
    if (status == STATUS_OK)
        status = create_member(question);
    if (status == STATUS_OK)
        status = member_write_keys(question->member, &reply.body);
    if (status == STATUS_OK)
        status = progress_note(question, STAGE_KEYS_LEFT);
    if (status == STATUS_OK)
        status = open_send(question, MESSAGE_KEYS, &reply, outbox);
    step_reply_fini(&reply);
    question->touched_ms = now.monotonic_ms;
    if (status == STATUS_OK)
        *place = question;
    return status;
}

/* ---- the steps ---- */

enum status masked_take_peers(struct question *question,
    const struct message *message, struct step_reply *reply)
{
    enum status status =
        member_take_peers(question->member, message->body, &reply->body);
    return status == STATUS_OK ? progress_note(question, STAGE_SHARES_LEFT)
                               : status;
}

/* The price, on disk before any noise leaves. */
static enum status charge(struct question *question)
{
    enum status status = check_budget(question);
    return status == STATUS_OK && DEFENCE("ledger")
               ? store_put_charge(question->session->setup.store,
                     &question->study_id, &question->query_id,
                     question->noise.query_rho_nano, question->now)
               : status;
}

/* The noisy figures take the place of the exact ones: they are what is masked,
 * and what is kept as the answer to this question for ever. */
static enum status add_noise(struct question *question, struct vector *vector)
{
    size_t honest = budget_honest(
        member_peer_count(question->member), (size_t)question->min_centers);
    enum status status = charge(question);
    if (status == STATUS_OK)
        status = budget_add_noise(
            question->admission.plan, &question->noise, honest, vector);
    if (status != STATUS_OK)
        return status;
    buffer_clear(&question->vector);
    return vector_encode(vector, &question->vector);
}

enum status masked_take_sealed(struct question *question,
    const struct message *message, struct step_reply *reply)
{
    enum status status = member_take_sealed(question->member, message->body);
    if (status == STATUS_OK) {
        status = vector_decode(&reply->vector,
            question->vector.size / VECTOR_ELEMENT_BYTES,
            buffer_view(&question->vector));
    }
    if (status == STATUS_OK && question->privacy == PRIVACY_NOISE &&
        !question->stored)
        status = add_noise(question, &reply->vector);
    if (status == STATUS_OK)
        status = member_mask(question->member, &reply->vector, &reply->body);
    return status == STATUS_OK ? question_remember(question) : status;
}

enum status masked_take_survivors(struct question *question,
    const struct message *message, struct step_reply *reply)
{
    struct digest digest;
    enum status status =
        member_take_survivors(question->member, message->body, &digest);
    if (status == STATUS_OK)
        status = question_record(question); /* the vote is on disk now */
    return status == STATUS_OK
               ? member_write_vote(question->member, &reply->body)
               : status;
}

enum status masked_take_votes(struct question *question,
    const struct message *message, struct step_reply *reply)
{
    struct session *session = question->session;
    struct store *store = session->setup.store;
    enum status status =
        member_take_votes(question->member, message->body, &reply->body);
    if (status == STATUS_OK)
        status = store_begin(store);
    if (status != STATUS_OK)
        return status;
    status = progress_put(question, STAGE_REVEAL_LEFT);
    if (status == STATUS_OK)
        status = audit_record(store, session->setup.keys, question->now,
            "revealed", &question->query_id, "study %s", question->study_name);
    if (status == STATUS_OK)
        return store_commit(store);
    store_rollback(store);
    return status;
}
