#include "protocol/query/dictionary_variable.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "protocol/query/edges.h"

#define TEXT_MAX 512
#define MISSING_MAX 32
#define NUMBER_LIMIT (INT32_MAX - 1)
#define DAYS_LIMIT 36525 /* a century */
#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static const char *const variable_keys[] = {"name", "label", "entity", "type",
    "unit", "resolution", "grid", "length", "min", "max", "edges", "knots",
    "categories", "missing", "derived", "year_of", "loinc", "snomed", "radlex",
    "dicom_tag", "dcm", "required", "group", "ref_range", "source", "notes"};
static const char *const category_keys[] = {"code", "label", "snomed"};
static const char *const type_names[] = {
    "integer", "real", "category", "boolean", "days", "vector", "date_offset"};
static const char *const entity_names[] = {"patient", "exam", "event"};
static const char *const reserved_names[] = {"and", "or", "not", "in", "is",
    "between", "missing", "true", "false", "patient", "exam", "center"};

static bool is_name(const char *text)
{
    if (!isalpha((unsigned char)text[0]))
        return false;
    for (const char *at = text; *at != '\0'; at++) {
        if (!isalnum((unsigned char)*at) && *at != '_')
            return false;
    }
    return strlen(text) <= VARIABLE_NAME_MAX;
}

static enum status read_name(const struct dictionary *dictionary,
    const struct field *object, struct variable *variable,
    struct diagnostic *diagnostic)
{
    struct field field;
    size_t other;
    enum status status = field_get(&field, object, "name", diagnostic);
    if (status == STATUS_OK)
        status = field_text(&field, &variable->name, TEXT_MAX, diagnostic);
    if (status != STATUS_OK)
        return status;
    if (!is_name(variable->name)) {
        return field_fail(&field, diagnostic,
            "'%s' is no name: a letter, then letters, digits or '_', at most "
            "%d",
            variable->name, VARIABLE_NAME_MAX);
    }
    for (size_t i = 0; i < COUNT(reserved_names); i++) {
        if (strcasecmp(variable->name, reserved_names[i]) == 0) {
            return field_fail(&field, diagnostic,
                "'%s' is a word of the query language; choose another name",
                variable->name);
        }
    }
    if (dictionary_find(dictionary, variable->name, &other))
        return field_fail(
            &field, diagnostic, "'%s' is there twice", variable->name);
    return STATUS_OK;
}

/* One of the names, or an error that says which there are. */
static enum status read_choice(const struct field *field,
    const char *const *names, size_t count, size_t *choice,
    struct diagnostic *diagnostic)
{
    const char *text;
    enum status status = field_text(field, &text, TEXT_MAX, diagnostic);
    if (status != STATUS_OK)
        return status;
    for (size_t i = 0; i < count; i++) {
        if (strcmp(text, names[i]) == 0) {
            *choice = i;
            return STATUS_OK;
        }
    }
    char all[256] = "";
    for (size_t i = 0; i < count; i++) {
        size_t used = strlen(all);
        snprintf(all + used, sizeof all - used, "%s%s", i == 0 ? "" : ", ",
            names[i]);
    }
    return field_fail(field, diagnostic, "'%s' is none of: %s", text, all);
}

static enum status read_kind(const struct field *object,
    struct variable *variable, struct diagnostic *diagnostic)
{
    struct field field;
    size_t choice = 0;
    enum status status = field_get(&field, object, "type", diagnostic);
    if (status == STATUS_OK)
        status = read_choice(
            &field, type_names, COUNT(type_names), &choice, diagnostic);
    if (status != STATUS_OK)
        return status;
    variable->is_offset = choice == COUNT(type_names) - 1;
    variable->type =
        variable->is_offset ? VARIABLE_DAYS : (enum variable_type)choice;
    variable->entity = ENTITY_EXAM;
    if (!field_find(&field, object, "entity"))
        return STATUS_OK;
    status = read_choice(
        &field, entity_names, COUNT(entity_names), &choice, diagnostic);
    if (status == STATUS_OK)
        variable->entity = (enum variable_entity)choice;
    return status;
}

static enum status read_decimal(const struct field *field, struct decimal *out,
    struct diagnostic *diagnostic)
{
    double value;
    enum status status = field_real(field, &value, diagnostic);
    if (status != STATUS_OK)
        return status;
    if (decimal_from_double(out, value) != STATUS_OK)
        return field_fail(field, diagnostic,
            "a number of at most 18 digits between 1e-18 and 1e18");
    return STATUS_OK;
}

enum status dictionary_read_code(const struct field *field, const char *key,
    const struct variable *variable, int32_t *code,
    struct diagnostic *diagnostic)
{
    struct decimal value;
    bool exact;
    enum status status = read_decimal(field, &value, diagnostic);
    if (status != STATUS_OK)
        return status;
    if (decimal_divide(code, &exact, value, variable->resolution) !=
            STATUS_OK ||
        *code <= VALUE_REFUSED || *code == INT32_MAX) {
        return field_fail(field, diagnostic,
            "'%s' does not fit 32 bits in steps of the resolution; use a "
            "coarser \"resolution\"",
            key);
    }
    if (!exact)
        return field_fail(
            field, diagnostic, "'%s' is no multiple of the resolution", key);
    return STATUS_OK;
}

