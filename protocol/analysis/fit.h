/*
 * fit: a plan of several rounds between them: the coordinator's state of every
 * iterative segment, and what it tells the centers next. Pure.
 */
#ifndef COHORTIUM_PROTOCOL_ANALYSIS_FIT_H
#define COHORTIUM_PROTOCOL_ANALYSIS_FIT_H

#include "protocol/analysis/analysis.h"

struct fit {
    const struct plan *plan; /* borrowed */
    uint32_t number;         /* of the round whose sum comes next, from 2 */
    int64_t min_cell;
    bool over;
    double *values, *next; /* [plan->value_count] */
    double *memory;        /* [plan->memory_count] */
    uint8_t *active;       /* [plan->segment_count], enum segment_step */
    uint8_t *verdicts;     /* [plan->segment_count], enum leverage_verdict */
    struct vector first;   /* the first round's sum */
    const struct answered *answered; /* assigned.h: what fit_finish says of it,
                                        borrowed; NULL: nothing */
};

/* first: the first round's sum, after the rules; segments that it withholds or
 * that have fewer than min_cell people take no part. Advances to the second
 * round, or is over. */
enum status fit_create(struct fit **out, const struct plan *plan,
    const struct vector *first, int64_t min_cell);
/* The state of such a fit as bytes of this machine, and a fit of the same plan
 * and first sum from them: between a process and its child, never from
 * elsewhere. fit_restore reads from `bytes` on and moves it; STATUS_TRUNCATED.
 */
enum status fit_save(const struct fit *fit, struct buffer *out);
enum status fit_restore(struct fit **out, const struct plan *plan,
    const struct vector *first, int64_t min_cell, struct view *bytes);
void fit_destroy(struct fit *fit);
/* The sum of round fit->number. */
enum status fit_advance(struct fit *fit, const struct vector *sum);
/* Appends what every center is told (round_body.h). */
enum status fit_write(const struct fit *fit, struct buffer *out);
/* The "results" array, as plan_finish. */
enum status fit_finish(const struct fit *fit, int64_t min_cell, json_t **out);

#endif
