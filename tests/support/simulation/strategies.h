/*
 * strategies: what their two files share: sets of centers by part, and the lies
 * of strategies_members.c that the table of strategies.c names.
 */
#ifndef COHORTIUM_TESTS_SUPPORT_SIMULATION_STRATEGIES_H
#define COHORTIUM_TESTS_SUPPORT_SIMULATION_STRATEGIES_H

#include "tests/support/simulation/liar.h"

static inline uint32_t others(const struct liar *liar)
{
    return liar->all & ~bit_of(liar->victim);
}

static inline uint32_t honest(const struct liar *liar)
{
    return liar->all & ~liar->league;
}

/* One of those in league. */
static inline size_t puppet(const struct liar *liar)
{
    return (size_t)__builtin_ctz(liar->league);
}

/* The first so many of a set. */
static inline uint32_t first_of(uint32_t set, size_t count)
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

void same_key(struct liar *liar);
void same_member(struct liar *liar);
void low_order(struct liar *liar);
void index_zero(struct liar *liar);
void own_keys(struct liar *liar);
void swapped_shares(struct liar *liar);
void two_lists_of_members(struct liar *liar);
void lowered_minimum(struct liar *liar);
void isolated_victim(struct liar *liar);
void other_question(struct liar *liar);
void altered_header(struct liar *liar);
void other_words(struct liar *liar);
void lowered_header(struct liar *liar);
void unknown_centers(struct liar *liar);
void few_approvals(struct liar *liar);
void second_attempt(struct liar *liar);
void second_session(struct liar *liar);
void replayed_attempt(struct liar *liar);
void rewound_round(struct liar *liar);

#endif
