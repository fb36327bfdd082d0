/*
 * study_words: the cohorts of a study, as committee and researcher read them.
 */
#ifndef COHORTIUM_COORDINATOR_CLIENT_STUDY_WORDS_H
#define COHORTIUM_COORDINATOR_CLIENT_STUDY_WORDS_H

#include <stdio.h>

#include "policy/study.h"

/* A line a cohort, the whole first, and one a derived variable. dictionary
 * NULL: names and codes as they are; else the one of the study, whose words are
 * put for them. */
enum status study_print_cohorts(FILE *out, const struct study *study,
    const struct dictionary *dictionary);

#endif
