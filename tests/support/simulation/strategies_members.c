/*
 * Lies about who takes part, what was asked, and what was asked before; the
 * table is in strategies.c.
 */
#include <string.h>

#include "tests/support/seeded.h"
#include "tests/support/simulation/strategies.h"

/* ---- keys ---- */

/* PEERS of everybody, in which the puppet's record is another. */
static void lie_about_keys(struct liar *liar, struct attempt *attempt,
    struct step_keys keys, size_t place)
{
    struct buffer peers;
    const struct digest statement =
        steps_keys_statement(&attempt->header, &keys);
    world_must(steps_sign(&keys.signature, liar->world->centers[puppet(liar)],
                   &statement),
        "sign");
    liar_list(liar, attempt, MESSAGE_PEERS, 0, liar->all, &peers);
    memcpy(peers.data + place * sizeof keys, &keys, sizeof keys);
    liar_lie(liar, attempt, MESSAGE_PEERS, honest(liar), buffer_view(&peers));
    buffer_fini(&peers);
}

void same_key(struct liar *liar)
{
    struct attempt *attempt = liar_begin(liar, 0);
    struct step_keys keys = attempt->heard[puppet(liar)].keys;
    keys.mask_key = attempt->heard[liar->victim].keys.mask_key;
    lie_about_keys(liar, attempt, keys, puppet(liar));
}

void same_member(struct liar *liar)
{
    struct attempt *attempt = liar_begin(liar, 0);
    lie_about_keys(liar, attempt, attempt->heard[puppet(liar)].keys,
        (puppet(liar) + 1) % liar->world->count);
}

void low_order(struct liar *liar)
{
    struct attempt *attempt = liar_begin(liar, 0);
    struct step_keys keys = attempt->heard[puppet(liar)].keys;
    memset(&keys.mask_key, 0, sizeof keys.mask_key);
    keys.mask_key.bytes[0] = (uint8_t)seeded_below(2);
    lie_about_keys(liar, attempt, keys, puppet(liar));
}

void index_zero(struct liar *liar)
{
    struct attempt *attempt = liar_begin(liar, 0);
    struct step_keys keys = attempt->heard[puppet(liar)].keys;
    keys.index = step_index_of(0);
    lie_about_keys(liar, attempt, keys, 0);
}

/* Everybody but the victim is played by the coordinator. */
void own_keys(struct liar *liar)
{
    struct attempt *attempt = liar_begin(liar, 0);
    struct buffer peers;
    liar_list(liar, attempt, MESSAGE_PEERS, 0, liar->all, &peers);
    for (size_t i = 0; i < liar->world->count; i++) {
        struct step_keys keys = attempt->heard[i].keys;
        if (i == liar->victim)
            continue;
        const struct step_keys *mine = &attempt->heard[puppet(liar)].keys;
        keys.mask_key = mine->mask_key;
        keys.mask_key.bytes[1] ^= (uint8_t)i;
        keys.share_key = mine->share_key;
        const struct digest statement =
            steps_keys_statement(&attempt->header, &keys);
        world_must(steps_sign(&keys.signature, liar->world->cast.coordinator,
                       &statement),
            "sign");
        memcpy(peers.data + i * sizeof keys, &keys, sizeof keys);
    }
    liar_lie(liar, attempt, MESSAGE_PEERS, honest(liar), buffer_view(&peers));
    buffer_fini(&peers);
}

/* ---- shares ---- */

void swapped_shares(struct liar *liar)
{
    struct attempt *attempt = liar_begin(liar, 0);
    const uint32_t givers = honest(liar) & others(liar);
    liar_steps(liar, attempt, MESSAGE_PEERS);
    /* what the others sealed for one of them, to the victim */
    const size_t other = (size_t)__builtin_ctz(givers);
    struct buffer sealed;
    buffer_init(&sealed, BUFFER_LIMIT_DEFAULT);
    list_sealed(attempt, other, others(liar), &sealed);
    liar_lie(liar, attempt, MESSAGE_SEALED, bit_of(liar->victim),
        buffer_view(&sealed));
    buffer_clear(&sealed);
    list_sealed(attempt, liar->victim, liar->all, &sealed);
    /* of the commitment, or of what is sealed with it */
    sealed.data[seeded_once_in(2)
                    ? offsetof(struct step_sealed, commit.seed) +
                          seeded_below(DIGEST_BYTES)
                    : offsetof(struct step_sealed, nonce) +
                          seeded_below(STEP_NONCE_BYTES + STEP_BOX_BYTES)] ^= 1;
    liar_lie(liar, attempt, MESSAGE_SEALED, bit_of(liar->victim),
        buffer_view(&sealed));
    buffer_fini(&sealed);
}

