/*
 * The lies, one a function, and the table that names their sources: Bonawitz et
 * al., CCS 2017 (ePrint 2017/281); Pasquini et al., CCS 2022 (arXiv
 * 2111.07380); Boenisch et al. (arXiv 2301.04017); So et al., AAAI 2023 (arXiv
 * 2106.03328); Flower, adap/flower fdef7afb, secaggplus; DAP,
 * draft-ietf-ppm-dap, batch selection.
 */
#include <string.h>

#include "tests/support/seeded.h"
#include "tests/support/simulation/liar.h"

static uint32_t others(const struct liar *liar)
{
    return liar->all & ~bit_of(liar->victim);
}

static uint32_t honest(const struct liar *liar)
{
    return liar->all & ~liar->league;
}

/* One of those in league. */
static size_t puppet(const struct liar *liar)
{
    return (size_t)__builtin_ctz(liar->league);
}

/* The first so many of a set. */
static uint32_t first_of(uint32_t set, size_t count)
{
    uint32_t chosen = 0;
    for (size_t i = 0; count > 0 && i < WORLD_SMALL; i++) {
        if (!(set & bit_of(i)))
            continue;
        chosen |= bit_of(i);
        count--;
    }
    return chosen;
}

/* ---- nothing but the protocol: what the plunder may open ---- */

static void no_lie(struct liar *liar)
{
    struct attempt *attempt = liar_begin(liar, seeded_below(WORLD_KINDS));
    liar_steps(liar, attempt, MESSAGE_VOTES);
    liar_plunder(liar);
    if (liar->opened != 1)
        world_fail("an honest sum does not open");
}

/* ---- survivors and votes ---- */

static void lie_of_second_set(struct liar *liar, struct attempt *attempt)
{
    struct buffer votes;
    liar_lie_of(liar, attempt, MESSAGE_SURVIVORS, honest(liar), others(liar));
    buffer_init(&votes, BUFFER_LIMIT_DEFAULT);
    list_votes(liar, attempt, others(liar), others(liar), &votes);
    liar_lie(liar, attempt, MESSAGE_VOTES, honest(liar), buffer_view(&votes));
    buffer_fini(&votes);
}

static void both_shares(struct liar *liar)
{
    struct attempt *attempt = liar_begin(liar, 0);
    liar_steps(liar, attempt, MESSAGE_VOTES);
    lie_of_second_set(liar, attempt);
}

static void two_votes(struct liar *liar)
{
    struct attempt *attempt = liar_begin(liar, 0);
    liar_steps(liar, attempt, MESSAGE_SURVIVORS);
    lie_of_second_set(liar, attempt);
}

/* With the votes of those in league one camp may be enough; not both. */
static void tell_votes_of_camp(
    struct liar *liar, struct attempt *attempt, uint32_t camp)
{
    const uint32_t voters = camp | liar->league;
    if ((size_t)__builtin_popcount(voters) < threshold_of(liar))
        liar_lie_of(liar, attempt, MESSAGE_VOTES, camp, voters);
    else
        liar_step(liar, attempt, MESSAGE_VOTES, camp, voters);
}

/* Some are told that the victim survived, some that it did not. */
static void split_vote(struct liar *liar)
{
    struct attempt *attempt = liar_begin(liar, 0);
    const size_t most = (size_t)__builtin_popcount(honest(liar)) - 1;
    const uint32_t with =
        bit_of(liar->victim) |
        first_of(honest(liar) & others(liar), seeded_below((uint32_t)most));
    const uint32_t without = honest(liar) & ~with;
    liar_steps(liar, attempt, MESSAGE_SEALED);
    liar_step(liar, attempt, MESSAGE_SURVIVORS, with, liar->all);
    liar_step(liar, attempt, MESSAGE_SURVIVORS, without, others(liar));
    liar_lie_of(liar, attempt, MESSAGE_SURVIVORS, with, others(liar));
    liar_lie_of(liar, attempt, MESSAGE_SURVIVORS, without, liar->all);
    liar_lie_of(liar, attempt, MESSAGE_VOTES, honest(liar), with | without);
    tell_votes_of_camp(liar, attempt, with);
    tell_votes_of_camp(liar, attempt, without);
}

static void late_vector(struct liar *liar)
{
    struct attempt *attempt = liar_begin(liar, 0);
    liar_steps(liar, attempt, MESSAGE_SEALED); /* the victim's is here */
    liar_lie_of(
        liar, attempt, MESSAGE_SURVIVORS, bit_of(liar->victim), others(liar));
    liar_step(liar, attempt, MESSAGE_SURVIVORS, others(liar), others(liar));
    liar_step(liar, attempt, MESSAGE_VOTES, others(liar), others(liar));
    liar_lie_of(liar, attempt, MESSAGE_SURVIVORS, others(liar), liar->all);
    struct buffer votes;
    buffer_init(&votes, BUFFER_LIMIT_DEFAULT);
    list_votes(liar, attempt, liar->all, liar->all, &votes);
    liar_lie(liar, attempt, MESSAGE_VOTES, honest(liar), buffer_view(&votes));
    buffer_fini(&votes);
}

