#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "protocol/query/formula_form.h"
#include "protocol/query/formula_parser.h"
#include "protocol/query/habits.h"
#include "protocol/wire/defence.h"

static const struct {
    const char *name;
    enum step_kind kind;
} functions[] = {
    {"log", STEP_LOG},
    {"log2", STEP_LOG2},
    {"log10", STEP_LOG10},
    {"log1p", STEP_LOG1P},
    {"exp", STEP_EXP},
    {"sqrt", STEP_SQRT},
    {"abs", STEP_ABS},
};
#define FUNCTION_COUNT (sizeof functions / sizeof functions[0])

/* ---- words ---- */

static bool is_name_character(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '.';
}

static size_t number_size(const char *start)
{
    const char *at = start;
    while (isdigit((unsigned char)*at) || *at == '.')
        at++;
    if (*at == 'e' || *at == 'E') {
        const char *exponent = at + 1;
        if (*exponent == '-' || *exponent == '+')
            exponent++;
        while (isdigit((unsigned char)*exponent))
            at = ++exponent;
    }
    return (size_t)(at - start);
}

/* "[3]" behind the name of a vector; 0: there is none. */
static size_t element_size(const char *start)
{
    const size_t digits = *start == '[' ? strspn(start + 1, "0123456789") : 0;
    return digits > 0 && start[digits + 1] == ']' ? digits + 2 : 0;
}

