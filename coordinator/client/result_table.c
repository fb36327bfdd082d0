#include "coordinator/client/result_table.h"

#include <libsmartcols.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "coordinator/client/client.h"
#include "coordinator/client/result_rows.h"
#include "coordinator/client/result_text.h"
#include "policy/disclosure.h"
#include "protocol/query/formula.h"

#define COLUMNS_MAX 16

#define RATIO "ratio" /* hazard or odds ratio, not a key of rows */

struct text_column {
    const char *key;
    int decimals;
};

/* conf_low stands for both ends. */
static void interval_text(
    const json_t *row, int decimals, char *out, size_t capacity)
{
    char low[64], high[64];
    const json_t *from = json_object_get(row, "conf_low");
    const json_t *to = json_object_get(row, "conf_high");
    *out = '\0';
    if (!json_is_number(from) || !json_is_number(to))
        return;
    result_text_write(low, sizeof low, "conf_low", from, decimals);
    result_text_write(high, sizeof high, "conf_high", to, decimals);
    snprintf(out, capacity, "(%s, %s)", low, high);
}

static void ratio_text(const json_t *row, char *out, size_t capacity)
{
    const json_t *low = json_object_get(row, "conf_low");
    const json_t *high = json_object_get(row, "conf_high");
    char text[3][32];
    *out = '\0';
    if (!json_is_number(low) || !json_is_number(high))
        return;
    result_text_ratio(text[0], sizeof text[0],
        json_number_value(json_object_get(row, "estimate")));
    result_text_ratio(text[1], sizeof text[1], json_number_value(low));
    result_text_ratio(text[2], sizeof text[2], json_number_value(high));
    snprintf(out, capacity, "%s (%s, %s)", text[0], text[1], text[2]);
}

static void cell_text(const json_t *row, const struct text_column *column,
    char *out, size_t capacity)
{
    if (strcmp(column->key, RATIO) == 0)
        ratio_text(row, out, capacity);
    else if (strcmp(column->key, "conf_low") == 0)
        interval_text(row, column->decimals, out, capacity);
    else
        result_text_write(out, capacity, column->key,
            json_object_get(row, column->key), column->decimals);
}

static enum status add_row(struct libscols_table *table, const json_t *row,
    const struct text_column *columns, size_t count)
{
    struct libscols_line *line = scols_table_new_line(table, NULL);
    bool said = false;
    if (line == NULL)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < count; i++) {
        char text[160];
        const json_t *value = json_object_get(row, columns[i].key);
        cell_text(row, &columns[i], text, sizeof text);
        if (value == NULL && strcmp(columns[i].key, RATIO) != 0 &&
            result_is_suppressed(row) && !said) {
            strcpy(text, "withheld");
            said = true;
        }
        if (scols_line_set_data(line, i, text) != 0)
            return STATUS_NO_MEMORY;
    }
    return STATUS_OK;
}

static size_t list_columns(
    const json_t *rows, bool ratios, struct text_column columns[COLUMNS_MAX])
{
    /* An interval is told by its lower end, a hazard ratio by RATIO. */
    static const char *const skip[] = {
        "suppressed", "conf_high", "hazard_ratio"};
    const char *keys[COLUMNS_MAX];
    size_t count = result_keys(rows, skip, 3, keys, COLUMNS_MAX);
    /* A table of withheld cells only still has a place for the word. */
    if (count == 1 && result_is_suppressed(json_array_get(rows, 0)))
        keys[count++] = "n";
    if (ratios && count < COLUMNS_MAX)
        keys[count++] = RATIO;
    for (size_t i = 0; i < count; i++)
        columns[i] =
            (struct text_column){keys[i], result_text_decimals(rows, keys[i])};
    return count;
}

/* What the whole analysis says of the columns of its tables. */
struct table_facts {
    const char *ratio; /* "hazard ratio"; NULL when there is none */
    double level;      /* of intervals */
};

static const char *column_title(
    const char *key, struct table_facts facts, char title[64])
{
    const double percent = 100 * facts.level;
    if (strcmp(key, "conf_low") == 0)
        snprintf(title, 64, "%g%% CI", percent);
    else if (strcmp(key, RATIO) == 0)
        snprintf(title, 64, "%s (%g%% CI)", facts.ratio, percent);
    else
        return key;
    return title;
}

static enum status print_table(
    FILE *out, const json_t *rows, struct table_facts facts)
{
    struct text_column columns[COLUMNS_MAX];
    size_t count = list_columns(rows, facts.ratio != NULL, columns), at;
    json_t *row;
    struct libscols_table *table = scols_new_table();
    enum status status = table == NULL ? STATUS_NO_MEMORY : STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < count; i++) {
        const char *key = columns[i].key;
        char title[64];
        bool text =
            json_is_string(json_object_get(json_array_get(rows, 0), key));
        if (scols_table_new_column(table, column_title(key, facts, title), 0,
                text ? 0 : SCOLS_FL_RIGHT) == NULL)
            status = STATUS_NO_MEMORY;
    }
    json_array_foreach((json_t *)rows, at, row)
    {
        if (status == STATUS_OK)
            status = add_row(table, row, columns, count);
    }
    if (status == STATUS_OK) {
        scols_table_set_stream(table, out);
        scols_print_table(table);
    }
    scols_unref_table(table);
    return status;
}

/* Everything about the whole analysis that is one value, in lines of the
 * terminal's width. */
