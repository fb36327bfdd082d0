/*
 * plot_scree: how much each principal component explains; how a network's loss
 * fell.
 */
#include <math.h>

#include "coordinator/client/plot/plot_internal.h"

enum status plot_scree(
    struct svg *svg, const json_t *variables, const json_t *entry)
{
    const json_t *table = json_object_get(entry, "table");
    const size_t count = json_array_size(table);
    const struct axis x = {
        0.5, (double)count + 0.5, 90, PLOT_WIDTH - 30, false};
    const struct axis y = {0, 1, 360, 50, false};
    size_t at;
    json_t *row;
    svg_begin(svg, PLOT_WIDTH, 420);
    plot_title(svg, variables, entry);
    frame_draw(svg, &x, &y, "component", "share of variance");
    json_array_foreach((json_t *)table, at, row)
    {
        const double left = axis_place(&x, (double)at + 0.7);
        const double right = axis_place(&x, (double)at + 1.3);
        const double top = axis_place(&y, result_number(row, "proportion"));
        svg_box(svg, left, top, right - left, 360 - top,
            (struct svg_fill){svg_colour(0), false});
    }
    svg_path_begin(svg);
    json_array_foreach((json_t *)table, at, row)
        svg_path_to(svg, at == 0, axis_place(&x, (double)at + 1),
            axis_place(&y, result_number(row, "cumulative")));
    svg_path_end(svg, svg_colour(1), false);
    svg_text(svg, PLOT_WIDTH - 30, 44, 12, ANCHOR_END, "line: cumulative");
    return svg->status;
}

enum status plot_training(
    struct svg *svg, const json_t *variables, const json_t *entry)
{
    const json_t *curve = json_object_get(entry, "training_curve");
    const size_t count = json_array_size(curve);
    size_t at;
    json_t *value;
    double highest = 0;
    json_array_foreach((json_t *)curve, at, value)
    {
        highest = fmax(highest, json_number_value(value));
    }
    if (count < 2 || !(highest > 0))
        return STATUS_NOT_FOUND;
    const struct axis x = {1, (double)count, 90, PLOT_WIDTH - 30, false};
    const struct axis y = {0, highest * 1.05, 360, 50, false};
    svg_begin(svg, PLOT_WIDTH, 420);
    plot_title(svg, variables, entry);
    frame_draw(svg, &x, &y, "epoch", "mean loss");
    svg_path_begin(svg);
    json_array_foreach((json_t *)curve, at, value)
        svg_path_to(svg, at == 0, axis_place(&x, (double)at + 1),
            axis_place(&y, json_number_value(value)));
    svg_path_end(svg, svg_colour(0), false);
    return svg->status;
}
