#include "protocol/analysis/roc_curve.h"

#include <math.h>
#include <stdlib.h>

#define MATHLIB_STANDALONE
#include <Rmath.h>

#include "protocol/analysis/tally.h"

void roc_curve_begin(double *curve, double with, double without)
{
    for (size_t i = 0; i < ROC_CURVE_SIZE; i++)
        curve[i] = 0;
    curve[CURVE_WITH] = with;
    curve[CURVE_WITHOUT] = without;
    curve[CURVE_BEST] = -1;
}

/* Each one with the outcome is compared with all without it: a lower score of
 * theirs counts 1, the same 1/2. The variance is that of these means. Here all
 * is whole: twice the ones that are lower, and so on. */
static void add_area(double *curve, const struct roc_step *step)
{
    const double mine = 2 * curve[CURVE_PASSED_WITHOUT] + step->without;
    const double above =
        curve[CURVE_WITH] - curve[CURVE_PASSED_WITH] - step->with;
    const double theirs = 2 * above + step->with;
    curve[CURVE_SUM] += step->with * mine;
    curve[CURVE_SQUARES] += step->with * mine * mine;
    curve[CURVE_OTHER] += step->without * theirs * theirs;
}

static void add_point(double *curve, double key)
{
    double *point = curve + CURVE_POINT + 3 * (size_t)curve[CURVE_POINTS];
    if (curve[CURVE_POINTS] >= ROC_POINTS_MAX)
        return;
    point[0] = key;
    point[1] = curve[CURVE_LAST_WITH] = curve[CURVE_PASSED_WITH];
    point[2] = curve[CURVE_LAST_WITHOUT] = curve[CURVE_PASSED_WITHOUT];
    curve[CURVE_POINTS]++;
}

static bool may_stand(double with, double without, int64_t min_cell)
{
    return with >= (double)min_cell && without >= (double)min_cell;
}

/* Whether there is a point before the next step: enough people since the last
 * one, and after it. */
static bool is_point(const double *curve, int64_t min_cell)
{
    const double with = curve[CURVE_PASSED_WITH] - curve[CURVE_LAST_WITH];
    const double without =
        curve[CURVE_PASSED_WITHOUT] - curve[CURVE_LAST_WITHOUT];
    const double all = curve[CURVE_WITH] + curve[CURVE_WITHOUT];
    if ((with + without) * (ROC_POINTS_MAX - 1) < all)
        return false;
    return min_cell <= 1 ||
           (may_stand(with, without, min_cell) &&
               may_stand(curve[CURVE_WITH] - curve[CURVE_PASSED_WITH],
                   curve[CURVE_WITHOUT] - curve[CURVE_PASSED_WITHOUT],
                   min_cell));
}

/* Before each step a threshold: those at it or above are positive. */
void roc_curve_add(double *curve, const struct roc_step *step, int64_t min_cell)
{
    const bool first =
        curve[CURVE_PASSED_WITH] + curve[CURVE_PASSED_WITHOUT] <= 0;
    /* Youden's index, times the people of both outcomes: whole */
    const double index = curve[CURVE_PASSED_WITHOUT] * curve[CURVE_WITH] -
                         curve[CURVE_PASSED_WITH] * curve[CURVE_WITHOUT];
    if (step->with + step->without <= 0)
        return;
    if (index > curve[CURVE_BEST]) {
        curve[CURVE_BEST] = index;
        curve[CURVE_BEST_WITH] = curve[CURVE_PASSED_WITH];
        curve[CURVE_BEST_WITHOUT] = curve[CURVE_PASSED_WITHOUT];
        curve[CURVE_BEST_LOW] = step->low;
        curve[CURVE_BEST_HIGH] = step->high;
    }
    /* The lowest score of all is one patient's. */
    if (first)
        add_point(curve, min_cell > 1 ? NAN : step->low);
    else if (is_point(curve, min_cell))
        add_point(curve, step->low);
    add_area(curve, step);
    curve[CURVE_PASSED_WITH] += step->with;
    curve[CURVE_PASSED_WITHOUT] += step->without;
}

