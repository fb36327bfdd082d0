/*
 * cox_steps: which steps of the grid share a risk set. A sum of one person's
 * covariates would be that person's covariates, so the first round of a Cox
 * model on the grid counts only, and the rounds after it sum over risk sets
 * that hold enough people each.
 *
 * A risk set begins at a step with events and holds every row that leaves from
 * there on and before the next one begins; events within are tied. Where each
 * step with events has enough people of both kinds nothing is merged, and the
 * model is coxph's on the grid.
 */
#ifndef COHORTIUM_PROTOCOL_ANALYSIS_COX_STEPS_H
#define COHORTIUM_PROTOCOL_ANALYSIS_COX_STEPS_H

#include <stdbool.h>

#include "protocol/analysis/vector.h"

/* Counts of a step. A person is counted where the last row leaves, where the
 * last event is, and where the last row without one leaves: each count is of
 * different people, never more than there are. */
enum step_count {
    STEP_PEOPLE,
    STEP_EVENTS,
    STEP_EVENT_PEOPLE,
    STEP_OTHERS,
    STEP_OTHER_PEOPLE,
    STEP_COUNTS
};

struct cox_merge_rule {
    bool efron;
    int64_t limit; /* the least people */
};

struct cox_merge {
    size_t risk_sets; /* that stand */
    size_t merged;    /* steps with events that do not begin one */
};

/* counts[steps][STEP_COUNTS] of one stratum -> starts[capacity]: the step at
 * which each risk set begins, in order; those not used are `steps`. Each risk
 * set holds at least `limit` people with an event and, without one, nobody or
 * at least `limit` (with Breslow's ties events are not told apart: `limit`
 * people with or without one). None at all when the stratum has too few. Adds
 * to *out. */
void cox_merge_steps(const int128 *counts, size_t steps,
    struct cox_merge_rule rule, double *starts, size_t capacity,
    struct cox_merge *out);
/* The risk set at which a row with this step stands, from 1; 0 before the
 * first. Takes any numbers: the result is at most capacity. */
size_t cox_risk_set(const double *starts, size_t capacity, size_t step);

#endif
