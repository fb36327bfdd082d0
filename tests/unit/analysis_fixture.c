#include "analysis_fixture.h"

#include <math.h>

#include "protocol/analysis/fit.h"
#include "protocol/analysis/leverage.h"

#define NA VALUE_MISSING
#define DAYS 153
#define COLUMNS_MAX 2048
#define CENTERS_MAX 13

static const int32_t ozone[DAYS] = {41, 36, 12, 18, NA, 28, 23, 19, 8, NA, 7,
    16, 11, 14, 18, 14, 34, 6, 30, 11, 1, 11, 4, 32, NA, NA, NA, 23, 45, 115,
    37, NA, NA, NA, NA, NA, NA, 29, NA, 71, 39, NA, NA, 23, NA, NA, 21, 37, 20,
    12, 13, NA, NA, NA, NA, NA, NA, NA, NA, NA, NA, 135, 49, 32, NA, 64, 40, 77,
    97, 97, 85, NA, 10, 27, NA, 7, 48, 35, 61, 79, 63, 16, NA, NA, 80, 108, 20,
    52, 82, 50, 64, 59, 39, 9, 16, 78, 35, 66, 122, 89, 110, NA, NA, 44, 28, 65,
    NA, 22, 59, 23, 31, 44, 21, 9, NA, 45, 168, 73, NA, 76, 118, 84, 85, 96, 78,
    73, 91, 47, 32, 20, 23, 21, 24, 44, 21, 28, 9, 13, 46, 18, 13, 24, 16, 13,
    23, 36, 7, 14, 30, NA, 14, 18, 20};
static const int32_t wind[DAYS] = {74, 80, 126, 115, 143, 149, 86, 138, 201, 86,
    69, 97, 92, 109, 132, 115, 120, 184, 115, 97, 97, 166, 97, 120, 166, 149,
    80, 120, 149, 57, 74, 86, 97, 161, 92, 86, 143, 97, 69, 138, 115, 109, 92,
    80, 138, 115, 149, 207, 92, 115, 103, 63, 17, 46, 63, 80, 80, 103, 115, 149,
    80, 41, 92, 92, 109, 46, 109, 51, 63, 57, 74, 86, 143, 149, 149, 143, 69,
    103, 63, 51, 115, 69, 97, 115, 86, 80, 86, 120, 74, 74, 74, 92, 69, 138, 74,
    69, 74, 46, 40, 103, 80, 86, 115, 115, 115, 97, 115, 103, 63, 74, 109, 103,
    155, 143, 126, 97, 34, 80, 57, 97, 23, 63, 63, 69, 51, 28, 46, 74, 155, 109,
    103, 109, 97, 149, 155, 63, 109, 115, 69, 138, 103, 103, 80, 126, 92, 103,
    103, 166, 69, 132, 143, 80, 115};
static const int32_t temp[DAYS] = {67, 72, 74, 62, 56, 66, 65, 59, 61, 69, 74,
    69, 66, 68, 58, 64, 66, 57, 68, 62, 59, 73, 61, 61, 57, 58, 57, 67, 81, 79,
    76, 78, 74, 67, 84, 85, 79, 82, 87, 90, 87, 93, 92, 82, 80, 79, 77, 72, 65,
    73, 76, 77, 76, 76, 76, 75, 78, 73, 80, 77, 83, 84, 85, 81, 84, 83, 83, 88,
    92, 92, 89, 82, 73, 81, 91, 80, 81, 82, 84, 87, 85, 74, 81, 82, 86, 85, 82,
    86, 88, 86, 83, 81, 81, 81, 82, 86, 85, 87, 89, 90, 90, 92, 86, 86, 82, 80,
    79, 77, 79, 76, 78, 78, 77, 72, 75, 79, 81, 86, 88, 97, 94, 96, 94, 91, 92,
    93, 93, 87, 84, 80, 78, 75, 73, 81, 76, 77, 71, 71, 78, 67, 76, 68, 82, 64,
    71, 81, 69, 63, 70, 77, 75, 76, 68};
static const int month_days[] = {31, 30, 31, 31, 30};

