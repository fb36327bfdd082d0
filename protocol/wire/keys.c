#include "protocol/wire/keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <sodium.h>

#include "protocol/wire/digest.h"
#include "protocol/wire/json_text.h"
#include "protocol/wire/text.h"

#define CARD_BYTES_MAX 4096
#define KEY_FILE_BYTES_MAX 8192
/* What functions below may have left on the stack, registers that a library's
 * first call saved there among it. */
#define STACK_BYTES 16384
#define SECRETS_BYTES (crypto_sign_SECRETKEYBYTES + crypto_box_SECRETKEYBYTES)

/* The whole struct lies in sodium_malloc memory. */
struct keypair {
    struct identity identity;
    uint8_t sign_secret[crypto_sign_SECRETKEYBYTES];
    uint8_t curve_secret[crypto_box_SECRETKEYBYTES];
};

/* What a passphrase protects, and how: all that is needed to open it again. */
struct seal {
    uint8_t salt[crypto_pwhash_SALTBYTES];
    uint8_t nonce[crypto_aead_xchacha20poly1305_ietf_NPUBBYTES];
    uint8_t box[SECRETS_BYTES + crypto_aead_xchacha20poly1305_ietf_ABYTES];
};

enum status keys_start(void)
{
    json_text_start();
    return sodium_init() < 0 ? STATUS_INTERNAL : STATUS_OK;
}

/* Public: there is nothing that its time could tell. A roster of a thousand
 * compares a million pairs. */
bool public_key_equal(const struct public_key *a, const struct public_key *b)
{
    return memcmp(a->bytes, b->bytes, KEY_BYTES) == 0;
}

void public_key_to_text(char out[KEY_TEXT], const struct public_key *key)
{
    hex_encode(out, key->bytes, KEY_BYTES);
}

enum status public_key_from_text(struct public_key *key, const char *text)
{
    return hex_decode(key->bytes, KEY_BYTES, text);
}

static enum status check_name(const char *name)
{
    size_t size = strlen(name);
    if (size < 1 || size > NAME_MAX_BYTES)
        return STATUS_OUT_OF_RANGE;
    return text_is_plain(view_of_text(name)) ? STATUS_OK : STATUS_MALFORMED;
}

static struct keypair *allocate(void)
{
    struct keypair *keys = sodium_malloc(sizeof *keys);
    if (keys != NULL)
        memset(keys, 0, sizeof *keys);
    return keys;
}

enum status keypair_create(struct keypair **out, const char *name)
{
    *out = NULL;
    enum status status = check_name(name);
    if (status != STATUS_OK)
        return status;
    struct keypair *keys = allocate();
    if (keys == NULL)
        return STATUS_NO_MEMORY;
    snprintf(keys->identity.name, sizeof keys->identity.name, "%s", name);
    crypto_sign_keypair(keys->identity.sign.bytes, keys->sign_secret);
    crypto_box_keypair(keys->identity.curve.bytes, keys->curve_secret);
    *out = keys;
    return STATUS_OK;
}

void keypair_destroy(struct keypair *keys)
{
    sodium_free(keys); /* wipes; accepts NULL */
}

const struct identity *keypair_identity(const struct keypair *keys)
{
    return &keys->identity;
}

const uint8_t *keypair_curve_secret(const struct keypair *keys)
{
    return keys->curve_secret;
}

enum status keypair_sign(
    const struct keypair *keys, struct signature *out, struct view message)
{
    return crypto_sign_detached(out->bytes, NULL, message.data, message.size,
               keys->sign_secret) == 0
               ? STATUS_OK
               : STATUS_INTERNAL;
}

bool signature_verify(const struct signature *signature, struct view message,
    const struct public_key *signer)
{
    return crypto_sign_verify_detached(signature->bytes, message.data,
               message.size, signer->bytes) == 0;
}

/* ---- sealing ---- */

