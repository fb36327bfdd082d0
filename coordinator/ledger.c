#include "coordinator/ledger.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <sqlite3.h>

#include "coordinator/ledger_internal.h"
#include "protocol/store/before.h"
#include "protocol/wire/log.h"

/* One script a version, applied in order; PRAGMA user_version counts them. */
static const char *const migrations[] = {
    "CREATE TABLE roster (version INTEGER PRIMARY KEY, id BLOB NOT NULL,"
    " envelope BLOB NOT NULL, added INTEGER NOT NULL) STRICT;"
    "CREATE TABLE study (id BLOB PRIMARY KEY, envelope BLOB NOT NULL,"
    " added INTEGER NOT NULL) STRICT;"
    "CREATE TABLE approval (study BLOB NOT NULL REFERENCES study (id),"
    " id BLOB NOT NULL, envelope BLOB NOT NULL, added INTEGER NOT NULL,"
    " UNIQUE (study, envelope)) STRICT;"
    "CREATE TABLE opt_in (study BLOB NOT NULL REFERENCES study (id),"
    " center TEXT NOT NULL, decision INTEGER NOT NULL,"
    " sequence INTEGER NOT NULL, envelope BLOB NOT NULL,"
    " added INTEGER NOT NULL, PRIMARY KEY (study, center)) STRICT;"
    "CREATE TABLE query (id BLOB PRIMARY KEY,"
    " study BLOB NOT NULL REFERENCES study (id), study_name TEXT NOT NULL,"
    " question BLOB NOT NULL, researcher BLOB NOT NULL,"
    " state INTEGER NOT NULL, submitted INTEGER NOT NULL,"
    " finished INTEGER NOT NULL, failure TEXT NOT NULL,"
    " reason TEXT NOT NULL, envelope BLOB NOT NULL) STRICT;"
    "CREATE INDEX query_open ON query (state) WHERE state = 0;"
    "CREATE INDEX query_researcher ON query (researcher);"
    "CREATE TABLE session (query BLOB PRIMARY KEY REFERENCES query (id),"
    " header_id BLOB NOT NULL, header BLOB NOT NULL,"
    " deadline INTEGER NOT NULL) STRICT;"
    "CREATE TABLE reply (query BLOB NOT NULL REFERENCES query (id),"
    " center TEXT NOT NULL, state INTEGER NOT NULL, note TEXT NOT NULL,"
    " digest BLOB NOT NULL, vector BLOB, time INTEGER NOT NULL,"
    " PRIMARY KEY (query, center)) STRICT;"
    "CREATE TABLE result (query BLOB PRIMARY KEY REFERENCES query (id),"
    " id BLOB NOT NULL, envelope BLOB NOT NULL,"
    " added INTEGER NOT NULL) STRICT;"
    "CREATE TABLE presence (center TEXT PRIMARY KEY,"
    " connected INTEGER NOT NULL, last_seen INTEGER NOT NULL) STRICT;"
    "CREATE TABLE register (sequence INTEGER PRIMARY KEY,"
    " time INTEGER NOT NULL, kind TEXT NOT NULL, subject BLOB NOT NULL,"
    " detail TEXT NOT NULL, previous BLOB NOT NULL,"
    " digest BLOB NOT NULL) STRICT;"
    "CREATE TRIGGER register_update BEFORE UPDATE ON register BEGIN"
    " SELECT RAISE (ABORT, 'the register is only added to'); END;"
    "CREATE TRIGGER register_delete BEFORE DELETE ON register BEGIN"
    " SELECT RAISE (ABORT, 'the register is only added to'); END;",
    /* How near a center said that it is to a lock, when it refused last. */
    "CREATE TABLE refusals_left (study BLOB NOT NULL REFERENCES study (id),"
    " center TEXT NOT NULL, number INTEGER NOT NULL,"
    " PRIMARY KEY (study, center)) STRICT;",
    /* The latest signed head of each center's audit log: ledger_heads.c. */
    ("CREATE TABLE head (signer BLOB PRIMARY KEY, era INTEGER NOT NULL,"
     " length INTEGER NOT NULL, digest BLOB NOT NULL,"
     " signature BLOB NOT NULL) STRICT;"),
    /* What a center's program speaks: protocol_said. */
    "ALTER TABLE presence ADD COLUMN protocol INTEGER NOT NULL DEFAULT 0;",
    /* A decision is of whoever signed it, in hexadecimal, and not of a name
     * that a later roster may give to another center. */
    "CREATE TABLE opt_in_of_key (study BLOB NOT NULL REFERENCES study (id),"
    " center TEXT NOT NULL, decision INTEGER NOT NULL,"
    " sequence INTEGER NOT NULL, envelope BLOB NOT NULL,"
    " added INTEGER NOT NULL, PRIMARY KEY (study, center)) STRICT;"
    "INSERT OR IGNORE INTO opt_in_of_key SELECT study,"
    " lower(json_extract(CAST(envelope AS TEXT), '$.signatures[0].keyid')),"
    " decision, sequence, envelope, added FROM opt_in"
    " WHERE CASE WHEN json_valid(CAST(envelope AS TEXT)) THEN"
    " json_extract(CAST(envelope AS TEXT), '$.signatures[0].keyid') END"
    " IS NOT NULL ORDER BY sequence DESC;"
    "DROP TABLE opt_in;"
    "ALTER TABLE opt_in_of_key RENAME TO opt_in;",
    /* How many of one person came to nothing is counted at each query. */
    "CREATE INDEX query_failed ON query (researcher, submitted)"
    " WHERE state = 2;",
    /* Sets of rows that were asked, and what each question weighed:
     * ledger_remembered.c. */
    "CREATE TABLE remembered (sequence INTEGER PRIMARY KEY,"
    " id BLOB NOT NULL UNIQUE, study BLOB NOT NULL REFERENCES study (id),"
    " query BLOB NOT NULL REFERENCES query (id), weight INTEGER NOT NULL,"
    " shared BLOB NOT NULL, told BLOB NOT NULL, words TEXT NOT NULL) STRICT;"
    "CREATE TABLE weighing (query BLOB PRIMARY KEY REFERENCES query (id),"
    " remembered BLOB NOT NULL, sets BLOB NOT NULL, people INTEGER NOT NULL,"
    " weights BLOB NOT NULL, instruction BLOB NOT NULL) STRICT;",
    /* Cohorts near to an earlier one, who looked at them, and how many
     * questions of a study were weighed: ledger_counter.c. */
    "ALTER TABLE weighing ADD COLUMN heads INTEGER NOT NULL DEFAULT 0;"
    "CREATE TABLE near (study BLOB NOT NULL REFERENCES study (id),"
    " number INTEGER NOT NULL, query BLOB NOT NULL REFERENCES query (id),"
    " earlier BLOB NOT NULL REFERENCES remembered (id),"
    " weight INTEGER NOT NULL, shared INTEGER NOT NULL, words TEXT NOT NULL,"
    " stops_at INTEGER NOT NULL, PRIMARY KEY (study, number)) STRICT;"
    "CREATE TABLE counted (study BLOB PRIMARY KEY REFERENCES study (id),"
    " questions INTEGER NOT NULL) STRICT;"
    "CREATE TABLE continued (study BLOB NOT NULL REFERENCES study (id),"
    " seen INTEGER NOT NULL, envelope BLOB NOT NULL, added INTEGER NOT NULL,"
    " PRIMARY KEY (study, seen)) STRICT;",
    /* What tables told: cells.c. */
    "CREATE TABLE told_cells (query BLOB PRIMARY KEY REFERENCES query (id),"
    " cells BLOB NOT NULL) STRICT;",
};