void table_create(struct table *table, const char *dictionary,
    const int32_t *codes, size_t count, const uint32_t *patients)
{
    struct diagnostic diagnostic;
    *table =
        (struct table){.count = count, .codes = codes, .patients = patients};
    diagnostic_init(&diagnostic, "dictionary");
    if (dictionary_parse(&table->dictionary, view_of_text(dictionary),
            &diagnostic) != STATUS_OK)
        fail_msg("%s", diagnostic.message);
}

void table_airquality(struct table *table)
{
    static int32_t codes[DAYS][AIR_VARIABLES];
    static const char dictionary[] =
        "{\"id\":\"airquality\",\"version\":1,\"variables\":["
        "{\"name\":\"ozone\",\"type\":\"integer\",\"min\":0,\"max\":200},"
        "{\"name\":\"wind\",\"type\":\"real\",\"knots\":[10,20],"
        "\"resolution\":0.1,\"min\":0,"
        "\"max\":30},"
        "{\"name\":\"temp\",\"type\":\"integer\",\"min\":50,\"max\":100,"
        "\"edges\":[55,56,60,65,70,75,80,81,85,90,95,97,99]},"
        "{\"name\":\"month\",\"type\":\"category\",\"categories\":["
        "{\"code\":\"5\"},{\"code\":\"6\"},{\"code\":\"7\"},{\"code\":\"8\"},"
        "{\"code\":\"9\"}]},"
        "{\"name\":\"hot\",\"type\":\"boolean\"},"
        "{\"name\":\"windy\",\"type\":\"boolean\"}]}";
    int32_t month = 0, day = 0;
    for (size_t i = 0; i < DAYS; i++) {
        codes[i][OZONE] = ozone[i];
        codes[i][WIND] = wind[i];
        codes[i][TEMP] = temp[i];
        codes[i][MONTH] = month;
        codes[i][HOT] = temp[i] > 80;
        codes[i][WINDY] = wind[i] >= 100;
        if (++day == month_days[month]) {
            month++;
            day = 0;
        }
    }
    table_create(table, dictionary, codes[0], DAYS, NULL);
}

void table_destroy(struct table *table)
{
    dictionary_destroy(table->dictionary);
}

struct table air;

int air_setup(void **state)
{
    (void)state;
    table_airquality(&air);
    return 0;
}

int air_teardown(void **state)
{
    (void)state;
    table_destroy(&air);
    return 0;
}

static void *make_column(
    const struct table *table, size_t variable, size_t first, size_t end)
{
    size_t variables = table->dictionary->column_count;
    int width = table->dictionary->variables[variable].width;
    size_t bytes = ((end - first) * (size_t)width + 64) / 64 * 64;
    void *data = aligned_alloc(64, bytes);
    assert_non_null(data);
    memset(data, 0, bytes);
    for (size_t i = first; i < end; i++) {
        int32_t code = table->codes[i * variables + variable];
        size_t at = i - first;
        if (width == 1)
            ((int8_t *)data)[at] = (int8_t)(code == NA ? INT8_MIN : code);
        else if (width == 2)
            ((int16_t *)data)[at] = (int16_t)(code == NA ? INT16_MIN : code);
        else
            ((int32_t *)data)[at] = code;
    }
    return data;
}

static void make_columns(
    const struct table *table, size_t first, size_t end, struct column *columns)
{
    for (size_t v = 0; v < table->dictionary->column_count; v++) {
        columns[v] =
            (struct column){.width = table->dictionary->variables[v].width,
                .data = make_column(table, v, first, end)};
    }
}

void table_columns(const struct table *table, struct column *columns)
{
    make_columns(table, 0, table->count, columns);
}

static size_t count_patients(
    const struct table *table, size_t first, size_t end)
{
    size_t count = 0;
    for (size_t i = first; i < end; i++)
        count += i == first || table->patients[i] != table->patients[i - 1];
    return count;
}

/* A later round of one center, as its node takes it. */
static enum status contribute_round(const struct plan *plan,
    const struct rows *rows, const struct round *told, struct contribution *out)
{
    double *own = calloc(plan->value_count + 1, sizeof *own);
    struct round round = *told;
    round.own = own;
    assert_int_equal(leverage_own_inverse(plan, rows, 1, told, own), STATUS_OK);
    enum status status = plan_contribute_round(plan, rows, 1, &round, out);
    free(own);
    return status;
}

/* The rows of one center. */
struct part {
    size_t center, first, end;
};

