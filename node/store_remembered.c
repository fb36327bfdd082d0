/* Sets of rows that were asked, sealed (remembered.h), and whose they are. */
#include "node/store_internal.h"

enum status store_put_set(struct store *store, const struct store_set *set)
{
    return store_run(store,
        "INSERT INTO remembered (id, header, study, until, released, told, rows)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        "dddiivv", &set->id, &set->header, &set->study, set->until,
        (int64_t)set->released, set->told, set->rows);
}

enum status store_next_set(struct store *store, int64_t *number)
{
    enum status status = store_integer(store, number, 0,
        "SELECT seq FROM sqlite_sequence WHERE name = 'remembered'", "");
    (*number)++;
    return status;
}

static enum status read_set(sqlite3_stmt *statement, struct store_set *set)
{
    set->until = sqlite3_column_int64(statement, 4);
    set->released = sqlite3_column_int64(statement, 5) != 0;
    set->told = store_column(statement, 6);
    set->rows = store_column(statement, 7);
    enum status status =
        store_column_fixed(statement, 1, set->id.bytes, DIGEST_BYTES);
    if (status == STATUS_OK)
        status =
            store_column_fixed(statement, 2, set->header.bytes, DIGEST_BYTES);
    if (status == STATUS_OK)
        status =
            store_column_fixed(statement, 3, set->study.bytes, DIGEST_BYTES);
    return status;
}

enum status store_visit_sets(
    struct store *store, int64_t after, store_set_visit *visit, void *arg)
{
    sqlite3_stmt *statement = NULL;
    enum status status = store_query(store, &statement,
        "SELECT number, id, header, study, until, released, told, rows"
        " FROM remembered WHERE number > ? ORDER BY number",
        "i", after);
    while (status == STATUS_OK &&
           (status = store_step(store, statement)) == STATUS_OK) {
        struct store_set set;
        status = read_set(statement, &set);
        if (status == STATUS_OK)
            status = visit(arg, sqlite3_column_int64(statement, 0), &set);
    }
    store_done(store, statement);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

enum status store_release_sets(struct store *store, const struct digest *header)
{
    return store_run(store,
        "UPDATE remembered SET released = 1 WHERE header = ?", "d", header);
}

enum status store_drop_sets(struct store *store, int64_t now, bool *dropped)
{
    int64_t over = 0;
    enum status status = store_integer(store, &over, 0,
        "SELECT count(*) FROM remembered WHERE until < ?", "i", now);
    *dropped = over > 0;
    return status == STATUS_OK && over > 0
               ? store_run(
                     store, "DELETE FROM remembered WHERE until < ?", "i", now)
               : status;
}

enum status store_put_researcher(struct store *store,
    const struct digest *study, const struct public_key *researcher)
{
    return store_run(store, "INSERT OR IGNORE INTO remembered_by VALUES (?, ?)",
        "dv", study, (struct view){researcher->bytes, KEY_BYTES});
}

enum status store_visit_family(struct store *store, const struct digest *study,
    enum status (*visit)(void *arg, const struct digest *id), void *arg)
{
    sqlite3_stmt *statement = NULL;
    enum status status = store_query(store, &statement,
        "SELECT id FROM remembered WHERE released AND study IN"
        " (SELECT study FROM remembered_by WHERE researcher IN"
        " (SELECT researcher FROM remembered_by WHERE study = ?))"
        " ORDER BY number",
        "d", study);
    while (status == STATUS_OK &&
           (status = store_step(store, statement)) == STATUS_OK) {
        struct digest id;
        status = store_column_fixed(statement, 0, id.bytes, DIGEST_BYTES);
        if (status == STATUS_OK)
            status = visit(arg, &id);
    }
    store_done(store, statement);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}
