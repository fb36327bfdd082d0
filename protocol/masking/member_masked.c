#include <string.h>

#include <sodium.h>

#include "protocol/masking/member_internal.h"
#include "protocol/masking/stream.h"
#include "protocol/wire/defence.h"

/* ---- 5: the masked vector ---- */

static bool has_headroom(const struct vector *vector, size_t members)
{
    int bits = 0;
    while (((size_t)1 << bits) < members)
        bits++;
    int128 most = (int128)1 << (126 - bits);
    for (size_t i = 0; i < vector->length; i++) {
        if (vector->elements[i] > most || vector->elements[i] < -most)
            return !DEFENCE("headroom");
    }
    return true;
}

/* The keys of a vector's masks, in the vault: one pass takes them all. */
struct mask_keys {
    struct secret *added, *taken; /* [peer_count] each */
    size_t added_count, taken_count;
};

static struct mask_keys mask_keys_of(const struct member *member)
{
    struct secret *room = scratch_of(member);
    return (struct mask_keys){
        .added = room, .taken = room + member->peer_count};
}

/* Where the stream with this peer has its key. */
static struct secret *pair_key_in(struct mask_keys *keys,
    const struct member *member, const struct peer *peer)
{
    return masking_adds(&member->mask_key, &peer->mask_key)
               ? &keys->added[keys->added_count++]
               : &keys->taken[keys->taken_count++];
}

static void add_masks(const struct member *member, const struct mask_keys *keys,
    struct vector *vector)
{
    const struct stream_keys streams = {
        keys->added, keys->taken, keys->added_count, keys->taken_count};
    stream_apply(vector->elements, vector->length, &streams);
    sodium_memzero(
        scratch_of(member), 2 * member->peer_count * sizeof(struct secret));
}

static enum status sign_masked(const struct member *member, struct buffer *out)
{
    struct digest statement = steps_masked_statement(
        &member->header, &member->givers, &member->own_vector);
    struct step_signature signature;
    enum status status =
        steps_sign(&signature.signature, member->keys, &statement);
    return status == STATUS_OK
               ? buffer_append(out, &signature, sizeof signature)
               : status;
}

enum status member_mask(
    struct member *member, struct vector *vector, struct buffer *masked)
{
    const struct view bound = {member->bound, 64};
    if (member->stage != STAGE_SEALED)
        return STATUS_NOT_ALLOWED;
    if (!has_headroom(vector, member->peer_count))
        return STATUS_OUT_OF_RANGE;
    struct mask_keys keys = mask_keys_of(member);
    member->stage = STAGE_MASKED;
    if (DEFENCE("self-mask"))
        masking_self_key(&keys.added[keys.added_count++],
            &member->vault->self_seed, bound, &member->mask_key);
    for (size_t i = 0; i < member->peer_count; i++) {
        const struct peer *peer = &member->peers[i];
        if (i == member->own_at || !peer->gives)
            continue;
        masking_pair_key(pair_key_in(&keys, member, peer),
            agreed_with(member, i), bound, &member->mask_key, &peer->mask_key);
    }
    add_masks(member, &keys, vector);
    member->round = 1;
    member->own_vector = digest_of(vector_view(vector));
    return sign_masked(member, masked);
}

/* ---- 6, 7: who survived, and the vote ---- */

/* Who survived is what the votes agree on: each voter checks its own entry, and
 * none of the others' signatures, which the coordinator has checked. One that
 * names a vector that nobody sent has a sum that it cannot open. */
static enum status check_survivor(
    const struct member *member, const struct step_masked *one, size_t *at)
{
    *at = member_find_peer(member, step_index_get(&one->index));
    if (*at == member->peer_count || !member->peers[*at].gives)
        return STATUS_MALFORMED;
    if (*at == member->own_at &&
        !digest_equal(&one->vector, &member->own_vector))
        return STATUS_REFUSED;
    return STATUS_OK;
}

enum status member_take_survivors(
    struct member *member, struct view survivors, struct digest *digest)
{
    size_t count, needed = masking_threshold(member->peer_count);
    if (member->stage != STAGE_MASKED && DEFENCE("one-vote"))
        return STATUS_NOT_ALLOWED;
    if (needed < member->min_centers && DEFENCE("min-centers"))
        needed = member->min_centers;
    enum status status = steps_check_list(
        survivors, sizeof(struct step_masked), member->peer_count, &count);
    if (status == STATUS_OK && count < needed)
        status = STATUS_TOO_FEW_CENTERS;
    for (size_t i = 0; i < member->peer_count; i++)
        member->peers[i].survives = false;
    for (size_t i = 0; status == STATUS_OK && i < count; i++) {
        struct step_masked one;
        size_t at;
        memcpy(&one, survivors.data + i * sizeof one, sizeof one);
        status = check_survivor(member, &one, &at);
        if (status == STATUS_OK)
            member->peers[at].survives = true;
    }
    /* One that was left out has nothing to vote for, and nothing to lose. */
    if (status == STATUS_OK && !member->peers[member->own_at].survives)
        status = STATUS_REFUSED;
    if (status != STATUS_OK)
        return status;
    member->survivors = steps_digest_survivors(&member->givers, survivors);
    member->stage = STAGE_DECIDED;
    *digest = member->survivors;
    return STATUS_OK;
}

