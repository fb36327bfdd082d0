/*
 * What members of the committee said of a study: the documents that came, and
 * the rejections that were kept. A rejection is kept once it was seen, and
 * judged together with whatever comes later: a coordinator that forgets it, or
 * leaves it out, brings no study back to life.
 */
#include <stdio.h>

#include "node/audit.h"
#include "node/refusal.h"
#include "node/session_internal.h"
#include "protocol/wire/log.h"

void votes_fini(struct votes *votes)
{
    for (size_t i = 0; i < votes->count; i++)
        envelope_destroy(votes->items[i]);
    votes->count = 0;
}

struct envelope_list votes_list(const struct votes *votes)
{
    return (struct envelope_list){
        (const struct envelope *const *)votes->items, votes->count};
}

/* ---- what comes ---- */

/* Questions that are open were admitted while this voice still counted. */
static void take_back(struct session *session, const struct digest *study)
{
    session_forget_verified(session);
    for (size_t i = 0; i < OPEN_MAX; i++) {
        struct question *question = session->open[i];
        if (question != NULL && digest_equal(&question->study_id, study))
            question->taken_back = true;
    }
    if (session->job != NULL &&
        digest_equal(&session->job->question->study_id, study))
        session->job->question->taken_back = true;
}

/* Each of a study that is kept here; of others as refusals are. */
static enum status record_rejection(const struct session *session,
    const struct digest *study, const struct roster_member *member, int64_t now)
{
    struct store *store = session->setup.store;
    const struct keypair *keys = session->setup.keys;
    char detail[NAME_MAX_BYTES + 4];
    bool known = false;
    snprintf(detail, sizeof detail, "by %s", member->identity.name);
    const struct refusal unknown = {.event = "study_rejected",
        .person = member->identity.sign,
        .reason = STATUS_STUDY_UNKNOWN,
        .subject = study,
        .detail = detail};
    enum status status = store_study_known(store, study, &known);
    if (status != STATUS_OK)
        return status;
    return known ? audit_record(
                       store, keys, now, "study_rejected", study, "%s", detail)
                 : refusal_record(store, keys, now, &unknown);
}

static enum status keep_rejection(struct session *session,
    const struct digest *study, const struct envelope *envelope,
    struct view bytes, int64_t now)
{
    struct store *store = session->setup.store;
    const struct public_key *signer = &envelope->signatures[0].signer;
    const struct roster_member *member =
        roster_find_member_key(session->roster, signer);
    enum status status = store_begin(store);
    if (status == STATUS_OK)
        status = store_put_rejection(store, study, signer, bytes);
    if (status == STATUS_OK)
        status = record_rejection(session, study, member, now);
    if (status == STATUS_OK)
        status = store_commit(store);
    else
        store_rollback(store);
    if (status == STATUS_EXISTS)
        return STATUS_OK; /* it is known */
    if (status == STATUS_OK) {
        log_event(LOG_INFO, "session", "study_rejected", "by=\"%s\"",
            member->identity.name);
        take_back(session, study);
    }
    return status;
}

enum status votes_decode(struct votes *votes, const struct message *message)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < message->document_count;
         i++) {
        status =
            envelope_decode(&votes->items[votes->count], message->documents[i]);
        votes->count += status == STATUS_OK;
    }
    return status;
}

enum status votes_keep(struct session *session, const struct votes *votes,
    const struct message *message, const struct digest *study, int64_t now)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < message->document_count;
         i++) {
        struct approval approval;
        if (approval_verify(&approval, votes->items[i], study,
                session->roster) == STATUS_OK &&
            !approval.approve)
            status = keep_rejection(
                session, study, votes->items[i], message->documents[i], now);
    }
    return status;
}

/* ---- what was kept ---- */

struct gathering {
    const struct session *session;
    const struct digest *study;
    struct votes *votes;
    size_t came; /* the first of them */
};

/* One a member, of those who have a voice now: so there is room. */
static bool is_new(
    const struct gathering *gathering, const struct public_key *signer)
{
    const struct votes *votes = gathering->votes;
    for (size_t i = gathering->came; i < votes->count; i++) {
        if (public_key_equal(&votes->items[i]->signatures[0].signer, signer))
            return false;
    }
    return true;
}

static enum status gather(void *arg, const struct digest *id, struct view bytes)
{
    const struct gathering *gathering = arg;
    struct envelope *envelope = NULL;
    struct approval approval;
    (void)id;
    enum status status = envelope_decode(&envelope, bytes);
    if (status != STATUS_OK)
        return status == STATUS_NO_MEMORY ? status : STATUS_CORRUPT;
    if (approval_verify(&approval, envelope, gathering->study,
            gathering->session->roster) == STATUS_OK &&
        !approval.approve &&
        is_new(gathering, &envelope->signatures[0].signer)) {
        gathering->votes->items[gathering->votes->count++] = envelope;
        return STATUS_OK;
    }
    envelope_destroy(envelope);
    return STATUS_OK;
}

enum status votes_gather(struct votes *votes, const struct session *session,
    const struct digest *study)
{
    struct store *store = session->setup.store;
    struct gathering gathering = {session, study, votes, votes->count};
    enum status status =
        store_visit_rejections(store, study, gather, &gathering);
    /* Rejections that came while enough others approved were once kept there.
     */
    return status == STATUS_OK
               ? store_visit_approvals(store, study, gather, &gathering)
               : status;
}
