/*
 * program: the face that the three programs share. One table of commands makes
 * dispatch, --help, the man page and the usage errors (argp reads the options).
 *
 *   PROGRAM COMMAND [SUBCOMMAND] [OPTION...] [OPERAND...]
 *   PROGRAM --help | --version | --man     COMMAND --help
 *
 * Results go to standard output, talk to standard error. Exit codes are those
 * of status_exit_code.
 */
#ifndef COHORTIUM_PROTOCOL_PROGRAM_PROGRAM_H
#define COHORTIUM_PROTOCOL_PROGRAM_PROGRAM_H

#include "protocol/query/diagnostic.h"
#include "protocol/wire/keys.h"

struct program_option {
    const char *name;  /* long name without dashes; NULL ends a list */
    char letter;       /* 0: none */
    const char *value; /* "FILE"; NULL: a flag. Any option may be repeated. */
    const char *help;  /* one or two sentences */
};

struct arguments; /* what was given, checked against the command's options */

struct program_command {
    const char *name;                  /* "serve", or two words: "study sign" */
    const char *operands;              /* "FILE..." or "" ; for the synopsis */
    size_t operands_min, operands_max; /* SIZE_MAX: any number */
    const char *summary;               /* one line, imperative */
    const char *details;               /* paragraphs that teach; NULL: none */
    const char *examples;              /* lines of shell; NULL: none */
    const struct program_option *options; /* NULL: none */
    enum status (*run)(const struct arguments *arguments);
};

struct program {
    const char *name;
    const char *summary;
    const char *details;
    const struct program_command *commands;
    size_t command_count;
    const struct program_option *common; /* taken by every command */
};

/* This process leaves no core file (RLIMIT_CORE), and no other of its user may
 * look into it or make one (PR_SET_DUMPABLE, prctl(2)): its memory holds keys.
 * program_main's first call. */
enum status program_forbid_dumps(void);
/* The whole of main: starts libsodium, parses, runs, returns the exit code. An
 * unknown command or option names the nearest one. */
int program_main(const struct program *program, int argc, char **argv);

/* The last value given for the option; NULL when it was not given. */
const char *argument_value(const struct arguments *arguments, const char *name);
size_t argument_count(const struct arguments *arguments, const char *name);
const char *argument_at(
    const struct arguments *arguments, const char *name, size_t index);
bool argument_flag(const struct arguments *arguments, const char *name);
/* An integer in [min, max], or `fallback` when absent; says what is wrong on
 * standard error and returns STATUS_USAGE. */
enum status argument_integer(const struct arguments *arguments,
    const char *name, int64_t *out, int64_t fallback, int64_t min, int64_t max);
size_t operand_count(const struct arguments *arguments);
const char *operand_at(const struct arguments *arguments, size_t index);

/* "PROGRAM: message" on standard error. Both return `status`, so that a
 * command can `return program_fail(...)`. The second prints a diagnostic. */
enum status program_fail(enum status status, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
enum status program_fail_at(
    enum status status, const struct diagnostic *diagnostic);

/* A passphrase: from the file named (first line), else typed on the terminal
 * without echo (twice when confirm). Caller frees with passphrase_destroy. */
enum status passphrase_read(
    char **out, const char *file, const char *prompt, bool confirm);
void passphrase_destroy(char *passphrase);

/* Progress on standard error when it is a terminal, else silent. total 0:
 * unknown. progress_done clears the line. */
void progress_update(const char *what, uint64_t done, uint64_t total);
void progress_done(void);

#endif
