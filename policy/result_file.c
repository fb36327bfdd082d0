#include "policy/result_file.h"

#include <string.h>

#define HEAD ",\"signature\":{\"keyid\":\""
#define MIDDLE "\",\"sig\":\""
#define TAIL "\"}}"
#define SIGNATURE_HEX 128
#define SUFFIX_SIZE                                                            \
    (sizeof HEAD - 1 + 64 + sizeof MIDDLE - 1 + SIGNATURE_HEX + sizeof TAIL - 1)

enum status result_file_write(
    struct buffer *out, const struct envelope *envelope)
{
    char key[KEY_TEXT], signature[SIGNATURE_HEX + 1];
    const struct buffer *payload = &envelope->payload;
    if (strcmp(envelope->type, TYPE_RESULT) != 0 ||
        envelope->signature_count != 1 || payload->size == 0 ||
        payload->data[payload->size - 1] != '}')
        return STATUS_MALFORMED;
    public_key_to_text(key, &envelope->signatures[0].signer);
    hex_encode(signature, envelope->signatures[0].signature.bytes,
        sizeof envelope->signatures[0].signature.bytes);
    enum status status = buffer_append(out, payload->data, payload->size - 1);
    if (status == STATUS_OK)
        status = buffer_append_format(
            out, HEAD "%s" MIDDLE "%s" TAIL "\n", key, signature);
    return status;
}

static bool stands_at(struct view text, size_t at, const char *word)
{
    return at + strlen(word) <= text.size &&
           memcmp(text.data + at, word, strlen(word)) == 0;
}

enum status result_file_read(struct envelope **out, struct view text)
{
    char key[KEY_TEXT], signature[SIGNATURE_HEX + 1];
    *out = NULL;
    while (text.size > 0 && (text.data[text.size - 1] == '\n' ||
                                text.data[text.size - 1] == '\r'))
        text.size--;
    if (text.size <= SUFFIX_SIZE)
        return STATUS_MALFORMED;
    size_t at = text.size - SUFFIX_SIZE;
    size_t key_at = at + sizeof HEAD - 1;
    size_t middle_at = key_at + 64;
    size_t signature_at = middle_at + sizeof MIDDLE - 1;
    if (!stands_at(text, at, HEAD) || !stands_at(text, middle_at, MIDDLE) ||
        !stands_at(text, signature_at + SIGNATURE_HEX, TAIL))
        return STATUS_MALFORMED;
    memcpy(key, text.data + key_at, 64);
    key[64] = '\0';
    memcpy(signature, text.data + signature_at, SIGNATURE_HEX);
    signature[SIGNATURE_HEX] = '\0';
    struct buffer payload;
    struct envelope *envelope = NULL;
    buffer_init(&payload, ENVELOPE_PAYLOAD_MAX);
    enum status status = buffer_append(&payload, text.data, at);
    if (status == STATUS_OK)
        status = buffer_append_text(&payload, "}");
    if (status == STATUS_OK)
        status = envelope_create(&envelope, TYPE_RESULT, buffer_view(&payload));
    if (status == STATUS_OK)
        status = public_key_from_text(&envelope->signatures[0].signer, key);
    if (status == STATUS_OK)
        status = hex_decode(envelope->signatures[0].signature.bytes,
            sizeof envelope->signatures[0].signature.bytes, signature);
    buffer_fini(&payload);
    if (status != STATUS_OK) {
        envelope_destroy(envelope);
        return status;
    }
    envelope->signature_count = 1;
    *out = envelope;
    return STATUS_OK;
}

json_t *result_file_json(const struct envelope *envelope)
{
    return json_loadb((const char *)envelope->payload.data,
        envelope->payload.size, JSON_REJECT_DUPLICATES, NULL);
}
