/*
 * children: the other programs, started beside this one's own file. A child
 * dies with its parent.
 */
#ifndef COHORTIUM_COORDINATOR_CLIENT_CHILDREN_H
#define COHORTIUM_COORDINATOR_CLIENT_CHILDREN_H

#include <sys/types.h>

#include "protocol/wire/buffer.h"

#define CHILD_ARGUMENTS_MAX 32

/* A program that runs on, with its standard output in a pipe. */
struct child {
    pid_t pid; /* 0: none */
    int output;
};

/* arguments[0] is the program's name ("cohortium-node"); NULL ends the list.
 * log: file that standard error is added to; NULL: ours. */
enum status child_start(
    struct child *child, const char *const *arguments, const char *log);
/* The first line that begins with word, copied without it; STATUS_TIMED_OUT, or
 * STATUS_IO when the child ended before. */
enum status child_wait_line(struct child *child, const char *word, char *out,
    size_t capacity, int timeout_ms);
/* Waits for the end. Its output is appended where out is not NULL. STATUS_IO
 * when it failed; *exit_code when that is not NULL. */
enum status child_finish(
    struct child *child, struct buffer *out, int *exit_code);
/* SIGTERM, and waits. */
void child_stop(struct child *child);

#endif
