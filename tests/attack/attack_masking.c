/*
 * A coordinator that lies to members of a secure aggregation and tries to read
 * one center's own figures. attack_masking ATTACK: exit 0 when it reads them,
 * 1 when it does not.
 */
#include <string.h>

#include "tests/attack/scene.h"

static void read_loot(
    struct scene *scene, const struct loot *loot, struct view keys_list)
{
    const size_t needed = masking_threshold(scene->terms.party_count);
    const struct secret mask = scene_join(loot->mask, loot->holders, needed);
    const struct secret self = scene_join(loot->self, loot->holders, needed);
    scene_unmask(scene, &mask, &self, keys_list);
}

/* Both shares of the victim, in one answer: the list of those who are there and
 * the list of those who are gone, not disjoint. */
static int both_shares(struct scene *scene)
{
    struct loot loot;
    struct buffer peers, votes;
    buffer_init(&votes, BUFFER_LIMIT_DEFAULT);
    scene_set(scene, CENTERS, 3);
    scene_add_members(scene);
    scene_step(scene, CENTERS);
    scene_write_peers(scene, &peers);
    while (collector_step(scene->collector) != COLLECT_REVEALS)
        scene_step(scene, CENTERS);
    scene_must(collector_write(scene->collector, 1, &votes));
    for (size_t i = 0; i < CENTERS; i++) {
        struct step_share first, second;
        scene_must(scene_answer(scene, i, buffer_view(&votes)));
        memcpy(&first, scene->said[i].data, sizeof first);
        memcpy(&second, scene->said[i].data + sizeof first, sizeof second);
        if (step_index_get(&second.index) != VICTIM + 1)
            return 1;
        loot.holders[i] = (uint32_t)i + 1;
        loot.self[i] = first.share;
        loot.mask[i] = second.share;
    }
    read_loot(scene, &loot, buffer_view(&peers));
    return scene_read_off(&scene->vectors[VICTIM]);
}

/* First everybody survived; then, the victim did not: a late vector. */
static int two_survivor_sets(struct scene *scene)
{
    struct loot loot;
    struct buffer peers, all, votes;
    buffer_init(&all, BUFFER_LIMIT_DEFAULT);
    scene_set(scene, CENTERS, 3);
    scene_add_members(scene);
    scene_step(scene, CENTERS);
    scene_write_peers(scene, &peers);
    while (collector_step(scene->collector) != COLLECT_VOTES)
        scene_step(scene, CENTERS);
    scene_must(collector_write(scene->collector, 1, &all));
    for (int pass = 0; pass < 2; pass++) {
        const size_t skip = pass == 0 ? 0 : sizeof(struct step_masked);
        const struct view list = {all.data + skip, all.size - skip};
        buffer_init(&votes, BUFFER_LIMIT_DEFAULT);
        for (size_t i = (size_t)pass; i < CENTERS; i++) {
            struct digest digest;
            struct step_vote vote = {.index = step_index_of((uint32_t)i + 1)};
            buffer_clear(&scene->said[i]);
            scene_must(member_take_survivors(scene->members[i], list, &digest));
            scene_must(member_write_vote(scene->members[i], &scene->said[i]));
            memcpy(&vote.signature, scene->said[i].data, 64);
            scene_must(buffer_append(&votes, &vote, sizeof vote));
        }
        for (size_t i = 1; i < CENTERS; i++) {
            struct step_share share;
            buffer_clear(&scene->said[i]);
            scene_must(member_take_votes(
                scene->members[i], buffer_view(&votes), &scene->said[i]));
            memcpy(&share, scene->said[i].data, sizeof share);
            loot.holders[i - 1] = (uint32_t)i + 1;
            *(pass == 0 ? &loot.self[i - 1] : &loot.mask[i - 1]) = share.share;
        }
        buffer_fini(&votes);
    }
    read_loot(scene, &loot, buffer_view(&peers));
    return scene_read_off(&scene->vectors[VICTIM]);
}

/* The others are asked a question that nobody fits (Pasquini et al. 2022):
 * their sums are zeros, and masks of two queries cancel. */
static int other_question(struct scene *scene)
{
    scene_set(scene, CENTERS, 3);
    for (size_t i = 0; i < CENTERS; i++) {
        struct masking_terms terms = scene->terms;
        if (i != VICTIM) {
            memset(terms.header.bytes, 2, DIGEST_BYTES);
            memset(scene->vectors[i].elements, 0, LENGTH * 16);
        }
        scene_must(member_create(
            &scene->members[i], &terms, (uint32_t)i + 1, scene->keys[i]));
    }
    scene_must(collector_create(&scene->collector, &scene->terms, LENGTH));
    while (collector_step(scene->collector) != COLLECT_OVER)
        scene_step(scene, CENTERS);
    return scene_read_off(collector_sum(scene->collector));
}

static int take_off_the_others(struct scene *scene, const struct vector *known)
{
    struct vector sum;
    scene_must(vector_init(&sum, LENGTH));
    scene_must(vector_add(&sum, collector_sum(scene->collector)));
    for (size_t i = 1; i < scene->terms.party_count; i++)
        for (size_t k = 0; k < LENGTH; k++)
            sum.elements[k] -= known[i].elements[k];
    return scene_read_off(&sum);
}

/* The victim and two puppets, where the study wants five centers. */
static int few_puppets(struct scene *scene)
{
    struct vector known[CENTERS];
    scene_set(scene, 3, 5);
    scene_add_members(scene);
    collector_destroy(scene->collector);
    struct masking_terms lower = scene->terms;
    lower.min_centers = 3;
    scene_must(collector_create(&scene->collector, &lower, LENGTH));
    for (size_t i = 0; i < 3; i++) {
        scene_must(vector_init(&known[i], LENGTH));
        scene_must(vector_add(&known[i], &scene->vectors[i]));
    }
    while (collector_step(scene->collector) != COLLECT_OVER)
        scene_step(scene, CENTERS);
    return take_off_the_others(scene, known);
}

/* Every center but the victim is played by the coordinator, with keys that the
 * roster does not have. */
static int in_the_middle(struct scene *scene)
{
    struct vector known[CENTERS];
    scene_set(scene, CENTERS, 5);
    for (size_t i = 1; i < CENTERS; i++) {
        keypair_destroy(scene->keys[i]);
        scene_must(keypair_create(&scene->keys[i], "puppet"));
    }
    scene_add_members(scene);
    for (size_t i = 0; i < CENTERS; i++) {
        scene_must(vector_init(&known[i], LENGTH));
        scene_must(vector_add(&known[i], &scene->vectors[i]));
    }
    while (collector_step(scene->collector) != COLLECT_OVER)
        scene_step(scene, CENTERS);
    return take_off_the_others(scene, known);
}

int main(int argc, char **argv)
{
    static const struct attack attacks[] = {
        {"both-shares", both_shares},
        {"two-survivor-sets", two_survivor_sets},
        {"other-question", other_question},
        {"few-puppets", few_puppets},
        {"in-the-middle", in_the_middle},
    };
    return scene_play(argc, argv, attacks, sizeof attacks / sizeof attacks[0]);
}
