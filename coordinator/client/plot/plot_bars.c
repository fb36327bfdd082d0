/*
 * plot_bars: histograms, frequencies and cross tables. A withheld bar is
 * hatched, at a size that says nothing.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "coordinator/client/plot/plot_internal.h"

#define LETTERS 12.0
#define LABEL_LIMIT 220.0
#define BAR 22.0
#define SPACE 8.0
#define PANEL 310.0
#define EDGE 0.75 /* left free beside a bar that touches its neighbor */
#define WITHHELD_SHARE 0.07

static double largest(const json_t *table)
{
    size_t at;
    json_t *row;
    double most = 1;
    json_array_foreach((json_t *)table, at, row)
    {
        most = fmax(most, result_number(row, "n"));
    }
    return most;
}

/* ---- histogram ---- */

static bool draw_bins(struct canvas *canvas, const json_t *table,
    const struct axis *x, const struct axis *y)
{
    bool withheld = false;
    size_t at;
    json_t *row;
    json_array_foreach((json_t *)table, at, row)
    {
        const bool hidden = result_is_suppressed(row);
        const double left = axis_place(x, result_number(row, "low"));
        const double right = axis_place(x, result_number(row, "high"));
        const double top =
            axis_place(y, hidden ? y->high * WITHHELD_SHARE
                                 : fmax(0, result_number(row, "n")));
        if (!(right > left))
            continue;
        canvas_box(canvas, (struct point){left + EDGE, top},
            right - left - 2 * EDGE, y->from - top,
            hidden ? NULL : canvas_colour(0));
        withheld = withheld || hidden;
    }
    return withheld;
}

enum status plot_histogram(struct picture *picture)
{
    struct canvas *canvas = picture->canvas;
    const json_t *table = json_object_get(picture->entry, "table");
    const size_t count = json_array_size(table);
    struct axis x = {.low = result_number(json_array_get(table, 0), "low"),
        .high = result_number(json_array_get(table, count - 1), "high"),
        .to = PLOT_WIDTH - PLOT_EDGE};
    struct axis y = {.high = largest(table) * 1.05};
    struct words label = {0}, note = {0};
    if (!(x.high > x.low) || !isfinite(x.high - x.low))
        return STATUS_MALFORMED;
    words_add_variable(&label, picture->variables,
        result_string(
            json_object_get(picture->entry, "parameters"), "variable"));
    plot_people(&note, picture->entry);
    y.to = plot_head(picture, note.text) + 8;
    y.from = y.to + PANEL;
    x.from = frame_left(&y);
    const double below =
        frame_draw(canvas, &x, &y, label.text, plot_unit(picture));
    if (draw_bins(canvas, table, &x, &y))
        canvas_text(canvas, (struct point){x.to, y.to + 10},
            (struct type){LETTERS, ANCHOR_END, NULL}, "hatched: withheld");
    canvas->height = below + PLOT_EDGE - LETTERS;
    return STATUS_OK;
}

/* ---- frequency ---- */

static void count_text(struct words *out, const json_t *row)
{
    const double share = result_number(row, "proportion");
    if (result_is_suppressed(row)) {
        words_add(out, "withheld");
        return;
    }
    words_add_format(out, "%.0f", result_number(row, "n"));
    if (!isnan(share))
        words_add_format(out, " (%.1f %%)", 100 * share);
}

static double draw_level(const struct picture *picture, const json_t *row,
    const struct axis *x, const struct labels *labels, double top)
{
    struct canvas *canvas = picture->canvas;
    struct words level = {0}, count = {0};
    plot_cell(&level, picture, row, "level");
    count_text(&count, row);
    const double height = fmax(BAR, labels_height(labels, level.text));
    const bool hidden = result_is_suppressed(row);
    const double to = axis_place(x,
        hidden ? x->high * WITHHELD_SHARE : fmax(0, result_number(row, "n")));
    plot_label(canvas, (struct point){x->from - 8, top + height / 2},
        (struct type){LETTERS, ANCHOR_END, NULL}, labels->limit, level.text);
    canvas_box(canvas, (struct point){x->from, top + (height - BAR) / 2},
        to - x->from, BAR, hidden ? NULL : canvas_colour(0));
    plot_label(canvas, (struct point){to + 6, top + height / 2},
        (struct type){LETTERS, ANCHOR_START, NULL}, PLOT_WIDTH, count.text);
    return top + height + SPACE;
}

