#include "protocol/analysis/design.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/analysis/design_spline.h"
#include "protocol/analysis/tally.h"
#include "protocol/wire/defence.h"

#define COLUMN_NAME_MAX 512

static double scale_of(double bound)
{
    int exponent = 0;
    double fraction = frexp(bound, &exponent);
    return ldexp(1.0, fraction == 0.5 ? exponent - 1 : exponent);
}

/* Of a NUMBER. */
static double number_scale(
    const struct formula_atom *atom, const struct dictionary *dictionary)
{
    const struct variable *variable = &dictionary->variables[atom->variable];
    if (!atom->plain)
        return scale_of(formula_atom_bound(atom, dictionary));
    return variable_value(variable, 1) *
           scale_of(fmax(fabs((double)variable->min),
               fmax(fabs((double)variable->max), 1)));
}

/* ---- columns ---- */

static bool is_factor(const struct formula *formula, size_t atom)
{
    return formula_has_levels(&formula->atoms[atom]);
}

/* Whether the formula's first factor stands here. */
static bool is_first_factor(
    const struct formula *formula, size_t term, size_t atom)
{
    for (size_t t = 0; t <= term; t++) {
        for (size_t a = 0; a < formula->atom_count; a++) {
            if ((formula->terms[t].atoms >> a & 1) != 0 &&
                is_factor(formula, a))
                return t == term && a == atom;
        }
    }
    return false;
}

/* R's TermCode: contrasts where a term before holds the rest of this one, all
 * levels otherwise; without an intercept the first factor has all. */
static bool has_contrasts(
    const struct formula *formula, size_t term, size_t atom)
{
    uint64_t rest = formula->terms[term].atoms & ~((uint64_t)1 << atom);
    if (!formula->intercept && is_first_factor(formula, term, atom))
        return false;
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
    if (formula_has_levels(atom))
        formula_level_text(atom, dictionary, part, out + used, size - used);
    else if (atom->kind == ATOM_SPLINE && atom->df > 1) /* as in R */
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

/* Inner knot i, from 1, of df - 1 (formula.h). */
static double inner_knot(const struct variable *variable, size_t df, size_t i)
{
    const size_t place = (2 * i * (variable->knot_count + 1) + df) / (2 * df);
    return variable_value(variable, variable->knots[place - 1]);
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
        double knots[FORMULA_DF_MAX + 1];
        knots[0] = variable_value(variable, variable->min);
        for (size_t i = 1; i < atom->df; i++)
            knots[i] = inner_knot(variable, atom->df, i);
        knots[atom->df] = variable_value(variable, variable->max);
        spline_init(design->splines[a], atom->df, knots);
    }
    return STATUS_OK;
}

static void note_variable(void *arg, size_t variable)
{
    struct design *design = arg;
    for (size_t i = 0; i < design->variable_count; i++) {
        if (design->variables[i] == variable)
            return;
    }
    if (design->variable_count < ANALYSIS_VARIABLES_MAX)
        design->variables[design->variable_count++] = variable;
}

/* Numbers that an atom has in a row, beside its codes. */
static size_t numbers_of(const struct formula_atom *atom)
{
    return atom->kind == ATOM_NUMBER   ? 1
           : atom->kind == ATOM_SPLINE ? atom->df
                                       : 0;
}

