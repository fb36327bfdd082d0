/*
 * digest: BLAKE2b-256 (RFC 7693) names of documents, and hexadecimal text.
 */
#ifndef COHORTIUM_PROTOCOL_WIRE_DIGEST_H
#define COHORTIUM_PROTOCOL_WIRE_DIGEST_H

#include "protocol/wire/buffer.h"

#define DIGEST_BYTES 32
#define DIGEST_TEXT 65 /* 64 hexadecimal digits and a NUL */

struct digest {
    uint8_t bytes[DIGEST_BYTES];
};

/* BLAKE2b-256 of the bytes as they are: the id of a document. */
struct digest digest_of(struct view bytes);
bool digest_equal(const struct digest *a, const struct digest *b);
/* Lower case; out has room for DIGEST_TEXT. */
void digest_to_text(char out[DIGEST_TEXT], const struct digest *digest);
/* Exactly 64 lower- or upper-case digits, else STATUS_MALFORMED. */
enum status digest_from_text(struct digest *digest, const char *text);
/* out[2 * size + 1]; text must hold exactly 2 * size digits to decode. */
void hex_encode(char *out, const uint8_t *bytes, size_t size);
enum status hex_decode(uint8_t *out, size_t size, const char *text);

#endif
