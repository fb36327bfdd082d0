/* Refusals: those that may lock a study, and how often each kind came in a day
 * (refusal.h). */
#include <stdio.h>

#include "node/store_internal.h"

enum status store_put_refusal(struct store *store, const struct digest *study,
    const char *reason, int64_t now)
{
    return store_run(store,
        "INSERT INTO refusal (study, time, reason) VALUES (?, ?, ?)", "dit",
        study, now, reason);
}

enum status store_drop_refusals(
    struct store *store, const struct digest *study, int64_t before)
{
    return store_run(store, "DELETE FROM refusal WHERE study = ? AND time < ?",
        "di", study, before);
}

static enum status read_reasons(
    struct store *store, const struct digest *study, char *out, size_t capacity)
{
    sqlite3_stmt *statement = NULL;
    enum status status = store_query(store, &statement,
        "SELECT group_concat(times || ' ' || reason, ', ') FROM"
        " (SELECT count(*) AS times, reason FROM refusal WHERE study = ?"
        " GROUP BY reason ORDER BY times DESC, reason)",
        "d", study);
    if (status == STATUS_OK)
        status = store_step(store, statement);
    if (status == STATUS_OK) {
        const char *text = (const char *)sqlite3_column_text(statement, 0);
        snprintf(out, capacity, "%s", text == NULL ? "" : text);
    }
    store_done(store, statement);
    return status;
}

enum status store_find_lock(struct store *store, const struct digest *study,
    int64_t many, int64_t seconds, int64_t now, struct store_lock *lock)
{
    *lock = (struct store_lock){.locked = false};
    enum status status = store_integer(store, &lock->since, -1,
        "SELECT min(time) FROM (SELECT time, time - lag(time, ?) OVER"
        " (ORDER BY time) AS took FROM refusal WHERE study = ?) WHERE took < ?",
        "idi", many - 1, study, seconds);
    lock->locked = lock->since != -1;
    if (status == STATUS_OK)
        status = store_integer(store, &lock->recent, 0,
            "SELECT count(*) FROM refusal WHERE study = ? AND time > ?", "di",
            study, now - seconds);
    return status == STATUS_OK
               ? read_reasons(store, study, lock->reasons, sizeof lock->reasons)
               : status;
}

enum status store_clear_refusals(
    struct store *store, const struct digest *study)
{
    return store_run(store, "DELETE FROM refusal WHERE study = ?", "d", study);
}

/* ---- counted by day ---- */

enum status store_count_refusal(
    struct store *store, const struct store_counted *kind, int64_t *times)
{
    const struct view person = {kind->person.bytes, KEY_BYTES};
    return store_integer(store, times, 0,
        "INSERT INTO counted VALUES (?, ?, ?, ?, 1)"
        " ON CONFLICT (day, study, person, reason)"
        " DO UPDATE SET times = times + 1 RETURNING times",
        "idvt", kind->day, &kind->study, person, status_name(kind->reason));
}

enum status store_take_counted(
    struct store *store, int64_t today, struct store_counted *out)
{
    sqlite3_stmt *statement = NULL;
    enum status status = store_query(store, &statement,
        "DELETE FROM counted WHERE (day, study, person, reason) ="
        " (SELECT day, study, person, reason FROM counted WHERE day <> ?"
        " ORDER BY day, study, person, reason LIMIT 1)"
        " RETURNING day, study, person, reason, times",
        "i", today);
    if (status == STATUS_OK)
        status = store_step(store, statement);
    if (status == STATUS_OK) {
        out->day = sqlite3_column_int64(statement, 0);
        const char *reason = (const char *)sqlite3_column_text(statement, 3);
        out->reason = reason == NULL ? STATUS_REFUSED : status_of_name(reason);
        out->times = sqlite3_column_int64(statement, 4);
        status =
            store_column_fixed(statement, 1, out->study.bytes, DIGEST_BYTES);
    }
    if (status == STATUS_OK)
        status = store_column_fixed(statement, 2, out->person.bytes, KEY_BYTES);
    store_done(store, statement);
    return status;
}
