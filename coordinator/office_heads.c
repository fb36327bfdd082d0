/*
 * Heads of the centers' audit logs: what a center says of its own and carries
 * of others', and what it is told.
 */
#include "coordinator/office_internal.h"
#include "protocol/wire/log.h"

/* New heads go to the centers that carry them each so many heartbeats. */
#define BEATS_TO_TELL 10

/* Those on the roster that changed after `since`. */
static enum status list_heads(
    const struct office *office, uint64_t since, struct buffer *body)
{
    enum status status = STATUS_OK;
    const struct head *head;
    uint64_t change;
    for (size_t i = 0; status == STATUS_OK &&
                       (head = heads_at(office->heads, i, &change)) != NULL;
         i++) {
        if (change > since && roster_find_center_key(office->catalog->roster,
                                  &head->signer) != NULL)
            status = head_append(body, head);
    }
    return status;
}

static enum status send_heads(struct office *office,
    const struct channel_route *route, const struct buffer *body)
{
    struct message *message = office_message(office, MESSAGE_HEADS);
    message->body = buffer_view(body);
    return body->size == 0 ? STATUS_OK : office_send(office, route);
}

enum status office_tell_heads(
    struct office *office, struct member *center, uint64_t now_ms)
{
    struct buffer body;
    if (office->catalog->roster == NULL ||
        center->heads_told == heads_last_change(office->heads))
        return STATUS_OK;
    buffer_init(&body, (size_t)HEADS_MAX * HEAD_BYTES);
    enum status status = list_heads(office, center->heads_told, &body);
    if (status == STATUS_OK)
        status = send_heads(office, &center->route, &body);
    if (status == STATUS_OK) {
        center->heads_told = heads_last_change(office->heads);
        center->heads_told_ms = now_ms;
    }
    buffer_fini(&body);
    return status;
}

void office_spread_heads(struct office *office, uint64_t now_ms)
{
    const uint64_t interval =
        (uint64_t)office->config->heartbeat_ms * BEATS_TO_TELL;
    for (size_t i = 0; i < members_count(office->members); i++) {
        struct member *center = members_at(office->members, i);
        if (center->connected && now_ms - center->heads_told_ms >= interval)
            (void)office_tell_heads(office, center, now_ms);
    }
    enum status status = heads_save(office->heads, office->ledger);
    if (status != STATUS_OK)
        log_event(LOG_WARN, "office", "heads_not_saved", "status=%s",
            status_name(status));
}

/* ---- what a center says ---- */

/* Another carried a later head of this center than the center itself knew to
 * say: it hears of it at once, for it may have lost it. */
static void tell_its_own(struct office *office, const struct identity *identity,
    const struct head *head)
{
    struct buffer body;
    const struct member *center =
        members_find_center(office->members, identity->name);
    if (center == NULL || !center->connected)
        return;
    buffer_init(&body, HEAD_BYTES);
    if (head_append(&body, head) == STATUS_OK)
        (void)send_heads(office, &center->route, &body);
    buffer_fini(&body);
}

static enum status take_head(struct office *office,
    const struct office_call *call, const struct head *head)
{
    const struct identity *center =
        roster_find_center_key(office->catalog->roster, &head->signer);
    if (center == NULL)
        return STATUS_OK; /* it has left the roster since */
    const bool own =
        public_key_equal(&head->signer, &call->member->identity.sign);
    enum status status = heads_take(office->heads, head);
    if (status == STATUS_OK && !own)
        tell_its_own(office, center, head);
    if (status == STATUS_CORRUPT || (status == STATUS_REPLAYED && own))
        tell_its_own(office, center, heads_find(office->heads, &head->signer));
    if (status == STATUS_CORRUPT)
        log_event(
            LOG_WARN, "office", "center_forked", "center=%s", center->name);
    return status == STATUS_CORRUPT || status == STATUS_REPLAYED ? STATUS_OK
                                                                 : status;
}

void office_on_heads(struct office *office, const struct office_call *call)
{
    const struct view body = call->message->body;
    size_t count;
    enum status status = office->catalog->roster == NULL
                             ? STATUS_NOT_FOUND
                             : heads_count(body, &count);
    for (size_t i = 0; status == STATUS_OK && i < count; i++) {
        struct head head;
        status = heads_get(body, i, &head);
        if (status == STATUS_OK)
            status = take_head(office, call, &head);
    }
    if (status != STATUS_OK)
        log_event(LOG_WARN, "office", "heads_refused", "center=%s status=%s",
            call->member->identity.name, status_name(status));
}
