#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/query/cohort.h"
#include "protocol/query/interval_set.h"

#define HOW_DERIVED                                                            \
    "declare it in the study, \"derived\": [{\"name\": \"...\", \"label\": "   \
    "\"...\", \"where\": \"...\"}], and write its name here"

/* The conditions on one variable, met. */
struct condition {
    size_t variable;
    size_t offset; /* of the last of them */
    bool missing;
    struct interval_set set;
};

struct conditions {
    const struct dictionary *dictionary;
    struct cohort_error *error;
    size_t count;
    struct condition *items; /* [COHORT_NODES_MAX] */
    uint64_t hold, fail;     /* derived variables: a bit each */
};

static enum status fail(struct conditions *conditions, size_t offset,
    enum status status, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static enum status fail(struct conditions *conditions, size_t offset,
    enum status status, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    conditions->error->offset = offset;
    vsnprintf(conditions->error->message, sizeof conditions->error->message,
        format, list);
    va_end(list);
    return status;
}

/* The one variable that a group's tests are of; false: they are of several.
 * *variable is SIZE_MAX before the first. */
/* NOLINTNEXTLINE(misc-no-recursion): COHORT_DEPTH_MAX at most */
static bool is_of_one(const struct cohort_node *node, size_t *variable)
{
    bool one = node->kind != COHORT_LEAF || *variable == SIZE_MAX ||
               *variable == node->variable;
    if (node->kind == COHORT_LEAF)
        *variable = node->variable;
    for (size_t i = 0; one && i < node->child_count; i++)
        one = is_of_one(node->children[i], variable);
    return one;
}

static enum status fail_group(
    struct conditions *conditions, const struct cohort_node *group)
{
    size_t variable = SIZE_MAX;
    if (!is_of_one(group, &variable))
        return fail(conditions, group->offset, STATUS_NOT_PLAIN,
            "a cohort joins conditions of several variables by 'and' alone; "
            "where one of them is enough, " HOW_DERIVED);
    const struct variable *of = &conditions->dictionary->variables[variable];
    if (variable_level_count(of) > 0)
        return fail(conditions, group->offset, STATUS_NOT_PLAIN,
            "a cohort has one condition a variable: list the levels, '%s in "
            "(...)', or, to have those without a value with them, " HOW_DERIVED,
            of->name);
    return fail(conditions, group->offset, STATUS_NOT_PLAIN,
        "a cohort takes one interval of '%s', '%s between ... and ...'; for "
        "anything else, " HOW_DERIVED,
        of->name, of->name);
}

static struct condition *condition_of(
    struct conditions *conditions, const struct cohort_node *leaf)
{
    for (size_t i = 0; i < conditions->count; i++) {
        if (conditions->items[i].variable == leaf->variable)
            return &conditions->items[i];
    }
    struct condition *added = &conditions->items[conditions->count++];
    *added = (struct condition){.variable = leaf->variable, .missing = true};
    (void)interval_set_add(&added->set, INT32_MIN + 1, INT32_MAX);
    return added;
}

static enum status add_leaf(
    struct conditions *conditions, const struct cohort_node *leaf)
{
    struct condition *condition = condition_of(conditions, leaf);
    condition->offset = leaf->offset;
    condition->missing = condition->missing && leaf->missing;
    const enum status status = interval_set_intersect(
        &condition->set, leaf->intervals, leaf->interval_count);
    if (status == STATUS_OK && condition->set.count == 0 && !condition->missing)
        return fail(conditions, leaf->offset, STATUS_OUT_OF_RANGE,
            "no value of '%s' meets all its conditions",
            conditions->dictionary->variables[leaf->variable].name);
    return status;
}

static enum status add_derived(
    struct conditions *conditions, const struct cohort_node *node)
{
    const uint64_t bit = (uint64_t)1 << (node->derived - 1);
    if (node->negated)
        conditions->fail |= bit;
    else
        conditions->hold |= bit;
    return (conditions->hold & conditions->fail) == 0
               ? STATUS_OK
               : fail(conditions, node->offset, STATUS_OUT_OF_RANGE,
                     "nobody meets this and its opposite");
}

/* NOLINTNEXTLINE(misc-no-recursion): COHORT_DEPTH_MAX at most */
static enum status add_node(
    struct conditions *conditions, const struct cohort_node *node)
{
    enum status status = STATUS_OK;
    if (node->derived > 0)
        return add_derived(conditions, node);
    if (node->kind == COHORT_OR)
        return fail_group(conditions, node);
    if (node->kind == COHORT_LEAF)
        return add_leaf(conditions, node);
    for (size_t i = 0; status == STATUS_OK && i < node->child_count; i++)
        status = add_node(conditions, node->children[i]);
    return status;
}

/* Levels have no order: any set of them is one condition. */
static enum status check_condition(
    struct conditions *conditions, const struct condition *condition)
{
    const struct variable *of =
        &conditions->dictionary->variables[condition->variable];
    if (condition->set.count <= 1 || variable_level_count(of) > 0)
        return STATUS_OK;
    return fail(conditions, condition->offset, STATUS_NOT_PLAIN,
        "a cohort takes one interval of '%s', and these are %zu; for more than "
        "one, " HOW_DERIVED,
        of->name, condition->set.count);
}

enum status cohort_check_plain(const struct cohort *cohort,
    const struct dictionary *dictionary, struct cohort_error *error)
{
    memset(error, 0, sizeof *error);
    if (cohort->root == NULL)
        return STATUS_OK;
    struct conditions conditions = {.dictionary = dictionary,
        .error = error,
        .items = calloc(COHORT_NODES_MAX, sizeof *conditions.items)};
    if (conditions.items == NULL)
        return STATUS_NO_MEMORY;
    enum status status = add_node(&conditions, cohort->root);
    for (size_t i = 0; status == STATUS_OK && i < conditions.count; i++)
        status = check_condition(&conditions, &conditions.items[i]);
    free(conditions.items);
    return status;
}
