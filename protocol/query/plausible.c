#include "protocol/query/plausible.h"

#include <math.h>
#include <string.h>

#define TEXT_MAX 1024
#define NEAR 1e-9

struct comparison_word {
    const char *word;
    bool less, equal, greater;
};

/* The longer ones first. */
static const struct comparison_word words[] = {
    {"<=", true, true, false},
    {">=", false, true, true},
    {"==", false, true, false},
    {"!=", true, false, true},
    {"<", true, false, false},
    {">", false, false, true},
};
#define WORD_COUNT (sizeof words / sizeof words[0])

/* One rule being read. */
struct reading {
    const struct dictionary *dictionary;
    const struct field *field;
    struct arena *arena;
    struct diagnostic *diagnostic;
};

/* What stands at the first of these characters; NULL when it is no word. */
static const struct comparison_word *word_at(const char *at)
{
    for (size_t i = 0; i < WORD_COUNT; i++) {
        if (strncmp(at, words[i].word, strlen(words[i].word)) == 0)
            return &words[i];
    }
    return NULL;
}

/* text: from `offset` on of what the field holds. */
static enum status read_side(struct expression *out, const struct reading *from,
    const char *text, size_t offset)
{
    struct formula_error error;
    enum status status =
        expression_parse(out, text, from->dictionary, from->arena, &error);
    if (status != STATUS_OK && status != STATUS_NO_MEMORY)
        field_fail_inside(from->field, offset + error.offset, from->diagnostic,
            "%s", error.message);
    return status;
}

static void note_variable(void *arg, size_t variable)
{
    struct plausible_rule *rule = arg;
    if (plausible_reads(rule, variable))
        return;
    if (rule->variable_count < PLAUSIBLE_VARIABLES_MAX)
        rule->variables[rule->variable_count] = variable;
    rule->variable_count++;
}

static enum status read_rule(struct plausible_rule *rule,
    const struct dictionary *dictionary, const struct field *field,
    struct arena *arena, struct diagnostic *diagnostic)
{
    const struct reading from = {dictionary, field, arena, diagnostic};
    enum status status = field_text(field, &rule->text, TEXT_MAX, diagnostic);
    if (status != STATUS_OK)
        return status;
    const size_t at = strcspn(rule->text, "<>=!");
    const struct comparison_word *word = word_at(rule->text + at);
    if (word == NULL)
        return field_fail_inside(field, at, diagnostic,
            "expected one of < <= > >= == != between two expressions");
    char *left = arena_allocate(arena, at + 1);
    if (left == NULL)
        return STATUS_NO_MEMORY;
    memcpy(left, rule->text, at);
    const size_t behind = at + strlen(word->word);
    rule->less = word->less;
    rule->equal = word->equal;
    rule->greater = word->greater;
    status = read_side(&rule->left, &from, left, 0);
    if (status == STATUS_OK)
        status = read_side(&rule->right, &from, rule->text + behind, behind);
    if (status != STATUS_OK)
        return status;
    expression_visit_variables(&rule->left, note_variable, rule);
    expression_visit_variables(&rule->right, note_variable, rule);
    if (rule->variable_count == 0 ||
        rule->variable_count > PLAUSIBLE_VARIABLES_MAX)
        return field_fail(field, diagnostic,
            "a rule is about 1 to %d variables", PLAUSIBLE_VARIABLES_MAX);
    return STATUS_OK;
}

enum status plausible_parse(const struct plausible_rule **rules, size_t *count,
    const struct dictionary *dictionary, const struct field *list,
    struct arena *arena, struct diagnostic *diagnostic)
{
    enum status status =
        field_array(list, count, PLAUSIBLE_RULES_MAX, diagnostic);
    if (status != STATUS_OK)
        return status;
    struct plausible_rule *read =
        arena_allocate(arena, (*count + 1) * sizeof *read);
    if (read == NULL)
        return STATUS_NO_MEMORY;
    *rules = read;
    for (size_t i = 0; status == STATUS_OK && i < *count; i++) {
        struct field item = field_item(list, i);
        status = read_rule(&read[i], dictionary, &item, arena, diagnostic);
    }
    return status;
}

bool plausible_is_broken(const struct plausible_rule *rule,
    const struct dictionary *dictionary, const int32_t *codes)
{
    const double left = expression_value(&rule->left, dictionary, codes);
    const double right = expression_value(&rule->right, dictionary, codes);
    if (isnan(left) || isnan(right))
        return false;
    if (fabs(left - right) <= NEAR * fmax(fabs(left), fabs(right)))
        return !rule->equal;
    return left < right ? !rule->less : !rule->greater;
}

bool plausible_reads(const struct plausible_rule *rule, size_t variable)
{
    for (size_t i = 0; i < rule->variable_count && i < PLAUSIBLE_VARIABLES_MAX;
         i++) {
        if (rule->variables[i] == variable)
            return true;
    }
    return false;
}
