#include "coordinator/client/result_table.h"

#include <libsmartcols.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "coordinator/client/client.h"
#include "coordinator/client/result_rows.h"
#include "coordinator/client/result_text.h"
#include "coordinator/client/result_title.h"
#include "policy/disclosure.h"
#include "protocol/wire/text.h"

#define COLUMNS_MAX 16

#define RATIO "ratio" /* hazard or odds ratio, not a key of rows */

/* What the whole analysis says of its tables. */
struct table_facts {
    const json_t *variables, *entry;
    const char *ratio; /* "hazard ratio"; NULL when there is none */
};

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
    const struct table_facts *facts, struct words *out)
{
    char text[160];
    const json_t *value = json_object_get(row, column->key);
    if (json_is_string(value) &&
        words_add_cell(out, facts->variables, facts->entry, column->key,
            json_string_value(value)))
        return;
    if (json_is_string(value)) {
        words_add(out, json_string_value(value));
        return;
    }
    if (strcmp(column->key, RATIO) == 0)
        ratio_text(row, text, sizeof text);
    else if (strcmp(column->key, "conf_low") == 0)
        interval_text(row, column->decimals, text, sizeof text);
    else
        result_text_write(
            text, sizeof text, column->key, value, column->decimals);
    words_add(out, text);
}

static enum status add_row(struct libscols_table *table, const json_t *row,
    const struct table_facts *facts, const struct text_column *columns,
    size_t count)
{
    struct libscols_line *line = scols_table_new_line(table, NULL);
    bool said = false;
    if (line == NULL)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < count; i++) {
        struct words text = {0};
        const json_t *value = json_object_get(row, columns[i].key);
        cell_text(row, &columns[i], facts, &text);
        if (value == NULL && strcmp(columns[i].key, RATIO) != 0 &&
            result_is_suppressed(row) && !said) {
            words_add(&text, "withheld");
            said = true;
        }
        if (scols_line_set_data(line, i, text.text) != 0)
            return STATUS_NO_MEMORY;
    }
    return STATUS_OK;
}

/* Withheld cells, of which no row has a figure. */
static bool has_texts_only(
    const json_t *rows, const char *const *keys, size_t count)
{
    const json_t *first = json_array_get(rows, 0);
    for (size_t i = 0; i < count; i++) {
        if (!json_is_string(json_object_get(first, keys[i])))
            return false;
    }
    return result_is_suppressed(first);
}

static size_t list_columns(
    const json_t *rows, bool ratios, struct text_column columns[COLUMNS_MAX])
{
    /* An interval is told by its lower end, a ratio by RATIO. */
    static const char *const skip[] = {"suppressed", "conf_high"};
    const char *keys[COLUMNS_MAX];
    size_t count = 0;
    const size_t all = result_keys(rows, skip, 2, keys, COLUMNS_MAX);
    for (size_t i = 0; i < all; i++) {
        if (!result_is_ratio(keys[i]))
            keys[count++] = keys[i];
    }
    /* A table of withheld cells only still has a place for the word. */
    if (count < COLUMNS_MAX && has_texts_only(rows, keys, count))
        keys[count++] = "n";
    if (ratios && count < COLUMNS_MAX)
        keys[count++] = RATIO;
    for (size_t i = 0; i < count; i++)
        columns[i] =
            (struct text_column){keys[i], result_text_decimals(rows, keys[i])};
    return count;
}

static void column_title(
    struct words *out, const char *key, const struct table_facts *facts)
{
    const double percent = 100 * result_level(facts->entry);
    if (strcmp(key, "conf_low") == 0)
        words_add_format(out, "%g%% CI", percent);
    else if (strcmp(key, RATIO) == 0)
        words_add_format(out, "%s (%g%% CI)", facts->ratio, percent);
    else
        result_text_key(out, key);
}

