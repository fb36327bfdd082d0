/*
 * plot_forest: the terms of a model with their intervals; hazard and odds
 * ratios on a logarithmic axis.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "coordinator/client/plot/plot_internal.h"
#include "coordinator/client/result_text.h"

#define RATIO_MIN 0.01
#define RATIO_MAX 100.0

struct forest {
    const json_t *table;
    bool ratios;
    struct axis x;
};

static bool is_drawn(const json_t *row)
{
    return strcmp(result_string(row, "term"), "(Intercept)") != 0 &&
           !isnan(result_number(row, "conf_low")) &&
           !isnan(result_number(row, "conf_high"));
}

static double figure(
    const struct forest *forest, const json_t *row, const char *key)
{
    const double value = result_number(row, key);
    if (!forest->ratios)
        return value;
    return fmin(fmax(exp(value), RATIO_MIN), RATIO_MAX);
}

static size_t set_axis(struct forest *forest)
{
    const double nothing = forest->ratios ? 1 : 0;
    double low = nothing, high = nothing;
    size_t count = 0, at;
    json_t *row;
    json_array_foreach((json_t *)forest->table, at, row)
    {
        if (!is_drawn(row))
            continue;
        low = fmin(low, figure(forest, row, "conf_low"));
        high = fmax(high, figure(forest, row, "conf_high"));
        count++;
    }
    const double margin = (high - low) * 0.05 + 1e-9;
    forest->x = (struct axis){forest->ratios ? low / 1.1 : low - margin,
        forest->ratios ? high * 1.1 : high + margin, 230, PLOT_WIDTH - 190,
        forest->ratios};
    return count;
}

/* Ratios as ratios are set; else two digits of the interval's width. */
static void write_estimate(
    const struct forest *forest, const json_t *row, char *out, size_t capacity)
{
    static const char *const keys[] = {"estimate", "conf_low", "conf_high"};
    const double width =
        result_number(row, "conf_high") - result_number(row, "conf_low");
    const double wanted = width > 0 ? 1 - floor(log10(width)) : 0;
    const int decimals = (int)fmax(0, fmin(wanted, 6));
    char text[3][64];
    for (size_t i = 0; i < 3; i++) {
        const double value = result_number(row, keys[i]);
        if (forest->ratios)
            result_text_ratio(text[i], sizeof text[i], value);
        else
            snprintf(text[i], sizeof text[i], "%.*f", decimals, value);
    }
    snprintf(out, capacity, "%s (%s to %s)", text[0], text[1], text[2]);
}

static void draw_term(
    struct svg *svg, const struct forest *forest, const json_t *row, double y)
{
    char text[256];
    const double low = figure(forest, row, "conf_low");
    const double high = figure(forest, row, "conf_high");
    const double at = figure(forest, row, "estimate");
    const double p = result_number(row, "p_value");
    svg_text(svg, 216, y + 4, 13, ANCHOR_END, result_string(row, "term"));
    svg_line(svg, axis_place(&forest->x, low), y, axis_place(&forest->x, high),
        y, (struct svg_pen){svg_colour(0), 2});
    svg_dot(svg, axis_place(&forest->x, at), y, 4.5, svg_colour(0));
    write_estimate(forest, row, text, sizeof text);
    svg_text(svg, PLOT_WIDTH - 180, y, 12, ANCHOR_START, text);
    if (p < 0.001)
        snprintf(text, sizeof text, "p < 0.001");
    else
        snprintf(text, sizeof text, "p = %.3f", p);
    svg_text(svg, PLOT_WIDTH - 180, y + 13, 11, ANCHOR_START, text);
}

static void draw_heading(struct svg *svg, const json_t *entry)
{
    char text[64];
    snprintf(
        text, sizeof text, "estimate (%g %% CI)", 100 * result_level(entry));
    svg_text(svg, PLOT_WIDTH - 180, 46, 11, ANCHOR_START, text);
}

enum status plot_forest(
    struct svg *svg, const json_t *variables, const json_t *entry)
{
    const char *ratio = result_ratio_name(entry);
    struct forest forest = {
        .table = json_object_get(entry, "table"), .ratios = ratio != NULL};
    const size_t count = set_axis(&forest);
    const double bottom = 60 + 34 * (double)count;
    char people[64], label[128];
    double y = 66;
    size_t at;
    json_t *row;
    if (count == 0)
        return STATUS_NOT_FOUND;
    svg_begin(svg, PLOT_WIDTH, bottom + 56);
    plot_title(svg, variables, entry);
    plot_people(people, sizeof people, entry);
    snprintf(label, sizeof label, *people == '\0' ? "%s" : "%s (%s)",
        ratio != NULL ? ratio : "coefficient", people);
    frame_draw_x(svg, &forest.x, bottom, label);
    draw_heading(svg, entry);
    const double nothing = axis_place(&forest.x, forest.ratios ? 1 : 0);
    svg_dashed(svg, nothing, 44, nothing, bottom, "#888");
    json_array_foreach((json_t *)forest.table, at, row)
    {
        if (!is_drawn(row))
            continue;
        draw_term(svg, &forest, row, y);
        y += 34;
    }
    return svg->status;
}
