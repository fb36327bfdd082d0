/*
 * svg: a drawing as SVG 1.1 text. Lengths are in pixels from the upper left.
 * Trouble is remembered and told at the end.
 */
#ifndef COHORTIUM_COORDINATOR_CLIENT_PLOT_SVG_H
#define COHORTIUM_COORDINATOR_CLIENT_PLOT_SVG_H

#include <stdbool.h>

#include "protocol/wire/buffer.h"

enum svg_anchor { ANCHOR_START, ANCHOR_MIDDLE, ANCHOR_END };

struct svg {
    struct buffer text;
    enum status status;
};

struct svg_pen {
    const char *colour;
    double width;
};

struct svg_fill {
    const char *colour;
    bool hatched; /* what is withheld */
};

void svg_begin(struct svg *svg, double width, double height);
enum status svg_end(struct svg *svg);
void svg_line(struct svg *svg, double x1, double y1, double x2, double y2,
    struct svg_pen pen);
void svg_dashed(struct svg *svg, double x1, double y1, double x2, double y2,
    const char *colour);
void svg_box(struct svg *svg, double x, double y, double width, double height,
    struct svg_fill fill);
void svg_dot(
    struct svg *svg, double x, double y, double radius, const char *colour);
/* Any text: it is escaped. */
void svg_text(struct svg *svg, double x, double y, double size,
    enum svg_anchor anchor, const char *text);
void svg_text_upward(struct svg *svg, double x, double y, const char *text);
/* A line through points, or an area of that colour at a fifth of its strength.
 */
void svg_path_begin(struct svg *svg);
void svg_path_to(struct svg *svg, bool first, double x, double y);
void svg_path_end(struct svg *svg, const char *colour, bool area);
/* Colours that the color-blind can tell apart (Okabe and Ito 2008). */
const char *svg_colour(size_t at);

#endif
