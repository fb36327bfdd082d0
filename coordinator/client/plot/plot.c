#include "coordinator/client/plot/plot.h"

#include <math.h>
#include <string.h>
#include <strings.h>

#include "coordinator/client/plot/plot_internal.h"
#include "coordinator/client/result_title.h"

#define TITLE_SIZE 15.0
#define NOTE_SIZE 11.5

static const struct kind {
    const char *analysis;
    enum status (*draw)(struct picture *picture);
} kinds[] = {
    {"km", plot_curves},
    {"cumulative_incidence", plot_curves},
    {"cox", plot_forest},
    {"glm", plot_forest},
    {"lm", plot_forest},
    {"mixed", plot_forest},
    {"histogram", plot_histogram},
    {"frequency", plot_frequency},
    {"crosstab", plot_crosstab},
    {"t_test", plot_means},
    {"correlation", plot_correlation},
    {"roc", plot_roc},
    {"pca", plot_scree},
    {"mlp", plot_training},
};

static const struct kind *kind_of(const char *analysis)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strcmp(kinds[i].analysis, analysis) == 0)
            return &kinds[i];
    }
    return NULL;
}

bool plot_draws(const char *analysis)
{
    return kind_of(analysis) != NULL;
}

bool plot_format(enum canvas_format *format, const char *path)
{
    static const char *const endings[] = {
        [CANVAS_SVG] = ".svg", [CANVAS_PNG] = ".png", [CANVAS_PDF] = ".pdf"};
    const char *ending = strrchr(path, '.');
    for (size_t i = 0; ending != NULL && i < 3; i++) {
        *format = (enum canvas_format)i;
        if (strcasecmp(ending, endings[i]) == 0)
            return true;
    }
    return false;
}

/* ---- what pictures share ---- */

double plot_head(struct picture *picture, const char *note)
{
    struct canvas *canvas = picture->canvas;
    const double width = canvas->width - 2 * PLOT_EDGE;
    struct words title = {0};
    struct point at = {PLOT_EDGE, PLOT_EDGE + TITLE_SIZE - 4};
    result_title(&title, picture->variables, picture->entry);
    at.y +=
        canvas_line_height(TITLE_SIZE) *
        (double)canvas_paragraph(canvas, at,
            (struct type){TITLE_SIZE, ANCHOR_START, NULL}, width, title.text);
    at.y += canvas_line_height(NOTE_SIZE) *
            (double)canvas_paragraph(canvas, at,
                (struct type){NOTE_SIZE, ANCHOR_START, PLOT_GREY}, width, note);
    return at.y + 6;
}

void plot_people(struct words *out, const json_t *entry)
{
    const double n = result_number(entry, "n");
    const double events = result_number(entry, "events");
    if (!isnan(n))
        words_add_format(out, "n = %.0f", n);
    if (!isnan(n) && !isnan(events))
        words_add_format(out, ", %.0f events", events);
}

void plot_p_value(struct words *out, double p_value)
{
    if (isnan(p_value))
        return;
    if (p_value < 0.001)
        words_add(out, "p < 0.001");
    else
        words_add_format(out, "p = %.3f", p_value);
}

const char *plot_unit(const struct picture *picture)
{
    const bool exams =
        strcmp(result_string(picture->result, "unit"), "exam") == 0;
    return exams ? "Exams" : "Patients";
}

void plot_number(struct words *out, double value, double width)
{
    const double wanted =
        width > 0 && isfinite(width) ? 1 - floor(log10(width)) : 0;
    words_add_format(out, "%.*f", (int)fmax(0, fmin(wanted, 6)), value + 0.0);
}

void plot_cell(struct words *out, const struct picture *picture,
    const json_t *row, const char *key)
{
    const json_t *value = json_object_get(row, key);
    const char *text = result_string(row, key);
    if (json_is_integer(value))
        words_add_format(out, "%lld", (long long)json_integer_value(value));
    else if (!words_add_cell(
                 out, picture->variables, picture->entry, key, text))
        words_add(out, text);
}

void plot_label(struct canvas *canvas, struct point at, struct type type,
    double width, const char *text)
{
    const size_t lines = canvas_paragraph(NULL, at, type, width, text);
    at.y += type.size * 0.35 -
            canvas_line_height(type.size) * ((double)lines - 1) / 2;
    canvas_paragraph(canvas, at, type, width, text);
}

void labels_see(struct labels *labels, const char *text)
{
    labels->width = fmin(labels->limit,
        fmax(labels->width, canvas_text_width(labels->size, text) + 1));
}

double labels_height(const struct labels *labels, const char *text)
{
    const struct type type = {labels->size, ANCHOR_START, NULL};
    return canvas_line_height(labels->size) * (double)canvas_paragraph(NULL,
                                                  (struct point){0, 0}, type,
                                                  labels->limit, text);
}

/* ---- the picture ---- */

enum status plot_draw(
    struct canvas *canvas, const json_t *result, const json_t *entry)
{
    const struct kind *kind = kind_of(result_string(entry, "analysis"));
    struct picture picture = {canvas, result, words_of_result(result), entry};
    canvas_init(canvas, PLOT_WIDTH, PLOT_WIDTH);
    if (kind == NULL || result_is_suppressed(entry))
        return STATUS_NOT_FOUND;
    if (json_array_size(json_object_get(entry, "table")) == 0)
        return STATUS_NOT_FOUND;
    const enum status status = kind->draw(&picture);
    return status == STATUS_OK ? canvas->status : status;
}

enum status plot_entry(struct buffer *out, const json_t *result,
    const json_t *entry, enum canvas_format format)
{
    struct canvas canvas;
    enum status status = plot_draw(&canvas, result, entry);
    if (status == STATUS_OK)
        status = canvas_write(out, &canvas, format);
    canvas_fini(&canvas);
    return status;
}
