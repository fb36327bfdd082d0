#include "protocol/program/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "protocol/program/program.h"

/* A command may be looking at it, and lose the processor in that moment. */
#define TRIES 100
#define TRY_US 20000

/* The id, a space, and the text, in one write, so that no reader finds half. */
static enum status write_line(int descriptor, const char *text)
{
    char line[LOCK_TEXT_MAX + 32];
    const int size = snprintf(
        line, sizeof line, "%ld %.*s\n", (long)getpid(), LOCK_TEXT_MAX, text);
    if (pwrite(descriptor, line, (size_t)size, 0) != size ||
        ftruncate(descriptor, size) != 0)
        return STATUS_IO;
    return STATUS_OK;
}

/* 0 when there is no id. */
static long read_line(int descriptor, char *text)
{
    char line[LOCK_TEXT_MAX + 32], *end;
    const ssize_t size = pread(descriptor, line, sizeof line - 1, 0);
    text[0] = '\0';
    if (size <= 0)
        return 0;
    line[size] = '\0';
    line[strcspn(line, "\n")] = '\0';
    const long process = strtol(line, &end, 10);
    if (end == line || process <= 0)
        return 0;
    snprintf(text, LOCK_TEXT_MAX, "%s", *end == ' ' ? end + 1 : end);
    return process;
}

enum status lock_take(struct lock *lock, const char *path)
{
    char text[LOCK_TEXT_MAX];
    lock->descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (lock->descriptor < 0)
        return program_fail(STATUS_IO, "%s: %s", path, strerrordesc_np(errno));
    bool taken = false;
    for (int tries = 0; !taken && tries < TRIES; tries++) {
        taken = flock(lock->descriptor, LOCK_EX | LOCK_NB) == 0;
        if (!taken)
            usleep(TRY_US);
    }
    if (!taken) {
        const long process = read_line(lock->descriptor, text);
        lock_release(lock);
        return program_fail(STATUS_BUSY,
            "%s: in use by process %ld, which serves this home", path, process);
    }
    enum status status = write_line(lock->descriptor, "");
    return status == STATUS_OK
               ? status
               : program_fail(status, "%s cannot be written", path);
}

enum status lock_write(const struct lock *lock, const char *text)
{
    return write_line(lock->descriptor, text);
}

void lock_release(struct lock *lock)
{
    if (lock->descriptor >= 0)
        close(lock->descriptor);
    lock->descriptor = -1;
}

/* Where nobody serves a shared lock is had for this moment; a daemon that
 * starts in it tries again. */
enum status lock_read(const char *path, long *process, char *text)
{
    const int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    *process = 0;
    text[0] = '\0';
    if (descriptor < 0)
        return errno == ENOENT ? STATUS_OK : STATUS_IO;
    if (flock(descriptor, LOCK_SH | LOCK_NB) != 0)
        *process = read_line(descriptor, text);
    close(descriptor);
    return STATUS_OK;
}
