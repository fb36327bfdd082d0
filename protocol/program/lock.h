/*
 * lock: one daemon a home. The file serve.lock holds the daemon's process id
 * and how it stands, for the commands beside it to tell; the lock on it ends
 * with the process, whatever ends that.
 */
#ifndef COHORTIUM_PROTOCOL_PROGRAM_LOCK_H
#define COHORTIUM_PROTOCOL_PROGRAM_LOCK_H

#include <stdbool.h>
#include <stddef.h>

#include "protocol/wire/status.h"

#define LOCK_TEXT_MAX 1024

struct lock {
    int descriptor; /* -1: not taken */
};

/* Takes it and writes this process's id. STATUS_BUSY: another has it, and the
 * program's error names its id. Error texts are the program's. */
enum status lock_take(struct lock *lock, const char *path);
/* How the daemon stands, in one line; replaces what was there. */
enum status lock_write(const struct lock *lock, const char *text);
/* Accepts one that is not taken. */
void lock_release(struct lock *lock);
/* Without taking it: *process is who has it, 0 when nobody does (then text is
 * ""). text[LOCK_TEXT_MAX] as written last. */
enum status lock_read(const char *path, long *process, char *text);

#endif
