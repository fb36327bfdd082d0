#include "coordinator/client/result_export.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "coordinator/client/client.h"
#include "coordinator/client/result_methods.h"
#include "coordinator/client/result_rows.h"

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

/* ---- facts ---- */

/* "sex=F stage=2" */
static enum status put_levels(struct buffer *out, const json_t *by)
{
    char text[512] = "";
    size_t used = 0;
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)by, key, value)
    {
        const char *level = json_string_value(value);
        if (used < sizeof text) {
            used += (size_t)snprintf(text + used, sizeof text - used, "%s%s=%s",
                used > 0 ? " " : "", key, level == NULL ? "" : level);
        }
    }
    return put_field(out, text);
}

static enum status put_fact(struct buffer *out, size_t number,
    const json_t *entry, const char *key, const json_t *value)
{
    enum status status = buffer_append_format(out, "%zu,", number);
    if (status == STATUS_OK)
        status = put_field(out, result_string(entry, "analysis"));
    if (status == STATUS_OK)
        status = put(out, ",");
    if (status == STATUS_OK)
        status = put_levels(out, json_object_get(entry, "by"));
    if (status == STATUS_OK)
        status = put(out, ",");
    if (status == STATUS_OK)
        status = put_field(out, key);
    if (status == STATUS_OK)
        status = put(out, ",");
    if (status == STATUS_OK)
        status = put_value(out, value);
    return status == STATUS_OK ? put(out, "\r\n") : status;
}

enum status result_export_facts(struct buffer *out, const json_t *result)
{
    size_t at;
    json_t *entry, *value;
    const char *key;
    enum status status = put(out, "entry,analysis,by,fact,value\r\n");
    json_array_foreach(json_object_get(result, "results"), at, entry)
    {
        json_object_foreach(entry, key, value)
        {
            if (status == STATUS_OK && result_is_fact(key, value))
                status = put_fact(out, at + 1, entry, key, value);
        }
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
    const char *name = result_string(entry, "analysis");
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

static enum status write_text(const char *folder, const char *name,
    const json_t *result,
    enum status (*fill)(struct buffer *out, const json_t *result))
{
    char path[4096];
    struct buffer text;
    buffer_init(&text, BUFFER_LIMIT_DEFAULT);
    snprintf(path, sizeof path, "%s/%s", folder, name);
    enum status status = fill(&text, result);
    if (status == STATUS_OK)
        status = client_write_file(path, buffer_view(&text));
    buffer_fini(&text);
    return status;
}

enum status result_export(const json_t *result, const char *folder)
{
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
    if (status == STATUS_OK)
        status = write_text(folder, "facts.csv", result, result_export_facts);
    return status == STATUS_OK
               ? write_text(folder, "methods.txt", result, result_methods)
               : status;
}
