#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include <sodium.h>

#include "protocol/program/program.h"

#define PASSPHRASE_MAX 1024
#define PASSPHRASE_MIN 8 /* characters of a new one */

static volatile sig_atomic_t caught;

static void catch (int number)
{
    caught = number;
}

/* One line without its end, into out[PASSPHRASE_MAX]. */
static enum status read_line(int descriptor, char *out)
{
    size_t size = 0;
    for (;;) {
        char character;
        ssize_t got = read(descriptor, &character, 1);
        if (got < 0 && errno == EINTR && caught == 0)
            continue;
        if (got < 0)
            return STATUS_IO;
        if (got == 0 || character == '\n')
            break;
        if (character == '\0')
            return STATUS_MALFORMED;
        if (size + 1 >= PASSPHRASE_MAX)
            return STATUS_TOO_LARGE;
        out[size++] = character;
    }
    if (size > 0 && out[size - 1] == '\r')
        size--;
    out[size] = '\0';
    return STATUS_OK;
}

/* The terminal must get its echo back whatever ends the typing: the signals
 * that would kill us are caught, and raised again afterwards. */
static enum status read_silent(int terminal, const char *prompt, char *out)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};
    enum { COUNT = sizeof(signals) / sizeof(signals[0]) };
    struct sigaction old[COUNT];
    struct sigaction action = {.sa_handler = catch};
    struct termios before;
    if (tcgetattr(terminal, &before) != 0)
        return STATUS_IO;
    caught = 0;
    for (size_t i = 0; i < COUNT; i++)
        sigaction(signals[i], &action, &old[i]);
    struct termios silent = before;
    silent.c_lflag &= ~(tcflag_t)ECHO;
    silent.c_lflag |= ECHONL;
    tcsetattr(terminal, TCSAFLUSH, &silent);
    dprintf(terminal, "%s: ", prompt);
    enum status status = read_line(terminal, out);
    tcsetattr(terminal, TCSAFLUSH, &before);
    for (size_t i = 0; i < COUNT; i++)
        sigaction(signals[i], &old[i], NULL);
    if (caught != 0)
        raise(caught);
    return status;
}

static enum status read_terminal(char *out, const char *prompt, bool confirm)
{
    char *again = NULL;
    enum status status = STATUS_OK;
    int terminal = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    if (terminal < 0) {
        return program_fail(STATUS_USAGE,
            "a passphrase is needed and there is no terminal to type it on; "
            "give --passphrase-file FILE");
    }
    status = read_silent(terminal, prompt, out);
    if (status != STATUS_OK || !confirm)
        goto out;
    again = sodium_malloc(PASSPHRASE_MAX);
    if (again == NULL) {
        status = STATUS_NO_MEMORY;
        goto out;
    }
    status = read_silent(terminal, "the same again", again);
    if (status == STATUS_OK && strcmp(out, again) != 0)
        status =
            program_fail(STATUS_BAD_PASSPHRASE, "the two passphrases differ");
out:
    sodium_free(again);
    close(terminal);
    return status;
}

static enum status read_from_file(char *out, const char *file)
{
    int descriptor = open(file, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) {
        return program_fail(errno == ENOENT ? STATUS_NOT_FOUND : STATUS_IO,
            "the passphrase file %s cannot be read: %s", file,
            strerrordesc_np(errno));
    }
    caught = 0;
    enum status status = read_line(descriptor, out);
    close(descriptor);
    if (status != STATUS_OK) {
        return program_fail(status,
            "the passphrase file %s cannot be used: "
            "its first line is %s",
            file, status_text(status));
    }
    if (out[0] == '\0')
        return program_fail(
            STATUS_MALFORMED, "the passphrase file %s is empty", file);
    return STATUS_OK;
}

enum status passphrase_read(
    char **out, const char *file, const char *prompt, bool confirm)
{
    enum status status;
    *out = NULL;
    char *text = sodium_malloc(PASSPHRASE_MAX);
    if (text == NULL)
        return program_fail(STATUS_NO_MEMORY, "out of memory");
    if (file != NULL)
        status = read_from_file(text, file);
    else
        status = read_terminal(text, prompt, confirm);
    if (status == STATUS_OK && confirm && strlen(text) < PASSPHRASE_MIN)
        status = program_fail(STATUS_BAD_PASSPHRASE,
            "a passphrase has at least %d characters", PASSPHRASE_MIN);
    if (status == STATUS_OK) {
        *out = text;
        text = NULL;
    }
    sodium_free(text);
    return status;
}

void passphrase_destroy(char *passphrase)
{
    sodium_free(passphrase); /* wipes, and accepts NULL */
}
