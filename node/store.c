#include "node/store.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "node/store_internal.h"
#include "protocol/store/before.h"
#include "protocol/wire/log.h"

#define APPLICATION_ID 0x43485431 /* "CHT1" */
#define BUSY_MS 10000

/* One script a version, applied in order; PRAGMA user_version counts them. The
 * exam table is made from the dictionary (store_registry.c). */
static const char *const migrations[] = {
    "CREATE TABLE meta (key TEXT PRIMARY KEY, value ANY) STRICT;"
    "CREATE TABLE patient (pseudonym INTEGER PRIMARY KEY,"
    " identifier TEXT NOT NULL UNIQUE,"
    " opted_out INTEGER NOT NULL DEFAULT 0) STRICT;"
    "CREATE TABLE import (id INTEGER PRIMARY KEY, file BLOB NOT NULL,"
    " rows INTEGER NOT NULL, time INTEGER NOT NULL, report TEXT NOT NULL)"
    " STRICT;"
    "CREATE TABLE roster (version INTEGER PRIMARY KEY,"
    " envelope BLOB NOT NULL) STRICT;"
    "CREATE TABLE study (id BLOB PRIMARY KEY, name TEXT NOT NULL,"
    " envelope BLOB NOT NULL, added INTEGER NOT NULL) STRICT;"
    "CREATE TABLE approval (study BLOB NOT NULL REFERENCES study (id),"
    " envelope BLOB NOT NULL, UNIQUE (study, envelope)) STRICT;"
    "CREATE TABLE decision (study BLOB PRIMARY KEY REFERENCES study (id),"
    " opted_in INTEGER NOT NULL, sequence INTEGER NOT NULL,"
    " envelope BLOB NOT NULL, limits TEXT NOT NULL, date INTEGER NOT NULL)"
    " STRICT;"
    "CREATE TABLE answer (query BLOB PRIMARY KEY, header BLOB NOT NULL,"
    " study BLOB NOT NULL, question BLOB NOT NULL, time INTEGER NOT NULL,"
    " vector BLOB NOT NULL) STRICT;"
    "CREATE INDEX answer_question ON answer (study, question);"
    "CREATE INDEX answer_time ON answer (study, time);"
    "CREATE TABLE refusal (study BLOB NOT NULL, time INTEGER NOT NULL)"
    " STRICT;"
    "CREATE INDEX refusal_time ON refusal (study, time);"
    "CREATE TABLE audit (sequence INTEGER PRIMARY KEY,"
    " time INTEGER NOT NULL, event TEXT NOT NULL, subject TEXT NOT NULL,"
    " detail TEXT NOT NULL, previous BLOB NOT NULL, digest BLOB NOT NULL,"
    " signature BLOB NOT NULL) STRICT;"
    "CREATE TRIGGER audit_update BEFORE UPDATE ON audit BEGIN"
    " SELECT RAISE (ABORT, 'the audit log is only added to'); END;"
    "CREATE TRIGGER audit_delete BEFORE DELETE ON audit BEGIN"
    " SELECT RAISE (ABORT, 'the audit log is only added to'); END;"
    "INSERT INTO meta VALUES ('generation', 0), ('decisions', 0);",
    /* The memory against differencing: guard.h. */
    "CREATE TABLE person (number INTEGER PRIMARY KEY,"
    " pseudonym INTEGER NOT NULL UNIQUE) STRICT;"
    "CREATE TABLE cohort (id INTEGER PRIMARY KEY AUTOINCREMENT,"
    " study BLOB NOT NULL, until INTEGER NOT NULL, people BLOB NOT NULL) STRICT;"
    "CREATE TABLE center_set (people BLOB NOT NULL, until INTEGER NOT NULL,"
    " centers BLOB NOT NULL) STRICT;"
    "CREATE INDEX center_set_people ON center_set (people);",
    /* The budget of noise, in 1e-9 of rho. */
    ("CREATE TABLE charge (study BLOB NOT NULL, query BLOB NOT NULL,"
     " nano INTEGER NOT NULL, time INTEGER NOT NULL) STRICT;"),
    /* Later rounds of a stored answer go on only while the rows are those. */
    "ALTER TABLE answer ADD COLUMN generation INTEGER NOT NULL DEFAULT -1;",
    /* Whether a study is over is asked at every question. */
    "CREATE INDEX cohort_until ON cohort (until);",
    /* How far each masked question came: store_progress.c. */
    ("CREATE TABLE progress (query BLOB PRIMARY KEY, header BLOB NOT NULL,"
     " attempt INTEGER NOT NULL, stage INTEGER NOT NULL,"
     " members BLOB NOT NULL, givers BLOB NOT NULL, survivors BLOB NOT NULL,"
     " revealed INTEGER NOT NULL, refused INTEGER NOT NULL,"
     " time INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
     "CREATE INDEX progress_header ON progress (header);"
     "CREATE TRIGGER progress_back BEFORE UPDATE ON progress"
     " WHEN OLD.stage >= 4 AND (NEW.stage < OLD.stage"
     " OR NEW.header <> OLD.header) BEGIN"
     " SELECT RAISE (ABORT, 'a vote is not taken back'); END;"
     "CREATE TRIGGER progress_delete BEFORE DELETE ON progress BEGIN"
     " SELECT RAISE (ABORT, 'a step is not forgotten'); END;"),
    /* Days that are added to a patient's dates: store_registry.c. */
    "ALTER TABLE patient ADD COLUMN shift INTEGER;",
    /* Heads of other centers' audit logs, carried for them: store_past.c. */
    ("CREATE TABLE witnessed (signer BLOB PRIMARY KEY, era INTEGER NOT NULL,"
     " length INTEGER NOT NULL, digest BLOB NOT NULL,"
     " signature BLOB NOT NULL) STRICT, WITHOUT ROWID;"),
    /* How often each kind of refusal came in a day (refusal.h); a damaged
     * answer is noticed. */
    ("CREATE TABLE counted (day INTEGER NOT NULL, study BLOB NOT NULL,"
     " person BLOB NOT NULL, reason TEXT NOT NULL, times INTEGER NOT NULL,"
     " PRIMARY KEY (day, study, person, reason)) STRICT, WITHOUT ROWID;"
     "ALTER TABLE answer ADD COLUMN digest BLOB;"),
    /* A member's rejection outlives whatever the coordinator leaves out, of
     * studies too that are not kept; and refusals say why. */
    "CREATE TABLE rejection (study BLOB NOT NULL, signer BLOB NOT NULL,"
    " envelope BLOB NOT NULL, PRIMARY KEY (study, signer)) STRICT,"
    " WITHOUT ROWID;"
    "ALTER TABLE refusal ADD COLUMN reason TEXT NOT NULL DEFAULT '';",
    /* Sets of centers by identity: a place in the roster is another center's
     * in the next one. Sets by place (center_set) are named when the rosters
     * are at hand: guard_name_centers. */
    "CREATE TABLE center_group (people BLOB NOT NULL, until INTEGER NOT NULL,"
    " centers BLOB NOT NULL) STRICT;"
    "CREATE INDEX center_group_people ON center_group (people);",
    /* Exams keep a number for ever: store_registry.c. */
    "ALTER TABLE exam ADD COLUMN number INTEGER NOT NULL DEFAULT 0;"
    "UPDATE exam SET number = id;"
    "INSERT INTO meta SELECT 'numbers', coalesce(max(number), 0) FROM exam;",
    /* Nobody fills the disk with questions that never come to a vote, nor with
     * rejections: how often figures left for nothing is counted by study, rows
     * of questions whose figures stayed may go, and a member's rejections have
     * an order. */
    ("ALTER TABLE progress ADD COLUMN study BLOB NOT NULL DEFAULT x'';"
     "ALTER TABLE progress ADD COLUMN figures INTEGER NOT NULL DEFAULT 0;"
     "UPDATE progress SET figures = 1 WHERE stage >= 3;"
     "CREATE INDEX progress_unvoted ON progress (study)"
     " WHERE figures > (stage >= 4);"
     "CREATE INDEX progress_early ON progress (time) WHERE figures = 0;"
     "DROP TRIGGER progress_delete;"
     "CREATE TRIGGER progress_delete BEFORE DELETE ON progress"
     " WHEN OLD.figures > 0 BEGIN"
     " SELECT RAISE (ABORT, 'figures that left are not forgotten'); END;"
     "ALTER TABLE rejection ADD COLUMN sequence INTEGER NOT NULL DEFAULT 0;"),
    /* Rows by version, freezes, and who left when: store_freezes.c. Answers of
     * before count as of the first freeze, which is made of what is there. */
    ("ALTER TABLE exam ADD COLUMN since INTEGER NOT NULL DEFAULT 1;"
     "ALTER TABLE exam ADD COLUMN until INTEGER;"
     "DROP INDEX exam_identifier;"
     "CREATE UNIQUE INDEX exam_version ON exam (identifier, since)"
     " WHERE identifier IS NOT NULL;"
     "CREATE TABLE freeze (number INTEGER PRIMARY KEY,"
     " edition INTEGER NOT NULL, absences INTEGER NOT NULL,"
     " time INTEGER NOT NULL, secret BLOB NOT NULL, envelope BLOB NOT NULL)"
     " STRICT;"
     "CREATE TABLE reading (study BLOB NOT NULL, move INTEGER NOT NULL,"
     " freeze INTEGER NOT NULL, absences INTEGER NOT NULL,"
     " PRIMARY KEY (study, move)) STRICT, WITHOUT ROWID;"
     "CREATE TABLE absence (pseudonym INTEGER NOT NULL,"
     " since INTEGER NOT NULL, until INTEGER) STRICT;"
     "CREATE INDEX absence_pseudonym ON absence (pseudonym);"
     "CREATE TABLE erased (number INTEGER PRIMARY KEY, since INTEGER NOT NULL,"
     " absences INTEGER NOT NULL) STRICT;"
     "INSERT INTO absence SELECT pseudonym, 1, NULL FROM patient"
     " WHERE opted_out != 0;"
     "ALTER TABLE patient DROP COLUMN opted_out;"
     "INSERT INTO meta VALUES ('edition', 1), ('erasures', 0),"
     " ('changed', (SELECT count(*) > 0 FROM exam) OR"
     " (SELECT count(*) > 0 FROM answer)),"
     " ('absences', (SELECT count(*) > 0 FROM absence));"
     "ALTER TABLE answer ADD COLUMN freeze INTEGER NOT NULL DEFAULT 1;"
     "UPDATE answer SET generation = CASE WHEN generation = (SELECT value FROM"
     " meta WHERE key = 'generation') THEN (SELECT value FROM meta WHERE"
     " key = 'absences') ELSE -1 END;"
     "ALTER TABLE answer RENAME COLUMN generation TO departures;"
     "INSERT INTO reading SELECT DISTINCT study, 0, 1, (SELECT value FROM meta"
     " WHERE key = 'absences') FROM answer;"
     "DELETE FROM meta WHERE key = 'generation';"),
    /* Sets of rows that were asked, and who may ask in their studies:
     * remembered.h. Cohorts and sets of centers were compared before. */
    "CREATE TABLE remembered (number INTEGER PRIMARY KEY AUTOINCREMENT,"
    " id BLOB NOT NULL UNIQUE, header BLOB NOT NULL, study BLOB NOT NULL,"
    " until INTEGER NOT NULL, released INTEGER NOT NULL, told BLOB,"
    " rows BLOB NOT NULL) STRICT;"
    "CREATE INDEX remembered_header ON remembered (header);"
    "CREATE INDEX remembered_study ON remembered (study);"
    "CREATE INDEX remembered_until ON remembered (until);"
    "CREATE TABLE remembered_by (study BLOB NOT NULL,"
    " researcher BLOB NOT NULL, PRIMARY KEY (study, researcher)) STRICT,"
    " WITHOUT ROWID;"
    "DROP TABLE center_set; DROP TABLE center_group; DROP TABLE person;",
};
#define SCHEMA_VERSION ((int64_t)(sizeof migrations / sizeof migrations[0]))

