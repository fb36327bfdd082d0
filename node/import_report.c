#include <string.h>

#include "node/import.h"
#include "protocol/query/levels.h"

static const char *const verdict_names[VALUE_VERDICT_COUNT] = {
    [VALUE_ACCEPTED] = "accepted",
    [VALUE_ROUNDED] = "rounded",
    [VALUE_IS_MISSING] = "missing",
    [VALUE_NOT_NUMBER] = "not_a_number",
    [VALUE_OUT_OF_RANGE] = "out_of_range",
    [VALUE_UNKNOWN_CATEGORY] = "unknown_category",
    [VALUE_WRONG_LENGTH] = "wrong_length",
};

static json_t *variable_json(const struct import_report *report,
    const struct dictionary *dictionary, size_t variable)
{
    json_t *out = json_pack("{s:s, s:b}", "variable",
        dictionary->variables[variable].name, "column",
        report->present[variable]);
    for (size_t v = 0; v < VALUE_VERDICT_COUNT; v++)
        json_object_set_new(
            out, verdict_names[v], json_integer(report->counts[variable][v]));
    return out;
}

json_t *import_report_json(const struct import_report *report,
    const struct dictionary *dictionary, const char *file)
{
    json_t *variables = json_array(), *left_out = json_array();
    json_t *problems = json_array();
    for (size_t i = 0; i < dictionary->variable_count; i++)
        json_array_append_new(variables, variable_json(report, dictionary, i));
    for (size_t i = 0; i < report->left_out_count; i++)
        json_array_append_new(left_out, json_string(report->left_out[i]));
    for (size_t i = 0; i < report->problem_count; i++) {
        const struct import_problem *problem = &report->problems[i];
        json_t *row = json_pack("{s:I, s:I, s:s, s:s, s:s*}", "line",
            (json_int_t)problem->line, "column", (json_int_t)problem->column,
            "variable", dictionary->variables[problem->variable].name,
            "verdict", verdict_names[problem->verdict], "value", problem->text);
        if (problem->element > 0)
            json_object_set_new(
                row, "element", json_integer((json_int_t)problem->element));
        json_array_append_new(problems, row);
    }
    return json_pack("{s:s, s:I, s:I, s:I, s:I, s:o, s:o, s:o}", "file", file,
        "rows", (json_int_t)report->rows, "added", (json_int_t)report->added,
        "replaced", (json_int_t)report->replaced, "refused",
        (json_int_t)report->refused, "left_out", left_out, "variables",
        variables, "problems", problems);
}

/* What is wrong with a value, behind the value. */
static enum status say_verdict(struct buffer *out,
    const struct import_problem *problem, const struct variable *variable)
{
    char low[DECIMAL_TEXT], high[DECIMAL_TEXT], levels[256];
    switch (problem->verdict) {
    case VALUE_NOT_NUMBER:
        return buffer_append_format(out, "is %s%s; refused\n",
            variable->takes_dates ? "neither a number of days nor a date"
                                  : "not a number",
            strchr(problem->text, ',') == NULL
                ? ""
                : " (a decimal point is a point)");
    case VALUE_OUT_OF_RANGE:
        decimal_multiple_text(low, variable->min, variable->resolution);
        decimal_multiple_text(high, variable->max, variable->resolution);
        return buffer_append_format(
            out, "is not within %s to %s; refused\n", low, high);
    default:
        if (variable->type == VARIABLE_BOOLEAN)
            return buffer_append_text(out, "is neither yes nor no; refused\n");
        levels_list(levels, sizeof levels, variable);
        return buffer_append_format(
            out, "is none of the categories: %s; refused\n", levels);
    }
}

static enum status say_problem(struct buffer *out, const char *file,
    const struct import_problem *problem, const struct variable *variable)
{
    enum status status = buffer_append_format(out, "%s:%zu:%zu: %s", file,
        problem->line, problem->column, variable->name);
    if (status == STATUS_OK && problem->verdict == VALUE_WRONG_LENGTH) {
        return buffer_append_format(out,
            ": %zu elements, expected %zu; refused\n", problem->element,
            variable->length);
    }
    if (status == STATUS_OK && problem->element > 0)
        status = buffer_append_format(out, "[%zu]", problem->element);
    if (status == STATUS_OK)
        status = buffer_append_format(out, ": '%s' ", problem->text);
    return status == STATUS_OK ? say_verdict(out, problem, variable) : status;
}

static enum status say_variable(struct buffer *out,
    const struct import_report *report, const struct variable *variable,
    size_t index)
{
    const int64_t *counts = report->counts[index];
    const int64_t refused =
        counts[VALUE_NOT_NUMBER] + counts[VALUE_OUT_OF_RANGE] +
        counts[VALUE_UNKNOWN_CATEGORY] + counts[VALUE_WRONG_LENGTH];
    if (!report->present[index] && variable->derived == NULL)
        return buffer_append_format(out, "  %-24s no column\n", variable->name);
    return buffer_append_format(out,
        "  %-24s accepted %lld  rounded %lld  missing %lld  refused %lld%s\n",
        variable->name, (long long)counts[VALUE_ACCEPTED],
        (long long)counts[VALUE_ROUNDED], (long long)counts[VALUE_IS_MISSING],
        (long long)refused, report->present[index] ? "" : "  (derived)");
}

enum status import_report_text(struct buffer *out,
    const struct import_report *report, const struct dictionary *dictionary,
    const char *file)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < report->problem_count; i++)
        status = say_problem(out, file, &report->problems[i],
            &dictionary->variables[report->problems[i].variable]);
    if (status == STATUS_OK && report->refused > (int64_t)report->problem_count)
        status = buffer_append_format(out, "... and %lld more\n",
            (long long)report->refused - (long long)report->problem_count);
    for (size_t i = 0; status == STATUS_OK && i < report->left_out_count; i++) {
        status = buffer_append_format(out,
            "%s: column '%s' is not in the dictionary; left out\n", file,
            report->left_out[i]);
    }
    if (status == STATUS_OK) {
        status = buffer_append_format(out,
            "%s: %lld rows: %lld added, %lld replaced; %lld values refused\n",
            file, (long long)report->rows, (long long)report->added,
            (long long)report->replaced, (long long)report->refused);
    }
    for (size_t i = 0; status == STATUS_OK && i < dictionary->variable_count;
         i++)
        status = say_variable(out, report, &dictionary->variables[i], i);
    return status;
}
