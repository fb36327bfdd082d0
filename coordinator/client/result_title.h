/*
 * result_title: what an entry of a result is, in words.
 */
#ifndef COHORTIUM_COORDINATOR_CLIENT_RESULT_TITLE_H
#define COHORTIUM_COORDINATOR_CLIENT_RESULT_TITLE_H

#include "coordinator/client/result_words.h"

/* Appends "Kaplan-Meier estimate: Death by Sex. Smoking: yes": the analysis,
 * what it is about, the levels of `by`. Without words: "km:
 * Surv(time, death) ~ sex. smoking = true". */
void result_title(
    struct words *out, const json_t *variables, const json_t *entry);
/* "Age (years); Sex": the terms right of "~", without strata and offsets. */
void result_title_terms(
    struct words *out, const json_t *variables, const json_t *entry);

#endif
