#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "protocol/masking/member_internal.h"
#include "protocol/masking/shares.h"
#include "protocol/wire/defence.h"

static struct digest members_of(const struct member *member)
{
    struct digest digest;
    memcpy(digest.bytes, member->bound + 32, DIGEST_BYTES);
    return digest;
}

enum status member_create(struct member **out,
    const struct masking_terms *terms, uint32_t own, const struct keypair *keys)
{
    *out = NULL;
    if (terms->min_centers < MASKING_CENTERS_MIN ||
        masking_find_party(terms, own) == NULL)
        return STATUS_REFUSED;
    struct member *member = calloc(1, sizeof *member);
    if (member == NULL)
        return STATUS_NO_MEMORY;
    size_t count = terms->party_count;
    member->keys = keys;
    member->own = own;
    member->min_centers = terms->min_centers;
    member->header = terms->header;
    if (!DEFENCE("query-binding"))
        memset(&member->header, 0, sizeof member->header);
    member->party_count = count;
    member->parties = calloc(count, sizeof *member->parties);
    member->peers = calloc(count, sizeof *member->peers);
    member->vault =
        sodium_malloc(sizeof *member->vault +
                      (PEER_SECRETS + 2) * count * sizeof(struct secret));
    if (member->parties == NULL || member->peers == NULL ||
        member->vault == NULL) {
        member_destroy(member);
        return STATUS_NO_MEMORY;
    }
    memcpy(member->parties, terms->parties, count * sizeof *terms->parties);
    memcpy(member->bound, member->header.bytes, DIGEST_BYTES);
    struct vault *vault = member->vault;
    masking_draw_seed(&vault->self_seed);
    masking_draw_seed(&vault->mask_seed);
    masking_mask_keys(&vault->mask_secret, &member->mask_key, &vault->mask_seed,
        (struct view){member->header.bytes, DIGEST_BYTES});
    crypto_kx_keypair(member->share_key.bytes, vault->share_secret.bytes);
    *out = member;
    return STATUS_OK;
}

void member_destroy(struct member *member)
{
    if (member == NULL)
        return;
    sodium_free(member->vault);
    free(member->parties);
    free(member->peers);
    free(member);
}

void member_sets(const struct member *member, struct digest *members,
    struct digest *givers, struct digest *survivors)
{
    *members = members_of(member);
    *givers = member->givers;
    *survivors = member->survivors;
}

size_t member_peer_count(const struct member *member)
{
    return member->peer_count;
}

/* ---- 1: keys ---- */

enum status member_write_keys(const struct member *member, struct buffer *out)
{
    struct step_keys keys = {.index = step_index_of(member->own),
        .share_key = member->share_key,
        .mask_key = member->mask_key};
    struct digest statement = steps_keys_statement(&member->header, &keys);
    enum status status = steps_sign(&keys.signature, member->keys, &statement);
    return status == STATUS_OK ? buffer_append(out, &keys, sizeof keys)
                               : status;
}

/* ---- 2: peers ---- */

static const struct masking_party *find_party(
    const struct member *member, uint32_t index)
{
    const struct masking_terms terms = {
        .party_count = member->party_count, .parties = member->parties};
    return masking_find_party(&terms, index);
}

static bool key_is_taken(const struct member *member, size_t count,
    const struct public_key *mask_key)
{
    for (size_t i = 0; i < count; i++) {
        if (public_key_equal(&member->peers[i].mask_key, mask_key))
            return true;
    }
    return false;
}

/* Its own entry must be what it said; that it signed it, it knows. */
static enum status take_own_keys(
    struct member *member, size_t at, const struct step_keys *keys)
{
    member->own_at = at;
    return public_key_equal(&keys->mask_key, &member->mask_key) &&
                   public_key_equal(&keys->share_key, &member->share_key)
               ? STATUS_OK
               : STATUS_REFUSED;
}

static enum status take_peer(
    struct member *member, size_t at, const struct step_keys *keys)
{
    struct peer *peer = &member->peers[at];
    uint32_t index = step_index_get(&keys->index);
    const struct masking_party *party = find_party(member, index);
    if (party == NULL)
        return STATUS_STRANGER;
    if (key_is_taken(member, at, &keys->mask_key))
        return STATUS_MALFORMED;
    *peer = (struct peer){.index = index,
        .sign = party->sign,
        .share_key = keys->share_key,
        .mask_key = keys->mask_key};
    if (index == member->own)
        return take_own_keys(member, at, keys);
    struct digest statement = steps_keys_statement(&member->header, keys);
    if (!steps_verify(&keys->signature, &statement, &party->sign))
        return STATUS_BAD_SIGNATURE;
    return masking_agree(
        agreed_with(member, at), &member->vault->mask_secret, &keys->mask_key);
}

