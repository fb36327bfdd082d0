#include <stdlib.h>
#include <string.h>

#include "coordinator/client/asking.h"
#include "coordinator/client/plot/plot.h"
#include "coordinator/client/result_export.h"
#include "coordinator/client/result_table.h"
#include "coordinator/client/result_words.h"
#include "policy/result_file.h"
#include "protocol/program/file_kind.h"

#define PICTURE_BYTES_MAX ((size_t)64 << 20)

static enum status load_result(struct envelope **out, const char *path)
{
    struct buffer text;
    enum status status = client_read_file(&text, path);
    if (status == STATUS_OK)
        status = result_file_read(out, buffer_view(&text));
    if (status == STATUS_MALFORMED)
        file_kind_fail(status, path, "a result of cohortium, unchanged,");
    buffer_fini(&text);
    return status;
}

/* The payload as JSON; a new reference. */
static enum status load_json(json_t **out, const char *path)
{
    struct envelope *result = NULL;
    enum status status = load_result(&result, path);
    *out = NULL;
    if (status == STATUS_OK) {
        *out = result_file_json(result);
        if (!json_is_array(json_object_get(*out, "results")))
            status =
                program_fail(STATUS_MALFORMED, "%s holds no results", path);
    }
    envelope_destroy(result);
    return status;
}

/* --analysis N, from 1; 0 without it. */
static enum status read_number(
    const json_t *results, const struct arguments *arguments, size_t *number)
{
    const char *text = argument_value(arguments, "analysis");
    const size_t count = json_array_size(results);
    char *end = NULL;
    *number = text == NULL ? 0 : strtoul(text, &end, 10);
    if (text != NULL &&
        (*text == '\0' || *end != '\0' || *number < 1 || *number > count))
        return program_fail(
            STATUS_USAGE, "--analysis is a number from 1 to %zu", count);
    return STATUS_OK;
}

static bool can_be_drawn(const json_t *entry)
{
    const char *name = json_string_value(json_object_get(entry, "analysis"));
    return name != NULL && plot_draws(name) &&
           json_array_size(json_object_get(entry, "table")) > 0;
}

/* Without a number the first that can be drawn. */
static enum status choose_entry(
    const json_t **out, const json_t *results, size_t number)
{
    const size_t count = json_array_size(results);
    for (size_t i = 0; i < count; i++) {
        *out = json_array_get(results, i);
        if (number > 0 ? i + 1 == number : can_be_drawn(*out))
            return STATUS_OK;
    }
    return program_fail(STATUS_NOT_FOUND, "no analysis of it can be drawn");
}

static enum status fail_drawing(const json_t *results, size_t number)
{
    char others[256] = "";
    size_t used = 0;
    for (size_t i = 0;
         i < json_array_size(results) && used + 16 < sizeof others; i++) {
        if (i + 1 != number && can_be_drawn(json_array_get(results, i)))
            used += (size_t)snprintf(others + used, sizeof others - used,
                "%s%zu", used == 0 ? "; there is of --analysis " : ", ", i + 1);
    }
    return program_fail(STATUS_NOT_FOUND,
        "of this analysis there is nothing to draw%s", others);
}

/* Says when the coordinator of the roster did not sign these bytes. */
static enum status verify(const char *path, const struct envelope *result,
    const struct roster *roster)
{
    enum status status =
        envelope_verify(result, TYPE_RESULT, &roster->coordinator.sign);
    return status == STATUS_OK
               ? status
               : program_fail(status,
                     "%s: changed, or not signed by %s of federation '%s': %s",
                     path, roster->coordinator.name, roster->federation,
                     status_text(status));
}

static enum status draw(
    const json_t *result, const struct arguments *arguments, const char *path)
{
    const json_t *entry = NULL, *results = json_object_get(result, "results");
    enum canvas_format format;
    struct buffer picture;
    size_t number;
    if (!plot_format(&format, path))
        return program_fail(STATUS_USAGE,
            "--plot %s: the name must end in .svg, .png or .pdf", path);
    buffer_init(&picture, PICTURE_BYTES_MAX);
    enum status status = read_number(results, arguments, &number);
    if (status == STATUS_OK)
        status = choose_entry(&entry, results, number);
    if (status == STATUS_OK) {
        status = plot_entry(&picture, result, entry, format);
        if (status == STATUS_NOT_FOUND)
            fail_drawing(results, number);
        else if (status != STATUS_OK)
            program_fail(status, "the result cannot be drawn");
    }
    if (status == STATUS_OK)
        status = client_write_file(path, buffer_view(&picture));
    buffer_fini(&picture);
    return status;
}

/* In text what is known of the signature: with --roster it must hold. */
static enum status check_signature(
    struct words *text, const struct arguments *arguments)
{
    struct envelope *result = NULL;
    struct roster *roster = NULL;
    if (argument_value(arguments, "roster") == NULL) {
        words_add(text, "not checked: give the federation's --roster");
        return STATUS_OK;
    }
    enum status status = client_load_roster(&roster, arguments);
    if (status == STATUS_OK)
        status = load_result(&result, operand_at(arguments, 0));
    if (status == STATUS_OK)
        status = verify(operand_at(arguments, 0), result, roster);
    if (status == STATUS_OK)
        words_add_format(text, "holds: signed by %s of federation %s",
            roster->coordinator.name, roster->federation);
    envelope_destroy(result);
    roster_destroy(roster);
    return status;
}

static enum status print(const json_t *result,
    const struct arguments *arguments, const char *signature)
{
    size_t number;
    enum status status =
        read_number(json_object_get(result, "results"), arguments, &number);
    return status == STATUS_OK
               ? result_table_print(stdout, result, number, signature)
               : status;
}

enum status command_result_show(const struct arguments *arguments)
{
    const char *plot = argument_value(arguments, "plot");
    struct words signature = {0};
    json_t *parsed = NULL;
    enum status status = check_signature(&signature, arguments);
    if (status == STATUS_OK)
        status = load_json(&parsed, operand_at(arguments, 0));
    if (status == STATUS_OK && plot != NULL)
        status = draw(parsed, arguments, plot);
    else if (status == STATUS_OK)
        status = print(parsed, arguments, signature.text);
    json_decref(parsed);
    return status;
}

enum status command_result_export(const struct arguments *arguments)
{
    const char *folder;
    json_t *parsed = NULL;
    enum status status = client_need(arguments, "out", &folder);
    if (status == STATUS_OK)
        status = load_json(&parsed, operand_at(arguments, 0));
    if (status == STATUS_OK)
        status = result_export(parsed, folder);
    json_decref(parsed);
    return status;
}

enum status command_result_verify(const struct arguments *arguments)
{
    struct envelope *result = NULL;
    struct roster *roster = NULL;
    enum status status = client_load_roster(&roster, arguments);
    if (status == STATUS_OK)
        status = load_result(&result, operand_at(arguments, 0));
    if (status == STATUS_OK)
        status = verify(operand_at(arguments, 0), result, roster);
    if (status == STATUS_OK)
        printf("%s: signed by %s of federation %s, unchanged\n",
            operand_at(arguments, 0), roster->coordinator.name,
            roster->federation);
    envelope_destroy(result);
    roster_destroy(roster);
    return status;
}
