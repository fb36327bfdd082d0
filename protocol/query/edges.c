#include "protocol/query/edges.h"

#include <stdio.h>
#include <string.h>

#include "protocol/query/dictionary_variable.h"
#include "protocol/wire/defence.h"

static const int32_t days_edges[] = {1, 7, 30, 90, 180};
#define DAYS_COUNT (sizeof days_edges / sizeof days_edges[0])
#define YEAR 365
#define YEARS_MAX 100

static bool is_number(const struct variable *variable)
{
    return variable->type == VARIABLE_INTEGER ||
           variable->type == VARIABLE_REAL || variable->type == VARIABLE_DAYS ||
           variable->type == VARIABLE_VECTOR;
}

/* ---- of the dictionary ---- */

static enum status read_list(const struct field *list,
    struct variable *variable, struct arena *arena,
    struct diagnostic *diagnostic)
{
    size_t count;
    if (!is_number(variable))
        return field_fail(list, diagnostic, "only a number has edges");
    enum status status =
        field_array(list, &count, VARIABLE_EDGES_MAX, diagnostic);
    if (status != STATUS_OK)
        return status;
    int32_t *edges = arena_allocate(arena, (count + 1) * sizeof *edges);
    if (edges == NULL)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < count; i++) {
        struct field item = field_item(list, i);
        status = dictionary_read_code(
            &item, "edges", variable, &edges[i], diagnostic);
        if (status == STATUS_OK &&
            (edges[i] < variable->min || edges[i] > variable->max ||
                (i > 0 && edges[i] <= edges[i - 1])))
            status = field_fail(
                &item, diagnostic, "edges increase, from min to max");
        if (status != STATUS_OK)
            return status;
    }
    variable->edges = edges;
    variable->edge_count = count;
    return STATUS_OK;
}

/* The smallest step, in codes. */
static int64_t default_step(const struct variable *variable)
{
    static const int64_t digits[] = {1, 2, 5};
    const int64_t range = (int64_t)variable->max - variable->min;
    for (int exponent = -18; exponent <= 18; exponent++) {
        for (size_t i = 0; i < sizeof digits / sizeof digits[0]; i++) {
            const struct decimal value = {digits[i], exponent};
            int32_t step = 0;
            bool exact = false;
            if (decimal_divide(&step, &exact, value, variable->resolution) ==
                    STATUS_OK &&
                exact && step > 0 && step % variable->grid == 0 &&
                range / step <= EDGES_STEPS)
                return step;
        }
    }
    /* of a grid that no such step stands on */
    return (range / EDGES_STEPS / variable->grid + 1) * variable->grid;
}

static enum status make_steps(struct variable *variable, struct arena *arena)
{
    const int64_t step = default_step(variable);
    int32_t *edges = arena_allocate(arena, (EDGES_STEPS + 2) * sizeof *edges);
    if (edges == NULL)
        return STATUS_NO_MEMORY;
    int64_t at = variable->min / step * step;
    at += at < variable->min ? step : 0;
    for (; at <= variable->max; at += step)
        edges[variable->edge_count++] = (int32_t)at;
    variable->edges = edges;
    return STATUS_OK;
}

static enum status make_days(struct variable *variable, struct arena *arena)
{
    int32_t *edges =
        arena_allocate(arena, (DAYS_COUNT + YEARS_MAX) * sizeof *edges);
    if (edges == NULL)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < DAYS_COUNT + YEARS_MAX; i++) {
        const int64_t days = i < DAYS_COUNT
                                 ? days_edges[i]
                                 : YEAR * (int64_t)(i - DAYS_COUNT + 1);
        if (days >= variable->min && days <= variable->max)
            edges[variable->edge_count++] = (int32_t)days;
    }
    variable->edges = edges;
    return STATUS_OK;
}

