#include "coordinator/result_variables.h"

#include <stdlib.h>

static const char *const type_names[] = {
    [VARIABLE_INTEGER] = "integer",
    [VARIABLE_REAL] = "real",
    [VARIABLE_CATEGORY] = "category",
    [VARIABLE_BOOLEAN] = "boolean",
    [VARIABLE_DAYS] = "days",
    [VARIABLE_VECTOR] = "vector",
};

static json_t *levels_of(const struct variable *variable)
{
    json_t *levels = json_object();
    for (size_t i = 0; levels != NULL && i < variable->category_count; i++) {
        const struct category *category = &variable->categories[i];
        if (json_object_set_new(
                levels, category->code, json_string(category->label)) != 0) {
            json_decref(levels);
            return NULL;
        }
    }
    return levels;
}

static json_t *words_of(const struct variable *variable)
{
    json_t *words = json_pack("{s:s, s:s}", "label", variable->label, "type",
        type_names[variable->type]);
    bool failed = words == NULL;
    if (!failed && variable->unit != NULL)
        failed = json_object_set_new(
                     words, "unit", json_string(variable->unit)) != 0;
    if (!failed && variable->type == VARIABLE_CATEGORY)
        failed = json_object_set_new(words, "levels", levels_of(variable)) != 0;
    if (!failed)
        return words;
    json_decref(words);
    return NULL;
}

static void mark(void *used, size_t variable)
{
    ((bool *)used)[variable] = true;
}

json_t *result_variables(const struct plan *plan)
{
    const struct dictionary *dictionary = plan->dictionary;
    bool *used = calloc(dictionary->column_count + 1, sizeof *used);
    json_t *object = used == NULL ? NULL : json_object();
    if (object != NULL)
        plan_visit_variables(plan, mark, used);
    for (size_t i = 0; object != NULL && i < dictionary->column_count; i++) {
        const struct variable *variable = &dictionary->variables[i];
        if (used[i] && json_object_set_new(
                           object, variable->name, words_of(variable)) != 0) {
            json_decref(object);
            object = NULL;
        }
    }
    free(used);
    return object;
}
