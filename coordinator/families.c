#include "coordinator/families.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coordinator/told.h"
#include "protocol/wire/little.h"

#define SHARED_BYTES 16

struct families {
    const struct catalog *catalog;
    struct ledger *ledger;
    size_t study_count; /* of the catalog, when the keys were made */
    size_t *keys;       /* [study_count]: of each study */
    size_t count;
    struct family **list;
    int64_t last_sequence; /* in the ledger */
};

enum status families_create(
    struct families **out, const struct catalog *catalog, struct ledger *ledger)
{
    *out = calloc(1, sizeof **out);
    if (*out == NULL)
        return STATUS_NO_MEMORY;
    (*out)->catalog = catalog;
    (*out)->ledger = ledger;
    return STATUS_OK;
}

static void destroy_family(struct family *family)
{
    memory_destroy(family->memory);
    free(family->ids);
    free(family->sequences);
    free(family->words);
    cells_fini(&family->cells);
    free(family);
}

void family_release(struct family *family)
{
    if (family == NULL)
        return;
    family->holders--;
    if (family->is_past && family->holders == 0)
        destroy_family(family);
}

static void forget_all(struct families *families)
{
    for (size_t i = 0; i < families->count; i++) {
        families->list[i]->is_past = true;
        families->list[i]->holders++;
        family_release(families->list[i]);
    }
    free(families->list);
    families->list = NULL;
    families->count = 0;
}

void families_destroy(struct families *families)
{
    if (families == NULL)
        return;
    forget_all(families);
    free(families->keys);
    free(families);
}

/* ---- who is of one family ---- */

static bool share_a_researcher(const struct study *a, const struct study *b)
{
    for (size_t i = 0; i < a->researcher_count; i++) {
        for (size_t k = 0; k < b->researcher_count; k++) {
            if (public_key_equal(
                    &a->researchers[i].sign, &b->researchers[k].sign))
                return true;
        }
    }
    return false;
}

/* The study of a family that came first is its key. One that comes joins all
 * families that it shares a researcher with. */
static void join(const struct catalog *catalog, size_t *keys, size_t new)
{
    const struct study *study = catalog->studies[new]->study;
    keys[new] = new;
    for (size_t i = 0; i < new; i++) {
        const size_t one = keys[i], other = keys[new];
        if (one == other ||
            !share_a_researcher(catalog->studies[i]->study, study))
            continue;
        const size_t least = one < other ? one : other;
        for (size_t k = 0; k <= new; k++) {
            if (keys[k] == one || keys[k] == other)
                keys[k] = least;
        }
    }
}

/* Families are made anew when studies came. */
static enum status follow_catalog(struct families *families)
{
    const size_t count = families->catalog->study_count;
    if (families->study_count == count && families->keys != NULL)
        return STATUS_OK;
    size_t *keys = calloc(count + 1, sizeof *keys);
    if (keys == NULL)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < count; i++)
        join(families->catalog, keys, i);
    forget_all(families);
    free(families->keys);
    families->keys = keys;
    families->study_count = count;
    return STATUS_OK;
}

static size_t key_of(const struct families *families, const struct digest *id)
{
    for (size_t i = 0; i < families->study_count; i++) {
        if (digest_equal(&families->catalog->studies[i]->study->id, id))
            return families->keys[i];
    }
    return SIZE_MAX;
}

bool families_are_one(
    struct families *families, const struct study *a, const struct study *b)
{
    return follow_catalog(families) != STATUS_OK ||
           key_of(families, &a->id) == key_of(families, &b->id);
}

static bool is_over(const struct families *families, size_t key, int64_t now)
{
    for (size_t i = 0; i < families->study_count; i++) {
        if (families->keys[i] == key &&
            study_remembered_until(families->catalog->studies[i]->study) >= now)
            return false;
    }
    return true;
}

/* ---- reading a family ---- */

