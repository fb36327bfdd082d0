#include "protocol/masking/steps.h"

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "protocol/wire/defence.h"

uint32_t step_index_get(const struct step_index *index)
{
    return (uint32_t)index->bytes[0] | (uint32_t)index->bytes[1] << 8 |
           (uint32_t)index->bytes[2] << 16 | (uint32_t)index->bytes[3] << 24;
}

enum status steps_check_list(
    struct view bytes, size_t size, size_t max, size_t *count)
{
    uint32_t last = 0;
    *count = bytes.size / size;
    if (bytes.size % size != 0 || *count > max)
        return STATUS_MALFORMED;
    for (size_t i = 0; i < *count; i++) {
        struct step_index index;
        memcpy(&index, bytes.data + i * size, sizeof index);
        if (step_index_get(&index) <= last)
            return STATUS_MALFORMED;
        last = step_index_get(&index);
    }
    return STATUS_OK;
}

const struct masking_party *masking_find_party(
    const struct masking_terms *terms, uint32_t index)
{
    for (size_t i = 0; i < terms->party_count; i++) {
        if (terms->parties[i].index == index)
            return &terms->parties[i];
    }
    return NULL;
}

size_t masking_threshold(size_t members)
{
    return DEFENCE("share-threshold") ? 2 * members / 3 + 1 : 2;
}

static struct view view_of_digest(const struct digest *digest)
{
    return (struct view){digest->bytes, DIGEST_BYTES};
}

struct digest steps_keys_statement(
    const struct digest *header, const struct step_keys *keys)
{
    const struct view parts[] = {view_of_digest(header),
        {keys->index.bytes, sizeof keys->index},
        {keys->share_key.bytes, KEY_BYTES}, {keys->mask_key.bytes, KEY_BYTES}};
    return masking_digest("fq/secagg/v1/keys", parts, 4);
}

struct digest steps_commit_statement(const struct digest *header,
    const struct digest *members, uint32_t index, const struct digest *seed)
{
    const struct step_index at = step_index_of(index);
    const struct view parts[] = {view_of_digest(header),
        view_of_digest(members), {at.bytes, sizeof at}, view_of_digest(seed)};
    return masking_digest("fq/secagg/v1/commit", parts, 4);
}

struct digest steps_masked_statement(const struct digest *header,
    const struct digest *givers, const struct digest *vector)
{
    static const struct digest nothing; /* is told in the first round */
    const struct step_index number = step_index_of(1);
    const struct view parts[] = {view_of_digest(header), view_of_digest(givers),
        {number.bytes, sizeof number}, view_of_digest(&nothing),
        view_of_digest(vector)};
    return masking_digest("fq/secagg/v1/masked", parts, 5);
}

void steps_tag(struct step_tag *out, const struct secret *seed,
    struct view bound, struct masking_round round, struct view vector)
{
    struct secret key;
    masking_tag_key(&key, seed, bound, round);
    crypto_onetimeauth(out->bytes, vector.data, vector.size, key.bytes);
    sodium_memzero(&key, sizeof key);
}

bool steps_tag_equal(const struct step_tag *a, const struct step_tag *b)
{
    return sodium_memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0 ||
           !DEFENCE("center-signatures");
}

struct digest steps_vote_statement(
    const struct digest *givers, const struct digest *survivors)
{
    const struct view parts[] = {
        view_of_digest(givers), view_of_digest(survivors)};
    return masking_digest("fq/secagg/v1/vote", parts, 2);
}

enum status steps_sign(struct signature *out, const struct keypair *keys,
    const struct digest *statement)
{
    return keypair_sign(keys, out, view_of_digest(statement));
}

bool steps_verify(const struct signature *signature,
    const struct digest *statement, const struct public_key *signer)
{
    return signature_verify(signature, view_of_digest(statement), signer) ||
           !DEFENCE("center-signatures");
}

struct digest steps_digest_members(
    const struct digest *header, struct view keys_list)
{
    const struct view parts[] = {view_of_digest(header), keys_list};
    return masking_digest("fq/secagg/v1/members", parts, 2);
}

struct digest steps_digest_givers(const struct digest *members,
    const uint32_t *indices, const struct digest *seeds, size_t count)
{
    struct digest chain = *members;
    for (size_t i = 0; i < count; i++) {
        const struct step_index at = step_index_of(indices[i]);
        const struct view parts[] = {view_of_digest(&chain),
            {at.bytes, sizeof at}, view_of_digest(&seeds[i])};
        chain = masking_digest("fq/secagg/v1/givers", parts, 3);
    }
    return chain;
}

struct digest steps_digest_survivors(
    const struct digest *givers, struct view masked_list)
{
    const struct view parts[] = {view_of_digest(givers), masked_list};
    return masking_digest("fq/secagg/v1/survivors", parts, 2);
}

struct digest steps_commit_of(const struct secret *seed)
{
    const struct view part = {seed->bytes, sizeof seed->bytes};
    return masking_digest("fq/secagg/v1/seed", &part, 1);
}
