/*
 * What members of the committee said of a study: the documents that came, and
 * the rejections that were kept. A rejection is kept once it was seen, and
 * judged together with whatever comes later: a coordinator that forgets it, or
 * leaves it out, brings no study back to life.
 */
#include <stdio.h>
#include <string.h>

#include "node/audit.h"
#include "node/refusal.h"
#include "node/session_internal.h"
#include "policy/amendment.h"
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

/* Whether the study, or one of the amendments that it is read with, is it. */
static bool rests_on(const struct question *question, const struct digest *id)
{
    const struct study *study = question->admission.study;
    if (digest_equal(&question->study_id, id))
        return true;
    for (size_t i = 0; study != NULL && i < study->amendment_count; i++) {
        if (digest_equal(&study->amendments[i]->id, id))
            return true;
    }
    return false;
}

/* Questions that are open were admitted while this voice still counted. */
static void take_back(struct session *session, const struct digest *rejected)
{
    session_forget_verified(session);
    for (size_t i = 0; i < OPEN_MAX; i++) {
        struct question *question = session->open[i];
        if (question != NULL && rests_on(question, rejected))
            question->taken_back = true;
    }
    if (session->job != NULL && rests_on(session->job->question, rejected))
        session->job->question->taken_back = true;
}

/* What was rejected: the study itself, or an amendment of it. */
struct rejected {
    const struct digest *study, *subject;
};

/* Each of a study that is kept here; of others as refusals are. */
static enum status record_rejection(const struct session *session,
    const struct rejected *rejected, const struct roster_member *member,
    int64_t now)
{
    const char *event = rejected->study == rejected->subject
                            ? "study_rejected"
                            : "amendment_rejected";
    struct store *store = session->setup.store;
    const struct keypair *keys = session->setup.keys;
    char detail[NAME_MAX_BYTES + 4];
    bool known = false;
    snprintf(detail, sizeof detail, "by %s", member->identity.name);
    const struct refusal unknown = {.event = event,
        .person = member->identity.sign,
        .reason = STATUS_STUDY_UNKNOWN,
        .subject = rejected->subject,
        .detail = detail};
    enum status status = store_study_known(store, rejected->study, &known);
    if (status != STATUS_OK)
        return status;
    return known ? audit_record(
                       store, keys, now, event, rejected->subject, "%s", detail)
                 : refusal_record(store, keys, now, &unknown);
}

static enum status keep_rejection(struct session *session,
    const struct rejected *rejected, const struct envelope *envelope,
    struct view bytes, int64_t now)
{
    struct store *store = session->setup.store;
    const struct public_key *signer = &envelope->signatures[0].signer;
    const struct roster_member *member =
        roster_find_member_key(session->roster, signer);
    enum status status = store_begin(store);
    if (status == STATUS_OK)
        status = store_put_rejection(store, rejected->subject, signer, bytes);
    if (status == STATUS_OK)
        status = record_rejection(session, rejected, member, now);
    if (status == STATUS_OK)
        status = store_commit(store);
    else
        store_rollback(store);
    if (status == STATUS_EXISTS)
        return STATUS_OK; /* it is known */
    if (status == STATUS_OK) {
        log_event(LOG_INFO, "session", "study_rejected", "by=\"%s\"",
            member->identity.name);
        take_back(session, rejected->subject);
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

/* The study, and the amendments among the documents. STATUS_TOO_LARGE: more
 * than a coordinator takes. */
struct subjects {
    size_t count;
    struct digest ids[VOTES_SUBJECTS_MAX];
};

static enum status find_subjects(
    struct subjects *out, const struct votes *votes, const struct digest *study)
{
    out->ids[0] = *study;
    out->count = 1;
    for (size_t i = 0; i < votes->count; i++) {
        if (strcmp(votes->items[i]->type, TYPE_AMENDMENT) != 0)
            continue;
        if (out->count == VOTES_SUBJECTS_MAX)
            return STATUS_TOO_LARGE;
        out->ids[out->count++] = envelope_id(votes->items[i]);
    }
    return STATUS_OK;
}

static enum status keep_rejections(struct session *session,
    const struct votes *votes, const struct message *message,
    const struct rejected *rejected, int64_t now)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < message->document_count;
         i++) {
        struct approval approval;
        if (approval_verify(&approval, votes->items[i], rejected->subject,
                session->roster) == STATUS_OK &&
            !approval.approve)
            status = keep_rejection(
                session, rejected, votes->items[i], message->documents[i], now);
    }
    return status;
}

enum status votes_keep(struct session *session, const struct votes *votes,
    const struct message *message, const struct digest *study, int64_t now)
{
    struct subjects subjects;
    enum status status = find_subjects(&subjects, votes, study);
    for (size_t i = 0; status == STATUS_OK && i < subjects.count; i++) {
        const struct rejected rejected = {
            study, i == 0 ? study : &subjects.ids[i]};
        status = keep_rejections(session, votes, message, &rejected, now);
    }
    return status;
}

/* ---- what was kept ---- */

struct gathering {
    const struct session *session;
    const struct digest *subject;
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
    if (approval_verify(&approval, envelope, gathering->subject,
            gathering->session->roster) == STATUS_OK &&
        !approval.approve &&
        is_new(gathering, &envelope->signatures[0].signer)) {
        gathering->votes->items[gathering->votes->count++] = envelope;
        return STATUS_OK;
    }
    envelope_destroy(envelope);
    return STATUS_OK;
}

static enum status gather_of(struct votes *votes, const struct session *session,
    const struct digest *study, const struct digest *subject)
{
    struct store *store = session->setup.store;
    struct gathering gathering = {session, subject, votes, votes->count};
    enum status status =
        store_visit_rejections(store, subject, gather, &gathering);
    /* Rejections that came while enough others approved were once kept there.
     */
    return status == STATUS_OK
               ? store_visit_approvals(store, study, gather, &gathering)
               : status;
}

enum status votes_gather(struct votes *votes, const struct session *session,
    const struct digest *study)
{
    struct subjects subjects;
    enum status status = find_subjects(&subjects, votes, study);
    for (size_t i = 0; status == STATUS_OK && i < subjects.count; i++)
        status = gather_of(votes, session, study, &subjects.ids[i]);
    return status;
}
