#include "coordinator/client/result_table.h"

#include <libsmartcols.h>
#include <stdlib.h>
#include <string.h>

#define COLUMNS_MAX 16

static bool is_suppressed(const json_t *object)
{
    return json_is_true(json_object_get(object, "suppressed"));
}

/* A value as people read it: six significant digits. */
static void value_text(const json_t *value, char *out, size_t capacity)
{
    if (json_is_integer(value))
        snprintf(out, capacity, "%lld", (long long)json_integer_value(value));
    else if (json_is_real(value))
        snprintf(out, capacity, "%.6g", json_real_value(value));
    else if (json_is_string(value))
        snprintf(out, capacity, "%s", json_string_value(value));
    else if (json_is_object(value) && is_suppressed(value))
        snprintf(out, capacity, "withheld");
    else
        snprintf(out, capacity, "%s", value == NULL ? "" : "-");
}

/* The keys of all rows, in the order in which they first come. */
static size_t collect_keys(const json_t *table, const char *keys[COLUMNS_MAX])
{
    size_t count = 0, at;
    json_t *row;
    json_array_foreach((json_t *)table, at, row)
    {
        const char *key;
        json_t *value;
        json_object_foreach(row, key, value)
        {
            bool known = strcmp(key, "suppressed") == 0;
            for (size_t i = 0; i < count; i++)
                known = known || strcmp(keys[i], key) == 0;
            if (!known && count < COLUMNS_MAX)
                keys[count++] = key;
        }
    }
    return count;
}

static enum status add_row(struct libscols_table *table, const json_t *row,
    const char *const *keys, size_t count)
{
    struct libscols_line *line = scols_table_new_line(table, NULL);
    bool said = false;
    if (line == NULL)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < count; i++) {
        char text[128];
        const json_t *value = json_object_get(row, keys[i]);
        value_text(value, text, sizeof text);
        if (value == NULL && is_suppressed(row) && !said) {
            strcpy(text, "withheld");
            said = true;
        }
        if (scols_line_set_data(line, i, text) != 0)
            return STATUS_NO_MEMORY;
    }
    return STATUS_OK;
}

static enum status print_table(FILE *out, const json_t *rows)
{
    const char *keys[COLUMNS_MAX];
    size_t count = collect_keys(rows, keys), at;
    json_t *row;
    struct libscols_table *table = scols_new_table();
    enum status status = table == NULL ? STATUS_NO_MEMORY : STATUS_OK;
    /* A table of withheld cells only still has a place for the word. */
    if (count == 1 && json_array_size(rows) > 0 &&
        is_suppressed(json_array_get(rows, 0)))
        keys[count++] = "n";
    for (size_t i = 0; status == STATUS_OK && i < count; i++) {
        bool text =
            json_is_string(json_object_get(json_array_get(rows, 0), keys[i]));
        if (scols_table_new_column(
                table, keys[i], 0, text ? 0 : SCOLS_FL_RIGHT) == NULL)
            status = STATUS_NO_MEMORY;
    }
    json_array_foreach((json_t *)rows, at, row)
    {
        if (status == STATUS_OK)
            status = add_row(table, row, keys, count);
    }
    if (status == STATUS_OK) {
        scols_table_set_stream(table, out);
        scols_print_table(table);
    }
    scols_unref_table(table);
    return status;
}

static void print_title(FILE *out, const json_t *entry)
{
    char text[128];
    const char *key;
    json_t *value;
    fprintf(out, "\n%s", json_string_value(json_object_get(entry, "analysis")));
    json_object_foreach(json_object_get(entry, "by"), key, value)
    {
        value_text(value, text, sizeof text);
        fprintf(out, "  %s = %s", key, text);
    }
    static const char *const facts[] = {"n", "patients", "missing",
        "centers_released", "centers_withheld", "values_withheld", "statistic",
        "df", "p_value", "fisher_p_value"};
    for (size_t i = 0; i < sizeof facts / sizeof facts[0]; i++) {
        value = json_object_get(entry, facts[i]);
        if (value == NULL)
            continue;
        value_text(value, text, sizeof text);
        fprintf(out, "  %s: %s", facts[i], text);
    }
    fputc('\n', out);
}

static void print_names(FILE *out, const char *what, const json_t *list)
{
    size_t at;
    json_t *name;
    if (json_array_size(list) == 0)
        return;
    fprintf(out, "%s", what);
    json_array_foreach((json_t *)list, at, name)
        fprintf(out, " %s", json_string_value(name));
    fputc('\n', out);
}

static void print_provenance(FILE *out, const json_t *result)
{
    static const char *const facts[] = {
        "study", "cohort", "unit", "privacy", "centers", "created", "query_id"};
    const json_t *report = json_object_get(result, "center_report");
    fputc('\n', out);
    for (size_t i = 0; i < sizeof facts / sizeof facts[0]; i++) {
        char text[512];
        value_text(json_object_get(result, facts[i]), text, sizeof text);
        fprintf(out, "%-10s %s\n", facts[i], text);
    }
    print_names(out, "answered  ", json_object_get(report, "answered"));
    print_names(out, "refused   ", json_object_get(report, "refused"));
    print_names(out, "absent    ", json_object_get(report, "absent"));
}

enum status result_table_print(FILE *out, const json_t *result)
{
    size_t at;
    json_t *entry;
    const json_t *results = json_object_get(result, "results");
    if (!json_is_array(results))
        return STATUS_MALFORMED;
    json_array_foreach((json_t *)results, at, entry)
    {
        const json_t *rows = json_object_get(entry, "table");
        print_title(out, entry);
        if (is_suppressed(entry))
            fprintf(out, "withheld: too few people, or a rule of the study\n");
        else if (json_is_array(rows)) {
            enum status status = print_table(out, rows);
            if (status != STATUS_OK)
                return status;
        }
    }
    print_provenance(out, result);
    return STATUS_OK;
}
