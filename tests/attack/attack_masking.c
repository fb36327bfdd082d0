/*
 * A coordinator that lies to members of a secure aggregation and tries to read
 * one center's own figures. attack_masking ATTACK: exit 0 when it reads them,
 * 1 when it does not.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "protocol/masking/shares.h"
#include "protocol/masking/stream.h"
#include "tests/unit/masking_fixture.h"

#define CENTERS 7
#define LENGTH 8
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

static void must(enum status status)
{
    if (status != STATUS_OK) {
        fprintf(stderr, "stopped: %s\n", status_text(status));
        exit(1);
    }
}

/* What the victim would keep to itself. */
static int128 secret(size_t k)
{
    return 424242 + (int128)k;
}

static void set_scene(struct scene *scene, size_t parties, size_t min_centers)
{
    memset(scene, 0, sizeof *scene);
    memset(scene->terms.header.bytes, 1, DIGEST_BYTES);
    scene->terms.min_centers = min_centers;
    scene->terms.party_count = parties;
    scene->terms.parties = scene->parties;
    for (size_t i = 0; i < parties; i++) {
        must(keypair_create(&scene->keys[i], "center"));
        scene->parties[i] = (struct masking_party){
            (uint32_t)i + 1, keypair_identity(scene->keys[i])->sign};
        buffer_init(&scene->said[i], BUFFER_LIMIT_DEFAULT);
        must(vector_init(&scene->vectors[i], LENGTH));
        for (size_t k = 0; k < LENGTH; k++)
            scene->vectors[i].elements[k] =
                i == VICTIM ? secret(k) : (int128)(randombytes_random() % 1000);
    }
}

static void add_members(struct scene *scene)
{
    for (size_t i = 0; i < scene->terms.party_count; i++)
        must(member_create(&scene->members[i], &scene->terms, (uint32_t)i + 1,
            scene->keys[i]));
    must(collector_create(&scene->collector, &scene->terms, LENGTH));
}

static enum status answer(struct scene *scene, size_t i, struct view message)
{
    buffer_clear(&scene->said[i]);
    return crowd_answer(collector_step(scene->collector), scene->members[i],
        message, &scene->vectors[i], &scene->said[i]);
}

static struct view bytes_of(const struct vector *vector)
{
    return (struct view){(const uint8_t *)vector->elements, LENGTH * 16};
}

/* One honest step of everybody. */
static void step(struct scene *scene)
{
    struct buffer message;
    buffer_init(&message, BUFFER_LIMIT_DEFAULT);
    for (size_t i = 0; i < scene->terms.party_count; i++) {
        uint32_t index = (uint32_t)i + 1;
        if (!collector_waits_for(scene->collector, index))
            continue;
        buffer_clear(&message);
        must(collector_write(scene->collector, index, &message));
        must(answer(scene, i, buffer_view(&message)));
        must(collector_take(scene->collector, index,
            buffer_view(&scene->said[i]), bytes_of(&scene->vectors[i])));
    }
    buffer_fini(&message);
    must(collector_close_step(scene->collector));
}

static int read_off(const struct vector *vector)
{
    for (size_t k = 0; k < LENGTH; k++) {
        if (vector->elements[k] != secret(k))
            return 1;
    }
    puts("the victim's own figures were read");
    return 0;
}

/* ---- from shares to the victim's figures ---- */

struct loot { /* T shares each of the victim's two seeds */
    uint32_t holders[CENTERS];
    struct secret self[CENTERS], mask[CENTERS];
    size_t self_count, mask_count;
};