static enum status print_table(
    FILE *out, const json_t *rows, const struct table_facts *facts)
{
    struct text_column columns[COLUMNS_MAX];
    size_t count = list_columns(rows, facts->ratio != NULL, columns), at;
    json_t *row;
    struct libscols_table *table = scols_new_table();
    enum status status = table == NULL ? STATUS_NO_MEMORY : STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < count; i++) {
        const char *key = columns[i].key;
        struct words title = {0};
        bool text =
            json_is_string(json_object_get(json_array_get(rows, 0), key));
        column_title(&title, key, facts);
        if (scols_table_new_column(
                table, title.text, 0, text ? 0 : SCOLS_FL_RIGHT) == NULL)
            status = STATUS_NO_MEMORY;
    }
    json_array_foreach((json_t *)rows, at, row)
    {
        if (status == STATUS_OK)
            status = add_row(table, row, facts, columns, count);
    }
    if (status == STATUS_OK) {
        scols_table_set_stream(table, out);
        scols_print_table(table);
    }
    scols_unref_table(table);
    return status;
}

static void add_fact(struct words *out, const json_t *variables,
    const json_t *entry, const char *key)
{
    char text[640];
    const json_t *value = json_object_get(entry, key);
    result_text_key(out, key);
    words_add(out, ": ");
    if (json_is_string(value) &&
        words_add_cell(out, variables, entry, key, json_string_value(value)))
        return;
    result_text_write(text, sizeof text, key, value, RESULT_TEXT_SIGNIFICANT);
    words_add(out, text);
}

/* Everything about the whole analysis that is one value, in lines of the
 * terminal's width. */
static void print_facts(FILE *out, const json_t *variables, const json_t *entry)
{
    const char *key;
    json_t *value;
    size_t column = 0;
    json_object_foreach((json_t *)entry, key, value)
    {
        struct words fact = {0};
        if (!result_is_fact(key, value) || strcmp(key, "suppressed") == 0)
            continue;
        add_fact(&fact, variables, entry, key);
        if (column > 0 && column + fact.size + 2 > 78) {
            fputc('\n', out);
            column = 0;
        }
        fprintf(out, "%s%s", column > 0 ? "  " : "", fact.text);
        column += fact.size + 2;
    }
    fputc('\n', out);
}

/* The levels that a model's factors are compared with. */
static void print_reference(
    FILE *out, const json_t *variables, const json_t *entry)
{
    struct words references = {0};
    words_add_references(&references, variables, entry);
    if (references.size > 0)
        fprintf(out, "reference: %s\n", references.text);
}

/* Variables of which donors may have lent values: said whether a row was
 * without one or not. */
static void print_completed(FILE *out, const json_t *entry)
{
    const char *before =
        "a row without a value takes one of another row of its "
        "center, by lot: ";
    size_t at;
    json_t *name;
    const json_t *names = json_object_get(entry, "completed");
    json_array_foreach((json_t *)names, at, name)
    {
        fprintf(out, "%s%s", before,
            json_is_string(name) ? json_string_value(name) : "?");
        before = ", ";
    }
    if (json_array_size(names) > 0)
        fputc('\n', out);
}

static void print_title(FILE *out, const json_t *variables, const json_t *entry)
{
    struct words title = {0};
    const char *formula =
        result_string(json_object_get(entry, "parameters"), "formula");
    result_title(&title, variables, entry);
    fprintf(out, "\n%s\n", title.text);
    if (variables != NULL && *formula != '\0')
        fprintf(out, "formula: %s\n", formula);
    print_facts(out, variables, entry);
    print_reference(out, variables, entry);
    print_completed(out, entry);
}

/* A rule kept it back, or rows of its table. */
static bool lacks_figures(const json_t *entry)
{
    const json_t *table = json_object_get(entry, "table");
    size_t at;
    json_t *row;
    if (result_is_suppressed(entry))
        return true;
    json_array_foreach((json_t *)table, at, row)
    {
        if (result_is_suppressed(row))
            return true;
    }
    return false;
}

static void print_advice(FILE *out, const json_t *entry)
{
    if (lacks_figures(entry) &&
        !json_is_string(json_object_get(entry, "message")))
        fprintf(out, "in place of what is withheld ask for %s\n",
            disclosure_advice(result_string(entry, "analysis")));
}

