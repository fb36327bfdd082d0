/*
 * world: a federation as it stands before anything happens: keys, documents
 * and every center's rows. The same for every seed; what happens in it is the
 * simulation's. Fails the program on trouble.
 *
 * Of each question there is what a center gives in the first round: its exact
 * figures, those that its rules leave (`site`, `plain`), or exact ones to which
 * it adds noise; and what must come out, from the pooled rows (`sum`) or from
 * what the centers give.
 */
#ifndef COHORTIUM_TESTS_SUPPORT_SIMULATION_WORLD_H
#define COHORTIUM_TESTS_SUPPORT_SIMULATION_WORLD_H

#include "policy/study.h"
#include "protocol/analysis/rows.h"
#include "protocol/masking/steps.h"
#include "tests/unit/documents_fixture.h"

#define WORLD_CENTERS_MAX 1000
#define WORLD_SMALL 13 /* centers at most, where every set of them is kept */
#define WORLD_START ((int64_t)NOW)
#define WORLD_KINDS 4 /* of questions; the first WORLD_NOISY with noise */
#define WORLD_NOISY 2
#define WORLD_FIT 2 /* one of several rounds */

struct world_terms {
    size_t count; /* centers, 3 or more */
    int min_centers;
    enum study_privacy privacy;
};

struct world {
    size_t count; /* centers */
    int min_centers;
    enum study_privacy privacy;
    size_t kinds;     /* of questions that may be asked */
    struct cast cast; /* of five centers */
    struct keypair *centers[WORLD_CENTERS_MAX]; /* the first of them, or more */
    struct buffer roster, study, approvals[COMMITTEE];
    struct digest roster_id, study_id;
    size_t first_row[WORLD_CENTERS_MAX + 1];
    struct world_question *questions[WORLD_KINDS];
};

/* More than two thirds: as many as must survive, whatever the program under
 * test believes. */
static inline int world_most(size_t count)
{
    return 2 * (int)count / 3 + 1;
}

/* Made once and kept; do not free. */
const struct world *world_get(struct world_terms terms);
/* A row's codes, one a variable. */
#define WORLD_VARIABLES 2
size_t world_row_count(const struct world *world, size_t center);
void world_row(const struct world *world, size_t center, size_t row,
    int32_t codes[WORLD_VARIABLES]);

/* The researcher's signed question. Kinds: 0 counts and a summary, 1 counts of
 * fewer people, 2 a fit of several rounds, 3 two of them, one with a round that
 * counts people of high leverage. number makes the nonce. */
void world_query(const struct world *world, size_t kind, uint32_t number,
    struct buffer *out, struct digest *id);
/* A center's own vector of the first round, as it stands before noise and
 * masks. */
struct view world_vector(const struct world *world, size_t kind, size_t center);
size_t world_vector_length(const struct world *world, size_t kind);
/* Bytes of what a later round tells. */
size_t world_round_size(const struct world *world, size_t kind);
/* What the results must be when the figures of these centers were summed: a new
 * reference. in: one a center; given: with noise what each of them gave, else
 * NULL. */
json_t *world_results(const struct world *world, size_t kind, const bool *in,
    const struct view *given);
/* What a question costs each center of a study with noise. */
int64_t world_price_nano(void);
/* Which center has that name; count when none. */
size_t world_find(const struct world *world, const char *name);

/* Ends the program: what failed, after the seed and strategy that it says how
 * to repeat. */
_Noreturn void world_fail(const char *format, ...)
    __attribute__((format(printf, 1, 2)));
/* What world_fail says first: how to run this again. */
extern char world_case[256];
#define WORLD_REQUIRE(condition)                                               \
    ((condition) ? (void)0                                                     \
                 : world_fail("%s:%d: %s", __FILE__, __LINE__, #condition))
void world_must(enum status status, const char *what);

#endif
