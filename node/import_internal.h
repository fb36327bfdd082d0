/*
 * import_internal: what the files of the import share. Included by import*.c
 * only.
 */
#ifndef COHORTIUM_NODE_IMPORT_INTERNAL_H
#define COHORTIUM_NODE_IMPORT_INTERNAL_H

#include "node/connectors/csv.h"
#include "node/import.h"
#include "node/import_queue.h"
#include "node/value_reader.h"

enum column_role {
    COLUMN_LEFT_OUT,
    COLUMN_PATIENT,
    COLUMN_EXAM,
    COLUMN_VALUE,  /* a variable; a vector's elements all in one field */
    COLUMN_ELEMENT /* one element of a vector, "shape[3]" */
};

struct column_plan {
    enum column_role role;
    size_t variable; /* of an element: its own column of the dictionary */
};

/* A vector whose elements stand in columns of their own; of one row. */
struct vector_columns {
    size_t vector;
    size_t columns; /* in the header */
    size_t found;   /* elements that have a value */
    size_t field;   /* the column of what is wrong */
    size_t absent;  /* the column of the last element without a value */
    enum value_verdict verdict;
};

struct import {
    struct store *store;
    const struct dictionary *dictionary;
    const struct import_options *options;
    struct import_report *report;
    struct diagnostic *diagnostic;
    struct csv *csv;
    struct column_plan columns[CSV_FIELDS_MAX];
    size_t column_count;
    size_t vector_count;
    struct vector_columns *vectors; /* those of the header in many columns */
    struct value_reader *readers;   /* by column of the dictionary */
    struct import_queue *queue;
    int32_t *codes; /* of the row that is read */
    bool *refused;  /* by variable: out of range in this row */
    bool derives;
    int64_t last_before; /* the exam that came last, before this file */
    const struct import_row *twice; /* a row that names an earlier row's exam */
};

/* STATUS_MALFORMED, at a field of the record that was read last. */
enum status import_complain(
    struct import *import, size_t field, const char *message);
/* import_header.c: the first line; what each column is. */
enum status import_read_header(struct import *import);
/* import_row.c: a line, into import->codes and row. */
enum status import_read_row(struct import *import,
    const struct csv_field *fields, size_t count, struct import_row *row);

#endif
