/*
 * quantile: values that a share of the patients lie at or below, from counts of
 * every step of the variable's grid. R: quantile(type = 1).
 */
#include <float.h>
#include <math.h>

#include "protocol/analysis/parameters.h"
#include "protocol/analysis/steps.h"
#include "protocol/analysis/tally.h"

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
    enum status status = field_expect_object(parameters, keys, 2, diagnostic);
    if (status == STATUS_OK)
        status = parameter_variable(analysis, parameters, "variable",
            USE_NUMBER, dictionary, diagnostic);
    if (status == STATUS_OK)
        status = read_probs(analysis, parameters, diagnostic);
    return status == STATUS_OK
               ? steps_check(&dictionary->variables[analysis->variables[0]],
                     parameters, "variable", diagnostic)
               : status;
}

static enum status shape(const struct analysis *analysis,
    const struct dictionary *dictionary, struct shape *out)
{
    steps_shape(out, &dictionary->variables[analysis->variables[0]], 1);
    return STATUS_OK;
}

static size_t state_size(
    const struct analysis *analysis, const struct shape *shape_)
{
    (void)analysis;
    return tally_state_size(shape_->tables[0].columns);
}

static void contribute(const struct analysis *analysis,
    const struct shape *shape_, const struct row_block *block, void *state,
    int128 *elements, struct cell_facts *facts)
{
    (void)facts;
    steps_add(&shape_->tables[0], block, analysis->variables[0], NULL, state,
        elements);
}

/* R's type 1: j = floor(n p + 4 eps), and the next value where n p > j. */
static int128 rank_of(double prob, int128 n)
{
    double position = (double)n * prob;
    double floor_position = floor(position + 4 * DBL_EPSILON);
    int128 rank = (int128)floor_position + (position > floor_position ? 1 : 0);
    if (rank < 1)
        return 1;
    return rank > n ? n : rank;
}

/* On a grid coarser than the resolution, outward from the median (D7). */
static double estimate(const struct table_shape *table,
    const struct variable *variable, size_t step, double prob)
{
    int64_t code = (table->origin + (int64_t)step) * variable->grid;
    if (variable->grid > 1 && prob > 0.5)
        code += variable->grid;
    return variable_value(variable, code);
}

static enum status finish(const struct analysis *analysis,
    const struct shape *shape_, const struct dictionary *dictionary,
    const int128 *elements, int64_t min_cell, json_t *out)
{
    (void)min_cell; /* D2 acted on groups, D7 acts here */
    const struct table_shape *table = &shape_->tables[0];
    const struct variable *variable =
        &dictionary->variables[analysis->variables[0]];
    int128 n = 0, withheld = 0;
    for (size_t i = 0; i < table->columns; i++) {
        n += table_cell(elements, table, 0, i)[CELL_ROWS];
        withheld += table_cell(elements, table, 0, i)[CELL_WITHHELD];
    }
    json_t *list = json_array();
    for (size_t i = 0; i < analysis->prob_count; i++) {
        double prob = analysis->probs[i];
        json_t *row = json_pack("{s:f}", "prob", prob);
        if (withheld == 0 && n == 0)
            json_object_set_new(row, "estimate", json_null());
        else if (n == 0 || !steps_tail_shows(elements, table, 0, prob,
                               analysis->quantile_tail))
            json_object_set_new(row, "suppressed", json_true());
        else {
            json_object_set_new(row, "estimate",
                json_number(estimate(table, variable,
                    steps_of_rank(elements, table, 0, rank_of(prob, n)),
                    prob)));
        }
        json_array_append_new(list, row);
    }
    json_object_set_new(out, "n", json_integer((json_int_t)n));
    json_object_set_new(
        out, "patients", json_integer((json_int_t)elements[HEAD_PEOPLE]));
    /* A center that withheld its values is left out, and counted. */
    json_object_set_new(out, "missing",
        withheld > 0 ? json_suppressed()
                     : json_integer((json_int_t)(elements[HEAD_ROWS] - n)));
    if (withheld > 0)
        json_object_set_new(
            out, "values_withheld", json_integer((json_int_t)withheld));
    json_object_set_new(out, "table", list);
    return STATUS_OK;
}

const struct analysis_kind analysis_quantile = {
    .name = "quantile",
    .summary = "values that a share of the rows lie at or below",
    .parse = parse,
    .shape = shape,
    .state_size = state_size,
    .contribute = contribute,
    .finish = finish,
};
