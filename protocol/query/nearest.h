/*
 * nearest: which name was meant, for the end of an error.
 */
#ifndef COHORTIUM_PROTOCOL_QUERY_NEAREST_H
#define COHORTIUM_PROTOCOL_QUERY_NEAREST_H

#include <stddef.h>

/* The name nearest to `name` by Damerau-Levenshtein distance, case ignored,
 * within a third of the length (of fewer than three letters: 0); else the shortest one that has
 * all its words ("t1_native" for "native t1"); else NULL. */
const char *nearest_name(
    const char *name, const char *const *names, size_t count);
/* "; did you mean 'near'?" for the end of a message, "" for NULL. */
#define NAME_HINT_MAX 512
const char *name_hint(char out[NAME_HINT_MAX], const char *near);

#endif
