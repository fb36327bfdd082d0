#include "node/past.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "node/audit.h"
#include "protocol/wire/json_text.h"
#include "protocol/wire/log.h"

#define FILE_BYTES_MAX 4096

/* ---- the file ---- */

static enum status write_file(const char *path, const struct head *head)
{
    char identity[KEY_TEXT], digest[DIGEST_TEXT];
    char signature[2 * sizeof head->signature.bytes + 1];
    struct buffer text;
    public_key_to_text(identity, &head->signer);
    digest_to_text(digest, &head->digest);
    hex_encode(signature, head->signature.bytes, sizeof head->signature.bytes);
    json_t *json = json_pack("{s:s, s:I, s:I, s:s, s:s}", "identity", identity,
        "era", (json_int_t)head->era, "length", (json_int_t)head->length,
        "digest", digest, "signature", signature);
    buffer_init(&text, FILE_BYTES_MAX);
    enum status status = json_text_append(&text, json, JSON_INDENT(2));
    json_decref(json);
    if (status == STATUS_OK)
        status = buffer_append_text(&text, "\n");
    if (status == STATUS_OK)
        status = file_write_atomic(path, buffer_view(&text), 0644);
    buffer_fini(&text);
    return status;
}

static enum status read_number(
    const json_t *json, const char *name, int64_t *out, int64_t max)
{
    const json_t *value = json_object_get(json, name);
    *out = json_integer_value(value);
    return json_is_integer(value) && *out >= 0 && *out <= max ? STATUS_OK
                                                              : STATUS_CORRUPT;
}

static enum status read_head(const json_t *json, struct head *head)
{
    const char *identity = json_string_value(json_object_get(json, "identity"));
    const char *digest = json_string_value(json_object_get(json, "digest"));
    const char *signature =
        json_string_value(json_object_get(json, "signature"));
    if (identity == NULL || digest == NULL || signature == NULL ||
        public_key_from_text(&head->signer, identity) != STATUS_OK ||
        digest_from_text(&head->digest, digest) != STATUS_OK ||
        hex_decode(head->signature.bytes, sizeof head->signature.bytes,
            signature) != STATUS_OK ||
        read_number(json, "era", &head->era, HEAD_ERA_MAX) != STATUS_OK)
        return STATUS_CORRUPT;
    return read_number(json, "length", &head->length, HEAD_NUMBER_MAX);
}

/* STATUS_NOT_FOUND; STATUS_CORRUPT when it is no head that this node signed. */
static enum status read_file(
    const char *path, const struct public_key *signer, struct head *head)
{
    struct buffer text;
    json_t *json = NULL;
    buffer_init(&text, FILE_BYTES_MAX);
    enum status status = buffer_read_file(&text, path);
    if (status == STATUS_OK)
        status = json_text_parse(
            &json, buffer_view(&text), JSON_REJECT_DUPLICATES, NULL);
    if (status == STATUS_MALFORMED || status == STATUS_TOO_LARGE)
        status = STATUS_CORRUPT;
    if (status == STATUS_OK)
        status = read_head(json, head);
    if (status == STATUS_OK &&
        (!public_key_equal(&head->signer, signer) || !head_verify(head)))
        status = STATUS_CORRUPT;
    json_decref(json);
    buffer_fini(&text);
    return status;
}

/* ---- the comparison ---- */

