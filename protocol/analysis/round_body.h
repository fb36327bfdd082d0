/*
 * round_body: what ROUND tells every center, as bytes: a byte a segment (enum
 * segment_step), then the plan's values as little-endian doubles. The
 * coordinator's half and the centers' stand together here. Pure.
 */
#ifndef COHORTIUM_PROTOCOL_ANALYSIS_ROUND_BODY_H
#define COHORTIUM_PROTOCOL_ANALYSIS_ROUND_BODY_H

#include "protocol/analysis/plan.h"

struct round_body {
    uint8_t *active; /* [plan->segment_count] */
    double *values;  /* [plan->value_count] */
};

/* Appends. */
enum status round_body_write(
    const struct round_body *body, const struct plan *plan, struct buffer *out);
/* STATUS_MALFORMED: another size, a step that is never told or that the
 * segment's analysis has not, a value that is no finite number, or values that
 * the analysis takes from nobody; also for a plan of one round. The caller frees with round_body_fini, also after that. */
enum status round_body_read(
    struct round_body *out, const struct plan *plan, struct view bytes);
void round_body_fini(struct round_body *body);

#endif