static enum status make_room(struct family *family, size_t wanted)
{
    size_t room = family->room == 0 ? 64 : family->room;
    if (wanted <= family->room)
        return STATUS_OK;
    while (room < wanted)
        room *= 2;
    struct digest *ids = reallocarray(family->ids, room, sizeof *ids);
    if (ids != NULL)
        family->ids = ids;
    int64_t *sequences =
        reallocarray(family->sequences, room, sizeof *sequences);
    if (sequences != NULL)
        family->sequences = sequences;
    char(*words)[LEDGER_TEXT_MAX] =
        reallocarray(family->words, room, sizeof *words);
    if (words != NULL)
        family->words = words;
    if (ids == NULL || sequences == NULL || words == NULL)
        return STATUS_NO_MEMORY;
    family->room = room;
    return STATUS_OK;
}

/* The place of a set in the family, by its sequence; SIZE_MAX: it is none. */
static size_t place_of(const struct family *family, int64_t sequence)
{
    size_t low = 0, high = memory_count(family->memory);
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (family->sequences[middle] < sequence)
            low = middle + 1;
        else
            high = middle;
    }
    return low < memory_count(family->memory) &&
                   family->sequences[low] == sequence
               ? low
               : SIZE_MAX;
}

/* What was told of it, by places of this family now. False when it was not
 * held against all that stand before it. */
static bool read_set(const struct family *family, const struct ledger_set *set,
    int64_t *shared, struct weighed_set *told)
{
    const size_t count = set->shared.size / SHARED_BYTES;
    const struct weighing_shape shape = {.remembered = count, .sets = 1};
    struct instruction instruction;
    size_t known = 0;
    bool fine = true;
    for (size_t i = 0; i < count; i++) {
        const uint8_t *pair = set->shared.data + i * SHARED_BYTES;
        const size_t place = place_of(family, (int64_t)little_get(pair, 8));
        if (place == SIZE_MAX)
            continue;
        shared[place] = (int64_t)little_get(pair + 8, 8);
        known++;
    }
    if (known < memory_count(family->memory) ||
        instruction_read(&instruction, &shape, set->told) != STATUS_OK)
        return false;
    *told = instruction.sets[0];
    instruction_fini(&instruction);
    for (size_t i = 0; i < told->term_count; i++) {
        const uint8_t *pair =
            set->shared.data + told->terms[i].anchor * SHARED_BYTES;
        told->terms[i].anchor = place_of(family, (int64_t)little_get(pair, 8));
        fine = fine && told->terms[i].anchor != SIZE_MAX;
    }
    return fine;
}

enum status family_take_set(struct family *family, const struct ledger_set *set)
{
    const size_t count = memory_count(family->memory);
    struct remembered_set new = {.weight = set->weight};
    int64_t *shared = calloc(count + 1, sizeof *shared);
    if (shared == NULL)
        return STATUS_NO_MEMORY;
    if (!read_set(family, set, shared, &new.told)) {
        new.told = (struct weighed_set){.answer = WEIGHED_FEW};
        memset(shared, 0, count * sizeof *shared);
    }
    new.shared = shared;
    enum status status = make_room(family, count + 1);
    if (status == STATUS_OK)
        status = memory_add(family->memory, &new);
    if (status == STATUS_OK) {
        family->ids[count] = set->id;
        family->sequences[count] = set->sequence;
        memcpy(family->words[count], set->words, sizeof set->words);
    }
    free(shared);
    return status;
}

enum status family_create(struct family **out)
{
    *out = calloc(1, sizeof **out);
    if (*out == NULL)
        return STATUS_NO_MEMORY;
    (*out)->holders = 1;
    const enum status status = memory_create(&(*out)->memory);
    if (status == STATUS_OK)
        return status;
    free(*out);
    *out = NULL;
    return status;
}

