#include "protocol/analysis/model.h"

#include <math.h>
#include <string.h>
#define MATHLIB_STANDALONE 1
#include <Rmath.h>

#include "protocol/analysis/kernel.h"
#include "protocol/analysis/mask.h"
#include "protocol/analysis/parameters.h"
#include "protocol/analysis/tally.h"

enum status model_parse(struct analysis *analysis,
    const struct field *parameters, const struct dictionary *dictionary,
    struct diagnostic *diagnostic)
{
    static const char *const keys[] = {"formula", "level"};
    struct design *design = NULL;
    enum status status = field_expect_object(parameters, keys, 2, diagnostic);
    if (status == STATUS_OK)
        status = parameter_level(analysis, parameters, diagnostic);
    if (status == STATUS_OK)
        status = parameter_design(
            &design, analysis, parameters, dictionary, diagnostic);
    if (status == STATUS_OK)
        analysis->model = design;
    return status;
}

void model_release(struct analysis *analysis)
{
    design_destroy(analysis->model);
    analysis->model = NULL;
}

void model_shape(struct shape *out, size_t width, size_t parameters)
{
    *out = (struct shape){
        .length = SEGMENT_HEAD + COUNTS_CELL + width, .table_count = 1};
    out->tables[0] = (struct table_shape){.kind = TABLE_SUMS,
        .first = SEGMENT_HEAD,
        .rows = 1,
        .columns = 1,
        .width = width,
        .parameters = parameters};
}

size_t model_state_size(
    const struct analysis *analysis, const struct shape *shape)
{
    (void)analysis, (void)shape;
    return sizeof(uint64_t);
}

void model_each_block(const struct design *design,
    const struct row_block *block, model_block_visit *visit, void *arg)
{
    double matrix[DESIGN_ROWS * (DESIGN_COLUMNS_MAX + 2)];
    uint8_t in[DESIGN_ROWS];
    for (size_t at = 0; at < block->count; at += DESIGN_ROWS) {
        const size_t left = block->count - at;
        const struct design_rows which = {.rows = block->rows,
            .first = block->first + at,
            .count = left < DESIGN_ROWS ? left : DESIGN_ROWS};
        if (mask_count(block->mask + at, which.count) == 0)
            continue;
        memcpy(in, block->mask + at, which.count);
        design_fill(design, &which, in, matrix);
        visit(arg, &(struct model_rows){.block = block,
                       .first = at,
                       .count = which.count,
                       .in = in,
                       .columns = matrix});
    }
}

struct row_by_row {
    const struct design *design;
    model_row_visit *visit;
    void *arg;
};

static void visit_rows(void *arg, const struct model_rows *rows)
{
    const struct row_by_row *to = arg;
    double x[DESIGN_COLUMNS_MAX + 2];
    for (size_t i = 0; i < rows->count; i++) {
        if (rows->in[i] == 0)
            continue;
        for (size_t c = 0; c < to->design->stride; c++)
            x[c] = rows->columns[c * DESIGN_ROWS + i];
        to->visit(to->arg, rows->first + i, x);
    }
}

void model_each_row(const struct design *design, const struct row_block *block,
    model_row_visit *visit, void *arg)
{
    struct row_by_row to = {design, visit, arg};
    model_each_block(design, block, visit_rows, &to);
}

void model_count_rows(
    const struct model_rows *rows, uint64_t *last, int128 *cell)
{
    const struct row_block *block = rows->block;
    uint64_t count = 0, people = 0, latest = *last;
    for (size_t i = 0; i < rows->count; i++)
        count += rows->in[i] != 0;
    cell[CELL_ROWS] += (int128)count;
    if (block->patients == NULL) {
        cell[CELL_PEOPLE] += (int128)count;
        *last += count;
        return;
    }
    const uint32_t *patients = block->patients + block->first + rows->first;
    for (size_t i = 0; i < rows->count; i++) {
        const uint64_t patient = (uint64_t)patients[i] + 1;
        people += rows->in[i] != 0 && patient != latest;
        latest = rows->in[i] != 0 ? patient : latest;
    }
    cell[CELL_PEOPLE] += (int128)people;
    *last = latest;
}

KERNEL void model_add_scaled(
    const double *restrict x, double factor, size_t count, double *restrict out)
{
    for (size_t i = 0; i < count; i++)
        out[i] += x[i] * factor;
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
        json_object_set_new(
            out, "missing", json_missing(elements[HEAD_ROWS], cell[CELL_ROWS]));
    } else {
        json_object_set_new(out, "missing", json_suppressed());
        json_object_set_new(out, "centers_withheld",
            json_integer((json_int_t)cell[CELL_WITHHELD]));
    }
    return true;
}

json_t *model_level(const struct formula_atom *atom,
    const struct dictionary *dictionary, size_t level)
{
    const struct variable *variable = &dictionary->variables[atom->variable];
    if (atom->kind == ATOM_CUT)
        return json_string(level == 1 ? "TRUE" : "FALSE");
    return variable_level_count(variable) > 0
               ? json_string(variable_level_code(variable, level))
               : json_integer(atom->first_level + (json_int_t)level);
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

void model_ratio(json_t *row, const char *name)
{
    static const char *const parts[][2] = {
        {"estimate", ""}, {"conf_low", "_low"}, {"conf_high", "_high"}};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        const json_t *value = json_object_get(row, parts[i][0]);
        char key[64];
        snprintf(key, sizeof key, "%s%s", name, parts[i][1]);
        json_object_set_new(row, key,
            json_number(
                json_is_number(value) ? exp(json_number_value(value)) : NAN));
    }
}
