/* pca of a vector; the solver of large matrices against the exact one. */
#include <math.h>
#include <stdlib.h>

#include "protocol/analysis/eigen.h"
#include "protocol/query/cohort.h"

#include "analysis_fixture.h"

#define ROWS 24
#define LENGTH 4
#define COLUMNS (3 + LENGTH)

static struct table shapes;

/* 24 rows in R: i = 0:23; v1 = (7i) %% 41 - 20, v2 = (11i) %% 37, v3 = v1 + i,
 * v4 = (5i^2) %% 29, each times 0.1; the vector of i = 5 is missing. */
static int setup(void **state)
{
    static int32_t codes[ROWS][COLUMNS];
    (void)state;
    for (int32_t i = 0; i < ROWS; i++) {
        const int32_t v[LENGTH] = {
            7 * i % 41 - 20, 11 * i % 37, 7 * i % 41 - 20 + i, 5 * i * i % 29};
        codes[i][0] = 30 + i;
        codes[i][1] = i == 5 ? VALUE_MISSING : 0;
        codes[i][2] = i % 2;
        for (size_t k = 0; k < LENGTH; k++)
            codes[i][3 + k] = i == 5 ? VALUE_MISSING : v[k];
    }
    table_create(&shapes,
        "{\"id\":\"s\",\"variables\":["
        "{\"name\":\"age\",\"type\":\"integer\",\"min\":0,\"max\":120},"
        "{\"name\":\"shape\",\"type\":\"vector\",\"length\":4,"
        "\"resolution\":0.1,\"min\":-10,\"max\":10},"
        "{\"name\":\"sex\",\"type\":\"boolean\"}]}",
        codes[0], ROWS, NULL);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    table_destroy(&shapes);
    return 0;
}

static void test_pca_of_a_vector_is_prcomp(void **state)
{
    (void)state;
    json_t *results = results_of(
        &shapes, "{\"analyses\":[{\"pca\":{\"vector\":\"shape\"}}]}");
    const json_t *entry = json_array_get(results, 0);
    assert_integer(entry, "n", 23);
    assert_integer(entry, "missing", 1);
    /* prcomp(v[-6, ])$sdev^2 */
    static const double variances[LENGTH] = {4.0280801255703489,
        1.300222739161025, 0.89901878078652697, 0.14848863116194116};
    for (size_t k = 0; k < LENGTH; k++)
        assert_relative(
            row_of(results, 0, k), "eigenvalue", variances[k], 1e-12);
    /* prcomp(v[-6, ])$rotation[, 1], the largest positive */
    static const double first[LENGTH] = {0.5760382818311236, 0.1081333781653101,
        0.80371431668549276, 0.10261757912939035};
    const json_t *loadings = json_object_get(entry, "loadings");
    assert_int_equal(json_array_size(loadings), LENGTH * LENGTH);
    for (size_t k = 0; k < LENGTH; k++)
        assert_relative(
            json_array_get(loadings, k), "loading", first[k], 1e-11);
    assert_text(json_array_get(loadings, 1), "variable", "shape[2]");
    json_decref(results);
}

static void test_a_vector_gives_the_same_bytes_at_any_split(void **state)
{
    (void)state;
    assert_same_bytes_at_any_split(&shapes,
        "{\"by\":[\"sex\"],\"analyses\":[{\"pca\":{\"vector\":\"shape\"}},"
        "{\"lm\":{\"formula\":\"I(shape[1] - 2*shape[4]) ~ age\"}}]}");
}

static void test_other_analyses_say_what_takes_a_vector(void **state)
{
    (void)state;
    static const char *const pca[][2] = {
        {"{\"vector\":\"age\"}", "'age' is no vector"},
        {"{\"vector\":\"form\"}", "no variable 'form'"},
        {"{\"variables\":[\"shape\",\"age\"]}", "pca takes it whole"},
        {"{\"variables\":[\"age\"],\"vector\":\"shape\"}", "or of one vector"},
        {"{\"vector\":\"shape\",\"components\":5}", "4"},
        {"{}", "'variables' is missing"},
    };
    assert_refused(&shapes, "pca", pca, sizeof pca / sizeof pca[0]);
    static const char *const summary[][2] = {
        {"{\"variables\":[\"age\",\"shape\"]}", "shape[1] to shape[4]"},
        {"{\"variables\":[\"shape[5]\"]}", "shape[1] to shape[4]"}};
    assert_refused(&shapes, "summary", summary, 2);
    static const char *const lm[][2] = {
        {"{\"formula\":\"age ~ shape\"}", "shape[1] to shape[4]"}};
    assert_refused(&shapes, "lm", lm, 1);
    struct cohort *cohort = NULL;
    struct cohort_error error;
    assert_int_equal(cohort_parse(&cohort, "age > 3 and shape > 1",
                         shapes.dictionary, &error),
        STATUS_MALFORMED);
    assert_int_equal(error.offset, 12);
    assert_non_null(strstr(error.message, "a vector of 4 numbers"));
}

/* One vector of 620 elements is a vector of sums that fits a message; what is
 * told of it has a limit. */