enum status plot_frequency(struct picture *picture)
{
    const json_t *table = json_object_get(picture->entry, "table");
    struct labels labels = {.limit = LABEL_LIMIT, .size = LETTERS};
    struct labels counts = {.limit = LABEL_LIMIT, .size = LETTERS};
    struct words note = {0};
    size_t at;
    json_t *row;
    json_array_foreach((json_t *)table, at, row)
    {
        struct words level = {0}, count = {0};
        plot_cell(&level, picture, row, "level");
        count_text(&count, row);
        labels_see(&labels, level.text);
        labels_see(&counts, count.text);
    }
    const struct axis x = {0, largest(table), PLOT_EDGE + labels.width + 8,
        PLOT_WIDTH - PLOT_EDGE - counts.width - 8, false, false};
    plot_people(&note, picture->entry);
    double y = plot_head(picture, note.text) + 4;
    json_array_foreach((json_t *)table, at, row) y =
        draw_level(picture, row, &x, &labels, y);
    picture->canvas->height =
        frame_draw_x(picture->canvas, &x, y, plot_unit(picture)) + PLOT_EDGE -
        LETTERS;
    return STATUS_OK;
}

/* ---- cross table ---- */

/* One bar a row of the table, its columns as shares of it. */
struct cross {
    struct picture *picture;
    const json_t *table;
    struct labels labels;
    struct axis x;
    size_t column_count;
    const char *columns[PLOT_GROUPS_MAX];
};

static const char *light(size_t column)
{
    /* Black letters are read on all of them. */
    static const char *const colours[] = {"#9ecae9", "#f5c08a", "#9fd8c3",
        "#e6c3d8", "#d9d9d9", "#f3e79b", "#c5b8e0"};
    return colours[column % (sizeof colours / sizeof colours[0])];
}

static size_t column_of(struct cross *cross, const char *name)
{
    size_t at = 0;
    while (at < cross->column_count && strcmp(cross->columns[at], name) != 0)
        at++;
    if (at == cross->column_count && at < PLOT_GROUPS_MAX)
        cross->columns[cross->column_count++] = name;
    return at;
}

static bool is_first_row(const struct cross *cross, size_t index)
{
    const char *name =
        result_string(json_array_get(cross->table, index), "row");
    for (size_t i = 0; i < index; i++) {
        if (strcmp(result_string(json_array_get(cross->table, i), "row"),
                name) == 0)
            return false;
    }
    return true;
}

/* The cells of a row that are known, added up; NaN when one is withheld. */
static double row_sum(const struct cross *cross, const char *name)
{
    double sum = 0;
    size_t at;
    json_t *row;
    json_array_foreach((json_t *)cross->table, at, row)
    {
        if (strcmp(result_string(row, "row"), name) == 0)
            sum += result_is_suppressed(row) ? NAN : result_number(row, "n");
    }
    return sum;
}

static void draw_cell(struct cross *cross, const json_t *row, double left,
    double right, double top)
{
    struct canvas *canvas = cross->picture->canvas;
    struct words level = {0}, text = {0};
    const double n = result_number(row, "n");
    const double share = 100 * (right - left) / (cross->x.to - cross->x.from);
    const struct point middle = {(left + right) / 2, top + BAR / 2 + 4};
    const struct type type = {LETTERS - 1, ANCHOR_MIDDLE, "#000000"};
    canvas_box(canvas, (struct point){left + EDGE, top},
        fmax(right - left - 2 * EDGE, 0.5), BAR,
        light(column_of(cross, result_string(row, "column"))));
    plot_cell(&level, cross->picture, row, "column");
    words_add_format(&text, "%s: %.0f (%.0f %%)", level.text, n, share);
    if (canvas_text_width(type.size, text.text) > right - left - 6) {
        text = (struct words){0};
        words_add_format(&text, "%.0f (%.0f %%)", n, share);
    }
    if (canvas_text_width(type.size, text.text) <= right - left - 4)
        canvas_text(canvas, middle, type, text.text);
}

/* Why a row has no shares, on white. */
static void draw_reason(
    struct canvas *canvas, struct point at, const char *text)
{
    const double width = canvas_text_width(LETTERS, text) + 8;
    canvas_box(
        canvas, (struct point){at.x, at.y + 3}, width, BAR - 6, "#ffffff");
    canvas_text(canvas, (struct point){at.x + 4, at.y + BAR / 2 + 4},
        (struct type){LETTERS, ANCHOR_START, "#000000"}, text);
}

