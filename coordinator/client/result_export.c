#include "coordinator/client/result_export.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "coordinator/client/client.h"
#include "coordinator/client/result_rows.h"
#include "protocol/wire/json_text.h"

#define COLUMNS_MAX 32

static enum status put(struct buffer *out, const char *text)
{
    return buffer_append(out, text, strlen(text));
}

/* Quoted where it must be. */
static enum status put_field(struct buffer *out, const char *text)
{
    if (strpbrk(text, ",\"\r\n") == NULL)
        return put(out, text);
    enum status status = put(out, "\"");
    for (; status == STATUS_OK && *text != '\0'; text++) {
        if (*text == '"')
            status = put(out, "\"");
        if (status == STATUS_OK)
            status = buffer_append(out, text, 1);
    }
    return status == STATUS_OK ? put(out, "\"") : status;
}

static enum status put_value(struct buffer *out, const json_t *value)
{
    char text[64] = "";
    if (json_is_string(value))
        return put_field(out, json_string_value(value));
    if (json_is_integer(value)) {
        snprintf(
            text, sizeof text, "%lld", (long long)json_integer_value(value));
    } else if (json_is_real(value)) {
        snprintf(text, sizeof text, "%.17g", json_real_value(value));
    } else if (json_is_boolean(value)) {
        snprintf(
            text, sizeof text, "%s", json_is_true(value) ? "true" : "false");
    } else if (result_is_suppressed(value)) {
        strcpy(text, "withheld");
    }
    return put(out, text);
}

static enum status put_by(struct buffer *out, const json_t *by, bool names)
{
    enum status status = STATUS_OK;
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)by, key, value)
    {
        if (status == STATUS_OK && names)
            status = put_field(out, key);
        else if (status == STATUS_OK)
            status = put_value(out, value);
        if (status == STATUS_OK)
            status = put(out, ",");
    }
    return status;
}

enum status result_export_table(
    struct buffer *out, const json_t *by, const json_t *rows)
{
    const char *keys[COLUMNS_MAX];
    const size_t count = result_keys(rows, NULL, 0, keys, COLUMNS_MAX);
    size_t at;
    json_t *row;
    enum status status = put_by(out, by, true);
    for (size_t i = 0; status == STATUS_OK && i < count; i++) {
        status = put_field(out, keys[i]);
        if (status == STATUS_OK)
            status = put(out, i + 1 < count ? "," : "\r\n");
    }
    json_array_foreach((json_t *)rows, at, row)
    {
        if (status == STATUS_OK)
            status = put_by(out, by, false);
        for (size_t i = 0; status == STATUS_OK && i < count; i++) {
            status = put_value(out, json_object_get(row, keys[i]));
            if (status == STATUS_OK)
                status = put(out, i + 1 < count ? "," : "\r\n");
        }
    }
    return status;
}

/* ---- methods ---- */

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text == NULL ? "" : text;
}

static const char *privacy_sentence(const char *privacy)
{
    if (strcmp(privacy, "noise") == 0)
        return "Figures carry discrete Gaussian noise, added at the centers.";
    if (strcmp(privacy, "site") == 0)
        return "Each center withheld its own small cells before they were "
               "added.";
    if (strcmp(privacy, "plain") == 0 || strcmp(privacy, "open") == 0)
        return "Each center applied the disclosure rules to its own figures.";
    return "The coordinator learned the sum of all centers only (secure "
           "aggregation).";
}

enum status result_export_methods(struct buffer *out, const json_t *result)
{
    const json_t *limits = json_object_get(result, "limits");
    const char *cohort = text_of(result, "cohort");
    size_t at;
    json_t *entry;
    enum status status = buffer_append_format(out,
        "The question was answered on %s by %lld centers of a federated "
        "registry; no record left a center. The cohort was %s%s%s, counted by "
        "%s. ",
        text_of(result, "created"),
        (long long)json_integer_value(json_object_get(result, "centers")),
        *cohort == '\0' ? "all patients of the study" : "\"", cohort,
        *cohort == '\0' ? "" : "\"", text_of(result, "unit"));
    if (status == STATUS_OK) {
        status = buffer_append_format(out,
            "%s Cells of fewer than %lld people were withheld.\n\nAnalyses:\n",
            privacy_sentence(text_of(result, "privacy")),
            (long long)json_integer_value(json_object_get(limits, "min_cell")));
    }
    json_array_foreach(json_object_get(result, "results"), at, entry)
    {
        if (status == STATUS_OK)
            status = buffer_append_format(
                out, "%2zu. %s ", at + 1, text_of(entry, "analysis"));
        const json_t *parameters = json_object_get(entry, "parameters");
        if (status == STATUS_OK && parameters != NULL)
            status = json_text_append(
                out, parameters, JSON_COMPACT | JSON_ENCODE_ANY);
        if (status == STATUS_OK)
            status = put(out, "\n");
    }
    if (status == STATUS_OK) {
        status = buffer_append_format(out,
            "\nStudy %s, query %s, software %s.\n", text_of(result, "study"),
            text_of(result, "query_id"), text_of(result, "software"));
    }
    return status;
}

/* ---- files ---- */

static enum status write_table(const char *folder, size_t number,
    const char *name, const char *member, const json_t *by, const json_t *rows)
{
    char path[4096];
    struct buffer text;
    buffer_init(&text, BUFFER_LIMIT_DEFAULT);
    snprintf(path, sizeof path, "%s/%02zu_%s%s%s.csv", folder, number, name,
        *member == '\0' ? "" : "_", member);
    enum status status = result_export_table(&text, by, rows);
    if (status == STATUS_OK)
        status = client_write_file(path, buffer_view(&text));
    buffer_fini(&text);
    return status;
}

/* Names of analyses and members become names of files. */
static bool is_plain(const char *name)
{
    return *name != '\0' && strlen(name) < 64 &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz_0123456789") ==
               strlen(name);
}

static enum status write_entry(
    const char *folder, size_t number, const json_t *entry)
{
    const char *name = text_of(entry, "analysis");
    const json_t *by = json_object_get(entry, "by");
    enum status status = STATUS_OK;
    const char *key;
    json_t *value;
    if (!is_plain(name))
        return program_fail(STATUS_MALFORMED, "an analysis without a name");
    json_object_foreach((json_t *)entry, key, value)
    {
        if (status == STATUS_OK && is_plain(key) &&
            json_is_object(json_array_get(value, 0)))
            status = write_table(folder, number, name,
                strcmp(key, "table") == 0 ? "" : key, by, value);
    }
    return status;
}

enum status result_export(const json_t *result, const char *folder)
{
    char path[4096];
    struct buffer text;
    size_t at;
    json_t *entry;
    if (mkdir(folder, 0777) != 0 && errno != EEXIST)
        return program_fail(
            STATUS_IO, "%s: %s", folder, strerrordesc_np(errno));
    enum status status = STATUS_OK;
    json_array_foreach(json_object_get(result, "results"), at, entry)
    {
        if (status == STATUS_OK)
            status = write_entry(folder, at + 1, entry);
    }
    buffer_init(&text, BUFFER_LIMIT_DEFAULT);
    snprintf(path, sizeof path, "%s/methods.txt", folder);
    if (status == STATUS_OK)
        status = result_export_methods(&text, result);
    if (status == STATUS_OK)
        status = client_write_file(path, buffer_view(&text));
    buffer_fini(&text);
    return status;
}
