#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/program/internal.h"
#include "protocol/query/nearest.h"
#include "protocol/wire/text.h"

#define COMMANDS_MAX 128

static const char *program_name = ""; /* for messages */

static void print_name(void)
{
    fprintf(stderr,
        "%s: ", program_name[0] ? program_name : program_invocation_short_name);
}

/* One line, whatever is quoted in it: another party's words, the name of a file
 * with an end of line in it. */
enum status program_fail(enum status status, const char *format, ...)
{
    va_list list;
    struct buffer shown;
    char *text = NULL;
    va_start(list, format);
    if (vasprintf(&text, format, list) < 0)
        text = NULL;
    va_end(list);
    buffer_init(&shown, BUFFER_LIMIT_DEFAULT);
    const bool whole =
        text != NULL &&
        text_append_shown(&shown, view_of_text(text)) == STATUS_OK &&
        buffer_text(&shown) != NULL;
    print_name();
    fprintf(stderr, "%s\n", whole ? buffer_text(&shown) : status_text(status));
    buffer_fini(&shown);
    free(text);
    return status;
}

enum status program_fail_at(
    enum status status, const struct diagnostic *diagnostic)
{
    char text[sizeof(*diagnostic) + 64];
    if (diagnostic->message[0] != '\0') {
        diagnostic_text(text, sizeof(text), diagnostic);
        return program_fail(status, "%s", text);
    }
    if (diagnostic->file[0] != '\0')
        return program_fail(
            status, "%s: %s", diagnostic->file, status_text(status));
    return program_fail(status, "%s", status_text(status));
}

bool command_in_group(const struct program_command *command, const char *group)
{
    size_t size = strlen(group);
    return strncmp(command->name, group, size) == 0 &&
           command->name[size] == ' ';
}

static bool is_group(const struct program *program, const char *word)
{
    for (size_t i = 0; i < program->command_count; i++) {
        if (command_in_group(&program->commands[i], word))
            return true;
    }
    return false;
}

/* The command that words[count] begin with; *used words name it. */
static const struct program_command *find_command(
    const struct program *program, char **words, size_t count, size_t *used)
{
    for (size_t i = 0; i < program->command_count; i++) {
        const struct program_command *command = &program->commands[i];
        const char *space = strchr(command->name, ' ');
        *used = space ? 2 : 1;
        if (count < *used)
            continue;
        if (space == NULL && strcmp(command->name, words[0]) == 0)
            return command;
        if (space != NULL && command_in_group(command, words[0]) &&
            strcmp(space + 1, words[1]) == 0)
            return command;
    }
    return NULL;
}

/* "stdy sign": the group alone may be near; "sign": the second word. */
static const char *find_by_part(
    const char *word, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char first[COMMAND_NAME_MAX];
        const char *space = strchr(names[i], ' ');
        if (space == NULL)
            continue;
        snprintf(
            first, sizeof first, "%.*s", (int)(space - names[i]), names[i]);
        const char *parts[] = {first, space + 1};
        if (nearest_name(word, parts, 2) != NULL)
            return names[i];
    }
    return NULL;
}

static enum status fail_unknown_command(
    const struct program *program, const char *word)
{
    const char *names[COMMANDS_MAX] = {NULL};
    size_t count = 0;
    for (size_t i = 0; i < program->command_count && count < COMMANDS_MAX; i++)
        names[count++] = program->commands[i].name;
    const char *near = nearest_name(word, names, count);
    if (near == NULL)
        near = find_by_part(word, names, count);
    if (near != NULL) {
        return program_fail(STATUS_USAGE,
            "no command is called '%s'; did you mean '%s %s'?", word,
            program->name, near);
    }
    return program_fail(STATUS_USAGE,
        "no command is called '%s'; '%s --help' lists them", word,
        program->name);
}

static enum status fail_unknown_subcommand(
    const struct program *program, const char *group, const char *word)
{
    const char *names[COMMANDS_MAX];
    size_t count = 0;
    for (size_t i = 0; i < program->command_count && count < COMMANDS_MAX;
         i++) {
        if (command_in_group(&program->commands[i], group))
            names[count++] = program->commands[i].name + strlen(group) + 1;
    }
    const char *near = nearest_name(word, names, count);
    program_fail(STATUS_USAGE, "'%s' has no command '%s'%s%s%s%s%s", group,
        word, near ? "; did you mean '" : "", near ? group : "",
        near ? " " : "", near ? near : "", near ? "'?" : "");
    help_print_group(program, group, stderr);
    return STATUS_USAGE;
}

static enum status run_command(const struct program *program,
    const struct program_command *command, char **words, size_t count)
{
    struct arguments arguments;
    enum status status =
        arguments_parse(&arguments, program, command, words, count);
    if (status == STATUS_USAGE) {
        fputs("usage: ", stderr);
        help_print_synopsis(program, command, stderr);
        fprintf(
            stderr, "'%s %s --help' says more\n", program->name, command->name);
    }
    if (status != STATUS_OK)
        goto out;
    if (arguments.help)
        help_print_command(program, command, stdout);
    else
        status = command->run(&arguments);
out:
    arguments_fini(&arguments);
    return status;
}

static bool is_help(const char *word)
{
    return strcmp(word, "--help") == 0 || strcmp(word, "help") == 0;
}

static enum status dispatch(
    const struct program *program, char **words, size_t count)
{
    size_t used = 0;
    if (count == 0) {
        help_print_program(program, stderr);
        return STATUS_USAGE;
    }
    const struct program_command *command =
        find_command(program, words, count, &used);
    if (command != NULL)
        return run_command(program, command, words + used, count - used);
    if (is_help(words[0])) {
        help_print_program(program, stdout);
        return STATUS_OK;
    }
    if (strcmp(words[0], "--version") == 0) {
        printf("%s %s\n", program->name, COHORTIUM_VERSION);
        return STATUS_OK;
    }
    if (strcmp(words[0], "--man") == 0) {
        man_print(program, stdout);
        return STATUS_OK;
    }
    if (!is_group(program, words[0]))
        return fail_unknown_command(program, words[0]);
    if (count == 1) {
        help_print_group(program, words[0], stderr);
        return STATUS_USAGE;
    }
    if (is_help(words[1])) {
        help_print_group(program, words[0], stdout);
        return STATUS_OK;
    }
    return fail_unknown_subcommand(program, words[0], words[1]);
}

int program_main(const struct program *program, int argc, char **argv)
{
    program_name = program->name;
    enum status status = program_forbid_dumps();
    if (status != STATUS_OK)
        return status_exit_code(program_fail(
            status, "core dumps of this process cannot be forbidden"));
    status = keys_start();
    if (status != STATUS_OK)
        return status_exit_code(
            program_fail(status, "libsodium does not start"));
    size_t count = argc > 1 ? (size_t)argc - 1 : 0;
    status = dispatch(program, argv + 1, count);
    progress_done();
    /* A full disk behind a pipe must not look like success. */
    if (fflush(stdout) != 0 || ferror(stdout)) {
        program_fail(STATUS_IO, "standard output cannot be written");
        if (status == STATUS_OK)
            status = STATUS_IO;
    }
    return status_exit_code(status);
}
