#include <argp.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/program/internal.h"
#include "protocol/query/nearest.h"

#define KEY_FIRST 256 /* options without a letter; above every character */
#define KEY_HELP (-2)
#define NAMES_MAX 64

const struct program_option *option_at(const struct program *program,
    const struct program_command *command, size_t index)
{
    const struct program_option *lists[] = {command->options, program->common};
    for (size_t list = 0; list < 2; list++) {
        for (const struct program_option *option = lists[list];
             option != NULL && option->name != NULL; option++) {
            if (index-- == 0)
                return option;
        }
    }
    return NULL;
}

static size_t option_count(
    const struct program *program, const struct program_command *command)
{
    size_t count = 0;
    while (option_at(program, command, count) != NULL)
        count++;
    return count;
}

static int option_key(const struct program_option *option, size_t index)
{
    return option->letter != 0 ? option->letter : KEY_FIRST + (int)index;
}

static const struct program_option *option_of_key(
    const struct arguments *arguments, int key)
{
    const struct program_option *option;
    for (size_t i = 0; (option = option_at(
                            arguments->program, arguments->command, i)) != NULL;
         i++) {
        if (option_key(option, i) == key)
            return option;
    }
    return NULL;
}

static error_t take(int key, char *value, struct argp_state *state)
{
    struct arguments *arguments = state->input;
    if (key == ARGP_KEY_ARG) {
        arguments->operands[arguments->operand_count++] = value;
        return 0;
    }
    if (key == KEY_HELP) {
        arguments->help = true;
        return 0;
    }
    const struct program_option *option = option_of_key(arguments, key);
    if (option == NULL)
        return ARGP_ERR_UNKNOWN;
    arguments->given[arguments->given_count++] = (struct argument){
        .name = option->name, .value = option->value ? value : NULL};
    return 0;
}

/* One row an option, --help, and the zeros that end the list. */
static struct argp_option *argp_rows(
    const struct program *program, const struct program_command *command)
{
    size_t count = option_count(program, command);
    struct argp_option *rows = calloc(count + 2, sizeof(*rows));
    if (rows == NULL)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        const struct program_option *option = option_at(program, command, i);
        rows[i].name = option->name;
        rows[i].key = option_key(option, i);
        rows[i].arg = option->value;
    }
    rows[count].name = "help";
    rows[count].key = KEY_HELP;
    return rows;
}

static const char *nearest_option(const struct program *program,
    const struct program_command *command, const char *name)
{
    const char *names[NAMES_MAX] = {"help"};
    size_t count = 1;
    const struct program_option *option;
    while (count < NAMES_MAX &&
           (option = option_at(program, command, count - 1)) != NULL)
        names[count++] = option->name;
    return nearest_name(name, names, count);
}

/* How many options the word could stand for, as getopt_long takes it (a unique
 * beginning will do). *found is the exact or the only one. */
static size_t option_matches(const struct arguments *arguments,
    const char *name, size_t size, const struct program_option **found)
{
    size_t matches = 0;
    const struct program_option *option;
    for (size_t i = 0; (option = option_at(
                            arguments->program, arguments->command, i)) != NULL;
         i++) {
        if (strncmp(option->name, name, size) != 0)
            continue;
        *found = option;
        if (strlen(option->name) == size)
            return 1;
        matches++;
    }
    return matches;
}

/* Says what is wrong with one long option; false when nothing is. *skip: its
 * value is the next word. */
static bool explain_long(
    const struct arguments *arguments, const char *word, bool last, bool *skip)
{
    const char *name = word + 2;
    const char *equals = strchr(name, '=');
    size_t size = equals ? (size_t)(equals - name) : strlen(name);
    const struct program_option *option = NULL;
    size_t matches = option_matches(arguments, name, size, &option);
    char text[64];
    snprintf(text, sizeof(text), "%.*s", (int)size, name);
    *skip = false;
    if (matches > 1) {
        program_fail(STATUS_USAGE,
            "'--%s' could be more than one option; write it in full", text);
        return true;
    }
    if (matches == 0 && strncmp("help", text, strlen(text)) == 0)
        return false;
    if (matches == 0) {
        const char *near =
            nearest_option(arguments->program, arguments->command, text);
        program_fail(STATUS_USAGE, "no option is called '--%s'%s%s%s", text,
            near ? "; did you mean '--" : "", near ? near : "",
            near ? "'?" : "");
        return true;
    }
    if (option->value == NULL && equals != NULL) {
        program_fail(
            STATUS_USAGE, "the option '--%s' takes no value", option->name);
        return true;
    }
    *skip = option->value != NULL && equals == NULL;
    if (*skip && last) {
        program_fail(STATUS_USAGE, "the option '--%s' needs a value: --%s %s",
            option->name, option->name, option->value);
        return true;
    }
    return false;
}