static double draw_row(struct cross *cross, const char *name, double top)
{
    struct canvas *canvas = cross->picture->canvas;
    struct words label = {0};
    const double sum = row_sum(cross, name);
    const double from = cross->x.from;
    double before = 0;
    size_t at;
    json_t *row;
    json_array_foreach((json_t *)cross->table, at, row)
    {
        if (strcmp(result_string(row, "row"), name) != 0)
            continue;
        if (label.size == 0)
            plot_cell(&label, cross->picture, row, "row");
        const double n = result_number(row, "n");
        if (!(sum > 0) || !(n > 0))
            continue;
        draw_cell(cross, row, axis_place(&cross->x, 100 * before / sum),
            axis_place(&cross->x, 100 * (before + n) / sum), top);
        before += n;
    }
    const double height = fmax(BAR, labels_height(&cross->labels, label.text));
    if (!(sum > 0)) {
        canvas_box(canvas, (struct point){from, top}, cross->x.to - from, BAR,
            isnan(sum) ? NULL : "#ffffff");
        draw_reason(canvas, (struct point){from + 8, top},
            isnan(sum) ? "a cell is withheld" : "nobody");
    }
    plot_label(canvas, (struct point){from - 8, top + BAR / 2},
        (struct type){LETTERS, ANCHOR_END, NULL}, cross->labels.limit,
        label.text);
    return top + height + SPACE;
}

/* The columns in their order, and what they are. */
static double draw_legend(const struct cross *cross, double y)
{
    struct picture *picture = cross->picture;
    double x = cross->x.from;
    for (size_t i = 0; i < cross->column_count; i++) {
        struct words level = {0};
        if (!words_add_cell(&level, picture->variables, picture->entry,
                "column", cross->columns[i]))
            words_add(&level, cross->columns[i]);
        const double width = canvas_text_width(LETTERS, level.text) + 36;
        if (x + width > PLOT_WIDTH - PLOT_EDGE && x > cross->x.from) {
            x = cross->x.from;
            y += 18;
        }
        canvas_box(
            picture->canvas, (struct point){x, y - 10}, 12, 12, light(i));
        canvas_paragraph(picture->canvas, (struct point){x + 18, y},
            (struct type){LETTERS, ANCHOR_START, NULL},
            PLOT_WIDTH - PLOT_EDGE - x - 18, level.text);
        x += width;
    }
    return y + 14;
}

enum status plot_crosstab(struct picture *picture)
{
    struct cross cross = {.picture = picture,
        .table = json_object_get(picture->entry, "table"),
        .labels = {.limit = LABEL_LIMIT, .size = LETTERS}};
    struct words note = {0}, axis = {0};
    size_t at;
    json_t *row;
    json_array_foreach((json_t *)cross.table, at, row)
    {
        struct words label = {0};
        plot_cell(&label, picture, row, "row");
        labels_see(&cross.labels, label.text);
        if (column_of(&cross, result_string(row, "column")) >= PLOT_GROUPS_MAX)
            return STATUS_NOT_FOUND; /* more than can be told apart */
    }
    cross.x = (struct axis){0, 100, PLOT_EDGE + cross.labels.width + 8,
        PLOT_WIDTH - PLOT_EDGE - 8, false, false};
    plot_people(&note, picture->entry);
    if (!isnan(result_number(picture->entry, "p_value"))) {
        words_add(&note, "; chi-squared ");
        plot_p_value(&note, result_number(picture->entry, "p_value"));
    }
    double y = draw_legend(&cross, plot_head(picture, note.text) + 12);
    json_array_foreach((json_t *)cross.table, at, row)
    {
        if (is_first_row(&cross, at))
            y = draw_row(&cross, result_string(row, "row"), y);
    }
    words_add_label(&axis, picture->variables,
        result_string(
            json_object_get(picture->entry, "parameters"), "columns"));
    words_add(&axis, ", share of each row (%)");
    picture->canvas->height =
        frame_draw_x(picture->canvas, &cross.x, y, axis.text) + PLOT_EDGE -
        LETTERS;
    return STATUS_OK;
}
