#include "node/freeze.h"

#include <stdio.h>

#include <sodium.h>

#include "node/audit.h"
#include "policy/freeze.h"
#include "protocol/wire/envelope.h"

#define DAY_SECONDS 86400

static enum status sign(struct buffer *out, const struct keypair *keys,
    const struct store_freeze *made, const struct digest *digest)
{
    struct buffer payload;
    struct envelope *envelope = NULL;
    struct freeze freeze = {
        .number = made->number, .digest = *digest, .date = made->time};
    snprintf(freeze.center, sizeof freeze.center, "%s",
        keypair_identity(keys)->name);
    buffer_init(&payload, BUFFER_LIMIT_DEFAULT);
    enum status status = freeze_write(&payload, &freeze);
    if (status == STATUS_OK)
        status = envelope_create(&envelope, TYPE_FREEZE, buffer_view(&payload));
    if (status == STATUS_OK)
        status = envelope_sign(envelope, keys);
    if (status == STATUS_OK)
        status = envelope_encode(envelope, out);
    envelope_destroy(envelope);
    buffer_fini(&payload);
    return status;
}

/* Within a transaction. */
static enum status make(struct store *store, const struct keypair *keys,
    int64_t now, int64_t *number)
{
    struct store_freeze freeze = {.time = now};
    struct store_view view;
    struct digest digest;
    struct buffer envelope;
    buffer_init(&envelope, BUFFER_LIMIT_DEFAULT);
    randombytes_buf(freeze.secret, sizeof freeze.secret);
    enum status status = store_last_freeze(store, &freeze.number);
    if (status == STATUS_OK && ++freeze.number > FREEZE_NUMBER_MAX)
        status = STATUS_LIMIT_REACHED;
    if (status == STATUS_OK)
        status = store_view_now(store, &view);
    if (status == STATUS_OK)
        status = store_digest_rows(store, &view, freeze.secret, &digest);
    if (status == STATUS_OK)
        status = sign(&envelope, keys, &freeze, &digest);
    freeze.envelope = buffer_view(&envelope);
    if (status == STATUS_OK)
        status = store_put_freeze(store, &freeze);
    if (status == STATUS_OK)
        status = audit_record(store, keys, now, "freeze_made", &digest,
            "number %lld", (long long)freeze.number);
    *number = freeze.number;
    sodium_memzero(&freeze, sizeof freeze);
    buffer_fini(&envelope);
    return status;
}

/* Whether one is to be made, looked at within the transaction: another process
 * may have made it. days -1: whatever changed; -2: the first alone. */
#define ALWAYS (-1)
#define FIRST_ONLY (-2)
static enum status is_due(
    struct store *store, int64_t now, int64_t days, bool *due)
{
    struct store_freeze last;
    int64_t number;
    *due = true;
    if (days == ALWAYS)
        return STATUS_OK;
    enum status status = store_freeze_due(store, due);
    if (status == STATUS_OK)
        status = store_last_freeze(store, &number);
    if (status != STATUS_OK || number == 0)
        return status;
    status = store_find_freeze(store, number, &last, NULL);
    *due = *due && days != FIRST_ONLY && now - last.time >= days * DAY_SECONDS;
    sodium_memzero(&last, sizeof last);
    return status;
}

static enum status make_if(struct store *store, const struct keypair *keys,
    int64_t now, int64_t days, int64_t *number)
{
    bool due = false;
    *number = 0;
    enum status status = is_due(store, now, days, &due);
    if (status != STATUS_OK || !due)
        return status; /* without a lock */
    status = store_begin(store);
    if (status == STATUS_OK)
        status = is_due(store, now, days, &due);
    if (status == STATUS_OK && due)
        status = make(store, keys, now, number);
    if (status == STATUS_OK)
        return store_commit(store);
    store_rollback(store);
    return status;
}

enum status freeze_make(struct store *store, const struct keypair *keys,
    int64_t now, int64_t *number)
{
    return make_if(store, keys, now, ALWAYS, number);
}

enum status freeze_make_first(struct store *store, const struct keypair *keys,
    int64_t now, int64_t *number)
{
    return make_if(store, keys, now, FIRST_ONLY, number);
}

enum status freeze_make_due(struct store *store, const struct keypair *keys,
    int64_t now, int64_t days, int64_t *number)
{
    return make_if(store, keys, now, days, number);
}
