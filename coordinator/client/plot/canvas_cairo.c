/*
 * canvas_cairo: a drawing as PNG or PDF, and the widths of texts. The only file
 * that knows cairo.
 */
#include <cairo-pdf.h>
#include <cairo.h>
#include <math.h>
#include <stdio.h>

#include "coordinator/client/plot/canvas.h"

#define FONT "DejaVu Sans"
#define PNG_SCALE 3.0      /* 288 dots an inch */
#define PNG_SIDE_MAX 16000 /* dots; cairo takes 32767 */
#define PDF_SCALE 0.75     /* points of 72 an inch */

/* For builds with sanitizers: what fontconfig keeps until the end is not lost
 * memory. */
#define EXPORTED __attribute__((visibility("default")))
EXPORTED const char *__lsan_default_suppressions(void);
EXPORTED const char *__lsan_default_options(void);

const char *__lsan_default_suppressions(void)
{
    return "leak:libfontconfig";
}

const char *__lsan_default_options(void)
{
    return "print_suppressions=0";
}

static enum status status_of(cairo_status_t status)
{
    switch (status) {
    case CAIRO_STATUS_SUCCESS: return STATUS_OK;
    case CAIRO_STATUS_NO_MEMORY: return STATUS_NO_MEMORY;
    case CAIRO_STATUS_INVALID_STRING: return STATUS_MALFORMED;
    case CAIRO_STATUS_WRITE_ERROR: return STATUS_TOO_LARGE;
    default: return STATUS_INTERNAL;
    }
}

/* The same widths at every scale: no hinting. */
static void choose_font(cairo_t *cairo)
{
    cairo_font_options_t *options = cairo_font_options_create();
    cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE);
    cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
    cairo_set_font_options(cairo, options);
    cairo_font_options_destroy(options);
    cairo_select_font_face(
        cairo, FONT, CAIRO_FONT_SLANT_NORMAL, CAIRO_FONT_WEIGHT_NORMAL);
}

/* Kept until the program ends: a picture measures hundreds of texts. */
static cairo_t *measuring(void)
{
    static cairo_t *cairo;
    if (cairo == NULL) {
        cairo_surface_t *surface =
            cairo_image_surface_create(CAIRO_FORMAT_A8, 1, 1);
        cairo = cairo_create(surface);
        cairo_surface_destroy(surface);
        choose_font(cairo);
    }
    return cairo;
}

double canvas_shown_width(double size, const char *text)
{
    cairo_text_extents_t extents = {0};
    cairo_set_font_size(measuring(), size);
    cairo_text_extents(measuring(), text, &extents);
    return extents.x_advance;
}

static void set_colour(cairo_t *cairo, const char *colour, double strength)
{
    unsigned red = 0, green = 0, blue = 0;
    if (sscanf(colour, "#%2x%2x%2x", &red, &green, &blue) != 3)
        red = green = blue = 0;
    cairo_set_source_rgba(
        cairo, red / 255.0, green / 255.0, blue / 255.0, strength);
}

static void stroke(cairo_t *cairo, struct pen pen)
{
    const double *dash = canvas_dash(pen.dash);
    int count = 0;
    while (count < CANVAS_DASH_MAX && dash[count] > 0)
        count++;
    set_colour(cairo, pen.colour, 1);
    cairo_set_line_width(cairo, pen.width);
    cairo_set_dash(cairo, dash, count, 0);
    cairo_stroke(cairo);
}

/* Slanting lines within the box. */
static void hatch(cairo_t *cairo, const struct mark *box)
{
    cairo_save(cairo);
    cairo_rectangle(cairo, box->x, box->y, box->x2, box->y2);
    cairo_clip(cairo);
    for (double x = box->x - box->y2; x < box->x + box->x2; x += 8) {
        cairo_move_to(cairo, x, box->y + box->y2);
        cairo_line_to(cairo, x + box->y2, box->y);
    }
    stroke(cairo, (struct pen){"#888888", 2, 0});
    cairo_restore(cairo);
}

static void draw_box(cairo_t *cairo, const struct mark *box)
{
    if (box->fill == NULL) {
        hatch(cairo, box);
        cairo_rectangle(cairo, box->x, box->y, box->x2, box->y2);
        stroke(cairo, (struct pen){"#888888", 1, 0});
        return;
    }
    set_colour(cairo, box->fill, 1);
    cairo_rectangle(cairo, box->x, box->y, box->x2, box->y2);
    cairo_fill(cairo);
}

