#include "tests/vectors/scene.h"

#include <stdlib.h>
#include <string.h>

#include "protocol/masking/member_internal.h"
#include "protocol/wire/digest.h"
#include "tests/support/seeded.h"
#include "tests/unit/test.h"

#define STREAM 1

json_t *scene_hex(struct view bytes)
{
    char *text = malloc(2 * bytes.size + 1);
    assert_non_null(text);
    hex_encode(text, bytes.data, bytes.size);
    json_t *value = json_string(text);
    free(text);
    return value;
}

bool scene_bytes(const json_t *object, const char *key, struct buffer *out)
{
    const char *text = json_string_value(json_object_get(object, key));
    uint8_t *bytes;
    if (text == NULL)
        return false;
    const size_t size = strlen(text) / 2;
    assert_int_equal(buffer_extend(out, &bytes, size), STATUS_OK);
    assert_int_equal(hex_decode(bytes, size, text), STATUS_OK);
    return true;
}

static void set(json_t *object, const char *key, const void *bytes, size_t size)
{
    json_object_set_new(object, key, scene_hex((struct view){bytes, size}));
}

static void set_vector(
    json_t *object, const char *key, const struct vector *vector)
{
    set(object, key, vector->elements, vector->length * VECTOR_ELEMENT_BYTES);
}

static json_t *describe_member(const struct crowd *crowd, size_t i)
{
    const struct member *member = crowd->members[i];
    json_t *object = json_object();
    json_object_set_new(object, "index", json_integer((json_int_t)i + 1));
    set(object, "identity", crowd->parties[i].sign.bytes, KEY_BYTES);
    set(object, "self_seed", member->vault->self_seed.bytes, KEY_BYTES);
    set(object, "mask_seed", member->vault->mask_seed.bytes, KEY_BYTES);
    set(object, "share_secret", member->vault->share_secret.bytes, KEY_BYTES);
    set(object, "share_key", member->share_key.bytes, KEY_BYTES);
    set(object, "mask_key", member->mask_key.bytes, KEY_BYTES);
    set_vector(object, "vector", &crowd->vectors[i]);
    return object;
}

void scene_open(
    struct scene *scene, uint64_t seed, size_t members, size_t min_centers)
{
    struct crowd *crowd = &scene->crowd;
    seeded_start(STREAM, seed);
    assert_int_equal(keys_start(), STATUS_OK);
    crowd_init(crowd, members, SCENE_ELEMENTS, min_centers);
    scene->root = json_object();
    json_t *list = json_array();
    for (size_t i = 0; i < members; i++)
        json_array_append_new(list, describe_member(crowd, i));
    json_object_set_new(scene->root, "random", json_integer((json_int_t)seed));
    json_object_set_new(
        scene->root, "min_centers", json_integer((json_int_t)min_centers));
    set(scene->root, "header", crowd->terms.header.bytes, DIGEST_BYTES);
    json_object_set_new(scene->root, "members", list);
    json_object_set_new(scene->root, "events", json_array());
}

void scene_close(struct scene *scene)
{
    crowd_fini(&scene->crowd);
    json_decref(scene->root);
}

/* ---- events ---- */

static size_t number_of(const json_t *event, const char *key)
{
    return (size_t)json_integer_value(json_object_get(event, key));
}

static enum collector_step answer_of(const char *step)
{
    static const char *const told[] = {
        "KEYS", "PEERS", "SEALED", "SURVIVORS", "VOTES", "ROUND"};
    int at = 0;
    while (at < 5 && strcmp(told[at], step) != 0)
        at++;
    return (enum collector_step)at;
}

static void set_plain(const json_t *event, struct vector *vector)
{
    struct buffer plain;
    buffer_init(&plain, BUFFER_LIMIT_DEFAULT);
    if (scene_bytes(event, "plain", &plain)) {
        vector_fini(vector);
        assert_int_equal(
            vector_decode(vector, SCENE_ELEMENTS, buffer_view(&plain)),
            STATUS_OK);
    }
    buffer_fini(&plain);
}

static enum status tell(struct crowd *crowd, json_t *event)
{
    const size_t i = number_of(event, "to") - 1;
    const enum collector_step step =
        answer_of(json_string_value(json_object_get(event, "step")));
    struct vector *vector = &crowd->vectors[i];
    struct buffer message;
    enum status status;
    buffer_init(&message, BUFFER_LIMIT_DEFAULT);
    scene_bytes(event, "message", &message);
    buffer_clear(&crowd->out[i]);
    set_plain(event, vector);
    if (step == COLLECT_ROUND) {
        const struct digest told = digest_of(buffer_view(&message));
        status = member_mask_round(crowd->members[i],
            (uint32_t)number_of(event, "number"), &told, vector,
            &crowd->out[i]);
    } else {
        status = crowd_answer(step, crowd->members[i], buffer_view(&message),
            vector, &crowd->out[i]);
    }
    buffer_fini(&message);
    if (status != STATUS_OK)
        return status;
    set(event, "says", crowd->out[i].data, crowd->out[i].size);
    if (step == COLLECT_MASKED || step == COLLECT_ROUND)
        set_vector(event, "masked", vector);
    return status;
}

static enum status hear(struct crowd *crowd, const json_t *event)
{
    const size_t i = number_of(event, "from") - 1;
    const struct vector *vector = &crowd->vectors[i];
    struct buffer body;
    buffer_init(&body, BUFFER_LIMIT_DEFAULT);
    const bool given = scene_bytes(event, "body", &body);
    enum status status = collector_take(crowd->collector, (uint32_t)i + 1,
        buffer_view(given ? &body : &crowd->out[i]),
        (struct view){(const uint8_t *)vector->elements,
            vector->length * VECTOR_ELEMENT_BYTES});
    buffer_fini(&body);
    return status;
}

static enum status close_step(struct crowd *crowd, json_t *event)
{
    enum status status = collector_close_step(crowd->collector);
    const struct vector *sum = collector_sum(crowd->collector);
    if (status == STATUS_OK && sum != NULL)
        set_vector(event, "sum", sum);
    return status;
}

static enum status start_round(struct crowd *crowd, const json_t *event)
{
    struct buffer message;
    buffer_init(&message, BUFFER_LIMIT_DEFAULT);
    scene_bytes(event, "message", &message);
    const struct digest told = digest_of(buffer_view(&message));
    buffer_fini(&message);
    return collector_start_round(
        crowd->collector, (uint32_t)number_of(event, "number"), &told,
        collector_sum(crowd->collector)->length);
}

static enum status join(struct crowd *crowd, const json_t *event)
{
    const size_t i = number_of(event, "to") - 1;
    struct masking_terms terms = crowd->terms;
    struct member *member = NULL;
    terms.min_centers = number_of(event, "min_centers");
    enum status status =
        member_create(&member, &terms, (uint32_t)i + 1, crowd->keys[i]);
    member_destroy(member);
    return status;
}

enum status scene_do(struct scene *scene, json_t *event)
{
    struct crowd *crowd = &scene->crowd;
    const char *what = json_string_value(json_object_get(event, "do"));
    enum status status = STATUS_INTERNAL;
    assert_non_null(what);
    if (strcmp(what, "tell") == 0)
        status = tell(crowd, event);
    else if (strcmp(what, "hear") == 0)
        status = hear(crowd, event);
    else if (strcmp(what, "close") == 0)
        status = close_step(crowd, event);
    else if (strcmp(what, "round") == 0)
        status = start_round(crowd, event);
    else if (strcmp(what, "join") == 0)
        status = join(crowd, event);
    json_object_set_new(event, "status", json_string(status_name(status)));
    return status;
}
