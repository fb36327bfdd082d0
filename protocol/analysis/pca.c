/*
 * pca: principal components of several variables, or of the elements of one
 * vector, from the exact covariance matrix. R: prcomp. A component's sign is
 * free: here its largest loading is positive.
 */
#include <math.h>
#include <stdlib.h>

#include "protocol/analysis/eigen.h"
#include "protocol/analysis/parameters.h"
#include "protocol/analysis/products.h"
#include "protocol/analysis/sets.h"
#include "protocol/analysis/tally.h"

/* Loadings of one result: 2 MiB of JSON. */
#define LOADINGS_MAX 16384

struct pca {
    size_t count; /* variables, or elements of the vector */
    bool vector;
    int64_t components;
    bool scale;
    size_t *columns; /* [count] places among the dictionary's columns */
};

static enum status list_columns(struct pca *pca,
    const struct analysis *analysis, const struct dictionary *dictionary)
{
    const struct variable *first =
        &dictionary->variables[analysis->variables[0]];
    pca->count = pca->vector ? first->length : analysis->variable_count;
    pca->columns = calloc(pca->count, sizeof *pca->columns);
    if (pca->columns == NULL)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < pca->count; i++)
        pca->columns[i] =
            pca->vector ? first->first_element + i : analysis->variables[i];
    return STATUS_OK;
}

static enum status read_what(struct analysis *analysis,
    const struct field *parameters, const struct dictionary *dictionary,
    struct diagnostic *diagnostic)
{
    struct pca *pca = analysis->model;
    struct field field;
    pca->vector = field_find(&field, parameters, "vector");
    if (pca->vector && field_find(&field, parameters, "variables"))
        return field_fail(&field, diagnostic,
            "principal components are of variables or of one vector");
    enum status status = pca->vector
                             ? parameter_variable(analysis, parameters,
                                   "vector", USE_VECTOR, dictionary, diagnostic)
                             : parameter_variables(analysis, parameters,
                                   USE_SUM, dictionary, diagnostic);
    if (status == STATUS_OK)
        status = list_columns(pca, analysis, dictionary);
    analysis->mean_count = pca->vector ? 0 : analysis->variable_count;
    if (status == STATUS_OK && pca->count < 2)
        return parameter_fail(parameters, "variables", diagnostic,
            "principal components are of two variables or more");
    return status;
}

static enum status read_components(struct pca *pca,
    const struct field *parameters, struct diagnostic *diagnostic)
{
    struct field field;
    pca->components = (int64_t)pca->count;
    const bool has = field_find(&field, parameters, "components");
    enum status status = has ? field_integer(&field, &pca->components, 1,
                                   (int64_t)pca->count, diagnostic)
                             : STATUS_OK;
    if (status == STATUS_OK &&
        (size_t)pca->components * pca->count > LOADINGS_MAX) {
        status = field_fail(has ? &field : parameters, diagnostic,
            "%lld components of %zu loadings are too many to tell; ask for "
            "\"components\": %zu or fewer",
            /* NOLINTNEXTLINE(*-core.DivideZero): none are not too many */
            (long long)pca->components, pca->count, LOADINGS_MAX / pca->count);
    }
    return status;
}

static enum status parse(struct analysis *analysis,
    const struct field *parameters, const struct dictionary *dictionary,
    struct diagnostic *diagnostic)
{
    static const char *const keys[] = {
        "variables", "vector", "components", "scale"};
    struct field field;
    struct pca *pca = calloc(1, sizeof *pca);
    analysis->model = pca;
    if (pca == NULL)
        return STATUS_NO_MEMORY;
    enum status status = field_expect_object(parameters, keys, 4, diagnostic);
    if (status == STATUS_OK)
        status = read_what(analysis, parameters, dictionary, diagnostic);
    if (status == STATUS_OK && field_find(&field, parameters, "scale"))
        status = field_boolean(&field, &pca->scale, diagnostic);
    return status == STATUS_OK ? read_components(pca, parameters, diagnostic)
                               : status;
}

/* D9 counts what is told: a component is its variance and its loadings; the
 * means and the total of variances come once. */
static enum status shape(const struct analysis *analysis,
    const struct dictionary *dictionary, struct shape *out)
{
    const struct pca *pca = analysis->model;
    const size_t told = ((size_t)pca->components + 1) * (pca->count + 1);
    (void)dictionary;
    products_shape(out, pca->count);
    if (told < out->tables[0].parameters)
        out->tables[0].parameters = told;
    return STATUS_OK;
}

static size_t state_size(
    const struct analysis *analysis, const struct shape *shape_)
{
    const struct pca *pca = analysis->model;
    (void)shape_;
    return products_state_size(pca->count);
}

static void contribute(const struct analysis *analysis,
    const struct shape *shape_, const struct row_block *block, void *state,
    int128 *elements, struct cell_facts *facts)
{
    const struct pca *pca = analysis->model;
    (void)facts;
    products_add(
        &(struct products){.count = pca->count, .columns = pca->columns}, block,
        state, elements + shape_->tables[0].first);
}

static void release(struct analysis *analysis)
{
    struct pca *pca = analysis->model;
    if (pca != NULL)
        free(pca->columns);
    free(pca);
    analysis->model = NULL;
}

/* ---- the result ---- */

/* A power of ten, and no wide function is needed. */
static wide resolution_of(
    const struct pca *pca, const struct dictionary *dictionary, size_t v)
{
    const struct variable *variable = &dictionary->variables[pca->columns[v]];
    return variable_level_count(variable) > 0
               ? 1
               : (wide)variable_value(variable, 1);
}

