/*
 * log: stderr, one line an event: `time level component event key=value ...`,
 * time as RFC 3339 in UTC with milliseconds. Never keys, parameters' values or
 * rows. Thread-safe (one write a line). At most LOG_LINES_A_MINUTE of the same
 * component and event are written in a minute (log_limit.h); then one line says
 * `... and 812 more like it`. At LOG_DEBUG nothing is left out.
 */
#ifndef COHORTIUM_PROTOCOL_WIRE_LOG_H
#define COHORTIUM_PROTOCOL_WIRE_LOG_H

#include <stdint.h>

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

/* "2026-11-26T18:13:27.042Z" */
#define LOG_TIME_TEXT 25

/* Sets the most detailed level that is printed; LOG_INFO at start. */
void log_set_level(enum log_level level);
/* format after the event is "key=value key=value"; what a reader would not see
 * of it is escaped (text.h). */
void log_event(enum log_level level, const char *component, const char *event,
    const char *format, ...) __attribute__((format(printf, 4, 5)));
/* Says how many lines were left out in minutes that are over. log_event does
 * so too; the loop calls this when nothing else is said, and a program when it
 * ends (all = 1: of minutes that go on as well). */
void log_settle(int all);
/* Milliseconds since 1970 UTC as text, years 0 to 9999. */
void log_time_text(char out[LOG_TIME_TEXT], int64_t milliseconds);

#endif
