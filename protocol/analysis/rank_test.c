/*
 * rank_test: whether groups differ in where their values lie, by ranks, from
 * counts of every step of the variable's grid, or where these are many from
 * cuts (cuts.h). Two groups: Wilcoxon's test
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
#include "protocol/analysis/ranked.h"
#include "protocol/analysis/sets.h"
#include "protocol/analysis/tally.h"

struct rank_test {
    struct ranked ranked; /* the first: ranked.h */
    struct design *design;
};

/* Of two middle values R's median is the mean. */
static int64_t middle_rank(const struct analysis *analysis, size_t i, int64_t n)
{
    (void)analysis;
    return i == 0 ? (n + 1) / 2 : n / 2 + 1;
}

static const struct formula *formula_of(const struct analysis *analysis)
{
    const struct rank_test *test = analysis->model;
    return test->design->formula;
}

static void take_formula(
    struct rank_test *test, const struct dictionary *dictionary)
{
    const struct formula *formula = test->design->formula;
    const struct formula_atom *atom = &formula->atoms[0];
    const struct cuts cuts = {.aim = CUTS_RANKS,
        .groups = atom->level_count,
        .wanted = 2,
        .rank = middle_rank};
    const struct steps_group group = {atom->variable, atom->first_level};
    const size_t place = formula->response.variable;
    ranked_init(
        &test->ranked, &dictionary->variables[place], place, &group, &cuts);
}

static enum status parse(struct analysis *analysis,
    const struct field *parameters, const struct dictionary *dictionary,
    struct diagnostic *diagnostic)
{
    static const char *const keys[] = {"formula"};
    struct rank_test *test = calloc(1, sizeof *test);
    analysis->model = test;
    if (test == NULL)
        return STATUS_NO_MEMORY;
    enum status status = field_expect_object(parameters, keys, 1, diagnostic);
    if (status == STATUS_OK)
        status = parameter_design(
            &test->design, analysis, parameters, dictionary, diagnostic);
    if (status != STATUS_OK)
        return status;
    const struct formula *formula = test->design->formula;
    if (formula->response_kind != RESPONSE_NUMBER || !formula->response.plain)
        return parameter_fail(parameters, "formula", diagnostic,
            "on the left of '~' stands a variable that is a number");
    if (formula->term_count != 1 || formula->atom_count != 1 ||
        formula->atoms[0].kind != ATOM_LEVELS || formula->strata_count > 0 ||
        formula->strata_center || formula->has_offset)
        return parameter_fail(parameters, "formula", diagnostic,
            "on the right of '~' stands one category or boolean");
    take_formula(test, dictionary);
    return STATUS_OK;
}

static void release(struct analysis *analysis)
{
    struct rank_test *test = analysis->model;
    if (test != NULL)
        design_destroy(test->design);
    free(test);
    analysis->model = NULL;
}

/* Each group's counts are of its rows; those between cuts stand in one cell. */
static void parts(const struct analysis *analysis, const struct shape *shape_,
    struct part_list *list)
{
    const struct rank_test *test = analysis->model;
    const struct table_shape *table = &shape_->tables[0];
    const size_t row = table->columns * table_cell_length(table);
    struct part group = {.known_count = analysis->variable_count,
        .known = analysis->variables,
        .first = table->first,
        .count = row};
    for (size_t g = 0; g < test->ranked.cuts.groups; g++) {
        parts_add_group(list, &group, &formula_of(analysis)->atoms[0], g);
        group.first += test->ranked.is_cut ? 0 : row;
    }
}

/* ---- the result ---- */

struct group {
    int128 n, ranks; /* twice the sum of its ranks */
    double median;
    bool median_shows; /* D7 */
    bool withheld;
};

struct ranking {
    size_t group_count;
    struct group *groups;
    int128 n;
    long double ties; /* sum of t^3 - t */
};

