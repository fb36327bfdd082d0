#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "protocol/program/program.h"

#define INTERVAL_MS 100

static bool shown;
static int64_t last_ms;

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void progress_update(const char *what, uint64_t done, uint64_t total)
{
    int64_t now = now_ms();
    if (!isatty(STDERR_FILENO) || (shown && now - last_ms < INTERVAL_MS))
        return;
    last_ms = now;
    shown = true;
    if (total > 0) {
        fprintf(stderr, "\r%s: %" PRIu64 " of %" PRIu64 "\033[K", what, done,
            total);
    } else {
        fprintf(stderr, "\r%s: %" PRIu64 "\033[K", what, done);
    }
    fflush(stderr);
}

void progress_done(void)
{
    if (shown)
        fputs("\r\033[K", stderr);
    shown = false;
}
