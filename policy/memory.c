#include "policy/memory.h"

#include <stdlib.h>
#include <string.h>

#include "protocol/wire/defence.h"

struct memory {
    size_t count, room;
    struct remembered_set *sets; /* `shared` is owned */
    struct span *span;           /* the anchors */
    size_t *places;              /* of the anchors; has room for all and more */
    size_t place_room;
};

enum status memory_create(struct memory **const out)
{
    *out = calloc(1, sizeof **out);
    if (*out == NULL)
        return STATUS_NO_MEMORY;
    const enum status status = span_create(&(*out)->span, WEIGHING_UNIT);
    if (status != STATUS_OK) {
        free(*out);
        *out = NULL;
    }
    return status;
}

void memory_destroy(struct memory *const memory)
{
    if (memory == NULL)
        return;
    for (size_t i = 0; i < memory->count; i++)
        free((int64_t *)memory->sets[i].shared);
    span_destroy(memory->span);
    free(memory->places);
    free(memory->sets);
    free(memory);
}

size_t memory_count(const struct memory *const memory)
{
    return memory->count;
}

/* ---- anchors ---- */

static enum status make_room_for_place(struct memory *memory)
{
    if (span_count(memory->span) < memory->place_room)
        return STATUS_OK;
    const size_t room = memory->place_room == 0 ? 64 : 2 * memory->place_room;
    size_t *larger = reallocarray(memory->places, room, sizeof *larger);
    if (larger == NULL)
        return STATUS_NO_MEMORY;
    memory->places = larger;
    memory->place_room = room;
    return STATUS_OK;
}

/* `shared`: with the anchors, in order. */
static enum status add_anchor(
    struct memory *memory, size_t place, int64_t weight, const int64_t *shared)
{
    const size_t count = span_count(memory->span);
    enum status status = make_room_for_place(memory);
    if (status == STATUS_OK)
        status = span_add(memory->span, weight, shared);
    if (status == STATUS_OK)
        memory->places[count] = place;
    return status;
}

/* Of the figures in `shared`, by place, those of the anchors. */
static void pick_anchors(
    const struct memory *memory, const int64_t *shared, int64_t *out)
{
    for (size_t i = 0; i < span_count(memory->span); i++)
        out[i] = shared[memory->places[i]];
}

/* ---- what is remembered ---- */

static enum status make_room(struct memory *memory)
{
    if (memory->count == WEIGHING_REMEMBERED_MAX)
        return STATUS_LIMIT_REACHED;
    if (memory->count < memory->room)
        return STATUS_OK;
    const size_t room = memory->room == 0 ? 64 : 2 * memory->room;
    struct remembered_set *larger =
        reallocarray(memory->sets, room, sizeof *larger);
    if (larger == NULL)
        return STATUS_NO_MEMORY;
    memory->sets = larger;
    memory->room = room;
    return STATUS_OK;
}

static bool can_be(
    const struct memory *memory, const struct remembered_set *set)
{
    if (set->weight < 0 || set->weight > SPAN_WEIGHT_MAX)
        return false;
    for (size_t i = 0; i < memory->count; i++) {
        if (set->shared[i] < 0 || set->shared[i] > set->weight ||
            set->shared[i] > memory->sets[i].weight)
            return false;
    }
    return true;
}

static enum status add_exact(
    struct memory *memory, const struct remembered_set *set)
{
    int64_t *picked = calloc(memory->count + 1, sizeof *picked);
    if (picked == NULL)
        return STATUS_NO_MEMORY;
    pick_anchors(memory, set->shared, picked);
    enum status status = add_anchor(memory, memory->count, set->weight, picked);
    free(picked);
    return status == STATUS_MALFORMED ? STATUS_OK : status;
}

enum status memory_add(
    struct memory *const memory, const struct remembered_set *const set)
{
    if (!can_be(memory, set))
        return STATUS_MALFORMED;
    enum status status = make_room(memory);
    int64_t *shared = calloc(memory->count + 1, sizeof *shared);
    if (status == STATUS_OK && shared == NULL)
        status = STATUS_NO_MEMORY;
    if (status == STATUS_OK && set->told.answer == WEIGHED_EXACT)
        status = add_exact(memory, set);
    if (status != STATUS_OK) {
        free(shared);
        return status;
    }
    if (memory->count > 0)
        memcpy(shared, set->shared, memory->count * sizeof *shared);
    memory->sets[memory->count] = *set;
    memory->sets[memory->count++].shared = shared;
    return STATUS_OK;
}

/* ---- a question ---- */

