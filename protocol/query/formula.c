#include "protocol/query/formula.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "protocol/query/arena.h"

void formula_destroy(struct formula *formula)
{
    if (formula == NULL)
        return;
    struct arena *arena = formula->storage; /* formula stands in it */
    arena_free(arena);
    free(arena);
}

static void visit_atom(const struct formula_atom *atom,
    void (*visit)(void *arg, size_t variable), void *arg)
{
    if (atom->kind == ATOM_LEVELS && atom->variable == FORMULA_CENTER)
        return;
    if (atom->kind != ATOM_NUMBER)
        visit(arg, atom->variable);
    else
        expression_visit_variables(&atom->expression, visit, arg);
}

void formula_visit_right(const struct formula *formula,
    void (*visit)(void *arg, size_t variable), void *arg)
{
    for (size_t i = 0; i < formula->atom_count; i++)
        visit_atom(&formula->atoms[i], visit, arg);
    for (size_t i = 0; i < formula->strata_count; i++)
        visit(arg, formula->strata[i]);
    if (formula->has_offset)
        visit_atom(&formula->offset, visit, arg);
}

void formula_visit_left(const struct formula *formula,
    void (*visit)(void *arg, size_t variable), void *arg)
{
    if (formula->response_kind == RESPONSE_SURVIVAL) {
        visit(arg, formula->survival.stop);
        visit(arg, formula->survival.event);
        if (formula->survival.has_start)
            visit(arg, formula->survival.start);
    } else if (formula->response_kind != RESPONSE_NONE) {
        visit_atom(&formula->response, visit, arg);
    }
}

void formula_visit_variables(const struct formula *formula,
    void (*visit)(void *arg, size_t variable), void *arg)
{
    formula_visit_left(formula, visit, arg);
    formula_visit_right(formula, visit, arg);
}

double formula_atom_value(const struct formula_atom *atom,
    const struct dictionary *dictionary, const int32_t *codes)
{
    if (!atom->plain)
        return expression_value(&atom->expression, dictionary, codes);
    return codes[atom->variable] == VALUE_MISSING
               ? NAN
               : variable_value(&dictionary->variables[atom->variable],
                     codes[atom->variable]);
}

double formula_atom_bound(
    const struct formula_atom *atom, const struct dictionary *dictionary)
{
    return atom->kind == ATOM_NUMBER
               ? expression_bound(&atom->expression, dictionary)
               : 1.0;
}

struct level_codes formula_level_codes(const struct formula_atom *atom,
    const struct dictionary *dictionary, size_t level)
{
    const int32_t code = atom->first_level + (int32_t)level;
    if (atom->kind != ATOM_CUT)
        return (struct level_codes){code, code};
    const struct variable *variable = &dictionary->variables[atom->variable];
    return (level == 1) == atom->below
               ? (struct level_codes){variable->min, atom->first_level - 1}
               : (struct level_codes){atom->first_level, variable->max};
}

void formula_level_text(const struct formula_atom *atom,
    const struct dictionary *dictionary, size_t level, char *out,
    size_t capacity)
{
    if (atom->variable == FORMULA_CENTER) {
        snprintf(out, capacity, "%s%s", atom->name, atom->centers[level]);
        return;
    }
    const struct variable *variable = &dictionary->variables[atom->variable];
    if (atom->kind == ATOM_CUT) {
        snprintf(
            out, capacity, "%s%s", atom->name, level == 1 ? "TRUE" : "FALSE");
    } else if (variable_level_count(variable) > 0) {
        snprintf(out, capacity, "%s%s", atom->name,
            variable_level_code(variable, level));
    } else {
        snprintf(out, capacity, "%s%lld", atom->name,
            (long long)atom->first_level + (long long)level);
    }
}
