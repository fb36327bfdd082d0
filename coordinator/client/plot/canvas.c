#include "coordinator/client/plot/canvas.h"

#include <stdlib.h>
#include <string.h>

#include "protocol/wire/text.h"

#define MARKS_MAX 100000
#define TEXT_BYTES_MAX 1200
#define LINES_MAX 40 /* of a paragraph */

const char *canvas_colour(size_t at)
{
    static const char *const colours[] = {"#0072b2", "#d55e00", "#009e73",
        "#cc79a7", "#e69f00", "#56b4e9", "#000000"};
    return colours[at % (sizeof colours / sizeof colours[0])];
}

const double *canvas_dash(size_t at)
{
    static const double dashes[CANVAS_DASHES][CANVAS_DASH_MAX + 1] = {{0},
        {8, 4, 0}, {2, 3, 0}, {10, 3, 2, 3, 0}, {14, 5, 0}, {5, 2, 2, 2, 2, 2}};
    return dashes[at % CANVAS_DASHES];
}

size_t canvas_sign_corners(enum sign sign, struct point corners[4])
{
    static const struct {
        size_t count;
        struct point at[4];
    } signs[SIGN_COUNT] = {
        [SIGN_SQUARE] = {4,
            {{-.85, -.85}, {.85, -.85}, {.85, .85}, {-.85, .85}}},
        [SIGN_UP] = {3, {{0, -1.1}, {1, .8}, {-1, .8}}},
        [SIGN_DIAMOND] = {4, {{0, -1.2}, {1.2, 0}, {0, 1.2}, {-1.2, 0}}},
        [SIGN_LEFT] = {3, {{-1.2, 0}, {.9, -1}, {.9, 1}}},
        [SIGN_RIGHT] = {3, {{1.2, 0}, {-.9, -1}, {-.9, 1}}},
    };
    memcpy(corners, signs[sign].at, sizeof signs[sign].at);
    return signs[sign].count;
}

void canvas_init(struct canvas *canvas, double width, double height)
{
    *canvas = (struct canvas){.width = width, .height = height};
}

void canvas_fini(struct canvas *canvas)
{
    for (size_t i = 0; i < canvas->mark_count; i++)
        free(canvas->marks[i].text);
    free(canvas->marks);
    free(canvas->points);
    *canvas = (struct canvas){0};
}

enum status canvas_write(
    struct buffer *out, const struct canvas *canvas, enum canvas_format format)
{
    if (canvas->status != STATUS_OK)
        return canvas->status;
    return format == CANVAS_SVG ? canvas_write_svg(out, canvas)
                                : canvas_write_cairo(out, canvas, format);
}

/* Room for one more in an array that doubles. */
static bool grow(struct canvas *canvas, void **array, size_t count, size_t size)
{
    if (canvas->status != STATUS_OK)
        return false;
    if (count >= MARKS_MAX) {
        canvas->status = STATUS_TOO_LARGE;
        return false;
    }
    if ((count & (count - 1)) != 0)
        return true;
    void *larger = realloc(*array, (count == 0 ? 1 : 2 * count) * size);
    if (larger == NULL) {
        canvas->status = STATUS_NO_MEMORY;
        return false;
    }
    *array = larger;
    return true;
}

static struct mark *add(struct canvas *canvas, struct mark mark)
{
    void *marks = canvas->marks;
    if (!grow(canvas, &marks, canvas->mark_count, sizeof mark))
        return NULL;
    canvas->marks = marks;
    canvas->marks[canvas->mark_count] = mark;
    return &canvas->marks[canvas->mark_count++];
}

void canvas_line(
    struct canvas *canvas, struct point from, struct point to, struct pen pen)
{
    add(canvas, (struct mark){.kind = MARK_LINE,
                    .x = from.x,
                    .y = from.y,
                    .x2 = to.x,
                    .y2 = to.y,
                    .pen = pen});
}

void canvas_box(struct canvas *canvas, struct point corner, double width,
    double height, const char *fill)
{
    add(canvas, (struct mark){.kind = MARK_BOX,
                    .x = corner.x,
                    .y = corner.y,
                    .x2 = width,
                    .y2 = height,
                    .fill = fill});
}

