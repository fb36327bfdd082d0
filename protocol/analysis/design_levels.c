/* The level that a factor's contrasts are with. */
#include <stdint.h>

#include "protocol/analysis/design.h"
#include "protocol/analysis/model.h"

static bool has_atom(
    const struct design *design, const struct design_column *column, size_t a)
{
    return column->term > 0 &&
           (design->formula->terms[column->term - 1].atoms >> a & 1) != 0;
}

static bool is_factor(const struct design *design, size_t a)
{
    return formula_has_levels(&design->formula->atoms[a]);
}

/* Whether the column's term has no column of the factor's first level. */
static bool has_contrasts(
    const struct design *design, const struct design_column *column, size_t a)
{
    for (size_t c = 0; c < design->column_count; c++) {
        if (design->columns[c].term == column->term &&
            design->columns[c].parts[a] == 0)
            return false;
    }
    return true;
}

static bool are_parts_same(const struct design *design, uint64_t atoms,
    const struct design_column *one, const struct design_column *other)
{
    for (size_t a = 0; a < design->formula->atom_count; a++) {
        if ((atoms >> a & 1) != 0 && one->parts[a] != other->parts[a])
            return false;
    }
    return true;
}

/* The squares of the column that is this one without the factor: those of the
 * first level are what the others leave of them. -1: the model has none. */
static wide squares_without(const struct design *design, const wide *squares,
    wide rows, const struct design_column *column, size_t a)
{
    const struct formula *formula = design->formula;
    const uint64_t rest =
        formula->terms[column->term - 1].atoms & ~((uint64_t)1 << a);
    if (rest == 0)
        return rows;
    for (size_t c = 0; c < design->column_count; c++) {
        const struct design_column *other = &design->columns[c];
        if (other->term > 0 && formula->terms[other->term - 1].atoms == rest &&
            are_parts_same(design, rest, column, other))
            return squares[c];
    }
    return -1;
}

/* Of the columns of a term that differ in the factor's level alone, `column`
 * among them. */
static wide squares_with(const struct design *design, const wide *squares,
    const struct design_column *column, size_t a)
{
    const uint64_t rest =
        design->formula->terms[column->term - 1].atoms & ~((uint64_t)1 << a);
    wide sum = 0;
    for (size_t c = 0; c < design->column_count; c++) {
        if (design->columns[c].term == column->term &&
            are_parts_same(design, rest, column, &design->columns[c]))
            sum += squares[c];
    }
    return sum;
}

/* Whether no row has the factor's first level, as far as the columns say. */
static bool is_first_empty(
    const struct design *design, const wide *squares, wide rows, size_t a)
{
    bool empty = false;
    for (size_t c = 0; c < design->column_count; c++) {
        const struct design_column *column = &design->columns[c];
        if (!has_atom(design, column, a))
            continue;
        if (!has_contrasts(design, column, a)) {
            if (column->parts[a] == 0 && squares[c] > 0)
                return false;
            continue;
        }
        const wide all = squares_without(design, squares, rows, column, a);
        if (all >= 0 && squares_with(design, squares, column, a) < all)
            return false;
        empty = empty || all >= 0;
    }
    return empty;
}

/* The first level of those that are not empty; 0 where all are. */
static size_t first_used(
    const struct design *design, const wide *squares, wide rows, size_t a)
{
    size_t first = SIZE_MAX;
    if (!is_first_empty(design, squares, rows, a))
        return 0;
    for (size_t c = 0; c < design->column_count; c++) {
        const struct design_column *column = &design->columns[c];
        if (has_atom(design, column, a) && squares[c] > 0 &&
            column->parts[a] < first)
            first = column->parts[a];
    }
    return first == SIZE_MAX ? 0 : first;
}

void design_find_levels(const struct design *design, const wide *squares,
    wide rows, struct design_levels *out)
{
    *out = (struct design_levels){0};
    for (size_t a = 0; a < design->formula->atom_count; a++) {
        bool any = false;
        out->reference[a] = SIZE_MAX;
        if (!is_factor(design, a))
            continue;
        const size_t first = first_used(design, squares, rows, a);
        for (size_t c = 0; c < design->column_count; c++) {
            const struct design_column *column = &design->columns[c];
            if (!has_atom(design, column, a) ||
                !has_contrasts(design, column, a))
                continue;
            any = true;
            out->out[c] = out->out[c] || column->parts[a] == first;
        }
        if (any)
            out->reference[a] = first;
    }
}

static json_t *level_of(
    const struct design *design, const struct formula_atom *atom, size_t level)
{
    return atom->variable == FORMULA_CENTER
               ? json_string(atom->centers[level])
               : model_level(atom, design->dictionary, level);
}

void design_set_reference(const struct design *design,
    const struct design_levels *levels, json_t *out)
{
    json_t *references = json_object();
    for (size_t a = 0; a < design->formula->atom_count; a++) {
        const struct formula_atom *atom = &design->formula->atoms[a];
        if (levels->reference[a] == SIZE_MAX)
            continue;
        json_object_set_new(references, atom->name,
            level_of(design, atom, levels->reference[a]));
    }
    if (json_object_size(references) > 0)
        json_object_set(out, "reference", references);
    json_decref(references);
}