enum status store_translate(struct store *store, int code)
{
    switch (code & 0xFF) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE: return STATUS_OK;
    case SQLITE_NOMEM: return STATUS_NO_MEMORY;
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return STATUS_BUSY;
    case SQLITE_CONSTRAINT: return STATUS_EXISTS;
    case SQLITE_TOOBIG: return STATUS_TOO_LARGE;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return STATUS_CORRUPT;
    default: break;
    }
    log_event(LOG_ERROR, "store", "failed", "code=%d text=\"%s\"", code,
        sqlite3_errmsg(store->database));
    return STATUS_IO;
}

enum status store_execute(struct store *store, const char *sql)
{
    return store_translate(
        store, sqlite3_exec(store->database, sql, NULL, NULL, NULL));
}

enum status store_prepare(
    struct store *store, sqlite3_stmt **out, const char *sql)
{
    return store_translate(
        store, sqlite3_prepare_v2(store->database, sql, -1, out, NULL));
}

static int bind_one(
    sqlite3_stmt *statement, int index, char letter, va_list *list)
{
    const struct digest *digest;
    struct view view;
    switch (letter) {
    case 'd':
        digest = va_arg(*list, const struct digest *);
        return sqlite3_bind_blob(
            statement, index, digest->bytes, DIGEST_BYTES, SQLITE_TRANSIENT);
    case 'v':
        view = va_arg(*list, struct view);
        return sqlite3_bind_blob64(statement, index,
            view.data == NULL ? (const void *)"" : view.data, view.size,
            SQLITE_TRANSIENT);
    case 't':
        return sqlite3_bind_text(statement, index, va_arg(*list, const char *),
            -1, SQLITE_TRANSIENT);
    default:
        return sqlite3_bind_int64(statement, index, va_arg(*list, int64_t));
    }
}

