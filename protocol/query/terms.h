/*
 * terms: what a study says of the people it asks about: the whole, within which
 * all cohorts lie, the cohorts that it names, variables that it derives for
 * them, and whether others may be asked about. A dictionary that has terms is a
 * study's, and a query's "cohort" is read by them.
 */
#ifndef COHORTIUM_PROTOCOL_QUERY_TERMS_H
#define COHORTIUM_PROTOCOL_QUERY_TERMS_H

#include "protocol/query/cohort.h"
#include "protocol/wire/buffer.h"

#define TERMS_COHORTS_MAX 50 /* of a study, as it was approved */
#define TERMS_AMENDED_MAX 10 /* that its amendments add, all together */
#define TERMS_DERIVED_MAX 20
#define TERMS_NAME_MAX 63

struct named_cohort { /* texts are borrowed from the study's document */
    const char *name;
    const char *title; /* NULL: none was given */
    const char *where; /* a cohort expression */
};

/* A boolean that a study makes of others, for its cohorts: what `or` and `not`
 * between variables take. It is unknown where its text is. */
struct derived_variable {
    const char *name;
    const char *label;
    const char *where; /* any cohort expression of the dictionary's variables */
};

struct terms {
    const char *whole; /* a cohort expression; "" for everybody */
    bool exploration;  /* cohorts that are not named may be asked about */
    size_t cohort_count;
    struct named_cohort *cohorts;
    size_t derived_count;
    struct derived_variable *derived;
};

/* NULL when there is none. */
const struct derived_variable *terms_find_derived(
    const struct terms *terms, const char *name);
const struct named_cohort *terms_find(
    const struct terms *terms, const char *name);
/* What a query's "cohort" means by the dictionary's terms, as an expression
 * that holds the whole: "" is the whole, and so is the whole's own text; a name
 * is the cohort of that name, *named; anything else must be a plain cohort
 * expression, and the study one that explores. STATUS_COHORT_NOT_IN_STUDY names
 * the study's cohorts; otherwise as cohort_parse and cohort_check_plain. The
 * error's place is one in `asked`. */
enum status terms_expand(struct buffer *expression,
    const struct named_cohort **named, const char *asked,
    const struct dictionary *dictionary, struct cohort_error *error);
/* One that parses, is plain, and stands on edges (edges.h). */
enum status terms_check_expression(const char *text,
    const struct dictionary *dictionary, struct cohort_error *error);
/* The same within the whole; fails also where no value of a variable meets
 * both. */
enum status terms_check_within(const char *text,
    const struct dictionary *dictionary, struct cohort_error *error);

#endif
