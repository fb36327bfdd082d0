#include "coordinator/client/plot/plot.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "coordinator/client/plot/plot_internal.h"
#include "coordinator/client/result_rows.h"
#include "coordinator/client/result_text.h"
#include "protocol/query/formula.h"

static const struct kind {
    const char *analysis;
    enum status (*draw)(struct svg *svg, const json_t *entry);
} kinds[] = {
    {"km", plot_curves},
    {"cumulative_incidence", plot_curves},
    {"cox", plot_forest},
    {"glm", plot_forest},
    {"lm", plot_forest},
    {"mixed", plot_forest},
    {"histogram", plot_bars},
    {"frequency", plot_bars},
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

#define TITLE_PLAIN 90 /* characters that fit in the usual size */
#define TITLE_MAX 130  /* in a small one */
#define TITLE_HEAD 60  /* what stays of a longer one before its gap */

static bool is_inside_character(char c)
{
    return ((unsigned char)c & 0xC0) == 0x80;
}

/* A long title without its middle, in place. */
static void shorten(char *title)
{
    const size_t length = strlen(title);
    if (length <= TITLE_MAX)
        return;
    static const char gap[] = {' ', '.', '.', '.', ' '};
    size_t head = TITLE_HEAD;
    size_t tail = length - (TITLE_MAX - TITLE_HEAD - sizeof gap);
    while (is_inside_character(title[head]))
        head--;
    while (is_inside_character(title[tail]))
        tail++;
    memcpy(title + head, gap, sizeof gap);
    memmove(title + head + sizeof gap, title + tail, length - tail + 1);
}

void plot_title(struct svg *svg, const json_t *entry)
{
    const char *key;
    json_t *value;
    char title[FORMULA_TEXT_MAX + 512], what[FORMULA_TEXT_MAX + 1];
    result_text_subject(what, sizeof what, entry);
    int used = snprintf(title, sizeof title, "%.100s  %s",
        result_string(entry, "analysis"), what);
    json_object_foreach(json_object_get(entry, "by"), key, value)
    {
        if (used >= 0 && (size_t)used < sizeof title) {
            used +=
                snprintf(title + used, sizeof title - (size_t)used, "  %s = %s",
                    key, json_is_string(value) ? json_string_value(value) : "");
        }
    }
    shorten(title);
    svg_text(svg, 24, 26, strlen(title) > TITLE_PLAIN ? 10.5 : 15, ANCHOR_START,
        title);
}

void plot_people(char *out, size_t capacity, const json_t *entry)
{
    const double n = result_number(entry, "n");
    const double events = result_number(entry, "events");
    *out = '\0';
    if (!isnan(n) && !isnan(events))
        snprintf(out, capacity, "n = %.0f, %.0f events", n, events);
    else if (!isnan(n))
        snprintf(out, capacity, "n = %.0f", n);
}

enum status plot_entry(struct buffer *out, const json_t *entry)
{
    const struct kind *kind = kind_of(result_string(entry, "analysis"));
    struct svg svg = {.status = STATUS_OK};
    if (kind == NULL || result_is_suppressed(entry))
        return STATUS_NOT_FOUND;
    if (json_array_size(json_object_get(entry, "table")) == 0)
        return STATUS_NOT_FOUND;
    enum status status = kind->draw(&svg, entry);
    if (status == STATUS_OK)
        status = svg_end(&svg);
    if (status == STATUS_OK)
        status = buffer_append(out, svg.text.data, svg.text.size);
    buffer_fini(&svg.text);
    return status;
}
