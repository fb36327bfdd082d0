#include "protocol/analysis/sets.h"

#include <stdlib.h>
#include <string.h>

/* ---- one definition is one set ---- */

/* The list as it grows, with a table of places + 1 by hash. */
struct growing {
    struct sets *sets;
    size_t set_room, part_room;
    size_t *places; /* [place_room], a power of two */
    size_t place_room;
};

struct part_list {
    struct growing *to;
    size_t segment;
    enum status status;
};

#define ROOM_MIN 64

/* The list with room for one more; NULL: there is no memory, and it is as it
 * was. */
static void *make_room(void *list, size_t *room, size_t count, size_t each)
{
    if (count < *room)
        return list;
    const size_t next = *room == 0 ? ROOM_MIN : *room * 2;
    void *grown = realloc(list, next * each);
    if (grown != NULL)
        *room = next;
    return grown;
}

/* FNV-1a over whole numbers. */
static uint64_t add_number(uint64_t hash, uint64_t number)
{
    return (hash ^ number) * 0x100000001B3;
}

static size_t hash_of(const struct row_set *set)
{
    uint64_t hash = add_number(0xCBF29CE484222325, set->level);
    for (size_t i = 0; i < set->known_count; i++)
        hash = add_number(hash, set->known[i]);
    for (size_t i = 0; i < set->code_count; i++) {
        hash = add_number(hash, set->codes[i].column);
        hash = add_number(hash, (uint32_t)set->codes[i].code);
        hash = add_number(hash, (uint32_t)set->codes[i].last);
    }
    hash = add_number(hash, (uint64_t)set->interval.grid);
    return (size_t)(hash ^ hash >> 32);
}

static bool is_same(const struct row_set *a, const struct row_set *b)
{
    if (a->level != b->level || a->known_count != b->known_count ||
        a->code_count != b->code_count || a->of_pairs != b->of_pairs ||
        a->interval.grid != b->interval.grid ||
        a->interval.start != b->interval.start ||
        a->interval.stop != b->interval.stop)
        return false;
    for (size_t i = 0; i < a->known_count; i++) {
        if (a->known[i] != b->known[i])
            return false;
    }
    for (size_t i = 0; i < a->code_count; i++) {
        if (a->codes[i].column != b->codes[i].column ||
            a->codes[i].code != b->codes[i].code ||
            a->codes[i].last != b->codes[i].last)
            return false;
    }
    return true;
}

/* Where the set stands in the table, or would stand. */
static size_t *find_place(const struct growing *to, const struct row_set *set)
{
    size_t at = hash_of(set) & (to->place_room - 1);
    while (to->places[at] != 0 &&
           !is_same(&to->sets->list[to->places[at] - 1], set))
        at = (at + 1) & (to->place_room - 1);
    return &to->places[at];
}

/* At most half of the table is taken. */
static enum status grow_places(struct growing *to)
{
    if (2 * (to->sets->count + 1) <= to->place_room)
        return STATUS_OK;
    const size_t room = to->place_room == 0 ? ROOM_MIN : 2 * to->place_room;
    size_t *places = calloc(room, sizeof *places);
    if (places == NULL)
        return STATUS_NO_MEMORY;
    free(to->places);
    to->places = places;
    to->place_room = room;
    for (size_t i = 0; i < to->sets->count; i++)
        *find_place(to, &to->sets->list[i]) = i + 1;
    return STATUS_OK;
}

/* A copy whose lists are one block of memory. */
static enum status copy_set(struct row_set *out, const struct row_set *set)
{
    const size_t known = set->known_count * sizeof *set->known;
    const size_t codes = set->code_count * sizeof *set->codes;
    char *block = malloc(known + codes + 1);
    if (block == NULL)
        return STATUS_NO_MEMORY;
    *out = *set;
    if (known > 0)
        memcpy(block, set->known, known);
    if (codes > 0)
        memcpy(block + known, set->codes, codes);
    out->known = (const size_t *)(const void *)block;
    out->codes = (const struct set_code *)(const void *)(block + known);
    return STATUS_OK;
}

/* *index: of the set of that definition, which is added when it is new. */
static enum status find_or_add(
    struct growing *to, const struct row_set *set, size_t *index)
{
    struct sets *sets = to->sets;
    struct row_set *list =
        make_room(sets->list, &to->set_room, sets->count, sizeof *sets->list);
    if (list == NULL)
        return STATUS_NO_MEMORY;
    sets->list = list;
    enum status status = grow_places(to);
    if (status != STATUS_OK)
        return status;
    size_t *place = find_place(to, set);
    if (*place == 0) {
        status = copy_set(&sets->list[sets->count], set);
        if (status != STATUS_OK)
            return status;
        *place = ++sets->count;
    }
    struct row_set *found = &sets->list[*place - 1];
    found->weighed_only = found->weighed_only && set->weighed_only;
    *index = *place - 1;
    return STATUS_OK;
}

/* ---- parts ---- */

static int by_number(const void *a, const void *b)
{
    const size_t x = *(const size_t *)a, y = *(const size_t *)b;
    return (x > y) - (x < y);
}