static enum status take_peer_list(
    struct member *member, struct view bytes, size_t count)
{
    member->own_at = count;
    for (size_t i = 0; i < count; i++) {
        struct step_keys keys;
        memcpy(&keys, bytes.data + i * sizeof keys, sizeof keys);
        enum status status = take_peer(member, i, &keys);
        if (status != STATUS_OK)
            return status;
    }
    return member->own_at < count ? STATUS_OK : STATUS_REFUSED;
}

/* ---- 3: shares ---- */

/* The key for boxes between two members, one for each direction; the lower
 * public key is the client of crypto_kx. */
static enum status box_keys(const struct member *member,
    const struct peer *peer, struct secret *receive, struct secret *send)
{
    const uint8_t *secret = member->vault->share_secret.bytes;
    bool client = masking_adds(&member->share_key, &peer->share_key);
    int failed =
        client ? crypto_kx_client_session_keys(receive->bytes, send->bytes,
                     member->share_key.bytes, secret, peer->share_key.bytes)
               : crypto_kx_server_session_keys(receive->bytes, send->bytes,
                     member->share_key.bytes, secret, peer->share_key.bytes);
    return failed == 0 ? STATUS_OK : STATUS_MALFORMED;
}

struct box_label { /* associated data: whose, for whom, in which session */
    uint8_t bound[64];
    struct step_index from, to;
    struct digest commit; /* of whose self seed: nobody else can change it */
};

static struct box_label label_of(const struct member *member, uint32_t from,
    uint32_t to, const struct digest *commit)
{
    struct box_label label = {.from = step_index_of(from),
        .to = step_index_of(to),
        .commit = *commit};
    memcpy(label.bound, member->bound, sizeof label.bound);
    return label;
}

static enum status seal_box(const struct member *member, size_t peer,
    const struct digest *commit, const struct secret shares[2],
    struct buffer *out)
{
    struct step_box box = {.to = step_index_of(member->peers[peer].index)};
    struct box_label label =
        label_of(member, member->own, member->peers[peer].index, commit);
    struct secret send;
    enum status status =
        box_keys(member, &member->peers[peer], box_key_of(member, peer), &send);
    randombytes_buf(box.nonce, sizeof box.nonce);
    if (status == STATUS_OK) {
        crypto_aead_xchacha20poly1305_ietf_encrypt(box.box, NULL,
            shares[0].bytes, 2 * sizeof shares[0], (const uint8_t *)&label,
            sizeof label, NULL, box.nonce, send.bytes);
    }
    sodium_memzero(&send, sizeof send);
    return status == STATUS_OK ? buffer_append(out, &box, sizeof box) : status;
}

static enum status write_commit(
    const struct member *member, const struct digest *seed, struct buffer *out)
{
    const struct digest members = members_of(member);
    struct step_commit commit = {.seed = *seed};
    struct digest statement = steps_commit_statement(
        &member->header, &members, member->own, &commit.seed);
    enum status status =
        steps_sign(&commit.signature, member->keys, &statement);
    return status == STATUS_OK ? buffer_append(out, &commit, sizeof commit)
                               : status;
}

static enum status write_boxes(struct member *member, const uint32_t *holders,
    const struct digest *commit, struct buffer *out)
{
    size_t count = member->peer_count;
    size_t threshold = masking_threshold(count);
    const struct vault *vault = member->vault;
    struct secret *all = scratch_of(member);
    enum status status =
        shares_split(all, &vault->self_seed, holders, count, threshold);
    if (status == STATUS_OK)
        status = shares_split(
            all + count, &vault->mask_seed, holders, count, threshold);
    for (size_t i = 0; status == STATUS_OK && i < count; i++) {
        struct secret pair[2] = {all[i], all[count + i]};
        if (i == member->own_at)
            memcpy(shares_of(member, i), pair, sizeof pair);
        else
            status = seal_box(member, i, commit, pair, out);
        sodium_memzero(pair, sizeof pair);
    }
    sodium_memzero(all, 2 * count * sizeof *all);
    return status;
}

