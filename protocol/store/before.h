/*
 * before: the copy of an SQLite file that is left beside it before a migration.
 */
#ifndef COHORTIUM_PROTOCOL_STORE_BEFORE_H
#define COHORTIUM_PROTOCOL_STORE_BEFORE_H

#include <stddef.h>
#include <stdint.h>

#include "protocol/wire/status.h"

/* Writes path.before-vVERSION (mode 0600, over one that is there), or leaves
 * nothing new. The caller holds the write lock of the file and has written
 * nothing yet: what is copied is what will be migrated. STATUS_IO is said in
 * the log. */
enum status before_copy(const char *path, int64_t version);
/* The version that a file has; -1 when it is none, or cannot be read. */
int64_t before_version(const char *path);
/* Of a file that is not opened because a newer program wrote it: "this home was
 * written by a newer cohortium-node (store version 9, this program knows 7); "
 * and what to do. */
void before_say_newer(char *out, size_t capacity, const char *program,
    const char *path, int64_t known);

#endif
