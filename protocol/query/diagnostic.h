/*
 * diagnostic: what a person did wrong, said as file, line, column, what was
 * found and what was expected.
 */
#ifndef COHORTIUM_PROTOCOL_QUERY_DIAGNOSTIC_H
#define COHORTIUM_PROTOCOL_QUERY_DIAGNOSTIC_H

#include <stddef.h>

#include "protocol/wire/status.h"

struct diagnostic {
    char file[256];     /* as the person named it; "" when there is none */
    size_t line;        /* from 1; 0 when unknown */
    size_t column;      /* from 1, in characters; 0 when unknown */
    char message[1024]; /* "" when nothing was said */
};

void diagnostic_init(struct diagnostic *diagnostic, const char *file);
/* Keeps the first message only: what came after is often its consequence. */
void diagnostic_set(struct diagnostic *diagnostic, size_t line, size_t column,
    const char *format, ...) __attribute__((format(printf, 4, 5)));
/* "file:line:column: message" (parts that are unknown are left out). */
void diagnostic_text(
    char *out, size_t capacity, const struct diagnostic *diagnostic);

#endif
