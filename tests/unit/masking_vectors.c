/*
 * masking_vectors: one whole aggregation from fixed random bytes, as JSON: what
 * was drawn, what was sent, what came out. The same bytes each time; the copy
 * in tests/data/vectors is compared with it, and checked by a second
 * implementation (check_vectors.py).
 *
 *   masking_vectors DROPS
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "protocol/masking/member_internal.h"
#include "tests/unit/masking_fixture.h"
#include "tests/unit/test.h"

#define MEMBERS 5
#define ELEMENTS 6

static json_t *hex(const void *bytes, size_t size)
{
    char *text = malloc(2 * size + 1);
    hex_encode(text, bytes, size);
    json_t *value = json_string(text);
    free(text);
    return value;
}

static void set(json_t *object, const char *key, const void *bytes, size_t size)
{
    json_object_set_new(object, key, hex(bytes, size));
}

static json_t *describe_member(const struct crowd *crowd, size_t i)
{
    const struct member *member = crowd->members[i];
    json_t *object = json_object();
    json_object_set_new(object, "index", json_integer((json_int_t)i + 1));
    set(object, "self_seed", member->vault->self_seed.bytes, 32);
    set(object, "mask_seed", member->vault->mask_seed.bytes, 32);
    set(object, "share_key", member->share_key.bytes, 32);
    set(object, "mask_key", member->mask_key.bytes, 32);
    set(object, "vector", crowd->vectors[i].elements, ELEMENTS * 16);
    return object;
}

int main(int argc, char **argv)
{
    static const char *const steps[] = {
        "KEYS", "SHARES", "MASKED", "VOTE", "REVEAL"};
    size_t drops = argc > 1 ? (size_t)atoi(argv[1]) : 0;
    struct crowd *crowd = malloc(sizeof *crowd);
    crowd_draw_from(1, 0);
    if (crowd == NULL || keys_start() != STATUS_OK)
        return 1;
    crowd_init(crowd, MEMBERS, ELEMENTS, 3);
    json_t *root = json_object(), *members = json_array(),
           *said = json_object();
    set(root, "header", crowd->terms.header.bytes, 32);
    for (size_t i = 0; i < MEMBERS; i++)
        json_array_append_new(members, describe_member(crowd, i));
    json_object_set_new(root, "members", members);
    json_object_set_new(root, "said", said);
    for (size_t s = 0; s < 5; s++) {
        json_t *list = json_object();
        for (size_t i = 0; s == COLLECT_MASKED && i < drops; i++)
            crowd->present[i] = false;
        if (crowd_step(crowd) != STATUS_OK)
            return 1;
        for (size_t i = 0; i < MEMBERS; i++) {
            char index[8];
            snprintf(index, sizeof index, "%zu", i + 1);
            if (crowd->present[i])
                set(list, index, crowd->out[i].data, crowd->out[i].size);
        }
        json_object_set_new(said, steps[s], list);
    }
    json_t *masked = json_object();
    for (size_t i = drops; i < MEMBERS; i++) {
        char index[8];
        snprintf(index, sizeof index, "%zu", i + 1);
        set(masked, index, crowd->vectors[i].elements, ELEMENTS * 16);
    }
    json_object_set_new(root, "masked", masked);
    set(root, "sum", collector_sum(crowd->collector)->elements, ELEMENTS * 16);
    json_dumpf(root, stdout, JSON_INDENT(1) | JSON_SORT_KEYS);
    putchar('\n');
    json_decref(root);
    crowd_fini(crowd);
    free(crowd);
    return 0;
}
