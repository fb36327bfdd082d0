/*
 * plot_curves: Kaplan-Meier curves and cumulative incidences as steps, with
 * their confidence bands and the number at risk below. Long follow-up is drawn
 * in years.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "coordinator/client/plot/plot_internal.h"

#define DAYS_A_YEAR 365.25
#define YEARS_FROM 3 /* shorter follow-up is drawn in days */

struct curves {
    const json_t *table;
    double days; /* in a unit of the x axis */
    bool falls;  /* from 1; incidences rise from 0 */
    size_t count;
    char names[PLOT_GROUPS_MAX][192];
    struct axis x, y;
};

static void curve_name(const json_t *row, char *out, size_t capacity)
{
    const char *cause = result_string(row, "cause");
    if (*cause == '\0')
        snprintf(out, capacity, "%s", result_string(row, "strata"));
    else
        snprintf(
            out, capacity, "%s, event %s", result_string(row, "strata"), cause);
}

static bool is_of(const json_t *row, const char *name)
{
    char own[192];
    curve_name(row, own, sizeof own);
    return strcmp(own, name) == 0;
}

static double time_of(const struct curves *curves, const json_t *row)
{
    return result_number(row, "time") / curves->days;
}

static void find_curves(struct curves *curves)
{
    size_t at;
    json_t *row;
    double last = 0, highest = 0;
    json_array_foreach((json_t *)curves->table, at, row)
    {
        bool known = false;
        for (size_t i = 0; i < curves->count; i++)
            known = known || is_of(row, curves->names[i]);
        if (!known && curves->count < PLOT_GROUPS_MAX)
            curve_name(
                row, curves->names[curves->count++], sizeof curves->names[0]);
        last = fmax(last, result_number(row, "time"));
        highest = fmax(highest, result_number(row, "conf_high"));
    }
    curves->days = last >= YEARS_FROM * DAYS_A_YEAR ? DAYS_A_YEAR : 1;
    curves->x = (struct axis){
        0, last > 0 ? last / curves->days : 1, 100, PLOT_WIDTH - 30, false};
    curves->y = (struct axis){0,
        curves->falls ? 1 : fmin(1, highest > 0 ? highest : 1), 360, 50, false};
}

/* One edge of the band, or the curve, as steps. */
static void steps(struct svg *svg, const struct curves *curves,
    const char *name, const char *key, bool first)
{
    size_t at;
    json_t *row;
    double before = curves->falls ? 1 : 0;
    svg_path_to(
        svg, first, axis_place(&curves->x, 0), axis_place(&curves->y, before));
    json_array_foreach((json_t *)curves->table, at, row)
    {
        const double value = result_number(row, key);
        const double x = axis_place(&curves->x, time_of(curves, row));
        if (!is_of(row, name) || isnan(value))
            continue;
        svg_path_to(svg, false, x, axis_place(&curves->y, before));
        svg_path_to(svg, false, x, axis_place(&curves->y, value));
        before = value;
    }
}

/* Where the lower limit of a curve stands before row `at`. */
static double low_before(
    const struct curves *curves, const char *name, size_t at)
{
    while (at-- > 0) {
        const json_t *row = json_array_get(curves->table, at);
        const double low = result_number(row, "conf_low");
        if (is_of(row, name) && !isnan(low))
            return low;
    }
    return curves->falls ? 1 : 0;
}

static void steps_back(
    struct svg *svg, const struct curves *curves, const char *name)
{
    for (size_t at = json_array_size(curves->table); at-- > 0;) {
        const json_t *row = json_array_get(curves->table, at);
        const double low = result_number(row, "conf_low");
        const double x = axis_place(&curves->x, time_of(curves, row));
        if (!is_of(row, name) || isnan(low))
            continue;
        const double before = low_before(curves, name, at);
        svg_path_to(svg, false, x, axis_place(&curves->y, low));
        svg_path_to(svg, false, x, axis_place(&curves->y, before));
    }
}

/* At risk just before a time on the axis: the next row's. NAN past the last
 * row, where a curve may be cut with people still at risk. */
static double at_risk(
    const struct curves *curves, const char *name, double time)
{
    size_t at;
    json_t *row;
    json_array_foreach((json_t *)curves->table, at, row)
    {
        if (is_of(row, name) && time_of(curves, row) >= time)
            return result_number(row, "n_risk");
    }
    return NAN;
}

static void risk_table(struct svg *svg, const struct curves *curves)
{
    double ticks[TICKS_MAX];
    const size_t count = axis_ticks(&curves->x, ticks);
    char text[224];
    svg_text(svg, 24, 424, 12, ANCHOR_START, "at risk");
    for (size_t g = 0; g < curves->count; g++) {
        const double y = 442 + 18 * (double)g;
        svg_box(
            svg, 24, y - 9, 10, 10, (struct svg_fill){svg_colour(g), false});
        for (size_t i = 0; i < count; i++) {
            const double people = at_risk(curves, curves->names[g], ticks[i]);
            if (isnan(people))
                continue;
            snprintf(text, sizeof text, "%.0f", people);
            svg_text(svg, axis_place(&curves->x, ticks[i]), y, 12,
                ANCHOR_MIDDLE, text);
        }
    }
}

static void legend(struct svg *svg, const struct curves *curves)
{
    for (size_t g = 0; g < curves->count; g++) {
        const double y = curves->falls ? 340 - 18 * (double)(curves->count - g)
                                       : 70 + 18 * (double)g;
        svg_line(
            svg, 116, y - 4, 140, y - 4, (struct svg_pen){svg_colour(g), 2});
        svg_text(svg, 146, y, 12, ANCHOR_START, curves->names[g]);
    }
}

enum status plot_curves(
    struct svg *svg, const json_t *variables, const json_t *entry)
{
    static struct curves curves;
    curves = (struct curves){.table = json_object_get(entry, "table"),
        .falls = strcmp(result_string(entry, "analysis"), "km") == 0};
    find_curves(&curves);
    svg_begin(svg, PLOT_WIDTH, 452 + 18 * (double)curves.count);
    plot_title(svg, variables, entry);
    frame_draw(svg, &curves.x, &curves.y, curves.days > 1 ? "years" : "days",
        curves.falls ? "event-free" : "cumulative incidence");
    for (size_t g = 0; g < curves.count; g++) {
        svg_path_begin(svg);
        steps(svg, &curves, curves.names[g], "conf_high", true);
        steps_back(svg, &curves, curves.names[g]);
        svg_path_end(svg, svg_colour(g), true);
    }
    for (size_t g = 0; g < curves.count; g++) {
        svg_path_begin(svg);
        steps(svg, &curves, curves.names[g], "estimate", true);
        svg_path_end(svg, svg_colour(g), false);
    }
    legend(svg, &curves);
    risk_table(svg, &curves);
    return svg->status;
}
