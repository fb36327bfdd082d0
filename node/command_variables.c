#include <stdlib.h>

#include "node/home.h"

/* What is stored of one variable. */
struct stored {
    int64_t n, missing;
    int64_t refused; /* of the missing: were out of range */
    int32_t low, high;
};

struct counting {
    const struct dictionary *dictionary;
    struct stored *stored;
};

/* Of a vector the lowest and highest of all its elements. */
static void add_range(struct stored *at, const int32_t *codes, size_t count)
{
    for (size_t k = 0; k < count; k++) {
        const bool first = at->n == 0 && k == 0;
        at->low = first || codes[k] < at->low ? codes[k] : at->low;
        at->high = first || codes[k] > at->high ? codes[k] : at->high;
    }
}

static enum status count_row(void *arg, const struct store_visited *row)
{
    struct counting *counting = arg;
    const int32_t *codes = row->codes;
    for (size_t i = 0; i < counting->dictionary->variable_count; i++) {
        struct stored *at = &counting->stored[i];
        if (codes[i] == VALUE_MISSING || codes[i] == VALUE_REFUSED) {
            at->missing++;
            at->refused += codes[i] == VALUE_REFUSED;
            continue;
        }
        const struct variable *variable = &counting->dictionary->variables[i];
        if (variable->length == 0)
            add_range(at, codes + i, 1);
        else
            add_range(at, codes + variable->first_element, variable->length);
        at->n++;
    }
    return STATUS_OK;
}

static json_t *variable_json(
    const struct variable *variable, const struct stored *stored)
{
    static const char *const types[] = {
        "integer", "real", "category", "boolean", "days", "vector"};
    char low[64] = "", high[64] = "";
    if (stored->n > 0) {
        variable_value_text(variable, stored->low, low, sizeof low);
        variable_value_text(variable, stored->high, high, sizeof high);
    }
    json_t *out = json_pack("{s:s, s:s, s:s, s:s*, s:I, s:I, s:I, s:s, s:s}",
        "variable", variable->name, "label", variable->label, "type",
        types[variable->type], "unit", variable->unit, "n",
        (json_int_t)stored->n, "missing", (json_int_t)stored->missing,
        "out_of_range", (json_int_t)stored->refused, "lowest", low, "highest",
        high);
    if (variable->length > 0)
        json_object_set_new(
            out, "length", json_integer((json_int_t)variable->length));
    return out;
}

static void print_line(
    const struct variable *variable, const struct stored *stored)
{
    char low[64] = "-", high[64] = "-";
    if (stored->n > 0) {
        variable_value_text(variable, stored->low, low, sizeof low);
        variable_value_text(variable, stored->high, high, sizeof high);
    }
    printf("%-24s %10lld %10lld  %10s %10s %-8s %s\n", variable->name,
        (long long)stored->n, (long long)stored->missing, low, high,
        variable->unit == NULL ? "" : variable->unit, variable->label);
}

static enum status print_all(
    const struct home *home, const struct stored *stored, bool json)
{
    const struct dictionary *dictionary = home->dictionary;
    json_t *list = json ? json_array() : NULL;
    if (!json)
        printf("%-24s %10s %10s  %10s %10s %-8s %s\n", "variable", "n",
            "missing", "lowest", "highest", "unit", "label");
    for (size_t i = 0; i < dictionary->variable_count; i++) {
        if (json) {
            json_array_append_new(
                list, variable_json(&dictionary->variables[i], &stored[i]));
        } else {
            print_line(&dictionary->variables[i], &stored[i]);
        }
    }
    return json ? home_print_json(list) : STATUS_OK;
}

enum status command_variables(const struct arguments *arguments)
{
    struct home home;
    struct counting counting = {0};
    struct store_view now;
    enum status status = home_open(&home, arguments);
    if (status == STATUS_OK)
        status = store_view_now(home.store, &now);
    if (status == STATUS_OK) {
        counting.dictionary = home.dictionary;
        counting.stored =
            calloc(home.dictionary->variable_count, sizeof(struct stored));
        status = counting.stored == NULL
                     ? STATUS_NO_MEMORY
                     : store_visit_rows(home.store, &now, count_row, &counting);
    }
    if (status == STATUS_OK)
        status =
            print_all(&home, counting.stored, argument_flag(arguments, "json"));
    free(counting.stored);
    home_close(&home);
    return status;
}
