/*
 * scene: one secure aggregation as a list of events, each with what came of it.
 * A vector file is such a list (tests/data/vectors); `make` writes it, `replay`
 * does the events again, and check.py recomputes them without this code.
 *
 * Randomness is seeded (tests/support/seeded.h) and drawn in the order of the
 * events: the same events give the same bytes.
 */
#ifndef COHORTIUM_TESTS_VECTORS_SCENE_H
#define COHORTIUM_TESTS_VECTORS_SCENE_H

#include <jansson.h>

#include "tests/unit/masking_fixture.h"

#define SCENE_ELEMENTS 2

struct scene {
    struct crowd crowd;
    json_t *root; /* the file: name, about, random, members, events */
};

/* members, each with an identity of its own. Member i has the vector
 * 1000 (i + 1) + k. */
void scene_open(
    struct scene *scene, uint64_t seed, size_t members, size_t min_centers);
void scene_close(struct scene *scene);

/* Does what the event says:
 *   {"do": "tell", "to": i, "step": S, "message": hex}
 *       S: KEYS (no message) PEERS SEALED SURVIVORS VOTES ROUND. SEALED and
 *       ROUND mask member i's vector, or "plain" where that is there; ROUND has
 *       "number". Gives "says", and "masked" of these two.
 *   {"do": "hear", "from": i}
 *       The collector takes what member i said last, or "body".
 *   {"do": "close"}
 *       The collector's step is over. Gives "sum" when there is one.
 *   {"do": "round", "number": n, "message": hex}
 *       The collector starts a later round.
 *   {"do": "join", "to": i, "min_centers": n}
 *       Member i is asked to take part with so few.
 * Sets "status", and the rest where it is OK. */
enum status scene_do(struct scene *scene, json_t *event);

/* hex text */
json_t *scene_hex(struct view bytes);
/* An object's hex member; appends. False when there is none. */
bool scene_bytes(const json_t *object, const char *key, struct buffer *out);

#endif
