#include "coordinator/client/plot/svg.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *svg_colour(size_t at)
{
    static const char *const colours[] = {"#0072B2", "#D55E00", "#009E73",
        "#CC79A7", "#E69F00", "#56B4E9", "#000000"};
    return colours[at % (sizeof colours / sizeof colours[0])];
}

static void put_bytes(struct svg *svg, const char *bytes, size_t size)
{
    if (svg->status == STATUS_OK)
        svg->status = buffer_append(&svg->text, bytes, size);
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
        case '<': put_bytes(svg, "&lt;", 4); break;
        case '>': put_bytes(svg, "&gt;", 4); break;
        case '&': put_bytes(svg, "&amp;", 5); break;
        case '"': put_bytes(svg, "&quot;", 6); break;
        default:
            if ((unsigned char)*text >= 0x20)
                put_bytes(svg, text, 1);
        }
    }
}

void svg_begin(struct svg *svg, double width, double height)
{
    *svg = (struct svg){.status = STATUS_OK};
    buffer_init(&svg->text, BUFFER_LIMIT_DEFAULT);
    put(svg,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%g\" height=\"%g\" "
        "viewBox=\"0 0 %g %g\" font-family=\"Helvetica, Arial, sans-serif\" "
        "font-size=\"13\">\n",
        width, height, width, height);
    put(svg, "<defs><pattern id=\"hatch\" width=\"6\" height=\"6\" "
             "patternUnits=\"userSpaceOnUse\" "
             "patternTransform=\"rotate(45)\"><line x1=\"0\" y1=\"0\" "
             "x2=\"0\" y2=\"6\" stroke=\"#888\" "
             "stroke-width=\"2\"/></pattern></defs>\n");
    put(svg, "<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n");
}

enum status svg_end(struct svg *svg)
{
    put(svg, "</svg>\n");
    return svg->status;
}

void svg_line(struct svg *svg, double x1, double y1, double x2, double y2,
    struct svg_pen pen)
{
    put(svg,
        "<line x1=\"%.2f\" y1=\"%.2f\" x2=\"%.2f\" y2=\"%.2f\" stroke=\"%s\" "
        "stroke-width=\"%g\"/>\n",
        x1, y1, x2, y2, pen.colour, pen.width);
}

void svg_dashed(struct svg *svg, double x1, double y1, double x2, double y2,
    const char *colour)
{
    put(svg,
        "<line x1=\"%.2f\" y1=\"%.2f\" x2=\"%.2f\" y2=\"%.2f\" stroke=\"%s\" "
        "stroke-dasharray=\"4 3\"/>\n",
        x1, y1, x2, y2, colour);
}

void svg_box(struct svg *svg, double x, double y, double width, double height,
    struct svg_fill fill)
{
    put(svg,
        "<rect x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\" "
        "fill=\"%s\" stroke=\"%s\"/>\n",
        x, y, width, height, fill.hatched ? "url(#hatch)" : fill.colour,
        fill.hatched ? "#888" : "white");
}

void svg_dot(
    struct svg *svg, double x, double y, double radius, const char *colour)
{
    put(svg, "<circle cx=\"%.2f\" cy=\"%.2f\" r=\"%g\" fill=\"%s\"/>\n", x, y,
        radius, colour);
}

void svg_text(struct svg *svg, double x, double y, double size,
    enum svg_anchor anchor, const char *text)
{
    static const char *const anchors[] = {"start", "middle", "end"};
    put(svg, "<text x=\"%.2f\" y=\"%.2f\" font-size=\"%g\" text-anchor=\"%s\">",
        x, y, size, anchors[anchor]);
    put_escaped(svg, text);
    put(svg, "</text>\n");
}

void svg_text_upward(struct svg *svg, double x, double y, const char *text)
{
    put(svg,
        "<text x=\"%.2f\" y=\"%.2f\" text-anchor=\"middle\" "
        "transform=\"rotate(-90 %.2f %.2f)\">",
        x, y, x, y);
    put_escaped(svg, text);
    put(svg, "</text>\n");
}

void svg_path_begin(struct svg *svg)
{
    put(svg, "<path d=\"");
}

void svg_path_to(struct svg *svg, bool first, double x, double y)
{
    put(svg, "%c%.2f %.2f", first ? 'M' : 'L', x, y);
}

void svg_path_end(struct svg *svg, const char *colour, bool area)
{
    if (area) {
        put(svg, "Z\" fill=\"%s\" fill-opacity=\"0.2\" stroke=\"none\"/>\n",
            colour);
    } else {
        put(svg, "\" fill=\"none\" stroke=\"%s\" stroke-width=\"2\"/>\n",
            colour);
    }
}
