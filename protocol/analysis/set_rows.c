/* Which rows are in a set (sets.h). */
#include <stdlib.h>
#include <string.h>

#include "protocol/analysis/mask.h"
#include "protocol/analysis/sets.h"
#include "protocol/analysis/tally.h"
#include "protocol/analysis/times.h"

static const uint32_t *patients_of(const struct rows *rows)
{
    return rows->patient_count == rows->count ? NULL : rows->patients;
}

static enum status mark_whole(const struct set_marker *marker)
{
    const struct query *query = marker->sets->plan->query;
    const struct rows *rows = marker->rows;
    const uint32_t *patients =
        query->unit == UNIT_PATIENT ? patients_of(rows) : NULL;
    uint32_t last = UINT32_MAX;
    uint8_t *scratch = malloc(mask_scratch_blocks(query->cohort) * BLOCK_ROWS);
    if (scratch == NULL)
        return STATUS_NO_MEMORY;
    for (size_t at = 0; at < rows->count; at += BLOCK_ROWS) {
        const size_t left = rows->count - at;
        const size_t count = left < BLOCK_ROWS ? left : BLOCK_ROWS;
        mask_cohort(
            query->cohort, rows, at, count, marker->cohort + at, scratch);
        if (patients != NULL)
            mask_first_of_patient(
                patients + at, count, marker->cohort + at, &last);
    }
    free(scratch);
    return STATUS_OK;
}

static void keep_code(
    const struct set_marker *marker, const struct set_code *code, uint8_t *mask)
{
    const struct rows *rows = marker->rows;
    if (code->column == FORMULA_CENTER) {
        if ((size_t)code->code != rows->center)
            memset(mask, 0, rows->count);
        return;
    }
    mask_codes(&rows->columns[code->column], code->code, code->last, 0,
        rows->count, mask, marker->scratch);
    memcpy(mask, marker->scratch, rows->count);
}

static void keep_level(
    const struct set_marker *marker, size_t level, uint8_t *mask)
{
    const struct plan *plan = marker->sets->plan;
    for (size_t i = 0; i < plan->query->by_count; i++) {
        const size_t column = plan->query->by[i];
        const int32_t code = plan->dictionary->variables[column].min +
                             (int32_t)plan_level_of(plan, level, i);
        keep_code(marker, &(struct set_code){column, code, code}, mask);
    }
}

/* Those that have not every variable of `by`. */
static void keep_missing(const struct set_marker *marker, uint8_t *mask)
{
    const struct query *query = marker->sets->plan->query;
    const struct rows *rows = marker->rows;
    for (size_t i = 0; i < query->by_count; i++)
        mask_known(&rows->columns[query->by[i]], 0, rows->count, mask, mask);
    for (size_t i = 0; i < rows->count; i++)
        mask[i] = (uint8_t)(marker->cohort[i] & ~mask[i]);
}

/* Some rows at a time: steps of time are worked out. */
static void keep_interval(const struct plan *plan, const struct rows *rows,
    const struct set_interval *interval, uint8_t *mask)
{
    const struct variable *variables = plan->dictionary->variables;
    int32_t codes[DESIGN_ROWS];
    uint32_t starts[DESIGN_ROWS], stops[DESIGN_ROWS];
    for (size_t at = 0; at < rows->count; at += DESIGN_ROWS) {
        const size_t left = rows->count - at;
        const size_t count = left < DESIGN_ROWS ? left : DESIGN_ROWS;
        column_read(&rows->columns[interval->start], at, count, codes);
        times_step_many(
            &variables[interval->start], interval->grid, codes, count, starts);
        column_read(&rows->columns[interval->stop], at, count, codes);
        times_step_many(
            &variables[interval->stop], interval->grid, codes, count, stops);
        for (size_t i = 0; i < count; i++)
            mask[at + i] = starts[i] < stops[i] ? mask[at + i] : 0;
    }
}

/* Of each patient's rows the first two, where there are two. */
static void keep_pairs(const struct rows *rows, uint8_t *mask)
{
    const uint32_t *patients = patients_of(rows);
    size_t first = SIZE_MAX, taken = 0;
    if (patients == NULL) {
        memset(mask, 0, rows->count);
        return;
    }
    for (size_t i = 0; i <= rows->count; i++) {
        if (i < rows->count && mask[i] == 0)
            continue;
        const bool same = i < rows->count && first != SIZE_MAX &&
                          patients[i] == patients[first];
        if (same && ++taken > 2)
            mask[i] = 0;
        if (same)
            continue;
        if (first != SIZE_MAX && taken == 1)
            mask[first] = 0;
        first = i;
        taken = 1;
    }
}

void set_marker_mark(
    const struct set_marker *marker, size_t index, uint8_t *mask)
{
    const struct plan *plan = marker->sets->plan;
    const struct row_set *set = &marker->sets->list[index];
    const struct rows *rows = marker->rows;
    memcpy(mask, marker->cohort, rows->count);
    if (set->level == SET_BY_MISSING)
        keep_missing(marker, mask);
    else if (set->level != SET_WHOLE)
        keep_level(marker, set->level, mask);
    for (size_t i = 0; i < set->known_count; i++)
        mask_known(&rows->columns[set->known[i]], 0, rows->count, mask, mask);
    for (size_t i = 0; i < set->code_count; i++)
        keep_code(marker, &set->codes[i], mask);
    if (set->interval.grid > 0)
        keep_interval(plan, rows, &set->interval, mask);
    if (set->of_pairs)
        keep_pairs(rows, mask);
}

enum status set_marker_init(
    struct set_marker *marker, const struct sets *sets, const struct rows *rows)
{
    *marker = (struct set_marker){
        sets, rows, malloc(rows->count + 1), malloc(rows->count + 1)};
    enum status status = marker->cohort == NULL || marker->scratch == NULL
                             ? STATUS_NO_MEMORY
                             : mark_whole(marker);
    if (status != STATUS_OK)
        set_marker_fini(marker);
    return status;
}

void set_marker_fini(struct set_marker *marker)
{
    free(marker->cohort);
    free(marker->scratch);
    *marker = (struct set_marker){0};
}

enum status sets_mark(const struct sets *sets, const struct rows *rows,
    size_t index, uint8_t *mask)
{
    struct set_marker marker;
    enum status status = set_marker_init(&marker, sets, rows);
    if (status == STATUS_OK)
        set_marker_mark(&marker, index, mask);
    set_marker_fini(&marker);
    return status;
}
