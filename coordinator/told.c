#include "coordinator/told.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/query/formula.h"

#define KNOWN_NAMED 4 /* variables that are named one by one */

/* As queries and results write it, such as "; sex = 2". */
static void add_value(
    struct buffer *out, const struct variable *variable, int32_t code)
{
    char value[VARIABLE_TEXT_MAX];
    variable_value_text(variable, code, value, sizeof value);
    (void)buffer_append_format(out, "; %s = %s", variable->name, value);
}

static void add_level(
    struct buffer *out, const struct sets *sets, const struct row_set *set)
{
    const struct plan *plan = sets->plan;
    for (size_t i = 0; i < plan->query->by_count; i++) {
        const struct variable *variable =
            &plan->dictionary->variables[plan->query->by[i]];
        if (set->level == SET_BY_MISSING)
            (void)buffer_append_format(
                out, "%s%s", i == 0 ? "; " : " or ", variable->name);
        else if (set->level != SET_WHOLE)
            add_value(out, variable,
                variable->min + (int32_t)plan_level_of(plan, set->level, i));
    }
    if (set->level == SET_BY_MISSING)
        (void)buffer_append_text(out, " missing");
}

static void add_codes(
    struct buffer *out, const struct sets *sets, const struct row_set *set)
{
    const struct dictionary *dictionary = sets->plan->dictionary;
    for (size_t i = 0; i < set->code_count; i++) {
        const struct set_code *code = &set->codes[i];
        if (code->column == FORMULA_CENTER)
            (void)buffer_append_format(out, "; center %d", (int)code->code + 1);
        else
            add_value(out, &dictionary->variables[code->column], code->code);
    }
}

static void add_known(
    struct buffer *out, const struct sets *sets, const struct row_set *set)
{
    const struct dictionary *dictionary = sets->plan->dictionary;
    const size_t named =
        set->known_count < KNOWN_NAMED ? set->known_count : KNOWN_NAMED;
    for (size_t i = 0; i < named; i++)
        (void)buffer_append_format(out, "%s%s", i == 0 ? "; " : ", ",
            dictionary->variables[set->known[i]].name);
    if (named < set->known_count)
        (void)buffer_append_format(
            out, " and %zu more", set->known_count - named);
    if (named > 0)
        (void)buffer_append_text(out, " known");
}

void told_describe(
    const struct sets *sets, size_t index, char *out, size_t capacity)
{
    const struct row_set *set = &sets->list[index];
    const struct query *query = sets->plan->query;
    struct buffer text;
    buffer_init(&text, capacity - 1);
    (void)buffer_append_text(
        &text, *query->cohort_text == '\0' ? "everybody" : query->cohort_text);
    if (query->unit == UNIT_EXAM)
        (void)buffer_append_text(&text, " (exams)");
    add_level(&text, sets, set);
    add_codes(&text, sets, set);
    add_known(&text, sets, set);
    if (set->of_pairs)
        (void)buffer_append_text(&text, "; two exams");
    const char *all = buffer_text(&text);
    snprintf(out, capacity, "%s", all == NULL ? "" : all);
    buffer_fini(&text);
}

/* ---- what a result says ---- */

/* The words of a place: of a remembered set, or one of the question. */
static void words_at(const struct sets *sets, const struct family *family,
    size_t place, char out[LEDGER_TEXT_MAX])
{
    const size_t remembered = memory_count(family->memory);
    if (place < remembered)
        snprintf(out, LEDGER_TEXT_MAX, "%s", family->words[place]);
    else
        told_describe(sets, place - remembered, out, LEDGER_TEXT_MAX);
}

/* What is added stands first, then what is taken away. */
static void write_combination(struct buffer *out, const struct sets *sets,
    const struct family *family, const struct weighed_set *told)
{
    bool first = true;
    for (int sign = 1; sign >= -1; sign -= 2) {
        for (size_t i = 0; i < told->term_count; i++) {
            char words[LEDGER_TEXT_MAX];
            const int times = told->terms[i].coefficient * sign;
            if (times < 0)
                continue;
            words_at(sets, family, told->terms[i].anchor, words);
            (void)buffer_append_text(out, sign < 0 ? " less "
                                          : first  ? ""
                                                   : " plus ");
            if (times > 1)
                (void)buffer_append_format(out, "%d times ", times);
            (void)buffer_append_format(out, "(%s)", words);
            first = false;
        }
    }
}

static bool is_in_own_words(const struct sets *sets,
    const struct family *family, size_t set, const struct weighed_set *told)
{
    char own[LEDGER_TEXT_MAX], other[LEDGER_TEXT_MAX];
    if (told->term_count != 1 || told->terms[0].coefficient != 1)
        return false;
    told_describe(sets, set, own, sizeof own);
    words_at(sets, family, told->terms[0].anchor, other);
    return strcmp(own, other) == 0;
}

static enum status add_text(json_t *list, const struct sets *sets,
    const struct family *family, size_t set, const struct weighed_set *told)
{
    char own[LEDGER_TEXT_MAX];
    struct buffer text;
    buffer_init(&text, BUFFER_LIMIT_DEFAULT);
    told_describe(sets, set, own, sizeof own);
    (void)buffer_append_format(&text, "(%s) is answered as ", own);
    write_combination(&text, sets, family, told);
    const char *all = buffer_text(&text);
    const enum status status =
        all != NULL && json_array_append_new(list, json_string(all)) == 0
            ? STATUS_OK
            : STATUS_NO_MEMORY;
    buffer_fini(&text);
    return status;
}

static enum status name_segment(json_t *list, const struct sets *sets,
    const struct instruction *instruction, const struct family *family,
    size_t segment)
{
    const size_t head =
        sets_of_level(sets, sets->plan->segments[segment].level);
    const struct weighed_set *of_head = &instruction->sets[head];
    enum status status = STATUS_OK;
    if (of_head->answer == WEIGHED_COMBINED &&
        !is_in_own_words(sets, family, head, of_head))
        status = add_text(list, sets, family, head, of_head);
    for (size_t p = sets->first_part[segment];
         status == STATUS_OK && p < sets->first_part[segment + 1]; p++) {
        const struct set_part *part = &sets->parts[p];
        const struct weighed_set *told = &instruction->sets[part->set];
        if (part->set != head && part->count > 0 &&
            told->answer == WEIGHED_COMBINED &&
            !is_in_own_words(sets, family, part->set, told))
            status = add_text(list, sets, family, part->set, told);
    }
    return status;
}

static enum status tell_entry(json_t *entry, size_t segment,
    const struct answered *answered, const struct instruction *instruction,
    const struct family *family)
{
    json_t *list = json_array();
    answered_tell(answered, segment, entry);
    enum status status = list == NULL ? STATUS_NO_MEMORY
                                      : name_segment(list, answered->sets,
                                            instruction, family, segment);
    if (status == STATUS_OK && json_array_size(list) > 0 &&
        json_object_set(entry, "answered_by", list) != 0)
        status = STATUS_NO_MEMORY;
    json_decref(list);
    return status;
}

enum status told_add(json_t *results, const struct sets *sets,
    const struct instruction *instruction, const struct family *family)
{
    size_t at;
    json_t *entry;
    struct answered answered;
    enum status status = instruction_answered(instruction, sets, &answered);
    if (status != STATUS_OK)
        return status;
    json_array_foreach(results, at, entry)
    {
        if (status == STATUS_OK)
            status = tell_entry(entry, at, &answered, instruction, family);
    }
    answered_fini(&answered);
    return status;
}
