#include "protocol/wire/log_limit.h"

#include <string.h>

static bool begins_with(const char *kept, size_t room, const char *text)
{
    return strncmp(kept, text, room - 1) == 0;
}

static void keep(char *out, size_t room, const char *text)
{
    size_t size = strnlen(text, room - 1);
    memcpy(out, text, size);
    out[size] = '\0';
}

static struct log_kind *find(
    struct log_limit *limit, const char *component, const char *event)
{
    for (size_t i = 0; i < limit->count; i++) {
        struct log_kind *kind = &limit->kinds[i];
        if (begins_with(kind->component, sizeof kind->component, component) &&
            begins_with(kind->event, sizeof kind->event, event))
            return kind;
    }
    if (limit->count == LOG_KINDS_MAX)
        return &limit->kinds[LOG_KINDS_MAX - 1];
    struct log_kind *kind = &limit->kinds[limit->count++];
    *kind = (struct log_kind){.lines = 0};
    keep(kind->component, sizeof kind->component, component);
    keep(kind->event, sizeof kind->event, event);
    return kind;
}

static bool is_over(const struct log_kind *kind, uint64_t now_ms)
{
    return now_ms - kind->since_ms >= LOG_MINUTE_MS;
}

bool log_limit_take(struct log_limit *limit, uint64_t now_ms, int level,
    const char *component, const char *event)
{
    struct log_kind *kind = find(limit, component, event);
    if (kind->lines == 0 || is_over(kind, now_ms)) {
        kind->since_ms = now_ms;
        kind->level = level;
        kind->lines = 0; /* what was omitted stays to be told */
    }
    if (++kind->lines <= LOG_LINES_A_MINUTE)
        return true;
    kind->omitted++;
    return false;
}

bool log_limit_settle(
    struct log_limit *limit, uint64_t now_ms, struct log_kind *out)
{
    for (size_t i = 0; i < limit->count; i++) {
        struct log_kind *kind = &limit->kinds[i];
        if (kind->omitted == 0 || !is_over(kind, now_ms))
            continue;
        *out = *kind;
        kind->omitted = 0;
        kind->lines = 0;
        return true;
    }
    return false;
}
