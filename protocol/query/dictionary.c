#include "protocol/query/dictionary.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/query/derivation_parse.h"
#include "protocol/query/dictionary_variable.h"
#include "protocol/query/nearest.h"
#include "protocol/query/plausible.h"

struct dictionary_storage {
    struct arena arena;
    struct variable *variables; /* the same as dictionary->variables */
};

static const char *const top_keys[] = {"id", "version", "variables",
    "plausible", "exam_time", "title", "description", "license", "source"};
#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

/* "shape[1]" and so on, each a number with the vector's unit and range. */
static enum status name_elements(
    struct dictionary *dictionary, size_t vector, size_t first)
{
    struct dictionary_storage *storage = dictionary->storage;
    struct variable *of = &storage->variables[vector];
    of->first_element = first;
    for (size_t k = 0; k < of->length; k++) {
        struct variable *element = &storage->variables[first + k];
        const size_t size = strlen(of->name) + 8;
        char *name = arena_allocate(&storage->arena, size);
        if (name == NULL)
            return STATUS_NO_MEMORY;
        snprintf(name, size, "%s[%zu]", of->name, k + 1);
        *element = *of;
        element->type = VARIABLE_REAL;
        element->name = name;
        element->label = name;
        element->length = element->first_element = element->missing_count = 0;
        element->width = dictionary_width(element);
    }
    return STATUS_OK;
}

static enum status add_elements(struct dictionary *dictionary,
    const struct field *list, struct diagnostic *diagnostic)
{
    struct dictionary_storage *storage = dictionary->storage;
    const size_t count = dictionary->variable_count;
    size_t elements = 0;
    for (size_t i = 0; i < count; i++) {
        struct field item = field_item(list, i);
        elements += storage->variables[i].length;
        if (elements > DICTIONARY_ELEMENTS_MAX) {
            return field_fail(&item, diagnostic,
                "the vectors have over %d elements together",
                DICTIONARY_ELEMENTS_MAX);
        }
    }
    if (elements == 0)
        return STATUS_OK;
    struct variable *all =
        arena_allocate(&storage->arena, (count + elements) * sizeof *all);
    if (all == NULL)
        return STATUS_NO_MEMORY;
    memcpy(all, storage->variables, count * sizeof *all);
    dictionary->variables = storage->variables = all;
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < count; i++) {
        if (all[i].length == 0)
            continue;
        status = name_elements(dictionary, i, dictionary->column_count);
        dictionary->column_count += all[i].length;
    }
    return status;
}

static enum status read_variables(struct dictionary *dictionary,
    const struct field *root, struct diagnostic *diagnostic)
{
    struct dictionary_storage *storage = dictionary->storage;
    struct field list;
    size_t count = 0;
    enum status status = field_get(&list, root, "variables", diagnostic);
    if (status == STATUS_OK)
        status =
            field_array(&list, &count, DICTIONARY_VARIABLES_MAX, diagnostic);
    if (status == STATUS_OK && count == 0)
        status = field_fail(&list, diagnostic, "a dictionary needs a variable");
    if (status != STATUS_OK)
        return status;
    storage->variables =
        arena_allocate(&storage->arena, count * sizeof *storage->variables);
    if (storage->variables == NULL)
        return STATUS_NO_MEMORY;
    dictionary->variables = storage->variables;
    for (size_t i = 0; i < count; i++) {
        struct field item = field_item(&list, i);
        status = dictionary_read_variable(dictionary, &item,
            &storage->variables[i], &storage->arena, diagnostic);
        if (status != STATUS_OK)
            return status;
        storage->variables[i].owner = i;
        dictionary->variable_count = dictionary->column_count = i + 1;
    }
    status = add_elements(dictionary, &list, diagnostic);
    for (size_t i = 0; status == STATUS_OK && i < count; i++) {
        struct field item = field_item(&list, i);
        struct field derived;
        if (!field_find(&derived, &item, "derived"))
            continue;
        status = derivation_parse(&storage->variables[i].derived, dictionary, i,
            &derived, &storage->arena, diagnostic);
    }
    return status == STATUS_OK
               ? derivation_check_cycles(dictionary, &list, diagnostic)
               : status;
}

static bool find_name(const struct dictionary *dictionary, const char *name,
    size_t size, size_t *index)
{
    for (size_t i = 0; i < dictionary->variable_count; i++) {
        const char *known = dictionary->variables[i].name;
        if (strncmp(known, name, size) == 0 && known[size] == '\0') {
            *index = i;
            return true;
        }
    }
    return false;
}

/* ---- when an exam was done ---- */

