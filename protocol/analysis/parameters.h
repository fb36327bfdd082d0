/*
 * parameters: what the analyses read from their part of a query.
 */
#ifndef COHORTIUM_PROTOCOL_ANALYSIS_PARAMETERS_H
#define COHORTIUM_PROTOCOL_ANALYSIS_PARAMETERS_H

#include "protocol/analysis/analysis.h"

enum variable_use {
    USE_NUMBER, /* integer, real, days */
    USE_LEVELS, /* category, boolean, integer of few values */
    USE_SUM,    /* a number, or a boolean as 0 and 1 */
    USE_VECTOR,
    USE_ANY
};

/* The variable named by member `key`, appended to analysis->variables. */
enum status parameter_variable(struct analysis *analysis,
    const struct field *parameters, const char *key, enum variable_use use,
    const struct dictionary *dictionary, struct diagnostic *diagnostic);
/* The list `variables`, appended. */
enum status parameter_variables(struct analysis *analysis,
    const struct field *parameters, enum variable_use use,
    const struct dictionary *dictionary, struct diagnostic *diagnostic);
/* Optional "level" in (0, 1). */
enum status parameter_level(struct analysis *analysis,
    const struct field *parameters, struct diagnostic *diagnostic);
/* STATUS_MALFORMED with that text, at member `key` or, without it, at the
 * whole. */
enum status parameter_fail(const struct field *parameters, const char *key,
    struct diagnostic *diagnostic, const char *text);

#endif
