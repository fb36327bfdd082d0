/*
 * people: who is in a cohort, one by one. For the memory that a node keeps of
 * what it answered; nothing of it leaves.
 */
#ifndef COHORTIUM_PROTOCOL_ANALYSIS_PEOPLE_H
#define COHORTIUM_PROTOCOL_ANALYSIS_PEOPLE_H

#include "protocol/analysis/plan.h"

/* patient: from 0, in increasing order, a patient perhaps several times.
 * level: of `by`, plan->level_count when a `by` variable is missing. */
typedef void people_visit(void *arg, uint32_t patient, size_t level);
enum status plan_visit_people(const struct plan *plan, const struct rows *rows,
    people_visit *visit, void *arg);

#endif
