/*
 * logrank: whether groups have the same hazard. Observed and expected events
 * over the grid's steps, and the hypergeometric variance (Mantel 1966), summed
 * over strata. R: survdiff on ceiling(t / grid) * grid.
 *
 * With strata(center) each center compares its own patients, on days, and adds
 * observed, expected and variance alone, rounded once to 2^-LOGRANK_BITS.
 */
#include <math.h>
#include <stdlib.h>

#define MATHLIB_STANDALONE
#include <Rmath.h>

#include "protocol/analysis/least_squares.h"
#include "protocol/analysis/model.h"
#include "protocol/analysis/parameters.h"
#include "protocol/analysis/sets.h"
#include "protocol/analysis/tally.h"
#include "protocol/analysis/times.h"

#define ALIASED 1e-13 /* sums of doubles have 53 bits */
#define LOGRANK_BITS 64

/* Of each group: rows, observed, expected; then the variance, [groups - 1] by
 * [groups - 1]. */
struct test {
    size_t count;
    double *n, *observed, *expected, *variance;
    int64_t *risk; /* as the steps pass */
};

static size_t test_numbers(size_t groups)
{
    return 3 * groups + (groups - 1) * (groups - 1);
}

static size_t test_size(size_t groups)
{
    return test_numbers(groups) * sizeof(double) + groups * sizeof(int64_t);
}

/* In memory of test_size bytes, zero. */
static struct test test_in(void *memory, size_t groups)
{
    double *numbers = memory;
    return (struct test){.count = groups,
        .n = numbers,
        .observed = numbers + groups,
        .expected = numbers + 2 * groups,
        .variance = numbers + 3 * groups,
        .risk = (int64_t *)(void *)(numbers + test_numbers(groups))};
}

/* Rows `first` on of the table are the groups. */
static void add_step(struct test *test, const int128 *elements,
    const struct table_shape *table, size_t first, size_t step)
{
    const size_t kept = test->count - 1;
    double d = 0, n = 0;
    for (size_t g = 0; g < test->count; g++) {
        d += (double)times_events(elements, table, first + g, step);
        n += (double)test->risk[g];
    }
    const double spread = n > 1 ? d * (n - d) / (n * n * (n - 1)) : 0;
    for (size_t g = 0; d > 0 && g < test->count; g++) {
        const double ng = (double)test->risk[g];
        test->observed[g] +=
            (double)times_events(elements, table, first + g, step);
        test->expected[g] += d * ng / n;
        for (size_t h = 0; g < kept && h < kept; h++)
            test->variance[g * kept + h] +=
                spread * ng * ((g == h ? n : 0) - (double)test->risk[h]);
    }
    for (size_t g = 0; g < test->count; g++)
        test->risk[g] -= times_events(elements, table, first + g, step) +
                         times_censored(elements, table, first + g, step);
}

static void add_stratum(struct test *test, const int128 *elements,
    const struct table_shape *table, size_t first)
{
    for (size_t g = 0; g < test->count; g++) {
        test->risk[g] = times_total(elements, table, first + g);
        test->n[g] += (double)test->risk[g];
    }
    for (size_t s = 0; s < times_steps(table); s++)
        add_step(test, elements, table, first, s);
}

/* ---- strata(center): at a center ---- */

/* The table of one's own, as it would leave without strata(center). */
static struct shape own_shape(const struct analysis *analysis)
{
    struct shape own;
    times_shape(analysis, NULL, &own);
    return own;
}

static enum status shape(const struct analysis *analysis,
    const struct dictionary *dictionary, struct shape *out)
{
    const struct times *times = analysis->model;
    if (!times->by_center)
        return times_shape(analysis, dictionary, out);
    model_shape(out, test_numbers(times->group_count), times->group_count - 1);
    return STATUS_OK;
}

/* With strata(center) the test is a center's own, of all groups together. */
static void parts(const struct analysis *analysis, const struct shape *shape_,
    struct part_list *list)
{
    const struct times *times = analysis->model;
    if (times->by_center)
        parts_of_model(analysis, shape_, times->design->formula, list);
    else
        times_parts(analysis, shape_, list);
}

