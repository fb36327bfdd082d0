#include "protocol/analysis/fit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/analysis/leverage.h"
#include "protocol/analysis/round_body.h"

void fit_destroy(struct fit *fit)
{
    if (fit == NULL)
        return;
    free(fit->values);
    free(fit->next);
    free(fit->memory);
    free(fit->active);
    free(fit->verdicts);
    vector_fini(&fit->first);
    free(fit);
}

/* With open limits nothing is withheld. */
static bool is_checked(const struct fit *fit, const struct analysis *analysis)
{
    return analysis->kind->check != NULL && fit->min_cell > 1;
}

static bool takes_part(const struct fit *fit, const struct segment *segment)
{
    const struct analysis *analysis = &fit->plan->analyses[segment->analysis];
    const int128 *head = fit->first.elements + segment->first;
    return (analysis->kind->value_count != NULL || is_checked(fit, analysis)) &&
           head[HEAD_RELEASED] > 0 && head[HEAD_PEOPLE] > 0 &&
           head[HEAD_PEOPLE] >= fit->min_cell;
}

static bool all_finite(const double *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!isfinite(values[i]))
            return false;
    }
    return true;
}

/* The analysis' next step; *done when there is none. */
static enum status advance_analysis(struct fit *fit,
    const struct segment *segment, const int128 *elements, bool *done)
{
    const struct plan *plan = fit->plan;
    const struct analysis *analysis = &plan->analyses[segment->analysis];
    struct summed_round round = {.shape = &plan->shapes[segment->analysis],
        .number = fit->number - 1,
        .min_cell = fit->min_cell,
        .elements = elements,
        .values = fit->values + segment->first_value,
        .memory = fit->memory + segment->first_memory,
        .next = fit->next + segment->first_value};
    *done = analysis->kind->value_count == NULL;
    if (*done)
        return STATUS_OK;
    enum status status = analysis->kind->advance(analysis, &round);
    /* What is no number cannot be told: the analysis says so at its end. */
    *done = round.done || !all_finite(round.next,
                              segment->first_inverse - segment->first_value);
    return status;
}

/* Nothing more is told of it. */
static void end_values(struct fit *fit, size_t index)
{
    const struct segment *segment = &fit->plan->segments[index];
    const size_t count =
        segment->first_inverse - segment->first_value +
        leverage_value_count(&fit->plan->analyses[segment->analysis]);
    memset(fit->next + segment->first_value, 0, count * sizeof *fit->next);
    fit->active[index] = SEGMENT_OVER;
}

/* The analysis is over: its rows are looked at (D9), at the values of its last
 * round, or it is over for good. */
static enum status end_segment(
    struct fit *fit, size_t index, const int128 *elements)
{
    const struct plan *plan = fit->plan;
    const struct segment *segment = &plan->segments[index];
    const struct analysis *analysis = &plan->analyses[segment->analysis];
    const size_t count = segment->first_inverse - segment->first_value;
    const size_t checks = leverage_value_count(analysis);
    double *next = fit->next + segment->first_value;
    enum leverage_verdict verdict = LEVERAGE_FINE;
    enum status status = STATUS_OK;
    memcpy(next, fit->values + segment->first_value, count * sizeof *next);
    if (is_checked(fit, analysis)) {
        const struct fitted_segment fitted = {
            .shape = &plan->shapes[segment->analysis],
            .dictionary = plan->dictionary,
            .first = fit->first.elements + segment->first,
            .memory = fit->memory + segment->first_memory,
            .min_cell = fit->min_cell};
        status =
            leverage_begin(analysis, &fitted, elements, next + count, &verdict);
    }
    if (verdict == LEVERAGE_NOT_KNOWN && all_finite(next, count + checks)) {
        fit->active[index] = SEGMENT_CHECKED;
        return status;
    }
    fit->verdicts[index] = (uint8_t)verdict;
    end_values(fit, index);
    return status;
}

/* No rows have such sums. Nothing is known of them: a model whose rows would be
 * looked at is withheld, others end where they stood. */
static void give_up(struct fit *fit, size_t index)
{
    const struct segment *segment = &fit->plan->segments[index];
    if (is_checked(fit, &fit->plan->analyses[segment->analysis]))
        fit->verdicts[index] = LEVERAGE_HIGH;
    end_values(fit, index);
}

