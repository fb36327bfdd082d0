/*
 * pca: principal components of several variables, from the exact covariance
 * matrix. Its eigenvectors by Jacobi's rotations (Golub and Van Loan, Matrix
 * Computations, 8.5), the same bits on every machine. R: prcomp. A component's
 * sign is free: here its largest loading is positive.
 */
#include <math.h>
#include <stdlib.h>

#include "protocol/analysis/parameters.h"
#include "protocol/analysis/products.h"
#include "protocol/analysis/tally.h"

struct pca {
    int64_t components; /* 0: all */
    bool scale;
};

static enum status parse(struct analysis *analysis,
    const struct field *parameters, const struct dictionary *dictionary,
    struct diagnostic *diagnostic)
{
    static const char *const keys[] = {"variables", "components", "scale"};
    struct field field;
    struct pca *pca = calloc(1, sizeof *pca);
    analysis->model = pca;
    if (pca == NULL)
        return STATUS_NO_MEMORY;
    enum status status = field_expect_object(parameters, keys, 3, diagnostic);
    if (status == STATUS_OK)
        status = parameter_variables(
            analysis, parameters, USE_SUM, dictionary, diagnostic);
    if (status == STATUS_OK && analysis->variable_count < 2)
        return parameter_fail(parameters, "variables", diagnostic,
            "principal components are of two variables or more");
    if (status == STATUS_OK && field_find(&field, parameters, "scale"))
        status = field_boolean(&field, &pca->scale, diagnostic);
    if (status == STATUS_OK && field_find(&field, parameters, "components"))
        status = field_integer(&field, &pca->components, 1,
            (int64_t)analysis->variable_count, diagnostic);
    return status;
}

/* D9 counts what is told: a component is its variance and its loadings. */
static enum status shape(const struct analysis *analysis,
    const struct dictionary *dictionary, struct shape *out)
{
    const struct pca *pca = analysis->model;
    const size_t told =
        (size_t)pca->components * (analysis->variable_count + 1);
    enum status status = products_shape(analysis, dictionary, out);
    if (status == STATUS_OK && told > 0 && told < out->tables[0].parameters)
        out->tables[0].parameters = told;
    return status;
}

static void release(struct analysis *analysis)
{
    free(analysis->model);
    analysis->model = NULL;
}

/* ---- the eigenvectors of a symmetric matrix ---- */

#define SWEEPS_MAX 64

struct eigen {
    size_t m;
    wide *matrix;  /* [m * m]; in the end its diagonal are the eigenvalues */
    wide *vectors; /* [m * m], one a column */
    size_t *order; /* [m], the largest first */
};

static wide absolute(wide x)
{
    return x < 0 ? -x : x;
}

/* Newton's iteration from the double: no library of 113 bits is needed. */
static wide root(wide x)
{
    wide guess = (wide)sqrt((double)x);
    for (int i = 0; i < 3 && guess > 0; i++)
        guess = (guess + x / guess) / 2;
    return guess;
}

static void rotate(struct eigen *eigen, size_t p, size_t q)
{
    const size_t m = eigen->m;
    wide *a = eigen->matrix, *v = eigen->vectors;
    const wide tau = (a[q * m + q] - a[p * m + p]) / (2 * a[p * m + q]);
    const wide t = (tau >= 0 ? 1 : -1) / (absolute(tau) + root(1 + tau * tau));
    const wide c = 1 / root(1 + t * t), s = t * c;
    for (size_t k = 0; k < m; k++) {
        const wide x = a[k * m + p], y = a[k * m + q];
        a[k * m + p] = c * x - s * y;
        a[k * m + q] = s * x + c * y;
    }
    for (size_t k = 0; k < m; k++) {
        const wide x = a[p * m + k], y = a[q * m + k];
        a[p * m + k] = c * x - s * y;
        a[q * m + k] = s * x + c * y;
    }
    for (size_t k = 0; k < m; k++) {
        const wide x = v[k * m + p], y = v[k * m + q];
        v[k * m + p] = c * x - s * y;
        v[k * m + q] = s * x + c * y;
    }
}

static bool is_diagonal(const struct eigen *eigen)
{
    const size_t m = eigen->m;
    wide off = 0, on = 0;
    for (size_t i = 0; i < m; i++) {
        on += absolute(eigen->matrix[i * m + i]);
        for (size_t j = 0; j < i; j++)
            off += absolute(eigen->matrix[i * m + j]);
    }
    return off <= on * 1e-26;
}

static void diagonalize(struct eigen *eigen)
{
    const size_t m = eigen->m;
    for (size_t i = 0; i < m * m; i++)
        eigen->vectors[i] = i % (m + 1) == 0;
    for (int sweep = 0; sweep < SWEEPS_MAX && !is_diagonal(eigen); sweep++) {
        for (size_t p = 0; p < m; p++) {
            for (size_t q = p + 1; q < m; q++) {
                if (eigen->matrix[p * m + q] != 0)
                    rotate(eigen, p, q);
            }
        }
    }
    for (size_t i = 0; i < m; i++) {
        size_t at = i;
        for (; at > 0 && eigen->matrix[eigen->order[at - 1] * (m + 1)] <
                             eigen->matrix[i * (m + 1)];
             at--)
            eigen->order[at] = eigen->order[at - 1];
        eigen->order[at] = i;
    }
}

