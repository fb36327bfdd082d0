#include "protocol/wire/envelope.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "protocol/wire/json_text.h"

#define BASE64 sodium_base64_VARIANT_ORIGINAL
/* base64 of the payload, the signatures, and the names around them */
#define ENVELOPE_TEXT_MAX (ENVELOPE_PAYLOAD_MAX / 3 * 4 + 65536)

/* A media type (RFC 6838): nothing in it needs escaping in JSON. */
static bool is_media_type(const char *type, size_t size)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
                                  "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/.+-_";
    return size > 0 && size <= ENVELOPE_TYPE_MAX &&
           strspn(type, allowed) == size;
}

enum status envelope_create(
    struct envelope **out, const char *type, struct view payload)
{
    *out = NULL;
    if (!is_media_type(type, strlen(type)))
        return STATUS_MALFORMED;
    struct envelope *envelope = calloc(1, sizeof *envelope);
    if (envelope == NULL)
        return STATUS_NO_MEMORY;
    snprintf(envelope->type, sizeof envelope->type, "%s", type);
    buffer_init(&envelope->payload, ENVELOPE_PAYLOAD_MAX);
    enum status status =
        buffer_append(&envelope->payload, payload.data, payload.size);
    if (status != STATUS_OK) {
        envelope_destroy(envelope);
        return status;
    }
    *out = envelope;
    return STATUS_OK;
}

void envelope_destroy(struct envelope *envelope)
{
    if (envelope == NULL)
        return;
    buffer_fini(&envelope->payload);
    free(envelope);
}

/* DSSE protocol.md: PAE(type, body). Lengths are decimal. */
static enum status pre_authentication_encoding(
    const struct envelope *envelope, struct buffer *out)
{
    buffer_init(out, ENVELOPE_PAYLOAD_MAX + 1024);
    enum status status = buffer_append_format(out, "DSSEv1 %zu %s %zu ",
        strlen(envelope->type), envelope->type, envelope->payload.size);
    if (status == STATUS_OK)
        status =
            buffer_append(out, envelope->payload.data, envelope->payload.size);
    return status;
}

enum status envelope_sign(struct envelope *envelope, const struct keypair *keys)
{
    const struct public_key *signer = &keypair_identity(keys)->sign;
    size_t at = 0;
    while (at < envelope->signature_count &&
           !public_key_equal(&envelope->signatures[at].signer, signer))
        at++;
    if (at == ENVELOPE_SIGNATURES_MAX)
        return STATUS_LIMIT_REACHED;
    struct buffer message;
    struct envelope_signature made = {.signer = *signer};
    enum status status = pre_authentication_encoding(envelope, &message);
    if (status == STATUS_OK)
        status = keypair_sign(keys, &made.signature, buffer_view(&message));
    buffer_fini(&message);
    if (status != STATUS_OK)
        return status;
    envelope->signatures[at] = made;
    if (at == envelope->signature_count)
        envelope->signature_count++;
    return STATUS_OK;
}

/* Strict standard base64 with padding: the one text that encodes the bytes. */
static enum status decode_base64(
    uint8_t *out, size_t capacity, size_t *size, const json_t *value)
{
    const char *text = json_string_value(value);
    size_t length = json_string_length(value);
    const char *end = NULL;
    if (text == NULL ||
        sodium_base642bin(
            out, capacity, text, length, NULL, size, &end, BASE64) != 0 ||
        end != text + length)
        return STATUS_MALFORMED;
    return STATUS_OK;
}

static enum status decode_signature(
    struct envelope *envelope, const json_t *item)
{
    const json_t *keyid = json_object_get(item, "keyid");
    const json_t *sig = json_object_get(item, "sig");
    struct envelope_signature *slot =
        &envelope->signatures[envelope->signature_count];
    if (json_object_size(item) != 2 || !json_is_string(keyid) ||
        public_key_from_text(&slot->signer, json_string_value(keyid)) !=
            STATUS_OK)
        return STATUS_MALFORMED;
    size_t size = 0;
    enum status status = decode_base64(
        slot->signature.bytes, sizeof slot->signature.bytes, &size, sig);
    if (status != STATUS_OK || size != sizeof slot->signature.bytes)
        return STATUS_MALFORMED;
    for (size_t i = 0; i < envelope->signature_count; i++) {
        if (public_key_equal(&envelope->signatures[i].signer, &slot->signer))
            return STATUS_MALFORMED;
    }
    envelope->signature_count++;
    return STATUS_OK;
}

static enum status decode_payload(
    struct envelope *envelope, const json_t *payload)
{
    size_t capacity = json_string_length(payload) / 4 * 3 + 3;
    uint8_t *room;
    buffer_init(&envelope->payload, ENVELOPE_PAYLOAD_MAX + 3);
    enum status status = buffer_extend(&envelope->payload, &room, capacity);
    size_t size = 0;
    if (status == STATUS_OK)
        status = decode_base64(room, capacity, &size, payload);
    envelope->payload.size = size;
    envelope->payload.limit = ENVELOPE_PAYLOAD_MAX;
    if (status == STATUS_OK && size > ENVELOPE_PAYLOAD_MAX)
        status = STATUS_TOO_LARGE;
    return status;
}