/* By center: the last patient, the tally of one's own table, the table, and
 * room for the test. */
struct own {
    uint64_t last, padding;
};

static void *own_tally(void *state)
{
    return (struct own *)state + 1;
}

static size_t round_up(size_t size)
{
    return (size + sizeof(int128) - 1) / sizeof(int128) * sizeof(int128);
}

static int128 *own_table(void *state, const struct shape *own)
{
    const size_t cells = own->tables[0].rows * own->tables[0].columns;
    return (int128 *)(void *)((char *)own_tally(state) +
                              round_up(tally_state_size(cells)));
}

static size_t state_size(
    const struct analysis *analysis, const struct shape *shape_)
{
    const struct times *times = analysis->model;
    if (!times->by_center)
        return times_state_size(analysis, shape_);
    const struct shape own = own_shape(analysis);
    const size_t cells = own.tables[0].rows * own.tables[0].columns;
    return sizeof(struct own) + round_up(tally_state_size(cells)) +
           own.length * sizeof(int128) + test_size(times->group_count);
}

static bool whole(const struct analysis *analysis)
{
    const struct times *times = analysis->model;
    return times->by_center;
}

static void contribute(const struct analysis *analysis,
    const struct shape *shape_, const struct row_block *block, void *state,
    int128 *elements, struct cell_facts *facts)
{
    const struct times *times = analysis->model;
    if (!times->by_center) {
        times_contribute(analysis, shape_, block, state, elements, facts);
        return;
    }
    const struct shape own = own_shape(analysis);
    const struct table_shape *table = &own.tables[0];
    uint32_t cells[BLOCK_ROWS];
    uint8_t mask[BLOCK_ROWS];
    struct row_block valued = *block;
    times_find_cells(times, table, block, cells, mask);
    valued.mask = mask;
    for (size_t i = 0; i < block->count; i++) {
        if (mask[i] != 0)
            model_count_row(block, i, &((struct own *)state)->last,
                elements + shape_->tables[0].first);
    }
    tally_add(&valued, cells, table->rows * table->columns, own_tally(state),
        own_table(state, &own) + table->first);
}

static void flush(const struct analysis *analysis, const struct shape *shape_,
    void *state, const double *values, int128 *elements,
    struct cell_facts *facts)
{
    const struct times *times = analysis->model;
    if (!times->by_center) {
        times_flush(analysis, shape_, state, values, elements, facts);
        return;
    }
    const struct shape own = own_shape(analysis);
    int128 *table = own_table(state, &own);
    struct test test = test_in(table + own.length, times->group_count);
    add_stratum(&test, table, &own.tables[0], 0);
    int128 *out = elements + shape_->tables[0].first + COUNTS_CELL;
    for (size_t i = 0; i < test_numbers(test.count); i++)
        out[i] += design_fixed(test.n[i], LOGRANK_BITS);
}

/* ---- the result ---- */

/* Observed - expected in the metric of its variance: what the groups take one
 * after the other. */
static enum status statistic_of(
    const struct test *test, double *statistic, size_t *df)
{
    const size_t kept = test->count - 1;
    struct least_squares fit;
    enum status status = least_squares_init(&fit, kept);
    if (status != STATUS_OK)
        return status;
    fit.tolerance = ALIASED;
    *statistic = 0;
    for (size_t g = 0; g < kept; g++) {
        for (size_t h = g; h < kept; h++)
            least_squares_set(&fit, g, h, test->variance[g * kept + h]);
        least_squares_set(
            &fit, g, kept, (wide)test->observed[g] - test->expected[g]);
    }
    least_squares_solve(&fit);
    for (size_t g = 0; g < kept; g++)
        *statistic += (double)fit.effects[g];
    *df = fit.rank;
    least_squares_fini(&fit);
    return STATUS_OK;
}

/* Where one group has few events, or few without one, no group's are told: they
 * add up. */
static bool has_few_events(const struct test *test, int64_t min_cell)
{
    for (size_t g = 0; g < test->count; g++) {
        if (times_tells_few(
                (int64_t)test->observed[g], (int64_t)test->n[g], min_cell))
            return true;
    }
    return false;
}