static int by_column(const void *a, const void *b)
{
    return by_number(&((const struct set_code *)a)->column,
        &((const struct set_code *)b)->column);
}

/* A vector is all there or missing as a whole. */
static size_t column_of(const struct dictionary *dictionary, size_t column)
{
    const struct variable *owner =
        &dictionary->variables[dictionary->variables[column].owner];
    return owner->length > 0 ? owner->first_element : column;
}

/* Whether that level of `by` has one code in this column; *code: which. */
static bool is_of_level(
    const struct plan *plan, size_t level, size_t column, int32_t *code)
{
    if (level == SET_WHOLE || level == SET_BY_MISSING)
        return false;
    for (size_t i = 0; i < plan->query->by_count; i++) {
        if (plan->query->by[i] == column) {
            *code = plan->dictionary->variables[column].min +
                    (int32_t)plan_level_of(plan, level, i);
            return true;
        }
    }
    return false;
}

static bool has_code(const struct row_set *set, size_t column)
{
    for (size_t i = 0; i < set->code_count; i++) {
        if (set->codes[i].column == column)
            return true;
    }
    return false;
}

/* What the level says is not said again. */
static void fill_codes(const struct plan *plan, const struct part *part,
    struct row_set *set, struct set_code *codes)
{
    int32_t code;
    set->codes = codes;
    for (size_t i = 0; i < part->code_count; i++) {
        if (!is_of_level(plan, set->level, part->codes[i].column, &code) ||
            code < part->codes[i].code || code > part->codes[i].last)
            codes[set->code_count++] = part->codes[i];
    }
    qsort(codes, set->code_count, sizeof *codes, by_column);
}

static void fill_known(const struct plan *plan, const struct part *part,
    struct row_set *set, size_t *known)
{
    size_t count = 0;
    int32_t code;
    for (size_t i = 0; i < part->known_count; i++)
        known[i] = column_of(plan->dictionary, part->known[i]);
    qsort(known, part->known_count, sizeof *known, by_number);
    for (size_t i = 0; i < part->known_count; i++) {
        const bool is_new = count == 0 || known[count - 1] != known[i];
        if (is_new && !has_code(set, known[i]) &&
            !is_of_level(plan, set->level, known[i], &code))
            known[count++] = known[i];
    }
    set->known = known;
    set->known_count = count;
}

static size_t level_in_sets(const struct plan *plan, size_t level)
{
    return plan->query->by_count == 0 ? SET_WHOLE : level;
}

void parts_add(struct part_list *parts, const struct part *part)
{
    struct growing *to = parts->to;
    struct sets *sets = to->sets;
    const struct plan *plan = sets->plan;
    size_t known[ANALYSIS_VARIABLES_MAX];
    struct set_code codes[PART_CODES_MAX];
    struct row_set set = {
        .level = level_in_sets(plan, plan->segments[parts->segment].level),
        .interval = part->interval,
        .of_pairs = part->of_pairs,
        .weighed_only = part->count == 0};
    struct set_part added = {
        .first = part->first, .count = part->count, .factor = part->factor};
    if (parts->status != STATUS_OK)
        return;
    fill_codes(plan, part, &set, codes);
    fill_known(plan, part, &set, known);
    parts->status = find_or_add(to, &set, &added.set);
    struct set_part *list = make_room(
        sets->parts, &to->part_room, sets->part_count, sizeof *sets->parts);
    if (list != NULL)
        sets->parts = list;
    else
        parts->status = STATUS_NO_MEMORY;
    if (parts->status == STATUS_OK)
        list[sets->part_count++] = added;
}

void parts_of_level(const struct analysis *analysis, const struct shape *shape,
    struct part_list *parts)
{
    (void)analysis;
    if (shape->length > SEGMENT_HEAD)
        parts_add(parts, &(struct part){.first = SEGMENT_HEAD,
                             .count = shape->length - SEGMENT_HEAD});
}

void parts_of_complete(const struct analysis *analysis,
    const struct shape *shape, struct part_list *parts)
{
    parts_add(parts, &(struct part){.known_count = analysis->variable_count,
                         .known = analysis->variables,
                         .first = SEGMENT_HEAD,
                         .count = shape->length - SEGMENT_HEAD});
}

static void weigh_levels(struct part_list *parts, const struct part *whole,
    size_t column, size_t count)
{
    struct part part = *whole;
    part.first = part.count = 0;
    part.code_count = 1;
    for (size_t level = 0; level < count; level++) {
        const int32_t code = (int32_t)level;
        part.codes[0] = (struct set_code){column, code, code};
        parts_add(parts, &part);
    }
}

static void weigh_atom(struct part_list *parts, const struct part *whole,
    const struct formula_atom *atom)
{
    const struct dictionary *dictionary = parts->to->sets->plan->dictionary;
    struct part part = *whole;
    part.first = part.count = 0;
    part.code_count = 1;
    for (size_t level = 0; level < atom->level_count; level++) {
        const struct level_codes codes =
            formula_level_codes(atom, dictionary, level);
        part.codes[0] =
            (struct set_code){atom->variable, codes.first, codes.last};
        parts_add(parts, &part);
    }
}

