#include "protocol/wire/log.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "protocol/wire/log_limit.h"
#include "protocol/wire/text.h"

#define LINE_MAX_BYTES 1024

static _Atomic int most_detailed = LOG_INFO;
static const char *const level_names[] = {"error", "warn", "info", "debug"};
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of the limit */
static struct log_limit limit;

void log_set_level(enum log_level level)
{
    atomic_store(&most_detailed, (int)level);
}

static int64_t milliseconds(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void log_time_text(char out[LOG_TIME_TEXT], int64_t milliseconds_utc)
{
    struct tm parts;
    time_t seconds = milliseconds_utc / 1000;
    if (gmtime_r(&seconds, &parts) == NULL)
        memset(&parts, 0, sizeof parts);
    snprintf(out, LOG_TIME_TEXT, "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ",
        (unsigned)(parts.tm_year + 1900) % 10000U,
        (unsigned)(parts.tm_mon + 1) % 100U, (unsigned)parts.tm_mday % 100U,
        (unsigned)parts.tm_hour % 100U, (unsigned)parts.tm_min % 100U,
        (unsigned)parts.tm_sec % 100U,
        (unsigned)(milliseconds_utc % 1000) % 1000U);
}

/* One write a line, so that lines of two threads do not mix. */
static void write_line(const char *text, size_t size)
{
    char line[LOG_TIME_TEXT + TEXT_SHOWN_FACTOR * LINE_MAX_BYTES + 2];
    log_time_text(line, milliseconds(CLOCK_REALTIME));
    size_t at = LOG_TIME_TEXT - 1;
    line[at++] = ' ';
    at += text_show(line + at, sizeof line - at - 1,
        (struct view){(const uint8_t *)text, size});
    line[at++] = '\n';
    ssize_t ignored = write(STDERR_FILENO, line, at);
    (void)ignored;
}

/* The caller has the lock. */
static void settle(uint64_t now_ms)
{
    struct log_kind kind;
    char text[256];
    while (log_limit_settle(&limit, now_ms, &kind)) {
        int size = snprintf(text, sizeof text,
            "%s %s %s and %" PRIu64 " more like it", level_names[kind.level],
            kind.component, kind.event, kind.omitted);
        write_line(text, (size_t)size);
    }
}

void log_settle(int all)
{
    pthread_mutex_lock(&lock);
    settle((uint64_t)milliseconds(CLOCK_MONOTONIC) + (all ? LOG_MINUTE_MS : 0));
    pthread_mutex_unlock(&lock);
}

static bool may_write(
    enum log_level level, const char *component, const char *event)
{
    uint64_t now_ms = (uint64_t)milliseconds(CLOCK_MONOTONIC);
    if (atomic_load(&most_detailed) >= LOG_DEBUG)
        return true;
    pthread_mutex_lock(&lock);
    settle(now_ms);
    bool may = log_limit_take(&limit, now_ms, (int)level, component, event);
    pthread_mutex_unlock(&lock);
    return may;
}

void log_event(enum log_level level, const char *component, const char *event,
    const char *format, ...)
{
    if ((int)level > atomic_load(&most_detailed) ||
        !may_write(level, component, event))
        return;
    char line[LINE_MAX_BYTES];
    int size = snprintf(
        line, sizeof line, "%s %s %s", level_names[level], component, event);
    if (format != NULL && *format != '\0' && size < LINE_MAX_BYTES - 1) {
        line[size++] = ' ';
        va_list list;
        va_start(list, format);
        int more =
            vsnprintf(line + size, sizeof line - (size_t)size, format, list);
        va_end(list);
        size += more < 0 ? 0 : more;
    }
    if (size > LINE_MAX_BYTES - 1)
        size = LINE_MAX_BYTES - 1;
    write_line(line, (size_t)size);
}
