/*
 * result_methods: how a result was found, as a paper's methods section needs
 * it, in whole sentences: who answered, about whom, what was kept back, by
 * which methods, with which software, and of each analysis its numbers of
 * people.
 */
#ifndef COHORTIUM_COORDINATOR_CLIENT_RESULT_METHODS_H
#define COHORTIUM_COORDINATOR_CLIENT_RESULT_METHODS_H

#include <jansson.h>

#include "protocol/wire/buffer.h"

/* Appends plain text, a paragraph and a list. */
enum status result_methods(struct buffer *out, const json_t *result);

#endif