static void print_facts(FILE *out, const json_t *entry)
{
    const char *key;
    json_t *value;
    size_t column = 0;
    json_object_foreach((json_t *)entry, key, value)
    {
        char text[640], fact[768];
        if (!result_is_fact(key, value) || strcmp(key, "suppressed") == 0)
            continue;
        result_text_write(
            text, sizeof text, key, value, RESULT_TEXT_SIGNIFICANT);
        snprintf(fact, sizeof fact, "%s: %s", key, text);
        if (column > 0 && column + strlen(fact) + 2 > 78) {
            fputc('\n', out);
            column = 0;
        }
        fprintf(out, "%s%s", column > 0 ? "  " : "", fact);
        column += strlen(fact) + 2;
    }
    fputc('\n', out);
}

static void print_title(FILE *out, const json_t *entry)
{
    char text[128];
    const char *key;
    json_t *value;
    char what[FORMULA_TEXT_MAX + 1];
    result_text_subject(what, sizeof what, entry);
    const char *name = json_string_value(json_object_get(entry, "analysis"));
    fprintf(out, "\n%s", name == NULL ? "?" : name);
    if (*what != '\0')
        fprintf(out, "  %s", what);
    json_object_foreach(json_object_get(entry, "by"), key, value)
    {
        result_text_write(
            text, sizeof text, key, value, RESULT_TEXT_SIGNIFICANT);
        fprintf(out, "  %s = %s", key, text);
    }
    fputc('\n', out);
    print_facts(out, entry);
}

/* The main table first, then those of other members, each under its name. */
static enum status print_tables(FILE *out, const json_t *entry)
{
    const json_t *table = json_object_get(entry, "table");
    struct table_facts facts = {result_ratio_name(entry), result_level(entry)};
    enum status status = STATUS_OK;
    const char *key;
    json_t *value;
    if (json_is_object(json_array_get(table, 0)))
        status = print_table(out, table, facts);
    facts.ratio = NULL;
    json_object_foreach((json_t *)entry, key, value)
    {
        if (status != STATUS_OK || value == table ||
            !json_is_object(json_array_get(value, 0)))
            continue;
        fprintf(out, "%s\n", key);
        status = print_table(out, value, facts);
    }
    return status;
}

static void print_names(FILE *out, const char *what, const json_t *list)
{
    size_t at;
    json_t *name;
    if (json_array_size(list) == 0)
        return;
    fprintf(out, "%s", what);
    json_array_foreach((json_t *)list, at, name) fprintf(
        out, " %s", json_is_string(name) ? json_string_value(name) : "?");
    fputc('\n', out);
}

/* What was kept back, how often, and why. */
static void print_withheld(FILE *out, const json_t *withheld)
{
    const char *rule, *title = "withheld";
    json_t *count;
    json_object_foreach((json_t *)withheld, rule, count)
    {
        const char *text = disclosure_rule_text(rule);
        fprintf(out, "%-10s %lld by rule '%s'%s%s\n", title,
            (long long)json_integer_value(count), rule,
            text != NULL ? ": " : "", text != NULL ? text : "");
        title = "";
    }
}

static void print_provenance(FILE *out, const json_t *result)
{
    static const char *const facts[] = {
        "study", "cohort", "unit", "privacy", "centers", "created", "query_id"};
    const json_t *report = json_object_get(result, "center_report");
    fputc('\n', out);
    for (size_t i = 0; i < sizeof facts / sizeof facts[0]; i++) {
        char text[512];
        result_text_write(text, sizeof text, facts[i],
            json_object_get(result, facts[i]), RESULT_TEXT_SIGNIFICANT);
        fprintf(out, "%-10s %s\n", facts[i], text);
    }
    print_withheld(out, json_object_get(result, "withheld"));
    print_names(out, "answered  ", json_object_get(report, "answered"));
    print_names(out, "refused   ", json_object_get(report, "refused"));
    print_names(out, "absent    ", json_object_get(report, "absent"));
}

static enum status print_result(FILE *out, const json_t *result)
{
    size_t at;
    json_t *entry;
    const json_t *results = json_object_get(result, "results");
    if (!json_is_array(results))
        return STATUS_MALFORMED;
    json_array_foreach((json_t *)results, at, entry)
    {
        enum status status = STATUS_OK;
        print_title(out, entry);
        if (result_is_suppressed(entry))
            fprintf(out, "withheld; the rules are at the end\n");
        else
            status = print_tables(out, entry);
        if (status != STATUS_OK)
            return status;
    }
    print_provenance(out, result);
    return STATUS_OK;
}

/* A result says what a coordinator signed, who may be anybody: line by line. */
static void print_clean(FILE *out, char *text)
{
    while (*text != '\0') {
        char *end = strchr(text, '\n');
        if (end != NULL)
            *end = '\0';
        client_clean_text(text);
        fprintf(out, "%s\n", text);
        text = end == NULL ? text + strlen(text) : end + 1;
    }
}

enum status result_table_print(FILE *out, const json_t *result)
{
    char *text = NULL;
    size_t size = 0;
    FILE *lines = open_memstream(&text, &size);
    if (lines == NULL)
        return STATUS_NO_MEMORY;
    enum status status = print_result(lines, result);
    if (fclose(lines) != 0)
        status = STATUS_NO_MEMORY;
    if (status == STATUS_OK)
        print_clean(out, text);
    free(text);
    return status;
}