static void test_a_long_vector_fits_and_says_how_many_components(void **state)
{
    (void)state;
    struct table table;
    char message[1024];
    table_create(&table,
        "{\"id\":\"s\",\"variables\":[{\"name\":\"shape\",\"type\":\"vector\","
        "\"length\":620,\"resolution\":0.1,\"min\":-10,\"max\":10},"
        "{\"name\":\"mesh\",\"type\":\"vector\","
        "\"length\":640,\"resolution\":0.1,\"min\":-10,\"max\":10}]}",
        NULL, 0, NULL);
    assert_int_equal(plan_status(&table,
                         "{\"analyses\":[{\"pca\":{\"vector\":\"shape\","
                         "\"components\":26}}]}",
                         message),
        STATUS_OK);
    assert_int_not_equal(
        plan_status(&table, "{\"analyses\":[{\"pca\":{\"vector\":\"shape\"}}]}",
            message),
        STATUS_OK);
    assert_non_null(strstr(message, "\"components\": 26 or fewer"));
    assert_int_equal(plan_status(&table,
                         "{\"analyses\":[{\"pca\":{\"vector\":\"mesh\","
                         "\"components\":2}}]}",
                         message),
        STATUS_TOO_LARGE);
    table_destroy(&table);
}

/* ---- the solver of large matrices ---- */

#define LARGE ((size_t)EIGEN_EXACT_MAX + 17)

static wide turned(const double *v, double square, size_t i, size_t j)
{
    wide sum = 0;
    for (size_t k = 0; k < LARGE; k++) {
        const wide a = (i == k) - 2 * (wide)(v[i] * v[k]) / square;
        const wide b = (j == k) - 2 * (wide)(v[j] * v[k]) / square;
        sum += a * b * (wide)(LARGE - k);
    }
    return sum;
}

/* A matrix with known values, LARGE to 1, turned by one reflection. */
static void fill(struct eigen *eigen)
{
    double v[LARGE], square = 0;
    for (size_t i = 0; i < LARGE; i++) {
        v[i] = 1 + (double)(i * i % 7);
        square += v[i] * v[i];
    }
    for (size_t i = 0; i < LARGE; i++) {
        for (size_t j = 0; j < LARGE; j++) {
            eigen->matrix[i * LARGE + j] = turned(v, square, i, j);
        }
    }
}

static void test_a_large_matrix_has_its_values_and_vectors(void **state)
{
    (void)state;
    struct eigen eigen;
    assert_int_equal(eigen_init(&eigen, LARGE), STATUS_OK);
    wide *matrix = malloc(LARGE * LARGE * sizeof *matrix);
    assert_non_null(matrix);
    fill(&eigen);
    memcpy(matrix, eigen.matrix, LARGE * LARGE * sizeof *matrix);
    assert_int_equal(eigen_solve(&eigen), STATUS_OK);
    for (size_t c = 0; c < LARGE; c++) {
        const size_t at = eigen.order[c];
        const double value = (double)eigen.matrix[at * (LARGE + 1)];
        const wide *vector = eigen.vectors + at * LARGE;
        assert_true(fabs(value - (double)(LARGE - c)) < 1e-12 * LARGE);
        for (size_t i = 0; i < LARGE; i++) {
            wide sum = 0;
            for (size_t j = 0; j < LARGE; j++)
                sum += matrix[i * LARGE + j] * vector[j];
            assert_true(
                fabs((double)(sum - value * vector[i])) < 1e-12 * LARGE);
        }
    }
    free(matrix);
    eigen_fini(&eigen);
}

static void test_a_large_matrix_of_low_rank_is_solved(void **state)
{
    (void)state;
    struct eigen eigen;
    for (int rank = 0; rank < 2; rank++) {
        assert_int_equal(eigen_init(&eigen, LARGE), STATUS_OK);
        for (size_t i = 0; i < LARGE * LARGE; i++)
            eigen.matrix[i] = rank * 1e-9;
        assert_int_equal(eigen_solve(&eigen), STATUS_OK);
        const double first = (double)eigen.matrix[eigen.order[0] * (LARGE + 1)];
        assert_true(fabs(first - rank * 1e-9 * LARGE) < 1e-20);
        eigen_fini(&eigen);
    }
}

/* Of rows i the products of 7 numbers sin(i k): 7 values above nothing, and the
 * rest of rounding. */
static void test_a_large_matrix_with_noise_alone_below_is_solved(void **state)
{
    (void)state;
    struct eigen eigen;
    assert_int_equal(eigen_init(&eigen, LARGE), STATUS_OK);
    double trace = 0, sum = 0;
    for (size_t i = 0; i < LARGE; i++) {
        for (size_t j = 0; j < LARGE; j++) {
            for (size_t k = 1; k <= 7; k++)
                eigen.matrix[i * LARGE + j] +=
                    sin((double)(i * k)) * sin((double)(j * k));
        }
        trace += (double)eigen.matrix[i * (LARGE + 1)];
    }
    assert_int_equal(eigen_solve(&eigen), STATUS_OK);
    for (size_t c = 0; c < LARGE; c++) {
        const double value = (double)eigen.matrix[eigen.order[c] * (LARGE + 1)];
        assert_true(c < 7 ? value > 1 : fabs(value) < 1e-11);
        sum += value;
    }
    assert_true(fabs(sum - trace) < 1e-11 * trace);
    eigen_fini(&eigen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pca_of_a_vector_is_prcomp),
        cmocka_unit_test(test_a_vector_gives_the_same_bytes_at_any_split),
        cmocka_unit_test(test_other_analyses_say_what_takes_a_vector),
        cmocka_unit_test(test_a_long_vector_fits_and_says_how_many_components),
        cmocka_unit_test(test_a_large_matrix_has_its_values_and_vectors),
        cmocka_unit_test(test_a_large_matrix_of_low_rank_is_solved),
        cmocka_unit_test(test_a_large_matrix_with_noise_alone_below_is_solved),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