/* What is decided of, with room for figures of one set. */
struct deciding {
    struct memory *memory;
    const struct weighing_question *question;
    struct instruction *instruction;
    int64_t *shared; /* [remembered + sets]: of the present set, by place */
    int64_t *picked;
};

static int128 element(
    const struct weighing_question *question, const size_t index)
{
    return question->weights[index];
}

static int128 smaller(int128 a, int128 b)
{
    return a < b ? a : b;
}

/* Weights of sets: none is below nothing, shares more than its parts weigh, or
 * weighs more today than it did. */
static bool weights_hold(
    const struct memory *memory, const struct weighing_question *question)
{
    const struct weighing_shape *shape = &question->shape;
    if (shape->remembered != memory->count || shape->sets > WEIGHING_SETS_MAX)
        return false;
    for (size_t t = 0; t < shape->remembered; t++) {
        const int128 now = element(question, weighing_now(shape, t));
        if (now < 0 || now > memory->sets[t].weight)
            return false;
    }
    for (size_t s = 0; s < shape->sets; s++) {
        const int128 weight = element(question, weighing_weight(shape, s));
        if (weight < 0 || weight > SPAN_WEIGHT_MAX)
            return false;
        for (size_t t = 0; t < shape->remembered; t++) {
            const int128 shared =
                element(question, weighing_shared(shape, s, t));
            if (shared < 0 ||
                shared >
                    smaller(weight, element(question, weighing_now(shape, t))))
                return false;
        }
        for (size_t r = 0; r < s; r++) {
            const int128 shared = element(question, weighing_pair(shape, s, r));
            if (shared < 0 ||
                shared > smaller(weight,
                             element(question, weighing_weight(shape, r))))
                return false;
        }
    }
    return true;
}

/* The place of a set: what is remembered, then the question's own. */
static int64_t weight_at(const struct deciding *deciding, size_t place)
{
    const struct weighing_question *question = deciding->question;
    const struct weighing_shape *shape = &question->shape;
    return place < shape->remembered
               ? deciding->memory->sets[place].weight
               : (int64_t)element(question,
                     weighing_weight(shape, place - shape->remembered));
}

/* Whether all its rows are at centers that take part now. */
static bool is_here(const struct deciding *deciding, size_t place)
{
    const struct weighing_question *question = deciding->question;
    return place >= question->shape.remembered ||
           element(question, weighing_now(&question->shape, place)) ==
               deciding->memory->sets[place].weight ||
           !DEFENCE("absent-center");
}

static void read_shared(struct deciding *deciding, size_t set)
{
    const struct weighing_question *question = deciding->question;
    const struct weighing_shape *shape = &question->shape;
    for (size_t t = 0; t < shape->remembered; t++)
        deciding->shared[t] =
            (int64_t)element(question, weighing_shared(shape, set, t));
    for (size_t r = 0; r < set; r++)
        deciding->shared[shape->remembered + r] =
            (int64_t)element(question, weighing_pair(shape, set, r));
}

static const struct weighed_set *told_at(
    const struct deciding *deciding, size_t place)
{
    const size_t remembered = deciding->question->shape.remembered;
    return place < remembered
               ? &deciding->memory->sets[place].told
               : &deciding->instruction->sets[place - remembered];
}

/* A level of a fit of which nothing is told or remembered gives no answer to
 * others of the same rows. */
static bool is_passed_over(const struct deciding *deciding, size_t place)
{
    const struct weighed_set *told = told_at(deciding, place);
    return place >= deciding->question->shape.remembered &&
           told->answer == WEIGHED_FEW && !told->is_new;
}

/* The same rows, asked before in this family: they keep their answer. */
static bool repeat(
    const struct deciding *deciding, size_t set, struct weighed_set *out)
{
    const size_t remembered = deciding->question->shape.remembered;
    const int64_t weight = weight_at(deciding, remembered + set);
    for (size_t place = 0; place < remembered + set; place++) {
        if (weight_at(deciding, place) != weight ||
            deciding->shared[place] != weight ||
            is_passed_over(deciding, place))
            continue;
        *out = *told_at(deciding, place);
        out->is_new = false;
        return true;
    }
    return false;
}

static bool all_are_here(
    const struct deciding *deciding, const struct weighed_set *set)
{
    for (size_t i = 0; i < set->term_count; i++) {
        if (!is_here(deciding, set->terms[i].anchor))
            return false;
    }
    return true;
}