void parts_weigh_levels(
    struct part_list *parts, const struct part *whole, size_t variable)
{
    const struct dictionary *dictionary = parts->to->sets->plan->dictionary;
    weigh_levels(parts, whole, variable,
        variable_level_count(&dictionary->variables[variable]));
}

void parts_weigh_formula(struct part_list *parts, const struct part *whole,
    const struct formula *formula)
{
    struct part part = *whole;
    for (size_t a = 0; a < formula->atom_count; a++) {
        const struct formula_atom *atom = &formula->atoms[a];
        if (!formula_has_levels(atom))
            continue;
        part.factor++;
        weigh_atom(parts, &part, atom);
    }
    for (size_t i = 0; i < formula->strata_count; i++) {
        part.factor++;
        parts_weigh_levels(parts, &part, formula->strata[i]);
    }
}

void parts_of_model(const struct analysis *analysis, const struct shape *shape,
    const struct formula *formula, struct part_list *parts)
{
    const struct part whole = {.known_count = analysis->variable_count,
        .known = analysis->variables,
        .first = SEGMENT_HEAD,
        .count = shape->length - SEGMENT_HEAD};
    parts_add(parts, &whole);
    parts_weigh_formula(parts, &whole, formula);
}

void parts_add_group(struct part_list *parts, const struct part *whole,
    const struct formula_atom *atom, size_t group)
{
    struct part part = *whole;
    const int32_t code = atom->first_level + (int32_t)group;
    part.codes[part.code_count++] =
        (struct set_code){atom->variable, code, code};
    parts_add(parts, &part);
}

/* ---- the list ---- */

static enum status add_levels(struct growing *to)
{
    const struct plan *plan = to->sets->plan;
    struct row_set set = {.level = SET_WHOLE};
    size_t index;
    enum status status = find_or_add(to, &set, &index);
    for (size_t level = 0; status == STATUS_OK && plan->query->by_count > 0 &&
                           level < plan->level_count;
         level++) {
        set.level = level;
        status = find_or_add(to, &set, &index);
    }
    set.level = SET_BY_MISSING;
    return status == STATUS_OK && plan->query->by_count > 0
               ? find_or_add(to, &set, &index)
               : status;
}

static enum status add_parts(struct growing *to)
{
    struct sets *sets = to->sets;
    const struct plan *plan = sets->plan;
    struct part_list parts = {.to = to};
    for (size_t i = 0; i < plan->segment_count; i++) {
        const size_t a = plan->segments[i].analysis;
        const struct analysis *analysis = &plan->analyses[a];
        sets->first_part[i] = sets->part_count;
        parts.segment = i;
        analysis->kind->parts(analysis, &plan->shapes[a], &parts);
        if (parts.status != STATUS_OK)
            return parts.status;
    }
    sets->first_part[plan->segment_count] = sets->part_count;
    return STATUS_OK;
}

enum status sets_create(struct sets **out, const struct plan *plan)
{
    *out = NULL;
    struct sets *sets = calloc(1, sizeof *sets);
    struct growing to = {.sets = sets};
    if (sets == NULL)
        return STATUS_NO_MEMORY;
    sets->plan = plan;
    sets->first_part =
        calloc(plan->segment_count + 1, sizeof *sets->first_part);
    enum status status =
        sets->first_part == NULL ? STATUS_NO_MEMORY : add_levels(&to);
    if (status == STATUS_OK)
        status = add_parts(&to);
    free(to.places);
    if (status != STATUS_OK) {
        sets_destroy(sets);
        return status;
    }
    *out = sets;
    return STATUS_OK;
}

void sets_destroy(struct sets *sets)
{
    if (sets == NULL)
        return;
    for (size_t i = 0; i < sets->count; i++)
        free((void *)sets->list[i].known);
    free(sets->list);
    free(sets->parts);
    free(sets->first_part);
    free(sets);
}

size_t sets_head_count(const struct sets *sets)
{
    size_t count = 0;
    while (count < sets->count && sets->list[count].known_count == 0 &&
           sets->list[count].code_count == 0 &&
           sets->list[count].interval.grid == 0 &&
           !sets->list[count].of_pairs && !sets->list[count].weighed_only)
        count++;
    return count;
}

size_t sets_of_level(const struct sets *sets, size_t level)
{
    return sets->plan->query->by_count == 0 ? 0 : 1 + level;
}

size_t sets_cell_count(const struct sets *sets, size_t segment)
{
    const size_t end = sets->first_part[segment + 1];
    size_t count = 0;
    for (size_t a = sets->first_part[segment]; a < end; a++) {
        for (size_t b = a + 1; sets->parts[a].factor > 0 && b < end; b++)
            count += sets->parts[b].factor > sets->parts[a].factor;
    }
    return count;
}

size_t sets_all_cells(const struct sets *sets)
{
    size_t count = 0;
    for (size_t i = 0; i < sets->plan->segment_count; i++)
        count += sets_cell_count(sets, i);
    return count;
}
