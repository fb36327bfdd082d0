/* What the store knows of the node's own signed past, and the heads of other
 * centers that it carries as a witness: past.h. */
#include "node/store_internal.h"

enum status store_get_era(struct store *store, int64_t *era)
{
    return store_integer(
        store, era, 1, "SELECT value FROM meta WHERE key = 'era'", "");
}

enum status store_put_era(struct store *store, int64_t era)
{
    return store_run(
        store, "INSERT OR REPLACE INTO meta VALUES ('era', ?)", "i", era);
}

enum status store_head_kept(struct store *store, bool *kept)
{
    int64_t found;
    enum status status = store_integer(
        store, &found, 0, "SELECT value FROM meta WHERE key = 'head_kept'", "");
    *kept = found != 0;
    return status;
}

enum status store_note_head_kept(struct store *store)
{
    bool kept;
    enum status status = store_head_kept(store, &kept);
    return status == STATUS_OK && !kept
               ? store_run(store,
                     "INSERT OR REPLACE INTO meta VALUES ('head_kept', 1)", "")
               : status;
}

enum status store_audit_digest(
    struct store *store, int64_t sequence, struct digest *digest)
{
    sqlite3_stmt *statement = NULL;
    *digest = (struct digest){{0}};
    if (sequence == 0)
        return STATUS_OK;
    enum status status = store_query(store, &statement,
        "SELECT digest FROM audit WHERE sequence = ?", "i", sequence);
    if (status == STATUS_OK)
        status = store_step(store, statement);
    if (status == STATUS_OK)
        status = store_column_fixed(statement, 0, digest->bytes, DIGEST_BYTES);
    store_done(store, statement);
    return status;
}

/* ---- witnesses ---- */

static struct view key_view(const struct public_key *key)
{
    return (struct view){key->bytes, KEY_BYTES};
}

enum status store_put_witnessed(struct store *store, const struct head *head)
{
    struct view signature = {
        head->signature.bytes, sizeof head->signature.bytes};
    return store_run(store,
        "INSERT OR REPLACE INTO witnessed VALUES (?, ?, ?, ?, ?)", "viidv",
        key_view(&head->signer), head->era, head->length, &head->digest,
        signature);
}

#define WITNESSED_COLUMNS                                                      \
    "SELECT signer, era, length, digest, signature FROM witnessed"

static enum status read_witnessed(sqlite3_stmt *statement, struct head *head)
{
    enum status status =
        store_column_fixed(statement, 0, head->signer.bytes, KEY_BYTES);
    head->era = sqlite3_column_int64(statement, 1);
    head->length = sqlite3_column_int64(statement, 2);
    if (status == STATUS_OK)
        status =
            store_column_fixed(statement, 3, head->digest.bytes, DIGEST_BYTES);
    return status == STATUS_OK
               ? store_column_fixed(statement, 4, head->signature.bytes,
                     sizeof head->signature.bytes)
               : status;
}

enum status store_find_witnessed(
    struct store *store, const struct public_key *signer, struct head *head)
{
    sqlite3_stmt *statement = NULL;
    enum status status = store_query(store, &statement,
        WITNESSED_COLUMNS " WHERE signer = ?", "v", key_view(signer));
    if (status == STATUS_OK)
        status = store_step(store, statement);
    if (status == STATUS_OK)
        status = read_witnessed(statement, head);
    store_done(store, statement);
    return status;
}

enum status store_visit_witnessed(struct store *store,
    enum status (*visit)(void *arg, const struct head *head), void *arg)
{
    sqlite3_stmt *statement = NULL;
    enum status status = store_query(
        store, &statement, WITNESSED_COLUMNS " ORDER BY signer", "");
    while (status == STATUS_OK &&
           (status = store_step(store, statement)) == STATUS_OK) {
        struct head head;
        status = read_witnessed(statement, &head);
        if (status == STATUS_OK)
            status = visit(arg, &head);
    }
    store_done(store, statement);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}
