/*
 * mlp: a network of one hidden layer that tells a category from other
 * variables, trained by all centers and tested on each center by a network that
 * never saw it. The weights are those of the pooled rows, bit for bit.
 */
#include <math.h>
#include <stdlib.h>

#include "protocol/analysis/mlp_rounds.h"
#include "protocol/analysis/parameters.h"
#include "protocol/analysis/roc_curve.h"
#include "protocol/analysis/sets.h"
#include "protocol/analysis/tally.h"

static enum status read_whole(const struct field *parameters, const char *key,
    int64_t low, int64_t high, int64_t *out, struct diagnostic *diagnostic)
{
    struct field field;
    return field_find(&field, parameters, key)
               ? field_integer(&field, out, low, high, diagnostic)
               : STATUS_OK;
}

static enum status read_real(const struct field *parameters, const char *key,
    double *out, struct diagnostic *diagnostic)
{
    struct field field;
    if (!field_find(&field, parameters, key))
        return STATUS_OK;
    enum status status = field_real(&field, out, diagnostic);
    if (status == STATUS_OK && !(*out >= 0 && *out <= 10))
        status = field_fail(&field, diagnostic, "from 0 to 10");
    return status;
}

static enum status read_numbers(struct mlp *mlp, const struct field *parameters,
    struct diagnostic *diagnostic)
{
    int64_t hidden = 8;
    mlp->epochs = 200;
    mlp->seed = 1;
    mlp->l2 = 0.001;
    mlp->rate = 0.02;
    enum status status = read_whole(
        parameters, "hidden", 1, MLP_HIDDEN_MAX, &hidden, diagnostic);
    if (status == STATUS_OK)
        status = read_whole(
            parameters, "epochs", 1, MLP_EPOCHS_MAX, &mlp->epochs, diagnostic);
    if (status == STATUS_OK)
        status = read_whole(
            parameters, "seed", 0, INT32_MAX, &mlp->seed, diagnostic);
    if (status == STATUS_OK)
        status = read_real(parameters, "l2", &mlp->l2, diagnostic);
    if (status == STATUS_OK)
        status = read_real(parameters, "rate", &mlp->rate, diagnostic);
    mlp->network.hidden = (size_t)hidden;
    return status;
}

static enum status read_formula(struct mlp *mlp, const struct field *parameters,
    struct diagnostic *diagnostic)
{
    const struct formula *formula = mlp->design->formula;
    if (formula->response_kind != RESPONSE_LEVELS ||
        formula->response.level_count > MLP_CLASSES_MAX) {
        return parameter_fail(parameters, "formula", diagnostic,
            "on the left of '~' stands a category of 2 to 16 levels, or a "
            "boolean");
    }
    mlp->first = formula->intercept ? 1 : 0;
    mlp->network.inputs = mlp->design->column_count - mlp->first;
    mlp->network.classes = formula->response.level_count;
    if (mlp->network.inputs == 0 || formula->has_offset ||
        formula->strata_count > 0 || formula->strata_center) {
        return parameter_fail(parameters, "formula", diagnostic,
            "on the right of '~' stand the inputs; no offset() and no "
            "strata()");
    }
    return STATUS_OK;
}

static enum status parse(struct analysis *analysis,
    const struct field *parameters, const struct dictionary *dictionary,
    struct diagnostic *diagnostic)
{
    static const char *const keys[] = {
        "formula", "hidden", "epochs", "seed", "l2", "rate", "level"};
    struct mlp *mlp = calloc(1, sizeof *mlp);
    analysis->model = mlp;
    if (mlp == NULL)
        return STATUS_NO_MEMORY;
    enum status status = field_expect_object(parameters, keys, 7, diagnostic);
    if (status == STATUS_OK)
        status = parameter_level(analysis, parameters, diagnostic);
    if (status == STATUS_OK)
        status = read_numbers(mlp, parameters, diagnostic);
    if (status == STATUS_OK)
        status = parameter_design(
            &mlp->design, analysis, parameters, dictionary, diagnostic);
    return status == STATUS_OK ? read_formula(mlp, parameters, diagnostic)
                               : status;
}

static void release(struct analysis *analysis)
{
    struct mlp *mlp = analysis->model;
    if (mlp != NULL)
        design_destroy(mlp->design);
    free(mlp);
    analysis->model = NULL;
}

/* Centers held out are told one by one, and the classes by their curves. */
static void parts(const struct analysis *analysis, const struct shape *shape_,
    struct part_list *list)
{
    const struct mlp *mlp = analysis->model;
    const struct formula *formula = mlp->design->formula;
    const struct part whole = {
        .known_count = analysis->variable_count, .known = analysis->variables};
    const struct formula_atom centers = {
        .variable = FORMULA_CENTER, .level_count = MLP_FOLDS_MAX};
    parts_of_model(analysis, shape_, formula, list);
    for (size_t c = 0; c < formula->response.level_count; c++)
        parts_add_group(list, &whole, &formula->response, c);
    for (size_t f = 0; f < MLP_FOLDS_MAX; f++)
        parts_add_group(list, &whole, &centers, f);
}

/* ---- the result ---- */

/* Rows of a confusion matrix and those on its diagonal. */
static void accuracy_of(
    const double *confusion, size_t classes, double *rows, double *right)
{
    *rows = *right = 0;
    for (size_t i = 0; i < classes * classes; i++) {
        *rows += confusion[i];
        *right += i % (classes + 1) == 0 ? confusion[i] : 0;
    }
}