enum status edges_read(const struct field *object, struct variable *variable,
    struct arena *arena, struct diagnostic *diagnostic)
{
    struct field list;
    const struct decimal one = {1, 0};
    bool exact = false;
    int32_t day = 0;
    if (field_find(&list, object, "edges"))
        return read_list(&list, variable, arena, diagnostic);
    if (!is_number(variable))
        return STATUS_OK;
    const bool counts_days =
        variable->type == VARIABLE_DAYS &&
        decimal_divide(&day, &exact, one, variable->resolution) == STATUS_OK &&
        exact && day == 1;
    return counts_days ? make_days(variable, arena)
                       : make_steps(variable, arena);
}

/* ---- of a question ---- */

/* How many are below code. */
static size_t count_below(const struct variable *variable, int32_t code)
{
    size_t low = 0, high = variable->edge_count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (variable->edges[middle] < code)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

bool edges_have(const struct variable *variable, int32_t code)
{
    const size_t at = count_below(variable, code);
    return (at < variable->edge_count && variable->edges[at] == code) ||
           !DEFENCE("edges");
}

bool edges_cut(const struct variable *variable, int32_t first)
{
    if (!is_number(variable) || first <= variable->min + 1 ||
        first >= variable->max || !DEFENCE("edges"))
        return true; /* min and max are edges */
    const size_t at = count_below(variable, first);
    return (at < variable->edge_count && variable->edges[at] == first) ||
           (at > 0 && variable->edges[at - 1] == first - 1);
}

void edges_explain(
    char out[EDGES_TEXT_MAX], const struct variable *variable, int32_t first)
{
    char last[DECIMAL_TEXT], next[DECIMAL_TEXT];
    char below[DECIMAL_TEXT], above[DECIMAL_TEXT];
    const size_t at = count_below(variable, first);
    const bool has_below = at > 0, has_above = at < variable->edge_count;
    variable_value_text(variable, first - 1, last, sizeof last);
    variable_value_text(variable, first, next, sizeof next);
    if (has_below)
        variable_value_text(
            variable, variable->edges[at - 1], below, sizeof below);
    if (has_above)
        variable_value_text(variable, variable->edges[at], above, sizeof above);
    snprintf(out, EDGES_TEXT_MAX,
        "'%s' is not cut between %s and %s: the nearest edge%s %s%s%s; \"edges\" "
        "of '%s' in the dictionary may have more",
        variable->name, last, next, has_below && has_above ? "s are" : " is",
        has_below ? below : "", has_below && has_above ? " and " : "",
        has_above   ? above
        : has_below ? ""
                    : "none",
        variable->name);
}

/* A leaf's boundary that is no edge. */
static bool find_off_edge(const struct cohort_node *leaf,
    const struct variable *variable, int32_t *first)
{
    for (size_t i = 0; i < leaf->interval_count; i++) {
        const struct interval *interval = &leaf->intervals[i];
        *first = interval->low;
        if (!edges_cut(variable, *first))
            return true;
        *first =
            interval->high < variable->max ? interval->high + 1 : variable->min;
        if (!edges_cut(variable, *first))
            return true;
    }
    return false;
}

/* NOLINTNEXTLINE(misc-no-recursion): COHORT_DEPTH_MAX at most */
static enum status check_node(const struct cohort_node *node,
    const struct dictionary *dictionary, struct cohort_error *error)
{
    enum status status = STATUS_OK;
    if (node->derived > 0)
        return STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && node->kind != COHORT_LEAF &&
                       i < node->child_count;
         i++)
        status = check_node(node->children[i], dictionary, error);
    if (node->kind != COHORT_LEAF)
        return status;
    const struct variable *variable = &dictionary->variables[node->variable];
    int32_t first = 0;
    if (!find_off_edge(node, variable, &first))
        return STATUS_OK;
    error->offset = node->offset;
    char why[EDGES_TEXT_MAX];
    edges_explain(why, variable, first);
    snprintf(error->message, sizeof error->message, "%s", why);
    return STATUS_THRESHOLD_OFF_GRID;
}

enum status edges_check_cohort(const struct cohort *cohort,
    const struct dictionary *dictionary, struct cohort_error *error)
{
    return cohort->root == NULL ? STATUS_OK
                                : check_node(cohort->root, dictionary, error);
}
