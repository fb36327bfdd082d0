/*
 * ledger_internal: what the files of the ledger share. Included by ledger*.c
 * only.
 *
 * Every statement is prepared once and reset after use. Values are bound by a
 * format, one letter a parameter: d const struct digest *, k const struct
 * public_key *, v struct view (empty: NULL), t const char *, i int64_t.
 */
#ifndef COHORTIUM_COORDINATOR_LEDGER_INTERNAL_H
#define COHORTIUM_COORDINATOR_LEDGER_INTERNAL_H

#include <stdarg.h>

#include "coordinator/ledger.h"

struct sqlite3;
struct sqlite3_stmt;

#define LEDGER_STATEMENTS_MAX 64

struct ledger_cached {
    const char *sql; /* compared by address: one literal, one statement */
    struct sqlite3_stmt *statement;
};

struct ledger {
    struct sqlite3 *database;
    struct sqlite3_stmt
        *rollback;  /* prepared at once: it must not need memory */
    bool unsettled; /* a transaction waits to be taken back */
    size_t cached_count;
    struct ledger_cached cached[LEDGER_STATEMENTS_MAX];
    struct ledger_entry head; /* of the register; sequence -1: not read yet */
};

enum status ledger_translate(struct ledger *ledger, int code);
/* Runs a statement that returns no row. */
enum status ledger_run(
    struct ledger *ledger, const char *sql, const char *format, ...);
/* Starts a statement that returns rows; follow with ledger_next until it says
 * STATUS_NOT_FOUND, then ledger_done (also after a failure). */
enum status ledger_start(struct ledger *ledger, struct sqlite3_stmt **out,
    const char *sql, const char *format, ...);
enum status ledger_next(struct ledger *ledger, struct sqlite3_stmt *statement);
void ledger_done(struct sqlite3_stmt *statement);

int64_t column_integer(struct sqlite3_stmt *statement, int column);
/* Copies; too long a text is cut. */
void column_text(
    struct sqlite3_stmt *statement, int column, char *out, size_t capacity);
/* Borrowed until the statement moves on. */
struct view column_view(struct sqlite3_stmt *statement, int column);
/* Zeros when the column is NULL; STATUS_CORRUPT for another size. */
enum status column_fixed(
    struct sqlite3_stmt *statement, int column, uint8_t *out, size_t size);

#endif
