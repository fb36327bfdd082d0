/*
 * liar: a coordinator that lies to real nodes. It has the coordinator's keys,
 * the researcher in league (who asks what it likes), and as many centers as the
 * protocol bears: fewer than a third, whose seeds and shares it has and whose
 * signatures it gives to anything. Everything else it can only pass on, leave
 * out, repeat, mix and forge.
 *
 * A strategy (strategies.c) is one lie of the literature, told to 4 to 13
 * centers (to 3 where that makes sense) in studies of each privacy that it
 * makes sense in. No node may answer a lie; and whatever was given besides is
 * plundered at the end (plunder.c).
 */
#ifndef COHORTIUM_TESTS_SUPPORT_SIMULATION_LIAR_H
#define COHORTIUM_TESTS_SUPPORT_SIMULATION_LIAR_H

#include "policy/admission.h"
#include "protocol/masking/member.h"
#include "protocol/wire/message.h"
#include "tests/support/simulation/watch.h"

#define LIAR_ATTEMPTS 3

/* Sets of centers are bits. */
static inline uint32_t bit_of(size_t center)
{
    return (uint32_t)1 << center;
}

struct heard { /* from one center, in one attempt */
    bool keyed, gave, masked, voted, revealed;
    struct step_keys keys;
    struct buffer shares; /* a commitment, then boxes */
    struct signature masked_signature, vote;
    struct vector vector;
    struct buffer reveal;
    uint32_t peers, givers, survivors; /* as it was told, and answered */
};

struct attempt {        /* one session of one query */
    size_t kind, query; /* its place in the watch */
    struct digest header;
    uint32_t asked;
    struct masking_party parties[WORLD_SMALL];
    struct member *members[WORLD_SMALL]; /* of those in league */
    struct heard heard[WORLD_SMALL];
};

struct liar {
    const struct world *world;
    uint32_t all, league;
    size_t victim;
    struct center *centers[WORLD_SMALL];
    struct watch watch;
    struct center_time now;
    struct buffer reply; /* to what was said last; empty: none */
    size_t attempt_count;
    struct attempt attempts[LIAR_ATTEMPTS];
    size_t refused; /* lies that were not believed */
    size_t opened;  /* sums that the plunder opened */
};

#define PRIVACY_BIT(privacy) (1u << (privacy))
#define MASKED_ALL                                                             \
    (PRIVACY_BIT(PRIVACY_SUM) | PRIVACY_BIT(PRIVACY_SITE) |                    \
        PRIVACY_BIT(PRIVACY_NOISE))
#define PLAIN PRIVACY_BIT(PRIVACY_PLAIN)
#define LIED_TO_MIN                                                            \
    4 /* centers: one of them in league, and one may be left out               \
       */

struct strategy {
    const char *name, *source, *what;
    void (*run)(struct liar *liar);
    unsigned privacies; /* that it makes sense in, bits */
    size_t least;       /* centers */
};
extern const struct strategy strategies[];
extern const size_t strategy_count;

/* Runs one strategy; ends the program when it succeeds. How many lies were
 * told. */
size_t liar_run(const struct strategy *strategy, uint64_t seed);

/* ---- what strategies are made of ---- */

/* An OPEN as it would be honest, to be bent before it is sent. */
struct opening {
    struct session_header header;
    char names[WORLD_SMALL][NAME_MAX_BYTES + 1];
    int64_t freezes[WORLD_SMALL];
    struct buffer query;
    size_t kind, query_index, approvals;
    const struct keypair *signer; /* of the header */
    bool flip;                    /* a bit of the header, after it is signed */
};

/* A question of that kind; the same number is the same query. */
void opening_init(struct liar *liar, struct opening *opening, size_t kind,
    uint32_t number, uint32_t centers);
void opening_fini(struct opening *opening);
/* Sends it to those centers; all of them must join. */
struct attempt *liar_open(
    struct liar *liar, const struct opening *opening, uint32_t centers);
/* No honest one may join. */
void liar_open_in_vain(
    struct liar *liar, const struct opening *opening, uint32_t centers);
/* All of it for a kind: everybody joins. */
struct attempt *liar_begin(struct liar *liar, size_t kind);

/* The bodies of PEERS, SEALED, SURVIVORS and VOTES, honest but for whom they
 * name. Each appends. */
void list_peers(
    const struct attempt *attempt, uint32_t set, struct buffer *out);
void list_sealed(
    const struct attempt *attempt, size_t to, uint32_t set, struct buffer *out);
void list_survivors(
    const struct attempt *attempt, uint32_t set, struct buffer *out);
/* For these survivors: of those in league whatever is needed, of the others
 * what they gave (for whatever they gave it). */
void list_votes(const struct liar *liar, const struct attempt *attempt,
    uint32_t survivors, uint32_t set, struct buffer *out);
void liar_list(const struct liar *liar, const struct attempt *attempt,
    enum message_type type, size_t to, uint32_t set, struct buffer *out);

/* Says it to an honest one. What came back, decoded; NULL: nothing. Valid until
 * the next. */
const struct message *liar_say(
    struct liar *liar, size_t center, const struct message *message);
/* Says it to one center (or one in league) and keeps what comes back. Whether
 * something did. set: whom the body names. */
bool liar_tell(struct liar *liar, struct attempt *attempt, size_t center,
    enum message_type type, uint32_t set, struct view body);
/* Says the list of `set` to all of `to`; all must answer. */
void liar_step(struct liar *liar, struct attempt *attempt,
    enum message_type type, uint32_t to, uint32_t set);
/* Steps with everybody, up to and with that one. */
void liar_steps(
    struct liar *liar, struct attempt *attempt, enum message_type last);
/* A lie: none of the honest in `to` may answer. */
void liar_lie(struct liar *liar, struct attempt *attempt,
    enum message_type type, uint32_t to, struct view body);
void liar_lie_of(struct liar *liar, struct attempt *attempt,
    enum message_type type, uint32_t to, uint32_t set);
/* What everybody's vote for these survivors is over. */
/* What that center gave in the attempt's first round, before masks; false where
 * only it knows, for it drew noise and has not voted. The caller ends out. */
bool attempt_figures(const struct liar *liar, const struct attempt *attempt,
    size_t center, struct buffer *out);
struct digest attempt_vote_statement(
    const struct attempt *attempt, uint32_t givers, uint32_t survivors);
size_t threshold_of(const struct liar *liar);

/* plunder.c: rebuilds what the shares at hand rebuild. No center's figures may
 * come out; sums that do must be what they claim, of enough centers, and none
 * may differ from another of the same people by one or two centers. */
void liar_plunder(struct liar *liar);

#endif
