#include "protocol/wire/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LINE_MAX_BYTES 1024

static _Atomic int most_detailed = LOG_INFO;
static const char *const level_names[] = {"error", "warn", "info", "debug"};

void log_set_level(enum log_level level)
{
    atomic_store(&most_detailed, (int)level);
}

void log_event(enum log_level level, const char *component, const char *event,
    const char *format, ...)
{
    if ((int)level > atomic_load(&most_detailed))
        return;
    char line[LINE_MAX_BYTES];
    int size = snprintf(line, sizeof line - 1, "%s %s %s", level_names[level],
        component, event);
    if (format != NULL && *format != '\0' && size < LINE_MAX_BYTES - 2) {
        line[size++] = ' ';
        va_list list;
        va_start(list, format);
        int more = vsnprintf(
            line + size, sizeof line - 1 - (size_t)size, format, list);
        va_end(list);
        size += more < 0 ? 0 : more;
    }
    if (size > LINE_MAX_BYTES - 2)
        size = LINE_MAX_BYTES - 2;
    for (int i = 0; i < size; i++) {
        unsigned char c = (unsigned char)line[i];
        if (c < 0x20 || c == 0x7F)
            line[i] = '?';
    }
    line[size++] = '\n';
    /* One write a line, so that lines of two threads do not mix. */
    ssize_t ignored = write(STDERR_FILENO, line, (size_t)size);
    (void)ignored;
}
