#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/query/cohort.h"
#include "protocol/query/derivation_parse.h"

#define STEPS_MAX 128
#define SOURCES_MAX 64

enum step_kind {
    STEP_NUMBER,
    STEP_VARIABLE,
    STEP_ADD,
    STEP_SUBTRACT,
    STEP_MULTIPLY,
    STEP_DIVIDE,
    STEP_POWER,
    STEP_NEGATE,
    STEP_SQRT,
    STEP_LOG,
    STEP_EXP
};

struct step { /* of a program in postfix order */
    enum step_kind kind;
    double number;
    size_t variable;
};

struct derivation {
    struct cohort *cohort; /* a boolean's; else steps */
    size_t step_count;
    struct step *steps;
    size_t source_count;
    size_t sources[SOURCES_MAX];
};

struct reader {
    const char *text, *at;
    const struct dictionary *dictionary;
    const struct field *field;
    struct diagnostic *diagnostic;
    struct derivation *derivation;
    struct step steps[STEPS_MAX];
    size_t step_count, depth;
};

static enum status read_sum(struct reader *reader);

static enum status complain(struct reader *reader, const char *message)
{
    return field_fail_inside(reader->field, (size_t)(reader->at - reader->text),
        reader->diagnostic, "%s", message);
}

static char peek(struct reader *reader)
{
    while (*reader->at == ' ' || *reader->at == '\t')
        reader->at++;
    return *reader->at;
}

static enum status emit(struct reader *reader, struct step step)
{
    if (reader->step_count == STEPS_MAX)
        return complain(reader, "a longer formula than allowed");
    reader->steps[reader->step_count++] = step;
    return STATUS_OK;
}

static void add_source(void *arg, size_t variable)
{
    struct derivation *derivation = arg;
    for (size_t i = 0; i < derivation->source_count; i++) {
        if (derivation->sources[i] == variable)
            return;
    }
    if (derivation->source_count < SOURCES_MAX)
        derivation->sources[derivation->source_count++] = variable;
}

static enum status read_number(struct reader *reader)
{
    char *end;
    double value = strtod(reader->at, &end);
    if (end == reader->at)
        return complain(reader, "expected a number, a variable or '('");
    reader->at = end;
    return emit(reader, (struct step){.kind = STEP_NUMBER, .number = value});
}

static enum status read_group(struct reader *reader)
{
    if (++reader->depth > COHORT_DEPTH_MAX)
        return complain(reader, "parentheses too deep");
    reader->at++;
    enum status status = read_sum(reader);
    if (status == STATUS_OK && peek(reader) != ')')
        status = complain(reader, "expected ')'");
    if (status == STATUS_OK)
        reader->at++;
    reader->depth--;
    return status;
}

static enum status read_word(struct reader *reader)
{
    static const struct {
        const char *name;
        enum step_kind kind;
    } functions[] = {{"sqrt", STEP_SQRT}, {"log", STEP_LOG}, {"exp", STEP_EXP}};
    char name[VARIABLE_NAME_MAX + 1];
    size_t size = 0, variable;
    while (isalnum((unsigned char)reader->at[size]) || reader->at[size] == '_')
        size++;
    if (size > VARIABLE_NAME_MAX)
        return complain(reader, "no variable has so long a name");
    memcpy(name, reader->at, size);
    name[size] = '\0';
    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++) {
        if (strcmp(name, functions[i].name) != 0 || reader->at[size] != '(')
            continue;
        reader->at += size;
        enum status status = read_group(reader);
        return status == STATUS_OK
                   ? emit(reader, (struct step){.kind = functions[i].kind})
                   : status;
    }
    if (!dictionary_find(reader->dictionary, name, &variable))
        return complain(reader, "no variable of this name in the dictionary");
    enum variable_type type = reader->dictionary->variables[variable].type;
    if (type == VARIABLE_CATEGORY || type == VARIABLE_VECTOR)
        return complain(reader, "a formula takes numbers only");
    add_source(reader->derivation, variable);
    reader->at += size;
    return emit(
        reader, (struct step){.kind = STEP_VARIABLE, .variable = variable});
}

