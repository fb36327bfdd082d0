/*
 * habits: what people type who come from SQL, R or a word processor, and what
 * to write in a cohort or a formula instead. For messages only: nothing here
 * makes an expression mean something else.
 */
#ifndef COHORTIUM_PROTOCOL_QUERY_HABITS_H
#define COHORTIUM_PROTOCOL_QUERY_HABITS_H

#include <stdbool.h>
#include <stddef.h>

enum habit_place { HABIT_COHORT = 1, HABIT_FORMULA = 2 };
#define HABIT_TEXT_MAX 256

/* The bytes of a sign at `at` that people type and the language lacks, such as
 * "&&", a curly quote or a no-break space; 0: no such sign. */
size_t habit_sign(enum habit_place place, const char *at);
/* What to write instead of the sign or the word that stands at `at`; false, and
 * nothing written, when it is no habit that is known. */
bool habit_explain(
    char out[HABIT_TEXT_MAX], enum habit_place place, const char *at);
/* What to write for a function that a formula lacks; NULL when it is none of
 * those that are known from R. */
const char *habit_function(const char *name);

#endif