static enum status fill_design(
    struct design *design, const struct dictionary *dictionary)
{
    struct formula *formula = design->formula;
    enum status status = add_splines(design, dictionary);
    size_t numbers = 0;
    design->dictionary = dictionary;
    formula_visit_right(formula, note_variable, design);
    design->right_count = design->variable_count;
    formula_visit_variables(formula, note_variable, design);
    for (size_t a = 0; a < formula->atom_count; a++) {
        design->atom_scale[a] =
            formula->atoms[a].kind == ATOM_NUMBER
                ? number_scale(&formula->atoms[a], dictionary)
                : scale_of(formula_atom_bound(&formula->atoms[a], dictionary));
        design->atom_first[a] = numbers;
        numbers += numbers_of(&formula->atoms[a]);
    }
    if (numbers > DESIGN_NUMBERS_MAX)
        return STATUS_LIMIT_REACHED;
    if (status == STATUS_OK && formula->intercept)
        status = add_column(design, dictionary, &(struct design_column){0});
    for (size_t t = 0; status == STATUS_OK && t < formula->term_count; t++)
        status = add_term(design, dictionary, t);
    design->has_response = formula->response_kind == RESPONSE_NUMBER ||
                           formula->response_kind == RESPONSE_LEVELS;
    design->response_scale = 1.0;
    design->offset_scale = 1.0;
    if (formula->response_kind == RESPONSE_NUMBER)
        design->response_scale = number_scale(&formula->response, dictionary);
    if (formula->has_offset)
        design->offset_scale = number_scale(&formula->offset, dictionary);
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

enum term_levels design_term_levels(const struct design *design, size_t term)
{
    const struct formula *formula = design->formula;
    bool levels = false, numbers = false;
    for (size_t a = 0; term > 0 && a < formula->atom_count; a++) {
        if ((formula->terms[term - 1].atoms >> a & 1) == 0)
            continue;
        levels = levels || is_factor(formula, a);
        numbers = numbers || !is_factor(formula, a);
    }
    return !levels ? NO_LEVELS : numbers ? LEVELS_AND_NUMBERS : LEVELS_ALONE;
}

/* At the first center: there the contrasts of the others are zero. */
static bool is_at_first_center(
    const struct formula *formula, const struct design_column *column)
{
    for (size_t a = 0; column->term > 0 && a < formula->atom_count; a++) {
        const struct formula_atom *atom = &formula->atoms[a];
        if ((formula->terms[column->term - 1].atoms >> a & 1) != 0 &&
            is_factor(formula, a) && atom->variable == FORMULA_CENTER &&
            column->parts[a] != 0)
            return false;
    }
    return true;
}

size_t design_center_columns(const struct design *design)
{
    size_t count = 0;
    for (size_t c = 0; c < design->column_count; c++)
        count += is_at_first_center(design->formula, &design->columns[c]);
    return design->formula->center_term ? count : 0;
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

static bool atom_chooses_rows(
    const struct formula_atom *atom, const struct dictionary *dictionary)
{
    return atom->kind == ATOM_NUMBER && !atom->plain &&
           expression_chooses_rows(&atom->expression, dictionary);
}

/* A row without a value is left out. Numbers that decide which would pick
 * people past the cohort, where they are compared with those picked before. */
static bool formula_chooses_rows(
    const struct formula *formula, const struct dictionary *dictionary)
{
    bool found = formula->response_kind == RESPONSE_NUMBER &&
                 atom_chooses_rows(&formula->response, dictionary);
    found = found || (formula->has_offset &&
                         atom_chooses_rows(&formula->offset, dictionary));
    for (size_t i = 0; !found && i < formula->atom_count; i++)
        found = atom_chooses_rows(&formula->atoms[i], dictionary);
    return found && DEFENCE("whole-expressions");
}

/* Why an analysis does not take a formula; NULL: it does. */
static const char *refuse_formula(const struct formula *formula,
    const struct analysis_kind *kind, const struct dictionary *dictionary)
{
    if (formula->random_center && !kind->random_center)
        return "(1 | center) is a term of the analysis \"mixed\"";
    if (formula->center_term && !kind->center_term)
        return "center is a term of the analyses \"lm\", \"anova\", \"glm\" and "
               "\"cox\"";
    if (formula_chooses_rows(formula, dictionary))
        return "an expression whose numbers decide who has a value; let it have "
               "one within the dictionary's range, and choose in the cohort";
    return NULL;
}

/* A number that the dictionary's ranges leave without a bound. */
static const struct formula_atom *unbounded_atom(
    const struct formula *formula, const struct dictionary *dictionary)
{
    const struct formula_atom *response =
        formula->response_kind == RESPONSE_NUMBER ? &formula->response : NULL;
    const struct formula_atom *offset =
        formula->has_offset ? &formula->offset : NULL;
    for (size_t a = 0; a < formula->atom_count + 2; a++) {
        const struct formula_atom *atom = a < formula->atom_count
                                              ? &formula->atoms[a]
                                          : a == formula->atom_count ? response
                                                                     : offset;
        if (atom != NULL &&
            formula_atom_bound(atom, dictionary) >= EXPRESSION_BOUND_MAX)
            return atom;
    }
    return NULL;
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
    status =
        formula_parse(&formula, text, dictionary, analysis->centers, &error);
    const struct formula_atom *unbounded =
        status == STATUS_OK ? unbounded_atom(formula, dictionary) : NULL;
    if (unbounded != NULL) {
        status = field_fail(&field, diagnostic,
            "%s could be 1e30 or more in the dictionary's range",
            unbounded->name == NULL ? "a value" : unbounded->name);
        formula_destroy(formula);
        return status;
    }
    const char *refusal = status == STATUS_OK ? refuse_formula(formula,
                                                    analysis->kind, dictionary)
                                              : NULL;
    if (refusal != NULL) {
        formula_destroy(formula);
        return field_fail(&field, diagnostic, "%s", refusal);
    }
    if (status == STATUS_OK) {
        analysis->center_term = formula->center_term;
        formula_visit_left(formula, add_variable, analysis);
        if (analysis->kind->tells_mean)
            analysis->mean_count = analysis->variable_count;
        formula_visit_right(formula, add_variable, analysis);
        status = analysis->variable_count == ANALYSIS_VARIABLES_MAX
                     ? STATUS_LIMIT_REACHED
                     : design_create(out, &formula, dictionary);
        formula_destroy(formula);
        if (status == STATUS_LIMIT_REACHED) {
            field_fail(&field, diagnostic,
                "a model of more than %d columns or %d variables",
                DESIGN_COLUMNS_MAX, ANALYSIS_VARIABLES_MAX - 1);
        }
    } else if (status != STATUS_NO_MEMORY) {
        field_fail_inside(
            &field, error.offset, diagnostic, "%s", error.message);
    }
    return status;
}