static void take_decision(const struct deciding *deciding,
    const struct span_decision *decision, struct weighed_set *out)
{
    out->is_new = !decision->is_told;
    if (decision->answer == SPAN_EXACT || decision->is_told) {
        out->answer = WEIGHED_EXACT;
        out->is_set = true;
        return;
    }
    if (decision->answer != SPAN_COMBINE)
        return;
    out->answer = WEIGHED_COMBINED;
    out->is_set = decision->is_set;
    out->term_count = decision->term_count;
    for (size_t i = 0; i < decision->term_count; i++) {
        const struct span_term *term = &decision->terms[i];
        out->terms[i] = (struct span_term){
            deciding->memory->places[term->anchor], term->coefficient};
    }
}

static enum status decide_new(
    struct deciding *deciding, size_t set, struct weighed_set *out)
{
    const struct weighing_question *question = deciding->question;
    const size_t place = question->shape.remembered + set;
    const int64_t weight = weight_at(deciding, place);
    struct span_decision decision;
    pick_anchors(deciding->memory, deciding->shared, deciding->picked);
    enum status status = span_decide(deciding->memory->span, question->people,
        weight, deciding->picked, &decision);
    if (status != STATUS_OK)
        return status;
    take_decision(deciding, &decision, out);
    /* It cannot be told as the combination: the rows of the fit are its own.
     * Nothing is told of it, nor remembered: a cohort of these rows may be told
     * as the combination. */
    if (question->weighed_only != NULL && question->weighed_only[set] != 0 &&
        decision.answer == SPAN_COMBINE && decision.difference > 0)
        *out = (struct weighed_set){.answer = WEIGHED_FEW};
    return out->answer == WEIGHED_EXACT && out->is_new
               ? add_anchor(deciding->memory, place, weight, deciding->picked)
               : STATUS_OK;
}

static enum status decide_set(struct deciding *deciding, size_t set)
{
    const struct weighing_question *question = deciding->question;
    struct weighed_set *out = &deciding->instruction->sets[set];
    const int64_t weight =
        weight_at(deciding, question->shape.remembered + set);
    enum status status = STATUS_OK;
    const bool only =
        question->weighed_only != NULL && question->weighed_only[set] != 0;
    if (weight < (int128)question->people * WEIGHING_UNIT) {
        out->is_set = only && weight == 0; /* a level of nobody is no level */
        return STATUS_OK; /* few, and is so in whatever company */
    }
    read_shared(deciding, set);
    if (!repeat(deciding, set, out))
        status = decide_new(deciding, set, out);
    /* What is away cannot be added up: few until it is back. */
    if (!all_are_here(deciding, out))
        *out = (struct weighed_set){.answer = WEIGHED_FEW};
    return status;
}

enum status memory_decide(struct memory *const memory,
    const struct weighing_question *const question,
    struct instruction *const out)
{
    const size_t places = memory->count + question->shape.sets;
    struct deciding deciding = {
        .memory = memory, .question = question, .instruction = out};
    *out = (struct instruction){0};
    if (!weights_hold(memory, question))
        return STATUS_MALFORMED;
    enum status status = STATUS_OK;
    const size_t before = span_count(memory->span);
    deciding.shared = calloc(places + 1, sizeof *deciding.shared);
    deciding.picked = calloc(places + 1, sizeof *deciding.picked);
    if (deciding.shared == NULL || deciding.picked == NULL)
        status = STATUS_NO_MEMORY;
    if (status == STATUS_OK)
        status = instruction_init(out, question->shape.sets);
    for (size_t s = 0; status == STATUS_OK && s < question->shape.sets; s++)
        status = decide_set(&deciding, s);
    span_shorten(memory->span, before);
    free(deciding.shared);
    free(deciding.picked);
    if (status != STATUS_OK)
        instruction_fini(out);
    return status;
}

/* ---- learning ---- */

/* The question's own sets get places as they are added. */
static void place_terms(
    struct weighed_set *told, size_t remembered, const size_t *places)
{
    for (size_t i = 0; i < told->term_count; i++) {
        if (told->terms[i].anchor >= remembered)
            told->terms[i].anchor = places[told->terms[i].anchor - remembered];
    }
}

static enum status learn_set(struct deciding *deciding, size_t set,
    size_t *places, const size_t *added, size_t added_count)
{
    const struct weighing_question *question = deciding->question;
    const size_t remembered = question->shape.remembered;
    struct remembered_set new = {
        .weight = weight_at(deciding, remembered + set),
        .shared = deciding->picked,
        .told = deciding->instruction->sets[set]};
    read_shared(deciding, set);
    memcpy(deciding->picked, deciding->shared,
        remembered * sizeof *deciding->shared);
    for (size_t i = 0; i < added_count; i++)
        deciding->picked[remembered + i] =
            deciding->shared[remembered + added[i]];
    place_terms(&new.told, remembered, places);
    places[set] = deciding->memory->count;
    return memory_add(deciding->memory, &new);
}

