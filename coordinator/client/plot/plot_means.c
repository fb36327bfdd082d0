/*
 * plot_means: the means of a t test's groups, or of its pairs' differences,
 * each with the interval of its own standard error.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#define MATHLIB_STANDALONE 1
#include <Rmath.h>

#include "coordinator/client/plot/plot_internal.h"
#include "coordinator/client/result_formula.h"

#define LETTERS 12.0
#define LABEL_LIMIT 240.0
#define GAP 20.0
#define ROW 40.0

struct means {
    struct picture *picture;
    const json_t *table;
    struct labels groups, figures;
    struct axis x;
    size_t count;
    double narrowest; /* half of an interval */
};

/* Half the interval's width: Student's t times sd / sqrt(n). */
static double half_of(const struct means *means, const json_t *row)
{
    const double n = result_number(row, "n"), sd = result_number(row, "sd");
    const double tail = (1 - result_level(means->picture->entry)) / 2;
    return n > 1 ? qt(tail, n - 1, 0, 0) * sd / sqrt(n) : NAN;
}

static bool is_drawn(const struct means *means, const json_t *row)
{
    return isfinite(result_number(row, "mean")) &&
           isfinite(half_of(means, row));
}

/* All groups with the decimals of the narrowest interval, to be compared. */
static void write_mean(
    struct words *out, const struct means *means, const json_t *row)
{
    const double mean = result_number(row, "mean");
    const double half = half_of(means, row);
    plot_number(out, mean, 2 * means->narrowest);
    words_add(out, " (");
    plot_number(out, mean - half, 2 * means->narrowest);
    words_add(out, " to ");
    plot_number(out, mean + half, 2 * means->narrowest);
    words_add_format(out, "), n = %.0f", result_number(row, "n"));
}

static void measure(struct means *means)
{
    double low = INFINITY, high = -INFINITY;
    size_t at;
    json_t *row;
    means->narrowest = INFINITY;
    json_array_foreach((json_t *)means->table, at, row)
    {
        if (is_drawn(means, row))
            means->narrowest = fmin(means->narrowest, half_of(means, row));
    }
    json_array_foreach((json_t *)means->table, at, row)
    {
        struct words group = {0}, figures = {0};
        const double half = half_of(means, row);
        if (!is_drawn(means, row))
            continue;
        plot_cell(&group, means->picture, row, "group");
        write_mean(&figures, means, row);
        labels_see(&means->groups, group.text);
        labels_see(&means->figures, figures.text);
        low = fmin(low, result_number(row, "mean") - half);
        high = fmax(high, result_number(row, "mean") + half);
        means->count++;
    }
    const double margin = (high - low) * 0.1 + 1e-9 * fabs(high) + 1e-9;
    means->x = (struct axis){.low = low - margin,
        .high = high + margin,
        .from = PLOT_EDGE + means->groups.width + GAP,
        .to = PLOT_WIDTH - PLOT_EDGE - means->figures.width - GAP};
}

static void draw_group(const struct means *means, const json_t *row, double y)
{
    struct canvas *canvas = means->picture->canvas;
    const struct type type = {LETTERS, ANCHOR_START, NULL};
    const double mean = result_number(row, "mean");
    const double half = half_of(means, row);
    struct words group = {0}, figures = {0};
    plot_cell(&group, means->picture, row, "group");
    write_mean(&figures, means, row);
    plot_label(
        canvas, (struct point){PLOT_EDGE, y}, type, LABEL_LIMIT, group.text);
    canvas_line(canvas, (struct point){axis_place(&means->x, mean - half), y},
        (struct point){axis_place(&means->x, mean + half), y},
        (struct pen){canvas_colour(0), 2, 0});
    canvas_sign(canvas, (struct point){axis_place(&means->x, mean), y},
        SIGN_SQUARE, 4.5, canvas_colour(0));
    plot_label(canvas, (struct point){means->x.to + GAP, y}, type, PLOT_WIDTH,
        figures.text);
}

/* "difference of means 19.7 (18.0 to 21.4), p < 0.001" */
static void write_note(struct words *out, const struct picture *picture)
{
    const json_t *entry = picture->entry;
    const double low = result_number(entry, "conf_low");
    const double high = result_number(entry, "conf_high");
    plot_people(out, entry);
    if (isnan(result_number(entry, "estimate")) || isnan(high - low))
        return;
    words_add(out, json_array_size(json_object_get(entry, "table")) > 1
                       ? "; difference of means "
                       : "; mean difference ");
    plot_number(out, result_number(entry, "estimate"), high - low);
    words_add(out, " (");
    plot_number(out, low, high - low);
    words_add(out, " to ");
    plot_number(out, high, high - low);
    words_add(out, "), ");
    plot_p_value(out, result_number(entry, "p_value"));
}

static void write_axis(struct words *out, const struct picture *picture)
{
    const json_t *parameters = json_object_get(picture->entry, "parameters");
    const json_t *first =
        json_array_get(json_object_get(parameters, "variables"), 0);
    char response[WORDS_MAX + 1];
    formula_response(picture->entry, response, sizeof response);
    words_add(out, *response == '\0' ? "Mean difference, " : "Mean of ");
    words_add_term(out, picture->variables, NULL,
        *response != '\0'       ? response
        : json_is_string(first) ? json_string_value(first)
                                : "");
    words_add_format(out, ", %g %% CI", 100 * result_level(picture->entry));
}

enum status plot_means(struct picture *picture)
{
    struct means means = {.picture = picture,
        .table = json_object_get(picture->entry, "table"),
        .groups = {.limit = LABEL_LIMIT, .size = LETTERS},
        .figures = {.limit = PLOT_WIDTH, .size = LETTERS}};
    struct words note = {0}, axis = {0};
    size_t at;
    json_t *row;
    measure(&means);
    if (means.count == 0)
        return STATUS_NOT_FOUND;
    if (means.x.to < means.x.from + 60)
        return STATUS_MALFORMED; /* figures of hundreds of digits */
    write_note(&note, picture);
    double y = plot_head(picture, note.text) + ROW / 2;
    json_array_foreach((json_t *)means.table, at, row)
    {
        if (!is_drawn(&means, row))
            continue;
        draw_group(&means, row, y);
        y += ROW;
    }
    write_axis(&axis, picture);
    picture->canvas->height =
        frame_draw_x(picture->canvas, &means.x, y - ROW / 4, axis.text) +
        PLOT_EDGE - LETTERS;
    return STATUS_OK;
}
