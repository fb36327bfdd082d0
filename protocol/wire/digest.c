#include "protocol/wire/digest.h"

#include <string.h>

#include <sodium.h>

struct digest digest_of(struct view bytes)
{
    struct digest digest;
    crypto_generichash(
        digest.bytes, DIGEST_BYTES, bytes.data, bytes.size, NULL, 0);
    return digest;
}

bool digest_equal(const struct digest *a, const struct digest *b)
{
    return sodium_memcmp(a->bytes, b->bytes, DIGEST_BYTES) == 0;
}

void hex_encode(char *out, const uint8_t *bytes, size_t size)
{
    sodium_bin2hex(out, 2 * size + 1, bytes, size);
}

enum status hex_decode(uint8_t *out, size_t size, const char *text)
{
    size_t decoded = 0;
    const char *end = NULL;
    if (strlen(text) != 2 * size ||
        sodium_hex2bin(out, size, text, 2 * size, NULL, &decoded, &end) != 0 ||
        decoded != size || *end != '\0')
        return STATUS_MALFORMED;
    return STATUS_OK;
}

void digest_to_text(char out[DIGEST_TEXT], const struct digest *digest)
{
    hex_encode(out, digest->bytes, DIGEST_BYTES);
}

enum status digest_from_text(struct digest *digest, const char *text)
{
    return hex_decode(digest->bytes, DIGEST_BYTES, text);
}