/* Names that say so, where the dictionary does not. */
static const char *const exam_times[] = {"exam_offset_days", "exam_offset",
    "exam_date", "exam_days", "exam_day", "visit_date", "visit_day", "date",
    "days", "day", "start_days", "start", "tstart"};

static bool may_tell_time(const struct variable *variable)
{
    return variable->entity == ENTITY_EXAM && variable->type == VARIABLE_DAYS &&
           variable->derived == NULL;
}

/* The only date_offset of an exam, or the days of such a name. */
static size_t guess_exam_time(const struct dictionary *dictionary)
{
    size_t found = 0, offsets = 0, place;
    for (size_t i = 0; i < dictionary->variable_count; i++) {
        const struct variable *variable = &dictionary->variables[i];
        if (may_tell_time(variable) && variable->is_offset) {
            offsets++;
            found = i + 1;
        }
    }
    if (offsets == 1)
        return found;
    for (size_t i = 0; i < COUNT(exam_times); i++) {
        if (find_name(
                dictionary, exam_times[i], strlen(exam_times[i]), &place) &&
            may_tell_time(&dictionary->variables[place]))
            return place + 1;
    }
    return 0;
}

/* The variable that member `key` names, of the file's own. */
static enum status read_reference(const struct dictionary *dictionary,
    const struct field *object, const char *key, size_t *place,
    struct diagnostic *diagnostic)
{
    struct field field;
    const char *name;
    *place = 0;
    if (!field_find(&field, object, key))
        return STATUS_OK;
    enum status status =
        field_text(&field, &name, VARIABLE_NAME_MAX, diagnostic);
    if (status != STATUS_OK)
        return status;
    if (!find_name(dictionary, name, strlen(name), place))
        return field_fail(
            &field, diagnostic, "the dictionary has no variable '%s'", name);
    ++*place;
    return STATUS_OK;
}

static enum status read_exam_time(struct dictionary *dictionary,
    const struct field *root, struct diagnostic *diagnostic)
{
    enum status status = read_reference(
        dictionary, root, "exam_time", &dictionary->exam_time, diagnostic);
    if (status != STATUS_OK)
        return status;
    struct field field;
    if (dictionary->exam_time == 0) {
        dictionary->exam_time = guess_exam_time(dictionary);
    } else if (!may_tell_time(
                   &dictionary->variables[dictionary->exam_time - 1])) {
        field_find(&field, root, "exam_time");
        return field_fail(&field, diagnostic,
            "\"exam_time\" names a variable of an exam whose type is "
            "date_offset or days, from the data");
    }
    return STATUS_OK;
}

/* A date can be kept where there is a first exam to count from. */
static enum status read_dates(struct dictionary *dictionary,
    const struct field *root, struct diagnostic *diagnostic)
{
    struct dictionary_storage *storage = dictionary->storage;
    struct field list, field;
    enum status status = read_exam_time(dictionary, root, diagnostic);
    if (status == STATUS_OK)
        status = field_get(&list, root, "variables", diagnostic);
    const bool anchored =
        dictionary->exam_time > 0 &&
        dictionary->variables[dictionary->exam_time - 1].is_offset;
    for (size_t i = 0; status == STATUS_OK && i < dictionary->variable_count;
         i++) {
        struct variable *variable = &storage->variables[i];
        struct field item = field_item(&list, i);
        variable->takes_dates =
            anchored && variable->is_offset && variable->derived == NULL &&
            variable->resolution.mantissa == 1 &&
            variable->resolution.exponent == 0 && variable->max < VALUE_DATED;
        status = read_reference(
            dictionary, &item, "year_of", &variable->year_of, diagnostic);
        if (status != STATUS_OK || variable->year_of == 0)
            continue;
        field_find(&field, &item, "year_of");
        if (variable->type != VARIABLE_INTEGER ||
            !storage->variables[variable->year_of - 1].is_offset)
            status = field_fail(&field, diagnostic,
                "an integer has \"year_of\", which names a date_offset");
    }
    return status;
}

static enum status read_dictionary(
    struct dictionary *dictionary, struct diagnostic *diagnostic)
{
    struct field root = document_root(dictionary->document);
    struct field field;
    enum status status =
        field_expect_object(&root, top_keys, COUNT(top_keys), diagnostic);
    if (status == STATUS_OK)
        status = field_get(&field, &root, "id", diagnostic);
    if (status == STATUS_OK)
        status = field_text(&field, &dictionary->id, 128, diagnostic);
    dictionary->version = 1;
    if (status == STATUS_OK && field_find(&field, &root, "version"))
        status = field_integer(
            &field, &dictionary->version, 1, INT32_MAX, diagnostic);
    if (status == STATUS_OK)
        status = read_variables(dictionary, &root, diagnostic);
    if (status == STATUS_OK)
        status = read_dates(dictionary, &root, diagnostic);
    if (status == STATUS_OK && field_find(&field, &root, "plausible")) {
        struct dictionary_storage *storage = dictionary->storage;
        status = plausible_parse(&dictionary->rules, &dictionary->rule_count,
            dictionary, &field, &storage->arena, diagnostic);
    }
    return status;
}

