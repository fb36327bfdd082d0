/*
 * disclosure_fixture: rows of one center, a question, and what the rules of
 * disclosure leave of the answer.
 */
#ifndef COHORTIUM_TESTS_UNIT_DISCLOSURE_FIXTURE_H
#define COHORTIUM_TESTS_UNIT_DISCLOSURE_FIXTURE_H

#include "policy/disclosure.h"

#include "analysis_fixture.h"
#include "catalogue_fixture.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))
#define ROWS_OF 200

/* People, one row each; x, y and so on vary with the row. */
struct made {
    struct table table;
    struct asked asked;
    struct contribution figures;
    struct limits limits;
    struct disclosure_report report;
    uint64_t outside; /* people of the center who are not in the cohort */
    bool own;         /* a center's own figures, not a sum */
    size_t count;
    int32_t codes[ROWS_OF][MADE_VARIABLES];
};

/* `count` people under the limits of a study that says nothing. */
void made_start(struct made *made, size_t count);
/* The next `people` rows from *at on have this code. */
void made_give(
    struct made *made, size_t *at, int variable, size_t people, int32_t code);
/* Three groups of so many people. */
void made_groups(struct made *made, size_t a, size_t b, size_t c);
/* Asks and applies the rules. */
void made_apply(struct made *made, const char *query);
/* The rules that were counted in the answer are those of the report. */
void made_end(struct made *made);
const int128 *made_segment(const struct made *made, size_t segment);
/* Of the first table. */
const int128 *made_cell(const struct made *made, size_t cell);
uint64_t made_by_rule(const struct made *made, enum disclosure_rule rule);
uint64_t made_withheld(const struct made *made);
/* Withheld: one flag in the head and not a number more. */
void assert_segment_is_empty(const struct made *made, size_t segment);
void assert_cell_is_hidden(const struct made *made, size_t cell, bool hidden);

#endif