static bool explain_letters(
    const struct arguments *arguments, const char *word, bool last, bool *skip)
{
    *skip = false;
    for (const char *letter = word + 1; *letter != '\0'; letter++) {
        const struct program_option *option =
            option_of_key(arguments, (unsigned char)*letter);
        if (option == NULL || option->letter == 0) {
            program_fail(STATUS_USAGE, "no option is called '-%c'", *letter);
            return true;
        }
        if (option->value == NULL)
            continue;
        *skip = letter[1] == '\0';
        if (*skip && last) {
            program_fail(STATUS_USAGE, "the option '-%c' needs a value: -%c %s",
                *letter, *letter, option->value);
            return true;
        }
        return false;
    }
    return false;
}

/* argp has refused the words and says nothing by itself: find the culprit. */
static void explain(
    const struct arguments *arguments, char **words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        bool skip = false;
        bool said = false;
        if (strcmp(words[i], "--") == 0)
            break;
        if (strncmp(words[i], "--", 2) == 0)
            said = explain_long(arguments, words[i], i + 1 == count, &skip);
        else if (words[i][0] == '-' && words[i][1] != '\0')
            said = explain_letters(arguments, words[i], i + 1 == count, &skip);
        if (said)
            return;
        i += skip ? 1 : 0;
    }
    program_fail(STATUS_USAGE, "the command line cannot be read");
}

static enum status check_operands(const struct arguments *arguments)
{
    const struct program_command *command = arguments->command;
    if (arguments->operand_count < command->operands_min)
        return program_fail(STATUS_USAGE, "%s: missing %s", command->name,
            command->operands[0] ? command->operands : "operand");
    if (arguments->operand_count > command->operands_max)
        return program_fail(STATUS_USAGE, "%s: '%s' is one operand too many",
            command->name, arguments->operands[command->operands_max]);
    return STATUS_OK;
}

enum status arguments_parse(struct arguments *arguments,
    const struct program *program, const struct program_command *command,
    char **words, size_t count)
{
    enum status status = STATUS_NO_MEMORY;
    char **line = NULL;
    struct argp_option *rows = argp_rows(program, command);
    memset(arguments, 0, sizeof(*arguments));
    arguments->program = program;
    arguments->command = command;
    /* Every character of every word may be an option ("-qqq"). */
    size_t most = 1;
    for (size_t i = 0; i < count; i++)
        most += strlen(words[i]) + 1;
    arguments->given = calloc(most, sizeof(*arguments->given));
    arguments->operands = calloc(count + 1, sizeof(*arguments->operands));
    line = calloc(count + 2, sizeof(*line));
    if (!rows || !arguments->given || !arguments->operands || !line) {
        program_fail(status, "%s", status_text(status));
        goto out;
    }
    line[0] = (char *)program->name;
    /* argp moves the operands behind the options: let it move a copy. */
    for (size_t i = 0; i < count; i++)
        line[i + 1] = words[i];
    struct argp argp = {.options = rows, .parser = take};
    status = STATUS_OK;
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): no thread before the options */
    if (argp_parse(&argp, (int)count + 1, line, ARGP_SILENT, NULL, arguments) !=
        0) {
        status = STATUS_USAGE;
        explain(arguments, words, count);
    } else if (!arguments->help) {
        status = check_operands(arguments);
    }
out:
    free(line);
    free(rows);
    return status;
}

void arguments_fini(struct arguments *arguments)
{
    free(arguments->given);
    free(arguments->operands);
    memset(arguments, 0, sizeof(*arguments));
}

size_t argument_count(const struct arguments *arguments, const char *name)
{
    size_t count = 0;
    for (size_t i = 0; i < arguments->given_count; i++)
        count += strcmp(arguments->given[i].name, name) == 0;
    return count;
}

const char *argument_at(
    const struct arguments *arguments, const char *name, size_t index)
{
    for (size_t i = 0; i < arguments->given_count; i++) {
        if (strcmp(arguments->given[i].name, name) == 0 && index-- == 0)
            return arguments->given[i].value;
    }
    return NULL;
}

const char *argument_value(const struct arguments *arguments, const char *name)
{
    size_t count = argument_count(arguments, name);
    return count > 0 ? argument_at(arguments, name, count - 1) : NULL;
}

bool argument_flag(const struct arguments *arguments, const char *name)
{
    return argument_count(arguments, name) > 0;
}

enum status argument_integer(const struct arguments *arguments,
    const char *name, int64_t *out, int64_t fallback, int64_t min, int64_t max)
{
    const char *text = argument_value(arguments, name);
    *out = fallback;
    if (text == NULL)
        return STATUS_OK;
    char *end;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    bool whole = *text != '\0' && *end == '\0' &&
                 strspn(text, "+-0123456789") == strlen(text);
    if (!whole || errno == ERANGE || value < min || value > max) {
        return program_fail(STATUS_USAGE,
            "--%s takes a whole number from %" PRId64 " to %" PRId64
            ", not '%s'",
            name, min, max, text);
    }
    *out = value;
    return STATUS_OK;
}

size_t operand_count(const struct arguments *arguments)
{
    return arguments->operand_count;
}

const char *operand_at(const struct arguments *arguments, size_t index)
{
    return index < arguments->operand_count ? arguments->operands[index] : NULL;
}