static enum status write_shares(struct member *member, struct buffer *out)
{
    size_t count = member->peer_count;
    const struct digest commit = steps_commit_of(&member->vault->self_seed);
    uint32_t *holders = calloc(count, sizeof *holders);
    if (holders == NULL)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < count; i++)
        holders[i] = member->peers[i].index;
    enum status status = write_commit(member, &commit, out);
    if (status == STATUS_OK)
        status = write_boxes(member, holders, &commit, out);
    free(holders);
    return status;
}

enum status member_take_peers(
    struct member *member, struct view peers, struct buffer *shares)
{
    size_t count, before = shares->size;
    if (member->stage != STAGE_KEYS)
        return STATUS_NOT_ALLOWED;
    enum status status = steps_check_list(
        peers, sizeof(struct step_keys), member->party_count, &count);
    if (status == STATUS_OK && count < member->min_centers &&
        DEFENCE("min-centers"))
        status = STATUS_TOO_FEW_CENTERS;
    if (status == STATUS_OK)
        status = take_peer_list(member, peers, count);
    if (status != STATUS_OK)
        return status;
    struct digest members = steps_digest_members(&member->header, peers);
    memcpy(member->bound + 32, members.bytes, DIGEST_BYTES);
    member->peer_count = count;
    status = write_shares(member, shares);
    if (status == STATUS_OK)
        member->stage = STAGE_SHARES;
    else
        shares->size = before;
    return status;
}

/* ---- 4: the others' shares ---- */

size_t member_find_peer(const struct member *member, uint32_t index)
{
    size_t at = 0;
    while (at < member->peer_count && member->peers[at].index != index)
        at++;
    return at;
}

/* The box is what its sender made: with its shares, and for this commitment. */
static enum status open_box(
    struct member *member, size_t peer, const struct step_sealed *sealed)
{
    struct box_label label = label_of(
        member, member->peers[peer].index, member->own, &sealed->commit.seed);
    return crypto_aead_xchacha20poly1305_ietf_decrypt(
               shares_of(member, peer)->bytes, NULL, NULL, sealed->box,
               sizeof sealed->box, (const uint8_t *)&label, sizeof label,
               sealed->nonce, box_key_of(member, peer)->bytes) == 0
               ? STATUS_OK
               : STATUS_MALFORMED;
}

static enum status take_giver(
    struct member *member, const struct step_sealed *sealed)
{
    size_t at = member_find_peer(member, step_index_get(&sealed->from));
    if (at == member->peer_count || at == member->own_at)
        return STATUS_MALFORMED;
    struct peer *peer = &member->peers[at];
    enum status status = open_box(member, at, sealed);
    peer->gives = status == STATUS_OK;
    peer->commit = sealed->commit.seed;
    return status;
}

static enum status digest_givers(struct member *member)
{
    const struct digest members = members_of(member);
    /* NOLINTNEXTLINE(clang-analyzer-optin.portability.UnixAPI): has itself */
    uint32_t *indices = calloc(member->peer_count, sizeof *indices);
    struct digest *seeds = calloc(member->peer_count, sizeof *seeds);
    size_t count = 0;
    enum status status =
        indices == NULL || seeds == NULL ? STATUS_NO_MEMORY : STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < member->peer_count; i++) {
        if (!member->peers[i].gives)
            continue;
        indices[count] = member->peers[i].index;
        seeds[count++] = member->peers[i].commit;
    }
    if (status == STATUS_OK)
        member->givers = steps_digest_givers(&members, indices, seeds, count);
    free(indices);
    free(seeds);
    return status;
}

enum status member_take_sealed(struct member *member, struct view sealed)
{
    size_t count, needed = masking_threshold(member->peer_count);
    if (member->stage != STAGE_SHARES)
        return STATUS_NOT_ALLOWED;
    if (needed < member->min_centers && DEFENCE("min-centers"))
        needed = member->min_centers;
    enum status status = steps_check_list(
        sealed, sizeof(struct step_sealed), member->peer_count, &count);
    if (status == STATUS_OK && count + 1 < needed)
        status = STATUS_TOO_FEW_CENTERS;
    for (size_t i = 0; i < member->peer_count; i++)
        member->peers[i].gives = false;
    for (size_t i = 0; status == STATUS_OK && i < count; i++) {
        struct step_sealed one;
        memcpy(&one, sealed.data + i * sizeof one, sizeof one);
        status = take_giver(member, &one);
    }
    struct peer *own = &member->peers[member->own_at];
    own->gives = true;
    own->commit = steps_commit_of(&member->vault->self_seed);
    if (status == STATUS_OK)
        status = digest_givers(member);
    if (status == STATUS_OK)
        member->stage = STAGE_SEALED;
    return status;
}
