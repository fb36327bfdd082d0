#include "node/guard.h"
#include "tests/unit/test.h"

struct scene {
    struct keypair *keys;
    struct guard *guard;
};

static int set_up(void **state)
{
    struct scene *scene = calloc(1, sizeof *scene);
    assert_int_equal(keypair_create(&scene->keys, "center"), STATUS_OK);
    assert_int_equal(guard_create(&scene->guard, scene->keys), STATUS_OK);
    *state = scene;
    return 0;
}

static int tear_down(void **state)
{
    struct scene *scene = *state;
    guard_destroy(scene->guard);
    keypair_destroy(scene->keys);
    free(scene);
    return 0;
}

/* People from .. end - 1 */
static struct guard_people *people(uint32_t from, uint32_t end)
{
    static uint32_t numbers[4096];
    struct guard_people *made;
    for (uint32_t i = from; i < end; i++)
        numbers[i - from] = i;
    assert_int_equal(
        guard_people_create(&made, numbers, end - from), STATUS_OK);
    return made;
}

static void remember(struct scene *scene, uint32_t from, uint32_t end)
{
    struct guard_people *made = people(from, end);
    assert_int_equal(guard_remember(scene->guard, made), STATUS_OK);
    guard_people_destroy(made);
}

static int64_t closest(struct scene *scene, uint32_t from, uint32_t end)
{
    struct guard_people *made = people(from, end);
    int64_t found;
    assert_int_equal(guard_closest(scene->guard, made, &found), STATUS_OK);
    guard_people_destroy(made);
    return found;
}

static void test_guard_nothing_remembered_is_far_from_everything(void **state)
{
    assert_true(closest(*state, 0, 100) == INT64_MAX);
}

static void test_guard_the_same_people_are_no_difference(void **state)
{
    remember(*state, 0, 1000);
    assert_true(closest(*state, 0, 1000) == INT64_MAX);
}

static void test_guard_differences_count_each_way(void **state)
{
    remember(*state, 0, 1000);
    assert_int_equal(closest(*state, 0, 1003), 3);
    assert_int_equal(closest(*state, 0, 990), 10);
    assert_int_equal(closest(*state, 5, 1200), 5);
    assert_int_equal(closest(*state, 2000, 2050), 50);
}

static void test_guard_what_two_make_is_seen(void **state)
{
    remember(*state, 0, 1000);
    remember(*state, 600, 2000);
    /* union, intersection, difference, the other difference */
    assert_int_equal(closest(*state, 0, 2004), 4);
    assert_int_equal(closest(*state, 600, 1002), 2);
    assert_int_equal(closest(*state, 0, 603), 3);
    assert_int_equal(closest(*state, 1001, 2000), 1);
}

int main(void)
{
#define WITH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        WITH(test_guard_nothing_remembered_is_far_from_everything),
        WITH(test_guard_the_same_people_are_no_difference),
        WITH(test_guard_differences_count_each_way),
        WITH(test_guard_what_two_make_is_seen),
    };
    if (keys_start() != STATUS_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
