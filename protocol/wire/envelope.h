/*
 * envelope: a document that must be believed. Payload type, payload bytes as
 * they are, and Ed25519 signatures over both: the DSSE of
 * https://github.com/secure-systems-lab/dsse (protocol.md, envelope.md), with
 * PAE = "DSSEv1" SP LEN(type) SP type SP LEN(body) SP body.
 *
 * Bytes are signed as they stand; nothing is re-serialised before checking.
 * In a file and on the wire an envelope is its JSON form: {"payloadType",
 * "payload" (base64), "signatures": [{"keyid" (hex of the Ed25519 public key),
 * "sig" (base64)}]}. keyid is a hint by the standard; here it names the key,
 * and a signature counts only when that key verifies it. No key counts twice.
 */
#ifndef COHORTIUM_PROTOCOL_WIRE_ENVELOPE_H
#define COHORTIUM_PROTOCOL_WIRE_ENVELOPE_H

#include "protocol/wire/digest.h"
#include "protocol/wire/keys.h"

#define ENVELOPE_SIGNATURES_MAX 64
#define ENVELOPE_PAYLOAD_MAX ((size_t)4 * 1024 * 1024)
#define ENVELOPE_TYPE_MAX 96

#define TYPE_ROSTER "application/vnd.cohortium.roster+json"
#define TYPE_STUDY "application/vnd.cohortium.study+json"
#define TYPE_AMENDMENT "application/vnd.cohortium.amendment+json"
#define TYPE_APPROVAL "application/vnd.cohortium.approval+json"
#define TYPE_CONTINUATION "application/vnd.cohortium.continuation+json"
#define TYPE_QUERY "application/vnd.cohortium.query+json"
#define TYPE_OPT_IN "application/vnd.cohortium.opt-in+json"
#define TYPE_FREEZE "application/vnd.cohortium.freeze+json"
#define TYPE_HEADER "application/vnd.cohortium.session+json"
#define TYPE_RESULT "application/vnd.cohortium.result+json"

struct envelope_signature {
    struct public_key signer;
    struct signature signature;
};

struct envelope {
    char type[ENVELOPE_TYPE_MAX + 1];
    struct buffer payload;
    size_t signature_count;
    struct envelope_signature signatures[ENVELOPE_SIGNATURES_MAX];
};

/* Caller frees with envelope_destroy (accepts NULL). */
enum status envelope_create(
    struct envelope **out, const char *type, struct view payload);
void envelope_destroy(struct envelope *envelope);
/* Adds (or replaces) the signature of keys. */
enum status envelope_sign(
    struct envelope *envelope, const struct keypair *keys);
/* Strict: unknown or duplicate keys, bad base64, two signatures by one key,
 * trailing text are STATUS_MALFORMED. Checks no signature. */
enum status envelope_decode(struct envelope **out, struct view json);
enum status envelope_encode(
    const struct envelope *envelope, struct buffer *out);
enum status envelope_load(struct envelope **out, const char *path);
enum status envelope_save(const struct envelope *envelope, const char *path);
/* BLAKE2b-256 of the payload. */
struct digest envelope_id(const struct envelope *envelope);
/* STATUS_OK when the envelope has this type and a valid signature by signer;
 * STATUS_UNKNOWN_SIGNER when it has none by that key, STATUS_BAD_SIGNATURE
 * when it has one that does not verify, STATUS_MALFORMED for another type. */
enum status envelope_verify(const struct envelope *envelope, const char *type,
    const struct public_key *signer);
/* How many of the distinct keys signers[count] have a valid signature here. A
 * key listed twice counts once. 0 for another type. STATUS_NO_MEMORY when that
 * cannot be found out. */
enum status envelope_count_signers(size_t *out, const struct envelope *envelope,
    const char *type, const struct public_key *signers, size_t count);

#endif
