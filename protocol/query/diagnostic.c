#include "protocol/query/diagnostic.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void diagnostic_init(struct diagnostic *diagnostic, const char *file)
{
    memset(diagnostic, 0, sizeof *diagnostic);
    snprintf(diagnostic->file, sizeof diagnostic->file, "%s", file);
}

static void keep_finding(
    struct findings *findings, const struct diagnostic *said)
{
    if (findings->count++ >= FINDINGS_MAX)
        return;
    struct finding *kept = &findings->items[findings->count - 1];
    kept->line = said->line;
    kept->column = said->column;
    snprintf(kept->message, sizeof kept->message, "%.*s",
        (int)sizeof kept->message - 1, said->message);
}

void diagnostic_set(struct diagnostic *diagnostic, size_t line, size_t column,
    const char *format, ...)
{
    if (diagnostic->message[0] != '\0' && diagnostic->findings == NULL)
        return;
    struct diagnostic said = {.line = line, .column = column};
    va_list list;
    va_start(list, format);
    vsnprintf(said.message, sizeof said.message, format, list);
    va_end(list);
    if (diagnostic->findings != NULL)
        keep_finding(diagnostic->findings, &said);
    if (diagnostic->message[0] != '\0')
        return;
    diagnostic->line = line;
    diagnostic->column = column;
    memcpy(diagnostic->message, said.message, sizeof said.message);
}

static int by_place(const void *a, const void *b)
{
    const struct finding *left = a, *right = b;
    if (left->line != right->line)
        return left->line < right->line ? -1 : 1;
    if (left->column != right->column)
        return left->column < right->column ? -1 : 1;
    return strcmp(left->message, right->message);
}

void findings_sort(struct findings *findings)
{
    size_t kept = 0;
    const size_t count =
        findings->count < FINDINGS_MAX ? findings->count : FINDINGS_MAX;
    qsort(findings->items, count, sizeof findings->items[0], by_place);
    for (size_t i = 0; i < count; i++) {
        if (i == 0 ||
            by_place(&findings->items[i], &findings->items[kept - 1]) != 0)
            findings->items[kept++] = findings->items[i];
    }
    findings->count -= count - kept;
}

void diagnostic_text(
    char *out, size_t capacity, const struct diagnostic *diagnostic)
{
    char place[320] = "";
    if (diagnostic->file[0] != '\0' && diagnostic->line > 0) {
        snprintf(place, sizeof place, "%s:%zu:%zu: ", diagnostic->file,
            diagnostic->line, diagnostic->column);
    } else if (diagnostic->file[0] != '\0') {
        snprintf(place, sizeof place, "%s: ", diagnostic->file);
    }
    snprintf(out, capacity, "%s%s", place, diagnostic->message);
}
