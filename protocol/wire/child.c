#include "protocol/wire/child.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct child {
    pid_t pid;
    int process; /* pidfd; -1 */
    int memory;  /* what it gives back: its status, then bytes; -1 */
};

static bool write_all(int file, const void *bytes, size_t size)
{
    const uint8_t *at = bytes;
    while (size > 0) {
        const ssize_t written = write(file, at, size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return false;
        at += written;
        size -= (size_t)written;
    }
    return true;
}

/* Of the new process. Nothing of the parent's is closed or freed: to do so
 * could say something on its sockets. */
static _Noreturn void work(int memory, pid_t parent,
    enum status (*run)(void *arg, struct buffer *out), void *arg)
{
    struct buffer bytes;
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(1); /* it was gone before that */
    buffer_init(&bytes, CHILD_BYTES_MAX);
    const enum status status = run(arg, &bytes);
    const bool whole = write_all(memory, &status, sizeof status) &&
                       write_all(memory, bytes.data, bytes.size);
    _exit(whole ? 0 : 1);
}

static void release(struct child *child)
{
    if (child->process >= 0)
        close(child->process);
    if (child->memory >= 0)
        close(child->memory);
    free(child);
}

enum status child_start(struct child **out,
    enum status (*run)(void *arg, struct buffer *out), void *arg)
{
    const pid_t parent = getpid();
    *out = NULL;
    struct child *child = malloc(sizeof *child);
    if (child == NULL)
        return STATUS_NO_MEMORY;
    /* Where it is ignored, as a program may find it, nobody can learn how a
     * child ended (wait(2)). */
    (void)signal(SIGCHLD, SIG_DFL);
    *child = (struct child){
        .process = -1, .memory = memfd_create("cohortium-child", MFD_CLOEXEC)};
    child->pid = child->memory < 0 ? -1 : fork();
    if (child->pid == 0)
        work(child->memory, parent, run, arg);
    if (child->pid > 0)
        child->process = pidfd_open(child->pid, 0);
    if (child->process < 0) {
        if (child->pid > 0) {
            (void)kill(child->pid, SIGKILL);
            (void)waitpid(child->pid, NULL, 0);
        }
        release(child);
        return STATUS_LIMIT_REACHED;
    }
    *out = child;
    return STATUS_OK;
}

int child_descriptor(const struct child *child)
{
    return child->process;
}

/* Its status, and the bytes after it. */
static enum status read_back(int memory, struct buffer *out)
{
    struct stat facts;
    enum status status = STATUS_INTERNAL;
    if (fstat(memory, &facts) != 0 || facts.st_size < (off_t)sizeof status ||
        facts.st_size > (off_t)(CHILD_BYTES_MAX + sizeof status))
        return STATUS_INTERNAL;
    const size_t size = (size_t)facts.st_size;
    uint8_t *bytes = mmap(NULL, size, PROT_READ, MAP_PRIVATE, memory, 0);
    if (bytes == MAP_FAILED)
        return STATUS_NO_MEMORY;
    memcpy(&status, bytes, sizeof status);
    const enum status kept =
        buffer_append(out, bytes + sizeof status, size - sizeof status);
    (void)munmap(bytes, size);
    return kept == STATUS_OK ? status : kept;
}

enum status child_end(struct child *child, struct buffer *out)
{
    int how = 0;
    enum status status = STATUS_INTERNAL;
    pid_t ended = waitpid(child->pid, &how, WNOHANG);
    if (ended == 0) {
        (void)kill(child->pid, SIGKILL);
        (void)waitpid(child->pid, NULL, 0);
        status = STATUS_TIMED_OUT;
    } else if (ended == child->pid && WIFEXITED(how) && WEXITSTATUS(how) == 0) {
        status = read_back(child->memory, out);
    }
    release(child);
    return status;
}
