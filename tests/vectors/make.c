/*
 * vectors NAME: writes the vector of that name on standard output.
 */
#include "tests/vectors/make.h"

#include <stdlib.h>
#include <string.h>

#include "protocol/masking/collector_internal.h"
#include "tests/unit/test.h"

static const char *const told[] = {
    "KEYS", "PEERS", "SEALED", "SURVIVORS", "VOTES"};

void make_event(struct scene *scene, json_t *event, enum status expected)
{
    enum status status = scene_do(scene, event);
    json_array_append_new(json_object_get(scene->root, "events"), event);
    if (status == expected)
        return;
    fprintf(stderr, "%s instead of %s:\n", status_name(status),
        status_name(expected));
    json_dumpf(event, stderr, JSON_INDENT(1));
    exit(1); /* NOLINT(concurrency-mt-unsafe): one thread */
}

void make_tell(struct scene *scene, size_t to, const char *step,
    struct view message, enum status expected)
{
    json_t *event =
        json_pack("{s:s, s:i, s:s}", "do", "tell", "to", (int)to, "step", step);
    if (message.size > 0)
        json_object_set_new(event, "message", scene_hex(message));
    make_event(scene, event, expected);
}

void make_message(struct scene *scene, size_t to, struct buffer *out)
{
    assert_int_equal(
        collector_write(scene->crowd.collector, (uint32_t)to, out), STATUS_OK);
}

static void hear(struct scene *scene, size_t from)
{
    make_event(scene, json_pack("{s:s, s:i}", "do", "hear", "from", (int)from),
        STATUS_OK);
}

void make_answers(struct scene *scene)
{
    struct crowd *crowd = &scene->crowd;
    struct buffer message;
    buffer_init(&message, BUFFER_LIMIT_DEFAULT);
    for (size_t i = 0; i < crowd->count; i++) {
        if (!crowd->present[i] ||
            !collector_waits_for(crowd->collector, (uint32_t)i + 1))
            continue;
        buffer_clear(&message);
        make_message(scene, i + 1, &message);
        make_tell(scene, i + 1, told[collector_step(crowd->collector)],
            buffer_view(&message), STATUS_OK);
        hear(scene, i + 1);
    }
    buffer_fini(&message);
}

static void close_step(struct scene *scene)
{
    make_event(scene, json_pack("{s:s}", "do", "close"), STATUS_OK);
}

void make_steps_until(struct scene *scene, enum collector_step step)
{
    while (collector_step(scene->crowd.collector) != step) {
        make_answers(scene);
        close_step(scene);
    }
}

/* A later round: what each survivor is told, and a vector of its own. */
static void make_round(struct scene *scene, int number)
{
    struct crowd *crowd = &scene->crowd;
    const uint8_t body[] = {1, (uint8_t)number, 3};
    const struct view message = {body, sizeof body};
    make_event(scene,
        json_pack("{s:s, s:i, s:o}", "do", "round", "number", number, "message",
            scene_hex(message)),
        STATUS_OK);
    for (size_t i = 0; i < crowd->count; i++) {
        int128 plain[SCENE_ELEMENTS] = {-(int128)i * number, number};
        if (!collector_waits_for(crowd->collector, (uint32_t)i + 1))
            continue;
        make_event(scene,
            json_pack("{s:s, s:i, s:s, s:i, s:o, s:o}", "do", "tell", "to",
                (int)i + 1, "step", "ROUND", "number", number, "message",
                scene_hex(message), "plain",
                scene_hex((struct view){(uint8_t *)plain, sizeof plain})),
            STATUS_OK);
        hear(scene, i + 1);
    }
    close_step(scene);
}

/* members that are gone before each step, the last ones first */
static const struct good {
    const char *name, *about;
    size_t members, before_shares, before_masked, before_votes;
    int rounds;
} goods[] = {
    {"good_0drop", "Everybody stays.", 5, 0, 0, 0, 1},
    {"good_1drop", "One is gone after it gave shares.", 5, 0, 1, 0, 1},
    {"good_maxdrop",
        "Of seven one is gone before shares and one before its vector: no "
        "other may.",
        7, 1, 1, 0, 1},
    {"good_maxdrop_late",
        "Of seven two are gone after their vectors, which stay in the sum.", 7,
        0, 0, 2, 1},
    {"good_rounds", "One is gone; then two later rounds of those who stayed.",
        5, 0, 1, 0, 3},
};

static void drop(struct scene *scene, size_t count)
{
    struct crowd *crowd = &scene->crowd;
    for (size_t i = crowd->count; i > 0 && count > 0; i--) {
        if (!crowd->present[i - 1])
            continue;
        crowd->present[i - 1] = false;
        count--;
    }
}

static bool make_good(struct scene *scene, const char *name)
{
    const struct good *good = goods;
    const struct good *end = goods + sizeof goods / sizeof goods[0];
    while (good < end && strcmp(good->name, name) != 0)
        good++;
    if (good == end)
        return false;
    scene_open(scene, (uint64_t)(good - goods), good->members, 3);
    json_object_set_new(scene->root, "about", json_string(good->about));
    make_steps_until(scene, COLLECT_SHARES);
    drop(scene, good->before_shares);
    make_steps_until(scene, COLLECT_MASKED);
    drop(scene, good->before_masked);
    make_steps_until(scene, COLLECT_VOTES);
    drop(scene, good->before_votes);
    make_steps_until(scene, COLLECT_OVER);
    for (int number = 2; number <= good->rounds; number++)
        make_round(scene, number);
    return true;
}

int main(int argc, char **argv)
{
    static struct scene scene;
    if (argc != 2 ||
        (!make_good(&scene, argv[1]) && !make_bad(&scene, argv[1]))) {
        fprintf(stderr, "usage: vectors NAME\n");
        return 2;
    }
    json_object_set_new(scene.root, "name", json_string(argv[1]));
    json_dumpf(scene.root, stdout, JSON_INDENT(1) | JSON_SORT_KEYS);
    putchar('\n');
    scene_close(&scene);
    return 0;
}
