#include "coordinator/client/result_formula.h"

#include <stdio.h>
#include <string.h>

#include "coordinator/client/result_rows.h"

size_t formula_piece(const char *text, char end)
{
    size_t at = 0;
    int depth = 0;
    for (; text[at] != '\0'; at++) {
        if (text[at] == end && depth <= 0)
            break;
        depth += text[at] == '(' || text[at] == '[';
        depth -= text[at] == ')' || text[at] == ']';
    }
    return at;
}

static const char *formula_of(const json_t *entry)
{
    return result_string(json_object_get(entry, "parameters"), "formula");
}

void formula_copy(char *out, size_t capacity, const char *text, size_t size)
{
    while (size > 0 && *text == ' ') {
        text++;
        size--;
    }
    while (size > 0 && text[size - 1] == ' ')
        size--;
    snprintf(out, capacity, "%.*s", (int)size, text);
}

void formula_response(const json_t *entry, char *out, size_t capacity)
{
    const char *text = formula_of(entry);
    const size_t size = strcspn(text, "~");
    formula_copy(out, capacity, text, text[size] == '~' ? size : 0);
}

void formula_right(const json_t *entry, char *out, size_t capacity)
{
    const char *right = strchr(formula_of(entry), '~');
    formula_copy(out, capacity, right == NULL ? "" : right + 1,
        right == NULL ? 0 : strlen(right + 1));
}

/* What stands in name(...), which begins at text. */
static void inside(
    char *out, size_t capacity, const char *text, const char *name)
{
    const char *from = text + strlen(name) + 1;
    formula_copy(out, capacity, from, formula_piece(from, ')'));
}

void formula_event(const json_t *entry, char *out, size_t capacity)
{
    formula_response(entry, out, capacity);
    if (strncmp(out, "Surv(", 5) != 0)
        return;
    char arguments[256];
    inside(arguments, sizeof arguments, out, "Surv");
    const char *comma = strrchr(arguments, ',');
    const char *event = comma == NULL ? arguments : comma + 1;
    formula_copy(out, capacity, event, strlen(event));
}

void formula_group(const json_t *entry, char *out, size_t capacity)
{
    formula_right(entry, out, capacity);
    if (strncmp(out, "factor(", 7) == 0) {
        char name[256];
        inside(name, sizeof name, out, "factor");
        snprintf(out, capacity, "%s", name);
    }
    if (strcmp(out, "1") == 0)
        *out = '\0';
}

void formula_strata(const json_t *entry, char *out, size_t capacity)
{
    const char *strata = strstr(formula_of(entry), "strata(");
    *out = '\0';
    if (strata != NULL)
        inside(out, capacity, strata, "strata");
}