/* name and public keys are bound in, so that a seal opens only in its file */
static enum status associated_data(
    struct buffer *out, const struct identity *identity)
{
    buffer_init(out, 1024);
    enum status status = buffer_append_text(out, "cohortium-key-1");
    if (status == STATUS_OK)
        status = buffer_append(out, identity->sign.bytes, KEY_BYTES);
    if (status == STATUS_OK)
        status = buffer_append(out, identity->curve.bytes, KEY_BYTES);
    return status == STATUS_OK ? buffer_append_text(out, identity->name)
                               : status;
}

static enum status passphrase_key(
    uint8_t **out, const char *passphrase, const uint8_t *salt)
{
    *out = sodium_malloc(crypto_aead_xchacha20poly1305_ietf_KEYBYTES);
    if (*out == NULL)
        return STATUS_NO_MEMORY;
    if (crypto_pwhash(*out, crypto_aead_xchacha20poly1305_ietf_KEYBYTES,
            passphrase, strlen(passphrase), salt,
            crypto_pwhash_OPSLIMIT_MODERATE, crypto_pwhash_MEMLIMIT_MODERATE,
            crypto_pwhash_ALG_ARGON2ID13) == 0)
        return STATUS_OK;
    sodium_free(*out);
    *out = NULL;
    return STATUS_NO_MEMORY;
}

static enum status seal_secrets(
    struct seal *seal, const struct keypair *keys, const char *passphrase)
{
    uint8_t *key = NULL;
    uint8_t *secrets = sodium_malloc(SECRETS_BYTES);
    struct buffer bound;
    enum status status = associated_data(&bound, &keys->identity);
    if (secrets == NULL)
        status = STATUS_NO_MEMORY;
    randombytes_buf(seal->salt, sizeof seal->salt);
    randombytes_buf(seal->nonce, sizeof seal->nonce);
    if (status == STATUS_OK)
        status = passphrase_key(&key, passphrase, seal->salt);
    if (status == STATUS_OK) {
        memcpy(secrets, keys->sign_secret, sizeof keys->sign_secret);
        memcpy(secrets + sizeof keys->sign_secret, keys->curve_secret,
            sizeof keys->curve_secret);
        crypto_aead_xchacha20poly1305_ietf_encrypt(seal->box, NULL, secrets,
            SECRETS_BYTES, bound.data, bound.size, NULL, seal->nonce, key);
    }
    sodium_free(secrets);
    sodium_free(key);
    buffer_fini(&bound);
    return status;
}

static enum status open_seal(
    const struct seal *seal, struct keypair *keys, const char *passphrase)
{
    uint8_t *key = NULL;
    uint8_t *secrets = sodium_malloc(SECRETS_BYTES);
    struct buffer bound;
    enum status status = associated_data(&bound, &keys->identity);
    if (secrets == NULL)
        status = STATUS_NO_MEMORY;
    if (status == STATUS_OK)
        status = passphrase_key(&key, passphrase, seal->salt);
    if (status == STATUS_OK &&
        crypto_aead_xchacha20poly1305_ietf_decrypt(secrets, NULL, NULL,
            seal->box, sizeof seal->box, bound.data, bound.size, seal->nonce,
            key) != 0)
        status = STATUS_BAD_PASSPHRASE;
    if (status == STATUS_OK) {
        memcpy(keys->sign_secret, secrets, sizeof keys->sign_secret);
        memcpy(keys->curve_secret, secrets + sizeof keys->sign_secret,
            sizeof keys->curve_secret);
    }
    sodium_free(secrets);
    sodium_free(key);
    buffer_fini(&bound);
    return status;
}

/* ---- files ---- */

static json_t *json_hex(const uint8_t *bytes, size_t size)
{
    char text[2 * sizeof(struct seal) + 1];
    hex_encode(text, bytes, size);
    json_t *value = json_string(text);
    sodium_memzero(text, sizeof text);
    return value;
}

static enum status read_hex(
    const json_t *object, const char *name, uint8_t *out, size_t size)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text == NULL ? STATUS_MALFORMED : hex_decode(out, size, text);
}

static json_t *card_json(const struct identity *identity)
{
    return json_pack("{s:s, s:o, s:o}", "name", identity->name, "identity",
        json_hex(identity->sign.bytes, KEY_BYTES), "curve",
        json_hex(identity->curve.bytes, KEY_BYTES));
}

