/*
 * catalogue_fixture: a small table of everything that an analysis may want, and
 * one question of each analysis of the catalogue about it.
 */
#ifndef COHORTIUM_TESTS_UNIT_CATALOGUE_FIXTURE_H
#define COHORTIUM_TESTS_UNIT_CATALOGUE_FIXTURE_H

#include <stddef.h>
#include <stdint.h>

/* Columns of the table: numbers from 0 to 9, days from 0 to 9, a boolean, an
 * event of two causes, three groups of which two have people. */
enum { X, Y, TIME, EVENT, CAUSE, GROUP, MADE_VARIABLES };

extern const char made_dictionary[];
/* A row a person; every column varies with the row. */
void made_rows(int32_t (*codes)[MADE_VARIABLES], size_t count);
/* {"name": {parameters}}, one an analysis, in the catalogue's order. */
extern const char *const made_questions[];
extern const size_t made_question_count;

#endif
