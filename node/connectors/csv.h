/*
 * csv: a table of text, read record by record with libcsv (RFC 4180, strict
 * quotes). Knows where each field stands, for messages; keeps one record in
 * memory. Blanks around a field that is not quoted do not belong to it.
 */
#ifndef COHORTIUM_NODE_CONNECTORS_CSV_H
#define COHORTIUM_NODE_CONNECTORS_CSV_H

#include "protocol/query/diagnostic.h"
#include "protocol/wire/digest.h"

#define CSV_FIELDS_MAX 2048
#define CSV_RECORD_MAX ((size_t)1024 * 1024)

struct csv_field {
    const char *text; /* NUL-terminated; valid until the next record */
    size_t size;
};

struct csv;

/* "-" is standard input. */
enum status csv_open(
    struct csv **out, const char *path, struct diagnostic *diagnostic);
void csv_close(struct csv *csv);
/* The next record that is not an empty line. STATUS_NOT_FOUND at the end. */
enum status csv_next(struct csv *csv, const struct csv_field **fields,
    size_t *count, struct diagnostic *diagnostic);
/* Line on which the record began, from 1; column of its field, from 1. */
size_t csv_line(const struct csv *csv);
size_t csv_column(const struct csv *csv, size_t field);
/* Bytes read so far and in all (0: unknown); digest of the whole at the end. */
uint64_t csv_bytes_read(const struct csv *csv);
uint64_t csv_bytes_total(const struct csv *csv);
struct digest csv_digest(struct csv *csv);

#endif
