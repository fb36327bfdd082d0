/*
 * crosstab: two variables against each other; Pearson's chi-squared test
 * without continuity correction, and for 2 x 2 Fisher's exact test.
 * R: table, chisq.test(correct = FALSE), fisher.test, on the levels that occur.
 */
#define MATHLIB_STANDALONE
#include <Rmath.h>
#include <math.h>

#include "protocol/analysis/kernel.h"
#include "protocol/analysis/parameters.h"
#include "protocol/analysis/sets.h"
#include "protocol/analysis/tally.h"

#define CELLS_MAX VARIABLE_CELLS_MAX /* of a side, missing ones left out */

static enum status parse(struct analysis *analysis,
    const struct field *parameters, const struct dictionary *dictionary,
    struct diagnostic *diagnostic)
{
    static const char *const keys[] = {"rows", "columns"};
    enum status status = field_expect_object(parameters, keys, 2, diagnostic);
    for (size_t i = 0; status == STATUS_OK && i < 2; i++)
        status = parameter_variable(
            analysis, parameters, keys[i], USE_LEVELS, dictionary, diagnostic);
    if (status == STATUS_OK &&
        analysis->variables[0] == analysis->variables[1]) {
        struct field field;
        field_find(&field, parameters, "columns");
        status = field_fail(
            &field, diagnostic, "rows and columns are the same variable");
    }
    return status;
}

static size_t level_count(
    const struct dictionary *dictionary, const struct analysis *analysis, int i)
{
    return variable_cell_count(&dictionary->variables[analysis->variables[i]]);
}

/* The last row and the last column count missing values. */
static enum status shape(const struct analysis *analysis,
    const struct dictionary *dictionary, struct shape *out)
{
    tally_shape(out, level_count(dictionary, analysis, 0) + 1,
        level_count(dictionary, analysis, 1) + 1);
    out->tables[0].row_origin =
        dictionary->variables[analysis->variables[0]].min;
    out->tables[0].origin = dictionary->variables[analysis->variables[1]].min;
    out->tables[0].last_row_missing = true;
    out->tables[0].last_column_missing = true;
    return STATUS_OK;
}

static size_t state_size(
    const struct analysis *analysis, const struct shape *shape_)
{
    (void)analysis;
    return tally_state_size(shape_->tables[0].rows * shape_->tables[0].columns);
}

/* Codes to places: 0 the lowest, `last` a missing one. */
KERNEL static void find_places(
    int32_t *codes, size_t count, int32_t lowest, int32_t last)
{
    for (size_t i = 0; i < count; i++)
        codes[i] = codes[i] == VALUE_MISSING ? last : codes[i] - lowest;
}

KERNEL static void find_cells(uint32_t *restrict cells,
    const int32_t *restrict rows, const int32_t *restrict columns, size_t count,
    int32_t width)
{
    for (size_t i = 0; i < count; i++)
        cells[i] = (uint32_t)(rows[i] * width + columns[i]);
}

static void contribute(const struct analysis *analysis,
    const struct shape *shape_, const struct row_block *block, void *state,
    int128 *elements, struct cell_facts *facts)
{
    int32_t row_codes[BLOCK_ROWS], column_codes[BLOCK_ROWS];
    uint32_t cells[BLOCK_ROWS];
    const struct table_shape *table = &shape_->tables[0];
    (void)facts;
    column_read(&block->rows->columns[analysis->variables[0]], block->first,
        block->count, row_codes);
    column_read(&block->rows->columns[analysis->variables[1]], block->first,
        block->count, column_codes);
    find_places(
        row_codes, block->count, table->row_origin, (int32_t)table->rows - 1);
    find_places(
        column_codes, block->count, table->origin, (int32_t)table->columns - 1);
    find_cells(
        cells, row_codes, column_codes, block->count, (int32_t)table->columns);
    tally_add(block, cells, table->rows * table->columns, state,
        elements + table->first);
}

/* The levels that occur, their counts and margins. */
struct observed {
    size_t rows, columns;
    double total;
    double cells[CELLS_MAX][CELLS_MAX];
    double row_sums[CELLS_MAX];
    double column_sums[CELLS_MAX];
};

static void observe(struct observed *seen, const int128 *elements,
    const struct table_shape *table)
{
    *seen = (struct observed){0};
    size_t place[CELLS_MAX];
    for (size_t c = 0; c + 1 < table->columns; c++) {
        double sum = 0;
        for (size_t r = 0; r + 1 < table->rows; r++)
            sum += (double)table_cell(elements, table, r, c)[CELL_ROWS];
        place[c] = sum > 0 ? seen->columns++ : SIZE_MAX;
        if (sum > 0)
            seen->column_sums[place[c]] = sum;
        seen->total += sum;
    }
    for (size_t r = 0; r + 1 < table->rows; r++) {
        double sum = 0;
        for (size_t c = 0; c + 1 < table->columns; c++) {
            double n = (double)table_cell(elements, table, r, c)[CELL_ROWS];
            if (place[c] != SIZE_MAX)
                seen->cells[seen->rows][place[c]] = n;
            sum += n;
        }
        if (sum > 0)
            seen->row_sums[seen->rows++] = sum;
    }
}

