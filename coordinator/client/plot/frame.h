/*
 * frame: the axes of a plot: from figures to pixels, with round ticks.
 */
#ifndef COHORTIUM_COORDINATOR_CLIENT_PLOT_FRAME_H
#define COHORTIUM_COORDINATOR_CLIENT_PLOT_FRAME_H

#include "coordinator/client/plot/canvas.h"

#define TICKS_MAX 24

struct axis {
    double low, high; /* figures */
    double from, to;  /* pixels */
    bool logarithmic; /* low > 0 */
    bool whole;       /* ticks at whole figures only */
};

double axis_place(const struct axis *axis, double value);
/* Round figures within the axis, 1, 2 or 5 times a power of ten apart; on a
 * logarithmic one 1, 2 and 5 times powers of ten, or where these are fewer than
 * four, round figures as well. Returns how many. */
size_t axis_ticks(const struct axis *axis, double ticks[TICKS_MAX]);
/* The axis to 1, 2 or 5 times a power of ten beyond both ends, when it is
 * logarithmic and its ends are further apart than a factor of two. */
void axis_widen(struct axis *axis);

#define FRAME_LETTERS 12.0 /* size of ticks and labels */

/* Room that ticks and label take left of an axis. */
double frame_left(const struct axis *y);
/* Lines, ticks and labels on the left and below. Returns the lower end. */
double frame_draw(struct canvas *canvas, const struct axis *x,
    const struct axis *y, const char *x_label, const char *y_label);
/* The lower axis alone, at height `at`. */
double frame_draw_x(struct canvas *canvas, const struct axis *x, double at,
    const char *x_label);

#endif
