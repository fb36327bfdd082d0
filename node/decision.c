#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/audit.h"
#include "node/session.h"
#include "policy/opt_in.h"

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

enum status decision_record(const struct session_setup *setup,
    const struct digest *study, const char *federation, bool in,
    const char *limits, int64_t now)
{
    struct store_decision decision = {0};
    struct buffer envelope;
    buffer_init(&envelope, BUFFER_LIMIT_DEFAULT);
    if (strlen(limits) >= sizeof decision.limits)
        return STATUS_TOO_LARGE;
    enum status status = store_begin(setup->store);
    if (status != STATUS_OK)
        return status;
    status = store_get_decision(setup->store, study, &decision);
    if (status == STATUS_NOT_FOUND)
        status = STATUS_OK;
    decision.study = *study;
    decision.in = in;
    decision.sequence++;
    snprintf(decision.limits, sizeof decision.limits, "%s", limits);
    if (status == STATUS_OK)
        status = sign_decision(&envelope, setup, &decision, federation, now);
    decision.envelope = buffer_view(&envelope);
    if (status == STATUS_OK)
        status = store_put_decision(setup->store, &decision, now);
    if (status == STATUS_OK) {
        status = audit_record(setup->store, setup->keys, now,
            in ? "opted_in" : "opted_out", study, "sequence %lld",
            (long long)decision.sequence);
    }
    if (status == STATUS_OK)
        status = store_commit(setup->store);
    else
        store_rollback(setup->store);
    buffer_fini(&envelope);
    return status;
}