/* The kept statement of this literal, or a new one; one that is in use (a visit
 * within a visit) is prepared once more and not kept. */
static enum status take_statement(
    struct store *store, sqlite3_stmt **out, const char *sql)
{
    for (size_t i = 0; i < store->cached_count; i++) {
        struct store_cached *cached = &store->cached[i];
        if (cached->sql != sql)
            continue;
        if (cached->busy)
            return store_prepare(store, out, sql);
        cached->busy = true;
        *out = cached->statement;
        return STATUS_OK;
    }
    enum status status = store_prepare(store, out, sql);
    if (status == STATUS_OK && store->cached_count < STORE_STATEMENTS_MAX)
        store->cached[store->cached_count++] =
            (struct store_cached){sql, *out, true};
    return status;
}

void store_done(struct store *store, sqlite3_stmt *statement)
{
    for (size_t i = 0; i < store->cached_count; i++) {
        if (store->cached[i].statement != statement)
            continue;
        sqlite3_reset(statement);
        sqlite3_clear_bindings(statement);
        store->cached[i].busy = false;
        return;
    }
    sqlite3_finalize(statement);
}

/* A transaction that is over but could not be taken back, for want of memory:
 * nothing is read or written before it is. */
static enum status settle(struct store *store)
{
    if (!store->unsettled)
        return STATUS_OK;
    enum status status = store_translate(store, sqlite3_step(store->rollback));
    sqlite3_reset(store->rollback);
    store->unsettled = sqlite3_get_autocommit(store->database) == 0;
    return store->unsettled ? status : STATUS_OK;
}

