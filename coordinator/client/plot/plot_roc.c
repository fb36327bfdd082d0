/*
 * plot_roc: an ROC curve, and where there is one, the calibration of its
 * probabilities beside it.
 */
#include <math.h>
#include <stdio.h>

#include "coordinator/client/plot/plot_internal.h"

#define SIDE 300.0

static void draw_curve(struct svg *svg, const json_t *entry,
    const struct axis *x, const struct axis *y)
{
    size_t at;
    json_t *row;
    char text[96];
    svg_dashed(svg, x->from, y->from, x->to, y->to, "#888");
    svg_path_begin(svg);
    json_array_foreach(json_object_get(entry, "table"), at, row) svg_path_to(
        svg, at == 0, axis_place(x, 1 - result_number(row, "specificity")),
        axis_place(y, result_number(row, "sensitivity")));
    svg_path_to(svg, false, x->from, y->from);
    svg_path_end(svg, svg_colour(0), false);
    svg_dot(svg, axis_place(x, 1 - result_number(entry, "specificity")),
        axis_place(y, result_number(entry, "sensitivity")), 5, svg_colour(1));
    snprintf(text, sizeof text, "AUC %.3f (%.3f to %.3f)",
        result_number(entry, "auc"), result_number(entry, "conf_low"),
        result_number(entry, "conf_high"));
    svg_text(svg, x->to - 8, y->from - 28, 13, ANCHOR_END, text);
    plot_people(text, sizeof text, entry);
    svg_text(svg, x->to - 8, y->from - 12, 11, ANCHOR_END, text);
}

static void draw_calibration(struct svg *svg, const json_t *rows,
    const struct axis *x, const struct axis *y)
{
    size_t at;
    json_t *row;
    frame_draw(svg, x, y, "expected", "observed");
    svg_dashed(svg, x->from, y->from, x->to, y->to, "#888");
    json_array_foreach((json_t *)rows, at, row)
    {
        const double observed = result_number(row, "observed");
        if (!isnan(observed))
            svg_dot(svg, axis_place(x, result_number(row, "expected")),
                axis_place(y, observed), 5, svg_colour(2));
    }
}

enum status plot_roc(
    struct svg *svg, const json_t *variables, const json_t *entry)
{
    const json_t *calibration = json_object_get(entry, "calibration");
    const bool both = json_array_size(calibration) > 0;
    const struct axis x = {0, 1, 80, 80 + SIDE, false};
    const struct axis other = {0, 1, 470, 470 + SIDE, false};
    const struct axis y = {0, 1, 50 + SIDE, 50, false};
    if (isnan(result_number(entry, "auc")))
        return STATUS_NOT_FOUND;
    svg_begin(svg, both ? 800 : 410, 110 + SIDE);
    plot_title(svg, variables, entry);
    frame_draw(svg, &x, &y, "1 - specificity", "sensitivity");
    draw_curve(svg, entry, &x, &y);
    if (both)
        draw_calibration(svg, calibration, &other, &y);
    return svg->status;
}
