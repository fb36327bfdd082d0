#include "protocol/query/expression.h"

#include <math.h>

/* A value nearer to zero than this is no divisor and has no logarithm, when
 * bounds are worked out and no grid is known that the value stands on. */
#define SMALL 1e-9

void expression_visit_variables(const struct expression *expression,
    void (*visit)(void *arg, size_t variable), void *arg)
{
    for (size_t i = 0; i < expression->step_count; i++) {
        if (expression->steps[i].kind == STEP_VARIABLE)
            visit(arg, expression->steps[i].variable);
    }
}

double expression_apply(enum step_kind kind, double a, double b)
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

bool expression_takes_two(enum step_kind kind)
{
    return kind >= STEP_ADD && kind <= STEP_POWER;
}

double expression_value(const struct expression *expression,
    const struct dictionary *dictionary, const int32_t *codes)
{
    double stack[EXPRESSION_STACK_MAX + 1] = {0};
    size_t top = 0; /* values on the stack; stack[0] is unused */
    for (size_t i = 0; i < expression->step_count; i++) {
        const struct expression_step *step = &expression->steps[i];
        if (step->kind == STEP_VARIABLE) {
            if (codes[step->variable] == VALUE_MISSING)
                return NAN;
            stack[++top] = variable_value(
                &dictionary->variables[step->variable], codes[step->variable]);
        } else if (step->kind == STEP_CONSTANT) {
            stack[++top] = step->constant;
        } else if (expression_takes_two(step->kind)) {
            top--;
            stack[top] =
                expression_apply(step->kind, stack[top], stack[top + 1]);
        } else {
            stack[top] = expression_apply(step->kind, stack[top], 0.0);
        }
    }
    return isfinite(stack[top]) ? stack[top] : NAN;
}

/* ---- bounds ---- */

struct range {
    double low, high;
    double grid; /* values are whole multiples of it; 0: not known */
};

static void widen(struct range *range, double value)
{
    if (isnan(value))
        return;
    value = fmin(fmax(value, -EXPRESSION_BOUND_MAX), EXPRESSION_BOUND_MAX);
    range->low = fmin(range->low, value);
    range->high = fmax(range->high, value);
}

/* Every operation is monotone in each of its arguments between these points. */
static size_t points_of(struct range range, double points[5])
{
    const double small = range.grid > 0.0 ? range.grid : SMALL;
    size_t count = 0;
    points[count++] = range.low;
    points[count++] = range.high;
    if (range.low <= 0.0 && range.high >= 0.0) {
        points[count++] = 0.0;
        if (range.high > 0.0)
            points[count++] = fmin(small, range.high);
        if (range.low < 0.0)
            points[count++] = fmax(-small, range.low);
    }
    return count;
}

static bool is_multiple(double value, double of)
{
    return fabs(value / of - nearbyint(value / of)) < 1e-9;
}

/* Of sums and multiples; of anything else it is not known. */
static double apply_grid(enum step_kind kind, double left, double right)
{
    if (kind == STEP_NEGATE || kind == STEP_ABS)
        return left;
    if (!(left > 0.0 && right > 0.0))
        return 0.0;
    if (kind == STEP_MULTIPLY)
        return left * right;
    if (kind != STEP_ADD && kind != STEP_SUBTRACT)
        return 0.0;
    const double finer = fmin(left, right);
    return is_multiple(fmax(left, right), finer) ? finer : 0.0;
}

static struct range apply_range(
    enum step_kind kind, struct range left, struct range right)
{
    double a[5], b[5];
    size_t a_count = points_of(left, a);
    size_t b_count = points_of(right, b);
    struct range out = {
        INFINITY, -INFINITY, apply_grid(kind, left.grid, right.grid)};
    for (size_t i = 0; i < a_count; i++) {
        for (size_t j = 0; j < b_count; j++) {
            double value = expression_apply(kind, a[i], b[j]);
            if (isfinite(value) || kind == STEP_EXP || kind == STEP_POWER)
                widen(&out, value);
        }
    }
    return out.low <= out.high ? out : (struct range){0};
}

/* The variable's or the number's own range. */
static struct range range_of(
    const struct expression_step *step, const struct dictionary *dictionary)
{
    if (step->kind == STEP_CONSTANT)
        return (struct range){
            step->constant, step->constant, fabs(step->constant)};
    const struct variable *variable = &dictionary->variables[step->variable];
    return (struct range){variable_value(variable, variable->min),
        variable_value(variable, variable->max), variable_value(variable, 1)};
}

static bool is_leaf(enum step_kind kind)
{
    return kind == STEP_VARIABLE || kind == STEP_CONSTANT;
}

double expression_bound(
    const struct expression *expression, const struct dictionary *dictionary)
{
    struct range stack[EXPRESSION_STACK_MAX + 1] = {{0}};
    size_t top = 0;
    for (size_t i = 0; i < expression->step_count; i++) {
        const struct expression_step *step = &expression->steps[i];
        if (is_leaf(step->kind)) {
            stack[++top] = range_of(step, dictionary);
        } else {
            struct range right = stack[top];
            top -= expression_takes_two(step->kind);
            stack[top] = apply_range(step->kind, stack[top], right);
        }
    }
    double bound = fmax(fabs(stack[top].low), fabs(stack[top].high));
    return bound > 0.0 ? bound : 1.0;
}

/* Whether an operation may have no value, or one that counts as none. left:
 * its only argument where it takes one. */
static bool is_partial(
    enum step_kind kind, struct range left, struct range right)
{
    const bool over_zero = right.low <= 0 && right.high >= 0;
    const bool whole = right.low == right.high && right.low == rint(right.low);
    switch (kind) {
    case STEP_LOG:
    case STEP_LOG2:
    case STEP_LOG10: return left.low <= 0;
    case STEP_LOG1P: return left.low <= -1;
    case STEP_SQRT: return left.low < 0;
    case STEP_DIVIDE: return over_zero;
    case STEP_POWER:
        return (left.low < 0 && !whole) ||
               (left.low <= 0 && left.high >= 0 && right.low < 0);
    default: return false;
    }
}

/* The argument that decides whether an operation has a value. */
static bool decides_left(enum step_kind kind)
{
    return kind != STEP_DIVIDE;
}

bool expression_chooses_rows(
    const struct expression *expression, const struct dictionary *dictionary)
{
    struct range stack[EXPRESSION_STACK_MAX + 1] = {{0}};
    bool aimed[EXPRESSION_STACK_MAX + 1] = {false}; /* numbers are in it */
    size_t top = 0;
    for (size_t i = 0; i < expression->step_count; i++) {
        const enum step_kind kind = expression->steps[i].kind;
        if (is_leaf(kind)) {
            stack[++top] = range_of(&expression->steps[i], dictionary);
            aimed[top] = kind == STEP_CONSTANT;
            continue;
        }
        const struct range right = stack[top];
        const bool right_aimed = aimed[top];
        top -= expression_takes_two(kind);
        if (is_partial(kind, stack[top], right) &&
            (decides_left(kind) ? aimed[top] : right_aimed))
            return true;
        stack[top] = apply_range(kind, stack[top], right);
        aimed[top] = aimed[top] || right_aimed || kind == STEP_ADD ||
                     kind == STEP_SUBTRACT;
        if (aimed[top] &&
            fmax(-stack[top].low, stack[top].high) >= EXPRESSION_BOUND_MAX)
            return true;
    }
    return false;
}
