/*
 * t_test: the means of two groups, by Welch's test. R: t.test(y ~ g). Or of
 * pairs (t_test_paired.h).
 */
#include <math.h>
#define MATHLIB_STANDALONE 1
#include <Rmath.h>
#include <stdlib.h>

#include "protocol/analysis/linear.h"
#include "protocol/analysis/means.h"
#include "protocol/analysis/parameters.h"
#include "protocol/analysis/t_test_paired.h"
#include "protocol/analysis/tally.h"

enum { GROUP_SUM = COUNTS_CELL, GROUP_SQUARES, GROUP_CELL };
enum { COLUMN_GROUP = 1, COLUMN_RESPONSE }; /* behind the intercept */

struct group {
    double n, mean, variance;
};

/* One of the two. */
struct t_test {
    struct design *design; /* NULL: pairs */
    struct t_test_pairs pairs;
};

static enum status parse_groups(struct t_test *test, struct analysis *analysis,
    const struct field *parameters, const struct dictionary *dictionary,
    struct diagnostic *diagnostic)
{
    enum status status =
        linear_parse(analysis, parameters, dictionary, diagnostic);
    test->design = analysis->model;
    analysis->model = test;
    if (status != STATUS_OK)
        return status;
    const struct formula *formula = test->design->formula;
    if (!formula->intercept || formula->term_count != 1 ||
        formula->terms[0].order != 1 || formula->atoms[0].kind != ATOM_LEVELS ||
        formula->atoms[0].level_count != 2)
        return parameter_fail(parameters, "formula", diagnostic,
            "a t test is of a number by one category of two levels: y ~ g");
    analysis->group_variable = formula->atoms[0].variable;
    analysis->group_first = formula->atoms[0].first_level;
    analysis->group_count = 2;
    return STATUS_OK;
}

static enum status parse(struct analysis *analysis,
    const struct field *parameters, const struct dictionary *dictionary,
    struct diagnostic *diagnostic)
{
    struct field field;
    struct t_test *test = calloc(1, sizeof *test);
    if (test == NULL)
        return STATUS_NO_MEMORY;
    if (!field_find(&field, parameters, "paired"))
        return parse_groups(test, analysis, parameters, dictionary, diagnostic);
    analysis->model = test;
    return t_test_paired_parse(
        &test->pairs, analysis, parameters, dictionary, diagnostic);
}

static void release(struct analysis *analysis)
{
    struct t_test *test = analysis->model;
    if (test != NULL)
        design_destroy(test->design);
    free(test);
    analysis->model = NULL;
}

static enum status shape(const struct analysis *analysis,
    const struct dictionary *dictionary, struct shape *out)
{
    const struct t_test *test = analysis->model;
    (void)dictionary;
    if (test->design == NULL)
        return t_test_paired_shape(out);
    *out = (struct shape){
        .length = SEGMENT_HEAD + 2 * GROUP_CELL, .table_count = 1};
    out->tables[0] = (struct table_shape){.kind = TABLE_SUMS,
        .first = SEGMENT_HEAD,
        .rows = 2,
        .columns = 1,
        .width = GROUP_CELL - COUNTS_CELL,
        .parameters = 2};
    return STATUS_OK;
}

/* A group's cells are of its rows. */
static void parts(const struct analysis *analysis, const struct shape *shape_,
    struct part_list *list)
{
    const struct t_test *test = analysis->model;
    struct part group = {.known_count = analysis->variable_count,
        .known = analysis->variables,
        .first = shape_->tables[0].first,
        .count = GROUP_CELL};
    if (test->design == NULL) {
        t_test_paired_parts(&test->pairs, analysis, shape_, list);
        return;
    }
    for (size_t g = 0; g < 2; g++, group.first += GROUP_CELL)
        parts_add_group(list, &group, &test->design->formula->atoms[0], g);
    for (size_t g = 0; g < 2; g++) {
        means_take_part(shape_, g, &group);
        parts_add_group(list, &group, &test->design->formula->atoms[0], g);
    }
}

static size_t state_size(
    const struct analysis *analysis, const struct shape *shape_)
{
    const struct t_test *test = analysis->model;
    (void)shape_;
    return test->design == NULL ? t_test_paired_state_size()
                                : 2 * sizeof(uint64_t);
}

struct adding {
    const struct row_block *block;
    uint64_t *last; /* of each group */
    int128 *cells;
};

static void add_row(void *arg, size_t row, const double *x)
{
    const struct adding *to = arg;
    const size_t group = x[COLUMN_GROUP] != 0.0;
    const double y = x[COLUMN_RESPONSE];
    int128 *cell = to->cells + group * GROUP_CELL;
    model_count_row(to->block, row, &to->last[group], cell);
    cell[GROUP_SUM] += design_fixed(y, DESIGN_BITS);
    cell[GROUP_SQUARES] += fixed_exact_product(y, y, DESIGN_BITS);
}