enum status dictionary_parse(
    struct dictionary **out, struct view text, struct diagnostic *diagnostic)
{
    *out = NULL;
    struct dictionary *dictionary = calloc(1, sizeof *dictionary);
    if (dictionary == NULL)
        return STATUS_NO_MEMORY;
    dictionary->storage = calloc(1, sizeof(struct dictionary_storage));
    enum status status =
        dictionary->storage == NULL
            ? STATUS_NO_MEMORY
            : document_parse(&dictionary->document, text, diagnostic);
    if (status == STATUS_OK)
        status = read_dictionary(dictionary, diagnostic);
    if (status != STATUS_OK) {
        dictionary_destroy(dictionary);
        return status;
    }
    dictionary->digest = digest_of(text);
    *out = dictionary;
    return STATUS_OK;
}

enum status dictionary_load(
    struct dictionary **out, const char *path, struct diagnostic *diagnostic)
{
    struct document *document = NULL;
    *out = NULL;
    enum status status = document_load(&document, path, diagnostic);
    if (status == STATUS_OK)
        status = dictionary_parse(out, document_bytes(document), diagnostic);
    document_destroy(document);
    return status;
}

void dictionary_destroy(struct dictionary *dictionary)
{
    if (dictionary == NULL)
        return;
    struct dictionary_storage *storage = dictionary->storage;
    for (size_t i = 0; i < dictionary->variable_count; i++)
        derivation_release(dictionary->variables[i].derived);
    if (storage != NULL)
        arena_free(&storage->arena);
    free(storage);
    document_destroy(dictionary->document);
    free(dictionary);
}

bool dictionary_find(
    const struct dictionary *dictionary, const char *name, size_t *index)
{
    const size_t size = strcspn(name, "[");
    size_t vector, number = 0;
    if (!find_name(dictionary, name, size, &vector))
        return false;
    *index = vector;
    if (name[size] == '\0')
        return true;
    const struct variable *of = &dictionary->variables[vector];
    const char *at = name + size + 1;
    for (; isdigit((unsigned char)*at) && number <= of->length; at++)
        number = 10 * number + (size_t)(*at - '0');
    *index = of->first_element + number - 1;
    return number >= 1 && number <= of->length && name[size + 1] != '0' &&
           strcmp(at, "]") == 0;
}

static const char *nearest(
    const struct dictionary *dictionary, const char *name)
{
    const char *names[DICTIONARY_VARIABLES_MAX];
    for (size_t i = 0; i < dictionary->variable_count; i++)
        names[i] = dictionary->variables[i].name;
    return nearest_name(name, names, dictionary->variable_count);
}

enum status dictionary_resolve(const struct dictionary *dictionary,
    size_t *variable, char message[DICTIONARY_MESSAGE_MAX], struct view name)
{
    char text[VARIABLE_NAME_MAX + 1], hint[NAME_HINT_MAX];
    if (name.size > VARIABLE_NAME_MAX) {
        snprintf(
            message, DICTIONARY_MESSAGE_MAX, "no variable has so long a name");
        return STATUS_UNKNOWN_NAME;
    }
    memcpy(text, name.data, name.size);
    text[name.size] = '\0';
    if (dictionary_find(dictionary, text, variable))
        return STATUS_OK;
    if (find_name(dictionary, text, strcspn(text, "["), variable)) {
        const struct variable *found = &dictionary->variables[*variable];
        if (found->length > 0) {
            snprintf(message, DICTIONARY_MESSAGE_MAX,
                "'%s' has the elements %s[1] to %s[%zu]", found->name,
                found->name, found->name, found->length);
        } else {
            snprintf(message, DICTIONARY_MESSAGE_MAX,
                "'%s' is no vector and has no elements", found->name);
        }
        return STATUS_UNKNOWN_NAME;
    }
    snprintf(message, DICTIONARY_MESSAGE_MAX,
        "the dictionary has no variable '%s'%.120s", text,
        name_hint(hint, nearest(dictionary, text)));
    return STATUS_UNKNOWN_NAME;
}
