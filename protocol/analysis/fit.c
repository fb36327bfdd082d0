#include "protocol/analysis/fit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void fit_destroy(struct fit *fit)
{
    if (fit == NULL)
        return;
    free(fit->values);
    free(fit->next);
    free(fit->memory);
    free(fit->active);
    vector_fini(&fit->first);
    free(fit);
}

static bool takes_part(const struct fit *fit, const struct segment *segment)
{
    const struct analysis *analysis = &fit->plan->analyses[segment->analysis];
    const int128 *head = fit->first.elements + segment->first;
    return analysis->kind->value_count != NULL && head[HEAD_RELEASED] > 0 &&
           head[HEAD_PEOPLE] > 0 && head[HEAD_PEOPLE] >= fit->min_cell;
}

static bool all_finite(const double *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!isfinite(values[i]))
            return false;
    }
    return true;
}

static enum status advance_segment(
    struct fit *fit, size_t index, const struct vector *sum)
{
    const struct plan *plan = fit->plan;
    const struct segment *segment = &plan->segments[index];
    const struct analysis *analysis = &plan->analyses[segment->analysis];
    const struct shape *shape = &plan->shapes[segment->analysis];
    size_t count = analysis->kind->value_count(analysis, shape);
    double *next = fit->next + segment->first_value;
    bool done = false;
    enum status status = analysis->kind->advance(analysis, shape,
        plan->dictionary, fit->number - 1, fit->min_cell,
        sum->elements + segment->first, fit->values + segment->first_value,
        fit->memory + segment->first_memory, next, &done);
    /* What is no number cannot be told: the analysis says so at its end. */
    if (!done && !all_finite(next, count))
        done = true;
    if (done) {
        fit->active[index] = 0;
        memset(next, 0, count * sizeof *next);
    }
    return status;
}

/* fit->number is the next round's; `sum` is of the one before. */
static enum status advance_all(struct fit *fit, const struct vector *sum)
{
    enum status status = STATUS_OK;
    bool any = false;
    for (size_t i = 0; status == STATUS_OK && i < fit->plan->segment_count;
         i++) {
        if (fit->active[i] == 0)
            continue;
        status = advance_segment(fit, i, sum);
        any = any || fit->active[i] != 0;
    }
    memcpy(fit->values, fit->next, fit->plan->value_count * sizeof *fit->next);
    fit->over = !any;
    return status;
}

enum status fit_create(struct fit **out, const struct plan *plan,
    const struct vector *first, int64_t min_cell)
{
    *out = NULL;
    struct fit *fit = calloc(1, sizeof *fit);
    if (fit == NULL)
        return STATUS_NO_MEMORY;
    fit->plan = plan;
    fit->number = 2;
    fit->min_cell = min_cell;
    fit->values = calloc(plan->value_count + 1, sizeof *fit->values);
    fit->next = calloc(plan->value_count + 1, sizeof *fit->next);
    fit->memory = calloc(plan->memory_count + 1, sizeof *fit->memory);
    fit->active = calloc(plan->segment_count + 1, sizeof *fit->active);
    enum status status = STATUS_NO_MEMORY;
    if (fit->values != NULL && fit->next != NULL && fit->memory != NULL &&
        fit->active != NULL)
        status = vector_init(&fit->first, first->length);
    if (status == STATUS_OK)
        status = vector_add(&fit->first, first);
    for (size_t i = 0; status == STATUS_OK && i < plan->segment_count; i++)
        fit->active[i] = takes_part(fit, &plan->segments[i]);
    if (status == STATUS_OK)
        status = advance_all(fit, first);
    if (status != STATUS_OK) {
        fit_destroy(fit);
        return status;
    }
    *out = fit;
    return STATUS_OK;
}

enum status fit_advance(struct fit *fit, const struct vector *sum)
{
    if (fit->over || sum->length != fit->plan->vector_length)
        return STATUS_INTERNAL;
    if (fit->number >= ROUNDS_MAX)
        return STATUS_LIMIT_REACHED;
    fit->number++;
    return advance_all(fit, sum);
}

enum status fit_write(const struct fit *fit, struct buffer *out)
{
    enum status status =
        buffer_append(out, fit->active, fit->plan->segment_count);
    return status == STATUS_OK
               ? buffer_append(out, fit->values,
                     fit->plan->value_count * sizeof *fit->values)
               : status;
}

enum status fit_finish(const struct fit *fit, int64_t min_cell, json_t **out)
{
    return plan_finish_memory(
        fit->plan, &fit->first, fit->memory, min_cell, out);
}
