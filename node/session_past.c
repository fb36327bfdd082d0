/*
 * The session's part in noticing a lost or restored database (past.h): what is
 * told of our own head and of others', what is heard, and that nothing is said
 * of a question while the database is behind.
 */
#include "node/session_internal.h"
#include "protocol/wire/log.h"

struct telling {
    const struct roster *roster;
    struct buffer body;
};

/* Those of centers that left are kept, and not told: a message has room for a
 * roster's. One of them is left out where our own is not of the roster; others
 * carry that too. */
static enum status append_head(void *arg, const struct head *head)
{
    struct telling *telling = arg;
    if (telling->body.size == (size_t)HEADS_MAX * HEAD_BYTES)
        return STATUS_OK;
    return roster_find_center_key(telling->roster, &head->signer) == NULL
               ? STATUS_OK
               : head_append(&telling->body, head);
}

enum status past_tell(struct session *session, bool all, struct outbox *outbox)
{
    const struct past *past = &session->past;
    struct message heads = {.type = MESSAGE_HEADS};
    struct telling telling = {.roster = session->roster};
    buffer_init(&telling.body, (size_t)HEADS_MAX * HEAD_BYTES);
    enum status status = STATUS_OK;
    if (past->known.era != 0)
        status = head_append(&telling.body, &past->known);
    if (status == STATUS_OK && all)
        status =
            store_visit_witnessed(session->setup.store, append_head, &telling);
    heads.body = buffer_view(&telling.body);
    if (status == STATUS_OK && heads.body.size > 0)
        status = outbox_add(outbox, &heads);
    if (status == STATUS_OK)
        session->told = past->known;
    buffer_fini(&telling.body);
    return status;
}

enum status past_tell_change(struct session *session, struct outbox *outbox)
{
    return session->past.known.era == 0 ||
                   head_compare(&session->past.known, &session->told) == 0
               ? STATUS_OK
               : past_tell(session, false, outbox);
}

/* ---- what the coordinator tells ---- */

/* A head of another center, kept when it is later than what we have of it. An
 * earlier one says that the coordinator has lost, or hides, what it had. */
static enum status witness(struct session *session, const struct head *head)
{
    struct store *store = session->setup.store;
    struct head kept;
    const struct identity *center =
        roster_find_center_key(session->roster, &head->signer);
    if (center == NULL)
        return STATUS_OK;
    enum status status = store_find_witnessed(store, &head->signer, &kept);
    int order = -1;
    if (status == STATUS_OK)
        order = head_compare(&kept, head);
    else if (status != STATUS_NOT_FOUND)
        return status;
    if (order > 0 ||
        (order == 0 && !digest_equal(&kept.digest, &head->digest))) {
        log_event(LOG_WARN, "past",
            order > 0 ? "coordinator_is_behind" : "forked", "center=%s",
            center->name);
    }
    if (order >= 0)
        return STATUS_OK;
    return head_verify(head) ? store_put_witnessed(store, head)
                             : STATUS_BAD_SIGNATURE;
}

static enum status take_all(struct session *session, struct view body)
{
    const struct public_key *self =
        &keypair_identity(session->setup.keys)->sign;
    size_t count;
    enum status status = heads_count(body, &count);
    for (size_t i = 0; status == STATUS_OK && i < count; i++) {
        struct head head;
        status = heads_get(body, i, &head);
        if (status == STATUS_OK)
            status = public_key_equal(&head.signer, self)
                         ? past_take(&session->past, &head)
                         : witness(session, &head);
    }
    return status;
}

/* Nothing that is under way may still leave. */
static void stop_all(struct session *session)
{
    if (session->job != NULL)
        session->job->question->over = true;
    open_close_all(session);
}

enum status session_take_heads(struct session *session,
    const struct message *message, struct session_time now,
    struct outbox *outbox)
{
    struct store *store = session->setup.store;
    (void)now;
    (void)outbox;
    enum status status = store_begin(store);
    if (status != STATUS_OK)
        return status;
    status = take_all(session, message->body);
    if (status == STATUS_OK)
        status = store_commit(store);
    else
        store_rollback(store);
    if (session->past.behind)
        stop_all(session);
    if (status == STATUS_OK || session_is_own_failure(status))
        return status;
    log_event(
        LOG_WARN, "past", "heads_refused", "reason=%s", status_name(status));
    return STATUS_OK;
}

/* ---- while the database is behind ---- */

enum status past_refuse(struct session *session, const struct message *message,
    struct outbox *outbox)
{
    struct message refusal = {.type = MESSAGE_REFUSE};
    struct envelope *header = NULL;
    log_event(
        LOG_ERROR, "past", "behind", "reason=\"%s\"", session->past.reason);
    if (message->type != MESSAGE_OPEN ||
        envelope_decode(&header, message->header) != STATUS_OK)
        return STATUS_OK;
    refusal.id = envelope_id(header);
    envelope_destroy(header);
    return outbox_add(outbox, &refusal);
}

enum status past_seal(struct session *session, enum status status,
    struct outbox *outbox, size_t before)
{
    enum status kept = past_keep(&session->past);
    if (kept == STATUS_OK)
        return status;
    while (outbox->count > before)
        buffer_fini(&outbox->messages[--outbox->count]);
    return status == STATUS_OK ? kept : status;
}
