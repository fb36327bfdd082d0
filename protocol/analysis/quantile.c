/*
 * quantile: values that a share of the patients lie at or below, from counts of
 * every step of the variable's grid, or where these are many from cuts
 * (cuts.h). R: quantile(type = 1).
 */
#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "protocol/analysis/parameters.h"
#include "protocol/analysis/ranked.h"
#include "protocol/analysis/sets.h"
#include "protocol/analysis/tally.h"

/* R's type 1: j = floor(n p + 4 eps), and the next value where n p > j. */
static int64_t rank_of(double prob, int64_t n)
{
    const double position = (double)n * prob;
    const double floor_position = floor(position + 4 * DBL_EPSILON);
    const int64_t rank =
        (int64_t)floor_position + (position > floor_position ? 1 : 0);
    if (rank < 1)
        return 1;
    return rank > n ? n : rank;
}

static int64_t wanted_rank(const struct analysis *analysis, size_t i, int64_t n)
{
    return rank_of(analysis->probs[i], n);
}

static enum status read_probs(struct analysis *analysis,
    const struct field *parameters, struct diagnostic *diagnostic)
{
    struct field list;
    enum status status = field_get(&list, parameters, "probs", diagnostic);
    if (status == STATUS_OK)
        status = field_array(
            &list, &analysis->prob_count, ANALYSIS_PROBS_MAX, diagnostic);
    if (status == STATUS_OK && analysis->prob_count == 0)
        status = field_fail(&list, diagnostic, "name at least one probability");
    for (size_t i = 0; status == STATUS_OK && i < analysis->prob_count; i++) {
        struct field item = field_item(&list, i);
        status = field_real(&item, &analysis->probs[i], diagnostic);
        if (status == STATUS_OK &&
            !(analysis->probs[i] >= 0 && analysis->probs[i] <= 1))
            status = field_fail(
                &item, diagnostic, "a probability lies between 0 and 1");
    }
    return status;
}

static enum status parse(struct analysis *analysis,
    const struct field *parameters, const struct dictionary *dictionary,
    struct diagnostic *diagnostic)
{
    static const char *const keys[] = {"variable", "probs"};
    const struct cuts cuts = {
        .aim = CUTS_VALUES, .groups = 1, .rank = wanted_rank};
    struct ranked *ranked = calloc(1, sizeof *ranked);
    analysis->model = ranked;
    if (ranked == NULL)
        return STATUS_NO_MEMORY;
    enum status status = field_expect_object(parameters, keys, 2, diagnostic);
    if (status == STATUS_OK)
        status = parameter_variable(analysis, parameters, "variable",
            USE_NUMBER, dictionary, diagnostic);
    if (status == STATUS_OK)
        status = read_probs(analysis, parameters, diagnostic);
    if (status != STATUS_OK)
        return status;
    const size_t place = analysis->variables[0];
    ranked_init(ranked, &dictionary->variables[place], place, NULL, &cuts);
    ranked->cuts.wanted = analysis->prob_count;
    return STATUS_OK;
}

static void release(struct analysis *analysis)
{
    free(analysis->model);
    analysis->model = NULL;
}

/* On a grid coarser than the resolution, outward from the median (D7). */
static double estimate(
    const struct variable *variable, int64_t step, double prob)
{
    int64_t code = step * variable->grid;
    if (variable->grid > 1 && prob > 0.5)
        code += variable->grid;
    return variable_value(variable, code);
}

/* One center's or all of them withheld their values, and how many rows count.
 */
struct known {
    int128 n, withheld;
};

static struct known known_of(
    const struct analysis *analysis, const struct fitted_segment *fitted)
{
    const struct ranked *ranked = analysis->model;
    const struct table_shape *table = &fitted->shape->tables[0];
    const size_t cells = ranked->is_cut ? 1 : table->columns;
    struct known known = {0, 0};
    for (size_t i = 0; i < cells; i++) {
        const int128 *cell = table_cell(fitted->first, table, 0, i);
        known.n += cell[CELL_ROWS];
        known.withheld += cell[CELL_WITHHELD];
    }
    return known;
}

/* Where the value of a quantile lies; false: too few people are beyond it. */
static bool find_step(const struct analysis *analysis,
    const struct fitted_segment *fitted, size_t i, int64_t n, int64_t *step)
{
    const struct ranked *ranked = analysis->model;
    const struct table_shape *table = &fitted->shape->tables[0];
    const double prob = analysis->probs[i];
    if (ranked->is_cut) {
        *step = (int64_t)cuts_found(&ranked->cuts, fitted->memory, 0, i);
        return cuts_is_done(fitted->memory) &&
               steps_tail_is_enough(
                   cuts_people(&ranked->cuts, fitted->memory, 0), prob,
                   analysis->quantile_tail);
    }
    *step = table->origin +
            (int64_t)steps_of_rank(fitted->first, table, 0, rank_of(prob, n));
    return steps_tail_shows(
        fitted->first, table, 0, prob, analysis->quantile_tail);
}

static json_t *prob_row(const struct analysis *analysis,
    const struct fitted_segment *fitted, size_t i, const struct known *known)
{
    const struct ranked *ranked = analysis->model;
    const double prob = analysis->probs[i];
    json_t *row = json_pack("{s:f}", "prob", prob);
    int64_t step;
    if (known->withheld == 0 && known->n == 0)
        json_object_set_new(row, "estimate", json_null());
    else if (known->n == 0 || known->withheld > 0 ||
             !find_step(analysis, fitted, i, (int64_t)known->n, &step))
        json_object_set_new(row, "suppressed", json_true());
    else
        json_object_set_new(row, "estimate",
            json_number(estimate(ranked->variable, step, prob)));
    return row;
}

static enum status conclude(const struct analysis *analysis,
    const struct fitted_segment *fitted, json_t *out)
{
    const struct known known = known_of(analysis, fitted);
    const int128 *first = fitted->first;
    json_t *list = json_array();
    for (size_t i = 0; i < analysis->prob_count; i++)
        json_array_append_new(list, prob_row(analysis, fitted, i, &known));
    json_object_set_new(out, "n", json_integer((json_int_t)known.n));
    json_object_set_new(
        out, "patients", json_integer((json_int_t)first[HEAD_PEOPLE]));
    /* A center that withheld its values is left out, and counted. */
    json_object_set_new(out, "missing",
        known.withheld > 0 ? json_suppressed()
                           : json_missing(first[HEAD_ROWS], known.n));
    if (known.withheld > 0)
        json_object_set_new(
            out, "values_withheld", json_integer((json_int_t)known.withheld));
    json_object_set_new(out, "table", list);
    return STATUS_OK;
}

const struct analysis_kind analysis_quantile = {
    .name = "quantile",
    .summary = "values that a share of the rows lie at or below",
    .parse = parse,
    .release = release,
    .shape = ranked_shape,
    .parts = parts_of_complete,
    .state_size = ranked_state_size,
    .contribute = ranked_contribute,
    .value_count = ranked_value_count,
    .takes = ranked_takes,
    .memory_count = ranked_memory_count,
    .advance = ranked_advance,
    .conclude = conclude,
};
