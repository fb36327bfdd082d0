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

static enum status assign(struct answering *answering,
    const struct answering_terms *terms, uint8_t *answers, uint8_t *few)
{
    const struct sets *sets = asked_sets(terms->asked);
    const struct answered answered = {sets, answers, few};
    const struct donor_lot lot = {.key = terms->donor_key,
        .freeze = terms->freeze,
        .end = terms->number_end,
        .numbers = answering->numbers};
    const struct assignment assignment = {.answered = &answered,
        .count_rows = count_rows,
        .arg = (void *)terms,
        .lot = &lot};
    instruction_answers(terms->instruction, sets, answers, few);
    return assigned_create(&answering->assigned, &answering->rows, &assignment);
}

enum status answering_create(
    struct answering **out, const struct answering_terms *terms)
{
    const struct sets *sets = asked_sets(terms->asked);
    *out = NULL;
    struct answering *answering = calloc(1, sizeof *answering);
    uint8_t *answers = calloc(sets->count + 1, 1);
    uint8_t *few = calloc(sets->plan->segment_count + 1, 1);
    enum status status = STATUS_NO_MEMORY;
    if (answering != NULL) {
        answering->rows = *terms->rows;
        answering->numbers =
            calloc(terms->rows->count + 1, sizeof *answering->numbers);
    }
    if (answering != NULL && answering->numbers != NULL && answers != NULL &&
        few != NULL) {
        for (size_t i = 0; i < terms->rows->count; i++)
            answering->numbers[i] = terms->numbers[i];
        status = assign(answering, terms, answers, few);
    }
    free(answers);
    free(few);
    if (status == STATUS_OK)
        *out = answering;
    else
        answering_destroy(answering);
    return status;
}