static void short_survivors(struct liar *liar)
{
    struct attempt *attempt = liar_begin(liar, 0);
    liar_steps(liar, attempt, MESSAGE_SEALED);
    for (size_t count = threshold_of(liar) - 1; count > 0; count--)
        liar_lie_of(liar, attempt, MESSAGE_SURVIVORS, honest(liar),
            first_of(liar->all, count));
}

/* The victim gave no shares, the others are told; yet it survived. It alone
 * may vote for that, and no vote of another says the same. */
static void dead_and_alive(struct liar *liar)
{
    struct attempt *attempt = liar_begin(liar, 0);
    const uint32_t victim = bit_of(liar->victim);
    struct buffer list;
    liar_steps(liar, attempt, MESSAGE_PEERS);
    liar_step(liar, attempt, MESSAGE_SEALED, victim, liar->all);
    liar_step(liar, attempt, MESSAGE_SEALED, others(liar), others(liar));
    liar_lie_of(liar, attempt, MESSAGE_SURVIVORS, honest(liar) & others(liar),
        liar->all);
    liar_list(liar, attempt, MESSAGE_SURVIVORS, liar->victim, liar->all, &list);
    (void)liar_tell(liar, attempt, liar->victim, MESSAGE_SURVIVORS, liar->all,
        buffer_view(&list));
    buffer_fini(&list);
    liar_step(liar, attempt, MESSAGE_SURVIVORS, others(liar), others(liar));
    liar_lie_of(liar, attempt, MESSAGE_VOTES, victim, liar->all);
    liar_lie_of(liar, attempt, MESSAGE_VOTES, victim, liar->league | victim);
}

/* Of its own vector a center knows better. The others may believe it: theirs
 * are votes for what the victim never votes for. */
static void other_digest(struct liar *liar)
{
    struct attempt *attempt = liar_begin(liar, 0);
    const uint32_t fooled = honest(liar) & others(liar);
    struct buffer list;
    liar_steps(liar, attempt, MESSAGE_SEALED);
    liar_list(liar, attempt, MESSAGE_SURVIVORS, 0, liar->all, &list);
    list.data[liar->victim * sizeof(struct step_masked) +
              offsetof(struct step_masked, vector)] ^= 1;
    liar_lie(liar, attempt, MESSAGE_SURVIVORS, bit_of(liar->victim),
        buffer_view(&list));
    for (size_t i = 0; i < liar->world->count; i++)
        if (fooled & bit_of(i))
            (void)liar_tell(liar, attempt, i, MESSAGE_SURVIVORS, liar->all,
                buffer_view(&list));
    liar_lie_of(liar, attempt, MESSAGE_VOTES, honest(liar), fooled);
    buffer_fini(&list);
}

static void few_votes(struct liar *liar)
{
    struct attempt *attempt = liar_begin(liar, 0);
    struct buffer votes;
    liar_steps(liar, attempt, MESSAGE_SURVIVORS);
    liar_lie_of(liar, attempt, MESSAGE_VOTES, honest(liar),
        first_of(liar->all, threshold_of(liar) - 1));
    liar_list(liar, attempt, MESSAGE_VOTES, liar->victim,
        first_of(liar->all, threshold_of(liar) - 1), &votes);
    const size_t last = votes.size - sizeof(struct step_vote);
    struct step_vote again;
    memcpy(&again, votes.data + last, sizeof again);
    world_must(buffer_append(&votes, &again, sizeof again), "votes");
    liar_lie(liar, attempt, MESSAGE_VOTES, honest(liar), buffer_view(&votes));
    buffer_fini(&votes);
}

static void forged_votes(struct liar *liar)
{
    struct attempt *attempt = liar_begin(liar, 0);
    struct buffer votes;
    liar_steps(liar, attempt, MESSAGE_SURVIVORS);
    liar_list(liar, attempt, MESSAGE_VOTES, liar->victim, liar->all, &votes);
    const struct digest statement =
        attempt_vote_statement(attempt, liar->all, liar->all);
    for (size_t i = 0; i < liar->world->count; i++) {
        struct step_vote vote = {.index = step_index_of((uint32_t)i + 1)};
        world_must(steps_sign(&vote.signature, liar->world->cast.coordinator,
                       &statement),
            "sign");
        memcpy(votes.data + i * sizeof vote, &vote, sizeof vote);
    }
    liar_lie(liar, attempt, MESSAGE_VOTES, honest(liar), buffer_view(&votes));
    buffer_fini(&votes);
}

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

