/*
 * cohort: who is asked about. An expression such as
 *     ar_fraction >= 20 and age between 18 and 89 and not prior_mi
 *     sex = F and lge_pattern in (1, 2) or lvef is missing
 * compiled to a tree of and, or and leaves, where a leaf is a variable and the
 * set of codes that satisfy it.
 *
 * Grammar (keywords in either case; "not" binds tighter than "and", "and"
 * tighter than "or"):
 *     or     := and ("or" and)*
 *     and    := not ("and" not)*
 *     not    := "not" not | "(" or ")" | test
 *     test   := name          (a boolean, or a study's derived variable, holds)
 *             | name compare value | value compare name
 *             | name ["not"] "in" "(" value ("," value)* ")"
 *             | name ["not"] "between" value "and" value
 *             | name "is" ["not"] "missing"
 *     compare:= "=" "==" "!=" "<>" "<" "<=" ">" ">="
 *     value  := number [unit] | text in '' or "" | bare word (category code or
 *               label, true, false)
 * A unit after a number must be the dictionary's. Comparisons with a missing
 * value are unknown, and unknown is not in the cohort, as in SQL (Kleene's
 * three values): "not" is pushed down to the leaves, where it takes the
 * complement among values that are not missing. Those of a question stand on
 * their variable's edges (edges.h); dictionaries cut where they like.
 */
#ifndef COHORTIUM_PROTOCOL_QUERY_COHORT_H
#define COHORTIUM_PROTOCOL_QUERY_COHORT_H

#include "protocol/query/dictionary.h"

#define COHORT_NODES_MAX 256
#define COHORT_TEXT_MAX 8192
#define COHORT_DEPTH_MAX 32

enum cohort_node_kind { COHORT_AND, COHORT_OR, COHORT_LEAF };

struct interval { /* closed, codes, low <= high, never VALUE_MISSING */
    int32_t low, high;
};

struct cohort_node {
    enum cohort_node_kind kind;
    size_t offset;  /* in the text, bytes: of a leaf's test, of a group's first
                       "and" or "or" */
    size_t derived; /* 1 + the place among the study's derived variables that
                       this stands for; 0: none */
    bool negated;   /* that it does not hold */
    size_t child_count; /* AND, OR: >= 2 */
    const struct cohort_node *const *children;
    size_t variable;       /* LEAF: index in the dictionary */
    bool missing;          /* LEAF: whether missing satisfies it */
    size_t interval_count; /* LEAF: sorted, disjoint, not adjacent; may be 0 */
    const struct interval *intervals;
};

struct cohort {
    const struct cohort_node *root; /* NULL: everybody (empty expression) */
    void *storage;                  /* private */
};

/* Where and what: offset is in bytes from the start of text. */
struct cohort_error {
    size_t offset;
    char message[512];
};

/* text "" or only blanks means everybody. STATUS_MALFORMED (syntax),
 * STATUS_UNKNOWN_NAME (variable, category; the message names the nearest),
 * STATUS_OUT_OF_RANGE (a value the variable can never have, an unit that
 * differs), STATUS_THRESHOLD_OFF_GRID (between steps of the resolution). */
enum status cohort_parse(struct cohort **out, const char *text,
    const struct dictionary *dictionary, struct cohort_error *error);
void cohort_destroy(struct cohort *cohort);
/* Whether it is plain: one condition a variable, an interval or a set of levels
 * or "is missing" or its negation, joined by "and". STATUS_NOT_PLAIN, or
 * STATUS_OUT_OF_RANGE where no value meets all conditions on a variable; the
 * error says what to write instead, at the place in the text it was parsed of.
 * Conditions on one variable that meet in one interval count as one; a study's
 * derived variable is one variable, whatever it is made of. */
enum status cohort_check_plain(const struct cohort *cohort,
    const struct dictionary *dictionary, struct cohort_error *error);
/* Calls visit(arg, variable index) for every leaf. */
void cohort_visit_variables(const struct cohort *cohort,
    void (*visit)(void *arg, size_t variable), void *arg);
/* Whether every row in `inner` is certainly in `outer`: each conjunct of outer
 * is implied by a conjunct, or by the meeting of the leaves on one variable,
 * of inner. Conservative: false means "not shown to be". */
bool cohort_implies(const struct cohort *inner, const struct cohort *outer);
/* One row, codes[variable]: the reference semantics, for tests and small data.
 */
bool cohort_contains(const struct cohort *cohort, const int32_t *codes);

#endif
