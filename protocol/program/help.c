#include <string.h>

#include "protocol/program/internal.h"

#define WIDTH 79
#define OPTION_COLUMN 26

/* One paragraph's line, wrapped, each line after `indent` blanks. The cursor
 * stands at `column` already. */
static void print_wrapped(
    FILE *out, const char *text, size_t size, size_t indent, size_t column)
{
    size_t at = 0;
    bool first = true;
    while (at < size) {
        size_t word = strcspn(text + at, " \n");
        if (word > size - at)
            word = size - at;
        if (!first && column + 1 + word > WIDTH) {
            fprintf(out, "\n%*s", (int)indent, "");
            column = indent;
        } else if (!first) {
            fputc(' ', out);
            column++;
        }
        fwrite(text + at, 1, word, out);
        column += word;
        first = false;
        at += word;
        while (at < size && text[at] == ' ')
            at++;
    }
    fputc('\n', out);
}

/* Lines that begin with a blank stand as they are; others are wrapped. */
static void print_text(FILE *out, const char *text, size_t indent)
{
    while (*text != '\0') {
        size_t size = strcspn(text, "\n");
        if (size == 0) {
            fputc('\n', out);
        } else if (text[0] == ' ') {
            fprintf(out, "%*s%.*s\n", (int)indent, "", (int)size, text);
        } else {
            fprintf(out, "%*s", (int)indent, "");
            print_wrapped(out, text, size, indent, indent);
        }
        text += size;
        if (*text == '\n')
            text++;
    }
}

static void print_option(FILE *out, const struct program_option *option)
{
    char name[128];
    char letter[8] = "    ";
    if (option->letter != 0)
        snprintf(letter, sizeof(letter), "-%c, ", option->letter);
    int used =
        snprintf(name, sizeof(name), "  %s--%s%s%s", letter, option->name,
            option->value ? " " : "", option->value ? option->value : "");
    fputs(name, out);
    if (used >= OPTION_COLUMN) {
        fputc('\n', out);
        used = 0;
    }
    fprintf(out, "%*s", OPTION_COLUMN - used, "");
    print_wrapped(
        out, option->help, strlen(option->help), OPTION_COLUMN, OPTION_COLUMN);
}

static void print_row(FILE *out, const char *name, const char *summary)
{
    fprintf(out, "  %-22s ", name);
    print_wrapped(out, summary, strlen(summary), 25, 25);
}

void help_print_synopsis(const struct program *program,
    const struct program_command *command, FILE *out)
{
    fprintf(out, "%s %s", program->name, command->name);
    if (option_at(program, command, 0) != NULL)
        fputs(" [OPTION...]", out);
    if (command->operands != NULL && command->operands[0] != '\0')
        fprintf(out, " %s", command->operands);
    fputc('\n', out);
}

void help_print_command(const struct program *program,
    const struct program_command *command, FILE *out)
{
    static const struct program_option help = {
        "help", 0, NULL, "Print this help."};
    const struct program_option *option;
    fputs("Usage: ", out);
    help_print_synopsis(program, command, out);
    fputc('\n', out);
    print_text(out, command->summary, 0);
    if (command->details != NULL) {
        fputc('\n', out);
        print_text(out, command->details, 0);
    }
    fputs("\nOptions:\n", out);
    for (size_t i = 0; (option = option_at(program, command, i)) != NULL; i++)
        print_option(out, option);
    print_option(out, &help);
    if (command->examples != NULL) {
        fputs("\nExamples:\n", out);
        for (const char *line = command->examples; *line != '\0';) {
            size_t size = strcspn(line, "\n");
            fprintf(out, "  %.*s\n", (int)size, line);
            line += size + (line[size] == '\n');
        }
    }
}

void help_print_group(
    const struct program *program, const char *group, FILE *out)
{
    fprintf(out, "Usage: %s %s COMMAND [OPTION...] [OPERAND...]\n\n",
        program->name, group);
    for (size_t i = 0; i < program->command_count; i++) {
        const struct program_command *command = &program->commands[i];
        if (command_in_group(command, group))
            print_row(out, command->name, command->summary);
    }
    fprintf(out, "\n'%s %s COMMAND --help' says more of one command.\n",
        program->name, group);
}

void help_print_program(const struct program *program, FILE *out)
{
    fprintf(
        out, "Usage: %s COMMAND [OPTION...] [OPERAND...]\n\n", program->name);
    print_text(out, program->summary, 0);
    if (program->details != NULL) {
        fputc('\n', out);
        print_text(out, program->details, 0);
    }
    fputs("\nCommands:\n", out);
    for (size_t i = 0; i < program->command_count; i++)
        print_row(out, program->commands[i].name, program->commands[i].summary);
    fputs("\nOptions:\n", out);
    const struct program_option *option = program->common;
    for (; option != NULL && option->name != NULL; option++)
        print_option(out, option);
    static const struct program_option own[] = {
        {"help", 0, NULL, "Print this help; after a command, that command's."},
        {"version", 0, NULL, "Print the version."},
        {"man", 0, NULL, "Print the manual page (man -l reads it)."},
    };
    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
        print_option(out, &own[i]);
    fputs("\nExit codes: 0 ok, 1 failed, 2 wrong usage, 3 denied by policy.\n",
        out);
}