static enum status decode_object(struct envelope *envelope, const json_t *root)
{
    const json_t *type = json_object_get(root, "payloadType");
    const json_t *payload = json_object_get(root, "payload");
    const json_t *signatures = json_object_get(root, "signatures");
    if (json_object_size(root) != 3 || !json_is_string(type) ||
        !json_is_string(payload) || !json_is_array(signatures) ||
        !is_media_type(json_string_value(type), json_string_length(type)))
        return STATUS_MALFORMED;
    if (json_array_size(signatures) > ENVELOPE_SIGNATURES_MAX)
        return STATUS_TOO_LARGE;
    snprintf(
        envelope->type, sizeof envelope->type, "%s", json_string_value(type));
    enum status status = decode_payload(envelope, payload);
    for (size_t i = 0; status == STATUS_OK && i < json_array_size(signatures);
         i++)
        status = decode_signature(envelope, json_array_get(signatures, i));
    return status;
}

enum status envelope_decode(struct envelope **out, struct view json)
{
    *out = NULL;
    if (json.size > ENVELOPE_TEXT_MAX)
        return STATUS_TOO_LARGE;
    json_t *root = NULL;
    enum status status =
        json_text_parse(&root, json, JSON_REJECT_DUPLICATES, NULL);
    if (status != STATUS_OK)
        return status;
    struct envelope *envelope = calloc(1, sizeof *envelope);
    status =
        envelope == NULL ? STATUS_NO_MEMORY : decode_object(envelope, root);
    json_decref(root);
    if (status != STATUS_OK) {
        envelope_destroy(envelope);
        return status;
    }
    *out = envelope;
    return STATUS_OK;
}

static enum status append_base64(
    struct buffer *out, const uint8_t *bytes, size_t size)
{
    size_t length = sodium_base64_encoded_len(size, BASE64);
    uint8_t *room;
    enum status status = buffer_extend(out, &room, length);
    if (status != STATUS_OK)
        return status;
    sodium_bin2base64((char *)room, length, bytes, size, BASE64);
    out->size--; /* its NUL */
    return STATUS_OK;
}

static enum status append_signature(
    struct buffer *out, const struct envelope_signature *signature)
{
    char key[KEY_TEXT];
    public_key_to_text(key, &signature->signer);
    enum status status =
        buffer_append_format(out, "{\"keyid\":\"%s\",\"sig\":\"", key);
    if (status == STATUS_OK)
        status = append_base64(
            out, signature->signature.bytes, sizeof signature->signature.bytes);
    return status == STATUS_OK ? buffer_append_text(out, "\"}") : status;
}

enum status envelope_encode(const struct envelope *envelope, struct buffer *out)
{
    enum status status = buffer_append_format(
        out, "{\"payloadType\":\"%s\",\"payload\":\"", envelope->type);
    if (status == STATUS_OK)
        status =
            append_base64(out, envelope->payload.data, envelope->payload.size);
    if (status == STATUS_OK)
        status = buffer_append_text(out, "\",\"signatures\":[");
    for (size_t i = 0; status == STATUS_OK && i < envelope->signature_count;
         i++) {
        if (i > 0)
            status = buffer_append_text(out, ",");
        if (status == STATUS_OK)
            status = append_signature(out, &envelope->signatures[i]);
    }
    return status == STATUS_OK ? buffer_append_text(out, "]}") : status;
}

enum status envelope_load(struct envelope **out, const char *path)
{
    struct buffer text;
    *out = NULL;
    buffer_init(&text, ENVELOPE_TEXT_MAX);
    enum status status = buffer_read_file(&text, path);
    if (status == STATUS_OK)
        status = envelope_decode(out, buffer_view(&text));
    buffer_fini(&text);
    return status;
}

enum status envelope_save(const struct envelope *envelope, const char *path)
{
    struct buffer text;
    buffer_init(&text, ENVELOPE_TEXT_MAX);
    enum status status = envelope_encode(envelope, &text);
    if (status == STATUS_OK)
        status = buffer_append_text(&text, "\n");
    if (status == STATUS_OK)
        status = file_write_atomic(path, buffer_view(&text), 0644);
    buffer_fini(&text);
    return status;
}

struct digest envelope_id(const struct envelope *envelope)
{
    return digest_of(buffer_view(&envelope->payload));
}

enum status envelope_verify(const struct envelope *envelope, const char *type,
    const struct public_key *signer)
{
    if (strcmp(envelope->type, type) != 0)
        return STATUS_MALFORMED;
    for (size_t i = 0; i < envelope->signature_count; i++) {
        const struct envelope_signature *at = &envelope->signatures[i];
        if (!public_key_equal(&at->signer, signer))
            continue;
        struct buffer message;
        enum status status = pre_authentication_encoding(envelope, &message);
        if (status == STATUS_OK &&
            !signature_verify(&at->signature, buffer_view(&message), signer))
            status = STATUS_BAD_SIGNATURE;
        buffer_fini(&message);
        return status;
    }
    return STATUS_UNKNOWN_SIGNER;
}

enum status envelope_count_signers(size_t *out, const struct envelope *envelope,
    const char *type, const struct public_key *signers, size_t count)
{
    *out = 0;
    for (size_t i = 0; i < count; i++) {
        bool again = false;
        for (size_t k = 0; k < i; k++)
            again = again || public_key_equal(&signers[k], &signers[i]);
        if (again)
            continue;
        enum status status = envelope_verify(envelope, type, &signers[i]);
        if (status == STATUS_NO_MEMORY)
            return status;
        *out += status == STATUS_OK;
    }
    return STATUS_OK;
}
