#include "protocol/analysis/glm_rounds.h"

#include <math.h>
#define MATHLIB_STANDALONE 1
#include <Rmath.h>
#include <string.h>

#include "protocol/analysis/tally.h"

#define EPSILON 1e-12
#define STEP_EPSILON 1e-22
#define ITERATIONS_MAX 25

void glm_shape(const struct analysis *analysis, size_t width, struct shape *out)
{
    const struct glm *glm = analysis->model;
    const size_t p = glm_columns(analysis), extras = p * (p + 1) / 2 + p;
    const size_t own = extras + EXTRA_COUNT;
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
    return glm_columns(analysis);
}

size_t glm_memory_count(
    const struct analysis *analysis, const struct shape *shape_)
{
    (void)shape_;
    return MEMORY_VECTORS + 3 * glm_columns(analysis);
}

static enum status finish_rounds(
    double *memory, enum glm_outcome outcome, bool *done)
{
    memory[MEMORY_OUTCOME] = outcome;
    *done = true;
    return STATUS_OK;
}

/* The step from `values` (NULL: the coefficients themselves) into `next`, and
 * the inverse's diagonal into memory. */
static enum status take_step(const struct glm *glm, const int128 *sums,
    const double *values, double *memory, double *next)
{
    size_t p = glm->design->column_count;
    double *inverse = memory + MEMORY_VECTORS + 2 * p;
    const int128 *score = sums + p * (p + 1) / 2;
    struct least_squares fit;
    enum status status = least_squares_init(&fit, p);
    if (status != STATUS_OK)
        return status;
    for (size_t i = 0; i < p; i++) {
        for (size_t j = i; j < p; j++)
            least_squares_set(&fit, i, j, (wide)*sums++);
        least_squares_set(&fit, i, p, (wide)score[i]);
    }
    least_squares_solve(&fit);
    for (size_t i = 0; i < p; i++) {
        double step = fit.used[i] ? (double)*least_squares_at(&fit, i, p) : 0.0;
        next[i] = (values == NULL || !fit.used[i] ? 0.0 : values[i]) + step;
        inverse[i] =
            fit.used[i] ? ldexp((double)*least_squares_at(&fit, i, i), GLM_BITS)
                        : 0.0;
    }
    memory[MEMORY_RANK] = (double)fit.rank;
    memory[MEMORY_DECREMENT] = 0;
    for (size_t i = 0; i < p; i++)
        memory[MEMORY_DECREMENT] += ldexp((double)fit.effects[i], -GLM_BITS);
    least_squares_fini(&fit);
    return STATUS_OK;
}

/* Half way back to where all was well. */
static enum status halve(size_t p, uint32_t number, const double *values,
    double *memory, double *next, bool *done)
{
    const double *good = memory + MEMORY_VECTORS;
    if (number <= 2 || ++memory[MEMORY_HALVINGS] > ITERATIONS_MAX)
        return finish_rounds(memory, OUT_OF_RANGE, done);
    for (size_t i = 0; i < p; i++)
        next[i] = (values[i] + good[i]) / 2;
    return STATUS_OK;
}

enum status glm_advance(
    const struct analysis *analysis, struct summed_round *round)
{
    const struct glm *glm = analysis->model;
    const uint32_t number = round->number;
    const double *values = round->values;
    double *memory = round->memory, *next = round->next;
    bool *done = &round->done;
    size_t p = glm_columns(analysis);
    const int128 *sums =
        round->elements + round->shape->tables[0].first + COUNTS_CELL;
    const int128 *extras = sums + p * (p + 1) / 2 + p;
    double deviance = ldexp((double)extras[EXTRA_DEVIANCE], -GLM_BITS);
    double before = memory[MEMORY_EXTRAS + EXTRA_DEVIANCE];
    *done = false;
    if (extras[EXTRA_INVALID] != 0)
        return number == 1 ? finish_rounds(memory, INVALID_START, done)
                           : halve(p, number, values, memory, next, done);
    for (size_t i = 0; i < EXTRA_COUNT; i++)
        memory[MEMORY_EXTRAS + i] = ldexp((double)extras[i], -GLM_BITS);
    enum status status =
        take_step(glm, sums, number == 1 ? NULL : values, memory, next);
    if (status != STATUS_OK)
        return status;
    for (size_t i = 0; i < p; i++) {
        if (!isfinite(next[i]))
            return finish_rounds(memory, NOT_CONVERGED, done);
    }
    double *good = memory + MEMORY_VECTORS;
    for (size_t i = 0; number > 1 && i < p; i++)
        good[i] = values[i];
    memcpy(good + p, next, p * sizeof *next);
    memory[MEMORY_ITERATIONS] = number;
    double size = fabs(deviance) + 0.1;
    bool still = number > 1 && fabs(deviance - before) / size < EPSILON;
    if (still && memory[MEMORY_DECREMENT] / size < STEP_EPSILON)
        return finish_rounds(memory, CONVERGED, done);
    if (number > ITERATIONS_MAX)
        return finish_rounds(memory, still ? CONVERGED : NOT_CONVERGED, done);
    return STATUS_OK;
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
    read_triangle(analysis, shape_, elements, 1.0, triangle);
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
