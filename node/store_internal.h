/*
 * store_internal: what the files of the store share. Included by store*.c only.
 *
 * Values are bound by a format, one letter a parameter: d const struct digest
 * *, v struct view, t const char * (NULL: NULL), i int64_t.
 */
#ifndef COHORTIUM_NODE_STORE_INTERNAL_H
#define COHORTIUM_NODE_STORE_INTERNAL_H

#include <sqlite3.h>

#include "node/store.h"

#define STORE_RANDOM_BATCH 4096

#define STORE_STATEMENTS_MAX 96

/* The exam table: id, patient, identifier, then one column a variable, then
 * number, since, until: the editions of the record in which the version stands.
 */
#define STORE_FIRST_VARIABLE 3

/* Days; at most 2,870 years hide a date. */
#define STORE_SHIFT_BITS 20

/* A statement is prepared once and kept. */
struct store_cached {
    const char *sql; /* compared by address: one literal, one statement */
    sqlite3_stmt *statement;
    bool busy;
};

struct store {
    sqlite3 *database;
    size_t cached_count;
    struct store_cached cached[STORE_STATEMENTS_MAX];
    const struct dictionary *dictionary;
    sqlite3_stmt *rollback; /* prepared at once: it must not need memory */
    bool unsettled;         /* a transaction waits to be taken back */
    sqlite3_stmt *insert_exam, *same_exam, *find_exam, *find_patient,
        *insert_patient;
    int64_t edition; /* that is written; 0: to be read again */
    bool changing;   /* that it changed is written down */
    int32_t shift;   /* of the row on its way: added to its dates */
    int64_t random[STORE_RANDOM_BATCH];
    size_t random_left;
    uint8_t vector[4 * VECTOR_LENGTH_MAX]; /* one of a row on its way */
    int64_t last_number; /* of those that are reserved for new exams */
    int64_t numbers_left;
};

enum status store_translate(struct store *store, int code);
enum status store_execute(struct store *store, const char *sql);
enum status store_prepare(
    struct store *store, sqlite3_stmt **out, const char *sql);
/* A statement with its values bound; the caller steps, then gives it back with
 * store_done (accepts NULL). sql is a literal. */
enum status store_query(struct store *store, sqlite3_stmt **out,
    const char *sql, const char *format, ...);
void store_done(struct store *store, sqlite3_stmt *statement);
/* Binds, runs to the end. */
enum status store_run(
    struct store *store, const char *sql, const char *format, ...);
/* One integer; fallback when there is no row or it is NULL. */
enum status store_integer(struct store *store, int64_t *out, int64_t fallback,
    const char *sql, const char *format, ...);
/* STATUS_OK with a row, STATUS_NOT_FOUND at the end. */
enum status store_step(struct store *store, sqlite3_stmt *statement);
struct view store_column(sqlite3_stmt *statement, int column);
enum status store_column_fixed(
    sqlite3_stmt *statement, int column, uint8_t *out, size_t size);
/* In store_registry.c. Another process may have written since. */
void store_forget_edition(struct store *store);
enum status store_create_exam_table(struct store *store);
void store_registry_fini(struct store *store);

#endif
