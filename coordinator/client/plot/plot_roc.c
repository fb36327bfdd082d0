/*
 * plot_roc: an ROC curve, and where there is one, the calibration of its
 * probabilities beside it.
 */
#include <math.h>
#include <stdio.h>

#include "coordinator/client/plot/plot_internal.h"

#define SIDE 270.0
#define ALONE 480.0 /* width without a calibration */
#define LETTERS 12.0
#define DIAGONAL ((struct pen){"#888888", 1, 2})

static void draw_curve(
    struct picture *picture, const struct axis *x, const struct axis *y)
{
    struct canvas *canvas = picture->canvas;
    const double best[] = {result_number(picture->entry, "specificity"),
        result_number(picture->entry, "sensitivity")};
    size_t at;
    json_t *row;
    canvas_line(canvas, (struct point){x->from, y->from},
        (struct point){x->to, y->to}, DIAGONAL);
    canvas_path_begin(canvas, (struct pen){canvas_colour(0), 2, 0}, false);
    json_array_foreach(json_object_get(picture->entry, "table"), at, row)
    {
        const double specificity = result_number(row, "specificity");
        const double sensitivity = result_number(row, "sensitivity");
        if (!isnan(specificity) && !isnan(sensitivity))
            canvas_path_to(canvas, axis_place(x, 1 - specificity),
                axis_place(y, sensitivity));
    }
    canvas_path_to(canvas, x->from, y->from);
    if (!isnan(best[0]) && !isnan(best[1]))
        canvas_sign(canvas,
            (struct point){axis_place(x, 1 - best[0]), axis_place(y, best[1])},
            SIGN_DIAMOND, 5, canvas_colour(1));
}

static void draw_calibration(struct canvas *canvas, const json_t *rows,
    const struct axis *x, const struct axis *y)
{
    size_t at;
    json_t *row;
    frame_draw(canvas, x, y, "Expected share", "Observed share");
    canvas_line(canvas, (struct point){x->from, y->from},
        (struct point){x->to, y->to}, DIAGONAL);
    json_array_foreach((json_t *)rows, at, row)
    {
        const double expected = result_number(row, "expected");
        const double observed = result_number(row, "observed");
        if (!isnan(observed) && !isnan(expected))
            canvas_sign(canvas,
                (struct point){
                    axis_place(x, expected), axis_place(y, observed)},
                SIGN_DOT, 5, canvas_colour(2));
    }
}

/* "AUC 0.769 (95 % CI 0.741 to 0.797); n = 1529, 220 events; diamond: ..." */
static void write_note(struct words *out, const json_t *entry)
{
    const double low = result_number(entry, "conf_low");
    const double high = result_number(entry, "conf_high");
    words_add_format(out, "AUC %.3f", result_number(entry, "auc"));
    if (!isnan(low) && !isnan(high))
        words_add_format(out, " (%g %% CI %.3f to %.3f)",
            100 * result_level(entry), low, high);
    words_add(out, "; ");
    plot_people(out, entry);
    if (!isnan(result_number(entry, "sensitivity")))
        words_add_format(out,
            "; diamond: Youden's threshold, sensitivity %.2f, specificity "
            "%.2f",
            result_number(entry, "sensitivity"),
            result_number(entry, "specificity"));
}

enum status plot_roc(struct picture *picture)
{
    const json_t *calibration = json_object_get(picture->entry, "calibration");
    struct axis y = {.high = 1};
    struct words note = {0};
    if (isnan(result_number(picture->entry, "auc")))
        return STATUS_NOT_FOUND;
    if (json_array_size(calibration) == 0)
        picture->canvas->width = ALONE;
    write_note(&note, picture->entry);
    y.to = plot_head(picture, note.text) + 8;
    y.from = y.to + SIDE;
    const double left = frame_left(&y);
    const struct axis x = {0, 1, left, left + SIDE, false, false};
    const struct axis other = {
        0, 1, x.to + 16 + left, x.to + 16 + left + SIDE, false, false};
    const double below = frame_draw(
        picture->canvas, &x, &y, "1 \u2212 specificity", "Sensitivity");
    draw_curve(picture, &x, &y);
    if (json_array_size(calibration) > 0)
        draw_calibration(picture->canvas, calibration, &other, &y);
    picture->canvas->height = below + PLOT_EDGE - LETTERS;
    return STATUS_OK;
}
