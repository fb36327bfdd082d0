/*
 * plot_correlation: correlations as a triangle of squares, each with its
 * figure: orange below 0, blue above.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "coordinator/client/plot/plot_internal.h"

#define LETTERS 12.0
#define LABEL_LIMIT 280.0
#define VARIABLES_MAX 24
#define CELL_MAX 64.0
#define CELL_MIN 30.0

struct grid {
    struct picture *picture;
    struct labels labels;
    size_t count;
    const char *names[VARIABLES_MAX];
    double cell;
    struct point corner;
};

static bool find(struct grid *grid, const char *name, size_t *place)
{
    for (*place = 0; *place < grid->count; (*place)++) {
        if (strcmp(grid->names[*place], name) == 0)
            return true;
    }
    if (grid->count == VARIABLES_MAX)
        return false;
    grid->names[grid->count++] = name;
    return true;
}

/* From nearly white to a strong colour; static, for canvas keeps the pointer.
 */
static const char *colour_of(double estimate)
{
    static const char *const above[] = {
        "#f4f4f4", "#deebf7", "#c6dbef", "#9ecae1", "#6baed6", "#4292c6"};
    static const char *const below[] = {
        "#f4f4f4", "#feedde", "#fdd0a2", "#fdae6b", "#fd8d3c", "#f16913"};
    const size_t step = (size_t)fmin(5, round(5 * fabs(estimate)));
    return estimate < 0 ? below[step] : above[step];
}

static void label_of(
    struct words *out, const struct grid *grid, size_t variable)
{
    words_add_format(out, "%zu  ", variable + 1);
    words_add_variable(out, grid->picture->variables, grid->names[variable]);
}

static struct point place_of(const struct grid *grid, size_t row, size_t column)
{
    return (struct point){grid->corner.x + grid->cell * (double)column,
        grid->corner.y + grid->cell * (double)row};
}

static void draw_names(const struct grid *grid)
{
    struct canvas *canvas = grid->picture->canvas;
    for (size_t i = 0; i < grid->count; i++) {
        struct words label = {0};
        const struct point cell = place_of(grid, i, i);
        char number[32];
        label_of(&label, grid, i);
        snprintf(number, sizeof number, "%zu", i + 1);
        plot_label(canvas, (struct point){PLOT_EDGE, cell.y + grid->cell / 2},
            (struct type){LETTERS, ANCHOR_START, NULL}, LABEL_LIMIT,
            label.text);
        canvas_text(canvas,
            (struct point){
                cell.x + grid->cell / 2, cell.y + grid->cell / 2 + 4},
            (struct type){LETTERS, ANCHOR_MIDDLE, PLOT_GREY}, number);
    }
}

static void draw_pair(
    const struct grid *grid, const json_t *row, size_t a, size_t b)
{
    struct canvas *canvas = grid->picture->canvas;
    const double estimate = result_number(row, "estimate");
    const struct point cell = place_of(grid, a > b ? a : b, a > b ? b : a);
    char text[32];
    if (isnan(estimate)) {
        canvas_box(canvas, cell, grid->cell - 2, grid->cell - 2, NULL);
        return;
    }
    /* Never "-0.00". */
    snprintf(text, sizeof text, "%.2f", round(100 * estimate) / 100 + 0.0);
    canvas_box(
        canvas, cell, grid->cell - 2, grid->cell - 2, colour_of(estimate));
    canvas_text(canvas,
        (struct point){cell.x + grid->cell / 2, cell.y + grid->cell / 2 + 4},
        (struct type){grid->cell < 40 ? 10 : LETTERS, ANCHOR_MIDDLE, "#000000"},
        text);
}

enum status plot_correlation(struct picture *picture)
{
    struct grid grid = {
        .picture = picture, .labels = {.limit = LABEL_LIMIT, .size = LETTERS}};
    const json_t *table = json_object_get(picture->entry, "table");
    struct words note = {0};
    size_t at, a, b;
    json_t *row;
    json_array_foreach((json_t *)table, at, row)
    {
        if (!find(&grid, result_string(row, "row"), &a) ||
            !find(&grid, result_string(row, "column"), &b))
            return STATUS_NOT_FOUND; /* more than a page holds */
    }
    for (size_t i = 0; i < grid.count; i++) {
        struct words label = {0};
        label_of(&label, &grid, i);
        labels_see(&grid.labels, label.text);
    }
    plot_people(&note, picture->entry);
    grid.corner.y = plot_head(picture, note.text) + 4;
    grid.corner.x = PLOT_EDGE + grid.labels.width + 16;
    grid.cell =
        fmax(CELL_MIN, fmin(CELL_MAX, (PLOT_WIDTH - PLOT_EDGE - grid.corner.x) /
                                          (double)grid.count));
    picture->canvas->width = fmax(
        PLOT_WIDTH, grid.corner.x + grid.cell * (double)grid.count + PLOT_EDGE);
    json_array_foreach((json_t *)table, at, row)
    {
        if (find(&grid, result_string(row, "row"), &a) &&
            find(&grid, result_string(row, "column"), &b))
            draw_pair(&grid, row, a, b);
    }
    draw_names(&grid);
    picture->canvas->height =
        grid.corner.y + grid.cell * (double)grid.count + PLOT_EDGE;
    return STATUS_OK;
}
