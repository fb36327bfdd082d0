#include "protocol/analysis/people.h"

#include <stdlib.h>
#include <string.h>

#include "protocol/analysis/kernel.h"
#include "protocol/analysis/mask.h"
#include "protocol/analysis/tally.h"

/* One block: what is looked at, then who is in. */
struct crowd {
    uint8_t mask[BLOCK_ROWS];
    int32_t codes[BLOCK_ROWS];
    int32_t levels_of_rows[BLOCK_ROWS]; /* -1: a `by` variable is missing */
    uint32_t patients[BLOCK_ROWS], levels[BLOCK_ROWS];
    uint8_t scratch[]; /* of mask_cohort */
};

KERNEL static void add_codes(int32_t *levels, const int32_t *codes,
    size_t count, int32_t first, int32_t level_count)
{
    for (size_t i = 0; i < count; i++) {
        levels[i] = codes[i] == VALUE_MISSING || levels[i] < 0
                        ? -1
                        : levels[i] * level_count + (codes[i] - first);
    }
}

/* The last `by` variable changes fastest, as in plan_level_of. */
static void read_levels(struct crowd *crowd, const struct plan *plan,
    const struct rows *rows, size_t first, size_t count)
{
    memset(crowd->levels_of_rows, 0, count * sizeof *crowd->levels_of_rows);
    for (size_t b = 0; b < plan->query->by_count; b++) {
        size_t variable = plan->query->by[b];
        column_read(&rows->columns[variable], first, count, crowd->codes);
        const struct variable *by = &plan->dictionary->variables[variable];
        add_codes(crowd->levels_of_rows, crowd->codes, count, by->min,
            (int32_t)variable_cell_count(by));
    }
}

/* Those of the mask; without a branch, which could not be foretold. */
static size_t list_people(struct crowd *crowd, const struct plan *plan,
    const struct rows *rows, size_t first, size_t count)
{
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        const int32_t level = crowd->levels_of_rows[i];
        crowd->patients[found] = rows->patients == NULL
                                     ? (uint32_t)(first + i)
                                     : rows->patients[first + i];
        crowd->levels[found] =
            level < 0 ? (uint32_t)plan->level_count : (uint32_t)level;
        found += crowd->mask[i] & 1;
    }
    return found;
}

enum status plan_visit_people(const struct plan *plan, const struct rows *rows,
    people_visit *visit, void *arg)
{
    const struct query *query = plan->query;
    struct crowd *crowd =
        malloc(sizeof *crowd + mask_scratch_blocks(query->cohort) * BLOCK_ROWS);
    uint32_t last = UINT32_MAX;
    if (crowd == NULL)
        return STATUS_NO_MEMORY;
    for (size_t first = 0; first < rows->count; first += BLOCK_ROWS) {
        size_t left = rows->count - first;
        size_t count = left < BLOCK_ROWS ? left : BLOCK_ROWS;
        mask_cohort(
            query->cohort, rows, first, count, crowd->mask, crowd->scratch);
        if (query->unit == UNIT_PATIENT && rows->patients != NULL)
            mask_first_of_patient(
                rows->patients + first, count, crowd->mask, &last);
        read_levels(crowd, plan, rows, first, count);
        visit(arg, crowd->patients, crowd->levels,
            list_people(crowd, plan, rows, first, count));
    }
    free(crowd);
    return STATUS_OK;
}
