#include <stdlib.h>
#include <string.h>

#include "node/audit.h"
#include "node/session_internal.h"
#include "policy/amendment.h"
#include "protocol/wire/log.h"

void session_forget_verified(struct session *session)
{
    study_destroy(session->verified);
    session->verified = NULL;
}

/* From now on; questions that are open end at their next step. */
static void adopt(struct session *session, struct roster *roster)
{
    struct diagnostic diagnostic;
    roster_destroy(session->roster);
    session->roster = roster;
    session_forget_verified(session);
    diagnostic_init(&diagnostic, "");
    log_event(LOG_INFO, "session", "roster", "version=%lld endpoint=%s",
        (long long)roster->version, roster->endpoint);
    if (session_check_standing(session, &diagnostic) != STATUS_OK)
        log_event(LOG_WARN, "session", "not_on_roster", "text=\"%s\"",
            diagnostic.message);
}

enum status session_read_roster(
    const struct session *session, struct roster **out, struct view bytes)
{
    const struct roster *last = session->roster;
    struct envelope *envelope = NULL;
    struct roster *said = NULL;
    struct diagnostic diagnostic;
    diagnostic_init(&diagnostic, "roster");
    *out = NULL;
    enum status status = envelope_decode(&envelope, bytes);
    if (status == STATUS_OK)
        status =
            roster_parse(&said, buffer_view(&envelope->payload), &diagnostic);
    if (status == STATUS_OK && (last == NULL || said->version > last->version))
        status = roster_verify(out, envelope, last, &diagnostic);
    roster_destroy(said);
    envelope_destroy(envelope);
    return status;
}

static enum status follow_roster(
    void *arg, const struct digest *id, struct view bytes)
{
    struct session *session = arg;
    struct roster *roster = NULL;
    (void)id;
    enum status status = session_read_roster(session, &roster, bytes);
    if (status == STATUS_OK && roster != NULL)
        adopt(session, roster);
    return status;
}

enum status session_follow_rosters(struct session *session)
{
    struct store *store = session->setup.store;
    int64_t version;
    enum status status = store_roster_version(store, &version);
    if (status != STATUS_OK || version <= session->roster->version)
        return status;
    return store_visit_rosters(store, follow_roster, session);
}

static enum status take_roster(
    struct session *session, struct view bytes, int64_t now)
{
    struct roster *roster = NULL;
    enum status status = session_read_roster(session, &roster, bytes);
    if (status != STATUS_OK) {
        log_event(LOG_WARN, "session", "roster_refused", "reason=%s",
            status_name(status));
        return session_is_own_failure(status) ? status : STATUS_OK;
    }
    if (roster == NULL)
        return STATUS_OK;
    struct store *store = session->setup.store;
    status = store_begin(store);
    if (status == STATUS_OK)
        status = store_put_roster(store, roster->version, bytes);
    if (status == STATUS_OK) {
        status =
            audit_record(store, session->setup.keys, now, "roster_accepted",
                &roster->id, "version %lld", (long long)roster->version);
    }
    if (status == STATUS_OK)
        status = store_commit(store);
    else
        store_rollback(store);
    if (status != STATUS_OK) {
        roster_destroy(roster);
        return status;
    }
    adopt(session, roster);
    return STATUS_OK;
}

enum status session_take_rosters(struct session *session,
    const struct message *message, struct session_time now)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < message->document_count; i++)
        status = take_roster(session, message->documents[i], now.wall_seconds);
    return status;
}

/* ---- studies ---- */

/* Shown to the data manager only when it would be answered: signed, approved,
 * of this federation and dictionary. */
static enum status check_study(const struct session *session,
    struct study *study, const struct envelope_list *approvals,
    const struct wall_clock *clock, struct diagnostic *diagnostic)
{
    if (strcmp(study->federation, session->roster->federation) != 0)
        return STATUS_WRONG_ROSTER;
    if (!digest_equal(
            &study->dictionary_id, &session->setup.dictionary->digest))
        return STATUS_WRONG_DICTIONARY;
    enum status status =
        study_check(study, session->setup.dictionary, diagnostic);
    if (status == STATUS_OK)
        status = study_check_approvals(
            study, session->roster, approvals, clock, diagnostic);
    return status;
}

static enum status find_bytes(
    void *arg, const struct digest *id, struct view bytes)
{
    struct view *wanted = arg;
    (void)id;
    if (view_equal(*wanted, bytes))
        wanted->size = 0; /* it is there */
    return STATUS_OK;
}

/* An amendment that is approved, with all before it. */
static bool is_amendment(const struct session *session,
    const struct study *study, const struct votes *votes, size_t at,
    int64_t now)
{
    const struct wall_clock clock = {now, NODE_CLOCK};
    const struct envelope_list list = votes_list(votes);
    const struct digest id = envelope_id(votes->items[at]);
    struct study *amended = NULL;
    struct diagnostic diagnostic;
    diagnostic_init(&diagnostic, "amendment");
    enum status status =
        study_copy(&amended, study, session->setup.dictionary, &diagnostic);
    if (status == STATUS_OK)
        status = study_amend(amended, &id, &list, &diagnostic);
    if (status == STATUS_OK)
        status = study_check_amendments(
            amended, session->roster, &list, &clock, &diagnostic);
    if (status != STATUS_OK)
        log_event(LOG_WARN, "session", "amendment_refused",
            "study=%s reason=%s text=\"%s\"", study->name, status_name(status),
            diagnostic.message);
    study_destroy(amended);
    return status == STATUS_OK;
}