static enum status read_factor(struct reader *reader)
{
    char next = peek(reader);
    enum status status;
    if (next == '-') {
        if (++reader->depth > COHORT_DEPTH_MAX)
            return complain(reader, "too many signs");
        reader->at++;
        status = read_factor(reader);
        reader->depth--;
        return status == STATUS_OK
                   ? emit(reader, (struct step){.kind = STEP_NEGATE})
                   : status;
    }
    if (next == '(')
        status = read_group(reader);
    else if (isalpha((unsigned char)next))
        status = read_word(reader);
    else
        status = read_number(reader);
    if (status == STATUS_OK && peek(reader) == '^') {
        if (++reader->depth > COHORT_DEPTH_MAX)
            return complain(reader, "too many powers");
        reader->at++;
        status = read_factor(reader);
        reader->depth--;
        if (status == STATUS_OK)
            status = emit(reader, (struct step){.kind = STEP_POWER});
    }
    return status;
}

static enum status read_product(struct reader *reader)
{
    enum status status = read_factor(reader);
    while (status == STATUS_OK && (peek(reader) == '*' || *reader->at == '/')) {
        enum step_kind kind =
            *reader->at++ == '*' ? STEP_MULTIPLY : STEP_DIVIDE;
        status = read_factor(reader);
        if (status == STATUS_OK)
            status = emit(reader, (struct step){.kind = kind});
    }
    return status;
}

static enum status read_sum(struct reader *reader)
{
    enum status status = read_product(reader);
    while (status == STATUS_OK && (peek(reader) == '+' || *reader->at == '-')) {
        enum step_kind kind = *reader->at++ == '+' ? STEP_ADD : STEP_SUBTRACT;
        status = read_product(reader);
        if (status == STATUS_OK)
            status = emit(reader, (struct step){.kind = kind});
    }
    return status;
}

static enum status parse_formula(struct reader *reader, struct arena *arena)
{
    enum status status = read_sum(reader);
    if (status == STATUS_OK && peek(reader) != '\0')
        status = complain(reader, "expected an operator or the end");
    if (status != STATUS_OK)
        return status;
    struct derivation *derivation = reader->derivation;
    derivation->steps =
        arena_allocate(arena, reader->step_count * sizeof(struct step));
    if (derivation->steps == NULL)
        return STATUS_NO_MEMORY;
    memcpy(derivation->steps, reader->steps,
        reader->step_count * sizeof(struct step));
    derivation->step_count = reader->step_count;
    return STATUS_OK;
}

enum status derivation_parse(const struct derivation **out,
    const struct dictionary *dictionary, size_t variable,
    const struct field *field, struct arena *arena,
    struct diagnostic *diagnostic)
{
    const char *text;
    enum status status = field_text(field, &text, COHORT_TEXT_MAX, diagnostic);
    if (status != STATUS_OK)
        return status;
    struct derivation *derivation = arena_allocate(arena, sizeof *derivation);
    if (derivation == NULL)
        return STATUS_NO_MEMORY;
    *out = derivation;
    enum variable_type type = dictionary->variables[variable].type;
    if (type == VARIABLE_BOOLEAN) {
        struct cohort_error error;
        status = cohort_parse(&derivation->cohort, text, dictionary, &error);
        if (status != STATUS_OK)
            return field_fail_inside(
                field, error.offset, diagnostic, "%s", error.message);
        cohort_visit_variables(derivation->cohort, add_source, derivation);
        return STATUS_OK;
    }
    if (type == VARIABLE_CATEGORY || type == VARIABLE_VECTOR)
        return field_fail(
            field, diagnostic, "only a number or a boolean can be derived");
    struct reader reader = {.text = text,
        .at = text,
        .dictionary = dictionary,
        .field = field,
        .diagnostic = diagnostic,
        .derivation = derivation};
    return parse_formula(&reader, arena);
}

void derivation_release(const struct derivation *derivation)
{
    if (derivation != NULL)
        cohort_destroy(derivation->cohort);
}

/* ---- cycles ---- */

enum mark { MARK_NEW, MARK_OPEN, MARK_DONE };

