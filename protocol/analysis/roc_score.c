#include "protocol/analysis/roc_score.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/analysis/parameters.h"

#define SQUARE_BITS 40 /* of a score's square, which may be large */

enum sums { SUM_SCORE, SUM_SQUARE };

/* ---- parameters ---- */

/* A released term that was left out is null: it counts nothing. */
static enum status read_coefficient(double *out, const struct field *object,
    const char *name, bool needed, struct diagnostic *diagnostic)
{
    struct field field;
    *out = 0;
    if (field_find(&field, object, name))
        return field_real(&field, out, diagnostic);
    if (needed && json_object_get(object->value, name) == NULL)
        return field_fail(object, diagnostic,
            "no coefficient of '%s'; null where the model left it out", name);
    return STATUS_OK;
}

static enum status read_coefficients(struct roc_score *score,
    const struct design *design, const struct field *object,
    struct diagnostic *diagnostic)
{
    const char *names[DESIGN_COLUMNS_MAX];
    const size_t p = design->column_count;
    for (size_t j = 0; j < p; j++)
        names[j] = design->columns[j].name;
    enum status status = field_expect_object(object, names, p, diagnostic);
    for (size_t j = 0; status == STATUS_OK && j < p; j++) {
        const bool intercept = design->columns[j].term == 0;
        status = read_coefficient(&score->coefficients[j], object, names[j],
            !intercept || score->is_probability, diagnostic);
        score->coefficients[j] *= design->columns[j].scale;
    }
    return status;
}

enum status roc_score_parse(struct roc_score *score,
    const struct design *design, const struct field *parameters,
    struct diagnostic *diagnostic)
{
    struct field field, object;
    const char *kind = "";
    if (!field_find(&object, parameters, "coefficients")) {
        return field_find(&field, parameters, "score") ||
                       field_find(&field, parameters, "of")
                   ? field_fail(
                         &field, diagnostic, "a score has \"coefficients\"")
                   : STATUS_OK;
    }
    enum status status = field_get(&field, parameters, "score", diagnostic);
    if (status == STATUS_OK)
        status = field_text(&field, &kind, 16, diagnostic);
    if (status != STATUS_OK)
        return status;
    score->is_probability = strcmp(kind, "probability") == 0;
    if (!score->is_probability && strcmp(kind, "linear") != 0)
        return field_fail(
            &field, diagnostic, "a score is \"probability\" or \"linear\"");
    score->coefficients =
        calloc(design->column_count, sizeof *score->coefficients);
    return score->coefficients == NULL
               ? STATUS_NO_MEMORY
               : read_coefficients(score, design, &object, diagnostic);
}

/* ---- rows ---- */

struct adding {
    const struct roc_score *score;
    const struct glm *glm;
    const struct row_block *block;
    uint64_t *last;
    int128 *cell;
};

static double logistic(double eta)
{
    return glm_mean(LINK_LOGIT, eta);
}

double roc_score_unit(
    const struct roc_score *score, const double *values, double eta)
{
    if (score->coefficients == NULL || score->is_probability)
        return eta;
    return values[SCORE_SD] > 0 ? (eta - values[SCORE_MEAN]) / values[SCORE_SD]
                                : 0;
}

double roc_score_eta(
    const struct roc_score *score, const double *values, double unit)
{
    if (score->coefficients == NULL || score->is_probability)
        return unit;
    return values[SCORE_MEAN] + values[SCORE_SD] * unit;
}

static void add_row(void *arg, size_t row, const double *x)
{
    const struct adding *to = arg;
    const double *values = to->block->values;
    const double eta = glm_linear(to->glm, x, to->score->coefficients);
    int128 *sums = to->cell + COUNTS_CELL;
    model_count_row(to->block, row, to->last, to->cell);
    if (to->score->is_probability || values != NULL) {
        roc_count(sums, x[to->glm->design->column_count] != 0,
            logistic(roc_score_unit(to->score, values, eta)));
    } else {
        sums[SUM_SCORE] += design_fixed(eta, GLM_BITS);
        sums[SUM_SQUARE] += design_fixed(eta * eta, SQUARE_BITS);
    }
}

void roc_score_contribute(const struct roc_score *score, const struct glm *glm,
    const struct row_block *block, uint64_t *last, int128 *cell)
{
    struct adding to = {score, glm, block, last, cell};
    model_each_row(glm->design, block, add_row, &to);
}

/* ---- from round to round ---- */

bool roc_score_is_counted(const struct roc_score *score, const int128 *cell,
    double *next, const double *values)
{
    const double n = (double)cell[CELL_ROWS];
    const int128 *sums = cell + COUNTS_CELL;
    if (score->is_probability || values != NULL || n < 1)
        return true;
    const double mean = ldexp((double)sums[SUM_SCORE], -GLM_BITS) / n;
    const double square = ldexp((double)sums[SUM_SQUARE], -SQUARE_BITS) / n;
    next[SCORE_MEAN] = mean;
    next[SCORE_SD] = sqrt(fmax(square - mean * mean, 0));
    next[SCORE_COUNTED] = COUNTED_BINS;
    return false;
}
