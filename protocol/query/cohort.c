#include "protocol/query/cohort.h"

#include <stdlib.h>

#include "protocol/query/arena.h"
#include "protocol/query/interval_set.h"

void cohort_destroy(struct cohort *cohort)
{
    if (cohort == NULL)
        return;
    if (cohort->storage != NULL)
        arena_free(cohort->storage);
    free(cohort->storage);
    free(cohort);
}

/* NOLINTNEXTLINE(misc-no-recursion): COHORT_DEPTH_MAX at most */
static void visit_node(const struct cohort_node *node,
    void (*visit)(void *arg, size_t variable), void *arg)
{
    if (node->kind == COHORT_LEAF)
        visit(arg, node->variable);
    for (size_t i = 0; i < node->child_count; i++)
        visit_node(node->children[i], visit, arg);
}

void cohort_visit_variables(const struct cohort *cohort,
    void (*visit)(void *arg, size_t variable), void *arg)
{
    if (cohort->root != NULL)
        visit_node(cohort->root, visit, arg);
}

static bool leaf_contains(const struct cohort_node *leaf, int32_t code)
{
    if (code == VALUE_MISSING)
        return leaf->missing;
    for (size_t i = 0; i < leaf->interval_count; i++) {
        if (code >= leaf->intervals[i].low && code <= leaf->intervals[i].high)
            return true;
    }
    return false;
}

/* NOLINTNEXTLINE(misc-no-recursion): COHORT_DEPTH_MAX at most */
static bool node_contains(const struct cohort_node *node, const int32_t *codes)
{
    if (node->kind == COHORT_LEAF)
        return leaf_contains(node, codes[node->variable]);
    bool all = node->kind == COHORT_AND;
    for (size_t i = 0; i < node->child_count; i++) {
        if (node_contains(node->children[i], codes) != all)
            return !all;
    }
    return all;
}

bool cohort_contains(const struct cohort *cohort, const int32_t *codes)
{
    return cohort->root == NULL || node_contains(cohort->root, codes);
}

/* ---- implication ---- */

struct conjuncts {
    size_t count;
    const struct cohort_node *nodes[COHORT_NODES_MAX];
};

/* NOLINTNEXTLINE(misc-no-recursion): COHORT_DEPTH_MAX at most */
static void collect(struct conjuncts *conjuncts, const struct cohort_node *node)
{
    if (node->kind != COHORT_AND) {
        if (conjuncts->count < COHORT_NODES_MAX)
            conjuncts->nodes[conjuncts->count++] = node;
        return;
    }
    for (size_t i = 0; i < node->child_count; i++)
        collect(conjuncts, node->children[i]);
}

/* The leaves of the conjuncts on the outer leaf's variable, taken together. */
static bool leaves_imply(
    const struct conjuncts *inner, const struct cohort_node *outer)
{
    struct interval_set meeting = {0};
    bool missing = true, any = false;
    interval_set_add(&meeting, INT32_MIN + 1, INT32_MAX);
    for (size_t i = 0; i < inner->count; i++) {
        const struct cohort_node *node = inner->nodes[i];
        if (node->kind != COHORT_LEAF || node->variable != outer->variable)
            continue;
        any = true;
        missing = missing && node->missing;
        if (interval_set_intersect(
                &meeting, node->intervals, node->interval_count) != STATUS_OK)
            return false;
    }
    return any && (!missing || outer->missing) &&
           interval_set_within(
               &meeting, outer->intervals, outer->interval_count);
}

static bool conjuncts_imply(
    const struct conjuncts *inner, const struct cohort_node *outer);

/* NOLINTBEGIN(misc-no-recursion): no deeper than both cohorts */

/* A disjunction implies what each of its parts implies. */
static bool disjunction_implies(
    const struct cohort_node *node, const struct cohort_node *outer)
{
    for (size_t i = 0; i < node->child_count; i++) {
        struct conjuncts part = {0};
        collect(&part, node->children[i]);
        if (!conjuncts_imply(&part, outer))
            return false;
    }
    return true;
}

static bool conjuncts_imply(
    const struct conjuncts *inner, const struct cohort_node *outer)
{
    bool all = outer->kind == COHORT_AND;
    if (outer->kind == COHORT_LEAF && leaves_imply(inner, outer))
        return true;
    for (size_t i = 0; i < outer->child_count; i++) {
        if (conjuncts_imply(inner, outer->children[i]) != all) {
            if (all)
                return false;
            return true;
        }
    }
    if (all)
        return true;
    for (size_t i = 0; i < inner->count; i++) {
        if (inner->nodes[i]->kind == COHORT_OR &&
            disjunction_implies(inner->nodes[i], outer))
            return true;
    }
    return false;
}

/* NOLINTEND(misc-no-recursion) */

bool cohort_implies(const struct cohort *inner, const struct cohort *outer)
{
    if (outer->root == NULL)
        return true;
    if (inner->root == NULL)
        return false;
    struct conjuncts conjuncts = {0};
    collect(&conjuncts, inner->root);
    return conjuncts_imply(&conjuncts, outer->root);
}
