/* What becomes of a question, part by part (assigned.h). */
#include <string.h>

#include "protocol/analysis/assigned.h"

static bool is_few(const struct answered *answered, size_t segment,
    const struct set_part *part)
{
    const struct plan *plan = answered->sets->plan;
    const struct analysis *analysis =
        &plan->analyses[plan->segments[segment].analysis];
    const enum set_answer answer =
        (enum set_answer)answered->answers[part->set];
    return answer == SET_FEW ||
           (answer == SET_SUMMED && !analysis->kind->tells_sums);
}

bool answered_is_withheld(const struct answered *answered, size_t segment,
    const struct set_part *part)
{
    const struct sets *sets = answered->sets;
    bool few = false;
    for (size_t p = sets->first_part[segment];
         p < sets->first_part[segment + 1]; p++) {
        const struct set_part *other = &sets->parts[p];
        few = few || (other->count > 0 && other->first == part->first &&
                         is_few(answered, segment, other));
    }
    return few;
}

enum segment_way answered_way(const struct answered *answered, size_t segment)
{
    const struct sets *sets = answered->sets;
    const size_t level = sets->plan->segments[segment].level;
    const uint8_t head = answered->answers[sets_of_level(sets, level)];
    bool all_own = head == SET_OWN, any = false, told = false;
    for (size_t p = sets->first_part[segment];
         p < sets->first_part[segment + 1]; p++) {
        const struct set_part *part = &sets->parts[p];
        if (part->count == 0)
            continue;
        any = true;
        told = told || !answered_is_withheld(answered, segment, part);
        all_own = all_own && answered->answers[part->set] == SET_OWN;
    }
    if (head == SET_FEW || (any && !told) ||
        (answered->few != NULL && answered->few[segment] != 0))
        return SEGMENT_WITHHELD;
    return all_own ? SEGMENT_PLAIN : SEGMENT_RUNS;
}

static bool is_withheld_in_part(const struct answered *answered, size_t segment)
{
    const struct sets *sets = answered->sets;
    bool some = false;
    for (size_t p = sets->first_part[segment];
         p < sets->first_part[segment + 1]; p++)
        some = some ||
               (sets->parts[p].count > 0 &&
                   answered_is_withheld(answered, segment, &sets->parts[p]));
    return some;
}

/* Nothing is told, for a part that is not: that is the reason, whatever else
 * its zeros look like. */
static void give_reason(
    const struct answered *answered, size_t segment, json_t *entry)
{
    if (!json_is_true(json_object_get(entry, "suppressed")) ||
        !is_withheld_in_part(answered, segment))
        return;
    json_object_set_new(entry, "rule", json_string("few"));
    json_object_del(entry, "message");
}

static void add_name(json_t *list, const char *name)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        if (strcmp(json_string_value(json_array_get(list, i)), name) == 0)
            return;
    }
    json_array_append_new(list, json_string(name));
}

void answered_tell(
    const struct answered *answered, size_t segment, json_t *entry)
{
    const struct sets *sets = answered->sets;
    const struct variable *variables = sets->plan->dictionary->variables;
    if (answered_way(answered, segment) == SEGMENT_WITHHELD) {
        json_object_set_new(entry, "rule", json_string("few"));
        return;
    }
    json_t *names = json_array();
    for (size_t p = sets->first_part[segment];
         p < sets->first_part[segment + 1]; p++) {
        const struct set_part *part = &sets->parts[p];
        const struct row_set *set = &sets->list[part->set];
        if (part->count == 0 || answered->answers[part->set] == SET_OWN ||
            answered_is_withheld(answered, segment, part))
            continue;
        for (size_t i = 0; i < set->known_count; i++)
            add_name(names, variables[variables[set->known[i]].owner].name);
    }
    if (json_array_size(names) > 0)
        json_object_set(entry, "completed", names);
    json_decref(names);
    give_reason(answered, segment, entry);
}
