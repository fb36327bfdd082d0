/*
 * analysis_fixture: a table in memory, asked as if it stood in one center or
 * several; for the tests of the analyses. Everything here fails the test on
 * trouble, so that a test says only what it proves.
 */
#ifndef COHORTIUM_TESTS_UNIT_ANALYSIS_FIXTURE_H
#define COHORTIUM_TESTS_UNIT_ANALYSIS_FIXTURE_H

#include "protocol/analysis/analysis.h"
#include "tests/unit/test.h"

struct table {
    struct dictionary *dictionary;
    size_t count;
    const int32_t *codes;     /* row by row; borrowed */
    const uint32_t *patients; /* NULL: each row is a person; borrowed */
};

/* Variables of the table of table_airquality. */
enum { OZONE, WIND, TEMP, MONTH, HOT, WINDY, AIR_VARIABLES };

/* The 153 days of R's `airquality` (New York, May to September 1973): Ozone,
 * Wind (0.1), Temp, Month, and two booleans, hot = Temp > 80 and windy = Wind
 * >= 10. */
void table_airquality(struct table *table);
/* A table of one's own; the dictionary is given as JSON. */
void table_create(struct table *table, const char *dictionary,
    const int32_t *codes, size_t count, const uint32_t *patients);
void table_destroy(struct table *table);
/* All rows as columns[variables]; the caller frees each one's data. */
void table_columns(const struct table *table, struct column *columns);
/* airquality, for a group of tests; its setup and teardown. */
extern struct table air;
int air_setup(void **state);
int air_teardown(void **state);

/* A question and the sum of the centers' vectors. */
struct asked {
    const struct table *table;
    struct query *query;
    struct plan *plan;
    struct vector sum;
};

/* Splits the rows over `centers` c1, c2, ..., patients whole, and sums what
 * they give. */
void ask(struct asked *asked, const struct table *table, const char *query,
    size_t centers);
/* The same, but center `absent` (from 0) drops out. */
void ask_without(struct asked *asked, const struct table *table,
    const char *query, size_t centers, size_t absent);
/* One center with all the rows: its own figures, facts included, before any
 * rule. The caller ends the contribution. */
void ask_own(struct asked *asked, const struct table *table, const char *query,
    struct contribution *own);
/* The sum of a later round in place of the first one's. */
void ask_round(struct asked *asked, size_t centers, const struct round *round);
void asked_destroy(struct asked *asked);
/* The results; the caller frees. */
json_t *asked_finish(const struct asked *asked, int64_t min_cell);
/* A cell of the summed vector, to be tampered with. */
int128 *asked_cell(struct asked *asked, size_t segment, size_t cell);
/* All in one: one center, everything shown. */
json_t *results_of(const struct table *table, const char *query);
/* What plan_create says about a question; message[1024] may be NULL. */
enum status plan_status(
    const struct table *table, const char *query, char *message);

/* A question of one analysis of several rounds, taken through all of them.
 * *trace: a fingerprint of every round's sums. The caller frees. */
json_t *rounds_of(const struct table *table, const char *query, size_t centers,
    int64_t min_cell, uint128 *trace);

/* A question taken through all its rounds, whatever analyses it has, as the
 * coordinator takes it; a center counts leverages by its own as well. The
 * results, which the caller frees. *rounds: how many there were; may be NULL.
 */
json_t *fitted_of(const struct table *table, const char *query, size_t centers,
    int64_t min_cell, uint32_t *rounds);

/* results[entry].table[row] */
const json_t *row_of(const json_t *results, size_t entry, size_t row);
void assert_near(const json_t *object, const char *key, double expected);
void assert_integer(const json_t *object, const char *key, int64_t expected);
void assert_text(const json_t *object, const char *key, const char *expected);
/* |found - expected| <= tolerance |expected| */
void assert_relative(
    const json_t *object, const char *key, double expected, double tolerance);
/* However many centers the rows stand in, the sums are the same bytes (but for
 * the heads, which tell of centers). */
void assert_same_bytes_at_any_split(
    const struct table *table, const char *query);
/* Every analysis of a query is suppressed at that limit. */
void assert_all_suppressed(
    const struct table *table, const char *query, int64_t min_cell);
/* Each of parameters[count], as those of that analysis, is malformed. */
void assert_malformed(const struct table *table, const char *analysis,
    const char *const *parameters, size_t count);
/* Each of cases[count][0] is refused with a message that holds cases[i][1]. */
void assert_refused(const struct table *table, const char *analysis,
    const char *const (*cases)[2], size_t count);
/* {"suppressed": true} and not one number. */
void assert_suppressed(const json_t *object);

#endif
