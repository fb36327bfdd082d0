#include "protocol/query/formula_form.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

enum kind {
    CONSTANT, /* `value` */
    PRODUCT,  /* of a number, and of powers of variables */
    SHIFTED,  /* a variable times a number, plus a number */
    OTHER
};

struct part {
    enum kind kind;
    double value; /* CONSTANT */
    double degree;
};

struct reading {
    struct formula_form *out;
    const struct dictionary *dictionary;
    struct part stack[EXPRESSION_STACK_MAX + 1];
    size_t top;
    size_t shifted; /* log() or sqrt() of a SHIFTED, so far */
};

static enum status fail(struct reading *reading, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static enum status fail(struct reading *reading, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    vsnprintf(reading->out->why, sizeof reading->out->why, format, list);
    va_end(list);
    return STATUS_MALFORMED;
}

/* Products of numbers with two values would be any "and", "or" and "not". */
static enum status take_variable(struct reading *reading, size_t index)
{
    const struct variable *variable = &reading->dictionary->variables[index];
    reading->stack[++reading->top] =
        (struct part){.kind = PRODUCT, .degree = 1};
    if ((int64_t)variable->max - variable->min > 1)
        return STATUS_OK;
    return fail(reading,
        "'%s' has two values, of which a formula makes no arithmetic: write it "
        "as a term, x:%s for its interaction with x, or derive a variable in "
        "the dictionary",
        variable->name, variable->name);
}

static struct part add(struct part a, struct part b)
{
    const bool shift = a.kind == CONSTANT || b.kind == CONSTANT;
    const struct part *x = a.kind == CONSTANT ? &b : &a;
    const bool line =
        x->kind == SHIFTED || (x->kind == PRODUCT && x->degree == 1);
    return (struct part){.kind = shift && line ? SHIFTED : OTHER,
        .degree = fmax(a.degree, b.degree)};
}

static struct part multiply(struct part a, struct part b)
{
    struct part out = {.kind = OTHER, .degree = a.degree + b.degree};
    if (a.kind == CONSTANT || b.kind == CONSTANT)
        out.kind = a.kind == CONSTANT ? b.kind : a.kind;
    else if (a.kind == PRODUCT && b.kind == PRODUCT)
        out.kind = PRODUCT;
    return out;
}

static enum status divide(
    struct reading *reading, struct part a, struct part b, struct part *out)
{
    *out = multiply(a, b);
    if (b.kind == CONSTANT || b.kind == PRODUCT)
        return STATUS_OK;
    return fail(reading,
        "a formula divides by a number or by variables, not by a sum of them; "
        "derive the variable in the dictionary");
}

static enum status raise(
    struct reading *reading, struct part a, struct part b, struct part *out)
{
    *out = (struct part){a.kind, .degree = a.degree * fabs(b.value)};
    if (b.kind != CONSTANT)
        return fail(reading,
            "an exponent in a formula is a number from -%d to %d; take log() "
            "of the other side, or derive the variable in the dictionary",
            FORMULA_DEGREE_MAX, FORMULA_DEGREE_MAX);
    if (a.kind == PRODUCT)
        return STATUS_OK;
    if (b.value == 1)
        return STATUS_OK;
    out->kind = OTHER;
    if (b.value == 2 || b.value == 3)
        return STATUS_OK;
    return fail(reading, "a power of a sum or of log() in a formula is 2 or 3");
}

static enum status take_two(struct reading *reading, enum step_kind kind)
{
    const struct part b = reading->stack[reading->top--];
    struct part *a = &reading->stack[reading->top];
    if (a->kind == CONSTANT && b.kind == CONSTANT) {
        a->value = expression_apply(kind, a->value, b.value);
        return STATUS_OK;
    }
    switch (kind) {
    case STEP_MULTIPLY: *a = multiply(*a, b); return STATUS_OK;
    case STEP_DIVIDE: return divide(reading, *a, b, a);
    case STEP_POWER: return raise(reading, *a, b, a);
    default: *a = add(*a, b); return STATUS_OK;
    }
}

/* log(x + 1) less log(x + 2) and so on would be any curve. */
static enum status take_curve(
    struct reading *reading, const char *name, bool is_root)
{
    struct part *a = &reading->stack[reading->top];
    if (a->kind == PRODUCT && is_root) {
        a->degree /= 2;
        return STATUS_OK;
    }
    if (a->kind == OTHER)
        return fail(reading,
            "%s() in a formula takes a variable, times and plus a number, or a "
            "product of variables; derive others in the dictionary",
            name);
    reading->shifted += a->kind == SHIFTED;
    *a = (struct part){.kind = OTHER, .degree = 1};
    return reading->shifted <= 1
               ? STATUS_OK
               : fail(reading,
                     "one log() or sqrt() of a variable plus a number: write "
                     "each as a term by itself");
}

static enum status take_one(struct reading *reading, enum step_kind kind)
{
    struct part *a = &reading->stack[reading->top];
    switch (kind) {
    case STEP_EXP:
        return fail(reading, "a formula has no exp(): take log() of the other "
                             "side, or derive the variable in the dictionary");
    case STEP_ABS:
        return fail(reading,
            "a formula has no abs(): take ns(x, 3) or I(x^2), or derive the "
            "variable in the dictionary");
    default: break;
    }
    if (a->kind == CONSTANT) {
        a->value = expression_apply(kind, a->value, 0);
        return STATUS_OK;
    }
    switch (kind) {
    case STEP_NEGATE: return STATUS_OK;
    case STEP_SQRT: return take_curve(reading, "sqrt", true);
    default: return take_curve(reading, "log", false);
    }
}

static enum status take(
    struct reading *reading, const struct expression_step *step)
{
    if (step->kind == STEP_VARIABLE)
        return take_variable(reading, step->variable);
    if (step->kind == STEP_CONSTANT) {
        reading->stack[++reading->top] =
            (struct part){.kind = CONSTANT, .value = step->constant};
        return STATUS_OK;
    }
    return expression_takes_two(step->kind) ? take_two(reading, step->kind)
                                            : take_one(reading, step->kind);
}

enum status formula_form_of(struct formula_form *out,
    const struct expression *expression, const struct dictionary *dictionary)
{
    struct reading reading = {.out = out, .dictionary = dictionary};
    *out = (struct formula_form){.degree = 1};
    if (expression->step_count == 1)
        return STATUS_OK;
    for (size_t i = 0; i < expression->step_count; i++) {
        out->step = i;
        enum status status = take(&reading, &expression->steps[i]);
        out->degree = reading.stack[reading.top].degree;
        if (status == STATUS_OK && out->degree > FORMULA_DEGREE_MAX)
            status = fail(&reading,
                "a formula has columns of a total degree of at most %d: x^%d, "
                "x*y*z; take ns(x, df) for more bends",
                FORMULA_DEGREE_MAX, FORMULA_DEGREE_MAX);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}
