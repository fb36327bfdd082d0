#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/query/cohort.h"
#include "protocol/query/derivation_parse.h"
#include "protocol/query/expression.h"

#define SOURCES_MAX 64

static_assert(EXPRESSION_STEPS_MAX <= SOURCES_MAX, "a place for each");

struct derivation {
    struct cohort *cohort; /* a boolean's; else an expression */
    struct expression expression;
    size_t source_count; /* of an expression no more than it has steps */
    size_t sources[SOURCES_MAX];
};

static void add_source(void *arg, size_t variable)
{
    struct derivation *derivation = arg;
    for (size_t i = 0; i < derivation->source_count && i < SOURCES_MAX; i++) {
        if (derivation->sources[i] == variable)
            return;
    }
    if (derivation->source_count < SOURCES_MAX)
        derivation->sources[derivation->source_count] = variable;
    derivation->source_count++;
}

static enum status parse_cohort(struct derivation *derivation, const char *text,
    const struct dictionary *dictionary, const struct field *field,
    struct diagnostic *diagnostic)
{
    struct cohort_error error;
    enum status status =
        cohort_parse(&derivation->cohort, text, dictionary, &error);
    if (status == STATUS_NO_MEMORY)
        return status;
    if (status != STATUS_OK)
        return field_fail_inside(
            field, error.offset, diagnostic, "%s", error.message);
    cohort_visit_variables(derivation->cohort, add_source, derivation);
    if (derivation->source_count > SOURCES_MAX)
        return field_fail(field, diagnostic,
            "derived from more than %d variables", SOURCES_MAX);
    return STATUS_OK;
}

enum status derivation_parse(const struct derivation **out,
    const struct dictionary *dictionary, size_t variable,
    const struct field *field, struct arena *arena,
    struct diagnostic *diagnostic)
{
    const char *text;
    enum status status = field_text(field, &text, COHORT_TEXT_MAX, diagnostic);
    if (status != STATUS_OK)
        return status;
    struct derivation *derivation = arena_allocate(arena, sizeof *derivation);
    if (derivation == NULL)
        return STATUS_NO_MEMORY;
    *out = derivation;
    enum variable_type type = dictionary->variables[variable].type;
    if (type == VARIABLE_CATEGORY || type == VARIABLE_VECTOR)
        return field_fail(
            field, diagnostic, "only a number or a boolean can be derived");
    if (type == VARIABLE_BOOLEAN)
        return parse_cohort(derivation, text, dictionary, field, diagnostic);
    struct formula_error error;
    status = expression_parse(
        &derivation->expression, text, dictionary, arena, &error);
    if (status == STATUS_NO_MEMORY)
        return status;
    if (status != STATUS_OK)
        return field_fail_inside(
            field, error.offset, diagnostic, "%s", error.message);
    expression_visit_variables(&derivation->expression, add_source, derivation);
    return STATUS_OK;
}

void derivation_release(const struct derivation *derivation)
{
    if (derivation != NULL)
        cohort_destroy(derivation->cohort);
}

/* ---- cycles ---- */

enum mark { MARK_NEW, MARK_OPEN, MARK_DONE };

/* NOLINTNEXTLINE(misc-no-recursion): no variable twice */
static bool has_cycle(
    const struct dictionary *dictionary, size_t variable, uint8_t *marks)
{
    const struct derivation *derivation =
        dictionary->variables[variable].derived;
    if (derivation == NULL) /* as every element of a vector */
        return false;
    if (marks[variable] != MARK_NEW)
        return marks[variable] == MARK_OPEN;
    marks[variable] = MARK_OPEN;
    for (size_t i = 0; i < derivation->source_count; i++) {
        if (has_cycle(dictionary, derivation->sources[i], marks))
            return true;
    }
    marks[variable] = MARK_DONE;
    return false;
}

enum status derivation_check_cycles(const struct dictionary *dictionary,
    const struct field *list, struct diagnostic *diagnostic)
{
    uint8_t marks[DICTIONARY_VARIABLES_MAX] = {0};
    for (size_t i = 0; i < dictionary->variable_count; i++) {
        if (!has_cycle(dictionary, i, marks))
            continue;
        struct field item = field_item(list, i);
        return field_fail(&item, diagnostic, "'%s' is derived from itself",
            dictionary->variables[i].name);
    }
    return STATUS_OK;
}

/* ---- a row ---- */

/* Rounded half away from zero, as on import; missing when out of range. */
static int32_t number_code(const struct variable *variable, double value)
{
    double step = variable_value(variable, 1);
    double code = round(value / step);
    if (!isfinite(code) || code < (double)variable->min ||
        code > (double)variable->max)
        return VALUE_MISSING;
    return (int32_t)code;
}

/* NOLINTNEXTLINE(misc-no-recursion): no variable twice */
static void derive(const struct dictionary *dictionary, size_t index,
    int32_t *codes, uint8_t *done)
{
    const struct variable *variable = &dictionary->variables[index];
    const struct derivation *derivation = variable->derived;
    if (derivation == NULL || done[index] || codes[index] != VALUE_MISSING)
        return;
    done[index] = 1;
    bool any_missing = false;
    for (size_t i = 0; i < derivation->source_count; i++) {
        derive(dictionary, derivation->sources[i], codes, done);
        if (codes[derivation->sources[i]] == VALUE_MISSING)
            any_missing = true;
    }
    if (any_missing)
        return;
    codes[index] =
        derivation->cohort != NULL
            ? cohort_contains(derivation->cohort, codes)
            : number_code(variable,
                  expression_value(&derivation->expression, dictionary, codes));
}

void dictionary_derive_row(const struct dictionary *dictionary, int32_t *codes)
{
    uint8_t done[DICTIONARY_VARIABLES_MAX] = {0};
    for (size_t i = 0; i < dictionary->variable_count; i++)
        derive(dictionary, i, codes, done);
}

bool dictionary_has_derived(const struct dictionary *dictionary)
{
    for (size_t i = 0; i < dictionary->variable_count; i++) {
        if (dictionary->variables[i].derived != NULL)
            return true;
    }
    return false;
}