/* The first cell of a 2 x 2 table with these margins: hypergeometric. */
struct hypergeometric {
    double m, n, k;   /* of the first row, the second, the first column */
    double low, high; /* what the cell can be */
};

static double density(const struct hypergeometric *h, double x)
{
    return dhyper(x, h->m, h->n, h->k, 0);
}

static double spread(const struct hypergeometric *h)
{
    const double all = h->m + h->n;
    return sqrt(h->k * (h->m / all) * (h->n / all) * ((all - h->k) / all));
}

/* The tail from x outward, term by term from the one before: of many terms few
 * count. */
static double tail_of_terms(
    const struct hypergeometric *h, double x, bool upward)
{
    double sum = 0, term = density(h, x);
    while (x >= h->low && x <= h->high && term > sum * 1e-18) {
        sum += term;
        term *=
            upward ? (h->m - x) * (h->k - x) / ((x + 1) * (h->n - h->k + x + 1))
                   : x * (h->n - h->k + x) / ((h->m - x + 1) * (h->k - x + 1));
        x += upward ? 1 : -1;
    }
    return sum;
}

/* A center may say any number of people: where the spread is more than
 * TERMS_SPREAD, terms are added in runs of a RUNS-th of it, and the work is
 * the same however many they are. A run of an odd number of terms is three of
 * them, the middle one and two near where Gauss' rule would have them, with
 * weights that have the run's second moment. */
#define TERMS_SPREAD 16384
#define RUNS 256

static double tail_of_runs(
    const struct hypergeometric *h, double x, double spread_of_all, bool upward)
{
    const double sign = upward ? 1 : -1;
    double sum = 0, last = 1;
    while (x >= h->low && x <= h->high && last > sum * 1e-18) {
        const double left = upward ? h->high - x : x - h->low;
        const double half = floor(fmin(spread_of_all / RUNS, left) / 2);
        const double width = 2 * half + 1, middle = x + sign * half;
        const double apart = round(width * sqrt(3.0 / 20));
        const double sides =
            apart < 1 ? 0 : (width * width - 1) / (24 * apart * apart);
        last = (1 - 2 * sides) * density(h, middle);
        if (sides > 0)
            last += sides *
                    (density(h, middle - apart) + density(h, middle + apart));
        last *= width;
        sum += last;
        x += sign * width;
    }
    return sum;
}

static double tail(const struct hypergeometric *h, double x, bool upward)
{
    const double all = spread(h);
    return all > TERMS_SPREAD ? tail_of_runs(h, x, all, upward)
                              : tail_of_terms(h, x, upward);
}

/* On one side of the mode, the value nearest to it that is as likely as the
 * limit or less; past the end when there is none. */
static double tail_start(
    const struct hypergeometric *h, double mode, bool upward, double limit)
{
    double near = mode, far = upward ? h->high + 1 : h->low - 1;
    while (fabs(far - near) > 1) {
        double middle = floor((near + far) / 2);
        if (density(h, middle) <= limit)
            far = middle;
        else
            near = middle;
    }
    return far;
}

/* Two-sided p: the tables as likely as this one or less, with the relative
 * tolerance of 1e-7 that R allows for rounding. */
static double fisher_p_value(const struct observed *seen)
{
    struct hypergeometric h = {.m = seen->row_sums[0],
        .n = seen->row_sums[1],
        .k = seen->column_sums[0]};
    h.low = h.k - h.n > 0 ? h.k - h.n : 0;
    h.high = h.k < h.m ? h.k : h.m;
    double limit = density(&h, seen->cells[0][0]) * (1 + 1e-7);
    double mode = floor((h.k + 1) * (h.m + 1) / (h.m + h.n + 2));
    if (density(&h, mode) <= limit)
        return 1;
    double p = tail(&h, tail_start(&h, mode, true, limit), true) +
               tail(&h, tail_start(&h, mode, false, limit), false);
    return p < 1 ? p : 1;
}

static void set_tests(json_t *out, const struct observed *seen)
{
    double statistic = 0;
    if (seen->rows < 2 || seen->columns < 2) {
        json_object_set_new(out, "statistic", json_null());
        json_object_set_new(out, "df", json_integer(0));
        json_object_set_new(out, "p_value", json_null());
        return;
    }
    for (size_t r = 0; r < seen->rows; r++) {
        for (size_t c = 0; c < seen->columns; c++) {
            double expected =
                seen->row_sums[r] * seen->column_sums[c] / seen->total;
            double difference = seen->cells[r][c] - expected;
            statistic += difference * difference / expected;
        }
    }
    size_t df = (seen->rows - 1) * (seen->columns - 1);
    json_object_set_new(out, "statistic", json_number(statistic));
    json_object_set_new(out, "df", json_integer((json_int_t)df));
    json_object_set_new(
        out, "p_value", json_number(pchisq(statistic, (double)df, 0, 0)));
    if (seen->rows == 2 && seen->columns == 2)
        json_object_set_new(
            out, "fisher_p_value", json_number(fisher_p_value(seen)));
}

