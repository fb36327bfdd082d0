#include <stdlib.h>
#include <string.h>

#include "protocol/analysis/assigned.h"
#include "protocol/analysis/leverage.h"
#include "protocol/wire/defence.h"

static json_t *by_object(const struct plan *plan, size_t level)
{
    json_t *by = json_object();
    for (size_t i = 0; i < plan->query->by_count; i++) {
        const struct variable *variable =
            &plan->dictionary->variables[plan->query->by[i]];
        char text[VARIABLE_TEXT_MAX];
        variable_value_text(variable,
            variable->min + (int32_t)plan_level_of(plan, level, i), text,
            sizeof text);
        json_object_set_new(by, variable->name, json_string(text));
    }
    return by;
}

/* A value of an integer that nobody has at any center, as in R's table. */
static bool is_unused_value(const struct plan *plan, const int128 *elements)
{
    if (elements[HEAD_PEOPLE] > 0 || elements[HEAD_WITHHELD] > 0)
        return false;
    for (size_t i = 0; i < plan->query->by_count; i++) {
        if (plan->dictionary->variables[plan->query->by[i]].type ==
            VARIABLE_INTEGER)
            return true;
    }
    return false;
}

/* Nobody gave this segment, or in the sum it holds too few people. */
static bool is_suppressed(const int128 *elements, int64_t min_cell)
{
    return elements[HEAD_RELEASED] == 0 ||
           (elements[HEAD_WITHHELD] > 0 && elements[HEAD_PEOPLE] == 0) ||
           is_few_or_nobody(elements[HEAD_PEOPLE], min_cell);
}

/* A rule that acts once a model is fitted. */
void result_withhold(json_t *out, const char *rule, const char *message)
{
    json_object_set_new(out, "suppressed", json_true());
    json_object_set_new(out, "rule", json_string(rule));
    json_object_set_new(out, "message", json_string(message));
}

void result_withhold_few(json_t *out)
{
    result_withhold(out, "few",
        "a level, a combination of levels or a group of few people, or a "
        "person who decides a fitted value: ask for fewer terms, joined levels "
        "or more people; take log() of a number that is large for a few");
}

static enum status fill_entry(const struct plan *plan, size_t index,
    const int128 *elements, const struct fitted *fitted, int64_t min_cell,
    json_t *out)
{
    const struct segment *segment = &plan->segments[index];
    const enum leverage_verdict verdict =
        (enum leverage_verdict)fitted->verdicts[index];
    const struct analysis *analysis = &plan->analyses[segment->analysis];
    json_object_set_new(out, "analysis", json_string(analysis->kind->name));
    json_object_set_new(out, "by", by_object(plan, segment->level));
    json_object_set_new(out, "parameters",
        json_deep_copy(
            plan->query->analyses[segment->analysis].parameters.value));
    if (is_suppressed(elements, min_cell)) {
        json_object_set_new(out, "suppressed", json_true());
        return STATUS_OK;
    }
    if (verdict != LEVERAGE_FINE && DEFENCE("leverage")) {
        result_withhold_few(out);
        return STATUS_OK;
    }
    const struct fitted_segment whole = {
        .shape = &plan->shapes[segment->analysis],
        .dictionary = plan->dictionary,
        .first = elements,
        .memory = fitted->memory + segment->first_memory,
        .min_cell = min_cell};
    enum status status = analysis->kind->conclude == NULL
                             ? analysis->kind->finish(analysis, whole.shape,
                                   plan->dictionary, elements, min_cell, out)
                             : analysis->kind->conclude(analysis, &whole, out);
    /* Said only where it is not so: a result must not depend on how the
     * patients are split over centers. */
    if (status == STATUS_OK && elements[HEAD_WITHHELD] > 0) {
        json_object_set_new(out, "centers_released",
            json_integer((json_int_t)elements[HEAD_RELEASED]));
        json_object_set_new(out, "centers_withheld",
            json_integer((json_int_t)elements[HEAD_WITHHELD]));
    }
    return status;
}

static enum status finish_segment(const struct plan *plan, size_t index,
    const int128 *elements, const struct fitted *fitted, int64_t min_cell,
    json_t *out)
{
    const enum status status =
        fill_entry(plan, index, elements, fitted, min_cell, out);
    if (status == STATUS_OK && fitted->answered != NULL)
        answered_tell(fitted->answered, index, out);
    return status;
}

enum status plan_finish(const struct plan *plan, const struct vector *sum,
    int64_t min_cell, json_t **out)
{
    double *memory = calloc(plan->memory_count + 1, sizeof *memory);
    uint8_t *verdicts = calloc(plan->segment_count, sizeof *verdicts);
    const struct fitted fitted = {memory, verdicts, NULL};
    enum status status =
        memory == NULL || verdicts == NULL
            ? STATUS_NO_MEMORY
            : plan_finish_fitted(plan, sum, &fitted, min_cell, out);
    free(memory);
    free(verdicts);
    return status;
}

enum status plan_finish_fitted(const struct plan *plan,
    const struct vector *sum, const struct fitted *fitted, int64_t min_cell,
    json_t **out)
{
    *out = NULL;
    if (sum->length != plan->vector_length)
        return STATUS_MALFORMED;
    json_t *results = json_array();
    if (results == NULL)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < plan->segment_count; i++) {
        if (is_unused_value(plan, sum->elements + plan->segments[i].first))
            continue;
        json_t *entry = json_object();
        enum status status = entry == NULL
                                 ? STATUS_NO_MEMORY
                                 : finish_segment(plan, i,
                                       sum->elements + plan->segments[i].first,
                                       fitted, min_cell, entry);
        if (json_array_append_new(results, entry) != 0 || status != STATUS_OK) {
            json_decref(results);
            return status == STATUS_OK ? STATUS_NO_MEMORY : status;
        }
    }
    *out = results;
    return STATUS_OK;
}
