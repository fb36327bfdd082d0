/* How far each masked question came: the store's part in one vote and one
 * reveal a query, whatever ends the process. `figures` is how often masked
 * figures of the query left; while they have not, its row may go. */
#include <string.h>

#include "node/store_internal.h"

#define COLUMNS                                                                \
    "SELECT query, header, attempt, stage, members, givers, survivors,"        \
    " revealed, refused, time, study FROM progress WHERE "

enum status store_put_progress(
    struct store *store, const struct store_progress *progress)
{
    return store_run(store,
        "INSERT INTO progress VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10,"
        " ?11, ?4 >= 3)"
        " ON CONFLICT (query) DO UPDATE SET figures = figures +"
        " (excluded.stage = 3 AND (stage <> 3 OR header <> excluded.header)),"
        " header = excluded.header, study = excluded.study,"
        " attempt = excluded.attempt, stage = excluded.stage,"
        " members = excluded.members, givers = excluded.givers,"
        " survivors = excluded.survivors, revealed = excluded.revealed,"
        " refused = excluded.refused, time = excluded.time",
        "ddiidddiiid", &progress->query, &progress->header, progress->attempt,
        (int64_t)progress->stage, &progress->members, &progress->givers,
        &progress->survivors, (int64_t)progress->revealed, progress->refused,
        progress->time, &progress->study);
}

/* The latest stay. */
static enum status drop_early(struct store *store)
{
    return store_run(store,
        "DELETE FROM progress WHERE query IN (SELECT query FROM progress"
        " WHERE figures = 0 ORDER BY time DESC, query LIMIT -1 OFFSET ?)",
        "i", (int64_t)STORE_EARLY_MAX);
}

enum status store_count_unvoted(
    struct store *store, const struct digest *study, int64_t *count)
{
    return store_integer(store, count, 0,
        "SELECT sum(figures - (stage >= 4)) FROM progress WHERE study = ?"
        " AND figures > (stage >= 4)",
        "d", study);
}

/* WAL: a commit without a sync is in the file, as far as any process sees, when
 * it returns; the next commit with one takes it along (SQLite, "Write-Ahead
 * Logging", 3). */
enum status store_note_progress(
    struct store *store, const struct store_progress *progress)
{
    enum status status = store_execute(store, "PRAGMA synchronous=NORMAL");
    if (status == STATUS_OK)
        status = store_put_progress(store, progress);
    if (status == STATUS_OK && progress->stage == STAGE_KEYS_LEFT)
        status = drop_early(store);
    enum status restored = store_execute(store, "PRAGMA synchronous=FULL");
    return status == STATUS_OK ? restored : status;
}

static enum status read_progress(
    sqlite3_stmt *statement, struct store_progress *progress)
{
    struct digest *const digests[] = {&progress->query, &progress->header, NULL,
        NULL, &progress->members, &progress->givers, &progress->survivors};
    enum status status = STATUS_OK;
    for (int i = 0; status == STATUS_OK && i < 7; i++) {
        if (digests[i] != NULL)
            status = store_column_fixed(
                statement, i, digests[i]->bytes, DIGEST_BYTES);
    }
    int64_t stage = sqlite3_column_int64(statement, 3);
    if (stage < STAGE_KEYS_LEFT || stage > STAGE_REVEAL_LEFT)
        status = STATUS_CORRUPT;
    progress->attempt = sqlite3_column_int64(statement, 2);
    progress->stage = (enum store_stage)stage;
    progress->revealed = sqlite3_column_int64(statement, 7) != 0;
    progress->refused = sqlite3_column_int64(statement, 8);
    progress->time = sqlite3_column_int64(statement, 9);
    const struct view study = store_column(statement, 10);
    if (study.size != 0 && study.size != DIGEST_BYTES)
        return STATUS_CORRUPT;
    progress->study = (struct digest){{0}};
    if (study.size != 0) /* an older program kept none */
        memcpy(progress->study.bytes, study.data, DIGEST_BYTES);
    return status;
}

static enum status find_progress(struct store *store, const char *sql,
    const struct digest *id, struct store_progress *progress)
{
    sqlite3_stmt *statement = NULL;
    enum status status = store_query(store, &statement, sql, "d", id);
    if (status == STATUS_OK)
        status = store_step(store, statement);
    if (status == STATUS_OK)
        status = read_progress(statement, progress);
    store_done(store, statement);
    return status;
}

enum status store_find_progress(struct store *store, const struct digest *query,
    struct store_progress *progress)
{
    return find_progress(store, COLUMNS "query = ?", query, progress);
}

enum status store_find_progress_of_session(struct store *store,
    const struct digest *header, struct store_progress *progress)
{
    return find_progress(store, COLUMNS "header = ?", header, progress);
}

const char *store_stage_name(enum store_stage stage)
{
    static const char *const names[] = {
        "nothing", "keys", "shares", "figures", "vote", "reveal"};
    return stage <= STAGE_REVEAL_LEFT ? names[stage] : "?";
}
