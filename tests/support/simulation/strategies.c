/*
 * The lies, one a function, and the table that names their sources: Bonawitz et
 * al., CCS 2017 (ePrint 2017/281); Pasquini et al., CCS 2022 (arXiv
 * 2111.07380); Boenisch et al. (arXiv 2301.04017); So et al., AAAI 2023 (arXiv
 * 2106.03328); Flower, adap/flower fdef7afb, secaggplus; DAP,
 * draft-ietf-ppm-dap, batch selection.
 */
#include "tests/support/simulation/strategies.h"

#include <string.h>

#include "tests/support/seeded.h"

/* ---- nothing but the protocol: what the plunder may open ---- */

static void no_lie(struct liar *liar)
{
    struct attempt *attempt =
        liar_begin(liar, seeded_below((uint32_t)liar->world->kinds));
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
    tell_votes_of_camp(liar, attempt, with);
    tell_votes_of_camp(liar, attempt, without);
    liar_lie_of(liar, attempt, MESSAGE_SURVIVORS, with, others(liar));
    liar_lie_of(liar, attempt, MESSAGE_SURVIVORS, without, liar->all);
    liar_lie_of(liar, attempt, MESSAGE_VOTES, honest(liar), with | without);
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

/* One question rebuilds the victim's self seed, the next its mask seed. */
static void two_questions(struct liar *liar)
{
    struct opening opening;
    struct attempt *attempt = liar_begin(liar, 0);
    liar_steps(liar, attempt, MESSAGE_VOTES);
    opening_init(liar, &opening, 1, 2, liar->all);
    attempt = liar_open(liar, &opening, liar->all);
    opening_fini(&opening);
    liar_steps(liar, attempt, MESSAGE_SEALED);
    liar_lie_of(
        liar, attempt, MESSAGE_SURVIVORS, bit_of(liar->victim), others(liar));
    liar_step(liar, attempt, MESSAGE_SURVIVORS, others(liar), others(liar));
    liar_step(liar, attempt, MESSAGE_VOTES, others(liar), others(liar));
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
    /* one who is told so has done with the question */
    const uint32_t asked = first_of(honest(liar) & others(liar), 1);
    liar_lie_of(liar, attempt, MESSAGE_SURVIVORS, asked, liar->all);
    liar_list(liar, attempt, MESSAGE_SURVIVORS, liar->victim, liar->all, &list);
    (void)liar_tell(liar, attempt, liar->victim, MESSAGE_SURVIVORS, liar->all,
        buffer_view(&list));
    buffer_fini(&list);
    liar_step(
        liar, attempt, MESSAGE_SURVIVORS, others(liar) & ~asked, others(liar));
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
    for (size_t i = 0; i < liar->world->count; i++) {
        if (fooled & bit_of(i))
            (void)liar_tell(liar, attempt, i, MESSAGE_SURVIVORS, liar->all,
                buffer_view(&list));
    }
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

const struct strategy strategies[] = {
    {"none", "", "the protocol alone: its sum, and nothing else, opens", no_lie,
        MASKED_ALL, LIED_TO_MIN},
    {"both-shares", "Bonawitz; Flower _unmask",
        "after the reveal, a second list without the victim", both_shares,
        MASKED_ALL, LIED_TO_MIN},
    {"two-votes", "Bonawitz, active variant",
        "after the vote, a second list without the victim", two_votes,
        MASKED_ALL, LIED_TO_MIN},
    {"split-vote", "Bonawitz, active variant",
        "one list to some, another to others", split_vote, MASKED_ALL,
        LIED_TO_MIN},
    {"late-vector", "Bonawitz, section 4",
        "a slow center is called gone, and its vector comes", late_vector,
        MASKED_ALL, LIED_TO_MIN},
    {"two-questions", "MicroSecAgg; arXiv 2410.09676",
        "one session rebuilds one seed, another the other", two_questions,
        MASKED_ALL, LIED_TO_MIN},
    {"short-survivors", "DAP; Boenisch", "fewer survivors than the threshold",
        short_survivors, MASKED_ALL, LIED_TO_MIN},
    {"dead-and-alive", "Flower active_nids, dead_nids",
        "a center that gave no shares survives", dead_and_alive, MASKED_ALL,
        LIED_TO_MIN},
    {"other-digest", "Bonawitz, active variant",
        "another digest of the victim's vector", other_digest, MASKED_ALL,
        LIED_TO_MIN},
    {"few-votes", "Flower: threshold from the server",
        "fewer votes than the threshold, and one twice", few_votes, MASKED_ALL,
        LIED_TO_MIN},
    {"forged-votes", "Bonawitz, active variant",
        "votes that the coordinator signs", forged_votes, MASKED_ALL,
        LIED_TO_MIN},
    {"same-key", "Flower: unsigned keys", "two members with one key", same_key,
        MASKED_ALL, LIED_TO_MIN},
    {"same-member", "Flower: unsigned keys", "one member twice", same_member,
        MASKED_ALL, LIED_TO_MIN},
    {"low-order-key", "RFC 7748, section 6", "a key of low order", low_order,
        MASKED_ALL, LIED_TO_MIN},
    {"index-zero", "Shamir 1979", "a member whose share is the seed",
        index_zero, MASKED_ALL, LIED_TO_MIN},
    {"own-keys", "Flower: unsigned keys",
        "the coordinator in the middle, with keys of its own", own_keys,
        MASKED_ALL, LIED_TO_MIN},
    {"swapped-shares", "Bonawitz, active variant",
        "shares sealed for another, and a bit of one", swapped_shares,
        MASKED_ALL, LIED_TO_MIN},
    {"two-member-lists", "Bonawitz, active variant",
        "different members told to different centers", two_lists_of_members,
        MASKED_ALL, LIED_TO_MIN},
    {"lowered-minimum", "Boenisch; Flower: no floor",
        "fewer centers than the study wants, in header and lists",
        lowered_minimum, MASKED_ALL, LIED_TO_MIN},
    {"isolated-victim", "Boenisch",
        "the victim among strangers, or among those in league", isolated_victim,
        MASKED_ALL, LIED_TO_MIN},
    {"other-question", "Pasquini", "different questions to different centers",
        other_question, MASKED_ALL, LIED_TO_MIN},
    {"altered-header", "TUF: what is signed",
        "a header of another signer, study, roster, query or time",
        altered_header, MASKED_ALL | PLAIN, 3},
    {"other-words", "Pasquini", "the header of one question, another's words",
        other_words, MASKED_ALL | PLAIN, 3},
    {"lowered-header", "Boenisch; Flower: no floor",
        "fewer centers than the study wants, in the header", lowered_header,
        MASKED_ALL | PLAIN, 3},
    {"unknown-centers", "Boenisch", "the victim among names on no roster",
        unknown_centers, MASKED_ALL, 3},
    {"few-approvals", "TUF: thresholds",
        "a study that the committee did not "
        "approve",
        few_approvals, MASKED_ALL | PLAIN, 3},
    {"second-attempt", "DAP, replay", "another session after a vote",
        second_attempt, MASKED_ALL, LIED_TO_MIN},
    {"second-session", "DAP, replay",
        "another session after figures that are not masked", second_session,
        PLAIN, 3},
    {"replayed-attempt", "DAP, replay",
        "what an earlier attempt said, in the next", replayed_attempt,
        MASKED_ALL, LIED_TO_MIN},
    {"rewound-round", "So; Pasquini", "a round of a fit told twice",
        rewound_round,
        PRIVACY_BIT(PRIVACY_SUM) | PRIVACY_BIT(PRIVACY_SITE) | PLAIN, 3},
};
const size_t strategy_count = sizeof strategies / sizeof strategies[0];