static void contribute(const struct analysis *analysis,
    const struct shape *shape_, const struct row_block *block, void *state,
    int128 *elements, struct cell_facts *facts)
{
    (void)facts;
    const struct t_test *test = analysis->model;
    struct adding to = {block, state, elements + shape_->tables[0].first};
    if (test->design == NULL)
        t_test_paired_contribute(&test->pairs, shape_, block, state, elements);
    else
        model_each_row(test->design, block, add_row, &to);
}

static struct group group_of(const struct design *design, const int128 *cell)
{
    wide n = (wide)cell[CELL_ROWS];
    wide unit = (wide)ldexp(1.0, -DESIGN_BITS);
    wide sum = (wide)cell[GROUP_SUM] * unit;
    wide squares = (wide)cell[GROUP_SQUARES] * unit;
    double scale = design->response_scale;
    return (struct group){(double)n, (double)(sum / n) * scale,
        (double)((squares - sum * sum / n) / (n - 1)) * scale * scale};
}

static json_t *group_row(const struct analysis *analysis,
    const struct dictionary *dictionary, size_t level,
    const struct group *group)
{
    const struct t_test *test = analysis->model;
    const struct design *design = test->design;
    json_t *row = json_object();
    json_object_set_new(row, "group",
        model_level(&design->formula->atoms[0], dictionary, level));
    json_object_set_new(row, "n", json_integer((json_int_t)group->n));
    json_object_set_new(row, "mean", json_number(group->mean));
    json_object_set_new(row, "sd", json_number(sqrt(group->variance)));
    return row;
}

static void set_test(json_t *out, const struct t_test_mean *mean, double level)
{
    double half = mean->error * qt((1.0 - level) / 2.0, mean->df, 0, 0);
    double statistic = mean->mean / mean->error;
    if (!(mean->df > 0 && mean->error > 0)) {
        json_object_set_new(out, "message",
            json_string("a group without two different values has no t test"));
        return;
    }
    json_object_set_new(out, "estimate", json_number(mean->mean));
    json_object_set_new(out, "conf_low", json_number(mean->mean - half));
    json_object_set_new(out, "conf_high", json_number(mean->mean + half));
    json_object_set_new(out, "statistic", json_number(statistic));
    json_object_set_new(out, "df", json_number(mean->df));
    json_object_set_new(
        out, "p_value", json_number(2 * pt(fabs(statistic), mean->df, 0, 0)));
}

/* Welch's error and degrees of freedom. */
static struct t_test_mean difference(
    const struct group *a, const struct group *b)
{
    const double va = a->variance / a->n, vb = b->variance / b->n;
    if (!(a->n > 1 && b->n > 1))
        return (struct t_test_mean){0};
    return (struct t_test_mean){.mean = a->mean - b->mean,
        .error = sqrt(va + vb),
        .df = (va + vb) * (va + vb) /
              (va * va / (a->n - 1) + vb * vb / (b->n - 1))};
}

static enum status finish_pairs(const struct analysis *analysis,
    const struct shape *shape_, const int128 *elements, int64_t min_cell,
    json_t *out)
{
    const struct t_test *test = analysis->model;
    struct t_test_mean mean;
    t_test_paired_finish(&test->pairs, shape_, elements, min_cell, out, &mean);
    if (json_object_get(out, "table") != NULL)
        set_test(out, &mean, analysis->level);
    return STATUS_OK;
}

static enum status finish(const struct analysis *analysis,
    const struct shape *shape_, const struct dictionary *dictionary,
    const int128 *elements, int64_t min_cell, json_t *out)
{
    const struct t_test *test = analysis->model;
    const int128 *cell = elements + shape_->tables[0].first;
    int128 both[COUNTS_CELL];
    struct group groups[2];
    if (test->design == NULL)
        return finish_pairs(analysis, shape_, elements, min_cell, out);
    /* With one group and the whole the other would be known. */
    for (size_t g = 0; g < 2; g++) {
        if (cell_suppressed(cell + g * GROUP_CELL, min_cell)) {
            json_object_set_new(out, "suppressed", json_true());
            return STATUS_OK;
        }
    }
    for (size_t i = 0; i < COUNTS_CELL; i++)
        both[i] = cell[i] + cell[GROUP_CELL + i];
    if (!model_set_counts(out, elements, both, min_cell))
        return STATUS_OK;
    json_t *list = json_array();
    for (size_t g = 0; g < 2; g++) {
        groups[g] = group_of(test->design, cell + g * GROUP_CELL);
        json_array_append_new(
            list, group_row(analysis, dictionary, g, &groups[g]));
    }
    /* A patient of many rows may stand in both groups. */
    json_object_set_new(
        out, "patients", json_integer((json_int_t)elements[HEAD_PEOPLE]));
    json_object_set_new(out, "table", list);
    const struct t_test_mean mean = difference(&groups[0], &groups[1]);
    set_test(out, &mean, analysis->level);
    return STATUS_OK;
}

const struct analysis_kind analysis_t_test = {
    .name = "t_test",
    .summary = "the means of two groups, by Welch's t test, or of pairs",
    .tells_mean = true,
    .parse = parse,
    .shape = shape,
    .parts = parts,
    .state_size = state_size,
    .contribute = contribute,
    .finish = finish,
    .release = release,
};