#define SCHEMA_VERSION ((int64_t)(sizeof migrations / sizeof migrations[0]))

enum status ledger_translate(struct ledger *ledger, int code)
{
    switch (code & 0xFF) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE: return STATUS_OK;
    case SQLITE_NOMEM: return STATUS_NO_MEMORY;
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return STATUS_BUSY;
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM: break;
    case SQLITE_CONSTRAINT: return STATUS_EXISTS;
    case SQLITE_TOOBIG: return STATUS_TOO_LARGE;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return STATUS_CORRUPT;
    default: break;
    }
    log_event(LOG_ERROR, "ledger", "failed", "code=%d text=\"%s\"", code,
        sqlite3_errmsg(ledger->database));
    return STATUS_IO;
}

static enum status execute(struct ledger *ledger, const char *sql)
{
    return ledger_translate(
        ledger, sqlite3_exec(ledger->database, sql, NULL, NULL, NULL));
}

/* A transaction that is over but could not be taken back, for want of memory:
 * nothing is read or written before it is. */
static enum status settle(struct ledger *ledger)
{
    if (!ledger->unsettled)
        return STATUS_OK;
    enum status status =
        ledger_translate(ledger, sqlite3_step(ledger->rollback));
    sqlite3_reset(ledger->rollback);
    ledger->unsettled = !sqlite3_get_autocommit(ledger->database);
    return ledger->unsettled ? status : STATUS_OK;
}