/* What the rows of one center give. round is NULL for the first. */
static void contribute(const struct asked *asked, struct part part,
    const struct round *round, struct contribution *out)
{
    const struct table *table = asked->table;
    struct column columns[COLUMNS_MAX];
    size_t variables = table->dictionary->column_count;
    make_columns(table, part.first, part.end, columns);
    struct rows rows = {.count = part.end - part.first,
        .patient_count = part.end - part.first,
        .columns = columns,
        .center = part.center};
    if (table->patients != NULL) {
        rows.patients = table->patients + part.first;
        rows.patient_count = count_patients(table, part.first, part.end);
    }
    assert_int_equal(round == NULL
                         ? plan_contribute(asked->plan, &rows, 1, out)
                         : contribute_round(asked->plan, &rows, round, out),
        STATUS_OK);
    for (size_t v = 0; v < variables; v++)
        free((void *)columns[v].data);
}

/* One center's rows: asked, checked as the coordinator does, and added. */
static void add_center(
    struct asked *asked, struct part part, const struct round *round)
{
    struct contribution contribution;
    contribute(asked, part, round, &contribution);
    if (round == NULL) /* later heads are empty where a segment is over */
        assert_int_equal(
            plan_check_vector(asked->plan, &contribution.vector), STATUS_OK);
    assert_int_equal(vector_add(&asked->sum, &contribution.vector), STATUS_OK);
    contribution_fini(&contribution);
}

static void add_centers_but(struct asked *asked, size_t centers, size_t absent,
    const struct round *round)
{
    const struct table *table = asked->table;
    size_t first = 0;
    for (size_t c = 0; c < centers; c++) {
        size_t end = table->count * (c + 1) / centers;
        while (table->patients != NULL && end > 0 && end < table->count &&
               table->patients[end] == table->patients[end - 1])
            end++;
        if (c != absent)
            add_center(asked, (struct part){c, first, end}, round);
        first = end;
    }
}

static void add_centers(
    struct asked *asked, size_t centers, const struct round *round)
{
    add_centers_but(asked, centers, centers, round);
}

static void plan_question(struct asked *asked, const struct table *table,
    const char *query, size_t centers)
{
    char names[CENTERS_MAX][NAME_MAX_BYTES + 1];
    const struct center_list list = {centers, names};
    struct diagnostic diagnostic;
    *asked = (struct asked){.table = table};
    diagnostic_init(&diagnostic, "query");
    assert_true(centers <= CENTERS_MAX);
    for (size_t c = 0; c < centers; c++)
        snprintf(names[c], sizeof names[c], "c%zu", c + 1);
    if (query_parse(&asked->query, view_of_text(query), table->dictionary,
            &diagnostic) != STATUS_OK ||
        plan_create_for(&asked->plan, asked->query, table->dictionary, &list,
            &diagnostic) != STATUS_OK)
        fail_msg("%s", diagnostic.message);
    assert_int_equal(
        vector_init(&asked->sum, asked->plan->vector_length), STATUS_OK);
}

void ask(struct asked *asked, const struct table *table, const char *query,
    size_t centers)
{
    plan_question(asked, table, query, centers);
    add_centers(asked, centers, NULL);
}

void ask_without(struct asked *asked, const struct table *table,
    const char *query, size_t centers, size_t absent)
{
    plan_question(asked, table, query, centers);
    add_centers_but(asked, centers, absent, NULL);
}

void ask_own(struct asked *asked, const struct table *table, const char *query,
    struct contribution *own)
{
    plan_question(asked, table, query, 2);
    contribute(asked, (struct part){0, 0, table->count}, NULL, own);
}

void ask_round(struct asked *asked, size_t centers, const struct round *round)
{
    vector_fini(&asked->sum);
    assert_int_equal(
        vector_init(&asked->sum, asked->plan->vector_length), STATUS_OK);
    add_centers(asked, centers, round);
}

void asked_destroy(struct asked *asked)
{
    vector_fini(&asked->sum);
    plan_destroy(asked->plan);
    query_destroy(asked->query);
}

json_t *asked_finish(const struct asked *asked, int64_t min_cell)
{
    json_t *results = NULL;
    assert_int_equal(
        plan_finish(asked->plan, &asked->sum, min_cell, &results), STATUS_OK);
    return results;
}