static enum status read_bound(const struct field *object, const char *key,
    const struct variable *variable, int32_t *code,
    struct diagnostic *diagnostic)
{
    struct field field;
    return field_find(&field, object, key)
               ? dictionary_read_code(&field, key, variable, code, diagnostic)
               : STATUS_OK;
}

static enum status read_resolution(const struct field *object,
    struct variable *variable, struct diagnostic *diagnostic)
{
    struct field field;
    variable->resolution = (struct decimal){1, 0};
    variable->grid = 1;
    if (field_find(&field, object, "resolution")) {
        enum status status =
            read_decimal(&field, &variable->resolution, diagnostic);
        if (status != STATUS_OK)
            return status;
        if (variable->resolution.mantissa <= 0)
            return field_fail(
                &field, diagnostic, "the resolution must be above 0");
    } else if (variable->type == VARIABLE_REAL ||
               variable->type == VARIABLE_VECTOR) {
        return field_fail(object, diagnostic,
            "'%s' is %s and needs \"resolution\": the decimal step at which "
            "it is recorded, such as 0.1",
            variable->name,
            variable->type == VARIABLE_REAL ? "real" : "a vector");
    }
    enum status status =
        read_bound(object, "grid", variable, &variable->grid, diagnostic);
    if (status == STATUS_OK && variable->grid < 1) {
        field_find(&field, object, "grid");
        status = field_fail(&field, diagnostic, "the grid must be above 0");
    }
    return status;
}

int dictionary_width(const struct variable *variable)
{
    /* The lowest value of each width stands for missing. */
    if (variable->min > INT8_MIN && variable->max <= INT8_MAX)
        return 1;
    if (variable->min > INT16_MIN && variable->max <= INT16_MAX)
        return 2;
    return 4;
}

static enum status read_range(const struct field *object,
    struct variable *variable, struct diagnostic *diagnostic)
{
    struct field field;
    enum status status = read_resolution(object, variable, diagnostic);
    if (status != STATUS_OK)
        return status;
    variable->min = variable->type == VARIABLE_DAYS ? 0 : -NUMBER_LIMIT;
    variable->max = variable->type == VARIABLE_DAYS ? DAYS_LIMIT : NUMBER_LIMIT;
    status = read_bound(object, "min", variable, &variable->min, diagnostic);
    if (status == STATUS_OK)
        status =
            read_bound(object, "max", variable, &variable->max, diagnostic);
    if (status == STATUS_OK && variable->min > variable->max) {
        bool has = field_find(&field, object, "max");
        status = field_fail(has ? &field : object, diagnostic,
            "'%s' has max below min", variable->name);
    }
    return status;
}

static enum status read_length(const struct field *object,
    struct variable *variable, struct diagnostic *diagnostic)
{
    struct field field;
    int64_t length = 0;
    const bool has = field_find(&field, object, "length");
    if (variable->type != VARIABLE_VECTOR) {
        return has ? field_fail(
                         &field, diagnostic, "only a vector has a length")
                   : STATUS_OK;
    }
    if (!has) {
        return field_fail(object, diagnostic,
            "'%s' is a vector and needs \"length\": how many numbers it holds",
            variable->name);
    }
    enum status status =
        field_integer(&field, &length, 2, VECTOR_LENGTH_MAX, diagnostic);
    variable->length = (size_t)length;
    return status;
}

static enum status read_category(const struct field *field,
    struct category *category, struct diagnostic *diagnostic)
{
    struct field text;
    enum status status = field_expect_object(
        field, category_keys, COUNT(category_keys), diagnostic);
    if (status == STATUS_OK)
        status = field_get(&text, field, "code", diagnostic);
    if (status == STATUS_OK)
        status = field_text(&text, &category->code, TEXT_MAX, diagnostic);
    category->label = category->code;
    if (status == STATUS_OK && field_find(&text, field, "label"))
        status = field_text(&text, &category->label, TEXT_MAX, diagnostic);
    return status;
}

static bool collides(const struct category *a, const struct category *b)
{
    return strcmp(a->code, b->code) == 0 || strcmp(a->label, b->label) == 0 ||
           strcmp(a->code, b->label) == 0 || strcmp(a->label, b->code) == 0;
}

