/*
 * A coordinator that reads one center's own figures by what its masks are made
 * from: late vectors, seeds that come twice or can be guessed, a threshold that
 * two puppets reach, sums that overflow. attack_seeds ATTACK: exit 0 when it
 * succeeds, 1 when it does not.
 */
#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "protocol/masking/member_internal.h"
#include "protocol/wire/defence.h"
#include "tests/attack/scene.h"
#include "tests/support/seeded.h"

#define GUESSES 4096 /* of a seed of 12 bits; Flower's has 32 */

static void run_until(
    struct scene *scene, enum collector_step end, size_t late_when_masked)
{
    while (collector_step(scene->collector) != end) {
        bool masked = collector_step(scene->collector) == COLLECT_MASKED;
        scene_step(scene, masked ? late_when_masked : CENTERS);
    }
}

/* What the others reveal of the victim: shares of its self seed when it
 * survived, of its mask seed when not. */
static struct secret revealed_seed(struct scene *scene)
{
    struct loot loot;
    size_t count = 0;
    struct buffer votes;
    buffer_init(&votes, BUFFER_LIMIT_DEFAULT);
    scene_must(collector_write(scene->collector, 2, &votes));
    for (size_t i = 1; i < CENTERS; i++) {
        struct step_share share;
        scene_must(scene_answer(scene, i, buffer_view(&votes)));
        memcpy(&share, scene->said[i].data, sizeof share);
        loot.holders[count] = (uint32_t)i + 1;
        loot.self[count++] = share.share;
    }
    buffer_fini(&votes);
    return scene_join(
        loot.self, loot.holders, masking_threshold(scene->terms.party_count));
}

/* The victim's vector comes after it was called dropped out. */
static struct secret call_late(struct scene *scene, struct buffer *peers)
{
    scene_add_members(scene);
    scene_step(scene, CENTERS);
    scene_write_peers(scene, peers);
    run_until(scene, COLLECT_REVEALS, VICTIM);
    return revealed_seed(scene);
}

static int late_vector(struct scene *scene)
{
    struct buffer peers;
    scene_set(scene, CENTERS, 3);
    const struct secret mask = call_late(scene, &peers);
    scene_unmask(scene, &mask, NULL, buffer_view(&peers));
    return scene_read_off(&scene->vectors[VICTIM]);
}

/* A center whose randomness begins anew, as after its machine went back to a
 * snapshot: one session tells its self seed, another its mask seed. */
static int reused_seeds(struct scene *scene)
{
    struct buffer peers;
    struct vector figures;
    scene_set(scene, CENTERS, 3);
    scene_must(vector_init(&figures, LENGTH));
    scene_must(vector_add(&figures, &scene->vectors[VICTIM]));
    seeded_start(1, 1);
    scene_add_members(scene);
    run_until(scene, COLLECT_REVEALS, CENTERS);
    const struct secret self = revealed_seed(scene);
    for (size_t i = 1; i < CENTERS; i++)
        memset(scene->vectors[i].elements, 0, LENGTH * 16);
    memcpy(scene->vectors[VICTIM].elements, figures.elements, LENGTH * 16);
    memset(scene->terms.header.bytes, 2, DIGEST_BYTES);
    if (!DEFENCE("fresh-seeds"))
        seeded_start(1, 1);
    const struct secret mask = call_late(scene, &peers);
    scene_unmask(scene, &mask, &self, buffer_view(&peers));
    return scene_read_off(&scene->vectors[VICTIM]);
}

/* Whether some seed of 12 bits makes the victim's public keys. */
static struct member *guess_member(
    const struct scene *scene, const struct public_key *seen)
{
    for (uint64_t guess = 0; guess < GUESSES; guess++) {
        struct member *member;
        seeded_start(2, guess);
        scene_must(member_create(
            &member, &scene->terms, VICTIM + 1, scene->keys[VICTIM]));
        if (public_key_equal(&member->mask_key, seen))
            return member;
        member_destroy(member);
    }
    return NULL;
}

static int guessed_seeds(struct scene *scene)
{
    struct buffer peers;
    struct step_keys keys;
    const uint32_t seed = randombytes_uniform(GUESSES);
    scene_set(scene, CENTERS, 3);
    if (!DEFENCE("strong-randomness"))
        seeded_start(2, seed);
    scene_add_members(scene);
    scene_step(scene, CENTERS);
    scene_write_peers(scene, &peers);
    run_until(scene, COLLECT_VOTES, CENTERS);
    memcpy(&keys, peers.data, sizeof keys);
    const struct member *member = guess_member(scene, &keys.mask_key);
    if (member == NULL)
        return 1;
    scene_unmask(scene, &member->vault->mask_seed, &member->vault->self_seed,
        buffer_view(&peers));
    return scene_read_off(&scene->vectors[VICTIM]);
}

/* Two puppets keep their shares of the victim's mask seed; its self seed is
 * revealed to all, for it survives. */
static int two_shares(struct scene *scene)
{
    struct buffer peers;
    struct loot loot;
    scene_set(scene, CENTERS, 3);
    scene_add_members(scene);
    scene_step(scene, CENTERS);
    scene_write_peers(scene, &peers);
    run_until(scene, COLLECT_REVEALS, CENTERS);
    const struct secret self = revealed_seed(scene);
    for (size_t i = 0; i < 2; i++) {
        loot.holders[i] = (uint32_t)(CENTERS - i);
        loot.mask[i] = shares_of(scene->members[CENTERS - 1 - i], VICTIM)[1];
    }
    const struct secret mask = scene_join(loot.mask, loot.holders, 2);
    scene_unmask(scene, &mask, &self, buffer_view(&peers));
    return scene_read_off(&scene->vectors[VICTIM]);
}

/* Three centers with figures of 2^126 each: their sum has no place. */
static int overflow(struct scene *scene)
{
    scene_set(scene, CENTERS, 3);
    for (size_t i = 1; i < 4; i++)
        scene->vectors[i].elements[0] = (int128)1 << 126;
    scene_add_members(scene);
    run_until(scene, COLLECT_OVER, CENTERS);
    if (collector_sum(scene->collector)->elements[0] > 0)
        return 1;
    puts("a sum of large numbers that is below zero");
    return 0;
}

int main(int argc, char **argv)
{
    static const struct attack attacks[] = {
        {"late-vector", late_vector},
        {"reused-seeds", reused_seeds},
        {"guessed-seeds", guessed_seeds},
        {"two-shares", two_shares},
        {"overflow", overflow},
    };
    return scene_play(argc, argv, attacks, sizeof attacks / sizeof attacks[0]);
}
