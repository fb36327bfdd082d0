/*
 * linear: what lm and anova share: [X y]'[X y] of a formula's model matrix,
 * one cell of sums, each product rounded to 2^-86 of its column's scales
 * (design.h).
 */
#ifndef COHORTIUM_PROTOCOL_ANALYSIS_LINEAR_H
#define COHORTIUM_PROTOCOL_ANALYSIS_LINEAR_H

#include "protocol/analysis/leverage.h"
#include "protocol/analysis/model.h"

/* analysis->model is a struct design. */
enum status linear_parse(struct analysis *analysis,
    const struct field *parameters, const struct dictionary *dictionary,
    struct diagnostic *diagnostic);
enum status linear_shape(const struct analysis *analysis,
    const struct dictionary *dictionary, struct shape *out);
void linear_parts(const struct analysis *analysis, const struct shape *shape,
    struct part_list *parts);
void linear_contribute(const struct analysis *analysis,
    const struct shape *shape, const struct row_block *block, void *state,
    int128 *elements, struct cell_facts *facts);
/* Of all rows row row', the upper triangle row by row, in units of
 * 2^-DESIGN_BITS. */
void linear_add_products(
    const struct model_rows *rows, size_t stride, int128 *sums);
/* A linear model of a summed cell. */
struct linear_fit {
    struct least_squares squares; /* of the response in units of linear_unit */
    struct design_levels levels;
    const char *message; /* why there is nothing to test; or NULL */
    bool is_constant;    /* the response is the same in all rows */
};
/* The summed cell, solved; STATUS_NO_MEMORY. */
enum status linear_solve(
    struct linear_fit *fit, const struct design *design, const int128 *cell);
double linear_unit(const struct design *design);
/* The matrix of lm and anova for rule D9. */
extern const struct model_check linear_check;
/* What a model says whose response does not vary; of one whose rows are all met
 * exactly. */
extern const char linear_constant[], linear_perfect[];

#endif