static void same_key(struct liar *liar)
{
    struct attempt *attempt = liar_begin(liar, 0);
    struct step_keys keys = attempt->heard[puppet(liar)].keys;
    keys.mask_key = attempt->heard[liar->victim].keys.mask_key;
    lie_about_keys(liar, attempt, keys, puppet(liar));
}

static void same_member(struct liar *liar)
{
    struct attempt *attempt = liar_begin(liar, 0);
    lie_about_keys(liar, attempt, attempt->heard[puppet(liar)].keys,
        (puppet(liar) + 1) % liar->world->count);
}

static void low_order(struct liar *liar)
{
    struct attempt *attempt = liar_begin(liar, 0);
    struct step_keys keys = attempt->heard[puppet(liar)].keys;
    memset(&keys.mask_key, 0, sizeof keys.mask_key);
    keys.mask_key.bytes[0] = (uint8_t)seeded_below(2);
    lie_about_keys(liar, attempt, keys, puppet(liar));
}

static void index_zero(struct liar *liar)
{
    struct attempt *attempt = liar_begin(liar, 0);
    struct step_keys keys = attempt->heard[puppet(liar)].keys;
    keys.index = step_index_of(0);
    lie_about_keys(liar, attempt, keys, 0);
}

/* Everybody but the victim is played by the coordinator. */
static void own_keys(struct liar *liar)
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

static void swapped_shares(struct liar *liar)
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
static void two_lists_of_members(struct liar *liar)
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

static void lowered_minimum(struct liar *liar)
{
    struct opening opening;
    opening_init(liar, &opening, 0, 1, liar->all);
    opening.header.min_centers--;
    liar_open_in_vain(liar, &opening, honest(liar));
    opening_fini(&opening);
    const size_t few = (size_t)liar->world->min_centers - 1;
    struct attempt *attempt = liar_begin(liar, 0);
    liar_lie_of(liar, attempt, MESSAGE_PEERS, honest(liar),
        first_of(liar->all, few) | bit_of(liar->victim) * (few < 3));
    liar_steps(liar, attempt, MESSAGE_PEERS);
    for (size_t i = 0; i < liar->world->count; i++)
        if (honest(liar) & bit_of(i))
            liar_lie_of(liar, attempt, MESSAGE_SEALED, bit_of(i),
                first_of(liar->all & ~bit_of(i), few - 1));
}

static void isolated_victim(struct liar *liar)
{
    struct opening opening;
    const uint32_t crowd = liar->league | bit_of(liar->victim);
    opening_init(liar, &opening, 0, 1, bit_of(liar->victim));
    for (int i = 0; i < 6; i++) /* nobody that the committee knows */
        snprintf(opening.names[opening.header.center_count++],
            sizeof opening.names[0], "sybil-%d", i);
    liar_open_in_vain(liar, &opening, bit_of(liar->victim));
    opening_fini(&opening);
    struct attempt *attempt = liar_begin(liar, 1);
    liar_lie_of(liar, attempt, MESSAGE_PEERS, bit_of(liar->victim), crowd);
}

/* ---- questions ---- */

