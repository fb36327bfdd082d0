#include <ctype.h>
#include <string.h>

#include "protocol/program/internal.h"

/* roff takes '\' as its escape, '-' as a hyphen that may become another
 * character, and a '.' or "'" at the start of a line as a request. */
static void print_escaped(FILE *out, const char *text, size_t size, bool start)
{
    for (size_t i = 0; i < size; i++) {
        bool at_start = i == 0 ? start : text[i - 1] == '\n';
        if (at_start && (text[i] == '.' || text[i] == '\''))
            fputs("\\&", out);
        if (text[i] == '\\')
            fputs("\\e", out);
        else if (text[i] == '-')
            fputs("\\-", out);
        else
            fputc(text[i], out);
    }
}

static void print_escaped_text(FILE *out, const char *text)
{
    print_escaped(out, text, strlen(text), true);
}

/* Paragraphs are divided by empty lines; a line that begins with a blank
 * stands as it is. */
static void print_paragraphs(FILE *out, const char *text)
{
    while (*text != '\0') {
        size_t size = strcspn(text, "\n");
        if (size == 0) {
            fputs(".PP\n", out);
        } else if (text[0] == ' ') {
            fputs(".br\n\\&", out);
            print_escaped(out, text, size, false);
            fputs("\n.br\n", out);
        } else {
            print_escaped(out, text, size, true);
            fputc('\n', out);
        }
        text += size;
        if (*text == '\n')
            text++;
    }
}

static void print_option(FILE *out, const struct program_option *option)
{
    fputs(".TP\n", out);
    if (option->letter != 0)
        fprintf(out, "\\fB\\-%c\\fR, ", option->letter);
    fputs("\\fB\\-\\-", out);
    print_escaped(out, option->name, strlen(option->name), false);
    fputs("\\fR", out);
    if (option->value != NULL) {
        fputs(" \\fI", out);
        print_escaped(out, option->value, strlen(option->value), false);
        fputs("\\fR", out);
    }
    fputc('\n', out);
    print_escaped_text(out, option->help);
    fputc('\n', out);
}

static void print_options(FILE *out, const struct program_option *options)
{
    for (; options != NULL && options->name != NULL; options++)
        print_option(out, options);
}

static void print_command(FILE *out, const struct program *program,
    const struct program_command *command)
{
    fprintf(out, ".SS \"%s\"\n\\fB", command->name);
    print_escaped(out, program->name, strlen(program->name), false);
    fprintf(out, " %s\\fR [OPTION...]", command->name);
    if (command->operands != NULL && command->operands[0] != '\0') {
        fputs(" \\fI", out);
        print_escaped(out, command->operands, strlen(command->operands), false);
        fputs("\\fR", out);
    }
    fputs("\n.PP\n", out);
    print_escaped_text(out, command->summary);
    fputc('\n', out);
    if (command->details != NULL) {
        fputs(".PP\n", out);
        print_paragraphs(out, command->details);
    }
    print_options(out, command->options);
    if (command->examples == NULL)
        return;
    fputs(".PP\nExamples:\n.PP\n.RS\n.nf\n", out);
    print_escaped_text(out, command->examples);
    size_t size = strlen(command->examples);
    if (size > 0 && command->examples[size - 1] != '\n')
        fputc('\n', out);
    fputs(".fi\n.RE\n", out);
}

void man_print(const struct program *program, FILE *out)
{
    fputs(".TH \"", out);
    for (const char *at = program->name; *at != '\0'; at++)
        fputc(toupper((unsigned char)*at), out);
    fprintf(out, "\" 1 \"\" \"Cohortium %s\" \"Cohortium\"\n.SH NAME\n",
        COHORTIUM_VERSION);
    print_escaped_text(out, program->name);
    fputs(" \\- ", out);
    print_escaped(out, program->summary, strlen(program->summary), false);
    fputs("\n.SH SYNOPSIS\n\\fB", out);
    print_escaped(out, program->name, strlen(program->name), false);
    fputs("\\fR \\fICOMMAND\\fR [OPTION...] [OPERAND...]\n", out);
    if (program->details != NULL) {
        fputs(".SH DESCRIPTION\n", out);
        print_paragraphs(out, program->details);
    }
    if (program->common != NULL && program->common->name != NULL) {
        fputs(".SH OPTIONS\nEvery command takes:\n", out);
        print_options(out, program->common);
    }
    fputs(".SH COMMANDS\n", out);
    for (size_t i = 0; i < program->command_count; i++)
        print_command(out, program, &program->commands[i]);
    fputs(".SH EXIT STATUS\n0 ok, 1 failed, 2 wrong usage, 3 denied by "
          "policy.\n",
        out);
}