enum status member_write_vote(struct member *member, struct buffer *vote)
{
    struct step_signature signature;
    if (member->stage != STAGE_DECIDED)
        return STATUS_NOT_ALLOWED;
    struct digest statement =
        steps_vote_statement(&member->givers, &member->survivors);
    enum status status =
        steps_sign(&signature.signature, member->keys, &statement);
    if (status == STATUS_OK)
        status = buffer_append(vote, &signature, sizeof signature);
    if (status == STATUS_OK) {
        member->own_vote = signature.signature;
        member->stage = STAGE_VOTED;
    }
    return status;
}

size_t member_survivors(const struct member *member, uint32_t *survivors)
{
    size_t count = 0;
    for (size_t i = 0; i < member->peer_count; i++) {
        if (member->peers[i].survives)
            survivors[count++] = member->peers[i].index;
    }
    return count;
}

/* ---- 8, 9: the votes, and the reveal ---- */

static bool is_vote_of(const struct member *member, const struct peer *peer,
    const struct step_vote *vote, const struct digest *statement)
{
    if (peer->index == member->own)
        return sodium_memcmp(&vote->signature, &member->own_vote,
                   sizeof member->own_vote) == 0;
    return steps_verify(&vote->signature, statement, &peer->sign);
}

/* As many as are needed are looked at. */
static enum status check_votes(
    const struct member *member, struct view votes, size_t *valid)
{
    const struct digest statement =
        steps_vote_statement(&member->givers, &member->survivors);
    const size_t needed = masking_threshold(member->peer_count);
    size_t count;
    enum status status = steps_check_list(
        votes, sizeof(struct step_vote), member->peer_count, &count);
    *valid = 0;
    for (size_t i = 0; status == STATUS_OK && i < count && *valid < needed;
         i++) {
        struct step_vote vote;
        memcpy(&vote, votes.data + i * sizeof vote, sizeof vote);
        size_t at = member_find_peer(member, step_index_get(&vote.index));
        if (at == member->peer_count || !member->peers[at].survives)
            status = STATUS_MALFORMED;
        else if (!is_vote_of(member, &member->peers[at], &vote, &statement))
            status = STATUS_BAD_SIGNATURE;
        *valid += status == STATUS_OK;
    }
    return status;
}

/* Of each that gave shares, one of its two: this is the line that must never
 * give both. */
static enum status write_reveal(
    const struct member *member, struct buffer *reveal)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < member->peer_count; i++) {
        const struct peer *peer = &member->peers[i];
        if (!peer->gives)
            continue;
        const struct secret *pair = shares_of(member, i);
        struct step_share share = {.index = step_index_of(peer->index),
            .share = peer->survives ? pair[0] : pair[1]};
        status = buffer_append(reveal, &share, sizeof share);
        share.share = pair[1];
        if (status == STATUS_OK && !DEFENCE("exclusive-reveal"))
            status = buffer_append(reveal, &share, sizeof share);
    }
    return status;
}

enum status member_take_votes(
    struct member *member, struct view votes, struct buffer *reveal)
{
    size_t valid, before = reveal->size;
    if (member->stage != STAGE_VOTED)
        return STATUS_NOT_ALLOWED;
    enum status status = check_votes(member, votes, &valid);
    if (status == STATUS_OK && valid < masking_threshold(member->peer_count))
        status = STATUS_TOO_FEW_SIGNATURES;
    if (status != STATUS_OK)
        return status;
    status = write_reveal(member, reveal);
    if (status != STATUS_OK) {
        reveal->size = before;
        return status;
    }
    memcpy(member->bound + 64, member->survivors.bytes, DIGEST_BYTES);
    member->stage = STAGE_REVEALED;
    return STATUS_OK;
}

/* ---- later rounds ---- */

enum status member_mask_round(struct member *member, uint32_t number,
    const struct digest *told, struct vector *vector, struct buffer *masked)
{
    const struct view bound = {member->bound, sizeof member->bound};
    const struct masking_round round = {number, told};
    if (member->stage != STAGE_REVEALED || number != member->round + 1)
        return STATUS_NOT_ALLOWED;
    if (!has_headroom(vector, member->peer_count))
        return STATUS_OUT_OF_RANGE;
    struct mask_keys keys = mask_keys_of(member);
    member->round = number;
    for (size_t i = 0; i < member->peer_count; i++) {
        const struct peer *peer = &member->peers[i];
        if (i == member->own_at || !peer->survives)
            continue;
        masking_round_key(pair_key_in(&keys, member, peer),
            agreed_with(member, i), bound, round, &member->mask_key,
            &peer->mask_key);
    }
    add_masks(member, &keys, vector);
    struct step_tag tag;
    steps_tag(
        &tag, &member->vault->self_seed, bound, round, vector_view(vector));
    return buffer_append(masked, &tag, sizeof tag);
}
