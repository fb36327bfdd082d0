#include "protocol/wire/head.h"

#include <string.h>

#include "protocol/wire/little.h"

#define LABEL "cohortium-head-1\n"
#define LABEL_BYTES (sizeof LABEL - 1)
#define STATEMENT_BYTES (LABEL_BYTES + 16 + DIGEST_BYTES)

static struct view statement(
    const struct head *head, uint8_t bytes[STATEMENT_BYTES])
{
    memcpy(bytes, LABEL, LABEL_BYTES);
    little_put(bytes + LABEL_BYTES, (uint64_t)head->era, 8);
    little_put(bytes + LABEL_BYTES + 8, (uint64_t)head->length, 8);
    memcpy(bytes + LABEL_BYTES + 16, head->digest.bytes, DIGEST_BYTES);
    return (struct view){bytes, STATEMENT_BYTES};
}

enum status head_sign(struct head *head, const struct keypair *keys)
{
    uint8_t bytes[STATEMENT_BYTES];
    head->signer = keypair_identity(keys)->sign;
    return keypair_sign(keys, &head->signature, statement(head, bytes));
}

bool head_verify(const struct head *head)
{
    uint8_t bytes[STATEMENT_BYTES];
    return signature_verify(
        &head->signature, statement(head, bytes), &head->signer);
}

int head_compare(const struct head *a, const struct head *b)
{
    if (a->era != b->era)
        return a->era < b->era ? -1 : 1;
    if (a->length != b->length)
        return a->length < b->length ? -1 : 1;
    return 0;
}

enum status head_append(struct buffer *out, const struct head *head)
{
    uint8_t bytes[HEAD_BYTES];
    memcpy(bytes, head->signer.bytes, KEY_BYTES);
    little_put(bytes + 32, (uint64_t)head->era, 8);
    little_put(bytes + 40, (uint64_t)head->length, 8);
    memcpy(bytes + 48, head->digest.bytes, DIGEST_BYTES);
    memcpy(bytes + 80, head->signature.bytes, sizeof head->signature.bytes);
    return buffer_append(out, bytes, sizeof bytes);
}

enum status heads_count(struct view body, size_t *count)
{
    *count = body.size / HEAD_BYTES;
    return body.size % HEAD_BYTES == 0 && *count <= HEADS_MAX
               ? STATUS_OK
               : STATUS_MALFORMED;
}

enum status heads_get(struct view body, size_t index, struct head *out)
{
    const uint8_t *bytes = body.data + index * HEAD_BYTES;
    const uint64_t era = little_get(bytes + 32, 8);
    const uint64_t length = little_get(bytes + 40, 8);
    if (era < 1 || era > (uint64_t)HEAD_ERA_MAX ||
        length > (uint64_t)HEAD_NUMBER_MAX)
        return STATUS_MALFORMED;
    memcpy(out->signer.bytes, bytes, KEY_BYTES);
    out->era = (int64_t)era;
    out->length = (int64_t)length;
    memcpy(out->digest.bytes, bytes + 48, DIGEST_BYTES);
    memcpy(out->signature.bytes, bytes + 80, sizeof out->signature.bytes);
    return STATUS_OK;
}
