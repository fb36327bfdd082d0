/* The model matrix of rows, column by column, so that every step of it is a
 * loop over neighbours. */
#include <math.h>
#include <string.h>

#include "protocol/analysis/design.h"
#include "protocol/analysis/design_spline.h"
#include "protocol/analysis/kernel.h"
#include "protocol/analysis/tally.h"

struct filling {
    const struct design *design;
    const struct design_rows *which;
    size_t variable_count; /* of the design, that are read */
    int32_t codes[ANALYSIS_VARIABLES_MAX][DESIGN_ROWS];
    /* Those read: their codes. Behind them the place of the rows' center. */
    const int32_t *of[FORMULA_CENTER + 1];
    int32_t center[DESIGN_ROWS];
    double numbers[DESIGN_NUMBERS_MAX][DESIGN_ROWS]; /* of the atoms */
    uint8_t *in;
};

static void read_codes(struct filling *fill)
{
    const struct design *design = fill->design;
    const struct design_rows *which = fill->which;
    fill->variable_count =
        which->codes != NULL ? design->right_count : design->variable_count;
    for (size_t v = 0; v < fill->variable_count; v++) {
        const size_t variable = design->variables[v];
        fill->of[variable] =
            which->codes != NULL ? which->codes[v] : fill->codes[v];
        if (which->codes == NULL)
            column_read(&which->rows->columns[variable], which->first,
                which->count, fill->codes[v]);
    }
    fill->of[FORMULA_CENTER] = fill->center;
    for (size_t i = 0; design->formula->center_term && i < which->count; i++)
        fill->center[i] = (int32_t)which->rows->center;
}

/* ---- numbers ---- */

/* A number is missing where it is not within its bound. */
KERNEL static void drop_beyond(
    const double *restrict values, size_t count, uint8_t *restrict in)
{
    for (size_t i = 0; i < count; i++)
        in[i] = fabs(values[i]) <= 1.0 ? in[i] : 0;
}

KERNEL static void scale_codes(const int32_t *restrict codes, size_t count,
    double factor, double *restrict out)
{
    for (size_t i = 0; i < count; i++)
        out[i] = codes[i] * factor;
}

/* Row by row: an expression. */
static void evaluate(const struct filling *fill,
    const struct formula_atom *atom, double scale, double *out)
{
    const struct design *design = fill->design;
    int32_t row[DICTIONARY_COLUMNS_MAX];
    for (size_t i = 0; i < fill->which->count; i++) {
        for (size_t v = 0; v < fill->variable_count; v++)
            row[design->variables[v]] = fill->of[design->variables[v]][i];
        out[i] = formula_atom_value(atom, design->dictionary, row) / scale;
    }
}

/* The scale in units of a code is a power of two (design.h), whatever rounding
 * made of it. */
static double code_factor(const struct variable *variable, double scale)
{
    int exponent;
    const double steps = scale / variable_value(variable, 1);
    (void)frexp(steps * 0x1.8p0, &exponent);
    return ldexp(1.0, 1 - exponent);
}

/* A NUMBER in units of its scale. */
static void number(struct filling *fill, const struct formula_atom *atom,
    double scale, double *out)
{
    const size_t count = fill->which->count;
    if (atom->plain) {
        const struct variable *variable =
            &fill->design->dictionary->variables[atom->variable];
        column_drop_missing(fill->of[atom->variable], count, fill->in);
        scale_codes(
            fill->of[atom->variable], count, code_factor(variable, scale), out);
    } else {
        evaluate(fill, atom, scale, out);
    }
    drop_beyond(out, count, fill->in);
}

static void spline_numbers(struct filling *fill, size_t atom)
{
    const struct design *design = fill->design;
    const size_t variable = design->formula->atoms[atom].variable;
    const size_t first = design->atom_first[atom];
    const struct spline *spline = design->splines[atom];
    double values[FORMULA_DF_MAX];
    column_drop_missing(fill->of[variable], fill->which->count, fill->in);
    for (size_t i = 0; i < fill->which->count; i++) {
        if (fill->in[i] == 0)
            continue;
        spline_evaluate(spline,
            variable_value(&design->dictionary->variables[variable],
                fill->of[variable][i]),
            values);
        for (size_t k = 0; k < spline->df; k++)
            fill->numbers[first + k][i] = values[k];
    }
}

