/*
 * derivation_parse: the dictionary's own view of its derived variables.
 */
#ifndef COHORTIUM_PROTOCOL_QUERY_DERIVATION_PARSE_H
#define COHORTIUM_PROTOCOL_QUERY_DERIVATION_PARSE_H

#include "protocol/query/arena.h"
#include "protocol/query/derivation.h"

enum status derivation_parse(const struct derivation **out,
    const struct dictionary *dictionary, size_t variable,
    const struct field *field, struct arena *arena,
    struct diagnostic *diagnostic);
/* Frees what the arena does not hold; accepts NULL. */
void derivation_release(const struct derivation *derivation);
/* No variable may be derived from itself, whatever the way round. `list` is
 * the dictionary's list of variables. */
enum status derivation_check_cycles(const struct dictionary *dictionary,
    const struct field *list, struct diagnostic *diagnostic);

#endif
