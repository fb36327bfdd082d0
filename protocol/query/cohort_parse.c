#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/query/arena.h"
#include "protocol/query/cohort_parser.h"
#include "protocol/query/habits.h"
#include "protocol/query/terms.h"

static enum status parse_or(
    struct cohort_parser *parser, bool negate, const struct cohort_node **out);

enum status cohort_fail(struct cohort_parser *parser, const char *where,
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

void cohort_advance(struct cohort_parser *parser)
{
    parser->token = lexer_next(&parser->at);
}

/* Says what to write instead of what stands there, if it is a known habit. */
bool cohort_says_habit(struct cohort_parser *parser, const struct token *token)
{
    char habit[HABIT_TEXT_MAX];
    if (!habit_explain(habit, HABIT_COHORT, token->start))
        return false;
    cohort_fail(parser, token->start, STATUS_MALFORMED, "%s", habit);
    return true;
}

enum status cohort_expected(struct cohort_parser *parser, const char *what)
{
    const struct token *token = &parser->token;
    if (token->kind == TOKEN_END)
        return cohort_fail(parser, token->start, STATUS_MALFORMED,
            "expected %s, found the end", what);
    if (token->kind == TOKEN_BAD &&
        (*token->start == '\'' || *token->start == '"'))
        return cohort_fail(parser, token->start, STATUS_MALFORMED,
            "a quote that is not closed");
    if (cohort_says_habit(parser, token))
        return STATUS_MALFORMED;
    return cohort_fail(parser, token->start, STATUS_MALFORMED,
        "expected %s, found '%.*s'", what, (int)token->size, token->start);
}

/* ---- nodes ---- */

enum status cohort_add_node(struct cohort_parser *parser,
    const struct cohort_node *made, const struct cohort_node **out)
{
    if (++parser->node_count > COHORT_NODES_MAX)
        return cohort_fail(parser, parser->token.start, STATUS_LIMIT_REACHED,
            "an expression of more than %d parts", COHORT_NODES_MAX);
    struct cohort_node *node = arena_allocate(parser->arena, sizeof *node);
    if (node == NULL)
        return STATUS_NO_MEMORY;
    *node = *made;
    *out = node;
    return STATUS_OK;
}

static enum status new_group(struct cohort_parser *parser,
    enum cohort_node_kind kind, const struct cohort_node *const *children,
    size_t count, const char *where, const struct cohort_node **out)
{
    if (count == 1) {
        *out = children[0];
        return STATUS_OK;
    }
    const struct cohort_node **kept =
        /* NOLINTNEXTLINE(bugprone-sizeof-expression): an array of pointers */
        arena_allocate(parser->arena, count * sizeof *kept);
    if (kept == NULL)
        return STATUS_NO_MEMORY;
    /* NOLINTNEXTLINE(bugprone-sizeof-expression): an array of pointers */
    memcpy(kept, children, count * sizeof *kept);
    struct cohort_node group = {.kind = kind,
        .offset = (size_t)(where - parser->text),
        .child_count = count,
        .children = kept};
    return cohort_add_node(parser, &group, out);
}

/* ---- what a study derives ---- */

static bool finds_derived(const struct cohort_parser *parser, size_t *place)
{
    const struct terms *terms = parser->dictionary->terms;
    const struct token *token = &parser->token;
    for (size_t i = 0; !parser->inside && terms != NULL &&
                       token->kind == TOKEN_WORD && i < terms->derived_count;
         i++) {
        const char *name = terms->derived[i].name;
        *place = i;
        if (strlen(name) == token->size &&
            strncmp(name, token->start, token->size) == 0)
            return true;
    }
    return false;
}

/* Its text as a node of its own, that knows what it stands for. */
static enum status parse_derived(struct cohort_parser *parser, size_t place,
    bool negate, const struct cohort_node **out)
{
    const struct derived_variable *derived =
        &parser->dictionary->terms->derived[place];
    const char *where = parser->token.start;
    struct cohort_parser within = {.text = derived->where,
        .at = derived->where,
        .dictionary = parser->dictionary,
        .arena = parser->arena,
        .node_count = parser->node_count,
        .inside = true,
        .error = parser->error};
    const struct cohort_node *root = NULL;
    cohort_advance(parser);
    if (parser->token.kind == TOKEN_COMPARE || token_is(&parser->token, "is") ||
        token_is(&parser->token, "in") || token_is(&parser->token, "between"))
        return cohort_fail(parser, parser->token.start, STATUS_MALFORMED,
            "'%s' holds or it does not: write '%s' or 'not %s'", derived->name,
            derived->name, derived->name);
    cohort_advance(&within);
    enum status status = parse_or(&within, negate, &root);
    if (status == STATUS_OK && within.token.kind != TOKEN_END)
        status = cohort_expected(&within, "'and', 'or' or the end");
    if (status != STATUS_OK) {
        parser->error->offset = (size_t)(where - parser->text);
        return status;
    }
    struct cohort_node node = *root;
    node.derived = place + 1;
    node.negated = negate;
    node.offset = (size_t)(where - parser->text);
    parser->node_count = within.node_count;
    return cohort_add_node(parser, &node, out);
}

static enum status parse_not(
    struct cohort_parser *parser, bool negate, const struct cohort_node **out)
{
    enum status status;
    const char *where = parser->token.start;
    size_t variable;
    while (token_is(&parser->token, "not")) {
        negate = !negate;
        cohort_advance(parser);
    }
    if (parser->token.kind == TOKEN_OPEN) {
        if (++parser->depth > COHORT_DEPTH_MAX)
            return cohort_fail(parser, where, STATUS_LIMIT_REACHED,
                "parentheses deeper than %d", COHORT_DEPTH_MAX);
        cohort_advance(parser);
        status = parse_or(parser, negate, out);
        if (status != STATUS_OK)
            return status;
        if (parser->token.kind != TOKEN_CLOSE)
            return cohort_expected(parser, "'and', 'or' or ')'");
        parser->depth--;
        cohort_advance(parser);
        return STATUS_OK;
    }
    parser->test_start = parser->token.start;
    if (parser->token.kind == TOKEN_NUMBER || parser->token.kind == TOKEN_TEXT)
        return cohort_mirrored_test(parser, negate, out);
    size_t derived = 0;
    if (finds_derived(parser, &derived))
        return parse_derived(parser, derived, negate, out);
    where = parser->token.start;
    status = cohort_name(parser, &variable);
    return status == STATUS_OK
               ? cohort_test(parser, variable, where, negate, out)
               : status;
}

typedef enum status parse_operand(
    struct cohort_parser *parser, bool negate, const struct cohort_node **out);

/* operand (word operand)*; under a "not" the other connective (De Morgan). */
static enum status parse_chain(struct cohort_parser *parser, bool negate,
    const char *word, parse_operand *operand, const struct cohort_node **out)
{
    const struct cohort_node *children[COHORT_NODES_MAX];
    size_t count = 0;
    const char *where = parser->text; /* of the first word */
    bool conjunction = (strcmp(word, "and") == 0) != negate;
    for (;;) {
        if (count == COHORT_NODES_MAX)
            return cohort_fail(parser, parser->token.start,
                STATUS_LIMIT_REACHED, "an expression of more than %d parts",
                COHORT_NODES_MAX);
        children[count] = NULL;
        enum status status = operand(parser, negate, &children[count++]);
        if (status != STATUS_OK)
            return status;
        if (!token_is(&parser->token, word))
            break;
        if (count == 1)
            where = parser->token.start;
        cohort_advance(parser);
    }
    return new_group(parser, conjunction ? COHORT_AND : COHORT_OR, children,
        count, where, out);
}

static enum status parse_and(
    struct cohort_parser *parser, bool negate, const struct cohort_node **out)
{
    return parse_chain(parser, negate, "and", parse_not, out);
}

static enum status parse_or(
    struct cohort_parser *parser, bool negate, const struct cohort_node **out)
{
    return parse_chain(parser, negate, "or", parse_and, out);
}

static enum status parse_expression(
    struct cohort_parser *parser, const struct cohort_node **out)
{
    cohort_advance(parser);
    if (parser->token.kind == TOKEN_END)
        return STATUS_OK; /* everybody */
    enum status status = parse_or(parser, false, out);
    if (status == STATUS_OK && parser->token.kind != TOKEN_END)
        status = cohort_expected(parser, "'and', 'or' or the end");
    return status;
}

enum status cohort_parse(struct cohort **out, const char *text,
    const struct dictionary *dictionary, struct cohort_error *error)
{
    *out = NULL;
    memset(error, 0, sizeof *error);
    struct cohort *cohort = calloc(1, sizeof *cohort);
    struct arena *arena = calloc(1, sizeof *arena);
    if (cohort == NULL || arena == NULL) {
        free(cohort);
        free(arena);
        return STATUS_NO_MEMORY;
    }
    cohort->storage = arena;
    struct cohort_parser parser = {.text = text,
        .at = text,
        .dictionary = dictionary,
        .arena = arena,
        .error = error};
    enum status status =
        strlen(text) > COHORT_TEXT_MAX
            ? cohort_fail(&parser, text, STATUS_TOO_LARGE,
                  "an expression of more than %d bytes", COHORT_TEXT_MAX)
            : parse_expression(&parser, &cohort->root);
    if (status != STATUS_OK) {
        cohort_destroy(cohort);
        return status;
    }
    *out = cohort;
    return STATUS_OK;
}
