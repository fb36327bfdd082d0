/*
 * plot_forest: the terms of a model with their intervals; ratios on a
 * logarithmic axis.
 */
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "coordinator/client/plot/plot_internal.h"
#include "coordinator/client/result_formula.h"
#include "coordinator/client/result_text.h"

#define RATIO_MIN 0.01
#define RATIO_MAX 100.0
#define LETTERS 12.0
#define TERM_LIMIT 280.0
#define GAP 20.0
#define ROW_SPACE 12.0 /* between rows */

struct forest {
    struct picture *picture;
    const json_t *table;
    const char *ratio; /* "hazard ratio"; NULL: coefficients */
    struct axis x;
    struct labels terms, figures, p_values;
    size_t count;
};

static bool is_drawn(const json_t *row)
{
    return strcmp(result_string(row, "term"), "(Intercept)") != 0 &&
           isfinite(result_number(row, "estimate")) &&
           isfinite(result_number(row, "conf_low")) &&
           isfinite(result_number(row, "conf_high"));
}

static double figure(
    const struct forest *forest, const json_t *row, const char *key)
{
    const double value = result_number(row, key);
    if (forest->ratio == NULL)
        return value;
    return fmin(fmax(exp(value), RATIO_MIN), RATIO_MAX);
}

/* Ratios as ratios are set; else two digits of the interval's width. */
static void write_estimate(
    struct words *out, const struct forest *forest, const json_t *row)
{
    static const char *const keys[] = {"estimate", "conf_low", "conf_high"};
    static const char *const after[] = {" (", " to ", ")"};
    const double width =
        result_number(row, "conf_high") - result_number(row, "conf_low");
    for (size_t i = 0; i < 3; i++) {
        const double value = result_number(row, keys[i]);
        char text[64];
        if (forest->ratio != NULL) {
            result_text_ratio(text, sizeof text, value);
            words_add(out, text);
        } else {
            plot_number(out, value, width);
        }
        words_add(out, after[i]);
    }
}

/* "Odds ratio (95 % CI)" */
static void write_heading(struct words *out, const struct forest *forest)
{
    const char *what = forest->ratio == NULL ? "coefficient" : forest->ratio;
    words_add_format(out, "%c%s (%g %% CI)", toupper((unsigned char)*what),
        what + 1, 100 * result_level(forest->picture->entry));
}

static void measure(struct forest *forest)
{
    const double nothing = forest->ratio != NULL ? 1 : 0;
    double low = nothing, high = nothing;
    struct words heading = {0};
    size_t at;
    json_t *row;
    write_heading(&heading, forest);
    labels_see(&forest->figures, heading.text);
    json_array_foreach((json_t *)forest->table, at, row)
    {
        struct words term = {0}, estimate = {0}, p_value = {0};
        if (!is_drawn(row))
            continue;
        plot_cell(&term, forest->picture, row, "term");
        write_estimate(&estimate, forest, row);
        plot_p_value(&p_value, result_number(row, "p_value"));
        labels_see(&forest->terms, term.text);
        labels_see(&forest->figures, estimate.text);
        labels_see(&forest->p_values, p_value.text);
        low = fmin(low, figure(forest, row, "conf_low"));
        high = fmax(high, figure(forest, row, "conf_high"));
        forest->count++;
    }
    const double margin = (high - low) * 0.05 + 1e-9;
    forest->x = (struct axis){.low = low - margin, .high = high + margin};
    if (forest->ratio != NULL)
        forest->x = (struct axis){.low = fmax(low / 1.03, RATIO_MIN),
            .high = fmin(high * 1.03, RATIO_MAX),
            .logarithmic = true};
    axis_widen(&forest->x);
}

/* Terms, axis, figures, p values, from left to right. */
static void set_places(struct forest *forest)
{
    forest->x.from = PLOT_EDGE + forest->terms.width + GAP;
    forest->x.to = PLOT_WIDTH - PLOT_EDGE - forest->figures.width -
                   forest->p_values.width - 2 * GAP;
}

static bool is_on_axis(const struct forest *forest, double value)
{
    return forest->ratio == NULL ||
           (exp(value) <= RATIO_MAX && exp(value) >= RATIO_MIN);
}

/* An interval that goes on past the axis ends in an arrow. */
static void draw_end(
    const struct forest *forest, const json_t *row, const char *key, double y)
{
    const double value = result_number(row, key);
    const bool right = value > 0;
    if (!is_on_axis(forest, value))
        canvas_sign(forest->picture->canvas,
            (struct point){right ? forest->x.to : forest->x.from, y},
            right ? SIGN_RIGHT : SIGN_LEFT, 5, canvas_colour(0));
}

