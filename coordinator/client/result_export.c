#include "coordinator/client/result_export.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "coordinator/client/client.h"
#include "coordinator/client/result_methods.h"
#include "coordinator/client/result_rows.h"
#include "coordinator/client/result_words.h"
#include "protocol/wire/text.h"

#define COLUMNS_MAX 48

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

/* ---- a table ---- */

struct table {
    const json_t *variables, *entry, *rows;
    size_t count;
    const char *keys[COLUMNS_MAX];
    bool labelled[COLUMNS_MAX]; /* a column of words stands behind */
};

/* The words for a row's text under key; "" where there are none. */
static void find_label(const struct table *table, const json_t *row,
    const char *key, struct words *out)
{
    const json_t *value = json_object_get(row, key);
    *out = (struct words){0};
    if (json_is_string(value))
        words_add_cell(
            out, table->variables, table->entry, key, json_string_value(value));
}

static void find_columns(struct table *table)
{
    size_t at;
    json_t *row;
    table->count = result_keys(table->rows, NULL, 0, table->keys, COLUMNS_MAX);
    json_array_foreach((json_t *)table->rows, at, row)
    {
        for (size_t i = 0; i < table->count; i++) {
            struct words label;
            find_label(table, row, table->keys[i], &label);
            table->labelled[i] = table->labelled[i] || label.size > 0;
        }
    }
}

static enum status put_by_heads(struct buffer *out, const struct table *table)
{
    enum status status = STATUS_OK;
    const char *key;
    json_t *value;
    json_object_foreach(json_object_get(table->entry, "by"), key, value)
    {
        if (status == STATUS_OK)
            status = put_field(out, key);
        if (status == STATUS_OK && table->variables != NULL)
            status = buffer_append_format(out, ",%s_label", key);
        if (status == STATUS_OK)
            status = put(out, ",");
    }
    return status;
}

static enum status put_by(struct buffer *out, const struct table *table)
{
    enum status status = STATUS_OK;
    const char *key;
    json_t *value;
    json_object_foreach(json_object_get(table->entry, "by"), key, value)
    {
        struct words label = {0};
        if (status == STATUS_OK)
            status = put_value(out, value);
        if (status == STATUS_OK && table->variables != NULL) {
            words_add_level(&label, table->variables, key,
                json_is_string(value) ? json_string_value(value) : "");
            status = put(out, ",");
            if (status == STATUS_OK)
                status = put_field(out, label.text);
        }
        if (status == STATUS_OK)
            status = put(out, ",");
    }
    return status;
}

static enum status put_heads(struct buffer *out, const struct table *table)
{
    enum status status = put_by_heads(out, table);
    for (size_t i = 0; status == STATUS_OK && i < table->count; i++) {
        status = put_field(out, table->keys[i]);
        if (status == STATUS_OK && table->labelled[i])
            status = buffer_append_format(out, ",%s_label", table->keys[i]);
        if (status == STATUS_OK)
            status = put(out, i + 1 < table->count ? "," : "\r\n");
    }
    return status;
}

static enum status put_row(
    struct buffer *out, const struct table *table, const json_t *row)
{
    enum status status = put_by(out, table);
    for (size_t i = 0; status == STATUS_OK && i < table->count; i++) {
        struct words label;
        status = put_value(out, json_object_get(row, table->keys[i]));
        if (status == STATUS_OK && table->labelled[i]) {
            find_label(table, row, table->keys[i], &label);
            status = put(out, ",");
            if (status == STATUS_OK)
                status = put_field(out, label.text);
        }
        if (status == STATUS_OK)
            status = put(out, i + 1 < table->count ? "," : "\r\n");
    }
    return status;
}

