/*
 * The store's part in freezes. A freeze is a row: the edition of the record
 * that it ends (each version of an exam says in which editions it stands), and
 * how many times anybody had left or come back. Nothing is copied.
 */
#include <string.h>

#include <sodium.h>

#include "node/store_internal.h"

static enum status meta(struct store *store, const char *key, int64_t *value)
{
    return store_integer(
        store, value, 0, "SELECT value FROM meta WHERE key = ?", "t", key);
}

static enum status grow(struct store *store, const char *key)
{
    return store_run(
        store, "UPDATE meta SET value = value + 1 WHERE key = ?", "t", key);
}

/* ---- views ---- */

enum status store_view_now(struct store *store, struct store_view *view)
{
    *view = (struct store_view){.freeze = 0};
    enum status status = meta(store, "edition", &view->edition);
    if (status == STATUS_OK)
        status = meta(store, "absences", &view->absences);
    return status == STATUS_OK ? meta(store, "erasures", &view->erasures)
                               : status;
}

enum status store_view_freeze(
    struct store *store, int64_t number, struct store_view *view)
{
    sqlite3_stmt *statement = NULL;
    *view = (struct store_view){.freeze = number};
    enum status status = meta(store, "erasures", &view->erasures);
    if (status != STATUS_OK || number == 0)
        return status;
    status = store_query(store, &statement,
        "SELECT edition, absences FROM freeze WHERE number = ?", "i", number);
    if (status == STATUS_OK)
        status = store_step(store, statement);
    if (status == STATUS_OK) {
        view->edition = sqlite3_column_int64(statement, 0);
        view->absences = sqlite3_column_int64(statement, 1);
    }
    store_done(store, statement);
    return status;
}

bool store_view_equal(const struct store_view *a, const struct store_view *b)
{
    return a->edition == b->edition && a->absences == b->absences &&
           a->erasures == b->erasures;
}

int64_t store_view_departures(const struct store_view *view)
{
    return view->absences + view->erasures;
}

/* ---- freezes ---- */

enum status store_last_freeze(struct store *store, int64_t *number)
{
    return store_integer(
        store, number, 0, "SELECT coalesce(max(number), 0) FROM freeze", "");
}

enum status store_find_freeze(struct store *store, int64_t number,
    struct store_freeze *freeze, struct buffer *envelope)
{
    sqlite3_stmt *statement = NULL;
    memset(freeze, 0, sizeof *freeze);
    enum status status = store_query(store, &statement,
        "SELECT time, secret, envelope FROM freeze WHERE number = ?", "i",
        number);
    if (status == STATUS_OK)
        status = store_step(store, statement);
    if (status == STATUS_OK) {
        freeze->number = number;
        freeze->time = sqlite3_column_int64(statement, 0);
        status = store_column_fixed(
            statement, 1, freeze->secret, sizeof freeze->secret);
    }
    if (status == STATUS_OK && envelope != NULL) {
        const struct view bytes = store_column(statement, 2);
        status = buffer_append(envelope, bytes.data, bytes.size);
    }
    store_done(store, statement);
    return status;
}

enum status store_put_freeze(
    struct store *store, const struct store_freeze *freeze)
{
    struct store_view now;
    enum status status = store_view_now(store, &now);
    if (status == STATUS_OK)
        status = store_run(store,
            "INSERT INTO freeze VALUES (?, ?, ?, ?, ?, ?)", "iiiivv",
            freeze->number, now.edition, now.absences, freeze->time,
            (struct view){freeze->secret, sizeof freeze->secret},
            freeze->envelope);
    if (status == STATUS_OK)
        status = grow(store, "edition");
    if (status == STATUS_OK)
        status = store_run(
            store, "UPDATE meta SET value = 0 WHERE key = 'changed'", "");
    store_forget_edition(store);
    return status;
}

enum status store_freeze_due(struct store *store, bool *changed)
{
    int64_t rows, last = 0;
    struct store_view now, then = {.freeze = 0};
    enum status status = meta(store, "changed", &rows);
    if (status == STATUS_OK)
        status = store_view_now(store, &now);
    if (status == STATUS_OK)
        status = store_last_freeze(store, &last);
    if (status == STATUS_OK)
        status = store_view_freeze(store, last, &then);
    *changed = rows != 0 || (last > 0 && now.absences != then.absences);
    return status;
}

static void add_bytes(
    crypto_generichash_state *state, const void *bytes, size_t size)
{
    const uint64_t length = size;
    crypto_generichash_update(state, (const uint8_t *)&length, sizeof length);
    crypto_generichash_update(state, bytes, size);
}

