#include "protocol/analysis/linear.h"

#include <math.h>
#define MATHLIB_STANDALONE 1
#include <Rmath.h>
#include <string.h>

#include "protocol/analysis/parameters.h"
#include "protocol/analysis/tally.h"

enum status linear_parse(struct analysis *analysis,
    const struct field *parameters, const struct dictionary *dictionary,
    struct diagnostic *diagnostic)
{
    static const char *const keys[] = {"formula", "level"};
    struct design *design = NULL;
    struct field field;
    enum status status = field_expect_object(parameters, keys, 2, diagnostic);
    if (status == STATUS_OK)
        status = parameter_level(analysis, parameters, diagnostic);
    if (status == STATUS_OK)
        status = parameter_design(
            &design, analysis, parameters, dictionary, diagnostic);
    if (status != STATUS_OK)
        return status;
    analysis->model = design;
    const struct formula *formula = design->formula;
    (void)field_find(&field, parameters, "formula");
    if (!design->has_response || (formula->response_kind == RESPONSE_LEVELS &&
                                     formula->response.level_count != 2))
        return field_fail(&field, diagnostic,
            "the left side of a linear model is a number or a boolean");
    if (formula->has_offset || formula->strata_count > 0 ||
        formula->strata_center)
        return field_fail(&field, diagnostic,
            "a linear model takes no offset() and no strata()");
    if (design->column_count == 0)
        return field_fail(&field, diagnostic, "a model without any term");
    return STATUS_OK;
}

void model_release(struct analysis *analysis)
{
    design_destroy(analysis->model);
    analysis->model = NULL;
}

enum status linear_shape(const struct analysis *analysis,
    const struct dictionary *dictionary, struct shape *out)
{
    (void)dictionary;
    const struct design *design = analysis->model;
    size_t width = design->stride * (design->stride + 1) / 2;
    *out = (struct shape){
        .length = SEGMENT_HEAD + COUNTS_CELL + width, .table_count = 1};
    out->tables[0] = (struct table_shape){.kind = TABLE_SUMS,
        .first = SEGMENT_HEAD,
        .rows = 1,
        .columns = 1,
        .width = width,
        .parameters = design->column_count};
    return STATUS_OK;
}

size_t linear_state_size(
    const struct analysis *analysis, const struct shape *shape)
{
    (void)analysis, (void)shape;
    return sizeof(uint64_t);
}

/* Upper triangle, row by row. |product| <= 1, so nothing needs a check. */
static void add_products(const double *row, size_t stride, int128 *sums)
{
    for (size_t i = 0; i < stride; i++) {
        if (row[i] == 0.0) {
            sums += stride - i;
            continue;
        }
        for (size_t j = i; j < stride; j++) {
            double product = row[i] * row[j];
            *sums++ += (int128)nearbyint(product * 0x1p86);
        }
    }
}

void linear_contribute(const struct analysis *analysis,
    const struct shape *shape, const struct row_block *block, void *state,
    int128 *elements, struct cell_facts *facts)
{
    (void)facts;
    const struct design *design = analysis->model;
    double matrix[DESIGN_ROWS * (DESIGN_COLUMNS_MAX + 2)];
    bool in[DESIGN_ROWS];
    int128 *cell = elements + shape->tables[0].first;
    for (size_t at = 0; at < block->count; at += DESIGN_ROWS) {
        size_t left = block->count - at;
        size_t count = left < DESIGN_ROWS ? left : DESIGN_ROWS;
        design_fill(design, block->rows, block->first + at, count,
            block->mask + at, in, matrix);
        for (size_t i = 0; i < count; i++) {
            if (!in[i])
                continue;
            model_count_row(block, at + i, state, cell);
            add_products(matrix + i * design->stride, design->stride,
                cell + COUNTS_CELL);
        }
    }
}

enum status linear_solve(
    struct least_squares *fit, const struct design *design, const int128 *cell)
{
    enum status status = least_squares_init(fit, design->column_count);
    const int128 *sums = cell + COUNTS_CELL;
    if (status != STATUS_OK)
        return status;
    for (size_t i = 0; i < design->stride; i++) {
        for (size_t j = i; j < design->stride; j++) {
            *least_squares_at(fit, i, j) = (wide)*sums;
            *least_squares_at(fit, j, i) = (wide)*sums++;
        }
    }
    least_squares_solve(fit);
    return STATUS_OK;
}

double linear_unit(const struct design *design)
{
    return ldexp(design->response_scale * design->response_scale, -DESIGN_BITS);
}

bool model_set_counts(
    json_t *out, const int128 *elements, const int128 *cell, int64_t min_cell)
{
    if (cell_suppressed(cell, min_cell)) {
        json_object_set_new(out, "suppressed", json_true());
        return false;
    }
    json_object_set_new(out, "n", json_integer((json_int_t)cell[CELL_ROWS]));
    json_object_set_new(
        out, "patients", json_integer((json_int_t)cell[CELL_PEOPLE]));
    if (cell[CELL_WITHHELD] == 0) {
        json_object_set_new(out, "missing",
            json_integer((json_int_t)(elements[HEAD_ROWS] - cell[CELL_ROWS])));
    } else {
        json_object_set_new(out, "missing", json_suppressed());
        json_object_set_new(out, "centers_withheld",
            json_integer((json_int_t)cell[CELL_WITHHELD]));
    }
    return true;
}

json_t *model_term(const char *name, bool used, double estimate,
    double std_error, double df, double level)
{
    bool normal = !isfinite(df);
    double tail = (1.0 - level) / 2.0;
    double statistic = estimate / std_error;
    double p_value = normal ? 2 * pnorm(fabs(statistic), 0, 1, 0, 0)
                            : 2 * pt(fabs(statistic), df, 0, 0);
    double half =
        std_error * (normal ? qnorm(tail, 0, 1, 0, 0) : qt(tail, df, 0, 0));
    double nothing = used ? 0.0 : NAN;
    json_t *row = json_object();
    json_object_set_new(row, "term", json_string(name));
    json_object_set_new(row, "estimate", json_number(estimate + nothing));
    json_object_set_new(row, "std_error", json_number(std_error + nothing));
    json_object_set_new(row, "statistic", json_number(statistic + nothing));
    json_object_set_new(row, "p_value", json_number(p_value + nothing));
    json_object_set_new(
        row, "conf_low", json_number(estimate - half + nothing));
    json_object_set_new(
        row, "conf_high", json_number(estimate + half + nothing));
    return row;
}
