/*
 * What libsodium said once. A thousand centers verify the same keys and votes,
 * and two agree on the same secret, each for itself; here they share a process,
 * and libsodium is asked once. What it said is what it would say again: nothing
 * is believed that it did not say of the same bytes.
 *
 * test_simulation is linked with --wrap for each of these functions.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#define SLOTS ((size_t)1 << 20) /* a later one takes an earlier one's place */
#define TAG_BYTES 16
#define KEY_BYTES 32

struct slot {
    unsigned char tag[TAG_BYTES]; /* zeros: empty */
    unsigned char value[2 * KEY_BYTES];
};

struct part {
    const unsigned char *data;
    unsigned long long size;
};

/* Whether the slot has what was asked; else it is to be filled. */
static bool recall(
    struct slot **out, const char *what, const struct part parts[3])
{
    static struct slot *slots;
    unsigned char tag[TAG_BYTES];
    crypto_generichash_state state;
    size_t place;
    if (slots == NULL && (slots = calloc(SLOTS, sizeof *slots)) == NULL)
        abort();
    crypto_generichash_init(
        &state, (const unsigned char *)what, strlen(what), sizeof tag);
    for (int i = 0; i < 3; i++)
        crypto_generichash_update(&state, parts[i].data, parts[i].size);
    crypto_generichash_final(&state, tag, sizeof tag);
    memcpy(&place, tag, sizeof place);
    struct slot *slot = *out = &slots[place % SLOTS];
    if (memcmp(slot->tag, tag, sizeof tag) == 0)
        return true;
    memcpy(slot->tag, tag, sizeof tag);
    return false;
}

/* What failed is asked again. */
static int keep(struct slot *slot, int said)
{
    if (said != 0)
        memset(slot->tag, 0, sizeof slot->tag);
    return said;
}

#define WRAPPED(name) __wrap_##name
#define REAL(name) __real_##name

/* ---- signatures ---- */

int REAL(crypto_sign_verify_detached)(const unsigned char *signature,
    const unsigned char *message, unsigned long long size,
    const unsigned char *key);
int WRAPPED(crypto_sign_verify_detached)(const unsigned char *signature,
    const unsigned char *message, unsigned long long size,
    const unsigned char *key);

int WRAPPED(crypto_sign_verify_detached)(const unsigned char *signature,
    const unsigned char *message, unsigned long long size,
    const unsigned char *key)
{
    const struct part parts[3] = {{signature, crypto_sign_BYTES},
        {key, crypto_sign_PUBLICKEYBYTES}, {message, size}};
    struct slot *slot;
    return recall(&slot, "a signature that is right", parts)
               ? 0
               : keep(slot, REAL(crypto_sign_verify_detached)(
                                signature, message, size, key));
}

/* ---- X25519: a b G is b a G ---- */

static void public_of(unsigned char *out, const unsigned char *secret)
{
    const struct part parts[3] = {{secret, KEY_BYTES}};
    struct slot *slot;
    if (!recall(&slot, "the public key of a secret", parts))
        (void)keep(slot, crypto_scalarmult_base(slot->value, secret));
    memcpy(out, slot->value, KEY_BYTES);
}

int REAL(crypto_scalarmult)(
    unsigned char *out, const unsigned char *own, const unsigned char *peer);
int WRAPPED(crypto_scalarmult)(
    unsigned char *out, const unsigned char *own, const unsigned char *peer);

int WRAPPED(crypto_scalarmult)(
    unsigned char *out, const unsigned char *own, const unsigned char *peer)
{
    unsigned char mine[KEY_BYTES];
    struct slot *slot;
    int said = 0;
    public_of(mine, own);
    const bool first = memcmp(mine, peer, KEY_BYTES) < 0;
    const struct part parts[3] = {
        {first ? mine : peer, KEY_BYTES}, {first ? peer : mine, KEY_BYTES}};
    if (!recall(&slot, "what two agree on", parts))
        said = keep(slot, REAL(crypto_scalarmult)(slot->value, own, peer));
    memcpy(out, slot->value, KEY_BYTES);
    return said;
}

/* ---- keys of a session: what the client sends the server receives ---- */

typedef int session_keys(unsigned char receive[KEY_BYTES],
    unsigned char send[KEY_BYTES], const unsigned char mine[KEY_BYTES],
    const unsigned char secret[KEY_BYTES], const unsigned char peer[KEY_BYTES]);
session_keys REAL(crypto_kx_client_session_keys);
session_keys REAL(crypto_kx_server_session_keys);
session_keys WRAPPED(crypto_kx_client_session_keys);
session_keys WRAPPED(crypto_kx_server_session_keys);

/* The slot's value is what the client receives, then what it sends. */
static bool recall_session(struct slot **slot, const unsigned char *secret,
    const unsigned char *mine, const unsigned char *client,
    const unsigned char *server)
{
    unsigned char own[KEY_BYTES];
    public_of(own, secret);
    const bool is_own = memcmp(own, mine, KEY_BYTES) == 0;
    const struct part parts[3] = {{client, KEY_BYTES}, {server, KEY_BYTES},
        {secret, is_own ? 0 : KEY_BYTES}};
    return recall(slot, "keys of a session", parts);
}

int WRAPPED(crypto_kx_client_session_keys)(unsigned char receive[KEY_BYTES],
    unsigned char send[KEY_BYTES], const unsigned char mine[KEY_BYTES],
    const unsigned char secret[KEY_BYTES], const unsigned char peer[KEY_BYTES])
{
    struct slot *slot;
    int said = 0;
    if (!recall_session(&slot, secret, mine, mine, peer))
        said = keep(slot, REAL(crypto_kx_client_session_keys)(slot->value,
                              slot->value + KEY_BYTES, mine, secret, peer));
    memcpy(receive, slot->value, KEY_BYTES);
    memcpy(send, slot->value + KEY_BYTES, KEY_BYTES);
    return said;
}

int WRAPPED(crypto_kx_server_session_keys)(unsigned char receive[KEY_BYTES],
    unsigned char send[KEY_BYTES], const unsigned char mine[KEY_BYTES],
    const unsigned char secret[KEY_BYTES], const unsigned char peer[KEY_BYTES])
{
    struct slot *slot;
    int said = 0;
    if (!recall_session(&slot, secret, mine, peer, mine)) {
        said = keep(
            slot, REAL(crypto_kx_server_session_keys)(slot->value + KEY_BYTES,
                      slot->value, mine, secret, peer));
    }
    memcpy(receive, slot->value + KEY_BYTES, KEY_BYTES);
    memcpy(send, slot->value, KEY_BYTES);
    return said;
}
