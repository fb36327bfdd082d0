/*
 * plot_curves: Kaplan-Meier curves and cumulative incidences as steps, with
 * their confidence bands, each named at its end and told apart by dashes as
 * well as by colour, and the number at risk below. Long follow-up is drawn in
 * years.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coordinator/client/plot/plot_internal.h"

#define DAYS_A_YEAR 365.25
#define YEARS_FROM 3 /* shorter follow-up is drawn in days */
#define PANEL 310.0
#define LETTERS 12.0
#define NAME_LIMIT 170.0
#define SAMPLE 26.0 /* of a curve's line, beside its name */
/* A step stands at the end of its days: past the last one the level that was
 * reached is drawn on for a little, lest a curve ends in a fall. */
#define TAIL 0.02

struct curve {
    const char *strata, *cause; /* "" for km */
    struct words group, name;   /* "yes"; "yes, cardiac death" */
    double end;                 /* the last level, in pixels */
    double middle, height;      /* of its name */
};

struct curves {
    struct picture *picture;
    const json_t *table;
    double days; /* in a unit of the x axis */
    bool falls;  /* from 1; incidences rise from 0 */
    size_t count;
    struct curve all[PLOT_GROUPS_MAX];
    struct axis x, y;
    struct point *edge; /* two for each row of the table, and two */
    size_t edge_count;
};

static bool is_of(const json_t *row, const struct curve *curve)
{
    return strcmp(result_string(row, "strata"), curve->strata) == 0 &&
           strcmp(result_string(row, "cause"), curve->cause) == 0;
}

static double time_of(const struct curves *curves, const json_t *row)
{
    return result_number(row, "time") / curves->days;
}

/* Of "sex=2" the level alone where the title has the variable. */
static void add_group(
    struct words *out, const struct picture *picture, const char *strata)
{
    const size_t size = strcspn(strata, "=");
    char name[128];
    if (picture->variables == NULL || strata[size] == '\0' ||
        size >= sizeof name) {
        words_add_group(out, picture->variables, strata);
        return;
    }
    snprintf(name, sizeof name, "%.*s", (int)size, strata);
    words_add_level(out, picture->variables, name, strata + size + 1);
}

static void add_curve(struct curves *curves, const json_t *row)
{
    struct curve *curve = &curves->all[curves->count++];
    *curve = (struct curve){.strata = result_string(row, "strata"),
        .cause = result_string(row, "cause")};
    add_group(&curve->group, curves->picture, curve->strata);
    curve->name = curve->group;
    if (*curve->cause != '\0') {
        words_add(&curve->name, ", ");
        plot_cell(&curve->name, curves->picture, row, "cause");
    }
}

static void find_curves(struct curves *curves)
{
    size_t at;
    json_t *row;
    double last = 0, highest = 0;
    json_array_foreach((json_t *)curves->table, at, row)
    {
        bool known = false;
        for (size_t i = 0; i < curves->count; i++)
            known = known || is_of(row, &curves->all[i]);
        if (!known && curves->count < PLOT_GROUPS_MAX)
            add_curve(curves, row);
        last = fmax(last, result_number(row, "time"));
        highest = fmax(highest, result_number(row, "conf_high"));
    }
    curves->days = last >= YEARS_FROM * DAYS_A_YEAR ? DAYS_A_YEAR : 1;
    last = last > 0 && isfinite(last) ? last / curves->days : 1;
    curves->x = (struct axis){.high = last * (1 + TAIL)};
    curves->y = (struct axis){.high = curves->falls || !(highest > 0)
                                          ? 1
                                          : fmin(1, ceil(highest * 20) / 20)};
}

/* ---- curves ---- */

static void add_point(struct curves *curves, double x, double y)
{
    curves->edge[curves->edge_count++] =
        (struct point){axis_place(&curves->x, x), axis_place(&curves->y, y)};
}

/* A curve, or an edge of its band, as steps. */
static void find_edge(
    struct curves *curves, const struct curve *curve, const char *key)
{
    size_t at;
    json_t *row;
    double level = curves->falls ? 1 : 0, last = 0;
    curves->edge_count = 0;
    add_point(curves, 0, level);
    json_array_foreach((json_t *)curves->table, at, row)
    {
        const double value = result_number(row, key);
        if (!is_of(row, curve) || isnan(value) || isnan(time_of(curves, row)))
            continue;
        last = time_of(curves, row);
        add_point(curves, last, level);
        add_point(curves, last, value);
        level = value;
    }
    add_point(curves, last + curves->x.high * TAIL, level);
}

