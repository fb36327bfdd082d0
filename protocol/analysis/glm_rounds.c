#include "protocol/analysis/glm_rounds.h"

#include <math.h>
#define MATHLIB_STANDALONE 1
#include <Rmath.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/analysis/tally.h"

#define EPSILON 1e-12
#define EPSILON_OF_R 1e-8
#define STEP_EPSILON 1e-22
#define STEP_SMALL 1e-14 /* a square, in standard errors */
#define ITERATIONS_MAX 25

void glm_shape(const struct analysis *analysis, size_t width, struct shape *out)
{
    const struct glm *glm = analysis->model;
    const size_t p = glm_columns(analysis), extras = p * (p + 1) / 2 + p;
    const size_t own = extras + EXTRA_COUNT + standard_count(&glm->columns);
    model_shape(out, own < width ? width : own, p);
    if (glm->family == FAMILY_BINOMIAL) {
        out->tables[0].events = COUNTS_CELL + extras + EXTRA_Y;
        out->tables[0].event_bits = GLM_BITS;
        out->tables[0].two_outcomes = true;
    }
}

/* ---- from round to round ---- */

size_t glm_value_count(
    const struct analysis *analysis, const struct shape *shape_)
{
    (void)shape_;
    const struct glm *glm = analysis->model;
    return glm_columns(analysis) + standard_count(&glm->columns);
}

size_t glm_memory_count(
    const struct analysis *analysis, const struct shape *shape_)
{
    (void)shape_;
    return MEMORY_VECTORS + VECTOR_COUNT * glm_columns(analysis);
}

static enum status finish_rounds(
    double *memory, enum glm_outcome outcome, bool *done)
{
    memory[MEMORY_OUTCOME] = outcome;
    *done = true;
    return STATUS_OK;
}

const int128 *glm_moments(const struct analysis *analysis, const int128 *cell)
{
    const size_t p = glm_columns(analysis);
    return cell + COUNTS_CELL + p * (p + 1) / 2 + p + EXTRA_COUNT;
}

void glm_levels(const struct analysis *analysis, const int128 *cell,
    struct design_levels *out)
{
    const struct glm *glm = analysis->model;
    const size_t p = glm_columns(analysis);
    const int128 *squares = glm_moments(analysis, cell) + p;
    wide numbers[DESIGN_COLUMNS_MAX];
    for (size_t j = 0; j < p; j++)
        numbers[j] = (wide)squares[j];
    design_find_levels(glm->design, numbers,
        (wide)cell[CELL_ROWS] * (wide)ldexp(1, DESIGN_BITS), out);
}

/* From the first round's sums, for all that follow. */
static void keep_standard(
    const struct analysis *analysis, const int128 *cell, double *memory)
{
    const struct glm *glm = analysis->model;
    double *out = glm_vector(analysis, memory, VECTOR_OUT);
    struct design_levels levels;
    standard_choose(&glm->columns, glm_moments(analysis, cell),
        cell[CELL_ROWS], glm_vector(analysis, memory, VECTOR_TOLD));
    glm_levels(analysis, cell, &levels);
    for (size_t j = 0; j < glm_columns(analysis); j++)
        out[j] = levels.out[j];
}

/* The estimates of the columns as they are, and their squared errors for a
 * dispersion of 1. */
static void keep_estimates(const struct analysis *analysis,
    const struct least_squares *fit, const double *next, double *memory)
{
    const struct glm *glm = analysis->model;
    const double *told = glm_vector(analysis, memory, VECTOR_TOLD);
    double *inverse = glm_vector(analysis, memory, VECTOR_INVERSE);
    standard_estimates(&glm->columns, told, next,
        glm_vector(analysis, memory, VECTOR_ESTIMATE));
    standard_inverse(&glm->columns, told, fit, inverse);
    for (size_t i = 0; i < fit->count; i++)
        inverse[i] = ldexp(inverse[i], GLM_BITS);
}