/* The unit of a product of two variables: their resolutions, or one over their
 * standard deviations; 0 where one does not vary. */
static wide unit_of(const struct pca *pca, const struct dictionary *dictionary,
    const int128 *cell, size_t i, size_t j)
{
    const size_t m = pca->count;
    const wide n = (wide)cell[CELL_ROWS];
    if (!pca->scale)
        return resolution_of(pca, dictionary, i) *
               resolution_of(pca, dictionary, j);
    const wide square =
        products_spread(cell, m, i, i) * products_spread(cell, m, j, j);
    return square > 0 ? n * (n - 1) / wide_root(square) : 0;
}

/* False where a variable that is to be scaled does not vary. */
static bool fill(struct eigen *eigen, const struct pca *pca,
    const struct dictionary *dictionary, const int128 *cell)
{
    const size_t m = eigen->m;
    const wide n = (wide)cell[CELL_ROWS];
    for (size_t i = 0; i < m; i++) {
        for (size_t j = i; j < m; j++) {
            const wide unit = unit_of(pca, dictionary, cell, i, j);
            const wide value = products_spread(cell, m, i, j) / (n * (n - 1));
            if (!(unit > 0))
                return false;
            eigen->matrix[i * m + j] = value * unit;
            eigen->matrix[j * m + i] = value * unit;
        }
    }
    return true;
}

static json_t *loadings(const struct eigen *eigen, const struct pca *pca,
    const struct dictionary *dictionary)
{
    json_t *rows = json_array();
    const size_t m = eigen->m;
    for (size_t c = 0; c < (size_t)pca->components; c++) {
        const wide *vector = eigen->vectors + eigen->order[c] * m;
        size_t largest = 0;
        for (size_t v = 1; v < m; v++) {
            if (wide_absolute(vector[v]) > wide_absolute(vector[largest]))
                largest = v;
        }
        const int sign = vector[largest] < 0 ? -1 : 1;
        for (size_t v = 0; v < m; v++) {
            json_array_append_new(rows,
                json_pack("{s:I, s:s, s:f}", "component", (json_int_t)c + 1,
                    "variable", dictionary->variables[pca->columns[v]].name,
                    "loading", (double)(sign * vector[v])));
        }
    }
    return rows;
}

static json_t *components_of(const struct eigen *eigen, size_t components)
{
    json_t *rows = json_array();
    const size_t m = eigen->m;
    wide total = 0, sum = 0;
    for (size_t i = 0; i < m; i++)
        total += eigen->matrix[i * (m + 1)];
    for (size_t c = 0; c < components; c++) {
        wide value = eigen->matrix[eigen->order[c] * (m + 1)];
        value = value > 0 ? value : 0;
        sum += value;
        json_t *row =
            json_pack("{s:I, s:f, s:f}", "component", (json_int_t)c + 1,
                "eigenvalue", (double)value, "sd", (double)wide_root(value));
        json_object_set_new(
            row, "proportion", json_number((double)(value / total)));
        json_object_set_new(
            row, "cumulative", json_number((double)(sum / total)));
        json_array_append_new(rows, row);
    }
    return rows;
}

static json_t *means_of(const struct pca *pca,
    const struct dictionary *dictionary, const int128 *cell)
{
    const size_t m = pca->count;
    const double n = (double)cell[CELL_ROWS];
    json_t *rows = json_array();
    for (size_t v = 0; v < m; v++) {
        const wide unit = resolution_of(pca, dictionary, v);
        const wide spread = products_spread(cell, m, v, v) / (n * (n - 1));
        json_t *row = json_pack("{s:s, s:f}", "variable",
            dictionary->variables[pca->columns[v]].name, "mean",
            (double)((wide)cell[COUNTS_CELL + v] * unit / (wide)n));
        if (pca->scale)
            json_object_set_new(
                row, "sd", json_number((double)(wide_root(spread) * unit)));
        json_array_append_new(rows, row);
    }
    return rows;
}

static enum status finish(const struct analysis *analysis,
    const struct shape *shape_, const struct dictionary *dictionary,
    const int128 *elements, int64_t min_cell, json_t *out)
{
    const struct pca *pca = analysis->model;
    const int128 *cell = elements + shape_->tables[0].first;
    struct eigen eigen;
    if (!model_set_counts(out, elements, cell, min_cell))
        return STATUS_OK;
    if (cell[CELL_ROWS] < 2) {
        json_object_set_new(out, "message",
            json_string("fewer than two rows have all the variables"));
        return STATUS_OK;
    }
    enum status status = eigen_init(&eigen, pca->count);
    if (status != STATUS_OK)
        return status;
    if (!fill(&eigen, pca, dictionary, cell)) {
        json_object_set_new(out, "message",
            json_string("a variable does not vary and cannot be scaled"));
    } else if ((status = eigen_solve(&eigen)) == STATUS_OK) {
        json_object_set_new(
            out, "table", components_of(&eigen, (size_t)pca->components));
        json_object_set_new(out, "loadings", loadings(&eigen, pca, dictionary));
        json_object_set_new(out, "means", means_of(pca, dictionary, cell));
    }
    eigen_fini(&eigen);
    return status;
}

const struct analysis_kind analysis_pca = {
    .name = "pca",
    .summary = "principal components of several variables or of a vector",
    .parse = parse,
    .release = release,
    .shape = shape,
    .parts = parts_of_complete,
    .state_size = state_size,
    .contribute = contribute,
    .finish = finish,
};