void formula_advance(struct formula_parser *parser)
{
    const char *at = parser->at;
    while (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r')
        at++;
    struct word word = {.kind = WORD_BAD, .start = at, .size = 1};
    const size_t habit = habit_sign(HABIT_FORMULA, at);
    if (*at == '\0') {
        word = (struct word){.kind = WORD_END, .start = at};
    } else if (habit > 0) {
        word.size = habit;
    } else if (isalpha((unsigned char)*at)) {
        word.kind = WORD_NAME;
        while (is_name_character(at[word.size]))
            word.size++;
        word.size += element_size(at + word.size);
    } else if (isdigit((unsigned char)*at) ||
               (*at == '.' && isdigit((unsigned char)at[1]))) {
        word.kind = WORD_NUMBER;
        word.size = number_size(at);
    } else if (strchr("~+-*/:^(),=|", *at) != NULL) {
        word.kind = WORD_MARK;
    } else {
        /* a letter of several bytes is shown whole */
        while (((unsigned char)at[word.size] & 0xC0) == 0x80)
            word.size++;
    }
    parser->word = word;
    parser->at = at + word.size;
}

bool formula_word_is(const struct formula_parser *parser, const char *text)
{
    const struct word *word = &parser->word;
    return strlen(text) == word->size &&
           memcmp(word->start, text, word->size) == 0;
}

enum status formula_fail(struct formula_parser *parser, const char *where,
    enum status status, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    parser->error->offset = (size_t)(where - parser->text);
    vsnprintf(
        parser->error->message, sizeof parser->error->message, format, list);
    va_end(list);
    return status;
}

enum status formula_expected(struct formula_parser *parser, const char *what)
{
    const struct word *word = &parser->word;
    if (word->kind == WORD_END)
        return formula_fail(parser, word->start, STATUS_MALFORMED,
            "expected %s, found the end", what);
    char habit[HABIT_TEXT_MAX];
    if (parser->formula != NULL && word->kind == WORD_BAD &&
        habit_explain(habit, HABIT_FORMULA, word->start))
        return formula_fail(parser, word->start, STATUS_MALFORMED, "%s", habit);
    return formula_fail(parser, word->start, STATUS_MALFORMED,
        "expected %s, found '%.*s'", what, (int)word->size, word->start);
}

enum status formula_take(struct formula_parser *parser, const char *mark)
{
    char what[8];
    if (parser->word.kind == WORD_MARK && formula_word_is(parser, mark)) {
        formula_advance(parser);
        return STATUS_OK;
    }
    snprintf(what, sizeof what, "'%s'", mark);
    return formula_expected(parser, what);
}

bool formula_is_function(const struct word *word)
{
    for (size_t i = 0; i < FUNCTION_COUNT; i++) {
        if (strlen(functions[i].name) == word->size &&
            memcmp(functions[i].name, word->start, word->size) == 0)
            return true;
    }
    return false;
}

void formula_name_add(
    struct formula_parser *parser, const char *text, size_t size)
{
    size_t used = strlen(parser->name);
    size_t room = sizeof parser->name - 1 - used;
    memcpy(parser->name + used, text, size < room ? size : room);
    parser->name[used + (size < room ? size : room)] = '\0';
}

const char *formula_keep(struct formula_parser *parser, const char *text)
{
    size_t size = strlen(text) + 1;
    char *kept = arena_allocate(parser->arena, size);
    if (kept != NULL)
        memcpy(kept, text, size);
    return kept;
}

/* ---- names ---- */

enum status formula_variable(struct formula_parser *parser, size_t *variable)
{
    char message[DICTIONARY_MESSAGE_MAX];
    struct word word = parser->word;
    if (word.kind != WORD_NAME)
        return formula_expected(parser, "a variable");
    const struct view name = {(const uint8_t *)word.start, word.size};
    enum status status =
        dictionary_resolve(parser->dictionary, variable, message, name);
    if (status != STATUS_OK && word.start[word.size] == '$')
        return formula_fail(parser, word.start, status,
            "a variable's name stands alone, without '%.*s$'", (int)word.size,
            word.start);
    if (status != STATUS_OK)
        return formula_fail(parser, word.start, status, "%s", message);
    const struct variable *found = &parser->dictionary->variables[*variable];
    if (found->type == VARIABLE_VECTOR) {
        return formula_fail(parser, word.start, STATUS_MALFORMED,
            "'%s' is a vector; a formula takes its elements, %s[1] to %s[%zu]",
            found->name, found->name, found->name, found->length);
    }
    formula_advance(parser);
    return STATUS_OK;
}

/* ---- expressions, into postfix steps ---- */

static enum status parse_sum(struct formula_parser *parser);

static enum status emit(struct formula_parser *parser, const char *place,
    struct expression_step step, int values)
{
    if (parser->step_count == EXPRESSION_STEPS_MAX ||
        (values > 0 && parser->stack == EXPRESSION_STACK_MAX))
        return formula_fail(parser, parser->word.start, STATUS_LIMIT_REACHED,
            "an expression with too many parts");
    parser->stack += (size_t)values;
    parser->places[parser->step_count] = place;
    parser->steps[parser->step_count++] = step;
    return STATUS_OK;
}

static enum status emit_kind(struct formula_parser *parser, const char *place,
    enum step_kind kind, int values)
{
    return emit(parser, place, (struct expression_step){.kind = kind}, values);
}

static enum status parse_number(struct formula_parser *parser)
{
    struct word word = parser->word;
    struct decimal value;
    if (decimal_parse(&value, word.start, word.size) != STATUS_OK)
        return formula_expected(parser, "a number");
    formula_name_add(parser, word.start, word.size);
    formula_advance(parser);
    return emit(parser, word.start,
        (struct expression_step){
            .kind = STEP_CONSTANT, .constant = decimal_multiple(1, value)},
        1);
}

static enum status parse_name(struct formula_parser *parser)
{
    struct word word = parser->word;
    size_t variable = 0;
    enum status status = formula_variable(parser, &variable);
    if (status != STATUS_OK)
        return status;
    if (parser->dictionary->variables[variable].type == VARIABLE_CATEGORY) {
        return formula_fail(parser, word.start, STATUS_MALFORMED,
            "'%.*s' has categories; arithmetic takes a number", (int)word.size,
            word.start);
    }
    formula_name_add(parser, word.start, word.size);
    return emit(parser, word.start,
        (struct expression_step){.kind = STEP_VARIABLE, .variable = variable},
        1);
}

/* NOLINTBEGIN(misc-no-recursion): FORMULA_DEPTH_MAX at most */

static enum status parse_parentheses(struct formula_parser *parser)
{
    enum status status = formula_take(parser, "(");
    if (status == STATUS_OK && ++parser->depth > FORMULA_DEPTH_MAX)
        status = formula_fail(parser, parser->word.start, STATUS_LIMIT_REACHED,
            "parentheses nested too deeply");
    if (status != STATUS_OK)
        return status;
    formula_name_add(parser, "(", 1);
    status = parse_sum(parser);
    if (status == STATUS_OK)
        status = formula_take(parser, ")");
    formula_name_add(parser, ")", 1);
    parser->depth--;
    return status;
}

static enum status parse_base(struct formula_parser *parser)
{
    struct word word = parser->word;
    if (word.kind == WORD_NUMBER)
        return parse_number(parser);
    if (word.kind == WORD_MARK && *word.start == '(')
        return parse_parentheses(parser);
    bool called = word.kind == WORD_NAME && *parser->at == '(';
    if (!called)
        return parse_name(parser);
    if (!formula_is_function(&word) && !formula_word_is(parser, "I"))
        return formula_expected(
            parser, parser->formula == NULL
                        ? "log, log2, log10, log1p, exp, sqrt, abs or I"
                        : "log, log2, log10, log1p, sqrt or I");
    if (parser->formula != NULL && parser->nested &&
        formula_word_is(parser, "I"))
        return formula_fail(parser, word.start, STATUS_MALFORMED,
            "one I() around an expression; write parentheses inside it");
    formula_name_add(parser, word.start, word.size);
    formula_advance(parser);
    const bool outer = parser->nested;
    parser->nested = true;
    enum status status = parse_parentheses(parser);
    parser->nested = outer;
    for (size_t i = 0; status == STATUS_OK && i < FUNCTION_COUNT; i++) {
        if (strlen(functions[i].name) == word.size &&
            memcmp(functions[i].name, word.start, word.size) == 0)
            status = emit_kind(parser, word.start, functions[i].kind, 0);
    }
    return status;
}

/* "^" binds tighter than the sign before it and groups to the right. */
static enum status parse_signed(struct formula_parser *parser)
{
    if (++parser->depth > FORMULA_DEPTH_MAX)
        return formula_fail(parser, parser->word.start, STATUS_LIMIT_REACHED,
            "an expression nested too deeply");
    struct word word = parser->word;
    bool negative = formula_word_is(parser, "-");
    enum status status;
    if (negative) {
        formula_name_add(parser, "-", 1);
        formula_advance(parser);
        status = parse_signed(parser);
        if (status == STATUS_OK)
            status = emit_kind(parser, word.start, STEP_NEGATE, 0);
    } else {
        status = parse_base(parser);
    }
    if (status == STATUS_OK && !negative && formula_word_is(parser, "^")) {
        word = parser->word;
        formula_name_add(parser, "^", 1);
        formula_advance(parser);
        status = parse_signed(parser);
        if (status == STATUS_OK)
            status = emit_kind(parser, word.start, STEP_POWER, -1);
    }
    parser->depth--;
    return status;
}

static enum status parse_product(struct formula_parser *parser)
{
    enum status status = parse_signed(parser);
    while (status == STATUS_OK &&
           (formula_word_is(parser, "*") || formula_word_is(parser, "/"))) {
        const char *place = parser->word.start;
        bool divide = *place == '/';
        if (divide)
            formula_name_add(parser, "/", 1);
        else
            formula_name_add(parser, " * ", 3);
        formula_advance(parser);
        status = parse_signed(parser);
        if (status == STATUS_OK)
            status = emit_kind(
                parser, place, divide ? STEP_DIVIDE : STEP_MULTIPLY, -1);
    }
    return status;
}

static enum status parse_sum(struct formula_parser *parser)
{
    enum status status = parse_product(parser);
    while (status == STATUS_OK &&
           (formula_word_is(parser, "+") || formula_word_is(parser, "-"))) {
        const char *place = parser->word.start;
        bool subtract = *place == '-';
        formula_name_add(parser, subtract ? " - " : " + ", 3);
        formula_advance(parser);
        status = parse_product(parser);
        if (status == STATUS_OK)
            status = emit_kind(
                parser, place, subtract ? STEP_SUBTRACT : STEP_ADD, -1);
    }
    return status;
}

/* NOLINTEND(misc-no-recursion) */

/* What was read, out of the parser. */
static enum status keep_steps(
    struct formula_parser *parser, struct expression *out)
{
    size_t size = parser->step_count * sizeof *parser->steps;
    struct expression_step *steps = arena_allocate(parser->arena, size);
    if (steps == NULL)
        return STATUS_NO_MEMORY;
    memcpy(steps, parser->steps, size);
    *out = (struct expression){parser->step_count, steps};
    return STATUS_OK;
}

/* Arithmetic that a formula may hold (formula_form.h). */
static enum status check_form(
    struct formula_parser *parser, struct formula_atom *atom)
{
    struct formula_form form;
    enum status status =
        formula_form_of(&form, &atom->expression, parser->dictionary);
    atom->degree = form.degree;
    return status == STATUS_OK || !DEFENCE("plain-formulas")
               ? STATUS_OK
               : formula_fail(
                     parser, parser->places[form.step], status, "%s", form.why);
}

enum status formula_expression(
    struct formula_parser *parser, struct formula_atom *atom, bool call_only)
{
    parser->step_count = 0;
    parser->stack = 0;
    enum status status = call_only ? parse_base(parser) : parse_sum(parser);
    if (status == STATUS_OK)
        status = keep_steps(parser, &atom->expression);
    if (status == STATUS_OK)
        status = check_form(parser, atom);
    if (status != STATUS_OK)
        return status;
    atom->kind = ATOM_NUMBER;
    atom->plain =
        parser->step_count == 1 && parser->steps[0].kind == STEP_VARIABLE;
    if (atom->plain)
        atom->variable = parser->steps[0].variable;
    return STATUS_OK;
}

enum status expression_parse(struct expression *out, const char *text,
    const struct dictionary *dictionary, struct arena *arena,
    struct formula_error *error)
{
    struct formula_parser parser = {.text = text,
        .at = text,
        .dictionary = dictionary,
        .arena = arena,
        .error = error};
    formula_advance(&parser);
    enum status status = parse_sum(&parser);
    if (status == STATUS_OK && parser.word.kind != WORD_END)
        status = formula_expected(&parser, "an operator or the end");
    return status == STATUS_OK ? keep_steps(&parser, out) : status;
}