/* As SQLite has them, a type and its bytes a column. */
static void add_row(crypto_generichash_state *state, sqlite3_stmt *statement)
{
    for (int i = 0; i < sqlite3_column_count(statement); i++) {
        const int type = sqlite3_column_type(statement, i);
        const int64_t number = sqlite3_column_int64(statement, i);
        if (type == SQLITE_TEXT || type == SQLITE_BLOB)
            add_bytes(state, sqlite3_column_blob(statement, i),
                (size_t)sqlite3_column_bytes(statement, i));
        else
            add_bytes(
                state, &number, type == SQLITE_INTEGER ? sizeof number : 0);
    }
}

static enum status add_rows(struct store *store,
    crypto_generichash_state *state, const char *sql, int64_t at)
{
    sqlite3_stmt *statement = NULL;
    enum status status = store_query(store, &statement, sql, "i", at);
    while (status == STATUS_OK &&
           (status = store_step(store, statement)) == STATUS_OK)
        add_row(state, statement);
    store_done(store, statement);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

/* What ends a version later is no part of it. */
static enum status write_digest(const struct store *store, struct buffer *sql)
{
    const struct dictionary *dictionary = store->dictionary;
    enum status status =
        buffer_append_text(sql, "SELECT number, patient, identifier");
    for (size_t i = 0; status == STATUS_OK && i < dictionary->variable_count;
         i++)
        status =
            buffer_append_format(sql, ", v_%s", dictionary->variables[i].name);
    return status == STATUS_OK
               ? buffer_append_text(sql,
                     " FROM exam WHERE since <= ?1 AND (until IS NULL OR"
                     " until > ?1) ORDER BY id")
               : status;
}

static enum status add_exams(
    struct store *store, crypto_generichash_state *state, int64_t edition)
{
    sqlite3_stmt *statement = NULL;
    struct buffer sql;
    buffer_init(&sql, BUFFER_LIMIT_DEFAULT);
    enum status status = write_digest(store, &sql);
    if (status == STATUS_OK)
        status = store_prepare(store, &statement, buffer_text(&sql));
    if (status == STATUS_OK)
        sqlite3_bind_int64(statement, 1, edition);
    while (status == STATUS_OK &&
           (status = store_step(store, statement)) == STATUS_OK)
        add_row(state, statement);
    sqlite3_finalize(statement);
    buffer_fini(&sql);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

enum status store_digest_rows(struct store *store,
    const struct store_view *view, const uint8_t secret[STORE_SECRET_BYTES],
    struct digest *digest)
{
    crypto_generichash_state state;
    crypto_generichash_init(&state, secret, STORE_SECRET_BYTES, DIGEST_BYTES);
    enum status status = add_exams(store, &state, view->edition);
    if (status == STATUS_OK)
        status = add_rows(store, &state,
            "SELECT pseudonym FROM absence WHERE since <= ?1 AND"
            " (until IS NULL OR until > ?1) ORDER BY pseudonym",
            view->absences);
    crypto_generichash_final(&state, digest->bytes, DIGEST_BYTES);
    return status;
}

/* ---- who left ---- */

static enum status find_pseudonym(
    struct store *store, const char *identifier, int64_t *pseudonym)
{
    enum status status = store_integer(store, pseudonym, -1,
        "SELECT pseudonym FROM patient WHERE identifier = ?", "t", identifier);
    return status == STATUS_OK && *pseudonym < 0 ? STATUS_NOT_FOUND : status;
}

enum status store_set_opt_out(
    struct store *store, const char *identifier, bool out)
{
    int64_t pseudonym, absent, mark;
    enum status status = find_pseudonym(store, identifier, &pseudonym);
    if (status == STATUS_OK)
        status = store_integer(store, &absent, 0,
            "SELECT count(*) FROM absence WHERE pseudonym = ? AND"
            " until IS NULL",
            "i", pseudonym);
    if (status != STATUS_OK || (absent > 0) == out)
        return status;
    status = grow(store, "absences");
    if (status == STATUS_OK)
        status = meta(store, "absences", &mark);
    if (status != STATUS_OK)
        return status;
    return out ? store_run(store, "INSERT INTO absence VALUES (?, ?, NULL)",
                     "ii", pseudonym, mark)
               : store_run(store,
                     "UPDATE absence SET until = ? WHERE pseudonym = ? AND"
                     " until IS NULL",
                     "ii", mark, pseudonym);
}

/* Of whatever edition, with the first that it stood in. */
static enum status erase_exams(
    struct store *store, int64_t pseudonym, int64_t mark)
{
    enum status status = store_run(store,
        "INSERT INTO erased SELECT number, min(since), ? FROM exam"
        " WHERE patient = ? GROUP BY number",
        "ii", mark, pseudonym);
    return status == STATUS_OK
               ? store_run(store, "DELETE FROM exam WHERE patient = ?", "i",
                     pseudonym)
               : status;
}

enum status store_erase(struct store *store, const char *identifier)
{
    int64_t pseudonym, mark;
    enum status status = find_pseudonym(store, identifier, &pseudonym);
    if (status == STATUS_OK)
        status = grow(store, "absences");
    if (status == STATUS_OK)
        status = grow(store, "erasures");
    if (status == STATUS_OK)
        status = meta(store, "absences", &mark);
    if (status == STATUS_OK)
        status = erase_exams(store, pseudonym, mark);
    if (status == STATUS_OK)
        status = store_run(
            store, "DELETE FROM absence WHERE pseudonym = ?", "i", pseudonym);
    return status == STATUS_OK
               ? store_run(store, "DELETE FROM patient WHERE pseudonym = ?",
                     "i", pseudonym)
               : status;
}

enum status store_scrub(struct store *store, bool begin)
{
    return begin ? store_execute(store, "PRAGMA secure_delete = ON")
                 : store_execute(store, "PRAGMA wal_checkpoint(TRUNCATE)");
}

/* ---- what a study reads ---- */

enum status store_put_reading(
    struct store *store, const struct store_reading *reading)
{
    return store_run(store, "INSERT INTO reading VALUES (?, ?, ?, ?)", "diii",
        &reading->study, reading->move, reading->freeze, reading->absences);
}

enum status store_visit_readings(struct store *store,
    enum status (*visit)(void *arg, const struct store_reading *reading),
    void *arg)
{
    sqlite3_stmt *statement = NULL;
    enum status status = store_query(store, &statement,
        "SELECT study, move, freeze, absences FROM reading"
        " ORDER BY study, move",
        "");
    while (status == STATUS_OK &&
           (status = store_step(store, statement)) == STATUS_OK) {
        struct store_reading reading = {
            .move = sqlite3_column_int64(statement, 1),
            .freeze = sqlite3_column_int64(statement, 2),
            .absences = sqlite3_column_int64(statement, 3)};
        status = store_column_fixed(
            statement, 0, reading.study.bytes, sizeof reading.study.bytes);
        if (status == STATUS_OK)
            status = visit(arg, &reading);
    }
    store_done(store, statement);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

enum status store_find_span(struct store *store, const struct digest *study,
    int64_t move, struct store_span *span)
{
    enum status status = store_integer(store, &span->below, 0,
        "SELECT max(freeze) FROM reading WHERE study = ? AND move < ?", "di",
        study, move);
    return status == STATUS_OK
               ? store_integer(store, &span->above, 0,
                     "SELECT min(freeze) FROM reading WHERE study = ? AND"
                     " move > ?",
                     "di", study, move)
               : status;
}

enum status store_freeze_count(struct store *store, int64_t *count)
{
    return store_integer(store, count, 0,
        "SELECT (SELECT count(*) FROM reading) +"
        " (SELECT count(*) FROM freeze)",
        "");
}

/* What the study began with, or what had left by the last freeze: the later. */
enum status store_view_study(struct store *store, const struct digest *study,
    int64_t move, struct store_view *view)
{
    int64_t freeze, began, last;
    struct store_view latest;
    enum status status = store_integer(store, &freeze, -1,
        "SELECT freeze FROM reading WHERE study = ? AND move = ?", "di", study,
        move);
    if (status == STATUS_OK && freeze < 0)
        return STATUS_NOT_FOUND;
    if (status == STATUS_OK)
        status = store_integer(store, &began, 0,
            "SELECT max(absences) FROM reading WHERE study = ?", "d", study);
    if (status == STATUS_OK)
        status = store_last_freeze(store, &last);
    if (status == STATUS_OK)
        status = store_view_freeze(store, last, &latest);
    if (status == STATUS_OK)
        status = store_view_freeze(store, freeze, view);
    if (status != STATUS_OK)
        return status == STATUS_NOT_FOUND ? STATUS_CORRUPT : status;
    view->absences = began > latest.absences ? began : latest.absences;
    return STATUS_OK;
}
