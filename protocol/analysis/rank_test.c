/*
 * rank_test: whether groups differ in where their values lie, by ranks, from
 * counts of every step of the variable's grid. Two groups: Wilcoxon's test
 * (1945, Mann and Whitney 1947) with the normal approximation and the
 * correction for continuity; more: Kruskal and Wallis 1952. Ties as in R:
 * wilcox.test(exact = FALSE), kruskal.test.
 */
#include <math.h>
#include <stdlib.h>

#define MATHLIB_STANDALONE
#include <Rmath.h>

#include "protocol/analysis/model.h"
#include "protocol/analysis/parameters.h"
#include "protocol/analysis/steps.h"
#include "protocol/analysis/tally.h"

static enum status parse(struct analysis *analysis,
    const struct field *parameters, const struct dictionary *dictionary,
    struct diagnostic *diagnostic)
{
    static const char *const keys[] = {"formula"};
    struct design *design = NULL;
    enum status status = field_expect_object(parameters, keys, 1, diagnostic);
    if (status == STATUS_OK)
        status = parameter_design(
            &design, analysis, parameters, dictionary, diagnostic);
    if (status != STATUS_OK)
        return status;
    analysis->model = design;
    const struct formula *formula = design->formula;
    if (formula->response_kind != RESPONSE_NUMBER || !formula->response.plain)
        return parameter_fail(parameters, "formula", diagnostic,
            "on the left of '~' stands a variable that is a number");
    if (formula->term_count != 1 || formula->atom_count != 1 ||
        formula->atoms[0].kind != ATOM_LEVELS || formula->strata_count > 0 ||
        formula->strata_center || formula->has_offset)
        return parameter_fail(parameters, "formula", diagnostic,
            "on the right of '~' stands one category or boolean");
    return steps_check(&dictionary->variables[formula->response.variable],
        parameters, "formula", diagnostic);
}

static enum status shape(const struct analysis *analysis,
    const struct dictionary *dictionary, struct shape *out)
{
    const struct design *design = analysis->model;
    steps_shape(out, &dictionary->variables[design->formula->response.variable],
        design->formula->atoms[0].level_count);
    return STATUS_OK;
}

static size_t state_size(
    const struct analysis *analysis, const struct shape *shape_)
{
    (void)analysis;
    return tally_state_size(shape_->tables[0].rows * shape_->tables[0].columns);
}

static void contribute(const struct analysis *analysis,
    const struct shape *shape_, const struct row_block *block, void *state,
    int128 *elements, struct cell_facts *facts)
{
    const struct design *design = analysis->model;
    const struct formula_atom *group = &design->formula->atoms[0];
    (void)facts;
    steps_add(&shape_->tables[0], block, design->formula->response.variable,
        &(struct steps_group){group->variable, group->first_level}, state,
        elements);
}

/* ---- the result ---- */

struct group {
    int128 n, ranks; /* twice the sum of its ranks */
    bool withheld;
};

struct ranking {
    size_t group_count;
    struct group *groups;
    int128 n;
    long double ties; /* sum of t^3 - t */
};

/* Mid-ranks: those of a step share the mean of theirs. */
static enum status rank_all(struct ranking *ranking, const int128 *elements,
    const struct table_shape *table)
{
    *ranking = (struct ranking){.group_count = table->rows,
        .groups = calloc(table->rows, sizeof *ranking->groups)};
    if (ranking->groups == NULL)
        return STATUS_NO_MEMORY;
    for (size_t s = 0; s < table->columns; s++) {
        int128 here = 0;
        for (size_t g = 0; g < table->rows; g++)
            here += table_cell(elements, table, g, s)[CELL_ROWS];
        for (size_t g = 0; g < table->rows; g++) {
            const int128 *cell = table_cell(elements, table, g, s);
            ranking->groups[g].n += cell[CELL_ROWS];
            ranking->groups[g].ranks +=
                cell[CELL_ROWS] * (2 * ranking->n + here + 1);
            ranking->groups[g].withheld |= cell[CELL_WITHHELD] > 0;
        }
        ranking->ties +=
            (long double)here * (long double)here * (long double)here -
            (long double)here;
        ranking->n += here;
    }
    return STATUS_OK;
}