static enum status prepare(
    struct ledger *ledger, struct sqlite3_stmt **out, const char *sql)
{
    enum status status = settle(ledger);
    if (status != STATUS_OK)
        return status;
    for (size_t i = 0; i < ledger->cached_count; i++) {
        if (ledger->cached[i].sql == sql) {
            *out = ledger->cached[i].statement;
            return STATUS_OK;
        }
    }
    if (ledger->cached_count == LEDGER_STATEMENTS_MAX)
        return STATUS_INTERNAL;
    int code = sqlite3_prepare_v3(
        ledger->database, sql, -1, SQLITE_PREPARE_PERSISTENT, out, NULL);
    if (code != SQLITE_OK)
        return ledger_translate(ledger, code);
    ledger->cached[ledger->cached_count++] = (struct ledger_cached){sql, *out};
    return STATUS_OK;
}

static int bind_bytes(
    sqlite3_stmt *statement, int at, const uint8_t *bytes, size_t size)
{
    if (size == 0)
        return sqlite3_bind_null(statement, at);
    return sqlite3_bind_blob64(statement, at, bytes, size, SQLITE_STATIC);
}

static int bind_one(
    sqlite3_stmt *statement, int at, char letter, va_list *values)
{
    switch (letter) {
    case 'd':
        return bind_bytes(statement, at,
            va_arg(*values, const struct digest *)->bytes, DIGEST_BYTES);
    case 'k':
        return bind_bytes(statement, at,
            va_arg(*values, const struct public_key *)->bytes, KEY_BYTES);
    case 'v': {
        struct view view = va_arg(*values, struct view);
        return bind_bytes(statement, at, view.data, view.size);
    }
    case 't':
        return sqlite3_bind_text(
            statement, at, va_arg(*values, const char *), -1, SQLITE_STATIC);
    case 'i':
        return sqlite3_bind_int64(statement, at, va_arg(*values, int64_t));
    default: return SQLITE_MISUSE;
    }
}

static enum status bind(struct ledger *ledger, sqlite3_stmt *statement,
    const char *format, va_list *values)
{
    int code = SQLITE_OK;
    for (int at = 1; code == SQLITE_OK && format[at - 1] != '\0'; at++)
        code = bind_one(statement, at, format[at - 1], values);
    return ledger_translate(ledger, code);
}

void ledger_done(struct sqlite3_stmt *statement)
{
    if (statement == NULL)
        return;
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
}

enum status ledger_run(
    struct ledger *ledger, const char *sql, const char *format, ...)
{
    struct sqlite3_stmt *statement = NULL;
    va_list values;
    va_start(values, format);
    enum status status = prepare(ledger, &statement, sql);
    if (status == STATUS_OK)
        status = bind(ledger, statement, format, &values);
    if (status == STATUS_OK)
        status = ledger_translate(ledger, sqlite3_step(statement));
    va_end(values);
    ledger_done(statement);
    return status;
}

enum status ledger_start(struct ledger *ledger, struct sqlite3_stmt **out,
    const char *sql, const char *format, ...)
{
    *out = NULL;
    va_list values;
    va_start(values, format);
    enum status status = prepare(ledger, out, sql);
    if (status == STATUS_OK)
        status = bind(ledger, *out, format, &values);
    va_end(values);
    return status;
}

enum status ledger_next(struct ledger *ledger, struct sqlite3_stmt *statement)
{
    int code = sqlite3_step(statement);
    if (code == SQLITE_DONE)
        return STATUS_NOT_FOUND;
    return ledger_translate(ledger, code);
}

int64_t column_integer(struct sqlite3_stmt *statement, int column)
{
    return sqlite3_column_int64(statement, column);
}

void column_text(
    struct sqlite3_stmt *statement, int column, char *out, size_t capacity)
{
    const char *text = (const char *)sqlite3_column_text(statement, column);
    snprintf(out, capacity, "%s", text == NULL ? "" : text);
}

struct view column_view(struct sqlite3_stmt *statement, int column)
{
    const uint8_t *data = sqlite3_column_blob(statement, column);
    return (struct view){data, (size_t)sqlite3_column_bytes(statement, column)};
}