/* Some are told of everybody, some of all but one; then their shares are
 * mixed. */
void two_lists_of_members(struct liar *liar)
{
    struct attempt *attempt = liar_begin(liar, 0);
    const uint32_t most = liar->all & ~bit_of(puppet(liar));
    const uint32_t some =
        bit_of(liar->victim) | first_of(honest(liar) & others(liar), 1);
    liar_step(liar, attempt, MESSAGE_PEERS, some, liar->all);
    liar_step(liar, attempt, MESSAGE_PEERS, most & ~some, most);
    liar_lie_of(liar, attempt, MESSAGE_SEALED, honest(liar) & most, most);
}

/* ---- how many ---- */

void lowered_header(struct liar *liar)
{
    struct opening opening;
    opening_init(liar, &opening, 0, 1, liar->all);
    opening.header.min_centers--;
    liar_open_in_vain(liar, &opening, honest(liar));
    opening_fini(&opening);
}

void lowered_minimum(struct liar *liar)
{
    lowered_header(liar);
    const size_t few = (size_t)liar->world->min_centers - 1;
    struct attempt *attempt = liar_begin(liar, 0);
    for (size_t i = 0; i < liar->world->count; i++) {
        if (honest(liar) & bit_of(i))
            liar_lie_of(liar, attempt, MESSAGE_PEERS, bit_of(i),
                bit_of(i) | first_of(liar->all & ~bit_of(i), few - 1));
    }
    attempt = liar_begin(liar, 1);
    liar_steps(liar, attempt, MESSAGE_PEERS);
    for (size_t i = 0; i < liar->world->count; i++) {
        if (honest(liar) & bit_of(i))
            liar_lie_of(liar, attempt, MESSAGE_SEALED, bit_of(i),
                first_of(liar->all & ~bit_of(i), few - 1));
    }
}

void unknown_centers(struct liar *liar)
{
    struct opening opening;
    opening_init(liar, &opening, 0, 1, bit_of(liar->victim));
    for (int i = 0; i < 6; i++) /* nobody that the committee knows */
        snprintf(opening.names[opening.header.center_count++],
            sizeof opening.names[0], "sybil-%d", i);
    liar_open_in_vain(liar, &opening, bit_of(liar->victim));
    opening_fini(&opening);
}

void isolated_victim(struct liar *liar)
{
    const uint32_t crowd = liar->league | bit_of(liar->victim);
    unknown_centers(liar);
    struct attempt *attempt = liar_begin(liar, 1);
    liar_lie_of(liar, attempt, MESSAGE_PEERS, bit_of(liar->victim), crowd);
}

/* ---- questions ---- */

void other_words(struct liar *liar)
{
    struct opening one, other;
    opening_init(liar, &one, 0, 1, liar->all);
    opening_init(liar, &other, 1, 2, liar->all);
    struct buffer kept = one.query;
    one.query = other.query;
    liar_open_in_vain(liar, &one, honest(liar));
    one.query = kept;
    opening_fini(&one);
    opening_fini(&other);
}

void other_question(struct liar *liar)
{
    struct opening one, other;
    other_words(liar);
    opening_init(liar, &one, 0, 1, liar->all);
    opening_init(liar, &other, 1, 2, liar->all);
    memcpy(
        other.header.session, one.header.session, sizeof other.header.session);
    /* The victim gets one, the others another; then they are brought
     * together. */
    struct attempt *first = liar_open(liar, &one, bit_of(liar->victim));
    struct attempt *second = liar_open(liar, &other, others(liar));
    struct buffer peers;
    buffer_init(&peers, BUFFER_LIMIT_DEFAULT);
    for (size_t i = 0; i < liar->world->count; i++)
        list_peers(i == liar->victim ? first : second, bit_of(i), &peers);
    liar_lie(
        liar, first, MESSAGE_PEERS, bit_of(liar->victim), buffer_view(&peers));
    liar_lie(liar, second, MESSAGE_PEERS, honest(liar) & others(liar),
        buffer_view(&peers));
    buffer_fini(&peers);
    opening_fini(&one);
    opening_fini(&other);
}

