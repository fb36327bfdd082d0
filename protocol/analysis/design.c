#include "protocol/analysis/design.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/analysis/design_spline.h"
#include "protocol/analysis/tally.h"

#define ROW_BITS 40 /* a sum is of fewer than 2^40 rows */
#define COLUMN_NAME_MAX 512

static double scale_of(double bound)
{
    int exponent = 0;
    double fraction = frexp(bound, &exponent);
    return ldexp(1.0, fraction == 0.5 ? exponent - 1 : exponent);
}

int128 design_fixed_large(double value, int bits)
{
    double scaled = nearbyint(ldexp(value, bits));
    double most = ldexp(1.0, 126 - ROW_BITS);
    if (!(scaled < most))
        scaled = scaled > 0 ? most : 0; /* 0: not a number */
    if (scaled < -most)
        scaled = -most;
    return (int128)scaled;
}

/* ---- columns ---- */

static bool is_factor(const struct formula *formula, size_t atom)
{
    return formula->atoms[atom].kind == ATOM_LEVELS;
}

/* R's TermCode: contrasts where a term before holds the rest of this one, all
 * levels otherwise; without an intercept the first factor has all. */
static bool has_contrasts(
    const struct formula *formula, size_t term, size_t atom)
{
    uint64_t rest = formula->terms[term].atoms & ~((uint64_t)1 << atom);
    if (!formula->intercept) {
        for (size_t t = 0; t <= term; t++) {
            for (size_t a = 0; a < formula->atom_count; a++) {
                if ((formula->terms[t].atoms >> a & 1) == 0 ||
                    !is_factor(formula, a))
                    continue;
                if (t == term && a == atom)
                    return false;
                t = term; /* the first factor stands elsewhere */
                break;
            }
        }
    }
    if (rest == 0)
        return true;
    for (size_t t = 0; t < term; t++) {
        if ((rest & ~formula->terms[t].atoms) == 0)
            return true;
    }
    return false;
}

static size_t parts_of(
    const struct formula *formula, size_t term, size_t atom, size_t *first)
{
    const struct formula_atom *at = &formula->atoms[atom];
    *first = 0;
    if (at->kind == ATOM_NUMBER)
        return 1;
    if (at->kind == ATOM_SPLINE)
        return at->df;
    *first = has_contrasts(formula, term, atom) ? 1 : 0;
    return at->level_count - *first;
}

static void name_part(const struct formula_atom *atom,
    const struct dictionary *dictionary, size_t part, char *out, size_t size)
{
    size_t used = strlen(out);
    if (used > 0)
        used += (size_t)snprintf(out + used, size - used, ":");
    if (atom->kind == ATOM_LEVELS)
        formula_level_text(atom, dictionary, part, out + used, size - used);
    else if (atom->kind == ATOM_SPLINE)
        snprintf(out + used, size - used, "%s%zu", atom->name, part + 1);
    else
        snprintf(out + used, size - used, "%s", atom->name);
}

static enum status add_column(struct design *design,
    const struct dictionary *dictionary, const struct design_column *made)
{
    char name[COLUMN_NAME_MAX] = "";
    const struct formula *formula = design->formula;
    if (design->column_count == DESIGN_COLUMNS_MAX)
        return STATUS_LIMIT_REACHED;
    struct design_column *column = &design->columns[design->column_count];
    *column = *made;
    column->scale = 1.0;
    for (size_t a = 0; made->term > 0 && a < formula->atom_count; a++) {
        if ((formula->terms[made->term - 1].atoms >> a & 1) == 0)
            continue;
        if (strlen(name) > COLUMN_NAME_MAX - VARIABLE_NAME_MAX * 3)
            return STATUS_LIMIT_REACHED;
        name_part(&formula->atoms[a], dictionary, column->parts[a], name,
            sizeof name);
        column->scale *= design->atom_scale[a];
    }
    column->name = strdup(made->term == 0 ? "(Intercept)" : name);
    design->column_count++;
    return column->name == NULL ? STATUS_NO_MEMORY : STATUS_OK;
}

