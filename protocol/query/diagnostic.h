/*
 * diagnostic: what a person did wrong, said as file, line, column, what was
 * found and what was expected.
 */
#ifndef COHORTIUM_PROTOCOL_QUERY_DIAGNOSTIC_H
#define COHORTIUM_PROTOCOL_QUERY_DIAGNOSTIC_H

#include <stddef.h>

#include "protocol/wire/status.h"

/* Where all mistakes of a text are wanted and not the first alone. */
#define FINDINGS_MAX 64
struct finding {
    size_t line, column; /* as in a diagnostic */
    char message[512];
};
struct findings {
    size_t count; /* may be more than there is room for */
    struct finding items[FINDINGS_MAX];
};

struct diagnostic {
    char file[256];     /* as the person named it; "" when there is none */
    size_t line;        /* from 1; 0 when unknown */
    size_t column;      /* from 1, in characters; 0 when unknown */
    char message[1024]; /* "" when nothing was said */
    struct findings *findings; /* NULL; else every message goes there too, and
                                * readers that know it go on after one */
};

void diagnostic_init(struct diagnostic *diagnostic, const char *file);
/* Keeps the first message only: what came after is often its consequence. */
void diagnostic_set(struct diagnostic *diagnostic, size_t line, size_t column,
    const char *format, ...) __attribute__((format(printf, 4, 5)));
/* By line and column; of those at one place with one message the first. */
void findings_sort(struct findings *findings);
/* "file:line:column: message" (parts that are unknown are left out). */
void diagnostic_text(
    char *out, size_t capacity, const struct diagnostic *diagnostic);

#endif