static enum status query_list(struct store *store, sqlite3_stmt **out,
    const char *sql, const char *format, va_list *list)
{
    *out = NULL;
    enum status status = settle(store);
    if (status == STATUS_OK)
        status = take_statement(store, out, sql);
    for (int i = 0; status == STATUS_OK && format[i] != '\0'; i++)
        status = store_translate(store, bind_one(*out, i + 1, format[i], list));
    return status;
}

enum status store_query(struct store *store, sqlite3_stmt **out,
    const char *sql, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    enum status status = query_list(store, out, sql, format, &list);
    va_end(list);
    return status;
}

enum status store_step(struct store *store, sqlite3_stmt *statement)
{
    int code = sqlite3_step(statement);
    if (code == SQLITE_ROW)
        return STATUS_OK;
    return code == SQLITE_DONE ? STATUS_NOT_FOUND
                               : store_translate(store, code);
}

enum status store_run(
    struct store *store, const char *sql, const char *format, ...)
{
    sqlite3_stmt *statement = NULL;
    va_list list;
    va_start(list, format);
    enum status status = query_list(store, &statement, sql, format, &list);
    va_end(list);
    if (status == STATUS_OK)
        status = store_step(store, statement);
    store_done(store, statement);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

enum status store_integer(struct store *store, int64_t *out, int64_t fallback,
    const char *sql, const char *format, ...)
{
    sqlite3_stmt *statement = NULL;
    va_list list;
    *out = fallback;
    va_start(list, format);
    enum status status = query_list(store, &statement, sql, format, &list);
    va_end(list);
    if (status == STATUS_OK)
        status = store_step(store, statement);
    if (status == STATUS_OK && sqlite3_column_type(statement, 0) != SQLITE_NULL)
        *out = sqlite3_column_int64(statement, 0);
    store_done(store, statement);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

struct view store_column(sqlite3_stmt *statement, int column)
{
    const void *data = sqlite3_column_blob(statement, column);
    return (struct view){data, (size_t)sqlite3_column_bytes(statement, column)};
}

enum status store_column_fixed(
    sqlite3_stmt *statement, int column, uint8_t *out, size_t size)
{
    struct view bytes = store_column(statement, column);
    if (bytes.size != size)
        return STATUS_CORRUPT;
    memcpy(out, bytes.data, size);
    return STATUS_OK;
}

enum status store_begin(struct store *store)
{
    store_forget_edition(store);
    return store_run(store, "BEGIN IMMEDIATE", "");
}

enum status store_begin_reading(struct store *store)
{
    return store_run(store, "BEGIN", "");
}

enum status store_commit(struct store *store)
{
    enum status status = store_run(store, "COMMIT", "");
    if (status != STATUS_OK)
        store_rollback(store);
    return status;
}

void store_rollback(struct store *store)
{
    store->unsettled = sqlite3_get_autocommit(store->database) == 0;
    store->numbers_left = 0; /* perhaps they were reserved in it */
    store_forget_edition(store);
    (void)settle(store);
}

static enum status read_version(struct store *store, int64_t *version)
{
    int64_t application;
    enum status status =
        store_integer(store, version, 0, "PRAGMA user_version", "");
    if (status == STATUS_OK)
        status =
            store_integer(store, &application, 0, "PRAGMA application_id", "");
    if (status == STATUS_OK &&
        (*version > SCHEMA_VERSION ||
            (*version > 0 && application != APPLICATION_ID)))
        return STATUS_UNSUPPORTED_VERSION;
    return status;
}

/* Within the transaction, from that version on. */
static enum status run_migrations(struct store *store, int64_t version)
{
    char mark[96];
    enum status status = STATUS_OK;
    for (int64_t at = version; status == STATUS_OK && at < SCHEMA_VERSION;
         at++) {
        status = store_execute(store, migrations[at]);
        if (status == STATUS_OK && at == 0)
            status = store_create_exam_table(store);
    }
    sqlite3_snprintf(sizeof mark, mark,
        "PRAGMA application_id=%d; PRAGMA user_version=%lld", APPLICATION_ID,
        (long long)SCHEMA_VERSION);
    return status == STATUS_OK ? store_execute(store, mark) : status;
}

/* All or nothing, with a copy of what was left beside. Another process may be
 * opening the same file: the version is read again once the write lock is held.
 */
static enum status migrate(struct store *store)
{
    int64_t version;
    const char *path = sqlite3_db_filename(store->database, "main");
    enum status status = read_version(store, &version);
    if (status != STATUS_OK || version == SCHEMA_VERSION)
        return status;
    status = store_begin(store);
    if (status == STATUS_OK)
        status = read_version(store, &version);
    if (status == STATUS_OK && version > 0 && version < SCHEMA_VERSION &&
        path != NULL && path[0] != '\0')
        status = before_copy(path, SCHEMA_VERSION);
    if (status == STATUS_OK && version < SCHEMA_VERSION)
        status = run_migrations(store, version);
    if (status == STATUS_OK)
        status = store_commit(store);
    else
        store_rollback(store);
    if (status == STATUS_OK && version > 0 && version < SCHEMA_VERSION)
        log_event(LOG_INFO, "store", "migrated", "from=%lld to=%lld",
            (long long)version, (long long)SCHEMA_VERSION);
    return status;
}

int64_t store_version(void)
{
    return SCHEMA_VERSION;
}

static enum status check_dictionary(struct store *store)
{
    sqlite3_stmt *statement = NULL;
    struct digest digest;
    enum status status = store_query(store, &statement,
        "SELECT value FROM meta WHERE key = 'dictionary'", "");
    if (status == STATUS_OK)
        status = store_step(store, statement);
    if (status == STATUS_OK)
        status =
            store_column_fixed(statement, 0, digest.bytes, sizeof digest.bytes);
    store_done(store, statement);
    if (status == STATUS_OK &&
        !digest_equal(&digest, &store->dictionary->digest))
        status = STATUS_WRONG_DICTIONARY;
    return status;
}

enum status store_open(
    struct store **out, const char *path, const struct dictionary *dictionary)
{
    *out = NULL;
    struct store *store = calloc(1, sizeof *store);
    if (store == NULL)
        return STATUS_NO_MEMORY;
    store->dictionary = dictionary;
    /* No statistics of memory, and so no lock at each allocation; refused, and
     * no harm, when the library is in use already. */
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    mode_t mask = umask(0077);
    int code = sqlite3_open_v2(path, &store->database,
        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_EXRESCODE |
            SQLITE_OPEN_NOMUTEX, /* one thread has it */
        NULL);
    enum status status = store_translate(store, code);
    if (status == STATUS_OK) {
        sqlite3_busy_timeout(store->database, BUSY_MS);
        status = store_execute(store,
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
            "PRAGMA foreign_keys=ON; PRAGMA trusted_schema=OFF");
    }
    if (status == STATUS_OK)
        status = store_prepare(store, &store->rollback, "ROLLBACK");
    if (status == STATUS_OK)
        status = migrate(store);
    umask(mask);
    if (status == STATUS_OK)
        status = check_dictionary(store);
    if (status != STATUS_OK) {
        store_close(store);
        return status;
    }
    *out = store;
    return STATUS_OK;
}

void store_close(struct store *store)
{
    if (store == NULL)
        return;
    store_registry_fini(store);
    for (size_t i = 0; i < store->cached_count; i++)
        sqlite3_finalize(store->cached[i].statement);
    sqlite3_finalize(store->rollback);
    sqlite3_close(store->database);
    free(store);
}