static void draw_band(
    struct curves *curves, const struct curve *curve, struct pen pen)
{
    struct canvas *canvas = curves->picture->canvas;
    find_edge(curves, curve, "conf_high");
    canvas_path_begin(canvas, pen, true);
    for (size_t i = 0; i < curves->edge_count; i++)
        canvas_path_to(canvas, curves->edge[i].x, curves->edge[i].y);
    find_edge(curves, curve, "conf_low");
    for (size_t i = curves->edge_count; i-- > 0;)
        canvas_path_to(canvas, curves->edge[i].x, curves->edge[i].y);
}

static void draw_curve(
    struct curves *curves, struct curve *curve, struct pen pen)
{
    struct canvas *canvas = curves->picture->canvas;
    find_edge(curves, curve, "estimate");
    canvas_path_begin(canvas, pen, false);
    for (size_t i = 0; i < curves->edge_count; i++)
        canvas_path_to(canvas, curves->edge[i].x, curves->edge[i].y);
    curve->end = curves->edge[curves->edge_count - 1].y;
}

static struct pen pen_of(size_t curve)
{
    return (struct pen){canvas_colour(curve), 2, curve};
}

/* ---- names at the ends ---- */

/* Each name beside its curve's end, moved so that none covers another. */
static void place_names(struct curves *curves, size_t order[])
{
    double free = curves->y.to - 6;
    for (size_t i = 0; i < curves->count; i++) {
        size_t at = i;
        for (; at > 0 && curves->all[order[at - 1]].end > curves->all[i].end;
             at--)
            order[at] = order[at - 1];
        order[at] = i;
    }
    for (size_t i = 0; i < curves->count; i++) {
        struct curve *curve = &curves->all[order[i]];
        curve->middle = fmax(curve->end, free + curve->height / 2);
        free = curve->middle + curve->height / 2 + 3;
    }
    free = curves->y.from + 6;
    for (size_t i = curves->count; i-- > 0;) {
        struct curve *curve = &curves->all[order[i]];
        curve->middle = fmin(curve->middle, free - curve->height / 2);
        free = curve->middle - curve->height / 2 - 3;
    }
}

static void draw_names(struct curves *curves)
{
    size_t order[PLOT_GROUPS_MAX] = {0};
    struct canvas *canvas = curves->picture->canvas;
    const double x = curves->x.to + 8;
    place_names(curves, order);
    for (size_t i = 0; i < curves->count && curves->count > 1; i++) {
        const struct curve *curve = &curves->all[i];
        canvas_line(canvas, (struct point){x, curve->middle},
            (struct point){x + SAMPLE, curve->middle}, pen_of(i));
        plot_label(canvas, (struct point){x + SAMPLE + 6, curve->middle},
            (struct type){LETTERS, ANCHOR_START, NULL}, NAME_LIMIT,
            curve->name.text);
    }
}

/* ---- at risk ---- */

/* All of a group; NAN where the result does not say. */
static double people_of(const struct curves *curves, const char *strata)
{
    size_t at;
    json_t *row;
    json_array_foreach(
        json_object_get(curves->picture->entry, "strata"), at, row)
    {
        if (strcmp(result_string(row, "strata"), strata) == 0)
            return result_number(row, "n");
    }
    return NAN;
}

/* At risk just before a time on the axis: at 0 all, then the next row's, which
 * is later than that where steps are left out. NAN past the last row, where a
 * curve may be cut with people still at risk. */
static double at_risk(
    const struct curves *curves, const char *strata, double time)
{
    size_t at;
    json_t *row;
    const double all = people_of(curves, strata);
    if (time <= 0 && !isnan(all))
        return all;
    json_array_foreach((json_t *)curves->table, at, row)
    {
        if (strcmp(result_string(row, "strata"), strata) == 0 &&
            time_of(curves, row) >= time)
            return result_number(row, "n_risk");
    }
    return NAN;
}

/* Causes share their group's row. */
static bool is_first_of_group(const struct curves *curves, size_t curve)
{
    for (size_t i = 0; i < curve; i++) {
        if (strcmp(curves->all[i].strata, curves->all[curve].strata) == 0)
            return false;
    }
    return true;
}

static double risk_row(struct curves *curves, const struct curve *curve,
    const struct labels *labels, double y)
{
    double ticks[TICKS_MAX];
    struct canvas *canvas = curves->picture->canvas;
    const size_t count = axis_ticks(&curves->x, ticks);
    const double height = labels_height(labels, curve->group.text);
    canvas_paragraph(canvas, (struct point){PLOT_EDGE, y},
        (struct type){LETTERS, ANCHOR_START, NULL}, labels->limit,
        curve->group.text);
    for (size_t i = 0; i < count; i++) {
        const double people = at_risk(curves, curve->strata, ticks[i]);
        char text[32];
        if (isnan(people))
            continue;
        snprintf(text, sizeof text, "%.0f", people);
        canvas_text(canvas, (struct point){axis_place(&curves->x, ticks[i]), y},
            (struct type){LETTERS, ANCHOR_MIDDLE, NULL}, text);
    }
    return y + fmax(height, canvas_line_height(LETTERS)) + 3;
}