static void read_atoms(struct filling *fill)
{
    const struct design *design = fill->design;
    const struct formula *formula = design->formula;
    for (size_t a = 0; a < formula->atom_count; a++) {
        const struct formula_atom *atom = &formula->atoms[a];
        if (atom->kind == ATOM_NUMBER) {
            number(fill, atom, design->atom_scale[a],
                fill->numbers[design->atom_first[a]]);
        } else if (atom->kind == ATOM_SPLINE) {
            spline_numbers(fill, a);
        } else if (atom->variable != FORMULA_CENTER) {
            column_drop_missing(
                fill->of[atom->variable], fill->which->count, fill->in);
        }
    }
}

/* ---- columns ---- */

KERNEL static void set_constant(double value, size_t count, double *out)
{
    for (size_t i = 0; i < count; i++)
        out[i] = value;
}

KERNEL static void multiply(
    const double *restrict by, size_t count, double *restrict out)
{
    for (size_t i = 0; i < count; i++)
        out[i] *= by[i];
}

KERNEL static void multiply_level(const int32_t *restrict codes,
    struct level_codes level, size_t count, double *restrict out)
{
    const uint32_t first = (uint32_t)level.first;
    const uint32_t span = (uint32_t)level.last - first;
    for (size_t i = 0; i < count; i++)
        out[i] = (uint32_t)codes[i] - first <= span ? out[i] : 0.0;
}

KERNEL static void clear_out(
    const uint8_t *restrict in, size_t count, double *restrict out)
{
    for (size_t i = 0; i < count; i++)
        out[i] = in[i] != 0 ? out[i] : 0.0;
}

static void make_column(
    const struct filling *fill, const struct design_column *column, double *out)
{
    const struct design *design = fill->design;
    const struct formula *formula = design->formula;
    const size_t count = fill->which->count;
    set_constant(1.0, count, out);
    if (column->term == 0)
        return;
    uint64_t set = formula->terms[column->term - 1].atoms;
    for (; set != 0; set &= set - 1) {
        const size_t a = (size_t)__builtin_ctzll(set);
        const struct formula_atom *atom = &formula->atoms[a];
        if (formula_has_levels(atom)) {
            multiply_level(fill->of[atom->variable],
                formula_level_codes(atom, design->dictionary, column->parts[a]),
                count, out);
        } else {
            multiply(fill->numbers[design->atom_first[a] + column->parts[a]],
                count, out);
        }
    }
}

static double *make_response(struct filling *fill, double *out)
{
    const struct design *design = fill->design;
    const struct formula_atom *response = &design->formula->response;
    if (design->formula->response_kind == RESPONSE_LEVELS) {
        column_drop_missing(
            fill->of[response->variable], fill->which->count, fill->in);
        scale_codes(fill->of[response->variable], fill->which->count, 1.0, out);
    } else {
        number(fill, response, design->response_scale, out);
    }
    return out + DESIGN_ROWS;
}

void design_fill(const struct design *design, const struct design_rows *which,
    uint8_t *in, double *matrix)
{
    struct filling fill;
    const struct formula *formula = design->formula;
    double *out = matrix;
    fill.design = design;
    fill.which = which;
    fill.in = in;
    for (size_t i = 0; i < which->count; i++)
        in[i] = in[i] != 0 ? 0xFF : 0;
    read_codes(&fill);
    read_atoms(&fill);
    for (size_t c = 0; c < design->column_count; c++, out += DESIGN_ROWS)
        make_column(&fill, &design->columns[c], out);
    if (design->has_response)
        out = make_response(&fill, out);
    if (formula->has_offset)
        number(&fill, &formula->offset, design->offset_scale, out);
    for (size_t i = 0; i < formula->strata_count; i++)
        column_drop_missing(fill.of[formula->strata[i]], which->count, in);
    if (memchr(in, 0, which->count) != NULL) {
        for (size_t c = 0; c < design->stride; c++)
            clear_out(in, which->count, matrix + c * DESIGN_ROWS);
    }
}
