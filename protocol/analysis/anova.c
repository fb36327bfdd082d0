/*
 * anova: the terms of a linear model one after the other, each with what it
 * takes from the residual sum of squares. R: anova(lm).
 */
#include <math.h>
#define MATHLIB_STANDALONE 1
#include <Rmath.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/analysis/linear.h"
#include "protocol/analysis/tally.h"

/* "age:sex" */
static json_t *term_name(const struct formula *formula, size_t term)
{
    char name[FORMULA_TEXT_MAX + FORMULA_ATOMS_MAX] = "";
    for (size_t a = 0; a < formula->atom_count; a++) {
        if ((formula->terms[term].atoms >> a & 1) == 0)
            continue;
        if (name[0] != '\0')
            strncat(name, ":", sizeof name - strlen(name) - 1);
        strncat(name, formula->atoms[a].name, sizeof name - strlen(name) - 1);
    }
    return json_string(name);
}

static json_t *term_row(json_t *name, size_t df, double squares)
{
    json_t *row = json_object();
    json_object_set_new(row, "term", name);
    json_object_set_new(row, "df", json_integer((json_int_t)df));
    json_object_set_new(row, "sum_sq", json_number(squares));
    json_object_set_new(row, "mean_sq", json_number(squares / (double)df));
    return row;
}

/* What a term explains after those before it, and with how many columns. */
static wide term_squares(const struct design *design,
    const struct least_squares *fit, size_t term, size_t *df)
{
    wide squares = 0;
    *df = 0;
    for (size_t i = 0; i < fit->count; i++) {
        if (design->columns[i].term == term && fit->used[i]) {
            squares += fit->effects[i];
            ++*df;
        }
    }
    return squares;
}

static json_t *rows_of(
    const struct design *design, const struct least_squares *fit, double n)
{
    json_t *list = json_array();
    double unit = linear_unit(design), df = n - (double)fit->rank;
    wide rest = *least_squares_at(fit, fit->count, fit->count);
    for (size_t t = 0; t < design->formula->term_count; t++) {
        size_t term_df;
        wide squares = term_squares(design, fit, t + 1, &term_df);
        if (term_df == 0)
            continue; /* as R does */
        double f = (double)(squares / rest) / (double)term_df * df;
        json_t *row = term_row(
            term_name(design->formula, t), term_df, (double)squares * unit);
        json_object_set_new(row, "statistic", json_number(f));
        json_object_set_new(
            row, "p_value", json_number(pf(f, (double)term_df, df, 0, 0)));
        json_array_append_new(list, row);
    }
    json_array_append_new(list, term_row(json_string("Residuals"),
                                    (size_t)fmax(df, 0), (double)rest * unit));
    return list;
}

static enum status finish(const struct analysis *analysis,
    const struct shape *shape, const struct dictionary *dictionary,
    const int128 *elements, int64_t min_cell, json_t *out)
{
    (void)dictionary;
    const struct design *design = analysis->model;
    const int128 *cell = elements + shape->tables[0].first;
    struct linear_fit fit;
    if (!model_set_counts(out, elements, cell, min_cell))
        return STATUS_OK;
    enum status status = linear_solve(&fit, design, cell);
    if (status != STATUS_OK)
        return status;
    if (fit.message == NULL)
        json_object_set_new(out, "table",
            rows_of(design, &fit.squares, (double)cell[CELL_ROWS]));
    else
        json_object_set_new(out, "message", json_string(fit.message));
    least_squares_fini(&fit.squares);
    return STATUS_OK;
}

const struct analysis_kind analysis_anova = {
    .name = "anova",
    .summary = "analysis of variance, term after term",
    .center_term = true,
    .tells_mean = true,
    .parse = linear_parse,
    .shape = linear_shape,
    .parts = linear_parts,
    .state_size = model_state_size,
    .contribute = linear_contribute,
    .finish = finish,
    .release = model_release,
    .check = &linear_check,
};