static void call_behind(struct past *past, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void call_behind(struct past *past, const char *format, ...)
{
    va_list list;
    past->behind = true;
    va_start(list, format);
    vsnprintf(past->reason, sizeof past->reason, format, list);
    va_end(list);
}

/* Whether the database lacks what this head of ours stands for: it is behind
 * then. */
static enum status compare(
    struct past *past, const struct head *head, bool *lacks)
{
    int64_t era, length;
    struct digest digest;
    *lacks = false;
    enum status status = store_get_era(past->store, &era);
    if (status != STATUS_OK || era > head->era || head->era == 0)
        return status;
    status = store_audit_length(past->store, &length);
    if (status != STATUS_OK)
        return status;
    *lacks = era < head->era || length < head->length;
    if (*lacks) {
        call_behind(past,
            "this node signed %lld records of its audit log, and the database "
            "has %lld",
            (long long)head->length, (long long)length);
        return STATUS_OK;
    }
    status = store_audit_digest(past->store, head->length, &digest);
    *lacks = status == STATUS_NOT_FOUND ||
             (status == STATUS_OK && !digest_equal(&digest, &head->digest));
    if (*lacks) {
        call_behind(past,
            "record %lld of the audit log is not the one that this node signed",
            (long long)head->length);
        return STATUS_OK;
    }
    return status;
}

/* The database's own head, not signed yet. */
static enum status head_now(const struct past *past, struct head *head)
{
    *head = (struct head){.era = 0};
    enum status status = store_get_era(past->store, &head->era);
    return status == STATUS_OK
               ? store_audit_head(past->store, &head->length, &head->digest)
               : status;
}

static enum status keep(struct past *past, struct head *head)
{
    enum status status = head_sign(head, past->keys);
    if (status == STATUS_OK && past->path != NULL)
        status = write_file(past->path, head);
    if (status == STATUS_OK && past->path != NULL)
        status = store_note_head_kept(past->store);
    if (status == STATUS_OK)
        past->known = *head;
    return status;
}

static enum status open_file(struct past *past)
{
    bool kept, lacks;
    if (past->path == NULL)
        return STATUS_OK;
    enum status status = read_file(
        past->path, &keypair_identity(past->keys)->sign, &past->known);
    if (status == STATUS_OK)
        return compare(past, &past->known, &lacks);
    past->known = (struct head){.era = 0};
    if (status == STATUS_CORRUPT) {
        call_behind(past, "%s is damaged, or of another node", PAST_FILE);
        return STATUS_OK;
    }
    if (status != STATUS_NOT_FOUND)
        return status;
    status = store_head_kept(past->store, &kept);
    if (status == STATUS_OK && kept)
        call_behind(past, "%s is not there any more", PAST_FILE);
    return status;
}

enum status past_open(struct past *past, struct store *store,
    const struct keypair *keys, const char *path)
{
    *past = (struct past){.store = store, .keys = keys, .path = path};
    enum status status = open_file(past);
    return status == STATUS_OK ? past_keep(past) : status;
}

enum status past_keep(struct past *past)
{
    struct head now;
    if (past->behind)
        return STATUS_OK;
    enum status status = head_now(past, &now);
    if (status != STATUS_OK ||
        (past->known.era != 0 && head_compare(&now, &past->known) == 0))
        return status;
    return keep(past, &now);
}

enum status past_take(struct past *past, const struct head *head)
{
    if (!public_key_equal(&head->signer, &keypair_identity(past->keys)->sign) ||
        !head_verify(head))
        return STATUS_BAD_SIGNATURE;
    bool lacks;
    enum status status = compare(past, head, &lacks);
    if (status != STATUS_OK || !lacks)
        return status;
    log_event(LOG_ERROR, "past", "behind", "reason=\"%s\"", past->reason);
    if (past->known.era != 0 && head_compare(head, &past->known) < 0)
        return STATUS_OK;
    past->known = *head;
    return past->path == NULL ? STATUS_OK : write_file(past->path, head);
}

enum status past_review(struct past *past)
{
    struct past now;
    if (!past->behind || past->path == NULL)
        return STATUS_OK;
    enum status status = past_open(&now, past->store, past->keys, past->path);
    if (status == STATUS_OK)
        *past = now;
    return status;
}

/* ---- going on ---- */

enum status past_recover(struct past *past, int64_t now)
{
    int64_t era;
    enum status status = store_get_era(past->store, &era);
    if (status != STATUS_OK)
        return status;
    if (past->known.era > era)
        era = past->known.era;
    if (era == HEAD_ERA_MAX)
        return STATUS_LIMIT_REACHED;
    status = store_put_era(past->store, era + 1);
    return status == STATUS_OK
               ? audit_record(past->store, past->keys, now, "recovered", NULL,
                     "era %lld begins: %s; what was answered between is not "
                     "in this log",
                     (long long)era + 1, past->reason)
               : status;
}

enum status past_recovered(struct past *past)
{
    past->behind = false;
    past->reason[0] = '\0';
    return past_keep(past);
}