/* Takes back what was added last. */
static void forget(struct memory *memory, size_t count)
{
    size_t anchors = span_count(memory->span);
    while (anchors > 0 && memory->places[anchors - 1] >= count)
        anchors--;
    span_shorten(memory->span, anchors);
    while (memory->count > count)
        free((int64_t *)memory->sets[--memory->count].shared);
}

enum status memory_learn(struct memory *const memory,
    const struct weighing_question *const question,
    const struct instruction *const instruction)
{
    const size_t before = memory->count, sets = question->shape.sets;
    size_t added_count = 0;
    struct deciding deciding = {.memory = memory,
        .question = question,
        .instruction = (struct instruction *)instruction};
    if (!weights_hold(memory, question) || instruction->set_count != sets)
        return STATUS_MALFORMED;
    deciding.shared = calloc(before + sets + 1, sizeof *deciding.shared);
    deciding.picked = calloc(before + sets + 1, sizeof *deciding.picked);
    size_t *places = calloc(sets + 1, sizeof *places);
    size_t *added = calloc(sets + 1, sizeof *added);
    enum status status = deciding.shared == NULL || deciding.picked == NULL ||
                                 places == NULL || added == NULL
                             ? STATUS_NO_MEMORY
                             : STATUS_OK;
    for (size_t s = 0; status == STATUS_OK && s < sets; s++) {
        if (!instruction->sets[s].is_new)
            continue;
        status = learn_set(&deciding, s, places, added, added_count);
        added[added_count++] = s;
    }
    if (status != STATUS_OK)
        forget(memory, before);
    free(deciding.shared);
    free(deciding.picked);
    free(places);
    free(added);
    return status;
}

/* ---- near cohorts ---- */

static bool is_told_alike(const struct weighed_set *later,
    const struct weighed_set *earlier, size_t place)
{
    if (later->answer == WEIGHED_COMBINED && later->term_count == 1 &&
        later->terms[0].anchor == place && later->terms[0].coefficient == 1)
        return true;
    if (later->answer != WEIGHED_COMBINED ||
        earlier->answer != WEIGHED_COMBINED ||
        later->term_count != earlier->term_count)
        return false;
    for (size_t i = 0; i < later->term_count; i++) {
        if (later->terms[i].anchor != earlier->terms[i].anchor ||
            later->terms[i].coefficient != earlier->terms[i].coefficient)
            return false;
    }
    return true;
}

/* People that differ, in units: with all rows that the earlier set had. */
static int64_t difference(
    const struct memory *memory, const struct near_pair *pair)
{
    return pair->weight + memory->sets[pair->place].weight - 2 * pair->shared;
}

static void read_pair(struct near_pair *pair,
    const struct weighing_question *question, size_t place)
{
    pair->place = place;
    pair->shared = (int64_t)element(
        question, weighing_shared(&question->shape, pair->set, place));
}

static bool was_asked(const struct memory *memory,
    const struct weighing_question *question, struct near_pair pair)
{
    for (size_t place = 0; place < question->shape.remembered; place++) {
        read_pair(&pair, question, place);
        if (difference(memory, &pair) == 0)
            return true;
    }
    return false;
}

/* True: it is enough. */
static bool visit_near_of(const struct memory *memory,
    const struct weighing_question *question, const struct weighed_set *told,
    struct near_pair pair,
    bool (*visit)(void *arg, const struct near_pair *pair), void *arg)
{
    for (size_t place = 0; place < question->shape.remembered; place++) {
        const struct weighed_set *earlier = &memory->sets[place].told;
        read_pair(&pair, question, place);
        if (earlier->answer != WEIGHED_FEW &&
            difference(memory, &pair) <=
                (int64_t)MEMORY_NEAR_PEOPLE * WEIGHING_UNIT &&
            !is_told_alike(told, earlier, place) && visit(arg, &pair))
            return true;
    }
    return false;
}

void memory_visit_near(const struct memory *const memory,
    const struct weighing_question *const question,
    const struct instruction *const instruction,
    bool (*visit)(void *arg, const struct near_pair *pair), void *const arg)
{
    const struct weighing_shape *shape = &question->shape;
    for (size_t s = 0; s < question->heads && s < shape->sets; s++) {
        const struct near_pair pair = {.set = s,
            .weight = (int64_t)element(question, weighing_weight(shape, s))};
        if (!was_asked(memory, question, pair) &&
            visit_near_of(
                memory, question, &instruction->sets[s], pair, visit, arg))
            return;
    }
}