/* X'WX and X'W(z - eta), in units of 2^-GLM_BITS, as later rounds add them. */
static enum status fill_equations(const struct analysis *analysis,
    const int128 *sums, bool first, double *memory, struct least_squares *fit)
{
    const struct glm *glm = analysis->model;
    const size_t p = glm_columns(analysis), triangle = p * (p + 1) / 2;
    wide *numbers = calloc(triangle + p + 1, sizeof *numbers);
    if (numbers == NULL)
        return STATUS_NO_MEMORY;
    for (size_t k = 0; k < triangle + p; k++)
        numbers[k] = (wide)sums[k];
    if (first)
        standard_products(&glm->columns,
            glm_vector(analysis, memory, VECTOR_TOLD), numbers,
            numbers + triangle);
    for (size_t i = 0, k = 0; i < p; i++) {
        for (size_t j = i; j < p; j++)
            least_squares_set(fit, i, j, numbers[k++]);
        least_squares_set(fit, i, p, numbers[triangle + i]);
    }
    free(numbers);
    return STATUS_OK;
}

/* The step from `values` (NULL: the coefficients themselves) into `next`. */
/* NOLINTNEXTLINE(misc-no-recursion): once, for nothing is kept off twice */
static enum status take_step(const struct analysis *analysis,
    const int128 *sums, const double *values, double *memory, double *next)
{
    const struct glm *glm = analysis->model;
    const size_t p = glm_columns(analysis);
    const double *left = glm_vector(analysis, memory, VECTOR_OUT);
    bool out[DESIGN_COLUMNS_MAX];
    struct least_squares fit;
    enum status status = least_squares_init(&fit, p);
    if (status != STATUS_OK)
        return status;
    for (size_t i = 0; i < p; i++)
        out[i] = left[i] != 0;
    fit.out = out;
    status = fill_equations(analysis, sums, values == NULL, memory, &fit);
    if (status == STATUS_OK)
        least_squares_solve(&fit);
    if (status == STATUS_OK && values == NULL &&
        standard_keep_off(&glm->columns, fit.used,
            glm_vector(analysis, memory, VECTOR_TOLD))) {
        least_squares_fini(&fit);
        return take_step(analysis, sums, values, memory, next);
    }
    for (size_t i = 0; i < p; i++) {
        double step = fit.used[i] ? (double)*least_squares_at(&fit, i, p) : 0.0;
        next[i] = (values == NULL || !fit.used[i] ? 0.0 : values[i]) + step;
    }
    keep_estimates(analysis, &fit, next, memory);
    memory[MEMORY_RANK] = (double)fit.rank;
    memory[MEMORY_DECREMENT] = 0;
    for (size_t i = 0; i < p; i++)
        memory[MEMORY_DECREMENT] += ldexp((double)fit.effects[i], -GLM_BITS);
    least_squares_fini(&fit);
    return status;
}

/* Half way back to where all was well. */
static enum status halve(
    const struct analysis *analysis, struct summed_round *round)
{
    double *memory = round->memory;
    const double *good = glm_vector(analysis, memory, VECTOR_GOOD);
    if (round->number <= 2 || ++memory[MEMORY_HALVINGS] > ITERATIONS_MAX)
        return finish_rounds(memory, OUT_OF_RANGE, &round->done);
    for (size_t i = 0; i < glm_columns(analysis); i++)
        round->next[i] = (round->values[i] + good[i]) / 2;
    memcpy(round->next + glm_columns(analysis),
        glm_vector(analysis, memory, VECTOR_TOLD),
        2 * glm_columns(analysis) * sizeof *round->next);
    return STATUS_OK;
}

/* The step was taken. Where the deviance stands (as R has it) and the step does
 * not become small, an estimate grows for ever, in a logistic model by about 1
 * a step, at rows that it already tells. */
static enum status judge(
    const struct summed_round *round, double before, bool *done)
{
    double *memory = round->memory;
    const double deviance = memory[MEMORY_EXTRAS + EXTRA_DEVIANCE];
    const double size = fabs(deviance) + 0.1;
    const double decrement = memory[MEMORY_DECREMENT];
    const double moved =
        round->number > 1 ? fabs(deviance - before) / size : INFINITY;
    if (moved < EPSILON && decrement / size < STEP_EPSILON)
        return finish_rounds(memory, CONVERGED, done);
    if (round->number <= ITERATIONS_MAX)
        return STATUS_OK;
    return finish_rounds(memory,
        moved < EPSILON && decrement < STEP_SMALL ? CONVERGED
        : moved < EPSILON_OF_R                    ? UNBOUNDED
                                                  : NOT_CONVERGED,
        done);
}

