/*
 * turns: questions that wait until the centers have room. In memory alone: a
 * question that waits at a restart is sent again by whoever waits for it.
 *
 * Fair by person: who has the fewest questions, open and ahead of this one, is
 * next; among equals who came first. Bounded in number, by person and in
 * bytes. Not thread-safe.
 */
#ifndef COHORTIUM_COORDINATOR_TURNS_H
#define COHORTIUM_COORDINATOR_TURNS_H

#include "protocol/wire/channel.h"
#include "protocol/wire/digest.h"

#define TURNS_OF_PERSON_MAX 256 /* questions of one person */
#define TURNS_BYTES_MAX ((size_t)32 * 1024 * 1024)

struct waiting {
    struct digest id, study_id; /* of query and study */
    struct public_key researcher;
    struct buffer envelope;     /* the query's, as it was submitted */
    struct channel_route route; /* whom the answer goes to */
    int64_t submitted;          /* seconds since 1970 */
    size_t ahead; /* the person's questions before it; by turns_order */
};

struct turns;

enum status turns_create(struct turns **out, size_t most);
void turns_destroy(struct turns *turns);
/* Copies the envelope. STATUS_BUSY: there is no room. */
enum status turns_add(
    struct turns *turns, const struct waiting *waiting, struct view envelope);
/* Moves it out; the caller frees its envelope. False: it does not wait. */
bool turns_take(
    struct turns *turns, const struct digest *id, struct waiting *out);
size_t turns_count(const struct turns *turns);
/* NULL when it does not wait. */
struct waiting *turns_find(struct turns *turns, const struct digest *id);
/* Puts them in the order in which they have their turn. open: how many
 * questions of that person are open. */
void turns_order(struct turns *turns,
    size_t (*open)(void *arg, const struct public_key *researcher), void *arg);
/* In the order of the last turns_order. */
struct waiting *turns_at(struct turns *turns, size_t place);

#endif
