/*
 * design: a formula's model matrix, as R makes it: the same
 * columns with the same names in the same order (treatment contrasts, full
 * dummies where a margin is left out).
 *
 * Every number is divided by its scale, which is at least its bound in the
 * dictionary: all values lie in [-1, 1]. The scale of a variable is a power of
 * two times its resolution, that of an expression a power of two, so that
 * nothing is rounded by it: a variable's values are whole multiples of 2^-31,
 * and their products are exact. A product is in [-1, 1] too, and as a whole
 * multiple of 2^-86 it can be added 2^40 times without leaving 128 bits. A
 * coefficient of scaled columns is divided by its column's scale to be told in
 * the variable's unit.
 */
#ifndef COHORTIUM_PROTOCOL_ANALYSIS_DESIGN_H
#define COHORTIUM_PROTOCOL_ANALYSIS_DESIGN_H

#include "protocol/analysis/analysis.h"
#include "protocol/analysis/fixed.h"
#include "protocol/analysis/least_squares.h"
#include "protocol/query/formula.h"

#define DESIGN_COLUMNS_MAX 160
#define DESIGN_ROWS 256 /* of one design_fill */
#define DESIGN_BITS 86
#define DESIGN_NUMBERS_MAX (DESIGN_COLUMNS_MAX + FORMULA_ATOMS_MAX)

struct design_column {
    const char *name; /* "(Intercept)", "age:sexM" */
    size_t term;      /* 1 + index in formula->terms; 0: the intercept */
    double scale;
    uint8_t parts[FORMULA_ATOMS_MAX]; /* an atom of its term: which of the
                                         atom's columns */
};

struct spline; /* design_spline.h */

struct design {
    const struct dictionary *dictionary; /* borrowed */
    struct formula *formula;             /* owned */
    size_t column_count;
    struct design_column *columns;
    bool has_response;     /* a number or a boolean, not Surv */
    size_t variable_count; /* that the formula reads */
    size_t right_count;    /* the first of them: all but the response's own */
    size_t variables[ANALYSIS_VARIABLES_MAX];
    double atom_scale[FORMULA_ATOMS_MAX];
    size_t atom_first[FORMULA_ATOMS_MAX]; /* of all atoms' numbers in a row,
                                             where this one's begin */
    double response_scale;
    double offset_scale;
    size_t stride; /* numbers a row: columns, response, offset */
    struct spline *splines[FORMULA_ATOMS_MAX]; /* NULL for others */
};

/* Takes the formula. STATUS_LIMIT_REACHED: too many columns. */
enum status design_create(struct design **out, struct formula **formula,
    const struct dictionary *dictionary);
void design_destroy(struct design *design);
/* What the columns of a term are made of: LEVELS_ALONE are 0 or 1. */
enum term_levels { NO_LEVELS, LEVELS_ALONE, LEVELS_AND_NUMBERS };
/* term: as in struct design_column; 0: the intercept, NO_LEVELS. */
enum term_levels design_term_levels(const struct design *design, size_t term);
/* Which columns a fit leaves out, since R would not make them: R's lm drops a
 * factor's levels that no row has, and its contrasts are with the first that is
 * left. */
struct design_levels {
    bool out[DESIGN_COLUMNS_MAX]; /* columns of a reference */
    size_t reference[FORMULA_ATOMS_MAX]; /* of LEVELS with contrasts: a level;
                                            SIZE_MAX: it has none */
};
/* squares[column_count]: of each column the sum of its squares over the rows,
 * of which there are `rows`; equal ones are equal bits. */
void design_find_levels(const struct design *design, const wide *squares,
    wide rows, struct design_levels *out);
/* "reference" of a result: {"sex": "f"}, where a factor has contrasts. */
void design_set_reference(const struct design *design,
    const struct design_levels *levels, json_t *out);
/* Columns that are not zero at every row of one center, where `center` is a
 * term: of so many columns are figures that are a center's own. 0: it is none.
 */
size_t design_center_columns(const struct design *design);
/* Rows of a table: `count` <= DESIGN_ROWS from `first` on. Or rows that were
 * read before, in any order: the codes of the first right_count variables; a
 * design with a response has none. */
struct design_rows {
    const struct rows *rows;
    size_t first;
    size_t count;
    const int32_t (*codes)[DESIGN_ROWS]; /* NULL: of the table */
};

/* in[i]: on entry not 0 where row i counts; on return 0xFF where it counts and
 * has no missing value, else 0. matrix[c * DESIGN_ROWS + i] is column c of row
 * i: the design's columns, then its response and its offset where there are;
 * 0 in rows that are out. It has stride * DESIGN_ROWS numbers. */
void design_fill(const struct design *design, const struct design_rows *which,
    uint8_t *in, double *matrix);
/* Reads "formula" (required) into a design; its variables are appended to
 * analysis->variables. Mistakes are positioned inside the text. */
enum status parameter_design(struct design **out, struct analysis *analysis,
    const struct field *parameters, const struct dictionary *dictionary,
    struct diagnostic *diagnostic);

#endif