enum status glm_advance(
    const struct analysis *analysis, struct summed_round *round)
{
    const bool first = round->number == 1;
    const double *values = first ? NULL : round->values;
    double *memory = round->memory, *next = round->next;
    const size_t p = glm_columns(analysis);
    const int128 *cell = round->elements + round->shape->tables[0].first;
    const int128 *sums = cell + COUNTS_CELL;
    const int128 *extras = sums + p * (p + 1) / 2 + p;
    const double before = memory[MEMORY_EXTRAS + EXTRA_DEVIANCE];
    round->done = false;
    if (first)
        keep_standard(analysis, cell, memory);
    if (extras[EXTRA_INVALID] != 0)
        return first ? finish_rounds(memory, INVALID_START, &round->done)
                     : halve(analysis, round);
    for (size_t i = 0; i < EXTRA_COUNT; i++)
        memory[MEMORY_EXTRAS + i] =
            ldexp((double)extras[i], -glm_extra_bits(analysis->model));
    enum status status = take_step(analysis, sums, values, memory, next);
    if (status != STATUS_OK)
        return status;
    memcpy(next + p, glm_vector(analysis, memory, VECTOR_TOLD),
        2 * p * sizeof *next);
    for (size_t i = 0; i < p; i++) {
        if (!isfinite(next[i]))
            return finish_rounds(memory, NOT_CONVERGED, &round->done);
    }
    if (!first)
        memcpy(glm_vector(analysis, memory, VECTOR_GOOD), values,
            p * sizeof *next);
    memcpy(glm_vector(analysis, memory, VECTOR_NEXT), next, p * sizeof *next);
    memory[MEMORY_ITERATIONS] = round->number;
    return judge(round, before, &round->done);
}

/* ---- weights, and D9 ---- */

double glm_start_weight(const struct glm *glm, double y)
{
    return glm_weight(
        glm, glm_link_value(glm->link, glm_start(glm->family, y)));
}

/* Whatever the linear predictor is, a row weighs 1. */
static bool has_unit_weights(const struct glm *glm)
{
    return (glm->family == FAMILY_GAUSSIAN && glm->link == LINK_IDENTITY) ||
           (glm->family == FAMILY_GAMMA && glm->link == LINK_LOG);
}

static const struct design *checked_design(const struct analysis *analysis)
{
    const struct glm *glm = analysis->model;
    return glm->design;
}

static void read_triangle(const struct analysis *analysis,
    const struct shape *shape_, const int128 *elements, double weight,
    wide *triangle)
{
    const size_t p = glm_columns(analysis);
    const int128 *sums = elements + shape_->tables[0].first + COUNTS_CELL;
    for (size_t k = 0; k < p * (p + 1) / 2; k++)
        triangle[k] = (wide)sums[k] * (wide)ldexp(1, -GLM_BITS) / (wide)weight;
}

static bool read_information(const struct analysis *analysis,
    const struct shape *shape_, const int128 *elements, const double *memory,
    wide *triangle)
{
    const struct glm *glm = analysis->model;
    read_triangle(analysis, shape_, elements, 1.0, triangle);
    if (memory[MEMORY_ITERATIONS] > 1)
        standard_products_back(&glm->columns,
            glm_kept(analysis, memory, VECTOR_TOLD), triangle);
    return memory[MEMORY_OUTCOME] == CONVERGED;
}

/* Where R's starting values give all rows one weight. */
static bool read_products(const struct analysis *analysis,
    const struct shape *shape_, const int128 *first, wide *triangle)
{
    const struct glm *glm = analysis->model;
    if (glm->link != LINK_LOGIT && !has_unit_weights(glm))
        return false;
    read_triangle(analysis, shape_, first, glm_start_weight(glm, 0), triangle);
    return true;
}

static double largest_weight(const struct analysis *analysis)
{
    const struct glm *glm = analysis->model;
    return glm->link == LINK_LOGIT ? 0.25
           : has_unit_weights(glm) ? 1.0
                                   : INFINITY;
}

const struct model_check glm_check = {
    .design = checked_design,
    .information = read_information,
    .products = read_products,
    .weights = glm_weights,
    .weight_max = largest_weight,
};
