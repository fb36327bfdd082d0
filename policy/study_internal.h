/*
 * study_internal: what the parts of the study's reader share. Private to
 * study*.c.
 */
#ifndef COHORTIUM_POLICY_STUDY_INTERNAL_H
#define COHORTIUM_POLICY_STUDY_INTERNAL_H

#include "policy/study.h"

/* Whether a reader reads on: also after a mistake, where all are wanted. */
bool study_may_go_on(enum status status, const struct diagnostic *diagnostic);
/* "cohort", "cohorts", "exploration", by form alone. */
enum status study_read_cohorts(struct study *study, const struct field *root,
    struct diagnostic *diagnostic);
/* The same with study->dictionary at hand. */
enum status study_check_cohorts(
    const struct study *study, struct diagnostic *diagnostic);
/* One of a list of cohorts, by form; no name is twice, in `before` either. */
enum status study_read_cohort(const struct field *item,
    const struct terms *before, struct named_cohort *out,
    struct diagnostic *diagnostic);
/* The same with study->dictionary at hand: plain, of the study's variables. */
enum status study_check_cohort(const struct study *study,
    const struct field *item, struct diagnostic *diagnostic);
/* Whether one of the study's researchers signed. */
enum status study_check_signer(const struct study *study,
    const struct envelope *envelope, const char *type,
    struct diagnostic *diagnostic);
/* Of a new study: that it says of whom it may be asked. */
enum status study_check_declares(
    const struct study *study, struct diagnostic *diagnostic);

#endif
