/*
 * result_table: a result as tables on a terminal.
 */
#ifndef COHORTIUM_COORDINATOR_CLIENT_RESULT_TABLE_H
#define COHORTIUM_COORDINATOR_CLIENT_RESULT_TABLE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "protocol/wire/status.h"

/* Every entry of "results", or that of a number from 1 on, as a table with a
 * title, in the words of the dictionary, then where the result comes from.
 * result is a parsed payload or result file; number 0: all; signature: what is
 * known of it, in words, or NULL to say nothing. */
enum status result_table_print(
    FILE *out, const json_t *result, size_t number, const char *signature);

#endif
