#include <stdlib.h>
#include <string.h>

#include "coordinator/office_internal.h"
#include "protocol/wire/log.h"

/* Queries that the ledger calls open, copied: what is done with one writes to
 * the ledger, which a visit must not see. */
struct open_query {
    struct digest id;
    struct public_key researcher;
    struct buffer envelope;
};

struct open_list {
    size_t count;
    struct open_query *items;
};

static enum status add_open(void *arg, const struct ledger_query *query)
{
    struct open_list *list = arg;
    struct open_query *items =
        realloc(list->items, (list->count + 1) * sizeof *items);
    if (items == NULL)
        return STATUS_NO_MEMORY;
    list->items = items;
    struct open_query *item = &items[list->count++];
    item->id = query->id;
    item->researcher = query->researcher;
    buffer_init(&item->envelope, BUFFER_LIMIT_DEFAULT);
    return buffer_append(
        &item->envelope, query->envelope.data, query->envelope.size);
}

static void open_list_fini(struct open_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        buffer_fini(&list->items[i].envelope);
    free(list->items);
}

static enum status restore_reply(void *arg, const struct ledger_reply *reply)
{
    struct session *session = arg;
    struct session_center *center = session_find(session, reply->center);
    if (center == NULL)
        return STATUS_CORRUPT;
    enum status status = STATUS_OK;
    if (reply->state == REPLY_ANSWERED) {
        const struct digest digest = digest_of(reply->vector);
        status = digest_equal(&digest, &reply->digest)
                     ? session_take_summary(session, center, reply->vector)
                     : STATUS_CORRUPT;
    } else if (reply->state == REPLY_REFUSED) {
        status = session_take_refusal(session, center);
    }
    if (status != STATUS_OK)
        return STATUS_CORRUPT;
    if (center->state != REPLY_ASKED) {
        center->saved = true;
        session_drop_bytes(session, center);
    }
    return STATUS_OK;
}

static enum status restore_session(struct office *office,
    const struct open_query *open, struct office_clock now)
{
    struct question question;
    struct session *session = NULL;
    struct buffer header;
    struct diagnostic diagnostic;
    diagnostic_init(&diagnostic, "");
    buffer_init(&header, BUFFER_LIMIT_DEFAULT);
    enum status status = STATUS_LIMIT_REACHED;
    if ((int64_t)office->session_count < office->config->max_open_sessions)
        status = ledger_get_session(office->ledger, &open->id, &header);
    if (status == STATUS_OK) {
        status = catalog_admit(office->catalog, &question,
            buffer_view(&open->envelope), &open->researcher, now.wall,
            &diagnostic);
    }
    if (status == STATUS_OK)
        status = session_restore(
            &session, &question, buffer_view(&header), office->keys);
    if (status == STATUS_OK && !digest_equal(&session->question.id, &open->id))
        status = STATUS_CORRUPT;
    if (status == STATUS_OK &&
        (session->header->weighed ||
            study_is_masked(session->question.study->study->privacy)))
        status = STATUS_NO_PEER; /* masks, shares, weights were in memory */
    if (status == STATUS_OK)
        status = session_prepare_gathering(
            session, office->catalog->roster, now.monotonic_ms);
    if (status == STATUS_OK)
        status = ledger_visit_replies(
            office->ledger, &open->id, restore_reply, session);
    buffer_fini(&header);
    if (status != STATUS_OK) {
        session_destroy(session);
        return status;
    }
    int64_t left = session->header->deadline - now.wall;
    session->deadline_ms =
        now.monotonic_ms + (left > 0 ? (uint64_t)left * 1000 : 0);
    office->sessions[office->session_count++] = session;
    return STATUS_OK;
}

/* A question that cannot be asked again ends as failed. */
static enum status give_up(struct office *office, const struct open_query *open,
    enum status reason, int64_t now)
{
    struct ledger_query query = {
        .id = open->id, .state = QUERY_FAILED, .finished = now};
    office_copy_text(query.failure, sizeof query.failure, status_name(reason));
    office_copy_text(query.reason, sizeof query.reason,
        "the office was restarted in the middle of it; ask again");
    enum status status = ledger_begin(office->ledger);
    if (status == STATUS_OK)
        status = ledger_drop_vectors(office->ledger, &open->id);
    if (status == STATUS_OK)
        status = ledger_end_query(office->ledger, &query);
    if (status == STATUS_OK)
        status = ledger_record(office->ledger, now, "query_failed", &open->id,
            "status=%s", query.failure);
    if (status == STATUS_OK)
        return ledger_commit(office->ledger);
    ledger_rollback(office->ledger);
    return status;
}

enum status office_restore_questions(
    struct office *office, struct office_clock now)
{
    struct open_list list = {.count = 0};
    enum status status =
        ledger_visit_open_queries(office->ledger, add_open, &list);
    for (size_t i = 0; status == STATUS_OK && i < list.count; i++) {
        enum status restored = restore_session(office, &list.items[i], now);
        if (restored == STATUS_NO_MEMORY || restored == STATUS_IO)
            status = restored; /* not the question's fault: do not start */
        else if (restored != STATUS_OK)
            status = give_up(office, &list.items[i], restored, now.wall);
        log_event(LOG_INFO, "office", "question_restored", "status=%s",
            status_name(restored));
    }
    open_list_fini(&list);
    return status;
}
