#include "node/audit.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "protocol/wire/text.h"

#define DETAIL_MAX 1024

static enum status chain_digest(
    const struct store_record *record, struct digest *digest)
{
    struct buffer text;
    buffer_init(&text, BUFFER_LIMIT_DEFAULT);
    enum status status =
        buffer_append(&text, record->previous.bytes, DIGEST_BYTES);
    if (status == STATUS_OK) {
        status = buffer_append_format(&text, "%lld\n%lld\n%s\n%s\n%s",
            (long long)record->sequence, (long long)record->time, record->event,
            record->subject, record->detail);
    }
    if (status == STATUS_OK)
        *digest = digest_of(buffer_view(&text));
    buffer_fini(&text);
    return status;
}

static struct view signed_bytes(
    const struct digest *digest, uint8_t bytes[18 + DIGEST_BYTES])
{
    /* NOLINTNEXTLINE(bugprone-not-null-terminated-result): bytes to sign */
    memcpy(bytes, "cohortium-audit-1\n", 18);
    memcpy(bytes + 18, digest->bytes, DIGEST_BYTES);
    return (struct view){bytes, 18 + DIGEST_BYTES};
}

enum status audit_record(struct store *store, const struct keypair *keys,
    int64_t now, const char *event, const struct digest *subject,
    const char *detail, ...)
{
    char written[DETAIL_MAX], text[DETAIL_MAX], about[DIGEST_TEXT] = "";
    uint8_t bytes[18 + DIGEST_BYTES];
    va_list list;
    va_start(list, detail);
    vsnprintf(written, sizeof written, detail, list);
    va_end(list);
    text_show(text, sizeof text, view_of_text(written));
    if (subject != NULL)
        digest_to_text(about, subject);
    struct store_record record = {
        .time = now, .event = event, .subject = about, .detail = text};
    enum status status =
        store_audit_head(store, &record.sequence, &record.previous);
    record.sequence++;
    if (status == STATUS_OK)
        status = chain_digest(&record, &record.digest);
    if (status == STATUS_OK)
        status = keypair_sign(
            keys, &record.signature, signed_bytes(&record.digest, bytes));
    return status == STATUS_OK ? store_audit_append(store, &record) : status;
}

struct verification {
    const struct public_key *signer;
    struct digest previous;
    struct audit_finding *finding;
};

static enum status found(
    struct verification *v, int64_t sequence, const char *problem)
{
    snprintf(v->finding->problem, sizeof v->finding->problem, "record %lld: %s",
        (long long)sequence, problem);
    return STATUS_CORRUPT;
}

static enum status verify_record(void *arg, const struct store_record *record)
{
    struct verification *v = arg;
    struct digest digest;
    uint8_t bytes[18 + DIGEST_BYTES];
    int64_t expected = v->finding->records + 1;
    if (record->sequence != expected)
        return found(v, expected, "is not there");
    if (!digest_equal(&record->previous, &v->previous))
        return found(v, expected, "does not follow from the one before");
    if (chain_digest(record, &digest) != STATUS_OK ||
        !digest_equal(&digest, &record->digest))
        return found(v, expected, "was changed");
    if (!signature_verify(&record->signature,
            signed_bytes(&record->digest, bytes), v->signer))
        return found(v, expected, "is not signed by this node");
    v->previous = record->digest;
    v->finding->records++;
    return STATUS_OK;
}

enum status audit_verify(struct store *store, const struct public_key *signer,
    struct audit_finding *finding)
{
    int64_t length;
    struct verification v = {.signer = signer, .finding = finding};
    *finding = (struct audit_finding){0};
    enum status status = store_audit_visit(store, 1, verify_record, &v);
    if (status == STATUS_CORRUPT) {
        if (finding->problem[0] == '\0')
            (void)found(&v, finding->records + 1, "cannot be read");
        return STATUS_OK;
    }
    if (status == STATUS_OK)
        status = store_audit_length(store, &length);
    if (status == STATUS_OK && length != finding->records)
        (void)found(&v, finding->records + 1, "was cut off with all after it");
    return status;
}