static void other_question(struct liar *liar)
{
    struct opening one, other;
    opening_init(liar, &one, 0, 1, liar->all);
    opening_init(liar, &other, 1, 2, liar->all);
    /* The header of one with the words of another. */
    struct buffer kept = one.query;
    one.query = other.query;
    liar_open_in_vain(liar, &one, honest(liar));
    one.query = kept;
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

static void altered_header(struct liar *liar)
{
    for (int way = 0; way < 6; way++) {
        struct opening opening;
        opening_init(liar, &opening, 0, 1, liar->all);
        switch (way) {
        case 0: opening.flip = true; break;
        case 1: opening.signer = liar->world->cast.researcher; break;
        case 2: opening.header.roster_id.bytes[0] ^= 1; break;
        case 3: opening.header.study_id.bytes[0] ^= 1; break;
        case 4: opening.header.deadline = liar->now.wall - 60; break;
        default: opening.header.query_id.bytes[0] ^= 1;
        }
        liar_open_in_vain(liar, &opening, honest(liar));
        opening_fini(&opening);
    }
}

static void few_approvals(struct liar *liar)
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

/* The same question without one center, whose figures are the difference. */
static void rerun_without_one(struct liar *liar)
{
    struct opening opening;
    struct attempt *attempt = liar_begin(liar, 0);
    liar_steps(liar, attempt, MESSAGE_VOTES);
    restart_some(liar);
    opening_init(liar, &opening, 0, 2, others(liar));
    attempt = liar_open(liar, &opening, others(liar));
    opening_fini(&opening);
    liar_step(liar, attempt, MESSAGE_PEERS, others(liar), others(liar));
    liar_step(liar, attempt, MESSAGE_SEALED, others(liar), others(liar));
    liar_lie_of(liar, attempt, MESSAGE_SURVIVORS, honest(liar) & others(liar),
        others(liar));
}

/* A query gets no second session once it had a vote. */
static void second_attempt(struct liar *liar)
{
    struct opening opening;
    struct attempt *attempt = liar_begin(liar, 0);
    liar_steps(liar, attempt, MESSAGE_SURVIVORS);
    restart_some(liar);
    opening_init(liar, &opening, 0, 1, liar->all);
    liar_open_in_vain(liar, &opening, honest(liar));
    opening_fini(&opening);
}

/* What an attempt said that ended before the vote, in the next. */
static void replayed_attempt(struct liar *liar)
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
static void rewound_round(struct liar *liar)
{
    struct attempt *attempt = liar_begin(liar, 2);
    struct buffer told;
    uint8_t *bytes;
    liar_steps(liar, attempt, MESSAGE_VOTES);
    buffer_init(&told, BUFFER_LIMIT_DEFAULT);
    const size_t size = world_round_size(liar->world, 2);
    world_must(buffer_extend(&told, &bytes, size), "round");
    memset(bytes, 0, size);
    bytes[0] = 1;
    for (size_t i = 0; i < liar->world->count; i++)
        if ((honest(liar) & bit_of(i)) &&
            !liar_tell(
                liar, attempt, i, MESSAGE_ROUND, liar->all, buffer_view(&told)))
            world_fail("center %zu is silent to an honest round", i);
    bytes[0] = 0;
    liar_lie(liar, attempt, MESSAGE_ROUND, honest(liar), buffer_view(&told));
    buffer_fini(&told);
}

const struct strategy strategies[] = {
    {"none", "", "the protocol alone: its sum, and nothing else, opens",
        no_lie},
    {"both-shares", "Bonawitz; Flower _unmask",
        "after the reveal, a second list without the victim", both_shares},
    {"two-votes", "Bonawitz, active variant",
        "after the vote, a second list without the victim", two_votes},
    {"split-vote", "Bonawitz, active variant",
        "one list to some, another to others", split_vote},
    {"late-vector", "Bonawitz, section 4",
        "a slow center is called gone, and its vector comes", late_vector},
    {"short-survivors", "DAP; Boenisch", "fewer survivors than the threshold",
        short_survivors},
    {"dead-and-alive", "Flower active_nids, dead_nids",
        "a center that gave no shares survives", dead_and_alive},
    {"other-digest", "Bonawitz, active variant",
        "another digest of the victim's vector", other_digest},
    {"few-votes", "Flower: threshold from the server",
        "fewer votes than the threshold, and one twice", few_votes},
    {"forged-votes", "Bonawitz, active variant",
        "votes that the coordinator signs", forged_votes},
    {"same-key", "Flower: unsigned keys", "two members with one key", same_key},
    {"same-member", "Flower: unsigned keys", "one member twice", same_member},
    {"low-order-key", "RFC 7748, section 6", "a key of low order", low_order},
    {"index-zero", "Shamir 1979", "a member whose share is the seed",
        index_zero},
    {"own-keys", "Flower: unsigned keys",
        "the coordinator in the middle, with keys of its own", own_keys},
    {"swapped-shares", "Bonawitz, active variant",
        "shares sealed for another, and a bit of one", swapped_shares},
    {"two-member-lists", "Bonawitz, active variant",
        "different members told to different centers", two_lists_of_members},
    {"lowered-minimum", "Boenisch; Flower: no floor",
        "fewer centers than the study wants, in header and lists",
        lowered_minimum},
    {"isolated-victim", "Boenisch",
        "the victim among strangers, or among those in league",
        isolated_victim},
    {"other-question", "Pasquini", "different questions to different centers",
        other_question},
    {"altered-header", "TUF: what is signed",
        "a header of another signer, study, roster, query or time",
        altered_header},
    {"few-approvals", "TUF: thresholds",
        "a study that the committee did not "
        "approve",
        few_approvals},
    {"rerun-without-one", "So", "the same question without one center",
        rerun_without_one},
    {"second-attempt", "DAP, replay", "another session after a vote",
        second_attempt},
    {"replayed-attempt", "DAP, replay",
        "what an earlier attempt said, in the next", replayed_attempt},
    {"rewound-round", "So; Pasquini", "a round of a fit told twice",
        rewound_round},
};
const size_t strategy_count = sizeof strategies / sizeof strategies[0];