static enum status store_amendment(struct session *session, struct view bytes,
    const struct study *study, const struct digest *id, int64_t now)
{
    struct store *store = session->setup.store;
    struct view wanted = bytes;
    enum status status =
        store_visit_approvals(store, &study->id, find_bytes, &wanted);
    if (status != STATUS_OK || wanted.size == 0)
        return status;
    status = store_put_approval(store, &study->id, bytes);
    if (status == STATUS_OK)
        status = audit_record(store, session->setup.keys, now,
            "amendment_received", id, "%s", study->name);
    return status;
}

/* Whether it is an approval of the study, or of an amendment that came. */
static bool counts(const struct session *session, const struct study *study,
    const struct votes *votes, const struct envelope *envelope)
{
    struct approval approval;
    bool found = approval_verify(&approval, envelope, &study->id,
                     session->roster) == STATUS_OK;
    for (size_t i = 0; !found && i < votes->count; i++) {
        if (strcmp(votes->items[i]->type, TYPE_AMENDMENT) != 0)
            continue;
        const struct digest id = envelope_id(votes->items[i]);
        found = approval_verify(&approval, envelope, &id, session->roster) ==
                STATUS_OK;
    }
    return found;
}

/* Of the documents that came, those that count for the study: a coordinator
 * cannot fill this disk with others. */
static enum status store_votes(struct session *session,
    const struct message *message, const struct study *study,
    const struct votes *votes, int64_t now)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < message->document_count;
         i++) {
        const struct envelope *envelope = votes->items[i];
        const struct digest id = envelope_id(envelope);
        if (strcmp(envelope->type, TYPE_AMENDMENT) != 0) {
            if (counts(session, study, votes, envelope))
                status = store_put_approval(
                    session->setup.store, &study->id, message->documents[i]);
        } else if (is_amendment(session, study, votes, i, now)) {
            status = store_amendment(
                session, message->documents[i], study, &id, now);
        }
    }
    return status;
}

static enum status store_study(struct session *session,
    const struct message *message, const struct study *study,
    const struct votes *votes, int64_t now)
{
    struct store *store = session->setup.store;
    enum status status = store_begin(store);
    if (status != STATUS_OK)
        return status;
    status =
        store_put_study(store, &study->id, study->name, message->study, now);
    bool known = status == STATUS_EXISTS;
    if (known)
        status = STATUS_OK;
    if (status == STATUS_OK)
        status = store_votes(session, message, study, votes, now);
    if (status == STATUS_OK && !known)
        status = audit_record(store, session->setup.keys, now, "study_received",
            &study->id, "%s", study->name);
    if (status == STATUS_OK)
        return store_commit(store);
    store_rollback(store);
    return status;
}

/* A rejection is kept whatever else there is to say of the study. */
static enum status judge_study(struct session *session,
    const struct message *message, struct study *study, struct votes *votes,
    int64_t now)
{
    const struct wall_clock clock = {now, NODE_CLOCK};
    struct diagnostic diagnostic;
    diagnostic_init(&diagnostic, "study");
    enum status status = votes_decode(votes, message);
    if (status == STATUS_OK)
        status = votes_keep(session, votes, message, &study->id, now);
    if (status == STATUS_OK)
        status = votes_gather(votes, session, &study->id);
    const struct envelope_list list = votes_list(votes);
    if (status == STATUS_OK)
        status = check_study(session, study, &list, &clock, &diagnostic);
    if (status != STATUS_OK)
        log_event(LOG_WARN, "session", "study_refused",
            "name=%s reason=%s text=\"%s\"", study->name, status_name(status),
            diagnostic.message);
    return status;
}

enum status session_take_study(struct session *session,
    const struct message *message, struct session_time now)
{
    struct envelope *envelope = NULL;
    struct votes votes = {.count = 0};
    struct study *study = NULL;
    struct diagnostic diagnostic;
    diagnostic_init(&diagnostic, "study");
    enum status status = envelope_decode(&envelope, message->study);
    if (status == STATUS_OK)
        status = study_verify(&study, envelope, &diagnostic);
    if (status != STATUS_OK)
        log_event(LOG_WARN, "session", "study_refused", "reason=%s text=\"%s\"",
            status_name(status), diagnostic.message);
    else
        status = judge_study(session, message, study, &votes, now.wall_seconds);
    if (status == STATUS_OK)
        status = store_study(session, message, study, &votes, now.wall_seconds);
    else if (!session_is_own_failure(status))
        status = STATUS_OK;
    study_destroy(study);
    envelope_destroy(envelope);
    votes_fini(&votes);
    return status;
}