static void unmask(
    struct scene *scene, const struct loot *loot, struct view keys_list)
{
    struct secret weights[CENTERS], seed, key, shared, own;
    struct public_key mine;
    uint8_t bound[64];
    size_t needed = masking_threshold(scene->terms.party_count);
    struct vector *y = &scene->vectors[VICTIM];
    struct digest members =
        steps_digest_members(&scene->terms.header, keys_list);
    memcpy(bound, scene->terms.header.bytes, 32);
    memcpy(bound + 32, members.bytes, 32);
    const struct view transcript = {bound, 64};
    must(shares_weights(weights, loot->holders, needed));
    shares_join(&seed, loot->mask, weights, needed);
    masking_mask_keys(&own, &mine, &seed, (struct view){bound, 32});
    for (size_t i = 0; i < scene->terms.party_count; i++) {
        struct step_keys keys;
        memcpy(&keys, keys_list.data + i * sizeof keys, sizeof keys);
        if (i == VICTIM)
            continue;
        must(masking_agree(&shared, &own, &keys.mask_key));
        masking_pair_key(&key, &shared, transcript, &mine, &keys.mask_key);
        if (masking_adds(&mine, &keys.mask_key))
            stream_subtract(y->elements, LENGTH, &key);
        else
            stream_add(y->elements, LENGTH, &key);
    }
    shares_join(&seed, loot->self, weights, needed);
    masking_self_key(&key, &seed, transcript, &mine);
    stream_subtract(y->elements, LENGTH, &key);
}

/* Both shares of the victim, in one answer: the list of those who are there and
 * the list of those who are gone, not disjoint. */
static int both_shares(struct scene *scene)
{
    struct loot loot = {.self_count = 0};
    struct buffer peers, votes;
    buffer_init(&peers, BUFFER_LIMIT_DEFAULT);
    buffer_init(&votes, BUFFER_LIMIT_DEFAULT);
    set_scene(scene, CENTERS, 3);
    add_members(scene);
    step(scene);
    must(collector_write(scene->collector, 1, &peers));
    while (collector_step(scene->collector) != COLLECT_REVEALS)
        step(scene);
    must(collector_write(scene->collector, 1, &votes));
    for (size_t i = 0; i < CENTERS; i++) {
        struct step_share first, second;
        must(answer(scene, i, buffer_view(&votes)));
        memcpy(&first, scene->said[i].data, sizeof first);
        memcpy(&second, scene->said[i].data + sizeof first, sizeof second);
        if (step_index_get(&second.index) != VICTIM + 1)
            return 1;
        loot.holders[i] = (uint32_t)i + 1;
        loot.self[i] = first.share;
        loot.mask[i] = second.share;
    }
    unmask(scene, &loot, buffer_view(&peers));
    return read_off(&scene->vectors[VICTIM]);
}

/* First everybody survived; then, the victim did not: a late vector. */
static int two_survivor_sets(struct scene *scene)
{
    struct loot loot = {.self_count = 0};
    struct buffer peers, all, votes;
    buffer_init(&peers, BUFFER_LIMIT_DEFAULT);
    buffer_init(&all, BUFFER_LIMIT_DEFAULT);
    set_scene(scene, CENTERS, 3);
    add_members(scene);
    step(scene);
    must(collector_write(scene->collector, 1, &peers));
    while (collector_step(scene->collector) != COLLECT_VOTES)
        step(scene);
    must(collector_write(scene->collector, 1, &all));
    for (int pass = 0; pass < 2; pass++) {
        const size_t skip = pass == 0 ? 0 : sizeof(struct step_masked);
        const struct view list = {all.data + skip, all.size - skip};
        buffer_init(&votes, BUFFER_LIMIT_DEFAULT);
        for (size_t i = (size_t)pass; i < CENTERS; i++) {
            struct digest digest;
            struct step_vote vote = {.index = step_index_of((uint32_t)i + 1)};
            buffer_clear(&scene->said[i]);
            must(member_take_survivors(scene->members[i], list, &digest));
            must(member_write_vote(scene->members[i], &scene->said[i]));
            memcpy(&vote.signature, scene->said[i].data, 64);
            must(buffer_append(&votes, &vote, sizeof vote));
        }
        for (size_t i = 1; i < CENTERS; i++) {
            struct step_share share;
            buffer_clear(&scene->said[i]);
            must(member_take_votes(
                scene->members[i], buffer_view(&votes), &scene->said[i]));
            memcpy(&share, scene->said[i].data, sizeof share);
            loot.holders[i - 1] = (uint32_t)i + 1;
            *(pass == 0 ? &loot.self[i - 1] : &loot.mask[i - 1]) = share.share;
        }
        buffer_fini(&votes);
    }
    unmask(scene, &loot, buffer_view(&peers));
    return read_off(&scene->vectors[VICTIM]);
}

