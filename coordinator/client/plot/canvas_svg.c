/*
 * canvas_svg: a drawing as SVG 1.1, its text as text, so that it can be edited
 * and searched.
 */
#include <stdarg.h>
#include <stdio.h>

#include "coordinator/client/plot/canvas.h"

struct svg {
    struct buffer *text;
    enum status status;
};

static void put_bytes(struct svg *svg, const char *bytes, size_t size)
{
    if (svg->status == STATUS_OK)
        svg->status = buffer_append(svg->text, bytes, size);
}

__attribute__((format(printf, 2, 3))) static void put(
    struct svg *svg, const char *format, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (size < 0 || (size_t)size >= sizeof text)
        svg->status = STATUS_INTERNAL;
    else
        put_bytes(svg, text, (size_t)size);
}

static void put_escaped(struct svg *svg, const char *text)
{
    for (; *text != '\0'; text++) {
        switch (*text) {
        case '<': put(svg, "&lt;"); break;
        case '>': put(svg, "&gt;"); break;
        case '&': put(svg, "&amp;"); break;
        case '"': put(svg, "&quot;"); break;
        default: put_bytes(svg, text, 1);
        }
    }
}

static void put_pen(struct svg *svg, struct pen pen)
{
    const double *dash = canvas_dash(pen.dash);
    put(svg, " fill=\"none\" stroke=\"%s\" stroke-width=\"%g\"", pen.colour,
        pen.width);
    if (*dash == 0)
        return;
    put(svg, " stroke-dasharray=\"");
    for (size_t i = 0; i < CANVAS_DASH_MAX && dash[i] > 0; i++)
        put(svg, "%s%g", i > 0 ? " " : "", dash[i]);
    put(svg, "\"");
}

static void put_sign(struct svg *svg, const struct mark *mark)
{
    struct point corners[4];
    const size_t count = canvas_sign_corners(mark->sign, corners);
    if (count == 0) {
        put(svg, "<circle cx=\"%.2f\" cy=\"%.2f\" r=\"%g\" fill=\"%s\"/>\n",
            mark->x, mark->y, mark->size, mark->pen.colour);
        return;
    }
    put(svg, "<polygon points=\"");
    for (size_t i = 0; i < count; i++)
        put(svg, "%s%.2f,%.2f", i > 0 ? " " : "",
            mark->x + mark->size * corners[i].x,
            mark->y + mark->size * corners[i].y);
    put(svg, "\" fill=\"%s\"/>\n", mark->pen.colour);
}

static void put_text(struct svg *svg, const struct mark *mark)
{
    static const char *const anchors[] = {"start", "middle", "end"};
    put(svg, "<text x=\"%.2f\" y=\"%.2f\" font-size=\"%g\" text-anchor=\"%s\"",
        mark->x, mark->y, mark->size, anchors[mark->anchor]);
    if (mark->upward)
        put(svg, " transform=\"rotate(-90 %.2f %.2f)\"", mark->x, mark->y);
    put(svg, " fill=\"%s\">", mark->pen.colour);
    put_escaped(svg, mark->text);
    put(svg, "</text>\n");
}

static void put_path(
    struct svg *svg, const struct canvas *canvas, const struct mark *mark)
{
    if (mark->count == 0)
        return;
    put(svg, "<path d=\"");
    for (size_t i = 0; i < mark->count; i++) {
        const struct point *point = &canvas->points[mark->first + i];
        put(svg, "%c%.2f %.2f", i == 0 ? 'M' : 'L', point->x, point->y);
    }
    if (mark->area) {
        put(svg, "Z\" fill=\"%s\" fill-opacity=\"0.2\" stroke=\"none\"/>\n",
            mark->pen.colour);
        return;
    }
    put(svg, "\"");
    put_pen(svg, mark->pen);
    put(svg, "/>\n");
}

static void put_mark(
    struct svg *svg, const struct canvas *canvas, const struct mark *mark)
{
    switch (mark->kind) {
    case MARK_LINE:
        put(svg, "<line x1=\"%.2f\" y1=\"%.2f\" x2=\"%.2f\" y2=\"%.2f\"",
            mark->x, mark->y, mark->x2, mark->y2);
        put_pen(svg, mark->pen);
        put(svg, "/>\n");
        break;
    case MARK_BOX:
        put(svg,
            "<rect x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\" "
            "fill=\"%s\" stroke=\"%s\"/>\n",
            mark->x, mark->y, mark->x2, mark->y2,
            mark->fill == NULL ? "url(#hatch)" : mark->fill,
            mark->fill == NULL ? "#888888" : "none");
        break;
    case MARK_SIGN: put_sign(svg, mark); break;
    case MARK_TEXT: put_text(svg, mark); break;
    case MARK_PATH: put_path(svg, canvas, mark); break;
    }
}

enum status canvas_write_svg(struct buffer *out, const struct canvas *canvas)
{
    struct svg svg = {out, STATUS_OK};
    put(&svg,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%g\" height=\"%g\" "
        "viewBox=\"0 0 %g %g\" font-family=\"'DejaVu Sans', Helvetica, Arial, "
        "sans-serif\">\n",
        canvas->width, canvas->height, canvas->width, canvas->height);
    put(&svg, "<defs><pattern id=\"hatch\" width=\"6\" height=\"6\" "
              "patternUnits=\"userSpaceOnUse\" "
              "patternTransform=\"rotate(45)\"><line x1=\"0\" y1=\"0\" "
              "x2=\"0\" y2=\"6\" stroke=\"#888888\" stroke-width=\"2\"/>"
              "</pattern></defs>\n<rect width=\"100%%\" height=\"100%%\" "
              "fill=\"#ffffff\"/>\n");
    for (size_t i = 0; i < canvas->mark_count; i++)
        put_mark(&svg, canvas, &canvas->marks[i]);
    put(&svg, "</svg>\n");
    return svg.status;
}