enum status result_export_table(struct buffer *out, const json_t *variables,
    const json_t *entry, const json_t *rows)
{
    struct table table = {.variables = variables, .entry = entry, .rows = rows};
    size_t at;
    json_t *row;
    find_columns(&table);
    enum status status = put_heads(out, &table);
    json_array_foreach((json_t *)rows, at, row)
    {
        if (status == STATUS_OK)
            status = put_row(out, &table, row);
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

/* A folder beside the one that is wanted, where files are made. */
struct making {
    char folder[4096];
    const json_t *result;
};

/* What a result quotes is shown as it is, in whatever program opens it. */
static enum status write_file(
    const struct making *making, const char *name, const struct buffer *text)
{
    char path[sizeof making->folder + 256];
    struct buffer shown;
    buffer_init(&shown, BUFFER_LIMIT_DEFAULT);
    snprintf(path, sizeof path, "%s/%s", making->folder, name);
    enum status status = text_append_lines(&shown, buffer_view(text));
    if (status == STATUS_OK)
        status = client_write_file(path, buffer_view(&shown));
    buffer_fini(&shown);
    return status;
}

static enum status write_table(const struct making *making, size_t number,
    const json_t *entry, const char *member, const json_t *rows)
{
    char name[200];
    struct buffer text;
    buffer_init(&text, BUFFER_LIMIT_DEFAULT);
    snprintf(name, sizeof name, "%02zu_%s%s%s.csv", number,
        result_string(entry, "analysis"), *member == '\0' ? "" : "_", member);
    enum status status = result_export_table(
        &text, words_of_result(making->result), entry, rows);
    if (status == STATUS_OK)
        status = write_file(making, name, &text);
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
    const struct making *making, size_t number, const json_t *entry)
{
    enum status status = STATUS_OK;
    const char *key;
    json_t *value;
    if (!is_plain(result_string(entry, "analysis")))
        return program_fail(STATUS_MALFORMED, "an analysis without a name");
    json_object_foreach((json_t *)entry, key, value)
    {
        if (status == STATUS_OK && is_plain(key) &&
            json_is_object(json_array_get(value, 0)))
            status = write_table(making, number, entry,
                strcmp(key, "table") == 0 ? "" : key, value);
    }
    return status;
}

static enum status write_text(const struct making *making, const char *name,
    enum status (*fill)(struct buffer *out, const json_t *result))
{
    struct buffer text;
    buffer_init(&text, BUFFER_LIMIT_DEFAULT);
    enum status status = fill(&text, making->result);
    if (status == STATUS_OK)
        status = write_file(making, name, &text);
    buffer_fini(&text);
    return status;
}

static enum status write_all(const struct making *making)
{
    size_t at;
    json_t *entry;
    enum status status = STATUS_OK;
    json_array_foreach(json_object_get(making->result, "results"), at, entry)
    {
        if (status == STATUS_OK)
            status = write_entry(making, at + 1, entry);
    }
    if (status == STATUS_OK)
        status = write_text(making, "facts.csv", result_export_facts);
    return status == STATUS_OK
               ? write_text(making, "methods.txt", result_methods)
               : status;
}

/* Every file of the folder: into `to`, or, NULL, away. */
static enum status move_files(const char *folder, const char *to)
{
    enum status status = STATUS_OK;
    DIR *files = opendir(folder);
    struct dirent *file;
    if (files == NULL)
        return STATUS_IO;
    while ((file = readdir(files)) != NULL) {
        char from[8192], path[8192];
        if (file->d_name[0] == '.')
            continue;
        snprintf(from, sizeof from, "%s/%s", folder, file->d_name);
        snprintf(
            path, sizeof path, "%s/%s", to == NULL ? "" : to, file->d_name);
        if ((to == NULL ? unlink(from) : rename(from, path)) != 0)
            status = STATUS_IO;
    }
    closedir(files);
    return status;
}

enum status result_export(const json_t *result, const char *out)
{
    struct making making = {.result = result};
    char folder[sizeof making.folder - 8];
    struct stat there;
    size_t size = strlen(out);
    while (size > 1 && out[size - 1] == '/')
        size--;
    if (size >= sizeof folder)
        return program_fail(STATUS_USAGE, "the name of the folder is too long");
    snprintf(folder, sizeof folder, "%.*s", (int)size, out);
    const bool known = stat(folder, &there) == 0;
    if (known && !S_ISDIR(there.st_mode))
        return program_fail(STATUS_IO, "%s is a file, not a folder", folder);
    snprintf(making.folder, sizeof making.folder, "%s.XXXXXX", folder);
    if (mkdtemp(making.folder) == NULL)
        return client_fail_write(folder, STATUS_IO);
    enum status status = write_all(&making);
    if (status == STATUS_OK && !known &&
        (mkdir(folder, 0777) != 0 && errno != EEXIST))
        status = client_fail_write(folder, STATUS_IO);
    if (status == STATUS_OK && move_files(making.folder, folder) != STATUS_OK)
        status = client_fail_write(folder, STATUS_IO);
    move_files(making.folder, NULL);
    rmdir(making.folder);
    return status;
}
