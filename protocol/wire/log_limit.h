/*
 * log_limit: how many lines of one kind may be written, so that nobody fills a
 * disk by making a daemon say the same thing again and again. A kind is a
 * component and an event. In each minute, which begins with its first line,
 * LOG_LINES_A_MINUTE of a kind are written and the others counted.
 *
 * Pure: time is an argument. Not thread-safe; log.c has the lock.
 */
#ifndef COHORTIUM_PROTOCOL_WIRE_LOG_LIMIT_H
#define COHORTIUM_PROTOCOL_WIRE_LOG_LIMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOG_LINES_A_MINUTE 60
#define LOG_MINUTE_MS 60000
/* More kinds than a program has; any beyond share the last place. */
#define LOG_KINDS_MAX 128

struct log_kind {
    char component[24], event[40]; /* as far as they fit */
    int level;                     /* of its first line of the minute */
    uint64_t since_ms;
    uint64_t lines;   /* asked for within the minute */
    uint64_t omitted; /* of them not written, and not yet told */
};

/* Zeroed: nothing was written. */
struct log_limit {
    struct log_kind kinds[LOG_KINDS_MAX];
    size_t count;
};

/* Whether one more line of this kind is written now; else it was counted. */
bool log_limit_take(struct log_limit *limit, uint64_t now_ms, int level,
    const char *component, const char *event);
/* A kind whose minute is over, with its count of omitted lines (> 0), copied
 * to *out and told no more; false when there is none. */
bool log_limit_settle(
    struct log_limit *limit, uint64_t now_ms, struct log_kind *out);

#endif