/* Of all that were told, those of its own sets. */
static void keep_own_cells(struct family *family)
{
    size_t kept = 0;
    for (size_t i = 0; i < family->cells.count; i++) {
        const struct told_cell cell = family->cells.list[i];
        if (place_of(family, cell.sequence) != SIZE_MAX)
            family->cells.list[kept++] = cell;
    }
    family->cells.count = kept;
}

struct reading {
    struct families *families;
    struct family *family;
    bool is_over; /* nothing of it is remembered */
};

static enum status visit_set(void *arg, const struct ledger_set *set)
{
    const struct reading *reading = arg;
    reading->families->last_sequence = set->sequence;
    return !reading->is_over && key_of(reading->families, &set->study_id) ==
                                    reading->family->key
               ? family_take_set(reading->family, set)
               : STATUS_OK;
}

static enum status visit_cells(void *arg, struct view cells)
{
    const struct reading *reading = arg;
    return cells_take(&reading->family->cells, cells);
}

static enum status read_family(
    struct families *families, size_t key, int64_t now)
{
    struct family **larger =
        reallocarray(families->list, families->count + 1, sizeof *larger);
    if (larger == NULL)
        return STATUS_NO_MEMORY;
    families->list = larger;
    struct family *family = NULL;
    enum status status = family_create(&family);
    if (status != STATUS_OK)
        return status;
    struct reading reading = {families, family, is_over(families, key, now)};
    family->key = key;
    family->holders = 0;
    status = ledger_visit_sets(families->ledger, visit_set, &reading);
    if (status == STATUS_OK)
        status = ledger_visit_cells(families->ledger, visit_cells, &reading);
    if (status == STATUS_OK)
        keep_own_cells(family);
    if (status != STATUS_OK) {
        destroy_family(family);
        return status;
    }
    families->list[families->count++] = family;
    return STATUS_OK;
}

enum status families_hold(struct families *families, const struct study *study,
    int64_t now, struct family **out)
{
    size_t at = 0;
    enum status status = follow_catalog(families);
    if (status != STATUS_OK)
        return status;
    const size_t key = key_of(families, &study->id);
    if (key == SIZE_MAX)
        return STATUS_NOT_FOUND;
    while (at < families->count && families->list[at]->key != key)
        at++;
    if (at == families->count)
        status = read_family(families, key, now);
    if (status != STATUS_OK)
        return status;
    *out = families->list[at];
    (*out)->holders++;
    return STATUS_OK;
}

/* ---- a question that is answered ---- */

/* Of a set: what it was held against, the family's sets and then those of the
 * question that are new and stand before it. */
static enum status write_shared(struct buffer *out, const struct family *family,
    const struct weighed_question *question, size_t set, int64_t first)
{
    const struct weighing_shape *shape = &question->weighing->shape;
    const int128 *weights = question->weighing->weights;
    enum status status = STATUS_OK;
    for (size_t t = 0; status == STATUS_OK && t < shape->remembered; t++) {
        status = buffer_append_little(out, (uint64_t)family->sequences[t], 8);
        if (status == STATUS_OK)
            status = buffer_append_little(
                out, (uint64_t)weights[weighing_shared(shape, set, t)], 8);
    }
    for (size_t r = 0; status == STATUS_OK && r < set; r++) {
        if (!question->instruction->sets[r].is_new)
            continue;
        status = buffer_append_little(out, (uint64_t)first++, 8);
        if (status == STATUS_OK)
            status = buffer_append_little(
                out, (uint64_t)weights[weighing_pair(shape, set, r)], 8);
    }
    return status;
}

/* As an instruction of one set, whose places are those of what was written. */
static enum status write_told(
    struct buffer *out, const struct weighed_question *question, size_t set)
{
    const size_t remembered = question->weighing->shape.remembered;
    struct weighed_set told = question->instruction->sets[set];
    const struct instruction one = {.set_count = 1, .sets = &told};
    for (size_t i = 0; i < told.term_count; i++) {
        const size_t place = told.terms[i].anchor;
        if (place >= remembered)
            told.terms[i].anchor =
                remembered + instruction_new_before(
                                 question->instruction, place - remembered);
    }
    return instruction_write(&one, out);
}

