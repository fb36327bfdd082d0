/*
 * plot_scree: how much each principal component explains; how a network's loss
 * fell.
 */
#include <math.h>
#include <stdio.h>

#include "coordinator/client/plot/plot_internal.h"

#define PANEL 310.0
#define LETTERS 12.0

/* The axes below the head; y.high and x's ends are set. */
static double begin(struct picture *picture, struct axis *x, struct axis *y,
    const char *x_label, const char *y_label)
{
    struct words note = {0};
    plot_people(&note, picture->entry);
    y->to = plot_head(picture, note.text) + 8;
    y->from = y->to + PANEL;
    x->from = frame_left(y);
    x->to = PLOT_WIDTH - PLOT_EDGE;
    const double below = frame_draw(picture->canvas, x, y, x_label, y_label);
    picture->canvas->height = below + PLOT_EDGE - LETTERS;
    return below;
}

enum status plot_scree(struct picture *picture)
{
    struct canvas *canvas = picture->canvas;
    const json_t *table = json_object_get(picture->entry, "table");
    struct axis x = {.low = 0.5,
        .high = (double)json_array_size(table) + 0.5,
        .whole = true};
    struct axis y = {.high = 1};
    size_t at;
    json_t *row;
    begin(picture, &x, &y, "Component (bars: its share; line: cumulative)",
        "Share of variance");
    json_array_foreach((json_t *)table, at, row)
    {
        const double left = axis_place(&x, (double)at + 0.7);
        const double right = axis_place(&x, (double)at + 1.3);
        const double share = result_number(row, "proportion");
        char text[32];
        if (isnan(share))
            continue;
        const double top = axis_place(&y, share);
        canvas_box(canvas, (struct point){left, top}, right - left,
            y.from - top, canvas_colour(0));
        snprintf(text, sizeof text, "%.1f %%", 100 * fmin(share, 1));
        /* The line runs above the bars. */
        const bool inside = y.from - top > 20;
        if (canvas_text_width(LETTERS, text) < right - left)
            canvas_text(canvas,
                (struct point){(left + right) / 2, inside ? top + 16 : top - 5},
                (struct type){
                    LETTERS, ANCHOR_MIDDLE, inside ? "#ffffff" : NULL},
                text);
    }
    canvas_path_begin(canvas, (struct pen){canvas_colour(1), 2, 1}, false);
    json_array_foreach((json_t *)table, at, row)
    {
        const double share = result_number(row, "cumulative");
        if (!isnan(share))
            canvas_path_to(
                canvas, axis_place(&x, (double)at + 1), axis_place(&y, share));
    }
    return STATUS_OK;
}

enum status plot_training(struct picture *picture)
{
    struct canvas *canvas = picture->canvas;
    const json_t *curve = json_object_get(picture->entry, "training_curve");
    const size_t count = json_array_size(curve);
    struct axis x = {.low = 1, .high = (double)count, .whole = true}, y = {0};
    size_t at;
    json_t *value;
    json_array_foreach((json_t *)curve, at, value)
    {
        y.high = fmax(y.high, json_number_value(value) * 1.05);
    }
    if (count < 2 || !(y.high > 0) || !isfinite(y.high))
        return STATUS_NOT_FOUND;
    begin(picture, &x, &y, "Epoch", "Mean loss on the training rows");
    canvas_path_begin(canvas, (struct pen){canvas_colour(0), 2, 0}, false);
    json_array_foreach((json_t *)curve, at, value)
        canvas_path_to(canvas, axis_place(&x, (double)at + 1),
            axis_place(&y, json_number_value(value)));
    return STATUS_OK;
}