static bool has_cycle(
    const struct dictionary *dictionary, size_t variable, uint8_t *marks)
{
    const struct derivation *derivation =
        dictionary->variables[variable].derived;
    if (marks[variable] != MARK_NEW || derivation == NULL)
        return marks[variable] == MARK_OPEN;
    marks[variable] = MARK_OPEN;
    for (size_t i = 0; i < derivation->source_count; i++) {
        if (has_cycle(dictionary, derivation->sources[i], marks))
            return true;
    }
    marks[variable] = MARK_DONE;
    return false;
}

enum status derivation_check_cycles(const struct dictionary *dictionary,
    const struct field *list, struct diagnostic *diagnostic)
{
    uint8_t marks[DICTIONARY_VARIABLES_MAX] = {0};
    for (size_t i = 0; i < dictionary->variable_count; i++) {
        if (!has_cycle(dictionary, i, marks))
            continue;
        struct field item = field_item(list, i);
        return field_fail(&item, diagnostic, "'%s' is derived from itself",
            dictionary->variables[i].name);
    }
    return STATUS_OK;
}

/* ---- a row ---- */

static double apply_two(enum step_kind kind, double a, double b)
{
    switch (kind) {
    case STEP_ADD: return a + b;
    case STEP_SUBTRACT: return a - b;
    case STEP_MULTIPLY: return a * b;
    case STEP_DIVIDE: return a / b;
    default: return pow(a, b);
    }
}

static double apply_one(enum step_kind kind, double a)
{
    switch (kind) {
    case STEP_NEGATE: return -a;
    case STEP_SQRT: return sqrt(a);
    case STEP_LOG: return log(a);
    default: return exp(a);
    }
}

static double run_steps(const struct dictionary *dictionary,
    const struct derivation *derivation, const int32_t *codes)
{
    double stack[STEPS_MAX];
    size_t top = 0;
    for (size_t i = 0; i < derivation->step_count; i++) {
        const struct step *step = &derivation->steps[i];
        if (step->kind == STEP_NUMBER) {
            stack[top++] = step->number;
        } else if (step->kind == STEP_VARIABLE) {
            stack[top++] = variable_value(
                &dictionary->variables[step->variable], codes[step->variable]);
        } else if (step->kind <= STEP_POWER) {
            top--;
            stack[top - 1] = apply_two(step->kind, stack[top - 1], stack[top]);
        } else {
            stack[top - 1] = apply_one(step->kind, stack[top - 1]);
        }
    }
    return stack[0];
}

/* Rounded half away from zero, as on import; missing when out of range. */
static int32_t number_code(const struct variable *variable, double value)
{
    double step = variable_value(variable, 1);
    double code = round(value / step);
    if (!isfinite(code) || code < (double)variable->min ||
        code > (double)variable->max)
        return VALUE_MISSING;
    return (int32_t)code;
}

static void derive(const struct dictionary *dictionary, size_t index,
    int32_t *codes, uint8_t *done)
{
    const struct variable *variable = &dictionary->variables[index];
    const struct derivation *derivation = variable->derived;
    if (derivation == NULL || done[index] || codes[index] != VALUE_MISSING)
        return;
    done[index] = 1;
    bool any_missing = false;
    for (size_t i = 0; i < derivation->source_count; i++) {
        derive(dictionary, derivation->sources[i], codes, done);
        if (codes[derivation->sources[i]] == VALUE_MISSING)
            any_missing = true;
    }
    if (any_missing)
        return;
    codes[index] =
        derivation->cohort != NULL
            ? cohort_contains(derivation->cohort, codes)
            : number_code(variable, run_steps(dictionary, derivation, codes));
}

void dictionary_derive_row(const struct dictionary *dictionary, int32_t *codes)
{
    uint8_t done[DICTIONARY_VARIABLES_MAX] = {0};
    for (size_t i = 0; i < dictionary->variable_count; i++)
        derive(dictionary, i, codes, done);
}

bool dictionary_has_derived(const struct dictionary *dictionary)
{
    for (size_t i = 0; i < dictionary->variable_count; i++) {
        if (dictionary->variables[i].derived != NULL)
            return true;
    }
    return false;
}
