#include <stdlib.h>
#include <string.h>

#include "policy/reading.h"
#include "policy/study_internal.h"
#include "protocol/query/edges.h"

#define TITLE_MAX 512

static const char *const cohort_keys[] = {"name", "title", "where"};
static const char *const derived_keys[] = {"name", "label", "where"};

/* ---- by form ---- */

/* A cohort expression, or "" for everybody. */
static enum status read_expression(
    const struct field *field, const char **out, struct diagnostic *diagnostic)
{
    *out = "";
    if (!json_is_string(field->value))
        return field_fail(field, diagnostic, "expected a text \"...\"");
    return json_string_length(field->value) == 0
               ? STATUS_OK
               : field_text(field, out, COHORT_TEXT_MAX, diagnostic);
}

static enum status read_name(const struct field *item,
    const struct terms *before, const char **out, struct diagnostic *diagnostic)
{
    struct field field;
    enum status status = field_get(&field, item, "name", diagnostic);
    if (status == STATUS_OK)
        status = field_text(&field, out, TERMS_NAME_MAX, diagnostic);
    if (status == STATUS_OK && !is_plain_name(*out))
        return field_fail(&field, diagnostic,
            "'%s' is no cohort's name: a-z, 0-9, '-', '_' and '.', such as "
            "severe-ar",
            *out);
    if (status == STATUS_OK && terms_find(before, *out) != NULL)
        return field_fail(
            &field, diagnostic, "a cohort '%s' is there twice", *out);
    return status;
}

enum status study_read_cohort(const struct field *item,
    const struct terms *before, struct named_cohort *out,
    struct diagnostic *diagnostic)
{
    struct field field;
    enum status status = field_expect_object(item, cohort_keys,
        sizeof cohort_keys / sizeof cohort_keys[0], diagnostic);
    if (status == STATUS_OK)
        status = read_name(item, before, &out->name, diagnostic);
    if (status == STATUS_OK && field_find(&field, item, "title"))
        status = field_text(&field, &out->title, TITLE_MAX, diagnostic);
    if (status == STATUS_OK)
        status = field_get(&field, item, "where", diagnostic);
    return status == STATUS_OK
               ? field_text(&field, &out->where, COHORT_TEXT_MAX, diagnostic)
               : status;
}

static enum status read_list(struct study *study, const struct field *list,
    struct diagnostic *diagnostic)
{
    struct terms *terms = &study->terms;
    size_t count = 0;
    enum status first =
        field_array(list, &count, TERMS_COHORTS_MAX, diagnostic);
    if (first != STATUS_OK)
        return first;
    study->cohorts = calloc(count + 1, sizeof *study->cohorts);
    if (study->cohorts == NULL)
        return STATUS_NO_MEMORY;
    terms->cohorts = study->cohorts;
    for (size_t i = 0; study_may_go_on(first, diagnostic) && i < count; i++) {
        const struct field item = field_item(list, i);
        const enum status status = study_read_cohort(
            &item, terms, &study->cohorts[terms->cohort_count], diagnostic);
        terms->cohort_count += status == STATUS_OK;
        if (first == STATUS_OK || status == STATUS_NO_MEMORY)
            first = status;
    }
    return first;
}