/* Mid-ranks: those of a step share the mean of theirs. */
static void rank_steps(struct ranking *ranking, const struct analysis *analysis,
    const struct fitted_segment *fitted)
{
    const struct rank_test *test = analysis->model;
    const struct table_shape *table = &fitted->shape->tables[0];
    for (size_t s = 0; s < table->columns; s++) {
        int128 here = 0;
        for (size_t g = 0; g < table->rows; g++)
            here += table_cell(fitted->first, table, g, s)[CELL_ROWS];
        for (size_t g = 0; g < table->rows; g++) {
            const int128 *cell = table_cell(fitted->first, table, g, s);
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
    for (size_t g = 0; g < table->rows; g++) {
        struct group *group = &ranking->groups[g];
        group->median_shows =
            group->n > 0 && steps_tail_shows(fitted->first, table, g, 0.5,
                                analysis->quantile_tail);
        if (group->median_shows)
            group->median = steps_median(
                fitted->first, table, g, group->n, test->ranked.variable);
    }
}

static double value_of(const struct rank_test *test, double step)
{
    return variable_value(
        test->ranked.variable, (int64_t)step * test->ranked.variable->grid);
}

static void rank_cuts(struct ranking *ranking, const struct analysis *analysis,
    const struct fitted_segment *fitted)
{
    const struct rank_test *test = analysis->model;
    const struct cuts *cuts = &test->ranked.cuts;
    const double *memory = fitted->memory;
    const int128 *cell = fitted->first + fitted->shape->tables[0].first;
    ranking->ties = (long double)cuts_ties(memory);
    for (size_t g = 0; g < ranking->group_count; g++) {
        struct group *group = &ranking->groups[g];
        const double low = cuts_found(cuts, memory, g, 0);
        const double high = cuts_found(cuts, memory, g, 1);
        group->n = (int128)cuts_rows(memory, g);
        group->ranks = (int128)cuts_ranks(cuts, memory, g);
        group->withheld = cell[CELL_WITHHELD] > 0 ||
                          cuts_has_few(cuts, memory, fitted->min_cell);
        group->median_shows =
            group->n > 0 && steps_tail_is_enough(cuts_people(cuts, memory, g),
                                0.5, analysis->quantile_tail);
        group->median = (value_of(test, low) + value_of(test, high)) / 2;
        ranking->n += group->n;
    }
}

static enum status rank_all(struct ranking *ranking,
    const struct analysis *analysis, const struct fitted_segment *fitted)
{
    const struct rank_test *test = analysis->model;
    *ranking = (struct ranking){.group_count = test->ranked.cuts.groups,
        .groups = calloc(test->ranked.cuts.groups, sizeof *ranking->groups)};
    if (ranking->groups == NULL)
        return STATUS_NO_MEMORY;
    if (test->ranked.is_cut)
        rank_cuts(ranking, analysis, fitted);
    else
        rank_steps(ranking, analysis, fitted);
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
    const struct dictionary *dictionary, const struct group *group, size_t g)
{
    json_t *row = json_pack("{s:o, s:I}", "group",
        model_level(&formula_of(analysis)->atoms[0], dictionary, g), "n",
        (json_int_t)group->n);
    json_object_set_new(row, "median",
        group->median_shows ? json_number(group->median)
        : group->n > 0      ? json_suppressed()
                            : json_null());
    return row;
}

static void set_result(const struct analysis *analysis,
    const struct fitted_segment *fitted, const struct ranking *ranking,
    json_t *out)
{
    const int128 *first = fitted->first;
    size_t present = 0;
    json_t *rows = json_array();
    json_object_set_new(out, "n", json_integer((json_int_t)ranking->n));
    json_object_set_new(
        out, "patients", json_integer((json_int_t)first[HEAD_PEOPLE]));
    json_object_set_new(
        out, "missing", json_missing(first[HEAD_ROWS], ranking->n));
    for (size_t g = 0; g < ranking->group_count; g++) {
        present += ranking->groups[g].n > 0;
        json_array_append_new(rows,
            group_row(analysis, fitted->dictionary, &ranking->groups[g], g));
    }
    json_object_set_new(out, "table", rows);
    if (present < 2) {
        json_object_set_new(
            out, "message", json_string("fewer than two groups have a value"));
    } else if (ranking->group_count == 2) {
        set_wilcoxon(out, ranking);
    } else {
        set_kruskal(out, ranking);
    }
}

static enum status conclude(const struct analysis *analysis,
    const struct fitted_segment *fitted, json_t *out)
{
    const struct rank_test *test = analysis->model;
    struct ranking ranking;
    bool withheld = false;
    enum status status = rank_all(&ranking, analysis, fitted);
    if (status != STATUS_OK)
        return status;
    for (size_t g = 0; g < ranking.group_count; g++)
        withheld = withheld || ranking.groups[g].withheld;
    if (withheld)
        steps_set_withheld(out);
    else if (test->ranked.is_cut && !cuts_is_done(fitted->memory))
        json_object_set_new(out, "message",
            json_string("the values could not be put in order"));
    else
        set_result(analysis, fitted, &ranking, out);
    free(ranking.groups);
    return STATUS_OK;
}

const struct analysis_kind analysis_rank_test = {
    .name = "rank_test",
    .summary = "groups compared by ranks: Wilcoxon, Kruskal-Wallis",
    .parse = parse,
    .release = release,
    .shape = ranked_shape,
    .parts = parts,
    .state_size = ranked_state_size,
    .contribute = ranked_contribute,
    .value_count = ranked_value_count,
    .takes = ranked_takes,
    .memory_count = ranked_memory_count,
    .advance = ranked_advance,
    .conclude = conclude,
};