static void set_area(json_t *out, const double *curve, double level)
{
    const long double m = curve[CURVE_WITH], n = curve[CURVE_WITHOUT];
    const long double sum = curve[CURVE_SUM];
    const double auc = (double)(sum / (2 * m * n));
    const long double mine =
        (curve[CURVE_SQUARES] - sum * sum / m) / (4 * n * n) / (m - 1) / m;
    const long double theirs =
        (curve[CURVE_OTHER] - sum * sum / n) / (4 * m * m) / (n - 1) / n;
    const double half = qnorm((1 - level) / 2, 0, 1, 0, 0) *
                        sqrt((double)fmaxl(mine + theirs, 0));
    const bool varies = m > 1 && n > 1; /* one of an outcome has no variance */
    json_object_set_new(out, "auc", json_number(auc));
    json_object_set_new(
        out, "conf_low", json_number(varies ? fmax(auc - half, 0) : NAN));
    json_object_set_new(
        out, "conf_high", json_number(varies ? fmin(auc + half, 1) : NAN));
    json_object_set_new(out, "events", json_count(curve[CURVE_WITH]));
}

/* People with the outcome and without it, below the best threshold and above:
 * with the totals its sensitivity and specificity tell them. */
static bool best_shows_few(const double *curve, int64_t min_cell)
{
    const double with = curve[CURVE_BEST_WITH];
    const double without = curve[CURVE_BEST_WITHOUT];
    return few_counted(with, min_cell) || few_counted(without, min_cell) ||
           few_counted(curve[CURVE_WITH] - with, min_cell) ||
           few_counted(curve[CURVE_WITHOUT] - without, min_cell);
}

static void set_best(json_t *out, const double *curve, double score)
{
    const double with = curve[CURVE_WITH], without = curve[CURVE_WITHOUT];
    json_object_set_new(
        out, "youden", json_number(curve[CURVE_BEST] / (with * without)));
    json_object_set_new(out, "threshold", json_number(score));
    json_object_set_new(out, "sensitivity",
        json_number((with - curve[CURVE_BEST_WITH]) / with));
    json_object_set_new(
        out, "specificity", json_number(curve[CURVE_BEST_WITHOUT] / without));
}

/* Few people lie between a point and the best threshold, where that is told.
 */
static bool is_near_best(
    const double *curve, const double *point, int64_t min_cell)
{
    return !best_shows_few(curve, min_cell) &&
           (few_counted(fabs(point[1] - curve[CURVE_BEST_WITH]), min_cell) ||
               few_counted(
                   fabs(point[2] - curve[CURVE_BEST_WITHOUT]), min_cell));
}

static json_t *point_rows(
    const double *curve, int64_t min_cell, roc_score_of *score, const void *arg)
{
    json_t *rows = json_array();
    for (size_t i = 0; i < (size_t)curve[CURVE_POINTS]; i++) {
        const double *point = curve + CURVE_POINT + 3 * i;
        if (is_near_best(curve, point, min_cell))
            continue;
        json_t *row = json_object();
        json_object_set_new(row, "threshold",
            json_number(isnan(point[0]) ? NAN : score(arg, point[0])));
        json_object_set_new(row, "sensitivity",
            json_number((curve[CURVE_WITH] - point[1]) / curve[CURVE_WITH]));
        json_object_set_new(
            row, "specificity", json_number(point[2] / curve[CURVE_WITHOUT]));
        json_array_append_new(rows, row);
    }
    return rows;
}

