/*
 * log: stderr, one line an event: `level component event key=value ...`.
 * Never keys, parameters' values or rows. Thread-safe (one write a line).
 */
#ifndef COHORTIUM_PROTOCOL_WIRE_LOG_H
#define COHORTIUM_PROTOCOL_WIRE_LOG_H

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

/* Sets the most detailed level that is printed; LOG_INFO at start. */
void log_set_level(enum log_level level);
/* format after the event is "key=value key=value"; control characters and
 * line ends in it are printed as '?'. */
void log_event(enum log_level level, const char *component, const char *event,
    const char *format, ...) __attribute__((format(printf, 4, 5)));

#endif