/* The others are asked a question that nobody fits (Pasquini et al. 2022):
 * their sums are zeros, and masks of two queries cancel. */
static int other_question(struct scene *scene)
{
    set_scene(scene, CENTERS, 3);
    for (size_t i = 0; i < CENTERS; i++) {
        struct masking_terms terms = scene->terms;
        if (i != VICTIM) {
            memset(terms.header.bytes, 2, DIGEST_BYTES);
            memset(scene->vectors[i].elements, 0, LENGTH * 16);
        }
        must(member_create(
            &scene->members[i], &terms, (uint32_t)i + 1, scene->keys[i]));
    }
    must(collector_create(&scene->collector, &scene->terms, LENGTH));
    while (collector_step(scene->collector) != COLLECT_OVER)
        step(scene);
    return read_off(collector_sum(scene->collector));
}

static int take_off_the_others(struct scene *scene, const struct vector *known)
{
    struct vector sum;
    must(vector_init(&sum, LENGTH));
    must(vector_add(&sum, collector_sum(scene->collector)));
    for (size_t i = 1; i < scene->terms.party_count; i++)
        for (size_t k = 0; k < LENGTH; k++)
            sum.elements[k] -= known[i].elements[k];
    return read_off(&sum);
}

/* The victim and two puppets, where the study wants five centers. */
static int few_puppets(struct scene *scene)
{
    struct vector known[CENTERS];
    set_scene(scene, 3, 5);
    add_members(scene);
    collector_destroy(scene->collector);
    struct masking_terms lower = scene->terms;
    lower.min_centers = 3;
    must(collector_create(&scene->collector, &lower, LENGTH));
    for (size_t i = 0; i < 3; i++) {
        must(vector_init(&known[i], LENGTH));
        must(vector_add(&known[i], &scene->vectors[i]));
    }
    while (collector_step(scene->collector) != COLLECT_OVER)
        step(scene);
    return take_off_the_others(scene, known);
}

/* Every center but the victim is played by the coordinator, with keys that the
 * roster does not have. */
static int in_the_middle(struct scene *scene)
{
    struct vector known[CENTERS];
    set_scene(scene, CENTERS, 5);
    for (size_t i = 1; i < CENTERS; i++) {
        keypair_destroy(scene->keys[i]);
        must(keypair_create(&scene->keys[i], "puppet"));
    }
    add_members(scene);
    for (size_t i = 0; i < CENTERS; i++) {
        must(vector_init(&known[i], LENGTH));
        must(vector_add(&known[i], &scene->vectors[i]));
    }
    while (collector_step(scene->collector) != COLLECT_OVER)
        step(scene);
    return take_off_the_others(scene, known);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        int (*run)(struct scene *scene);
    } attacks[] = {
        {"both-shares", both_shares},
        {"two-survivor-sets", two_survivor_sets},
        {"other-question", other_question},
        {"few-puppets", few_puppets},
        {"in-the-middle", in_the_middle},
    };
    static struct scene scene;
    must(keys_start());
    for (size_t i = 0; argc == 2 && i < sizeof attacks / sizeof attacks[0]; i++)
        if (strcmp(argv[1], attacks[i].name) == 0)
            return attacks[i].run(&scene);
    fprintf(stderr, "usage: attack_masking ATTACK\n");
    return 2;
}
