/*
 * A center's own scans of its rows, of which nothing leaves it.
 */
#include <stdlib.h>
#include <string.h>

#include "protocol/analysis/assigned.h"
#include "protocol/analysis/leverage.h"

/* A scan in which each checked segment takes `step`. */
struct own_scan {
    const struct plan *plan;
    const struct rows *rows;
    const struct assigned *assigned; /* NULL: each segment on its own rows */
    int threads;
    struct round round;
    uint8_t *active;
    struct contribution sums;
};

static enum status run(struct own_scan *scan)
{
    contribution_fini(&scan->sums);
    scan->round.active = scan->active;
    if (scan->assigned != NULL)
        return plan_contribute_assigned(
            scan->assigned, scan->threads, &scan->round, &scan->sums);
    return plan_contribute_round(
        scan->plan, scan->rows, scan->threads, &scan->round, &scan->sums);
}

static const struct analysis *analysis_of(
    const struct own_scan *scan, size_t segment)
{
    return &scan->plan->analyses[scan->plan->segments[segment].analysis];
}

static const struct shape *shape_of(const struct own_scan *scan, size_t segment)
{
    return &scan->plan->shapes[scan->plan->segments[segment].analysis];
}

static const int128 *elements_of(const struct own_scan *scan, size_t segment)
{
    return scan->sums.vector.elements + scan->plan->segments[segment].first;
}

/* The products of the active segments, and their inverses. */
static enum status invert_all(struct own_scan *scan, int64_t min_cell,
    double *inverses, enum leverage_verdict *verdicts)
{
    enum status status = run(scan);
    for (size_t i = 0; status == STATUS_OK && i < scan->plan->segment_count;
         i++) {
        enum leverage_verdict verdict = LEVERAGE_FINE;
        const enum segment_step step = (enum segment_step)scan->active[i];
        if (step == SEGMENT_OVER)
            continue;
        const struct leverage_products sums = {
            shape_of(scan, i), step, elements_of(scan, i), min_cell};
        status = leverage_read_products(analysis_of(scan, i), &sums,
            inverses + scan->plan->segments[i].first_inverse, &verdict);
        if (verdicts != NULL)
            verdicts[i] = verdict;
    }
    return status;
}

static enum status find_inverses(
    struct own_scan *scan, const struct round *round, double *own)
{
    const struct plan *plan = scan->plan;
    scan->round = *round;
    scan->active = calloc(plan->segment_count, 1);
    bool any = false;
    if (scan->active == NULL)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < plan->segment_count; i++) {
        if (round->active[i] == SEGMENT_CHECKED) {
            scan->active[i] = SEGMENT_PRODUCTS;
            any = true;
        }
    }
    enum status status = any ? invert_all(scan, 1, own, NULL) : STATUS_OK;
    contribution_fini(&scan->sums);
    free(scan->active);
    return status;
}

enum status leverage_own_inverse(const struct plan *plan,
    const struct rows *rows, int threads, const struct round *round,
    double *own)
{
    struct own_scan scan = {.plan = plan, .rows = rows, .threads = threads};
    return find_inverses(&scan, round, own);
}

enum status leverage_own_inverse_assigned(const struct assigned *assigned,
    int threads, const struct round *round, double *own)
{
    struct own_scan scan = {.plan = assigned->sets->plan,
        .rows = assigned->rows,
        .assigned = assigned,
        .threads = threads};
    return find_inverses(&scan, round, own);
}

/* Those that sums alone did not settle: the rows are asked. */
static enum status count_all(struct own_scan *scan, int64_t min_cell,
    const double *inverses, enum leverage_verdict *verdicts)
{
    bool any = false;
    for (size_t i = 0; i < scan->plan->segment_count; i++) {
        const bool asked = verdicts[i] == LEVERAGE_NOT_KNOWN;
        scan->active[i] = asked ? SEGMENT_OWN_CHECKED : SEGMENT_OVER;
        any = any || asked;
    }
    scan->round.values = inverses;
    enum status status = any ? run(scan) : STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < scan->plan->segment_count;
         i++) {
        if (scan->active[i] != SEGMENT_OVER)
            verdicts[i] = leverage_read(analysis_of(scan, i), shape_of(scan, i),
                elements_of(scan, i), min_cell);
    }
    return status;
}

static enum status review(
    struct own_scan *scan, int64_t min_cell, enum leverage_verdict *verdicts)
{
    const struct plan *plan = scan->plan;
    double *values = calloc(plan->value_count + 1, sizeof *values);
    scan->round = (struct round){.number = 2, .values = values};
    scan->active = calloc(plan->segment_count, 1);
    enum status status =
        values == NULL || scan->active == NULL ? STATUS_NO_MEMORY : STATUS_OK;
    bool any = false;
    for (size_t i = 0; status == STATUS_OK && i < plan->segment_count; i++) {
        const bool checked = analysis_of(scan, i)->kind->check != NULL;
        verdicts[i] = LEVERAGE_FINE;
        scan->active[i] = checked ? SEGMENT_OWN_PRODUCTS : SEGMENT_OVER;
        any = any || checked;
    }
    if (status == STATUS_OK && any && min_cell > 1) {
        status = invert_all(scan, min_cell, values, verdicts);
        if (status == STATUS_OK)
            status = count_all(scan, min_cell, values, verdicts);
    }
    contribution_fini(&scan->sums);
    free(scan->active);
    free(values);
    return status;
}

enum status leverage_review_own(const struct plan *plan,
    const struct rows *rows, int threads, int64_t min_cell,
    enum leverage_verdict *verdicts)
{
    struct own_scan scan = {.plan = plan, .rows = rows, .threads = threads};
    return review(&scan, min_cell, verdicts);
}

enum status leverage_review_own_assigned(const struct assigned *assigned,
    int threads, int64_t min_cell, enum leverage_verdict *verdicts)
{
    struct own_scan scan = {.plan = assigned->sets->plan,
        .rows = assigned->rows,
        .assigned = assigned,
        .threads = threads};
    return review(&scan, min_cell, verdicts);
}