int128 *asked_cell(struct asked *asked, size_t segment, size_t cell)
{
    const struct segment *at = &asked->plan->segments[segment];
    const struct table_shape *table =
        &asked->plan->shapes[at->analysis].tables[0];
    return asked->sum.elements + at->first + table->first +
           cell * table_cell_length(table);
}

/* Everything of the first segment but its head, which tells of centers. */
static uint128 trace_of(const struct asked *asked)
{
    const struct segment *at = &asked->plan->segments[0];
    uint128 trace = 0;
    for (size_t i = SEGMENT_HEAD; i < asked->plan->shapes[0].length; i++)
        trace = trace * 1000003 + (uint128)asked->sum.elements[at->first + i];
    return trace;
}

json_t *rounds_of(const struct table *table, const char *query, size_t centers,
    int64_t min_cell, uint128 *trace)
{
    static const uint8_t active[] = {1};
    struct asked asked, later;
    double values[2048] = {0}, next[2048] = {0}, memory[8192] = {0};
    ask(&asked, table, query, centers);
    later = asked;
    const struct analysis *analysis = &asked.plan->analyses[0];
    size_t first = asked.plan->segments[0].first;
    assert_int_equal(asked.plan->segment_count, 1);
    assert_true(asked.plan->value_count <= 2048);
    assert_true(asked.plan->memory_count <= 8192);
    *trace = 0;
    struct summed_round summed = {.shape = &asked.plan->shapes[0],
        .min_cell = min_cell,
        .values = values,
        .memory = memory,
        .next = next};
    for (uint32_t number = 1; !summed.done; number++) {
        assert_true(number < ROUNDS_MAX);
        if (number > 1) {
            const struct round round = {
                .number = number, .values = values, .active = active};
            assert_int_equal(
                vector_init(&later.sum, asked.plan->vector_length), STATUS_OK);
            add_centers(&later, centers, &round);
        }
        *trace = *trace * 31 + trace_of(&later);
        summed.number = number;
        summed.elements = later.sum.elements + first;
        assert_int_equal(analysis->kind->advance(analysis, &summed), STATUS_OK);
        memcpy(values, next, sizeof values);
        if (number > 1)
            vector_fini(&later.sum);
    }
    json_t *out = json_object();
    const struct fitted_segment fitted = {.shape = summed.shape,
        .dictionary = table->dictionary,
        .first = asked.sum.elements + first,
        .memory = memory,
        .min_cell = min_cell};
    assert_int_equal(
        analysis->kind->conclude(analysis, &fitted, out), STATUS_OK);
    asked_destroy(&asked);
    return out;
}

json_t *fitted_of(const struct table *table, const char *query, size_t centers,
    int64_t min_cell, uint32_t *rounds)
{
    struct asked asked;
    struct fit *fit;
    json_t *results = NULL;
    ask(&asked, table, query, centers);
    assert_int_equal(
        fit_create(&fit, asked.plan, &asked.sum, min_cell), STATUS_OK);
    while (!fit->over) {
        const struct round round = {.number = fit->number,
            .values = fit->values,
            .active = fit->active};
        ask_round(&asked, centers, &round);
        assert_int_equal(fit_advance(fit, &asked.sum), STATUS_OK);
    }
    if (rounds != NULL)
        *rounds = fit->number - 1;
    assert_int_equal(fit_finish(fit, min_cell, &results), STATUS_OK);
    fit_destroy(fit);
    asked_destroy(&asked);
    return results;
}

json_t *results_of(const struct table *table, const char *query)
{
    struct asked asked;
    ask(&asked, table, query, 1);
    json_t *results = asked_finish(&asked, 1);
    asked_destroy(&asked);
    return results;
}

enum status plan_status(
    const struct table *table, const char *query, char *message)
{
    struct query *parsed = NULL;
    struct plan *plan = NULL;
    struct diagnostic diagnostic;
    diagnostic_init(&diagnostic, "query");
    if (query_parse(&parsed, view_of_text(query), table->dictionary,
            &diagnostic) != STATUS_OK)
        fail_msg("%s", diagnostic.message);
    enum status status =
        plan_create(&plan, parsed, table->dictionary, &diagnostic);
    assert_int_equal(status == STATUS_OK, plan != NULL);
    if (status != STATUS_OK && diagnostic.column == 0)
        fail_msg("no position: %s", diagnostic.message);
    if (message != NULL)
        memcpy(message, diagnostic.message, sizeof diagnostic.message);
    plan_destroy(plan);
    query_destroy(parsed);
    return status;
}