static double draw_term(
    const struct forest *forest, const json_t *row, double top)
{
    struct canvas *canvas = forest->picture->canvas;
    struct words term = {0}, estimate = {0}, p_value = {0};
    const struct type type = {LETTERS, ANCHOR_START, NULL};
    const double right = PLOT_WIDTH - PLOT_EDGE;
    plot_cell(&term, forest->picture, row, "term");
    write_estimate(&estimate, forest, row);
    plot_p_value(&p_value, result_number(row, "p_value"));
    const double height =
        fmax(labels_height(&forest->terms, term.text), LETTERS * 1.25);
    const double y = top + height / 2;
    plot_label(canvas, (struct point){PLOT_EDGE, y}, type, forest->terms.limit,
        term.text);
    canvas_line(canvas,
        (struct point){
            axis_place(&forest->x, figure(forest, row, "conf_low")), y},
        (struct point){
            axis_place(&forest->x, figure(forest, row, "conf_high")), y},
        (struct pen){canvas_colour(0), 2, 0});
    draw_end(forest, row, "conf_low", y);
    draw_end(forest, row, "conf_high", y);
    if (is_on_axis(forest, result_number(row, "estimate")))
        canvas_sign(canvas,
            (struct point){
                axis_place(&forest->x, figure(forest, row, "estimate")), y},
            SIGN_SQUARE, 4.5, canvas_colour(0));
    plot_label(canvas, (struct point){forest->x.to + GAP, y}, type, PLOT_WIDTH,
        estimate.text);
    plot_label(canvas, (struct point){right - forest->p_values.width, y}, type,
        PLOT_WIDTH, p_value.text);
    return top + height + ROW_SPACE;
}

/* "Hazard ratio"; "Coefficient (change of LVEF (%))". */
static void write_axis(struct words *out, const struct forest *forest)
{
    char response[WORDS_MAX + 1];
    if (forest->ratio != NULL) {
        words_add_format(out, "%c%s, logarithmic scale",
            toupper((unsigned char)*forest->ratio), forest->ratio + 1);
        return;
    }
    words_add(out, "Coefficient");
    formula_response(forest->picture->entry, response, sizeof response);
    if (*response == '\0' ||
        strcmp(result_string(forest->picture->entry, "analysis"), "glm") == 0)
        return;
    words_add(out, ": difference in ");
    words_add_term(out, forest->picture->variables, NULL, response);
}

static void draw_rows(const struct forest *forest, double y)
{
    struct canvas *canvas = forest->picture->canvas;
    struct words heading = {0}, axis = {0};
    size_t at;
    json_t *row;
    write_heading(&heading, forest);
    write_axis(&axis, forest);
    canvas_text(canvas, (struct point){forest->x.to + GAP, y + LETTERS},
        (struct type){LETTERS, ANCHOR_START, PLOT_GREY}, heading.text);
    y += LETTERS + ROW_SPACE;
    const double top = y - 4;
    const size_t line = canvas->mark_count;
    const double nothing =
        axis_place(&forest->x, forest->ratio != NULL ? 1 : 0);
    canvas_line(canvas, (struct point){nothing, top},
        (struct point){nothing, top}, (struct pen){"#888888", 1, 2});
    json_array_foreach((json_t *)forest->table, at, row)
    {
        if (is_drawn(row))
            y = draw_term(forest, row, y);
    }
    if (canvas->status == STATUS_OK)
        canvas->marks[line].y2 = y;
    canvas->height =
        frame_draw_x(canvas, &forest->x, y, axis.text) + PLOT_EDGE - LETTERS;
}

enum status plot_forest(struct picture *picture)
{
    struct forest forest = {.picture = picture,
        .table = json_object_get(picture->entry, "table"),
        .ratio = result_ratio_name(picture->entry),
        .terms = {.limit = TERM_LIMIT, .size = LETTERS},
        .figures = {.limit = PLOT_WIDTH, .size = LETTERS},
        .p_values = {.limit = PLOT_WIDTH, .size = LETTERS}};
    struct words note = {0};
    measure(&forest);
    if (forest.count == 0)
        return STATUS_NOT_FOUND;
    set_places(&forest);
    if (forest.x.to < forest.x.from + 60)
        return STATUS_MALFORMED; /* figures of hundreds of digits */
    plot_people(&note, picture->entry);
    draw_rows(&forest, plot_head(picture, note.text) + 4);
    return STATUS_OK;
}
