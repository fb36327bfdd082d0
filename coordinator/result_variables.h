/*
 * result_variables: the words that the dictionary has for the variables of a
 * question. They go with the result and are signed with it, so that whoever
 * reads it later needs no dictionary.
 */
#ifndef COHORTIUM_COORDINATOR_RESULT_VARIABLES_H
#define COHORTIUM_COORDINATOR_RESULT_VARIABLES_H

#include <jansson.h>

#include "protocol/analysis/plan.h"

/* dictionary_words of every variable that cohort, by or an analysis reads (of an
 * element its vector), and what the study derives. A new reference; NULL without
 * memory. */
json_t *result_variables(const struct plan *plan);

#endif