static enum status read_card(struct identity *identity, const json_t *card)
{
    const json_t *name = json_object_get(card, "name");
    memset(identity, 0, sizeof *identity);
    if (!json_is_string(name) ||
        json_string_length(name) != strlen(json_string_value(name)) ||
        check_name(json_string_value(name)) != STATUS_OK)
        return STATUS_MALFORMED;
    snprintf(
        identity->name, sizeof identity->name, "%s", json_string_value(name));
    enum status status =
        read_hex(card, "identity", identity->sign.bytes, KEY_BYTES);
    if (status == STATUS_OK)
        status = read_hex(card, "curve", identity->curve.bytes, KEY_BYTES);
    return status;
}

static enum status write_json(json_t *json, const char *path, int mode)
{
    struct buffer bytes;
    buffer_init(&bytes, KEY_FILE_BYTES_MAX);
    enum status status = buffer_reserve(&bytes, KEY_FILE_BYTES_MAX);
    if (status == STATUS_OK)
        status = json_text_append(&bytes, json, JSON_INDENT(2));
    json_decref(json);
    if (status == STATUS_OK)
        status = buffer_append_text(&bytes, "\n");
    if (status == STATUS_OK)
        status = file_write_atomic(path, buffer_view(&bytes), mode);
    buffer_wipe(&bytes);
    return status;
}

static enum status load_json(json_t **out, const char *path, size_t max)
{
    struct buffer bytes;
    buffer_init(&bytes, max);
    enum status status = buffer_read_file(&bytes, path);
    if (status == STATUS_OK)
        status = json_text_parse(
            out, buffer_view(&bytes), JSON_REJECT_DUPLICATES, NULL);
    buffer_wipe(&bytes);
    return status;
}

enum status identity_save(const struct identity *identity, const char *path)
{
    return write_json(card_json(identity), path, 0644);
}

enum status identity_load(struct identity *identity, const char *path)
{
    json_t *card = NULL;
    enum status status = load_json(&card, path, CARD_BYTES_MAX);
    if (status == STATUS_OK)
        status = json_object_size(card) == 3 ? read_card(identity, card)
                                             : STATUS_MALFORMED;
    json_decref(card);
    return status;
}

static enum status save(
    const struct keypair *keys, const char *path, const char *passphrase)
{
    struct stat existing;
    if (lstat(path, &existing) == 0)
        return STATUS_EXISTS;
    json_t *file = card_json(&keys->identity);
    if (file == NULL)
        return STATUS_NO_MEMORY;
    if (passphrase == NULL) {
        json_object_set_new(file, "sign_secret",
            json_hex(keys->sign_secret, sizeof keys->sign_secret));
        json_object_set_new(file, "curve_secret",
            json_hex(keys->curve_secret, sizeof keys->curve_secret));
        return write_json(file, path, 0600);
    }
    struct seal seal;
    enum status status = seal_secrets(&seal, keys, passphrase);
    if (status != STATUS_OK) {
        json_decref(file);
        return status;
    }
    json_object_set_new(file, "sealed", json_string("argon2id-xchacha20"));
    json_object_set_new(file, "salt", json_hex(seal.salt, sizeof seal.salt));
    json_object_set_new(file, "nonce", json_hex(seal.nonce, sizeof seal.nonce));
    json_object_set_new(file, "box", json_hex(seal.box, sizeof seal.box));
    return write_json(file, path, 0600);
}

enum status keypair_save(
    const struct keypair *keys, const char *path, const char *passphrase)
{
    enum status status = save(keys, path, passphrase);
    sodium_stackzero(STACK_BYTES);
    return status;
}

static bool is_sealed(const json_t *file)
{
    return json_object_get(file, "sealed") != NULL;
}

static enum status read_open_secrets(struct keypair *keys, const json_t *file)
{
    if (json_object_size(file) != 5)
        return STATUS_MALFORMED;
    enum status status = read_hex(
        file, "sign_secret", keys->sign_secret, sizeof keys->sign_secret);
    if (status == STATUS_OK)
        status = read_hex(file, "curve_secret", keys->curve_secret,
            sizeof keys->curve_secret);
    return status;
}

