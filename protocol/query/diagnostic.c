#include "protocol/query/diagnostic.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void diagnostic_init(struct diagnostic *diagnostic, const char *file)
{
    memset(diagnostic, 0, sizeof *diagnostic);
    snprintf(diagnostic->file, sizeof diagnostic->file, "%s", file);
}

void diagnostic_set(struct diagnostic *diagnostic, size_t line, size_t column,
    const char *format, ...)
{
    if (diagnostic->message[0] != '\0')
        return;
    diagnostic->line = line;
    diagnostic->column = column;
    va_list list;
    va_start(list, format);
    vsnprintf(diagnostic->message, sizeof diagnostic->message, format, list);
    va_end(list);
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