/* A center held out, named by its place in the session's list of centers. */
static json_t *folds(
    const struct mlp *mlp, const struct mlp_memory *memory, int64_t min_cell)
{
    const size_t classes = mlp->network.classes;
    json_t *table = json_array();
    for (size_t f = 0; f < MLP_FOLDS_MAX; f++) {
        double rows, right;
        accuracy_of(
            memory->confusion + f * classes * classes, classes, &rows, &right);
        if (!(rows > 0))
            continue;
        json_t *row = json_pack("{s:I}", "held_out", (json_int_t)f + 1);
        if (few_counted(right, min_cell) ||
            few_counted(rows - right, min_cell)) {
            json_object_set_new(row, "suppressed", json_true());
        } else {
            json_object_set_new(row, "n", json_count(rows));
            json_object_set_new(row, "accuracy", json_number(right / rows));
        }
        json_array_append_new(table, row);
    }
    return table;
}

static double bin_score(const void *arg, double at)
{
    (void)arg;
    return at / MLP_BINS;
}

static json_t *classes_of(const struct analysis *analysis,
    const struct dictionary *dictionary, const struct mlp_memory *memory,
    int64_t min_cell)
{
    const struct mlp *mlp = analysis->model;
    json_t *rows = json_array();
    for (size_t c = 0; c < mlp->network.classes; c++) {
        const double *bins = memory->bins + c * MLP_OF_A_CLASS * MLP_BINS;
        const struct roc_counts counts = {.count = MLP_BINS,
            .with = bins + MLP_OF_IT * MLP_BINS,
            .without = bins + MLP_NOT_OF_IT * MLP_BINS,
            .expected = bins + MLP_EXPECTED * MLP_BINS};
        json_t *row = json_object();
        json_object_set_new(row, "level",
            model_level(&mlp->design->formula->response, dictionary, c));
        if (roc_set_counts(row, &counts, analysis->level, min_cell, bin_score,
                NULL) != STATUS_OK) {
            json_decref(row);
            json_decref(rows);
            return NULL;
        }
        json_object_set(row, "curve", json_object_get(row, "table"));
        json_object_del(row, "table");
        json_object_set_new(
            row, "calibration", roc_calibration(&counts, min_cell));
        json_array_append_new(rows, row);
    }
    return rows;
}

static json_t *numbers(const double *values, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, json_number(values[i]));
    return list;
}

/* Means and spreads in the variables' own units. */
static json_t *network_json(
    const struct mlp *mlp, const struct mlp_memory *memory)
{
    const size_t inputs = mlp->network.inputs;
    json_t *list = json_array();
    for (size_t i = 0; i < inputs; i++) {
        const struct design_column *column =
            &mlp->design->columns[mlp->first + i];
        const double each = memory->inputs[inputs + i];
        json_t *row = json_pack("{s:s, s:f}", "input", column->name, "mean",
            memory->inputs[i] * column->scale);
        json_object_set_new(
            row, "sd", json_number(each > 0 ? column->scale / each : 0));
        json_array_append_new(list, row);
    }
    return json_pack("{s:I, s:o, s:o}", "hidden",
        (json_int_t)mlp->network.hidden, "inputs", list, "weights",
        numbers(memory->weights, network_weights(&mlp->network)));
}

static enum status conclude(const struct analysis *analysis,
    const struct fitted_segment *fitted, json_t *out)
{
    const struct mlp *mlp = analysis->model;
    const struct mlp_memory memory = mlp_memory_of(mlp, fitted->memory);
    const size_t classes = mlp->network.classes;
    double rows = 0, right = 0, all = 0, correct = 0;
    if (!model_set_counts(out, fitted->first,
            fitted->first + fitted->shape->tables[0].first, fitted->min_cell))
        return STATUS_OK;
    accuracy_of(memory.confusion + MLP_FOLDS_MAX * classes * classes, classes,
        &all, &correct);
    if (!(all > 0)) {
        json_object_set_new(
            out, "message", json_string("no row has all the variables"));
        return STATUS_OK;
    }
    for (size_t f = 0; f < MLP_FOLDS_MAX; f++) {
        double n, k;
        accuracy_of(memory.confusion + f * classes * classes, classes, &n, &k);
        rows += n;
        right += k;
    }
    json_object_set_new(out, "epochs", json_integer(mlp->epochs));
    json_object_set_new(out, "training_accuracy", json_number(correct / all));
    json_object_set_new(
        out, "accuracy", json_number(rows > 0 ? right / rows : NAN));
    json_object_set_new(out, "table", folds(mlp, &memory, fitted->min_cell));
    if (rows > 0) {
        json_t *of_classes =
            classes_of(analysis, fitted->dictionary, &memory, fitted->min_cell);
        if (of_classes == NULL)
            return STATUS_NO_MEMORY;
        json_object_set_new(out, "classes", of_classes);
    }
    json_object_set_new(
        out, "training_curve", numbers(memory.curve, (size_t)mlp->epochs));
    json_object_set_new(out, "network", network_json(mlp, &memory));
    return STATUS_OK;
}

const struct analysis_kind analysis_mlp = {
    .name = "mlp",
    .summary = "a neural network, tested on centers that it never saw",
    .tells_centers = true,
    .parse = parse,
    .release = release,
    .shape = mlp_shape,
    .parts = parts,
    .state_size = model_state_size,
    .contribute = mlp_contribute,
    .value_count = mlp_value_count,
    .memory_count = mlp_memory_count,
    .advance = mlp_advance,
    .conclude = conclude,
};
