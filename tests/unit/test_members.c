#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "coordinator/members.h"

static struct identity identity_of(const char *name, int sign, int curve)
{
    struct identity identity = {
        .sign = {{(uint8_t)sign}}, .curve = {{(uint8_t)curve}}};
    snprintf(identity.name, sizeof identity.name, "%s", name);
    return identity;
}

static int setup(void **state)
{
    struct members *members = NULL;
    if (members_create(&members) != STATUS_OK)
        return 1;
    *state = members;
    return 0;
}

static int teardown(void **state)
{
    members_destroy(*state);
    return 0;
}

static void test_end_sorts_so_that_users_are_found(void **state)
{
    struct identity south = identity_of("south", 1, 2);
    struct identity north = identity_of("north", 3, 4);
    struct identity ada = identity_of("Ada", 5, 6);
    members_begin(*state);
    assert_int_equal(members_add_center(*state, &south), STATUS_OK);
    assert_int_equal(members_add_person(*state, &ada, true), STATUS_OK);
    assert_int_equal(members_add_center(*state, &north), STATUS_OK);
    members_end(*state);
    assert_int_equal(members_count(*state), 3);
    assert_string_equal(
        members_find_center(*state, "north")->identity.name, "north");
    struct member *person = members_find(*state,
        "person:"
        "0500000000000000000000000000000000000000000000000000000000000000");
    assert_non_null(person);
    assert_int_equal(person->role, SENDER_PERSON);
    assert_true(person->committee);
    assert_null(members_find(*state, "center:east"));
    assert_null(members_find(*state, "Ada"));
}

static void test_find_in_an_empty_table_is_null(void **state)
{
    assert_null(members_find(*state, "center:north"));
}

static void test_rebuild_keeps_connections_and_drops_the_rest(void **state)
{
    struct identity north = identity_of("north", 1, 2);
    struct identity south = identity_of("south", 3, 4);
    members_begin(*state);
    members_add_center(*state, &north);
    members_add_center(*state, &south);
    members_end(*state);
    members_find_center(*state, "north")->connected = true;
    members_begin(*state);
    members_add_center(*state, &north);
    members_end(*state);
    assert_int_equal(members_count(*state), 1);
    assert_true(members_find_center(*state, "north")->connected);
    assert_null(members_find_center(*state, "south"));
}

static void test_new_curve_key_ends_the_old_connection(void **state)
{
    struct identity north = identity_of("north", 1, 2);
    members_begin(*state);
    members_add_center(*state, &north);
    members_end(*state);
    members_find_center(*state, "north")->connected = true;
    north = identity_of("north", 1, 9);
    members_begin(*state);
    assert_int_equal(members_add_center(*state, &north), STATUS_OK);
    members_end(*state);
    assert_false(members_find_center(*state, "north")->connected);
    assert_true(members_find_center(*state, "north")->changed);
}

static void test_add_with_the_curve_key_of_another_is_refused(void **state)
{
    struct identity north = identity_of("north", 1, 2);
    struct identity thief = identity_of("Mallory", 9, 2);
    members_begin(*state);
    members_add_center(*state, &north);
    assert_int_equal(members_add_person(*state, &thief, false), STATUS_EXISTS);
    members_end(*state);
    assert_int_equal(members_count(*state), 1);
}

/* A study that names a committee member's identity with somebody else's CURVE
 * key would let that somebody see what the member sees. */
static void test_add_of_a_known_user_with_another_key_is_refused(void **state)
{
    struct identity member = identity_of("Ada", 1, 2);
    struct identity disguise = identity_of("Ada", 1, 3);
    members_begin(*state);
    members_add_person(*state, &member, true);
    assert_int_equal(
        members_add_person(*state, &disguise, false), STATUS_EXISTS);
    members_end(*state);
    struct member *found = members_at(*state, 0);
    assert_true(public_key_equal(&found->identity.curve, &member.curve));
}

static void test_researcher_who_is_on_the_committee_stays_on_it(void **state)
{
    struct identity ada = identity_of("Ada", 1, 2);
    members_begin(*state);
    members_add_person(*state, &ada, true);
    assert_int_equal(members_add_person(*state, &ada, false), STATUS_OK);
    members_end(*state);
    assert_int_equal(members_count(*state), 1);
    assert_true(members_at(*state, 0)->committee);
    members_begin(*state);
    members_add_person(*state, &ada, false);
    members_end(*state);
    assert_false(members_at(*state, 0)->committee);
}

static void test_enrolled_has_every_user_with_its_curve_key(void **state)
{
    struct channel_member *table = NULL;
    size_t count = 0;
    members_begin(*state);
    for (int i = 0; i < 200; i++) {
        char name[32];
        snprintf(name, sizeof name, "c%d", i);
        struct identity identity = identity_of(name, i, i);
        assert_int_equal(members_add_center(*state, &identity), STATUS_OK);
    }
    members_end(*state);
    assert_int_equal(members_enrolled(*state, &table, &count), STATUS_OK);
    assert_int_equal(count, 200);
    assert_string_equal(table[0].user, "center:c0");
    assert_string_equal(table[199].user, "center:c99");
    assert_int_equal(table[199].curve.bytes[0], 99);
    free(table);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_end_sorts_so_that_users_are_found),
        TEST(test_find_in_an_empty_table_is_null),
        TEST(test_rebuild_keeps_connections_and_drops_the_rest),
        TEST(test_new_curve_key_ends_the_old_connection),
        TEST(test_add_with_the_curve_key_of_another_is_refused),
        TEST(test_add_of_a_known_user_with_another_key_is_refused),
        TEST(test_researcher_who_is_on_the_committee_stays_on_it),
        TEST(test_enrolled_has_every_user_with_its_curve_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
