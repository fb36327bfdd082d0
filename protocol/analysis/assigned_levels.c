/* Levels of a fit and their two-way cells, among the rows that answer it. */
#include <stdlib.h>
#include <string.h>

#include "protocol/analysis/assigned_rows.h"
#include "protocol/analysis/mask.h"
#include "protocol/analysis/row_bits.h"

/* scratch[2 * rows->count] */
static void mark_in_run(const struct assigned *assigned,
    const struct assigned_run *run, const struct row_set *set, uint8_t *scratch,
    uint8_t *mask)
{
    const struct rows *rows = assigned->rows;
    uint8_t *in = scratch, *next = scratch + rows->count;
    memcpy(in, run->mask, rows->count);
    for (size_t k = 0; k < set->code_count; k++) {
        const struct set_code *code = &set->codes[k];
        if (code->column == FORMULA_CENTER) {
            if ((size_t)code->code != rows->center)
                return;
            continue;
        }
        mask_codes(run_column(assigned, run, code->column), code->code,
            code->last, 0, rows->count, in, next);
        in = next;
        next = next == scratch ? scratch + rows->count : scratch;
    }
    for (size_t i = 0; i < rows->count; i++)
        mask[i] |= in[i];
}

enum status assigned_mark_level(
    const struct assigned *assigned, size_t segment, size_t set, uint8_t *mask)
{
    const struct rows *rows = assigned->rows;
    memset(mask, 0, rows->count);
    if (assigned->ways[segment] == SEGMENT_WITHHELD)
        return STATUS_OK;
    if (assigned->ways[segment] == SEGMENT_PLAIN) {
        set_marker_mark(&assigned->marker, set, mask);
        return STATUS_OK;
    }
    uint8_t *scratch = malloc(2 * rows->count + 1);
    for (size_t r = 0; scratch != NULL && r < assigned->run_count; r++) {
        if (assigned->runs[r].segment == segment)
            mark_in_run(assigned, &assigned->runs[r],
                &assigned->sets->list[set], scratch, mask);
    }
    free(scratch);
    return scratch == NULL ? STATUS_NO_MEMORY : STATUS_OK;
}

/* The levels of all factors as bits, part after part. */
static enum status mark_levels(const struct assigned *assigned,
    const struct row_order *order, size_t segment, uint64_t *bits)
{
    const struct sets *sets = assigned->sets;
    uint8_t *mask = malloc(assigned->rows->count + 1);
    enum status status = mask == NULL ? STATUS_NO_MEMORY : STATUS_OK;
    for (size_t p = sets->first_part[segment];
         status == STATUS_OK && p < sets->first_part[segment + 1]; p++) {
        if (sets->parts[p].factor == 0)
            continue;
        status =
            assigned_mark_level(assigned, segment, sets->parts[p].set, mask);
        if (status == STATUS_OK)
            row_bits_set(order, mask,
                bits + (p - sets->first_part[segment]) * order->word_count);
    }
    free(mask);
    return status;
}

enum status assigned_weigh_cells(const struct assigned *assigned,
    const struct row_order *order, size_t segment, int64_t *weights)
{
    const struct sets *sets = assigned->sets;
    if (sets_cell_count(sets, segment) == 0)
        return STATUS_OK;
    const struct set_part *parts = sets->parts + sets->first_part[segment];
    const size_t count =
        sets->first_part[segment + 1] - sets->first_part[segment];
    const size_t words = order->word_count;
    uint64_t *bits = calloc(count * words + 1, sizeof *bits);
    enum status status = bits == NULL
                             ? STATUS_NO_MEMORY
                             : mark_levels(assigned, order, segment, bits);
    for (size_t a = 0; status == STATUS_OK && a < count; a++) {
        for (size_t b = a + 1; parts[a].factor > 0 && b < count; b++) {
            if (parts[b].factor > parts[a].factor)
                *weights++ = row_bits_weigh_common(
                    order, bits + a * words, bits + b * words);
        }
    }
    free(bits);
    return status;
}
