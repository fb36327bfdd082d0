#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/audit.h"
#include "node/session.h"
#include "policy/opt_in.h"

#define ERA_BITS 32

static enum status sign_decision(struct buffer *out,
    const struct session_setup *setup, const struct store_decision *decision,
    const char *federation, int64_t now)
{
    struct buffer payload;
    struct envelope *envelope = NULL;
    struct opt_in opt_in = {.study_id = decision->study,
        .in = decision->in,
        .sequence = decision->sequence,
        .date = now};
    snprintf(opt_in.center, sizeof opt_in.center, "%s",
        keypair_identity(setup->keys)->name);
    snprintf(opt_in.federation, sizeof opt_in.federation, "%s", federation);
    buffer_init(&payload, BUFFER_LIMIT_DEFAULT);
    enum status status = opt_in_write(&payload, &opt_in);
    if (status == STATUS_OK)
        status = envelope_create(&envelope, TYPE_OPT_IN, buffer_view(&payload));
    if (status == STATUS_OK)
        status = envelope_sign(envelope, setup->keys);
    if (status == STATUS_OK)
        status = envelope_encode(envelope, out);
    envelope_destroy(envelope);
    buffer_fini(&payload);
    return status;
}

/* One more than before. After a loss those that were lost may have been higher:
 * each era has a range of its own. */
static enum status next_sequence(
    struct store *store, struct store_decision *decision)
{
    int64_t era;
    enum status status = store_get_era(store, &era);
    if (status == STATUS_OK && decision->sequence < (era - 1) << ERA_BITS)
        decision->sequence = (era - 1) << ERA_BITS;
    decision->sequence++;
    return status;
}

/* The study, the answer and its limits are set. */
static enum status put(const struct session_setup *setup,
    struct store_decision *decision, const char *federation, int64_t now)
{
    struct buffer envelope;
    struct store_decision before = {.sequence = 0};
    buffer_init(&envelope, BUFFER_LIMIT_DEFAULT);
    enum status status =
        store_get_decision(setup->store, &decision->study, &before);
    if (status == STATUS_NOT_FOUND)
        status = STATUS_OK;
    decision->sequence = before.sequence;
    if (status == STATUS_OK)
        status = next_sequence(setup->store, decision);
    if (status == STATUS_OK)
        status = sign_decision(&envelope, setup, decision, federation, now);
    decision->envelope = buffer_view(&envelope);
    if (status == STATUS_OK)
        status = store_put_decision(setup->store, decision, now);
    if (status == STATUS_OK) {
        status = audit_record(setup->store, setup->keys, now,
            decision->in ? "opted_in" : "opted_out", &decision->study,
            "sequence %lld", (long long)decision->sequence);
    }
    buffer_fini(&envelope);
    return status;
}

enum status decision_put(const struct session_setup *setup,
    const struct digest *study, const char *federation, bool in, int64_t now)
{
    struct store_decision decision = {.study = *study, .in = in};
    return put(setup, &decision, federation, now);
}

enum status decision_record(const struct session_setup *setup,
    const struct digest *study, const char *federation, bool in,
    const char *limits, int64_t now)
{
    struct store_decision decision = {.study = *study, .in = in};
    if (strlen(limits) >= sizeof decision.limits)
        return STATUS_TOO_LARGE;
    snprintf(decision.limits, sizeof decision.limits, "%s", limits);
    enum status status = store_begin(setup->store);
    if (status != STATUS_OK)
        return status;
    status = put(setup, &decision, federation, now);
    if (status == STATUS_OK)
        return store_commit(setup->store);
    store_rollback(setup->store);
    return status;
}
