#include <stdlib.h>
#include <string.h>

#include "node/audit.h"
#include "node/session.h"
#include "protocol/query/query.h"
#include "protocol/wire/json_text.h"

static enum status write_payload(struct buffer *out,
    const struct session_setup *setup, const struct store_decision *decision,
    const char *federation, int64_t now)
{
    char study[DIGEST_TEXT], date[TIME_TEXT];
    digest_to_text(study, &decision->study);
    time_text(date, now);
    json_t *json = json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:s}", "cohortium",
        "opt-in", "study", study, "center", keypair_identity(setup->keys)->name,
        "roster", federation, "decision", decision->in ? "in" : "out",
        "sequence", (json_int_t)decision->sequence, "date", date);
    enum status status = json_text_append(out, json, JSON_COMPACT);
    json_decref(json);
    return status;
}

static enum status sign_decision(struct buffer *out,
    const struct session_setup *setup, const struct store_decision *decision,
    const char *federation, int64_t now)
{
    struct buffer payload;
    struct envelope *envelope = NULL;
    buffer_init(&payload, BUFFER_LIMIT_DEFAULT);
    enum status status =
        write_payload(&payload, setup, decision, federation, now);
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
    strcpy(decision.limits, limits);
    if (status == STATUS_OK)
        status = sign_decision(&envelope, setup, &decision, federation, now);
    decision.envelope = buffer_view(&envelope);
    if (status == STATUS_OK)
        status = store_put_decision(setup->store, &decision, now);
    if (status == STATUS_OK)
        status = audit_record(setup->store, setup->keys, now,
            in ? "opted_in" : "opted_out", study, "sequence %lld",
            (long long)decision.sequence);
    if (status == STATUS_OK)
        status = store_commit(setup->store);
    else
        store_rollback(setup->store);
    buffer_fini(&envelope);
    return status;
}