static double risk_table(
    struct curves *curves, const struct labels *labels, double y)
{
    const bool left_out =
        *result_string(curves->picture->entry, "message") != '\0';
    canvas_text(curves->picture->canvas, (struct point){PLOT_EDGE, y},
        (struct type){LETTERS, ANCHOR_START, PLOT_GREY},
        left_out ? "Number at risk (behind 0, at the next step that is shown)"
                 : "Number at risk");
    y += canvas_line_height(LETTERS) + 3;
    for (size_t i = 0; i < curves->count; i++) {
        if (is_first_of_group(curves, i))
            y = risk_row(curves, &curves->all[i], labels, y);
    }
    return y;
}

/* ---- the picture ---- */

/* The p value of a log-rank test of the same formula and level that the result
 * has beside the curves; NaN when there is none. */
static double log_rank(const struct picture *picture)
{
    const json_t *own = json_object_get(picture->entry, "parameters");
    size_t at;
    json_t *entry;
    json_array_foreach(json_object_get(picture->result, "results"), at, entry)
    {
        const json_t *other = json_object_get(entry, "parameters");
        if (strcmp(result_string(entry, "analysis"), "logrank") == 0 &&
            *result_string(own, "formula") != '\0' &&
            strcmp(result_string(own, "formula"),
                result_string(other, "formula")) == 0 &&
            json_equal(json_object_get(picture->entry, "by"),
                json_object_get(entry, "by")))
            return result_number(entry, "p_value");
    }
    return NAN;
}

static void write_note(struct words *out, const struct curves *curves)
{
    const struct picture *picture = curves->picture;
    const double p = curves->falls ? log_rank(picture) : NAN;
    plot_people(out, picture->entry);
    if (!isnan(p)) {
        words_add(out, out->size > 0 ? "; log-rank " : "log-rank ");
        plot_p_value(out, p);
    }
    words_add_format(out, "%sbands: %g %% confidence",
        out->size > 0 ? "; " : "", 100 * result_level(picture->entry));
}

static void set_places(
    struct curves *curves, const struct labels *labels, double top)
{
    struct labels names = {.limit = NAME_LIMIT, .size = LETTERS};
    for (size_t i = 0; i < curves->count && curves->count > 1; i++) {
        struct curve *curve = &curves->all[i];
        labels_see(&names, curve->name.text);
        curve->height = labels_height(&names, curve->name.text);
    }
    curves->y.from = top + PANEL;
    curves->y.to = top;
    curves->x.from =
        fmax(frame_left(&curves->y), PLOT_EDGE + labels->width + 24);
    curves->x.to = PLOT_WIDTH - PLOT_EDGE -
                   (curves->count > 1 ? names.width + SAMPLE + 14 : 0);
}

static void draw_all(struct curves *curves)
{
    struct picture *picture = curves->picture;
    struct labels labels = {.limit = NAME_LIMIT, .size = LETTERS};
    struct words note = {0};
    labels_see(&labels, "Number at risk");
    for (size_t i = 0; i < curves->count; i++)
        labels_see(&labels, curves->all[i].group.text);
    write_note(&note, curves);
    set_places(curves, &labels, plot_head(picture, note.text) + 8);
    const double below = frame_draw(picture->canvas, &curves->x, &curves->y,
        curves->days > 1 ? "Time (years)" : "Time (days)",
        curves->falls ? "Share free of the event" : "Cumulative incidence");
    for (size_t i = 0; i < curves->count; i++)
        draw_band(curves, &curves->all[i], pen_of(i));
    for (size_t i = 0; i < curves->count; i++)
        draw_curve(curves, &curves->all[i], pen_of(i));
    draw_names(curves);
    picture->canvas->height =
        risk_table(curves, &labels, below + 18) + PLOT_EDGE - LETTERS;
}

enum status plot_curves(struct picture *picture)
{
    struct curves *curves = calloc(1, sizeof *curves);
    if (curves == NULL)
        return STATUS_NO_MEMORY;
    curves->picture = picture;
    curves->table = json_object_get(picture->entry, "table");
    curves->falls =
        strcmp(result_string(picture->entry, "analysis"), "km") == 0;
    curves->edge =
        calloc(2 * json_array_size(curves->table) + 2, sizeof *curves->edge);
    if (curves->edge != NULL) {
        find_curves(curves);
        draw_all(curves);
    }
    const enum status status =
        curves->edge == NULL ? STATUS_NO_MEMORY : STATUS_OK;
    free(curves->edge);
    free(curves);
    return status;
}
