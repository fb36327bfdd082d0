#include "coordinator/client/children.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "protocol/wire/loop.h"

/* The program beside the one that runs. */
static enum status beside_us(const char *name, char *out, size_t capacity)
{
    ssize_t size = readlink("/proc/self/exe", out, capacity - 1);
    if (size <= 0)
        return STATUS_IO;
    out[size] = '\0';
    char *slash = strrchr(out, '/');
    size_t used = slash == NULL ? 0 : (size_t)(slash - out) + 1;
    int written = snprintf(out + used, capacity - used, "%s", name);
    return written > 0 && (size_t)written < capacity - used ? STATUS_OK
                                                            : STATUS_TOO_LARGE;
}

static void become(
    const char *path, const char *const *arguments, const char *log, int output)
{
    sigset_t none;
    sigemptyset(&none);
    pthread_sigmask(SIG_SETMASK, &none, NULL);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    dup2(output, STDOUT_FILENO);
    if (log != NULL) {
        int file = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        if (file >= 0)
            dup2(file, STDERR_FILENO);
    }
    execv(path, (char *const *)arguments);
    _exit(127);
}

enum status child_start(
    struct child *child, const char *const *arguments, const char *log)
{
    char path[4096];
    int ends[2];
    *child = (struct child){0, -1};
    enum status status = beside_us(arguments[0], path, sizeof path);
    if (status != STATUS_OK)
        return status;
    if (access(path, X_OK) != 0)
        return STATUS_NOT_FOUND;
    if (pipe2(ends, O_CLOEXEC) != 0)
        return STATUS_LIMIT_REACHED;
    pid_t pid = fork();
    if (pid == 0)
        become(path, arguments, log, ends[1]);
    close(ends[1]);
    if (pid < 0) {
        close(ends[0]);
        return STATUS_LIMIT_REACHED;
    }
    *child = (struct child){pid, ends[0]};
    return STATUS_OK;
}

enum status child_wait_line(struct child *child, const char *word, char *out,
    size_t capacity, int timeout_ms)
{
    char line[512];
    size_t size = 0;
    uint64_t end = clock_monotonic_ms() + (uint64_t)timeout_ms;
    for (;;) {
        uint64_t now = clock_monotonic_ms();
        struct pollfd item = {.fd = child->output, .events = POLLIN};
        if (now >= end || poll(&item, 1, (int)(end - now)) == 0)
            return STATUS_TIMED_OUT;
        char c;
        ssize_t got = read(child->output, &c, 1);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return STATUS_IO;
        if (c != '\n') {
            if (size < sizeof line - 1)
                line[size++] = c;
            continue;
        }
        line[size] = '\0';
        size = 0;
        if (strncmp(line, word, strlen(word)) == 0) {
            snprintf(out, capacity, "%s", line + strlen(word));
            return STATUS_OK;
        }
    }
}

enum status child_finish(
    struct child *child, struct buffer *out, int *exit_code)
{
    char bytes[4096];
    int state = 0;
    ssize_t got;
    while ((got = read(child->output, bytes, sizeof bytes)) != 0) {
        if (got < 0 && errno != EINTR)
            break;
        if (got > 0 && out != NULL)
            (void)buffer_append(out, bytes, (size_t)got);
    }
    close(child->output);
    while (waitpid(child->pid, &state, 0) < 0 && errno == EINTR)
        continue;
    *child = (struct child){0, -1};
    int code = WIFEXITED(state) ? WEXITSTATUS(state) : 1;
    if (exit_code != NULL)
        *exit_code = code;
    return code == 0 ? STATUS_OK : STATUS_IO;
}

void child_stop(struct child *child)
{
    if (child->pid == 0)
        return;
    kill(child->pid, SIGTERM);
    (void)child_finish(child, NULL, NULL);
}