/* The main table first, then those of other members, each under its name. */
static enum status print_tables(
    FILE *out, const json_t *variables, const json_t *entry)
{
    const json_t *table = json_object_get(entry, "table");
    struct table_facts facts = {variables, entry, result_ratio_name(entry)};
    enum status status = STATUS_OK;
    const char *key;
    json_t *value;
    if (json_is_object(json_array_get(table, 0)))
        status = print_table(out, table, &facts);
    facts.ratio = NULL;
    json_object_foreach((json_t *)entry, key, value)
    {
        if (status != STATUS_OK || value == table ||
            !json_is_object(json_array_get(value, 0)))
            continue;
        struct words title = {0};
        result_text_key(&title, key);
        fprintf(out, "%s\n", title.text);
        status = print_table(out, value, &facts);
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

/* Results of before there were any have none. */
static void print_freezes(FILE *out, const json_t *freezes)
{
    const char *center, *before = "freezes    ";
    json_t *number;
    json_object_foreach((json_t *)freezes, center, number)
    {
        fprintf(out, "%s%s %lld", before, center,
            (long long)json_integer_value(number));
        before = ", ";
    }
    if (json_object_size(freezes) > 0)
        fputc('\n', out);
}

static void print_provenance(
    FILE *out, const json_t *result, const char *signature)
{
    static const char *const facts[] = {
        "study", "cohort", "unit", "privacy", "centers", "created", "query_id"};
    const json_t *report = json_object_get(result, "center_report");
    fputc('\n', out);
    for (size_t i = 0; i < sizeof facts / sizeof facts[0]; i++) {
        char text[512];
        result_text_write(text, sizeof text, facts[i],
            json_object_get(result, facts[i]), RESULT_TEXT_SIGNIFICANT);
        const char *name = strcmp(facts[i], "cohort") == 0
                               ? result_string(result, "cohort_name")
                               : "";
        fprintf(out, "%-10s %s%s%s\n", facts[i], name,
            *name == '\0' ? "" : ": ", text);
    }
    print_withheld(out, json_object_get(result, "withheld"));
    if (signature != NULL)
        fprintf(out, "%-10s %s\n", "signature", signature);
    print_freezes(out, json_object_get(result, "freezes"));
    print_names(out, "answered  ", json_object_get(report, "answered"));
    print_names(out, "refused   ", json_object_get(report, "refused"));
    print_names(out, "absent    ", json_object_get(report, "absent"));
}

/* What figures are of, where they are not of the question's own rows. */
static void print_answered_by(FILE *out, const json_t *entry)
{
    size_t at;
    json_t *text;
    json_array_foreach(json_object_get(entry, "answered_by"), at, text)
    {
        fprintf(out, "%s\n", json_string_value(text));
    }
}

static enum status print_result(
    FILE *out, const json_t *result, size_t number, const char *signature)
{
    const json_t *variables = words_of_result(result);
    size_t at;
    json_t *entry;
    const json_t *results = json_object_get(result, "results");
    if (!json_is_array(results))
        return STATUS_MALFORMED;
    json_array_foreach((json_t *)results, at, entry)
    {
        enum status status = STATUS_OK;
        if (number > 0 && at + 1 != number)
            continue;
        print_title(out, variables, entry);
        if (result_is_suppressed(entry))
            fprintf(out, "withheld; the rules are at the end\n");
        else
            status = print_tables(out, variables, entry);
        print_advice(out, entry);
        print_answered_by(out, entry);
        if (status != STATUS_OK)
            return status;
    }
    print_provenance(out, result, signature);
    return STATUS_OK;
}

enum status result_table_print(
    FILE *out, const json_t *result, size_t number, const char *signature)
{
    char *text = NULL;
    size_t size = 0;
    FILE *lines = open_memstream(&text, &size);
    if (lines == NULL)
        return STATUS_NO_MEMORY;
    /* Else the columns' widths are of bytes, and "\u00B2" is printed as two. */
    setlocale(LC_CTYPE, "C.UTF-8");
    enum status status = print_result(lines, result, number, signature);
    if (fclose(lines) != 0)
        status = STATUS_NO_MEMORY;
    /* A result says what a coordinator signed, who may be anybody. */
    if (status == STATUS_OK)
        text_print_lines(out, (struct view){(const uint8_t *)text, size});
    free(text);
    return status;
}
