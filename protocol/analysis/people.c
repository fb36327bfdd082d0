#include "protocol/analysis/people.h"

#include <stdlib.h>

#include "protocol/analysis/mask.h"
#include "protocol/analysis/tally.h"

/* The last `by` variable changes fastest, as in plan_level_of. */
static void read_levels(const struct plan *plan, const struct rows *rows,
    size_t first, size_t count, size_t *levels)
{
    int32_t codes[BLOCK_ROWS];
    for (size_t i = 0; i < count; i++)
        levels[i] = 0;
    for (size_t b = 0; b < plan->query->by_count; b++) {
        size_t variable = plan->query->by[b];
        size_t of =
            variable_level_count(&plan->dictionary->variables[variable]);
        column_read(&rows->columns[variable], first, count, codes);
        for (size_t i = 0; i < count; i++) {
            if (codes[i] == VALUE_MISSING || levels[i] == SIZE_MAX)
                levels[i] = SIZE_MAX;
            else
                levels[i] = levels[i] * of + (size_t)codes[i];
        }
    }
}

enum status plan_visit_people(const struct plan *plan, const struct rows *rows,
    people_visit *visit, void *arg)
{
    size_t scratch = mask_scratch_blocks(plan->query->cohort);
    uint8_t *mask = malloc((scratch + 1) * BLOCK_ROWS);
    size_t *levels = malloc(BLOCK_ROWS * sizeof *levels);
    uint32_t last = UINT32_MAX;
    if (mask == NULL || levels == NULL) {
        free(mask);
        free(levels);
        return STATUS_NO_MEMORY;
    }
    for (size_t first = 0; first < rows->count; first += BLOCK_ROWS) {
        size_t left = rows->count - first;
        size_t count = left < BLOCK_ROWS ? left : BLOCK_ROWS;
        mask_cohort(
            plan->query->cohort, rows, first, count, mask, mask + BLOCK_ROWS);
        if (plan->query->unit == UNIT_PATIENT && rows->patients != NULL)
            mask_first_of_patient(rows->patients + first, count, mask, &last);
        read_levels(plan, rows, first, count, levels);
        for (size_t i = 0; i < count; i++) {
            if (mask[i] == 0)
                continue;
            uint32_t patient = rows->patients == NULL
                                   ? (uint32_t)(first + i)
                                   : rows->patients[first + i];
            visit(arg, patient,
                levels[i] == SIZE_MAX ? plan->level_count : levels[i]);
        }
    }
    free(mask);
    free(levels);
    return STATUS_OK;
}
