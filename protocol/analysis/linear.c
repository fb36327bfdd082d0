#include "protocol/analysis/linear.h"

#include <math.h>

#include "protocol/analysis/parameters.h"
#include "protocol/analysis/sets.h"

enum status linear_parse(struct analysis *analysis,
    const struct field *parameters, const struct dictionary *dictionary,
    struct diagnostic *diagnostic)
{
    struct field field;
    enum status status =
        model_parse(analysis, parameters, dictionary, diagnostic);
    if (status != STATUS_OK)
        return status;
    const struct design *design = analysis->model;
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

enum status linear_shape(const struct analysis *analysis,
    const struct dictionary *dictionary, struct shape *out)
{
    (void)dictionary;
    const struct design *design = analysis->model;
    model_shape(
        out, design->stride * (design->stride + 1) / 2, design->column_count);
    out->tables[0].center_parameters = design_center_columns(design);
    return STATUS_OK;
}

void linear_parts(const struct analysis *analysis, const struct shape *shape,
    struct part_list *parts)
{
    const struct design *design = analysis->model;
    parts_of_model(analysis, shape, design->formula, parts);
}

void linear_add_products(
    const struct model_rows *rows, size_t stride, int128 *sums)
{
    for (size_t i = 0; i < stride; i++) {
        for (size_t j = i; j < stride; j++)
            *sums++ += fixed_sum_exact_products(rows->columns + i * DESIGN_ROWS,
                rows->columns + j * DESIGN_ROWS, rows->count, DESIGN_BITS);
    }
}

struct adding {
    size_t stride;
    uint64_t *last;
    int128 *cell;
};

static void add_rows(void *arg, const struct model_rows *rows)
{
    const struct adding *to = arg;
    model_count_rows(rows, to->last, to->cell);
    linear_add_products(rows, to->stride, to->cell + COUNTS_CELL);
}

void linear_contribute(const struct analysis *analysis,
    const struct shape *shape, const struct row_block *block, void *state,
    int128 *elements, struct cell_facts *facts)
{
    (void)facts;
    const struct design *design = analysis->model;
    struct adding to = {
        design->stride, state, elements + shape->tables[0].first};
    model_each_block(design, block, add_rows, &to);
}

const char linear_constant[] =
    "the outcome does not vary: it is the same in all rows";
const char linear_perfect[] =
    "an essentially perfect fit: what is left of the outcome is rounding, and "
    "nothing to estimate the error from";

/* Of the sum of squares of the response: what rounding leaves. */
#define NOTHING 1e-24

/* The response's squares, about its mean where there is an intercept. */
static wide response_squares(const struct least_squares *fit, bool intercept)
{
    const size_t y = fit->count;
    const wide all = *least_squares_at(fit, y, y);
    const wide sum = intercept ? *least_squares_at(fit, 0, y) : 0;
    const wide rows = *least_squares_at(fit, 0, 0);
    return intercept && rows > 0 ? all - sum * sum / rows : all;
}

static void find_levels(const struct design *design,
    const struct least_squares *fit, int128 rows, struct design_levels *out)
{
    wide squares[DESIGN_COLUMNS_MAX];
    for (size_t i = 0; i < fit->count; i++)
        squares[i] = *least_squares_at(fit, i, i);
    design_find_levels(
        design, squares, (wide)rows * (wide)ldexp(1, DESIGN_BITS), out);
}

static const char *message_of(
    const struct linear_fit *fit, wide all, int128 rows)
{
    const struct least_squares *squares = &fit->squares;
    const wide rest =
        *least_squares_at(squares, squares->count, squares->count);
    if (fit->is_constant)
        return linear_constant;
    if (rows <= (int128)squares->rank)
        return "as many terms as rows: nothing is left to estimate the error "
               "from";
    return rest <= (wide)NOTHING * all ? linear_perfect : NULL;
}

enum status linear_solve(
    struct linear_fit *fit, const struct design *design, const int128 *cell)
{
    struct least_squares *squares = &fit->squares;
    enum status status = least_squares_init(squares, design->column_count);
    const int128 *sums = cell + COUNTS_CELL;
    if (status != STATUS_OK)
        return status;
    for (size_t i = 0; i < design->stride; i++) {
        for (size_t j = i; j < design->stride; j++)
            least_squares_set(squares, i, j, (wide)*sums++);
    }
    const size_t y = design->column_count;
    const wide all = *least_squares_at(squares, y, y);
    const bool intercept = design->formula->intercept;
    fit->is_constant =
        cell[CELL_ROWS] > 1 &&
        response_squares(squares, intercept) <= (wide)NOTHING * all;
    find_levels(design, squares, cell[CELL_ROWS], &fit->levels);
    squares->out = fit->levels.out;
    least_squares_solve(squares);
    fit->message = message_of(fit, all, cell[CELL_ROWS]);
    return STATUS_OK;
}

static const struct design *checked_design(const struct analysis *analysis)
{
    return analysis->model;
}

/* X'X stands in [X y]'[X y]. */
static bool read_products(const struct analysis *analysis,
    const struct shape *shape, const int128 *elements, wide *triangle)
{
    const struct design *design = analysis->model;
    const int128 *sums = elements + shape->tables[0].first + COUNTS_CELL;
    for (size_t i = 0; i < design->column_count; i++) {
        for (size_t j = i; j < design->column_count; j++)
            *triangle++ = (wide)*sums++ * (wide)ldexp(1, -DESIGN_BITS);
        sums += design->stride - design->column_count;
    }
    return true;
}

const struct model_check linear_check = {
    .design = checked_design,
    .products = read_products,
};

double linear_unit(const struct design *design)
{
    return ldexp(design->response_scale * design->response_scale, -DESIGN_BITS);
}
