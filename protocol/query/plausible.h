/*
 * plausible: rules between the values of a row, from the dictionary's list
 * "plausible": "lvesv <= lvedv", "abs(sv - (lvedv - lvesv)) <= 3". Two
 * expressions (expression.h) and one of < <= > >= == !=. They refuse nothing;
 * quality counts the rows that break them.
 *
 * Both sides are doubles; sides that differ by less than 1e-9 of the larger are
 * equal, so that 100.3 - 97.3 <= 3 holds.
 */
#ifndef COHORTIUM_PROTOCOL_QUERY_PLAUSIBLE_H
#define COHORTIUM_PROTOCOL_QUERY_PLAUSIBLE_H

#include "protocol/query/expression.h"

#define PLAUSIBLE_RULES_MAX 256
#define PLAUSIBLE_VARIABLES_MAX 32 /* of one rule */

struct plausible_rule {
    const char *text;
    struct expression left, right;
    bool less, equal, greater; /* what of the left against the right holds */
    size_t variable_count;
    size_t variables[PLAUSIBLE_VARIABLES_MAX]; /* each once */
};

/* The member "plausible" of a dictionary file; its rules and their texts are in
 * the arena. */
enum status plausible_parse(const struct plausible_rule **rules, size_t *count,
    const struct dictionary *dictionary, const struct field *list,
    struct arena *arena, struct diagnostic *diagnostic);
/* Whether codes[variable] of a row break the rule; not where a value that it
 * reads is missing. */
bool plausible_is_broken(const struct plausible_rule *rule,
    const struct dictionary *dictionary, const int32_t *codes);
bool plausible_reads(const struct plausible_rule *rule, size_t variable);

#endif
