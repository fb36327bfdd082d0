/*
 * question_fixture: questions put to the office in memory, one after the other,
 * and what came of them.
 */
#ifndef COHORTIUM_TESTS_UNIT_QUESTION_FIXTURE_H
#define COHORTIUM_TESTS_UNIT_QUESTION_FIXTURE_H

#include "tests/unit/test.h"

#include "coordinator_fixture.h"

#define TEST(name)                                                             \
    cmocka_unit_test_setup_teardown(name, question_setup, question_teardown)

/* *state: a struct fixture with every center ready. */
int question_setup(void **state);
int question_teardown(void **state);
/* Submits question `number`; *id when it is not NULL. */
void question_ask(struct fixture *fixture, int number, struct digest *id);
bool is_zero(const struct digest *digest);
/* People of the result's first entry. */
json_int_t first_n(const json_t *result);
/* The last result is of so many centers. */
void assert_answer(struct fixture *fixture, json_int_t answered,
    json_int_t refused, json_int_t absent);
/* The last failure has that status, and words. */
void assert_failure(struct fixture *fixture, const char *status);
/* Centers that were asked. */
size_t count_opens(struct fixture *fixture);

#endif
