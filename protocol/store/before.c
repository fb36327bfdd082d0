#include "protocol/store/before.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sqlite3.h>

#include "protocol/wire/log.h"

#define BUSY_MS 10000

static int open_reading(sqlite3 **out, const char *path)
{
    int code = sqlite3_open_v2(
        path, out, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_busy_timeout(*out, BUSY_MS);
    return code;
}

/* A connection of its own: VACUUM cannot run within the migration's
 * transaction, and a reader sees what was committed before it. */
static int vacuum_into(const char *path, const char *copy)
{
    sqlite3 *database = NULL;
    sqlite3_stmt *statement = NULL;
    int code = open_reading(&database, path);
    if (code == SQLITE_OK)
        code =
            sqlite3_prepare_v2(database, "VACUUM INTO ?", -1, &statement, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_bind_text(statement, 1, copy, -1, SQLITE_STATIC);
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    if (code != SQLITE_DONE)
        log_event(LOG_ERROR, "store", "not_copied", "code=%d text=\"%s\"", code,
            sqlite3_errmsg(database));
    sqlite3_finalize(statement);
    sqlite3_close(database);
    return code == SQLITE_DONE ? SQLITE_OK : code;
}

static enum status sync_path(const char *path, int flags)
{
    int descriptor = open(path, flags | O_CLOEXEC);
    if (descriptor < 0)
        return STATUS_IO;
    enum status status = fsync(descriptor) == 0 ? STATUS_OK : STATUS_IO;
    close(descriptor);
    return status;
}

/* Of the folder that the path is in. */
static enum status sync_folder(const char *path)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    const int size = slash == NULL ? 0 : (int)(slash - path);
    snprintf(folder, sizeof folder, "%.*s", size, path);
    return sync_path(slash == NULL ? "."
                     : size == 0   ? "/"
                                   : folder,
        O_RDONLY | O_DIRECTORY);
}

enum status before_copy(const char *path, int64_t version)
{
    char copy[PATH_MAX], part[PATH_MAX + 8];
    const int size = snprintf(
        copy, sizeof copy, "%s.before-v%lld", path, (long long)version);
    if (size < 0 || (size_t)size >= sizeof copy)
        return STATUS_TOO_LARGE;
    snprintf(part, sizeof part, "%s.part", copy);
    unlink(part); /* of one that was cut off */
    enum status status =
        vacuum_into(path, part) == SQLITE_OK ? STATUS_OK : STATUS_IO;
    if (status == STATUS_OK && chmod(part, 0600) != 0)
        status = STATUS_IO;
    if (status == STATUS_OK)
        status = sync_path(part, O_RDONLY);
    if (status == STATUS_OK && rename(part, copy) != 0)
        status = STATUS_IO;
    if (status == STATUS_OK)
        status = sync_folder(copy);
    else
        unlink(part);
    if (status == STATUS_OK)
        log_event(LOG_INFO, "store", "copied", "file=\"%s\"", copy);
    return status;
}

int64_t before_version(const char *path)
{
    sqlite3 *database = NULL;
    sqlite3_stmt *statement = NULL;
    int64_t version = -1;
    int code = open_reading(&database, path);
    if (code == SQLITE_OK)
        code = sqlite3_prepare_v2(
            database, "PRAGMA user_version", -1, &statement, NULL);
    if (code == SQLITE_OK && sqlite3_step(statement) == SQLITE_ROW)
        version = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    sqlite3_close(database);
    return version;
}

void before_say_newer(char *out, size_t capacity, const char *program,
    const char *path, int64_t known)
{
    const long long found = (long long)before_version(path);
    if (found > known)
        snprintf(out, capacity,
            "this home was written by a newer %s (store version %lld, this "
            "program knows %lld); install that version, or the copy that it "
            "left beside as %s.before-v%lld",
            program, found, (long long)known, path, found);
    else
        snprintf(out, capacity, "%s: not a file of %s", path, program);
}
