#include "protocol/query/formula.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "protocol/query/arena.h"

/* A value nearer to zero than this is no divisor and has no logarithm, when
 * bounds are worked out. */
#define SMALL 1e-9
#define BOUND_MAX 1e12

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
    if (atom->kind != ATOM_NUMBER)
        visit(arg, atom->variable);
    for (size_t i = 0; i < atom->step_count; i++) {
        if (atom->steps[i].kind == STEP_VARIABLE)
            visit(arg, atom->steps[i].variable);
    }
}

void formula_visit_variables(const struct formula *formula,
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
    for (size_t i = 0; i < formula->atom_count; i++)
        visit_atom(&formula->atoms[i], visit, arg);
    for (size_t i = 0; i < formula->strata_count; i++)
        visit(arg, formula->strata[i]);
    if (formula->has_offset)
        visit_atom(&formula->offset, visit, arg);
}

static double apply(enum step_kind kind, double a, double b)
{
    switch (kind) {
    case STEP_ADD: return a + b;
    case STEP_SUBTRACT: return a - b;
    case STEP_MULTIPLY: return a * b;
    case STEP_DIVIDE: return a / b;
    case STEP_POWER: return b == 2.0 ? a * a : pow(a, b); /* as R */
    case STEP_NEGATE: return -a;
    case STEP_LOG: return log(a);
    case STEP_LOG2: return log2(a);
    case STEP_LOG10: return log10(a);
    case STEP_LOG1P: return log1p(a);
    case STEP_EXP: return exp(a);
    case STEP_SQRT: return sqrt(a);
    case STEP_ABS: return fabs(a);
    default: return NAN;
    }
}

static bool takes_two(enum step_kind kind)
{
    return kind >= STEP_ADD && kind <= STEP_POWER;
}

double formula_atom_value(const struct formula_atom *atom,
    const struct dictionary *dictionary, const int32_t *codes)
{
    double stack[FORMULA_STACK_MAX + 1] = {0};
    size_t top = 0; /* values on the stack; stack[0] is unused */
    if (atom->plain)
        return codes[atom->variable] == VALUE_MISSING
                   ? NAN
                   : variable_value(&dictionary->variables[atom->variable],
                         codes[atom->variable]);
    for (size_t i = 0; i < atom->step_count; i++) {
        const struct formula_step *step = &atom->steps[i];
        if (step->kind == STEP_VARIABLE) {
            if (codes[step->variable] == VALUE_MISSING)
                return NAN;
            stack[++top] = variable_value(
                &dictionary->variables[step->variable], codes[step->variable]);
        } else if (step->kind == STEP_CONSTANT) {
            stack[++top] = step->constant;
        } else if (takes_two(step->kind)) {
            top--;
            stack[top] = apply(step->kind, stack[top], stack[top + 1]);
        } else {
            stack[top] = apply(step->kind, stack[top], 0.0);
        }
    }
    return isfinite(stack[top]) ? stack[top] : NAN;
}

/* ---- bounds ---- */

struct range {
    double low, high;
};

static void widen(struct range *range, double value)
{
    if (isnan(value))
        return;
    value = fmin(fmax(value, -BOUND_MAX), BOUND_MAX);
    range->low = fmin(range->low, value);
    range->high = fmax(range->high, value);
}

/* Every operation is monotone in each of its arguments between these points. */
static size_t points_of(struct range range, double points[5])
{
    size_t count = 0;
    points[count++] = range.low;
    points[count++] = range.high;
    if (range.low <= 0.0 && range.high >= 0.0) {
        points[count++] = 0.0;
        if (range.high > 0.0)
            points[count++] = fmin(SMALL, range.high);
        if (range.low < 0.0)
            points[count++] = fmax(-SMALL, range.low);
    }
    return count;
}

static struct range apply_range(
    enum step_kind kind, struct range left, struct range right)
{
    double a[5], b[5];
    size_t a_count = points_of(left, a);
    size_t b_count = points_of(right, b);
    struct range out = {INFINITY, -INFINITY};
    for (size_t i = 0; i < a_count; i++) {
        for (size_t j = 0; j < b_count; j++) {
            double value = apply(kind, a[i], b[j]);
            if (isfinite(value) || kind == STEP_EXP || kind == STEP_POWER)
                widen(&out, value);
        }
    }
    return out.low <= out.high ? out : (struct range){0.0, 0.0};
}

double formula_atom_bound(
    const struct formula_atom *atom, const struct dictionary *dictionary)
{
    struct range stack[FORMULA_STACK_MAX + 1] = {{0.0, 0.0}};
    size_t top = 0;
    if (atom->kind != ATOM_NUMBER)
        return 1.0;
    for (size_t i = 0; i < atom->step_count; i++) {
        const struct formula_step *step = &atom->steps[i];
        if (step->kind == STEP_VARIABLE) {
            const struct variable *variable =
                &dictionary->variables[step->variable];
            stack[++top] =
                (struct range){variable_value(variable, variable->min),
                    variable_value(variable, variable->max)};
        } else if (step->kind == STEP_CONSTANT) {
            stack[++top] = (struct range){step->constant, step->constant};
        } else {
            struct range right = stack[top];
            top -= takes_two(step->kind);
            stack[top] = apply_range(step->kind, stack[top], right);
        }
    }
    double bound = fmax(fabs(stack[top].low), fabs(stack[top].high));
    return bound > 0.0 ? bound : 1.0;
}

void formula_level_text(const struct formula_atom *atom,
    const struct dictionary *dictionary, size_t level, char *out,
    size_t capacity)
{
    const struct variable *variable = &dictionary->variables[atom->variable];
    if (variable_level_count(variable) > 0)
        snprintf(out, capacity, "%s%s", atom->name,
            variable_level_code(variable, level));
    else
        snprintf(out, capacity, "%s%lld", atom->name,
            (long long)atom->first_level + (long long)level);
}
