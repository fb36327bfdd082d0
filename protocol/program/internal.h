/*
 * internal: what the files of protocol/program share. A command line becomes a
 * struct arguments; help and man page are printed from the same tables.
 * Nothing here keeps state but the program's name.
 */
#ifndef COHORTIUM_PROTOCOL_PROGRAM_INTERNAL_H
#define COHORTIUM_PROTOCOL_PROGRAM_INTERNAL_H

#include <stdio.h>

#include "protocol/program/program.h"

#define COMMAND_NAME_MAX 96 /* "cohortium-coordinator register verify" */

struct argument {
    const char *name;  /* of the option's row */
    const char *value; /* NULL: a flag */
};

struct arguments {
    const struct program *program;
    const struct program_command *command;
    size_t given_count;
    struct argument *given; /* as given, from left to right */
    size_t operand_count;
    const char **operands;
    bool help; /* --help was among them */
};

/* Reads words[count] (what follows the command's name) with argp. What is
 * wrong is said on standard error: STATUS_USAGE. Freed by arguments_fini, also
 * after a failure. */
enum status arguments_parse(struct arguments *arguments,
    const struct program *program, const struct program_command *command,
    char **words, size_t count);
void arguments_fini(struct arguments *arguments);

/* The row for option number `index`: the command's own first, then the
 * program's common ones; NULL past the last. */
const struct program_option *option_at(const struct program *program,
    const struct program_command *command, size_t index);
/* Whether the command is in the group (its name starts with that word). */
bool command_in_group(const struct program_command *command, const char *group);

void help_print_program(const struct program *program, FILE *out);
/* The commands of one group, such as "study". */
void help_print_group(
    const struct program *program, const char *group, FILE *out);
void help_print_command(const struct program *program,
    const struct program_command *command, FILE *out);
/* "cohortium study sign [OPTION...] FILE" */
void help_print_synopsis(const struct program *program,
    const struct program_command *command, FILE *out);
/* man(7) roff for the whole program. */
void man_print(const struct program *program, FILE *out);

#endif