enum status column_fixed(
    struct sqlite3_stmt *statement, int column, uint8_t *out, size_t size)
{
    struct view view = column_view(statement, column);
    memset(out, 0, size);
    if (view.size == 0 || view.data == NULL)
        return STATUS_OK;
    if (view.size != size)
        return STATUS_CORRUPT;
    memcpy(out, view.data, size);
    return STATUS_OK;
}

static enum status read_version(struct ledger *ledger, int64_t *version)
{
    struct sqlite3_stmt *statement = NULL;
    enum status status =
        ledger_start(ledger, &statement, "PRAGMA user_version", "");
    if (status == STATUS_OK)
        status = ledger_next(ledger, statement);
    if (status == STATUS_OK)
        *version = column_integer(statement, 0);
    ledger_done(statement);
    return status;
}

/* Another process may be opening the same new file: the version is read again
 * once the write lock is held. */
static enum status migrate(struct ledger *ledger)
{
    int64_t version = 0;
    const char *path = sqlite3_db_filename(ledger->database, "main");
    enum status status = ledger_begin(ledger);
    if (status == STATUS_OK)
        status = read_version(ledger, &version);
    if (status == STATUS_OK && version > SCHEMA_VERSION)
        status = STATUS_UNSUPPORTED_VERSION;
    if (status == STATUS_OK && version > 0 && version < SCHEMA_VERSION &&
        path != NULL && path[0] != '\0')
        status = before_copy(path, SCHEMA_VERSION);
    if (status == STATUS_OK && version > 0 && version < SCHEMA_VERSION)
        log_event(LOG_INFO, "ledger", "migrated", "from=%lld to=%lld",
            (long long)version, (long long)SCHEMA_VERSION);
    for (; status == STATUS_OK && version < SCHEMA_VERSION; version++)
        status = execute(ledger, migrations[version]);
    char text[64];
    sqlite3_snprintf(
        sizeof text, text, "PRAGMA user_version = %lld", SCHEMA_VERSION);
    if (status == STATUS_OK)
        status = execute(ledger, text);
    if (status == STATUS_OK)
        return ledger_commit(ledger);
    ledger_rollback(ledger);
    return status;
}

static enum status configure(struct ledger *ledger)
{
    sqlite3_busy_timeout(ledger->database, 5000);
    sqlite3_extended_result_codes(ledger->database, 1);
    enum status status = execute(ledger, "PRAGMA journal_mode = WAL");
    if (status == STATUS_OK) {
        status = execute(ledger, "PRAGMA synchronous = FULL;"
                                 "PRAGMA foreign_keys = ON;"
                                 "PRAGMA trusted_schema = OFF;"
                                 "PRAGMA secure_delete = ON");
    }
    if (status == STATUS_OK)
        status = prepare(ledger, &ledger->rollback, "ROLLBACK");
    int64_t version = 0;
    if (status == STATUS_OK)
        status = read_version(ledger, &version);
    if (status == STATUS_OK && version != SCHEMA_VERSION)
        status = migrate(ledger);
    return status;
}

int64_t ledger_version(void)
{
    return SCHEMA_VERSION;
}

enum status ledger_open(struct ledger **out, const char *path)
{
    *out = NULL;
    struct ledger *ledger = calloc(1, sizeof *ledger);
    if (ledger == NULL)
        return STATUS_NO_MEMORY;
    ledger->head.sequence = -1;
    mode_t before = umask(077); /* queries and results are nobody else's */
    int code = sqlite3_open_v2(path, &ledger->database,
        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);
    enum status status =
        code == SQLITE_OK ? configure(ledger) : ledger_translate(ledger, code);
    umask(before);
    if (status != STATUS_OK) {
        ledger_close(ledger);
        return status;
    }
    *out = ledger;
    return STATUS_OK;
}

void ledger_close(struct ledger *ledger)
{
    if (ledger == NULL)
        return;
    for (size_t i = 0; i < ledger->cached_count; i++)
        sqlite3_finalize(ledger->cached[i].statement);
    sqlite3_close(ledger->database);
    free(ledger);
}

enum status ledger_begin(struct ledger *ledger)
{
    ledger->head.sequence = -1; /* another process may have added to it */
    return ledger_run(ledger, "BEGIN IMMEDIATE", "");
}

enum status ledger_commit(struct ledger *ledger)
{
    enum status status = ledger_run(ledger, "COMMIT", "");
    if (status != STATUS_OK)
        ledger_rollback(ledger);
    return status;
}

void ledger_rollback(struct ledger *ledger)
{
    ledger->head.sequence = -1;
    ledger->unsettled = !sqlite3_get_autocommit(ledger->database);
    (void)settle(ledger);
}
