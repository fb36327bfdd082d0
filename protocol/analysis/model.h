/*
 * model: what the analyses have in common whose sums are of a model's rows,
 * one cell of TABLE_SUMS a group: rows that count, the cell's shape, and the
 * members and terms of their results.
 */
#ifndef COHORTIUM_PROTOCOL_ANALYSIS_MODEL_H
#define COHORTIUM_PROTOCOL_ANALYSIS_MODEL_H

#include "protocol/analysis/design.h"

/* Parameters "formula" and "level": analysis->model becomes a struct design. */
enum status model_parse(struct analysis *analysis,
    const struct field *parameters, const struct dictionary *dictionary,
    struct diagnostic *diagnostic);
void model_release(struct analysis *analysis);
/* One cell of `width` sums, of a model with so many parameters (D9). */
void model_shape(struct shape *out, size_t width, size_t parameters);
/* The last patient that counted, for model_count_row. */
size_t model_state_size(
    const struct analysis *analysis, const struct shape *shape);

/* Some rows of a block, at most DESIGN_ROWS, in order. */
struct model_rows {
    const struct row_block *block;
    size_t first, count;   /* within the block */
    const uint8_t *in;     /* as design_fill leaves it */
    const double *columns; /* likewise */
};
typedef void model_block_visit(void *arg, const struct model_rows *rows);
/* All rows of a block, some at a time; not some of which none counts. */
void model_each_block(const struct design *design,
    const struct row_block *block, model_block_visit *visit, void *arg);
/* Rows of a block that count and lack nothing, in order. row: its place in the
 * block; x: its columns, then response and offset where there are. */
typedef void model_row_visit(void *arg, size_t row, const double *x);
void model_each_row(const struct design *design, const struct row_block *block,
    model_row_visit *visit, void *arg);
/* A row counts in a cell: CELL_ROWS, and CELL_PEOPLE where it is the
 * patient's first there. *last is patient + 1, 0 before the first. */
static inline void model_count_row(
    const struct row_block *block, size_t row, uint64_t *last, int128 *cell)
{
    uint64_t patient = block->patients == NULL
                           ? *last + 1
                           : (uint64_t)block->patients[block->first + row] + 1;
    cell[CELL_ROWS] += 1;
    cell[CELL_PEOPLE] += patient != *last;
    *last = patient;
}

/* The same of some rows, those that are in. */
void model_count_rows(
    const struct model_rows *rows, uint64_t *last, int128 *cell);

/* out[i] += x[i] * factor */
void model_add_scaled(
    const double *x, double factor, size_t count, double *out);

/* "n", "patients", "missing", or "suppressed" and false when the cell may not
 * be shown; with "centers_withheld" where some kept it back. */
bool model_set_counts(
    json_t *out, const int128 *elements, const int128 *cell, int64_t min_cell);
/* The level of a category or boolean, or the number of a factor(). */
json_t *model_level(const struct formula_atom *atom,
    const struct dictionary *dictionary, size_t level);
/* One coefficient's row. df: of Student's t; not finite: the normal
 * distribution. A term that was not used has nulls, as in R. */
json_t *model_term(const char *name, bool used, double estimate,
    double std_error, double df, double level);
/* A term's ratio, such as "hazard_ratio", with the ratio's own interval: adds
 * NAME, NAME_low and NAME_high, the powers of e of the row's estimate and its
 * conf_low and conf_high; null where these are, or the power is no number. */
void model_ratio(json_t *row, const char *name);

#endif