static void draw_sign(cairo_t *cairo, const struct mark *mark)
{
    struct point corners[4];
    const size_t count = canvas_sign_corners(mark->sign, corners);
    cairo_new_path(cairo);
    if (count == 0)
        cairo_arc(cairo, mark->x, mark->y, mark->size, 0, 2 * M_PI);
    for (size_t i = 0; i < count; i++)
        cairo_line_to(cairo, mark->x + mark->size * corners[i].x,
            mark->y + mark->size * corners[i].y);
    cairo_close_path(cairo);
    set_colour(cairo, mark->pen.colour, 1);
    cairo_fill(cairo);
}

static void draw_text(cairo_t *cairo, const struct mark *mark)
{
    static const double shares[] = {0, 0.5, 1};
    cairo_text_extents_t extents;
    cairo_save(cairo);
    cairo_set_font_size(cairo, mark->size);
    cairo_text_extents(cairo, mark->text, &extents);
    cairo_move_to(cairo, mark->x, mark->y);
    if (mark->upward)
        cairo_rotate(cairo, -M_PI / 2);
    cairo_rel_move_to(cairo, -shares[mark->anchor] * extents.x_advance, 0);
    set_colour(cairo, mark->pen.colour, 1);
    cairo_show_text(cairo, mark->text);
    cairo_restore(cairo);
}

static void draw_path(
    cairo_t *cairo, const struct canvas *canvas, const struct mark *mark)
{
    cairo_new_path(cairo);
    for (size_t i = 0; i < mark->count; i++)
        cairo_line_to(cairo, canvas->points[mark->first + i].x,
            canvas->points[mark->first + i].y);
    if (mark->area) {
        set_colour(cairo, mark->pen.colour, 0.2);
        cairo_fill(cairo);
    } else {
        stroke(cairo, mark->pen);
    }
}

static void draw(cairo_t *cairo, const struct canvas *canvas)
{
    set_colour(cairo, "#ffffff", 1);
    cairo_paint(cairo);
    choose_font(cairo);
    for (size_t i = 0; i < canvas->mark_count; i++) {
        const struct mark *mark = &canvas->marks[i];
        switch (mark->kind) {
        case MARK_LINE:
            cairo_move_to(cairo, mark->x, mark->y);
            cairo_line_to(cairo, mark->x2, mark->y2);
            stroke(cairo, mark->pen);
            break;
        case MARK_BOX: draw_box(cairo, mark); break;
        case MARK_SIGN: draw_sign(cairo, mark); break;
        case MARK_TEXT: draw_text(cairo, mark); break;
        case MARK_PATH: draw_path(cairo, canvas, mark); break;
        }
    }
}

static cairo_status_t take(
    void *out, const unsigned char *bytes, unsigned int size)
{
    return buffer_append(out, bytes, size) == STATUS_OK
               ? CAIRO_STATUS_SUCCESS
               : CAIRO_STATUS_WRITE_ERROR;
}

enum status canvas_write_cairo(
    struct buffer *out, const struct canvas *canvas, enum canvas_format format)
{
    const bool png = format == CANVAS_PNG;
    const double side = fmax(canvas->width, canvas->height);
    const double scale = png ? fmin(PNG_SCALE, PNG_SIDE_MAX / side) : PDF_SCALE;
    cairo_surface_t *surface =
        png ? cairo_image_surface_create(CAIRO_FORMAT_RGB24,
                  (int)ceil(canvas->width * scale),
                  (int)ceil(canvas->height * scale))
            : cairo_pdf_surface_create_for_stream(
                  take, out, canvas->width * scale, canvas->height * scale);
    cairo_t *cairo = cairo_create(surface);
    cairo_scale(cairo, scale, scale);
    draw(cairo, canvas);
    cairo_status_t status = cairo_status(cairo);
    cairo_destroy(cairo);
    if (status == CAIRO_STATUS_SUCCESS && png)
        status = cairo_surface_write_to_png_stream(surface, take, out);
    cairo_surface_finish(surface);
    if (status == CAIRO_STATUS_SUCCESS)
        status = cairo_surface_status(surface);
    cairo_surface_destroy(surface);
    return status_of(status);
}