void roc_set_curve(json_t *out, const double *curve, double level,
    int64_t min_cell, roc_score_of *score, const void *arg)
{
    if (!(curve[CURVE_WITH] > 0 && curve[CURVE_WITHOUT] > 0)) {
        json_object_set_new(
            out, "message", json_string("all patients have the same outcome"));
        return;
    }
    set_area(out, curve, level);
    if (best_shows_few(curve, min_cell)) {
        json_object_set_new(out, "youden", json_suppressed());
        json_object_set_new(out, "message",
            json_string(
                "the best threshold (Youden) is withheld: too few people with "
                "or without the outcome lie on one side of it; the points of "
                "the curve that are shown are exact"));
    } else {
        set_best(out, curve, score(arg, curve[CURVE_BEST_LOW]));
    }
    json_object_set_new(out, "table", point_rows(curve, min_cell, score, arg));
}

enum status roc_set_counts(json_t *out, const struct roc_counts *counts,
    double level, int64_t min_cell, roc_score_of *score, const void *arg)
{
    double with = 0, without = 0;
    double *curve = calloc(ROC_CURVE_SIZE, sizeof *curve);
    if (curve == NULL)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < counts->count; i++) {
        with += counts->with[i];
        without += counts->without[i];
    }
    roc_curve_begin(curve, with, without);
    for (size_t i = 0; i < counts->count; i++) {
        const struct roc_step step = {
            (double)i, (double)i + 1, counts->with[i], counts->without[i]};
        roc_curve_add(curve, &step, min_cell);
    }
    roc_set_curve(out, curve, level, min_cell, score, arg);
    free(curve);
    return STATUS_OK;
}

#define CALIBRATION_GROUPS 10

struct tenth {
    double with, without, expected;
};

static bool is_few(const struct tenth *tenth, int64_t min_cell)
{
    return few_counted(tenth->with, min_cell) ||
           few_counted(tenth->without, min_cell);
}

static json_t *tenth_row(const struct tenth *tenth, int64_t min_cell)
{
    const double n = tenth->with + tenth->without;
    json_t *row = json_pack("{s:o, s:o}", "n", json_count(n), "expected",
        json_number(tenth->expected / n));
    json_object_set_new(row, "observed",
        is_few(tenth, min_cell) ? json_suppressed()
                                : json_number(tenth->with / n));
    return row;
}

/* Those at the end that are few are joined to the tenth before. */
static void add_tenths(
    json_t *rows, struct tenth *tenths, size_t count, int64_t min_cell)
{
    if (count > 1 && is_few(&tenths[count - 1], min_cell)) {
        count--;
        tenths[count - 1].with += tenths[count].with;
        tenths[count - 1].without += tenths[count].without;
        tenths[count - 1].expected += tenths[count].expected;
    }
    for (size_t i = 0; i < count; i++)
        json_array_append_new(rows, tenth_row(&tenths[i], min_cell));
}

/* A tenth of few with or without the outcome goes on: were it withheld alone,
 * what all others and the expected sum leave would tell it. */
json_t *roc_calibration(const struct roc_counts *bins, int64_t min_cell)
{
    json_t *rows = json_array();
    struct tenth tenths[CALIBRATION_GROUPS + 1] = {{0}};
    struct tenth *tenth = tenths;
    double total = 0, seen = 0, group = 1;
    for (size_t i = 0; i < bins->count; i++)
        total += bins->with[i] + bins->without[i];
    for (size_t i = 0; i < bins->count; i++) {
        tenth->with += bins->with[i];
        tenth->without += bins->without[i];
        tenth->expected += bins->expected[i];
        seen += bins->with[i] + bins->without[i];
        const bool goes_on = seen * CALIBRATION_GROUPS < group * total ||
                             is_few(tenth, min_cell) ||
                             tenth == tenths + CALIBRATION_GROUPS;
        if (tenth->with + tenth->without <= 0 ||
            (goes_on && i + 1 < bins->count))
            continue;
        group = fmax(group, floor(seen * CALIBRATION_GROUPS / total) + 1);
        tenth++;
    }
    add_tenths(rows, tenths, (size_t)(tenth - tenths), min_cell);
    return rows;
}