static void set_wilcoxon(json_t *out, const struct ranking *ranking)
{
    const struct group *a = &ranking->groups[0], *b = &ranking->groups[1];
    const double na = (double)a->n, nb = (double)b->n, n = na + nb;
    const double w = (double)(a->ranks - a->n * (a->n + 1)) / 2;
    const double sigma =
        sqrt(na * nb / 12 *
             ((n + 1) - (double)(ranking->ties / ((long double)n * (n - 1)))));
    double z = w - na * nb / 2;
    z = (z - (z > 0 ? 0.5 : z < 0 ? -0.5 : 0)) / sigma;
    json_object_set_new(out, "method", json_string("wilcoxon"));
    json_object_set_new(out, "statistic", json_number(w));
    json_object_set_new(out, "p_value",
        json_number(2 * fmin(pnorm(z, 0, 1, 1, 0), pnorm(z, 0, 1, 0, 0))));
}

static void set_kruskal(json_t *out, const struct ranking *ranking)
{
    const long double n = (long double)ranking->n;
    long double sum = 0;
    int df = -1;
    for (size_t g = 0; g < ranking->group_count; g++) {
        const struct group *group = &ranking->groups[g];
        const long double ranks = (long double)group->ranks / 2;
        if (group->n == 0)
            continue;
        sum += ranks * ranks / (long double)group->n;
        df++;
    }
    const double statistic = (double)((12 * sum / (n * (n + 1)) - 3 * (n + 1)) /
                                      (1 - ranking->ties / (n * n * n - n)));
    json_object_set_new(out, "method", json_string("kruskal-wallis"));
    json_object_set_new(out, "statistic", json_number(statistic));
    json_object_set_new(out, "df", json_integer(df));
    json_object_set_new(
        out, "p_value", json_number(pchisq(statistic, df, 0, 0)));
}

static json_t *group_row(const struct analysis *analysis,
    const struct dictionary *dictionary, const struct table_shape *table,
    const int128 *elements, size_t g, int128 n)
{
    const struct design *design = analysis->model;
    const struct formula *formula = design->formula;
    json_t *row = json_pack("{s:o, s:I}", "group",
        model_level(&formula->atoms[0], dictionary, g), "n", (json_int_t)n);
    if (n > 0 &&
        steps_tail_shows(elements, table, g, 0.5, analysis->quantile_tail)) {
        json_object_set_new(row, "median",
            json_number(steps_median(elements, table, g, n,
                &dictionary->variables[formula->response.variable])));
    } else {
        json_object_set_new(
            row, "median", n > 0 ? json_suppressed() : json_null());
    }
    return row;
}

static enum status finish(const struct analysis *analysis,
    const struct shape *shape_, const struct dictionary *dictionary,
    const int128 *elements, int64_t min_cell, json_t *out)
{
    (void)min_cell; /* D2 acted on groups, D7 acts here */
    const struct table_shape *table = &shape_->tables[0];
    struct ranking ranking;
    size_t present = 0;
    bool withheld = false;
    enum status status = rank_all(&ranking, elements, table);
    for (size_t g = 0; status == STATUS_OK && g < table->rows; g++) {
        withheld = withheld || ranking.groups[g].withheld;
        present += ranking.groups[g].n > 0;
    }
    if (status != STATUS_OK || withheld) {
        free(ranking.groups);
        json_object_set_new(out, "suppressed", json_true());
        return status;
    }
    json_object_set_new(out, "n", json_integer((json_int_t)ranking.n));
    json_object_set_new(
        out, "patients", json_integer((json_int_t)elements[HEAD_PEOPLE]));
    json_object_set_new(out, "missing",
        json_integer((json_int_t)(elements[HEAD_ROWS] - ranking.n)));
    json_t *rows = json_array();
    for (size_t g = 0; g < table->rows; g++)
        json_array_append_new(rows, group_row(analysis, dictionary, table,
                                        elements, g, ranking.groups[g].n));
    json_object_set_new(out, "table", rows);
    if (present < 2) {
        json_object_set_new(
            out, "message", json_string("fewer than two groups have a value"));
    } else if (table->rows == 2) {
        set_wilcoxon(out, &ranking);
    } else {
        set_kruskal(out, &ranking);
    }
    free(ranking.groups);
    return STATUS_OK;
}

const struct analysis_kind analysis_rank_test = {
    .name = "rank_test",
    .summary = "groups compared by ranks: Wilcoxon, Kruskal-Wallis",
    .parse = parse,
    .release = model_release,
    .shape = shape,
    .state_size = state_size,
    .contribute = contribute,
    .finish = finish,
};