static enum status read_categories(const struct field *object,
    struct variable *variable, struct arena *arena,
    struct diagnostic *diagnostic)
{
    struct field list;
    size_t count = 0;
    bool has = field_find(&list, object, "categories");
    if (has) {
        enum status status =
            field_array(&list, &count, DICTIONARY_CATEGORIES_MAX, diagnostic);
        if (status != STATUS_OK)
            return status;
    }
    if (variable->type != VARIABLE_CATEGORY) {
        return count == 0 ? STATUS_OK
                          : field_fail(&list, diagnostic,
                                "only a category has categories");
    }
    if (count == 0)
        return field_fail(has ? &list : object, diagnostic,
            "'%s' is a category and needs \"categories\"", variable->name);
    struct category *categories =
        arena_allocate(arena, count * sizeof *categories);
    if (categories == NULL)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < count; i++) {
        struct field item = field_item(&list, i);
        enum status status = read_category(&item, &categories[i], diagnostic);
        for (size_t k = 0; status == STATUS_OK && k < i; k++) {
            if (collides(&categories[k], &categories[i]))
                status = field_fail(&item, diagnostic,
                    "'%s' names two categories", categories[i].code);
        }
        if (status != STATUS_OK)
            return status;
    }
    variable->categories = categories;
    variable->category_count = count;
    variable->max = (int32_t)count - 1;
    return STATUS_OK;
}

static enum status read_missing(const struct field *object,
    struct variable *variable, struct arena *arena,
    struct diagnostic *diagnostic)
{
    struct field list;
    size_t count;
    if (!field_find(&list, object, "missing"))
        return STATUS_OK;
    enum status status = field_array(&list, &count, MISSING_MAX, diagnostic);
    if (status != STATUS_OK)
        return status;
    const char **texts = arena_allocate(arena, (count + 1) * sizeof *texts);
    if (texts == NULL)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < count; i++) {
        struct field item = field_item(&list, i);
        status = field_text(&item, &texts[i], TEXT_MAX, diagnostic);
        if (status != STATUS_OK)
            return status;
    }
    variable->missing = texts;
    variable->missing_count = count;
    return STATUS_OK;
}

/* Increasing, between min and max, on the resolution. */
static enum status read_knots(const struct field *object,
    struct variable *variable, struct arena *arena,
    struct diagnostic *diagnostic)
{
    struct field list;
    size_t count;
    if (!field_find(&list, object, "knots"))
        return STATUS_OK;
    if (variable->type != VARIABLE_INTEGER && variable->type != VARIABLE_REAL &&
        variable->type != VARIABLE_DAYS)
        return field_fail(&list, diagnostic, "only a number has knots");
    enum status status =
        field_array(&list, &count, VARIABLE_KNOTS_MAX, diagnostic);
    if (status != STATUS_OK)
        return status;
    int32_t *knots = arena_allocate(arena, (count + 1) * sizeof *knots);
    if (knots == NULL)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < count; i++) {
        struct field item = field_item(&list, i);
        const int32_t above = i == 0 ? variable->min : knots[i - 1];
        status = dictionary_read_code(
            &item, "knots", variable, &knots[i], diagnostic);
        if (status == STATUS_OK &&
            (knots[i] <= above || knots[i] >= variable->max))
            status = field_fail(&item, diagnostic,
                "knots increase, from above min to below max");
        if (status != STATUS_OK)
            return status;
    }
    variable->knots = knots;
    variable->knot_count = count;
    return STATUS_OK;
}

static enum status read_optional_text(const struct field *object,
    const char *key, const char **out, struct diagnostic *diagnostic)
{
    struct field field;
    return field_find(&field, object, key)
               ? field_text(&field, out, TEXT_MAX, diagnostic)
               : STATUS_OK;
}

enum status dictionary_read_variable(const struct dictionary *dictionary,
    const struct field *object, struct variable *variable, struct arena *arena,
    struct diagnostic *diagnostic)
{
    enum status status = field_expect_object(
        object, variable_keys, COUNT(variable_keys), diagnostic);
    if (status == STATUS_OK)
        status = read_name(dictionary, object, variable, diagnostic);
    variable->label = variable->name;
    if (status == STATUS_OK)
        status =
            read_optional_text(object, "label", &variable->label, diagnostic);
    if (status == STATUS_OK)
        status =
            read_optional_text(object, "unit", &variable->unit, diagnostic);
    if (status == STATUS_OK)
        status = read_kind(object, variable, diagnostic);
    variable->resolution = (struct decimal){1, 0};
    variable->grid = 1;
    variable->max = variable->type == VARIABLE_BOOLEAN ? 1 : 0;
    if (status == STATUS_OK && variable->type != VARIABLE_CATEGORY &&
        variable->type != VARIABLE_BOOLEAN)
        status = read_range(object, variable, diagnostic);
    if (status == STATUS_OK)
        status = read_length(object, variable, diagnostic);
    if (status == STATUS_OK)
        status = read_categories(object, variable, arena, diagnostic);
    if (status == STATUS_OK)
        status = read_missing(object, variable, arena, diagnostic);
    if (status == STATUS_OK)
        status = edges_read(object, variable, arena, diagnostic);
    if (status == STATUS_OK)
        status = read_knots(object, variable, arena, diagnostic);
    variable->width = variable->length > 0 ? 1 : dictionary_width(variable);
    return status;
}