static enum status write_set(struct families *families,
    const struct family *family, const struct weighed_question *question,
    size_t set, int64_t first, int64_t sequence)
{
    const struct weighing_question *weighing = question->weighing;
    struct buffer shared, told;
    buffer_init(&shared, BUFFER_LIMIT_DEFAULT);
    buffer_init(&told, BUFFER_LIMIT_DEFAULT);
    enum status status = write_shared(&shared, family, question, set, first);
    if (status == STATUS_OK)
        status = write_told(&told, question, set);
    if (status == STATUS_OK) {
        struct ledger_set new = {.sequence = sequence,
            .id = weighing_name_set(question->header_id, set),
            .study_id = *question->study_id,
            .query_id = *question->query_id,
            .weight = (int64_t)weighing
                          ->weights[weighing_weight(&weighing->shape, set)],
            .shared = buffer_view(&shared),
            .told = buffer_view(&told)};
        told_describe(question->sets, set, new.words, sizeof new.words);
        status = ledger_add_set(families->ledger, &new);
    }
    buffer_fini(&shared);
    buffer_fini(&told);
    return status;
}

enum status families_list_cells(const struct families *families,
    const struct family *family, const struct weighed_question *question,
    const struct vector *sum, struct buffer *out)
{
    const struct weighed_cells cells = {.sets = question->sets,
        .weighing = question->weighing,
        .instruction = question->instruction,
        .sequences = family->sequences,
        .sum = sum};
    return cells_write(&cells, families->last_sequence + 1, out);
}

enum status families_write(struct families *families,
    const struct family *family, const struct weighed_question *question)
{
    const struct weighing_question *asked = question->weighing;
    const int64_t first = families->last_sequence + 1;
    const struct ledger_weighing weighing = {.query_id = *question->query_id,
        .remembered = {(const uint8_t *)family->ids,
            asked->shape.remembered * sizeof *family->ids},
        .sets = {asked->weighed_only, asked->shape.sets},
        .people = asked->people,
        .weights = {(const uint8_t *)asked->weights,
            weighing_length(&asked->shape) * VECTOR_ELEMENT_BYTES},
        .instruction = question->instruction_bytes,
        .heads = (int64_t)asked->heads};
    int64_t sequence = first;
    enum status status = ledger_add_weighing(families->ledger, &weighing);
    for (size_t s = 0; status == STATUS_OK && s < asked->shape.sets; s++) {
        if (question->instruction->sets[s].is_new)
            status =
                write_set(families, family, question, s, first, sequence++);
    }
    return status == STATUS_OK && question->cells.size > 0
               ? ledger_add_cells(
                     families->ledger, question->query_id, question->cells)
               : status;
}

void families_learn(struct families *families, struct family *family,
    const struct weighed_question *question)
{
    const size_t before = memory_count(family->memory);
    size_t at = before + instruction_new_before(question->instruction,
                             question->weighing->shape.sets);
    enum status status = cells_take(&family->cells, question->cells);
    if (status == STATUS_OK)
        status = make_room(family, at);
    if (status == STATUS_OK)
        status = memory_learn(
            family->memory, question->weighing, question->instruction);
    at = before;
    for (size_t s = 0; s < question->weighing->shape.sets; s++) {
        if (!question->instruction->sets[s].is_new)
            continue;
        families->last_sequence++;
        if (status != STATUS_OK)
            continue;
        family->ids[at] = weighing_name_set(question->header_id, s);
        told_describe(
            question->sets, s, family->words[at], sizeof family->words[at]);
        family->sequences[at++] = families->last_sequence;
    }
    if (status != STATUS_OK || family->is_past)
        forget_all(families);
}
