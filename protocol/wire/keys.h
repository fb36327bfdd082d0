/*
 * keys: who somebody is. An identity is an Ed25519 key that signs and a CURVE
 * (X25519) key that a connection is pinned to.
 *
 * A key file is JSON, mode 0600 or it is refused. A person's key is sealed
 * with a passphrase (Argon2id, libsodium's crypto_pwhash at MODERATE limits,
 * then XChaCha20-Poly1305); a daemon's is not, because nobody is there to type.
 * Secrets live in sodium_malloc memory and are wiped on free.
 */
#ifndef COHORTIUM_PROTOCOL_WIRE_KEYS_H
#define COHORTIUM_PROTOCOL_WIRE_KEYS_H

#include <stdio.h>

#include "protocol/wire/buffer.h"

#define KEY_BYTES 32
#define KEY_TEXT 65 /* hexadecimal and a NUL */
#define NAME_MAX_BYTES 64

struct public_key { /* Ed25519 or X25519 public key */
    uint8_t bytes[KEY_BYTES];
};

struct signature { /* Ed25519, RFC 8032 */
    uint8_t bytes[64];
};

/* What may be shown to everyone: the "card" that goes onto a roster. */
struct identity {
    char name[NAME_MAX_BYTES + 1]; /* 1..64 of a-z 0-9 - _ . for centers; any
                                      printable UTF-8 for people */
    struct public_key sign;        /* Ed25519 */
    struct public_key curve;       /* X25519 */
};

/* Opaque: an identity and its two secret keys in guarded memory. */
struct keypair;

bool public_key_equal(const struct public_key *a, const struct public_key *b);
void public_key_to_text(char out[KEY_TEXT], const struct public_key *key);
enum status public_key_from_text(struct public_key *key, const char *text);

/* New random keys. Caller frees with keypair_destroy (accepts NULL). */
enum status keypair_create(struct keypair **out, const char *name);
void keypair_destroy(struct keypair *keys);
const struct identity *keypair_identity(const struct keypair *keys);
/* The raw 32-byte X25519 secret, for the channel only. */
const uint8_t *keypair_curve_secret(const struct keypair *keys);
enum status keypair_sign(
    const struct keypair *keys, struct signature *out, struct view message);
bool signature_verify(const struct signature *signature, struct view message,
    const struct public_key *signer);

/* Writes the key file with mode 0600; refuses to overwrite (STATUS_EXISTS).
 * passphrase NULL: not sealed. */
enum status keypair_save(
    const struct keypair *keys, const char *path, const char *passphrase);
/* STATUS_FILE_TOO_OPEN when group or others have any right on it,
 * STATUS_BAD_PASSPHRASE when it is sealed and passphrase is NULL or wrong. */
enum status keypair_load(
    struct keypair **out, const char *path, const char *passphrase);
/* Whether the file is sealed, to know if to ask for a passphrase. */
enum status keypair_file_sealed(const char *path, bool *sealed);

/* The card as JSON: {"name": .., "identity": hex, "curve": hex}. */
enum status identity_save(const struct identity *identity, const char *path);
enum status identity_load(struct identity *identity, const char *path);
/* Ten groups of four hexadecimal digits, to be read aloud on the phone. */
#define FINGERPRINT_TEXT 50
void identity_fingerprint(
    char out[FINGERPRINT_TEXT], const struct identity *identity);

/* Starts libsodium once; every program's first call. */
enum status keys_start(void);

#endif
