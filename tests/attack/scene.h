/*
 * scene: what the attacks on secure aggregation share: seven centers of which
 * the first is the victim, steps of an honest protocol, and what shares of the
 * victim's seeds are good for.
 */
#ifndef COHORTIUM_TESTS_ATTACK_SCENE_H
#define COHORTIUM_TESTS_ATTACK_SCENE_H

#include "protocol/masking/shares.h"
#include "protocol/masking/stream.h"
#include "tests/unit/masking_fixture.h"

#define CENTERS 7
#define LENGTH ((size_t)8)
#define VICTIM 0

struct scene {
    struct masking_terms terms;
    struct masking_party parties[CENTERS];
    struct keypair *keys[CENTERS];
    struct member *members[CENTERS];
    struct vector vectors[CENTERS];
    struct collector *collector;
    struct buffer said[CENTERS];
};

struct loot { /* T shares each of the victim's two seeds */
    uint32_t holders[CENTERS];
    struct secret self[CENTERS], mask[CENTERS];
};

/* Ends the program (1: the attack failed) unless it is STATUS_OK. */
void scene_must(enum status status);
void scene_set(struct scene *scene, size_t parties, size_t min_centers);
/* Members with seeds of their own, and a collector, for scene->terms. */
void scene_add_members(struct scene *scene);
enum status scene_answer(struct scene *scene, size_t i, struct view message);
/* One honest step of everybody; `late`: its answer comes too late (CENTERS:
 * nobody's). */
void scene_step(struct scene *scene, size_t late);
/* Takes the victim's masks off its vector: those with the others by the seed of
 * its mask key, its own by its self seed (NULL: it stays). */
void scene_unmask(struct scene *scene, const struct secret *mask_seed,
    const struct secret *self_seed, struct view keys_list);
/* The seed that shares[count] of these holders make. */
struct secret scene_join(
    const struct secret *shares, const uint32_t *holders, size_t count);
/* The body of PEERS; the caller ends it. */
void scene_write_peers(struct scene *scene, struct buffer *peers);
/* What the victim would keep to itself. */
int128 scene_secret(size_t k);
/* 0 and a line on standard output when this is it, else 1. */
int scene_read_off(const struct vector *vector);

struct attack {
    const char *name;
    int (*run)(struct scene *scene);
};
/* The one that argv[1] names. */
int scene_play(
    int argc, char **argv, const struct attack *attacks, size_t count);

#endif
