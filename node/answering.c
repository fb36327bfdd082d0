#include "node/answering.h"

#include <stdlib.h>

struct answering {
    struct rows rows;
    uint64_t *numbers;
    struct assigned *assigned;
};

void answering_destroy(struct answering *answering)
{
    if (answering == NULL)
        return;
    assigned_destroy(answering->assigned);
    free(answering->numbers);
    free(answering);
}

const struct assigned *answering_assigned(const struct answering *answering)
{
    return answering->assigned;
}

static void count_rows(void *arg, size_t set, int16_t *counts)
{
    const struct answering_terms *terms = arg;
    asked_count(terms->asked, terms->instruction, set, counts);
}

static enum status assign(
    struct answering *answering, const struct answering_terms *terms)
{
    struct answered answered;
    const struct donor_lot lot = {.key = terms->donor_key,
        .freeze = terms->freeze,
        .end = terms->number_end,
        .numbers = answering->numbers};
    const struct assignment assignment = {.answered = &answered,
        .count_rows = count_rows,
        .arg = (void *)terms,
        .lot = &lot};
    enum status status = instruction_answered(
        terms->instruction, asked_sets(terms->asked), &answered);
    if (status != STATUS_OK)
        return status;
    status =
        assigned_create(&answering->assigned, &answering->rows, &assignment);
    answered_fini(&answered);
    return status;
}

enum status answering_create(
    struct answering **out, const struct answering_terms *terms)
{
    *out = NULL;
    struct answering *answering = calloc(1, sizeof *answering);
    if (answering == NULL)
        return STATUS_NO_MEMORY;
    answering->rows = *terms->rows;
    answering->numbers =
        calloc(terms->rows->count + 1, sizeof *answering->numbers);
    enum status status = STATUS_NO_MEMORY;
    if (answering->numbers != NULL) {
        for (size_t i = 0; i < terms->rows->count; i++)
            answering->numbers[i] = terms->numbers[i];
        status = assign(answering, terms);
    }
    if (status == STATUS_OK)
        *out = answering;
    else
        answering_destroy(answering);
    return status;
}

enum status answering_weigh_cells(const struct answering *answering,
    const struct row_order *order, struct vector *out)
{
    const struct sets *sets = answering->assigned->sets;
    const size_t count = sets_all_cells(sets);
    size_t at = 0;
    int64_t *weights = calloc(count + 1, sizeof *weights);
    enum status status = vector_init(out, count);
    if (status == STATUS_OK && weights == NULL)
        status = STATUS_NO_MEMORY;
    for (size_t s = 0; status == STATUS_OK && s < sets->plan->segment_count;
         s++) {
        status =
            assigned_weigh_cells(answering->assigned, order, s, weights + at);
        at += sets_cell_count(sets, s);
    }
    for (size_t i = 0; status == STATUS_OK && i < count; i++)
        out->elements[i] = weights[i];
    free(weights);
    return status;
}