static enum status advance_segment(
    struct fit *fit, size_t index, const struct vector *sum)
{
    const struct segment *segment = &fit->plan->segments[index];
    const int128 *elements = sum->elements + segment->first;
    bool done = false;
    if (!plan_sums_hold(fit->plan, index, elements)) {
        give_up(fit, index);
        return STATUS_OK;
    }
    if (fit->active[index] == SEGMENT_CHECKED) {
        fit->verdicts[index] =
            (uint8_t)leverage_read(&fit->plan->analyses[segment->analysis],
                &fit->plan->shapes[segment->analysis], elements, fit->min_cell);
        end_values(fit, index);
        return STATUS_OK;
    }
    enum status status = advance_analysis(fit, segment, elements, &done);
    return status == STATUS_OK && done ? end_segment(fit, index, elements)
                                       : status;
}

/* fit->number is the next round's; `sum` is of the one before. */
static enum status advance_all(struct fit *fit, const struct vector *sum)
{
    enum status status = STATUS_OK;
    bool any = false;
    for (size_t i = 0; status == STATUS_OK && i < fit->plan->segment_count;
         i++) {
        if (fit->active[i] == SEGMENT_OVER)
            continue;
        status = advance_segment(fit, i, sum);
        any = any || fit->active[i] != SEGMENT_OVER;
    }
    memcpy(fit->values, fit->next, fit->plan->value_count * sizeof *fit->next);
    fit->over = !any;
    return status;
}

/* Everything zero but the first sum. */
static enum status allocate(struct fit **out, const struct plan *plan,
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
    fit->verdicts = calloc(plan->segment_count + 1, sizeof *fit->verdicts);
    enum status status = STATUS_NO_MEMORY;
    if (fit->values != NULL && fit->next != NULL && fit->memory != NULL &&
        fit->active != NULL && fit->verdicts != NULL)
        status = vector_init(&fit->first, first->length);
    if (status == STATUS_OK)
        status = vector_add(&fit->first, first);
    if (status != STATUS_OK) {
        fit_destroy(fit);
        return status;
    }
    *out = fit;
    return STATUS_OK;
}

enum status fit_create(struct fit **out, const struct plan *plan,
    const struct vector *first, int64_t min_cell)
{
    struct fit *fit;
    enum status status = allocate(&fit, plan, first, min_cell);
    *out = NULL;
    if (status != STATUS_OK)
        return status;
    for (size_t i = 0; i < plan->segment_count; i++)
        fit->active[i] = takes_part(fit, &plan->segments[i]) ? SEGMENT_GOES_ON
                                                             : SEGMENT_OVER;
    status = advance_all(fit, first);
    if (status != STATUS_OK) {
        fit_destroy(fit);
        return status;
    }
    *out = fit;
    return STATUS_OK;
}

/* Every part of its state with its size; `next` is `values` between rounds. */
struct part {
    void *data;
    size_t size;
};

#define PARTS 6

static void list_parts(const struct fit *fit, struct part parts[PARTS])
{
    const struct plan *plan = fit->plan;
    struct fit *own = (struct fit *)(uintptr_t)fit;
    const struct part all[PARTS] = {
        {&own->number, sizeof fit->number},
        {&own->over, sizeof fit->over},
        {fit->values, plan->value_count * sizeof *fit->values},
        {fit->memory, plan->memory_count * sizeof *fit->memory},
        {fit->active, plan->segment_count * sizeof *fit->active},
        {fit->verdicts, plan->segment_count * sizeof *fit->verdicts},
    };
    memcpy(parts, all, sizeof all);
}

enum status fit_save(const struct fit *fit, struct buffer *out)
{
    struct part parts[PARTS];
    enum status status = STATUS_OK;
    list_parts(fit, parts);
    for (int i = 0; status == STATUS_OK && i < PARTS; i++)
        status = buffer_append(out, parts[i].data, parts[i].size);
    return status;
}

enum status fit_restore(struct fit **out, const struct plan *plan,
    const struct vector *first, int64_t min_cell, struct view *bytes)
{
    struct part parts[PARTS];
    struct fit *fit;
    enum status status = allocate(&fit, plan, first, min_cell);
    *out = NULL;
    if (status != STATUS_OK)
        return status;
    list_parts(fit, parts);
    for (int i = 0; i < PARTS; i++) {
        if (bytes->size < parts[i].size) {
            fit_destroy(fit);
            return STATUS_TRUNCATED;
        }
        memcpy(parts[i].data, bytes->data, parts[i].size);
        bytes->data += parts[i].size;
        bytes->size -= parts[i].size;
    }
    memcpy(fit->next, fit->values, plan->value_count * sizeof *fit->next);
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
    const struct round_body body = {fit->active, fit->values};
    return round_body_write(&body, fit->plan, out);
}

enum status fit_finish(const struct fit *fit, int64_t min_cell, json_t **out)
{
    const struct fitted fitted = {fit->memory, fit->verdicts, fit->answered};
    return plan_finish_fitted(fit->plan, &fit->first, &fitted, min_cell, out);
}