void canvas_sign(struct canvas *canvas, struct point at, enum sign sign,
    double size, const char *colour)
{
    add(canvas, (struct mark){.kind = MARK_SIGN,
                    .x = at.x,
                    .y = at.y,
                    .sign = sign,
                    .size = size,
                    .pen.colour = colour});
}

void canvas_path_begin(struct canvas *canvas, struct pen pen, bool area)
{
    add(canvas, (struct mark){.kind = MARK_PATH,
                    .pen = pen,
                    .area = area,
                    .first = canvas->point_count});
}

void canvas_path_to(struct canvas *canvas, double x, double y)
{
    void *points = canvas->points;
    if (!grow(canvas, &points, canvas->point_count, sizeof(struct point)))
        return;
    canvas->points = points;
    canvas->points[canvas->point_count++] = (struct point){x, y};
    canvas->marks[canvas->mark_count - 1].count++;
}

/* ---- text ---- */

double canvas_line_height(double size)
{
    return size * 1.25;
}

static void add_text(
    struct canvas *canvas, struct mark mark, const char *text, size_t size)
{
    char own[TEXT_BYTES_MAX + 1];
    text_show(own, sizeof own, (struct view){(const uint8_t *)text, size});
    mark.text = strdup(own);
    if (mark.text == NULL)
        canvas->status = STATUS_NO_MEMORY;
    else if (add(canvas, mark) == NULL)
        free(mark.text);
}

static struct mark text_mark(struct point at, struct type type)
{
    return (struct mark){.kind = MARK_TEXT,
        .x = at.x,
        .y = at.y,
        .size = type.size,
        .anchor = type.anchor,
        .pen.colour = type.colour == NULL ? CANVAS_INK : type.colour};
}

void canvas_text(
    struct canvas *canvas, struct point at, struct type type, const char *text)
{
    add_text(canvas, text_mark(at, type), text, strlen(text));
}

void canvas_text_upward(
    struct canvas *canvas, struct point at, struct type type, const char *text)
{
    struct mark mark = text_mark(at, type);
    mark.upward = true;
    mark.anchor = ANCHOR_MIDDLE;
    add_text(canvas, mark, text, strlen(text));
}

static double width_of(double size, const char *text, size_t bytes)
{
    char own[TEXT_BYTES_MAX + 1];
    text_show(own, sizeof own, (struct view){(const uint8_t *)text, bytes});
    return canvas_shown_width(size, own);
}

double canvas_text_width(double size, const char *text)
{
    return width_of(size, text, strlen(text));
}

static size_t next_character(const char *text)
{
    size_t size = 1;
    while (((unsigned char)text[size] & 0xC0) == 0x80)
        size++;
    return size;
}

/* How many bytes of text, not "", fit into a line: whole words, or of a first
 * word that does not fit as much as does. */
static size_t fitting(double size, double width, const char *text)
{
    size_t fits = 0, at = 0;
    while (text[at] != '\0') {
        size_t end = at + strspn(text + at, " ");
        end += strcspn(text + end, " ");
        if (width_of(size, text, end) > width)
            break;
        fits = at = end;
    }
    if (fits > 0)
        return fits;
    for (at = next_character(text); text[at] != '\0' && text[at] != ' ';) {
        const size_t end = at + next_character(text + at);
        if (width_of(size, text, end) > width)
            break;
        at = end;
    }
    return at;
}

size_t canvas_paragraph(struct canvas *canvas, struct point at,
    struct type type, double width, const char *text)
{
    size_t lines = 0;
    text += strspn(text, " ");
    while (*text != '\0' && lines < LINES_MAX) {
        const size_t bytes = fitting(type.size, width, text);
        if (canvas != NULL)
            add_text(canvas, text_mark(at, type), text, bytes);
        at.y += canvas_line_height(type.size);
        text += bytes;
        text += strspn(text, " ");
        lines++;
    }
    return lines;
}