static enum status read_sealed_secrets(
    struct keypair *keys, const json_t *file, const char *passphrase)
{
    struct seal seal;
    const char *kind = json_string_value(json_object_get(file, "sealed"));
    if (json_object_size(file) != 7 || kind == NULL ||
        strcmp(kind, "argon2id-xchacha20") != 0 ||
        read_hex(file, "salt", seal.salt, sizeof seal.salt) != STATUS_OK ||
        read_hex(file, "nonce", seal.nonce, sizeof seal.nonce) != STATUS_OK ||
        read_hex(file, "box", seal.box, sizeof seal.box) != STATUS_OK)
        return STATUS_MALFORMED;
    if (passphrase == NULL)
        return STATUS_BAD_PASSPHRASE;
    return open_seal(&seal, keys, passphrase);
}

/* Secrets that do not belong to the public keys are a damaged file. */
static enum status check_pairing(const struct keypair *keys)
{
    uint8_t sign[KEY_BYTES];
    uint8_t curve[KEY_BYTES];
    crypto_sign_ed25519_sk_to_pk(sign, keys->sign_secret);
    crypto_scalarmult_base(curve, keys->curve_secret);
    return memcmp(sign, keys->identity.sign.bytes, KEY_BYTES) == 0 &&
                   memcmp(curve, keys->identity.curve.bytes, KEY_BYTES) == 0
               ? STATUS_OK
               : STATUS_MALFORMED;
}

static enum status check_mode(const char *path)
{
    struct stat file;
    if (stat(path, &file) != 0)
        return STATUS_NOT_FOUND;
    return (file.st_mode & (S_IRWXG | S_IRWXO)) == 0 ? STATUS_OK
                                                     : STATUS_FILE_TOO_OPEN;
}

static enum status load(
    struct keypair **out, const char *path, const char *passphrase)
{
    json_t *file = NULL;
    struct keypair *keys = NULL;
    *out = NULL;
    enum status status = check_mode(path);
    if (status == STATUS_OK)
        status = load_json(&file, path, KEY_FILE_BYTES_MAX);
    if (status != STATUS_OK)
        return status;
    keys = allocate();
    if (keys == NULL)
        status = STATUS_NO_MEMORY;
    if (status == STATUS_OK)
        status = read_card(&keys->identity, file);
    if (status == STATUS_OK)
        status = is_sealed(file) ? read_sealed_secrets(keys, file, passphrase)
                                 : read_open_secrets(keys, file);
    if (status == STATUS_OK)
        status = check_pairing(keys);
    json_decref(file);
    if (status != STATUS_OK) {
        keypair_destroy(keys);
        return status;
    }
    *out = keys;
    return STATUS_OK;
}

enum status keypair_load(
    struct keypair **out, const char *path, const char *passphrase)
{
    enum status status = load(out, path, passphrase);
    sodium_stackzero(STACK_BYTES);
    return status;
}

enum status keypair_file_sealed(const char *path, bool *sealed)
{
    json_t *file = NULL;
    *sealed = false;
    enum status status = check_mode(path);
    if (status == STATUS_OK)
        status = load_json(&file, path, KEY_FILE_BYTES_MAX);
    if (status == STATUS_OK)
        *sealed = is_sealed(file);
    json_decref(file);
    return status;
}

void identity_fingerprint(
    char out[FINGERPRINT_TEXT], const struct identity *identity)
{
    uint8_t keys[2 * KEY_BYTES];
    memcpy(keys, identity->sign.bytes, KEY_BYTES);
    memcpy(keys + KEY_BYTES, identity->curve.bytes, KEY_BYTES);
    struct digest digest = digest_of((struct view){keys, sizeof keys});
    char *at = out;
    for (size_t group = 0; group < 10; group++) {
        if (group > 0)
            *at++ = ' ';
        hex_encode(at, digest.bytes + 2 * group, 2);
        at += 4;
    }
}