static bool is_variable_name(const char *name)
{
    static const char first[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
    return strchr(first, name[0]) != NULL &&
           strspn(name, letters) == strlen(name);
}

static enum status read_derived_name(const struct field *item,
    const struct terms *before, const char **out, struct diagnostic *diagnostic)
{
    struct field field;
    enum status status = field_get(&field, item, "name", diagnostic);
    if (status == STATUS_OK)
        status = field_text(&field, out, TERMS_NAME_MAX, diagnostic);
    if (status == STATUS_OK && !is_variable_name(*out))
        return field_fail(&field, diagnostic,
            "'%s' is no variable's name: a letter, then letters, digits and "
            "'_'",
            *out);
    if (status == STATUS_OK && terms_find_derived(before, *out) != NULL)
        return field_fail(
            &field, diagnostic, "a derived variable '%s' is there twice", *out);
    return status;
}

static enum status read_derived(const struct field *item,
    const struct terms *before, struct derived_variable *out,
    struct diagnostic *diagnostic)
{
    struct field field;
    enum status status = field_expect_object(item, derived_keys,
        sizeof derived_keys / sizeof derived_keys[0], diagnostic);
    if (status == STATUS_OK)
        status = read_derived_name(item, before, &out->name, diagnostic);
    if (status == STATUS_OK)
        status = field_get(&field, item, "label", diagnostic);
    if (status == STATUS_OK)
        status = field_text(&field, &out->label, TITLE_MAX, diagnostic);
    if (status == STATUS_OK)
        status = field_get(&field, item, "where", diagnostic);
    return status == STATUS_OK
               ? field_text(&field, &out->where, COHORT_TEXT_MAX, diagnostic)
               : status;
}

static enum status read_derived_list(struct study *study,
    const struct field *list, struct diagnostic *diagnostic)
{
    struct terms *terms = &study->terms;
    size_t count = 0;
    enum status first =
        field_array(list, &count, TERMS_DERIVED_MAX, diagnostic);
    if (first != STATUS_OK)
        return first;
    study->derived = calloc(count + 1, sizeof *study->derived);
    if (study->derived == NULL)
        return STATUS_NO_MEMORY;
    terms->derived = study->derived;
    for (size_t i = 0; study_may_go_on(first, diagnostic) && i < count; i++) {
        const struct field item = field_item(list, i);
        const enum status status = read_derived(
            &item, terms, &study->derived[terms->derived_count], diagnostic);
        terms->derived_count += status == STATUS_OK;
        if (first == STATUS_OK || status == STATUS_NO_MEMORY)
            first = status;
    }
    return first;
}

enum status study_read_cohorts(struct study *study, const struct field *root,
    struct diagnostic *diagnostic)
{
    struct field field;
    enum status first = STATUS_OK, status = STATUS_OK;
    study->terms.whole = "";
    if (field_find(&field, root, "cohort"))
        first = read_expression(&field, &study->terms.whole, diagnostic);
    if (study_may_go_on(first, diagnostic) &&
        field_find(&field, root, "exploration"))
        status = field_boolean(&field, &study->terms.exploration, diagnostic);
    first = first == STATUS_OK ? status : first;
    if (study_may_go_on(first, diagnostic) &&
        field_find(&field, root, "cohorts"))
        status = read_list(study, &field, diagnostic);
    first = first == STATUS_OK ? status : first;
    if (study_may_go_on(first, diagnostic) &&
        field_find(&field, root, "derived"))
        status = read_derived_list(study, &field, diagnostic);
    return first == STATUS_OK ? status : first;
}

/* ---- with a dictionary ---- */

/* The first variable of an expression that the study lacks, or NULL. */
struct lack {
    const struct study *study;
    const char *name;
};

static void look_for_variable(void *arg, size_t variable)
{
    struct lack *lack = arg;
    const char *name = lack->study->dictionary.variables[variable].name;
    for (size_t i = 0; i < lack->study->variable_count; i++) {
        if (strcmp(lack->study->variables[i], name) == 0)
            return;
    }
    if (lack->name == NULL)
        lack->name = name;
}

/* Of a text that parses: its variables are the study's. */
static enum status check_variables(const struct study *study,
    const struct dictionary *dictionary, const struct field *field,
    struct diagnostic *diagnostic)
{
    struct lack lack = {.study = study};
    struct cohort *cohort = NULL;
    struct cohort_error error;
    enum status status = cohort_parse(
        &cohort, json_string_value(field->value), dictionary, &error);
    if (status != STATUS_OK)
        return status;
    cohort_visit_variables(cohort, look_for_variable, &lack);
    cohort_destroy(cohort);
    return lack.name == NULL
               ? STATUS_OK
               : field_fail(field, diagnostic,
                     "'%s' is not among the study's \"variables\"", lack.name);
}

static bool declares(const struct study *study)
{
    return study->cohorts != NULL || study->terms.exploration;
}

/* One that was approved before cohorts had to be plain goes on. */
static enum status check_whole(const struct study *study,
    const struct field *root, struct diagnostic *diagnostic)
{
    const char *const text = study->terms.whole;
    struct cohort *cohort = NULL;
    struct cohort_error error;
    struct field field;
    const enum status status =
        declares(study)
            ? terms_check_expression(text, &study->dictionary, &error)
            : cohort_parse(&cohort, text, &study->dictionary, &error);
    if (status != STATUS_OK && field_find(&field, root, "cohort"))
        field_fail_inside(
            &field, error.offset, diagnostic, "%s", error.message);
    cohort_destroy(cohort);
    return status;
}

/* Its place in the document: one that is well formed has all before it so. */
enum status study_check_cohort(const struct study *study,
    const struct field *item, struct diagnostic *diagnostic)
{
    struct field name, where;
    struct cohort_error error;
    size_t variable;
    if (!field_find(&name, item, "name") ||
        !field_find(&where, item, "where") || !json_is_string(name.value) ||
        !json_is_string(where.value))
        return STATUS_OK; /* said already */
    if (dictionary_find(
            &study->dictionary, json_string_value(name.value), &variable))
        return field_fail(&name, diagnostic,
            "'%s' is a variable of the dictionary: a cohort has a name of its "
            "own",
            json_string_value(name.value));
    const enum status status = terms_check_within(
        json_string_value(where.value), &study->dictionary, &error);
    if (status != STATUS_OK)
        field_fail_inside(
            &where, error.offset, diagnostic, "%s", error.message);
    return status == STATUS_OK
               ? check_variables(study, &study->dictionary, &where, diagnostic)
               : status;
}

/* What a study derives it makes of the dictionary's variables alone, and gives
 * names that are nothing else's. */
static enum status check_derived(const struct study *study,
    const struct field *item, const struct derived_variable *derived,
    struct diagnostic *diagnostic)
{
    struct dictionary alone = study->dictionary;
    struct cohort *cohort = NULL;
    struct cohort_error error;
    struct field name = *item, where = *item;
    size_t variable;
    alone.terms = NULL;
    (void)field_find(&name, item, "name");
    (void)field_find(&where, item, "where");
    if (dictionary_find(&alone, derived->name, &variable))
        return field_fail(&name, diagnostic,
            "'%s' is a variable of the dictionary: a derived one has a name of "
            "its own",
            derived->name);
    if (terms_find(&study->terms, derived->name) != NULL)
        return field_fail(&name, diagnostic,
            "a cohort and a derived variable are both named '%s'",
            derived->name);
    enum status status = cohort_parse(&cohort, derived->where, &alone, &error);
    if (status == STATUS_OK)
        status = edges_check_cohort(cohort, &alone, &error);
    cohort_destroy(cohort);
    if (status != STATUS_OK) {
        field_fail_inside(
            &where, error.offset, diagnostic, "%s", error.message);
        return status;
    }
    return check_variables(study, &alone, &where, diagnostic);
}

static enum status check_all_derived(const struct study *study,
    const struct field *root, struct diagnostic *diagnostic)
{
    struct field list;
    enum status first = STATUS_OK;
    if (!field_find(&list, root, "derived") ||
        json_array_size(list.value) != study->terms.derived_count)
        return STATUS_OK; /* what is wrong with its form was said */
    for (size_t i = 0;
         study_may_go_on(first, diagnostic) && i < study->terms.derived_count;
         i++) {
        const struct field item = field_item(&list, i);
        const enum status status =
            check_derived(study, &item, &study->terms.derived[i], diagnostic);
        first = first == STATUS_OK ? status : first;
    }
    return first;
}

enum status study_check_cohorts(
    const struct study *study, struct diagnostic *diagnostic)
{
    const struct field root = document_root(study->document);
    struct field list;
    size_t count = 0;
    enum status first = check_all_derived(study, &root, diagnostic);
    if (first == STATUS_OK)
        first = check_whole(study, &root, diagnostic);
    if (first == STATUS_OK && field_find(&list, &root, "cohorts"))
        count = json_array_size(list.value);
    for (size_t i = 0; study_may_go_on(first, diagnostic) && i < count; i++) {
        const struct field item = field_item(&list, i);
        const enum status status = study_check_cohort(study, &item, diagnostic);
        first = first == STATUS_OK ? status : first;
    }
    return first;
}

enum status study_check_declares(
    const struct study *study, struct diagnostic *diagnostic)
{
    const struct field root = document_root(study->document);
    return declares(study)
               ? STATUS_OK
               : field_fail(&root, diagnostic,
                     "a study names the cohorts that it asks about: "
                     "\"cohorts\": [{\"name\": \"severe-ar\", \"where\": "
                     "\"ar_fraction >= 30\"}], or [] for its whole alone; "
                     "with \"exploration\": true others may be asked about");
}
