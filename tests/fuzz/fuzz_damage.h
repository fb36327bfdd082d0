/*
 * fuzz_damage: a database that somebody damaged. The bytes of an input say
 * which cells and rows, and how; the copy that they start from is whole.
 */
#ifndef COHORTIUM_TESTS_FUZZ_FUZZ_DAMAGE_H
#define COHORTIUM_TESTS_FUZZ_FUZZ_DAMAGE_H

#include <sqlite3.h>

#include "tests/fuzz/fuzz.h"

/* table, column, row, how, place (2), value: then the bytes of a replacement */
#define DAMAGE_BYTES ((size_t)7)

enum damage_kind {
    DAMAGE_BYTE,    /* the byte at that place, or the integer, is changed */
    DAMAGE_CUT,     /* what is behind that place is lost */
    DAMAGE_GROWN,   /* bytes are there twice */
    DAMAGE_NUMBER,  /* another integer: the value, shifted */
    DAMAGE_OTHER,   /* the value of another row */
    DAMAGE_ROW,     /* the row is lost */
    DAMAGE_REPLACED /* the rest of the input */
};

struct damage_column {
    const char *table, *column;
    const char *key; /* of the row; NULL: rowid */
};

static inline const char *damage_key(const struct damage_column *at)
{
    return at->key == NULL ? "rowid" : at->key;
}

/* Makes `to` the same as `from`. */
static inline void damage_copy(sqlite3 *to, sqlite3 *from)
{
    sqlite3_backup *backup = sqlite3_backup_init(to, "main", from, "main");
    REQUIRE(backup != NULL);
    REQUIRE(sqlite3_backup_step(backup, -1) == SQLITE_DONE);
    REQUIRE(sqlite3_backup_finish(backup) == SQLITE_OK);
}

/* A copy of its own; the caller closes it. */
static inline sqlite3 *damage_keep(sqlite3 *from)
{
    sqlite3 *copy = NULL;
    REQUIRE(sqlite3_open(":memory:", &copy) == SQLITE_OK);
    damage_copy(copy, from);
    return copy;
}

static inline void damage_bind_bytes(
    sqlite3_stmt *statement, int type, const uint8_t *bytes, size_t size)
{
    if (type == SQLITE_BLOB) {
        sqlite3_bind_blob(statement, 1, size == 0 ? "" : (const char *)bytes,
            (int)size, SQLITE_TRANSIENT);
    } else {
        sqlite3_bind_text(statement, 1, size == 0 ? "" : (const char *)bytes,
            (int)size, SQLITE_TRANSIENT);
    }
}

/* The changed bytes, from those of the cell. */
static inline void damage_bytes(sqlite3_stmt *change, int type, struct view old,
    const uint8_t *how, struct view rest)
{
    uint8_t *bytes = malloc(2 * old.size + 1);
    const size_t place =
        old.size == 0 ? 0 : ((size_t)how[4] | (size_t)how[5] << 8) % old.size;
    size_t size = old.size;
    REQUIRE(bytes != NULL);
    for (size_t i = 0; i < 2 * old.size; i++)
        bytes[i] = old.data[i % old.size];
    if (how[3] == DAMAGE_BYTE && size > 0)
        bytes[place] ^= how[6];
    else if (how[3] == DAMAGE_CUT)
        size = place;
    else if (how[3] == DAMAGE_GROWN)
        size += place + (old.size > 0);
    if (how[3] == DAMAGE_REPLACED)
        damage_bind_bytes(change, type, rest.data, rest.size);
    else
        damage_bind_bytes(change, type, bytes, size);
    free(bytes);
}

static inline void damage_integer(
    sqlite3_stmt *change, int64_t old, const uint8_t *how)
{
    const uint64_t value = (uint64_t)(int64_t)(int8_t)how[6] << (how[4] % 64);
    sqlite3_bind_int64(change, 1,
        how[3] == DAMAGE_NUMBER ? (int64_t)value
                                : (int64_t)((uint64_t)old ^ value));
}

/* The row number how[2] of the table: its cell into *out, which the caller
 * finalizes. False: there is none. */
static inline bool damage_find(sqlite3 *database, sqlite3_stmt **out,
    const struct damage_column *at, unsigned row)
{
    char sql[160];
    snprintf(sql, sizeof sql,
        "SELECT %s, %s FROM %s LIMIT 1 OFFSET %u %%"
        " (SELECT max(1, count(*)) FROM %s)",
        at->column, damage_key(at), at->table, row, at->table);
    REQUIRE(sqlite3_prepare_v2(database, sql, -1, out, NULL) == SQLITE_OK);
    return sqlite3_step(*out) == SQLITE_ROW;
}

static inline void damage_cell(sqlite3 *database, sqlite3_stmt *found,
    const struct damage_column *at, const uint8_t *how, struct view rest)
{
    char sql[160];
    sqlite3_stmt *change = NULL, *other = NULL;
    const int type = sqlite3_column_type(found, 0);
    const struct view old = {
        sqlite3_column_blob(found, 0), (size_t)sqlite3_column_bytes(found, 0)};
    if (how[3] == DAMAGE_ROW) {
        snprintf(sql, sizeof sql,
            "DELETE FROM %s WHERE ?1 IS NULL AND"
            " %s = ?2",
            at->table, damage_key(at));
    } else {
        snprintf(sql, sizeof sql, "UPDATE %s SET %s = ?1 WHERE %s = ?2",
            at->table, at->column, damage_key(at));
    }
    REQUIRE(sqlite3_prepare_v2(database, sql, -1, &change, NULL) == SQLITE_OK);
    if (how[3] == DAMAGE_OTHER && damage_find(database, &other, at, how[6]))
        sqlite3_bind_value(change, 1, sqlite3_column_value(other, 0));
    else if (how[3] == DAMAGE_ROW)
        sqlite3_bind_null(change, 1);
    else if (type == SQLITE_BLOB || type == SQLITE_TEXT)
        damage_bytes(change, type, old, how, rest);
    else
        damage_integer(change, sqlite3_column_int64(found, 0), how);
    sqlite3_bind_value(change, 2, sqlite3_column_value(found, 1));
    (void)sqlite3_step(change); /* what the file itself forbids is not done */
    sqlite3_finalize(change);
    sqlite3_finalize(other);
}

/* At most `most` damages of these columns. Triggers are the file's own
 * defence; who damages it goes around them. */
static inline void damage(sqlite3 *database,
    const struct damage_column *columns, size_t column_count, size_t most,
    const uint8_t *data, size_t size)
{
    REQUIRE(sqlite3_exec(database, "PRAGMA foreign_keys = OFF", NULL, NULL,
                NULL) == SQLITE_OK);
    for (size_t i = 0; i < most && size >= DAMAGE_BYTES; i++) {
        sqlite3_stmt *found = NULL;
        uint8_t how[DAMAGE_BYTES];
        memcpy(how, data, DAMAGE_BYTES);
        how[3] %= DAMAGE_REPLACED + 1;
        data += DAMAGE_BYTES;
        size -= DAMAGE_BYTES;
        const struct damage_column *at =
            &columns[((size_t)how[0] | (size_t)how[1] << 8) % column_count];
        if (damage_find(database, &found, at, how[2]))
            damage_cell(database, found, at, how, fuzz_view(data, size));
        sqlite3_finalize(found);
    }
    REQUIRE(sqlite3_exec(database, "PRAGMA foreign_keys = ON", NULL, NULL,
                NULL) == SQLITE_OK);
}

#endif