static json_t *cell_row(const struct variable *rows, size_t r,
    const struct variable *columns, size_t c)
{
    json_t *row = json_object();
    tally_set_level(row, "row", rows, r);
    tally_set_level(row, "column", columns, c);
    return row;
}

/* The lines of values of an integer that do not occur (tally.h). */
static void find_unused(const int128 *elements, const struct table_shape *table,
    const struct variable *const *variables, bool unused[2][CELLS_MAX])
{
    for (size_t side = 0; side < 2; side++) {
        const size_t lines = side == 0 ? table->rows : table->columns;
        const size_t others = side == 0 ? table->columns : table->rows;
        for (size_t i = 0; i + 1 < lines; i++) {
            int128 rows = 0, withheld = 0;
            for (size_t k = 0; k < others; k++) {
                const int128 *cell = table_cell(
                    elements, table, side == 0 ? i : k, side == 0 ? k : i);
                rows += cell[CELL_ROWS];
                withheld += cell[CELL_WITHHELD];
            }
            unused[side][i] = tally_is_unused(variables[side], rows, withheld);
        }
    }
}

/* A row's total is known when none of its cells is hidden. */
static int128 row_total(const int128 *elements, const struct table_shape *table,
    size_t r, int64_t min_cell)
{
    int128 total = 0;
    for (size_t c = 0; c + 1 < table->columns; c++) {
        const int128 *cell = table_cell(elements, table, r, c);
        if (cell[CELL_WITHHELD] > 0 || cell_suppressed(cell, min_cell))
            return -1;
        total += cell[CELL_ROWS];
    }
    return total;
}

static void set_counts(json_t *out, const int128 *elements,
    const struct table_shape *table, bool any_hidden)
{
    int128 used = 0;
    bool missing_known = true;
    for (size_t r = 0; r < table->rows; r++) {
        for (size_t c = 0; c < table->columns; c++) {
            const int128 *cell = table_cell(elements, table, r, c);
            bool is_missing = r + 1 == table->rows || c + 1 == table->columns;
            if (is_missing && cell[CELL_WITHHELD] > 0)
                missing_known = false;
            if (!is_missing)
                used += cell[CELL_ROWS];
        }
    }
    int128 missing = 0;
    for (size_t r = 0; r < table->rows; r++) {
        for (size_t c = 0; c < table->columns; c++) {
            if (r + 1 == table->rows || c + 1 == table->columns)
                missing += table_cell(elements, table, r, c)[CELL_ROWS];
        }
    }
    if (any_hidden && missing_known)
        used = elements[HEAD_ROWS] - missing;
    bool known = missing_known || !any_hidden;
    json_object_set_new(
        out, "n", known ? json_integer((json_int_t)used) : json_suppressed());
    json_object_set_new(
        out, "patients", json_integer((json_int_t)elements[HEAD_PEOPLE]));
    json_object_set_new(out, "missing",
        missing_known ? json_integer((json_int_t)missing) : json_suppressed());
}

static enum status finish(const struct analysis *analysis,
    const struct shape *shape_, const struct dictionary *dictionary,
    const int128 *elements, int64_t min_cell, json_t *out)
{
    static _Thread_local struct observed seen;
    const struct table_shape *table = &shape_->tables[0];
    const struct variable *sides[2] = {
        &dictionary->variables[analysis->variables[0]],
        &dictionary->variables[analysis->variables[1]]};
    bool unused[2][CELLS_MAX];
    find_unused(elements, table, sides, unused);
    json_t *list = json_array();
    bool any_hidden = false;
    for (size_t r = 0; r + 1 < table->rows; r++) {
        int128 total = row_total(elements, table, r, min_cell);
        for (size_t c = 0; c + 1 < table->columns; c++) {
            const int128 *cell = table_cell(elements, table, r, c);
            if (unused[0][r] || unused[1][c])
                continue;
            json_t *row = cell_row(sides[0], r, sides[1], c);
            if (!json_set_count(row, cell, min_cell))
                any_hidden = true;
            else if (total > 0)
                json_object_set_new(row, "row_proportion",
                    json_number(int128_ratio(cell[CELL_ROWS], total)));
            json_array_append_new(list, row);
        }
    }
    set_counts(out, elements, table, any_hidden);
    json_object_set_new(out, "table", list);
    if (any_hidden) {
        json_object_set_new(out, "statistic", json_suppressed());
        return STATUS_OK;
    }
    observe(&seen, elements, table);
    set_tests(out, &seen);
    return STATUS_OK;
}

const struct analysis_kind analysis_crosstab = {
    .name = "crosstab",
    .summary = "two variables against each other, with the chi-squared test",
    .parse = parse,
    .shape = shape,
    .parts = parts_of_level,
    .state_size = state_size,
    .contribute = contribute,
    .finish = finish,
};
