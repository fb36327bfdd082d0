/*
 * canvas: a drawing, kept as a list of marks, that is written as SVG with text
 * that stays text, or through cairo as PNG or PDF. Lengths are in pixels from
 * the upper left, 96 an inch. Whatever is drawn is measured in one font, which
 * is as wide as those that an SVG's reader may have. Trouble is remembered and
 * told at the end. One thread.
 */
#ifndef COHORTIUM_COORDINATOR_CLIENT_PLOT_CANVAS_H
#define COHORTIUM_COORDINATOR_CLIENT_PLOT_CANVAS_H

#include <stdbool.h>

#include "protocol/wire/buffer.h"

enum canvas_format { CANVAS_SVG, CANVAS_PNG, CANVAS_PDF };

enum canvas_anchor { ANCHOR_START, ANCHOR_MIDDLE, ANCHOR_END };

enum mark_kind { MARK_LINE, MARK_BOX, MARK_SIGN, MARK_TEXT, MARK_PATH };

/* Colour and, so that nothing is told by colour alone, dashes. */
struct pen {
    const char *colour; /* "#rrggbb", static */
    double width;
    size_t dash; /* canvas_dash; 0: a whole line */
};

enum sign {
    SIGN_DOT,
    SIGN_SQUARE,
    SIGN_UP,
    SIGN_DIAMOND,
    SIGN_LEFT,
    SIGN_RIGHT,
    SIGN_COUNT
};

struct mark {
    enum mark_kind kind;
    double x, y, x2, y2; /* of a box x2, y2 are width and height */
    struct pen pen;
    const char *fill; /* of a box; NULL: hatched, which says "withheld" */
    enum sign sign;
    double size; /* of a sign, or of letters */
    enum canvas_anchor anchor;
    bool upward;         /* text that is read from below */
    bool area;           /* a path that is filled, at a fifth of its strength */
    char *text;          /* owned, UTF-8, what is hidden is escaped */
    size_t first, count; /* points of a path */
};

struct point {
    double x, y;
};

struct canvas {
    double width, height;
    enum status status;
    size_t mark_count, point_count;
    struct mark *marks;
    struct point *points;
};

void canvas_init(struct canvas *canvas, double width, double height);
void canvas_fini(struct canvas *canvas);
/* Appends the file's bytes. */
enum status canvas_write(
    struct buffer *out, const struct canvas *canvas, enum canvas_format format);

void canvas_line(
    struct canvas *canvas, struct point from, struct point to, struct pen pen);
void canvas_box(struct canvas *canvas, struct point corner, double width,
    double height, const char *fill);
void canvas_sign(struct canvas *canvas, struct point at, enum sign sign,
    double size, const char *colour);
/* A line through points, or the area within them. */
void canvas_path_begin(struct canvas *canvas, struct pen pen, bool area);
void canvas_path_to(struct canvas *canvas, double x, double y);

struct type {
    double size;
    enum canvas_anchor anchor;
    const char *colour; /* NULL: ink */
};

/* One line whose letters stand on `at`. */
void canvas_text(
    struct canvas *canvas, struct point at, struct type type, const char *text);
/* The same, read from below, its middle at `at`. */
void canvas_text_upward(
    struct canvas *canvas, struct point at, struct type type, const char *text);
/* Lines of at most `width`, broken between words, the first on `at`; a longer
 * word is broken. Returns how many. Draws nothing where canvas is NULL. */
size_t canvas_paragraph(struct canvas *canvas, struct point at,
    struct type type, double width, const char *text);
double canvas_line_height(double size);
double canvas_text_width(double size, const char *text);

/* Colours that the color-blind can tell apart (Okabe and Ito 2008), without
 * yellow, which print loses. */
const char *canvas_colour(size_t at);
#define CANVAS_DASHES 6
#define CANVAS_DASH_MAX 6
/* Lengths of dashes and gaps, ended by 0. */
const double *canvas_dash(size_t at);

/* canvas_svg.c, canvas_cairo.c */
enum status canvas_write_svg(struct buffer *out, const struct canvas *canvas);
enum status canvas_write_cairo(
    struct buffer *out, const struct canvas *canvas, enum canvas_format format);
/* The width of a text that is shown as it is. */
double canvas_shown_width(double size, const char *text);
/* The corners of a sign in a circle of radius 1; returns how many, 0 of a dot.
 */
size_t canvas_sign_corners(enum sign sign, struct point corners[4]);

#define CANVAS_INK "#333333"

#endif
