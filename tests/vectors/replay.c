/*
 * Every file of tests/data/vectors, done again: each event must end with the
 * status, and give the bytes, that the file says. And the known answers.
 */
#include <dirent.h>

#include "protocol/masking/stream.h"
#include "tests/unit/test.h"
#include "tests/vectors/scene.h"

#define VECTORS TEST_DATA "/vectors"

static json_t *load(const char *name)
{
    char path[512];
    json_error_t error;
    snprintf(path, sizeof path, "%s/%s", VECTORS, name);
    json_t *file = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
    if (file == NULL)
        fail_msg("%s: %s", path, error.text);
    return file;
}

static int64_t number_of(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

static void replay_event(
    struct scene *scene, const json_t *event, const char *name, size_t number)
{
    json_t *again = json_deep_copy(event);
    json_object_del(again, "status");
    json_object_del(again, "says");
    json_object_del(again, "masked");
    json_object_del(again, "sum");
    scene_do(scene, again);
    if (!json_equal(event, again)) {
        fail_msg("%s: event %zu: %s instead of %s", name, number,
            json_dumps(again, JSON_SORT_KEYS),
            json_string_value(json_object_get(event, "status")));
    }
    json_decref(again);
}

static size_t replay_file(const char *name)
{
    static struct scene scene;
    size_t refused = 0, i;
    json_t *event, *file = load(name);
    const json_t *members = json_object_get(file, "members");
    const json_t *events = json_object_get(file, "events");
    scene_open(&scene, (uint64_t)number_of(file, "random"),
        json_array_size(members), (size_t)number_of(file, "min_centers"));
    assert_true(json_equal(members, json_object_get(scene.root, "members")));
    assert_true(json_equal(json_object_get(file, "header"),
        json_object_get(scene.root, "header")));
    json_array_foreach(events, i, event)
    {
        replay_event(&scene, event, name, i);
        refused += strcmp(json_string_value(json_object_get(event, "status")),
                       "OK") != 0;
    }
    scene_close(&scene);
    json_decref(file);
    return refused;
}

static void test_vectors_are_replayed_to_the_step_and_status(void **state)
{
    (void)state;
    struct dirent **entries;
    size_t good = 0, bad = 0;
    int count = scandir(VECTORS, &entries, NULL, alphasort);
    assert_true(count > 0);
    for (int i = 0; i < count; i++) {
        const char *name = entries[i]->d_name;
        if (strncmp(name, "good_", 5) == 0) {
            assert_true(replay_file(name) == 0);
            good++;
        } else if (strncmp(name, "bad_", 4) == 0) {
            assert_true(replay_file(name) > 0);
            bad++;
        }
        free(entries[i]);
    }
    free(entries);
    print_message("%zu good, %zu bad\n", good, bad);
    assert_true(good == 5 && bad == 12);
}

/* ---- known answers ---- */

struct known {
    json_t *file;
    struct secret seed, own;
    struct public_key key[3];
    uint8_t transcript[32];
};

static void expect_hex(
    const json_t *list, size_t at, const void *bytes, size_t size)
{
    json_t *text = scene_hex((struct view){bytes, size});
    assert_string_equal(
        json_string_value(json_array_get(list, at)), json_string_value(text));
    json_decref(text);
}

static struct secret known_seed(size_t i)
{
    struct secret seed;
    memset(seed.bytes, 0x11 * ((int)i + 1), sizeof seed.bytes);
    return seed;
}

static struct secret known_secret(
    const struct known *known, size_t i, struct public_key *key)
{
    struct secret own;
    const struct secret seed = known_seed(i);
    masking_mask_keys(&own, key, &seed, (struct view){known->transcript, 32});
    return own;
}

static void check_member(struct known *known, size_t i)
{
    /* places in pair_keys: of 0 and 1, of 0 and 2, of 1 and 2 */
    static const size_t pairs[3][3] = {{0, 0, 1}, {0, 0, 2}, {1, 2, 0}};
    const struct view transcript = {known->transcript, 32};
    const json_t *keys = json_object_get(known->file, "pair_keys");
    struct public_key own_key;
    struct secret own = known_secret(known, i, &own_key), shared, key, self;
    int128 y[4];
    for (int k = 0; k < 4; k++)
        y[k] = (int128)(1000 * (i + 1)) + k;
    memset(self.bytes, 0xA0 + (int)i, sizeof self.bytes);
    masking_self_key(&key, &self, transcript, &own_key);
    stream_add(y, 4, &key);
    for (size_t j = 0; j < 3; j++) {
        if (j == i)
            continue;
        assert_int_equal(
            masking_agree(&shared, &own, &known->key[j]), STATUS_OK);
        masking_pair_key(&key, &shared, transcript, &own_key, &known->key[j]);
        expect_hex(keys, pairs[i][j], key.bytes, KEY_BYTES);
        (masking_adds(&own_key, &known->key[j]) ? stream_add : stream_subtract)(
            y, 4, &key);
    }
    expect_hex(json_object_get(known->file, "masked"), i, y, sizeof y);
}

static void test_known_answers_are_given(void **state)
{
    (void)state;
    struct known known = {.file = load("known_answer.json")};
    for (size_t i = 0; i < 32; i++)
        known.transcript[i] = (uint8_t)i;
    for (size_t i = 0; i < 3; i++) {
        (void)known_secret(&known, i, &known.key[i]);
        expect_hex(json_object_get(known.file, "mask_keys"), i,
            known.key[i].bytes, KEY_BYTES);
    }
    for (size_t i = 0; i < 3; i++)
        check_member(&known, i);
    json_decref(known.file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors_are_replayed_to_the_step_and_status),
        cmocka_unit_test(test_known_answers_are_given),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
