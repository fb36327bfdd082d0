/*
 * result_variables: the words that the dictionary has for the variables of a
 * question. They go with the result and are signed with it, so that whoever
 * reads it later needs no dictionary.
 */
#ifndef COHORTIUM_COORDINATOR_RESULT_VARIABLES_H
#define COHORTIUM_COORDINATOR_RESULT_VARIABLES_H

#include <jansson.h>

#include "protocol/analysis/plan.h"

/* {"sex": {"label": "Sex", "type": "category", "levels": {"1": "Male", ...}},
 *  "lvef": {"label": "LV ejection fraction", "type": "real", "unit": "%"}}
 * of every variable that cohort, by or an analysis reads (of an element its
 * vector), in the dictionary's order. "levels" is code to label, the reference
 * first; a boolean has none. A new reference; NULL without memory. */
json_t *result_variables(const struct plan *plan);

#endif
