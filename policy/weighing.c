#include "policy/weighing.h"

#include <stdlib.h>
#include <string.h>

#include "protocol/masking/derive.h"
#include "protocol/wire/defence.h"
#include "protocol/wire/little.h"

/* The byte of a set's kind: its answer, and two flags. */
#define KIND_MASK 3
#define KIND_IS_SET 4
#define KIND_IS_NEW 8
#define TERM_BYTES 5

size_t weighing_length(const struct weighing_shape *const shape)
{
    return weighing_pair(shape, shape->sets, 0);
}

size_t weighing_now(
    const struct weighing_shape *const shape, const size_t remembered)
{
    (void)shape;
    return remembered;
}

size_t weighing_weight(
    const struct weighing_shape *const shape, const size_t set)
{
    return shape->remembered + set * (1 + shape->remembered);
}

size_t weighing_shared(const struct weighing_shape *const shape,
    const size_t set, const size_t remembered)
{
    return weighing_weight(shape, set) + 1 + remembered;
}

size_t weighing_pair(const struct weighing_shape *const shape, const size_t set,
    const size_t other)
{
    const size_t before = set == 0 ? 0 : set * (set - 1) / 2;
    return weighing_weight(shape, shape->sets) + before + other;
}

struct digest weighing_name_set(
    const struct digest *const header, const size_t set)
{
    const uint8_t place[4] = {(uint8_t)set, (uint8_t)(set >> 8),
        (uint8_t)(set >> 16), (uint8_t)(set >> 24)};
    const struct view parts[] = {
        {header->bytes, DIGEST_BYTES}, {place, sizeof place}};
    return masking_digest("set of rows", parts, 2);
}

enum status instruction_init(
    struct instruction *const instruction, const size_t sets)
{
    instruction->set_count = sets;
    instruction->sets = calloc(sets + 1, sizeof *instruction->sets);
    return instruction->sets == NULL ? STATUS_NO_MEMORY : STATUS_OK;
}

void instruction_fini(struct instruction *const instruction)
{
    free(instruction->sets);
    *instruction = (struct instruction){0};
}

size_t instruction_new_before(
    const struct instruction *const instruction, const size_t set)
{
    size_t count = 0;
    for (size_t s = 0; s < set; s++)
        count += instruction->sets[s].is_new;
    return count;
}

/* ---- bytes ---- */

static enum status write_set(const struct weighed_set *set, struct buffer *out)
{
    const bool combined = set->answer == WEIGHED_COMBINED;
    uint8_t bytes[3 + SPAN_TERMS_MAX * TERM_BYTES];
    size_t size = 1;
    bytes[0] =
        (uint8_t)((unsigned)set->answer | (set->is_set ? KIND_IS_SET : 0) |
                  (set->is_new ? KIND_IS_NEW : 0));
    if (combined) {
        little_put(bytes + 1, set->term_count, 2);
        size = 3;
    }
    for (size_t i = 0; combined && i < set->term_count; i++) {
        little_put(bytes + size, set->terms[i].anchor, 4);
        bytes[size + 4] = (uint8_t)(int8_t)set->terms[i].coefficient;
        size += TERM_BYTES;
    }
    return buffer_append(out, bytes, size);
}

enum status instruction_write(
    const struct instruction *const instruction, struct buffer *const out)
{
    uint8_t count[2];
    little_put(count, instruction->set_count, sizeof count);
    enum status status = buffer_append(out, count, sizeof count);
    for (size_t i = 0; status == STATUS_OK && i < instruction->set_count; i++)
        status = write_set(&instruction->sets[i], out);
    return status;
}

/* Takes `size` bytes from the front; NULL when there are fewer. */
static const uint8_t *take(struct view *bytes, size_t size)
{
    const uint8_t *data = bytes->data;
    if (bytes->size < size)
        return NULL;
    bytes->data += size;
    bytes->size -= size;
    return data;
}

/* Whether sets before this one, of this question, are told exactly where a
 * combination names them. */
static bool stands_on_exact(const struct instruction *instruction,
    const struct weighing_shape *shape, size_t set, size_t place)
{
    const size_t own = place - shape->remembered;
    return place < shape->remembered ||
           (own < set && instruction->sets[own].answer == WEIGHED_EXACT);
}

