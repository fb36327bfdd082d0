#include "protocol/query/dictionary_words.h"

#include "protocol/query/terms.h"

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

static bool add_derived(json_t *object, const struct terms *terms)
{
    bool failed = false;
    for (size_t i = 0; !failed && terms != NULL && i < terms->derived_count;
         i++) {
        const struct derived_variable *derived = &terms->derived[i];
        failed = json_object_set_new(object, derived->name,
                     json_pack("{s:s, s:s, s:s}", "label", derived->label,
                         "type", "boolean", "where", derived->where)) != 0;
    }
    return !failed;
}

json_t *dictionary_words(const struct dictionary *dictionary, const bool *used)
{
    const size_t count =
        used == NULL ? dictionary->variable_count : dictionary->column_count;
    json_t *object = json_object();
    bool failed = object == NULL;
    for (size_t i = 0; !failed && i < count; i++) {
        const struct variable *variable = &dictionary->variables[i];
        if (used == NULL || used[i])
            failed = json_object_set_new(
                         object, variable->name, words_of(variable)) != 0;
    }
    if (!failed && add_derived(object, dictionary->terms))
        return object;
    json_decref(object);
    return NULL;
}
