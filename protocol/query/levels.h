/*
 * levels: what is said of a category that a variable does not have.
 */
#ifndef COHORTIUM_PROTOCOL_QUERY_LEVELS_H
#define COHORTIUM_PROTOCOL_QUERY_LEVELS_H

#include "protocol/query/dictionary.h"

/* "0 female, 1 male": codes and labels, as many as there is room for. */
void levels_list(char *out, size_t capacity, const struct variable *variable);
/* The one label or code that begins as the text does (M: male), or NULL. No
 * other likeness is looked for: "T1" and "T2", "with" and "without" are alike
 * and mean the opposite. */
const char *levels_begun(const struct variable *variable, const char *text);

#endif
