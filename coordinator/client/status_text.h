/*
 * status_text: what the coordinator's STATUS says, as lines for a terminal. Its
 * words are the coordinator's: control characters become '?'.
 */
#ifndef COHORTIUM_COORDINATOR_CLIENT_STATUS_TEXT_H
#define COHORTIUM_COORDINATOR_CLIENT_STATUS_TEXT_H

#include <stdio.h>

#include "protocol/wire/buffer.h"

/* A line a query, or a study. STATUS_MALFORMED, said, when it is no JSON
 * object.
 */
enum status status_print_queries(FILE *out, struct view json);
enum status status_print_studies(FILE *out, struct view json);
/* The bytes as they are, when they are a JSON object, and a line feed. */
enum status status_print_json(FILE *out, struct view json);

#endif
