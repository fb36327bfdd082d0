/*
 * plot_bars: histograms and frequencies. A withheld bar is hatched, at a height
 * that says nothing.
 */
#include <math.h>
#include <stdio.h>

#include "coordinator/client/plot/plot_internal.h"
#include "coordinator/client/result_rows.h"

#define BAR_HEIGHT 26.0

static double largest(const json_t *table)
{
    size_t at;
    json_t *row;
    double most = 1;
    json_array_foreach((json_t *)table, at, row)
    {
        most = fmax(most, result_number(row, "n"));
    }
    return most;
}

static enum status histogram(
    struct svg *svg, const json_t *variables, const json_t *entry)
{
    const json_t *table = json_object_get(entry, "table");
    const size_t count = json_array_size(table);
    const double low = result_number(json_array_get(table, 0), "low");
    const double high = result_number(json_array_get(table, count - 1), "high");
    const struct axis x = {low, high, 90, PLOT_WIDTH - 30, false};
    const struct axis y = {0, largest(table) * 1.05, 360, 50, false};
    bool withheld = false;
    size_t at;
    json_t *row;
    if (!(high > low))
        return STATUS_MALFORMED;
    svg_begin(svg, PLOT_WIDTH, 420);
    plot_title(svg, variables, entry);
    frame_draw(svg, &x, &y,
        result_string(json_object_get(entry, "parameters"), "variable"),
        "patients");
    json_array_foreach((json_t *)table, at, row)
    {
        const double left = axis_place(&x, result_number(row, "low"));
        const double right = axis_place(&x, result_number(row, "high"));
        const double top = result_is_suppressed(row)
                               ? 340
                               : axis_place(&y, result_number(row, "n"));
        svg_box(svg, left, top, right - left, 360 - top,
            (struct svg_fill){svg_colour(0), result_is_suppressed(row)});
        withheld = withheld || result_is_suppressed(row);
    }
    if (withheld)
        svg_text(svg, x.to, 44, 12, ANCHOR_END, "hatched: withheld");
    return svg->status;
}

static void draw_level(
    struct svg *svg, const struct axis *x, const json_t *row, double y)
{
    char text[96];
    const double n = result_number(row, "n");
    svg_text(svg, 190, y + 17, 13, ANCHOR_END, result_string(row, "level"));
    if (result_is_suppressed(row)) {
        svg_box(svg, x->from, y + 3, 30, BAR_HEIGHT - 6,
            (struct svg_fill){"", true});
        svg_text(svg, x->from + 38, y + 17, 12, ANCHOR_START, "withheld");
        return;
    }
    const double to = axis_place(x, n);
    svg_box(svg, x->from, y + 3, to - x->from, BAR_HEIGHT - 6,
        (struct svg_fill){svg_colour(0), false});
    snprintf(text, sizeof text, "%.0f (%.1f %%)", n,
        100 * result_number(row, "proportion"));
    svg_text(svg, to + 8, y + 17, 12, ANCHOR_START, text);
}

static enum status frequency(
    struct svg *svg, const json_t *variables, const json_t *entry)
{
    const json_t *table = json_object_get(entry, "table");
    const double bottom = 48 + BAR_HEIGHT * (double)json_array_size(table);
    const struct axis x = {0, largest(table), 200, PLOT_WIDTH - 150, false};
    size_t at;
    json_t *row;
    svg_begin(svg, PLOT_WIDTH, bottom + 60);
    plot_title(svg, variables, entry);
    frame_draw_x(svg, &x, bottom, "patients");
    json_array_foreach((json_t *)table, at, row)
        draw_level(svg, &x, row, 46 + BAR_HEIGHT * (double)at);
    return svg->status;
}

enum status plot_bars(
    struct svg *svg, const json_t *variables, const json_t *entry)
{
    const json_t *first = json_array_get(json_object_get(entry, "table"), 0);
    return json_object_get(first, "low") != NULL
               ? histogram(svg, variables, entry)
               : frequency(svg, variables, entry);
}