void altered_header(struct liar *liar)
{
    for (int way = 0; way < 6; way++) {
        struct opening opening;
        opening_init(liar, &opening, 0, 1, liar->all);
        switch (way) {
        case 0: opening.flip = true; break;
        case 1: opening.signer = liar->world->cast.researcher; break;
        case 2: opening.header.roster_id.bytes[0] ^= 1; break;
        case 3: opening.header.study_id.bytes[0] ^= 1; break;
        case 4: opening.header.deadline = liar->now.wall - 3600; break;
        default: opening.header.query_id.bytes[0] ^= 1;
        }
        liar_open_in_vain(liar, &opening, honest(liar));
        opening_fini(&opening);
    }
}

void few_approvals(struct liar *liar)
{
    for (size_t approvals = 0; approvals < 2; approvals++) {
        struct opening opening;
        opening_init(liar, &opening, 0, 1, liar->all);
        opening.approvals = approvals;
        liar_open_in_vain(liar, &opening, honest(liar));
        opening_fini(&opening);
    }
}

/* ---- again ---- */

/* Some nodes start anew in between: what must not be done twice is in their
 * stores. */
static void restart_some(struct liar *liar)
{
    for (size_t i = 0; i < liar->world->count; i++) {
        if (!(honest(liar) & bit_of(i)) || !seeded_once_in(2))
            continue;
        center_stop(liar->centers[i]);
        center_start(liar->centers[i]);
    }
}

/* A query gets no second session once it had a vote. */
void second_attempt(struct liar *liar)
{
    struct opening opening;
    struct attempt *attempt = liar_begin(liar, 0);
    liar_steps(liar, attempt, MESSAGE_SURVIVORS);
    restart_some(liar);
    opening_init(liar, &opening, 0, 1, liar->all);
    liar_open_in_vain(liar, &opening, honest(liar));
    opening_fini(&opening);
}

/* The same of figures that are not masked: one session of a query is
 * answered. */
void second_session(struct liar *liar)
{
    struct opening opening;
    (void)liar_begin(liar, seeded_below((uint32_t)liar->world->kinds));
    restart_some(liar);
    opening_init(liar, &opening, liar->attempts[0].kind, 1, liar->all);
    liar_open_in_vain(liar, &opening, honest(liar));
    opening_fini(&opening);
}

/* What an attempt said that ended before the vote, in the next. */
void replayed_attempt(struct liar *liar)
{
    struct opening opening;
    struct attempt *first = liar_begin(liar, 0);
    liar_steps(liar, first, MESSAGE_PEERS);
    opening_init(liar, &opening, 0, 1, liar->all);
    struct attempt *second = liar_open(liar, &opening, liar->all);
    opening_fini(&opening);
    struct buffer peers;
    buffer_init(&peers, BUFFER_LIMIT_DEFAULT);
    list_peers(first, liar->all, &peers);
    liar_lie(liar, second, MESSAGE_PEERS, honest(liar), buffer_view(&peers));
    buffer_fini(&peers);
    opening_init(liar, &opening, 0, 2, liar->all);
    second = liar_open(liar, &opening, liar->all);
    opening_fini(&opening);
    liar_steps(liar, second, MESSAGE_PEERS);
    for (size_t i = 0; i < liar->world->count; i++) {
        struct buffer sealed;
        buffer_init(&sealed, BUFFER_LIMIT_DEFAULT);
        list_sealed(first, i, liar->all, &sealed);
        liar_lie(liar, second, MESSAGE_SEALED, bit_of(i) & honest(liar),
            buffer_view(&sealed));
        buffer_fini(&sealed);
    }
}

/* A round of a fit told twice, with two sets of values. */
void rewound_round(struct liar *liar)
{
    struct attempt *attempt = liar_begin(liar, WORLD_FIT);
    struct buffer told;
    uint8_t *bytes;
    if (study_is_masked(liar->world->privacy))
        liar_steps(liar, attempt, MESSAGE_VOTES);
    buffer_init(&told, BUFFER_LIMIT_DEFAULT);
    const size_t size = world_round_size(liar->world, WORLD_FIT);
    world_must(buffer_extend(&told, &bytes, size), "round");
    memset(bytes, 0, size);
    bytes[0] = 1;
    for (size_t i = 0; i < liar->world->count; i++) {
        if ((honest(liar) & bit_of(i)) &&
            !liar_tell(
                liar, attempt, i, MESSAGE_ROUND, liar->all, buffer_view(&told)))
            world_fail("center %zu is silent to an honest round", i);
    }
    bytes[0] = 0;
    liar_lie(liar, attempt, MESSAGE_ROUND, honest(liar), buffer_view(&told));
    buffer_fini(&told);
}
