#include "protocol/analysis/round_body.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/analysis/analysis.h"

enum status round_body_write(
    const struct round_body *body, const struct plan *plan, struct buffer *out)
{
    enum status status = buffer_append(out, body->active, plan->segment_count);
    return status == STATUS_OK ? buffer_append(out, body->values,
                                     plan->value_count * sizeof *body->values)
                               : status;
}

static bool is_told(const struct plan *plan, size_t segment, uint8_t step)
{
    const struct analysis *analysis =
        &plan->analyses[plan->segments[segment].analysis];
    return step < SEGMENT_TOLD_END &&
           (step != SEGMENT_CHECKED || analysis->kind->check != NULL);
}

/* Of one that is over nothing is read. */
static bool takes_values(
    const struct plan *plan, size_t segment, const struct round_body *body)
{
    const struct segment *of = &plan->segments[segment];
    const struct analysis *analysis = &plan->analyses[of->analysis];
    return body->active[segment] == SEGMENT_OVER ||
           analysis->kind->takes == NULL ||
           of->first_inverse == of->first_value ||
           analysis->kind->takes(analysis, &plan->shapes[of->analysis],
               body->values + of->first_value);
}

static enum status check(const struct round_body *body, const struct plan *plan)
{
    for (size_t i = 0; i < plan->segment_count; i++) {
        if (!is_told(plan, i, body->active[i]))
            return STATUS_MALFORMED;
    }
    for (size_t i = 0; i < plan->value_count; i++) {
        if (!isfinite(body->values[i]))
            return STATUS_MALFORMED;
    }
    for (size_t i = 0; i < plan->segment_count; i++) {
        if (!takes_values(plan, i, body))
            return STATUS_MALFORMED;
    }
    return STATUS_OK;
}

/* Views into the bytes are not aligned: the values are copied. */
enum status round_body_read(
    struct round_body *out, const struct plan *plan, struct view bytes)
{
    const size_t size = plan->value_count * sizeof *out->values;
    *out = (struct round_body){NULL, NULL};
    if (plan->value_count == 0 || bytes.size != plan->segment_count + size)
        return STATUS_MALFORMED;
    out->active = malloc(plan->segment_count);
    out->values = malloc(size);
    if (out->active == NULL || out->values == NULL)
        return STATUS_NO_MEMORY;
    memcpy(out->active, bytes.data, plan->segment_count);
    memcpy(out->values, bytes.data + plan->segment_count, size);
    return check(out, plan);
}

void round_body_fini(struct round_body *body)
{
    free(body->active);
    free(body->values);
    *body = (struct round_body){NULL, NULL};
}
