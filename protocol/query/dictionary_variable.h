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
/* A number as a code: it must stand on the resolution. key: its name. */
enum status dictionary_read_code(const struct field *field, const char *key,
    const struct variable *variable, int32_t *code,
    struct diagnostic *diagnostic);
/* Bytes of the narrowest integer for the variable's range. */
int dictionary_width(const struct variable *variable);

#endif
