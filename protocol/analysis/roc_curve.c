#include "protocol/analysis/roc_curve.h"

#include <math.h>

#define MATHLIB_STANDALONE
#include <Rmath.h>

#include "protocol/analysis/tally.h"

struct area {
    double with, without; /* people of each outcome */
    long double auc, variance;
};

/* Each one with the outcome is compared with all without it: a lower score of
 * theirs counts 1, the same 1/2. The variance is that of these means. */
static struct area area_of(const struct roc_counts *counts)
{
    struct area area = {0};
    long double below = 0, above = 0, sum = 0, squares = 0, other = 0;
    for (size_t i = 0; i < counts->count; i++) {
        area.with += counts->with[i];
        area.without += counts->without[i];
    }
    above = area.with;
    for (size_t i = 0; i < counts->count; i++) {
        const long double w = counts->with[i], o = counts->without[i];
        above -= w;
        const long double mine = (below + o / 2) / area.without;
        const long double theirs = (above + w / 2) / area.with;
        sum += w * mine;
        squares += w * mine * mine;
        other += o * theirs * theirs;
        below += o;
    }
    const long double m = area.with, n = area.without;
    area.auc = sum / m;
    area.variance = (squares - m * area.auc * area.auc) / (m - 1) / m +
                    (other - n * area.auc * area.auc) / (n - 1) / n;
    return area;
}

struct point {
    double sensitivity, specificity;
};

static json_t *point_row(double threshold, const struct point *point)
{
    json_t *row = json_object();
    json_object_set_new(row, "threshold", json_number(threshold));
    json_object_set_new(row, "sensitivity", json_number(point->sensitivity));
    json_object_set_new(row, "specificity", json_number(point->specificity));
    return row;
}

static bool may_stand(double with, double without, int64_t min_cell)
{
    return with >= (double)min_cell && without >= (double)min_cell;
}

/* Before each place a threshold: those at it or above are positive. */
static void walk(json_t *out, const struct roc_counts *counts,
    const struct area *area, int64_t min_cell)
{
    json_t *rows = json_array();
    double with = 0, without = 0, last_with = 0, last_without = 0, best = -1;
    struct point youden = {0};
    double threshold = NAN;
    for (size_t i = 0; i < counts->count; i++) {
        if (counts->with[i] + counts->without[i] <= 0)
            continue;
        const struct point here = {
            1 - with / area->with, without / area->without};
        const double index = here.sensitivity + here.specificity - 1;
        const bool first = with + without <= 0;
        /* The lowest score of all is one patient's. */
        const double score =
            first && min_cell > 1 ? NAN : counts->score(counts->arg, i);
        const bool stands =
            min_cell <= 1 ||
            (may_stand(with - last_with, without - last_without, min_cell) &&
                may_stand(
                    area->with - with, area->without - without, min_cell));
        if (first || stands) {
            json_array_append_new(rows, point_row(score, &here));
            last_with = with;
            last_without = without;
        }
        if ((first || stands) && index > best) {
            best = index;
            youden = here;
            threshold = score;
        }
        with += counts->with[i];
        without += counts->without[i];
    }
    json_object_set_new(out, "youden", json_number(best));
    json_object_set_new(out, "threshold", json_number(threshold));
    json_object_set_new(out, "sensitivity", json_number(youden.sensitivity));
    json_object_set_new(out, "specificity", json_number(youden.specificity));
    json_object_set_new(out, "table", rows);
}

void roc_set_curve(json_t *out, const struct roc_counts *counts, double level,
    int64_t min_cell)
{
    const struct area area = area_of(counts);
    if (!(area.with > 0 && area.without > 0)) {
        json_object_set_new(
            out, "message", json_string("all patients have the same outcome"));
        return;
    }
    const double half = qnorm((1 - level) / 2, 0, 1, 0, 0) *
                        sqrt((double)fmaxl(area.variance, 0));
    const double auc = (double)area.auc;
    json_object_set_new(out, "auc", json_number(auc));
    json_object_set_new(out, "conf_low", json_number(fmax(auc - half, 0)));
    json_object_set_new(out, "conf_high", json_number(fmin(auc + half, 1)));
    json_object_set_new(out, "events", json_count(area.with));
    walk(out, counts, &area, min_cell);
}

#define CALIBRATION_GROUPS 10

struct tenth {
    double with, without, expected;
};

static json_t *tenth_row(const struct tenth *tenth, int64_t min_cell)
{
    const double n = tenth->with + tenth->without;
    json_t *row = json_pack("{s:o, s:o}", "n", json_count(n), "expected",
        json_number(tenth->expected / n));
    if (few_counted(tenth->with, min_cell) ||
        few_counted(tenth->without, min_cell))
        json_object_set_new(row, "observed", json_suppressed());
    else
        json_object_set_new(row, "observed", json_number(tenth->with / n));
    return row;
}

json_t *roc_calibration(
    const struct roc_counts *counts, const double *expected, int64_t min_cell)
{
    json_t *rows = json_array();
    struct tenth tenth = {0};
    double total = 0, seen = 0, group = 1;
    for (size_t i = 0; i < counts->count; i++)
        total += counts->with[i] + counts->without[i];
    for (size_t i = 0; i < counts->count; i++) {
        tenth.with += counts->with[i];
        tenth.without += counts->without[i];
        tenth.expected += expected[i];
        seen += counts->with[i] + counts->without[i];
        if (tenth.with + tenth.without <= 0 ||
            (seen * CALIBRATION_GROUPS < group * total &&
                i + 1 < counts->count))
            continue;
        json_array_append_new(rows, tenth_row(&tenth, min_cell));
        group = fmax(group, floor(seen * CALIBRATION_GROUPS / total) + 1);
        tenth = (struct tenth){0};
    }
    return rows;
}