/* All combinations of the atoms' columns, the first atom's fastest. */
static enum status add_term(
    struct design *design, const struct dictionary *dictionary, size_t term)
{
    const struct formula *formula = design->formula;
    struct design_column column = {.term = term + 1};
    size_t first[FORMULA_ATOMS_MAX], count[FORMULA_ATOMS_MAX], total = 1;
    for (size_t a = 0; a < formula->atom_count; a++) {
        count[a] = 1;
        if (formula->terms[term].atoms >> a & 1)
            count[a] = parts_of(formula, term, a, &first[a]);
        total *= count[a];
        if (total > DESIGN_COLUMNS_MAX)
            return STATUS_LIMIT_REACHED;
    }
    for (size_t i = 0; i < total; i++) {
        size_t rest = i;
        for (size_t a = 0; a < formula->atom_count; a++) {
            if (formula->terms[term].atoms >> a & 1)
                column.parts[a] = (uint8_t)(first[a] + rest % count[a]);
            rest /= count[a];
        }
        enum status status = add_column(design, dictionary, &column);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

static enum status add_splines(
    struct design *design, const struct dictionary *dictionary)
{
    for (size_t a = 0; a < design->formula->atom_count; a++) {
        const struct formula_atom *atom = &design->formula->atoms[a];
        const struct variable *variable =
            &dictionary->variables[atom->variable];
        if (atom->kind != ATOM_SPLINE)
            continue;
        design->splines[a] = malloc(sizeof **design->splines);
        if (design->splines[a] == NULL)
            return STATUS_NO_MEMORY;
        spline_init(design->splines[a], atom->df,
            variable_value(variable, variable->min),
            variable_value(variable, variable->max));
    }
    return STATUS_OK;
}

static enum status fill_design(
    struct design *design, const struct dictionary *dictionary)
{
    struct formula *formula = design->formula;
    enum status status = add_splines(design, dictionary);
    design->dictionary = dictionary;
    for (size_t a = 0; a < formula->atom_count; a++)
        design->atom_scale[a] =
            scale_of(formula_atom_bound(&formula->atoms[a], dictionary));
    if (status == STATUS_OK && formula->intercept)
        status = add_column(design, dictionary, &(struct design_column){0});
    for (size_t t = 0; status == STATUS_OK && t < formula->term_count; t++)
        status = add_term(design, dictionary, t);
    design->has_response = formula->response_kind == RESPONSE_NUMBER ||
                           formula->response_kind == RESPONSE_LEVELS;
    design->response_scale = 1.0;
    design->offset_scale = 1.0;
    if (formula->response_kind == RESPONSE_NUMBER)
        design->response_scale =
            scale_of(formula_atom_bound(&formula->response, dictionary));
    if (formula->has_offset)
        design->offset_scale =
            scale_of(formula_atom_bound(&formula->offset, dictionary));
    design->stride =
        design->column_count + design->has_response + formula->has_offset;
    return status;
}

enum status design_create(struct design **out, struct formula **formula,
    const struct dictionary *dictionary)
{
    struct design *design = calloc(1, sizeof *design);
    *out = NULL;
    if (design == NULL)
        return STATUS_NO_MEMORY;
    design->formula = *formula;
    *formula = NULL;
    design->columns = calloc(DESIGN_COLUMNS_MAX, sizeof *design->columns);
    enum status status = design->columns == NULL
                             ? STATUS_NO_MEMORY
                             : fill_design(design, dictionary);
    if (status != STATUS_OK) {
        design_destroy(design);
        return status;
    }
    *out = design;
    return STATUS_OK;
}

void design_destroy(struct design *design)
{
    if (design == NULL)
        return;
    for (size_t i = 0; i < design->column_count; i++)
        free((void *)design->columns[i].name);
    for (size_t a = 0; a < FORMULA_ATOMS_MAX; a++)
        free(design->splines[a]);
    free(design->columns);
    formula_destroy(design->formula);
    free(design);
}

/* ---- rows ---- */

/* The codes of one row's variables, read column by column in advance. */
struct codes {
    size_t count;
    size_t variables[ANALYSIS_VARIABLES_MAX];
    int32_t (*values)[DESIGN_ROWS]; /* one a variable in the list */
    int32_t *row;                   /* [dictionary's variables] */
};

static void note_variable(void *arg, size_t variable)
{
    struct codes *codes = arg;
    for (size_t i = 0; i < codes->count; i++) {
        if (codes->variables[i] == variable)
            return;
    }
    if (codes->count < ANALYSIS_VARIABLES_MAX)
        codes->variables[codes->count++] = variable;
}

/* A NUMBER in units of its scale; NaN when missing. */
static double scaled_value(const struct formula_atom *atom,
    const struct dictionary *dictionary, double scale, const int32_t *row)
{
    double value = formula_atom_value(atom, dictionary, row) / scale;
    return fabs(value) <= 1.0 ? value : NAN;
}

/* The columns of each atom; false when one is missing. */
static bool atom_values(const struct design *design, const int32_t *row,
    double values[][FORMULA_DF_MAX])
{
    const struct dictionary *dictionary = design->dictionary;
    const struct formula *formula = design->formula;
    for (size_t a = 0; a < formula->atom_count; a++) {
        const struct formula_atom *atom = &formula->atoms[a];
        if (atom->kind == ATOM_NUMBER) {
            values[a][0] =
                scaled_value(atom, dictionary, design->atom_scale[a], row);
            if (isnan(values[a][0]))
                return false;
        } else if (row[atom->variable] == VALUE_MISSING) {
            return false;
        } else if (atom->kind == ATOM_SPLINE) {
            spline_evaluate(design->splines[a],
                variable_value(&dictionary->variables[atom->variable],
                    row[atom->variable]),
                values[a]);
        }
    }
    return true;
}

static double column_value(const struct design *design,
    const struct design_column *column, const int32_t *row,
    double values[][FORMULA_DF_MAX])
{
    const struct formula *formula = design->formula;
    double value = 1.0;
    if (column->term == 0)
        return 1.0;
    uint64_t set = formula->terms[column->term - 1].atoms;
    for (; set != 0; set &= set - 1) {
        size_t a = (size_t)__builtin_ctzll(set);
        const struct formula_atom *atom = &formula->atoms[a];
        if (atom->kind == ATOM_LEVELS)
            value *= row[atom->variable] - atom->first_level ==
                     (int32_t)column->parts[a];
        else
            value *= values[a][column->parts[a]];
    }
    return value;
}

static bool fill_row(
    const struct design *design, const int32_t *row, double *out)
{
    const struct dictionary *dictionary = design->dictionary;
    const struct formula *formula = design->formula;
    double values[FORMULA_ATOMS_MAX][FORMULA_DF_MAX];
    if (!atom_values(design, row, values))
        return false;
    for (size_t c = 0; c < design->column_count; c++)
        *out++ = column_value(design, &design->columns[c], row, values);
    if (formula->response_kind == RESPONSE_LEVELS) {
        if (row[formula->response.variable] == VALUE_MISSING)
            return false;
        *out++ = row[formula->response.variable];
    } else if (design->has_response) {
        *out = scaled_value(
            &formula->response, dictionary, design->response_scale, row);
        if (isnan(*out++))
            return false;
    }
    if (formula->has_offset) {
        *out = scaled_value(
            &formula->offset, dictionary, design->offset_scale, row);
        if (isnan(*out++))
            return false;
    }
    for (size_t i = 0; i < formula->strata_count; i++) {
        if (row[formula->strata[i]] == VALUE_MISSING)
            return false;
    }
    return true;
}

void design_fill(const struct design *design, const struct rows *rows,
    size_t first, size_t count, const uint8_t *mask, bool *in, double *matrix)
{
    int32_t values[ANALYSIS_VARIABLES_MAX][DESIGN_ROWS];
    int32_t row[DICTIONARY_VARIABLES_MAX];
    struct codes codes = {.values = values, .row = row};
    formula_visit_variables(design->formula, note_variable, &codes);
    for (size_t v = 0; v < codes.count; v++)
        column_read(
            &rows->columns[codes.variables[v]], first, count, values[v]);
    for (size_t i = 0; i < count; i++) {
        in[i] = false;
        if (mask[i] == 0)
            continue;
        for (size_t v = 0; v < codes.count; v++)
            row[codes.variables[v]] = values[v][i];
        in[i] = fill_row(design, row, matrix + i * design->stride);
    }
}

/* ---- as a parameter ---- */

static void add_variable(void *arg, size_t variable)
{
    struct analysis *analysis = arg;
    for (size_t i = 0; i < analysis->variable_count; i++) {
        if (analysis->variables[i] == variable)
            return;
    }
    if (analysis->variable_count < ANALYSIS_VARIABLES_MAX)
        analysis->variables[analysis->variable_count++] = variable;
}

enum status parameter_design(struct design **out, struct analysis *analysis,
    const struct field *parameters, const struct dictionary *dictionary,
    struct diagnostic *diagnostic)
{
    struct field field;
    struct formula *formula = NULL;
    struct formula_error error;
    const char *text;
    enum status status = field_get(&field, parameters, "formula", diagnostic);
    if (status == STATUS_OK)
        status = field_text(&field, &text, FORMULA_TEXT_MAX, diagnostic);
    if (status != STATUS_OK)
        return status;
    status = formula_parse(&formula, text, dictionary, &error);
    if (status == STATUS_OK && formula->random_center &&
        !analysis->kind->random_center) {
        formula_destroy(formula);
        return field_fail(&field, diagnostic,
            "(1 | center) is a term of the analysis \"mixed\"");
    }
    if (status == STATUS_OK) {
        formula_visit_variables(formula, add_variable, analysis);
        status = analysis->variable_count == ANALYSIS_VARIABLES_MAX
                     ? STATUS_LIMIT_REACHED
                     : design_create(out, &formula, dictionary);
        formula_destroy(formula);
        if (status == STATUS_LIMIT_REACHED)
            field_fail(&field, diagnostic,
                "a model of more than %d columns or %d variables",
                DESIGN_COLUMNS_MAX, ANALYSIS_VARIABLES_MAX - 1);
    } else if (status != STATUS_NO_MEMORY) {
        field_fail_inside(
            &field, error.offset, diagnostic, "%s", error.message);
    }
    return status;
}
