#include "protocol/analysis/parameters.h"

static enum status check_use(const struct field *field,
    const struct variable *variable, enum variable_use use,
    struct diagnostic *diagnostic)
{
    const bool levels = variable_level_count(variable) > 0;
    if (use == USE_ANY)
        return STATUS_OK;
    if (use == USE_VECTOR) {
        return variable->length > 0 ? STATUS_OK
                                    : field_fail(field, diagnostic,
                                          "'%s' is no vector", variable->name);
    }
    if (variable->length > 0) {
        return field_fail(field, diagnostic,
            "'%s' is a vector; this takes single values, as its elements %s[1] "
            "to %s[%zu]; pca takes it whole",
            variable->name, variable->name, variable->name, variable->length);
    }
    if (use == USE_LEVELS) {
        return variable_cell_count(variable) > 0
                   ? STATUS_OK
                   : field_fail(field, diagnostic, "'%s' %s", variable->name,
                         variable_no_cells(variable));
    }
    if (levels && !(use == USE_SUM && variable->type == VARIABLE_BOOLEAN))
        return field_fail(field, diagnostic,
            "'%s' has categories; this takes a number", variable->name);
    return STATUS_OK;
}

static enum status add_variable(struct analysis *analysis,
    const struct field *field, enum variable_use use,
    const struct dictionary *dictionary, struct diagnostic *diagnostic)
{
    const char *name;
    size_t index;
    enum status status =
        field_text(field, &name, VARIABLE_NAME_MAX, diagnostic);
    if (status != STATUS_OK)
        return status;
    char message[DICTIONARY_MESSAGE_MAX];
    status =
        dictionary_resolve(dictionary, &index, message, view_of_text(name));
    if (status != STATUS_OK) {
        field_fail(field, diagnostic, "%s", message);
        return status;
    }
    status = check_use(field, &dictionary->variables[index], use, diagnostic);
    if (status == STATUS_OK &&
        analysis->variable_count == ANALYSIS_VARIABLES_MAX)
        status = field_fail(field, diagnostic, "more than %d variables",
            ANALYSIS_VARIABLES_MAX);
    if (status == STATUS_OK)
        analysis->variables[analysis->variable_count++] = index;
    return status;
}

enum status parameter_variable(struct analysis *analysis,
    const struct field *parameters, const char *key, enum variable_use use,
    const struct dictionary *dictionary, struct diagnostic *diagnostic)
{
    struct field field;
    enum status status = field_get(&field, parameters, key, diagnostic);
    return status == STATUS_OK
               ? add_variable(analysis, &field, use, dictionary, diagnostic)
               : status;
}

enum status parameter_variables(struct analysis *analysis,
    const struct field *parameters, enum variable_use use,
    const struct dictionary *dictionary, struct diagnostic *diagnostic)
{
    struct field list;
    size_t count = 0;
    enum status status = field_get(&list, parameters, "variables", diagnostic);
    if (status == STATUS_OK)
        status = field_array(&list, &count, ANALYSIS_VARIABLES_MAX, diagnostic);
    if (status == STATUS_OK && count == 0)
        status = field_fail(&list, diagnostic, "name at least one variable");
    for (size_t i = 0; status == STATUS_OK && i < count; i++) {
        struct field item = field_item(&list, i);
        status = add_variable(analysis, &item, use, dictionary, diagnostic);
    }
    return status;
}

enum status parameter_level(struct analysis *analysis,
    const struct field *parameters, struct diagnostic *diagnostic)
{
    struct field field;
    if (!field_find(&field, parameters, "level"))
        return STATUS_OK;
    enum status status = field_real(&field, &analysis->level, diagnostic);
    if (status == STATUS_OK &&
        !(analysis->level > 0.0 && analysis->level < 1.0))
        status =
            field_fail(&field, diagnostic, "the level lies between 0 and 1");
    return status;
}

enum status parameter_fail(const struct field *parameters, const char *key,
    struct diagnostic *diagnostic, const char *text)
{
    struct field field;
    if (!field_find(&field, parameters, key))
        field = *parameters;
    return field_fail(&field, diagnostic, "%s", text);
}
