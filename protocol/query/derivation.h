/*
 * derivation: a variable computed from others when a row is imported: "lvedv /
 * bsa", "sqrt(height_cm * weight_kg / 3600)", or for a boolean a cohort
 * expression, "num > 0". A number's expression is that of `expression`; the
 * result is rounded to the derived variable's resolution. Missing in,
 * missing out; a result that is not finite or out of range is missing.
 */
#ifndef COHORTIUM_PROTOCOL_QUERY_DERIVATION_H
#define COHORTIUM_PROTOCOL_QUERY_DERIVATION_H

#include "protocol/query/dictionary.h"

/* codes[] of a whole row; fills the derived ones that are VALUE_MISSING there,
 * in dictionary order of dependence. */
void dictionary_derive_row(const struct dictionary *dictionary, int32_t *codes);
/* Whether any variable is derived (to skip the work when none is). */
bool dictionary_has_derived(const struct dictionary *dictionary);

#endif
