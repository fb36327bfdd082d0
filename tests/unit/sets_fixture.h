/*
 * sets_fixture: a table by chance with everything that an analysis may want,
 * values missing and patients of several exams, and questions of every analysis
 * and of each way in which it takes its rows.
 */
#ifndef COHORTIUM_TESTS_UNIT_SETS_FIXTURE_H
#define COHORTIUM_TESTS_UNIT_SETS_FIXTURE_H

#include "analysis_fixture.h"

/* Numbers from 0 to 9 and from -20,000 to 20,000, days of follow-up, events of
 * one kind and of two, three groups, two of strata, a vector and its elements.
 */
enum {
    CHANCE_X,
    CHANCE_WIDE,
    CHANCE_START,
    CHANCE_TIME,
    CHANCE_EVENT,
    CHANCE_CAUSE,
    CHANCE_GROUP,
    CHANCE_SITE,
    CHANCE_SHAPE,
    CHANCE_ELEMENTS,
    CHANCE_COLUMNS = CHANCE_ELEMENTS + 3
};

#define CHANCE_ROWS 700

extern const char chance_dictionary[];
/* The same table each time. */
void chance_create(struct table *table);
/* {"name": {parameters}}: every kind of the catalogue at least once. */
extern const char *const chance_questions[];
extern const size_t chance_question_count;

/* All rows in one center; freed by chance_rows_fini. */
struct chance_rows {
    struct column columns[CHANCE_COLUMNS];
    struct rows rows;
};
void chance_rows_init(struct chance_rows *out, const struct table *table);
void chance_rows_fini(struct chance_rows *rows);

#endif
