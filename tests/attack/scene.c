#include "tests/attack/scene.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "tests/support/seeded.h"

void scene_must(enum status status)
{
    if (status != STATUS_OK) {
        fprintf(stderr, "stopped: %s\n", status_text(status));
        exit(1); /* NOLINT(concurrency-mt-unsafe): one thread */
    }
}

int128 scene_secret(size_t k)
{
    return 424242 + (int128)k;
}

void scene_set(struct scene *scene, size_t parties, size_t min_centers)
{
    memset(scene, 0, sizeof *scene);
    memset(scene->terms.header.bytes, 1, DIGEST_BYTES);
    scene->terms.min_centers = min_centers;
    scene->terms.party_count = parties;
    scene->terms.parties = scene->parties;
    for (size_t i = 0; i < parties; i++) {
        scene_must(keypair_create(&scene->keys[i], "center"));
        scene->parties[i] = (struct masking_party){
            (uint32_t)i + 1, keypair_identity(scene->keys[i])->sign};
        buffer_init(&scene->said[i], BUFFER_LIMIT_DEFAULT);
        scene_must(vector_init(&scene->vectors[i], LENGTH));
        for (size_t k = 0; k < LENGTH; k++) {
            scene->vectors[i].elements[k] =
                i == VICTIM ? scene_secret(k)
                            : (int128)(randombytes_random() % 1000);
        }
    }
}

void scene_add_members(struct scene *scene)
{
    for (size_t i = 0; i < scene->terms.party_count; i++)
        scene_must(member_create(&scene->members[i], &scene->terms,
            (uint32_t)i + 1, scene->keys[i]));
    scene_must(collector_create(&scene->collector, &scene->terms, LENGTH));
}

enum status scene_answer(struct scene *scene, size_t i, struct view message)
{
    buffer_clear(&scene->said[i]);
    return crowd_answer(collector_step(scene->collector), scene->members[i],
        message, &scene->vectors[i], &scene->said[i]);
}

static struct view bytes_of(const struct vector *vector)
{
    return (struct view){(const uint8_t *)vector->elements, LENGTH * 16};
}

void scene_step(struct scene *scene, size_t late)
{
    struct buffer message;
    buffer_init(&message, BUFFER_LIMIT_DEFAULT);
    for (size_t i = 0; i < scene->terms.party_count; i++) {
        uint32_t index = (uint32_t)i + 1;
        if (!collector_waits_for(scene->collector, index))
            continue;
        buffer_clear(&message);
        scene_must(collector_write(scene->collector, index, &message));
        scene_must(scene_answer(scene, i, buffer_view(&message)));
        if (i != late)
            scene_must(collector_take(scene->collector, index,
                buffer_view(&scene->said[i]), bytes_of(&scene->vectors[i])));
    }
    buffer_fini(&message);
    scene_must(collector_close_step(scene->collector));
}

void scene_write_peers(struct scene *scene, struct buffer *peers)
{
    buffer_init(peers, BUFFER_LIMIT_DEFAULT);
    scene_must(collector_write(scene->collector, VICTIM + 1, peers));
}

struct secret scene_join(
    const struct secret *shares, const uint32_t *holders, size_t count)
{
    struct secret weights[CENTERS], seed;
    scene_must(shares_weights(weights, holders, count));
    shares_join(&seed, shares, weights, count);
    return seed;
}

void scene_unmask(struct scene *scene, const struct secret *mask_seed,
    const struct secret *self_seed, struct view keys_list)
{
    struct secret key, shared, own;
    struct public_key mine;
    uint8_t bound[64];
    struct vector *y = &scene->vectors[VICTIM];
    struct digest members =
        steps_digest_members(&scene->terms.header, keys_list);
    memcpy(bound, scene->terms.header.bytes, 32);
    memcpy(bound + 32, members.bytes, 32);
    const struct view transcript = {bound, 64};
    masking_mask_keys(&own, &mine, mask_seed, (struct view){bound, 32});
    for (size_t i = 0; i < scene->terms.party_count; i++) {
        struct step_keys keys;
        memcpy(&keys, keys_list.data + i * sizeof keys, sizeof keys);
        if (i == VICTIM)
            continue;
        scene_must(masking_agree(&shared, &own, &keys.mask_key));
        masking_pair_key(&key, &shared, transcript, &mine, &keys.mask_key);
        if (masking_adds(&mine, &keys.mask_key))
            stream_subtract(y->elements, LENGTH, &key);
        else
            stream_add(y->elements, LENGTH, &key);
    }
    if (self_seed == NULL)
        return;
    masking_self_key(&key, self_seed, transcript, &mine);
    stream_subtract(y->elements, LENGTH, &key);
}

int scene_read_off(const struct vector *vector)
{
    for (size_t k = 0; k < LENGTH; k++) {
        if (vector->elements[k] != scene_secret(k))
            return 1;
    }
    puts("the victim's own figures");
    return 0;
}

int scene_play(
    int argc, char **argv, const struct attack *attacks, size_t count)
{
    static struct scene scene;
    seeded_start(4, 1); /* what comes by chance comes again */
    scene_must(keys_start());
    for (size_t i = 0; argc == 2 && i < count; i++)
        if (strcmp(argv[1], attacks[i].name) == 0)
            return attacks[i].run(&scene);
    fprintf(stderr, "usage: %s ATTACK\n", argv[0]);
    return 2;
}