static enum status eigen_init(struct eigen *eigen, size_t m)
{
    *eigen = (struct eigen){.m = m,
        .matrix = calloc(2 * m * m, sizeof *eigen->matrix),
        .order = calloc(m, sizeof *eigen->order)};
    eigen->vectors = eigen->matrix + m * m;
    if (eigen->matrix != NULL && eigen->order != NULL)
        return STATUS_OK;
    free(eigen->matrix);
    free(eigen->order);
    return STATUS_NO_MEMORY;
}

static void eigen_fini(struct eigen *eigen)
{
    free(eigen->matrix);
    free(eigen->order);
}

/* ---- the result ---- */

/* A power of ten, and no wide function is needed. */
static wide resolution_of(const struct analysis *analysis,
    const struct dictionary *dictionary, size_t v)
{
    const struct variable *variable =
        &dictionary->variables[analysis->variables[v]];
    return variable_level_count(variable) > 0
               ? 1
               : (wide)variable_value(variable, 1);
}

/* The unit of a product of two variables: their resolutions, or one over their
 * standard deviations; 0 where one does not vary. */
static wide unit_of(const struct analysis *analysis,
    const struct dictionary *dictionary, const int128 *cell, size_t i, size_t j)
{
    const struct pca *pca = analysis->model;
    const size_t m = analysis->variable_count;
    const wide n = (wide)cell[CELL_ROWS];
    if (!pca->scale)
        return resolution_of(analysis, dictionary, i) *
               resolution_of(analysis, dictionary, j);
    const wide square =
        products_spread(cell, m, i, i) * products_spread(cell, m, j, j);
    return square > 0 ? n * (n - 1) / root(square) : 0;
}

/* False where a variable that is to be scaled does not vary. */
static bool fill(struct eigen *eigen, const struct analysis *analysis,
    const struct dictionary *dictionary, const int128 *cell)
{
    const size_t m = eigen->m;
    const wide n = (wide)cell[CELL_ROWS];
    for (size_t i = 0; i < m; i++) {
        for (size_t j = i; j < m; j++) {
            const wide unit = unit_of(analysis, dictionary, cell, i, j);
            const wide value = products_spread(cell, m, i, j) / (n * (n - 1));
            if (!(unit > 0))
                return false;
            eigen->matrix[i * m + j] = value * unit;
            eigen->matrix[j * m + i] = value * unit;
        }
    }
    return true;
}

static json_t *loadings(const struct eigen *eigen,
    const struct analysis *analysis, const struct dictionary *dictionary,
    size_t components)
{
    json_t *rows = json_array();
    const size_t m = eigen->m;
    for (size_t c = 0; c < components; c++) {
        const wide *column = eigen->vectors + eigen->order[c];
        size_t largest = 0;
        for (size_t v = 1; v < m; v++) {
            if (absolute(column[v * m]) > absolute(column[largest * m]))
                largest = v;
        }
        const int sign = column[largest * m] < 0 ? -1 : 1;
        for (size_t v = 0; v < m; v++)
            json_array_append_new(
                rows, json_pack("{s:I, s:s, s:f}", "component",
                          (json_int_t)c + 1, "variable",
                          dictionary->variables[analysis->variables[v]].name,
                          "loading", (double)(sign * column[v * m])));
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
                "eigenvalue", (double)value, "sd", (double)root(value));
        json_object_set_new(
            row, "proportion", json_number((double)(value / total)));
        json_object_set_new(
            row, "cumulative", json_number((double)(sum / total)));
        json_array_append_new(rows, row);
    }
    return rows;
}

static json_t *means_of(const struct analysis *analysis,
    const struct dictionary *dictionary, const int128 *cell)
{
    const struct pca *pca = analysis->model;
    const size_t m = analysis->variable_count;
    const double n = (double)cell[CELL_ROWS];
    json_t *rows = json_array();
    for (size_t v = 0; v < m; v++) {
        const wide unit = resolution_of(analysis, dictionary, v);
        const wide spread = products_spread(cell, m, v, v) / (n * (n - 1));
        json_t *row = json_pack("{s:s, s:f}", "variable",
            dictionary->variables[analysis->variables[v]].name, "mean",
            (double)((wide)cell[COUNTS_CELL + v] * unit / (wide)n));
        if (pca->scale)
            json_object_set_new(
                row, "sd", json_number((double)(root(spread) * unit)));
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
    const size_t m = analysis->variable_count;
    const size_t components = pca->components > 0 ? (size_t)pca->components : m;
    struct eigen eigen;
    if (!model_set_counts(out, elements, cell, min_cell))
        return STATUS_OK;
    if (cell[CELL_ROWS] < 2) {
        json_object_set_new(out, "message",
            json_string("fewer than two rows have all the variables"));
        return STATUS_OK;
    }
    enum status status = eigen_init(&eigen, m);
    if (status != STATUS_OK)
        return status;
    if (fill(&eigen, analysis, dictionary, cell)) {
        diagonalize(&eigen);
        json_object_set_new(out, "table", components_of(&eigen, components));
        json_object_set_new(out, "loadings",
            loadings(&eigen, analysis, dictionary, components));
        json_object_set_new(out, "means", means_of(analysis, dictionary, cell));
    } else {
        json_object_set_new(out, "message",
            json_string("a variable does not vary and cannot be scaled"));
    }
    eigen_fini(&eigen);
    return STATUS_OK;
}

const struct analysis_kind analysis_pca = {
    .name = "pca",
    .summary = "principal components of several variables",
    .parse = parse,
    .release = release,
    .shape = shape,
    .state_size = model_state_size,
    .contribute = products_contribute,
    .finish = finish,
};