static enum status read_terms(struct instruction *instruction,
    const struct weighing_shape *shape, size_t index, struct view *bytes)
{
    struct weighed_set *set = &instruction->sets[index];
    const uint8_t *data = take(bytes, 2);
    const size_t count = data == NULL ? 0 : little_get(data, 2);
    if (count == 0 || count > SPAN_TERMS_MAX)
        return STATUS_MALFORMED;
    for (size_t i = 0; i < count; i++) {
        data = take(bytes, TERM_BYTES);
        if (data == NULL)
            return STATUS_MALFORMED;
        const size_t place = little_get(data, 4);
        const int coefficient = (int8_t)data[4];
        if (coefficient == 0 || abs(coefficient) > SPAN_COEFFICIENT_MAX ||
            (i > 0 && place <= set->terms[i - 1].anchor) ||
            !stands_on_exact(instruction, shape, index, place))
            return STATUS_MALFORMED;
        set->terms[i] = (struct span_term){place, coefficient};
    }
    set->term_count = count;
    return STATUS_OK;
}

static enum status read_set(struct instruction *instruction,
    const struct weighing_shape *shape, size_t index, struct view *bytes)
{
    struct weighed_set *set = &instruction->sets[index];
    const uint8_t *kind = take(bytes, 1);
    if (kind == NULL || *kind > (KIND_MASK | KIND_IS_SET | KIND_IS_NEW) ||
        (*kind & KIND_MASK) > WEIGHED_COMBINED)
        return STATUS_MALFORMED;
    set->answer = (enum weighed_answer)(*kind & KIND_MASK);
    set->is_set = (*kind & KIND_IS_SET) != 0;
    set->is_new = (*kind & KIND_IS_NEW) != 0;
    /* Nobody is nothing new; what is exact is a set. */
    if ((set->answer == WEIGHED_FEW && set->is_set && set->is_new) ||
        (set->answer == WEIGHED_EXACT && !set->is_set))
        return STATUS_MALFORMED;
    return set->answer == WEIGHED_COMBINED
               ? read_terms(instruction, shape, index, bytes)
               : STATUS_OK;
}

enum status instruction_read(struct instruction *const out,
    const struct weighing_shape *const shape, struct view bytes)
{
    *out = (struct instruction){0};
    const uint8_t *count = take(&bytes, 2);
    if (count == NULL || little_get(count, 2) != shape->sets)
        return STATUS_MALFORMED;
    enum status status = instruction_init(out, shape->sets);
    for (size_t i = 0; status == STATUS_OK && i < shape->sets; i++)
        status = read_set(out, shape, i, &bytes);
    if (status == STATUS_OK && bytes.size > 0)
        status = STATUS_MALFORMED;
    if (status != STATUS_OK)
        instruction_fini(out);
    return status;
}

static enum set_answer answer_of(const struct weighed_set *set)
{
    switch (set->answer) {
    case WEIGHED_EXACT: return SET_OWN;
    case WEIGHED_COMBINED: return set->is_set ? SET_COMBINED : SET_SUMMED;
    default: return SET_FEW;
    }
}

/* A coefficient of such a fit would be about few people. A level of nobody is
 * no level. */
static bool has_few_level(const struct instruction *instruction,
    const struct sets *sets, size_t segment)
{
    for (size_t p = sets->first_part[segment];
         p < sets->first_part[segment + 1]; p++) {
        const struct set_part *part = &sets->parts[p];
        const struct weighed_set *set = &instruction->sets[part->set];
        if (part->count == 0 && set->answer == WEIGHED_FEW && !set->is_set)
            return true;
    }
    return false;
}

enum status instruction_answered(const struct instruction *const instruction,
    const struct sets *const sets, struct answered *const out)
{
    uint8_t *answers = calloc(sets->count + 1, 1);
    uint8_t *few = calloc(sets->plan->segment_count + 1, 1);
    *out = (struct answered){sets, answers, few};
    if (answers == NULL || few == NULL) {
        answered_fini(out);
        return STATUS_NO_MEMORY;
    }
    for (size_t i = 0; i < sets->count; i++)
        answers[i] = (uint8_t)answer_of(&instruction->sets[i]);
    for (size_t s = 0; s < sets->plan->segment_count; s++)
        few[s] = has_few_level(instruction, sets, s);
    return STATUS_OK;
}

void answered_fini(struct answered *const answered)
{
    free((uint8_t *)answered->answers);
    free((uint8_t *)answered->few);
    *answered = (struct answered){.answers = NULL};
}

#define FEW_IN_A_CELL 2

void weighing_judge_cells(
    const struct sets *const sets, const int128 *cells, uint8_t *const few)
{
    for (size_t s = 0; s < sets->plan->segment_count; s++) {
        const size_t count = sets_cell_count(sets, s);
        for (size_t i = 0; i < count; i++) {
            if (cells[i] > 0 && cells[i] <= FEW_IN_A_CELL * WEIGHING_UNIT &&
                DEFENCE("two-way-cells"))
                few[s] = 1;
        }
        cells += count;
    }
}
