/*
 * result_export: a result as CSV files (RFC 4180), one a table, with the names
 * of the result's own fields and beside names and codes the dictionary's words
 * for them, and a text about methods (result_methods.h).
 */
#ifndef COHORTIUM_COORDINATOR_CLIENT_RESULT_EXPORT_H
#define COHORTIUM_COORDINATOR_CLIENT_RESULT_EXPORT_H

#include <jansson.h>

#include "protocol/wire/buffer.h"

/* Files of the folder, which is made when it is not there: NN_analysis.csv,
 * NN_analysis_MEMBER.csv for other tables of an entry, facts.csv, methods.txt.
 * All of them or, when something goes wrong, none; says what went wrong. */
enum status result_export(const json_t *result, const char *folder);
/* One table of an entry: the entry's levels of `by` first, then the keys of all
 * rows. Behind a column K of names or codes stands K_label with their words,
 * where the result has words. A withheld value is the word "withheld", one that
 * is not there is empty. */
enum status result_export_table(struct buffer *out, const json_t *variables,
    const json_t *entry, const json_t *rows);
/* What is one value of a whole entry, such as its n or a test's p value, one a
 * line. */
enum status result_export_facts(struct buffer *out, const json_t *result);

#endif