static json_t *group_rows(
    const struct times *times, const struct test *test, int64_t min_cell)
{
    const bool few = has_few_events(test, min_cell);
    json_t *rows = json_array();
    for (size_t g = 0; g < test->count; g++) {
        char name[VARIABLE_NAME_MAX + 128];
        times_group_name(times, g, name, sizeof name);
        json_t *row = json_pack(
            "{s:s, s:I}", "strata", name, "n", (json_int_t)test->n[g]);
        json_object_set_new(row, "observed",
            few ? json_suppressed() : json_number(test->observed[g]));
        json_object_set_new(row, "expected",
            few ? json_suppressed() : json_number(test->expected[g]));
        json_array_append_new(rows, row);
    }
    return rows;
}

/* Sums, or the steps of every stratum, into the test. False: withheld. */
static bool read_test(const struct times *times, const struct shape *shape_,
    const int128 *elements, int64_t min_cell, struct test *test, json_t *out)
{
    const struct table_shape *table = &shape_->tables[0];
    if (times->by_center) {
        const int128 *cell = elements + table->first;
        double events = 0;
        if (!model_set_counts(out, elements, cell, min_cell))
            return false;
        for (size_t i = 0; i < test_numbers(test->count); i++)
            test->n[i] = ldexp((double)cell[COUNTS_CELL + i], -LOGRANK_BITS);
        for (size_t g = 0; g < test->count; g++)
            events += test->observed[g];
        json_object_set_new(out, "events",
            has_few_events(test, min_cell) ? json_suppressed()
                                           : json_integer((json_int_t)events));
        return true;
    }
    if (times_set_withheld(elements, table, out))
        return false;
    for (size_t r = 0; r < table->rows; r++) {
        if (!times_withheld(elements, table, r))
            continue;
        result_withhold_few(out);
        return false;
    }
    for (size_t s = 0; s < times->strata; s++)
        add_stratum(test, elements, table, s * test->count);
    times_set_heads(times, shape_, elements, min_cell, out);
    return true;
}

static enum status finish(const struct analysis *analysis,
    const struct shape *shape_, const struct dictionary *dictionary,
    const int128 *elements, int64_t min_cell, json_t *out)
{
    const struct times *times = analysis->model;
    void *memory = calloc(1, test_size(times->group_count));
    double statistic = 0;
    size_t df = 0;
    (void)dictionary;
    if (memory == NULL)
        return STATUS_NO_MEMORY;
    struct test test = test_in(memory, times->group_count);
    enum status status = STATUS_OK;
    if (read_test(times, shape_, elements, min_cell, &test, out)) {
        status = statistic_of(&test, &statistic, &df);
        json_object_set_new(
            out, "statistic", json_number(df > 0 ? statistic : NAN));
        json_object_set_new(out, "df", json_integer((json_int_t)df));
        json_object_set_new(out, "p_value",
            json_number(df > 0 ? pchisq(statistic, (double)df, 0, 0) : NAN));
        json_object_set_new(out, "table", group_rows(times, &test, min_cell));
        if (df == 0) {
            json_object_set_new(out, "message",
                json_string("there is no event while two groups are at risk"));
        }
    }
    free(memory);
    return status;
}

static enum status parse(struct analysis *analysis,
    const struct field *parameters, const struct dictionary *dictionary,
    struct diagnostic *diagnostic)
{
    enum status status =
        times_parse_strata(analysis, parameters, dictionary, diagnostic);
    const struct times *times = analysis->model;
    if (status != STATUS_OK || times->group != NULL)
        return status;
    return parameter_fail(parameters, "formula", diagnostic,
        "the log-rank test compares groups; name a category after '~'");
}

const struct analysis_kind analysis_logrank = {
    .name = "logrank",
    .summary = "the log-rank test on a grid of days",
    .parse = parse,
    .release = times_release,
    .shape = shape,
    .parts = parts,
    .state_size = state_size,
    .contribute = contribute,
    .flush = flush,
    .whole = whole,
    .finish = finish,
};