const json_t *row_of(const json_t *results, size_t entry, size_t row)
{
    const json_t *table =
        json_object_get(json_array_get(results, entry), "table");
    const json_t *found = json_array_get(table, row);
    if (found == NULL)
        fail_msg("entry %zu has no row %zu", entry, row);
    return found;
}

void assert_near(const json_t *object, const char *key, double expected)
{
    const json_t *value = json_object_get(object, key);
    if (!json_is_number(value))
        fail_msg("'%s' is not a number", key);
    double found = json_number_value(value);
    if (fabs(found - expected) > 1e-12 * (1 + fabs(expected)))
        fail_msg("'%s' is %.17g, expected %.17g", key, found, expected);
}

void assert_integer(const json_t *object, const char *key, int64_t expected)
{
    const json_t *value = json_object_get(object, key);
    if (!json_is_integer(value) || json_integer_value(value) != expected)
        fail_msg("'%s' is %lld, expected %lld", key,
            (long long)json_integer_value(value), (long long)expected);
}

void assert_text(const json_t *object, const char *key, const char *expected)
{
    const char *found = json_string_value(json_object_get(object, key));
    assert_non_null(found);
    assert_string_equal(found, expected);
}

void assert_relative(
    const json_t *object, const char *key, double expected, double tolerance)
{
    double found = json_number_value(json_object_get(object, key));
    if (!(fabs(found - expected) <= tolerance * fabs(expected)))
        fail_msg("'%s' is %.17g, expected %.17g", key, found, expected);
}

void assert_same_bytes_at_any_split(
    const struct table *table, const char *query)
{
    struct asked whole;
    ask(&whole, table, query, 1);
    for (size_t centers = 2; centers <= 13; centers++) {
        struct asked split;
        ask(&split, table, query, centers);
        for (size_t i = 0; i < whole.plan->segment_count; i++) {
            size_t analysis = whole.plan->segments[i].analysis;
            assert_memory_equal(asked_cell(&split, i, 0),
                asked_cell(&whole, i, 0),
                (whole.plan->shapes[analysis].length - SEGMENT_HEAD) *
                    sizeof(int128));
        }
        asked_destroy(&split);
    }
    asked_destroy(&whole);
}

void assert_all_suppressed(
    const struct table *table, const char *query, int64_t min_cell)
{
    struct asked asked;
    ask(&asked, table, query, 2);
    json_t *results = asked_finish(&asked, min_cell);
    for (size_t i = 0; i < asked.plan->segment_count; i++)
        assert_suppressed(json_array_get(results, i));
    json_decref(results);
    asked_destroy(&asked);
}

void assert_malformed(const struct table *table, const char *analysis,
    const char *const *parameters, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char query[512];
        snprintf(query, sizeof query, "{\"analyses\":[{\"%s\":%s}]}", analysis,
            parameters[i]);
        assert_int_equal(plan_status(table, query, NULL), STATUS_MALFORMED);
    }
}

void assert_refused(const struct table *table, const char *analysis,
    const char *const (*cases)[2], size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char query[512], message[1024];
        snprintf(query, sizeof query, "{\"analyses\":[{\"%s\":%s}]}", analysis,
            cases[i][0]);
        assert_int_not_equal(plan_status(table, query, message), STATUS_OK);
        if (strstr(message, cases[i][1]) == NULL)
            fail_msg("%s: %s", cases[i][0], message);
    }
}

void assert_suppressed(const json_t *object)
{
    const char *key;
    json_t *value;
    assert_true(json_is_true(json_object_get(object, "suppressed")));
    assert_null(json_object_get(object, "n"));
    assert_null(json_object_get(object, "mean"));
    assert_null(json_object_get(object, "estimate"));
    json_object_foreach((json_t *)object, key, value)
    {
        /* what names the cell may be a number: the edges of a bin, a prob */
        if (json_is_number(value) && strcmp(key, "low") != 0 &&
            strcmp(key, "high") != 0 && strcmp(key, "prob") != 0)
            fail_msg("'%s' is a number beside \"suppressed\"", key);
    }
}
