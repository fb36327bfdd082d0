/*
 * dictionary_variable: one variable of a dictionary file, as text says it.
 */
#ifndef COHORTIUM_PROTOCOL_QUERY_DICTIONARY_VARIABLE_H
#define COHORTIUM_PROTOCOL_QUERY_DICTIONARY_VARIABLE_H

#include "protocol/query/arena.h"
#include "protocol/query/dictionary.h"

/* All but `derived` and the elements of a vector, which need the others. The
 * dictionary holds the variables before it. */
enum status dictionary_read_variable(const struct dictionary *dictionary,
    const struct field *object, struct variable *variable, struct arena *arena,
    struct diagnostic *diagnostic);
/* Bytes of the narrowest integer for the variable's range. */
int dictionary_width(const struct variable *variable);

#endif
