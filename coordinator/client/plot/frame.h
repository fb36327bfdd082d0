/*
 * frame: the axes of a plot: from figures to pixels, with round ticks.
 */
#ifndef COHORTIUM_COORDINATOR_CLIENT_PLOT_FRAME_H
#define COHORTIUM_COORDINATOR_CLIENT_PLOT_FRAME_H

#include "coordinator/client/plot/svg.h"

#define TICKS_MAX 12

struct axis {
    double low, high; /* figures */
    double from, to;  /* pixels */
    bool logarithmic; /* low > 0 */
};

double axis_place(const struct axis *axis, double value);
/* Round figures within the axis, 1, 2 or 5 times a power of ten apart; on a
 * logarithmic one 1, 2 and 5 times powers of ten. Returns how many. */
size_t axis_ticks(const struct axis *axis, double ticks[TICKS_MAX]);

/* Lines, ticks and labels on the left and below. */
void frame_draw(struct svg *svg, const struct axis *x, const struct axis *y,
    const char *x_label, const char *y_label);
void frame_draw_x(
    struct svg *svg, const struct axis *x, double at, const char *x_label);

#endif
