/*
 * people: who is in a cohort, block by block. For the memory that a node keeps
 * of what it answered; nothing of it leaves.
 */
#ifndef COHORTIUM_PROTOCOL_ANALYSIS_PEOPLE_H
#define COHORTIUM_PROTOCOL_ANALYSIS_PEOPLE_H

#include "protocol/analysis/plan.h"

/* Some of them, in order of rows. patients[count]: from 0, in increasing order,
 * a patient perhaps several times. levels[count]: of `by`, plan->level_count
 * when a `by` variable is missing. */
typedef void people_visit(
    void *arg, const uint32_t *patients, const uint32_t *levels, size_t count);
enum status plan_visit_people(const struct plan *plan, const struct rows *rows,
    people_visit *visit, void *arg);

#endif
